//! TH-6: Azure logs reach the SIEM.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::GUIDANCE;
use crate::context::{Context, DIAGNOSTIC_SETTINGS, Setting};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "TH-6",
    title: "Resource and activity logs reach the SIEM",
    area: Area::Threats,
    severity: Severity::High,
    why: "What is not collected cannot be searched, and after an incident it is too late to begin. The activity \
        log tells who changed what; resource logs tell who used it.",
    evidence: &[
        EvidenceNeed { what: "All resources", command: "az resource list --subscription {s}" },
        EvidenceNeed {
            what: "Diagnostic settings of each resource",
            command: "az monitor diagnostic-settings list --resource {resource}",
        },
        EvidenceNeed {
            what: "Diagnostic settings of each subscription's activity log",
            command: "az monitor diagnostic-settings subscription list --subscription {s}",
        },
    ],
    decided: "Each resource of a type with security-relevant resource logs (the list ships with the program as \
        `diagnostic-types.json`; storage and flow logs have controls of their own) and each enabled \
        subscription must have a diagnostic setting with an enabled log and a Log Analytics workspace. The \
        system database `master` is left out.",
    fix: "Send the activity log of each subscription to the workspace of the SIEM, and let a deployIfNotExists \
        initiative create diagnostic settings for each resource type.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Diagnostic settings in Azure Monitor",
            url: "https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings",
        },
    ],
    decide,
};

static TYPES: LazyLock<Vec<String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/diagnostic-types.json")).expect("the file is tested to be a list")
});

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    for id in &context.diagnostics().unreadable {
        context.unreadable(&mut findings, id);
    }
    for subscription in context.enabled_subscriptions() {
        findings.check("activity logs of subscriptions", 1);
        let key = format!("/subscriptions/{}", subscription.guid);
        judge(context, &mut findings, &key, &subscription.id, &subscription.id);
    }
    for kind in TYPES.iter() {
        for entry in context.snapshot().of_type(kind) {
            if entry.name() == "master" && entry.kind() == "microsoft.sql/servers/databases" {
                continue;
            }
            findings.check("resources with resource logs", 1);
            if context.diagnostics().on(entry.key()).iter().any(Setting::sends_logs_to_workspace) {
                continue;
            }
            let subscription = format!("/subscriptions/{}", entry.subscription_id().unwrap_or_default());
            judge(context, &mut findings, entry.key(), &entry.id(), &subscription);
        }
    }
    context.needs_subscriptions(&mut findings);
    for subscription in context.enabled_subscriptions() {
        let unlisted = TYPES.iter().filter(|kind| !context.lists_tracked(kind, &subscription.id)).count();
        if unlisted > 0 {
            let command = format!("az resource list --subscription {}", subscription.guid);
            findings.miss("the complete list of resources", Some(&subscription.id), command, 1);
        }
    }
    findings.verdict("the estate holds no subscription and no resource with logs")
}

fn judge(context: &Context<'_>, findings: &mut Findings, key: &str, object: &str, subscription: &str) {
    let settings = context.diagnostics().on(key);
    if settings.iter().any(Setting::sends_logs_to_workspace) {
        return;
    }
    let on_subscription = object == subscription;
    if !context.lists(DIAGNOSTIC_SETTINGS, key) {
        let guid = subscription.rsplit('/').next().unwrap_or_default();
        if on_subscription {
            let command = format!("az monitor diagnostic-settings subscription list --subscription {guid}");
            findings.miss("the diagnostic settings of the activity log", Some(subscription), command, 1);
        } else {
            let command = format!("azimuth collect --subscription {guid}");
            findings.miss("the diagnostic settings of resources", Some(subscription), command, 1);
        }
        return;
    }
    let fix = if on_subscription {
        format!(
            "az monitor diagnostic-settings subscription create --name activity-to-siem --location westeurope \
             --subscription {} --workspace '<workspace>' --logs '[{{\"category\":\"Administrative\",\
             \"enabled\":true}},{{\"category\":\"Security\",\"enabled\":true}}]'",
            subscription.rsplit('/').next().unwrap_or_default()
        )
    } else {
        format!(
            "az monitor diagnostic-settings create --name logs-to-siem --resource {object} --workspace \
             '<workspace>' --logs '[{{\"categoryGroup\":\"allLogs\",\"enabled\":true}}]'"
        )
    };
    findings.violate(Counterexample {
        object: object.to_owned(),
        path: "diagnosticSettings".to_owned(),
        seen: if settings.is_empty() { Value::Null } else { json!(settings.len()) },
        wanted: "a setting with an enabled log and a workspace".to_owned(),
        note: (!settings.is_empty()).then(|| "settings exist, but none sends a log to a workspace".to_owned()),
        fix: Some(fix),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_types_is_sorted_and_well_formed() {
        let folded: Vec<String> = TYPES.iter().map(|kind| kind.to_ascii_lowercase()).collect();
        assert!(folded.is_sorted());
        assert!(folded.iter().all(|kind| kind.starts_with("microsoft.") && kind.contains('/')));
    }
}
