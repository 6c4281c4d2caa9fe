//! MG-3: at most three levels of management groups.

use azimuth_estate::hierarchy::ManagementGroup;
use serde_json::Value;

use super::{GUIDANCE, mg_1, mg_2};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "MG-3",
    title: "The hierarchy has at most three levels of management groups, the root included",
    area: Area::Governance,
    severity: Severity::Low,
    why: "Each level is one more place where an assignment may come from. Beyond three, people stop being able \
        to say what applies to a subscription.",
    evidence: &[EvidenceNeed {
        what: "The management group hierarchy",
        command: "az account management-group show --name {root} --expand --recurse",
    }],
    decided: "The root is level 1. Each group at a deeper level than the limit (3 unless set otherwise) is a \
        violation; subscriptions are not counted as a level.",
    fix: "Fold groups that differ in one assignment into their parent and express the difference by the \
        assignment's scope or by tags.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    mg_1::hierarchy(context, &mut findings);
    mg_2::unplaced(&mut findings, context);
    let hierarchy = context.snapshot().hierarchy();
    let limit = context.options().maximum_levels;
    for group in hierarchy.groups() {
        findings.check("management groups", 1);
        let level = group.depth() + 1;
        if level <= limit {
            continue;
        }
        let parent = hierarchy.parent(group.name());
        let mut path: Vec<&str> = hierarchy.above(group.name()).map(ManagementGroup::name).collect();
        path.reverse();
        findings.violate(Counterexample {
            object: group.id(),
            path: "$.properties.details.parent.id".to_owned(),
            seen: parent.map_or(Value::Null, |parent| Value::from(parent.id())),
            wanted: format!("a parent at level {} or above", limit.saturating_sub(1)),
            note: Some(format!("level {level}: {} / {}", path.join(" / "), group.name())),
            fix: Some(format!(
                "az account management-group update --name {} --parent '<group at level {}>'",
                group.name(),
                limit.saturating_sub(1)
            )),
        });
    }
    findings.verdict("the tenant has no management groups")
}
