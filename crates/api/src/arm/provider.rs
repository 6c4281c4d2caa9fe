//! Resource providers: their types, API versions, and which success codes clients accept.
//!
//! Source: Azure REST reference, Providers; the operations that published clients know (see `data/README.md`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::StatusCode;
use azimuth_ids::fold;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, not_found};
use super::path::{Named, named};
use super::plane::ControlPlane;
use super::query::PAGE;
use super::route::{Right, Route, get, post};
use super::tenant::regions;
use crate::error::ApiError;

pub(super) fn routes() -> Vec<Route> {
    const READ: Right = Right::Listed("Microsoft.Resources/subscriptions/providers/read");
    vec![
        get("/providers", Right::Open, list_in_tenant),
        get("/providers/{namespace}", Right::Open, show_in_tenant),
        get("/subscriptions/{subscription}/providers", READ, list_in_subscription),
        get("/subscriptions/{subscription}/providers/{namespace}", READ, show_in_subscription),
        post(
            "/subscriptions/{subscription}/providers/{namespace}/register",
            Right::Action("Microsoft.Resources/subscriptions/providers/register/action"),
            register,
        ),
        post(
            "/subscriptions/{subscription}/providers/{namespace}/unregister",
            Right::Action("Microsoft.Resources/subscriptions/providers/unregister/action"),
            unregister,
        ),
    ]
}

/// A type that clients know.
struct KnownType {
    /// As written, without the namespace.
    name: &'static str,
    /// Newest first; empty where none is published.
    versions: Vec<&'static str>,
}

/// A namespace with its types.
struct Provider {
    name: &'static str,
    types: Vec<KnownType>,
}

static PROVIDERS: LazyLock<BTreeMap<String, Provider>> = LazyLock::new(|| {
    let mut providers: BTreeMap<String, Provider> = BTreeMap::new();
    let lines = include_str!("../../data/resource-types.tsv").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let (full, versions) = line.split_once('\t').unwrap_or((line, ""));
        let Some((namespace, name)) = full.split_once('/') else { continue };
        let provider = providers
            .entry(fold(namespace).into_owned())
            .or_insert_with(|| Provider { name: namespace, types: Vec::new() });
        provider.types.push(KnownType { name, versions: versions.split_whitespace().collect() });
    }
    providers
});

/// Method and folded type → the code of the first case and of the other.
type Codes = BTreeMap<(&'static str, &'static str), (u16, u16)>;

/// Codes of a type whose clients do not accept the usual ones.
static CODES: LazyLock<Codes> = LazyLock::new(|| {
    let lines = include_str!("../../data/success-codes.tsv").lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &'static str| {
        let mut fields = line.split('\t');
        let key = (fields.next()?, fields.next()?);
        Some((key, (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?)))
    };
    lines.filter_map(entry).collect()
});

/// The version shown for types of which no client publishes one.
const USUAL_VERSION: &str = "2023-01-01";
/// Before this day Resource Manager had no versions.
const FIRST: Date = jiff::civil::date(2014, 1, 1);

/// The code of a PUT that made, or else changed, a resource of a type.
pub(crate) fn put_code(kind: &str, is_new: bool) -> StatusCode {
    code("PUT", kind, is_new, (201, 200))
}

/// The code of a DELETE of a resource that was, or else was not, there.
pub(crate) fn delete_code(kind: &str, was_there: bool) -> StatusCode {
    code("DELETE", kind, was_there, (200, 204))
}

fn code(method: &'static str, kind: &str, first: bool, usual: (u16, u16)) -> StatusCode {
    let folded = fold(kind);
    let found = CODES.iter().find(|((known, name), _)| *known == method && *name == folded);
    let codes = found.map_or(usual, |(_, codes)| *codes);
    StatusCode::from_u16(if first { codes.0 } else { codes.1 }).unwrap_or(StatusCode::OK)
}

/// Whether a namespace is known.
pub(crate) fn is_known_namespace(namespace: &str) -> bool {
    PROVIDERS.contains_key(&*fold(namespace))
}

/// The name of a type as it is published; as given if it is not known.
pub(crate) fn published_name(kind: &str) -> String {
    let Some((namespace, name)) = kind.split_once('/') else { return kind.to_owned() };
    let Some(provider) = PROVIDERS.get(&*fold(namespace)) else { return kind.to_owned() };
    let known = provider.types.iter().find(|known| azimuth_ids::eq_fold(known.name, name));
    format!("{}/{}", provider.name, known.map_or(name, |known| known.name))
}

/// The newest version of a type that is no preview.
pub(crate) fn newest_version(kind: &str) -> &'static str {
    let versions = versions_of(kind);
    versions.iter().find(|version| version.len() == 10).or(versions.first()).copied().unwrap_or(USUAL_VERSION)
}

fn versions_of(kind: &str) -> &'static [&'static str] {
    let found = kind.split_once('/').and_then(|(namespace, name)| {
        let provider = PROVIDERS.get(&*fold(namespace))?;
        provider.types.iter().find(|known| azimuth_ids::eq_fold(known.name, name))
    });
    found.map(|known| known.versions.as_slice()).unwrap_or_default()
}

/// Refuses a version that no service could have: absent, not a date, before there were any, or of the future. Every other one is
/// answered, because old clients live long; the shape is that of the newest.
pub(crate) fn check_api_version(
    plane: &ControlPlane,
    path: &str,
    version: Option<&str>,
    now: Timestamp,
) -> Result<(), ApiError> {
    let _ = plane;
    let Some(version) = version else {
        return Err(bad_request(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    let kind = match named(path) {
        Some(Named::Resource(id)) => super::serve::type_of(&id),
        Some(Named::Collection { kind, .. }) => kind,
        None => "Microsoft.Resources/subscriptions".to_owned(),
    };
    let (day, suffix) = version.split_at_checked(10).unwrap_or((version, ""));
    let date = day.parse::<Date>().ok().filter(|_| is_suffix(suffix));
    let today = jiff::tz::Offset::UTC.to_datetime(now).date();
    let newest = versions_of(&kind).first().and_then(|version| version.get(..10)?.parse::<Date>().ok());
    let is_served =
        |date: &Date| *date >= FIRST && (*date <= today || newest.is_some_and(|newest| *date <= newest));
    if date.as_ref().is_some_and(is_served) {
        return Ok(());
    }
    let known = versions_of(&kind);
    let supported = if known.is_empty() { USUAL_VERSION.to_owned() } else { known.join(",") };
    Err(bad_request(
        "InvalidApiVersionParameter",
        format!("The api-version '{version}' is invalid. The supported versions are '{supported}'."),
    ))
}

fn is_suffix(suffix: &str) -> bool {
    ["", "-preview", "-alpha", "-beta", "-rc", "-privatepreview"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(suffix))
}

fn registration_key(subscription: &str, namespace: &str) -> String {
    format!("azimuth:/registrations/{}/{}", fold(subscription), fold(namespace))
}

/// A provider as the service shows it; `subscription` is none for the tenant.
fn shown(call: &Call<'_>, provider: &Provider, subscription: Option<&str>) -> Value {
    let namespace = provider.name;
    let locations: Vec<&str> = regions().iter().map(|region| region.display_name).collect();
    let types: Vec<Value> = provider
        .types
        .iter()
        .map(|known| {
            let versions: Vec<&str> =
                if known.versions.is_empty() { vec![USUAL_VERSION] } else { known.versions.clone() };
            let indexed = call.plane.catalogue.is_indexed(&format!("{namespace}/{}", known.name));
            json!({
                "resourceType": known.name,
                "locations": locations,
                "apiVersions": versions,
                "defaultApiVersion": versions.iter().find(|version| version.len() == 10).unwrap_or(&versions[0]),
                "capabilities": if indexed {
                    "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, SupportsTags, SupportsLocation"
                } else {
                    "SupportsExtension"
                },
            })
        })
        .collect();
    let id = subscription.map_or_else(
        || format!("/providers/{namespace}"),
        |subscription| format!("/subscriptions/{subscription}/providers/{namespace}"),
    );
    let mut shown = json!({"id": id, "namespace": namespace, "resourceTypes": types});
    if let Some(subscription) = subscription {
        let is_off = call.plane.read(&registration_key(subscription, namespace)).is_some();
        shown["registrationState"] = if is_off { "NotRegistered" } else { "Registered" }.into();
        shown["registrationPolicy"] = "RegistrationRequired".into();
    }
    shown
}

fn known(namespace: &str) -> Result<&'static Provider, ApiError> {
    PROVIDERS.get(&*fold(namespace)).ok_or_else(|| invalid_namespace(namespace))
}

/// 404 for a namespace that nobody has.
pub(crate) fn invalid_namespace(namespace: &str) -> ApiError {
    not_found("InvalidResourceNamespace", format!("The resource namespace '{namespace}' is invalid."))
}

fn list_all(call: &Call<'_>, subscription: Option<&str>) -> Value {
    call.list(
        PROVIDERS.iter().map(|(key, provider)| (key.clone(), shown(call, provider, subscription))),
        PAGE,
    )
}

fn list_in_tenant(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(list_all(call, None)))
}

fn show_in_tenant(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(shown(call, known(call.named("namespace"))?, None)))
}

fn list_in_subscription(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(list_all(call, Some(call.named("subscription")))))
}

fn show_in_subscription(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(shown(call, known(call.named("namespace"))?, Some(call.named("subscription")))))
}

/// Every provider is registered until somebody takes it out.
fn register(call: &Call<'_>) -> Result<Answer, ApiError> {
    set_registration(call, true)
}

fn unregister(call: &Call<'_>) -> Result<Answer, ApiError> {
    set_registration(call, false)
}

fn set_registration(call: &Call<'_>, is_on: bool) -> Result<Answer, ApiError> {
    let (subscription, namespace) = (call.named("subscription"), call.named("namespace"));
    let provider = known(namespace)?;
    let key = azimuth_ids::DocumentKey::parse(&registration_key(subscription, namespace))
        .map_err(|_| invalid_namespace(namespace))?;
    let write = if is_on {
        azimuth_host::Write::delete(key)
    } else {
        azimuth_host::Write::put(key, json!({"registrationState": "NotRegistered"}).to_string())
    };
    call.commit(vec![write])?;
    Ok(Answer::ok(shown(call, provider, Some(subscription))))
}

/// Refuses a write to a provider that is not registered in the subscription.
pub(crate) fn check_registered(call: &Call<'_>, subscription: &str, namespace: &str) -> Result<(), ApiError> {
    if call.plane.read(&registration_key(subscription, namespace)).is_none() {
        return Ok(());
    }
    Err(super::call::conflict(
        "MissingSubscriptionRegistration",
        format!(
            "The subscription is not registered to use namespace '{namespace}'. See \
             https://aka.ms/rps-not-found for how to register subscriptions."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_read() {
        assert!(PROVIDERS.len() > 50 && PROVIDERS["microsoft.storage"].types.len() > 20);
        assert_eq!(published_name("microsoft.storage/STORAGEACCOUNTS"), "Microsoft.Storage/storageAccounts");
        assert_eq!(put_code("Microsoft.Authorization/policyAssignments", false), StatusCode::CREATED);
        assert_eq!(put_code("Microsoft.Storage/storageAccounts", true), StatusCode::OK);
        assert_eq!(put_code("Microsoft.Network/virtualNetworks", true), StatusCode::CREATED);
        assert_eq!(delete_code("Microsoft.Network/virtualNetworks", false), StatusCode::NO_CONTENT);
        assert_eq!(delete_code("Microsoft.Network/networkWatchers/flowLogs", true), StatusCode::NO_CONTENT);
    }

    #[test]
    fn versions_are_dates() {
        assert!(["", "-preview", "-PREVIEW"].iter().all(|suffix| is_suffix(suffix)));
        assert!(!is_suffix("x") && !is_suffix("-previews"));
    }
}
