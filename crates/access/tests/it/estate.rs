//! A small estate in short notation, as REST documents.

use azimuth_access::condition::Attributes;
use azimuth_access::{
    AccessDocuments, AccessModel, Decision, DenyAssignment, Membership, Plane, Request, RoleAssignment,
    RoleDefinition, Scope, ScopeRoot,
};
use serde_json::{Value, json};

/// `root ─ corp ─ prod ─ s1` and `root ─ lab ─ s2`.
pub(crate) fn groups_above(root: ScopeRoot<'_>) -> Option<Vec<String>> {
    let chain: &[&str] = match root {
        ScopeRoot::Subscription("s1") => &["Prod", "Corp", "Root"],
        ScopeRoot::Subscription("s2") => &["Lab", "Root"],
        ScopeRoot::ManagementGroup("prod") => &["Corp", "Root"],
        ScopeRoot::ManagementGroup("corp" | "lab") => &["Root"],
        ScopeRoot::ManagementGroup("root") => &[],
        _ => return None,
    };
    Some(chain.iter().map(|name| (*name).to_owned()).collect())
}

/// `ops` holds alice and `oncall`; `oncall` holds bob.
pub(crate) struct Groups;

impl Membership for Groups {
    fn groups_of(&self, principal: &str) -> Vec<String> {
        let groups: &[&str] = match principal.to_ascii_lowercase().as_str() {
            "alice" | "oncall" => &["ops"],
            "bob" => &["oncall", "ops"],
            _ => &[],
        };
        groups.iter().map(|name| (*name).to_owned()).collect()
    }

    fn members_of(&self, group: &str) -> Option<Vec<String>> {
        match group.to_ascii_lowercase().as_str() {
            "ops" => Some(vec!["alice".to_owned(), "bob".to_owned()]),
            "oncall" => Some(vec!["bob".to_owned()]),
            _ => None,
        }
    }
}

pub(crate) const SCOPES: [&str; 8] = [
    "/",
    "/providers/Microsoft.Management/managementGroups/root",
    "/providers/Microsoft.Management/managementGroups/prod",
    "/providers/Microsoft.Management/managementGroups/lab",
    "/subscriptions/s1",
    "/subscriptions/s1/resourceGroups/rg1",
    "/subscriptions/s1/resourceGroups/rg10",
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm",
];

pub(crate) const ROLES: [&str; 5] =
    ["Owner", "Contributor", "Reader", "User Access Administrator", "Storage Blob Data Contributor"];

pub(crate) fn assignment(
    id: usize,
    principal: &str,
    role: &str,
    scope: &str,
    condition: Option<&str>,
) -> RoleAssignment {
    let role = azimuth_access::built_in_role_named(role).map_or(role, |role| &role.id);
    let document = json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{id}"),
        "properties": {
            "principalId": principal, "roleDefinitionId": role, "scope": scope, "condition": condition,
        },
    });
    RoleAssignment::from_json(&document).unwrap()
}

pub(crate) fn deny(id: usize, properties: &Value) -> DenyAssignment {
    let mut properties = properties.clone();
    properties["denyAssignmentName"] = format!("deny{id}").into();
    DenyAssignment::from_json(&json!({"id": format!("/denyAssignments/{id}"), "properties": properties}))
        .unwrap()
}

pub(crate) fn role(name: &str, permissions: &Value) -> RoleDefinition {
    let document = json!({"id": name, "properties": {"roleName": name, "permissions": permissions}});
    RoleDefinition::from_json(&document).unwrap()
}

pub(crate) fn model(documents: AccessDocuments) -> AccessModel<'static> {
    AccessModel::new(documents, groups_above, Groups)
}

/// Asks and gives verdict, reason and explanation in one text.
pub(crate) fn ask(model: &AccessModel<'_>, principal: &str, action: &str, scope: &str) -> String {
    let scope = Scope::parse(scope).unwrap();
    let attributes = Attributes::unknown();
    let request =
        Request { principal, action, plane: Plane::Control, scope: &scope, attributes: &attributes };
    let decision: Decision<'_> = model.check(&request);
    format!("{:?} {} | {}", decision.verdict, decision.reason.word(), decision.explain(&request))
}
