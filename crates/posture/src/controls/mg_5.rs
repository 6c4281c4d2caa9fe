//! MG-5: changes at the root are planned and tested first.

use azimuth_ids::eq_fold;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{GUIDANCE, mg_1};
use crate::body;
use crate::command;
use crate::context::{Assignment, Context, Earlier, POLICY_ASSIGNMENTS, changed_on, document, plain_id};
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "MG-5",
    title: "Changes at the root are planned and tested first",
    area: Area::Governance,
    severity: Severity::Medium,
    why: "What is assigned at the root reaches every resource within minutes. A trial on a copy of \
        the estate shows what would break before it does.",
    evidence: &[
        EvidenceNeed {
            what: "Policy assignments at the root group, with their metadata",
            command: "az policy assignment list --scope /providers/Microsoft.Management/managementGroups/{root}",
        },
        EvidenceNeed {
            what: "The custom definitions and sets that they assign, with their metadata",
            command: "az policy definition list --management-group {root}",
        },
        EvidenceNeed {
            what: "Impact runs on record, as the member `impactRuns` of a declaration",
            command: super::DECLARE_RUNS,
        },
    ],
    decided: "Each policy assignment in force at the root group must have been tried before its last change: the \
        declared `impactRuns` hold a run of this assignment, and of this definition where the run names one, at or \
        before the moment of the change, or the recorded history shows it unenforced with the same definition \
        first. The change is the latest of `updatedOn`, else `createdOn`, in the metadata of the assignment and \
        of the custom definitions and initiatives that it puts in place; a run must come after the change before, \
        where changes within a day are one. \
        Assignments that are not enforced, or do nothing, are trials themselves. Without a declaration of runs, or \
        without a moment, it is unknown. Role assignments at the root are judged by MG-4.",
    fix: "Run `azimuth policy impact` over the estate with the new assignment, or assign it unenforced first, read \
        what it would stop, and put the run on record with `--record` before the change is made.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(root) = mg_1::hierarchy(context, &mut findings) else {
        return findings.verdict("the tenant has no management groups");
    };
    let root = root.id();
    let policies = context.policies();
    for id in &policies.unreadable {
        context.unreadable(&mut findings, id);
    }
    if !context.lists(POLICY_ASSIGNMENTS, &root) {
        let command = command::list(&format!("az policy assignment list --scope {root}"), POLICY_ASSIGNMENTS);
        findings.miss_once("the complete list of policy assignments", Some(&root), command);
    }
    super::register_faults(context, &mut findings);
    findings.check("root management groups", 1);
    for assignment in policies.assignments.iter().filter(|one| eq_fold(&one.scope, &root)) {
        findings.check("policy assignments at the root", 1);
        if !assignment.in_force() {
            findings.check("of them not enforced", 1);
            continue;
        }
        if !assignment.is_active() {
            super::unresolved(&mut findings, assignment);
            continue;
        }
        judge(context, &mut findings, assignment);
    }
    findings.verdict("")
}

/// A change of what an assignment does: the object, the path of the moment in it, the moment.
#[derive(Clone)]
struct Change {
    object: String,
    path: &'static str,
    at: Timestamp,
}

fn path(member: &str) -> &'static str {
    match member {
        "updatedOn" => "$.properties.metadata.updatedOn",
        _ => "$.properties.metadata.createdOn",
    }
}

fn judge(context: &Context<'_>, findings: &mut Findings, assignment: &Assignment) {
    let changes = changes(context, assignment);
    let Some(change) = changes.first() else {
        findings.miss(
            "when a policy assignment at the root was last changed (its metadata)",
            Some(&assignment.id),
            super::show_assignment(assignment),
            1,
        );
        return;
    };
    if was_unenforced_first(context, assignment) {
        findings.check("of them tried unenforced first", 1);
        return;
    }
    let Some(runs) = &context.register().impact_runs else {
        findings.miss(
            "the impact runs on record, declared as `impactRuns`",
            None,
            super::DECLARE_RUNS,
            1,
        );
        return;
    };
    let definition = plain_id(&assignment.inner.definition_id);
    let mut own: Vec<Timestamp> = runs
        .iter()
        .filter(|run| eq_fold(&run.assignment, &assignment.id))
        .filter(|run| run.definition.as_deref().is_none_or(|tried| plain_id(tried) == definition))
        .map(|run| run.time)
        .collect();
    own.sort_unstable();
    let before = changes.iter().map(|one| one.at).find(|at| change.at.duration_since(*at) > ROLLOUT);
    if own.iter().any(|time| *time <= change.at && before.is_none_or(|before| *time > before)) {
        findings.check("of them with an impact run before the change", 1);
        return;
    }
    let note = match own.first() {
        None => "no impact run of this assignment is on record".to_owned(),
        Some(first) if *first > change.at => format!("its first impact run came after the change, at {first}"),
        Some(_) => "its impact runs tried what stood before the change before this one".to_owned(),
    };
    findings.violate(Counterexample {
        object: change.object.clone(),
        path: change.path.to_owned(),
        seen: Value::from(change.at.to_string()),
        wanted: "an impact run on record before the change".to_owned(),
        note: Some(format!("{note}; {} reaches the whole estate", assignment.id)),
        fix: Some(format!(
            "az policy assignment update --name {} --scope {} --enforcement-mode DoNotEnforce  # then azimuth policy \
             impact with --record, before the change is made again",
            assignment.id.rsplit('/').next().unwrap_or_default(),
            assignment.scope
        )),
    });
}

/// Changes of one rollout: a definition and the assignment that puts it in place are written one after the other.
const ROLLOUT: SignedDuration = SignedDuration::from_hours(24);

/// The changes that are known, the last one first; none if the assignment itself does not say.
fn changes(context: &Context<'_>, assignment: &Assignment) -> Vec<Change> {
    let Some((member, at)) = assignment.changed_on() else { return Vec::new() };
    let own = Change { object: assignment.id.clone(), path: path(member), at };
    let parts = assignment.parts.iter().filter(|part| part.is_active()).map(|part| part.definition_id.as_str());
    let assigned = std::iter::once(assignment.inner.definition_id.as_str()).chain(parts);
    // Built-ins change with their provider; nobody here decides when.
    let custom = assigned.filter(|id| !plain_id(id).starts_with("/providers/microsoft.authorization/"));
    let of_definitions = custom.filter_map(|id| {
        let entry = document(context.snapshot(), id)?;
        let (member, at) = changed_on(&body::metadata(entry.body())?)?;
        Some(Change { object: entry.id().into_owned(), path: path(member), at })
    });
    let recorded = recorded_changes(context, assignment).into_iter().map(|at| Change { at, ..own.clone() });
    let mut all: Vec<Change> = std::iter::once(own.clone()).chain(of_definitions).chain(recorded).collect();
    // Stable: the assignment's own moment comes before a definition's at the same one.
    all.sort_by_key(|change| std::cmp::Reverse(change.at));
    all
}

/// The moments of the recorded versions of an assignment.
fn recorded_changes(context: &Context<'_>, assignment: &Assignment) -> Vec<Timestamp> {
    let versions = context.options().history.map(|history| history.versions(&assignment.key)).unwrap_or_default();
    let bodies = versions.iter().filter(|version| version.time <= context.options().as_of);
    let bodies = bodies.filter_map(|version| version.body.as_deref());
    bodies.filter_map(|text| Some(changed_on(&body::metadata(text)?)?.1)).collect()
}

/// Whether the recorded history shows the assignment unenforced, with the definition that it has now.
fn was_unenforced_first(context: &Context<'_>, assignment: &Assignment) -> bool {
    let Some(history) = context.options().history else { return false };
    let definition = plain_id(&assignment.inner.definition_id);
    let versions = history.versions(&assignment.key);
    let before = versions.iter().filter(|version| version.time <= context.options().as_of);
    before.filter_map(|version| version.body.as_deref()).any(|body| {
        Earlier::read(context.snapshot(), assignment, body)
            .is_some_and(|earlier| !earlier.in_force && earlier.definition == definition)
    })
}
