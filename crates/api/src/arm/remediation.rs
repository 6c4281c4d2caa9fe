//! Remediation tasks, and those that deployIfNotExists policies set off: queued in the commit of the change, run after it.
//!
//! Source: Azure REST reference, Remediations; "Remediate non-compliant resources with Azure Policy". A step acts as the managed
//! identity of the assignment, with the rights that it has.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode};
use azimuth_arm::Source;
use azimuth_host::Write;
use azimuth_ids::{DocumentKey, IdRef, fold};
use azimuth_policy::{
    Assignment, RelatedResources, Remediation, RemediationRun, RemediationWorld, Resource, Selected,
    StepAction, is_within, parse_remediation, remediate,
};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, not_found};
use super::deployment::Estate;
use super::index::Held;
use super::path::Captures;
use super::plane::{ControlPlane, key_of};
use super::policy::{Around, Documents};
use super::policy_object::on_scope;
use super::query::{PAGE, Query};
use super::route::{Right, Route, delete, get, post, put};
use crate::caller::{Caller, CallerKind};
use crate::error::ApiError;

const KIND: &str = "Microsoft.PolicyInsights/remediations";
/// Version under which steps write what the policy changes.
const STEP_VERSION: &str = "2021-04-01";
/// Queued tasks run after one request.
const BATCH: usize = 64;

pub(super) fn routes() -> Vec<Route> {
    const ONE: &str = "{scope}/providers/Microsoft.PolicyInsights/remediations/{name}";
    vec![
        get("{scope}/providers/Microsoft.PolicyInsights/remediations", Right::Derived, list),
        get(ONE, Right::Derived, show),
        put(ONE, Right::Derived, create),
        delete(ONE, Right::Derived, destroy),
        post("{scope}/providers/Microsoft.PolicyInsights/remediations/{name}/cancel", Right::Derived, cancel),
        post(
            "{scope}/providers/Microsoft.PolicyInsights/remediations/{name}/listDeployments",
            Right::Derived,
            deployments,
        ),
    ]
}

fn stored(call: &Call<'_>) -> Result<Value, ApiError> {
    call.stored(KIND, "RemediationNotFound", "remediation")
}

/// The document without what is kept for [`deployments`].
fn shown(mut document: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.remove("deployments");
    }
    document
}

fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let kind = "microsoft.policyinsights/remediations";
    let scope = fold(call.scope()).into_owned();
    let mut found = on_scope(call, &scope, kind);
    let below = format!("{}/", scope.trim_end_matches('/'));
    found.extend(
        call.plane.of_kind(kind, &below).into_iter().map(|(key, held)| (key.to_string(), held.value())),
    );
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    Ok(Answer::ok(call.list(found.into_iter().map(|(key, document)| (key, shown(document))), PAGE)))
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    stored(call).map(shown).map(Answer::ok)
}

fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id(KIND);
    let body = Value::Object(call.object()?);
    let given = &body["properties"];
    let Some(assignment) = given["policyAssignmentId"].as_str().filter(|id| call.plane.read(id).is_some())
    else {
        return Err(not_found(
            "PolicyAssignmentNotFound",
            "The property 'policyAssignmentId' names no policy assignment.",
        ));
    };
    if let Some(held) = call.plane.read(&id)
        && !is_ended(&held.value())
    {
        return Err(bad_request(
            "InvalidUpdateRemediationRequest",
            "The remediation is under way and cannot be changed.",
        ));
    }
    let now = format!("{:.7}", call.now);
    let mut properties = json!({
        "policyAssignmentId": assignment,
        "policyDefinitionReferenceId": given["policyDefinitionReferenceId"],
        "resourceDiscoveryMode": given["resourceDiscoveryMode"].as_str().unwrap_or("ExistingNonCompliant"),
        "provisioningState": "Accepted",
        "createdOn": now,
        "lastUpdatedOn": now,
        "resourceCount": given["resourceCount"].as_i64().unwrap_or(500),
        "parallelDeployments": given["parallelDeployments"].as_i64().unwrap_or(10),
        "failureThreshold": {"percentage": given["failureThreshold"]["percentage"].as_f64().unwrap_or(1.0)},
        "correlationId": call.correlation,
        "deploymentStatus": {"totalDeployments": 0, "successfulDeployments": 0, "failedDeployments": 0},
    });
    if given["filters"].is_object() {
        properties["filters"] = given["filters"].clone();
    }
    let document = json!({
        "id": id, "name": call.named("name"), "type": KIND,
        "properties": properties, "systemData": call.system_data(None),
    });
    let mut writes = vec![Write::put(key_of(&id), document.to_string())];
    writes.extend(enqueue(call, &json!({"remediation": id})));
    call.commit(writes)?;
    Ok(Answer::with(StatusCode::CREATED, document))
}

fn is_ended(document: &Value) -> bool {
    ["Succeeded", "Failed", "Canceled", "Complete"]
        .iter()
        .any(|state| document["properties"]["provisioningState"].as_str() == Some(*state))
}

fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id(KIND);
    let Some(held) = call.plane.read(&id) else { return Ok(Answer::empty(StatusCode::NO_CONTENT)) };
    call.commit(vec![Write::delete(key_of(&id))])?;
    Ok(Answer::ok(shown(held.value())))
}

fn cancel(call: &Call<'_>) -> Result<Answer, ApiError> {
    let mut document = stored(call)?;
    if is_ended(&document) {
        return Err(bad_request(
            "InvalidCancelRemediationRequest",
            "A completed remediation cannot be cancelled.",
        ));
    }
    document["properties"]["provisioningState"] = "Canceled".into();
    call.commit(vec![Write::put(key_of(&call.id(KIND)), document.to_string())])?;
    Ok(Answer::ok(shown(document)))
}

fn deployments(call: &Call<'_>) -> Result<Answer, ApiError> {
    let found = stored(call)?["deployments"].as_array().cloned().unwrap_or_default();
    Ok(Answer::ok(
        call.list(found.into_iter().enumerate().map(|(at, item)| (format!("{at:06}"), item)), PAGE),
    ))
}

fn enqueue(call: &Call<'_>, task: &Value) -> Option<Write> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let key =
        DocumentKey::azimuth(&format!("queue/remediation/{:020}-{}", call.now.as_microsecond(), &id[..8]))
            .ok()?;
    Some(Write::put(key, task.to_string()))
}

/// The write that queues a remediation of one resource, which was just written, under an assignment.
pub(crate) fn queue(
    call: &Call<'_>,
    resource: &str,
    assignment: &Assignment,
    reference: &str,
) -> Option<Write> {
    enqueue(call, &json!({"resource": resource, "assignment": assignment.id, "reference": reference}))
}

/// Runs what is queued. What a step writes may queue more, which the next round takes.
pub(crate) fn run_due(plane: &ControlPlane) {
    let due: Vec<(Arc<str>, Held)> = plane.with_index(|index| {
        index
            .below("azimuth:/queue/remediation/")
            .take(BATCH)
            .map(|(key, held)| (key.clone(), held.clone()))
            .collect()
    });
    if due.is_empty() {
        return;
    }
    let _writing = plane.writing();
    for (key, held) in due {
        // Taken out first: a task that cannot be run must not come back for ever.
        let Ok(key) = DocumentKey::parse(&key) else { continue };
        if plane.commit("azimuth", vec![Write::delete(key)]).is_err() {
            return;
        }
        let task = held.value();
        match task["remediation"].as_str() {
            Some(id) => run_task(plane, id),
            None => run_for_resource(plane, &task),
        }
    }
}

/// A call that nobody made, by the principal of an assignment's identity.
fn call_of<'p>(plane: &'p ControlPlane, principal: &str, path: &str) -> Call<'p> {
    Call {
        plane,
        caller: Caller {
            tenant: plane.settings.tenant.clone(),
            object: principal.to_owned(),
            kind: CallerKind::ServicePrincipal,
            name: principal.to_owned(),
            application: String::new(),
            methods: Vec::new(),
        },
        method: Method::POST,
        path: path.to_owned(),
        captures: Captures::default(),
        query: Query::parse(&format!("api-version={STEP_VERSION}")),
        headers: HeaderMap::new(),
        body: axum::body::Bytes::new(),
        now: plane.now(),
        correlation: uuid::Uuid::new_v4().to_string(),
        action: "Microsoft.PolicyInsights/remediations/write".to_owned(),
        is_partial: false,
    }
}

/// What a run came to: each step's deployment, and whether it went well.
struct Outcome {
    deployments: Vec<Value>,
    tolerated: usize,
}

fn run_for_resource(plane: &ControlPlane, task: &Value) {
    let text = |member: &str| task[member].as_str().unwrap_or_default().to_owned();
    let resource = text("resource");
    let reference = Some(text("reference")).filter(|reference| !reference.is_empty());
    let task = Remediation {
        id: String::new(),
        assignment_id: text("assignment"),
        reference_id: reference,
        discovery_mode: "ReEvaluateCompliance".to_owned(),
        locations: Vec::new(),
        resource_ids: vec![resource.clone()],
        resource_count: 1,
        parallel_deployments: 1,
        failure_threshold: 1.0,
    };
    // What went wrong stands in the activity log and in the deployment.
    drop(carry_out(plane, &task, &[fold(&resource).into_owned()]));
}

fn run_task(plane: &ControlPlane, id: &str) {
    let Some(held) = plane.read(id) else { return };
    let mut document = held.value();
    if is_ended(&document) {
        return;
    }
    let parsed = Source::parse(id, &document.to_string())
        .ok()
        .and_then(|source| parse_remediation(&source, source.root(), "$").value);
    let Some(task) = parsed else { return };
    let authority = plane.authority();
    let scope = task.scope().to_owned();
    let keys: Vec<String> = plane.with_index(|index| {
        index
            .below("/subscriptions/")
            .filter(|(key, _)| {
                let subscription = key.split('/').nth(2).unwrap_or_default();
                is_within(key, &scope, &authority.groups_above(subscription))
            })
            .map(|(key, _)| key.to_string())
            .collect()
    });
    let outcome = carry_out(plane, &task, &keys);
    let properties = &mut document["properties"];
    properties["lastUpdatedOn"] = format!("{:.7}", plane.now()).into();
    match outcome {
        Ok(outcome) => {
            let failed = outcome.deployments.iter().filter(|step| step["status"] == "Failed").count();
            let total = outcome.deployments.len();
            properties["provisioningState"] =
                if failed > outcome.tolerated { "Failed" } else { "Succeeded" }.into();
            properties["deploymentStatus"] = json!({"totalDeployments": total, "successfulDeployments": total - failed, "failedDeployments": failed});
            document["deployments"] = outcome.deployments.into();
        }
        Err(problems) => {
            properties["provisioningState"] = "Failed".into();
            properties["statusMessage"] = problems.join("; ").into();
        }
    }
    // A store that is out of reach leaves the task as it was; it can be asked for again.
    drop(plane.commit("azimuth", vec![Write::put(key_of(id), document.to_string())]));
}

/// Decides what a task does about resources of these folded keys, and does it.
fn carry_out(plane: &ControlPlane, task: &Remediation, keys: &[String]) -> Result<Outcome, Vec<String>> {
    let rules = plane.rules();
    let governance = &rules.governance;
    let now = plane.now();
    let found: Vec<(String, String, Value, Held, Around)> = keys
        .iter()
        .filter_map(|key| {
            let held = plane.read(key)?;
            let kind = IdRef::parse(key).ok()?.resource_type().folded();
            let around = Around::unasked(plane, key, now);
            Some((key.clone(), kind, held.value(), held, around))
        })
        .collect();
    let mut outcome = Outcome { deployments: Vec::new(), tolerated: 0 };
    for (key, kind, document, held, around) in &found {
        let selected = Selected {
            resource: Resource { json: &held.body, resource_type: Some(kind), api_version: None },
            id: key,
            resource_type: kind,
            location: document["location"].as_str(),
            ancestors: &around.ancestors,
        };
        let shelf = Documents(plane);
        let related = RelatedResources::new(&shelf, key, kind);
        let nobody = call_of(plane, "", key);
        let estate = Estate(&nobody);
        let context = |_: &Selected<'_>| around.context.clone();
        let world = RemediationWorld {
            context: &context,
            related: &related,
            estate: &estate,
            recorded: None,
            first_number: 0,
        };
        let run = remediate(governance, task, &[selected], &world)?;
        let principal = governance.assignments()[run.assignment].principal_ids.first().cloned();
        outcome.deployments.extend(steps(plane, &run, principal.as_deref()));
        if outcome.deployments.len() >= usize::try_from(task.resource_count).unwrap_or(usize::MAX) {
            break;
        }
    }
    outcome.tolerated = (outcome.deployments.len() as f64 * task.failure_threshold) as usize;
    Ok(outcome)
}

/// Does the steps of a run as the principal of the assignment's identity.
fn steps(plane: &ControlPlane, run: &RemediationRun, principal: Option<&str>) -> Vec<Value> {
    run.steps
        .iter()
        .map(|step| {
            let call = call_of(plane, principal.unwrap_or_default(), &step.resource_id);
            let mut deployment_id = Value::Null;
            let done = match (&step.action, principal) {
                (_, None) => Err("the assignment has no managed identity to act with".to_owned()),
                (StepAction::Fail(reason), _) => Err(reason.clone()),
                (StepAction::Deploy(deployment), Some(_)) => {
                    let name = format!("PolicyDeployment_{}", &uuid::Uuid::new_v4().simple().to_string()[..16]);
                    deployment_id = format!("{}/providers/Microsoft.Resources/deployments/{name}", deployment.scope).into();
                    deploy(&call, &name, deployment)
                }
                (StepAction::Change { after, .. }, Some(_)) => {
                    super::serve::perform(&call, Method::PUT, &step.resource_id, STEP_VERSION, after)
                        .map(drop)
                        .map_err(|error| error.message)
                }
            };
            let location = plane.read(&step.resource_id).map(|held| held.value()["location"].clone());
            let now = format!("{:.7}", call.now);
            let mut shown = json!({
                "remediatedResourceId": step.resource_id, "deploymentId": deployment_id, "resourceLocation": location,
                "status": if done.is_ok() { "Succeeded" } else { "Failed" }, "createdOn": now, "lastUpdatedOn": now,
            });
            if let Err(message) = done {
                shown["error"] = json!({"code": "RemediationFailed", "message": message});
            }
            shown
        })
        .collect()
}

fn deploy(call: &Call<'_>, name: &str, deployment: &azimuth_policy::Deployment) -> Result<(), String> {
    let template: Value =
        serde_json::from_str(deployment.template.text()).map_err(|error| error.to_string())?;
    let parameters: Value = serde_json::from_str(&deployment.parameters.to_string()).unwrap_or_default();
    let body = json!({
        "location": deployment.location,
        "properties": {"mode": deployment.mode.as_str(), "template": template, "parameters": parameters},
    });
    call.require("Microsoft.Resources/deployments/write", &deployment.scope)
        .map_err(|error| error.message)?;
    let document =
        super::deployment::deploy(call, &deployment.scope, name, &body).map_err(|error| error.message)?;
    match document["properties"]["error"]["details"][0]["message"].as_str() {
        Some(message) => Err(message.to_owned()),
        None => Ok(()),
    }
}
