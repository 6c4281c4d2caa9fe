//! Management groups: the tree above subscriptions, its settings, and moves in it.
//!
//! The rules of the tree are those of `azimuth_estate::hierarchy`, the rights of moves those of `azimuth_access`. Source of the
//! shapes: Azure REST reference, Management Groups.

use axum::http::StatusCode;
use azimuth_access::{
    CustomRole, Move, MoveError, Moved, Parent, Rights, Scope, check_move, custom_roles_within,
};
use azimuth_estate::hierarchy::{
    Caller, Hierarchy, HierarchyError, ManagementGroup, Operation, valid_group_name,
};
use azimuth_host::Write;
use azimuth_ids::{eq_fold, fold};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, not_found};
use super::plane::key_of;
use super::query::PAGE;
use super::route::{Right, Route, ask, delete, get, patch, post, put};
use crate::error::ApiError;

const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";
const KIND: &str = "Microsoft.Management/managementGroups";
const READ: &str = "Microsoft.Management/managementGroups/read";
const WRITE: &str = "Microsoft.Management/managementGroups/write";
/// Levels of children that a `$recurse` shows.
const DEEPEST: usize = 8;

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "/providers/Microsoft.Management/managementGroups/{managementGroup}";
    const MEMBER: &str =
        "/providers/Microsoft.Management/managementGroups/{managementGroup}/subscriptions/{member}";
    const SETTINGS: &str =
        "/providers/Microsoft.Management/managementGroups/{managementGroup}/settings/default";
    vec![
        get(GROUPS, Right::Listed(READ), list),
        get(GROUP, Right::Derived, show),
        put(GROUP, Right::Decided, create),
        patch(GROUP, Right::Derived, change),
        delete(GROUP, Right::Derived, destroy),
        get(
            "/providers/Microsoft.Management/managementGroups/{managementGroup}/descendants",
            Right::Derived,
            descendants,
        ),
        get(
            "/providers/Microsoft.Management/managementGroups/{managementGroup}/subscriptions",
            Right::Derived,
            members,
        ),
        get(MEMBER, Right::Derived, member),
        put(MEMBER, Right::Decided, add_subscription),
        delete(MEMBER, Right::Decided, remove_subscription),
        get(
            "/providers/Microsoft.Management/managementGroups/{managementGroup}/settings",
            Right::Derived,
            list_settings,
        ),
        get(SETTINGS, Right::Derived, settings),
        put(SETTINGS, Right::Derived, configure),
        patch(SETTINGS, Right::Derived, configure),
        delete(SETTINGS, Right::Derived, forget_settings),
        ask("/providers/Microsoft.Management/getEntities", Right::Open, entities),
        ask("/providers/Microsoft.Management/checkNameAvailability", Right::Open, check_name),
        ask("/providers/Microsoft.Management/tenantBackfillStatus", Right::Open, backfill),
        post("/providers/Microsoft.Management/startTenantBackfill", Right::Open, backfill),
    ]
}

fn id_of(name: &str) -> String {
    format!("{GROUPS}/{name}")
}

fn refused(error: &HierarchyError) -> ApiError {
    let azure = error.azure();
    let status = StatusCode::from_u16(azure.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut refusal = ApiError::new(status, azure.code, format!("{error}."));
    refusal.target = error.target().map(String::into_boxed_str);
    refusal
}

fn missing(name: &str) -> ApiError {
    not_found("NotFound", format!("'{}' not found", id_of(name)))
}

/// The group of a name, or 404.
fn known<'h>(hierarchy: &'h Hierarchy, name: &str) -> Result<&'h ManagementGroup, ApiError> {
    hierarchy.group(name).ok_or_else(|| missing(name))
}

fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let seen = |name: &str| !call.is_partial || call.may(READ, &id_of(name));
    let groups = authority.snapshot.hierarchy().groups().filter(|group| seen(group.name()));
    let mut items: Vec<(String, Value)> = groups
        .map(|group| {
            let shown = json!({
                "id": group.id(), "type": KIND, "name": group.name(),
                "properties": {"tenantId": call.plane.settings.tenant, "displayName": group.display_name().unwrap_or(group.name())},
            });
            (fold(group.name()).into_owned(), shown)
        })
        .collect();
    items.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(Answer::ok(call.list(items.into_iter(), PAGE)))
}

/// A group as the service shows it.
fn shown(call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let group = known(hierarchy, name)?;
    let stored = call.plane.read(&group.id()).map(|held| held.value()).unwrap_or_default();
    let details = &stored["properties"]["details"];
    let parent = hierarchy.parent(name).map(|parent| {
        json!({"id": parent.id(), "name": parent.name(), "displayName": parent.display_name().unwrap_or(parent.name())})
    });
    let ancestors: Vec<Value> = hierarchy
        .above(name)
        .map(|above| json!({"name": above.name(), "displayName": above.display_name().unwrap_or(above.name())}))
        .collect();
    let path: Vec<Value> = ancestors.iter().rev().cloned().collect();
    let mut shown = json!({
        "id": group.id(),
        "type": KIND,
        "name": group.name(),
        "properties": {
            "tenantId": call.plane.settings.tenant,
            "displayName": group.display_name().unwrap_or(group.name()),
            "details": {
                "version": details["version"].as_i64().unwrap_or(1),
                "updatedTime": details["updatedTime"],
                "updatedBy": details["updatedBy"],
                "parent": parent,
                "path": path,
                "managementGroupAncestors": ancestors.iter().map(|above| above["name"].clone()).collect::<Vec<_>>(),
                "managementGroupAncestorsChain": ancestors,
            },
        },
    });
    if call.query.get("$expand").is_some_and(|expand| expand.to_ascii_lowercase().contains("children")) {
        let recurses = call.query.get("$recurse").is_some_and(|recurse| recurse.eq_ignore_ascii_case("true"));
        let children = children(call, hierarchy, group.name(), if recurses { DEEPEST } else { 1 });
        shown["properties"]["children"] = children;
    }
    Ok(shown)
}

/// The children of a group; null where there are none, as the service answers.
fn children(call: &Call<'_>, hierarchy: &Hierarchy, name: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let mut found: Vec<Value> = hierarchy
        .children(name)
        .iter()
        .filter_map(|child| hierarchy.group(child))
        .map(|child| {
            json!({
                "type": KIND, "id": child.id(), "name": child.name(),
                "displayName": child.display_name().unwrap_or(child.name()),
                "children": children(call, hierarchy, child.name(), depth - 1),
            })
        })
        .collect();
    found.extend(hierarchy.subscriptions_in(name).iter().map(|id| {
        json!({
            "type": "/subscriptions", "id": format!("/subscriptions/{id}"), "name": id,
            "displayName": subscription_name(call, id), "children": null,
        })
    }));
    if found.is_empty() { Value::Null } else { found.into() }
}

fn subscription_name(call: &Call<'_>, id: &str) -> String {
    let stored =
        call.plane.read(&format!("/subscriptions/{id}")).map(|held| held.value()).unwrap_or_default();
    stored["displayName"].as_str().or(stored["properties"]["displayName"].as_str()).unwrap_or(id).to_owned()
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    shown(call, call.named("managementGroup")).map(Answer::ok)
}

/// The name of a group that a body refers to by id or name.
fn reference(value: &Value) -> Option<String> {
    let text = value["id"].as_str().or(value["name"].as_str()).or(value.as_str())?;
    text.trim_end_matches('/').rsplit('/').next().map(str::to_owned).filter(|name| !name.is_empty())
}

fn caller_of(call: &Call<'_>, hierarchy: &Hierarchy) -> Caller {
    let root = hierarchy.root().map(ManagementGroup::id);
    Caller { can_write_root: root.is_some_and(|root| call.may(WRITE, &root)) }
}

/// Creates a group, or changes the one that is there. Everybody may create one below the root unless the settings say otherwise,
/// and owns it then.
fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = call.named("managementGroup").to_owned();
    let body = Value::Object(call.object()?);
    let properties = &body["properties"];
    let display_name = properties["displayName"].as_str().map(str::to_owned);
    let parent = reference(&properties["details"]["parent"]);
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    if hierarchy.group(&name).is_some() {
        call.require(WRITE, &id_of(&name))?;
        return update(call, &name, display_name, parent);
    }
    let is_below_root = parent
        .as_deref()
        .is_none_or(|parent| hierarchy.root().is_some_and(|root| eq_fold(root.name(), parent)));
    if let Some(parent) = parent.as_deref().filter(|_| !is_below_root) {
        call.require(WRITE, &id_of(parent))?;
    }
    let operation =
        Operation::Create { name: name.clone(), display_name: display_name.clone(), parent: parent.clone() };
    hierarchy.apply(&operation, caller_of(call, hierarchy)).map_err(|error| refused(&error))?;
    let parent = parent.or_else(|| hierarchy.root().map(|root| root.name().to_owned())).unwrap_or_default();
    let mut writes = vec![document(call, &name, display_name.as_deref(), &parent, 1)];
    if !call.may(WRITE, &id_of(&parent)) {
        writes.push(super::role::owner_of(call, &id_of(&name)));
    }
    call.commit(writes)?;
    shown(call, &name).map(Answer::ok)
}

fn document(call: &Call<'_>, name: &str, display_name: Option<&str>, parent: &str, version: i64) -> Write {
    let document = json!({
        "id": id_of(name), "type": KIND, "name": name,
        "properties": {
            "tenantId": call.plane.settings.tenant,
            "displayName": display_name.unwrap_or(name),
            "details": {
                "version": version,
                "updatedTime": format!("{:.7}", call.now),
                "updatedBy": call.caller.object,
                "parent": {"id": id_of(parent), "name": parent},
            },
        },
    });
    Write::put(key_of(&id_of(name)), document.to_string())
}

fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let body = Value::Object(call.object()?);
    let parent = reference(&body["parentGroupId"]);
    update(call, call.named("managementGroup"), body["displayName"].as_str().map(str::to_owned), parent)
}

/// Renames or moves a group.
fn update(
    call: &Call<'_>,
    name: &str,
    display_name: Option<String>,
    parent: Option<String>,
) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let group = known(hierarchy, name)?;
    let old_parent = hierarchy.parent(name).map(|parent| parent.name().to_owned());
    let new_parent = parent.filter(|parent| !old_parent.as_deref().is_some_and(|old| eq_fold(old, parent)));
    if let Some(parent) = &new_parent {
        let operation = Operation::Move { name: name.to_owned(), parent: parent.clone() };
        hierarchy.apply(&operation, caller_of(call, hierarchy)).map_err(|error| refused(&error))?;
        let old = old_parent.clone().unwrap_or_default();
        may_move(call, Moved::ManagementGroup, &group.id(), &old, parent, &hierarchy.descendants(name))?;
    }
    let stored = call.plane.read(&group.id()).map(|held| held.value()).unwrap_or_default();
    let version = stored["properties"]["details"]["version"].as_i64().unwrap_or(1) + 1;
    let display_name = display_name.or_else(|| group.display_name().map(str::to_owned));
    if old_parent.is_none() && new_parent.is_none() {
        // The root has no parent to be written.
        let mut document = stored.clone();
        document["properties"]["displayName"] = display_name.into();
        call.commit(vec![Write::put(key_of(&group.id()), document.to_string())])?;
    } else {
        let parent = new_parent.or(old_parent).unwrap_or_default();
        call.commit(vec![document(call, group.name(), display_name.as_deref(), &parent, version)])?;
    }
    shown(call, name).map(Answer::ok)
}

/// Refuses a move for which the caller lacks rights, or that leaves role assignments without their definition.
fn may_move(
    call: &Call<'_>,
    moved: Moved,
    child: &str,
    from: &str,
    to: &str,
    along: &[String],
) -> Result<(), ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let rights = |id: &str| {
        Scope::parse(id)
            .map(|scope| Rights::at(&authority.model, &call.caller.object, &scope))
            .unwrap_or_default()
    };
    let parent = |name: &str| match hierarchy.root() {
        Some(root) if eq_fold(root.name(), name) => Parent::Root,
        _ => Parent::Group(rights(&id_of(name))),
    };
    let inside = Scope::parse(child).ok();
    let roles: Vec<CustomRole> = custom_roles_within(&authority.model, |scope| {
        inside.as_ref().is_some_and(|inside| scope.is_within(inside))
    });
    let mut above = hierarchy.ancestors(to);
    above.push(to.to_owned());
    let request = Move {
        moved,
        child: rights(child),
        child_rights_come_from_old_parent: false,
        from: parent(from),
        to: parent(to),
        custom_roles: &roles,
        new_ancestors: &above,
        moved_groups: along,
    };
    check_move(&request).map_err(|error| {
        let (status, code) = match error {
            MoveError::Forbidden { .. } => (StatusCode::FORBIDDEN, "AuthorizationFailed"),
            MoveError::RoleDefinitionPathBroken { .. } => (StatusCode::BAD_REQUEST, "BadRequest"),
        };
        ApiError::new(status, code, format!("{error}."))
    })
}

fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = call.named("managementGroup");
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    if hierarchy.group(name).is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let operation = Operation::Delete { name: name.to_owned() };
    hierarchy.apply(&operation, caller_of(call, hierarchy)).map_err(|error| refused(&error))?;
    let id = id_of(name);
    let mut writes = vec![Write::delete(key_of(&id))];
    writes.extend(super::resource::deletions_below(call, &id));
    call.commit(writes)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn descendants(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let name = call.named("managementGroup");
    known(hierarchy, name)?;
    let mut items: Vec<(String, Value)> = Vec::new();
    for child in hierarchy.descendants(name) {
        let Some(group) = hierarchy.group(&child) else { continue };
        let parent = hierarchy.parent(&child).map(ManagementGroup::id);
        let shown = json!({
            "id": group.id(), "type": KIND, "name": group.name(),
            "properties": {"displayName": group.display_name().unwrap_or(group.name()), "parent": {"id": parent}},
        });
        items.push((format!("0{}", fold(group.name())), shown));
    }
    for subscription in hierarchy.subscriptions_under(name) {
        let parent = hierarchy.group_of_subscription(&subscription).map(ManagementGroup::id);
        let shown = json!({
            "id": format!("/subscriptions/{subscription}"), "type": "/subscriptions", "name": subscription,
            "properties": {"displayName": subscription_name(call, &subscription), "parent": {"id": parent}},
        });
        items.push((format!("1{subscription}"), shown));
    }
    Ok(Answer::ok(call.list(items.into_iter(), PAGE)))
}

fn shown_member(call: &Call<'_>, group: &str, subscription: &str) -> Value {
    json!({
        "id": format!("{}/subscriptions/{subscription}", id_of(group)),
        "type": "Microsoft.Management/managementGroups/subscriptions",
        "name": subscription,
        "properties": {
            "tenant": call.plane.settings.tenant,
            "displayName": subscription_name(call, subscription),
            "parent": {"id": id_of(group)},
            "state": "Active",
        },
    })
}

fn members(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let name = call.named("managementGroup");
    let group = known(authority.snapshot.hierarchy(), name)?;
    let found = authority.snapshot.hierarchy().subscriptions_in(name);
    let items = found.iter().map(|id| (id.clone(), shown_member(call, group.name(), id)));
    Ok(Answer::ok(call.list(items, PAGE)))
}

fn member(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let group = authority.snapshot.hierarchy().group_of_subscription(call.named("member"));
    match group.filter(|group| eq_fold(group.name(), call.named("managementGroup"))) {
        Some(group) => Ok(Answer::ok(shown_member(call, group.name(), call.named("member")))),
        None => {
            Err(missing(&format!("{}/subscriptions/{}", call.named("managementGroup"), call.named("member"))))
        }
    }
}

/// The writes that put a subscription into a group, out of every other.
fn placement(call: &Call<'_>, group: &str, subscription: &str) -> Vec<Write> {
    let end = format!("/subscriptions/{}", fold(subscription));
    let new = fold(&format!("{}{end}", id_of(group))).into_owned();
    let known = call.plane.of_kind("microsoft.management/managementgroups/subscriptions", "");
    let mut writes: Vec<Write> = known
        .into_iter()
        .filter(|(key, _)| key.ends_with(&end) && **key != *new)
        .map(|(key, _)| Write::delete(key_of(&key)))
        .collect();
    let shown = shown_member(call, group, &fold(subscription));
    writes.push(Write::put(key_of(&new), shown.to_string()));
    writes
}

fn check_move_of_subscription(call: &Call<'_>, to: &str) -> Result<(), ApiError> {
    let subscription = call.named("member");
    if call.plane.read(&format!("/subscriptions/{subscription}")).is_none() {
        return Err(not_found(
            "SubscriptionNotFound",
            format!("The subscription '{subscription}' could not be found."),
        ));
    }
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let root = hierarchy.root().map(|root| root.name().to_owned()).unwrap_or_default();
    let from = hierarchy.group_of_subscription(subscription).map_or(root, |group| group.name().to_owned());
    may_move(call, Moved::Subscription, &format!("/subscriptions/{subscription}"), &from, to, &[])
}

fn add_subscription(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let Some(group) = hierarchy.group(call.named("managementGroup")) else {
        call.require(WRITE, &id_of(call.named("managementGroup")))?;
        return Err(missing(call.named("managementGroup")));
    };
    check_move_of_subscription(call, group.name())?;
    let operation = Operation::AddSubscription {
        subscription: call.named("member").to_owned(),
        group: group.name().to_owned(),
    };
    hierarchy.apply(&operation, caller_of(call, hierarchy)).map_err(|error| refused(&error))?;
    call.commit(placement(call, group.name(), call.named("member")))?;
    Ok(Answer::ok(shown_member(call, group.name(), &fold(call.named("member")))))
}

/// The subscription falls back to where new ones land.
fn remove_subscription(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let default = hierarchy.settings().default_management_group.clone();
    let landing = default.as_deref().and_then(|name| hierarchy.group(name)).or(hierarchy.root());
    let landing = landing.map(|group| group.name().to_owned()).ok_or_else(|| missing(""))?;
    check_move_of_subscription(call, &landing)?;
    let is_member = hierarchy
        .group_of_subscription(call.named("member"))
        .is_some_and(|group| eq_fold(group.name(), call.named("managementGroup")));
    if !is_member {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    call.commit(placement(call, &landing, call.named("member")))?;
    Ok(Answer::empty(StatusCode::OK))
}

fn shown_settings(call: &Call<'_>) -> Option<Value> {
    let id = format!("{}/settings/default", id_of(call.named("managementGroup")));
    call.plane.read(&id).map(|held| held.value())
}

fn list_settings(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"value": shown_settings(call).into_iter().collect::<Vec<_>>()})))
}

fn settings(call: &Call<'_>) -> Result<Answer, ApiError> {
    shown_settings(call)
        .map(Answer::ok)
        .ok_or_else(|| missing(&format!("{}/settings/default", call.named("managementGroup"))))
}

fn configure(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = call.named("managementGroup");
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let root = known(hierarchy, name)?;
    if !hierarchy.root().is_some_and(|found| eq_fold(found.name(), name)) {
        return Err(bad_request(
            "BadRequest",
            "Settings of the hierarchy belong to the root management group.",
        ));
    }
    let body = Value::Object(call.object()?);
    let wanted = &body["properties"];
    let before = shown_settings(call).unwrap_or_default();
    let pick = |member: &str| {
        let given = wanted.get(member).or(body.get(member)).cloned().filter(|value| !value.is_null());
        given.unwrap_or_else(|| before["properties"][member].clone())
    };
    let id = format!("{}/settings/default", root.id());
    let document = json!({
        "id": id, "type": "Microsoft.Management/managementGroups/settings", "name": "default",
        "properties": {
            "tenantId": call.plane.settings.tenant,
            "requireAuthorizationForGroupCreation": pick("requireAuthorizationForGroupCreation").as_bool().unwrap_or_default(),
            "defaultManagementGroup": pick("defaultManagementGroup"),
        },
    });
    call.commit(vec![Write::put(key_of(&id), document.to_string())])?;
    Ok(Answer::ok(document))
}

fn forget_settings(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = format!("{}/settings/default", id_of(call.named("managementGroup")));
    call.commit(vec![Write::delete(key_of(&id))])?;
    Ok(Answer::empty(StatusCode::OK))
}

/// Groups and subscriptions that the caller can read, each with its place in the tree.
fn entities(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let chain = |names: Vec<&ManagementGroup>| {
        let shown: Vec<&str> =
            names.iter().rev().map(|group| group.display_name().unwrap_or(group.name())).collect();
        let plain: Vec<&str> = names.iter().rev().map(|group| group.name()).collect();
        (json!(shown), json!(plain))
    };
    let permission = |can_write: bool| if can_write { "delete" } else { "view" };
    let mut items: Vec<(String, Value)> = Vec::new();
    for group in hierarchy.groups().filter(|group| call.may(READ, &group.id())) {
        let (shown, plain) = chain(hierarchy.above(group.name()).collect());
        let children = hierarchy.children(group.name()).len();
        let subscriptions = hierarchy.subscriptions_in(group.name()).len();
        let all =
            hierarchy.descendants(group.name()).len() + hierarchy.subscriptions_under(group.name()).len();
        let entity = json!({
            "id": group.id(), "type": KIND, "name": group.name(),
            "properties": {
                "tenantId": call.plane.settings.tenant,
                "displayName": group.display_name().unwrap_or(group.name()),
                "parent": {"id": hierarchy.parent(group.name()).map(ManagementGroup::id)},
                "permissions": permission(call.may(WRITE, &group.id())),
                "inheritedPermissions": "noaccess",
                "numberOfDescendants": all, "numberOfChildren": children + subscriptions, "numberOfChildGroups": children,
                "parentDisplayNameChain": shown, "parentNameChain": plain,
            },
        });
        items.push((format!("0{}", fold(group.name())), entity));
    }
    for (key, _) in call.plane.of_kind("microsoft.resources/subscriptions", "") {
        if !call.may("Microsoft.Resources/subscriptions/read", &key) {
            continue;
        }
        let id = key.rsplit('/').next().unwrap_or_default();
        let above = authority.groups_above(id);
        let groups: Vec<_> = above
            .iter()
            .filter_map(|id| hierarchy.group(id.rsplit('/').next().unwrap_or_default()))
            .collect();
        let (shown, plain) = chain(groups);
        let entity = json!({
            "id": &*key, "type": "/subscriptions", "name": id,
            "properties": {
                "tenantId": call.plane.settings.tenant, "displayName": subscription_name(call, id),
                "parent": {"id": above.first()}, "permissions": "view", "inheritedPermissions": "noaccess",
                "numberOfDescendants": 0, "numberOfChildren": 0, "numberOfChildGroups": 0,
                "parentDisplayNameChain": shown, "parentNameChain": plain,
            },
        });
        items.push((format!("1{id}"), entity));
    }
    let count = items.len();
    let mut body = call.list(items.into_iter(), PAGE);
    body["count"] = count.into();
    Ok(Answer::ok(body))
}

fn check_name(call: &Call<'_>) -> Result<Answer, ApiError> {
    let body = Value::Object(call.object()?);
    let name = body["name"].as_str().unwrap_or_default();
    let authority = call.authority();
    let (is_free, reason, message) = if !valid_group_name(name) {
        (false, "Invalid".into(), "The name is not valid for a management group.".into())
    } else if authority.snapshot.hierarchy().group(name).is_some() {
        (false, "AlreadyExists".into(), "The group with the specified name already exists.".into())
    } else {
        (true, Value::Null, Value::Null)
    };
    Ok(Answer::ok(json!({"nameAvailable": is_free, "reason": reason, "message": message})))
}

/// Every subscription is in the tree from the start.
fn backfill(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"tenantId": call.plane.settings.tenant, "status": "Completed"})))
}
