//! Trials of rules: what the policy engine does to a resource that breaks a rule, wherever it is put.

use azimuth_policy::{
    ComplianceState, Context, Effect, Governance, Outcome, PolicyId, PolicyState, Related, RelatedQuery,
    Resource, Selected, Slots,
};
use jiff::Timestamp;
use serde_json::Value;

use super::policies::{Place, Policies};
use super::register::Wanted;

/// What the assignments in force do to a resource that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What is wanted.
    Caught,
    /// Less than what is wanted: what is done instead, by which assignment.
    Weaker(String),
    /// Nothing.
    Slips,
}

/// Assignments compiled for probes of some resource types.
#[derive(Debug)]
pub(crate) struct Probes {
    governance: Governance,
    now: Timestamp,
}

/// A resource that breaks a rule, ready to be put anywhere.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    resource_type: String,
    location: Option<String>,
    body: Value,
}

impl Probe {
    /// A probe of an example; `None` if it names no resource type.
    pub(crate) fn new(example: &Value) -> Option<Self> {
        let text = |name: &str| example.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let resource_type = text("type").filter(|kind| kind.split('/').count() > 1)?;
        Some(Self {
            resource_type: resource_type.to_owned(),
            location: text("location").map(str::to_owned),
            body: example.clone(),
        })
    }

    /// The type of the resource.
    pub(crate) fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The id and JSON of the resource in a subscription: in a group of its own, named after what it is.
    fn placed(&self, subscription: &str) -> (String, String) {
        let group = format!("{subscription}/resourceGroups/azimuth-probe");
        let mut segments = self.resource_type.split('/');
        let provider = segments.next().unwrap_or_default();
        let below: String = segments.map(|segment| format!("/{segment}/azimuth-probe")).collect();
        let id = match self.resource_type.to_ascii_lowercase().as_str() {
            "microsoft.resources/subscriptions" => subscription.to_owned(),
            "microsoft.resources/subscriptions/resourcegroups" | "microsoft.resources/resourcegroups" => {
                group
            }
            _ => format!("{group}/providers/{provider}{below}"),
        };
        let mut body = self.body.clone();
        if let Value::Object(members) = &mut body {
            members.insert("id".to_owned(), Value::from(id.as_str()));
            members.entry("name").or_insert_with(|| Value::from(id.rsplit('/').next().unwrap_or_default()));
            members.entry("location").or_insert_with(|| Value::from(LOCATION));
        }
        (id, body.to_string())
    }
}

impl Probes {
    /// Compiles the assignments of an estate for probes.
    pub(crate) fn new(policies: &Policies, trials: &[&Trial], now: Timestamp) -> Self {
        let assignments = policies.assignments.iter().map(|assignment| assignment.inner.clone());
        let types = trials.iter().map(|trial| trial.example.resource_type.clone()).collect();
        Self { governance: policies.governance(assignments.collect(), types), now }
    }

    /// What happens to a resource that breaks a rule, in a subscription.
    pub(crate) fn ask(&self, slots: &mut Slots, trial: &Trial, place: &Place) -> Answer {
        let ignored = trial.allowed.as_ref().map(|probe| self.put(slots, probe, place)).unwrap_or_default();
        let found = self.put(slots, &trial.example, place);
        let news =
            |policies: &[PolicyId], others: &[PolicyId]| policies.iter().any(|id| !others.contains(id));
        // A policy that objects to what is allowed as well is about something else.
        let objecting = ignored.marked();
        let is_refused = news(&found.denied, &ignored.denied);
        let is_mended = news(&found.changed, &ignored.changed)
            && match (&trial.becomes, trial.wanted) {
                (Some(wanted), _) => contains(&found.after, wanted),
                (None, wanted) => wanted == Wanted::Modify,
            };
        let is_deployed = news(&found.deployed, &ignored.deployed);
        let marks: Vec<&Mark> = found.marks.iter().filter(|mark| !objecting.contains(&mark.policy)).collect();
        let is_caught = is_refused
            || is_mended
            || match trial.wanted {
                Wanted::Deny => false,
                Wanted::Modify => is_deployed,
                Wanted::Audit => marks.iter().any(|mark| mark.in_force),
            };
        if is_caught {
            return Answer::Caught;
        }
        let nearest = marks.iter().find(|mark| mark.in_force).or_else(|| marks.first());
        nearest.map_or(Answer::Slips, |mark| Answer::Weaker(mark.words.clone()))
    }

    fn put(&self, slots: &mut Slots, probe: &Probe, place: &Place) -> Found {
        let (id, json) = probe.placed(&place.id);
        let context = Context::at(self.now).of_resource(&id);
        let location = probe.location.as_deref().unwrap_or(LOCATION);
        let selected = Selected {
            resource: Resource { json: &json, resource_type: Some(&probe.resource_type), api_version: None },
            id: &id,
            resource_type: &probe.resource_type,
            location: Some(location),
            ancestors: &place.ancestors,
        };
        // Without an append or modify that applies, a request is what the states say: one evaluation instead of three.
        let mut found = Found::default();
        let states = &mut |state: PolicyState<'_>| found.take(&state);
        if self.governance.states(slots, &selected, &context, &Alone, states).is_err() || !found.is_changed {
            return found;
        }
        let Ok(outcome) = self.governance.request(slots, &selected, &context, &Alone) else { return found };
        let after = Selected { resource: Resource { json: &outcome.json, ..selected.resource }, ..selected };
        let mut found = Found::default();
        // The outcome of a request is an object, so it can be read.
        let _ = self.governance.states(slots, &after, &context, &Alone, &mut |state| found.take(&state));
        // A policy that fails refuses too, whatever is asked of it: it does not stand for a rule.
        found.denied = outcome.denied_by.into_iter().filter(|id| !found.failed.contains(id)).collect();
        found.after = serde_json::from_str(&outcome.json).unwrap_or_default();
        found.changed = outcome.changed_by;
        found
    }
}

/// Where a probe stands that does not say.
const LOCATION: &str = "westeurope";

/// A rule as it is tried.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// A resource that breaks the rule.
    pub(crate) example: Probe,
    /// The same in line with it.
    pub(crate) allowed: Option<Probe>,
    /// What must happen.
    pub(crate) wanted: Wanted,
    /// What a policy that mends it must make of it.
    pub(crate) becomes: Option<Value>,
}

/// What the policies make of a probe.
#[derive(Default)]
struct Found {
    denied: Vec<PolicyId>,
    changed: Vec<PolicyId>,
    deployed: Vec<PolicyId>,
    failed: Vec<PolicyId>,
    /// Whether an append or modify in force applies.
    is_changed: bool,
    /// Policies whose condition it meets.
    marks: Vec<Mark>,
    /// The probe after append and modify.
    after: Value,
}

struct Mark {
    policy: PolicyId,
    in_force: bool,
    /// What happens, for people.
    words: String,
}

impl Found {
    fn take(&mut self, state: &PolicyState<'_>) {
        if matches!(state.outcome, Outcome::Failed(_)) {
            self.failed.push(state.policy);
        }
        if state.outcome != Outcome::Match {
            return;
        }
        let assignment = &state.assignment.id;
        let (in_force, words) = match state.state {
            Some(ComplianceState::NonCompliant) if state.assignment.is_enforced() => {
                match state.effect {
                    Some(Effect::DeployIfNotExists) => self.deployed.push(state.policy),
                    Some(Effect::Deny) => self.denied.push(state.policy),
                    Some(Effect::Append | Effect::Modify) => self.is_changed = true,
                    _ => {}
                }
                (true, format!("only {}, by {assignment}", state.effect.map_or("unknown", Effect::name)))
            }
            Some(ComplianceState::NonCompliant) => (false, format!("{assignment} is not enforced")),
            Some(ComplianceState::Exempt) => (false, format!("exempt from {assignment}")),
            _ => return,
        };
        self.marks.push(Mark { policy: state.policy, in_force, words });
    }

    fn marked(&self) -> Vec<PolicyId> {
        self.marks.iter().map(|mark| mark.policy).collect()
    }
}

/// Nothing stands beside a resource that is only imagined.
struct Alone;

impl Related for Alone {
    fn related(&self, _: &Resource<'_>, _: &RelatedQuery) -> Option<Vec<String>> {
        Some(Vec::new())
    }
}

/// Whether a value has every member of another, however deep, with the same value.
fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| value.get(name).is_some_and(|value| contains(value, wanted)))
        }
        (value, wanted) => value == wanted,
    }
}
