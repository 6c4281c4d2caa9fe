//! What the service rejects when a policy, a named location or a setting is written.

use serde_json::Value;

use crate::controls::Control;
use crate::json::{items, strings, text};
use crate::network::Range;
use crate::policy::{Policy, Selection, State};

/// How many policies a tenant may have, in any state.
pub const MOST_TENANT_POLICIES: u64 = 240;
/// How many named locations by address a tenant may have.
pub const MOST_IP_LOCATIONS: u64 = 195;
/// How many ranges a named location may have.
pub const MOST_RANGES: u64 = 2000;
/// How many trusted ranges the MFA service settings may have.
pub const MOST_TRUSTED_RANGES: u64 = 50;

/// A reason for rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the document, as a JSON pointer.
    pub pointer: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// What else is in the tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValidationContext {
    /// Security defaults are on.
    pub security_defaults_enabled: bool,
    /// How many other policies there are.
    pub other_policies: u64,
}

fn problem(pointer: &'static str, message: impl Into<String>) -> Problem {
    Problem { pointer, message: message.into() }
}

/// Everything the service would reject of a policy ("Conditional Access: grant", "session", "filter for devices",
/// "target resources", "workload identities").
pub fn validate_policy(document: &Value, context: ValidationContext) -> Vec<Problem> {
    let policy = Policy::from_json(document);
    let mut problems = Vec::new();
    if policy.state == State::Enabled && context.security_defaults_enabled {
        let message = "security defaults are on: switch them off before a policy is enabled";
        problems.push(problem("/state", message));
    }
    if context.other_policies >= MOST_TENANT_POLICIES {
        problems.push(problem(
            "",
            format!("a tenant may have {MOST_TENANT_POLICIES} policies: delete one first"),
        ));
    }
    check_assignments(&policy, &mut problems);
    check_filters(&policy, &mut problems);
    check_grant(&policy, &mut problems);
    check_password_change(&policy, &mut problems);
    check_device_registration(&policy, &mut problems);
    check_session(&policy, document, &mut problems);
    problems
}

fn check_assignments(policy: &Policy, problems: &mut Vec<Problem>) {
    let conditions = &policy.conditions;
    let named = |selection: &Selection| selection.include.iter().any(|entry| entry != "none");
    let names_users = conditions.users.as_ref().is_some_and(|users| {
        named(&users.users) || named(&users.groups) || named(&users.roles) || users.include_external.is_some()
    });
    let has_users = names_users
        || conditions
            .users
            .as_ref()
            .is_some_and(|users| users.users.include.iter().any(|entry| entry == "none"));
    match (&conditions.workloads, names_users) {
        (Some(_), true) => {
            let message = "a policy is about users or about workload identities: make two policies";
            problems.push(problem("/conditions/clientApplications", message));
        }
        (Some(workloads), false) if workloads.principals.include.is_empty() && workloads.filter.is_none() => {
            problems.push(problem("/conditions/clientApplications", "no workload identity is included"));
        }
        (None, _) if !has_users && !conditions.is_about_agents => {
            problems.push(problem(
                "/conditions/users",
                "no user is included: name users, groups, roles or `All`",
            ));
        }
        _ => {}
    }
    let applications = &conditions.applications;
    let kinds = [
        !applications.applications.include.is_empty() || applications.filter.is_some(),
        !applications.user_actions.is_empty(),
        !applications.contexts.is_empty(),
    ];
    match kinds.iter().filter(|kind| **kind).count() {
        0 => problems
            .push(problem("/conditions/applications", "no target is included: name applications or `All`")),
        1 => {}
        _ => {
            let message = "resources, user actions and authentication contexts need policies of their own";
            problems.push(problem("/conditions/applications", message));
        }
    }
    for context in &applications.contexts {
        let number = context.strip_prefix('c').and_then(|number| number.parse::<u8>().ok());
        if !number.is_some_and(|number| (1..=99).contains(&number)) {
            let message = format!("`{context}` is no authentication context: they are `c1` to `c99`");
            problems.push(problem(
                "/conditions/applications/includeAuthenticationContextClassReferences",
                message,
            ));
        }
    }
}

fn check_filters(policy: &Policy, problems: &mut Vec<Problem>) {
    let conditions = &policy.conditions;
    let workloads = conditions.workloads.as_ref().and_then(|workloads| workloads.filter.as_ref());
    for (pointer, filter) in [
        ("/conditions/devices/deviceFilter/rule", conditions.device_filter.as_ref()),
        ("/conditions/applications/applicationFilter/rule", conditions.applications.filter.as_ref()),
        ("/conditions/clientApplications/servicePrincipalFilter/rule", workloads),
    ] {
        if let Some(Err(error)) = filter.map(|filter| &filter.filter) {
            problems.push(problem(pointer, error.to_string()));
        }
    }
}

fn check_grant(policy: &Policy, problems: &mut Vec<Problem>) {
    const POINTER: &str = "/grantControls";
    let controls = &policy.grant.controls;
    let has = |control: &Control| controls.contains(control);
    let has_strength = controls.iter().any(|control| matches!(control, Control::Strength(_)));
    for control in controls {
        if let Control::Unknown(name) = control {
            problems.push(problem(POINTER, format!("there is no control `{name}`")));
        }
    }
    if controls.is_empty() && policy.session.is_empty() {
        problems.push(problem(
            POINTER,
            "no control is chosen: block, ask for something, or set a session control",
        ));
    }
    if has(&Control::Mfa) && has_strength {
        problems.push(problem(
            POINTER,
            "`mfa` and an authentication strength exclude each other: keep the strength",
        ));
    }
    if has(&Control::Block) && controls.len() > 1 {
        problems.push(problem(POINTER, "a policy that blocks cannot ask for anything else"));
    }
    if policy.conditions.workloads.is_some() && *controls != [Control::Block] {
        problems.push(problem(POINTER, "workload identities can only be blocked"));
    }
    let apps = [Control::ApprovedApp, Control::AppProtection];
    let platforms = policy.conditions.platforms.as_ref();
    let has_desktop = platforms.is_some_and(|platforms| {
        platforms.include.iter().any(|platform| platform == "macos" || platform == "linux")
    });
    if apps.iter().any(has) && has_desktop && (controls.len() == 1 || !policy.grant.any) {
        let message =
            "there are no approved or protected apps for macOS and Linux: offer another control with `OR`";
        problems.push(problem(POINTER, message));
    }
    if has(&Control::RiskRemediation) {
        let every_time = policy.session.sign_in_frequency.is_some_and(|frequency| frequency.seconds == 0);
        if !has_strength || policy.grant.any || !every_time {
            let message =
                "risk remediation comes with an authentication strength and sign-in frequency every time";
            problems.push(problem(POINTER, message));
        }
    }
}

/// True if the policy has a condition besides users, targets and the one of user risk.
fn has_other_conditions(policy: &Policy) -> bool {
    let conditions = &policy.conditions;
    takes_some_clients(policy)
        || conditions.platforms.is_some()
        || conditions.locations.is_some()
        || conditions.device_filter.is_some()
        || !conditions.sign_in_risk_levels.is_empty()
        || !conditions.insider_risk_levels.is_empty()
        || !conditions.transfer_methods.is_empty()
}

fn takes_some_clients(policy: &Policy) -> bool {
    let clients = &policy.conditions.client_app_types;
    !clients.is_empty() && !clients.iter().any(|client| client == "all")
}

fn check_password_change(policy: &Policy, problems: &mut Vec<Problem>) {
    let controls = &policy.grant.controls;
    if !controls.contains(&Control::PasswordChange) {
        return;
    }
    let may_join =
        |control: &Control| matches!(control, Control::PasswordChange | Control::Mfa | Control::Strength(_));
    if !controls.iter().all(may_join) {
        let message = "a password change goes with multifactor authentication or a strength only";
        problems.push(problem("/grantControls", message));
    }
    if !policy.conditions.applications.includes_all() {
        problems.push(problem("/conditions/applications", "a password change needs all resources"));
    }
    if has_other_conditions(policy) {
        let message = "a password change goes with users, resources and user risk only";
        problems.push(problem("/conditions", message));
    }
}

fn check_device_registration(policy: &Policy, problems: &mut Vec<Problem>) {
    let conditions = &policy.conditions;
    if !conditions.applications.user_actions.iter().any(|action| action == "urn:user:registerdevice") {
        return;
    }
    if !policy.grant.controls.iter().all(|control| matches!(control, Control::Mfa | Control::Strength(_))) {
        let message = "registering a device can ask for multifactor authentication or a strength only";
        problems.push(problem("/grantControls", message));
    }
    if takes_some_clients(policy) || conditions.device_filter.is_some() {
        let message = "registering a device knows neither client apps nor a filter for devices";
        problems.push(problem("/conditions", message));
    }
}

fn check_session(policy: &Policy, document: &Value, problems: &mut Vec<Problem>) {
    let applications = &policy.conditions.applications;
    if policy.session.persistent_browser.is_some() && !applications.includes_all() {
        problems
            .push(problem("/sessionControls/persistentBrowser", "a persistent browser needs all resources"));
    }
    let evaluation = policy.session.continuous_access_evaluation.as_deref();
    if evaluation == Some("disabled") {
        let is_plain = applications.includes_all()
            && !applications.excludes_something()
            && !has_other_conditions(policy)
            && policy.conditions.user_risk_levels.is_empty();
        if !is_plain {
            let message = "continuous access evaluation is disabled for all resources without any condition";
            problems.push(problem("/sessionControls/continuousAccessEvaluation", message));
        }
    }
    let frequency = document.pointer("/sessionControls/signInFrequency").unwrap_or(&Value::Null);
    let is_enabled = frequency.get("isEnabled") == Some(&Value::Bool(true));
    let is_timed = text(frequency, "frequencyInterval") != Some("everyTime");
    if is_enabled && is_timed && frequency.get("value").and_then(Value::as_u64).unwrap_or(0) == 0 {
        problems.push(problem(
            "/sessionControls/signInFrequency",
            "the sign-in frequency needs a value of 1 or more",
        ));
    }
}

/// Everything the service would reject of a named location ("Conditional Access: network assignment").
pub fn validate_named_location(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let kind = text(document, "@odata.type").unwrap_or_default();
    if kind.ends_with("ipNamedLocation") {
        let ranges = items(document, "ipRanges");
        problems.extend(validate_range_count(u64::try_from(ranges.len()).unwrap_or(u64::MAX)));
        if ranges.is_empty() {
            problems.push(problem("/ipRanges", "no range is given"));
        }
        for range in ranges {
            let text = text(range, "cidrAddress").unwrap_or_default();
            match Range::parse(text) {
                Err(message) => problems.push(problem("/ipRanges", message)),
                Ok(_) if Range::prefix_length(text).is_some_and(|length| length <= 8) => {
                    let message = format!("`{text}` is too large: the prefix has to be longer than /8");
                    problems.push(problem("/ipRanges", message));
                }
                Ok(_) => {}
            }
        }
    }
    if kind.ends_with("countryNamedLocation") {
        let countries = strings(document, "countriesAndRegions");
        let includes_unknown = document.get("includeUnknownCountriesAndRegions") == Some(&Value::Bool(true));
        if countries.is_empty() && !includes_unknown {
            problems.push(problem("/countriesAndRegions", "no country is given"));
        }
        for country in countries {
            if country.len() != 2 || !country.chars().all(|letter| letter.is_ascii_alphabetic()) {
                let message = format!("`{country}` is no country code of two letters");
                problems.push(problem("/countriesAndRegions", message));
            }
        }
    }
    if text(document, "displayName").is_none_or(|name| name.trim().is_empty()) {
        problems.push(problem("/displayName", "the location has no name"));
    }
    problems
}

/// What is wrong with a number of ranges in one named location.
pub fn validate_range_count(count: u64) -> Option<Problem> {
    let message = format!("a named location may have {MOST_RANGES} ranges, not {count}");
    (count > MOST_RANGES).then(|| problem("/ipRanges", message))
}

/// What is wrong with a number of named locations by address.
pub fn validate_location_count(count: u64) -> Option<Problem> {
    let message = format!("a tenant may have {MOST_IP_LOCATIONS} locations by address, not {count}");
    (count > MOST_IP_LOCATIONS).then(|| problem("", message))
}

/// What is wrong with deleting a named location.
pub fn validate_location_deletion(is_trusted: bool) -> Option<Problem> {
    let message = "a trusted location cannot be deleted: take the mark away first";
    is_trusted.then(|| problem("/isTrusted", message))
}

/// What is wrong with the trusted ranges of the MFA service settings.
pub fn validate_trusted_ranges(count: u64, ranges: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if count > MOST_TRUSTED_RANGES {
        let message = format!("there may be {MOST_TRUSTED_RANGES} trusted ranges, not {count}");
        problems.push(problem("/ranges", message));
    }
    for range in ranges {
        if Range::parse(range).is_err() || range.contains(':') {
            problems.push(problem("/ranges", format!("`{range}` is no range of IPv4 addresses")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
        let mut policy = json!({
            "displayName": "p", "state": "enabled",
            "conditions": {
                "clientAppTypes": ["all"], "users": {"includeUsers": ["All"]},
                "applications": {"includeApplications": ["All"]},
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        });
        change(&mut policy);
        validate_policy(&policy, ValidationContext::default())
            .into_iter()
            .map(|problem| problem.pointer)
            .collect()
    }

    #[test]
    fn a_policy_with_several_faults_shows_all() {
        assert!(messages(|_| {}).is_empty());
        let found = messages(|policy| {
            policy["conditions"]["users"] = json!(null);
            policy["conditions"]["devices"] =
                json!({"deviceFilter": {"mode": "include", "rule": "device.x -eq 1"}});
            policy["grantControls"]["builtInControls"] = json!(["block", "mfa"]);
        });
        assert_eq!(found, ["/conditions/users", "/conditions/devices/deviceFilter/rule", "/grantControls"]);
    }

    #[test]
    fn device_registration_asks_for_multifactor_authentication_only() {
        let found = messages(|policy| {
            policy["conditions"]["applications"] = json!({"includeUserActions": ["urn:user:registerdevice"]});
            policy["conditions"]["clientAppTypes"] = json!(["browser"]);
            policy["grantControls"]["builtInControls"] = json!(["compliantDevice"]);
        });
        assert_eq!(found, ["/grantControls", "/conditions"]);
    }
}
