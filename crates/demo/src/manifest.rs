//! The files that speak about the estate as a whole: evidence, declaration, flaws, reading notes.

use serde_json::{Value, json};

use crate::flaws::Flaw;
use crate::governance::Governance;
use crate::output::{Emit, File, Stopped, json_file};
use crate::plan::Plan;

/// Resource types and Graph collections of which the export holds every object.
const COMPLETE: &[&str] = &[
    "Microsoft.Resources/resources",
    "Microsoft.Resources/subscriptions",
    "Microsoft.Resources/subscriptions/resourceGroups",
    "Microsoft.Management/managementGroups",
    "Microsoft.Management/managementGroups/settings",
    "Microsoft.Management/managementGroups/subscriptions",
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/policyDefinitions",
    "Microsoft.Authorization/policySetDefinitions",
    "Microsoft.Authorization/policyExemptions",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.Authorization/locks",
    "Microsoft.Security/securityContacts",
    "Microsoft.Security/pricings",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Network/networkWatchers/flowLogs",
    "Microsoft.Network/virtualNetworks/subnets",
    "Microsoft.Network/networkSecurityGroups/securityRules",
    "Microsoft.Sql/servers/databases",
    "Microsoft.Sql/servers/firewallRules",
    "graph:/users",
    "graph:/users/authentication/requirements",
    "graph:/groups",
    "graph:/groups/members",
    "graph:/servicePrincipals",
    "graph:/applications",
    "graph:/organization",
    "graph:/directoryRoles",
    "graph:/directoryRoles/members",
    "graph:/roleManagement/directory/roleDefinitions",
    "graph:/roleManagement/directory/roleAssignments",
    "graph:/roleManagement/directory/roleAssignmentScheduleInstances",
    "graph:/roleManagement/directory/roleEligibilityScheduleInstances",
    "graph:/identity/conditionalAccess/policies",
    "graph:/identity/conditionalAccess/namedLocations",
    "graph:/policies/identitySecurityDefaultsEnforcementPolicy",
    "graph:/policies/authenticationMethodsPolicy",
    "graph:/policies/authorizationPolicy",
    "graph:/reports/authenticationMethods/userRegistrationDetails",
];

const README: &str = "\
An invented Azure estate of the company Contoso, written by `azimuth demo-estate`.

Every name, address, person and id is made up. Public addresses come from the ranges reserved for documentation
(RFC 5737) and repeat in large estates. The same size and seed always give the same files.

accounts/           az account list
management-groups/  az account management-group show -e -r, and hierarchy settings (REST list)
resources/          az graph query over `resources` in pages of 1,000 rows; one subscription as a CSV export
resource-groups/    az group list (one file for each subscription)
policy/             definitions, initiatives, assignments, exemptions (REST lists); the written rules and the impact
                    runs that the company declares
rbac/               az role definition list, az role assignment list --all (one file for each subscription)
locks/              az lock list
security/           contacts (REST list), az security pricing list (one file for each subscription)
network/            az network watcher flow-log list
monitor/            diagnostic settings (REST list pages)
graph/              Microsoft Graph pages, and recorded answers (NDJSON) where the address names the object
evidence.json       which lists are complete
declaration.json    the segments that the company declares
flaws.json          the flaws planted on purpose, one for each (control, object, path)
";

/// Writes the files about the whole.
pub(crate) fn write_manifest(
    plan: &Plan,
    governance: &Governance,
    flaws: &[Flaw],
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    let time = plan.calendar.now_text();
    let complete: Value =
        COMPLETE.iter().map(|kind| json!({"type": kind, "scope": "/", "time": time})).collect();
    emit(json_file("evidence.json", &json!({"azimuth": "evidence/1", "complete": complete})))?;
    let declaration = json!({"azimuth": "declaration/1", "segments": governance.declared});
    emit(json_file("declaration.json", &declaration))?;
    let flaws: Value = flaws
        .iter()
        .map(|flaw| json!({"control": flaw.control, "object": flaw.object, "path": flaw.path}))
        .collect();
    emit(json_file("flaws.json", &json!({"azimuth": "flaws/1", "flaws": flaws})))?;
    emit(File { path: "README.txt".to_owned(), content: README.as_bytes().to_vec() })
}
