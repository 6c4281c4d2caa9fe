//! MG-2: the top-level groups are the declared segments, and nothing else sits under the root.

use azimuth_estate::hierarchy::{HierarchyProblem, ManagementGroup};
use azimuth_ids::{DocumentKey, eq_fold};
use serde::Deserialize;
use serde_json::Value;

use super::{GUIDANCE, mg_1};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "MG-2",
    title: "Top-level groups follow the segments, and nothing else sits under the root",
    area: Area::Governance,
    severity: Severity::Low,
    why: "Segments are the walls of the house. A subscription directly under the root, or a group beside the \
        segments, stands outside of them: it gets the rules of no segment and nobody answers for it.",
    evidence: &[
        EvidenceNeed {
            what: "The management group hierarchy",
            command: "az account management-group show --name {root} --expand --recurse",
        },
        EvidenceNeed { what: "The declared segments", command: "azimuth assess --segments corp,online,sandbox" },
    ],
    decided: "Compares the groups below the root, by name or display name, with the declared segments. The \
        declaration is the document `azimuth:/declaration/segments` or the option `--segments`, which wins. A \
        subscription under the root, an undeclared group and a declared segment without a group are \
        violations.",
    fix: "Move subscriptions under the root into their segment, and either declare a new top-level group as a \
        segment or move it below one.",
    references: &[
        GUIDANCE,
        Reference {
            title: "What are Azure management groups",
            url: "https://learn.microsoft.com/azure/governance/management-groups/overview",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
struct Declaration {
    #[serde(default)]
    segments: Vec<String>,
}

fn declared(context: &Context<'_>) -> Option<Vec<String>> {
    if let Some(segments) = context.options().segments {
        return Some(segments.to_vec());
    }
    let key = DocumentKey::azimuth("declaration/segments").ok()?;
    context.snapshot().get(&key)?.read::<Declaration>().ok().map(|declaration| declaration.segments)
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(root) = mg_1::hierarchy(context, &mut findings) else {
        return findings.verdict("the tenant has no management groups");
    };
    let hierarchy = context.snapshot().hierarchy();
    let segments = declared(context);
    if segments.is_none() {
        findings.miss(
            "a declaration of the segments",
            None,
            "azimuth assess --segments <name>,<name>",
            hierarchy.children(root.name()).len().max(1),
        );
    }
    unplaced(&mut findings, context);
    for subscription in hierarchy.subscriptions_in(root.name()) {
        findings.check("subscriptions under the root", 1);
        findings.violate(Counterexample {
            object: format!("/subscriptions/{subscription}"),
            path: "$.properties.parent.id".to_owned(),
            seen: Value::from(root.id()),
            wanted: "a group of a segment".to_owned(),
            note: None,
            fix: Some(format!(
                "az account management-group subscription add --name '<group>' --subscription {subscription}"
            )),
        });
    }
    // A stand-in for a group without a record may stand anywhere: it is missing evidence, no finding.
    let mut children = hierarchy.children(root.name());
    children.retain(|child| hierarchy.group(child).is_some_and(ManagementGroup::is_known));
    findings.check("top-level groups", children.len());
    findings.check("root management groups", 1);
    let Some(segments) = segments else { return findings.verdict("") };
    let names = |group: &str| {
        let display = hierarchy.group(group).and_then(|group| group.display_name().map(str::to_owned));
        (group.to_owned(), display)
    };
    let is = |group: &str, segment: &str| {
        let (name, display) = names(group);
        eq_fold(&name, segment) || display.is_some_and(|display| eq_fold(&display, segment))
    };
    for child in &children {
        if segments.iter().any(|segment| is(child, segment)) {
            continue;
        }
        findings.violate(Counterexample {
            object: mg_1::group_id(child),
            path: "$.properties.details.parent.id".to_owned(),
            seen: Value::from(root.id()),
            wanted: "a declared segment as parent, or a declaration of this group as a segment".to_owned(),
            note: names(child).1.map(|display| format!("`{display}` is no declared segment")),
            fix: Some(format!("az account management-group update --name {child} --parent '<segment>'")),
        });
    }
    let absent: Vec<&str> = segments
        .iter()
        .filter(|segment| !children.iter().any(|child| is(child, segment)))
        .map(String::as_str)
        .collect();
    if !absent.is_empty() && context.lists(mg_1::GROUPS, &root.id()) {
        findings.violate(Counterexample {
            object: root.id(),
            path: "segments".to_owned(),
            seen: Value::from(children.clone()),
            wanted: format!("a group for each declared segment; missing: {}", absent.join(", ")),
            note: None,
            fix: Some(format!(
                "az account management-group create --name {} --parent {}",
                absent[0],
                root.name()
            )),
        });
    }
    findings.verdict("")
}

/// Notes groups that others refer to and that have no record: where they stand is not known.
pub(super) fn unplaced(findings: &mut Findings, context: &Context<'_>) {
    for problem in context.snapshot().hierarchy().problems() {
        let group = match problem {
            HierarchyProblem::MissingGroup { group, .. } | HierarchyProblem::SeveralParents { group, .. } => group,
            HierarchyProblem::Cycle { groups } => match groups.first() {
                Some(group) => group,
                None => continue,
            },
            HierarchyProblem::SeveralRoots { root, .. } => root,
            _ => continue,
        };
        findings.miss_once(
            "the place of a management group",
            Some(&mg_1::group_id(group)),
            format!("az account management-group show --name {group} --expand --recurse"),
        );
    }
}
