//! Runners of access control: `rbac.jsonl`, `abac.jsonl`, `management_groups.jsonl`.

use azimuth_access::condition::{Attributes, Condition, Facts, Truth};
use azimuth_access::{
    AccessDocuments, AccessModel, ActionPattern, CustomRole, DenyAssignment, Move, Moved, Parent, Plane,
    Request, Rights, RoleAssignment, RoleDefinition, Scope, ScopeRoot, Verdict, built_in_role_named,
    check_move,
};
use azimuth_estate::hierarchy::{
    Caller, Hierarchy, Inheritable, ManagementGroup, Operation, Settings, inherited,
};
use serde_json::{Map, Value, json};

use crate::expect;

/// Whether a request is allowed, and why; or whether a pattern fits an action.
pub(super) fn rbac(case: &Value) -> Result<(), String> {
    match expect::text(case, "/kind")? {
        "rbac-evaluate" => evaluate(case),
        "action-match" => {
            let pattern = ActionPattern::new(expect::text(case, "/input/pattern")?);
            let got = pattern.matches(expect::text(case, "/input/action")?);
            expect::equal("match", expect::value(case, "/expect/match")?, &Value::from(got))
        }
        other => Err(format!("no runner for the kind `{other}`")),
    }
}

fn evaluate(case: &Value) -> Result<(), String> {
    let input = expect::value(case, "/input")?;
    let hierarchy = hierarchy(&input["managementGroups"], &input["subscriptions"]);
    let scopes = |root: ScopeRoot<'_>| match root {
        ScopeRoot::Subscription(id) => hierarchy.certain_ancestors_of_subscription(id),
        ScopeRoot::ManagementGroup(name) => hierarchy.certain_ancestors(name),
        ScopeRoot::Tenant => None,
    };
    let groups = |principal: &str| groups_of(&input["groups"], principal);
    let model = AccessModel::new(documents(input)?, scopes, groups);
    let scope = Scope::parse(expect::text(case, "/input/scope")?).map_err(|error| error.to_string())?;
    let is_data_action = input["isDataAction"].as_bool().unwrap_or_default();
    let attributes = input.get("attributes").map_or_else(Attributes::complete, Attributes::from_json);
    let request = Request {
        principal: expect::text(case, "/input/principal")?,
        action: expect::text(case, "/input/action")?,
        plane: if is_data_action { Plane::Data } else { Plane::Control },
        scope: &scope,
        attributes: &attributes,
    };
    let decision = model.check(&request);
    let got = json!({"allowed": decision.verdict == Verdict::Allowed, "reason": decision.reason.word()});
    let expected = expect::value(case, "/expect")?;
    let expected_decision = json!({"allowed": expected["allowed"], "reason": expected["reason"]});
    expect::equal(&decision.explain(&request), &expected_decision, &got)?;
    // Of several roles or deny assignments that decide alike, any may be named.
    let got_by = decision.reason.by();
    if expected["by"].is_null() != got_by.is_none() {
        return Err(format!("by: expected {}, got {got_by:?}", expected["by"]));
    }
    Ok(())
}

/// The documents of a case in the REST shape. Roles are known by their place, for their names may hold anything.
fn documents(input: &Value) -> Result<AccessDocuments, String> {
    let roles = members(&input["roleDefinitions"]);
    let role_id = |name: &str| {
        let place =
            roles.keys().position(|known| known == name).map_or("unknown".to_owned(), |at| at.to_string());
        format!("/providers/Microsoft.Authorization/roleDefinitions/role-{place}")
    };
    let mut documents = AccessDocuments::default();
    for (name, role) in &roles {
        let document = json!({"id": role_id(name), "properties": {"roleName": name, "permissions": role["permissions"]}});
        documents.roles.push(RoleDefinition::from_json(&document).map_err(|error| error.to_string())?);
    }
    for (at, assignment) in items(&input["roleAssignments"]).iter().enumerate() {
        let mut properties = assignment.clone();
        let role = assignment["role"].as_str().or(assignment["roleDefinition"].as_str()).unwrap_or_default();
        properties["roleDefinitionId"] = role_id(role).into();
        let document = json!({"id": format!("/assignment/{at}"), "properties": properties});
        documents.assignments.push(RoleAssignment::from_json(&document).map_err(|error| error.to_string())?);
    }
    for (at, deny) in items(&input["denyAssignments"]).iter().enumerate() {
        let mut properties = deny.clone();
        properties["denyAssignmentName"] = deny["name"].clone();
        let document = json!({"id": format!("/deny/{at}"), "properties": properties});
        documents.denies.push(DenyAssignment::from_json(&document).map_err(|error| error.to_string())?);
    }
    Ok(documents)
}

/// The groups of a principal in `group → members`, through nested groups too.
fn groups_of(groups: &Value, principal: &str) -> Vec<String> {
    let mut found: Vec<String> = vec![principal.to_owned()];
    let mut next = 0;
    while let Some(member) = found.get(next).cloned() {
        for (group, members) in &members(groups) {
            if items(members).iter().any(|known| *known == member) && !found.contains(group) {
                found.push(group.clone());
            }
        }
        next += 1;
    }
    found.split_off(1)
}

/// What a condition comes to.
pub(super) fn abac(case: &Value) -> Result<(), String> {
    let condition = Condition::new(expect::text(case, "/input/condition")?);
    let given = expect::value(case, "/input/attributes")?;
    condition.expression().map_err(|error| format!("{error} at {:?}", error.span))?;
    let facts = Facts {
        action: given["action"].as_str().unwrap_or_default(),
        attributes: &Attributes::from_json(given),
    };
    let got = match condition.evaluate(&facts) {
        Truth::True => Value::Bool(true),
        Truth::False => Value::Bool(false),
        Truth::Unknown => Value::Null,
    };
    expect::equal("result", expect::value(case, "/expect/result")?, &got)
}

/// Operations on the tree, policies that flow down it, and the rights to move.
pub(super) fn management_groups(case: &Value) -> Result<(), String> {
    match expect::text(case, "/kind")? {
        "management-groups" => operations(case),
        "policy-inheritance" => policy_inheritance(case),
        "move-permission" => move_permission(case),
        other => Err(format!("no runner for the kind `{other}`")),
    }
}

fn operations(case: &Value) -> Result<(), String> {
    let mut builder = Hierarchy::builder();
    builder.group("root", None, None);
    builder.settings(settings(&case["input"]["settings"]));
    let mut hierarchy = builder.build();
    let mut results = Vec::new();
    for step in items(expect::value(case, "/input/operations")?) {
        let caller = Caller { can_write_root: step["callerCanWriteRoot"].as_bool().unwrap_or_default() };
        match hierarchy.apply(&operation(step)?, caller) {
            Ok(after) => {
                hierarchy = after;
                results.push("OK");
            }
            Err(error) => results.push(error.word()),
        }
    }
    let parents: Map<String, Value> = hierarchy
        .groups()
        .map(|group| {
            let parent = hierarchy.parent(group.name()).map(ManagementGroup::name);
            (group.name().to_owned(), parent.into())
        })
        .collect();
    let subscriptions: Map<String, Value> =
        hierarchy.subscriptions().map(|(id, group)| (id.to_owned(), group.name().into())).collect();
    let got = json!({"results": results, "parents": parents, "subscriptions": subscriptions});
    expect::equal("results and tree", expect::value(case, "/expect")?, &got)
}

fn operation(step: &Value) -> Result<Operation, String> {
    let name = || expect::text(step, "/name").map(str::to_owned);
    let parent = || expect::text(step, "/parent").map(str::to_owned);
    Ok(match expect::text(step, "/op")? {
        "create" => {
            let display_name = step["displayName"].as_str().map(str::to_owned);
            Operation::Create {
                name: name()?,
                display_name,
                parent: step["parent"].as_str().map(str::to_owned),
            }
        }
        "rename" => Operation::Rename {
            name: name()?,
            display_name: step["displayName"].as_str().unwrap_or_default().to_owned(),
        },
        "move" => Operation::Move { name: name()?, parent: parent()? },
        "delete" => Operation::Delete { name: name()? },
        "addSubscription" | "moveSubscription" => {
            Operation::AddSubscription { subscription: name()?, group: parent()? }
        }
        "removeSubscription" => Operation::RemoveSubscription { subscription: name()? },
        "newSubscription" => Operation::NewSubscription { subscription: name()? },
        "settings" => Operation::Configure(settings(&step["value"])),
        other => return Err(format!("no runner for the operation `{other}`")),
    })
}

fn settings(value: &Value) -> Settings {
    Settings {
        default_management_group: value["defaultManagementGroup"].as_str().map(str::to_owned),
        require_authorization_for_group_creation: value["requireAuthorizationForGroupCreation"]
            .as_bool()
            .unwrap_or_default(),
    }
}

struct PolicyAssignment<'a>(&'a Value);

impl Inheritable for PolicyAssignment<'_> {
    fn scope(&self) -> &str {
        self.0["scope"].as_str().unwrap_or_default()
    }

    fn not_scopes(&self) -> impl Iterator<Item = &str> {
        items(&self.0["notScopes"]).iter().filter_map(Value::as_str)
    }
}

fn policy_inheritance(case: &Value) -> Result<(), String> {
    let input = expect::value(case, "/input")?;
    let hierarchy = hierarchy(&input["parents"], &input["subscriptions"]);
    let subscription = expect::text(case, "/input/subscription")?;
    let ancestors = hierarchy.ancestors_of_subscription(subscription);
    let mut chain = vec![subscription.to_owned()];
    chain.extend(ancestors.iter().cloned());
    let assignments: Vec<PolicyAssignment<'_>> =
        items(&input["policyAssignments"]).iter().map(PolicyAssignment).collect();
    let effective: Vec<&Value> =
        inherited(&chain, &assignments).into_iter().map(|assignment| &assignment.0["name"]).collect();
    expect::equal("ancestors", expect::value(case, "/expect/ancestors")?, &json!(ancestors))?;
    let expected = expect::value(case, "/expect/effective")?;
    let got = json!(effective);
    if expect::same_set(expected, &got) { Ok(()) } else { expect::equal("effective", expected, &got) }
}

fn move_permission(case: &Value) -> Result<(), String> {
    let input = expect::value(case, "/input")?;
    let rights = |place: &str| {
        let role = input["rights"][place].as_str().and_then(built_in_role_named);
        role.map(Rights::of_role).unwrap_or_default()
    };
    let parent = |place: &str| {
        if input[place] == "root" { Parent::Root } else { Parent::Group(rights(place)) }
    };
    let assigned = items(&input["childAssignments"]);
    let custom_roles: Vec<CustomRole> = items(&input["customRoles"])
        .iter()
        .filter(|role| assigned.contains(&role["name"]))
        .map(|role| CustomRole {
            name: role["name"].as_str().unwrap_or_default().to_owned(),
            groups: texts(&role["assignableScopes"]),
        })
        .collect();
    let is_subscription = input["kind"] == "subscription";
    let request = Move {
        moved: if is_subscription { Moved::Subscription } else { Moved::ManagementGroup },
        child: rights("child"),
        child_rights_come_from_old_parent: false,
        from: parent("source"),
        to: parent("target"),
        custom_roles: &custom_roles,
        new_ancestors: &texts(&input["newAncestors"]),
        moved_groups: &[],
    };
    let got = check_move(&request).map_or_else(|error| error.word(), |()| "OK");
    expect::equal("result", expect::value(case, "/expect/result")?, &got.into())
}

fn hierarchy(parents: &Value, subscriptions: &Value) -> Hierarchy {
    let mut builder = Hierarchy::builder();
    for (name, parent) in &members(parents) {
        builder.group(name, None, parent.as_str());
    }
    for (subscription, group) in &members(subscriptions) {
        builder.subscription(subscription, group.as_str().unwrap_or_default());
    }
    builder.build()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<String> {
    items(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
