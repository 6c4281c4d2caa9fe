//! PO-2: policies start with audit and only then deny or remediate.

use azimuth_estate::hierarchy::ManagementGroup;
use serde_json::Value;

use super::{GUIDANCE, unresolved};
use crate::assessment::Version;
use crate::command;
use crate::context::{Assignment, Context, Earlier, POLICY_ASSIGNMENTS};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "PO-2",
    title: "Policies start with audit and only then deny or remediate",
    area: Area::Governance,
    severity: Severity::Low,
    why: "A deny that was never tried breaks deployments on the day it is assigned, and is removed the day \
        after, for good. An audit stage shows what it would have stopped.",
    evidence: &[
        EvidenceNeed {
            what: "Policy assignments with their metadata",
            command: "az policy assignment list --disable-scope-strict-match --subscription {s}",
        },
        EvidenceNeed { what: "The assigned definitions and sets", command: "az policy definition list" },
        EvidenceNeed { what: "Earlier versions of the assignments", command: "azimuth collect" },
    ],
    decided: "An assignment in force with an enforcing effect is a violation if it was so from its first day: \
        its metadata has no `updatedOn`, and the recorded history shows no earlier version that audited or \
        was not enforced. If it was updated and no history tells how it was before, it is unknown. \
        Assignments that audit or are not enforced are in line.",
    fix: "Assign with enforcement mode `DoNotEnforce` or the effect audit, read the compliance results, mend or \
        exempt what they show, and only then enforce.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Safe deployment of Azure Policy assignments",
            url: "https://learn.microsoft.com/azure/governance/policy/how-to/policy-safe-deployment-practices",
        },
    ],
    decide,
};

enum Past {
    Audited,
    AlwaysEnforced,
    NotRecorded,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let policies = context.policies();
    for id in &policies.unreadable {
        context.unreadable(&mut findings, id);
    }
    needs_assignments(context, &mut findings);
    for assignment in &policies.assignments {
        findings.check("policy assignments", 1);
        if !assignment.in_force() {
            continue;
        }
        let effects = assignment.enforcing();
        if effects.is_empty() {
            unresolved(&mut findings, assignment);
            continue;
        }
        findings.check("of them enforcing", 1);
        match past(context, assignment) {
            Past::Audited => {}
            Past::NotRecorded => findings.miss(
                "earlier versions of an enforcing policy assignment, or its metadata",
                Some(&assignment.id),
                "azimuth import exports --store estate.db  # after each export, then assess --store estate.db",
                1,
            ),
            Past::AlwaysEnforced => {
                let mode = assignment.enforcement_mode.as_str();
                findings.violate(Counterexample {
                    object: assignment.id.clone(),
                    path: "$.properties.enforcementMode".to_owned(),
                    seen: if mode.is_empty() { Value::Null } else { Value::from(mode) },
                    wanted: "DoNotEnforce or an audit effect before it is enforced".to_owned(),
                    note: Some(format!("enforcing from its first day: {}", effects.join(", "))),
                    fix: Some(format!(
                        "az policy assignment update --name {} --scope {} --enforcement-mode DoNotEnforce",
                        assignment.id.rsplit('/').next().unwrap_or_default(),
                        assignment.scope
                    )),
                });
            }
        }
    }
    findings.verdict("no policy is assigned anywhere")
}

/// Notes the scopes whose assignments are not known to be all there.
pub(super) fn needs_assignments(context: &Context<'_>, findings: &mut Findings) {
    context.needs_subscriptions(findings);
    let root = context.snapshot().hierarchy().root().map(ManagementGroup::id);
    let subscriptions = context.enabled_subscriptions().map(|subscription| subscription.id.clone());
    for scope in root.into_iter().chain(subscriptions) {
        if !context.lists(POLICY_ASSIGNMENTS, &scope) {
            let az = format!("az policy assignment list --scope {scope}");
            let command = command::list(&az, POLICY_ASSIGNMENTS);
            findings.miss_once("the complete list of policy assignments", Some(&scope), command);
        }
    }
}

fn past(context: &Context<'_>, assignment: &Assignment) -> Past {
    let versions: Vec<Version> =
        context.options().history.map(|history| history.versions(&assignment.key)).unwrap_or_default();
    let bodies =
        versions.iter().filter(|version| version.time <= context.options().as_of).filter_map(|version| version.body.as_deref());
    let stages: Vec<Option<Earlier>> =
        bodies.map(|body| Earlier::read(context.snapshot(), assignment, body)).collect();
    let was_audit = |stage: &Option<Earlier>| stage.as_ref().and_then(|stage| stage.was_audit);
    if stages.iter().any(|stage| was_audit(stage) == Some(true)) {
        return Past::Audited;
    }
    // A recorded version that was never updated is the first of all.
    let recorded_from_the_start = stages.first().is_some_and(|first| first.as_ref().is_some_and(|first| first.is_first))
        && stages.iter().all(|stage| was_audit(stage).is_some());
    if assignment.was_never_updated() || recorded_from_the_start { Past::AlwaysEnforced } else { Past::NotRecorded }
}
