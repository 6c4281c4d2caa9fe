//! ID-2: one MFA option that fits the tenant.

use std::collections::HashSet;

use azimuth_estate::directory::{PerUserMfaState, RoleState, User, UserType};
use azimuth_ids::{eq_fold, fold};
use serde_json::Value;

use super::{GUIDANCE, graph};
use crate::context::{Context, SignInPolicy};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "ID-2",
    title: "One MFA option is in force, and the options do not contradict each other",
    area: Area::Identity,
    severity: Severity::Medium,
    why: "Security defaults, per-user MFA, Conditional Access and risk-based Conditional Access exclude or \
        override each other. A tenant that mixes them asks some users twice and others never, and nobody can \
        say which.",
    evidence: &[
        EvidenceNeed { what: "Security defaults", command: graph::DEFAULTS },
        EvidenceNeed { what: "Conditional Access policies", command: graph::POLICIES },
        EvidenceNeed { what: "The per-user state of each user", command: graph::PER_USER },
        EvidenceNeed { what: "All users", command: graph::USERS },
    ],
    decided: "Says which of the four options is in force and for how many enabled users (a user counts for \
        Conditional Access if an enabled policy that asks for MFA includes and does not exclude him, whatever \
        its other conditions). Conflicts: a user with per-user MFA enabled or enforced while an enabled policy \
        asks for MFA, because the per-user state overrides the policy's conditions; security defaults on \
        together with an enabled policy. None in force is a violation too.",
    fix: "Small tenants without licences: security defaults. With Entra ID P1: Conditional Access. With P2: \
        policies that also act on risk. Set the per-user state of every user to disabled when policies take \
        over, and turn security defaults off only once they have.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Enable per-user multifactor authentication",
            url: "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates",
        },
    ],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let directory = context.snapshot().directory();
    let evidence = context.snapshot().evidence();
    let enabled: Vec<&User> =
        directory.users().iter().filter(|user| user.enabled != Some(false)).collect();
    let policies: Vec<SignInPolicy<'_>> =
        directory.conditional_access().iter().map(SignInPolicy).filter(|policy| policy.is_enabled()).collect();
    let asking: Vec<SignInPolicy<'_>> =
        policies.iter().copied().filter(|policy| policy.asks_for_mfa() && !policy.blocks()).collect();
    let defaults = directory.security_defaults();
    let per_user: Vec<(&User, PerUserMfaState)> = enabled
        .iter()
        .filter_map(|user| Some((*user, directory.per_user_mfa(&user.id)?)))
        .filter(|(_, state)| *state != PerUserMfaState::Disabled)
        .collect();

    if defaults == Some(true) {
        findings.check("enabled users under security defaults", enabled.len().max(1));
    }
    for state in [PerUserMfaState::Enforced, PerUserMfaState::Enabled] {
        let count = per_user.iter().filter(|(_, other)| *other == state).count();
        findings.check(&format!("users with per-user MFA {}", state.as_str()), count);
    }
    let (risk_based, standing): (Vec<_>, Vec<_>) = asking.iter().partition(|policy| policy.is_risk_based());
    for (option, policies) in [("Conditional Access", standing), ("risk-based Conditional Access", risk_based)] {
        let covered = enabled.iter().filter(|user| policies.iter().any(|policy| covers(context, *policy, user)));
        findings.check(&format!("enabled policies that ask for MFA: {option}"), policies.len());
        findings.check(&format!("enabled users whom {option} asks for MFA"), covered.count());
    }

    conflicts(&mut findings, defaults, &policies, &asking, &per_user);

    let mut known = true;
    if defaults.is_none() {
        known = false;
        findings.miss("the state of security defaults", None, graph::DEFAULTS, 1);
    }
    if !evidence.complete_collection("graph:/identity/conditionalaccess/policies") {
        known = false;
        graph::needs_policies(&mut findings);
    }
    let unread = enabled.iter().filter(|user| directory.per_user_mfa(&user.id).is_none()).count();
    let users_listed = evidence.complete_collection("graph:/users");
    if !(evidence.complete_collection("graph:/users/authentication/requirements")
        || unread == 0 && users_listed)
    {
        known = false;
        graph::needs_per_user_states(&mut findings, unread);
    }
    if known && defaults == Some(false) && asking.is_empty() && per_user.is_empty() {
        findings.violate(none_in_force());
    }
    findings.verdict("the directory holds nothing about sign-in")
}

fn conflicts(
    findings: &mut Findings,
    defaults: Option<bool>,
    policies: &[SignInPolicy<'_>],
    asking: &[SignInPolicy<'_>],
    per_user: &[(&User, PerUserMfaState)],
) {
    if let (Some(true), Some(policy)) = (defaults, policies.first()) {
        findings.violate(Counterexample {
            object: graph::DEFAULTS_OBJECT.to_owned(),
            path: "$.isEnabled".to_owned(),
            seen: Value::Bool(true),
            wanted: "false while Conditional Access policies are enabled".to_owned(),
            note: Some(format!("`{}` and {} more are enabled", policy.name(), policies.len() - 1)),
            fix: Some(switch_defaults(false)),
        });
    }
    let Some(policy) = asking.first() else { return };
    for (user, state) in per_user {
        findings.violate(Counterexample {
            object: format!("graph:/users/{}", user.id),
            path: "$.perUserMfaState".to_owned(),
            seen: Value::from(state.as_str()),
            wanted: "disabled".to_owned(),
            note: Some(format!(
                "{}: the per-user state asks even where the policy `{}` does not",
                user.user_principal_name,
                policy.name()
            )),
            fix: Some(format!(
                "az rest --method patch --url 'https://graph.microsoft.com/beta/users/{}/authentication/\
                 requirements' --body '{{\"perUserMfaState\": \"disabled\"}}'",
                user.id
            )),
        });
    }
}

/// The finding that no option is in force.
pub(super) fn none_in_force() -> Counterexample {
    Counterexample {
        object: graph::DEFAULTS_OBJECT.to_owned(),
        path: "$.isEnabled".to_owned(),
        seen: Value::Bool(false),
        wanted: "true, or a Conditional Access policy or per-user state that requires MFA".to_owned(),
        note: Some("no MFA option is in force for anyone".to_owned()),
        fix: Some(switch_defaults(true)),
    }
}

pub(super) fn switch_defaults(on: bool) -> String {
    format!(
        "az rest --method patch --url 'https://graph.microsoft.com/v1.0/policies/\
         identitySecurityDefaultsEnforcementPolicy' --body '{{\"isEnabled\": {on}}}'"
    )
}

/// Whether a policy includes a user and does not exclude him, as far as ids, groups, roles and the kind of user say.
pub(super) fn covers(context: &Context<'_>, policy: SignInPolicy<'_>, user: &User) -> bool {
    let directory = context.snapshot().directory();
    let groups: HashSet<&str> = directory.groups_of(&user.id).into_iter().collect();
    let named = |prefix: &str| {
        policy.users(&format!("{prefix}Users")).iter().any(|word| {
            eq_fold(word, "All")
                || eq_fold(word, &user.id)
                || eq_fold(word, "GuestsOrExternalUsers") && user.user_type == UserType::Guest
        }) || policy.users(&format!("{prefix}Groups")).iter().any(|group| groups.contains(&*fold(group)))
            || policy.users(&format!("{prefix}Roles")).iter().any(|role| {
                directory.roles().iter().any(|holder| {
                    eq_fold(&holder.role_id, role)
                        && holder.state == RoleState::Active
                        && (*holder.principal_id == *user.id || groups.contains(&*holder.principal_id))
                })
            })
    };
    named("include") && !named("exclude")
}
