//! PO-4: each policy stands for a rule of the organisation, and each rule has its policy.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "PO-4",
    title: "Each policy stands for a rule of the organisation, and each rule has its policy",
    area: Area::Governance,
    severity: Severity::Low,
    why: "Rules on paper that nothing enforces give false comfort; enforcement that no rule asks \
        for meets resistance. The mapping shows both.",
    evidence: &[
        EvidenceNeed {
            what: "Policy definitions with their mapping in metadata",
            command: "az policy definition list --management-group {root}",
        },
    ],
    decided: "Needs the register that maps written rules to definitions both ways, which this version \
        does not read yet.",
    fix: "Write the identifier of the rule into the metadata of each definition and list the rules \
        without a definition.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("the register of written rules and the definitions that stand for them", "az policy definition list --management-group {root}"),
        ],
        &[],
        "",
    )
}
