//! The cloud's own description, tenants, subscriptions and regions.
//!
//! Source: Azure REST reference, Subscriptions and Tenants; what `az cloud register` reads of the metadata.

use std::sync::LazyLock;

use axum::http::Method;
use azimuth_host::Write;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, not_found};
use super::path::Path;
use super::plane::{ControlPlane, key_of};
use super::query::{PAGE, Query};
use super::route::{Right, Route, get, post};
use crate::error::ApiError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/tenants", Right::Open, tenants),
        get("/subscriptions", Right::Open, subscriptions),
        get(
            "/subscriptions/{subscription}",
            Right::Listed("Microsoft.Resources/subscriptions/read"),
            subscription,
        ),
        get(
            "/subscriptions/{subscription}/locations",
            Right::Listed("Microsoft.Resources/subscriptions/locations/read"),
            locations,
        ),
        post(
            "/subscriptions/{subscription}/providers/Microsoft.Subscription/rename",
            Right::Action("Microsoft.Subscription/rename/action"),
            rename,
        ),
    ]
}

/// What is answered without signing in; `None` for everything else.
pub(super) fn without_sign_in(
    plane: &ControlPlane,
    method: &Method,
    path: &Path,
    query: &Query,
) -> Option<Result<Answer, ApiError>> {
    let segments = path.segments();
    let is_metadata = segments.len() == 2
        && segments[0].eq_ignore_ascii_case("metadata")
        && segments[1].eq_ignore_ascii_case("endpoints");
    if !is_metadata || !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let Some(version) = query.get("api-version") else {
        return Some(Err(bad_request(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )));
    };
    let cloud = metadata(plane);
    // Old versions describe one cloud of several, new ones the cloud that is asked.
    let body = if version < "2020-01-01" && version > "2018-01-01" { json!([cloud]) } else { cloud };
    Some(Ok(Answer::ok(body)))
}

fn metadata(plane: &ControlPlane) -> Value {
    let base = &plane.settings.base_url;
    json!({
        "name": plane.settings.cloud,
        "portal": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": [format!("{base}/"), base],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "graph": base,
        "graphAudience": base,
        "microsoftGraphResourceId": base,
        "logAnalyticsResourceId": base,
        "logAnalyticslogAnalyticsResourceId": base,
        "appInsightsResourceId": base,
        "appInsightsTelemetryChannelResourceId": format!("{base}/v2.1/track"),
        "gallery": base,
        "batch": base,
        "media": base,
        "sqlManagement": base,
        "vmImageAliasDoc": format!("{base}/aliases.json"),
        "activeDirectoryDataLake": base,
        "attestationResourceId": base,
        "synapseAnalyticsResourceId": base,
        "ossrdbmsResourceId": base,
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io",
            "mhsmDns": "managedhsm.azure.net",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "synapseAnalytics": "dev.azuresynapse.net",
        },
    })
}

fn organisation(plane: &ControlPlane) -> Value {
    plane
        .read(&format!("graph:/organization/{}", plane.settings.tenant))
        .map(|held| held.value())
        .unwrap_or_default()
}

fn tenants(call: &Call<'_>) -> Result<Answer, ApiError> {
    let tenant = &call.plane.settings.tenant;
    let organisation = organisation(call.plane);
    let domains: Vec<&str> = organisation["verifiedDomains"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|domain| domain["name"].as_str())
        .collect();
    let default = domains.first().copied();
    Ok(Answer::ok(json!({"value": [{
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "tenantCategory": "Home",
        "displayName": organisation["displayName"].as_str().unwrap_or("Azimuth"),
        "country": organisation["country"],
        "countryCode": organisation["countryLetterCode"],
        "defaultDomain": default,
        "domains": domains,
        "tenantType": "AAD",
    }]})))
}

/// A subscription as the service shows it, from what is stored.
fn shown(plane: &ControlPlane, id: &str, stored: &Value) -> Value {
    let mut shown = stored.clone();
    if !shown.is_object() {
        shown = json!({});
    }
    let fill = |shown: &mut Value, name: &str, value: Value| {
        if shown.get(name).is_none_or(Value::is_null) {
            shown[name] = value;
        }
    };
    let properties = stored["properties"].clone();
    fill(&mut shown, "id", format!("/subscriptions/{id}").into());
    fill(&mut shown, "subscriptionId", id.into());
    fill(&mut shown, "tenantId", plane.settings.tenant.clone().into());
    let name =
        properties["displayName"].as_str().or_else(|| stored["name"].as_str()).unwrap_or(id).to_owned();
    fill(&mut shown, "displayName", name.into());
    fill(&mut shown, "state", properties.get("state").cloned().unwrap_or_else(|| "Enabled".into()));
    fill(
        &mut shown,
        "subscriptionPolicies",
        json!({"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"}),
    );
    fill(&mut shown, "authorizationSource", "RoleBased".into());
    fill(&mut shown, "managedByTenants", json!([]));
    fill(&mut shown, "promotions", json!([]));
    shown
}

/// Only those in which the caller holds something.
fn subscriptions(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let holdings = authority.model.what_can(&call.caller.object);
    let found = call.plane.of_kind("microsoft.resources/subscriptions", "/subscriptions/");
    let items = found.into_iter().filter_map(|(key, held)| {
        let stored = held.value();
        let id = key.rsplit('/').next()?.to_owned();
        let scope = azimuth_access::Scope::parse(&key).ok()?;
        let is_seen = call.may("Microsoft.Resources/subscriptions/read", &key)
            || holdings.grants.iter().any(|grant| grant.scope().is_within(&scope));
        is_seen.then(|| (key.to_string(), shown(call.plane, &id, &stored)))
    });
    let mut body = call.list(items, PAGE);
    body["count"] = json!({"type": "Total", "value": body["value"].as_array().map_or(0, Vec::len)});
    Ok(Answer::ok(body))
}

fn subscription(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.named("subscription");
    let held = call.plane.read(&format!("/subscriptions/{id}")).ok_or_else(|| {
        not_found("SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
    })?;
    Ok(Answer::ok(shown(call.plane, &azimuth_ids::fold(id), &held.value())))
}

fn rename(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = format!("/subscriptions/{}", azimuth_ids::fold(call.named("subscription")));
    let wanted = call.object()?;
    let name = wanted.get("subscriptionName").and_then(Value::as_str).filter(|name| !name.is_empty());
    let Some(name) = name else {
        return Err(bad_request("BadRequest", "The property 'subscriptionName' is required."));
    };
    let mut document = call.plane.read(&id).map(|held| held.value()).unwrap_or_else(|| json!({}));
    document["displayName"] = name.into();
    call.commit(vec![Write::put(key_of(&id), document.to_string())])?;
    Ok(Answer::ok(json!({"subscriptionId": call.named("subscription")})))
}

/// One region.
pub(crate) struct Region {
    /// `westeurope`
    pub(crate) name: &'static str,
    /// `West Europe`
    pub(crate) display_name: &'static str,
    group: &'static str,
    pair: &'static str,
    place: &'static str,
    latitude: &'static str,
    longitude: &'static str,
}

static REGIONS: LazyLock<Vec<Region>> = LazyLock::new(|| {
    let lines = include_str!("../../data/locations.tsv").lines().filter(|line| !line.starts_with('#'));
    let region = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (name, display_name, group) = (next(), next(), next());
        let (pair, place, latitude, longitude) = (next(), next(), next(), next());
        Region { name, display_name, group, pair, place, latitude, longitude }
    };
    lines.map(region).collect()
});

/// Every region.
pub(crate) fn regions() -> &'static [Region] {
    &REGIONS
}

/// The name of a region as documents hold it: `West Europe` is `westeurope`.
pub(crate) fn region_name(written: &str) -> String {
    written.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn locations(call: &Call<'_>) -> Result<Answer, ApiError> {
    let subscription = call.named("subscription");
    let id = |name: &str| format!("/subscriptions/{subscription}/locations/{name}");
    let value: Vec<Value> = regions()
        .iter()
        .map(|region| {
            let paired = (!region.pair.is_empty())
                .then(|| json!({"name": region.pair, "id": id(region.pair)}))
                .into_iter()
                .collect::<Vec<_>>();
            json!({
                "id": id(region.name),
                "name": region.name,
                "type": "Region",
                "displayName": region.display_name,
                "regionalDisplayName": format!("({}) {}", region.group, region.display_name),
                "metadata": {
                    "regionType": "Physical",
                    "regionCategory": "Recommended",
                    "geography": region.group,
                    "geographyGroup": region.group,
                    "longitude": region.longitude,
                    "latitude": region.latitude,
                    "physicalLocation": region.place,
                    "pairedRegion": paired,
                },
            })
        })
        .collect();
    Ok(Answer::ok(json!({"value": value})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_its_place() {
        assert!(regions().len() > 30);
        for region in regions() {
            assert!(
                region.latitude.parse::<f64>().is_ok() && region.longitude.parse::<f64>().is_ok(),
                "{}",
                region.name
            );
            assert_eq!(region_name(region.display_name), region.name);
        }
    }
}
