//! What was found, counted.

use std::collections::BTreeMap;

use azimuth_policy::{Assignment, Consequence, ConsequenceKind, Label};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The impact of a proposal.
pub(super) struct Impact<'a> {
    pub(super) as_of: Timestamp,
    pub(super) labels: &'a [Label],
    /// The assignments that are new or different.
    pub(super) assignments: &'a [Assignment],
    pub(super) assignments_today: usize,
    /// What happens to the estate as it is.
    pub(super) present: Part,
    pub(super) history: History,
}

/// What would have happened to writes of the past.
pub(super) enum History {
    /// There is no store.
    Absent,
    /// Replayed.
    Replayed(Box<Replayed>),
}

/// The replay of a history.
pub(super) struct Replayed {
    pub(super) part: Part,
    /// Writes and deletions of resources that were replayed.
    pub(super) writes: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
}

/// Numbers by kind of consequence.
pub(super) type Kinds = [u64; ConsequenceKind::ALL.len()];

/// Consequences, counted in full and listed up to a limit.
pub(super) struct Part {
    limit: usize,
    pub(super) listed: Vec<Listed>,
    pub(super) totals: Kinds,
    /// Resources or writes looked at.
    pub(super) looked_at: u64,
    pub(super) by_actor: BTreeMap<String, Kinds>,
    pub(super) by_type: BTreeMap<String, Kinds>,
    /// By day in UTC.
    pub(super) by_day: BTreeMap<String, Kinds>,
    /// By position in the labels.
    pub(super) by_policy: BTreeMap<usize, Kinds>,
}

/// One consequence with who, when and what.
pub(super) struct Listed {
    pub(super) resource: String,
    pub(super) when: Option<(u64, Timestamp, String)>,
    pub(super) consequence: Consequence,
}

impl Part {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            listed: Vec::new(),
            totals: Kinds::default(),
            looked_at: 0,
            by_actor: BTreeMap::new(),
            by_type: BTreeMap::new(),
            by_day: BTreeMap::new(),
            by_policy: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, kind: &str, listed: Listed) {
        let place = place(listed.consequence.kind);
        self.totals[place] += 1;
        count(&mut self.by_type, kind, place);
        if let Some((_, time, actor)) = &listed.when {
            count(&mut self.by_actor, actor, place);
            let day = time.to_string();
            count(&mut self.by_day, day.get(..10).unwrap_or(&day), place);
        }
        for policy in &listed.consequence.policies {
            self.by_policy.entry(*policy).or_default()[place] += 1;
        }
        if self.listed.len() < self.limit {
            self.listed.push(listed);
        }
    }

    pub(super) fn total(&self, kind: ConsequenceKind) -> u64 {
        self.totals[place(kind)]
    }

    /// Whether anything certain happens.
    pub(super) fn has_consequences(&self) -> bool {
        let all: u64 = self.totals.iter().sum();
        all > self.total(ConsequenceKind::Undecided)
    }

    fn to_json(&self, labels: &[Label]) -> Value {
        let all: u64 = self.totals.iter().sum();
        let policies: Vec<Value> = self
            .by_policy
            .iter()
            .filter_map(|(policy, kinds)| {
                let mut value = label_json(labels.get(*policy)?);
                value["totals"] = kinds_json(kinds);
                Some(value)
            })
            .collect();
        let group = |map: &BTreeMap<String, Kinds>| -> BTreeMap<String, Value> {
            map.iter().map(|(name, kinds)| (name.clone(), kinds_json(kinds))).collect()
        };
        json!({
            "lookedAt": self.looked_at,
            "totals": kinds_json(&self.totals),
            "byPolicy": policies,
            "byActor": group(&self.by_actor),
            "byType": group(&self.by_type),
            "byDay": group(&self.by_day),
            "consequences": self.listed.iter().map(|listed| listed.to_json(labels)).collect::<Vec<_>>(),
            "isTruncated": all > self.listed.len() as u64,
        })
    }
}

impl Listed {
    fn to_json(&self, labels: &[Label]) -> Value {
        let policies: Vec<Value> = self
            .consequence
            .policies
            .iter()
            .filter_map(|policy| labels.get(*policy))
            .map(label_json)
            .collect();
        let changes: Vec<Value> = self
            .consequence
            .deltas
            .iter()
            .map(|delta| json!({"path": delta.path, "before": delta.before, "after": delta.after}))
            .collect();
        let mut value = json!({
            "consequence": self.consequence.kind.name(),
            "resourceId": self.resource,
            "policies": policies,
            "note": self.consequence.note,
            "changes": changes,
        });
        if let Some((sequence, time, actor)) = &self.when {
            value["sequence"] = (*sequence).into();
            value["time"] = time.to_string().into();
            value["actor"] = actor.as_str().into();
        }
        value
    }
}

impl Impact<'_> {
    /// Everything with a stable shape.
    pub(super) fn to_json(&self) -> Value {
        let assignments: Vec<Value> = self
            .assignments
            .iter()
            .map(|assignment| {
                json!({
                    "id": assignment.id, "scope": assignment.scope, "policyDefinitionId": assignment.definition_id,
                    "isEnforced": assignment.is_enforced(),
                })
            })
            .collect();
        let history = match &self.history {
            History::Absent => Value::Null,
            History::Replayed(replayed) => {
                let mut value = replayed.part.to_json(self.labels);
                value["writes"] = replayed.writes.into();
                value["first"] = replayed.first.map(|time| time.to_string()).into();
                value["last"] = replayed.last.map(|time| time.to_string()).into();
                value
            }
        };
        json!({
            "schema": "azimuth.policy.impact/1",
            "asOf": self.as_of.to_string(),
            "assignments": assignments,
            "assignmentsToday": self.assignments_today,
            "present": self.present.to_json(self.labels),
            "history": history,
        })
    }
}

fn label_json(label: &Label) -> Value {
    json!({
        "policyAssignmentId": label.assignment_id,
        "policyDefinitionId": label.definition_id,
        "policyDefinitionReferenceId": label.reference_id,
        "displayName": label.title,
        "effect": label.effect,
    })
}

/// How many there are of each kind, by its name.
pub(super) fn kinds_json(kinds: &Kinds) -> Value {
    ConsequenceKind::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), kinds[place(*kind)].into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn count(map: &mut BTreeMap<String, Kinds>, name: &str, place: usize) {
    if let Some(kinds) = map.get_mut(name) {
        kinds[place] += 1;
    } else {
        map.entry(name.to_owned()).or_default()[place] += 1;
    }
}

/// The position of a kind among all.
pub(super) fn place(kind: ConsequenceKind) -> usize {
    ConsequenceKind::ALL.iter().position(|known| *known == kind).expect("every kind is listed")
}
