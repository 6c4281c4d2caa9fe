//! What becomes of a request to create or update a resource.

use serde_json::Value;

use super::compliance::ComplianceState;
use super::estate::{Governance, PolicyState, Selected};
use crate::compile::PolicyId;
use crate::definition::Effect;
use crate::document::{ReadError, Slots};
use crate::effect::{Applied, ConflictEffect, Mutation, apply};
use crate::evaluate::{Context, Fault, NotEvaluable, Outcome, Related, Resource};
use crate::fold::fold;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct RequestOutcome {
    /// The resource after append and modify.
    pub json: String,
    /// The policies that deny it; none: it passes.
    pub denied_by: Vec<PolicyId>,
    /// The policies that changed it.
    pub changed_by: Vec<PolicyId>,
    /// Policies that deny it for another reason than their condition: a failed evaluation, or a change that contradicts.
    pub faults: Vec<(PolicyId, Fault)>,
    /// Enforced policies that could not be decided; what they would do is not in the other members.
    pub undecided: Vec<(PolicyId, NotEvaluable)>,
}

/// What enforced policies want to change.
#[derive(Default)]
struct Wanted {
    mutations: Vec<(PolicyId, Mutation)>,
    faults: Vec<(PolicyId, Fault)>,
}

impl Governance {
    /// What becomes of a request to create or update a resource: append and modify change it first, then deny decides about
    /// what is left. Only enforced assignments count. A failing expression denies, also one in the details of an append,
    /// modify or deployIfNotExists.
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
        let mut changed_by = Vec::new();
        let Wanted { mutations, mut faults } = self.mutations(slots, selected, context, related)?;
        for (policy, mutation) in mutations {
            let before: Value = serde_json::from_str(&json).unwrap_or(Value::Null);
            let version =
                context.request.get("apiVersion").and_then(|value| value.as_str().map(str::to_owned));
            let version = version.as_deref().or(selected.resource.api_version);
            match apply(&mutation, &before, self.program().catalogue(), selected.resource_type, version) {
                Applied::Changed(after) => {
                    json = after.to_string();
                    changed_by.push(policy);
                }
                Applied::Denied(reason) => faults.push((policy, Fault::new(reason))),
                Applied::Unchanged | Applied::NotApplicable => {}
            }
        }
        let after = Selected { resource: Resource { json: &json, ..selected.resource }, ..*selected };
        let mut denied_by = Vec::new();
        let mut deployments = Vec::new();
        let mut undecided = Vec::new();
        self.states(slots, &after, context, related, &mut |state| {
            if !counts(&state) {
                return;
            }
            match (&state.outcome, state.effect) {
                (Outcome::Failed(fault), _) => faults.push((state.policy, fault.clone())),
                (Outcome::Match, Some(Effect::Deny)) => denied_by.push(state.policy),
                (Outcome::Match | Outcome::NeedsRelated(_), Some(Effect::DeployIfNotExists)) => {
                    deployments.push(state.policy);
                }
                // What a resource provider decides about components is no affair of a request to Resource Manager.
                (Outcome::NotEvaluable(NotEvaluable::ProviderMode { .. }), _) => {}
                (Outcome::NotEvaluable(reason), _) => undecided.push((state.policy, reason.clone())),
                _ => {}
            }
        })?;
        for policy in deployments {
            if let Some(fault) = self.program().deployment_fault(policy, slots, &after.resource, context)? {
                faults.push((policy, fault));
            }
        }
        denied_by.extend(faults.iter().map(|(policy, _)| *policy));
        denied_by.sort();
        denied_by.dedup();
        Ok(RequestOutcome { json, denied_by, changed_by, faults, undecided })
    }

    /// The changes that enforced append and modify policies want, contradictions resolved.
    fn mutations(
        &self,
        slots: &mut Slots,
        selected: &Selected<'_>,
        context: &Context,
        related: &dyn Related,
    ) -> Result<Wanted, ReadError> {
        let mut mutating = Vec::new();
        self.states(slots, selected, context, related, &mut |state| {
            let is_mutating = matches!(state.effect, Some(Effect::Append | Effect::Modify));
            if is_mutating && state.outcome == Outcome::Match && counts(&state) {
                mutating.push(state.policy);
            }
        })?;
        let mut wanted = Wanted::default();
        for policy in mutating {
            match self.program().mutation(policy, slots, &selected.resource, context) {
                Ok(Some(mutation)) => wanted.mutations.push((policy, mutation)),
                Ok(None) => {}
                Err(fault) => wanted.faults.push((policy, fault)),
            }
        }
        Ok(without_conflicts(wanted))
    }
}

/// Whether a state bears on a request: its assignment is enforced, and no exemption covers the resource.
fn counts(state: &PolicyState<'_>) -> bool {
    state.assignment.is_enforced() && state.state != Some(ComplianceState::Exempt)
}

/// Of several modify policies that set one property to different values, the only one whose conflict effect is deny stays;
/// several of those deny the request, and without one none of them runs.
fn without_conflicts(wanted: Wanted) -> Wanted {
    let Wanted { mutations, mut faults } = wanted;
    let rivals = |index: usize| {
        let own = &mutations[index].1;
        let others = mutations.iter().enumerate().filter(move |(other, _)| *other != index);
        others
            .filter(move |(_, (_, other))| contradicts(own, other))
            .map(|(_, (policy, other))| (*policy, other))
    };
    let mut is_kept = Vec::with_capacity(mutations.len());
    for (index, (policy, own)) in mutations.iter().enumerate() {
        let is_denying = own.conflict == ConflictEffect::Deny;
        let denying = rivals(index).find(|(_, other)| is_denying && other.conflict == ConflictEffect::Deny);
        if let Some((other, _)) = denying {
            let other = other.0;
            let fault =
                format!("the change contradicts that of policy number {other}, and both deny on conflict");
            faults.push((*policy, Fault::new(fault)));
        }
        is_kept.push(denying.is_none() && (is_denying || rivals(index).next().is_none()));
    }
    let kept = mutations.into_iter().zip(is_kept).filter(|(_, is_kept)| *is_kept);
    Wanted { mutations: kept.map(|(mutation, _)| mutation).collect(), faults }
}

/// Whether two modify policies set one property to different values.
fn contradicts(left: &Mutation, right: &Mutation) -> bool {
    left.effect == Effect::Modify
        && right.effect == Effect::Modify
        && left.operations.iter().any(|a| {
            let field = fold(a.field.trim());
            right
                .operations
                .iter()
                .any(|b| fold(b.field.trim()) == field && (b.value != a.value || b.kind != a.kind))
        })
}
