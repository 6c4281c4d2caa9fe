//! What a scan found, in the order in which people want to see it.

use std::collections::{BTreeMap, HashMap};

use azimuth_estate::Entry;
use azimuth_policy::{Counts, Mode, PolicyId, Slots, Tally, Undecided};
use serde_json::{Value, json};

use super::names::{AssignmentName, PolicyName};
use super::{Facts, Job, bad, rows};
use crate::command::policy::source;
use crate::command::policy::why::{self, Why};

/// The counts of a scope.
pub(super) struct ScopeRow {
    /// Steps below the topmost scope.
    pub(super) depth: usize,
    pub(super) title: String,
    pub(super) id: String,
    pub(super) counts: Counts,
}

/// A scan's result.
pub(super) struct Summary<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) tally: &'a Tally,
    pub(super) facts: &'a Facts<'a>,
    subjects: &'a [Entry<'a>],
    /// What the estate is called.
    pub(super) estate: String,
    /// Numbers of assignments with results, the worst first.
    pub(super) assignments: Vec<usize>,
    /// Policies that some resource does not comply with, the worst first.
    pub(super) failing: Vec<PolicyId>,
    /// Management groups and subscriptions with results, as a tree.
    pub(super) scopes: Vec<ScopeRow>,
    /// Why results are undecided, and how many, the most frequent first.
    pub(super) undecided: Vec<(Undecided, u64)>,
    /// Provider modes and how many assigned policies are of them.
    pub(super) provider_modes: BTreeMap<String, usize>,
}

impl<'a> Summary<'a> {
    pub(super) fn new(
        job: &'a Job<'a>,
        tally: &'a Tally,
        facts: &'a Facts<'a>,
        subjects: &'a [Entry<'a>],
    ) -> Self {
        let mut assignments: Vec<usize> = (0..tally.assignments.len())
            .filter(|index| {
                let counts = &tally.assignments[*index].counts;
                counts.total() + counts.undecided > 0
            })
            .collect();
        assignments.sort_by_key(|index| std::cmp::Reverse(bad(&tally.assignments[*index].counts)));
        let mut failing: Vec<PolicyId> = (0..tally.policies.len() as u32)
            .map(PolicyId)
            .filter(|id| bad(&tally.policies[id.0 as usize].counts) > 0)
            .collect();
        failing.sort_by_key(|id| std::cmp::Reverse(bad(&tally.policies[id.0 as usize].counts)));
        let mut undecided: HashMap<Undecided, u64> = HashMap::new();
        for policy in &tally.policies {
            for (why, count) in &policy.undecided {
                *undecided.entry(why.clone()).or_default() += count;
            }
        }
        let mut undecided: Vec<(Undecided, u64)> = undecided.into_iter().collect();
        undecided.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut provider_modes: BTreeMap<String, usize> = BTreeMap::new();
        for policy in job.scan.governance().program().policies() {
            if let Mode::Provider(name) = &policy.definition().mode {
                *provider_modes.entry(name.to_string()).or_default() += 1;
            }
        }
        let hierarchy = facts.estate.snapshot.hierarchy();
        let root = hierarchy.root().map(|root| root.display_name().unwrap_or(root.name()).to_owned());
        Self {
            job,
            tally,
            facts,
            subjects,
            estate: root.unwrap_or_else(|| "the estate".to_owned()),
            assignments,
            failing,
            scopes: scopes(tally, facts),
            undecided,
            provider_modes,
        }
    }

    pub(super) fn policy(&self, id: PolicyId) -> (&PolicyName, &AssignmentName) {
        let policy = self.job.names.policy(id);
        (policy, &self.job.names.assignments[policy.assignment])
    }

    /// The first resources that do not comply with a policy, each with the reason.
    pub(super) fn examples(&self, policy: PolicyId, most: usize) -> Vec<(Entry<'a>, Why)> {
        let mut slots = Slots::default();
        let numbers = self.tally.policies[policy.0 as usize].examples.iter().take(most);
        let entries = numbers.filter_map(|number| self.subjects.get(*number as usize));
        entries
            .map(|entry| (*entry, why::why(self.job.scan, self.job.surroundings, *entry, policy, &mut slots)))
            .collect()
    }

    /// What is missing to decide everything: one line each, with what to do.
    pub(super) fn gaps(&self) -> Vec<(String, Option<String>)> {
        let mut gaps = Vec::new();
        if !self.facts.missing.is_empty() {
            let count = self.facts.missing.len();
            let ids = source::missing_lines(self.facts.missing, 3).join(", ");
            let noun = if count == 1 { "definition is" } else { "definitions are" };
            gaps.push((
                format!("{count} assigned {noun} not in the files: {ids}"),
                Some(source::export_hint(self.facts.missing).to_owned()),
            ));
        }
        if !self.facts.idle.is_empty() {
            let count: usize = self.facts.idle.values().sum();
            let scopes: Vec<String> = self
                .facts
                .idle
                .iter()
                .take(6)
                .map(|(scope, count)| format!("{} ({count})", scope.rsplit('/').next().unwrap_or(scope)))
                .collect();
            gaps.push((
                format!(
                    "{count} assignments are at scopes that hold nothing of the estate: {}",
                    scopes.join(", ")
                ),
                Some(
                    "put them somewhere with --map-scope FROM=TO, or all of them with --assign-at SCOPE"
                        .to_owned(),
                ),
            ));
        }
        for (why, count) in &self.undecided {
            let hint = match why {
                Undecided::Related(kind) => {
                    Some(format!("export that list, or state that it is complete: --assume-complete {kind}"))
                }
                Undecided::Properties => {
                    Some("export them with Resource Graph: az graph query -q resources".to_owned())
                }
                Undecided::Offline(_) => None,
            };
            gaps.push((format!("{count} results are undecided: {}", rows::reason_code(why)), hint));
        }
        for (mode, count) in &self.provider_modes {
            gaps.push((
                format!("{count} assigned policies have the mode `{mode}`, which only the resource provider evaluates"),
                self.facts.components.is_empty().then(|| {
                    "export what it found: az policy state list --expand components > states.json; then --component-states states.json".to_owned()
                }),
            ));
        }
        if self.tally.unreadable > 0 {
            gaps.push((format!("{} resources are no JSON objects", self.tally.unreadable), None));
        }
        gaps
    }

    /// The summary with a stable shape.
    pub(super) fn to_json(&self) -> Value {
        let assignments: Vec<Value> = self
            .assignments
            .iter()
            .map(|index| {
                let name = &self.job.names.assignments[*index];
                let mut value = counts_json(&self.tally.assignments[*index].counts);
                value["policyAssignmentId"] = name.id.as_str().into();
                value["displayName"] = name.title.as_str().into();
                value["scope"] = name.scope.as_str().into();
                value["policies"] = name.policies.into();
                value["isEnforced"] = name.is_enforced.into();
                value
            })
            .collect();
        let policies: Vec<Value> = (0..self.tally.policies.len())
            .filter(|index| {
                let counts = &self.tally.policies[*index].counts;
                counts.total() + counts.undecided > 0
            })
            .map(|index| self.policy_json(PolicyId(index as u32)))
            .collect();
        let scopes: Vec<Value> = self
            .scopes
            .iter()
            .map(|row| {
                let mut value = counts_json(&row.counts);
                value["id"] = row.id.as_str().into();
                value["displayName"] = row.title.as_str().into();
                value
            })
            .collect();
        let groups: BTreeMap<&str, Value> =
            self.tally.scopes.iter().map(|(id, counts)| (id.as_str(), counts_json(counts))).collect();
        let types: BTreeMap<&str, Value> =
            self.tally.types.iter().map(|(name, counts)| (name.as_str(), counts_json(counts))).collect();
        let missing: Vec<Value> =
            self.facts.missing.iter().map(|(id, uses)| json!({"id": id, "references": uses})).collect();
        let undecided: Vec<Value> = self
            .undecided
            .iter()
            .map(|(why, count)| json!({"reason": rows::reason_code(why), "results": count}))
            .collect();
        json!({
            "resources": self.tally.resources,
            "results": self.tally.results,
            "compliance": counts_json(&self.tally.all),
            "assignments": assignments,
            "policies": policies,
            "scopes": scopes,
            "resourceGroups": groups,
            "resourceTypes": types,
            "missingDefinitions": missing,
            "scopesWithoutResources": self.facts.idle,
            "undecided": undecided,
            "providerModes": self.provider_modes,
            "components": self.facts.components.summary_json(),
        })
    }

    fn policy_json(&self, id: PolicyId) -> Value {
        let tally = &self.tally.policies[id.0 as usize];
        let (policy, assignment) = self.policy(id);
        let mut value = counts_json(&tally.counts);
        value["policyDefinitionId"] = policy.definition_id.as_str().into();
        value["policyDefinitionReferenceId"] = policy.reference_id.as_str().into();
        value["policyAssignmentId"] = assignment.id.as_str().into();
        value["displayName"] = policy.title.as_str().into();
        value["effect"] = policy.effect.as_str().into();
        let examples: Vec<Value> = self
            .examples(id, self.job.args.show)
            .iter()
            .map(|(entry, why)| json!({"resourceId": entry.id(), "reasons": why.lines()}))
            .collect();
        if !examples.is_empty() {
            value["examples"] = examples.into();
        }
        value
    }
}

/// Counts with the names of the states.
fn counts_json(counts: &Counts) -> Value {
    let states: serde_json::Map<String, Value> = Counts::STATES
        .iter()
        .filter(|state| counts.of(**state) > 0)
        .map(|state| (state.name().to_owned(), counts.of(*state).into()))
        .collect();
    json!({
        "resources": counts.total(), "percent": counts.percent().map(rounded), "states": states, "undecided": counts.undecided,
    })
}

fn rounded(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

/// Management groups and subscriptions with results, parents before children.
fn scopes(tally: &Tally, facts: &Facts<'_>) -> Vec<ScopeRow> {
    let hierarchy = facts.estate.snapshot.hierarchy();
    let mut by_subscription: BTreeMap<String, Counts> = BTreeMap::new();
    for (scope, counts) in &tally.scopes {
        let id = scope.split('/').nth(2).unwrap_or_default();
        by_subscription.entry(id.to_owned()).or_default().merge(counts);
    }
    let mut by_group: HashMap<String, Counts> = HashMap::new();
    let mut subscriptions: HashMap<String, Vec<ScopeRow>> = HashMap::new();
    let mut rows = Vec::new();
    for (id, counts) in by_subscription {
        let key = format!("/subscriptions/{id}");
        let document = azimuth_ids::IdRef::parse(&key).ok().and_then(|id| facts.estate.snapshot.resource(id));
        let title = document.and_then(|document| {
            let value = document.value();
            let shown = value.get("displayName").or_else(|| value.get("name"))?;
            shown.as_str().map(str::to_owned)
        });
        let row = ScopeRow { depth: 0, title: title.unwrap_or_else(|| id.clone()), id: key, counts };
        for group in hierarchy.above_subscription(&id) {
            by_group.entry(group.name().to_owned()).or_default().merge(&counts);
        }
        match hierarchy.group_of_subscription(&id) {
            Some(group) => subscriptions.entry(group.name().to_owned()).or_default().push(row),
            None => rows.push(row),
        }
    }
    // Depth first, so that children stand below their parents.
    let mut stack: Vec<String> = hierarchy.root().map(|root| root.name().to_owned()).into_iter().collect();
    while let Some(name) = stack.pop() {
        let Some(group) = hierarchy.group(&name) else { continue };
        let Some(counts) = by_group.get(&name) else { continue };
        let depth = group.depth();
        rows.push(ScopeRow {
            depth,
            title: group.display_name().unwrap_or(group.name()).to_owned(),
            id: group.id(),
            counts: *counts,
        });
        for row in subscriptions.remove(&name).into_iter().flatten() {
            rows.push(ScopeRow { depth: depth + 1, ..row });
        }
        let mut children = hierarchy.children(&name);
        children.reverse();
        stack.extend(children);
    }
    rows
}
