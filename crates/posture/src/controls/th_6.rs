//! TH-6: Azure logs reach the SIEM.

use std::sync::LazyLock;

use azimuth_estate::Entry;
use serde_json::{Value, json};

use super::GUIDANCE;
use crate::command;
use crate::context::{Context, DIAGNOSTIC_SETTINGS, Setting, Subscription};
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
        `diagnostic-types.json`; storage and flow logs have controls of their own) must have a diagnostic \
        setting with an enabled log and a Log Analytics workspace. The activity log of each enabled \
        subscription must send the categories Administrative and Security to a workspace, by name or by a \
        group of categories; several settings add up. The system database `master` is left out.",
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
        activity_log(context, &mut findings, subscription);
    }
    for kind in TYPES.iter() {
        for entry in context.snapshot().of_type(kind) {
            if entry.name() == "master" && entry.kind() == "microsoft.sql/servers/databases" {
                continue;
            }
            findings.check("resources with resource logs", 1);
            if !context.diagnostics().on(entry.key()).iter().any(Setting::sends_logs_to_workspace) {
                resource(context, &mut findings, entry);
            }
        }
    }
    context.needs_subscriptions(&mut findings);
    let kinds: Vec<&str> = TYPES.iter().map(String::as_str).collect();
    context.needs_resources(&mut findings, &kinds);
    findings.verdict("the estate holds no subscription and no resource with logs")
}

/// Categories of the activity log that tell who changed what and what was attacked.
const ACTIVITY: [&str; 2] = ["Administrative", "Security"];

fn activity_log(context: &Context<'_>, findings: &mut Findings, subscription: &Subscription) {
    let Subscription { id, guid, .. } = subscription;
    let key = format!("/subscriptions/{guid}");
    let settings = context.diagnostics().on(&key);
    let sent: Vec<&str> = ACTIVITY
        .into_iter()
        .filter(|category| settings.iter().any(|setting| setting.sends_activity_to_workspace(category)))
        .collect();
    if sent.len() == ACTIVITY.len() {
        return;
    }
    if !context.knows_settings(&key) {
        let az = format!("az monitor diagnostic-settings subscription list --subscription {guid}");
        let command = command::list_of(guid, &az, DIAGNOSTIC_SETTINGS);
        findings.miss("the diagnostic settings of the activity log", Some(id), command, 1);
        return;
    }
    findings.violate(Counterexample {
        object: id.clone(),
        path: "diagnosticSettings".to_owned(),
        seen: if settings.is_empty() { Value::Null } else { json!(sent) },
        wanted: "the categories Administrative and Security of the activity log sent to a workspace".to_owned(),
        note: (!settings.is_empty()).then(|| "settings exist, but they do not send both to a workspace".to_owned()),
        fix: Some(format!(
            "az monitor diagnostic-settings subscription create --name activity-to-siem --location westeurope \
             --subscription {guid} --workspace '<workspace>' --logs '[{{\"category\":\"Administrative\",\
             \"enabled\":true}},{{\"category\":\"Security\",\"enabled\":true}}]'"
        )),
    });
}

fn resource(context: &Context<'_>, findings: &mut Findings, entry: Entry<'_>) {
    let settings = context.diagnostics().on(entry.key());
    if !context.knows_settings(entry.key()) {
        let guid = entry.subscription_id().unwrap_or_default();
        let command = format!("azimuth collect --out exports --subscription {guid}");
        let scope = format!("/subscriptions/{guid}");
        findings.miss("the diagnostic settings of resources", Some(&scope), command, 1);
        return;
    }
    let object = entry.id().into_owned();
    findings.violate(Counterexample {
        path: "diagnosticSettings".to_owned(),
        seen: if settings.is_empty() { Value::Null } else { json!(settings.len()) },
        wanted: "a setting with an enabled log and a workspace".to_owned(),
        note: (!settings.is_empty()).then(|| "settings exist, but none sends a log to a workspace".to_owned()),
        fix: Some(format!(
            "az monitor diagnostic-settings create --name logs-to-siem --resource {object} --workspace \
             '<workspace>' --logs '[{{\"categoryGroup\":\"allLogs\",\"enabled\":true}}]'"
        )),
        object,
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
