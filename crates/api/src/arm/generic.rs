//! Resources of any type that has no route of its own, and lists of them.

use std::cmp::Ordering;
use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use azimuth_ids::{IdKind, IdRef, fold};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, fits, resource_not_found};
use super::complete::embedded_in;
use super::path::{Named, named};
use super::provider::{delete_code, put_code};
use super::query::PAGE;
use super::resource::{Manner, read_part, remove, shown_id, write};
use super::route::{Right, Route, delete, get, patch, post, put};
use super::serve::check_group;
use crate::error::ApiError;
use crate::odata::{at_path, order};

static RESOURCE: LazyLock<[Route; 4]> = LazyLock::new(|| {
    [
        get("{resource}", Right::Derived, show),
        put("{resource}", Right::Derived, create),
        patch("{resource}", Right::Derived, change),
        delete("{resource}", Right::Derived, destroy),
    ]
});

static COLLECTION: LazyLock<Route> = LazyLock::new(|| get("{collection}", Right::Derived, list));
static ACTION: LazyLock<Route> = LazyLock::new(|| post("{resource}/{action}", Right::Derived, act));

/// The route of a path that no table has; `None` if it names nothing.
pub(super) fn route(method: &Method, path: &str) -> Option<&'static Route> {
    if *method == Method::POST {
        return Some(&*ACTION).filter(|_| path.matches('/').count() > 3);
    }
    match named(path)? {
        Named::Resource(_) => RESOURCE.iter().find(|route| {
            route.method == *method || (*method == Method::HEAD && route.method == Method::GET)
        }),
        Named::Collection { .. } if matches!(*method, Method::GET | Method::HEAD) => Some(&*COLLECTION),
        Named::Collection { .. } => None,
    }
}

/// The document of a resource or part of one.
pub(crate) fn find(call: &Call<'_>, id: &str) -> Result<Value, ApiError> {
    check_group(call, id)?;
    if let Some(held) = call.plane.read(id) {
        return Ok(held.value());
    }
    read_part(call, id).ok_or_else(|| resource_not_found(&shown_id(id)))
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    if let Some(held) = call.plane.read(&call.path) {
        return Ok(Answer::text(held.body.clone()).header("etag", held.etag().to_string()));
    }
    if call.method == Method::HEAD && read_part(call, &call.path).is_none() {
        return Ok(Answer::empty(StatusCode::NOT_FOUND));
    }
    find(call, &call.path).map(Answer::ok)
}

fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let written = write(call, &call.path, call.object()?, call.api_version(), Manner::Put)?;
    let kind = super::serve::type_of(&call.path);
    Ok(Answer::with(put_code(&kind, written.is_new), written.document))
}

fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let written = write(call, &call.path, call.object()?, call.api_version(), Manner::Patch)?;
    Ok(Answer::ok(written.document))
}

pub(super) fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    check_group(call, &call.path)?;
    let was_there = remove(call, &call.path, call.api_version())?;
    Ok(Answer::empty(delete_code(&super::serve::type_of(&call.path), was_there)))
}

/// What only the service itself can do is refused in so many words.
fn act(call: &Call<'_>) -> Result<Answer, ApiError> {
    let action = call.path.rsplit('/').next().unwrap_or_default();
    let upper = &call.path[..call.path.len() - action.len() - 1];
    if matches!(named(upper), Some(Named::Resource(_))) {
        find(call, upper)?;
    }
    Err(not_implemented(format!(
        "the action '{action}' of this type is not served: it needs the running service behind it"
    )))
}

/// 501 with its reason.
pub(crate) fn not_implemented(reason: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", reason)
}

/// The members of a collection: at a subscription or group everything in it, at a resource what hangs on it alone.
pub(crate) fn members(call: &Call<'_>, parent: &str, kind: &str) -> Vec<(String, Value)> {
    if let Some(member) = embedded_in(kind) {
        let whole = call.plane.read(parent).map(|held| held.value()).unwrap_or_default();
        let parts = whole["properties"][member].as_array().cloned().unwrap_or_default();
        return parts
            .into_iter()
            .map(|part| (fold(part["name"].as_str().unwrap_or_default()).into_owned(), part))
            .collect();
    }
    let scope = IdRef::parse(parent).ok();
    let folded = fold(kind);
    let prefix = match parent {
        "/" => "/".to_owned(),
        other => format!("{}/", fold(other)),
    };
    let is_deep =
        scope.is_some_and(|scope| matches!(scope.kind(), IdKind::Subscription | IdKind::ResourceGroup));
    let found = call.plane.of_kind(&folded, &prefix);
    let slashes = |key: &str| key[prefix.len()..].matches('/').count();
    // A child of a resource is one type and name further, an extension two and the namespace.
    let is_child = scope.is_some_and(|scope| {
        matches!(scope.kind(), IdKind::Resource | IdKind::Extension)
            && fold(kind).starts_with(&*format!("{}/", fold(scope.resource_type().as_str())))
    });
    let depth = if is_child { 1 } else { folded.matches('/').count() * 2 + 1 };
    found
        .into_iter()
        .filter(|(key, _)| is_deep || slashes(key) == depth)
        .map(|(key, held)| (key.to_string(), held.value()))
        .collect()
}

fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let Some(Named::Collection { parent, kind }) = named(&call.path) else {
        return Err(resource_not_found(&call.path));
    };
    check_group(call, &parent)?;
    let id = IdRef::parse(&parent).ok();
    let is_resource = id.is_some_and(|id| matches!(id.kind(), IdKind::Resource | IdKind::Extension));
    if is_resource
        && call.plane.read(&parent).is_none()
        && fold(&kind).starts_with(&*fold(&super::serve::type_of(&parent)))
    {
        return Err(resource_not_found(&parent));
    }
    let filter = call.filter().ok().flatten();
    let mut found = members(call, &parent, &kind);
    found.retain(|(_, document)| fits(filter.as_ref(), document));
    Ok(Answer::ok(call.list(ordered(call, found).into_iter(), PAGE)))
}

/// In the order that `$orderby` wants, keyed so that pages follow it.
pub(crate) fn ordered(call: &Call<'_>, mut items: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let Some(wanted) = call.query.get("$orderby") else { return items };
    sort_by(&mut items, wanted);
    items.into_iter().enumerate().map(|(at, (_, item))| (format!("{at:08}"), item)).collect()
}

/// Sorts by the members that `$orderby` names, each up or `desc`.
pub(crate) fn sort_by(items: &mut [(String, Value)], wanted: &str) {
    let keys: Vec<(Vec<String>, bool)> = wanted
        .split(',')
        .filter_map(|part| {
            let mut words = part.split_whitespace();
            let path = words.next()?.split('/').map(str::to_owned).collect();
            Some((path, words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"))))
        })
        .collect();
    items.sort_by(|(_, left), (_, right)| {
        let mut found = Ordering::Equal;
        for (path, is_falling) in &keys {
            let order = order(at_path(left, path), at_path(right, path)).unwrap_or(Ordering::Equal);
            found = found.then(if *is_falling { order.reverse() } else { order });
        }
        found
    });
}

/// A resource as lists of all types show it: its head, without properties.
pub(crate) fn head_of(held: &super::index::Held, wanted: &[&str]) -> Value {
    let document = held.value();
    let mut head = json!({});
    for member in [
        "id",
        "name",
        "type",
        "kind",
        "location",
        "managedBy",
        "sku",
        "plan",
        "identity",
        "zones",
        "tags",
        "extendedLocation",
    ] {
        if let Some(value) = document.get(member).filter(|value| !value.is_null()) {
            head[member] = value.clone();
        }
    }
    for member in wanted {
        match member.to_ascii_lowercase().as_str() {
            "createdtime" => {
                let made = document["systemData"]["createdAt"]
                    .as_str()
                    .map_or_else(|| format!("{:.7}", held.modified), str::to_owned);
                head["createdTime"] = made.into();
            }
            "changedtime" => head["changedTime"] = format!("{:.7}", held.modified).into(),
            "provisioningstate" => {
                head["provisioningState"] =
                    document["properties"]["provisioningState"].as_str().unwrap_or("Succeeded").into();
            }
            _ => {}
        }
    }
    head
}
