//! What a remediation run needs to be allowed to do, and what of that is missing.

use azimuth_access::condition::Attributes;
use azimuth_access::{AccessModel, Plane, Request, Scope, Verdict};

use super::{RemediationRun, RemediationStep, StepAction};
use crate::governance::{Assignment, Governance, is_within};

/// What a run needs.
#[derive(Debug)]
pub struct Needs {
    /// The principals that act: those of the assignment's identity.
    pub principals: Vec<String>,
    /// The roles that the definition names, as it names them.
    pub roles: Vec<String>,
    /// What is missing or cannot be said.
    pub lacks: Vec<Lack>,
}

/// Something that a run needs and does not have for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The assignment has no identity to act with.
    Identity,
    /// The assignment has an identity whose principal the document does not tell.
    Principal,
    /// The definition names no role.
    RoleDefinitionIds,
    /// The identity does not hold a role that the definition names where the steps run.
    Role {
        /// The role as the definition names it.
        role: String,
        /// The role's name, if it is known.
        name: Option<String>,
        /// The first scope where it is missing.
        scope: String,
        /// For how many steps.
        steps: usize,
    },
    /// The identity may not do what a step does, by whatever role.
    Action {
        /// The action.
        action: String,
        /// The first scope where it is refused.
        scope: String,
        /// For how many steps.
        steps: usize,
        /// Whether it is refused; otherwise that depends on something unknown.
        is_refused: bool,
    },
    /// Access in the estate is not known.
    Access,
}

/// What a run needs, and what of that is missing by the access model of the estate; `None`: access is not known.
pub fn remediation_needs(
    governance: &Governance,
    run: &RemediationRun,
    access: Option<&AccessModel<'_>>,
) -> Needs {
    let assignment = &governance.assignments()[run.assignment];
    let roles = roles(governance, run);
    let mut lacks = Vec::new();
    let kind = assignment.identity_type.as_deref().unwrap_or("None");
    if kind.eq_ignore_ascii_case("None") {
        lacks.push(Lack::Identity);
    } else if assignment.principal_ids.is_empty() {
        lacks.push(Lack::Principal);
    }
    if roles.is_empty() {
        lacks.push(Lack::RoleDefinitionIds);
    }
    match access {
        _ if assignment.principal_ids.is_empty() => {}
        None => lacks.push(Lack::Access),
        Some(model) => {
            missing_roles(assignment, &roles, &run.steps, model, &mut lacks);
            missing_actions(assignment, &run.steps, model, &mut lacks);
        }
    }
    Needs { principals: assignment.principal_ids.clone(), roles, lacks }
}

fn roles(governance: &Governance, run: &RemediationRun) -> Vec<String> {
    let details = &governance.program().policy(run.policy).definition().rule.details;
    let list = details.written("roleDefinitionIds").and_then(|list| list.as_array()).unwrap_or_default();
    list.iter().filter_map(|role| role.as_str().map(str::to_owned)).collect()
}

/// Where a step runs.
fn scope_of(step: &RemediationStep) -> &str {
    match &step.action {
        StepAction::Deploy(deployment) => &deployment.scope,
        StepAction::Change { .. } | StepAction::Fail(_) => &step.resource_id,
    }
}

fn missing_roles(
    assignment: &Assignment,
    roles: &[String],
    steps: &[RemediationStep],
    model: &AccessModel<'_>,
    lacks: &mut Vec<Lack>,
) {
    let guid = |role: &str| role.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let holdings: Vec<_> =
        assignment.principal_ids.iter().flat_map(|principal| model.what_can(principal).grants).collect();
    for role in roles {
        let held: Vec<&str> = holdings
            .iter()
            .filter(|grant| grant.assignment.role_guid().eq_ignore_ascii_case(&guid(role)))
            .map(|grant| grant.scope().as_str())
            .collect();
        let is_missing = |step: &&RemediationStep| {
            !held.iter().any(|scope| *scope == "/" || is_within(scope_of(step), scope, &step.ancestors))
        };
        let mut missing = steps.iter().filter(is_missing);
        if let Some(first) = missing.next() {
            lacks.push(Lack::Role {
                role: role.clone(),
                name: model.role(role).map(|role| role.name.to_string()),
                scope: scope_of(first).to_owned(),
                steps: 1 + missing.count(),
            });
        }
    }
}

/// The actions of a step and where each happens.
fn actions(step: &RemediationStep) -> Vec<(String, String)> {
    match &step.action {
        StepAction::Deploy(deployment) => {
            let deploying = ("Microsoft.Resources/deployments/write".to_owned(), deployment.scope.clone());
            let resources = deployment.resources.iter().map(|resource| {
                let place = if resource.is_id_resolved { &resource.id } else { &resource.scope };
                let kind = type_of_id(&resource.id).unwrap_or_else(|| resource.resource_type.clone());
                (format!("{kind}/write"), place.clone())
            });
            std::iter::once(deploying).chain(resources).collect()
        }
        StepAction::Change { is_tags_only: true, .. } => {
            vec![("Microsoft.Resources/tags/write".to_owned(), step.resource_id.clone())]
        }
        StepAction::Change { after, .. } => {
            let kind = after.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
            vec![(format!("{kind}/write"), step.resource_id.clone())]
        }
        StepAction::Fail(_) => Vec::new(),
    }
}

/// The type that an id ends in: templates write extension resources as `A.B/c/providers/d`, which is no type.
fn type_of_id(id: &str) -> Option<String> {
    let at = id.to_ascii_lowercase().rfind("/providers/")?;
    let mut parts = id[at + "/providers/".len()..].split('/');
    let mut kind = parts.next()?.to_owned();
    for part in parts.step_by(2) {
        kind.push('/');
        kind.push_str(part);
    }
    Some(kind)
}

fn missing_actions(
    assignment: &Assignment,
    steps: &[RemediationStep],
    model: &AccessModel<'_>,
    lacks: &mut Vec<Lack>,
) {
    let nothing = Attributes::unknown();
    let mut found: Vec<Lack> = Vec::new();
    for step in steps {
        for (action, place) in actions(step) {
            let Ok(scope) = Scope::parse(&place) else { continue };
            let best = assignment
                .principal_ids
                .iter()
                .map(|principal| {
                    let request = Request {
                        principal,
                        action: &action,
                        plane: Plane::Control,
                        scope: &scope,
                        attributes: &nothing,
                    };
                    model.check(&request).verdict
                })
                .max_by_key(|verdict| match verdict {
                    Verdict::Denied => 0,
                    Verdict::Conditional => 1,
                    Verdict::Allowed => 2,
                });
            let is_refused = match best {
                Some(Verdict::Allowed) => continue,
                Some(Verdict::Conditional) => false,
                Some(Verdict::Denied) | None => true,
            };
            let same = found.iter_mut().find_map(|lack| match lack {
                Lack::Action { action: known, steps, is_refused: refused, .. }
                    if *known == action && *refused == is_refused =>
                {
                    Some(steps)
                }
                _ => None,
            });
            match same {
                Some(steps) => *steps += 1,
                None => found.push(Lack::Action { action, scope: place, steps: 1, is_refused }),
            }
        }
    }
    lacks.append(&mut found);
}
