//! ID-1: every user needs two-step verification, administrators first.

use azimuth_estate::directory::{PerUserMfaState, RoleState, User};
use serde_json::Value;

use super::{GUIDANCE, graph};
use crate::context::{Context, SignInPolicy};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const REGISTRATIONS: &str = "graph:/reports/authenticationMethods/userRegistrationDetails";

pub(super) const CONTROL: Control = Control {
    id: "ID-1",
    title: "Every user needs two-step verification, administrators first",
    area: Area::Identity,
    severity: Severity::High,
    why: "One password, guessed, leaked or typed into the wrong page, opens an account that asks for \
        nothing more. With a second step the password alone is worth little; for an administrator it is the \
        difference between an incident and the loss of the tenant.",
    evidence: &[
        EvidenceNeed { what: "All users", command: graph::USERS },
        EvidenceNeed { what: "The registration report", command: graph::REGISTRATION },
        EvidenceNeed { what: "Security defaults", command: graph::DEFAULTS },
        EvidenceNeed { what: "Conditional Access policies", command: graph::POLICIES },
        EvidenceNeed { what: "The per-user state of each user", command: graph::PER_USER },
    ],
    decided: "Registration: each enabled user, guests included, must have a registered strong method; a user \
        whom the complete report does not list has none. Enforcement: proven by security defaults, by an \
        enabled policy for all users and applications that requires MFA and has no condition and no exclusion, \
        or by per-user MFA enforced for each enabled user; violated when no option is in force at all; \
        everything between needs the proof over all sign-ins, which this version does not make. Proven only \
        if registration and enforcement both are.",
    fix: "Turn on security defaults, or create a Conditional Access policy that requires multifactor \
        authentication for all users and all resources. Ask administrators to register first, then everyone, \
        with a registration campaign; block or delete accounts that nobody registers.",
    references: &[
        GUIDANCE,
        Reference {
            title: "How Microsoft Entra multifactor authentication works",
            url: "https://learn.microsoft.com/entra/identity/authentication/concept-mfa-howitworks",
        },
    ],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    registration(context, &mut findings);
    enforcement(context, &mut findings);
    findings.verdict("the directory holds no user")
}

fn registration(context: &Context<'_>, findings: &mut Findings) {
    let directory = context.snapshot().directory();
    let evidence = context.snapshot().evidence();
    if !evidence.complete_collection("graph:/users") {
        findings.miss_once("the complete list of users", None, graph::list(graph::USERS, "graph:/users"));
    }
    let listed =
        evidence.complete_collection(REGISTRATIONS);
    let mut unregistered: Vec<(bool, Counterexample)> = Vec::new();
    for user in directory.users() {
        if user.enabled == Some(false) {
            findings.check("disabled users, who cannot sign in", 1);
            continue;
        }
        findings.check("enabled users", usize::from(user.enabled == Some(true)));
        let registration = directory.registration(&user.id);
        let registered = registration.and_then(|registration| registration.is_mfa_registered);
        match (registered, user.enabled) {
            (Some(true), _) => {}
            (_, None) => findings.miss("`accountEnabled` of each user", None, graph::USERS, 1),
            (None, _) if !listed || registration.is_some() => {
                findings.miss("the complete registration report", None, graph::list(graph::REGISTRATION, REGISTRATIONS), 1);
            }
            (seen, _) => {
                let role = administrator(context, user);
                let admin = role.is_some() || registration.is_some_and(|registration| registration.is_admin);
                unregistered.push((admin, unregistered_user(user, seen, admin, role)));
            }
        }
    }
    unregistered.sort_by_key(|(admin, _)| !admin);
    for (_, counterexample) in unregistered {
        findings.violate(counterexample);
    }
}

/// The name of an active directory role that the user holds, directly or through a group.
fn administrator<'a>(context: &Context<'a>, user: &User) -> Option<&'a str> {
    let directory = context.snapshot().directory();
    let groups = directory.groups_of(&user.id);
    let role = directory.roles().iter().find(|holder| {
        holder.state == RoleState::Active
            && (*holder.principal_id == *user.id || groups.contains(&&*holder.principal_id))
    })?;
    Some(&role.role_name)
}

fn unregistered_user(user: &User, seen: Option<bool>, admin: bool, role: Option<&str>) -> Counterexample {
    let rank = match (admin, role) {
        (true, Some(role)) => format!("administrator ({role}) "),
        (true, None) => "administrator ".to_owned(),
        _ => String::new(),
    };
    let absent = if seen.is_none() { ", whom the registration report does not list" } else { "" };
    Counterexample {
        object: format!("graph:/users/{}", user.id),
        path: "$.isMfaRegistered".to_owned(),
        seen: seen.map_or(Value::Null, Value::Bool),
        wanted: "true".to_owned(),
        note: Some(format!("{rank}{}{absent}", user.user_principal_name)),
        fix: Some(format!(
            "az rest --method post --url 'https://graph.microsoft.com/v1.0/users/{}/authentication/\
             temporaryAccessPassMethods' --body '{{\"isUsableOnce\": true}}'",
            user.id
        )),
    }
}

fn enforcement(context: &Context<'_>, findings: &mut Findings) {
    let directory = context.snapshot().directory();
    let evidence = context.snapshot().evidence();
    let defaults = directory.security_defaults();
    let policies: Vec<SignInPolicy<'_>> =
        directory.conditional_access().iter().map(SignInPolicy).filter(|policy| policy.is_enabled()).collect();
    findings.check("enabled Conditional Access policies", policies.len());
    findings.check("settings of security defaults", usize::from(defaults.is_some()));
    let enabled = || directory.users().iter().filter(|user| user.enabled != Some(false));
    let enforced = enabled()
        .filter(|user| directory.per_user_mfa(&user.id) == Some(PerUserMfaState::Enforced))
        .count();
    let everyone_enforced =
        enforced > 0 && enforced == enabled().count() && evidence.complete_collection("graph:/users");
    if defaults == Some(true) || everyone_enforced || policies.iter().any(|policy| proves(*policy)) {
        return;
    }
    if defaults.is_none() {
        findings.miss("the state of security defaults", None, graph::DEFAULTS, 1);
    }
    let policies_listed = evidence.complete_collection("graph:/identity/conditionalaccess/policies");
    if !policies_listed {
        graph::needs_policies(findings);
    }
    let any_policy = policies.iter().any(|policy| policy.asks_for_mfa() || policy.blocks());
    let any_per_user = enabled().any(|user| {
        directory.per_user_mfa(&user.id).is_some_and(|state| state != PerUserMfaState::Disabled)
    });
    if any_policy || any_per_user {
        findings.miss(
            "the proof over all sign-ins that none succeeds with one factor, made by the identity engine",
            None,
            graph::POLICIES,
            enabled().count().max(1),
        );
        return;
    }
    let unread = enabled().filter(|user| directory.per_user_mfa(&user.id).is_none()).count();
    let per_user_known = unread == 0 && evidence.complete_collection("graph:/users")
        || evidence.complete_collection("graph:/users/authentication/requirements");
    if !per_user_known {
        graph::needs_per_user_states(findings, unread);
    }
    if defaults == Some(false) && policies_listed && per_user_known {
        findings.violate(super::id_2::none_in_force());
    }
}

/// Whether a policy alone proves that nobody signs in with one factor.
fn proves(policy: SignInPolicy<'_>) -> bool {
    policy.requires_mfa()
        && policy.covers_everyone()
        && policy.covers_all_applications()
        && policy.covers_all_clients()
        && policy.has_no_other_conditions()
}

