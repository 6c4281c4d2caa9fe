//! What changes between two policy sets, in general and for recorded sign-ins.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::decision::{Outcome, decide};
use crate::directory::Directory;
use crate::mask::Mask;
use crate::policy::{Policy, State};
use crate::policy_set::{PolicySet, TooManyPolicies};
use crate::proof::{Class, Counterexample, Question, Verdict, search};
use crate::sign_in::{Session, SignIn};

/// Sign-ins whose outcome changes because of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// True if the sign-ins are no longer allowed, false if they are allowed from now on.
    pub is_stricter: bool,
    /// The name of the policy that stops them: of the new set if stricter, else of the old one.
    pub policy: String,
    /// The plainest of them, with the people.
    pub example: Counterexample,
}

impl Change {
    /// The change as a document.
    pub fn to_json(&self) -> Value {
        json!({
            "change": if self.is_stricter { "stopped" } else { "allowed" },
            "policy": self.policy,
            "signIn": self.example.sign_in.to_json(),
            "people": self.example.people,
            "peopleCount": self.example.people_count,
        })
    }
}

/// The sign-ins of a class that one set allows and the other does not, for a session: for each policy that makes a
/// difference, one change. No change is a proof that both sets treat every sign-in of the class alike.
///
/// # Errors
/// If both sets together have too many policies.
pub fn compare(
    before: &[Policy],
    after: &[Policy],
    directory: Arc<Directory>,
    class: &Class,
    session: &Session,
) -> Result<Vec<Change>, TooManyPolicies> {
    let joint = PolicySet::new([before, after].concat(), directory)?;
    let part = |range: std::ops::Range<usize>| {
        let mut mask = Mask::EMPTY;
        range.filter(|at| joint.policies[*at].state == State::Enabled).for_each(|at| mask.insert(at));
        mask
    };
    let (old, new) = (part(0..before.len()), part(before.len()..joint.policies.len()));
    let mut found = Vec::new();
    for (is_stricter, allowing, stopping) in [(true, old, new), (false, new, old)] {
        for at in stopping.iter() {
            let mut this = Mask::EMPTY;
            this.insert(at);
            let question =
                Question { class, session, against: allowing, applying: Mask::EMPTY, stopping: this };
            if let Verdict::Refuted(example) = search(&joint, &question) {
                let policy = joint.policies[at].display_name.clone();
                found.push(Change { is_stricter, policy, example: *example });
            }
        }
    }
    Ok(found)
}

/// A recorded sign-in whose outcome would be another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The position of the sign-in among those given.
    pub at: usize,
    /// The outcome by the first set.
    pub before: Outcome,
    /// The outcome by the second set.
    pub after: Outcome,
}

/// Replays recorded sign-ins against two sets.
pub fn replay(before: &PolicySet, after: &PolicySet, sign_ins: &[SignIn]) -> Vec<Replayed> {
    let decided = sign_ins.iter().enumerate().map(|(at, sign_in)| Replayed {
        at,
        before: decide(before, sign_in).outcome,
        after: decide(after, sign_in).outcome,
    });
    decided.filter(|replayed| replayed.before != replayed.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str, client: &str) -> Policy {
        Policy::from_json(&json!({
            "displayName": name, "state": "enabled",
            "conditions": {
                "clientAppTypes": [client], "users": {"includeUsers": ["All"]},
                "applications": {"includeApplications": ["All"]},
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        }))
    }

    #[test]
    fn the_difference_is_what_one_set_alone_stops() {
        let directory = json!({"users": [{"id": "u"}], "applications": [{"appId": "a"}]});
        let directory = Arc::new(Directory::from_json(&directory));
        let password = Session::from_json(&json!({"methods": ["password"]}));
        let (browser, all) = (vec![policy("browser", "browser")], vec![policy("all", "all")]);
        let compared = |before: &[Policy], after: &[Policy]| {
            compare(before, after, Arc::clone(&directory), &Class::default(), &password).expect("few")
        };
        assert!(compared(&all, &[all.clone(), browser.clone()].concat()).is_empty());
        let changes = compared(&browser, &all);
        assert_eq!(changes.len(), 1);
        assert!(changes[0].is_stricter && changes[0].policy == "all");
        let [old, new] =
            [browser, all].map(|policies| PolicySet::new(policies, Arc::clone(&directory)).expect("few"));
        let replayed = replay(&old, &new, &[changes[0].example.sign_in.clone()]);
        assert_eq!((replayed[0].before, replayed[0].after), (Outcome::Allow, Outcome::Challenge));
    }
}
