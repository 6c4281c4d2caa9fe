//! The smallest change that would close a hole.

use serde_json::{Value, json};

use crate::decision::{Reason, decide};
use crate::policy::{Policy, State};
use crate::policy_set::PolicySet;
use crate::proof::{Claim, Verdict, prove};
use crate::sign_in::SignIn;

/// How many changes are suggested.
const MOST_SUGGESTIONS: usize = 3;

/// A change of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// The name of the policy; empty if a new one is suggested.
    pub policy: String,
    /// What to do.
    pub change: String,
    /// True if the claim is proven once this is done, false if other sign-ins are left.
    pub is_enough: bool,
}

impl Suggestion {
    /// The suggestion as a document.
    pub fn to_json(&self) -> Value {
        json!({"policy": self.policy, "change": self.change, "isEnough": self.is_enough})
    }
}

/// Changes of single policies that stop the sign-in of a counterexample, the best first: enabling what only reports,
/// then loosening the one condition by which a policy missed the sign-in, then a policy of its own. Each was tried: the
/// claim is proved again with the change made.
pub fn suggest(set: &PolicySet, claim: &Claim, sign_in: &SignIn) -> Vec<Suggestion> {
    let decision = decide(set, sign_in);
    let mut found = Vec::new();
    for (at, (policy, result)) in set.policies.iter().zip(&decision.policies).enumerate() {
        let unmet: Vec<Reason> = result.unmet.iter().collect();
        let mut document = policy.document().clone();
        let change = match (policy.state, &unmet[..]) {
            (State::ReportOnly, []) if !result.missing.is_empty() => "enable it: it only reports".to_owned(),
            // A policy that blocks is not widened beyond the people and applications it is about: it would lock out.
            (State::Enabled, [reason])
                if policy.blocks() && !matches!(reason, Reason::Users | Reason::Application) =>
            {
                continue;
            }
            (State::Enabled, [reason]) => match widen(&mut document, *reason) {
                Some(what) => what.to_owned(),
                None => continue,
            },
            _ => continue,
        };
        document["state"] = json!("enabled");
        let changed = Policy::from_json(&document);
        if let Some((stops, is_enough)) = try_change(set, claim, sign_in, Some(at), changed)
            && stops
        {
            found.push(Suggestion { policy: policy.display_name.clone(), change, is_enough });
        }
    }
    found.sort_by_key(|suggestion| !suggestion.is_enough);
    found.truncate(MOST_SUGGESTIONS);
    if !found.iter().any(|suggestion| suggestion.is_enough) {
        let control = if sign_in.client.is_legacy() { "block" } else { "mfa" };
        let fresh = Policy::from_json(&json!({
            "displayName": "new", "state": "enabled",
            "conditions": {
                "users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                "clientAppTypes": if sign_in.client.is_legacy() { json!(["exchangeActiveSync", "other"]) } else { json!(["all"]) },
            },
            "grantControls": {"operator": "OR", "builtInControls": [control]},
        }));
        if let Some((true, is_enough)) = try_change(set, claim, sign_in, None, fresh) {
            let change = match control {
                "block" => "add a policy that blocks legacy clients for all users and all resources",
                _ => "add a policy that asks all users for multifactor authentication for all resources",
            };
            found.push(Suggestion { policy: String::new(), change: change.to_owned(), is_enough });
        }
    }
    found
}

/// Takes away what a policy excludes in the condition by which it missed a sign-in.
fn widen(document: &mut Value, reason: Reason) -> Option<&'static str> {
    let conditions = document.get_mut("conditions")?;
    let (member, exclusions, what): (&str, &[&str], &'static str) = match reason {
        Reason::Users => (
            "users",
            &["excludeUsers", "excludeGroups", "excludeRoles", "excludeGuestsOrExternalUsers"],
            "exclude nobody, or protect those who are excluded by a policy of their own",
        ),
        Reason::Application => ("applications", &["excludeApplications"], "exclude no application"),
        Reason::Location => ("locations", &["excludeLocations"], "exclude no location"),
        Reason::DevicePlatform => {
            conditions["platforms"] = Value::Null;
            return Some("apply it to every platform");
        }
        Reason::ClientApps => {
            conditions["clientAppTypes"] = json!(["all"]);
            return Some("apply it to every client");
        }
        _ => return None,
    };
    let object = conditions.get_mut(member)?.as_object_mut()?;
    let mut removed = false;
    for name in exclusions {
        removed |= object.remove(*name).is_some_and(|value| !value.is_null() && value != json!([]));
    }
    removed.then_some(what)
}

/// Whether the change stops the sign-in, and whether it proves the claim. None if the set would be too large.
fn try_change(
    set: &PolicySet,
    claim: &Claim,
    sign_in: &SignIn,
    at: Option<usize>,
    policy: Policy,
) -> Option<(bool, bool)> {
    let mut policies = set.policies.clone();
    match at {
        Some(at) => policies[at] = policy,
        None => policies.push(policy),
    }
    let changed = PolicySet::new(policies, std::sync::Arc::clone(&set.directory)).ok()?;
    let stops = decide(&changed, sign_in).outcome != crate::decision::Outcome::Allow;
    Some((stops, stops && prove(&changed, claim) == Verdict::Proven))
}
