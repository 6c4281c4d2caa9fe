//! Role definitions and assignments, and what the caller may do.
//!
//! Source: Azure REST reference, Role Definitions, Role Assignments, Permissions.

use axum::http::StatusCode;
use azimuth_access::{RoleAssignment, RoleDefinition, Scope, built_in_role, built_in_roles};
use azimuth_host::{Write, WriteOutcome};
use azimuth_ids::{eq_fold, fold};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, conflict, not_found};
use super::plane::key_of;
use super::policy_object::{on_scope, scopes_above};
use super::query::PAGE;
use super::route::{Right, Route, delete, get, put};
use crate::error::ApiError;
use crate::odata::{Filter, Operand};

const DEFINITIONS: &str = "microsoft.authorization/roledefinitions";
const ASSIGNMENTS: &str = "microsoft.authorization/roleassignments";
/// The built-in role Owner.
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

pub(super) fn routes() -> Vec<Route> {
    const DEFINITION: &str = "{scope}/providers/Microsoft.Authorization/roleDefinitions/{name}";
    const ASSIGNMENT: &str = "{scope}/providers/Microsoft.Authorization/roleAssignments/{name}";
    vec![
        get("/providers/Microsoft.Authorization/roleDefinitions", Right::Open, list_definitions),
        get("/providers/Microsoft.Authorization/roleDefinitions/{name}", Right::Open, show_definition),
        get("{scope}/providers/Microsoft.Authorization/roleDefinitions", Right::Derived, list_definitions),
        get(DEFINITION, Right::Derived, show_definition),
        put(DEFINITION, Right::Derived, create_definition),
        delete(DEFINITION, Right::Derived, delete_definition),
        get("{scope}/providers/Microsoft.Authorization/roleAssignments", Right::Derived, list_assignments),
        get(ASSIGNMENT, Right::Derived, show_assignment),
        put(ASSIGNMENT, Right::Derived, create_assignment),
        delete(ASSIGNMENT, Right::Derived, delete_assignment),
        get("{scope}/providers/Microsoft.Authorization/permissions", Right::Derived, permissions),
    ]
}

/// A built-in role as the service shows it at a scope: in a subscription its id begins there, as the assignments name it.
fn built_in(role: &RoleDefinition, scope: &str) -> Value {
    let subscription = azimuth_ids::IdRef::parse(scope).ok().and_then(azimuth_ids::IdRef::subscription_id);
    let place = subscription.map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    json!({
        "id": format!("{place}{}", role.id),
        "name": role.guid(),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "description": "",
            "assignableScopes": ["/"],
            "permissions": permissions_of(role),
        },
    })
}

fn permissions_of(role: &RoleDefinition) -> Vec<Value> {
    let texts = |patterns: &[azimuth_access::ActionPattern]| -> Vec<String> {
        patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    };
    role.permissions
        .iter()
        .map(|permission| {
            json!({
                "actions": texts(&permission.actions),
                "notActions": texts(&permission.not_actions),
                "dataActions": texts(&permission.data_actions),
                "notDataActions": texts(&permission.not_data_actions),
            })
        })
        .collect()
}

/// A filter over definitions: `roleName`, `type`; the functions of scope say how far to look.
fn definition_fits(filter: Option<&Filter>, document: &Value) -> bool {
    filter.is_none_or(|filter| {
        filter.holds(&document["properties"], &|name: &str, _: &[Operand]| {
            Some(matches!(name, "atscopeandbelow" | "atscope"))
        })
    })
}

fn list_definitions(call: &Call<'_>) -> Result<Answer, ApiError> {
    let filter = call.filter()?;
    let scopes = scopes_above(call, call.scope());
    let is_assignable = |document: &Value| {
        let assignable = document["properties"]["assignableScopes"].as_array();
        assignable.into_iter().flatten().filter_map(Value::as_str).any(|scope| {
            let folded = fold(scope);
            scopes.iter().any(|known| *known == folded)
                || fold(call.scope()).starts_with(&*folded)
                || folded.starts_with(&*fold(call.scope()))
        })
    };
    let mut found: Vec<(String, Value)> =
        built_in_roles().map(|role| (format!("0{}", role.guid()), built_in(role, call.scope()))).collect();
    // A custom role has one id and may be stored under any of its scopes.
    for (key, held) in call.plane.of_kind(DEFINITIONS, "") {
        let document = held.value();
        let guid = key.rsplit('/').next().unwrap_or_default().to_owned();
        found.retain(|(known, _)| known[1..] != guid);
        if document["properties"]["type"] == "BuiltInRole" || is_assignable(&document) {
            found.push((format!("1{guid}"), document));
        }
    }
    found.retain(|(_, document)| definition_fits(filter.as_ref(), document));
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    Ok(Answer::ok(call.list(found.into_iter(), PAGE)))
}

/// The stored definition of a GUID, wherever it is stored.
fn stored_definition(call: &Call<'_>, guid: &str) -> Option<(String, Value)> {
    let end = format!("/{}", fold(guid));
    let found = call.plane.of_kind(DEFINITIONS, "");
    found.into_iter().find(|(key, _)| key.ends_with(&end)).map(|(key, held)| (key.to_string(), held.value()))
}

fn definition(call: &Call<'_>, guid: &str) -> Option<Value> {
    stored_definition(call, guid)
        .map(|(_, document)| document)
        .or_else(|| built_in_role(guid).map(|role| built_in(role, call.scope())))
}

fn missing_definition(name: &str) -> ApiError {
    not_found(
        "RoleDefinitionDoesNotExist",
        format!("The specified role definition with ID '{name}' does not exist."),
    )
}

fn show_definition(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = call.named("name");
    definition(call, name).map(Answer::ok).ok_or_else(|| missing_definition(name))
}

fn create_definition(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = fold(call.named("name")).into_owned();
    let body = Value::Object(call.object()?);
    let properties = &body["properties"];
    let role_name =
        properties["roleName"].as_str().filter(|name| !name.is_empty() && name.chars().count() <= 512);
    let Some(role_name) = role_name else {
        return Err(bad_request(
            "RoleDefinitionNameNullOrEmpty",
            "The role definition needs a 'roleName' of at most 512 characters.",
        ));
    };
    if built_in_role(&name).is_some() {
        return Err(bad_request("RoleDefinitionUpdateNotPermitted", "A built-in role cannot be changed."));
    }
    let scopes: Vec<String> = properties["assignableScopes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|scope| scope.as_str().map(str::to_owned))
        .collect();
    if scopes.is_empty() || scopes.iter().any(|scope| scope.contains('*') || scope == "/") {
        return Err(bad_request(
            "InvalidRoleDefinitionScope",
            "'assignableScopes' must name at least one scope, without wildcards and not the tenant.",
        ));
    }
    for scope in &scopes {
        call.require("Microsoft.Authorization/roleDefinitions/write", scope)?;
    }
    let is_same_name = |document: &Value| {
        document["properties"]["roleName"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(role_name))
    };
    let known = call.plane.of_kind(DEFINITIONS, "");
    let is_taken =
        known.iter().any(|(key, held)| !key.ends_with(&format!("/{name}")) && is_same_name(&held.value()))
            || built_in_roles().any(|role| role.name.eq_ignore_ascii_case(role_name));
    if is_taken {
        return Err(conflict(
            "RoleDefinitionWithSameNameExists",
            format!("A custom role with the name '{role_name}' already exists in this directory."),
        ));
    }
    let stored = stored_definition(call, &name);
    let id = match &stored {
        Some((_, document)) => document["id"].as_str().unwrap_or_default().to_owned(),
        None => format!(
            "{}/providers/Microsoft.Authorization/roleDefinitions/{name}",
            call.scope().trim_end_matches('/')
        ),
    };
    let before = stored.map(|(_, document)| document);
    let made = |member: &str| {
        before.as_ref().map(|before| before["properties"][member].clone()).filter(|value| !value.is_null())
    };
    let permissions: Vec<Value> = properties["permissions"].as_array().cloned().unwrap_or_default();
    let permissions: Vec<Value> = permissions.iter().map(complete_permission).collect();
    let now = format!("{:.7}", call.now);
    let document = json!({
        "id": id,
        "name": name,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role_name,
            "type": "CustomRole",
            "description": properties["description"].as_str().unwrap_or_default(),
            "assignableScopes": scopes,
            "permissions": permissions,
            "createdOn": made("createdOn").unwrap_or_else(|| now.clone().into()),
            "createdBy": made("createdBy").unwrap_or_else(|| call.caller.object.clone().into()),
            "updatedOn": now,
            "updatedBy": call.caller.object,
        },
    });
    if let Err(error) = RoleDefinition::from_json(&document) {
        return Err(bad_request(
            "InvalidRoleDefinition",
            format!("The role definition cannot be read: {error}."),
        ));
    }
    call.commit(vec![Write::put(key_of(&id), document.to_string()).when(call.precondition())])?;
    Ok(Answer::with(StatusCode::CREATED, document))
}

/// All four lists, where some are left out.
fn complete_permission(given: &Value) -> Value {
    let list = |member: &str| given[member].as_array().cloned().unwrap_or_default();
    json!({
        "actions": list("actions"), "notActions": list("notActions"),
        "dataActions": list("dataActions"), "notDataActions": list("notDataActions"),
    })
}

fn delete_definition(call: &Call<'_>) -> Result<Answer, ApiError> {
    let name = call.named("name");
    if built_in_role(name).is_some() {
        return Err(bad_request("RoleDefinitionDeletionNotPermitted", "A built-in role cannot be deleted."));
    }
    let Some((key, document)) = stored_definition(call, name) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    let end = format!("/{}", fold(name));
    let is_assigned = call.plane.of_kind(ASSIGNMENTS, "").iter().any(|(_, held)| {
        held.value()["properties"]["roleDefinitionId"].as_str().is_some_and(|id| fold(id).ends_with(&end))
    });
    if is_assigned {
        return Err(bad_request(
            "RoleDefinitionHasAssignments",
            "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
        ));
    }
    call.commit(vec![Write::delete(key_of(&key))])?;
    Ok(Answer::with(StatusCode::OK, document))
}

/// What a filter of assignments asks for.
#[derive(Default)]
struct Wanted {
    /// Only at the scope and above.
    at_scope: bool,
    /// Only at the scope.
    exact: bool,
    /// Only of these principals.
    principals: Option<Vec<String>>,
}

fn wanted(call: &Call<'_>, filter: Option<&Filter>, found: &mut Wanted) {
    match filter {
        Some(Filter::And(left, right)) => {
            wanted(call, Some(left), found);
            wanted(call, Some(right), found);
        }
        Some(Filter::Call(name, arguments)) => {
            let principal = arguments.first().and_then(|argument| match argument {
                Operand::Literal(Value::String(text)) => Some(fold(text).into_owned()),
                _ => None,
            });
            match (name.as_str(), principal) {
                ("atscope", _) => found.at_scope = true,
                ("atexactscope", _) => found.exact = true,
                ("assignedto", Some(principal)) => {
                    let authority = call.authority();
                    let groups = authority.snapshot.directory().groups_of(&principal);
                    let mut all: Vec<String> = groups.into_iter().map(str::to_owned).collect();
                    all.push(principal);
                    found.principals = Some(all);
                }
                _ => {}
            }
        }
        Some(filter @ Filter::Compare(..)) => {
            for (path, value) in filter.equalities() {
                if path.eq_ignore_ascii_case("principalId") {
                    found.principals = Some(vec![fold(&value).into_owned()]);
                }
            }
        }
        _ => {}
    }
}

fn list_assignments(call: &Call<'_>) -> Result<Answer, ApiError> {
    let filter = call.filter()?;
    let mut asked = Wanted::default();
    wanted(call, filter.as_ref(), &mut asked);
    let scope = fold(call.scope()).into_owned();
    let mut found: Vec<(String, Value)> = if asked.exact {
        on_scope(call, &scope, ASSIGNMENTS)
    } else {
        scopes_above(call, call.scope()).iter().flat_map(|scope| on_scope(call, scope, ASSIGNMENTS)).collect()
    };
    if !asked.at_scope && !asked.exact {
        let below = format!("{}/", scope.trim_end_matches('/'));
        found.extend(
            call.plane
                .of_kind(ASSIGNMENTS, &below)
                .into_iter()
                .map(|(key, held)| (key.to_string(), held.value())),
        );
    }
    if let Some(principals) = &asked.principals {
        found.retain(|(_, document)| {
            document["properties"]["principalId"]
                .as_str()
                .is_some_and(|id| principals.iter().any(|known| eq_fold(known, id)))
        });
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    Ok(Answer::ok(call.list(found.into_iter(), PAGE)))
}

fn assignment_id(call: &Call<'_>) -> String {
    let scope = call.scope().trim_end_matches('/');
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", call.named("name"))
}

fn missing_assignment(call: &Call<'_>) -> ApiError {
    not_found("RoleAssignmentNotFound", format!("The role assignment '{}' is not found.", call.named("name")))
}

fn show_assignment(call: &Call<'_>) -> Result<Answer, ApiError> {
    let held = call.plane.read(&assignment_id(call)).ok_or_else(|| missing_assignment(call))?;
    Ok(Answer::text(held.body))
}

/// The kind of a principal of the directory; `None` if it is not there.
fn kind_of_principal(call: &Call<'_>, id: &str) -> Option<&'static str> {
    [("users", "User"), ("groups", "Group"), ("servicePrincipals", "ServicePrincipal")]
        .into_iter()
        .find(|(folder, _)| call.plane.read(&format!("graph:/{folder}/{id}")).is_some())
        .map(|(_, kind)| kind)
}

fn create_assignment(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = assignment_id(call);
    let body = Value::Object(call.object()?);
    let properties = if body["properties"].is_object() { &body["properties"] } else { &body };
    let text = |member: &str| properties[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(principal), Some(role)) = (text("principalId"), text("roleDefinitionId")) else {
        return Err(bad_request(
            "InvalidRoleAssignment",
            "A role assignment needs 'principalId' and 'roleDefinitionId'.",
        ));
    };
    if uuid::Uuid::parse_str(call.named("name")).is_err() {
        return Err(bad_request(
            "InvalidRoleAssignmentId",
            format!("The role assignment ID '{}' is not valid. It must be a GUID.", call.named("name")),
        ));
    }
    super::serve::check_group(call, call.scope())?;
    let guid = role.rsplit('/').next().unwrap_or_default().to_owned();
    if definition(call, &guid).is_none() {
        return Err(bad_request(
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{guid}' does not exist."),
        ));
    }
    let kind = kind_of_principal(call, &principal).map(str::to_owned).or_else(|| text("principalType"));
    let Some(kind) = kind else {
        return Err(bad_request(
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory {}.",
                principal.replace('-', ""),
                call.plane.settings.tenant
            ),
        ));
    };
    let scope = fold(call.scope()).into_owned();
    let is_same = |document: &Value| {
        let found = &document["properties"];
        let same =
            |member: &str, value: &str| found[member].as_str().is_some_and(|known| eq_fold(known, value));
        same("principalId", &principal)
            && found["roleDefinitionId"]
                .as_str()
                .is_some_and(|known| fold(known).ends_with(&*format!("/{}", fold(&guid))))
    };
    let own = fold(&id).into_owned();
    if let Some((_, twin)) = on_scope(call, &scope, ASSIGNMENTS)
        .into_iter()
        .find(|(key, document)| *key != own && is_same(document))
    {
        return Err(conflict(
            "RoleAssignmentExists",
            format!(
                "The role assignment already exists. The ID of the existing role assignment is {}.",
                twin["name"].as_str().unwrap_or_default().replace('-', "")
            ),
        ));
    }
    let before = call.plane.read(&id).map(|held| held.value());
    if before.as_ref().is_some_and(|before| !is_same(before)) {
        return Err(bad_request(
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        ));
    }
    let role_id = if call.scope().starts_with("/subscriptions/") && !role.starts_with("/subscriptions/") {
        let end = call.scope()["/subscriptions/".len()..]
            .find('/')
            .map_or(call.scope().len(), |at| at + "/subscriptions/".len());
        format!("{}/providers/Microsoft.Authorization/roleDefinitions/{guid}", &call.scope()[..end])
    } else {
        role
    };
    let document = assignment(call, &id, call.scope(), &principal, &kind, &role_id, properties);
    if let Err(error) = RoleAssignment::from_json(&document) {
        return Err(bad_request(
            "InvalidRoleAssignment",
            format!("The role assignment cannot be read: {error}."),
        ));
    }
    let subject = super::policy::Subject {
        id: &id,
        kind: "Microsoft.Authorization/roleAssignments",
        api_version: call.api_version(),
    };
    let passed = super::policy::evaluate(call, subject, &document)?;
    let mut writes = vec![Write::put(key_of(&id), document.to_string()).when(call.precondition())];
    writes.extend(passed.writes);
    let outcomes = call.commit(writes)?;
    let is_new = matches!(outcomes.first(), Some(WriteOutcome::Created(_)));
    Ok(Answer::with(super::provider::put_code("Microsoft.Authorization/roleAssignments", is_new), document))
}

fn assignment(
    call: &Call<'_>,
    id: &str,
    scope: &str,
    principal: &str,
    kind: &str,
    role: &str,
    given: &Value,
) -> Value {
    let now = format!("{:.7}", call.now);
    json!({
        "id": id,
        "name": id.rsplit('/').next().unwrap_or_default(),
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": kind,
            "scope": scope,
            "condition": given["condition"],
            "conditionVersion": given["conditionVersion"],
            "description": given["description"],
            "delegatedManagedIdentityResourceId": given["delegatedManagedIdentityResourceId"],
            "createdOn": now,
            "updatedOn": now,
            "createdBy": call.caller.object,
            "updatedBy": call.caller.object,
        },
    })
}

/// The write that makes the caller owner of a scope that did not exist before.
pub(crate) fn owner_of(call: &Call<'_>, scope: &str) -> Write {
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", uuid::Uuid::new_v4());
    let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{OWNER}");
    let kind = match call.caller.kind {
        crate::caller::CallerKind::User => "User",
        crate::caller::CallerKind::ServicePrincipal => "ServicePrincipal",
    };
    let document = assignment(call, &id, scope, &call.caller.object, kind, &role, &Value::Null);
    Write::put(key_of(&id), document.to_string())
}

fn delete_assignment(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = assignment_id(call);
    let Some(held) = call.plane.read(&id) else { return Ok(Answer::empty(StatusCode::NO_CONTENT)) };
    call.respect_locks("Microsoft.Authorization/roleAssignments/delete", &id)?;
    call.commit(vec![Write::delete(key_of(&id)).when(call.precondition())])?;
    Ok(Answer::text(held.body))
}

/// The permissions of the caller's roles at a scope.
fn permissions(call: &Call<'_>) -> Result<Answer, ApiError> {
    let authority = call.authority();
    let holdings = authority.model.what_can(&call.caller.object);
    let scopes: Vec<Scope> =
        scopes_above(call, call.scope()).iter().filter_map(|scope| Scope::parse(scope).ok()).collect();
    let value: Vec<Value> = holdings
        .grants
        .iter()
        .filter(|grant| scopes.iter().any(|scope| fold(scope.as_str()) == fold(grant.scope().as_str())))
        .filter_map(|grant| grant.role)
        .flat_map(permissions_of)
        .collect();
    Ok(Answer::ok(json!({"value": value})))
}
