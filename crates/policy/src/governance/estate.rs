//! Assignments over resources: which policies apply where, what they decide, and what becomes of a request.

use std::sync::Arc;

use azimuth_arm::Object;
use hashbrown::HashMap;
use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::compliance::{ComplianceState, state_of};
use super::exemption::{Exemption, Question};
use super::{Assignment, Initiative, effect_after_overrides, is_within, selects};
use crate::catalogue::Catalogue;
use crate::compile::{CompileOptions, Policy, PolicyContext, PolicyId, Program};
use crate::definition::{Definition, Effect, ParameterError};
use crate::document::{ReadError, Slots};
use crate::effect::{Applied, ConflictEffect, Mutation, Violation, apply};
use crate::evaluate::{Context, Outcome, Related, Resource};
use crate::fold::fold;

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
}

/// Where a compiled policy comes from.
#[derive(Debug)]
struct Bound {
    assignment: usize,
    reference_id: String,
    groups: Vec<String>,
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
    /// The state; `None` if the policy does not apply or cannot be evaluated here.
    pub state: Option<ComplianceState>,
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
        let by_id: HashMap<String, &Arc<Definition>> =
            definitions.iter().filter_map(|known| Some((fold(known.id.as_deref()?), known))).collect();
        let sets: HashMap<String, Arc<Initiative>> = initiatives
            .into_iter()
            .filter_map(|known| Some((fold(known.id.as_deref()?), Arc::new(known))))
            .collect();
        let mut builder = Builder { by_id, policies: Vec::new(), bound: Vec::new(), errors: Vec::new() };
        let mut assigned_sets = Vec::new();
        for (index, assignment) in assignments.iter().enumerate() {
            let key = fold(&assignment.definition_id);
            let set = sets.get(&key).cloned();
            match &set {
                Some(set) => builder.bind_set(index, assignment, set),
                None => builder.bind_one(index, assignment, &key),
            }
            assigned_sets.push(set);
        }
        let Builder { policies, bound, errors, .. } = builder;
        let program = Program::compile(catalogue, policies, options);
        (Self { program, assignments, exemptions, bound, sets: assigned_sets }, errors)
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
        let covering: Vec<bool> =
            self.assignments.iter().map(|assignment| covers(assignment, selected)).collect();
        self.program.decide(slots, &selected.resource, context, related, &mut |decision| {
            let bound = &self.bound[decision.policy.0 as usize];
            if !covering[bound.assignment] {
                return;
            }
            let assignment = &self.assignments[bound.assignment];
            let effect = decision.effect.map(|effect| {
                effect_after_overrides(&assignment.overrides, &bound.reference_id, selected.location, effect)
            });
            let mut state = state_of(effect, &decision.outcome);
            if state.is_some() && self.is_exempt(assignment, &bound.reference_id, selected, context.now) {
                state = Some(ComplianceState::Exempt);
            }
            visit(PolicyState {
                assignment,
                policy: decision.policy,
                reference_id: &bound.reference_id,
                groups: &bound.groups,
                effect,
                outcome: decision.outcome,
                state,
            });
        })
    }

    fn is_exempt(
        &self,
        assignment: &Assignment,
        reference_id: &str,
        selected: &Selected<'_>,
        now: Timestamp,
    ) -> bool {
        let question = Question {
            assignment_id: &assignment.id,
            reference_id,
            resource_id: selected.id,
            resource_type: selected.resource_type,
            location: selected.location,
            ancestors: selected.ancestors,
            now,
        };
        self.exemptions.iter().any(|exemption| exemption.covers(&question))
    }

    /// What becomes of a request to create or update a resource: append and modify change it first, then deny decides about
    /// what is left. Only enforced assignments count.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn request(
        &self,
        slots: &mut Slots,
        selected: &Selected<'_>,
        context: &Context,
        related: &dyn Related,
    ) -> Result<RequestOutcome, ReadError> {
        let mut json = selected.resource.json.to_owned();
        let mut denied_by = Vec::new();
        let mut changed_by = Vec::new();
        for (policy, mutation) in self.mutations(slots, selected, context, related)? {
            let before: Value = serde_json::from_str(&json).unwrap_or(Value::Null);
            let version =
                context.request.get("apiVersion").and_then(|value| value.as_str().map(str::to_owned));
            let version = version.as_deref().or(selected.resource.api_version);
            match apply(&mutation, &before, self.program.catalogue(), selected.resource_type, version) {
                Applied::Changed(after) => {
                    json = after.to_string();
                    changed_by.push(policy);
                }
                Applied::Denied(_) => denied_by.push(policy),
                Applied::Unchanged | Applied::NotApplicable => {}
            }
        }
        let after = Selected { resource: Resource { json: &json, ..selected.resource }, ..*selected };
        self.states(slots, &after, context, related, &mut |state| {
            if !state.assignment.is_enforced() || state.state == Some(ComplianceState::Exempt) {
                return;
            }
            let is_failed = matches!(state.outcome, Outcome::Failed(_));
            let is_denied = state.effect == Some(Effect::Deny) && state.outcome == Outcome::Match;
            if is_failed || is_denied {
                denied_by.push(state.policy);
            }
        })?;
        denied_by.sort();
        denied_by.dedup();
        Ok(RequestOutcome { json, denied_by, changed_by })
    }

    /// The changes that enforced append and modify policies want, contradictions resolved.
    fn mutations(
        &self,
        slots: &mut Slots,
        selected: &Selected<'_>,
        context: &Context,
        related: &dyn Related,
    ) -> Result<Vec<(PolicyId, Mutation)>, ReadError> {
        let mut wanted = Vec::new();
        self.states(slots, selected, context, related, &mut |state| {
            let is_mutating = matches!(state.effect, Some(Effect::Append | Effect::Modify));
            let is_exempt = state.state == Some(ComplianceState::Exempt);
            if is_mutating && state.outcome == Outcome::Match && state.assignment.is_enforced() && !is_exempt
            {
                wanted.push(state.policy);
            }
        })?;
        let mut mutations: Vec<(PolicyId, Mutation)> = Vec::new();
        for policy in wanted {
            if let Ok(Some(mutation)) = self.program.mutation(policy, slots, &selected.resource, context) {
                mutations.push((policy, mutation));
            }
        }
        Ok(without_conflicts(mutations))
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

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct RequestOutcome {
    /// The resource after append and modify.
    pub json: String,
    /// The policies that deny it; none: it passes.
    pub denied_by: Vec<PolicyId>,
    /// The policies that changed it.
    pub changed_by: Vec<PolicyId>,
}

/// Whether an assignment is about a resource: below its scope, not below an exclusion, and selected.
fn covers(assignment: &Assignment, selected: &Selected<'_>) -> bool {
    is_within(selected.id, &assignment.scope, selected.ancestors)
        && !assignment.not_scopes.iter().any(|scope| is_within(selected.id, scope, selected.ancestors))
        && selects(&assignment.resource_selectors, selected.resource_type, selected.location)
}

/// Leaves of several modify policies that change one field with different values only the one whose conflict effect is deny.
/// Several of those deny the request; they stay in and contradict each other there.
fn without_conflicts(mutations: Vec<(PolicyId, Mutation)>) -> Vec<(PolicyId, Mutation)> {
    let fields = |mutation: &Mutation| -> Vec<String> {
        mutation.operations.iter().map(|operation| fold(operation.field.trim())).collect()
    };
    let contradicts = |left: &Mutation, right: &Mutation| {
        left.effect == Effect::Modify
            && right.effect == Effect::Modify
            && fields(left).iter().any(|field| fields(right).contains(field))
            && !left.operations.iter().all(|a| {
                right
                    .operations
                    .iter()
                    .filter(|b| fold(b.field.trim()) == fold(a.field.trim()))
                    .all(|b| b.value == a.value)
            })
    };
    let is_kept: Vec<bool> = (0..mutations.len())
        .map(|index| {
            let own = &mutations[index].1;
            let has_rival = mutations
                .iter()
                .enumerate()
                .any(|(other, (_, mutation))| other != index && contradicts(own, mutation));
            !has_rival || own.conflict == ConflictEffect::Deny
        })
        .collect();
    mutations.into_iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(mutation, _)| mutation).collect()
}

struct Builder<'a> {
    by_id: HashMap<String, &'a Arc<Definition>>,
    policies: Vec<Policy>,
    bound: Vec<Bound>,
    errors: Vec<GovernanceError>,
}

impl Builder<'_> {
    fn bind_one(&mut self, index: usize, assignment: &Assignment, key: &str) {
        let Some(definition) = self.by_id.get(without_version(key)).copied() else {
            self.missing(assignment, &assignment.definition_id);
            return;
        };
        if let Err(errors) = definition.parameters.bind(&assignment.parameters) {
            self.parameters(assignment, errors);
        }
        let context = PolicyContext {
            assignment_id: assignment.id.clone(),
            definition_id: definition.id.clone().unwrap_or_default(),
            ..PolicyContext::default()
        };
        let policy = Policy::bind_unchecked(definition.clone(), &assignment.parameters, context);
        self.push(index, assignment, policy, String::new(), Vec::new());
    }

    fn bind_set(&mut self, index: usize, assignment: &Assignment, set: &Initiative) {
        if let Err(errors) = set.parameters.bind(&assignment.parameters) {
            self.parameters(assignment, errors);
        }
        let values = set.parameters.bind_unchecked(&assignment.parameters);
        for reference in &set.references {
            let key = fold(&reference.definition_id);
            let Some(definition) = self.by_id.get(without_version(&key)).copied() else {
                self.missing(assignment, &reference.definition_id);
                continue;
            };
            let context = PolicyContext {
                assignment_id: assignment.id.clone(),
                definition_id: definition.id.clone().unwrap_or_default(),
                set_definition_id: set.id.clone().unwrap_or_default(),
                definition_reference_id: reference.reference_id.clone(),
            };
            match reference.policy(definition.clone(), &values, context) {
                Ok(policy) => {
                    self.push(
                        index,
                        assignment,
                        policy,
                        reference.reference_id.clone(),
                        reference.group_names.clone(),
                    );
                }
                Err(fault) => self.errors.push(GovernanceError::Reference {
                    assignment: assignment.id.clone(),
                    reference: reference.reference_id.clone(),
                    message: fault.message,
                }),
            }
        }
    }

    fn push(
        &mut self,
        index: usize,
        assignment: &Assignment,
        policy: Policy,
        reference_id: String,
        groups: Vec<String>,
    ) {
        // Overrides by location are looked at per resource; the others hold for all.
        let policy = match policy.effect() {
            Some(effect) => {
                let overridden = effect_after_overrides(&assignment.overrides, &reference_id, None, effect);
                if overridden == effect { policy } else { policy.with_effect(overridden) }
            }
            None => policy,
        };
        self.policies.push(policy);
        self.bound.push(Bound { assignment: index, reference_id, groups });
    }

    fn missing(&mut self, assignment: &Assignment, definition: &str) {
        self.errors.push(GovernanceError::MissingDefinition {
            assignment: assignment.id.clone(),
            definition: definition.to_owned(),
        });
    }

    fn parameters(&mut self, assignment: &Assignment, errors: Vec<ParameterError>) {
        let errors = errors
            .into_iter()
            .map(|error| GovernanceError::Parameters { assignment: assignment.id.clone(), error });
        self.errors.extend(errors);
    }
}

/// A definition's id without `/versions/…`.
fn without_version(key: &str) -> &str {
    key.split("/versions/").next().unwrap_or(key)
}
