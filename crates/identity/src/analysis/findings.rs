//! Faults of single policies, and whether somebody gets in when policies lock everybody out.

use serde_json::{Value, json};

use super::questions::session;
use crate::controls::{Facts, SubjectClass};
use crate::directory::{Trust, UserKind};
use crate::mask::Mask;
use crate::policy_set::PolicySet;
use crate::proof::{Class, Question, TargetType, Verdict, search};
use crate::roles::GLOBAL_ADMINISTRATOR;
use crate::session_controls::PersistentBrowser;
use crate::sign_in::{ClientApp, Platform};

/// What is wrong with an enabled policy; policies are named by their position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It applies to no sign-in: its own conditions exclude each other.
    NeverApplies(usize),
    /// Wherever it applies, a policy that blocks applies as well.
    Shadowed(usize),
    /// Whatever it stops, other policies stop as well.
    Redundant(usize),
    /// Two policies ask for opposite things of the same session.
    Contradictory(usize, usize),
}

impl Fault {
    /// The fault with the names of its policies.
    pub fn to_json(&self, name: &dyn Fn(usize) -> String) -> Value {
        match self {
            Fault::NeverApplies(at) => json!({"fault": "neverApplies", "policy": name(*at)}),
            Fault::Shadowed(at) => json!({"fault": "shadowed", "policy": name(*at)}),
            Fault::Redundant(at) => json!({"fault": "redundant", "policy": name(*at)}),
            Fault::Contradictory(one, other) => {
                json!({"fault": "contradictory", "policy": name(*one), "with": name(*other)})
            }
        }
    }
}

/// What sessions can have shown, from the least to the most; a policy that is redundant in all of them is redundant.
const SESSIONS: [&[&str]; 5] =
    [&[], &["password"], &["password", "microsoftAuthenticatorPush"], &["deviceBasedPush"], &["fido2"]];

/// The faults of enabled policies about people, in the order of the set.
pub fn find_faults(set: &PolicySet) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut blocks = Mask::EMPTY;
    set.enabled.iter().filter(|at| set.policies[*at].blocks()).for_each(|at| blocks.insert(at));
    for at in set.enabled.iter() {
        let conditions = &set.policies[at].conditions;
        if conditions.workloads.is_some() || conditions.is_about_agents {
            continue;
        }
        let this = only(at);
        if !is_possible(set, Mask::EMPTY, this, Mask::EMPTY, &[]) {
            found.push(Fault::NeverApplies(at));
        } else if !is_possible(set, blocks & !this, this, Mask::EMPTY, &[]) {
            found.push(Fault::Shadowed(at));
        } else if set.policies[at].session.is_empty() && is_redundant(set, at) {
            found.push(Fault::Redundant(at));
        }
    }
    found.extend(contradictions(set));
    found
}

fn only(at: usize) -> Mask {
    let mut mask = Mask::EMPTY;
    mask.insert(at);
    mask
}

fn is_redundant(set: &PolicySet, at: usize) -> bool {
    SESSIONS.iter().all(|methods| !is_possible(set, set.enabled & !only(at), Mask::EMPTY, only(at), methods))
}

/// True if there is a sign-in of any kind; what could not be decided counts as possible.
fn is_possible(set: &PolicySet, against: Mask, applying: Mask, stopping: Mask, methods: &[&str]) -> bool {
    let every_target = vec![TargetType::Application, TargetType::UserAction, TargetType::Context];
    let class = Class { target_types: Some(every_target), ..Class::default() };
    // Terms of use count in one of the sessions only, so that policies about them are not taken for redundant.
    let mut session = session(set, methods);
    if methods != ["fido2"] {
        session.accepted_terms.clear();
    }
    let question = Question { class: &class, session: &session, against, applying, stopping };
    matches!(search(set, &question), Verdict::Refuted(_) | Verdict::Undecided(_))
}

/// Pairs of policies of which one lets the browser session persist and the other forbids it for the same sign-ins.
fn contradictions(set: &PolicySet) -> Vec<Fault> {
    let with = |mode| {
        set.enabled.iter().filter(move |at| set.policies[*at].session.persistent_browser == Some(mode))
    };
    let mut found = Vec::new();
    for one in with(PersistentBrowser::Always) {
        for other in with(PersistentBrowser::Never) {
            if is_possible(set, Mask::EMPTY, only(one) | only(other), Mask::EMPTY, &[]) {
                found.push(Fault::Contradictory(one, other));
            }
        }
    }
    found
}

/// Who gets in when policies lock everybody out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Global Administrators to whom no enabled policy applies that blocks or asks for a device or an app: with their
    /// passkey they get in whatever else fails.
    pub break_glass: Vec<String>,
    /// Other people to whom no enabled policy applies at all.
    pub outside_of_policies: Vec<String>,
}

impl Findings {
    /// True if nobody could undo a policy that locks everybody out.
    pub fn is_lockout_risk(&self) -> bool {
        self.break_glass.is_empty()
    }

    /// The findings as a document.
    pub fn to_json(&self) -> Value {
        json!({
            "isLockoutRisk": self.is_lockout_risk(),
            "breakGlass": self.break_glass,
            "outsideOfPolicies": self.outside_of_policies,
        })
    }
}

/// Looks for the emergency access path ("Manage emergency access accounts"): accounts of Global Administrators that no
/// policy can lock out. And for others who are as free, which is a hole.
pub fn lockout(set: &PolicySet) -> Findings {
    let mut findings = Findings::default();
    let mut locking = Mask::EMPTY;
    set.enabled.iter().filter(|at| locks_out(set, *at)).for_each(|at| locking.insert(at));
    for user in &set.directory.users {
        let mask = set.people.user(user) & set.enabled;
        let is_administrator = user.roles.iter().any(|role| role == GLOBAL_ADMINISTRATOR);
        if is_administrator && user.kind == UserKind::Member && (mask & locking).is_empty() {
            findings.break_glass.push(user.id.clone());
        } else if mask.is_empty() {
            findings.outside_of_policies.push(user.id.clone());
        }
    }
    findings
}

/// True if a person with a passkey, in a browser on any device, can be stopped by the policy at an ordinary sign-in.
fn locks_out(set: &PolicySet, at: usize) -> bool {
    let policy = &set.policies[at];
    let conditions = &policy.conditions;
    let is_ordinary = conditions.transfer_methods.is_empty()
        && conditions.insider_risk_levels.is_empty()
        && !conditions.is_about_risk()
        && set.client(ClientApp::Browser).contains(at);
    let person = SubjectClass { is_external: false, is_direct_connect: false, trust: Trust::default() };
    let passkey = session(set, &["fido2"]);
    let facts = Facts::new(false, person, &passkey, None, Platform::Unknown, &set.strengths);
    is_ordinary && (policy.blocks() || !facts.satisfies(&policy.grant, &set.strengths))
}
