//! Deployments of templates: validated, compared, carried out, and looked at afterwards, at every scope.
//!
//! Source: Azure REST reference, Deployments and Deployment Operations. Bodies are read leniently, because the Azure command line
//! sends the user's template as it is, comments and all.

mod plan;
mod run;

use axum::http::StatusCode;
use azimuth_arm::{ResultFormat, WhatIfOptions, whatif};
use azimuth_host::Write;
use azimuth_ids::{DocumentKey, fold};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, conflict, fits, not_found};
use super::plane::key_of;
use super::query::PAGE;
use super::route::{Right, Route, ask, delete, get, head, post, put};
use crate::error::ApiError;

pub(crate) use plan::Estate;
pub(crate) use run::deploy;

pub(super) fn routes() -> Vec<Route> {
    const ONE: &str = "{scope}/providers/Microsoft.Resources/deployments/{name}";
    vec![
        get("{scope}/providers/Microsoft.Resources/deployments", Right::Derived, list),
        get(ONE, Right::Derived, show),
        head(ONE, Right::Derived, exists),
        put(ONE, Right::Derived, create),
        delete(ONE, Right::Derived, destroy),
        ask("{scope}/providers/Microsoft.Resources/deployments/{name}/validate", Right::Derived, validate),
        ask("{scope}/providers/Microsoft.Resources/deployments/{name}/whatIf", Right::Derived, what_if),
        ask(
            "{scope}/providers/Microsoft.Resources/deployments/{name}/exportTemplate",
            Right::Derived,
            export,
        ),
        post("{scope}/providers/Microsoft.Resources/deployments/{name}/cancel", Right::Derived, cancel),
        get(
            "{scope}/providers/Microsoft.Resources/deployments/{name}/operations",
            Right::Derived,
            operations,
        ),
        get(
            "{scope}/providers/Microsoft.Resources/deployments/{name}/operations/{operation}",
            Right::Derived,
            operation,
        ),
        get(
            "{scope}/providers/Microsoft.Resources/deployments/{name}/operationStatuses/{operation}",
            Right::Action("Microsoft.Resources/deployments/operationstatuses/read"),
            status,
        ),
        // The command line leaves the provider out here.
        get(
            "/subscriptions/{subscription}/resourceGroups/{group}/deployments/{name}/operations",
            Right::Action("Microsoft.Resources/deployments/operations/read"),
            operations,
        ),
        ask("/providers/Microsoft.Resources/calculateTemplateHash", Right::Open, template_hash),
    ]
}

/// The scope deployed to.
fn scope_of(call: &Call<'_>) -> String {
    if call.named("group").is_empty() {
        return call.scope().to_owned();
    }
    format!("/subscriptions/{}/resourceGroups/{}", call.named("subscription"), call.named("group"))
}

fn id_of(call: &Call<'_>) -> String {
    format!(
        "{}/providers/Microsoft.Resources/deployments/{}",
        scope_of(call).trim_end_matches('/'),
        call.named("name")
    )
}

/// The key of what is kept of a deployment besides its document: template and operations.
fn record_key(id: &str) -> Result<DocumentKey, ApiError> {
    DocumentKey::azimuth(&format!("deployments{}", fold(id)))
        .map_err(|_| bad_request("InvalidDeploymentName", format!("The deployment id '{id}' is too long.")))
}

fn missing(call: &Call<'_>) -> ApiError {
    not_found("DeploymentNotFound", format!("Deployment '{}' could not be found.", call.named("name")))
}

fn stored(call: &Call<'_>) -> Result<Value, ApiError> {
    super::serve::check_group(call, &scope_of(call))?;
    call.plane.read(&id_of(call)).map(|held| held.value()).ok_or_else(|| missing(call))
}

fn record(call: &Call<'_>) -> Result<Value, ApiError> {
    stored(call)?;
    let key = record_key(&id_of(call))?;
    Ok(call.plane.read(key.as_str()).map(|held| held.value()).unwrap_or_default())
}

fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    super::serve::check_group(call, call.scope())?;
    let filter = call.filter()?;
    let found = super::policy_object::on_scope(call, &fold(call.scope()), "microsoft.resources/deployments");
    let items = found.into_iter().filter(|(_, document)| fits(filter.as_ref(), &document["properties"]));
    Ok(Answer::ok(call.list(items, PAGE)))
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    stored(call).map(Answer::ok)
}

fn exists(call: &Call<'_>) -> Result<Answer, ApiError> {
    let is_there = call.plane.read(&id_of(call)).is_some();
    Ok(Answer::empty(if is_there { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }))
}

/// What it deployed stays; only the record of it goes.
fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = id_of(call);
    if call.plane.read(&id).is_some() {
        call.commit(vec![Write::delete(key_of(&id)), Write::delete(record_key(&id)?)])?;
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn validate(call: &Call<'_>) -> Result<Answer, ApiError> {
    let plan = plan::read(call, &scope_of(call), call.named("name"), &call.body)?;
    run::check(call, &plan)?;
    Ok(Answer::ok(run::document(call, &plan, "Succeeded", None)))
}

fn what_if(call: &Call<'_>) -> Result<Answer, ApiError> {
    let plan = plan::read(call, &scope_of(call), call.named("name"), &call.body)?;
    let ids_only = plan.properties["whatIfSettings"]["resultFormat"]
        .as_str()
        .is_some_and(|format| format.eq_ignore_ascii_case("ResourceIdOnly"));
    let options = WhatIfOptions {
        mode: plan.mode,
        result_format: if ids_only {
            ResultFormat::ResourceIdOnly
        } else {
            ResultFormat::FullResourcePayloads
        },
        is_locked: false,
        api_version: Some(call.api_version().to_owned()),
    };
    let estate = Estate(call);
    let result = whatif(&plan.expansion, &estate, &plan.target, &options);
    Ok(Answer::ok(result.to_json()))
}

/// Deployments end before they are answered. One that failed is answered as under way, with the address where its failure can be
/// read: clients show the reason only from there.
fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let scope = scope_of(call);
    let is_new = call.plane.read(&id_of(call)).is_none();
    let plan = plan::read(call, &scope, call.named("name"), &call.body)?;
    run::check(call, &plan)?;
    let mut document = run::deploy_plan(call, &plan)?;
    let code = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    if document["properties"]["provisioningState"] != "Failed" {
        return Ok(Answer::with(code, document));
    }
    document["properties"]["provisioningState"] = "Running".into();
    let address = format!(
        "{}{}/operationStatuses/{}?api-version={}",
        call.plane.settings.base_url,
        plan.id,
        call.correlation,
        call.api_version()
    );
    Ok(Answer::with(StatusCode::CREATED, document)
        .header("azure-asyncoperation", address)
        .header("retry-after-ms", "100"))
}

fn status(call: &Call<'_>) -> Result<Answer, ApiError> {
    let document = stored(call)?;
    let mut body = json!({"status": document["properties"]["provisioningState"]});
    if document["properties"]["error"].is_object() {
        body["error"] = document["properties"]["error"].clone();
    }
    Ok(Answer::ok(body))
}

fn cancel(call: &Call<'_>) -> Result<Answer, ApiError> {
    stored(call)?;
    Err(conflict(
        "DeploymentCannotBeCancelled",
        format!("The deployment '{}' has completed and cannot be cancelled.", call.named("name")),
    ))
}

fn export(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"template": record(call)?["template"]})))
}

fn operations(call: &Call<'_>) -> Result<Answer, ApiError> {
    let record = record(call)?;
    let found = record["operations"].as_array().cloned().unwrap_or_default();
    let items = found.into_iter().enumerate().map(|(at, operation)| (format!("{at:06}"), operation));
    Ok(Answer::ok(call.list(items, PAGE)))
}

fn operation(call: &Call<'_>) -> Result<Answer, ApiError> {
    let record = record(call)?;
    let wanted = call.named("operation");
    let found = record["operations"].as_array().into_iter().flatten();
    let found = found.into_iter().find(|operation| operation["operationId"] == wanted);
    found.cloned().map(Answer::ok).ok_or_else(|| {
        not_found(
            "DeploymentOperationNotFound",
            format!("The deployment operation '{wanted}' could not be found."),
        )
    })
}

fn template_hash(call: &Call<'_>) -> Result<Answer, ApiError> {
    let template = plan::lenient(&call.body)?;
    Ok(Answer::ok(json!({"minifiedTemplate": template.to_string(), "templateHash": plan::hash(&template)})))
}
