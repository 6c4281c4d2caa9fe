//! The decision about a sign-in.
//!
//! Phase one gathers, for enabled and report-only policies, which conditions are met; phase two enforces the enabled
//! ones: a policy that blocks ends everything, otherwise every policy has to be satisfied, each by its own operator
//! ("Building a Conditional Access policy", phases and combination).

use crate::controls::{Control, Facts, Prospect, Subject};
use crate::mask::Mask;
use crate::policy::State;
use crate::policy_set::PolicySet;
use crate::session_controls::SessionControls;
use crate::sign_in::{Identity, SignIn, Target};

/// What becomes of a sign-in.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Whether the person is in.
    pub outcome: Outcome,
    /// What each policy came to, in the order of the set.
    pub policies: Vec<PolicyResult>,
    /// The controls that are not met yet, in the order of prompts; empty if a policy blocks.
    pub pending: Vec<Control>,
    /// The session controls of every policy that applies, the stricter of each.
    pub session: SessionControls,
    /// Whether Conditional Access as a whole applied, and with what result.
    pub status: Status,
}

/// Whether somebody is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// In.
    Allow,
    /// Asked for the first pending control.
    Challenge,
    /// Not in.
    Block,
}

/// Whether Conditional Access applied (`conditionalAccessStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No enabled policy applied.
    NotApplied,
    /// Every enabled policy that applied is satisfied.
    Success,
    /// One is not.
    Failure,
}

/// What a policy came to.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyResult {
    /// The result, in the words of `appliedConditionalAccessPolicies`.
    pub result: Applied,
    /// The conditions that are not met.
    pub unmet: Reasons,
    /// The controls that are missing.
    pub missing: Vec<Control>,
}

/// The result of a policy (`appliedConditionalAccessPolicyResult`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It applied and is satisfied.
    Success,
    /// It applied and is not satisfied, or blocks.
    Failure,
    /// A condition is not met.
    NotApplied,
    /// It is switched off.
    NotEnabled,
    /// Report-only: it would be satisfied.
    ReportOnlySuccess,
    /// Report-only: it would block.
    ReportOnlyFailure,
    /// Report-only: it would prompt.
    ReportOnlyInterrupted,
    /// Report-only: a condition is not met.
    ReportOnlyNotApplied,
}

/// A condition of a policy, in the words of the What If API (`analysisReasons`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is not about the user.
    Users,
    /// It is not about the workload identity.
    WorkloadIdentities,
    /// It is not about the application.
    Application,
    /// It is not about the user action.
    UserActions,
    /// It is not about the authentication context.
    AuthenticationContext,
    /// It is not about the platform.
    DevicePlatform,
    /// Its filter for devices does not fit.
    Devices,
    /// It is not about the kind of client.
    ClientApps,
    /// It is not about the place.
    Location,
    /// It is not about this sign-in risk.
    SignInRisk,
    /// It is not about this user risk.
    UserRisk,
    /// It is not about this insider risk.
    InsiderRisk,
    /// It is not about this authentication flow.
    AuthenticationFlow,
}

/// Conditions that are not met.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons(u16);

/// The conditions of a sign-in, one mask each, in the order in which reasons are reported.
pub(crate) struct Met {
    masks: [(Reason, Mask); 10],
}

impl Met {
    pub(crate) fn applies(&self) -> Mask {
        self.masks.iter().fold(!Mask::EMPTY, |all, (_, mask)| all & *mask)
    }
}

/// Decides a sign-in. A user whom the directory does not know is only reached by policies about everybody.
pub fn decide(set: &PolicySet, sign_in: &SignIn) -> Decision {
    let (identity, subject, is_workload) = identify(set, sign_in);
    let met = conditions(set, sign_in, identity);
    let applies = met.applies();
    let facts = Facts::new(
        sign_in.client.is_legacy(),
        subject.class(),
        &sign_in.session,
        sign_in.effective_device(),
        sign_in.platform,
        &set.strengths,
    );
    let mut prospect = Prospect {
        facts: &facts,
        subject: &subject,
        strengths: &set.strengths,
        at_risk: false,
        registers_security_info: sign_in.target
            == Target::UserAction("urn:user:registersecurityinfo".to_owned()),
        is_workload,
    };
    let mut pending: Vec<(Control, bool)> = Vec::new();
    let mut session = SessionControls::default();
    let mut is_blocked = false;
    let mut policies = Vec::with_capacity(set.policies.len());
    for (at, policy) in set.policies.iter().enumerate() {
        if policy.state == State::Disabled {
            let (result, missing) = (Applied::NotEnabled, Vec::new());
            policies.push(PolicyResult { result, unmet: Reasons::default(), missing });
            continue;
        }
        let is_enforced = policy.state == State::Enabled;
        if !applies.contains(at) {
            let result = if is_enforced { Applied::NotApplied } else { Applied::ReportOnlyNotApplied };
            policies.push(PolicyResult { result, unmet: met.unmet(set, at), missing: Vec::new() });
            continue;
        }
        prospect.at_risk = policy.conditions.is_about_risk();
        let missing = if policy.blocks() {
            vec![Control::Block]
        } else {
            facts.missing(&policy.grant, &set.strengths, &|control| prospect.can_meet(control))
        };
        let result = match (is_enforced, missing.is_empty()) {
            (true, true) => Applied::Success,
            (true, false) => Applied::Failure,
            (false, true) => Applied::ReportOnlySuccess,
            (false, false) if missing.iter().all(|control| prospect.can_meet(control)) => {
                Applied::ReportOnlyInterrupted
            }
            (false, false) => Applied::ReportOnlyFailure,
        };
        if is_enforced {
            is_blocked |= policy.blocks();
            session.add(&policy.session);
            pending.extend(missing.iter().map(|control| (control.clone(), prospect.can_meet(control))));
        }
        policies.push(PolicyResult { result, unmet: Reasons::default(), missing });
    }
    hold_back_terms(set, &pending, &mut policies);
    pending.sort();
    // A control that one policy forbids to meet, because it is about risk, cannot be met at all.
    pending.dedup_by(|second, first| second.0 == first.0);
    let outcome = match pending.first() {
        _ if is_blocked => Outcome::Block,
        None => Outcome::Allow,
        Some((_, true)) => Outcome::Challenge,
        Some((_, false)) => Outcome::Block,
    };
    let pending =
        if is_blocked { Vec::new() } else { pending.into_iter().map(|(control, _)| control).collect() };
    Decision { outcome, status: status(&policies), policies, pending, session }
}

/// While multifactor authentication is pending, terms of use show failure even if they were accepted before
/// ("Microsoft Entra terms of use", Known issues).
fn hold_back_terms(set: &PolicySet, pending: &[(Control, bool)], policies: &mut [PolicyResult]) {
    if !pending.iter().any(|(control, _)| matches!(control, Control::Mfa | Control::Strength(_))) {
        return;
    }
    for (policy, result) in set.policies.iter().zip(policies) {
        let asks_for_terms =
            policy.grant.controls.iter().any(|control| matches!(control, Control::TermsOfUse(_)));
        if asks_for_terms && result.result == Applied::Success {
            result.result = Applied::Failure;
        }
    }
}

fn status(policies: &[PolicyResult]) -> Status {
    let has = |wanted| policies.iter().any(|policy| policy.result == wanted);
    if has(Applied::Failure) {
        Status::Failure
    } else if has(Applied::Success) {
        Status::Success
    } else {
        Status::NotApplied
    }
}

fn identify(set: &PolicySet, sign_in: &SignIn) -> (Mask, Subject, bool) {
    let tenant = &set.directory.tenant;
    match &sign_in.identity {
        Identity::User(id) => match set.people.position(id) {
            Some(at) => {
                let user = &set.directory.users[at];
                (set.people.user(user), Subject::of_user(user, tenant), false)
            }
            None => {
                let user =
                    crate::directory::User { id: id.clone(), is_mfa_registered: true, ..Default::default() };
                (set.people.user(&user), Subject::of_user(&user, tenant), false)
            }
        },
        Identity::External { kind, home_tenant } => {
            let home = home_tenant.as_deref();
            (set.people.external(*kind, home), Subject::of_external(*kind, home, tenant), false)
        }
        Identity::ServicePrincipal(id) => {
            let principals = &set.directory.service_principals;
            let principal = principals.iter().find(|principal| principal.id.eq_ignore_ascii_case(id));
            (set.people.principal(principal, sign_in.service_principal_risk), Subject::of_workload(), true)
        }
    }
}

fn conditions(set: &PolicySet, sign_in: &SignIn, identity: Mask) -> Met {
    let target = match sign_in.target {
        Target::UserAction(_) => Reason::UserActions,
        Target::Context(_) => Reason::AuthenticationContext,
        Target::Applications(_) | Target::Token(_) => Reason::Application,
    };
    Met {
        masks: [
            (Reason::Users, identity),
            (target, set.targets.of(&sign_in.target)),
            (Reason::DevicePlatform, set.platform(sign_in.platform)),
            (Reason::Devices, set.device(sign_in.effective_device())),
            (Reason::ClientApps, set.client(sign_in.client)),
            (Reason::Location, set.places.from(&sign_in.network)),
            (Reason::SignInRisk, set.sign_in_risk(sign_in.sign_in_risk)),
            (Reason::UserRisk, set.user_risk(sign_in.user_risk)),
            (Reason::InsiderRisk, set.insider_risk(sign_in.insider_risk)),
            (Reason::AuthenticationFlow, set.flow(sign_in.flow, sign_in.original_flow)),
        ],
    }
}

impl Met {
    fn unmet(&self, set: &PolicySet, at: usize) -> Reasons {
        let mut reasons = Reasons::default();
        for (reason, mask) in &self.masks {
            if !mask.contains(at) {
                let is_workload = *reason == Reason::Users && set.people.is_about_workloads(at);
                reasons.insert(if is_workload { Reason::WorkloadIdentities } else { *reason });
            }
        }
        reasons
    }
}

impl Reason {
    const ALL: [Reason; 13] = [
        Reason::Users,
        Reason::WorkloadIdentities,
        Reason::Application,
        Reason::UserActions,
        Reason::AuthenticationContext,
        Reason::DevicePlatform,
        Reason::Devices,
        Reason::ClientApps,
        Reason::Location,
        Reason::SignInRisk,
        Reason::UserRisk,
        Reason::InsiderRisk,
        Reason::AuthenticationFlow,
    ];

    /// The name in the What If API.
    pub fn wire(self) -> &'static str {
        match self {
            Reason::Users => "users",
            Reason::WorkloadIdentities => "workloadIdentities",
            Reason::Application => "application",
            Reason::UserActions => "userActions",
            Reason::AuthenticationContext => "authenticationContext",
            Reason::DevicePlatform => "devicePlatform",
            Reason::Devices => "devices",
            Reason::ClientApps => "clientApps",
            Reason::Location => "location",
            Reason::SignInRisk => "signInRisk",
            Reason::UserRisk => "userRisk",
            Reason::InsiderRisk => "insiderRisk",
            Reason::AuthenticationFlow => "authenticationFlow",
        }
    }
}

impl Reasons {
    fn insert(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u16;
    }

    /// True if every condition is met.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The conditions, in the order in which they are reported.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |reason| self.0 & (1 << *reason as u16) != 0)
    }
}

impl std::fmt::Debug for Reasons {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

impl Outcome {
    /// `allow`, `challenge` or `block`.
    pub fn wire(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::Challenge => "challenge",
            Outcome::Block => "block",
        }
    }
}

impl Status {
    /// The value of `conditionalAccessStatus`.
    pub fn wire(self) -> &'static str {
        match self {
            Status::NotApplied => "notApplied",
            Status::Success => "success",
            Status::Failure => "failure",
        }
    }
}

impl Applied {
    /// The value of `result`.
    pub fn wire(self) -> &'static str {
        match self {
            Applied::Success => "success",
            Applied::Failure => "failure",
            Applied::NotApplied => "notApplied",
            Applied::NotEnabled => "notEnabled",
            Applied::ReportOnlySuccess => "reportOnlySuccess",
            Applied::ReportOnlyFailure => "reportOnlyFailure",
            Applied::ReportOnlyInterrupted => "reportOnlyInterrupted",
            Applied::ReportOnlyNotApplied => "reportOnlyNotApplied",
        }
    }
}
