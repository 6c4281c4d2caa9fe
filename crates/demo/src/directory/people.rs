//! Users with their registration for authentication methods and their per-user state.

use serde_json::{Value, json};

use super::sign_in::Stance;
use super::{ADMINISTRATORS, EMERGENCY_ACCOUNTS};
use crate::flaws::{Kind, Planter};
use crate::names::{DEPARTMENTS, DOMAIN, FAMILY, GIVEN, PARTNERS, TITLES};
use crate::output::{Emit, Pages, Shape, Stopped, recorded_response};
use crate::plan::Plan;
use crate::rng::Rng;

/// What about a person must be known elsewhere too.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) display: String,
    pub(crate) principal_name: String,
    pub(crate) guest: bool,
    pub(crate) enabled: bool,
}

/// The `index`th person; always the same for a plan.
pub(crate) fn person(plan: &Plan, index: usize) -> Person {
    let mut rng = Rng::new(plan.seed, "person", index as u64);
    let id = plan.user_id(index);
    if index < EMERGENCY_ACCOUNTS {
        let name = format!("emergency-{}", index + 1);
        return Person {
            id,
            display: format!("Emergency access {}", index + 1),
            principal_name: format!("{name}@{DOMAIN}"),
            guest: false,
            enabled: true,
        };
    }
    let (given, family) = (*rng.pick(GIVEN), *rng.pick(FAMILY));
    let login = format!("{given}.{family}{index}").to_lowercase().replace('ó', "o");
    let guest = index >= ADMINISTRATORS && index % 17 == 5;
    let principal_name = if guest {
        let partner = *rng.pick(PARTNERS);
        format!("{login}_{partner}#EXT#@contoso.onmicrosoft.com")
    } else {
        format!("{login}@{DOMAIN}")
    };
    let enabled = index < ADMINISTRATORS || index % 23 != 7;
    Person { id, display: format!("{given} {family}"), principal_name, guest, enabled }
}

/// Writes users, registration details and per-user states.
pub(crate) fn write(
    plan: &Plan,
    stance: Stance,
    planter: &mut Planter,
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    let graph = |collection, context| Shape::Graph { collection, context };
    let mut users = Pages::new("graph/users", graph("users", "users"), 999);
    let details_path = "reports/authenticationMethods/userRegistrationDetails";
    let mut details = Pages::new("graph/user-registration-details", graph(details_path, details_path), 1_000);
    let mut states = Pages::new("graph/recorded-per-user-mfa", Shape::Lines, 5_000);
    let now = plan.calendar.now_text();
    for kind in [Kind::UserUnregistered, Kind::UserWithoutDetail, Kind::PerUserMfa] {
        planter.postpone(kind, 150);
    }
    for index in 0..plan.users {
        let person = person(plan, index);
        let mut rng = Rng::new(plan.seed, "person-details", index as u64);
        users.push(&user(plan, &person, index, &mut rng), emit)?;
        let key = format!("graph:/users/{}", person.id);
        let may_break = person.enabled && index >= EMERGENCY_ACCOUNTS;
        let unregistered = may_break && planter.plants_rarely(Kind::UserUnregistered);
        let without_detail = may_break && !unregistered && planter.plants_rarely(Kind::UserWithoutDetail);
        if unregistered || without_detail {
            planter.record("ID-1", &key, "$.isMfaRegistered");
        }
        // Disabled people may have neither methods nor a detail.
        if !without_detail && (person.enabled || index % 2 == 0) {
            let registered = person.enabled && !unregistered;
            details.push(&registration(plan, &person, index, registered, &mut rng), emit)?;
        }
        let mut state = "disabled";
        if may_break && stance.policies_in_force() && planter.plants_rarely(Kind::PerUserMfa) {
            state = *rng.pick(&["enabled", "enforced"]);
            planter.record("ID-2", &key, "$.perUserMfaState");
        }
        let context = format!(
            "https://graph.microsoft.com/beta/$metadata#users('{}')/authentication/requirements/$entity",
            person.id
        );
        let url = format!("https://graph.microsoft.com/beta/users/{}/authentication/requirements", person.id);
        let body = json!({"@odata.context": context, "perUserMfaState": state});
        states.push(&recorded_response(&url, &now, true, &body), emit)?;
    }
    users.finish(emit)?;
    details.finish(emit)?;
    states.finish(emit)
}

fn user(plan: &Plan, person: &Person, index: usize, rng: &mut Rng) -> Value {
    let mut names = person.display.splitn(2, ' ');
    let created = plan.calendar.days_ago(rng.between(60, 2_000), rng);
    let office = *rng.pick(&["Amsterdam", "Stockholm", "Dublin", "London", "Richmond"]);
    let usage = *rng.pick(&["NL", "SE", "IE", "GB", "US"]);
    json!({
        "id": person.id,
        "accountEnabled": person.enabled,
        "displayName": person.display,
        "givenName": names.next(),
        "surname": names.next(),
        "userPrincipalName": person.principal_name,
        "mail": if person.guest { Value::Null } else { json!(person.principal_name) },
        "userType": if person.guest { "Guest" } else { "Member" },
        "department": if person.guest { Value::Null } else { json!(rng.pick(DEPARTMENTS)) },
        "jobTitle": if person.guest { Value::Null } else { json!(rng.pick(TITLES)) },
        "employeeId": if person.guest { Value::Null } else { json!(format!("E{index:06}")) },
        "companyName": if person.guest { "Partner" } else { "Contoso" },
        "officeLocation": office,
        "usageLocation": usage,
        "createdDateTime": created,
        "creationType": if person.guest { json!("Invitation") } else { Value::Null },
        "externalUserState": if person.guest { json!("Accepted") } else { Value::Null },
        "onPremisesSyncEnabled": if person.guest || index < ADMINISTRATORS { Value::Null } else { json!(true) },
        "businessPhones": [],
        "mobilePhone": null,
        "preferredLanguage": "en-GB",
        "assignedLicenses": [],
    })
}

fn registration(plan: &Plan, person: &Person, index: usize, registered: bool, rng: &mut Rng) -> Value {
    const REGISTERED: [&[&str]; 5] = [
        &["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
        &["microsoftAuthenticatorPush", "mobilePhone"],
        &["passKeyDeviceBound"],
        &["windowsHelloForBusiness", "microsoftAuthenticatorPush"],
        &["hardwareOneTimePasscode"],
    ];
    const UNREGISTERED: [&[&str]; 2] = [&[], &["email"]];
    let methods: &[&str] = if index < EMERGENCY_ACCOUNTS {
        &["passKeyDeviceBound"]
    } else if registered {
        rng.pick::<&[&str]>(&REGISTERED)
    } else {
        rng.pick::<&[&str]>(&UNREGISTERED)
    };
    let preferred = if registered { "push" } else { "none" };
    json!({
        "id": person.id,
        "userPrincipalName": person.principal_name,
        "userDisplayName": person.display,
        "userType": if person.guest { "guest" } else { "member" },
        "isAdmin": index < ADMINISTRATORS,
        "isMfaRegistered": registered,
        "isMfaCapable": registered,
        "isPasswordlessCapable": methods.iter().any(|method| method.starts_with("passKey") || method.starts_with("windows")),
        "isSsprEnabled": !person.guest,
        "isSsprRegistered": registered && !person.guest,
        "isSsprCapable": registered && !person.guest,
        "isSystemPreferredAuthenticationMethodEnabled": true,
        "systemPreferredAuthenticationMethods": [],
        "userPreferredMethodForSecondaryAuthentication": preferred,
        "methodsRegistered": methods,
        "lastUpdatedDateTime": plan.calendar.days_ago(rng.between(1, 20), rng),
    })
}
