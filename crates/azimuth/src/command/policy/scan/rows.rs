//! One record for each resource and policy, with the members of Azure's policy states
//! (Microsoft.PolicyInsights/policyStates, 2024-10-01).

use azimuth_estate::Entry;
use azimuth_ids::IdRef;
use azimuth_policy::{ComplianceState, Finding, Slots, Standing, Undecided, effect_name};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Job;
use crate::command::policy::why;

/// Columns of the CSV.
pub(super) const HEAD: [&str; 16] = [
    "resourceId",
    "resourceType",
    "resourceLocation",
    "subscriptionId",
    "resourceGroup",
    "complianceState",
    "policyDefinitionAction",
    "policyAssignmentName",
    "policyAssignmentScope",
    "policyAssignmentId",
    "policyDefinitionName",
    "policyDefinitionReferenceId",
    "policyDefinitionId",
    "policySetDefinitionId",
    "policy",
    "reason",
];

/// Writes records.
pub(super) struct Rows<'a> {
    job: &'a Job<'a>,
    /// By policy number: the members that do not depend on the resource, as JSON without braces.
    fixed: Vec<String>,
    timestamp: String,
}

/// What records tell of a resource.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    location: Option<Value>,
    #[serde(default)]
    tags: Option<Value>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(job: &'a Job<'a>, now: Timestamp) -> Self {
        let fixed = job.names.policies.iter().map(|policy| {
            let assignment = &job.names.assignments[policy.assignment];
            let set_name = assignment.set_name.as_deref().filter(|_| !policy.set_id.is_empty());
            let members = json!({
                "policyAssignmentId": assignment.id,
                "policyAssignmentName": assignment.name,
                "policyAssignmentScope": assignment.scope,
                "policyDefinitionId": policy.definition_id,
                "policyDefinitionName": policy.definition_name,
                "policyDefinitionCategory": policy.category,
                "policyDefinitionVersion": policy.version,
                "policyDefinitionReferenceId": policy.reference_id,
                "policyDefinitionGroupNames": policy.groups,
                "policySetDefinitionId": policy.set_id,
                "policySetDefinitionName": set_name,
                "policySetDefinitionCategory": assignment.set_category.as_deref().filter(|_| set_name.is_some()),
            });
            let text = members.to_string();
            text[1..text.len() - 1].to_owned()
        });
        Self { job, fixed: fixed.collect(), timestamp: now.to_string() }
    }

    /// A record as JSON on a line of its own, after a comma.
    pub(super) fn json(&self, entry: Entry<'_>, finding: &Finding, slots: &mut Slots, out: &mut Vec<u8>) {
        let told = told(entry);
        let groups = self.job.surroundings.ancestors(entry.key()).iter();
        let groups: Vec<&str> = groups.filter_map(|group| group.rsplit('/').next()).collect();
        let mut members = Map::new();
        members.insert("timestamp".to_owned(), self.timestamp.as_str().into());
        members.insert("resourceId".to_owned(), entry.id().into());
        members.insert("resourceType".to_owned(), resource_type(entry).into());
        members.insert("resourceLocation".to_owned(), told.location.unwrap_or_default());
        members.insert("resourceGroup".to_owned(), group(entry).into());
        members.insert("resourceTags".to_owned(), told.tags.unwrap_or_default());
        members.insert("subscriptionId".to_owned(), entry.subscription_id().into());
        members.insert("managementGroupIds".to_owned(), groups.join(",").into());
        members.insert("complianceState".to_owned(), state_word(&finding.standing).into());
        members.insert("isCompliant".to_owned(), is_compliant(&finding.standing).into());
        members
            .insert("policyDefinitionAction".to_owned(), effect_name(finding.effect).to_lowercase().into());
        match &finding.standing {
            Standing::Undecided(why) => {
                members.insert("complianceReasonCode".to_owned(), reason_code(why).into());
            }
            Standing::Failed(why) => {
                members.insert("complianceReasonCode".to_owned(), why.as_str().into());
            }
            Standing::State(ComplianceState::NonCompliant) if self.job.args.reasons => {
                let why = why::why(self.job.scan, self.job.surroundings, entry, finding.policy, slots);
                let evaluated: Vec<Value> =
                    why.comparisons.iter().map(azimuth_policy::Evaluated::to_json).collect();
                let mut details = json!({"evaluatedExpressions": evaluated});
                if let Some(query) = &why.related {
                    details["ifNotExistsDetails"] = json!({"type": query.resource_type, "name": query.name});
                }
                members.insert("policyEvaluationDetails".to_owned(), details);
            }
            Standing::State(_) => {}
        }
        let text = Value::Object(members).to_string();
        out.extend_from_slice(b",\n");
        out.extend_from_slice(&text.as_bytes()[..text.len() - 1]);
        out.push(b',');
        out.extend_from_slice(self.fixed[finding.policy.0 as usize].as_bytes());
        out.push(b'}');
    }

    /// A record as a line of CSV.
    pub(super) fn csv(&self, entry: Entry<'_>, finding: &Finding, slots: &mut Slots, out: &mut Vec<u8>) {
        let policy = self.job.names.policy(finding.policy);
        let assignment = &self.job.names.assignments[policy.assignment];
        let reason = match &finding.standing {
            Standing::Undecided(why) => reason_code(why),
            Standing::Failed(why) => why.clone(),
            Standing::State(ComplianceState::NonCompliant) if self.job.args.reasons => {
                why::why(self.job.scan, self.job.surroundings, entry, finding.policy, slots)
                    .lines()
                    .join("; ")
            }
            Standing::State(_) => String::new(),
        };
        let location = told(entry).location;
        let cells = [
            &*entry.id(),
            &resource_type(entry),
            location.as_ref().and_then(Value::as_str).unwrap_or_default(),
            entry.subscription_id().unwrap_or_default(),
            group(entry).unwrap_or_default(),
            state_word(&finding.standing),
            &effect_name(finding.effect),
            &assignment.name,
            &assignment.scope,
            &assignment.id,
            &policy.definition_name,
            &policy.reference_id,
            &policy.definition_id,
            &policy.set_id,
            &policy.title,
            &reason,
        ];
        crate::report::csv::row(out, &cells).expect("writing to memory does not fail");
    }
}

fn told(entry: Entry<'_>) -> Told {
    entry.read().unwrap_or(Told { location: None, tags: None })
}

/// The type as the id spells it.
pub(super) fn resource_type(entry: Entry<'_>) -> String {
    let id = entry.id();
    IdRef::parse(&id).map_or_else(|_| entry.kind().to_owned(), |id| id.resource_type().as_str().to_owned())
}

fn group(entry: Entry<'_>) -> Option<&str> {
    entry.resource_id().and_then(IdRef::resource_group)
}

/// The state as the service spells it; `Undecided` is a word of ours.
pub(super) fn state_word(standing: &Standing) -> &'static str {
    standing.state().map_or("Undecided", ComplianceState::name)
}

/// As the service says it: not compliant, and not exempt either.
fn is_compliant(standing: &Standing) -> Option<bool> {
    standing.state().map(|state| matches!(state, ComplianceState::Compliant | ComplianceState::Exempt))
}

/// Why a result is undecided.
pub(in crate::command::policy) fn reason_code(why: &Undecided) -> String {
    match why {
        Undecided::Related(kind) => format!("the list of {kind} is not known to be complete"),
        Undecided::Properties => "the resource was exported without its properties".to_owned(),
        Undecided::Offline(why) => why.clone(),
    }
}
