//! Objects of a collection: listed, read, made, changed, deleted.

use axum::http::{Method, StatusCode};
use azimuth_host::Write;
use azimuth_ids::fold;
use serde_json::{Map, Value, json};

use super::credentials::Application;
use super::list;
use super::request::{Ask, GraphError, Reply, key_of};
use super::sets::{Set, defaults, role};

/// A request for a collection, or for the one object that it is.
pub(super) fn of_set(ask: &Ask<'_>, set: &Set) -> Result<Reply, GraphError> {
    if set.is_single {
        return of_single(ask, set);
    }
    match ask.method {
        Method::GET => {
            ask.may_read(set)?;
            list::answer(ask, Some(set), set.path, all(ask, set))
        }
        Method::POST => {
            ask.may_write(set)?;
            make(ask, set)
        }
        _ => Err(not_allowed(ask)),
    }
}

pub(super) fn not_allowed(ask: &Ask<'_>) -> GraphError {
    GraphError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Request_BadRequest",
        format!("The method '{}' is not allowed here.", ask.method),
    )
}

/// Everything in a collection, keyed in its order.
pub(super) fn all(ask: &Ask<'_>, set: &Set) -> Vec<(String, Value)> {
    let kind = format!("graph:/{}", fold(set.path));
    let mut found: Vec<(String, Value)> = ask
        .plane
        .of_kind(&kind, "graph:/")
        .into_iter()
        .map(|(key, held)| (key.to_string(), held.value()))
        .collect();
    if set.path == "roleManagement/directory/roleDefinitions" {
        for (id, name) in role::NAMES {
            if !found.iter().any(|(key, _)| key.ends_with(id)) {
                found.push((format!("graph:/{}/{id}", fold(set.path)), built_in_role(id, name)));
            }
        }
        found.sort_by(|left, right| left.0.cmp(&right.0));
    }
    found
}

fn built_in_role(id: &str, name: &str) -> Value {
    json!({"id": id, "templateId": id, "displayName": name, "description": null, "isBuiltIn": true, "isEnabled": true, "resourceScopes": ["/"], "rolePermissions": [], "version": "1"})
}

pub(super) fn count(ask: &Ask<'_>, set: &Set) -> Result<Reply, GraphError> {
    ask.may_read(set)?;
    let mut found = all(ask, set);
    list::retain(ask, &mut found)?;
    Ok(Reply::Count(found.len()))
}

/// The object of an id, or of a name that stands for one: a user's principal name.
pub(super) fn find(ask: &Ask<'_>, set: &Set, id: &str) -> Result<Value, GraphError> {
    if let Some(held) = ask.read(key_of(set.path, id)?.as_str()) {
        return Ok(held.value());
    }
    if set.kind == "unifiedRoleDefinition"
        && let Some((id, name)) = role::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(id))
    {
        return Ok(built_in_role(id, name));
    }
    let by_name = (set.kind == "user").then(|| {
        all(ask, set)
            .into_iter()
            .map(|(_, user)| user)
            .find(|user| user["userPrincipalName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(id)))
    });
    by_name.flatten().ok_or_else(|| GraphError::missing(id))
}

/// The id of the object that `name='value'` stands for, such as `appId='…'`.
pub(super) fn id_by_key(ask: &Ask<'_>, set: &Set, key: &str) -> Result<String, GraphError> {
    ask.may_read(set)?;
    let (name, value) = key.split_once('=').ok_or_else(|| GraphError::missing(key))?;
    let value = value.trim_matches('\'');
    let found = all(ask, set)
        .into_iter()
        .map(|(_, object)| object)
        .find(|object| object[name].as_str().is_some_and(|known| known.eq_ignore_ascii_case(value)));
    found
        .and_then(|object| object["id"].as_str().map(str::to_owned))
        .ok_or_else(|| GraphError::missing(value))
}

/// A request for one object.
pub(super) fn of_one(ask: &Ask<'_>, set: &Set, id: &str) -> Result<Reply, GraphError> {
    match ask.method {
        Method::GET => {
            ask.may_read(set)?;
            Ok(Reply::Body(with_context(ask, set, &find(ask, set, id)?)))
        }
        Method::PATCH => {
            ask.may_write(set)?;
            change(ask, set, id)
        }
        Method::DELETE => {
            ask.may_write(set)?;
            delete(ask, set, id)
        }
        _ => Err(not_allowed(ask)),
    }
}

/// An object as it is answered alone.
pub(super) fn with_context(ask: &Ask<'_>, set: &Set, object: &Value) -> Value {
    let mut shown = list::shown(ask, Some(set), object);
    shown["@odata.context"] =
        format!("{}/{}/$metadata#{}/$entity", ask.plane.base_url(), ask.version, set.path).into();
    shown
}

fn of_single(ask: &Ask<'_>, set: &Set) -> Result<Reply, GraphError> {
    let key = azimuth_ids::DocumentKey::graph(set.path).map_err(|_| GraphError::missing(set.path))?;
    let now = format!("{:.7}", ask.now);
    let stored = ask.read(key.as_str()).map(|held| held.value()).unwrap_or_else(|| defaults(set, &now));
    match ask.method {
        Method::GET => {
            ask.may_read(set)?;
            Ok(Reply::Body(with_context(ask, set, &stored)))
        }
        Method::PATCH | Method::PUT => {
            ask.may_write(set)?;
            let changed = crate::arm::merge(&stored, &Value::Object(ask.object()?));
            ask.commit("Update policy", &changed, vec![Write::put(key, changed.to_string())])?;
            Ok(Reply::Nothing)
        }
        _ => Err(not_allowed(ask)),
    }
}

fn make(ask: &Ask<'_>, set: &Set) -> Result<Reply, GraphError> {
    let body = ask.object()?;
    for member in set.required {
        if body.get(*member).is_none_or(Value::is_null) {
            return Err(GraphError::bad(format!(
                "A value is required for property '{member}' of resource '{}'.",
                set.kind
            )));
        }
    }
    let now = format!("{:.7}", ask.now);
    let mut object = defaults(set, &now);
    let id = match set.kind {
        // Ids of these are chosen by whoever makes them.
        "authenticationContextClassReference" => body.get("id").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let id = id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    object["id"] = id.clone().into();
    for (name, value) in &body {
        if !matches!(name.as_str(), "id" | "passwordProfile") && !name.contains("@odata.bind") {
            object[name.as_str()] = value.clone();
        }
    }
    let mut more = Vec::new();
    match set.kind {
        "user" => check_user(ask, set, &object, None)?,
        "application" => {
            object["appId"] = uuid::Uuid::new_v4().to_string().into();
            object["publisherDomain"] = default_domain(ask).into();
        }
        "servicePrincipal" => complete_principal(ask, &mut object)?,
        "directoryRole" => complete_role(ask, set, &mut object)?,
        "conditionalAccessPolicy" => complete_policy(&mut object)?,
        "" => complete_location(&mut object, &now)?,
        "unifiedRoleAssignment" => check_assignment(ask, &object)?,
        "group" => more = bound_members(ask, &id, &body)?,
        _ => {}
    }
    if set.kind == "user" {
        let text = |member: &str| object[member].as_str().unwrap_or_default();
        let password = body["passwordProfile"]["password"].as_str().unwrap_or_default();
        ask.credentials
            .user_made(&id, text("userPrincipalName"), text("displayName"), password)
            .map_err(GraphError::bad)?;
    }
    if let Some(app) = application_of(ask, set, &object) {
        app_changed(ask, &app, None, None)?;
    }
    let mut writes = vec![Write::put(key_of(set.path, &id)?, object.to_string())];
    writes.append(&mut more);
    ask.commit(&format!("Add {}", set.kind), &object, writes)?;
    Ok(Reply::Made(with_context(ask, set, &object)))
}

/// The domain of names that nobody chose.
pub(super) fn default_domain(ask: &Ask<'_>) -> String {
    let organisation = ask
        .plane
        .of_kind("graph:/organization", "graph:/")
        .into_iter()
        .next()
        .map(|(_, held)| held.value())
        .unwrap_or_default();
    let domains = organisation["verifiedDomains"].as_array().cloned().unwrap_or_default();
    let default = domains.iter().find(|domain| domain["isDefault"] == true).or(domains.first());
    default.and_then(|domain| domain["name"].as_str()).unwrap_or_default().to_owned()
}

fn check_user(ask: &Ask<'_>, set: &Set, user: &Value, own: Option<&str>) -> Result<(), GraphError> {
    let name = user["userPrincipalName"].as_str().unwrap_or_default();
    let Some((_, domain)) = name.split_once('@') else {
        return Err(GraphError::bad("Property userPrincipalName is invalid."));
    };
    let organisation = ask
        .plane
        .of_kind("graph:/organization", "graph:/")
        .into_iter()
        .next()
        .map(|(_, held)| held.value())
        .unwrap_or_default();
    let domains = organisation["verifiedDomains"].as_array().cloned().unwrap_or_default();
    let is_ours = domains
        .iter()
        .any(|known| known["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(domain)));
    if !domains.is_empty() && !is_ours {
        return Err(GraphError::bad(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        ));
    }
    let is_taken = all(ask, set).iter().any(|(_, known)| {
        known["userPrincipalName"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name))
            && known["id"].as_str() != own
    });
    if is_taken {
        return Err(GraphError::bad(
            "Another object with the same value for property userPrincipalName already exists.",
        ));
    }
    Ok(())
}

fn complete_principal(ask: &Ask<'_>, object: &mut Value) -> Result<(), GraphError> {
    let app_id = object["appId"].as_str().unwrap_or_default().to_owned();
    let same =
        |kind: &str| {
            ask.plane.of_kind(kind, "graph:/").into_iter().map(|(_, held)| held.value()).find(|known| {
                known["appId"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(&app_id))
            })
        };
    if same("graph:/serviceprincipals").is_some() {
        return Err(GraphError::new(
            StatusCode::CONFLICT,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created, updated, or restored because the service principal name {app_id} is already in use."
            ),
        ));
    }
    let application = same("graph:/applications").ok_or_else(|| {
        GraphError::bad(format!(
            "The appId '{app_id}' of the service principal does not reference a valid application object."
        ))
    })?;
    object["displayName"] = application["displayName"].clone();
    object["appDisplayName"] = application["displayName"].clone();
    object["appOwnerOrganizationId"] = ask.plane.tenant().into();
    let mut names = vec![Value::from(app_id)];
    names.extend(application["identifierUris"].as_array().cloned().unwrap_or_default());
    object["servicePrincipalNames"] = names.into();
    Ok(())
}

fn complete_role(ask: &Ask<'_>, set: &Set, object: &mut Value) -> Result<(), GraphError> {
    let template = object["roleTemplateId"].as_str().unwrap_or_default().to_owned();
    let Some((_, name)) = role::NAMES.iter().find(|(id, _)| id.eq_ignore_ascii_case(&template)) else {
        return Err(GraphError::missing(&template));
    };
    let is_active = all(ask, set).iter().any(|(_, role)| {
        role["roleTemplateId"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(&template))
    });
    if is_active {
        return Err(GraphError::bad(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    object["displayName"] = (*name).into();
    Ok(())
}

/// Empty lists where a condition is left out: clients read them without looking.
fn complete_policy(object: &mut Value) -> Result<(), GraphError> {
    const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];
    if !object["state"].as_str().is_some_and(|state| STATES.contains(&state)) {
        return Err(GraphError::bad(
            "1039: The policy state must be one of enabled, disabled and enabledForReportingButNotEnforced.",
        ));
    }
    let conditions = &mut object["conditions"];
    if !conditions.is_object() || conditions["users"].is_null() || conditions["applications"].is_null() {
        return Err(GraphError::bad("1011: 'conditions' must have 'users' and 'applications'."));
    }
    for (member, lists) in [
        (
            "users",
            &[
                "includeUsers",
                "excludeUsers",
                "includeGroups",
                "excludeGroups",
                "includeRoles",
                "excludeRoles",
            ][..],
        ),
        (
            "applications",
            &[
                "includeApplications",
                "excludeApplications",
                "includeUserActions",
                "includeAuthenticationContextClassReferences",
            ][..],
        ),
    ] {
        for list in lists {
            if conditions[member][*list].is_null() {
                conditions[member][*list] = json!([]);
            }
        }
    }
    for list in ["signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels"] {
        if conditions[list].is_null() {
            conditions[list] = json!([]);
        }
    }
    if conditions["clientAppTypes"].is_null() {
        conditions["clientAppTypes"] = json!(["all"]);
    }
    if object["grantControls"].is_object() {
        for list in ["builtInControls", "customAuthenticationFactors", "termsOfUse"] {
            if object["grantControls"][list].is_null() {
                object["grantControls"][list] = json!([]);
            }
        }
    }
    Ok(())
}

fn complete_location(object: &mut Value, now: &str) -> Result<(), GraphError> {
    let kind = object["@odata.type"].as_str().unwrap_or_default().to_owned();
    match kind.trim_start_matches("#microsoft.graph.") {
        "ipNamedLocation" if object["ipRanges"].is_array() => {
            if object["isTrusted"].is_null() {
                object["isTrusted"] = false.into();
            }
        }
        "countryNamedLocation" if object["countriesAndRegions"].is_array() => {
            if object["includeUnknownCountriesAndRegions"].is_null() {
                object["includeUnknownCountriesAndRegions"] = false.into();
            }
        }
        _ => {
            return Err(GraphError::bad(
                "1077: A named location is an ipNamedLocation with 'ipRanges' or a countryNamedLocation with 'countriesAndRegions'.",
            ));
        }
    }
    object["createdDateTime"] = now.into();
    object["modifiedDateTime"] = now.into();
    Ok(())
}

fn check_assignment(ask: &Ask<'_>, object: &Value) -> Result<(), GraphError> {
    let principal = object["principalId"].as_str().unwrap_or_default();
    super::links::object(ask, principal).ok_or_else(|| GraphError::missing(principal))?;
    let wanted = object["roleDefinitionId"].as_str().unwrap_or_default();
    let known = role::NAMES.iter().any(|(id, _)| id.eq_ignore_ascii_case(wanted))
        || ask.read(&format!("graph:/rolemanagement/directory/roledefinitions/{}", fold(wanted))).is_some();
    if known { Ok(()) } else { Err(GraphError::missing(wanted)) }
}

/// Members that a new group is made with: `members@odata.bind` and `owners@odata.bind`.
fn bound_members(ask: &Ask<'_>, id: &str, body: &Map<String, Value>) -> Result<Vec<Write>, GraphError> {
    let mut writes = Vec::new();
    for link in ["members", "owners"] {
        let bound = body.get(&format!("{link}@odata.bind")).and_then(Value::as_array);
        for url in bound.into_iter().flatten().filter_map(Value::as_str) {
            let member = url.rsplit('/').next().unwrap_or_default();
            let found = super::links::object(ask, member).ok_or_else(|| GraphError::missing(member))?;
            writes.push(Write::put(key_of(&format!("groups/{id}/{link}"), member)?, found.to_string()));
        }
    }
    Ok(writes)
}

/// What sign-in knows an application by: for an application object or a service principal of one.
pub(super) struct AppFacts {
    pub(super) app_id: String,
    pub(super) object: String,
    pub(super) name: String,
}

pub(super) fn application_of(ask: &Ask<'_>, set: &Set, object: &Value) -> Option<AppFacts> {
    if !matches!(set.kind, "application" | "servicePrincipal") {
        return None;
    }
    let text = |member: &str| object[member].as_str().unwrap_or_default().to_owned();
    let app_id = text("appId");
    let principal = if set.kind == "servicePrincipal" {
        text("id")
    } else {
        let found = ask
            .plane
            .of_kind("graph:/serviceprincipals", "graph:/")
            .into_iter()
            .map(|(_, held)| held.value());
        let own = found.into_iter().find(|known| known["appId"].as_str() == Some(&app_id));
        own.and_then(|known| known["id"].as_str().map(str::to_owned)).unwrap_or_default()
    };
    Some(AppFacts { app_id, object: principal, name: text("displayName") })
}

pub(super) fn app_changed(
    ask: &Ask<'_>,
    app: &AppFacts,
    secret: Option<&str>,
    expires: Option<i64>,
) -> Result<(), GraphError> {
    let of = Application { app_id: &app.app_id, object: &app.object, name: &app.name };
    ask.credentials.application(of, secret, expires).map_err(GraphError::bad)
}

fn change(ask: &Ask<'_>, set: &Set, id: &str) -> Result<Reply, GraphError> {
    let before = find(ask, set, id)?;
    let own = before["id"].as_str().unwrap_or(id).to_owned();
    let mut body = ask.object()?;
    let profile = body.remove("passwordProfile");
    body.retain(|name, _| name != "id" && !name.starts_with('@'));
    let mut after = before.clone();
    for (name, value) in &body {
        // Graph replaces members as a whole, but for complex ones of policies, which it merges.
        after[name.as_str()] = if set.kind == "conditionalAccessPolicy" && value.is_object() {
            crate::arm::merge(&before[name.as_str()], value)
        } else {
            value.clone()
        };
    }
    match set.kind {
        "user" => {
            if body.contains_key("userPrincipalName") {
                check_user(ask, set, &after, Some(&own))?;
            }
            if let Some(password) = profile.as_ref().and_then(|profile| profile["password"].as_str()) {
                ask.credentials.password_set(&own, password).map_err(GraphError::bad)?;
            }
            if let Some(is_enabled) = body.get("accountEnabled").and_then(Value::as_bool) {
                ask.credentials.enabled(&own, is_enabled).map_err(GraphError::bad)?;
            }
        }
        "conditionalAccessPolicy" => {
            complete_policy(&mut after)?;
            after["modifiedDateTime"] = format!("{:.7}", ask.now).into();
        }
        _ => {}
    }
    ask.commit(
        &format!("Update {}", set.kind),
        &after,
        vec![Write::put(key_of(set.path, &own)?, after.to_string())],
    )?;
    Ok(Reply::Nothing)
}

/// Deletes an object, its links, and its membership in groups.
fn delete(ask: &Ask<'_>, set: &Set, id: &str) -> Result<Reply, GraphError> {
    let object = find(ask, set, id)?;
    let own = object["id"].as_str().unwrap_or(id).to_owned();
    let key = key_of(set.path, &own)?;
    let below = format!("{key}/");
    let end = format!("/{}", fold(&own));
    let mut keys: Vec<String> =
        ask.plane.with_index(|index| index.below(&below).map(|(key, _)| key.to_string()).collect());
    for kind in ["graph:/groups/members", "graph:/groups/owners", "graph:/directoryroles/members"] {
        let links = ask.plane.of_kind(kind, "graph:/");
        keys.extend(links.into_iter().map(|(key, _)| key.to_string()).filter(|key| key.ends_with(&end)));
    }
    keys.sort();
    keys.dedup();
    let mut writes = vec![Write::delete(key)];
    writes.extend(keys.iter().filter_map(|key| azimuth_ids::DocumentKey::parse(key).ok()).map(Write::delete));
    ask.commit(&format!("Delete {}", set.kind), &object, writes)?;
    match set.kind {
        "user" => ask.credentials.removed(&own),
        "application" => ask.credentials.removed(object["appId"].as_str().unwrap_or_default()),
        _ => {}
    }
    Ok(Reply::Nothing)
}
