//! Actions of services on their resources that need no running service: names, packet captures, entities of incidents.
//!
//! Everything else that is posted to a resource is refused with 501 and its reason.

use axum::http::StatusCode;
use azimuth_host::Write;
use azimuth_ids::fold;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, conflict};
use super::generic::{find, not_implemented};
use super::plane::key_of;
use super::route::{Right, Route, ask, post};
use crate::error::ApiError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ask(
            "/subscriptions/{subscription}/providers/Microsoft.Storage/checkNameAvailability",
            Right::Listed("Microsoft.Storage/checknameavailability/read"),
            storage_name,
        ),
        ask(
            "{scope}/providers/Microsoft.Network/networkWatchers/{watcher}/packetCaptures/{name}/queryStatus",
            Right::Derived,
            capture_status,
        ),
        post(
            "{scope}/providers/Microsoft.Network/networkWatchers/{watcher}/packetCaptures/{name}/stop",
            Right::Derived,
            stop_capture,
        ),
        ask(
            "{scope}/providers/Microsoft.Network/networkWatchers/{watcher}/ipFlowVerify",
            Right::Derived,
            network_engine,
        ),
        ask(
            "{scope}/providers/Microsoft.Network/networkWatchers/{watcher}/nextHop",
            Right::Derived,
            network_engine,
        ),
        ask(
            "{scope}/providers/Microsoft.Network/networkWatchers/{watcher}/securityGroupView",
            Right::Derived,
            network_engine,
        ),
        ask(
            "{scope}/providers/Microsoft.Network/networkWatchers/{watcher}/connectivityCheck",
            Right::Derived,
            network_engine,
        ),
        ask(
            "{scope}/providers/Microsoft.SecurityInsights/incidents/{name}/alerts",
            Right::Derived,
            incident_alerts,
        ),
        ask(
            "{scope}/providers/Microsoft.SecurityInsights/incidents/{name}/entities",
            Right::Derived,
            incident_entities,
        ),
    ]
}

/// Names of storage accounts are one for the whole cloud (Azure naming rules: 3 to 24 small letters and digits).
fn storage_name(call: &Call<'_>) -> Result<Answer, ApiError> {
    let body = Value::Object(call.object()?);
    let name = body["name"].as_str().unwrap_or_default();
    let (is_free, reason, message) = match storage_name_problem(name) {
        Some(problem) => (false, json!("AccountNameInvalid"), json!(problem)),
        None if storage_account(call, name).is_some() => (
            false,
            json!("AlreadyExists"),
            json!(format!("The storage account named {name} is already taken.")),
        ),
        None => (true, Value::Null, Value::Null),
    };
    Ok(Answer::ok(json!({"nameAvailable": is_free, "reason": reason, "message": message})))
}

fn storage_name_problem(name: &str) -> Option<String> {
    let is_fit = (3..=24).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (!is_fit).then(|| {
        format!("{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.")
    })
}

/// The key of the account of a name, wherever it is.
fn storage_account(call: &Call<'_>, name: &str) -> Option<String> {
    let end = format!("/{}", fold(name));
    let found = call.plane.of_kind("microsoft.storage/storageaccounts", "/subscriptions/");
    found.into_iter().map(|(key, _)| key.to_string()).find(|key| key.ends_with(&end))
}

/// Refuses a new account whose name is unfit or taken.
pub(crate) fn check_storage_account(call: &Call<'_>, id: &str, name: &str) -> Result<(), ApiError> {
    if let Some(problem) = storage_name_problem(name) {
        return Err(bad_request("AccountNameInvalid", problem));
    }
    match storage_account(call, name) {
        Some(key) if key != fold(id) => Err(conflict(
            "StorageAccountAlreadyTaken",
            format!("The storage account named {name} is already taken."),
        )),
        _ => Ok(()),
    }
}

fn capture_of(call: &Call<'_>) -> Result<(String, Value), ApiError> {
    let id = call.path.rsplit_once('/').map(|(id, _)| id.to_owned()).unwrap_or_default();
    let document = find(call, &id)?;
    Ok((id, document))
}

/// Nothing is captured here: a capture counts as stopped from the start.
fn capture_status(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (id, document) = capture_of(call)?;
    Ok(Answer::ok(json!({
        "id": id, "name": document["name"], "captureStartTime": document["systemData"]["createdAt"],
        "packetCaptureStatus": "Stopped", "stopReason": "Manual", "packetCaptureError": [],
    })))
}

fn stop_capture(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (id, document) = capture_of(call)?;
    call.commit(vec![Write::put(key_of(&id), document.to_string())])?;
    Ok(Answer::empty(StatusCode::OK))
}

fn network_engine(call: &Call<'_>) -> Result<Answer, ApiError> {
    let upper = call.path.rsplit_once('/').map(|(upper, _)| upper).unwrap_or_default();
    find(call, upper)?;
    Err(not_implemented(
        "how packets flow is not decided here yet: the network engine is not part of this server",
    ))
}

fn incident_alerts(call: &Call<'_>) -> Result<Answer, ApiError> {
    capture_of(call)?;
    Ok(Answer::ok(json!({"value": []})))
}

fn incident_entities(call: &Call<'_>) -> Result<Answer, ApiError> {
    capture_of(call)?;
    Ok(Answer::ok(json!({"entities": [], "metaData": []})))
}
