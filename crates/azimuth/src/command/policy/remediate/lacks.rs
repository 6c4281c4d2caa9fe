//! What an identity lacks, in words, with the command that gives it.

use azimuth_ids::fold;
use azimuth_policy::{Lack, is_within};

use super::files::quoted;
use super::plan::{Planned, Question};
use crate::report::count;

/// Something that is missing, and what to do about it.
pub(super) struct Told {
    /// `identity`, `principal`, `roleDefinitionIds`, `role`, `action` or `access`.
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// A command, or `None` if there is nothing as simple.
    pub(super) command: Option<String>,
}

/// Everything a run lacks.
pub(super) fn told(planned: &Planned, question: &Question<'_>) -> Vec<Told> {
    planned.needs.lacks.iter().map(|lack| one(lack, planned, question)).collect()
}

fn one(lack: &Lack, planned: &Planned, question: &Question<'_>) -> Told {
    let assignment = &question.scan.governance().assignments()[planned.run.assignment];
    match lack {
        Lack::Identity => Told {
            kind: "identity",
            message: "the assignment has no managed identity to act with".to_owned(),
            command: Some(format!(
                "az policy assignment identity assign --system-assigned --name {} --scope {}",
                quoted(&assignment.name),
                quoted(&assignment.scope)
            )),
        },
        Lack::Principal => Told {
            kind: "principal",
            message: "the assignment has an identity, and the files do not tell its principal; its roles are unknown".to_owned(),
            command: Some(format!(
                "az policy assignment show --name {} --scope {}",
                quoted(&assignment.name),
                quoted(&assignment.scope)
            )),
        },
        Lack::RoleDefinitionIds => Told {
            kind: "roleDefinitionIds",
            message: "the definition names no role under `roleDefinitionIds`, so no assignment gives its identity one"
                .to_owned(),
            command: None,
        },
        Lack::Role { role, name, scope, steps } => {
            let wanted = name.as_deref().unwrap_or_else(|| last(role));
            // One assignment of the role where the policy is assigned serves all steps below.
            let above = question.surroundings.ancestors(&fold(scope)).to_vec();
            let at = if is_within(scope, &assignment.scope, &above) { &assignment.scope } else { scope };
            let command = planned.needs.principals.first().map(|principal| {
                format!(
                    "az role assignment create --assignee-object-id {} --assignee-principal-type ServicePrincipal --role {} --scope {}",
                    quoted(principal),
                    quoted(last(role)),
                    quoted(at)
                )
            });
            Told {
                kind: "role",
                message: format!(
                    "the identity does not hold the role `{wanted}` at `{scope}` ({})",
                    count(*steps, "step")
                ),
                command,
            }
        }
        Lack::Action { action, scope, steps, is_refused } => {
            let verb = if *is_refused { "may not" } else { "may perhaps not" };
            Told {
                kind: "action",
                message: format!("the identity {verb} do `{action}` at `{scope}` ({})", count(*steps, "step")),
                command: None,
            }
        }
        Lack::Access => Told {
            kind: "access",
            message: "the files hold no role assignments, so the roles of the identity are unknown".to_owned(),
            command: Some("az role assignment list --all > role-assignments.json".to_owned()),
        },
    }
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
