//! The first documents of a tenant: without them nobody could do anything.

use azimuth_host::{Precondition, Write};
use azimuth_ids::{DocumentKey, KeyError};
use serde_json::{Value, json};

/// What a new tenant begins with.
#[derive(Clone, Debug)]
pub struct Foundation<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// What people read.
    pub tenant_name: &'a str,
    /// Its first domain, such as `contoso.test`.
    pub domain: &'a str,
    /// The first subscription: id and name; none where an estate is imported.
    pub subscription: Option<(&'a str, &'a str)>,
    /// Whoever administers it from the start.
    pub administrators: &'a [Administrator<'a>],
}

/// Somebody who administers a new tenant: owner of everything, and Global Administrator.
#[derive(Clone, Debug)]
pub enum Administrator<'a> {
    /// A person: object id, user principal name, display name.
    User {
        /// The object id.
        object: &'a str,
        /// The user principal name.
        name: &'a str,
        /// What people read.
        display_name: &'a str,
    },
    /// An application: object id of its service principal, client id, display name.
    Application {
        /// The object id of the service principal.
        object: &'a str,
        /// The client id.
        app_id: &'a str,
        /// What people read.
        display_name: &'a str,
    },
}

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// The writes that make a tenant. Each fails if its document is there: an existing tenant is not made anew.
///
/// # Errors
/// If an id cannot name a document.
pub fn foundation(of: &Foundation<'_>) -> Result<Vec<Write>, KeyError> {
    let mut writes = Vec::new();
    let mut add = |key: String, document: Value| -> Result<(), KeyError> {
        let key = DocumentKey::parse(&key)?;
        writes.push(Write::put(key, document.to_string()).when(Precondition::Absent));
        Ok(())
    };
    let Foundation { tenant, tenant_name, domain, .. } = *of;
    let root = format!("/providers/Microsoft.Management/managementGroups/{tenant}");
    add(
        root.clone(),
        json!({
            "id": root, "type": "Microsoft.Management/managementGroups", "name": tenant,
            "properties": {"tenantId": tenant, "displayName": "Tenant Root Group", "details": {"version": 1}},
        }),
    )?;
    add(
        format!("graph:/organization/{tenant}"),
        json!({
            "id": tenant, "displayName": tenant_name, "tenantType": "AAD", "assignedPlans": [], "businessPhones": [],
            "verifiedDomains": [{"name": domain, "isDefault": true, "isInitial": true, "capabilities": "Email", "type": "Managed"}],
        }),
    )?;
    if let Some((id, name)) = of.subscription {
        let path = format!("/subscriptions/{id}");
        add(
            path.clone(),
            json!({"id": path, "subscriptionId": id, "tenantId": tenant, "displayName": name, "state": "Enabled"}),
        )?;
    }
    for administrator in of.administrators {
        let (object, kind) = match administrator {
            Administrator::User { object, name, display_name } => {
                let user = json!({
                    "id": object, "userPrincipalName": name, "displayName": display_name, "accountEnabled": true,
                    "userType": "Member", "businessPhones": [], "mailNickname": name.split('@').next(),
                });
                add(format!("graph:/users/{object}"), user)?;
                (object, "User")
            }
            Administrator::Application { object, app_id, display_name } => {
                let application = json!({
                    "id": app_id, "appId": app_id, "displayName": display_name, "signInAudience": "AzureADMyOrg",
                    "passwordCredentials": [], "keyCredentials": [], "identifierUris": [], "requiredResourceAccess": [], "appRoles": [],
                });
                add(format!("graph:/applications/{app_id}"), application)?;
                let principal = json!({
                    "id": object, "appId": app_id, "displayName": display_name, "accountEnabled": true,
                    "servicePrincipalType": "Application", "servicePrincipalNames": [app_id], "passwordCredentials": [],
                    "keyCredentials": [], "appRoles": [], "oauth2PermissionScopes": [], "tags": [], "alternativeNames": [],
                });
                add(format!("graph:/servicePrincipals/{object}"), principal)?;
                (object, "ServicePrincipal")
            }
        };
        let id = format!("/providers/Microsoft.Authorization/roleAssignments/{object}");
        add(
            id.clone(),
            json!({
                "id": id, "name": object, "type": "Microsoft.Authorization/roleAssignments",
                "properties": {
                    "principalId": object, "principalType": kind, "scope": "/",
                    "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"),
                },
            }),
        )?;
        add(
            format!("graph:/roleManagement/directory/roleAssignments/{object}"),
            json!({"id": object, "principalId": object, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"}),
        )?;
    }
    Ok(writes)
}
