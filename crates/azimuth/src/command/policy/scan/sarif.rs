//! SARIF 2.1.0: one rule per policy of an assignment, one result per resource that does not comply.

use std::io::{self, Write};

use azimuth_estate::Entry;
use azimuth_policy::{ComplianceState, Effect, Finding, PolicyId, Slots, Standing};
use serde_json::{Value, json};

use super::Job;
use super::names::Names;
use super::summary::Summary;
use crate::command::policy::why;
use crate::report::sarif::uri;

pub(super) fn begin(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"results\":["
    )
}

/// A result on a line of its own, after a comma; nothing for what complies.
pub(super) fn result(
    job: &Job<'_>,
    entry: Entry<'_>,
    finding: &Finding,
    slots: &mut Slots,
    out: &mut Vec<u8>,
) {
    let is_bad = matches!(
        finding.standing.state(),
        Some(ComplianceState::NonCompliant | ComplianceState::Error | ComplianceState::Conflict)
    );
    if !is_bad {
        return;
    }
    let policy = job.names.policy(finding.policy);
    let reasons = match &finding.standing {
        Standing::Failed(why) => format!("the evaluation fails: {why}"),
        _ => why::why(job.scan, job.surroundings, entry, finding.policy, slots).lines().join("; "),
    };
    let message = policy.message.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
    let rule = rule_id(job.names, finding.policy);
    let id = entry.id();
    let value = json!({
        "ruleId": rule,
        "level": level(finding.effect),
        "message": {"text": format!("{}{message}: {reasons}", policy.title)},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri(&id)}, "region": {"startLine": 1}},
            "logicalLocations": [{"fullyQualifiedName": id, "kind": "resource"}],
        }],
        "partialFingerprints": {"azimuth/v1": format!("{rule}|{}", entry.key())},
    });
    out.extend_from_slice(b",\n");
    out.extend_from_slice(value.to_string().as_bytes());
}

pub(super) fn end(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    let rules: Vec<Value> = summary
        .failing
        .iter()
        .map(|id| {
            let (policy, assignment) = summary.policy(*id);
            json!({
                "id": rule_id(summary.job.names, *id),
                "shortDescription": {"text": policy.title},
                "fullDescription": {"text": policy.description.as_deref().unwrap_or(&policy.title)},
                "help": {"text": format!("assigned by {} at {}", assignment.title, assignment.scope)},
                "defaultConfiguration": {"level": level(Effect::from_name(&policy.effect))},
                "properties": {"tags": ["policy", policy.category], "policyDefinitionId": policy.definition_id},
            })
        })
        .collect();
    let notifications: Vec<Value> = summary
        .gaps()
        .into_iter()
        .map(|(what, hint)| {
            let text = hint.map_or(what.clone(), |hint| format!("{what}; {hint}"));
            json!({"level": "note", "message": {"text": text}})
        })
        .collect();
    let tool =
        json!({"driver": {"name": "Azimuth", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}});
    let invocations = json!([{
        "executionSuccessful": true,
        "properties": {"asOf": summary.job.surroundings.now()},
        "toolExecutionNotifications": notifications,
    }]);
    writeln!(out, "\n],\"tool\":{tool},\"invocations\":{invocations}}}]}}")
}

/// Names the policy of an assignment, the same from run to run.
fn rule_id(names: &Names, id: PolicyId) -> String {
    let policy = names.policy(id);
    let part = if policy.reference_id.is_empty() { &policy.definition_name } else { &policy.reference_id };
    format!("{}/{part}", names.assignments[policy.assignment].name)
}

fn level(effect: Option<Effect>) -> &'static str {
    match effect {
        Some(Effect::Deny | Effect::DenyAction) | None => "error",
        _ => "warning",
    }
}
