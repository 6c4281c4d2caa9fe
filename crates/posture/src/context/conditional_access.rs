//! Reading Conditional Access policies as far as they can be judged without a sign-in.
//!
//! Facts: Microsoft Graph `conditionalAccessPolicy` and the documented evaluation (all conditions must hold,
//! exclusion wins over inclusion, grant controls combine by `operator`).

use azimuth_ids::eq_fold;
use serde_json::Value;

/// A Conditional Access policy in the Graph shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignInPolicy<'a>(pub(crate) &'a Value);

/// The built-in authentication strengths, each of which is multifactor.
const MFA_STRENGTHS: [&str; 3] = [
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003",
    "00000000-0000-0000-0000-000000000004",
];

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || eq_fold(text, "none"),
        Value::Array(items) => items.is_empty(),
        // Graph adds annotations such as `authenticationStrength@odata.context`.
        Value::Object(members) => members.iter().all(|(name, value)| name.contains('@') || is_empty(value)),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn holds(list: &[&str], wanted: &str) -> bool {
    list.iter().any(|item| eq_fold(item, wanted))
}

/// Whether an object of include and exclude lists, such as `locations`, says nothing more than "all".
fn is_all(value: &Value) -> bool {
    let Value::Object(members) = value else { return is_empty(value) };
    members.iter().all(|(name, value)| {
        let all = value.as_array().is_some_and(|items| {
            items.iter().any(|item| item.as_str().is_some_and(|text| eq_fold(text, "all")))
        });
        name.contains('@') || is_empty(value) || name.starts_with("include") && all
    })
}

impl<'a> SignInPolicy<'a> {
    /// Whether the policy is enforced.
    pub(crate) fn is_enabled(self) -> bool {
        self.0.get("state").and_then(Value::as_str).is_some_and(|state| eq_fold(state, "enabled"))
    }

    /// The display name, or the id.
    pub(crate) fn name(self) -> &'a str {
        let text = |member: &str| self.0.get(member).and_then(Value::as_str);
        text("displayName").or_else(|| text("id")).unwrap_or("a policy without a name")
    }

    fn grants(self) -> Vec<&'a str> {
        texts(self.0, "/grantControls/builtInControls")
    }

    /// Whether access is blocked when the policy applies.
    pub(crate) fn blocks(self) -> bool {
        holds(&self.grants(), "block")
    }

    /// Whether no legacy client gets through where the policy applies: it blocks, or it asks for a control. Legacy
    /// clients can do nothing interactive and carry no device state, so that every control stops them.
    pub(crate) fn stops_legacy_clients(self) -> bool {
        let lists = ["builtInControls", "customAuthenticationFactors", "termsOfUse"];
        self.strength().is_some()
            || lists.iter().any(|list| {
                texts(self.0, &format!("/grantControls/{list}"))
                    .iter()
                    .any(|control| !eq_fold(control, "none"))
            })
    }

    fn strength(self) -> Option<&'a Value> {
        self.0.pointer("/grantControls/authenticationStrength").filter(|strength| !is_empty(strength))
    }

    fn strength_is_mfa(self) -> bool {
        self.strength().is_some_and(|strength| {
            let text = |member: &str| strength.get(member).and_then(Value::as_str).unwrap_or_default();
            MFA_STRENGTHS.contains(&text("id")) || eq_fold(text("requirementsSatisfied"), "mfa")
        })
    }

    fn asks_mfa_control(self) -> bool {
        let grants = self.grants();
        holds(&grants, "mfa") || holds(&grants, "MfaAndChangePassword") || holds(&grants, "riskRemediation")
    }

    /// Whether MFA is one of the controls, be it as an alternative.
    pub(crate) fn asks_for_mfa(self) -> bool {
        self.asks_mfa_control() || self.strength().is_some()
    }

    /// Whether no sign-in that the policy applies to succeeds without MFA.
    pub(crate) fn requires_mfa(self) -> bool {
        let mfa = self.asks_mfa_control() || self.strength_is_mfa();
        let operator = self.0.pointer("/grantControls/operator").and_then(Value::as_str).unwrap_or("AND");
        let others = self.grants().iter().filter(|control| !eq_fold(control, "mfa")).count()
            + texts(self.0, "/grantControls/customAuthenticationFactors").len()
            + texts(self.0, "/grantControls/termsOfUse").len();
        let alone = others == 0 && (self.strength().is_none() || self.strength_is_mfa());
        mfa && (eq_fold(operator, "AND") || alone)
    }

    /// Whether the policy acts on sign-in or user risk.
    pub(crate) fn is_risk_based(self) -> bool {
        !texts(self.0, "/conditions/signInRiskLevels").is_empty()
            || !texts(self.0, "/conditions/userRiskLevels").is_empty()
    }

    /// Whether all users are included and none is excluded.
    pub(crate) fn covers_everyone(self) -> bool {
        let Some(Value::Object(users)) = self.0.pointer("/conditions/users") else { return false };
        holds(&texts(self.0, "/conditions/users/includeUsers"), "All")
            && users
                .iter()
                .all(|(name, value)| !name.starts_with("exclude") || name.contains('@') || is_empty(value))
    }

    /// Whether all applications are included and none is excluded or filtered.
    pub(crate) fn covers_all_applications(self) -> bool {
        let Some(Value::Object(applications)) = self.0.pointer("/conditions/applications") else {
            return false;
        };
        holds(&texts(self.0, "/conditions/applications/includeApplications"), "All")
            && applications.iter().all(|(name, value)| {
                name.contains('@') || eq_fold(name, "includeApplications") || is_empty(value)
            })
    }

    /// Whether the policy reaches a client type; no list means every type.
    pub(crate) fn covers_client(self, client: &str) -> bool {
        let types = texts(self.0, "/conditions/clientAppTypes");
        types.is_empty()
            || holds(&types, "all")
            || holds(&types, client)
            || eq_fold(client, "exchangeActiveSync") && holds(&types, "easSupported")
    }

    /// Whether the policy reaches every client type.
    pub(crate) fn covers_all_clients(self) -> bool {
        ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"]
            .iter()
            .all(|client| self.covers_client(client))
    }

    /// Whether nothing but users, applications and client types narrows the policy.
    pub(crate) fn has_no_other_conditions(self) -> bool {
        let Some(Value::Object(conditions)) = self.0.get("conditions") else { return false };
        conditions.iter().all(|(name, value)| match name.as_str() {
            "users" | "applications" | "clientAppTypes" => true,
            "platforms" | "locations" => is_all(value),
            name => name.contains('@') || is_empty(value),
        })
    }

    /// Ids and words of one of the user lists, such as `includeGroups`.
    pub(crate) fn users(self, list: &str) -> Vec<&'a str> {
        texts(self.0, &format!("/conditions/users/{list}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn everyone(grant: &Value) -> Value {
        json!({"state": "enabled", "grantControls": grant, "conditions": {
            "users": {"includeUsers": ["All"], "excludeUsers": [], "excludeGuestsOrExternalUsers": null},
            "applications": {"includeApplications": ["All"], "excludeApplications": [], "applicationFilter": null},
            "clientAppTypes": ["all"], "locations": null, "signInRiskLevels": []
        }})
    }

    #[test]
    fn an_alternative_to_mfa_is_no_requirement() {
        let mfa = everyone(&json!({"operator": "OR", "builtInControls": ["mfa"]}));
        let either = everyone(&json!({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}));
        let both = everyone(&json!({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}));
        assert!(SignInPolicy(&mfa).requires_mfa());
        assert!(!SignInPolicy(&either).requires_mfa() && SignInPolicy(&either).asks_for_mfa());
        assert!(SignInPolicy(&both).requires_mfa());
    }

    #[test]
    fn every_control_stops_clients_that_cannot_answer() {
        for grant in [
            json!({"operator": "OR", "builtInControls": ["block"]}),
            json!({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}),
            json!({"authenticationStrength": {"id": MFA_STRENGTHS[0]}}),
            json!({"builtInControls": [], "termsOfUse": ["t"]}),
        ] {
            assert!(SignInPolicy(&everyone(&grant)).stops_legacy_clients(), "{grant}");
        }
        for grant in [json!(null), json!({"builtInControls": [], "termsOfUse": []})] {
            assert!(!SignInPolicy(&everyone(&grant)).stops_legacy_clients(), "{grant}");
        }
    }

    #[test]
    fn a_custom_strength_counts_only_if_it_says_so() {
        let builtin = everyone(&json!({"authenticationStrength": {"id": MFA_STRENGTHS[2]}}));
        let custom =
            everyone(&json!({"authenticationStrength": {"id": "x", "requirementsSatisfied": "none"}}));
        assert!(SignInPolicy(&builtin).requires_mfa());
        assert!(!SignInPolicy(&custom).requires_mfa());
    }

    #[test]
    fn any_condition_narrows() {
        let plain = everyone(&json!({"builtInControls": ["mfa"]}));
        assert!(SignInPolicy(&plain).has_no_other_conditions());
        for (name, value) in [
            ("signInRiskLevels", json!(["high"])),
            ("locations", json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]})),
            ("platforms", json!({"includePlatforms": ["windows"]})),
            ("somethingNew", json!({"x": true})),
        ] {
            let mut narrowed = plain.clone();
            narrowed["conditions"][name] = value;
            assert!(!SignInPolicy(&narrowed).has_no_other_conditions(), "{name}");
        }
        let mut all = plain.clone();
        all["conditions"]["locations"] = json!({"includeLocations": ["All"], "excludeLocations": []});
        assert!(SignInPolicy(&all).has_no_other_conditions());
    }
}
