//! Carrying a deployment out: checked as a whole, then resource by resource in the order of dependencies.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use azimuth_arm::{ExpandedResource, Expansion, Mode};
use azimuth_host::Write;
use azimuth_ids::fold;
use serde_json::{Value, json};

use super::plan::{self, Plan, hash};
use super::record_key;
use crate::arm::call::{Call, bad_request};
use crate::arm::plane::key_of;
use crate::arm::policy::{self, Subject};
use crate::arm::resource::{draft, remove};
use crate::error::ApiError;

/// Refuses a deployment that cannot succeed: for lack of rights, or because a policy denies one of its resources.
pub(super) fn check(call: &Call<'_>, plan: &Plan) -> Result<(), ApiError> {
    for resource in plan.expansion.deployed() {
        if !resource.is_id_resolved || resource.condition.is_some() {
            continue;
        }
        let action = format!("{}/write", resource.resource_type);
        if let Err(refusal) = call.require(&action, &resource.id) {
            let mut error = ApiError::new(
                StatusCode::FORBIDDEN,
                "InvalidTemplateDeployment",
                format!(
                    "Deployment failed with error: 'Authorization failed for template resource '{}' of type '{}'. {}'",
                    resource.name, resource.resource_type, refusal.message
                ),
            );
            error.details = vec![refusal.body()["error"].clone()];
            return Err(error);
        }
        // What is not known yet is decided when it is deployed.
        if resource.body.has_symbolic() {
            continue;
        }
        let document = draft(&resource.id, &resource.body.reveal());
        let subject =
            Subject { id: &resource.id, kind: &resource.resource_type, api_version: &resource.api_version };
        if let Err(refusal) = policy::evaluate(call, subject, &document) {
            let mut error = bad_request(
                "InvalidTemplateDeployment",
                "The template deployment failed because of policy violation. Please see details for more information.",
            );
            error.details = vec![refusal.body()["error"].clone()];
            return Err(error);
        }
    }
    Ok(())
}

/// What became of one resource.
struct Operation {
    id: String,
    resource: String,
    name: String,
    kind: String,
    error: Option<ApiError>,
    code: StatusCode,
}

impl Operation {
    fn shown(&self, call: &Call<'_>, plan: &Plan) -> Value {
        let state = if self.error.is_some() { "Failed" } else { "Succeeded" };
        let mut properties = json!({
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": format!("{:.7}", call.now),
            "duration": "PT0S",
            "trackingId": self.id,
            "serviceRequestId": call.correlation,
            "statusCode": self.code.canonical_reason().unwrap_or_default().replace(' ', ""),
            "targetResource": {"id": self.resource, "resourceType": self.kind, "resourceName": self.name},
        });
        if let Some(error) = &self.error {
            properties["statusMessage"] = error.body();
        }
        json!({"id": format!("{}/operations/{}", plan.id, self.id), "operationId": self.id, "properties": properties})
    }
}

/// Deploys a template for somebody who asks for nothing else, such as a policy.
pub(crate) fn deploy(call: &Call<'_>, scope: &str, name: &str, body: &Value) -> Result<Value, ApiError> {
    let plan = plan::plan(call, scope, name, body)?;
    check(call, &plan)?;
    deploy_plan(call, &plan)
}

/// Deploys every resource, and writes down what became of it. Returns the document of the deployment, which may say that it failed.
pub(super) fn deploy_plan(call: &Call<'_>, plan: &Plan) -> Result<Value, ApiError> {
    let mut done: Vec<Operation> = Vec::new();
    let mut expansion: Option<Expansion> = None;
    'waves: for wave in &plan.expansion.waves {
        for at in wave {
            let current = expansion.as_ref().unwrap_or(&plan.expansion);
            let known = current.resources.get(*at);
            // What refers to resources of this deployment is known once they are there.
            if known.is_some_and(|resource| {
                resource.body.has_symbolic() || !resource.is_id_resolved || resource.condition.is_some()
            }) {
                expansion = Some(plan.expand(call));
            }
            let current = expansion.as_ref().unwrap_or(&plan.expansion);
            let Some(resource) = current.resources.get(*at) else { continue };
            if resource.existing || resource.extension.is_some() {
                continue;
            }
            let operation = carry_out(call, resource);
            let has_failed = operation.error.is_some();
            done.push(operation);
            if has_failed {
                break 'waves;
            }
        }
    }
    let failure = done.iter().find_map(|operation| operation.error.as_ref());
    let failure = failure.map(failed).or_else(|| complete_mode(call, plan).err().map(|error| failed(&error)));
    let last = plan.expand(call);
    let state = if failure.is_some() { "Failed" } else { "Succeeded" };
    let mut document = document(call, plan, state, Some(&last));
    if let Some(failure) = failure {
        document["properties"]["error"] = failure;
        document["properties"]["outputs"] = Value::Null;
    }
    let outputs: Vec<Value> = done
        .iter()
        .filter(|operation| operation.error.is_none())
        .map(|operation| json!({"id": operation.resource}))
        .collect();
    document["properties"]["outputResources"] = outputs.into();
    let operations: Vec<Value> = done.iter().map(|operation| operation.shown(call, plan)).collect();
    let record = json!({"template": plan.template, "operations": operations});
    let mut writes = vec![
        Write::put(key_of(&plan.id), document.to_string()),
        Write::put(record_key(&plan.id)?, record.to_string()),
    ];
    writes.extend(nested(call, plan, state));
    call.commit_as("Microsoft.Resources/deployments/write", &plan.id, writes)?;
    Ok(document)
}

fn failed(error: &ApiError) -> Value {
    json!({
        "code": "DeploymentFailed",
        "message": "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.",
        "details": [error.body()["error"]],
    })
}

fn carry_out(call: &Call<'_>, resource: &ExpandedResource) -> Operation {
    let answer = if resource.body.has_symbolic() || !resource.is_id_resolved {
        Err(bad_request(
            "InvalidTemplate",
            format!(
                "The resource '{}' depends on something that only a running service could tell.",
                resource.name
            ),
        ))
    } else {
        let mut body = resource.body.reveal();
        if let Some(members) = body.as_object_mut() {
            members.remove("apiVersion");
        }
        crate::arm::serve::perform(call, Method::PUT, &resource.id, &resource.api_version, &body)
    };
    let (code, error) = match answer {
        Ok(answer) => (answer.status, None),
        Err(error) => (error.status, Some(error)),
    };
    Operation {
        id: uuid::Uuid::new_v4().simple().to_string().to_uppercase(),
        resource: resource.id.clone(),
        name: resource.name.rsplit('/').next().unwrap_or_default().to_owned(),
        kind: resource.resource_type.clone(),
        error,
        code,
    }
}

/// Complete mode deletes what the resource group holds and the template does not name.
fn complete_mode(call: &Call<'_>, plan: &Plan) -> Result<(), ApiError> {
    if plan.mode != Mode::Complete {
        return Ok(());
    }
    let named: BTreeSet<String> =
        plan.expansion.resources.iter().map(|resource| fold(&resource.id).into_owned()).collect();
    let keys = call.plane.with_index(|index| {
        let prefix = format!("{}/providers/", fold(&plan.scope));
        let keys: Vec<String> = index.below(&prefix).map(|(key, _)| key.to_string()).collect();
        keys
    });
    for key in keys {
        let kind = crate::arm::serve::type_of(&key);
        let is_kept = named.contains(&key)
            || kind.matches('/').count() != 1
            || ["microsoft.resources", "microsoft.authorization", "microsoft.policyinsights"]
                .iter()
                .any(|namespace| fold(&kind).starts_with(namespace));
        if is_kept {
            continue;
        }
        call.require(&format!("{kind}/delete"), &key)?;
        remove(call, &key, call.api_version())?;
    }
    Ok(())
}

/// The documents of deployments inside this one.
fn nested(call: &Call<'_>, plan: &Plan, state: &str) -> Vec<Write> {
    let inner = plan.expansion.deployments.iter().filter(|inner| fold(&inner.id) != fold(&plan.id));
    inner
        .filter_map(|inner| {
            let key = azimuth_ids::DocumentKey::parse(&inner.id).ok()?;
            let outputs: Vec<Value> = plan.expansion.resources[inner.resources.clone()]
                .iter()
                .map(|resource| json!({"id": resource.id}))
                .collect();
            let document = json!({
                "id": inner.id, "name": inner.id.rsplit('/').next(), "type": "Microsoft.Resources/deployments",
                "properties": {
                    "provisioningState": state, "mode": plan.mode.as_str(), "timestamp": format!("{:.7}", call.now),
                    "duration": "PT0S", "correlationId": call.correlation, "outputResources": outputs,
                    "providers": [], "dependencies": [],
                },
            });
            Some(Write::put(key, document.to_string()))
        })
        .collect()
}

/// The document of a deployment in a state; `last` is the expansion after everything was deployed.
pub(super) fn document(call: &Call<'_>, plan: &Plan, state: &str, last: Option<&Expansion>) -> Value {
    let expansion = last.unwrap_or(&plan.expansion);
    let resources: Vec<Value> = expansion.deployed().map(|resource| json!({"id": resource.id})).collect();
    let dependencies: Vec<Value> = expansion
        .deployed()
        .filter(|resource| !resource.depends_on.is_empty())
        .map(|resource| {
            let needs: Vec<Value> = resource.depends_on.iter().map(|id| shown_resource(id)).collect();
            let mut shown = shown_resource(&resource.id);
            shown["dependsOn"] = needs.into();
            shown
        })
        .collect();
    let mut document = json!({
        "id": plan.id,
        "name": plan.id.rsplit('/').next(),
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "templateHash": hash(&plan.template),
            "parameters": parameters(plan),
            "mode": plan.mode.as_str(),
            "debugSetting": plan.properties["debugSetting"],
            "provisioningState": state,
            "timestamp": format!("{:.7}", call.now),
            "duration": "PT0S",
            "correlationId": call.correlation,
            "providers": providers(expansion),
            "dependencies": dependencies,
            "validatedResources": resources,
        },
    });
    if last.is_some() {
        document["properties"]["outputs"] = expansion.outputs_json();
    }
    if let Some(location) = &plan.location {
        document["location"] = location.clone().into();
    }
    if let Some(tags) = &plan.tags {
        document["tags"] = tags.clone();
    }
    document
}

fn shown_resource(id: &str) -> Value {
    json!({"id": id, "resourceType": crate::arm::serve::type_of(id), "resourceName": id.rsplit('/').next()})
}

fn providers(expansion: &Expansion) -> Vec<Value> {
    let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for resource in expansion.deployed() {
        if let Some((namespace, kind)) = resource.resource_type.split_once('/') {
            types.entry(namespace).or_default().insert(kind);
        }
    }
    types
        .into_iter()
        .map(|(namespace, kinds)| {
            let kinds: Vec<Value> =
                kinds.iter().map(|kind| json!({"resourceType": kind, "locations": [null]})).collect();
            json!({"namespace": namespace, "resourceTypes": kinds})
        })
        .collect()
}

/// The values of the template's parameters, defaults where they are plain; secrets without their values.
fn parameters(plan: &Plan) -> Value {
    let declared = plan.template["parameters"].as_object().cloned().unwrap_or_default();
    let given = &plan.properties["parameters"];
    let shown = declared.into_iter().map(|(name, declaration)| {
        let kind = declaration["type"].as_str().unwrap_or("String").to_owned();
        let mut shown = json!({"type": capitalised(&kind)});
        if !kind.to_ascii_lowercase().starts_with("secure") {
            let value = crate::odata::at_path(given, &[name.clone(), "value".to_owned()]);
            let value = if value.is_null() { &declaration["defaultValue"] } else { value };
            if !value.is_null() {
                shown["value"] = value.clone();
            }
        }
        (name, shown)
    });
    Value::Object(shown.collect())
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
