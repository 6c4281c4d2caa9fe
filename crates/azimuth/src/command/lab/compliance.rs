//! Resources in another state under a policy, and writes that would be refused.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::fold;
use azimuth_policy::{
    Catalogue, CompileOptions, ComplianceState, Effect, Finding, Governance, Inventory, PolicyId,
    RelatedResources, Resource, Scan, Selected, Slots, Surroundings, effect_name,
};
use jiff::Timestamp;
use serde_json::Value;

use super::outcome::{Compliance, Policy, Refusal};
use crate::exit::Failure;
use crate::input;
use crate::ui::Ui;

/// The policies of an estate, compiled for the types of both estates.
pub(super) struct Side<'s> {
    inventory: Inventory,
    governance: Governance,
    surroundings: Surroundings<'s>,
}

impl<'s> Side<'s> {
    pub(super) fn new(
        snapshot: &'s Snapshot,
        catalogue: &Arc<Catalogue>,
        as_of: Timestamp,
        types: &[String],
    ) -> Self {
        let inventory = Inventory::of_snapshot(snapshot, input::threads());
        let options = CompileOptions { resource_types: types.to_vec() };
        // What of an assignment cannot be used is the same on both sides, or a change of a document that is listed.
        let (governance, _) = inventory.govern(catalogue.clone(), &options);
        Self { inventory, governance, surroundings: Surroundings::new(snapshot, as_of) }
    }

    fn scan(&self) -> Scan<'_> {
        let has_selectors =
            self.inventory.exemptions.iter().any(|exemption| !exemption.resource_selectors.is_empty());
        Scan::new(&self.governance, &self.inventory.attestations, has_selectors)
    }

    /// What identifies a policy on either side: assignment, definition and reference, without regard to case.
    fn names(&self) -> Vec<[String; 3]> {
        let policies = self.governance.program().policies().iter();
        let names = policies.map(|policy| {
            let context = policy.context();
            [&context.assignment_id, &context.definition_id, &context.definition_reference_id]
                .map(|name| fold(name).into_owned())
        });
        names.collect()
    }

    fn policy(&self, policy: PolicyId) -> Policy {
        let context = self.governance.program().policy(policy).context();
        Policy { assignment: context.assignment_id.clone(), definition: context.definition_id.clone() }
    }

    /// The documents among some keys that enforced deny policies would not let through.
    pub(super) fn refused(&self, written: &[Entry<'_>]) -> Result<Vec<Refusal>, Failure> {
        let (mut slots, mut refused) = (Slots::default(), Vec::new());
        for entry in written {
            let body: Value = serde_json::from_str(entry.body()).unwrap_or_default();
            let selected = Selected {
                resource: Resource {
                    json: entry.body(),
                    resource_type: Some(entry.kind()),
                    api_version: None,
                },
                id: entry.key(),
                resource_type: entry.kind(),
                location: body["location"].as_str(),
                ancestors: self.surroundings.ancestors(entry.key()),
            };
            let related = RelatedResources::new(&self.surroundings, entry.key(), entry.kind());
            let context = self.surroundings.context(entry.key());
            let outcome = self.governance.request(&mut slots, &selected, context, &related)?;
            if !outcome.denied_by.is_empty() {
                let policies = outcome.denied_by.iter().map(|policy| self.policy(*policy)).collect();
                refused.push(Refusal { resource: shown(*entry), policies });
            }
        }
        Ok(refused)
    }
}

/// A state, and the effect of its policy.
type State = (Option<&'static str>, Option<Effect>);

/// The resources that are in another state under a policy, by resource.
pub(super) fn differences(before: &Side<'_>, after: &Side<'_>, ui: Ui) -> Result<Vec<Compliance>, Failure> {
    let sides = [before, after];
    let scans = sides.map(Side::scan);
    // Policies of both sides under one number.
    let mut numbers: HashMap<[String; 3], usize> = HashMap::new();
    let numbered = sides.map(|side| {
        let names = side.names().into_iter();
        let numbers = names.map(|name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        });
        numbers.collect::<Vec<usize>>()
    });
    let pairs = paired(&before.surroundings.subjects(), &after.surroundings.subjects());
    let bar = ui.bar("comparing", pairs.len() as u64, false);
    let look = |pairs: &[[Option<Entry<'_>>; 2]]| -> Result<Vec<Compliance>, Failure> {
        let (mut slots, mut findings) = (Slots::default(), Vec::new());
        let mut different = Vec::new();
        for pair in pairs {
            let mut states: HashMap<usize, ([State; 2], [Option<PolicyId>; 2])> = HashMap::new();
            for side in 0..2 {
                let Some(entry) = pair[side] else { continue };
                findings.clear();
                scans[side].findings(&mut slots, entry, &sides[side].surroundings, &mut findings)?;
                for finding in &findings {
                    let found = states.entry(numbered[side][finding.policy.0 as usize]).or_default();
                    found.0[side] = state(finding);
                    found.1[side] = Some(finding.policy);
                }
            }
            let mut changed: Vec<_> =
                states.into_iter().filter(|(_, ([was, is], _))| was.0 != is.0).collect();
            changed.sort_by_key(|(number, _)| *number);
            let resource = pair.iter().flatten().next_back().map(|entry| shown(*entry)).unwrap_or_default();
            for (_, (states, policies)) in changed {
                // The lab's word for it, where the policy is assigned there.
                let Some((side, policy)) = [1, 0].into_iter().find_map(|side| Some((side, policies[side]?)))
                else {
                    continue;
                };
                let context = sides[side].governance.program().policy(policy).context();
                different.push(Compliance {
                    resource: resource.clone(),
                    assignment: context.assignment_id.clone(),
                    definition: context.definition_id.clone(),
                    reference: context.definition_reference_id.clone(),
                    effect: effect_name(states[side].1).into_owned(),
                    before: states[0].0,
                    after: states[1].0,
                });
            }
            bar.inc(1);
        }
        Ok(different)
    };
    let share = pairs.len().div_ceil(input::threads()).max(1);
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = pairs.chunks(share).map(|part| scope.spawn(|| look(part))).collect();
        workers.into_iter().map(|worker| worker.join().expect("looking does not panic")).collect::<Vec<_>>()
    });
    bar.finish_and_clear();
    let mut different = Vec::new();
    for part in parts {
        different.extend(part?);
    }
    Ok(different)
}

fn state(finding: &Finding) -> State {
    (finding.standing.state().map(ComplianceState::name), finding.effect)
}

/// The id as the document spells it.
fn shown(entry: Entry<'_>) -> String {
    entry.resource_id().map_or_else(|| entry.key().to_owned(), |id| id.to_string())
}

/// Two lists in the order of their keys, side by side.
fn paired<'a>(left: &[Entry<'a>], right: &[Entry<'a>]) -> Vec<[Option<Entry<'a>>; 2]> {
    let (mut left, mut right) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    let mut pairs = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.key().cmp(right.key()),
        };
        pairs
            .push([left.next_if(|_| order != Ordering::Greater), right.next_if(|_| order != Ordering::Less)]);
    }
}
