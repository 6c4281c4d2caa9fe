//! Writing and deleting one resource of any type: names, locks, policies, the provider's own additions, one commit.

use azimuth_host::{Write, WriteOutcome};
use azimuth_ids::{IdKind, IdRef, fold};
use azimuth_policy::Action;
use serde_json::{Map, Value, json};

use super::call::{Call, bad_request, conflict, locked, resource_not_found};
use super::complete::{complete, embedded_in};
use super::plane::key_of;
use super::policy::{self, Subject};
use super::provider::{check_registered, invalid_namespace, is_known_namespace, published_name};
use super::serve::check_group;
use super::tenant::region_name;
use crate::error::ApiError;

/// A resource as it stands after a write.
pub(crate) struct Written {
    /// The document.
    pub(crate) document: Value,
    /// Whether it was not there before.
    pub(crate) is_new: bool,
}

/// How a body is applied to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It replaces the document.
    Put,
    /// It is merged into it; the document must be there.
    Patch,
}

/// The id with the type as published, which is what documents show.
pub(crate) fn shown_id(id: &str) -> String {
    let Ok(parsed) = IdRef::parse(id) else { return id.to_owned() };
    if !matches!(parsed.kind(), IdKind::Resource | IdKind::Extension) {
        return parsed.canonical();
    }
    let canonical = parsed.canonical();
    let Some(at) = fold(&canonical).rfind("/providers/") else { return canonical };
    let (scope, block) = canonical.split_at(at);
    let names: Vec<&str> = block.split('/').skip(2).collect();
    let kind = published_name(parsed.resource_type().as_str());
    let mut types = kind.split('/');
    let mut text = format!("{scope}/providers/{}", types.next().unwrap_or_default());
    for (kind, name) in types.zip(names.iter().skip(2).step_by(2)) {
        text.push_str(&format!("/{kind}/{name}"));
    }
    text
}

/// Creates, replaces or changes a resource, as `call` asks or as a part of it.
///
/// # Errors
/// Everything for which Resource Manager refuses a write. The caller's right to it was checked before.
pub(crate) fn write(
    call: &Call<'_>,
    id: &str,
    body: Map<String, Value>,
    api_version: &str,
    manner: Manner,
) -> Result<Written, ApiError> {
    let id = shown_id(id);
    let parsed = IdRef::parse(&id).map_err(|error| bad_request("InvalidResourceId", error.to_string()))?;
    let kind = parsed.resource_type().as_str().to_owned();
    let action = format!("{kind}/write");
    check_place(call, parsed)?;
    call.respect_locks(&action, &id)?;
    if let Some(member) = embedded_in(&kind) {
        return write_part(call, parsed, member, body, api_version, manner);
    }
    let held = call.plane.read(&id);
    let before = held.as_ref().map(super::index::Held::value);
    let mut document = match (manner, &before) {
        (Manner::Patch, None) => return Err(resource_not_found(&id)),
        (Manner::Patch, Some(before)) => merged(before, &Value::Object(body)),
        (Manner::Put, _) => Value::Object(body),
    };
    head(&mut document, &id, parsed.name(), &kind);
    check_location(&document, before.as_ref(), parsed)?;
    if azimuth_ids::eq_fold(&kind, "Microsoft.Storage/storageAccounts") {
        super::service::check_storage_account(call, &id, parsed.name())?;
    }
    check_etag(&document, before.as_ref(), &kind)?;
    complete(call, &kind, &mut document, before.as_ref());
    let document = document_with_history(call, document, before.as_ref());
    let subject = Subject { id: &id, kind: &kind, api_version };
    let mut passed = policy::evaluate(call, subject, &document)?;
    let document = passed.changed.take().unwrap_or(document);
    let mut writes = vec![Write::put(key_of(&id), document.to_string()).when(call.precondition())];
    writes.append(&mut passed.writes);
    let outcomes = call.commit_as(&action, &id, writes)?;
    Ok(Written { document, is_new: matches!(outcomes.first(), Some(WriteOutcome::Created(_))) })
}

/// The document that a body would make, for policies to look at before anything is written.
pub(crate) fn draft(id: &str, body: &Value) -> Value {
    let id = shown_id(id);
    let parsed = IdRef::parse(&id).ok();
    let kind = parsed.map(|id| id.resource_type().as_str().to_owned()).unwrap_or_default();
    let mut document = body.clone();
    head(&mut document, &id, parsed.map(IdRef::name).unwrap_or_default(), &kind);
    document
}

fn document_with_history(call: &Call<'_>, mut document: Value, before: Option<&Value>) -> Value {
    document["systemData"] = call.system_data(before);
    document
}

/// `id`, `name` and `type` come first and are the server's, whatever the body says.
fn head(document: &mut Value, id: &str, name: &str, kind: &str) {
    let mut members = Map::new();
    members.insert("id".to_owned(), id.into());
    members.insert("name".to_owned(), name.into());
    members.insert("type".to_owned(), kind.into());
    if let Value::Object(given) = document.take() {
        let own = ["id", "name", "type", "systemdata", "apiversion"];
        members
            .extend(given.into_iter().filter(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str())));
    }
    if let Some(location) = members.get("location").and_then(Value::as_str) {
        let location = region_name(location);
        members.insert("location".to_owned(), location.into());
    }
    *document = Value::Object(members);
}

/// The provider, the resource group and the parent must be there.
fn check_place(call: &Call<'_>, id: IdRef<'_>) -> Result<(), ApiError> {
    let namespace = id.provider_namespace();
    if !is_known_namespace(namespace) {
        return Err(invalid_namespace(namespace));
    }
    check_group(call, id.as_str())?;
    if let Some(subscription) = id.subscription_id() {
        check_registered(call, subscription, namespace)?;
    }
    let Some(parent) = id.parent() else { return Ok(()) };
    let is_resource = matches!(parent.kind(), IdKind::Resource | IdKind::Extension);
    let is_child = is_resource && id.resource_type().as_str().matches('/').count() > 1;
    if is_child
        && call.plane.read(parent.as_str()).is_none()
        && !is_service(parent)
        && !is_embedded(call, parent)
    {
        return Err(super::call::not_found(
            "ParentResourceNotFound",
            format!(
                "Failed to perform 'write' on resource(s) of type '{}', because the parent resource '{}' could not be found.",
                id.resource_type().as_str(),
                parent.as_str()
            ),
        ));
    }
    Ok(())
}

/// Singletons that a provider makes with their parent, such as `blobServices/default`.
fn is_service(id: IdRef<'_>) -> bool {
    ["default", "current", "$web"].iter().any(|name| id.name().eq_ignore_ascii_case(name))
        || id.provider_namespace().eq_ignore_ascii_case("Microsoft.Security")
}

fn is_embedded(call: &Call<'_>, id: IdRef<'_>) -> bool {
    read_part(call, id.as_str()).is_some()
}

/// Microsoft Sentinel keeps etags in bodies: whoever sends one means the version that has it.
fn check_etag(document: &Value, before: Option<&Value>, kind: &str) -> Result<(), ApiError> {
    let is_sentinel = fold(kind).starts_with("microsoft.securityinsights/");
    let (Some(given), Some(before)) = (document["etag"].as_str().filter(|etag| *etag != "*"), before) else {
        return Ok(());
    };
    if !is_sentinel || before["etag"].as_str() == Some(given) {
        return Ok(());
    }
    Err(conflict(
        "Conflict",
        format!("Newer instance of '{kind}' exists: the etag '{given}' is not the present one."),
    ))
}

/// A resource stays where it is.
fn check_location(document: &Value, before: Option<&Value>, id: IdRef<'_>) -> Result<(), ApiError> {
    let Some(before) = before else { return Ok(()) };
    let (Some(is), Some(wanted)) = (before["location"].as_str(), document["location"].as_str()) else {
        return Ok(());
    };
    if region_name(is) == region_name(wanted) {
        return Ok(());
    }
    Err(conflict(
        "InvalidResourceLocation",
        format!(
            "The resource '{}' already exists in location '{is}' in resource group '{}'. A resource with the same name cannot \
             be created in location '{wanted}'. Please select a new resource name.",
            id.name(),
            id.resource_group().unwrap_or_default()
        ),
    ))
}

/// A JSON merge patch (RFC 7396), in which tags are replaced as a whole, as providers do.
fn merged(before: &Value, patch: &Value) -> Value {
    let mut after = merge(before, patch);
    if let Some(tags) = patch.get("tags") {
        after["tags"] = tags.clone();
    }
    after
}

/// RFC 7396. Depth is bounded by that of the patch, which the JSON reader bounds.
pub(crate) fn merge(before: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut after = before.as_object().cloned().unwrap_or_default();
    for (name, value) in patch {
        if value.is_null() {
            after.remove(name);
        } else {
            let old = after.get(name).cloned().unwrap_or_default();
            after.insert(name.clone(), merge(&old, value));
        }
    }
    Value::Object(after)
}

/// The part of a resource that an id names: its whole's folded id, and its place in the list.
fn place_of_part(call: &Call<'_>, id: IdRef<'_>) -> Option<(String, Value, &'static str, Option<usize>)> {
    let member = embedded_in(id.resource_type().as_str())?;
    let parent = id.parent()?.canonical();
    let whole = call.plane.read(&parent)?.value();
    let parts = whole["properties"][member].as_array()?;
    let at = parts
        .iter()
        .position(|part| part["name"].as_str().is_some_and(|name| azimuth_ids::eq_fold(name, id.name())));
    Some((parent, whole, member, at))
}

/// A part of a resource, such as a subnet; `None` if it is not there or the id names no part.
pub(crate) fn read_part(call: &Call<'_>, id: &str) -> Option<Value> {
    let (_, whole, member, at) = place_of_part(call, IdRef::parse(id).ok()?)?;
    Some(whole["properties"][member][at?].clone())
}

fn write_part(
    call: &Call<'_>,
    id: IdRef<'_>,
    member: &'static str,
    body: Map<String, Value>,
    api_version: &str,
    manner: Manner,
) -> Result<Written, ApiError> {
    let parent = id.parent().map(IdRef::canonical).unwrap_or_default();
    let Some(held) = call.plane.read(&parent) else { return Err(resource_not_found(&parent)) };
    let mut whole = held.value();
    let at = place_of_part(call, id).and_then(|(.., at)| at);
    let mut part = match (manner, at) {
        (Manner::Patch, None) => return Err(resource_not_found(id.as_str())),
        (Manner::Patch, Some(at)) => merged(&whole["properties"][member][at], &Value::Object(body)),
        (Manner::Put, _) => Value::Object(body),
    };
    let kind = id.resource_type().as_str().to_owned();
    head(&mut part, id.as_str(), id.name(), &kind);
    let subject = Subject { id: id.as_str(), kind: &kind, api_version };
    let mut passed = policy::evaluate(call, subject, &part)?;
    let part = passed.changed.take().unwrap_or(part);
    if !whole["properties"][member].is_array() {
        whole["properties"][member] = json!([]);
    }
    if let Some(parts) = whole["properties"][member].as_array_mut() {
        match at {
            Some(at) => parts[at] = part,
            None => parts.push(part),
        }
    }
    let before = held.value();
    let whole_kind = before["type"].as_str().unwrap_or_default().to_owned();
    complete(call, &whole_kind, &mut whole, Some(&before));
    let mut writes = vec![Write::put(key_of(&parent), whole.to_string())];
    writes.append(&mut passed.writes);
    call.commit_as(&format!("{kind}/write"), id.as_str(), writes)?;
    let document = read_part(call, id.as_str()).unwrap_or_default();
    Ok(Written { document, is_new: at.is_none() })
}

/// Deletes a resource with everything below it. Returns whether there was one.
///
/// # Errors
/// Locks on it, above or below, and policies of denyAction.
pub(crate) fn remove(call: &Call<'_>, id: &str, api_version: &str) -> Result<bool, ApiError> {
    let id = shown_id(id);
    let Ok(parsed) = IdRef::parse(&id) else { return Ok(false) };
    let kind = parsed.resource_type().as_str().to_owned();
    let action = format!("{kind}/delete");
    call.respect_locks(&action, &id)?;
    if let Some((parent, mut whole, member, at)) = place_of_part(call, parsed) {
        let Some(at) = at else { return Ok(false) };
        if let Some(parts) = whole["properties"][member].as_array_mut() {
            parts.remove(at);
        }
        call.commit_as(&action, &id, vec![Write::put(key_of(&parent), whole.to_string())])?;
        return Ok(true);
    }
    let Some(held) = call.plane.read(&id) else { return Ok(false) };
    locks_below(call, &id)?;
    policy::check_deletion(
        call,
        Subject { id: &id, kind: &kind, api_version },
        &held,
        Action::DeleteResource,
    )?;
    let mut writes = vec![Write::delete(key_of(&id)).when(call.precondition())];
    writes.extend(deletions_below(call, &id));
    call.commit_as(&action, &id, writes)?;
    Ok(true)
}

/// A deletion for every document below an id.
pub(crate) fn deletions_below(call: &Call<'_>, id: &str) -> Vec<Write> {
    let prefix = format!("{}/", fold(id));
    call.plane.with_index(|index| {
        index
            .below(&prefix)
            .filter_map(|(key, _)| azimuth_ids::DocumentKey::parse(key).ok())
            .map(Write::delete)
            .collect()
    })
}

/// Refuses if a lock below an id keeps something from being deleted.
pub(crate) fn locks_below(call: &Call<'_>, id: &str) -> Result<(), ApiError> {
    let prefix = format!("{}/", fold(id));
    let places: Vec<String> = call
        .plane
        .of_kind("microsoft.authorization/locks", &prefix)
        .into_iter()
        .filter_map(|(_, held)| {
            let lock = held.value();
            let id = lock["id"].as_str()?;
            let at = fold(id).rfind("/providers/microsoft.authorization/locks/")?;
            Some(id[..at].to_owned())
        })
        .collect();
    if places.is_empty() { Ok(()) } else { Err(locked(id, "delete", &places)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_with_published_types() {
        let id = "/subscriptions/S/resourcegroups/g/providers/microsoft.network/VIRTUALNETWORKS/v/subnets/a";
        let shown =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a";
        assert!(azimuth_ids::eq_fold(&shown_id(id), shown));
        assert!(
            shown_id(id).ends_with("/providers/Microsoft.Network/virtualNetworks/v/subnets/a"),
            "{}",
            shown_id(id)
        );
    }

    #[test]
    fn patches_merge_and_tags_are_replaced() {
        let before = json!({"tags": {"a": "1"}, "properties": {"x": 1, "y": {"z": 2}}});
        let after = merged(&before, &json!({"tags": {"b": "2"}, "properties": {"x": null, "y": {"w": 3}}}));
        assert_eq!(after, json!({"tags": {"b": "2"}, "properties": {"y": {"z": 2, "w": 3}}}));
    }
}
