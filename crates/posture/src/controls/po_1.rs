//! PO-1: policy is on for every subscription.

use azimuth_estate::hierarchy::{ManagementGroup, inherited};
use serde_json::Value;

use super::{GUIDANCE, mg_1};
use crate::command;
use crate::context::{Assignment, Context, POLICY_ASSIGNMENTS};
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "PO-1",
    title: "Policy is on for every subscription",
    area: Area::Governance,
    severity: Severity::Medium,
    why: "A subscription without a policy is one where anything may be built. Nobody learns of it until it is \
        found by someone else.",
    evidence: &[
        EvidenceNeed {
            what: "Policy assignments of each subscription and of the groups above it",
            command: "az policy assignment list --disable-scope-strict-match --subscription {s}",
        },
        EvidenceNeed {
            what: "The management group hierarchy",
            command: "az account management-group show --name {root} --expand --recurse",
        },
    ],
    decided: "Each enabled subscription must be under at least one policy assignment in force: at the \
        subscription or a management group above it, with enforcement mode `Default` and without a `notScopes` \
        entry that takes the subscription out. Assignments at resource groups do not count; if resource \
        selectors narrow every assignment above a subscription, it is unknown.",
    fix: "Assign the Microsoft cloud security benchmark initiative at a management group above all \
        subscriptions, and remove exclusions that have outlived their reason.",
    references: &[GUIDANCE],
    decide,
};

/// Notes that only assignments narrowed by resource selectors reach a scope; whether they select anything there is
/// told by what the service has evaluated.
pub(super) fn narrowed_only(findings: &mut Findings, assignment: &Assignment, subscription: &str) {
    findings.miss(
        "what an assignment selects, whose resource selectors narrow it",
        Some(&assignment.id),
        format!(
            "az policy state list --subscription {subscription} --filter \"policyAssignmentId eq '{}'\"",
            assignment.id
        ),
        1,
    );
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    context.needs_subscriptions(&mut findings);
    let hierarchy = context.snapshot().hierarchy();
    let policies = context.policies();
    for id in &policies.unreadable {
        context.unreadable(&mut findings, id);
    }
    let (narrowed, in_force): (Vec<&Assignment>, Vec<&Assignment>) = policies
        .assignments
        .iter()
        .filter(|assignment| assignment.in_force)
        .partition(|assignment| assignment.narrowed);
    findings.check("policy assignments in force", in_force.len());
    findings.check("policy assignments in force for selected resources only", narrowed.len());
    for subscription in context.enabled_subscriptions() {
        findings.check("enabled subscriptions", 1);
        let mut chain = vec![subscription.id.clone()];
        chain.extend(hierarchy.above_subscription(&subscription.guid).map(ManagementGroup::id));
        if !inherited(&chain, in_force.iter().copied()).is_empty() {
            continue;
        }
        let certain = hierarchy.certain_ancestors_of_subscription(&subscription.guid).is_some()
            || hierarchy.is_empty() && context.lists(mg_1::GROUPS, "/");
        if !certain {
            let command = command::list("az account management-group show --name '{root}' --expand --recurse", mg_1::GROUPS);
            findings.miss("the management groups above the subscription", Some(&subscription.id), command, 1);
            continue;
        }
        if let Some(at) = chain.iter().find(|at| !context.lists(POLICY_ASSIGNMENTS, at)) {
            let az = format!("az policy assignment list --scope {at}");
            let command = command::list(&az, POLICY_ASSIGNMENTS);
            findings.miss("the complete list of policy assignments", Some(at), command, 1);
            continue;
        }
        if policies.is_unread_at(&chain) {
            // Noted above: the assignment may be the one that is in force.
            continue;
        }
        if let Some(assignment) = inherited(&chain, narrowed.iter().copied()).first() {
            narrowed_only(&mut findings, assignment, &subscription.guid);
            continue;
        }
        findings.violate(Counterexample {
            object: subscription.id.clone(),
            path: "policyAssignments".to_owned(),
            seen: Value::Null,
            wanted: "an assignment in force at the subscription or above it".to_owned(),
            note: None,
            fix: Some(format!(
                "az policy assignment create --scope {} --policy-set-definition \
                 1f3afdf9-d0c9-4c3d-847f-89da613e70a8 --name security-benchmark",
                subscription.id
            )),
        });
    }
    if context.enabled_subscriptions().next().is_none() {
        findings = Findings::default();
        context.needs_subscriptions(&mut findings);
    }
    findings.verdict("the estate holds no enabled subscription")
}
