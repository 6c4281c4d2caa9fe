//! Defender for Cloud: secure score, assessments, plans, contacts, alerts.
//!
//! Source: Azure REST reference, Microsoft.Security. Scores and built-in assessments are computed when they are asked for.

use axum::http::StatusCode;
use azimuth_host::Write;
use azimuth_ids::fold;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, fits, not_found};
use super::generic;
use super::plane::key_of;
use super::query::PAGE;
use super::recommendation::{ControlScore, assessments, controls, scores, subscription_of};
use super::route::{Right, Route, delete, get, post, put};
use crate::error::ApiError;

/// Plans that can be bought, as `az security pricing list` shows them.
const PLANS: [&str; 14] = [
    "VirtualMachines",
    "SqlServers",
    "AppServices",
    "StorageAccounts",
    "SqlServerVirtualMachines",
    "KubernetesService",
    "ContainerRegistry",
    "KeyVaults",
    "Dns",
    "Arm",
    "OpenSourceRelationalDatabases",
    "CosmosDbs",
    "Containers",
    "CloudPosture",
];

pub(super) fn routes() -> Vec<Route> {
    const SCORES: &str = "/subscriptions/{subscription}/providers/Microsoft.Security/secureScores";
    vec![
        get(SCORES, Right::Derived, list_scores),
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Security/secureScores/{name}",
            Right::Derived,
            show_score,
        ),
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Security/secureScores/{name}/secureScoreControls",
            Right::Action("Microsoft.Security/secureScoreControls/read"),
            list_controls,
        ),
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Security/secureScoreControls",
            Right::Derived,
            list_controls,
        ),
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Security/secureScoreControlDefinitions",
            Right::Derived,
            list_control_definitions,
        ),
        get(
            "/providers/Microsoft.Security/secureScoreControlDefinitions",
            Right::Open,
            list_control_definitions,
        ),
        get("{scope}/providers/Microsoft.Security/assessments", Right::Derived, list_assessments),
        get("{scope}/providers/Microsoft.Security/assessments/{name}", Right::Derived, show_assessment),
        put("{scope}/providers/Microsoft.Security/assessments/{name}", Right::Derived, put_assessment),
        delete("{scope}/providers/Microsoft.Security/assessments/{name}", Right::Derived, generic::destroy),
        get("{scope}/providers/Microsoft.Security/pricings", Right::Derived, list_pricings),
        get("{scope}/providers/Microsoft.Security/pricings/{name}", Right::Derived, show_pricing),
        put("{scope}/providers/Microsoft.Security/pricings/{name}", Right::Derived, put_pricing),
        get("/subscriptions/{subscription}/providers/Microsoft.Security/alerts", Right::Derived, list_alerts),
        get(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Security/alerts",
            Right::Derived,
            list_alerts,
        ),
        post(
            "{scope}/providers/Microsoft.Security/locations/{location}/alerts/{name}/{state}",
            Right::Derived,
            change_alert,
        ),
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Security/locations",
            Right::Derived,
            list_locations,
        ),
        get("/subscriptions/{subscription}/providers/Microsoft.Security/tasks", Right::Derived, list_tasks),
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Security/autoProvisioningSettings",
            Right::Derived,
            list_provisioning,
        ),
    ]
}

fn list_scores(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"value": [score(call)]})))
}

fn score(call: &Call<'_>) -> Value {
    let subscription = call.named("subscription");
    let found = scores(&assessments(call, subscription));
    let counted: Vec<&ControlScore> = found.iter().filter(|score| score.counts()).collect();
    let max: f64 = counted.iter().map(|score| score.control.points).sum();
    let current: f64 = counted.iter().map(|score| score.current()).sum();
    let weight: usize = counted.iter().map(|score| score.healthy + score.unhealthy).sum();
    json!({
        "id": format!("/subscriptions/{subscription}/providers/Microsoft.Security/secureScores/ascScore"),
        "name": "ascScore",
        "type": "Microsoft.Security/secureScores",
        "properties": {"displayName": "ASC score", "score": points(current, max), "weight": weight},
    })
}

fn points(current: f64, max: f64) -> Value {
    let percentage = if max > 0.0 { (current / max * 10_000.0).round() / 10_000.0 } else { 0.0 };
    json!({"max": max.round() as i64, "current": (current * 100.0).round() / 100.0, "percentage": percentage})
}

fn show_score(call: &Call<'_>) -> Result<Answer, ApiError> {
    if !call.named("name").eq_ignore_ascii_case("ascScore") {
        return Err(not_found(
            "NotFound",
            format!("The secure score '{}' could not be found.", call.named("name")),
        ));
    }
    Ok(Answer::ok(score(call)))
}

fn list_controls(call: &Call<'_>) -> Result<Answer, ApiError> {
    let subscription = call.named("subscription");
    let found = scores(&assessments(call, subscription));
    let items = found.iter().map(|score| {
        let shown = json!({
            "id": format!("/subscriptions/{subscription}/providers/Microsoft.Security/secureScores/ascScore/secureScoreControls/{}", score.control.id),
            "name": score.control.id,
            "type": "Microsoft.Security/secureScores/secureScoreControls",
            "properties": {
                "displayName": score.control.name,
                "score": points(score.current(), score.control.points),
                "healthyResourceCount": score.healthy, "unhealthyResourceCount": score.unhealthy, "notApplicableResourceCount": 0,
                "weight": score.healthy + score.unhealthy,
                "definition": definition(score.control),
            },
        });
        (score.control.id.to_owned(), shown)
    });
    let mut items: Vec<(String, Value)> = items.collect();
    items.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(Answer::ok(call.list(items.into_iter(), PAGE)))
}

fn definition(control: &super::recommendation::Control) -> Value {
    json!({
        "id": format!("/providers/Microsoft.Security/secureScoreControlDefinitions/{}", control.id),
        "name": control.id,
        "type": "Microsoft.Security/secureScoreControlDefinitions",
        "properties": {
            "displayName": control.name, "description": "", "maxScore": control.points.round() as i64,
            "source": {"sourceType": "BuiltIn"}, "assessmentDefinitions": [],
        },
    })
}

fn list_control_definitions(_: &Call<'_>) -> Result<Answer, ApiError> {
    let value: Vec<Value> = controls().iter().map(definition).collect();
    Ok(Answer::ok(json!({"value": value})))
}

/// Computed ones, and those that somebody made.
fn list_assessments(call: &Call<'_>) -> Result<Answer, ApiError> {
    let prefix = fold(call.scope()).into_owned();
    let subscription = subscription_of(call.scope());
    let within = |id: &str| {
        let folded = fold(id);
        folded.strip_prefix(&*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut items: Vec<(String, Value)> = assessments(call, &subscription)
        .iter()
        .filter(|assessment| within(&assessment.resource))
        .map(|assessment| assessment.shown(call))
        .map(|shown| (fold(shown["id"].as_str().unwrap_or_default()).into_owned(), shown))
        .collect();
    let stored = call.plane.of_kind("microsoft.security/assessments", &format!("{prefix}/"));
    items.extend(stored.into_iter().map(|(key, held)| (key.to_string(), held.value())));
    items.sort_by(|left, right| left.0.cmp(&right.0));
    items.dedup_by(|left, right| left.0 == right.0);
    Ok(Answer::ok(call.list(items.into_iter(), PAGE)))
}

fn show_assessment(call: &Call<'_>) -> Result<Answer, ApiError> {
    if let Some(held) = call.plane.read(&call.path) {
        return Ok(Answer::text(held.body));
    }
    let wanted = fold(call.scope()).into_owned();
    let computed = assessments(call, &subscription_of(call.scope()));
    let found = computed.iter().find(|assessment| {
        assessment.key.eq_ignore_ascii_case(call.named("name")) && fold(&assessment.resource) == wanted
    });
    match found {
        Some(assessment) => Ok(Answer::ok(assessment.shown(call))),
        None => Err(not_found(
            "AssessmentNotFound",
            format!("The assessment '{}' could not be found.", call.named("name")),
        )),
    }
}

/// An assessment of somebody's own: its metadata is made first.
fn put_assessment(call: &Call<'_>) -> Result<Answer, ApiError> {
    let mut body = call.object()?;
    let status =
        body.get("properties").map(|properties| properties["status"]["code"].clone()).unwrap_or_default();
    if !["Healthy", "Unhealthy", "NotApplicable"].iter().any(|code| status.as_str() == Some(code)) {
        return Err(bad_request(
            "InvalidAssessmentStatus",
            "'properties.status.code' is one of Healthy, Unhealthy and NotApplicable.",
        ));
    }
    let metadata = format!(
        "/subscriptions/{}/providers/Microsoft.Security/assessmentMetadata/{}",
        subscription_of(call.scope()),
        call.named("name")
    );
    let Some(held) = call.plane.read(&metadata) else {
        return Err(bad_request(
            "AssessmentMetadataNotFound",
            format!("The assessment metadata '{}' could not be found; create it first.", call.named("name")),
        ));
    };
    let metadata = held.value()["properties"].clone();
    if let Some(properties) = body.get_mut("properties") {
        properties["displayName"] = metadata["displayName"].clone();
        properties["metadata"] = metadata;
        properties["resourceDetails"]["id"] = call.scope().into();
        if properties["resourceDetails"]["source"].is_null() {
            properties["resourceDetails"]["source"] = "Azure".into();
        }
    }
    let written =
        super::resource::write(call, &call.path, body, call.api_version(), super::resource::Manner::Put)?;
    Ok(Answer::with(
        super::provider::put_code("Microsoft.Security/assessments", written.is_new),
        written.document,
    ))
}

fn pricing(call: &Call<'_>, name: &str) -> Value {
    let id = format!("{}/providers/Microsoft.Security/pricings/{name}", call.scope().trim_end_matches('/'));
    call.plane.read(&id).map(|held| held.value()).unwrap_or_else(|| {
        json!({
            "id": id, "name": name, "type": "Microsoft.Security/pricings",
            "properties": {"pricingTier": "Free", "freeTrialRemainingTime": "P30D", "subPlan": null, "deprecated": false},
        })
    })
}

fn plan(call: &Call<'_>) -> Result<&'static str, ApiError> {
    let found = PLANS.iter().find(|plan| plan.eq_ignore_ascii_case(call.named("name")));
    found.copied().ok_or_else(|| {
        not_found("PricingNotFound", format!("The plan '{}' is not known.", call.named("name")))
    })
}

fn list_pricings(call: &Call<'_>) -> Result<Answer, ApiError> {
    let value: Vec<Value> = PLANS.iter().map(|plan| pricing(call, plan)).collect();
    Ok(Answer::ok(json!({"value": value})))
}

fn show_pricing(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(pricing(call, plan(call)?)))
}

fn put_pricing(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = plan(call)?;
    let body = Value::Object(call.object()?);
    let tier = body["properties"]["pricingTier"].as_str().unwrap_or_default();
    let Some(tier) = ["Free", "Standard"].into_iter().find(|known| known.eq_ignore_ascii_case(tier)) else {
        return Err(bad_request("InvalidPricingTier", "'properties.pricingTier' is Free or Standard."));
    };
    let mut document = pricing(call, name);
    document["properties"]["pricingTier"] = tier.into();
    for member in ["subPlan", "extensions", "enforce"] {
        if let Some(value) = body["properties"].get(member) {
            document["properties"][member] = value.clone();
        }
    }
    document["properties"]["enablementTime"] =
        if tier == "Standard" { format!("{:.7}", call.now).into() } else { Value::Null };
    let id = document["id"].as_str().unwrap_or_default().to_owned();
    call.commit(vec![Write::put(key_of(&id), document.to_string())])?;
    Ok(Answer::ok(document))
}

fn list_alerts(call: &Call<'_>) -> Result<Answer, ApiError> {
    let scope =
        call.path.rsplit_once("/providers/").map(|(scope, _)| fold(scope).into_owned()).unwrap_or_default();
    let filter = call.filter()?;
    let found = call.plane.of_kind("microsoft.security/locations/alerts", &format!("{scope}/"));
    let items = found
        .into_iter()
        .map(|(key, held)| (key.to_string(), held.value()))
        .filter(|(_, alert)| fits(filter.as_ref(), &alert["properties"]));
    Ok(Answer::ok(call.list(items, PAGE)))
}

/// `dismiss`, `resolve`, `activate` and `inProgress` of one alert; `simulate` makes a sample of each bundle.
fn change_alert(call: &Call<'_>) -> Result<Answer, ApiError> {
    let folder =
        format!("{}/providers/Microsoft.Security/locations/{}/alerts", call.scope(), call.named("location"));
    let state = call.named("state").to_ascii_lowercase();
    let wanted = match state.as_str() {
        "dismiss" => "Dismissed",
        "resolve" => "Resolved",
        "activate" => "Active",
        "inprogress" => "InProgress",
        "simulate" if call.named("name") == "default" => return simulate(call, &folder),
        other => {
            return Err(bad_request(
                "InvalidAlertState",
                format!("'{other}' is none of dismiss, resolve, activate and inProgress."),
            ));
        }
    };
    let id = format!("{folder}/{}", call.named("name"));
    let held = call.plane.read(&id).ok_or_else(|| super::call::resource_not_found(&id))?;
    let mut alert = held.value();
    alert["properties"]["status"] = wanted.into();
    call.commit(vec![Write::put(key_of(&id), alert.to_string())])?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn simulate(call: &Call<'_>, folder: &str) -> Result<Answer, ApiError> {
    let body = Value::Object(call.object()?);
    let bundles = body["properties"]["bundles"].as_array().cloned().unwrap_or_default();
    let writes: Vec<Write> = bundles
        .iter()
        .filter_map(Value::as_str)
        .take(50)
        .map(|bundle| {
            let name = uuid::Uuid::new_v4().to_string();
            let id = format!("{folder}/{name}");
            let now = format!("{:.7}", call.now);
            let alert = json!({
                "id": id, "name": name, "type": "Microsoft.Security/Locations/alerts",
                "properties": {
                    "version": "2022-01-01", "alertType": format!("SIMULATED_{bundle}"), "systemAlertId": name,
                    "productComponentName": bundle, "alertDisplayName": format!("[SAMPLE ALERT] {bundle}"),
                    "description": "A sample, made to try out what happens with alerts.", "severity": "Low", "intent": "Unknown",
                    "startTimeUtc": now, "endTimeUtc": now, "timeGeneratedUtc": now, "processingEndTimeUtc": now, "vendorName": "Azimuth",
                    "productName": "Azimuth", "status": "Active", "isIncident": false, "compromisedEntity": "Sample", "entities": [],
                    "remediationSteps": [], "resourceIdentifiers": [], "extendedProperties": {}, "extendedLinks": [],
                    "alertUri": "", "correlationKey": null,
                },
            });
            Write::put(key_of(&id), alert.to_string())
        })
        .collect();
    call.commit(writes)?;
    Ok(Answer::empty(StatusCode::ACCEPTED))
}

fn list_locations(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = format!(
        "/subscriptions/{}/providers/Microsoft.Security/locations/westeurope",
        call.named("subscription")
    );
    let shown = json!({"id": id, "name": "westeurope", "type": "Microsoft.Security/locations", "properties": {"homeRegionName": "westeurope"}});
    Ok(Answer::ok(json!({"value": [shown]})))
}

/// What tasks told in their day is in the assessments.
fn list_tasks(_: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"value": []})))
}

fn list_provisioning(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = format!(
        "/subscriptions/{}/providers/Microsoft.Security/autoProvisioningSettings/default",
        call.named("subscription")
    );
    let shown = call.plane.read(&id).map(|held| held.value()).unwrap_or_else(|| {
        json!({"id": id, "name": "default", "type": "Microsoft.Security/autoProvisioningSettings", "properties": {"autoProvision": "Off"}})
    });
    Ok(Answer::ok(json!({"value": [shown]})))
}
