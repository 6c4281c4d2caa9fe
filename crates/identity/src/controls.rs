//! Grant controls: what a policy asks for, whether a sign-in has it, and whether the person can still give it.
//!
//! Sources: "Conditional Access: grant", "Authentication and Conditional Access for External ID",
//! "Conditional Access: require a password change" and "authentication strength".

use serde_json::Value;

use crate::directory::{Tenant, Trust, User, UserKind};
use crate::filter::Device;
use crate::json::{strings, text};
use crate::methods::{Capabilities, MULTIFACTOR, Strength};
use crate::sign_in::{Platform, Session};

/// What a policy asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grant {
    /// True if one of the controls is enough, false if all are needed.
    pub any: bool,
    /// The controls in the order of prompts.
    pub controls: Vec<Control>,
    /// The strength as the policy itself describes it, which published policies do.
    pub embedded_strength: Option<Strength>,
}

/// One control, in the order in which a sign-in asks for them ("Building a Conditional Access policy", phase 2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// Nobody is let in.
    Block,
    /// Multifactor authentication.
    Mfa,
    /// An authentication strength, by id.
    Strength(String),
    /// A device that is marked as compliant.
    CompliantDevice,
    /// A hybrid joined device.
    HybridDevice,
    /// An approved client app.
    ApprovedApp,
    /// An app protection policy.
    AppProtection,
    /// A change of the password.
    PasswordChange,
    /// Remediation of the risk.
    RiskRemediation,
    /// Terms of use, by id.
    TermsOfUse(String),
    /// A custom control, by id.
    Custom(String),
    /// A control that this crate does not know; nobody meets it.
    Unknown(String),
}

impl Grant {
    /// Reads `grantControls`.
    pub fn from_json(document: &Value) -> Grant {
        let mut controls = Vec::new();
        let mut any = text(document, "operator").is_some_and(|operator| operator.eq_ignore_ascii_case("or"));
        for name in strings(document, "builtInControls") {
            if name.eq_ignore_ascii_case("MfaAndChangePassword") {
                // An undeclared value of exported templates that stands for both.
                controls.extend([Control::Mfa, Control::PasswordChange]);
                any = false;
            } else {
                controls.push(Control::built_in(&name));
            }
        }
        let strength = document.get("authenticationStrength").unwrap_or(&Value::Null);
        controls.extend(text(strength, "id").map(|id| Control::Strength(id.to_lowercase())));
        controls.extend(strings(document, "termsOfUse").into_iter().map(Control::TermsOfUse));
        controls.extend(strings(document, "customAuthenticationFactors").into_iter().map(Control::Custom));
        controls.sort();
        controls.dedup();
        let embedded_strength = strength.get("allowedCombinations").map(|_| Strength::from_json(strength));
        Grant { any, controls, embedded_strength }
    }
}

impl Control {
    fn built_in(name: &str) -> Control {
        match name.to_lowercase().as_str() {
            "block" => Control::Block,
            "mfa" => Control::Mfa,
            "compliantdevice" => Control::CompliantDevice,
            "domainjoineddevice" => Control::HybridDevice,
            "approvedapplication" => Control::ApprovedApp,
            "compliantapplication" => Control::AppProtection,
            "passwordchange" => Control::PasswordChange,
            "riskremediation" => Control::RiskRemediation,
            _ => Control::Unknown(name.to_owned()),
        }
    }

    /// The name of the control, with its argument after a colon, such as `termsOfUse:…`.
    pub fn wire(&self) -> String {
        match self {
            Control::Block => "block".to_owned(),
            Control::Mfa => "mfa".to_owned(),
            Control::Strength(id) => format!("authenticationStrength:{id}"),
            Control::CompliantDevice => "compliantDevice".to_owned(),
            Control::HybridDevice => "domainJoinedDevice".to_owned(),
            Control::ApprovedApp => "approvedApplication".to_owned(),
            Control::AppProtection => "compliantApplication".to_owned(),
            Control::PasswordChange => "passwordChange".to_owned(),
            Control::RiskRemediation => "riskRemediation".to_owned(),
            Control::TermsOfUse(id) => format!("termsOfUse:{id}"),
            Control::Custom(id) => format!("customAuthenticationFactor:{id}"),
            Control::Unknown(name) => name.clone(),
        }
    }
}

/// What about the person who signs in decides whether controls are met.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    pub(crate) kind: UserKind,
    pub(crate) trust: Trust,
    is_mfa_registered: bool,
    can_change_password: bool,
    has_foreign_provider: bool,
    capabilities: Capabilities,
}

/// The part of a [`Subject`] on which it hangs whether a control is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SubjectClass {
    pub(crate) is_external: bool,
    pub(crate) is_direct_connect: bool,
    pub(crate) trust: Trust,
}

impl Subject {
    pub(crate) fn of_user(user: &User, tenant: &Tenant) -> Subject {
        let is_external = user.kind.is_external();
        let microsoft = ["microsoft", "entra", "azuread"];
        Subject {
            kind: user.kind,
            trust: if is_external { tenant.trust(user.home_tenant.as_deref()) } else { Trust::default() },
            is_mfa_registered: user.is_mfa_registered,
            can_change_password: !is_external
                && (!user.is_synchronised || tenant.password_writeback != Some(false)),
            has_foreign_provider: user.external_identity_provider.as_deref().is_some_and(|provider| {
                !microsoft.iter().any(|known| provider.to_lowercase().contains(known))
            }),
            capabilities: user.capabilities(tenant),
        }
    }

    pub(crate) fn of_external(kind: UserKind, home_tenant: Option<&str>, tenant: &Tenant) -> Subject {
        Subject {
            kind,
            trust: tenant.trust(home_tenant),
            is_mfa_registered: true,
            can_change_password: false,
            has_foreign_provider: false,
            capabilities: Capabilities { enabled: tenant.enabled_methods.clone(), registered: None },
        }
    }

    pub(crate) fn of_workload() -> Subject {
        Subject {
            kind: UserKind::Member,
            trust: Trust::default(),
            is_mfa_registered: false,
            can_change_password: false,
            has_foreign_provider: false,
            capabilities: Capabilities::default(),
        }
    }

    pub(crate) fn class(&self) -> SubjectClass {
        SubjectClass {
            is_external: self.kind.is_external(),
            is_direct_connect: self.kind == UserKind::DirectConnect,
            trust: self.trust,
        }
    }
}

/// The facts of a sign-in on which it hangs whether a control is met.
pub(crate) struct Facts<'a> {
    /// True if the client cannot show a prompt and carries no device state.
    pub(crate) is_legacy: bool,
    pub(crate) subject: SubjectClass,
    pub(crate) session: &'a Session,
    pub(crate) device: Option<&'a Device>,
    pub(crate) platform: Platform,
    multifactor: bool,
    strengths: Vec<bool>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(
        is_legacy: bool,
        subject: SubjectClass,
        session: &'a Session,
        device: Option<&'a Device>,
        platform: Platform,
        strengths: &[Strength],
    ) -> Facts<'a> {
        // "Authentication and Conditional Access for External ID": multifactor authentication done at home counts
        // where the tenant trusts it. A direct connect user has no account here that could do any.
        let at_home = subject.is_external && subject.trust.mfa && session.home_tenant_mfa;
        let counts_here = !subject.is_direct_connect || subject.trust.mfa;
        let met = |strength: &Strength| {
            counts_here && strength.is_met(&session.authenticators) || at_home && strength.id == MULTIFACTOR
        };
        let multifactor = strengths.iter().any(|strength| strength.id == MULTIFACTOR && met(strength));
        let strengths = strengths.iter().map(met).collect();
        Facts { is_legacy, subject, session, device, platform, multifactor, strengths }
    }

    fn meets(&self, control: &Control, strengths: &[Strength]) -> bool {
        if self.is_legacy {
            return false;
        }
        let SubjectClass { is_external, trust, .. } = self.subject;
        match control {
            Control::Block | Control::Unknown(_) => false,
            Control::Mfa => self.multifactor,
            Control::Strength(id) => {
                strengths.iter().position(|strength| strength.id == *id).is_some_and(|at| self.strengths[at])
            }
            Control::CompliantDevice => {
                self.device.is_some_and(Device::is_compliant) && (!is_external || trust.compliant_device)
            }
            Control::HybridDevice => {
                self.device.is_some_and(Device::is_hybrid_joined) && (!is_external || trust.hybrid_device)
            }
            // "Conditional Access: grant": approved client apps are for iOS and Android, app protection also for
            // Windows; neither is supported for external users.
            Control::ApprovedApp => {
                self.session.approved_client_app
                    && !is_external
                    && matches!(self.platform, Platform::Ios | Platform::Android)
            }
            Control::AppProtection => {
                self.session.app_protection
                    && !is_external
                    && matches!(self.platform, Platform::Ios | Platform::Android | Platform::Windows)
            }
            Control::PasswordChange => self.session.secure_password_changed,
            Control::RiskRemediation => self.session.risk_remediated,
            Control::TermsOfUse(id) => self.session.accepted_terms.iter().any(|accepted| accepted == id),
            Control::Custom(id) => self.session.custom_controls.iter().any(|done| done == id),
        }
    }

    /// True if the policy's controls are met: one of them, or all.
    pub(crate) fn satisfies(&self, grant: &Grant, strengths: &[Strength]) -> bool {
        if grant.any {
            return grant.controls.is_empty()
                || grant.controls.iter().any(|control| self.has(grant, control, strengths));
        }
        grant.controls.iter().all(|control| self.has(grant, control, strengths))
    }

    /// As [`Facts::meets`]; a password change counts after multifactor authentication only, which the person who is
    /// prompted for it has to do first.
    fn has(&self, grant: &Grant, control: &Control, strengths: &[Strength]) -> bool {
        let asks_first =
            grant.controls.iter().any(|other| matches!(other, Control::Mfa | Control::Strength(_)));
        self.meets(control, strengths)
            && (*control != Control::PasswordChange || asks_first || self.multifactor)
    }

    /// The controls of a policy that are not met, in the order of prompts. Of alternatives it is the first that the
    /// person can still meet.
    pub(crate) fn missing(
        &self,
        grant: &Grant,
        strengths: &[Strength],
        can_meet: &dyn Fn(&Control) -> bool,
    ) -> Vec<Control> {
        if self.satisfies(grant, strengths) {
            return Vec::new();
        }
        let mut unmet: Vec<Control> =
            grant.controls.iter().filter(|control| !self.has(grant, control, strengths)).cloned().collect();
        if grant.any {
            let chosen = unmet.iter().position(can_meet).unwrap_or(0);
            unmet = vec![unmet.swap_remove(chosen)];
        }
        let asks_first =
            grant.controls.iter().any(|other| matches!(other, Control::Mfa | Control::Strength(_)));
        if unmet.contains(&Control::PasswordChange) && !asks_first && !self.multifactor {
            unmet.insert(0, Control::Mfa);
        }
        unmet
    }
}

/// What else decides whether a person can meet a control now.
pub(crate) struct Prospect<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) subject: &'a Subject,
    pub(crate) strengths: &'a [Strength],
    /// True if a policy about risk asks.
    pub(crate) at_risk: bool,
    /// True if the person is about to register security information.
    pub(crate) registers_security_info: bool,
    pub(crate) is_workload: bool,
}

impl Prospect<'_> {
    /// True if the person can meet the control in this sign-in, by a prompt.
    pub(crate) fn can_meet(&self, control: &Control) -> bool {
        if self.facts.is_legacy || self.is_workload {
            return false;
        }
        let subject = self.subject;
        let is_direct_connect = subject.kind == UserKind::DirectConnect;
        match control {
            Control::Mfa => self.can_do(MULTIFACTOR),
            Control::Strength(id) => self.can_do(id),
            // "Conditional Access: grant", require password change: registration comes before, and a synchronised
            // user needs password writeback.
            Control::PasswordChange => subject.can_change_password && subject.is_mfa_registered,
            Control::RiskRemediation => !subject.kind.is_external() && subject.is_mfa_registered,
            Control::TermsOfUse(_) | Control::Custom(_) => !is_direct_connect,
            Control::Block
            | Control::CompliantDevice
            | Control::HybridDevice
            | Control::ApprovedApp
            | Control::AppProtection
            | Control::Unknown(_) => false,
        }
    }

    fn can_do(&self, strength: &str) -> bool {
        let subject = self.subject;
        let is_cut_off = subject.kind == UserKind::DirectConnect && !subject.trust.mfa;
        // An attacker must not register: nobody registers at a risky sign-in ("risk-based access policies").
        let would_register_at_risk = self.at_risk && !subject.is_mfa_registered;
        let is_foreign_registration = self.registers_security_info && subject.has_foreign_provider;
        !is_cut_off
            && !would_register_at_risk
            && !is_foreign_registration
            && self.strengths.iter().find(|known| known.id == strength).is_some_and(|known| {
                known.can_be_met(&self.facts.session.authenticators, &subject.capabilities)
            })
    }
}
