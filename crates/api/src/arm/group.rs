//! Resource groups, and the resources in them or in a subscription whatever their type.
//!
//! Source: Azure REST reference, Resource Groups and Resources.

use axum::http::StatusCode;
use azimuth_host::{Write, WriteOutcome};
use azimuth_ids::{DocumentKey, IdKind, IdRef, fold};
use azimuth_policy::Action;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, conflict, fits, may, not_found};
use super::generic::head_of;
use super::index::Held;
use super::plane::key_of;
use super::policy::{self, Subject};
use super::query::PAGE;
use super::resource::{deletions_below, locks_below, merge};
use super::route::{Right, Route, ask, delete, get, head, patch, post, put};
use super::serve::check_group;
use super::tenant::region_name;
use crate::error::ApiError;
use crate::odata::Filter;

const KIND: &str = "Microsoft.Resources/resourceGroups";
const STORED_KIND: &str = "microsoft.resources/subscriptions/resourcegroups";
const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const WRITE: &str = "Microsoft.Resources/subscriptions/resourceGroups/write";

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "/subscriptions/{subscription}/resourceGroups/{group}";
    const RESOURCES: Right = Right::Listed("Microsoft.Resources/subscriptions/resources/read");
    const OF_GROUP: Right = Right::Listed("Microsoft.Resources/subscriptions/resourceGroups/resources/read");
    vec![
        get("/subscriptions/{subscription}/resourceGroups", Right::Listed(READ), list),
        head(GROUP, Right::Action(READ), exists),
        get(GROUP, Right::Action(READ), show),
        put(GROUP, Right::Action(WRITE), create),
        patch(GROUP, Right::Action(WRITE), change),
        delete(GROUP, Right::Action("Microsoft.Resources/subscriptions/resourceGroups/delete"), destroy),
        get("/subscriptions/{subscription}/resources", RESOURCES, resources),
        get("/subscriptions/{subscription}/resourceGroups/{group}/resources", OF_GROUP, resources),
        post(
            "/subscriptions/{subscription}/resourceGroups/{group}/moveResources",
            Right::Action("Microsoft.Resources/subscriptions/resourceGroups/moveResources/action"),
            move_resources,
        ),
        ask(
            "/subscriptions/{subscription}/resourceGroups/{group}/validateMoveResources",
            Right::Action("Microsoft.Resources/subscriptions/resourceGroups/validateMoveResources/action"),
            validate_move,
        ),
        ask(
            "/subscriptions/{subscription}/resourceGroups/{group}/exportTemplate",
            Right::Action(READ),
            export,
        ),
    ]
}

fn id_of(call: &Call<'_>) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}",
        azimuth_ids::fold(call.named("subscription")),
        call.named("group")
    )
}

/// A group as the service shows it, from what is stored.
fn shown(held: &Held) -> Value {
    let mut document = held.value();
    document["type"] = KIND.into();
    if document["properties"]["provisioningState"].is_null() {
        document["properties"] = json!({"provisioningState": "Succeeded"});
    }
    document
}

fn missing(call: &Call<'_>) -> ApiError {
    not_found(
        "ResourceGroupNotFound",
        format!("Resource group '{}' could not be found.", call.named("group")),
    )
}

fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let filter = call.filter()?;
    let authority = call.authority();
    let prefix = format!("/subscriptions/{}/", fold(call.named("subscription")));
    let found = call.plane.of_kind(STORED_KIND, &prefix);
    let items = found
        .into_iter()
        .filter(|(key, _)| {
            !call.is_partial || may(&authority, &call.caller.object, READ, key) || holds_below(call, key)
        })
        .map(|(key, held)| (key.to_string(), shown(&held)))
        .filter(|(_, group)| fits_with_tags(filter.as_ref(), group));
    Ok(Answer::ok(call.list(items, PAGE)))
}

/// Whether the caller holds a role inside a group, which shows the group.
fn holds_below(call: &Call<'_>, key: &str) -> bool {
    let Ok(scope) = azimuth_access::Scope::parse(key) else { return false };
    let authority = call.authority();
    authority.model.what_can(&call.caller.object).grants.iter().any(|grant| grant.scope().is_within(&scope))
}

/// Filters over heads of resources: `tagName`, `tagValue`, `resourceGroup` and `resourceType` name no member of theirs.
fn fits_with_tags(filter: Option<&Filter>, head: &Value) -> bool {
    let Some(filter) = filter else { return true };
    let mut flat = head.clone();
    let equal = filter.equalities();
    let wanted = |name: &str| {
        equal.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    if let Some(tag) = wanted("tagName") {
        let tags = head["tags"].as_object();
        let found = tags.and_then(|tags| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag)));
        flat["tagName"] = found.map(|(name, _)| name.as_str()).into();
        flat["tagValue"] = found.map(|(_, value)| value.clone()).unwrap_or_default();
    }
    let id = head["id"].as_str().unwrap_or_default();
    flat["resourceGroup"] = IdRef::parse(id).ok().and_then(IdRef::resource_group).into();
    flat["resourceType"] = head["type"].clone();
    if let Some(location) = head["location"].as_str() {
        flat["location"] = region_name(location).into();
    }
    fits(Some(filter), &flat)
}

fn exists(call: &Call<'_>) -> Result<Answer, ApiError> {
    let is_there = call.plane.read(&id_of(call)).is_some();
    Ok(Answer::empty(if is_there { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }))
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    let held = call.plane.read(&id_of(call)).ok_or_else(|| missing(call))?;
    Ok(Answer::ok(shown(&held)))
}

fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let body = call.object()?;
    let (document, is_new) = write(call, &id_of(call), &body)?;
    Ok(Answer::with(if is_new { StatusCode::CREATED } else { StatusCode::OK }, document))
}

fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = id_of(call);
    let held = call.plane.read(&id).ok_or_else(|| missing(call))?;
    let body = call.object()?;
    let mut merged = merge(&held.value(), &Value::Object(body.clone()));
    if let Some(tags) = body.get("tags") {
        merged["tags"] = tags.clone();
    }
    let (document, _) = write(call, &id, merged.as_object().unwrap_or(&Map::new()))?;
    Ok(Answer::ok(document))
}

/// Writes a group; deployments do it too. Returns the document and whether it is new.
pub(crate) fn write(call: &Call<'_>, id: &str, body: &Map<String, Value>) -> Result<(Value, bool), ApiError> {
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    check_name(&name)?;
    let before = call.plane.read(id);
    let location = body.get("location").and_then(Value::as_str).map(region_name);
    let known = before.as_ref().and_then(|held| held.value()["location"].as_str().map(region_name));
    let Some(location) = location.or_else(|| known.clone()) else {
        return Err(bad_request(
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    if let Some(known) = known.filter(|known| *known != location) {
        return Err(conflict(
            "InvalidResourceGroupLocation",
            format!(
                "Invalid resource group location '{location}'. The Resource group already exists in location '{known}'."
            ),
        ));
    }
    call.respect_locks(WRITE, id)?;
    let shown_id = before.as_ref().and_then(|held| held.value()["id"].as_str().map(str::to_owned));
    let mut document = json!({
        "id": shown_id.unwrap_or_else(|| id.to_owned()),
        "name": name,
        "type": KIND,
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    });
    for member in ["tags", "managedBy"] {
        if let Some(value) = body.get(member).filter(|value| !value.is_null()) {
            document[member] = value.clone();
        }
    }
    let subject = Subject {
        id,
        kind: "Microsoft.Resources/subscriptions/resourceGroups",
        api_version: call.api_version(),
    };
    let mut passed = policy::evaluate(call, subject, &document)?;
    let document = passed.changed.take().unwrap_or(document);
    let mut writes = vec![Write::put(key_of(id), document.to_string()).when(call.precondition())];
    writes.append(&mut passed.writes);
    let outcomes = call.commit_as(WRITE, id, writes)?;
    Ok((document, matches!(outcomes.first(), Some(WriteOutcome::Created(_)))))
}

/// Up to 90 letters, digits, `_`, `-`, `.`, `(` and `)`, not ending with a full stop (Azure naming rules).
fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = (1..=90).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || "_-.()".contains(c))
        && !name.ends_with('.');
    if fits {
        return Ok(());
    }
    Err(bad_request(
        "InvalidResourceGroupName",
        format!(
            "The provided resource group name '{name}' has these invalid characters or a wrong length. The name can only be a \
             letter, digit, '-', '.', '(', ')' or '_', up to 90 of them, and cannot end with '.'."
        ),
    ))
}

fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = id_of(call);
    let held = call.plane.read(&id).ok_or_else(|| missing(call))?;
    call.respect_locks("Microsoft.Resources/subscriptions/resourceGroups/delete", &id)?;
    locks_below(call, &id)?;
    let subject =
        Subject { id: &id, kind: "Microsoft.Resources/subscriptions/resourceGroups", api_version: "" };
    policy::check_deletion(call, subject, &held, Action::DeleteResourceGroup)?;
    let inside = in_group(call, &format!("{}/", fold(&id)));
    for (key, held) in &inside {
        let kind = super::serve::type_of(key);
        let subject = Subject { id: key, kind: &kind, api_version: "" };
        policy::check_deletion(call, subject, held, Action::DeleteResourceGroup)?;
    }
    let mut writes = vec![Write::delete(key_of(&id))];
    writes.extend(deletions_below(call, &id));
    call.commit(writes)?;
    Ok(Answer::empty(StatusCode::OK))
}

/// The resources below a folded prefix that lists of all types show: top-level ones in groups, and children with a location.
fn in_group(call: &Call<'_>, prefix: &str) -> Vec<(String, Held)> {
    call.plane.with_index(|index| {
        index
            .below(prefix)
            .filter(|(key, held)| is_listed(key, held))
            .map(|(key, held)| (key.to_string(), held.clone()))
            .collect()
    })
}

fn is_listed(key: &str, held: &Held) -> bool {
    let Ok(id) = IdRef::parse(key) else { return false };
    if id.kind() != IdKind::Resource || id.resource_group().is_none() {
        return false;
    }
    let kind = id.resource_type();
    let is_hidden =
        ["microsoft.authorization", "microsoft.policyinsights", "microsoft.security", "microsoft.resources"]
            .iter()
            .any(|namespace| kind.namespace().eq_ignore_ascii_case(namespace))
            && !kind.as_str().to_ascii_lowercase().contains("templatespecs");
    !is_hidden && (kind.as_str().matches('/').count() == 1 || held.body.contains("\"location\""))
}

fn resources(call: &Call<'_>) -> Result<Answer, ApiError> {
    let scope = if call.named("group").is_empty() {
        format!("/subscriptions/{}", call.named("subscription"))
    } else {
        check_group(call, &id_of(call))?;
        id_of(call)
    };
    let filter = call.filter()?;
    let wanted: Vec<&str> = call.query.get("$expand").unwrap_or_default().split(',').map(str::trim).collect();
    let authority = call.authority();
    let is_seen = |key: &str| {
        !call.is_partial
            || may(&authority, &call.caller.object, &format!("{}/read", super::serve::type_of(key)), key)
    };
    let items = in_group(call, &format!("{}/", fold(&scope)))
        .into_iter()
        .filter(|(key, _)| is_seen(key))
        .map(|(key, held)| (key, head_of(&held, &wanted)))
        .filter(|(_, head)| fits_with_tags(filter.as_ref(), head));
    Ok(Answer::ok(call.list(items, PAGE)))
}

/// What a move wants: the ids of the resources, and the group to move them to.
fn wanted_move(call: &Call<'_>) -> Result<(Vec<String>, String), ApiError> {
    let body = call.object()?;
    let target = body.get("targetResourceGroup").and_then(Value::as_str).unwrap_or_default();
    let target = IdRef::parse(target)
        .ok()
        .filter(|id| id.kind() == IdKind::ResourceGroup)
        .ok_or_else(|| {
            bad_request(
                "InvalidTargetResourceGroup",
                "The property 'targetResourceGroup' must be the id of a resource group.",
            )
        })?
        .canonical();
    check_group(call, &target)?;
    let ids: Vec<String> = body
        .get("resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let source = format!("{}/", fold(&id_of(call)));
    for id in &ids {
        if !fold(id).starts_with(&*source) {
            return Err(bad_request(
                "ResourceMoveNotInSourceGroup",
                format!("The resource '{id}' is not in the resource group that is moved from."),
            ));
        }
        super::generic::find(call, id)?;
        call.respect_locks(&format!("{}/write", super::serve::type_of(id)), id)?;
    }
    if ids.is_empty() {
        return Err(bad_request(
            "InvalidRequestContent",
            "The property 'resources' must name at least one resource.",
        ));
    }
    call.require("Microsoft.Resources/subscriptions/resourceGroups/write", &target)?;
    Ok((ids, target))
}

fn validate_move(call: &Call<'_>) -> Result<Answer, ApiError> {
    wanted_move(call)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Resources keep their documents and get new ids, with everything below them.
fn move_resources(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (ids, target) = wanted_move(call)?;
    let source = id_of(call);
    let mut writes = Vec::new();
    for id in &ids {
        let folded = fold(id).into_owned();
        let below = format!("{folded}/");
        let found: Vec<(String, Held)> = call.plane.with_index(|index| {
            let own = index.get(&folded).map(|held| (folded.clone(), held.clone()));
            own.into_iter()
                .chain(index.below(&below).map(|(key, held)| (key.to_string(), held.clone())))
                .collect()
        });
        for (key, held) in found {
            let mut document = held.value();
            let moved = |text: &str| format!("{target}{}", &text[source.len()..]);
            if let Some(id) = document["id"].as_str().filter(|id| id.len() > source.len()) {
                document["id"] = moved(id).into();
            }
            let (Ok(old), Ok(new)) = (DocumentKey::parse(&key), DocumentKey::parse(&moved(&key))) else {
                continue;
            };
            writes.push(Write::delete(old));
            writes.push(Write::put(new, document.to_string()));
        }
    }
    call.commit(writes)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The resources of a group as a template.
fn export(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = id_of(call);
    check_group(call, &id)?;
    let resources: Vec<Value> = in_group(call, &format!("{}/", fold(&id)))
        .into_iter()
        .map(|(key, held)| {
            let mut document = held.value();
            let kind = super::serve::type_of(&key);
            if let Some(members) = document.as_object_mut() {
                for own in ["id", "systemData", "etag"] {
                    members.remove(own);
                }
            }
            document["apiVersion"] = super::provider::newest_version(&kind).into();
            document
        })
        .collect();
    Ok(Answer::ok(json!({"template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "variables": {},
        "resources": resources,
    }})))
}
