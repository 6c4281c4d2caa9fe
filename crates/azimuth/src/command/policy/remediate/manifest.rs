//! The manifest of a run: everything that a program or a reviewer needs, and no script.

use azimuth_policy::{Delta, Deployment, Lack, LeftOut, RemediationStep, StepAction, deltas};
use serde_json::{Value, json};

use super::files::{Files, Sent, before, quoted};
use super::lacks;
use super::plan::{Plan, Planned, Question};
use crate::command::policy::scan::rows::reason_code;

/// The manifest. Paths of files and commands are relative to the folder it lies in.
pub(super) fn manifest(plan: &Plan, question: &Question<'_>, files: &Files) -> Value {
    let runs: Vec<Value> = plan
        .runs
        .iter()
        .enumerate()
        .map(|(number, planned)| run_json(planned, number, question, files))
        .collect();
    let refused: Vec<Value> = plan
        .refused
        .iter()
        .map(|(policy, reason)| {
            let context = question.scan.governance().program().policy(*policy).context();
            json!({
                "policyAssignmentId": context.assignment_id, "policyDefinitionId": context.definition_id,
                "policyDefinitionReferenceId": context.definition_reference_id, "reason": reason,
            })
        })
        .collect();
    json!({
        "schema": "azimuth.policy.remediation/1",
        "asOf": question.surroundings.now().to_string(),
        "summary": {
            "policies": plan.runs.len(), "steps": plan.steps(),
            "failing": plan.runs.iter().map(|planned| planned.run.failures()).sum::<usize>(),
        },
        "runs": runs,
        "refused": refused,
    })
}

fn run_json(planned: &Planned, number: usize, question: &Question<'_>, files: &Files) -> Value {
    let governance = question.scan.governance();
    let assignment = &governance.assignments()[planned.run.assignment];
    let violation = governance.violation(planned.run.policy, &[]);
    let roles: Vec<Value> = planned
        .needs
        .roles
        .iter()
        .zip(&planned.role_names)
        .map(|(role, name)| json!({"roleDefinitionId": role, "name": name, "isHeld": is_held(planned, role)}))
        .collect();
    let lacks: Vec<Value> = lacks::told(planned, question)
        .iter()
        .map(|lack| json!({"kind": lack.kind, "message": lack.message, "command": lack.command}))
        .collect();
    let steps: Vec<Value> = planned
        .run
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| step_json(step, files.sent(number, at), question))
        .collect();
    let left_out: Vec<Value> = planned
        .run
        .left_out
        .iter()
        .map(|(id, reason)| json!({"resourceId": id, "reason": left_out(*reason)}))
        .collect();
    let undecided: Vec<Value> = planned
        .undecided
        .iter()
        .map(|(why, count)| json!({"reason": reason_code(why), "resources": count}))
        .collect();
    json!({
        "policyAssignmentId": violation.assignment_id,
        "policyAssignmentName": violation.assignment_name,
        "policyAssignmentScope": violation.assignment_scope,
        "isEnforced": assignment.is_enforced(),
        "policyDefinitionId": violation.definition_id,
        "policyDefinitionReferenceId": violation.reference_id,
        "displayName": violation.definition_display_name,
        "effect": planned.run.effect.name(),
        "identity": {"type": assignment.identity_type, "principalIds": planned.needs.principals},
        "roles": roles,
        "lacks": lacks,
        "parallelDeployments": planned.run.parallel,
        "taskCommand": task_command(planned, question),
        "steps": steps,
        "leftOut": left_out,
        "undecided": undecided,
    })
}

/// Whether the identity holds a role wherever steps need it; `None` if that is unknown.
pub(super) fn is_held(planned: &Planned, role: &str) -> Option<bool> {
    let mut is_unknown = false;
    for lack in &planned.needs.lacks {
        match lack {
            Lack::Identity => return Some(false),
            Lack::Role { role: missing, .. } if missing == role => return Some(false),
            Lack::Principal | Lack::Access => is_unknown = true,
            Lack::Role { .. } | Lack::RoleDefinitionIds | Lack::Action { .. } => {}
        }
    }
    (!is_unknown).then_some(true)
}

fn step_json(step: &RemediationStep, sent: &Sent, question: &Question<'_>) -> Value {
    let mut value = json!({"resourceId": step.resource_id});
    match &step.action {
        StepAction::Deploy(deployment) => {
            value["action"] = "deploy".into();
            deployment_json(deployment, &mut value);
        }
        StepAction::Change { after, .. } => {
            value["action"] = "change".into();
            value["changes"] = changes(step, after, question).iter().map(change_json).collect();
        }
        StepAction::Fail(reason) => {
            value["action"] = "fail".into();
            value["reason"] = reason.as_str().into();
        }
    }
    match sent {
        Sent::Deployment { template, parameters, command } => {
            value["templateFile"] = template.as_str().into();
            value["parametersFile"] = parameters.as_str().into();
            value["command"] = command.as_str().into();
        }
        Sent::Request { method, url, body, command } => {
            value["method"] = (*method).into();
            value["url"] = url.as_str().into();
            value["bodyFile"] = body.as_str().into();
            value["command"] = command.as_str().into();
        }
        Sent::Nothing => {}
    }
    value
}

fn deployment_json(deployment: &Deployment, value: &mut Value) {
    value["deploymentName"] = deployment.name.as_str().into();
    value["scope"] = deployment.scope.as_str().into();
    value["location"] = deployment.location.as_deref().into();
    value["mode"] = deployment.mode.as_str().into();
    let resources = deployment.resources.iter();
    value["resources"] =
        resources.map(|resource| json!({"id": resource.id, "type": resource.resource_type})).collect();
    let problems = deployment.diagnostics.iter();
    value["problems"] =
        problems.map(|problem| json!({"severity": problem.severity, "message": problem.message})).collect();
}

/// What a step changes, property by property.
pub(super) fn changes(step: &RemediationStep, after: &Value, question: &Question<'_>) -> Vec<Delta> {
    deltas(&before(step, question).to_string(), &after.to_string())
}

fn change_json(delta: &Delta) -> Value {
    json!({"path": delta.path, "before": delta.before, "after": delta.after})
}

/// Why a resource is left out, in words.
pub(super) fn left_out(reason: LeftOut) -> &'static str {
    match reason {
        LeftOut::Filter => "the task does not name it",
        LeftOut::NotRecorded => "the last scan did not find it",
        LeftOut::Count => "the task takes no more resources",
        LeftOut::NothingToDo => "there is nothing to change",
        LeftOut::Undecided => "whether it complies is undecided",
    }
}

/// The command with which the service itself would run the policy as a task. Below a management group it takes what the
/// last scan found; elsewhere it evaluates anew.
fn task_command(planned: &Planned, question: &Question<'_>) -> String {
    let violation = question.scan.governance().violation(planned.run.policy, &[]);
    let mut parts = violation.assignment_scope.split('/').skip(1);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let last = violation.assignment_scope.rsplit('/').next().unwrap_or_default();
    let group = parts.nth(1).filter(|_| first.eq_ignore_ascii_case("subscriptions"));
    let place = match (first.eq_ignore_ascii_case("subscriptions"), group) {
        (true, Some(group)) => {
            format!("--subscription {} --resource-group {}", quoted(second), quoted(group))
        }
        (true, None) => format!("--subscription {}", quoted(second)),
        (false, _) => format!("--management-group {}", quoted(last)),
    };
    let mode =
        if place.starts_with("--management") { "ExistingNonCompliant" } else { "ReEvaluateCompliance" };
    let reference = if violation.reference_id.is_empty() {
        String::new()
    } else {
        format!(" --definition-reference-id {}", quoted(&violation.reference_id))
    };
    format!(
        "az policy remediation create --name {} {place} --policy-assignment {}{reference} --resource-discovery-mode {mode}",
        quoted(&format!("remediate-{}", violation.assignment_name)),
        quoted(&violation.assignment_id)
    )
}
