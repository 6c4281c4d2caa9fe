//! The catalogue: one file per control, in the order of the guidance.
//!
//! Adding a control: write `src/controls/{id}.rs` with a `CONTROL` constant, name it in `CONTROLS`, add its
//! cases to `tests/cases/{id}.json`, and run `cargo test -p azimuth-posture` with `BLESS=1` to renew
//! `docs/controls.md`.

use crate::context::{Assignment, Context, Gap, Place, Reach};
use crate::control::{Control, Reference};
use crate::verdict::{Findings, Verdict};

macro_rules! catalogue {
    ($($module:ident)*) => {
        $(mod $module;)*
        static CONTROLS: [Control; [$(stringify!($module)),*].len()] = [$($module::CONTROL),*];
    };
}

catalogue! {
    id_1 id_2 id_3 id_4 id_5 id_6
    no_1
    mg_1 mg_2 mg_3 mg_4 mg_5
    bp_1
    po_1 po_2 po_3 po_4
    st_1
    th_1 th_2 th_3 th_4 th_5 th_6 th_7 th_8
    nw_1 nw_2 nw_3 nw_4
    do_1 do_2 do_3 do_4 do_5
    dd_1 dd_2 dd_3 dd_4
    rr_1
}

/// Every control in the order of the guidance.
pub fn controls() -> &'static [Control] {
    &CONTROLS
}

/// The control with an id, in any case.
pub fn control(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.id.eq_ignore_ascii_case(id))
}

/// The id nearest to a mistyped one, for a hint; `None` if nothing comes near.
pub fn nearest_control(id: &str) -> Option<&'static str> {
    let wanted = plain(id);
    let distances = CONTROLS.iter().map(|control| (distance(&wanted, &plain(control.id)), control.id));
    distances.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= 1).map(|(_, id)| id)
}

/// Letters and digits only, in upper case: `nw4` and `NW_4` are near to `NW-4`.
fn plain(id: &str) -> Vec<char> {
    id.chars()
        .take(16)
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// The number of letters to insert, delete, replace or swap with a neighbour.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left[i - 1] == *b && right[j - 1] == *a {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

/// The guidance that the catalogue follows.
const GUIDANCE: Reference = Reference {
    title: "Azure operational security best practices",
    url: "https://learn.microsoft.com/azure/security/fundamentals/operational-best-practices",
};

/// Graph collections and how to read them to the end.
mod graph {
    use crate::verdict::Findings;

    pub(super) const USERS: &str = "az rest --method get --url 'https://graph.microsoft.com/v1.0/users?$select=id,userPrincipalName,displayName,userType,accountEnabled&$top=999'";
    pub(super) const REGISTRATION: &str = "az rest --method get --url 'https://graph.microsoft.com/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999'";
    pub(super) const POLICIES: &str =
        "az rest --method get --url 'https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies'";
    pub(super) const DEFAULTS: &str = "az rest --method get --url 'https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy'";
    pub(super) const PER_USER: &str = "az rest --method get --url 'https://graph.microsoft.com/beta/users/{id}/authentication/requirements'";
    /// The command that brings a complete collection.
    pub(super) fn list(command: &str, collection: &str) -> String {
        crate::command::list(command, collection)
    }

    /// Notes that the policies are not known to be all.
    pub(super) fn needs_policies(findings: &mut Findings) {
        let command = list(POLICIES, "graph:/identity/conditionalAccess/policies");
        findings.miss_once("the complete list of Conditional Access policies", None, command);
    }

    /// Notes users whose per-user state is not known.
    pub(super) fn needs_per_user_states(findings: &mut Findings, users: usize) {
        let command = list(PER_USER, "graph:/users/authentication/requirements");
        findings.miss("the per-user MFA state of each user", None, command, users.max(1));
    }

    /// The object of findings about the tenant's choice of an option.
    pub(super) const DEFAULTS_OBJECT: &str = "graph:/policies/identitySecurityDefaultsEnforcementPolicy";
}

/// The end of a control whose evidence this version does not read: unknown with each thing it would need, or
/// not applicable if the estate is known to hold none of the resource types that it speaks of.
fn undecided(
    context: &Context<'_>,
    needs: &[(&str, &str)],
    subjects: &[(&str, &str)],
    nothing: &str,
) -> Verdict {
    let mut findings = Findings::default();
    let mut lists = Findings::default();
    let mut waiting = 0;
    for (kind, what) in subjects {
        let count = context.snapshot().of_type(kind).len();
        findings.check(what, count);
        waiting += count;
        context.needs_list(&mut lists, kind, what);
    }
    let none_exist = !subjects.is_empty() && waiting == 0 && lists.is_clean();
    if !none_exist {
        for (what, command) in needs {
            // The command brings the evidence; saying that it would decide the control today would not be true.
            let what = format!("{what} (not judged by this version yet)");
            findings.miss(what, None, *command, waiting.max(1));
        }
    }
    findings.verdict(nothing)
}

/// How impact runs are put on record.
const DECLARE_RUNS: &str =
    "azimuth policy impact exports --with assignment.json --record exports/impact-runs.json";

/// How the written rules are declared.
const DECLARE_RULES: &str = "azimuth controls PO-4  # then keep, among the exports, {\"azimuth\":\"document/1\",\"key\":\"azimuth:/declaration/rules\",\
    \"body\":{\"rules\":[{\"id\":\"<rule>\",\"title\":\"<text>\",\"wanted\":\"deny\",\"example\":{\"type\":\"<type>\",\"properties\":{}}}]}}";

/// The command that shows an assignment with its metadata.
fn show_assignment(assignment: &Assignment) -> String {
    let name = assignment.id.rsplit('/').next().unwrap_or_default();
    format!("az policy assignment show --name {name} --scope {}", assignment.scope)
}

/// Notes the definitions of an assignment whose effect is not known, each with the command that exports it.
fn unresolved(findings: &mut Findings, assignment: &Assignment) {
    for (id, gap) in assignment.gaps() {
        let what = match gap {
            Gap::Absent => "a policy definition whose effect can be worked out".to_owned(),
            Gap::Faulty(why) => {
                format!("a policy definition whose effect can be worked out, which this one lacks: {why}")
            }
            Gap::Effect => {
                let command = show_assignment(assignment);
                let what = "a policy whose effect can be worked out: the assignment gives no value for it";
                findings.miss(what, Some(&assignment.id), command, 1);
                continue;
            }
        };
        findings.miss(what, Some(id), show_definition(id), 1);
    }
}

/// The command that exports a definition or initiative. Built-in ones are exported too: the engine has none of its own.
fn show_definition(id: &str) -> String {
    let folded = azimuth_ids::fold(id);
    let noun = if folded.contains("/policysetdefinitions/") { "set-definition" } else { "definition" };
    let plain = id.split("/versions/").next().unwrap_or(id);
    let name = plain.rsplit('/').next().unwrap_or_default();
    let parent = azimuth_ids::IdRef::parse(plain).ok().and_then(azimuth_ids::IdRef::parent);
    let parent = parent.map(|parent| parent.as_str().to_owned()).unwrap_or_default();
    let last = parent.rsplit('/').next().unwrap_or_default();
    let place = match azimuth_ids::fold(&parent) {
        parent if parent.starts_with("/providers/") => format!(" --management-group {last}"),
        parent if parent.starts_with("/subscriptions/") => format!(" --subscription {last}"),
        _ => String::new(),
    };
    format!(
        "{}  # or: az policy {noun} show --name {name}{place} > exports/{name}.json",
        crate::command::COLLECT
    )
}

/// Notes declarations of rules or impact runs that cannot be read.
fn register_faults(context: &Context<'_>, findings: &mut Findings) {
    for (key, why) in &context.register().faults {
        let what = format!("a readable declaration: {why}");
        findings.miss(what, Some(key), format!("{DECLARE_RULES}  # or: {DECLARE_RUNS}"), 1);
    }
}

/// What the assignments of an estate come to at a place.
enum Coverage<'a> {
    /// One governs it.
    Governed,
    /// Nothing does but what these assignments select.
    Narrowed(Vec<&'a Assignment>),
    /// One would if a definition that is not known does anything.
    Unresolved(Vec<&'a Assignment>),
    /// Nothing does.
    Nothing,
}

fn coverage<'a>(context: &'a Context<'_>, place: &Place) -> Coverage<'a> {
    let policies = context.policies();
    let mut narrowed = Vec::new();
    let mut unresolved = Vec::new();
    for assignment in &policies.assignments {
        match policies.reach(assignment, place, context.options().as_of) {
            Reach::Governs => return Coverage::Governed,
            Reach::Narrowed => narrowed.push(assignment),
            Reach::Unresolved => unresolved.push(assignment),
            Reach::Blunted(_) | Reach::Elsewhere => {}
        }
    }
    match (unresolved.is_empty(), narrowed.is_empty()) {
        (false, _) => Coverage::Unresolved(unresolved),
        (true, false) => Coverage::Narrowed(narrowed),
        (true, true) => Coverage::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_any_case_and_near_misses_are_named() {
        assert_eq!(control("nw-4").map(|control| control.id), Some("NW-4"));
        assert!(control("NW4").is_none());
        assert_eq!(nearest_control("nw4"), Some("NW-4"));
        assert_eq!(nearest_control("WN-4"), Some("NW-4"));
        assert_eq!(nearest_control("teapot"), None);
    }

    #[test]
    fn every_control_has_all_its_texts() {
        for control in controls() {
            let texts = [control.title, control.why, control.decided, control.fix];
            assert!(texts.iter().all(|text| text.len() > 20), "{}", control.id);
            assert!(!control.evidence.is_empty() && !control.references.is_empty(), "{}", control.id);
            assert!(
                control.evidence.iter().all(|need| !need.what.is_empty() && !need.command.is_empty()),
                "{}",
                control.id
            );
        }
    }

    #[test]
    fn ids_are_unique_and_follow_the_guidance() {
        let ids: Vec<&str> = controls().iter().map(|control| control.id).collect();
        assert_eq!(ids.len(), 40);
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        assert_eq!((ids[0], ids[39]), ("ID-1", "RR-1"));
    }
}
