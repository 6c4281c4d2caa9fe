//! From assignments to policies: definitions and initiatives are found, versions chosen, values handed on.

use std::sync::Arc;

use super::assignment::{OverrideKind, overridden};
use super::estate::GovernanceError;
use super::selector::SelectionFacts;
use super::version::{Found, Shelf};
use super::{Assignment, Initiative};
use crate::compile::{Policy, PolicyContext};
use crate::definition::{Definition, Effect, ParameterError};
use crate::evaluate::NotEvaluable;

/// Where a compiled policy comes from.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) assignment: usize,
    pub(crate) reference_id: String,
    pub(crate) groups: Vec<String>,
    /// The effect without overrides, if it does not depend on the resource.
    pub(crate) own_effect: Option<Effect>,
    /// The range that led to this version, where overrides give other resources other ones.
    pub(crate) variant: Option<Option<String>>,
    /// Why the policy stands in for one that is not at hand.
    pub(crate) lacks: Option<NotEvaluable>,
    pub(crate) versions: Versions,
}

/// Versions of what a policy comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The version of the definition that is evaluated.
    pub effective: Option<String>,
    /// The newest version of the definition at hand.
    pub latest: Option<String>,
    /// The version of the initiative that is evaluated.
    pub set_effective: Option<String>,
    /// The newest version of the initiative at hand.
    pub set_latest: Option<String>,
}

pub(crate) struct Builder {
    definitions: Shelf<Definition>,
    sets: Shelf<Initiative>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) bound: Vec<Bound>,
    pub(crate) errors: Vec<GovernanceError>,
}

/// What the policies of one assignment or reference have in common.
struct Place<'a> {
    index: usize,
    assignment: &'a Assignment,
    reference_id: &'a str,
    groups: &'a [String],
    set: Option<(&'a Found<Initiative>, Option<&'a NotEvaluable>)>,
}

impl Builder {
    pub(crate) fn new(definitions: &[Arc<Definition>], sets: Vec<Initiative>) -> Self {
        Self {
            definitions: Shelf::new(definitions.iter().cloned()),
            sets: Shelf::new(sets.into_iter().map(Arc::new)),
            policies: Vec::new(),
            bound: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Binds an assignment; the initiative, if it assigns one.
    pub(crate) fn bind(&mut self, index: usize, assignment: &Assignment) -> Option<Arc<Initiative>> {
        let is_set = self.sets.has(&assignment.definition_id);
        // An override of the version without selectors is about what the assignment assigns.
        let range = assignment.definition_version.as_deref();
        let effective = assignment.effective_definition_version.as_deref();
        if !is_set {
            let place = Place { index, assignment, reference_id: "", groups: &[], set: None };
            self.bind_versions(
                &place,
                &assignment.definition_id,
                (range, effective),
                &mut |definition, context| {
                    Ok(Policy::bind_unchecked(definition, &assignment.parameters, context))
                },
            );
            return None;
        }
        let own =
            overridden(&assignment.overrides, OverrideKind::DefinitionVersion, &SelectionFacts::default());
        let range = own.ok().flatten().or(range);
        let found = self.sets.find(&assignment.definition_id, range, effective)?;
        let set = found.item.clone();
        let lacks = self.lacking(assignment, &assignment.definition_id, range, &found);
        self.bind_set(index, assignment, &found, lacks.as_ref());
        Some(set)
    }

    fn bind_set(
        &mut self,
        index: usize,
        assignment: &Assignment,
        found: &Found<Initiative>,
        lacks: Option<&NotEvaluable>,
    ) {
        let set = &found.item;
        if let Err(errors) = set.parameters.bind(&assignment.parameters) {
            self.parameters(assignment, errors);
        }
        let values = set.parameters.bind_unchecked(&assignment.parameters);
        for reference in &set.references {
            let place = Place {
                index,
                assignment,
                reference_id: &reference.reference_id,
                groups: &reference.group_names,
                set: Some((found, lacks)),
            };
            let range = (reference.definition_version.as_deref(), None);
            self.bind_versions(&place, &reference.definition_id, range, &mut |definition, context| {
                reference.policy(definition, &values, context)
            });
        }
    }

    /// Binds every version that overrides may ask for.
    fn bind_versions(
        &mut self,
        place: &Place<'_>,
        definition_id: &str,
        (range, effective): (Option<&str>, Option<&str>),
        policy: &mut dyn FnMut(Arc<Definition>, PolicyContext) -> Result<Policy, crate::evaluate::Fault>,
    ) {
        let mut variants: Vec<Option<&str>> = vec![None];
        let mut is_fixed = true;
        let facts = SelectionFacts { reference_id: place.reference_id, ..SelectionFacts::default() };
        for part in
            place.assignment.overrides.iter().filter(|part| part.kind == OverrideKind::DefinitionVersion)
        {
            let is_about = part
                .selectors
                .iter()
                .all(|selector| selector.depends_on_resource() || selector.admits(facts.reference_id, false));
            // Without selectors it is about the initiative itself.
            if !is_about || (place.set.is_some() && part.selectors.is_empty()) {
                continue;
            }
            let depends = part.selectors.iter().any(super::Selector::depends_on_resource);
            if !depends && is_fixed {
                variants = vec![Some(&part.value)];
                break;
            }
            is_fixed = false;
            if !variants.contains(&Some(&*part.value)) {
                variants.push(Some(&part.value));
            }
            if !depends {
                variants.retain(Option::is_some);
                break;
            }
        }
        for variant in variants {
            let wanted = variant.or(range);
            let said = effective.filter(|_| variant.is_none());
            let Some(found) = self.definitions.find(definition_id, wanted, said) else {
                self.errors.push(GovernanceError::MissingDefinition {
                    assignment: place.assignment.id.clone(),
                    definition: definition_id.to_owned(),
                });
                return;
            };
            let lacks = self.lacking(place.assignment, definition_id, wanted, &found);
            let set_id = place.set.as_ref().and_then(|(set, _)| set.item.id.clone());
            let context = PolicyContext {
                assignment_id: place.assignment.id.clone(),
                definition_id: found.item.id.clone().unwrap_or_default(),
                set_definition_id: set_id.unwrap_or_default(),
                definition_reference_id: place.reference_id.to_owned(),
            };
            if place.set.is_none()
                && let Err(errors) = found.item.parameters.bind(&place.assignment.parameters)
            {
                self.parameters(place.assignment, errors);
            }
            let variant = (!is_fixed).then(|| variant.map(str::to_owned));
            match policy(found.item.clone(), context) {
                Ok(policy) => self.push(place, policy, &found, lacks, variant),
                Err(fault) => self.errors.push(GovernanceError::Reference {
                    assignment: place.assignment.id.clone(),
                    reference: place.reference_id.to_owned(),
                    message: fault.message.into(),
                }),
            }
        }
    }

    fn push(
        &mut self,
        place: &Place<'_>,
        policy: Policy,
        found: &Found<Definition>,
        lacks: Option<NotEvaluable>,
        variant: Option<Option<String>>,
    ) {
        let own_effect = policy.effect();
        // Overrides by resource are looked at for every resource; the others hold for all. A policy that is switched off for
        // some resources only has to be compiled.
        let wanted = effects(place.assignment, place.reference_id, own_effect);
        let policy = match wanted {
            Some(effect) if Some(effect) != own_effect => policy.with_effect(effect),
            _ => policy,
        };
        let shown = |version: &Option<super::version::Version>| version.as_ref().map(ToString::to_string);
        let set = place.set.as_ref().map(|(set, _)| set);
        self.policies.push(policy);
        self.bound.push(Bound {
            assignment: place.index,
            reference_id: place.reference_id.to_owned(),
            groups: place.groups.to_vec(),
            own_effect,
            variant,
            lacks: lacks.or_else(|| place.set.as_ref().and_then(|(_, lacks)| lacks.cloned())),
            versions: Versions {
                effective: shown(&found.version),
                latest: shown(&found.latest),
                set_effective: set.and_then(|set| shown(&set.version)),
                set_latest: set.and_then(|set| shown(&set.latest)),
            },
        });
    }

    fn lacking<T>(
        &mut self,
        assignment: &Assignment,
        definition_id: &str,
        range: Option<&str>,
        found: &Found<T>,
    ) -> Option<NotEvaluable> {
        let known = found.lacks.clone()?;
        let wanted = range.or_else(|| definition_id.rsplit_once("/versions/").map(|(_, version)| version));
        let problem = NotEvaluable::Version {
            definition: definition_id.to_owned(),
            wanted: wanted.unwrap_or_default().to_owned(),
            known,
        };
        let error = GovernanceError::Version { assignment: assignment.id.clone(), problem: problem.clone() };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        Some(problem)
    }

    fn parameters(&mut self, assignment: &Assignment, errors: Vec<ParameterError>) {
        let errors = errors
            .into_iter()
            .map(|error| GovernanceError::Parameters { assignment: assignment.id.clone(), error });
        self.errors.extend(errors);
    }
}

/// The effect to compile a reference with: the one that holds for all resources, or one that is not `disabled` if some
/// resource may have it.
fn effects(assignment: &Assignment, reference_id: &str, own: Option<Effect>) -> Option<Effect> {
    let mut possible = Vec::new();
    let mut is_for_all = false;
    for part in assignment.overrides.iter().filter(|part| part.kind == OverrideKind::PolicyEffect) {
        let Some(effect) = Effect::from_name(&part.value) else { continue };
        let mut by_reference = part.selectors.iter().filter(|selector| !selector.depends_on_resource());
        if !by_reference.all(|selector| selector.admits(reference_id, false)) {
            continue;
        }
        possible.push(effect);
        is_for_all = !part.selectors.iter().any(super::Selector::depends_on_resource);
        if is_for_all {
            break;
        }
    }
    if is_for_all && possible.len() == 1 {
        return possible.pop();
    }
    // The effect of the policy itself decides whether related resources are looked at.
    let own = if is_for_all { None } else { own };
    own.filter(|effect| *effect != Effect::Disabled)
        .or_else(|| possible.iter().copied().find(|effect| *effect != Effect::Disabled))
        .or_else(|| possible.first().copied())
        .or(own)
}
