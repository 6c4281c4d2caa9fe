//! TH-8: response to common incidents is automated and tried.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "TH-8",
    title: "Response to common incidents is automated and tried",
    area: Area::Threats,
    severity: Severity::Medium,
    why: "The first minutes decide how far an attack gets. A playbook that was never run fails \
        when it is needed.",
    evidence: &[
        EvidenceNeed {
            what: "Automation rules of the SIEM",
            command: "az sentinel automation-rule list --workspace-name {workspace} --resource-group {group}",
        },
        EvidenceNeed {
            what: "Runs of the playbooks",
            command: "az rest --method get --url '{workflow}/runs?api-version=2019-05-01'",
        },
    ],
    decided: "Needs recorded playbook runs and their last test, which this version does not read yet.",
    fix: "Write playbooks for the three most frequent incidents, test each every quarter, and let \
        an automation rule start them.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("recorded runs and tests of playbooks", "az rest --method get --url '{workflow}/runs?api-version=2019-05-01'"),
        ],
        &[],
        "",
    )
}
