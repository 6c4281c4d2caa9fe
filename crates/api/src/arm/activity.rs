//! The activity log: what was done or refused, kept as documents beside the change itself.
//!
//! Source: Azure Monitor, activity log event schema, and `az monitor activity-log list`.

use azimuth_host::Write;
use azimuth_ids::{DocumentKey, IdRef};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, fits};
use super::route::{Right, Route, get};
use crate::error::ApiError;
use crate::odata::{Comparison, Filter, Operand, moment};

/// How long events are kept, as Azure does.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Events that one write removes at most once they are too old.
const SWEPT: usize = 32;
/// Events on a page.
const PAGE: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values",
            Right::Action("Microsoft.Insights/eventtypes/values/read"),
            of_subscription,
        ),
        get(
            "/providers/Microsoft.Insights/eventtypes/management/values",
            Right::Action("Microsoft.Insights/eventtypes/values/read"),
            of_tenant,
        ),
        get("/providers/Microsoft.Insights/eventcategories", Right::Open, categories),
    ]
}

/// What an event is about.
pub(crate) struct Event<'a> {
    /// The action, such as `Microsoft.Storage/storageAccounts/write`.
    pub(crate) action: &'a str,
    /// The resource.
    pub(crate) resource: &'a str,
    /// `Succeeded`, `Failed` or `Started`.
    pub(crate) status: &'a str,
    /// The reason phrase of the answer, such as `Created`.
    pub(crate) sub_status: &'a str,
    /// `Administrative` or `Policy`.
    pub(crate) category: &'a str,
    /// `Informational`, `Warning` or `Error`.
    pub(crate) level: &'a str,
    /// More, for people.
    pub(crate) properties: Value,
}

/// The event that a change went through.
pub(crate) fn succeeded(call: &Call<'_>, action: &str, resource: &str) -> Write {
    event(
        call,
        &Event {
            action,
            resource,
            status: "Succeeded",
            sub_status: "OK",
            category: "Administrative",
            level: "Informational",
            properties: json!({}),
        },
    )
}

/// The document of an event.
pub(crate) fn event(call: &Call<'_>, event: &Event<'_>) -> Write {
    let id = uuid::Uuid::new_v4().to_string();
    let parsed = IdRef::parse(event.resource).ok();
    let subscription = parsed.and_then(IdRef::subscription_id).unwrap_or_default();
    let kind = parsed.map(|id| id.resource_type().as_str().to_owned()).unwrap_or_default();
    let named = |value: &str| json!({"value": value, "localizedValue": value});
    let moment = format!("{:.7}", call.now);
    let document = json!({
        "id": format!("{}/events/{id}/ticks/{}", event.resource, call.now.as_microsecond()),
        "authorization": {"action": event.action, "scope": event.resource},
        "caller": call.caller_name(),
        "channels": "Operation",
        "claims": {"appid": call.caller.application, "oid": call.caller.object, "name": call.caller.name},
        "correlationId": call.correlation,
        "eventDataId": id,
        "eventName": named("EndRequest"),
        "category": named(event.category),
        "eventTimestamp": moment,
        "submissionTimestamp": moment,
        "level": event.level,
        "operationId": call.correlation,
        "operationName": named(event.action),
        "resourceGroupName": parsed.and_then(IdRef::resource_group).unwrap_or_default(),
        "resourceProviderName": named(event.action.split('/').next().unwrap_or_default()),
        "resourceType": named(&kind),
        "resourceId": event.resource,
        "status": named(event.status),
        "subStatus": named(event.sub_status),
        "subscriptionId": subscription,
        "tenantId": call.plane.settings.tenant,
        "httpRequest": {
            "method": call.method.as_str(),
            "clientRequestId": call.headers.get("x-ms-client-request-id").and_then(|value| value.to_str().ok()),
        },
        "properties": event.properties,
    });
    Write::put(event_key(subscription, call.now, &id), document.to_string())
}

fn space(subscription: &str) -> String {
    let place = if subscription.is_empty() { "tenant" } else { subscription };
    format!("activity/{}", azimuth_ids::fold(place))
}

fn event_key(subscription: &str, at: Timestamp, id: &str) -> DocumentKey {
    let short = id.get(..8).unwrap_or(id);
    let path = format!("{}/{:020}-{short}", space(subscription), at.as_microsecond());
    DocumentKey::azimuth(&path).expect("ids of subscriptions are segments of a path")
}

/// Deletions of the oldest events that are past their time.
pub(crate) fn sweep(call: &Call<'_>, subscription: &str) -> Vec<Write> {
    let prefix = format!("azimuth:/{}/", space(subscription));
    let Ok(before) = call.now.checked_sub(KEPT) else { return Vec::new() };
    let end = format!("{prefix}{:020}", before.as_microsecond());
    call.plane.with_index(|index| {
        index
            .below(&prefix)
            .take_while(|(key, _)| ***key < *end)
            .take(SWEPT)
            .filter_map(|(key, _)| DocumentKey::parse(key).ok())
            .map(Write::delete)
            .collect()
    })
}

fn of_subscription(call: &Call<'_>) -> Result<Answer, ApiError> {
    events(call, call.named("subscription"))
}

fn of_tenant(call: &Call<'_>) -> Result<Answer, ApiError> {
    events(call, "")
}

/// Newest first, as the service answers.
fn events(call: &Call<'_>, subscription: &str) -> Result<Answer, ApiError> {
    let filter = call.filter()?;
    let Some(from) = filter.as_ref().and_then(since) else {
        return Err(bad_request(
            "BadRequest",
            "The query requires a $filter with a start time, such as eventTimestamp ge '2026-01-01T00:00:00Z'.",
        ));
    };
    let prefix = format!("azimuth:/{}/", space(subscription));
    let start = format!("{prefix}{:020}", from.as_microsecond());
    let mut found: Vec<(String, Value)> = call.plane.with_index(|index| {
        index
            .below(&prefix)
            .filter(|(key, _)| ***key >= *start)
            .map(|(key, held)| (key.to_string(), held.value()))
            .filter(|(_, event)| fits(filter.as_ref(), &flat(event)))
            .collect()
    });
    found.reverse();
    // Pages go by key upwards: a key that falls with time stands in for each.
    let items = found.into_iter().enumerate().map(|(at, (_, event))| (format!("{at:08}"), event));
    Ok(Answer::ok(call.list(items, PAGE)))
}

/// An event as filters name its members: `resourceUri`, `status` and others as plain texts.
fn flat(event: &Value) -> Value {
    let mut flat = event.clone();
    for member in ["status", "category", "operationName", "resourceProvider", "resourceType", "eventName"] {
        flat[member] = event[member]["value"].clone();
    }
    flat["resourceProvider"] = event["resourceProviderName"]["value"].clone();
    flat["resourceUri"] = event["resourceId"].clone();
    flat["eventChannels"] = event["channels"].clone();
    flat["levels"] = event["level"].clone();
    flat
}

/// The moment from which a filter wants events.
fn since(filter: &Filter) -> Option<Timestamp> {
    match filter {
        Filter::And(left, right) => since(left).or_else(|| since(right)),
        Filter::Compare(
            Operand::Path(path),
            Comparison::GreaterOrEqual | Comparison::Greater,
            Operand::Literal(Value::String(text)),
        ) if path.len() == 1 && path[0].eq_ignore_ascii_case("eventTimestamp") => moment(text),
        _ => None,
    }
}

fn categories(_: &Call<'_>) -> Result<Answer, ApiError> {
    let names = ["Administrative", "Policy"];
    let value: Vec<Value> = names.iter().map(|name| json!({"value": name, "localizedValue": name})).collect();
    Ok(Answer::ok(json!({"value": value})))
}
