//! What a new or changed assignment would do that the assignments of today do not: to the estate as it is, and to writes
//! of the past.
//!
//! A [`Proposal`] holds both states of affairs. [`Proposal::of_resource`] says what becomes of a resource that is there,
//! [`Proposal::of_write`] what would have become of a recorded write, with the [`World`] as it was then.

mod delta;
mod world;

use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;

use crate::compile::PolicyId;
use crate::definition::Effect;
use crate::document::{ReadError, Slots, top_level_text};
use crate::effect::{Action, Applied, apply, blocks};
use crate::evaluate::{Context, Outcome};
use crate::fold::fold;
use crate::governance::{ComplianceState, Governance};
use crate::scan::{RelatedResources, Shelf, Subject};

pub use delta::{Delta, deltas};
pub use world::World;

/// What a policy does to a write or a resource, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConsequenceKind {
    /// The write is refused; of a resource that is there: the next write, unless it mends what is wrong.
    Denied,
    /// The deletion is refused.
    Blocked,
    /// The request is changed.
    Changed,
    /// Something is deployed beside it.
    Deployed,
    /// The resource does not comply.
    Marked,
    /// What is known does not decide.
    Undecided,
}

impl ConsequenceKind {
    /// All kinds, the gravest first.
    pub const ALL: [Self; 6] =
        [Self::Denied, Self::Blocked, Self::Changed, Self::Deployed, Self::Marked, Self::Undecided];

    /// The name in reports for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Blocked => "blocked",
            Self::Changed => "changed",
            Self::Deployed => "deployed",
            Self::Marked => "marked",
            Self::Undecided => "undecided",
        }
    }
}

/// One consequence for one resource or write.
#[derive(Clone, Debug)]
pub struct Consequence {
    /// What happens.
    pub kind: ConsequenceKind,
    /// The policies it comes from: positions in [`Proposal::labels`].
    pub policies: Vec<usize>,
    /// What changes in the resource.
    pub deltas: Vec<Delta>,
    /// Why, where the policy alone does not say.
    pub note: Option<String>,
}

/// What a changed policy is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The assignment.
    pub assignment_id: String,
    /// The definition.
    pub definition_id: String,
    /// The reference within the initiative, or empty.
    pub reference_id: String,
    /// The display name of the definition, or its name.
    pub title: String,
    /// The effect, if it does not depend on the resource.
    pub effect: String,
}

/// What surrounds a write or resource.
pub struct Around<'a> {
    /// Related resources.
    pub shelf: &'a dyn Shelf,
    /// The moment, resource group and subscription.
    pub context: &'a Context,
    /// The management groups above.
    pub ancestors: &'a [String],
}

/// The assignments of today beside those proposed.
pub struct Proposal<'a> {
    before: &'a Governance,
    after: &'a Governance,
    /// Only the assignments that are new or different.
    changed: &'a Governance,
    labels: Vec<Label>,
    /// Policy of `after` → label, if its assignment is new or different.
    after_labels: Vec<Option<usize>>,
    /// Whether an assignment of today may change requests.
    before_mutates: bool,
}

impl<'a> Proposal<'a> {
    /// `before` has all assignments of today, `after` all that would be, `changed` those of `after` that are new or
    /// different.
    pub fn new(before: &'a Governance, after: &'a Governance, changed: &'a Governance) -> Self {
        let labels: Vec<Label> = labels(changed);
        let known: HashMap<(String, String, String), usize> =
            labels.iter().enumerate().map(|(index, label)| (key(label), index)).collect();
        let after_labels = self::labels(after).iter().map(|label| known.get(&key(label)).copied()).collect();
        let before_mutates = before
            .program()
            .policies()
            .iter()
            .any(|policy| matches!(policy.effect(), None | Some(Effect::Append | Effect::Modify)));
        Self { before, after, changed, labels, after_labels, before_mutates }
    }

    /// The policies of the assignments that are new or different.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// What becomes of a resource that is there: `key` and `kind` are its folded id and type.
    ///
    /// # Errors
    /// If it is no JSON object.
    pub fn of_resource(
        &self,
        slots: &mut Slots,
        (key, kind, json): (&str, &str, &str),
        around: &Around<'_>,
        found: &mut Vec<Consequence>,
    ) -> Result<(), ReadError> {
        let subject = Subject { key, kind, json };
        let marks = self.marks(slots, &subject, around)?;
        if marks.marked.is_empty() && marks.undecided.is_empty() {
            return Ok(());
        }
        let known = self.known_violations(slots, &subject, around)?;
        let mut denied = Vec::new();
        let mut marked = Vec::new();
        let mut changes = Vec::new();
        let mut deploys = false;
        for (policy, effect) in marks.marked {
            let definition = self.definition_of(policy);
            if effect == Some(Effect::Deny) && self.is_enforced(policy) {
                if !known.enforced.contains(&(definition, effect)) {
                    denied.push(policy.0 as usize);
                }
            } else if !known.violated.contains(&definition) {
                deploys |= effect == Some(Effect::DeployIfNotExists);
                if matches!(effect, Some(Effect::Modify | Effect::Append)) {
                    changes.extend(self.remediation(policy, slots, &subject, around));
                }
                marked.push(policy.0 as usize);
            }
        }
        if !denied.is_empty() {
            found.push(Consequence {
                kind: ConsequenceKind::Denied,
                policies: denied,
                deltas: Vec::new(),
                note: Some("the next write is denied unless it mends this".to_owned()),
            });
        }
        if !marked.is_empty() {
            let note = if deploys {
                Some("a remediation task would deploy what is missing".to_owned())
            } else if !changes.is_empty() {
                Some("a remediation task would change this".to_owned())
            } else {
                None
            };
            found.push(Consequence {
                kind: ConsequenceKind::Marked,
                policies: marked,
                deltas: changes,
                note,
            });
        }
        found.extend(undecided(&marks.undecided));
        Ok(())
    }

    /// What would have become of a write; `key` and `kind` are the folded id and type of the resource, `json` what was
    /// written.
    ///
    /// # Errors
    /// If it is no JSON object.
    pub fn of_write(
        &self,
        slots: &mut Slots,
        (key, kind, json): (&str, &str, &str),
        around: &Around<'_>,
        found: &mut Vec<Consequence>,
    ) -> Result<(), ReadError> {
        let subject = Subject { key, kind, json };
        let location = top_level_text(json, "location");
        let related = RelatedResources::new(around.shelf, key, kind);
        if !self.may_concern(slots, &subject, around)? {
            return Ok(());
        }
        let selected = subject.selected(location, around.ancestors);
        let today = self.before.request(slots, &selected, around.context, &related)?;
        let then = self.after.request(slots, &selected, around.context, &related)?;
        if !today.denied_by.is_empty() {
            // Whatever else would happen: the write did not pass by today's assignments either.
            return Ok(());
        }
        let denied: Vec<usize> = then.denied_by.iter().filter_map(|policy| self.label_of(*policy)).collect();
        if !denied.is_empty() {
            let faults = then.faults.iter().filter(|(policy, _)| self.label_of(*policy).is_some());
            let note = faults.map(|(_, fault)| fault.message.to_string()).next();
            found.push(Consequence {
                kind: ConsequenceKind::Denied,
                policies: denied,
                deltas: Vec::new(),
                note,
            });
            return Ok(());
        }
        let changes = if then.json == today.json { Vec::new() } else { deltas(&today.json, &then.json) };
        if !changes.is_empty() {
            let policies = then.changed_by.iter().filter_map(|policy| self.label_of(*policy)).collect();
            found.push(Consequence { kind: ConsequenceKind::Changed, policies, deltas: changes, note: None });
        }
        let passed = Subject { json: &then.json, ..subject };
        let marks = self.marks(slots, &passed, around)?;
        let known = self.known_violations(slots, &Subject { json: &today.json, ..subject }, around)?;
        let (mut deployed, mut marked) = (Vec::new(), Vec::new());
        for (policy, effect) in marks.marked {
            let definition = self.definition_of(policy);
            if effect == Some(Effect::DeployIfNotExists) && self.is_enforced(policy) {
                if !known.enforced.contains(&(definition, effect)) {
                    deployed.push(policy.0 as usize);
                }
            } else if !known.violated.contains(&definition) {
                marked.push(policy.0 as usize);
            }
        }
        for (kind, policies) in [(ConsequenceKind::Deployed, deployed), (ConsequenceKind::Marked, marked)] {
            if !policies.is_empty() {
                found.push(Consequence { kind, policies, deltas: Vec::new(), note: None });
            }
        }
        found.extend(undecided(&marks.undecided));
        Ok(())
    }

    /// Whether a deletion would have been refused; `json` is what was there.
    ///
    /// # Errors
    /// If it is no JSON object.
    pub fn of_deletion(
        &self,
        slots: &mut Slots,
        (key, kind, json): (&str, &str, &str),
        around: &Around<'_>,
        found: &mut Vec<Consequence>,
    ) -> Result<(), ReadError> {
        let subject = Subject { key, kind, json };
        let related = RelatedResources::new(around.shelf, key, kind);
        let selected = subject.selected(top_level_text(json, "location"), around.ancestors);
        let blocking = |governance: &Governance, slots: &mut Slots| -> Result<Vec<usize>, ReadError> {
            let mut policies = Vec::new();
            governance.states(slots, &selected, around.context, &related, &mut |state| {
                let is_match = state.effect == Some(Effect::DenyAction)
                    && state.outcome == Outcome::Match
                    && state.assignment.is_enforced()
                    && state.state != Some(ComplianceState::Exempt);
                let definition = governance.program().policy(state.policy).definition();
                if is_match && blocks(definition, kind, Action::DeleteResource) {
                    policies.push(state.policy.0 as usize);
                }
            })?;
            Ok(policies)
        };
        let policies = blocking(self.changed, slots)?;
        if !policies.is_empty() && blocking(self.before, slots)?.is_empty() {
            found.push(Consequence {
                kind: ConsequenceKind::Blocked,
                policies,
                deltas: Vec::new(),
                note: None,
            });
        }
        Ok(())
    }

    fn label_of(&self, policy: PolicyId) -> Option<usize> {
        self.after_labels[policy.0 as usize]
    }

    fn definition_of(&self, policy: PolicyId) -> String {
        fold(&self.labels[policy.0 as usize].definition_id)
    }

    fn is_enforced(&self, policy: PolicyId) -> bool {
        let id = &self.changed.program().policy(policy).context().assignment_id;
        self.changed.assignments().iter().any(|known| known.id == *id && known.is_enforced())
    }

    /// Whether a changed policy says anything about the resource as written, or as today's assignments change it.
    fn may_concern(
        &self,
        slots: &mut Slots,
        subject: &Subject<'_>,
        around: &Around<'_>,
    ) -> Result<bool, ReadError> {
        if self.says_anything(slots, subject, around)? {
            return Ok(true);
        }
        if !self.before_mutates {
            return Ok(false);
        }
        let related = RelatedResources::new(around.shelf, subject.key, subject.kind);
        let selected = subject.selected(top_level_text(subject.json, "location"), around.ancestors);
        let today = self.before.request(slots, &selected, around.context, &related)?;
        Ok(today.json != subject.json
            && self.says_anything(slots, &Subject { json: &today.json, ..*subject }, around)?)
    }

    fn says_anything(
        &self,
        slots: &mut Slots,
        subject: &Subject<'_>,
        around: &Around<'_>,
    ) -> Result<bool, ReadError> {
        let related = RelatedResources::new(around.shelf, subject.key, subject.kind);
        let selected = subject.selected(top_level_text(subject.json, "location"), around.ancestors);
        let mut says = false;
        self.changed.states(slots, &selected, around.context, &related, &mut |state| {
            says |= matches!(
                state.outcome,
                Outcome::Match | Outcome::Failed(_) | Outcome::NeedsRelated(_) | Outcome::NotEvaluable(_)
            );
        })?;
        Ok(says)
    }

    /// What the changed policies say about a resource that passed.
    fn marks(
        &self,
        slots: &mut Slots,
        subject: &Subject<'_>,
        around: &Around<'_>,
    ) -> Result<Marks, ReadError> {
        let related = RelatedResources::new(around.shelf, subject.key, subject.kind);
        let selected = subject.selected(top_level_text(subject.json, "location"), around.ancestors);
        let mut marks = Marks::default();
        self.changed.states(slots, &selected, around.context, &related, &mut |state| {
            let doubt = related.take_doubt();
            let asks_related = state.effect.is_some_and(Effect::is_if_not_exists);
            match (&state.outcome, state.state) {
                (Outcome::NotEvaluable(reason), Some(_)) => {
                    marks.undecided.push((state.policy, reason.to_string()));
                }
                (_, Some(ComplianceState::NonCompliant)) => match doubt.filter(|_| asks_related) {
                    Some(kind) => marks
                        .undecided
                        .push((state.policy, format!("the list of {kind} is not known to be complete"))),
                    None => marks.marked.push((state.policy, state.effect)),
                },
                (Outcome::Failed(_), Some(ComplianceState::Error)) => {
                    marks.marked.push((state.policy, state.effect));
                }
                _ => {}
            }
        })?;
        Ok(marks)
    }

    /// What the resource does not comply with today.
    fn known_violations(
        &self,
        slots: &mut Slots,
        subject: &Subject<'_>,
        around: &Around<'_>,
    ) -> Result<Known, ReadError> {
        let related = RelatedResources::new(around.shelf, subject.key, subject.kind);
        let selected = subject.selected(top_level_text(subject.json, "location"), around.ancestors);
        let mut known = Known::default();
        let program = self.before.program();
        self.before.states(slots, &selected, around.context, &related, &mut |state| {
            if matches!(state.state, Some(ComplianceState::NonCompliant | ComplianceState::Error)) {
                let definition = fold(&program.policy(state.policy).context().definition_id);
                if state.assignment.is_enforced() {
                    known.enforced.insert((definition.clone(), state.effect));
                }
                known.violated.insert(definition);
            }
        })?;
        Ok(known)
    }

    /// What a remediation task of an append or modify policy would change.
    fn remediation(
        &self,
        policy: PolicyId,
        slots: &mut Slots,
        subject: &Subject<'_>,
        around: &Around<'_>,
    ) -> Vec<Delta> {
        let program = self.changed.program();
        let selected = subject.selected(None, around.ancestors);
        let Ok(Some(mutation)) = program.mutation(policy, slots, &selected.resource, around.context) else {
            return Vec::new();
        };
        let before = serde_json::from_str(subject.json).unwrap_or_default();
        match apply(&mutation, &before, program.catalogue(), subject.kind, None) {
            Applied::Changed(after) => delta::of_values(&before, &after),
            Applied::Unchanged | Applied::Denied(_) | Applied::NotApplicable => Vec::new(),
        }
    }
}

/// What changed policies say about a resource.
#[derive(Default)]
struct Marks {
    marked: Vec<(PolicyId, Option<Effect>)>,
    undecided: Vec<(PolicyId, String)>,
}

/// What a resource does not comply with today, by the folded id of the definition.
#[derive(Default)]
struct Known {
    violated: HashSet<String>,
    /// The same of enforced assignments alone, with the effect.
    enforced: HashSet<(String, Option<Effect>)>,
}

fn undecided(found: &[(PolicyId, String)]) -> Option<Consequence> {
    let note = found.first().map(|(_, why)| why.clone())?;
    Some(Consequence {
        kind: ConsequenceKind::Undecided,
        policies: found.iter().map(|(policy, _)| policy.0 as usize).collect(),
        deltas: Vec::new(),
        note: Some(note),
    })
}

fn labels(governance: &Governance) -> Vec<Label> {
    let policies = governance.program().policies().iter().enumerate();
    policies
        .map(|(index, policy)| {
            let violation = governance.violation(PolicyId(index as u32), &[]);
            let effect = policy.effect().map(|effect| effect.name().to_owned());
            Label {
                title: if violation.definition_display_name.is_empty() {
                    violation.definition_name
                } else {
                    violation.definition_display_name
                },
                assignment_id: violation.assignment_id,
                definition_id: violation.definition_id,
                reference_id: violation.reference_id,
                effect: effect.unwrap_or(violation.effect),
            }
        })
        .collect()
}

/// What tells one policy from another in both states of affairs.
fn key(label: &Label) -> (String, String, String) {
    (fold(&label.assignment_id), fold(&label.reference_id), fold(&label.definition_id))
}

/// A recorded write as the history gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedWrite {
    /// Its position in the history.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub actor: String,
    /// The folded id of the resource.
    pub key: String,
    /// Its folded type.
    pub kind: String,
    /// What was written; `None`: it was deleted.
    pub after: Option<std::sync::Arc<str>>,
    /// What was there; `None`: it was created.
    pub before: Option<std::sync::Arc<str>>,
}
