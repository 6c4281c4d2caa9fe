//! Assignments over resources: which policies apply where, and what they decide.

use std::sync::Arc;

use azimuth_arm::Object;
use serde_json::Value;
use thiserror::Error;

use super::assignment::{OverrideKind, overridden};
use super::bind::{Bound, Builder, Versions};
use super::compliance::{ComplianceState, state_of};
use super::component::{Component, Components};
use super::exemption::{Exemption, Question};
use super::selector::{Coverage, SelectionFacts, select};
use super::{Assignment, Initiative, is_within};
use crate::catalogue::Catalogue;
use crate::compile::{CompileOptions, PolicyId, Program};
use crate::definition::{Definition, Effect, ParameterError};
use crate::document::{ReadError, Slots};
use crate::effect::Violation;
use crate::evaluate::{Context, NotEvaluable, Outcome, Principal, Related, Resource};

/// Assignments with everything they need, compiled.
#[derive(Debug)]
pub struct Governance {
    program: Program,
    assignments: Vec<Assignment>,
    exemptions: Vec<Exemption>,
    /// By policy number.
    bound: Vec<Bound>,
    /// Assignment → its initiative's id and display name, if it assigns one.
    sets: Vec<Option<Arc<Initiative>>>,
    components: Components,
}

/// Why an assignment, or a part of it, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GovernanceError {
    /// The definition or initiative is not there.
    #[error("the assignment `{assignment}` is of `{definition}`, which is not there")]
    MissingDefinition {
        /// The assignment.
        assignment: String,
        /// What is missing.
        definition: String,
    },
    /// Values do not fit.
    #[error("the parameters of the assignment `{assignment}` do not fit: {error}")]
    Parameters {
        /// The assignment.
        assignment: String,
        /// The first thing that is wrong.
        error: ParameterError,
    },
    /// A value that an initiative hands on cannot be computed.
    #[error("the assignment `{assignment}` cannot hand its parameters to `{reference}`: {message}")]
    Reference {
        /// The assignment.
        assignment: String,
        /// The reference.
        reference: String,
        /// Why.
        message: String,
    },
    /// No version that is wanted is at hand; where another is, its policies show up as not evaluable.
    #[error("the assignment `{assignment}`: {problem}")]
    Version {
        /// The assignment.
        assignment: String,
        /// What is wanted, and what is at hand.
        problem: NotEvaluable,
    },
}

/// A resource and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a> {
    /// The resource.
    pub resource: Resource<'a>,
    /// Its id.
    pub id: &'a str,
    /// Its type.
    pub resource_type: &'a str,
    /// Its location.
    pub location: Option<&'a str>,
    /// The management groups above it.
    pub ancestors: &'a [String],
}

/// The state of a resource under one policy of one assignment.
#[derive(Clone, Debug)]
pub struct PolicyState<'a> {
    /// The assignment.
    pub assignment: &'a Assignment,
    /// The policy.
    pub policy: PolicyId,
    /// The reference within the initiative, or empty.
    pub reference_id: &'a str,
    /// Groups of the initiative that the reference belongs to.
    pub groups: &'a [String],
    /// The effect after overrides.
    pub effect: Option<Effect>,
    /// What the policy says.
    pub outcome: Outcome,
    /// The state; `None` if the policy does not apply. What cannot be decided here is
    /// [`ComplianceState::NotEvaluable`], and the outcome says why.
    pub state: Option<ComplianceState>,
    /// The versions of definition and initiative.
    pub versions: &'a Versions,
    /// Imported states of components, which do not count towards `state`.
    pub components: &'a [Component],
}

impl Governance {
    /// Binds and compiles assignments. What cannot be used is left out and listed.
    pub fn new(
        catalogue: Arc<Catalogue>,
        definitions: &[Arc<Definition>],
        initiatives: Vec<Initiative>,
        assignments: Vec<Assignment>,
        exemptions: Vec<Exemption>,
        options: &CompileOptions,
    ) -> (Self, Vec<GovernanceError>) {
        let mut builder = Builder::new(definitions, initiatives);
        let sets = assignments
            .iter()
            .enumerate()
            .map(|(index, assignment)| builder.bind(index, assignment))
            .collect();
        let Builder { policies, bound, errors, .. } = builder;
        let program = Program::compile(catalogue, policies, options);
        let components = Components::default();
        (Self { program, assignments, exemptions, bound, sets, components }, errors)
    }

    /// The same with states of components, as the service reports them.
    #[must_use]
    pub fn with_components(mut self, components: Vec<Component>) -> Self {
        self.components = Components::new(components);
        self
    }

    /// The states of the components of a resource under a policy.
    pub fn components(&self, policy: PolicyId, resource_id: &str) -> &[Component] {
        let context = self.program.policy(policy).context();
        let (assignment, reference) = (&context.assignment_id, &context.definition_reference_id);
        self.components.of(resource_id, assignment, reference, &context.definition_id)
    }

    /// The compiled policies.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The assignments in the order given.
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// The state of a resource under every policy of every assignment that covers it.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn states(
        &self,
        slots: &mut Slots,
        selected: &Selected<'_>,
        context: &Context,
        related: &dyn Related,
        visit: &mut dyn FnMut(PolicyState<'_>),
    ) -> Result<(), ReadError> {
        let principal = context.principal.as_ref();
        // Asked only of assignments with a decision: most are about other types. Policies of one follow each other.
        let mut last: Option<(usize, Coverage)> = None;
        self.program.decide(slots, &selected.resource, context, related, &mut |decision| {
            let bound = &self.bound[decision.policy.0 as usize];
            let assignment = &self.assignments[bound.assignment];
            if last.as_ref().is_none_or(|(known, _)| *known != bound.assignment) {
                last = Some((bound.assignment, coverage(assignment, selected, principal)));
            }
            let Some((_, covered)) = &last else { return };
            if *covered == Coverage::NotCovered {
                return;
            }
            let facts = SelectionFacts {
                resource_type: selected.resource_type,
                location: selected.location,
                reference_id: &bound.reference_id,
                principal,
            };
            let mut unknown = bound.lacks.clone();
            if let Coverage::Undecided(reason) = covered {
                unknown = Some(reason.clone());
            }
            if let Some(variant) = &bound.variant {
                match overridden(&assignment.overrides, OverrideKind::DefinitionVersion, &facts) {
                    Ok(wanted) if wanted != variant.as_deref() => return,
                    Ok(_) => {}
                    Err(reason) => unknown = Some(reason),
                }
            }
            let effect = match overridden(&assignment.overrides, OverrideKind::PolicyEffect, &facts) {
                Ok(Some(name)) => Effect::from_name(name),
                Ok(None) => bound.own_effect.or(decision.effect),
                Err(reason) => {
                    unknown = Some(reason);
                    decision.effect
                }
            };
            let mut outcome = decision.outcome;
            if let Some(reason) = unknown.filter(|_| outcome != Outcome::NotApplicable) {
                outcome = Outcome::NotEvaluable(reason);
            }
            let mut state = state_of(effect, &outcome);
            if state.is_some() {
                match self.exemption(assignment, &bound.reference_id, selected, context) {
                    Coverage::Covered => state = Some(ComplianceState::Exempt),
                    Coverage::NotCovered => {}
                    Coverage::Undecided(reason) => {
                        outcome = Outcome::NotEvaluable(reason);
                        state = Some(ComplianceState::NotEvaluable);
                    }
                }
            }
            let definition_id = &self.program.policy(decision.policy).context().definition_id;
            visit(PolicyState {
                assignment,
                policy: decision.policy,
                reference_id: &bound.reference_id,
                groups: &bound.groups,
                effect,
                outcome,
                state,
                versions: &bound.versions,
                components: self.components.of(
                    selected.id,
                    &assignment.id,
                    &bound.reference_id,
                    definition_id,
                ),
            });
        })
    }

    /// Whether an exemption covers a resource for a reference of an assignment.
    fn exemption(
        &self,
        assignment: &Assignment,
        reference_id: &str,
        selected: &Selected<'_>,
        context: &Context,
    ) -> Coverage {
        let question = Question {
            assignment_id: &assignment.id,
            reference_id,
            resource_id: selected.id,
            resource_type: selected.resource_type,
            location: selected.location,
            ancestors: selected.ancestors,
            now: context.now,
        };
        let mut undecided = Coverage::NotCovered;
        for exemption in &self.exemptions {
            match exemption.coverage(&question, context.principal.as_ref()) {
                Coverage::Covered => return Coverage::Covered,
                Coverage::NotCovered => {}
                found @ Coverage::Undecided(_) => undecided = found,
            }
        }
        undecided
    }

    /// What the error of a denied request says about one policy.
    pub fn violation(&self, policy: PolicyId, evaluated: &[crate::reason::Evaluated]) -> Violation {
        let bound = &self.bound[policy.0 as usize];
        let assignment = &self.assignments[bound.assignment];
        let set = self.sets[bound.assignment].as_deref();
        let bound_policy = self.program.policy(policy);
        let definition = bound_policy.definition();
        let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
        let definition_id = bound_policy.context().definition_id.clone();
        Violation {
            definition_name: definition.name.clone().unwrap_or_else(|| last(&definition_id)),
            definition_id,
            definition_display_name: definition.display_name.clone().unwrap_or_default(),
            definition_version: definition.version.clone().unwrap_or_default(),
            effect: bound_policy.effect_name().unwrap_or_default(),
            assignment_id: assignment.id.clone(),
            assignment_name: assignment.name.clone(),
            assignment_display_name: assignment.display_name.clone().unwrap_or_default(),
            assignment_scope: assignment.scope.clone(),
            assignment_parameters: parameters_json(&assignment.parameters),
            set_definition_id: set.and_then(|set| set.id.clone()).unwrap_or_default(),
            set_definition_name: set.and_then(|set| set.name.clone()).unwrap_or_default(),
            set_definition_display_name: set.and_then(|set| set.display_name.clone()).unwrap_or_default(),
            reference_id: bound.reference_id.clone(),
            message: assignment.message(&bound.reference_id).map(str::to_owned),
            evaluated_expressions: evaluated.iter().map(crate::reason::Evaluated::to_json).collect(),
        }
    }
}

fn parameters_json(parameters: &Object) -> Value {
    parameters
        .iter()
        .map(|(name, value)| {
            let value: Value = serde_json::from_str(&value.to_string()).unwrap_or(Value::Null);
            (name.to_string(), serde_json::json!({"value": value}))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Whether an assignment is about a resource: below its scope, not below an exclusion, and selected.
fn coverage(assignment: &Assignment, selected: &Selected<'_>, principal: Option<&Principal>) -> Coverage {
    let is_inside = is_within(selected.id, &assignment.scope, selected.ancestors)
        && !assignment.not_scopes.iter().any(|scope| is_within(selected.id, scope, selected.ancestors));
    if !is_inside {
        return Coverage::NotCovered;
    }
    let facts = SelectionFacts {
        resource_type: selected.resource_type,
        location: selected.location,
        reference_id: "",
        principal,
    };
    select(&assignment.resource_selectors, &facts)
}
