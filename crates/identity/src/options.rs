//! The four ways to ask for multifactor authentication, as one report.
//!
//! "Azure identity management and access control security best practices" names four options: security defaults,
//! per-user multifactor authentication, Conditional Access, and Conditional Access by risk. The report says which is in
//! force, for whom, what is missing, what conflicts, and how to move on.

use serde_json::{Value, json};

use crate::analysis::session;
use crate::controls::Control;
use crate::policy::{Policy, State};
use crate::policy_set::PolicySet;
use crate::proof::{Claim, Class, Verdict, prove};
use crate::sign_in::Risk;

/// One of the four options.
#[derive(Clone, Debug, PartialEq)]
pub struct MfaOption {
    /// `securityDefaults`, `perUser`, `conditionalAccess` or `riskBased`.
    pub name: &'static str,
    /// True if it asks somebody.
    pub is_in_force: bool,
    /// How many people it asks.
    pub people: usize,
    /// What is missing.
    pub gaps: Vec<String>,
}

/// The report.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionsReport {
    /// The four options.
    pub options: Vec<MfaOption>,
    /// What works against each other.
    pub conflicts: Vec<String>,
    /// The steps to Conditional Access by risk, in order.
    pub plan: Vec<String>,
}

/// Reports on the four options. `security_defaults` says whether they are on.
pub fn options_report(set: &PolicySet, security_defaults: bool) -> OptionsReport {
    let users = &set.directory.users;
    let per_user = users.iter().filter(|user| {
        user.per_user_mfa.as_deref().is_some_and(|state| state == "enabled" || state == "enforced")
    });
    let per_user = per_user.count();
    let asks = |policy: &&Policy| {
        policy.state == State::Enabled
            && policy
                .grant
                .controls
                .iter()
                .any(|control| matches!(control, Control::Mfa | Control::Strength(_)))
    };
    let by_access =
        set.policies.iter().filter(asks).filter(|policy| !policy.conditions.is_about_risk()).count();
    let by_risk = set.policies.iter().filter(asks).filter(|policy| policy.conditions.is_about_risk()).count();
    let escape = |class: Class| {
        let claim = Claim { class, session: session(set, &["password"]), ..Claim::default() };
        match prove(set, &claim) {
            Verdict::Refuted(found) => found.people_count,
            Verdict::Proven | Verdict::Vacuous | Verdict::Undecided(_) => 0,
        }
    };
    let at_all = escape(Class::default());
    let at_risk = escape(Class { sign_in_risks: Some(vec![Risk::High]), ..Class::default() });
    let gap = |people: usize, what: &str| {
        (people > 0).then(|| format!("{people} of {} people {what}", users.len()))
    };
    let options = vec![
        MfaOption {
            name: "securityDefaults",
            is_in_force: security_defaults,
            people: if security_defaults { users.len() } else { 0 },
            gaps: if security_defaults {
                vec!["no exception for anybody, emergency accounts included, and no control of when users are asked".to_owned()]
            } else {
                Vec::new()
            },
        },
        MfaOption {
            name: "perUser",
            is_in_force: per_user > 0,
            people: per_user,
            gaps: gap(users.len() - per_user, "are not enrolled")
                .filter(|_| per_user > 0)
                .into_iter()
                .collect(),
        },
        MfaOption {
            name: "conditionalAccess",
            is_in_force: by_access > 0,
            people: if by_access > 0 { users.len() - at_all } else { 0 },
            gaps: gap(at_all, "get in with a password alone").into_iter().collect(),
        },
        MfaOption {
            name: "riskBased",
            is_in_force: by_risk > 0,
            people: if by_risk > 0 { users.len() - at_risk } else { 0 },
            gaps: gap(at_risk, "get in with a password alone at high sign-in risk").into_iter().collect(),
        },
    ];
    let enabled = set.policies.iter().filter(|policy| policy.state == State::Enabled).count();
    OptionsReport {
        conflicts: conflicts(security_defaults, per_user, enabled),
        plan: plan(security_defaults, per_user, at_all, at_risk),
        options,
    }
}

fn conflicts(security_defaults: bool, per_user: usize, enabled: usize) -> Vec<String> {
    let mut found = Vec::new();
    if security_defaults && enabled > 0 {
        found.push(format!(
            "security defaults are on and {enabled} policies are enabled: they exclude each other"
        ));
    }
    if per_user > 0 && enabled > 0 {
        found.push(format!(
            "{per_user} people are enrolled per user: they are asked even where policies do not ask, such as at trusted locations"
        ));
    }
    if per_user > 0 && security_defaults {
        found.push(format!(
            "{per_user} people are enrolled per user although security defaults ask everybody"
        ));
    }
    found
}

fn plan(security_defaults: bool, per_user: usize, at_all: usize, at_risk: usize) -> Vec<String> {
    let mut steps = Vec::new();
    if at_all > 0 || security_defaults || per_user > 0 {
        steps.push(
            "have two emergency access accounts with passkeys, outside of all policies, watched".to_owned(),
        );
        steps.push("let everybody register, by a registration campaign".to_owned());
    }
    if at_all > 0 {
        steps.push("report only: a policy that asks all users for multifactor authentication for all resources, and one that blocks legacy authentication".to_owned());
        steps.push("after a week without surprises, enable both".to_owned());
    }
    if security_defaults {
        steps.push("switch security defaults off in the hour in which the policies are enabled".to_owned());
    }
    if per_user > 0 {
        steps.push(format!("set the state of {per_user} people to disabled: policies ask them from now on"));
    }
    if at_risk > 0 {
        steps.push("ask for multifactor authentication at medium and high sign-in risk, for a password change at high user risk, every time".to_owned());
    }
    steps
}

impl OptionsReport {
    /// The report as a document.
    pub fn to_json(&self) -> Value {
        let options = self.options.iter().map(|option| {
            json!({
                "option": option.name, "isInForce": option.is_in_force, "people": option.people, "gaps": option.gaps,
            })
        });
        json!({"options": options.collect::<Vec<_>>(), "conflicts": self.conflicts, "plan": self.plan})
    }
}
