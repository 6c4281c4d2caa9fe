//! Role definitions and role assignments, flattened as the command line tool prints them.

use serde_json::{Value, json};

use super::assignments::{PolicyAssignment, Scope};
use crate::plan::{Plan, Subscription};
use crate::rng::Rng;

/// A role of Azure, or one that the company made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Owner,
    Contributor,
    Reader,
    AccessAdministrator,
    SecurityReader,
    NetworkContributor,
    VaultSecretsUser,
    BlobDataReader,
    MachineOperator,
}

impl Role {
    pub(crate) const ALL: [Self; 9] = [
        Self::Owner,
        Self::Contributor,
        Self::Reader,
        Self::AccessAdministrator,
        Self::SecurityReader,
        Self::NetworkContributor,
        Self::VaultSecretsUser,
        Self::BlobDataReader,
        Self::MachineOperator,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Owner => "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
            Self::Contributor => "b24988ac-6180-42a0-ab88-20f7382dd24c",
            Self::Reader => "acdd72a7-3385-48ef-bd42-f606fba81ae7",
            Self::AccessAdministrator => "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
            Self::SecurityReader => "39bc4728-0917-49c7-9d2c-d95423bc2eb4",
            Self::NetworkContributor => "4d97b98b-1d4f-4787-a291-c67834d212e7",
            Self::VaultSecretsUser => "4633458b-17de-408a-b874-0445c86b69e6",
            Self::BlobDataReader => "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
            Self::MachineOperator => "6f1d1c3e-2f4c-4b52-9d0e-5a3c8f0f7b11",
        }
    }

    fn display(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Contributor => "Contributor",
            Self::Reader => "Reader",
            Self::AccessAdministrator => "User Access Administrator",
            Self::SecurityReader => "Security Reader",
            Self::NetworkContributor => "Network Contributor",
            Self::VaultSecretsUser => "Key Vault Secrets User",
            Self::BlobDataReader => "Storage Blob Data Reader",
            Self::MachineOperator => "Contoso machine operator",
        }
    }

    /// Whether whoever holds the role can change everything, or can give himself the right to.
    pub(crate) fn writes_everything(self) -> bool {
        matches!(self, Self::Owner | Self::Contributor | Self::AccessAdministrator)
    }

    /// Actions, excluded actions, data actions.
    fn permissions(self) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Owner => (&["*"], &[], &[]),
            Self::Contributor => (
                &["*"],
                &[
                    "Microsoft.Authorization/*/Delete",
                    "Microsoft.Authorization/*/Write",
                    "Microsoft.Authorization/elevateAccess/Action",
                    "Microsoft.Blueprint/blueprintAssignments/write",
                    "Microsoft.Blueprint/blueprintAssignments/delete",
                    "Microsoft.Compute/galleries/share/action",
                ],
                &[],
            ),
            Self::Reader => (&["*/read"], &[], &[]),
            Self::AccessAdministrator => {
                (&["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"], &[], &[])
            }
            Self::SecurityReader => (
                &["Microsoft.Authorization/*/read", "Microsoft.Security/*/read", "Microsoft.Support/*/read"],
                &[],
                &[],
            ),
            Self::NetworkContributor => (
                &[
                    "Microsoft.Authorization/*/read",
                    "Microsoft.Network/*",
                    "Microsoft.Resources/deployments/*",
                ],
                &[],
                &[],
            ),
            Self::VaultSecretsUser => (
                &[],
                &[],
                &[
                    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
                    "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
                ],
            ),
            Self::BlobDataReader => (
                &[
                    "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                    "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
                ],
                &[],
                &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
            ),
            Self::MachineOperator => (
                &[
                    "Microsoft.Compute/virtualMachines/read",
                    "Microsoft.Compute/virtualMachines/start/action",
                    "Microsoft.Compute/virtualMachines/restart/action",
                ],
                &[],
                &[],
            ),
        }
    }

    /// The definition as `az role definition list` prints it.
    pub(crate) fn definition(self, plan: &Plan, rng: &mut Rng) -> Value {
        let (actions, not_actions, data_actions) = self.permissions();
        let custom = self == Self::MachineOperator;
        let scope = if custom { plan.root_id() } else { "/".to_owned() };
        json!({
            "assignableScopes": [scope],
            "createdBy": if custom { json!(plan.user_id(2)) } else { Value::Null },
            "createdOn": plan.calendar.days_ago(1_500, rng),
            "description": format!("{} of the resources in scope.", self.display()),
            "id": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", self.name()),
            "name": self.name(),
            "permissions": [{"actions": actions, "condition": null, "conditionVersion": null,
                "dataActions": data_actions, "notActions": not_actions, "notDataActions": []}],
            "roleName": self.display(),
            "roleType": if custom { "CustomRole" } else { "BuiltInRole" },
            "type": "Microsoft.Authorization/roleDefinitions",
            "updatedBy": null,
            "updatedOn": plan.calendar.days_ago(300, rng),
        })
    }
}

/// A role assignment at a management group or at the tenant.
#[derive(Clone, Debug)]
pub(crate) struct RoleAssignment {
    /// The group's index; `None` is the tenant, `/`.
    pub(crate) group: Option<usize>,
    pub(crate) role: Role,
    pub(crate) principal: String,
    pub(crate) principal_type: &'static str,
    /// Whether a condition narrows it.
    pub(crate) condition: bool,
}

impl RoleAssignment {
    pub(crate) fn new(
        group: Option<usize>,
        role: Role,
        principal: String,
        principal_type: &'static str,
    ) -> Self {
        Self { group, role, principal, principal_type, condition: false }
    }

    pub(crate) fn scope(&self, plan: &Plan) -> String {
        self.group.map_or_else(|| "/".to_owned(), |group| plan.group_id(group))
    }

    /// The name is derived from the rest, so that the same assignment always has the same id.
    fn name(&self, plan: &Plan) -> String {
        let label = format!("{}|{}|{}", self.scope(plan), self.role.name(), self.principal);
        Rng::new(plan.seed, &label, 0).guid()
    }

    pub(crate) fn id(&self, plan: &Plan) -> String {
        let scope = self.scope(plan);
        let scope = scope.trim_end_matches('/');
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", self.name(plan))
    }
}

/// The row of `az role assignment list` for an assignment above subscriptions.
pub(crate) fn assignment_row(assignment: &RoleAssignment, plan: &Plan, rng: &mut Rng) -> Value {
    row(
        &assignment.id(plan),
        &assignment.scope(plan),
        "",
        assignment.role,
        (&assignment.principal, assignment.principal_type),
        assignment.condition,
        (plan, rng),
    )
}

/// The row of the role that a policy assignment at a subscription gave its identity.
pub(crate) fn identity_row(assignment: &PolicyAssignment, plan: &Plan, rng: &mut Rng) -> Option<Value> {
    let (Scope::Subscription(_), Some(principal)) = (assignment.scope, assignment.principal(plan)) else {
        return None;
    };
    let scope = assignment.scope.id(plan);
    let name = Rng::new(plan.seed, &format!("role|{}", assignment.id(plan)), 0).guid();
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    let holder = (principal.as_str(), "ServicePrincipal");
    Some(row(&id, &scope, &scope, Role::Contributor, holder, false, (plan, rng)))
}

/// The rows of a subscription: groups for the most part, a pipeline, and one person with little access.
pub(crate) fn subscription_role_assignments(
    plan: &Plan,
    subscription: &Subscription,
    rng: &mut Rng,
) -> Vec<Value> {
    let scope = subscription.scope();
    let mut rows = Vec::new();
    let mut add = |role: Role, scope: &str, principal: String, kind: &'static str, rng: &mut Rng| {
        let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", rng.guid());
        let at = format!("/subscriptions/{}", subscription.id);
        rows.push(row(&id, scope, &at, role, (&principal, kind), false, (plan, rng)));
    };
    for role in [Role::Owner, Role::Contributor, Role::NetworkContributor, Role::BlobDataReader] {
        let group = rng.below(30);
        add(role, &scope, plan.user_group_id(group), "Group", rng);
    }
    let pipeline = crate::rng::guid(plan.seed, "automation", rng.below(12));
    add(Role::Contributor, &scope, pipeline, "ServicePrincipal", rng);
    let person = plan.user_id(2 + rng.below(plan.users - 2));
    let network = format!("{scope}/resourceGroups/rg-network");
    add(Role::Reader, &network, person, "User", rng);
    let group = rng.below(30);
    add(Role::VaultSecretsUser, &network, plan.user_group_id(group), "Group", rng);
    let group = rng.below(30);
    add(Role::MachineOperator, &network, plan.user_group_id(group), "Group", rng);
    rows
}

fn row(
    id: &str,
    scope: &str,
    definition_root: &str,
    role: Role,
    (principal, principal_type): (&str, &str),
    condition: bool,
    (plan, rng): (&Plan, &mut Rng),
) -> Value {
    let name = id.rsplit('/').next().unwrap_or(id);
    let condition = condition.then_some(
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'Group'))",
    );
    let created = plan.calendar.days_ago(rng.between(30, 900), rng);
    json!({
        "condition": condition,
        "conditionVersion": condition.map(|_| "2.0"),
        "createdBy": plan.user_id(2 + rng.below(8)),
        "createdOn": created,
        "delegatedManagedIdentityResourceId": null,
        "description": null,
        "id": id,
        "name": name,
        "principalId": principal,
        "principalType": principal_type,
        "roleDefinitionId":
            format!("{definition_root}/providers/Microsoft.Authorization/roleDefinitions/{}", role.name()),
        "roleDefinitionName": role.display(),
        "scope": scope,
        "type": "Microsoft.Authorization/roleAssignments",
        "updatedBy": plan.user_id(2 + rng.below(8)),
        "updatedOn": created,
    })
}
