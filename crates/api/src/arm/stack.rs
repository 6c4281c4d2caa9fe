//! Deployment stacks: a deployment that remembers its resources, and says what becomes of those that it no longer names.
//!
//! Source: Azure REST reference, Deployment Stacks. Deny settings are refused until the service principal that they exempt exists here.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use azimuth_host::{Write, WriteOutcome};
use azimuth_ids::fold;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::generic::not_implemented;
use super::plane::key_of;
use super::policy_object::on_scope;
use super::query::PAGE;
use super::resource::remove;
use super::route::{Right, Route, ask, delete, get, put};
use crate::error::ApiError;

const KIND: &str = "Microsoft.Resources/deploymentStacks";

pub(super) fn routes() -> Vec<Route> {
    const ONE: &str = "{scope}/providers/Microsoft.Resources/deploymentStacks/{name}";
    vec![
        get("{scope}/providers/Microsoft.Resources/deploymentStacks", Right::Derived, list),
        get(ONE, Right::Derived, show),
        put(ONE, Right::Derived, create),
        delete(ONE, Right::Derived, destroy),
        ask(
            "{scope}/providers/Microsoft.Resources/deploymentStacks/{name}/exportTemplate",
            Right::Derived,
            export,
        ),
    ]
}

fn stored(call: &Call<'_>) -> Result<Value, ApiError> {
    call.stored(KIND, "DeploymentStackNotFound", "deployment stack")
}

fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let found = on_scope(call, &fold(call.scope()), "microsoft.resources/deploymentstacks");
    Ok(Answer::ok(call.list(found.into_iter(), PAGE)))
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    stored(call).map(Answer::ok)
}

fn export(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"template": stored(call)?["properties"]["template"]})))
}

/// The ids of the resources of a stack, folded.
fn ids(stack: &Value) -> BTreeSet<String> {
    let resources = stack["properties"]["resources"].as_array();
    resources
        .into_iter()
        .flatten()
        .filter_map(|resource| resource["id"].as_str())
        .map(|id| fold(id).into_owned())
        .collect()
}

fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id(KIND);
    let body = Value::Object(call.object()?);
    let given = &body["properties"];
    let deny = given["denySettings"]["mode"].as_str().unwrap_or("none");
    if !deny.eq_ignore_ascii_case("none") {
        return Err(not_implemented(format!(
            "deny settings of the mode '{deny}' are not served; use 'none'"
        )));
    }
    let before = call.plane.read(&id).map(|held| held.value());
    let name = format!("{}-{}", call.named("name"), &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let name: String = name.chars().take(64).collect();
    let mut properties = json!({"mode": "Incremental"});
    for member in ["template", "templateLink", "parameters"] {
        if let Some(value) = given.get(member).filter(|value| !value.is_null()) {
            properties[member] = value.clone();
        }
    }
    let deployment = super::deployment::deploy(
        call,
        call.scope(),
        &name,
        &json!({"location": body["location"], "properties": properties}),
    )?;
    let state =
        deployment["properties"]["provisioningState"].as_str().unwrap_or_default().to_ascii_lowercase();
    let resources: Vec<Value> = deployment["properties"]["outputResources"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|resource| json!({"id": resource["id"], "status": "managed", "denyStatus": "none"}))
        .collect();
    let on_unmanage = given["actionOnUnmanage"].clone();
    let mut document = json!({
        "id": id, "name": call.named("name"), "type": KIND,
        "properties": {
            "provisioningState": state, "resources": resources, "deletedResources": [], "detachedResources": [], "failedResources": [],
            "actionOnUnmanage": on_unmanage, "denySettings": {"mode": "none", "applyToChildScopes": false},
            "deploymentId": deployment["id"], "outputs": deployment["properties"]["outputs"], "parameters": deployment["properties"]["parameters"],
            "correlationId": call.correlation, "duration": "PT0S", "template": given["template"], "description": given["description"],
            "error": deployment["properties"]["error"],
        },
        "systemData": call.system_data(before.as_ref()),
    });
    for member in ["tags", "location"] {
        if let Some(value) = body.get(member).filter(|value| !value.is_null()) {
            document[member] = value.clone();
        }
    }
    if state == "succeeded" {
        let kept = ids(&document);
        let gone: Vec<String> = before
            .as_ref()
            .map(ids)
            .unwrap_or_default()
            .into_iter()
            .filter(|id| !kept.contains(id))
            .collect();
        let member = if deletes(&on_unmanage) { "deletedResources" } else { "detachedResources" };
        if deletes(&on_unmanage) {
            delete_all(call, &gone)?;
        }
        document["properties"][member] = gone.iter().map(|id| json!({"id": id})).collect::<Vec<_>>().into();
    }
    let outcomes = call.commit(vec![Write::put(key_of(&id), document.to_string())])?;
    let is_new = matches!(outcomes.first(), Some(WriteOutcome::Created(_)));
    Ok(Answer::with(if is_new { StatusCode::CREATED } else { StatusCode::OK }, document))
}

fn deletes(on_unmanage: &Value) -> bool {
    on_unmanage["resources"].as_str().is_some_and(|action| action.eq_ignore_ascii_case("delete"))
}

fn delete_all(call: &Call<'_>, ids: &[String]) -> Result<(), ApiError> {
    for id in ids {
        let action = format!("{}/delete", super::serve::type_of(id));
        call.require(&action, id)?;
        remove(call, id, call.api_version())?;
    }
    Ok(())
}

/// Its resources stay, unless the request says that they are deleted too.
fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id(KIND);
    let Some(held) = call.plane.read(&id) else { return Ok(Answer::empty(StatusCode::NO_CONTENT)) };
    let takes_resources = call
        .query
        .get("unmanageAction.Resources")
        .is_some_and(|action| action.eq_ignore_ascii_case("delete"));
    if takes_resources {
        let all: Vec<String> = ids(&held.value()).into_iter().collect();
        delete_all(call, &all)?;
    }
    call.commit(vec![Write::delete(key_of(&id))])?;
    Ok(Answer::empty(StatusCode::OK))
}
