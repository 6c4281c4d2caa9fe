//! ID-4: suspicious actions on accounts are watched.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "ID-4",
    title: "Suspicious actions on accounts are watched",
    area: Area::Identity,
    severity: Severity::High,
    why: "A stolen account is most often seen by its own behaviour: a new country, an impossible \
        journey, a token used twice. If nobody is told, the thief has all the time he needs.",
    evidence: &[
        EvidenceNeed {
            what: "Risk detections of the directory",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/identityProtection/riskDetections'",
        },
        EvidenceNeed {
            what: "Who receives the alerts",
            command: "az rest --method get --url 'https://graph.microsoft.com/beta/identityProtection/settings/notifications'",
        },
    ],
    decided: "Needs risk detections with the time at which each was handled, and the recipients of \
        notifications, which this version does not read yet.",
    fix: "Turn on the alert on users at risk and the weekly digest, send detections to the SIEM, \
        and agree on a time within which each is confirmed or dismissed.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("risk detections and the time each was handled, read by the identity engine", "az rest --method get --url 'https://graph.microsoft.com/v1.0/identityProtection/riskDetections'"),
        ],
        &[],
        "",
    )
}
