//! ID-6: legacy authentication is blocked.

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
        that block reach the client types `exchangeActiveSync` and `other` for all users and applications \
        without condition or exclusion; violated if no enabled policy blocks one of the two; anything between \
        needs the proof over all sign-ins, which this version does not make.",
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
    let blocking = |client: &str| policies.iter().filter(|policy| policy.blocks() && policy.covers_client(client)).count();
    let clients = ["exchangeActiveSync", "other"];
    let proven = clients.iter().all(|client| {
        policies.iter().any(|policy| {
            policy.blocks()
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
        findings.miss("the complete list of Conditional Access policies", None, graph::POLICIES, 1);
    }
    let open: Vec<&str> = clients.into_iter().filter(|client| blocking(client) == 0).collect();
    if open.is_empty() {
        findings.miss(
            "the proof over all sign-ins that no legacy client passes, made by the identity engine",
            None,
            graph::POLICIES,
            blocking("other"),
        );
    } else if listed && defaults == Some(false) {
        findings.violate(Counterexample {
            object: graph::DEFAULTS_OBJECT.to_owned(),
            path: "$.isEnabled".to_owned(),
            seen: Value::Bool(false),
            wanted: "true, or an enabled policy that blocks `exchangeActiveSync` and `other` clients".to_owned(),
            note: Some(format!("no enabled policy blocks {}", open.join(" and "))),
            fix: Some(super::id_2::switch_defaults(true)),
        });
    }
    findings.verdict("")
}
