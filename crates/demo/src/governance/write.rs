//! Governance as files: hierarchy, settings, policy objects, role definitions and assignments above subscriptions.

use serde_json::{Value, json};

use super::assignments::{Exemption, Scope};
use super::catalogue::Definition;
use super::plant::Governance;
use super::register::{impact_runs, rules};
use super::roles::{Role, assignment_row, identity_row};
use crate::output::{Emit, Pages, Shape, Stopped, json_file};
use crate::plan::Plan;
use crate::rng::Rng;

/// Writes everything that stands above subscriptions.
pub(crate) fn write_governance(
    plan: &Plan,
    governance: &Governance,
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    emit(json_file("accounts/az-account-list.json", &account_list(plan)))?;
    emit(json_file("management-groups/hierarchy.json", &tree(plan, &children(plan), 0)))?;
    let settings = settings(plan, governance);
    emit(json_file("management-groups/hierarchy-settings.json", &json!({"value": settings})))?;
    write_policy(plan, governance, emit)?;
    write_roles(plan, governance, emit)
}

/// `az account list`.
fn account_list(plan: &Plan) -> Value {
    plan.subscriptions
        .iter()
        .enumerate()
        .map(|(index, subscription)| {
            json!({
                "cloudName": "AzureCloud",
                "homeTenantId": plan.tenant,
                "id": subscription.id,
                "isDefault": index == 0,
                "managedByTenants": [],
                "name": subscription.name,
                "state": subscription.state(),
                "tenantId": plan.tenant,
                "user": {"name": format!("auditor@{}", crate::names::DOMAIN), "type": "user"}
            })
        })
        .collect()
}

/// Groups and subscriptions below each group.
struct Children {
    groups: Vec<Vec<usize>>,
    subscriptions: Vec<Vec<usize>>,
}

fn children(plan: &Plan) -> Children {
    let mut children = Children {
        groups: vec![Vec::new(); plan.groups.len()],
        subscriptions: vec![Vec::new(); plan.groups.len()],
    };
    for (index, group) in plan.groups.iter().enumerate() {
        if let Some(parent) = group.parent {
            children.groups[parent].push(index);
        }
    }
    for (index, subscription) in plan.subscriptions.iter().enumerate() {
        children.subscriptions[subscription.group].push(index);
    }
    children
}

/// `az account management-group show -e -r`: the root with everything below it.
fn tree(plan: &Plan, children: &Children, group: usize) -> Value {
    let groups = children.groups[group].iter().map(|&child| tree(plan, children, child));
    let subscriptions = children.subscriptions[group].iter().map(|&index| {
        let subscription = &plan.subscriptions[index];
        json!({
            "children": null,
            "displayName": subscription.name,
            "id": subscription.scope(),
            "name": subscription.id,
            "type": "/subscriptions"
        })
    });
    let below: Vec<Value> = groups.chain(subscriptions).collect();
    let node = &plan.groups[group];
    let mut value = json!({
        "children": if below.is_empty() { Value::Null } else { Value::Array(below) },
        "displayName": node.display,
        "id": plan.group_id(group),
        "name": node.name,
        "type": "Microsoft.Management/managementGroups",
    });
    if group == 0 {
        value["details"] = json!({"managementGroupAncestors": null, "managementGroupAncestorsChain": null,
            "parent": null, "path": null, "updatedBy": plan.user_id(2),
            "updatedTime": plan.calendar.days_ago(400, &mut Rng::new(plan.seed, "tree", 0)), "version": 12});
        value["tenantId"] = json!(plan.tenant);
    }
    value
}

fn settings(plan: &Plan, governance: &Governance) -> Vec<Value> {
    let mut properties = json!({"tenantId": plan.tenant, "requireAuthorizationForGroupCreation": true});
    if let Some(group) = governance.default_group {
        properties["defaultManagementGroup"] = json!(plan.group_id(group));
    }
    vec![json!({
        "id": format!("{}/settings/default", plan.root_id()),
        "type": "Microsoft.Management/managementGroups/settings",
        "name": "default",
        "properties": properties,
    })]
}

fn write_policy(plan: &Plan, governance: &Governance, emit: &mut Emit<'_>) -> Result<(), Stopped> {
    let mut rng = Rng::new(plan.seed, "policy-documents", 0);
    let root = plan.root_id();
    let list = |kind: &str| Shape::RestList {
        url: format!(
            "https://management.azure.com{root}/providers/Microsoft.Authorization/{kind}?api-version=2023-04-01"
        ),
    };
    let made = plan.calendar.days_ago(1_000, &mut rng);
    let mut pages = Pages::new("policy/definitions", list("policyDefinitions"), 1_000);
    for definition in Definition::SINGLE {
        pages.push(&definition.document(&root, &made), emit)?;
    }
    pages.finish(emit)?;
    let mut pages = Pages::new("policy/set-definitions", list("policySetDefinitions"), 1_000);
    for definition in Definition::INITIATIVES {
        pages.push(&definition.document(&root, &made), emit)?;
    }
    pages.finish(emit)?;
    let mut pages = Pages::new("policy/assignments", list("policyAssignments"), 1_000);
    let mut changes = Vec::new();
    for assignment in &governance.assignments {
        let document = assignment.document(plan, &mut rng);
        if assignment.scope == Scope::Group(0) && assignment.enforced && assignment.tried {
            changes.push(change(&document));
        }
        pages.push(&document, emit)?;
    }
    pages.finish(emit)?;
    let mut pages = Pages::new("policy/exemptions", list("policyExemptions"), 1_000);
    for exemption in &governance.exemptions {
        let document = exemption_document(plan, governance, exemption, &mut rng);
        pages.push(&document, emit)?;
    }
    pages.finish(emit)?;
    emit(json_file("policy/written-rules.json", &rules(plan, governance)))?;
    emit(json_file("policy/impact-runs.json", &impact_runs(&changes)))
}

/// An assignment, its definition and the moment of its last change, as its document says.
fn change(document: &Value) -> (String, String, i64) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &document["properties"]["metadata"];
    let written = [&metadata["updatedOn"], &metadata["createdOn"]].into_iter().find_map(Value::as_str);
    let moment: jiff::Timestamp =
        written.and_then(|text| text.parse().ok()).expect("an assignment says when it was made");
    (text(&document["id"]), text(&document["properties"]["policyDefinitionId"]), moment.as_second())
}

fn exemption_document(plan: &Plan, governance: &Governance, exemption: &Exemption, rng: &mut Rng) -> Value {
    let name = format!("waiver-{}", rng.suffix(6));
    // One that takes a whole scope out has no end, so that it counts whenever the estate is assessed.
    let expires = match (exemption.expired, exemption.whole) {
        (true, _) => json!(plan.calendar.days_ago(rng.between(20, 300), rng)),
        (false, None) => json!(plan.calendar.days_ahead(rng.between(20, 300))),
        (false, Some(_)) => Value::Null,
    };
    json!({
        "properties": {
            "policyAssignmentId": governance.assignments[exemption.assignment].id(plan),
            "policyDefinitionReferenceIds": [],
            "exemptionCategory": "Waiver",
            "displayName": "Migration in progress",
            "description": "Agreed with platform governance until the migration ends",
            "expiresOn": expires,
            "metadata": {"ticket": format!("CHG{:06}", rng.below(1_000_000))}
        },
        "id": format!("{}/providers/Microsoft.Authorization/policyExemptions/{name}", exemption.at),
        "type": "Microsoft.Authorization/policyExemptions",
        "name": name,
    })
}

fn write_roles(plan: &Plan, governance: &Governance, emit: &mut Emit<'_>) -> Result<(), Stopped> {
    let mut rng = Rng::new(plan.seed, "role-documents", 0);
    let definitions: Value = Role::ALL.iter().map(|role| role.definition(plan, &mut rng)).collect();
    emit(json_file("rbac/role-definitions.json", &definitions))?;
    let rows: Value = governance.roles.iter().map(|role| assignment_row(role, plan, &mut rng)).collect();
    emit(json_file("rbac/role-assignments-management-groups.json", &rows))?;
    let identities = governance.assignments.iter();
    let rows: Vec<Value> =
        identities.filter_map(|assignment| identity_row(assignment, plan, &mut rng)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    emit(json_file("rbac/role-assignments-policy-identities.json", &Value::Array(rows)))
}
