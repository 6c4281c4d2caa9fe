//! Directory roles, their holders, and who may activate one for a time.

use serde_json::{Value, json};

use super::people::person;
use super::{ADMINISTRATORS, EMERGENCY_ACCOUNTS};
use crate::output::{Emit, Pages, Shape, Stopped, recorded_response};
use crate::plan::Plan;
use crate::rng::{Rng, guid};

/// Roles of the directory: template id and name.
const ROLES: [(&str, &str); 8] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
];

/// Number of pipelines and daemons.
const AUTOMATION: usize = 12;

/// People who hold a role all the time.
fn holders(role: usize) -> Vec<usize> {
    match role {
        0 => (0..=EMERGENCY_ACCOUNTS).collect(),
        _ => vec![EMERGENCY_ACCOUNTS + role],
    }
}

/// Writes roles, holders and eligible people.
pub(crate) fn write(plan: &Plan, emit: &mut Emit<'_>) -> Result<(), Stopped> {
    let mut rng = Rng::new(plan.seed, "directory-roles", 0);
    let role_id = |role: usize| guid(plan.seed, "directory-role", role);
    let list = |path: &str, collection, context, rows: Vec<Value>, emit: &mut Emit<'_>| {
        let mut pages = Pages::new(path, Shape::Graph { collection, context }, 999);
        rows.iter().try_for_each(|row| pages.push(row, emit))?;
        pages.finish(emit)
    };
    let rows = ROLES.iter().enumerate().map(|(role, (template, name))| {
        json!({"id": role_id(role), "deletedDateTime": null, "displayName": name,
            "description": format!("Holders act as {name}"), "roleTemplateId": template})
    });
    list("graph/directory-roles", "directoryRoles", "directoryRoles", rows.collect(), emit)?;

    let mut members = Pages::new("graph/recorded-directory-role-members", Shape::Lines, 2_000);
    for role in 0..ROLES.len() {
        let rows: Value = holders(role)
            .into_iter()
            .map(|holder| {
                let person = person(plan, holder);
                json!({"@odata.type": "#microsoft.graph.user", "id": person.id, "displayName": person.display,
                    "userPrincipalName": person.principal_name})
            })
            .collect();
        let url = format!("https://graph.microsoft.com/v1.0/directoryRoles/{}/members", role_id(role));
        let body = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#directoryObjects", "value": rows});
        members.push(&recorded_response(&url, &plan.calendar.now_text(), true, &body), emit)?;
    }
    members.finish(emit)?;

    let definitions = "roleManagement/directory/roleDefinitions";
    let rows = ROLES.iter().map(|(template, name)| {
        json!({"id": template, "templateId": template, "displayName": name, "description": format!("Holders act as {name}"),
            "isBuiltIn": true, "isEnabled": true, "resourceScopes": ["/"], "version": "1",
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/standard/read"], "condition": null}]})
    });
    list("graph/role-definitions", definitions, definitions, rows.collect(), emit)?;

    let assignments = "roleManagement/directory/roleAssignments";
    let mut active = Vec::new();
    let mut active_instances = Vec::new();
    for (role, (template, _)) in ROLES.iter().enumerate() {
        for holder in holders(role) {
            let id = rng.suffix(40);
            active.push(json!({"id": id, "principalId": plan.user_id(holder), "directoryScopeId": "/",
                "roleDefinitionId": template}));
            active_instances.push(json!({"id": id, "principalId": plan.user_id(holder), "roleDefinitionId": template,
                "directoryScopeId": "/", "appScopeId": null, "startDateTime": plan.calendar.days_ago(300, &mut rng),
                "endDateTime": null, "assignmentType": "Assigned", "memberType": "Direct", "roleAssignmentOriginId": id}));
        }
    }
    list("graph/role-assignments", assignments, assignments, active, emit)?;
    let instances = "roleManagement/directory/roleAssignmentScheduleInstances";
    list("graph/role-assignment-schedule-instances", instances, instances, active_instances, emit)?;

    let eligible = "roleManagement/directory/roleEligibilityScheduleInstances";
    let rows = (EMERGENCY_ACCOUNTS..ADMINISTRATORS).map(|index| {
        let (template, _) = ROLES[index % ROLES.len()];
        json!({"id": rng.suffix(40), "principalId": plan.user_id(index), "roleDefinitionId": template, "directoryScopeId": "/",
            "appScopeId": null, "startDateTime": plan.calendar.days_ago(120, &mut rng),
            "endDateTime": plan.calendar.days_ahead(200), "memberType": "Direct", "roleEligibilityScheduleId": rng.guid()})
    });
    let rows = rows.collect();
    list("graph/role-eligibility-schedule-instances", eligible, eligible, rows, emit)?;

    let rows = (0..AUTOMATION).map(|index| {
        json!({"id": guid(plan.seed, "application", index), "appId": guid(plan.seed, "application-client", index),
            "displayName": automation_name(index), "createdDateTime": plan.calendar.days_ago(500, &mut rng),
            "signInAudience": "AzureADMyOrg", "identifierUris": [], "keyCredentials": [], "passwordCredentials": [],
            "requiredResourceAccess": [], "publisherDomain": crate::names::DOMAIN})
    });
    let rows = rows.collect();
    list("graph/applications", "applications", "applications", rows, emit)
}

fn automation_name(index: usize) -> String {
    format!("contoso-pipeline-{index:02}")
}

/// The service principals of pipelines and daemons.
pub(crate) fn automation_principals(plan: &Plan) -> Vec<Value> {
    (0..AUTOMATION)
        .map(|index| {
            json!({"id": guid(plan.seed, "automation", index), "appId": guid(plan.seed, "application-client", index),
                "displayName": automation_name(index), "accountEnabled": true, "servicePrincipalType": "Application",
                "servicePrincipalNames": [guid(plan.seed, "application-client", index)], "alternativeNames": [],
                "appOwnerOrganizationId": plan.tenant, "tags": ["WindowsAzureActiveDirectoryIntegratedApp"]})
        })
        .collect()
}
