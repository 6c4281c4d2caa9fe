//! The shape of the What If API (`POST /identity/conditionalAccess/evaluate`).

use serde_json::{Value, json};

use crate::decision::{Applied, decide};
use crate::json::{flag, strings, text};
use crate::policy_set::PolicySet;
use crate::sign_in::SignIn;

/// Reads a What If request as a sign-in.
///
/// # Errors
/// A text that names what is missing.
pub fn sign_in_of_what_if(request: &Value) -> Result<SignIn, String> {
    let part = |object: &Value, names: [&str; 2]| -> Value {
        names.iter().find_map(|name| object.get(*name)).cloned().unwrap_or(Value::Null)
    };
    let who = request.get("signInIdentity").ok_or("the request has no `signInIdentity`")?;
    let who = match who.get("userSignIn").or_else(|| who.get("servicePrincipalSignIn")) {
        Some(inner) => inner.clone(),
        None => who.clone(),
    };
    let identity = match (
        text(&who, "servicePrincipalId"),
        text(&who, "userId"),
        text(&who, "externalUserType"),
    ) {
        (Some(id), ..) => json!({"type": "servicePrincipal", "servicePrincipalId": id}),
        (None, Some(id), _) => json!({"type": "user", "userId": id}),
        (None, None, Some(kind)) => {
            json!({"type": "externalUser", "externalUserType": kind, "tenantId": who.get("externalTenantId")})
        }
        (None, None, None) => {
            return Err("the identity names neither a user nor a service principal".to_owned());
        }
    };
    let context = request.get("signInContext").ok_or("the request has no `signInContext`")?;
    let inner = |name: &str| context.get(name).unwrap_or(context);
    let target = if let Some(action) = text(inner("userActionContext"), "userAction") {
        json!({"type": "userAction", "userAction": action})
    } else if let Some(value) = text(inner("authContext"), "authenticationContextValue") {
        json!({"type": "authenticationContext", "value": value})
    } else {
        json!({"type": "application", "appIds": strings(inner("applicationContext"), "includeApplications")})
    };
    let mut sign_in = match request.get("signInConditions") {
        Some(Value::Object(conditions)) => Value::Object(conditions.clone()),
        _ => json!({}),
    };
    sign_in["identity"] = identity;
    sign_in["target"] = target;
    sign_in["device"] = part(&sign_in, ["deviceInfo", "device"]);
    sign_in["authenticationFlow"] = sign_in["authenticationFlow"]["transferMethod"].clone();
    SignIn::from_json(&sign_in)
}

/// Answers a What If request: `value` with one `whatIfAnalysisResult` per policy that is not switched off, and beside it
/// Azimuth's own decision (`azimuthDecision`).
///
/// # Errors
/// As [`sign_in_of_what_if`].
pub fn what_if(set: &PolicySet, request: &Value) -> Result<Value, String> {
    let sign_in = sign_in_of_what_if(request)?;
    Ok(what_if_of(set, &sign_in, flag(request, "appliedPoliciesOnly")))
}

/// The What If answer about a sign-in.
pub fn what_if_of(set: &PolicySet, sign_in: &SignIn, applied_only: bool) -> Value {
    let decision = decide(set, sign_in);
    let results = set.policies.iter().zip(&decision.policies).filter_map(|(policy, result)| {
        let applies = result.unmet.is_empty() && result.result != Applied::NotEnabled;
        if result.result == Applied::NotEnabled || applied_only && !applies {
            return None;
        }
        let mut answer = policy.document().clone();
        answer["policyApplies"] = json!(applies);
        // The API names one condition, the first that is not met.
        answer["analysisReasons"] =
            json!(result.unmet.iter().next().map_or("notSet", |reason| reason.wire()));
        answer["azimuthResult"] = json!(result.result.wire());
        Some(answer)
    });
    let pending: Vec<String> = decision.pending.iter().map(crate::controls::Control::wire).collect();
    json!({
        "value": results.collect::<Vec<_>>(),
        "azimuthDecision": {
            "decision": decision.outcome.wire(),
            "conditionalAccessStatus": decision.status.wire(),
            "unsatisfiedControls": pending,
            "sessionControls": decision.session.to_json(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Directory;

    #[test]
    fn a_request_names_the_policies_that_apply() {
        let policy = |name: &str, risk: &str| {
            json!({
                "id": name, "displayName": name, "state": "enabled",
                "conditions": {
                    "users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                    "signInRiskLevels": [risk],
                },
                "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}, "futureMember": 1,
            })
        };
        let directory = Directory::from_json(&json!({"users": [{"id": "u"}]}));
        let policies = [policy("high", "high"), policy("low", "low")];
        let set = PolicySet::from_json(&policies, directory.into()).expect("few");
        let request = json!({
            "signInIdentity": {"userId": "u"},
            "signInContext": {"includeApplications": ["a"]},
            "signInConditions": {"signInRiskLevel": "high", "authenticationFlow": {"transferMethod": "none"}},
        });
        let answer = what_if(&set, &request).expect("an answer");
        let reasons: Vec<&Value> = answer["value"]
            .as_array()
            .expect("results")
            .iter()
            .map(|result| &result["analysisReasons"])
            .collect();
        assert_eq!(reasons, ["notSet", "signInRisk"]);
        assert_eq!(answer["value"][0]["futureMember"], json!(1));
        assert_eq!(answer["azimuthDecision"]["decision"], json!("challenge"));
    }
}
