//! Links between objects: members, owners, what somebody is a member of; and actions on one object.

use axum::http::Method;
use azimuth_host::Write;
use azimuth_ids::fold;
use serde_json::{Value, json};

use super::entity::{app_changed, application_of, find, not_allowed};
use super::list;
use super::request::{Ask, GraphError, Reply, key_of};
use super::sets::Set;

/// Collections whose objects can be linked to, with their types.
const LINKED: [(&str, &str); 6] = [
    ("users", "user"),
    ("groups", "group"),
    ("servicePrincipals", "servicePrincipal"),
    ("applications", "application"),
    ("devices", "device"),
    ("directoryRoles", "directoryRole"),
];

/// Days that a secret lives where nobody says how long.
const SECRET_DAYS: i64 = 730;

/// An object of the directory by its id, with its type.
pub(super) fn object(ask: &Ask<'_>, id: &str) -> Option<Value> {
    LINKED.iter().find_map(|(path, kind)| {
        let held = ask.read(key_of(path, id).ok()?.as_str())?;
        let mut found = held.value();
        found["@odata.type"] = format!("#microsoft.graph.{kind}").into();
        Some(found)
    })
}

/// A request below one object.
pub(super) fn dispatch(ask: &Ask<'_>, set: &Set, id: &str, more: &[&str]) -> Result<Reply, GraphError> {
    let subject = find(ask, set, id).inspect_err(|_| ());
    // Whoever may not read is not told what is there.
    ask.may_read(set)?;
    let subject = subject?;
    let own = subject["id"].as_str().unwrap_or(id).to_owned();
    let name = more[0].to_ascii_lowercase();
    match (&ask.method, name.as_str(), &more[1..]) {
        (&Method::GET, "members" | "owners", []) => {
            list::answer(ask, None, "directoryObjects", linked(ask, set, &own, &name))
        }
        (
            &Method::GET,
            "members" | "owners" | "memberof" | "transitivemembers" | "transitivememberof",
            ["$count"],
        ) => Ok(Reply::Count(followed(ask, set, &own, &name).len())),
        (&Method::GET, "memberof" | "transitivememberof" | "transitivemembers", []) => {
            list::answer(ask, None, "directoryObjects", followed(ask, set, &own, &name))
        }
        (
            &Method::GET,
            "ownedobjects"
            | "registereddevices"
            | "owneddevices"
            | "approleassignments"
            | "approleassignedto"
            | "oauth2permissiongrants"
            | "licensedetails",
            [],
        ) => list::answer(ask, None, more[0], below(ask, set, &own, more[0])),
        (&Method::POST, "members" | "owners", ["$ref"]) => add(ask, set, &own, &name),
        (&Method::DELETE, "members" | "owners", [member, "$ref"]) => remove(ask, set, &own, &name, member),
        (&Method::POST, "checkmembergroups", []) => {
            let wanted = ids(ask, "groupIds")?;
            let groups = groups_of(ask, &own);
            let found: Vec<&String> = wanted
                .iter()
                .filter(|id| groups.iter().any(|known| known.eq_ignore_ascii_case(id)))
                .collect();
            Ok(Reply::Body(json!({"value": found})))
        }
        (&Method::POST, "getmembergroups" | "getmemberobjects", []) => {
            Ok(Reply::Body(json!({"value": groups_of(ask, &own)})))
        }
        (&Method::POST, "addpassword", []) => add_password(ask, set, &subject),
        (&Method::POST, "removepassword", []) => remove_password(ask, set, &subject),
        (&Method::POST, "approleassignments" | "approleassignedto", []) => {
            ask.may_write(set)?;
            let mut body = Value::Object(ask.object()?);
            let id = uuid::Uuid::new_v4().to_string();
            body["id"] = id.clone().into();
            body["createdDateTime"] = format!("{:.7}", ask.now).into();
            let key = key_of(&format!("{}/{own}/appRoleAssignments", set.path), &id)?;
            ask.commit("Add app role assignment", &subject, vec![Write::put(key, body.to_string())])?;
            Ok(Reply::Made(body))
        }
        (&Method::POST, "revokesigninsessions", []) => {
            ask.may_write(set)?;
            Ok(Reply::Body(json!({"value": true})))
        }
        (&Method::GET, "manager", []) => Err(GraphError::missing("manager")),
        (&Method::GET | &Method::POST | &Method::DELETE | &Method::PATCH, ..) => Err(GraphError::new(
            axum::http::StatusCode::BAD_REQUEST,
            "BadRequest",
            format!("Resource not found for the segment '{}'.", more[0]),
        )),
        _ => Err(not_allowed(ask)),
    }
}

fn ids(ask: &Ask<'_>, member: &str) -> Result<Vec<String>, GraphError> {
    let body = Value::Object(ask.object()?);
    let found = body[member]
        .as_array()
        .ok_or_else(|| GraphError::bad(format!("The parameter '{member}' is required.")))?;
    Ok(found.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
}

/// The objects that an object links to directly.
fn linked(ask: &Ask<'_>, set: &Set, id: &str, link: &str) -> Vec<(String, Value)> {
    let prefix = fold(&format!("graph:/{}/{id}/{link}/", set.path)).into_owned();
    let keys: Vec<(String, Value)> = ask.plane.with_index(|index| {
        index.below(&prefix).map(|(key, held)| (key.to_string(), held.value())).collect()
    });
    keys.into_iter()
        .map(|(key, stored)| {
            let member = key.rsplit('/').next().unwrap_or_default();
            let found = object(ask, member).unwrap_or(stored);
            (member.to_owned(), found)
        })
        .collect()
}

/// Documents kept below an object.
fn below(ask: &Ask<'_>, set: &Set, id: &str, link: &str) -> Vec<(String, Value)> {
    let prefix = fold(&format!("graph:/{}/{id}/{link}/", set.path)).into_owned();
    ask.plane
        .with_index(|index| index.below(&prefix).map(|(key, held)| (key.to_string(), held.value())).collect())
}

/// The groups that hold an object, through nested groups too.
pub(super) fn groups_of(ask: &Ask<'_>, id: &str) -> Vec<String> {
    let authority = ask.authority();
    authority.snapshot.directory().groups_of(&fold(id)).into_iter().map(str::to_owned).collect()
}

fn followed(ask: &Ask<'_>, set: &Set, id: &str, link: &str) -> Vec<(String, Value)> {
    let authority = ask.authority();
    let folded = fold(id).into_owned();
    match link {
        "transitivemembers" => {
            let members = authority.snapshot.directory().members_of(&folded);
            members.into_iter().filter_map(|member| Some((member.to_owned(), object(ask, member)?))).collect()
        }
        "transitivememberof" => groups_of(ask, id)
            .into_iter()
            .filter_map(|group| Some((group.clone(), object(ask, &group)?)))
            .collect(),
        "memberof" => {
            let end = format!("/members/{folded}");
            let mut found = Vec::new();
            for kind in ["graph:/groups/members", "graph:/directoryroles/members"] {
                for (key, _) in ask.plane.of_kind(kind, "graph:/") {
                    let Some(upper) = key.strip_suffix(&end) else { continue };
                    let holder = upper.rsplit('/').next().unwrap_or_default();
                    found.extend(object(ask, holder).map(|object| (holder.to_owned(), object)));
                }
            }
            found
        }
        _ => linked(ask, set, id, link),
    }
}

/// The objects that `$expand` asks for.
pub(super) fn expanded(ask: &Ask<'_>, set: &Set, id: &str, name: &str) -> Option<Value> {
    const KNOWN: [&str; 5] = ["members", "owners", "memberof", "transitivemembers", "transitivememberof"];
    let link = name.to_ascii_lowercase();
    if !KNOWN.contains(&link.as_str()) {
        return None;
    }
    let found = followed(ask, set, id, &link);
    Some(found.into_iter().map(|(_, object)| object).collect::<Vec<_>>().into())
}

fn add(ask: &Ask<'_>, set: &Set, id: &str, link: &str) -> Result<Reply, GraphError> {
    ask.may_write(set)?;
    let body = Value::Object(ask.object()?);
    let url =
        body["@odata.id"].as_str().ok_or_else(|| GraphError::bad("The property '@odata.id' is required."))?;
    let member = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let found = object(ask, member).ok_or_else(|| GraphError::missing(member))?;
    let key = key_of(&format!("{}/{id}/{link}", set.path), member)?;
    if ask.read(key.as_str()).is_some() {
        return Err(GraphError::bad(format!(
            "One or more added object references already exist for the following modified properties: '{link}'."
        )));
    }
    if member.eq_ignore_ascii_case(id) {
        return Err(GraphError::bad("An object cannot be a member of itself."));
    }
    let reference = json!({"id": found["id"], "@odata.type": found["@odata.type"], "displayName": found["displayName"], "userPrincipalName": found["userPrincipalName"]});
    ask.commit(
        &format!("Add {} to {}", link.trim_end_matches('s'), set.kind),
        &found,
        vec![Write::put(key, reference.to_string())],
    )?;
    Ok(Reply::Nothing)
}

fn remove(ask: &Ask<'_>, set: &Set, id: &str, link: &str, member: &str) -> Result<Reply, GraphError> {
    ask.may_write(set)?;
    let key = key_of(&format!("{}/{id}/{link}", set.path), member)?;
    let Some(held) = ask.read(key.as_str()) else { return Err(GraphError::missing(member)) };
    ask.commit(
        &format!("Remove {} from {}", link.trim_end_matches('s'), set.kind),
        &held.value(),
        vec![Write::delete(key)],
    )?;
    Ok(Reply::Nothing)
}

/// A new secret of an application. It is shown once, and kept as its digest by whoever signs applications in.
fn add_password(ask: &Ask<'_>, set: &Set, subject: &Value) -> Result<Reply, GraphError> {
    ask.may_write(set)?;
    let Some(app) = application_of(ask, set, subject) else {
        return Err(GraphError::bad("Only applications have passwords here."));
    };
    let body = Value::Object(ask.object()?);
    let wanted = &body["passwordCredential"];
    let end = wanted["endDateTime"].as_str().and_then(crate::odata::moment);
    let end = end.unwrap_or_else(|| {
        ask.now.checked_add(jiff::SignedDuration::from_hours(24 * SECRET_DAYS)).unwrap_or(ask.now)
    });
    let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    app_changed(ask, &app, Some(&secret), Some(end.as_second()))?;
    let shown = json!({
        "customKeyIdentifier": wanted["customKeyIdentifier"],
        "displayName": wanted["displayName"],
        "startDateTime": wanted["startDateTime"].as_str().map_or_else(|| format!("{:.7}", ask.now), str::to_owned),
        "endDateTime": format!("{end:.7}"),
        "keyId": uuid::Uuid::new_v4().to_string(),
        "hint": &secret[..3],
        "secretText": null,
    });
    let mut changed = subject.clone();
    if !changed["passwordCredentials"].is_array() {
        changed["passwordCredentials"] = json!([]);
    }
    if let Some(list) = changed["passwordCredentials"].as_array_mut() {
        list.push(shown.clone());
    }
    let id = subject["id"].as_str().unwrap_or_default();
    ask.commit(
        "Update application certificates and secrets",
        subject,
        vec![Write::put(key_of(set.path, id)?, changed.to_string())],
    )?;
    let mut answer = shown;
    answer["secretText"] = secret.into();
    Ok(Reply::Body(answer))
}

fn remove_password(ask: &Ask<'_>, set: &Set, subject: &Value) -> Result<Reply, GraphError> {
    ask.may_write(set)?;
    let body = Value::Object(ask.object()?);
    let key = body["keyId"].as_str().unwrap_or_default();
    let mut changed = subject.clone();
    let mut is_found = false;
    if let Some(list) = changed["passwordCredentials"].as_array_mut() {
        let before = list.len();
        list.retain(|known| known["keyId"].as_str() != Some(key));
        is_found = list.len() < before;
    }
    if !is_found {
        return Err(GraphError::bad(format!("No password credential found with keyId '{key}'.")));
    }
    let id = subject["id"].as_str().unwrap_or_default();
    ask.commit(
        "Update application certificates and secrets",
        subject,
        vec![Write::put(key_of(set.path, id)?, changed.to_string())],
    )?;
    Ok(Reply::Nothing)
}
