//! Every assigned policy over every resource of a snapshot, on several threads, in memory that does not grow with the
//! number of results.
//!
//! [`Surroundings`] prepare the snapshot, [`survey`] goes through it and counts into a [`Tally`]; whoever wants single
//! results is handed each resource's [`Finding`]s as they come, in the order of the resources.

mod related;
mod surroundings;
mod survey;
mod tally;

use std::borrow::Cow;

use azimuth_estate::Entry;

use crate::compile::PolicyId;
use crate::definition::{Effect, Left, Mode};
use crate::document::{ReadError, Slots, top_level_text};
use crate::evaluate::{Outcome, Resource};
use crate::fold::{eq, fold};
use crate::governance::{ComplianceState, Governance, PolicyState, Selected, manual_state};
use crate::inventory::RecordedAttestation;

pub use related::{RelatedResources, Shelf};
pub use surroundings::{Surroundings, ancestors, context_of};
pub use survey::{Each, Sink, SurveyOptions, survey};
pub use tally::{AssignmentTally, Counts, PolicyTally, Tally};

pub(crate) use surroundings::{group_key, subscription_key};

/// What one policy of one assignment says about a resource.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The policy; its assignment is [`Scan::assignment_of`].
    pub policy: PolicyId,
    /// The effect after overrides; `None` if its name is none.
    pub effect: Option<Effect>,
    /// The result.
    pub standing: Standing,
}

/// The result of a policy over a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// A state as the service knows it.
    State(ComplianceState),
    /// The evaluation failed, for this reason. Counts as the state `Error`.
    Failed(String),
    /// The policy is about the resource, and what is known does not decide.
    Undecided(Undecided),
}

/// Why what is known does not decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Undecided {
    /// The list of this type of related resources is not known to be complete where the effect looks, and none of the
    /// known ones fits.
    Related(String),
    /// The resource was exported without its properties.
    Properties,
    /// The policy cannot be decided offline, for this reason: a provider mode, a selector by principal, a version that is
    /// not at hand.
    Offline(String),
}

impl Standing {
    /// The state as the service knows it; `None` if undecided.
    pub fn state(&self) -> Option<ComplianceState> {
        match self {
            Self::State(state) => Some(*state),
            Self::Failed(_) => Some(ComplianceState::Error),
            Self::Undecided(_) => None,
        }
    }
}

/// Assignments ready to be held against a snapshot.
pub struct Scan<'a> {
    governance: &'a Governance,
    attestations: &'a [RecordedAttestation],
    /// Policy → number of its assignment.
    assignment_of: Vec<usize>,
    /// Policies whose rule reads properties of the resource.
    reads_properties: Vec<bool>,
    /// Policies whose rule asks who sends the request, which a scan cannot know.
    asks_identity: Vec<bool>,
    /// Whether anything depends on the location of a resource besides rules.
    wants_location: bool,
}

impl<'a> Scan<'a> {
    /// Prepares assignments. Exemptions with selectors are told by `has_selectors`.
    pub fn new(
        governance: &'a Governance,
        attestations: &'a [RecordedAttestation],
        has_selectors: bool,
    ) -> Self {
        let by_id: hashbrown::HashMap<String, usize> = governance
            .assignments()
            .iter()
            .enumerate()
            .map(|(index, assignment)| (fold(&assignment.id), index))
            .collect();
        let policies = governance.program().policies();
        let assignment_of = policies
            .iter()
            .map(|policy| by_id.get(&fold(&policy.context().assignment_id)).copied().unwrap_or_default())
            .collect();
        let reads_properties = policies.iter().map(|policy| reads_properties(policy.definition())).collect();
        let asks_identity = policies.iter().map(|policy| asks_identity(policy.definition())).collect();
        let wants_location = has_selectors
            || governance.assignments().iter().any(|assignment| {
                !assignment.resource_selectors.is_empty() || !assignment.overrides.is_empty()
            });
        Self { governance, attestations, assignment_of, reads_properties, asks_identity, wants_location }
    }

    /// The assignments, compiled.
    pub fn governance(&self) -> &'a Governance {
        self.governance
    }

    /// The number of a policy's assignment in [`Governance::assignments`].
    pub fn assignment_of(&self, policy: PolicyId) -> usize {
        self.assignment_of[policy.0 as usize]
    }

    /// Policies of provider modes: they are assigned, and only the provider can evaluate them.
    pub fn not_evaluable(&self) -> impl Iterator<Item = (PolicyId, &'a str)> {
        self.governance.program().policies().iter().enumerate().filter_map(|(index, policy)| {
            match &policy.definition().mode {
                Mode::Provider(name) => Some((PolicyId(index as u32), &**name)),
                Mode::All | Mode::Indexed => None,
            }
        })
    }

    /// Everything that the assigned policies say about a resource of a snapshot.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn findings(
        &self,
        slots: &mut Slots,
        entry: Entry<'_>,
        surroundings: &Surroundings<'_>,
        found: &mut Vec<Finding>,
    ) -> Result<(), ReadError> {
        let subject = Subject { key: entry.key(), kind: entry.kind(), json: entry.body() };
        self.findings_of(slots, &subject, surroundings, surroundings, found)
    }

    fn findings_of(
        &self,
        slots: &mut Slots,
        subject: &Subject<'_>,
        surroundings: &Surroundings<'_>,
        shelf: &dyn Shelf,
        found: &mut Vec<Finding>,
    ) -> Result<(), ReadError> {
        let related = RelatedResources::new(shelf, subject.key, subject.kind);
        let location = self.wants_location.then(|| top_level_text(subject.json, "location")).flatten();
        let selected = subject.selected(location, surroundings.ancestors(subject.key));
        let lacks_properties = memchr::memmem::find(subject.json.as_bytes(), b"\"properties\"").is_none()
            && !subject.is_container();
        let context = surroundings.context(subject.key);
        self.governance.states(slots, &selected, context, &related, &mut |state| {
            let doubt = related.take_doubt();
            if let Some(standing) = standing(&state, doubt) {
                let reads_properties = self.reads_properties[state.policy.0 as usize];
                let standing = match standing {
                    Standing::State(ComplianceState::Exempt) => standing,
                    Standing::Failed(_) if self.asks_identity[state.policy.0 as usize] => {
                        Standing::Undecided(Undecided::Offline(
                            "the rule asks who sends the request, which only a request tells".to_owned(),
                        ))
                    }
                    _ if lacks_properties && reads_properties => Standing::Undecided(Undecided::Properties),
                    Standing::State(ComplianceState::Unknown) => {
                        Standing::State(self.attested(&state, subject.key, context.now))
                    }
                    standing => standing,
                };
                found.push(Finding { policy: state.policy, effect: state.effect, standing });
            }
        })
    }

    /// The state of a manual policy: what is attested, else what the definition says.
    fn attested(&self, state: &PolicyState<'_>, key: &str, now: jiff::Timestamp) -> ComplianceState {
        let attestation = self.attestations.iter().find(|known| {
            known.resource == key
                && eq(&known.assignment_id, &state.assignment.id)
                && eq(&known.reference_id, state.reference_id)
        });
        let details = &self.governance.program().policy(state.policy).definition().rule.details;
        let default = details.written("defaultState").and_then(azimuth_arm::Value::as_str);
        manual_state(default, attestation.map(|known| known.attestation), now)
    }
}

/// A resource by its folded key and type.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) key: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) json: &'a str,
}

impl<'a> Subject<'a> {
    pub(crate) fn selected(&self, location: Option<&'a str>, ancestors: &'a [String]) -> Selected<'a> {
        Selected {
            resource: Resource { json: self.json, resource_type: Some(self.kind), api_version: None },
            id: self.key,
            resource_type: self.kind,
            location,
            ancestors,
        }
    }

    /// Whether it is a subscription or resource group, which have hardly any properties.
    fn is_container(&self) -> bool {
        self.kind.starts_with("microsoft.resources/subscriptions")
    }
}

/// The result that a state of the engine means; `None` if the policy is not about the resource.
fn standing(state: &PolicyState<'_>, doubt: Option<String>) -> Option<Standing> {
    let is_exempt = state.state == Some(ComplianceState::Exempt);
    let asks_related = state.effect.is_some_and(Effect::is_if_not_exists);
    let doubt = doubt.filter(|_| asks_related && !is_exempt);
    match (&state.outcome, state.state) {
        (Outcome::NeedsRelated(query), _) => {
            Some(Standing::Undecided(Undecided::Related(query.resource_type.clone())))
        }
        (Outcome::Match, Some(state)) => {
            Some(doubt.map_or(Standing::State(state), |kind| Standing::Undecided(Undecided::Related(kind))))
        }
        (Outcome::NotEvaluable(reason), Some(ComplianceState::NotEvaluable)) => {
            Some(Standing::Undecided(Undecided::Offline(reason.to_string())))
        }
        (Outcome::Failed(fault), Some(ComplianceState::Error)) => {
            Some(Standing::Failed(fault.message.to_string()))
        }
        (_, Some(ComplianceState::Error)) => {
            Some(Standing::Failed("the effect has no known name".to_owned()))
        }
        (_, state) => state.map(Standing::State),
    }
}

fn reads_properties(definition: &crate::definition::Definition) -> bool {
    let mut reads = false;
    definition.rule.condition.for_each_leaf(&mut |leaf| {
        use crate::definition::Over;
        let field = match &leaf.left {
            Left::Field(name) => Some(name),
            Left::Count(count) => match &count.over {
                Over::Field(name) => Some(name),
                Over::Value { .. } => None,
            },
            Left::Value(_) => None,
        };
        let name = field.and_then(|name| name.known()).and_then(azimuth_arm::Value::as_str);
        reads |= name.is_some_and(|name| name.contains('/'));
    });
    reads
}

/// Whether the rule looks at `requestContext().identity`.
fn asks_identity(definition: &crate::definition::Definition) -> bool {
    let mut asks = false;
    definition.rule.condition.for_each_template(&mut |template| {
        template.for_each_expression(&mut |expression| {
            asks |= expression.to_string().to_ascii_lowercase().contains("requestcontext().identity");
        });
    });
    asks
}

/// The effect as documented, or the name that is none.
pub fn effect_name(effect: Option<Effect>) -> Cow<'static, str> {
    effect.map_or(Cow::Borrowed("unknown"), |effect| Cow::Borrowed(effect.name()))
}
