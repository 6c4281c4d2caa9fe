//! The collections of Graph: where they are, who may touch them, what their members hold.

use serde_json::{Value, json};

/// Directory roles by template id. Source: Microsoft Entra built-in roles.
pub(crate) mod role {
    /// Global Administrator, who may do everything.
    pub(crate) const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
    /// User Administrator.
    pub(crate) const USERS: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    /// Groups Administrator.
    pub(crate) const GROUPS: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
    /// Application Administrator.
    pub(crate) const APPLICATIONS: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
    /// Cloud Application Administrator.
    pub(crate) const CLOUD_APPLICATIONS: &str = "158c047a-c907-4556-b7ef-446551a6b5f7";
    /// Conditional Access Administrator.
    pub(crate) const CONDITIONAL_ACCESS: &str = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9";
    /// Security Administrator.
    pub(crate) const SECURITY: &str = "194ae4cb-b126-40b2-bd5b-6091b380977d";
    /// Security Reader.
    pub(crate) const SECURITY_READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";
    /// Global Reader.
    pub(crate) const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    /// Reports Reader.
    pub(crate) const REPORTS: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";
    /// Privileged Role Administrator.
    pub(crate) const ROLES: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
    /// Authentication Policy Administrator.
    pub(crate) const AUTHENTICATION_POLICY: &str = "0526716b-113d-4c15-b2c8-68e3c22b9f80";
    /// Security Operator.
    pub(crate) const OPERATOR: &str = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f";

    /// Names of the roles above and others that are often held: template id, name.
    pub(crate) const NAMES: [(&str, &str); 13] = [
        (GLOBAL, "Global Administrator"),
        (USERS, "User Administrator"),
        (GROUPS, "Groups Administrator"),
        (APPLICATIONS, "Application Administrator"),
        (CLOUD_APPLICATIONS, "Cloud Application Administrator"),
        (CONDITIONAL_ACCESS, "Conditional Access Administrator"),
        (SECURITY, "Security Administrator"),
        (SECURITY_READER, "Security Reader"),
        (READER, "Global Reader"),
        (REPORTS, "Reports Reader"),
        (ROLES, "Privileged Role Administrator"),
        (AUTHENTICATION_POLICY, "Authentication Policy Administrator"),
        (OPERATOR, "Security Operator"),
    ];
}

/// Who may read a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Everybody of the tenant.
    Members,
    /// Holders of one of these roles, of one that may write, readers of the whole tenant, and its administrator.
    Roles(&'static [&'static str]),
}

/// A collection, or a single object.
pub(crate) struct Set {
    /// Its path below the version.
    pub(crate) path: &'static str,
    /// `@odata.type` of a member, without `#microsoft.graph.`; empty where members say it themselves.
    pub(crate) kind: &'static str,
    /// Who may read it.
    pub(crate) reading: Reading,
    /// Roles, besides the tenant's administrator, that may write it; `None`: nobody, it is reported.
    pub(crate) writing: Option<&'static [&'static str]>,
    /// Members that a new object must have.
    pub(crate) required: &'static [&'static str],
    /// Whether it is one object.
    pub(crate) is_single: bool,
}

const SECURITY: Reading = Reading::Roles(&[role::SECURITY_READER, role::SECURITY, role::OPERATOR]);
const REPORTS: Reading = Reading::Roles(&[role::REPORTS, role::SECURITY_READER, role::SECURITY]);

const fn set(
    path: &'static str,
    kind: &'static str,
    reading: Reading,
    writing: Option<&'static [&'static str]>,
    required: &'static [&'static str],
) -> Set {
    Set { path, kind, reading, writing, required, is_single: false }
}

const fn single(path: &'static str, kind: &'static str, writing: Option<&'static [&'static str]>) -> Set {
    Set { path, kind, reading: Reading::Members, writing, required: &[], is_single: true }
}

/// Every collection. Longer paths come before those that they begin with.
pub(crate) const SETS: &[Set] = &[
    set(
        "users",
        "user",
        Reading::Members,
        Some(&[role::USERS]),
        &["accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"],
    ),
    set(
        "groups",
        "group",
        Reading::Members,
        Some(&[role::GROUPS, role::USERS]),
        &["displayName", "mailEnabled", "mailNickname", "securityEnabled"],
    ),
    set(
        "applications",
        "application",
        Reading::Members,
        Some(&[role::APPLICATIONS, role::CLOUD_APPLICATIONS]),
        &["displayName"],
    ),
    set(
        "servicePrincipals",
        "servicePrincipal",
        Reading::Members,
        Some(&[role::APPLICATIONS, role::CLOUD_APPLICATIONS]),
        &["appId"],
    ),
    set("directoryRoles", "directoryRole", Reading::Members, Some(&[role::ROLES]), &["roleTemplateId"]),
    set("devices", "device", Reading::Members, Some(&[]), &["displayName"]),
    set(
        "administrativeUnits",
        "administrativeUnit",
        Reading::Members,
        Some(&[role::ROLES]),
        &["displayName"],
    ),
    set("organization", "organization", Reading::Members, None, &[]),
    set(
        "oauth2PermissionGrants",
        "oAuth2PermissionGrant",
        Reading::Members,
        Some(&[role::APPLICATIONS]),
        &["clientId", "consentType", "resourceId"],
    ),
    set(
        "identity/conditionalAccess/policies",
        "conditionalAccessPolicy",
        Reading::Roles(&[role::CONDITIONAL_ACCESS, role::SECURITY, role::SECURITY_READER]),
        Some(&[role::CONDITIONAL_ACCESS, role::SECURITY]),
        &["displayName", "state", "conditions"],
    ),
    set(
        "identity/conditionalAccess/namedLocations",
        "",
        Reading::Roles(&[role::CONDITIONAL_ACCESS, role::SECURITY, role::SECURITY_READER]),
        Some(&[role::CONDITIONAL_ACCESS, role::SECURITY]),
        &["displayName"],
    ),
    set(
        "identity/conditionalAccess/authenticationContextClassReferences",
        "authenticationContextClassReference",
        Reading::Members,
        Some(&[role::CONDITIONAL_ACCESS, role::SECURITY]),
        &["displayName"],
    ),
    set(
        "policies/authenticationStrengthPolicies",
        "authenticationStrengthPolicy",
        Reading::Members,
        Some(&[role::CONDITIONAL_ACCESS, role::SECURITY, role::AUTHENTICATION_POLICY]),
        &["displayName", "allowedCombinations"],
    ),
    set(
        "roleManagement/directory/roleDefinitions",
        "unifiedRoleDefinition",
        Reading::Members,
        Some(&[role::ROLES]),
        &["displayName", "rolePermissions"],
    ),
    set(
        "roleManagement/directory/roleAssignments",
        "unifiedRoleAssignment",
        Reading::Members,
        Some(&[role::ROLES]),
        &["principalId", "roleDefinitionId"],
    ),
    set("identityProtection/riskyUsers", "riskyUser", SECURITY, None, &[]),
    set("identityProtection/riskDetections", "riskDetection", SECURITY, None, &[]),
    set("auditLogs/signIns", "signIn", REPORTS, None, &[]),
    set("auditLogs/directoryAudits", "directoryAudit", REPORTS, None, &[]),
    set(
        "reports/authenticationMethods/userRegistrationDetails",
        "userRegistrationDetails",
        REPORTS,
        None,
        &[],
    ),
    set("security/secureScores", "secureScore", SECURITY, None, &[]),
    set("security/secureScoreControlProfiles", "secureScoreControlProfile", SECURITY, None, &[]),
    set("security/alerts_v2", "security.alert", SECURITY, Some(&[role::SECURITY, role::OPERATOR]), &[]),
    set("security/incidents", "security.incident", SECURITY, Some(&[role::SECURITY, role::OPERATOR]), &[]),
    single(
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "identitySecurityDefaultsEnforcementPolicy",
        Some(&[role::CONDITIONAL_ACCESS, role::SECURITY]),
    ),
    single(
        "policies/authenticationMethodsPolicy",
        "authenticationMethodsPolicy",
        Some(&[role::AUTHENTICATION_POLICY]),
    ),
    single("policies/authorizationPolicy", "authorizationPolicy", Some(&[role::ROLES])),
];

/// The collection whose path a request begins with, and what follows.
pub(crate) fn find<'s>(segments: &'s [&'s str]) -> Option<(&'static Set, &'s [&'s str])> {
    SETS.iter().find_map(|set| {
        let own: Vec<&str> = set.path.split('/').collect();
        let fits = segments.len() >= own.len()
            && own.iter().zip(segments).enumerate().all(|(at, (known, found))| {
                // `applications(appId='…')` names a member by another key.
                let name =
                    if at + 1 == own.len() { found.split('(').next().unwrap_or_default() } else { found };
                known.eq_ignore_ascii_case(name)
            });
        fits.then(|| (set, &segments[own.len()..]))
    })
}

/// The paths of all collections.
pub fn collections() -> impl Iterator<Item = &'static str> {
    SETS.iter().map(|set| set.path)
}

/// The members of a user that are answered unless others are selected.
pub(crate) const USER_DEFAULTS: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// What an object has when nobody said otherwise: clients read these members without looking.
pub(crate) fn defaults(set: &Set, now: &str) -> Value {
    match set.kind {
        "user" => json!({
            "businessPhones": [], "givenName": null, "jobTitle": null, "mail": null, "mobilePhone": null, "officeLocation": null,
            "preferredLanguage": null, "surname": null, "accountEnabled": true, "userType": "Member", "createdDateTime": now,
            "assignedLicenses": [], "otherMails": [], "proxyAddresses": [], "identities": [],
        }),
        "group" => json!({
            "description": null, "groupTypes": [], "mail": null, "mailEnabled": false, "securityEnabled": true, "visibility": null,
            "createdDateTime": now, "isAssignableToRole": null, "membershipRule": null, "onPremisesSyncEnabled": null,
            "proxyAddresses": [], "renewedDateTime": now, "resourceProvisioningOptions": [],
        }),
        "application" => json!({
            "createdDateTime": now, "signInAudience": "AzureADMyOrg", "identifierUris": [], "passwordCredentials": [], "keyCredentials": [],
            "requiredResourceAccess": [], "appRoles": [], "tags": [], "addIns": [], "isFallbackPublicClient": null, "description": null,
            "api": {"acceptMappedClaims": null, "knownClientApplications": [], "oauth2PermissionScopes": [], "preAuthorizedApplications": [], "requestedAccessTokenVersion": null},
            "web": {"homePageUrl": null, "logoutUrl": null, "redirectUris": [], "implicitGrantSettings": {"enableAccessTokenIssuance": false, "enableIdTokenIssuance": false}},
            "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}, "info": {}, "optionalClaims": null,
        }),
        "servicePrincipal" => json!({
            "accountEnabled": true, "servicePrincipalType": "Application", "servicePrincipalNames": [], "passwordCredentials": [],
            "keyCredentials": [], "appRoles": [], "oauth2PermissionScopes": [], "replyUrls": [], "tags": [], "alternativeNames": [],
            "appRoleAssignmentRequired": false, "homepage": null, "createdDateTime": now, "notificationEmailAddresses": [], "addIns": [],
            "resourceSpecificApplicationPermissions": [], "signInAudience": "AzureADMyOrg",
        }),
        "conditionalAccessPolicy" => {
            json!({"createdDateTime": now, "modifiedDateTime": null, "templateId": null, "grantControls": null, "sessionControls": null})
        }
        "authenticationStrengthPolicy" => {
            json!({"createdDateTime": now, "modifiedDateTime": now, "policyType": "custom", "requirementsSatisfied": "mfa", "description": ""})
        }
        "unifiedRoleAssignment" => json!({"directoryScopeId": "/", "appScopeId": null, "condition": null}),
        "unifiedRoleDefinition" => {
            json!({"isBuiltIn": false, "isEnabled": true, "resourceScopes": ["/"], "description": null, "version": null})
        }
        "identitySecurityDefaultsEnforcementPolicy" => json!({
            "id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": false,
            "description": "Security defaults is a set of basic identity security mechanisms.",
        }),
        "authenticationMethodsPolicy" => json!({
            "id": "authenticationMethodsPolicy", "displayName": "Authentication Methods Policy", "policyVersion": "1.5",
            "policyMigrationState": "migrationComplete", "authenticationMethodConfigurations": [],
        }),
        "authorizationPolicy" => json!({
            "id": "authorizationPolicy", "displayName": "Authorization Policy", "allowInvitesFrom": "adminsAndGuestInviters",
            "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3", "allowedToUseSSPR": true,
            "defaultUserRolePermissions": {"allowedToCreateApps": false, "allowedToCreateSecurityGroups": false, "allowedToReadOtherUsers": true},
        }),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_found_by_their_paths() {
        let segments = ["identity", "conditionalaccess", "Policies", "x"];
        let (set, rest) = find(&segments).unwrap();
        assert_eq!((set.kind, rest), ("conditionalAccessPolicy", &["x"][..]));
        let segments = ["applications(appId='a')", "owners"];
        assert_eq!(find(&segments).unwrap().1, ["owners"]);
        assert!(find(&["nothing"]).is_none());
    }
}
