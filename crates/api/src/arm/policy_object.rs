//! Policy definitions, initiatives, assignments and exemptions.
//!
//! Source: Azure REST reference, Policy Definitions, Policy Set Definitions, Policy Assignments and Policy Exemptions.

use axum::http::StatusCode;
use azimuth_arm::Source;
use azimuth_host::{Write, WriteOutcome};
use azimuth_ids::{DocumentKey, IdKind, IdRef, fold};
use azimuth_policy::{
    CompileOptions, GovernanceError, ObjectKind, ParameterError, change_problems, check_assignment,
    check_definition, check_exemption, parse_definition, parse_exemption, parse_initiative,
};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, not_found};
use super::plane::key_of;
use super::policy::{built_in, built_ins};
use super::query::PAGE;
use super::resource::merge;
use super::route::{Right, Route, delete, get, patch, put};
use crate::error::ApiError;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/providers/Microsoft.Authorization/policyDefinitions", Right::Open, list_definitions),
        get("/providers/Microsoft.Authorization/policyDefinitions/{name}", Right::Open, show),
        get("/providers/Microsoft.Authorization/policySetDefinitions", Right::Open, list_definitions),
        get("/providers/Microsoft.Authorization/policySetDefinitions/{name}", Right::Open, show),
    ];
    macro_rules! of_kind {
        ($kind:literal, $list:expr) => {
            routes.extend([
                get(concat!("{scope}/providers/Microsoft.Authorization/", $kind), Right::Derived, $list),
                get(
                    concat!("{scope}/providers/Microsoft.Authorization/", $kind, "/{name}"),
                    Right::Derived,
                    show,
                ),
                put(
                    concat!("{scope}/providers/Microsoft.Authorization/", $kind, "/{name}"),
                    Right::Derived,
                    create,
                ),
                delete(
                    concat!("{scope}/providers/Microsoft.Authorization/", $kind, "/{name}"),
                    Right::Derived,
                    destroy,
                ),
            ]);
        };
    }
    of_kind!("policyDefinitions", list_definitions);
    of_kind!("policySetDefinitions", list_definitions);
    of_kind!("policyAssignments", list_applied);
    of_kind!("policyExemptions", list_applied);
    for pattern in [
        "{scope}/providers/Microsoft.Authorization/policyAssignments/{name}",
        "{scope}/providers/Microsoft.Authorization/policyExemptions/{name}",
    ] {
        routes.push(patch(pattern, Right::Derived, change));
    }
    for pattern in [
        "{scope}/providers/Microsoft.Authorization/policyDefinitions/{name}/versions",
        "{scope}/providers/Microsoft.Authorization/policySetDefinitions/{name}/versions",
    ] {
        routes.push(get(pattern, Right::Derived, versions));
    }
    routes
}

/// The kind of object that a path names, and its type as published.
fn kind_of(call: &Call<'_>) -> (ObjectKind, &'static str) {
    let folded = fold(&call.path);
    let is_of = |(_, name): &&(ObjectKind, &'static str)| {
        let folder = format!("/providers/{}", fold(name));
        folded
            .rfind(&folder)
            .is_some_and(|at| matches!(folded.as_bytes().get(at + folder.len()), None | Some(b'/')))
    };
    ObjectKind::ALL.iter().find(is_of).copied().unwrap_or(ObjectKind::ALL[0])
}

fn id_of(call: &Call<'_>) -> String {
    call.id(kind_of(call).1)
}

fn missing(call: &Call<'_>) -> ApiError {
    let (kind, _) = kind_of(call);
    let name = call.named("name");
    let (code, what) = match kind {
        ObjectKind::Definition => ("PolicyDefinitionNotFound", "policy definition"),
        ObjectKind::Initiative => ("PolicySetDefinitionNotFound", "policy set definition"),
        ObjectKind::Assignment => ("PolicyAssignmentNotFound", "policy assignment"),
        ObjectKind::Exemption | ObjectKind::Attestation => ("PolicyExemptionNotFound", "policy exemption"),
    };
    not_found(code, format!("The {what} '{name}' could not be found."))
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = id_of(call);
    if let Some(held) = call.plane.read(&id) {
        return Ok(Answer::text(held.body));
    }
    // Built-in objects belong to the tenant.
    let found = if call.scope() == "/" { built_in(&id) } else { None };
    found.map(|text| Answer::ok(shown_built_in(&text))).ok_or_else(|| missing(call))
}

/// A built-in object with the members that the data file leaves out.
fn shown_built_in(text: &str) -> Value {
    let mut document: Value = serde_json::from_str(text).unwrap_or_default();
    let is_set = document["properties"].get("policyDefinitions").is_some();
    document["type"] = if is_set {
        "Microsoft.Authorization/policySetDefinitions"
    } else {
        "Microsoft.Authorization/policyDefinitions"
    }
    .into();
    if document["properties"]["parameters"].is_null() {
        document["properties"]["parameters"] = json!({});
    }
    document
}

fn versions(call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = id_of(call);
    let stored = call.plane.read(&id).map(|held| held.value());
    let document =
        stored.or_else(|| built_in(&id).map(|text| shown_built_in(&text))).ok_or_else(|| missing(call))?;
    let version = document["properties"]["version"].as_str().unwrap_or("1.0.0").to_owned();
    let shown = json!({
        "id": format!("{id}/versions/{version}"),
        "name": version,
        "type": format!("{}/versions", kind_of(call).1),
        "properties": document["properties"],
    });
    Ok(Answer::ok(json!({"value": [shown]})))
}

/// The scopes at and above a scope, folded, nearest first.
pub(crate) fn scopes_above(call: &Call<'_>, scope: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    let Ok(id) = IdRef::parse(scope) else { return vec!["/".to_owned()] };
    for id in id.scope_chain() {
        if id.kind() != IdKind::Tenant {
            scopes.push(fold(&id.canonical()).into_owned());
        }
    }
    let authority = call.authority();
    let hierarchy = authority.snapshot.hierarchy();
    let groups: Vec<String> = match (id.subscription_id(), id.management_group()) {
        (Some(subscription), _) => authority.groups_above(subscription),
        (None, Some(group)) => {
            hierarchy.above(group).map(azimuth_estate::hierarchy::ManagementGroup::id).collect()
        }
        _ => Vec::new(),
    };
    for group in groups {
        let folded = fold(&group).into_owned();
        if !scopes.contains(&folded) {
            scopes.push(folded);
        }
    }
    scopes.push("/".to_owned());
    scopes
}

/// The objects of a folded kind that hang on exactly one folded scope.
pub(crate) fn on_scope(call: &Call<'_>, scope: &str, kind: &str) -> Vec<(String, Value)> {
    let prefix = format!("{}/providers/{kind}/", scope.trim_end_matches('/'));
    let found = call.plane.of_kind(kind, &prefix);
    found.into_iter().map(|(key, held)| (key.to_string(), held.value())).collect()
}

/// Definitions that can be assigned at the scope: its own, those above, and the built-in ones.
fn list_definitions(call: &Call<'_>) -> Result<Answer, ApiError> {
    let kind = fold(kind_of(call).1).into_owned();
    let filter = call.filter()?;
    let is_exact = filter.as_ref().is_some_and(|filter| filter.calls("atExactScope"));
    let scopes =
        if is_exact { vec![fold(call.scope()).into_owned()] } else { scopes_above(call, call.scope()) };
    let mut found: Vec<(String, Value)> =
        scopes.iter().flat_map(|scope| on_scope(call, scope, &kind)).collect();
    if !is_exact {
        let prefix = format!("/providers/{kind}/");
        found.extend(built_ins(&prefix).map(|(key, text)| (key.to_owned(), shown_built_in(text))));
    }
    let fits_flat = |document: &Value| {
        filter.as_ref().is_none_or(|filter| {
            let flat = json!({
                "policyType": document["properties"]["policyType"],
                "category": document["properties"]["metadata"]["category"],
                "displayName": document["properties"]["displayName"],
                "name": document["name"],
            });
            filter.holds(&flat, &|name: &str, _: &[_]| Some(name == "atexactscope"))
        })
    };
    found.retain(|(_, document)| fits_flat(document));
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    Ok(Answer::ok(call.list(found.into_iter(), PAGE)))
}

/// Assignments and exemptions: at the scope, above it, and below it, as the filter wants.
fn list_applied(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (_, name) = kind_of(call);
    let kind = fold(name).into_owned();
    let filter = call.filter()?;
    let calls = |name: &str| filter.as_ref().is_some_and(|filter| filter.calls(name));
    let scope = fold(call.scope()).into_owned();
    let mut found: Vec<(String, Value)> = if calls("atExactScope") {
        on_scope(call, &scope, &kind)
    } else {
        scopes_above(call, call.scope()).iter().flat_map(|scope| on_scope(call, scope, &kind)).collect()
    };
    if !calls("atScope") && !calls("atExactScope") && scope != "/" {
        let below = format!("{scope}/");
        found.extend(
            call.plane.of_kind(&kind, &below).into_iter().map(|(key, held)| (key.to_string(), held.value())),
        );
    }
    let now = call.now;
    found.retain(|(_, document)| {
        let properties = &document["properties"];
        let is_expired = || {
            properties["expiresOn"]
                .as_str()
                .and_then(crate::odata::moment)
                .is_some_and(|expiry| expiry <= now)
        };
        filter.as_ref().is_none_or(|filter| {
            filter.holds(properties, &|name: &str, _: &[_]| {
                Some(match name {
                    "atscope" | "atexactscope" => true,
                    "excludeexpired" => !is_expired(),
                    _ => return None,
                })
            })
        })
    });
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    Ok(Answer::ok(call.list(found.into_iter(), PAGE)))
}

fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    store(call, &call.object()?)
}

fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let held = call.plane.read(&id_of(call)).ok_or_else(|| missing(call))?;
    let merged = merge(&held.value(), &Value::Object(call.object()?));
    let mut answer = store(call, &merged.as_object().cloned().unwrap_or_default())?;
    answer.status = StatusCode::OK;
    Ok(answer)
}

/// Checks an object and writes it.
fn store(call: &Call<'_>, body: &Map<String, Value>) -> Result<Answer, ApiError> {
    let (kind, type_name) = kind_of(call);
    let id = id_of(call);
    let before = call.plane.read(&id).map(|held| held.value());
    let mut document = json!({"id": id, "name": call.named("name"), "type": type_name});
    document["properties"] = body.get("properties").cloned().unwrap_or_else(|| json!({}));
    if !document["properties"].is_object() {
        return Err(bad_request("InvalidRequestContent", "The property 'properties' must be an object."));
    }
    super::serve::check_group(call, call.scope())?;
    let mut more = Vec::new();
    match kind {
        ObjectKind::Definition => definition(call, &mut document, before.as_ref())?,
        ObjectKind::Initiative => initiative(call, &mut document)?,
        ObjectKind::Assignment => {
            for member in ["location", "identity"] {
                if let Some(value) = body.get(member).filter(|value| !value.is_null()) {
                    document[member] = value.clone();
                }
            }
            more = assignment(call, &mut document, before.as_ref())?;
        }
        ObjectKind::Exemption | ObjectKind::Attestation => exemption(call, &document)?,
    }
    if kind != ObjectKind::Exemption {
        history(call, &mut document, before.as_ref());
    }
    document["systemData"] = call.system_data(before.as_ref());
    let mut writes = vec![Write::put(key_of(&id), document.to_string()).when(call.precondition())];
    writes.append(&mut more);
    let outcomes = call.commit(writes)?;
    let is_new = matches!(outcomes.first(), Some(WriteOutcome::Created(_)));
    Ok(Answer::with(super::provider::put_code(type_name, is_new), document))
}

/// `metadata` says who made the object and who changed it.
fn history(call: &Call<'_>, document: &mut Value, before: Option<&Value>) {
    let metadata = &mut document["properties"]["metadata"];
    if !metadata.is_object() {
        *metadata = json!({});
    }
    let made = |member: &str| {
        before.map(|before| before["properties"]["metadata"][member].clone()).filter(|value| !value.is_null())
    };
    let now = format!("{:.7}", call.now);
    metadata["createdBy"] = made("createdBy").unwrap_or_else(|| call.caller.object.clone().into());
    metadata["createdOn"] = made("createdOn").unwrap_or_else(|| now.clone().into());
    metadata["updatedBy"] = if before.is_some() { call.caller.object.clone().into() } else { Value::Null };
    metadata["updatedOn"] = if before.is_some() { now.into() } else { Value::Null };
}

fn invalid(code: &str, name: &str, problems: &[String]) -> ApiError {
    bad_request(code, format!("The policy object '{name}' is invalid: {}.", problems.join("; ")))
}

/// Sets members that are not written.
fn defaults(properties: &mut Value, pairs: &[(&str, Value)]) {
    for (member, value) in pairs {
        if properties[*member].is_null() {
            properties[*member] = value.clone();
        }
    }
}

fn check_home(call: &Call<'_>) -> Result<(), ApiError> {
    let id = IdRef::parse(call.scope()).ok();
    let fits = id.is_some_and(|id| matches!(id.kind(), IdKind::Subscription | IdKind::ManagementGroup));
    if fits {
        return Ok(());
    }
    Err(bad_request(
        "InvalidPolicyDefinitionScope",
        "Policy definitions are stored at a subscription or a management group.",
    ))
}

fn definition(call: &Call<'_>, document: &mut Value, before: Option<&Value>) -> Result<(), ApiError> {
    check_home(call)?;
    let properties = &mut document["properties"];
    properties["policyType"] = "Custom".into();
    defaults(
        properties,
        &[
            ("mode", "All".into()),
            ("parameters", json!({})),
            ("version", "1.0.0".into()),
            ("versions", json!(["1.0.0"])),
        ],
    );
    let name = document["name"].as_str().unwrap_or_default().to_owned();
    let parse = |document: &Value| {
        let source = Source::parse(&name, &document.to_string()).ok()?;
        Some(parse_definition(&source, source.root(), "$"))
    };
    let parsed = parse(document);
    let Some(found) = parsed.as_ref().and_then(|parsed| parsed.value.as_ref()) else {
        let diagnostics = parsed.map(|parsed| parsed.diagnostics).unwrap_or_default();
        return Err(invalid("InvalidPolicyRule", &name, &errors(&diagnostics)));
    };
    let mut problems = errors(&parsed.as_ref().map(|parsed| parsed.diagnostics.clone()).unwrap_or_default());
    problems.extend(errors(&check_definition(found, &call.plane.catalogue)));
    if !problems.is_empty() {
        return Err(invalid("InvalidPolicyRule", &name, &problems));
    }
    if let Some(old) = before.and_then(parse).and_then(|parsed| parsed.value) {
        let problems = change_problems(&old.parameters, &found.parameters);
        if !problems.is_empty() {
            return Err(invalid("InvalidPolicyParameterUpdate", &name, &problems));
        }
    }
    Ok(())
}

fn errors(diagnostics: &[azimuth_diag::Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|found| found.severity == azimuth_diag::Severity::Error)
        .map(|found| found.message.clone())
        .collect()
}

fn initiative(call: &Call<'_>, document: &mut Value) -> Result<(), ApiError> {
    check_home(call)?;
    let name = document["name"].as_str().unwrap_or_default().to_owned();
    let properties = &mut document["properties"];
    properties["policyType"] = "Custom".into();
    defaults(
        properties,
        &[("parameters", json!({})), ("version", "1.0.0".into()), ("versions", json!(["1.0.0"]))],
    );
    let Some(references) = properties["policyDefinitions"].as_array_mut() else {
        return Err(invalid(
            "InvalidPolicySetDefinition",
            &name,
            &["it lists no 'policyDefinitions'".to_owned()],
        ));
    };
    for (at, reference) in references.iter_mut().enumerate() {
        let id = reference["policyDefinitionId"].as_str().unwrap_or_default().to_owned();
        if definition_text(call, &id).is_none() {
            return Err(not_found(
                "PolicyDefinitionNotFound",
                format!(
                    "The policy definition '{id}' that the policy set definition '{name}' refers to could not be found."
                ),
            ));
        }
        if reference["policyDefinitionReferenceId"].is_null() {
            let short: u64 = (at as u64 + 1) * 1_000_003;
            reference["policyDefinitionReferenceId"] =
                format!("{}_{short}", id.rsplit('/').next().unwrap_or_default()).into();
        }
        if reference["parameters"].is_null() {
            reference["parameters"] = json!({});
        }
    }
    let source = Source::parse(&name, &document.to_string()).map_err(|problem| {
        invalid("InvalidPolicySetDefinition", &name, std::slice::from_ref(&problem.message))
    })?;
    let parsed = parse_initiative(&source, source.root(), "$");
    let problems = errors(&parsed.diagnostics);
    if parsed.value.is_none() || !problems.is_empty() {
        return Err(invalid("InvalidPolicySetDefinition", &name, &problems));
    }
    Ok(())
}

/// The text of a definition or initiative, stored or built in; a version in the id is left out.
fn definition_text(call: &Call<'_>, id: &str) -> Option<std::sync::Arc<str>> {
    let end = fold(id).find("/versions/").unwrap_or(id.len());
    let id = id.get(..end)?;
    call.plane.read(id).map(|held| held.body).or_else(|| built_in(id))
}

/// Returns what is written besides: the service principal of a new managed identity.
fn assignment(call: &Call<'_>, document: &mut Value, before: Option<&Value>) -> Result<Vec<Write>, ApiError> {
    let name = document["name"].as_str().unwrap_or_default().to_owned();
    let longest = if fold(call.scope()).starts_with("/providers/microsoft.management") { 24 } else { 64 };
    if name.chars().count() > longest {
        return Err(bad_request(
            "InvalidPolicyAssignmentName",
            format!(
                "The policy assignment name '{name}' is invalid: at most {longest} characters are allowed at this scope."
            ),
        ));
    }
    let properties = &mut document["properties"];
    properties["scope"] = call.scope().into();
    defaults(
        properties,
        &[
            ("notScopes", json!([])),
            ("parameters", json!({})),
            ("enforcementMode", "Default".into()),
            ("nonComplianceMessages", json!([])),
        ],
    );
    let definition = properties["policyDefinitionId"].as_str().unwrap_or_default().to_owned();
    if definition_text(call, &definition).is_none() {
        let (code, what) = if fold(&definition).contains("/policysetdefinitions/") {
            ("PolicySetDefinitionNotFound", "policy set definition")
        } else {
            ("PolicyDefinitionNotFound", "policy definition")
        };
        return Err(not_found(code, format!("The {what} '{definition}' could not be found.")));
    }
    super::complete::identity(call, document, before);
    let mut inventory = call.plane.rules().inventory.clone();
    let id = document["id"].as_str().unwrap_or_default().to_owned();
    inventory.assignments.clear();
    let problems_before = inventory.problems.len();
    if inventory.put(ObjectKind::Assignment, &id, &document.to_string()).is_none() {
        let problems = errors(&inventory.problems[problems_before..]);
        return Err(invalid("InvalidPolicyAssignment", &name, &problems));
    }
    for _ in 0..2 {
        for (missing, _) in inventory.missing() {
            if let Some(text) = built_in(&missing) {
                let is_set = fold(&missing).contains("/policysetdefinitions/");
                inventory.put(
                    if is_set { ObjectKind::Initiative } else { ObjectKind::Definition },
                    &missing,
                    &text,
                );
            }
        }
    }
    let above: Vec<String> = scopes_above(call, call.scope());
    let problems =
        inventory.assignments.first().map(|found| check_assignment(found, &above)).unwrap_or_default();
    if !problems.is_empty() {
        return Err(invalid("InvalidPolicyAssignment", &name, &problems));
    }
    let (_, errors) = inventory.govern(call.plane.catalogue.clone(), &CompileOptions::default());
    if let Some(error) = errors.first() {
        let code = match error {
            GovernanceError::Parameters { error: ParameterError::Missing { .. }, .. } => {
                "MissingPolicyParameter"
            }
            GovernanceError::Parameters { error: ParameterError::Unknown { .. }, .. } => {
                "UndefinedPolicyParameter"
            }
            GovernanceError::Parameters { .. } => "InvalidPolicyParameters",
            GovernanceError::MissingDefinition { .. } => "PolicyDefinitionNotFound",
            _ => "InvalidPolicyAssignment",
        };
        return Err(bad_request(code, format!("The policy assignment '{name}' is invalid: {error}.")));
    }
    Ok(principal_of(call, document, &name).into_iter().collect())
}

/// The service principal of a managed identity, so that the directory knows its name.
fn principal_of(call: &Call<'_>, document: &Value, name: &str) -> Option<Write> {
    let id = document["identity"]["principalId"].as_str()?;
    let key = DocumentKey::graph(&format!("servicePrincipals/{id}")).ok()?;
    if call.plane.read(key.as_str()).is_some() {
        return None;
    }
    let principal = json!({
        "id": id, "appId": uuid::Uuid::new_v4().to_string(), "displayName": name, "accountEnabled": true,
        "servicePrincipalType": "ManagedIdentity", "alternativeNames": ["isExplicit=False", document["id"]],
        "servicePrincipalNames": [], "passwordCredentials": [], "keyCredentials": [], "appRoles": [], "tags": [],
    });
    Some(Write::put(key, principal.to_string()))
}

fn exemption(call: &Call<'_>, document: &Value) -> Result<(), ApiError> {
    let name = document["name"].as_str().unwrap_or_default();
    let source = Source::parse(name, &document.to_string())
        .map_err(|problem| invalid("InvalidPolicyExemption", name, std::slice::from_ref(&problem.message)))?;
    let parsed = parse_exemption(&source, source.root(), "$");
    let mut problems = errors(&parsed.diagnostics);
    let Some(found) = parsed.value else { return Err(invalid("InvalidPolicyExemption", name, &problems)) };
    problems.extend(check_exemption(&found));
    if !problems.is_empty() {
        return Err(invalid("InvalidPolicyExemption", name, &problems));
    }
    let Some(held) = call.plane.read(&found.assignment_id) else {
        return Err(not_found(
            "PolicyAssignmentNotFound",
            format!("The policy assignment '{}' could not be found.", found.assignment_id),
        ));
    };
    call.require("Microsoft.Authorization/policyAssignments/exempt/action", &found.assignment_id)?;
    let assignment = held.value();
    let scope = assignment["properties"]["scope"].as_str().unwrap_or_default();
    if !azimuth_policy::is_within(call.scope(), scope, &scopes_above(call, call.scope())) {
        return Err(invalid(
            "InvalidPolicyExemption",
            name,
            &[format!("the scope does not lie in that of the assignment, '{scope}'")],
        ));
    }
    Ok(())
}

/// Returns the document that was deleted, as the service does.
fn destroy(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (kind, type_name) = kind_of(call);
    let id = id_of(call);
    let Some(held) = call.plane.read(&id) else {
        return Ok(Answer::empty(super::provider::delete_code(type_name, false)));
    };
    if matches!(kind, ObjectKind::Definition | ObjectKind::Initiative) {
        let users = users_of(call, &id);
        if !users.is_empty() {
            return Err(bad_request(
                if kind == ObjectKind::Definition {
                    "PolicyDefinitionInUse"
                } else {
                    "PolicySetDefinitionInUse"
                },
                format!("The policy object '{}' is in use by '{}'.", call.named("name"), users.join("', '")),
            ));
        }
    }
    call.commit(vec![Write::delete(key_of(&id)).when(call.precondition())])?;
    Ok(Answer::with(super::provider::delete_code(type_name, true), held.value()))
}

/// Assignments and initiatives that refer to a definition.
fn users_of(call: &Call<'_>, id: &str) -> Vec<String> {
    let wanted = fold(id);
    let refers = |value: &Value| {
        value["policyDefinitionId"].as_str().is_some_and(|found| {
            let found = fold(found);
            found.strip_prefix(&*wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with("/versions/"))
        })
    };
    let mut users = Vec::new();
    for kind in ["microsoft.authorization/policyassignments", "microsoft.authorization/policysetdefinitions"]
    {
        for (_, held) in call.plane.of_kind(kind, "") {
            let document = held.value();
            let properties = &document["properties"];
            let is_user = refers(properties)
                || properties["policyDefinitions"]
                    .as_array()
                    .is_some_and(|references| references.iter().any(refers));
            if is_user {
                users.push(document["id"].as_str().unwrap_or_default().to_owned());
            }
        }
    }
    users
}
