//! Exemptions that exempt nothing.

use jiff::Timestamp;

use super::{Findings, Workspace};
use crate::fold::eq;
use crate::governance::{Exemption, check_exemption, is_within};

pub(super) fn check(
    exemption: &Exemption,
    workspace: &Workspace,
    now: Timestamp,
    findings: &mut Findings<'_>,
) {
    let base = findings.entry.properties_path();
    for problem in check_exemption(exemption) {
        findings.add("exemption-problem", &base, problem);
    }
    match exemption.expires_on {
        Some(end) if end <= now => {
            findings.add(
                "exemption-expired",
                &format!("{base}.expiresOn"),
                format!("the exemption ended at {end}"),
            );
        }
        Some(_) => {}
        None => findings.add("exemption-without-end", &base, "the exemption never ends"),
    }
    if workspace.assignments().next().is_none() {
        return;
    }
    let assigned = workspace.assignments().find(|(_, known)| eq(&known.id, &exemption.assignment_id));
    let Some((_, assignment)) = assigned else {
        let message = format!("the assignment `{}` is not among the files", exemption.assignment_id);
        findings.add("exemption-assignment-missing", &format!("{base}.policyAssignmentId"), message);
        return;
    };
    if let Some((_, initiative)) = workspace.initiative(&assignment.definition_id) {
        for (index, id) in exemption.reference_ids.iter().enumerate() {
            if !initiative.references.iter().any(|reference| eq(&reference.reference_id, id)) {
                let at = format!("{base}.policyDefinitionReferenceIds[{index}]");
                findings.add(
                    "exemption-reference-unknown",
                    &at,
                    format!("the initiative has no reference `{id}`"),
                );
            }
        }
    }
    let scope = exemption.scope();
    if scope.is_empty() || !exemption.is_scope_validated {
        return;
    }
    let ancestors = workspace.ancestors(scope);
    // Where the hierarchy is not known, a management group may well be above.
    let is_known =
        !assignment.scope.to_ascii_lowercase().contains("/managementgroups/") || !ancestors.is_empty();
    let is_inside = is_within(scope, &assignment.scope, &ancestors);
    let is_left_out = assignment.not_scopes.iter().any(|left_out| is_within(scope, left_out, &ancestors));
    if (is_known && !is_inside) || is_left_out {
        let message = if is_left_out {
            format!("`{scope}` is left out of the assignment anyway")
        } else {
            format!("`{scope}` is not within `{}`", assignment.scope)
        };
        findings.add("exemption-outside-scope", &base, message);
    }
}
