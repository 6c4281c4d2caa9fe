//! ID-6: legacy authentication is blocked.

use azimuth_estate::directory::User;
use serde_json::Value;

use super::{GUIDANCE, graph};
use crate::context::{Context, SignInPolicy};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "ID-6",
    title: "Legacy authentication is blocked",
    area: Area::Identity,
    severity: Severity::High,
    why: "Old mail protocols send a name and a password and cannot ask for more. Whoever sprays passwords uses \
        them, because a second step never stands in the way.",
    evidence: &[
        EvidenceNeed { what: "Security defaults", command: graph::DEFAULTS },
        EvidenceNeed { what: "Conditional Access policies", command: graph::POLICIES },
    ],
    decided: "Security defaults block legacy authentication: proven. Without them, proven if enabled policies \
        that stop legacy clients reach the client types `exchangeActiveSync` and `other` for all users and \
        applications without condition or exclusion. A policy stops them if it blocks, or if it asks for any \
        control (MFA, a strength, a compliant device …): such clients can answer no prompt and show no device. \
        Violated if no enabled policy blocks one of the two client types and either none stops it or an \
        enabled user is left out by those that do; anything between needs the proof over all sign-ins, which \
        this version does not make.",
    fix: "Find out who still uses legacy protocols in the sign-in log, move them to modern clients, then enable \
        a Conditional Access policy that blocks the client types `Exchange ActiveSync clients` and `Other \
        clients` for all users; first in report-only.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Block legacy authentication with Conditional Access",
            url: "https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication",
        },
    ],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let directory = context.snapshot().directory();
    let defaults = directory.security_defaults();
    findings.check("settings of security defaults", usize::from(defaults.is_some()));
    if defaults == Some(true) {
        return findings.verdict("");
    }
    let policies: Vec<SignInPolicy<'_>> =
        directory.conditional_access().iter().map(SignInPolicy).filter(|policy| policy.is_enabled()).collect();
    findings.check("enabled Conditional Access policies", policies.len());
    let stopping = |client: &str| {
        policies.iter().filter(|policy| policy.stops_legacy_clients() && policy.covers_client(client)).count()
    };
    let clients = ["exchangeActiveSync", "other"];
    let proven = clients.iter().all(|client| {
        policies.iter().any(|policy| {
            policy.stops_legacy_clients()
                && policy.covers_client(client)
                && policy.covers_everyone()
                && policy.covers_all_applications()
                && policy.has_no_other_conditions()
        })
    });
    if proven {
        return findings.verdict("");
    }
    if defaults.is_none() {
        findings.miss("the state of security defaults", None, graph::DEFAULTS, 1);
    }
    let listed = context
        .snapshot()
        .evidence()
        .complete_collection("graph:/identity/conditionalaccess/policies");
    if !listed {
        graph::needs_policies(&mut findings);
    }
    // Where no policy blocks, whoever the others leave out is not stopped.
    let left_out = |client: &str| {
        let stops = |policy: &&SignInPolicy<'_>| policy.stops_legacy_clients() && policy.covers_client(client);
        directory.users().iter().find(|user| {
            user.enabled == Some(true)
                && !policies.iter().filter(stops).any(|policy| super::id_2::covers(context, *policy, user))
        })
    };
    let open: Vec<(&str, Option<&User>)> = clients
        .into_iter()
        .filter(|client| !policies.iter().any(|policy| policy.blocks() && policy.covers_client(client)))
        .map(|client| (client, left_out(client)))
        .filter(|(client, user)| user.is_some() || stopping(client) == 0)
        .collect();
    if open.is_empty() {
        findings.miss(
            "the proof over all sign-ins that no legacy client passes, made by the identity engine",
            None,
            graph::POLICIES,
            stopping("other"),
        );
    } else if listed && defaults == Some(false) {
        findings.violate(Counterexample {
            object: graph::DEFAULTS_OBJECT.to_owned(),
            path: "$.isEnabled".to_owned(),
            seen: Value::Bool(false),
            wanted: "true, or an enabled policy that stops `exchangeActiveSync` and `other` clients".to_owned(),
            note: Some(note(&open)),
            fix: Some(super::id_2::switch_defaults(true)),
        });
    }
    findings.verdict("")
}

fn note(open: &[(&str, Option<&User>)]) -> String {
    let clients: Vec<&str> = open.iter().map(|(client, _)| *client).collect();
    let note = format!("no enabled policy blocks {}", clients.join(" and "));
    match open.iter().find_map(|(_, user)| *user) {
        Some(user) => format!("{note}, and none stops it for {}", user.user_principal_name),
        None => note,
    }
}
