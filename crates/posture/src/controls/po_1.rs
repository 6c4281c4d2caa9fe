//! PO-1: policy is on for every subscription.

use azimuth_estate::evidence::ALL_RESOURCES;
use serde_json::Value;

use super::{Coverage, GUIDANCE, coverage, mg_1, unresolved};
use crate::command;
use crate::context::{Assignment, Context, POLICY_ASSIGNMENTS, Subscription, unselected};
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
        EvidenceNeed { what: "The assigned definitions and sets, built-in ones too", command: "az policy definition list" },
        EvidenceNeed {
            what: "Policy exemptions",
            command: "az policy exemption list --disable-scope-strict-match --subscription {s}",
        },
        EvidenceNeed {
            what: "The management group hierarchy",
            command: "az account management-group show --name {root} --expand --recurse",
        },
    ],
    decided: "Each enabled subscription must be governed: an assignment at the subscription or a management group \
        above it, with enforcement mode `Default`, must put a policy in force there whose effect, worked out through \
        initiatives, parameters and overrides, is not `disabled`. An exclusion (`notScopes`) or an exemption that \
        has not run out takes the subscription out, whatever the assignment is called. Assignments at resource \
        groups do not count. If resource selectors narrow every assignment above a subscription, each of its \
        resources must be selected; without resources, or with selectors by caller or share, it is unknown. A \
        definition that is not in the estate is missing evidence, built-in ones too. What the policies say about \
        each resource is evaluated afresh by `azimuth policy scan`.",
    fix: "Assign the Microsoft cloud security benchmark initiative at a management group above all \
        subscriptions, and remove exclusions that have outlived their reason.",
    references: &[GUIDANCE],
    decide,
};

/// Notes that only assignments narrowed by resource selectors reach a scope; whether they select anything there is
/// told by what the service has evaluated.
fn narrowed_only(findings: &mut Findings, assignment: &Assignment, subscription: &str) {
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
    let policies = context.policies();
    for id in policies.unreadable.iter().chain(&policies.unreadable_exemptions) {
        context.unreadable(&mut findings, id);
    }
    let in_force = policies.assignments.iter().filter(|assignment| assignment.in_force());
    let (narrowed, whole): (Vec<_>, Vec<_>) = in_force.partition(|assignment| assignment.is_narrowed());
    findings.check("policy assignments in force", whole.len());
    findings.check("policy assignments in force for selected resources only", narrowed.len());
    findings.check("policy exemptions", policies.exemptions().count());
    for subscription in context.enabled_subscriptions() {
        findings.check("enabled subscriptions", 1);
        judge(context, &mut findings, subscription);
    }
    if context.enabled_subscriptions().next().is_none() {
        findings = Findings::default();
        context.needs_subscriptions(&mut findings);
    }
    findings.verdict("the estate holds no enabled subscription")
}

fn judge(context: &Context<'_>, findings: &mut Findings, subscription: &Subscription) {
    let hierarchy = context.snapshot().hierarchy();
    let policies = context.policies();
    let place = context.place(subscription);
    let coverage = coverage(context, &place);
    if matches!(coverage, Coverage::Governed) {
        context.needs_exemptions(findings, &place);
        return;
    }
    let certain = hierarchy.certain_ancestors_of_subscription(&subscription.guid).is_some()
        || hierarchy.is_empty() && context.lists(mg_1::GROUPS, "/");
    if !certain {
        let az = "az account management-group show --name '{root}' --expand --recurse";
        let command = command::list(az, mg_1::GROUPS);
        findings.miss("the management groups above the subscription", Some(&subscription.id), command, 1);
        return;
    }
    if let Some(at) = place.chain().find(|at| !context.lists(POLICY_ASSIGNMENTS, at)) {
        let az = format!("az policy assignment list --scope {at}");
        let command = command::list(&az, POLICY_ASSIGNMENTS);
        findings.miss("the complete list of policy assignments", Some(at), command, 1);
        return;
    }
    if policies.is_unread_at(&place) {
        // Noted above: the assignment may be the one that is in force.
        return;
    }
    let slipping = match coverage {
        Coverage::Governed => return,
        Coverage::Unresolved(assignments) => {
            for assignment in assignments {
                unresolved(findings, assignment);
            }
            return;
        }
        Coverage::Narrowed(assignments) => match unselected(context.snapshot(), &subscription.id, &assignments) {
            Ok(Some(entry)) => Some(format!("no resource selector takes {}", entry.id())),
            Ok(None) if context.lists(ALL_RESOURCES, &subscription.id) => {
                context.needs_exemptions(findings, &place);
                return;
            }
            Ok(None) | Err(()) => return narrowed_only(findings, assignments[0], &subscription.guid),
        },
        Coverage::Nothing => None,
    };
    findings.violate(Counterexample {
        object: subscription.id.clone(),
        path: "policyAssignments".to_owned(),
        seen: Value::Null,
        wanted: "an assignment in force at the subscription or above it".to_owned(),
        note: slipping.or_else(|| policies.why_not(&place, context.options().as_of)),
        fix: Some(format!(
            "az policy assignment create --scope {} --policy-set-definition \
             1f3afdf9-d0c9-4c3d-847f-89da613e70a8 --name security-benchmark",
            subscription.id
        )),
    });
}
