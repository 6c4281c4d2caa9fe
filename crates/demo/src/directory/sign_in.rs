//! The policies of sign-in: security defaults, Conditional Access, authentication methods.

use serde_json::{Value, json};

use super::EMERGENCY_ACCOUNTS;
use crate::flaws::Planter;
use crate::names::DOMAIN;
use crate::output::{Emit, Pages, Shape, Stopped, json_file};
use crate::plan::Plan;
use crate::rng::Rng;

/// Object of the flaws that concern the tenant's choice of option.
const DEFAULTS: &str = "graph:/policies/identitySecurityDefaultsEnforcementPolicy";

/// How the tenant protects sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// Conditional Access for all, emergency accounts excluded, legacy authentication blocked.
    Clean,
    /// The same, but legacy authentication is not blocked in force.
    LegacyOpen,
    /// Everything is only reported: no option is in force.
    NothingInForce,
    /// Security defaults are on as well.
    DefaultsBesidePolicies,
}

impl Stance {
    pub(crate) fn choose(plan: &Plan, planting: bool) -> Self {
        let mut rng = Rng::new(plan.seed, "stance", 0);
        if !planting {
            return Self::Clean;
        }
        *rng.pick(&[
            Self::LegacyOpen,
            Self::LegacyOpen,
            Self::LegacyOpen,
            Self::NothingInForce,
            Self::DefaultsBesidePolicies,
        ])
    }

    /// Whether a Conditional Access policy requires MFA while security defaults are off, so that a per-user state
    /// would get in its way.
    pub(crate) fn policies_in_force(self) -> bool {
        matches!(self, Self::Clean | Self::LegacyOpen)
    }
}

/// Writes the policies of sign-in and notes the flaws of the stance.
pub(crate) fn write(
    plan: &Plan,
    stance: Stance,
    planter: &mut Planter,
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    let controls: &[&str] = match stance {
        Stance::Clean => &[],
        Stance::LegacyOpen => &["ID-6"],
        Stance::NothingInForce => &["ID-1", "ID-2", "ID-6"],
        Stance::DefaultsBesidePolicies => &["ID-2"],
    };
    for control in controls {
        planter.record(control, DEFAULTS, "$.isEnabled");
    }
    let mut rng = Rng::new(plan.seed, "sign-in", 0);
    let list = |path: &str, collection, context, rows: Vec<Value>, emit: &mut Emit<'_>| {
        let mut pages = Pages::new(path, Shape::Graph { collection, context }, 999);
        rows.iter().try_for_each(|row| pages.push(row, emit))?;
        pages.finish(emit)
    };
    let policies = "identity/conditionalAccess/policies";
    list(
        "graph/conditional-access-policies",
        policies,
        policies,
        access_policies(plan, stance, &mut rng),
        emit,
    )?;
    let locations = "identity/conditionalAccess/namedLocations";
    list("graph/named-locations", locations, locations, named_locations(plan, &mut rng), emit)?;
    list("graph/organization", "organization", "organization", vec![organization(plan, &mut rng)], emit)?;
    let entity = |context: &str, mut value: Value| {
        value["@odata.context"] = json!(format!("https://graph.microsoft.com/v1.0/$metadata#{context}"));
        value
    };
    emit(json_file(
        "graph/security-defaults.json",
        &entity(
            "policies/identitySecurityDefaultsEnforcementPolicy/$entity",
            json!({
                "id": "00000000-0000-0000-0000-000000000005",
                "displayName": "Security Defaults",
                "description": "Baseline protection of every sign-in, for tenants without Conditional Access",
                "isEnabled": stance == Stance::DefaultsBesidePolicies,
            }),
        ),
    ))?;
    emit(json_file(
        "graph/authentication-methods-policy.json",
        &entity("authenticationMethodsPolicy", methods_policy()),
    ))?;
    emit(json_file(
        "graph/authorization-policy.json",
        &entity(
            "policies/authorizationPolicy/$entity",
            json!({
                "id": "authorizationPolicy",
                "displayName": "Authorization Policy",
                "allowInvitesFrom": "adminsAndGuestInviters",
                "allowedToSignUpEmailBasedSubscriptions": false,
                "allowedToUseSSPR": true,
                "allowEmailVerifiedUsersToJoinOrganization": false,
                "blockMsolPowerShell": true,
                "guestUserRoleId": "2af84b1e-32c8-42b7-82bc-daa82404023b",
                "defaultUserRolePermissions": {"allowedToCreateApps": false, "allowedToCreateSecurityGroups": false,
                    "allowedToReadOtherUsers": true, "permissionGrantPoliciesAssigned": []},
            }),
        ),
    ))
}

/// A policy for all users without the emergency accounts.
fn access_policy(plan: &Plan, rng: &mut Rng, (name, state): (&str, &str), grant: &Value) -> Value {
    let excluded: Vec<String> = (0..EMERGENCY_ACCOUNTS).map(|index| plan.user_id(index)).collect();
    json!({
        "id": rng.guid(),
        "templateId": null,
        "displayName": name,
        "createdDateTime": plan.calendar.days_ago(rng.between(200, 900), rng),
        "modifiedDateTime": plan.calendar.days_ago(rng.between(5, 190), rng),
        "state": state,
        "sessionControls": null,
        "conditions": {
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "servicePrincipalRiskLevels": [],
            "insiderRiskLevels": null,
            "clientAppTypes": ["all"],
            "platforms": null,
            "locations": null,
            "devices": null,
            "clientApplications": null,
            "authenticationFlows": null,
            "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [],
                "includeAuthenticationContextClassReferences": [], "applicationFilter": null},
            "users": {"includeUsers": ["All"], "excludeUsers": excluded, "includeGroups": [], "excludeGroups": [],
                "includeRoles": [], "excludeRoles": [], "includeGuestsOrExternalUsers": null,
                "excludeGuestsOrExternalUsers": null}
        },
        "grantControls": grant,
    })
}

fn grant(control: &str) -> Value {
    json!({"operator": "OR", "builtInControls": [control], "customAuthenticationFactors": [], "termsOfUse": [],
        "authenticationStrength": null})
}

fn access_policies(plan: &Plan, stance: Stance, rng: &mut Rng) -> Vec<Value> {
    const REPORTED: &str = "enabledForReportingButNotEnforced";
    let in_force = if stance == Stance::NothingInForce { REPORTED } else { "enabled" };
    let mut policies =
        vec![access_policy(plan, rng, ("CA001 Two factors for all users", in_force), &grant("mfa"))];

    let mut legacy_state = in_force;
    let mut legacy_clients = json!(["exchangeActiveSync", "other"]);
    if stance == Stance::LegacyOpen {
        match rng.below(3) {
            0 => legacy_state = REPORTED,
            1 => legacy_state = "disabled",
            _ => legacy_clients = json!(["other"]),
        }
    }
    let mut legacy =
        access_policy(plan, rng, ("CA002 No legacy authentication", legacy_state), &grant("block"));
    legacy["conditions"]["clientAppTypes"] = legacy_clients;
    policies.push(legacy);

    let mut risk = access_policy(plan, rng, ("CA003 Two factors at risky sign-ins", in_force), &grant("mfa"));
    risk["conditions"]["signInRiskLevels"] = json!(["high", "medium"]);
    risk["sessionControls"] = json!({"signInFrequency": {"value": null, "type": null, "authenticationType": "primaryAndSecondaryAuthentication",
        "frequencyInterval": "everyTime", "isEnabled": true}});
    policies.push(risk);

    let mut user_risk =
        access_policy(plan, rng, ("CA004 New password for users at risk", in_force), &grant("mfa"));
    user_risk["conditions"]["userRiskLevels"] = json!(["high"]);
    user_risk["grantControls"] = json!({"operator": "AND", "builtInControls": ["mfa", "passwordChange"],
        "customAuthenticationFactors": [], "termsOfUse": [], "authenticationStrength": null});
    policies.push(user_risk);

    let mut places = access_policy(plan, rng, ("CA005 Only from known countries", REPORTED), &grant("block"));
    places["conditions"]["locations"] = json!({"includeLocations": ["All"], "excludeLocations": [location_id(plan, 0), location_id(plan, 1)]});
    policies.push(places);

    let mut devices = access_policy(
        plan,
        rng,
        ("CA006 Healthy devices for finance", "disabled"),
        &grant("compliantDevice"),
    );
    devices["conditions"]["users"]["includeUsers"] = json!([]);
    devices["conditions"]["users"]["includeGroups"] = json!([plan.user_group_id(7)]);
    policies.push(devices);
    policies
}

fn location_id(plan: &Plan, index: usize) -> String {
    crate::rng::guid(plan.seed, "named-location", index)
}

fn named_locations(plan: &Plan, rng: &mut Rng) -> Vec<Value> {
    let created = plan.calendar.days_ago(rng.between(300, 900), rng);
    vec![
        json!({"@odata.type": "#microsoft.graph.countryNamedLocation", "id": location_id(plan, 0), "displayName": "Countries with offices",
            "createdDateTime": created, "modifiedDateTime": created, "countriesAndRegions": ["NL", "SE", "IE", "GB", "US"],
            "includeUnknownCountriesAndRegions": false, "countryLookupMethod": "clientIpAddress"}),
        json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "id": location_id(plan, 1), "displayName": "Offices",
            "createdDateTime": created, "modifiedDateTime": created, "isTrusted": true,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/26"},
                {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8:1000::/48"}]}),
    ]
}

fn organization(plan: &Plan, rng: &mut Rng) -> Value {
    json!({
        "id": plan.tenant,
        "displayName": "Contoso",
        "tenantType": "AAD",
        "countryLetterCode": "NL",
        "createdDateTime": plan.calendar.days_ago(2_500, rng),
        "onPremisesSyncEnabled": true,
        "securityComplianceNotificationMails": [format!("soc@{DOMAIN}")],
        "technicalNotificationMails": [format!("platform@{DOMAIN}")],
        "verifiedDomains": [
            {"name": DOMAIN, "type": "Managed", "isDefault": true, "isInitial": false, "capabilities": "Email, OfficeCommunicationsOnline"},
            {"name": "contoso.onmicrosoft.com", "type": "Managed", "isDefault": false, "isInitial": true, "capabilities": "Email"}],
    })
}

fn methods_policy() -> Value {
    let method = |id: &str, kind: &str, state: &str| {
        json!({"@odata.type": format!("#microsoft.graph.{kind}AuthenticationMethodConfiguration"), "id": id, "state": state,
            "excludeTargets": [], "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}]})
    };
    json!({
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "Which methods people may register and use",
        "policyVersion": "1.5",
        "policyMigrationState": "migrationComplete",
        "registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {"snoozeDurationInDays": 1, "enforceRegistrationAfterAllowedSnoozes": true,
            "state": "enabled", "excludeTargets": [],
            "includeTargets": [{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": "microsoftAuthenticator"}]}},
        "authenticationMethodConfigurations": [
            method("Fido2", "fido2", "enabled"),
            method("MicrosoftAuthenticator", "microsoftAuthenticator", "enabled"),
            method("TemporaryAccessPass", "temporaryAccessPass", "enabled"),
            method("SoftwareOath", "softwareOath", "enabled"),
            method("Sms", "sms", "disabled"),
            method("Voice", "voice", "disabled"),
            method("Email", "email", "disabled"),
        ],
    })
}
