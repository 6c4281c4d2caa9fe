//! What is no collection: oneself, objects by their ids, templates of roles, domains, decisions of conditional access.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::entity::{not_allowed, with_context};
use super::links::{groups_of, object};
use super::list;
use super::request::{Ask, GraphError, Reply};
use super::sets::{SETS, Set, role};
use crate::caller::CallerKind;

/// Ids of one request for objects by their ids (the service's own limit).
const MAX_IDS: usize = 1_000;

fn users() -> &'static Set {
    &SETS[0]
}

/// Answers a path of its own; `None` for every other.
pub(super) fn dispatch(ask: &Ask<'_>, segments: &[&str]) -> Result<Option<Reply>, GraphError> {
    let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let path: Vec<&str> = lower.iter().map(String::as_str).collect();
    let reply = match (&ask.method, path.as_slice()) {
        (&Method::GET, ["me"]) => me(ask)?,
        (_, ["me", ..]) => {
            let object = ask.caller.object.clone();
            super::links::dispatch(ask, users(), &object, &segments[1..])?
        }
        (&Method::POST, ["directoryobjects", "getbyids"]) => by_ids(ask)?,
        (&Method::GET, ["directoryobjects", id]) => {
            ask.may_read(users())?;
            Reply::Body(object(ask, id).ok_or_else(|| GraphError::missing(id))?)
        }
        (
            &Method::POST,
            ["directoryobjects", id, "checkmembergroups" | "getmembergroups" | "getmemberobjects"],
        ) => {
            ask.may_read(users())?;
            membership(ask, id)?
        }
        (&Method::GET, ["directoryroletemplates"]) => {
            ask.may_read(users())?;
            let items = role::NAMES.iter().map(|(id, name)| {
                ((*id).to_owned(), json!({"id": id, "displayName": name, "description": null}))
            });
            list::answer(ask, None, "directoryRoleTemplates", items.collect())?
        }
        (&Method::GET, ["domains"]) => {
            ask.may_read(users())?;
            domains(ask)?
        }
        (
            &Method::GET,
            [
                "users" | "groups" | "applications" | "serviceprincipals",
                "delta" | "delta()" | "microsoft.graph.delta()",
            ],
        ) => delta(ask, path[0])?,
        (_, ["identity", "conditionalaccess", "evaluate"]) => {
            if ask.method != Method::POST {
                return Err(not_allowed(ask));
            }
            ask.may_read(&SETS[9])?;
            return Err(GraphError::new(
                StatusCode::NOT_IMPLEMENTED,
                "NotImplemented",
                "What-if decisions of conditional access are not served here yet; sign-in itself decides by the same policies.",
            ));
        }
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

fn me(ask: &Ask<'_>) -> Result<Reply, GraphError> {
    if ask.caller.kind == CallerKind::ServicePrincipal {
        return Err(GraphError::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        ));
    }
    let user = super::entity::find(ask, users(), &ask.caller.object)?;
    Ok(Reply::Body(with_context(ask, users(), &user)))
}

fn by_ids(ask: &Ask<'_>) -> Result<Reply, GraphError> {
    ask.may_read(users())?;
    let body = Value::Object(ask.object()?);
    let ids = body["ids"].as_array().ok_or_else(|| GraphError::bad("The parameter 'ids' is required."))?;
    if ids.len() > MAX_IDS {
        return Err(GraphError::bad(format!("At most {MAX_IDS} ids may be asked for.")));
    }
    let types: Vec<String> = body["types"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|kind| kind.as_str().map(str::to_ascii_lowercase))
        .collect();
    let is_wanted = |found: &Value| {
        let kind = found["@odata.type"].as_str().unwrap_or_default().to_ascii_lowercase();
        types.is_empty()
            || types.iter().any(|wanted| wanted == "directoryobject" || kind.ends_with(&format!(".{wanted}")))
    };
    let value: Vec<Value> =
        ids.iter().filter_map(Value::as_str).filter_map(|id| object(ask, id)).filter(is_wanted).collect();
    Ok(Reply::Body(
        json!({"@odata.context": format!("{}/{}/$metadata#directoryObjects", ask.plane.base_url(), ask.version), "value": value}),
    ))
}

fn membership(ask: &Ask<'_>, id: &str) -> Result<Reply, GraphError> {
    object(ask, id).ok_or_else(|| GraphError::missing(id))?;
    let groups = groups_of(ask, id);
    let body = Value::Object(ask.object()?);
    let value: Vec<String> = match body["groupIds"].as_array() {
        Some(wanted) => wanted
            .iter()
            .filter_map(Value::as_str)
            .filter(|id| groups.iter().any(|known| known.eq_ignore_ascii_case(id)))
            .map(str::to_owned)
            .collect(),
        None => groups,
    };
    Ok(Reply::Body(json!({"value": value})))
}

fn domains(ask: &Ask<'_>) -> Result<Reply, GraphError> {
    let organisation = ask
        .plane
        .of_kind("graph:/organization", "graph:/")
        .into_iter()
        .next()
        .map(|(_, held)| held.value())
        .unwrap_or_default();
    let items = organisation["verifiedDomains"].as_array().cloned().unwrap_or_default();
    let items = items.into_iter().map(|domain| {
        let name = domain["name"].as_str().unwrap_or_default().to_owned();
        let shown = json!({
            "id": name, "isDefault": domain["isDefault"] == true, "isInitial": domain["isInitial"] == true, "isVerified": true,
            "authenticationType": "Managed", "isAdminManaged": true, "isRoot": true, "supportedServices": ["Email"],
        });
        (name, shown)
    });
    list::answer(ask, None, "domains", items.collect())
}

/// What changed since a link was given out: everything at first, with a link for what comes after.
fn delta(ask: &Ask<'_>, collection: &str) -> Result<Reply, GraphError> {
    let set = SETS
        .iter()
        .find(|set| set.path.eq_ignore_ascii_case(collection))
        .ok_or_else(|| GraphError::missing(collection))?;
    ask.may_read(set)?;
    let since: Option<u64> = ask.query.get("$deltatoken").and_then(|token| token.parse().ok());
    let kind = format!("graph:/{}", azimuth_ids::fold(set.path));
    let (changed, upto) = ask.plane.changed_since(&kind, since.unwrap_or_default()).map_err(|error| {
        GraphError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", error.to_string())
    })?;
    let value: Vec<Value> = changed
        .into_iter()
        .filter_map(|(key, body)| match body {
            Some(body) => Some(list::shown(ask, Some(set), &body)),
            // The first answer is about what is there.
            None => since.map(|_| json!({"id": key.rsplit('/').next(), "@removed": {"reason": "deleted"}})),
        })
        .collect();
    let base = format!("{}/{}", ask.plane.base_url(), ask.version);
    Ok(Reply::Body(json!({
        "@odata.context": format!("{base}/$metadata#{}", set.path),
        "@odata.deltaLink": format!("{base}/{}/delta?$deltatoken={upto}", set.path),
        "value": value,
    })))
}
