//! Sign-ins: Conditional Access, filters for devices, security defaults, per-user MFA, validation.

use std::sync::Arc;

use azimuth_identity::{
    DefaultsDecision, DefaultsSignIn, DefaultsTenant, Device, Directory, MfaServiceSettings, PerUserEvent,
    PerUserSignIn, PerUserState, PolicySet, SignIn, ValidationContext, allows_registration, decide,
    decide_per_user_mfa, decide_security_defaults, parse_device_filter, validate_location_count,
    validate_location_deletion, validate_named_location, validate_policy, validate_range_count,
    validate_trusted_ranges,
};
use serde_json::{Value, json};

use crate::expect::{equal, text, value};

/// A decision of Conditional Access, with the result of each policy.
pub(super) fn conditional_access(case: &Value) -> Result<(), String> {
    let directory = Arc::new(Directory::from_json(value(case, "/directory")?));
    let policies = value(case, "/policies")?.as_array().ok_or("`policies` is no array")?;
    let set = PolicySet::from_json(policies, directory).map_err(|error| error.to_string())?;
    let sign_in = SignIn::from_json(value(case, "/signIn")?)?;
    let decision = decide(&set, &sign_in);
    let expected = value(case, "/expected")?;

    equal("decision", value(case, "/expected/decision")?, &json!(decision.outcome.wire()))?;
    for (policy, result) in set.policies().iter().zip(&decision.policies) {
        let Some(wanted) = expected["policies"].get(&policy.id) else { continue };
        equal(
            &format!("result of {}", policy.display_name),
            &wanted["result"],
            &json!(result.result.wire()),
        )?;
        if let Some(reasons) = wanted.get("reasonsAnyOf").and_then(Value::as_array) {
            let first = result.unmet.iter().next().map(|reason| json!(reason.wire()));
            if !first.as_ref().is_some_and(|first| reasons.contains(first)) {
                return Err(format!("reason of {}: any of {reasons:?}, got {first:?}", policy.display_name));
            }
        }
    }
    let pending: Vec<String> = decision.pending.iter().map(azimuth_identity::Control::wire).collect();
    for (member, got) in [
        ("unsatisfiedControls", json!(pending)),
        ("sessionControls", decision.session.to_json()),
        ("conditionalAccessStatus", json!(decision.status.wire())),
    ] {
        if let Some(wanted) = expected.get(member) {
            equal(member, wanted, &got)?;
        }
    }
    match expected.get("nextAnyOf").and_then(Value::as_array) {
        Some(next) if !pending.first().is_some_and(|first| next.contains(&json!(first))) => {
            Err(format!("next: any of {next:?}, got {:?}", pending.first()))
        }
        _ => Ok(()),
    }
}

/// A filter for devices.
pub(super) fn device_filter(case: &Value) -> Result<(), String> {
    let filter = parse_device_filter(text(case, "/rule")?);
    let got = match &filter {
        Ok(filter) => {
            let device = case.get("device").filter(|device| !device.is_null()).map(Device::from_json);
            json!({"valid": true, "matches": Device::matches(device.as_ref(), filter)})
        }
        Err(_) => json!({"valid": false}),
    };
    equal("filter", value(case, "/expected")?, &got)
}

/// Security defaults and mandatory multifactor authentication.
pub(super) fn security_defaults(case: &Value) -> Result<(), String> {
    let (tenant, user, sign_in) = (value(case, "/tenant")?, value(case, "/user")?, value(case, "/signIn")?);
    let expected = value(case, "/expect")?;
    if let Some(allowed) = expected.get("methodAllowed") {
        let method = text(case, "/signIn/registerMethod")?;
        return equal("method allowed", allowed, &json!(allows_registration(method)));
    }
    let decision = decide_security_defaults(
        DefaultsTenant::from_json(tenant),
        &DefaultsSignIn::from_json(user, sign_in),
    );
    if let Some(any) = expected.get("decisionAnyOf").and_then(Value::as_array) {
        let got = json!(decision.wire());
        return if any.contains(&got) { Ok(()) } else { Err(format!("any of {any:?}, got {got}")) };
    }
    equal("decision", value(case, "/expect/decision")?, &json!(decision.wire()))?;
    match expected.get("registrationSkippable") {
        Some(wanted) => {
            let got = decision == DefaultsDecision::AllowAndOfferRegistration;
            equal("registration may be skipped", wanted, &json!(got))
        }
        None => Ok(()),
    }
}

/// Per-user multifactor authentication: a sign-in, or what happens to the state.
pub(super) fn per_user_mfa(case: &Value) -> Result<(), String> {
    let state = PerUserState::from_wire(text(case, "/perUserMfaState")?).ok_or("an unknown state")?;
    let sign_in = value(case, "/signIn")?;
    let expected = value(case, "/expect")?;
    if let Some(wanted) = expected.get("decision") {
        let is_registered = case["mfaRegistered"] == Value::Bool(true);
        let settings = MfaServiceSettings::from_json(value(case, "/tenant")?);
        let got = decide_per_user_mfa(state, is_registered, &settings, &PerUserSignIn::from_json(sign_in));
        equal("decision", wanted, &json!(got.wire()))?;
    }
    match expected.get("stateAfter") {
        Some(wanted) => {
            let event = sign_in.get("event").and_then(Value::as_str).unwrap_or("signIn");
            equal("state after", wanted, &json!(state.after(PerUserEvent::from_wire(event)).wire()))
        }
        None => Ok(()),
    }
}

/// What the service rejects.
pub(super) fn validation(case: &Value) -> Result<(), String> {
    let object = value(case, "/object")?;
    let number = |member: &str| object.get(member).and_then(Value::as_u64);
    let context = value(case, "/context")?;
    let problems = match text(case, "/what")? {
        "policy" => {
            let context = ValidationContext {
                security_defaults_enabled: context["securityDefaultsEnabled"] == Value::Bool(true),
                other_policies: context.get("policyCount").and_then(Value::as_u64).unwrap_or(0),
            };
            validate_policy(object, context)
        }
        "namedLocation" => validate_named_location(object),
        "namedLocationCount" => {
            let ranges = number("rangeCount").and_then(validate_range_count);
            let locations = number("locationCount").and_then(validate_location_count);
            ranges.into_iter().chain(locations).collect()
        }
        "deleteNamedLocation" => {
            validate_location_deletion(object["isTrusted"] == Value::Bool(true)).into_iter().collect()
        }
        "mfaTrustedIps" => {
            let listed: Vec<String> = match object["ranges"].as_array() {
                Some(ranges) => ranges.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                None => Vec::new(),
            };
            let count = number("ranges").unwrap_or(u64::try_from(listed.len()).unwrap_or(u64::MAX));
            validate_trusted_ranges(count, &listed)
        }
        other => return Err(format!("nothing validates `{other}`")),
    };
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    equal(&format!("valid ({messages:?})"), value(case, "/expect/valid")?, &json!(problems.is_empty()))
}
