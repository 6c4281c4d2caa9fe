//! What happens to a risk when somebody acts on it.

use super::catalogue::RiskEventType;
use super::level::{RiskDetail, RiskLevel, RiskState};

/// Days after which a low risk is no longer listed: six months.
const LOW_LISTED_DAYS: i64 = 182;

/// Whose risk it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user.
    User,
    /// One sign-in.
    SignIn,
    /// One detection.
    Detection,
    /// A workload identity.
    ServicePrincipal,
}

/// A risk as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// The level that counts: of a user or workload identity its own, of a sign-in the aggregate.
    pub level: RiskLevel,
    /// For a sign-in: the level that was known while it ran. It never changes afterwards.
    pub during_sign_in: RiskLevel,
    /// Where it stands.
    pub state: RiskState,
    /// Why.
    pub detail: RiskDetail,
    /// The user is deleted: still listed, but cannot be dismissed.
    pub is_deleted: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Multifactor authentication that a sign-in risk policy asked for was passed.
    MfaPassed,
    /// The user reset the password by self-service.
    SecurePasswordReset,
    /// The user changed the password in the flow of a user risk policy.
    SecurePasswordChange,
    /// An administrator generated a temporary password.
    TemporaryPassword,
    /// The password was changed in the directory on premises.
    OnPremisesPasswordChange {
        /// The tenant lets that reset user risk, an opt-in.
        is_allowed: bool,
        /// Password hash synchronisation is on.
        has_hash_sync: bool,
    },
    /// The password was changed otherwise.
    OrdinaryPasswordChange,
    /// An administrator dismissed the risk of the user, the sign-in or the workload identity.
    Dismissed,
    /// An administrator confirmed that it is compromised.
    ConfirmedCompromised,
    /// An administrator confirmed that it is safe.
    ConfirmedSafe,
    /// The system assessed the sign-in as safe.
    AssessedSafe,
    /// A later sign-in from a familiar location or device succeeded.
    FamiliarSignIn,
    /// The alert behind the detection was dismissed in Microsoft Defender.
    DismissedInDefender,
    /// Microsoft revoked the sessions.
    SessionsRevoked,
    /// Nothing happened for some days.
    TimePassed {
        /// How many since the risk was last updated.
        days: i64,
    },
}

/// The risk afterwards, and what else follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The risk itself.
    pub risk: Risk,
    /// Still part of the reports.
    pub is_listed: bool,
    /// It goes for all the open sign-ins and detections of the user or workload identity.
    pub spreads: bool,
    /// The user's level is at least this from now on.
    pub user_level: Option<RiskLevel>,
    /// A detection is added.
    pub detection: Option<RiskEventType>,
    /// What is known of the user's habits is learnt anew.
    pub learns_anew: bool,
}

/// What an event makes of a risk. Events that do not concern it leave it as it is.
///
/// The table is that of the documentation (*remediate risks and unblock users*, *risk investigation feedback*).
pub fn transition(subject: Subject, before: Risk, event: Event) -> Change {
    let unchanged = Change {
        risk: before,
        is_listed: true,
        spreads: false,
        user_level: None,
        detection: None,
        learns_anew: false,
    };
    let is_user = subject == Subject::User;
    let closed = |state, detail| Change {
        risk: Risk { level: RiskLevel::None, state, detail, ..before },
        spreads: is_user || subject == Subject::ServicePrincipal,
        ..unchanged
    };
    let remediated = |detail| {
        if before.state.is_active() { closed(RiskState::Remediated, detail) } else { unchanged }
    };
    match event {
        Event::MfaPassed if before.state == RiskState::AtRisk => {
            closed(RiskState::Remediated, RiskDetail::UserPassedMfaDrivenByRiskBasedPolicy)
        }
        Event::SecurePasswordReset => remediated(RiskDetail::UserPerformedSecuredPasswordReset),
        Event::SecurePasswordChange => remediated(RiskDetail::UserPerformedSecuredPasswordChange),
        Event::TemporaryPassword => remediated(RiskDetail::AdminGeneratedTemporaryPassword),
        Event::OnPremisesPasswordChange { is_allowed: true, has_hash_sync: true } => {
            remediated(RiskDetail::UserChangedPasswordOnPremises)
        }
        Event::SessionsRevoked => remediated(RiskDetail::MicrosoftRevokedSessions),
        Event::Dismissed if before.is_deleted => unchanged,
        Event::Dismissed => closed(
            RiskState::Dismissed,
            match subject {
                Subject::User => RiskDetail::AdminDismissedAllRiskForUser,
                Subject::SignIn | Subject::Detection => RiskDetail::AdminDismissedRiskForSignIn,
                Subject::ServicePrincipal => RiskDetail::AdminDismissedAllRiskForServicePrincipal,
            },
        ),
        Event::ConfirmedSafe => Change {
            learns_anew: is_user,
            ..closed(
                RiskState::ConfirmedSafe,
                if is_user {
                    RiskDetail::AdminConfirmedAccountSafe
                } else {
                    RiskDetail::AdminConfirmedSigninSafe
                },
            )
        },
        Event::ConfirmedCompromised => confirmed_compromised(subject, unchanged),
        Event::AssessedSafe | Event::FamiliarSignIn if before.state == RiskState::AtRisk => {
            closed(RiskState::Dismissed, RiskDetail::AiConfirmedSigninSafe)
        }
        Event::DismissedInDefender if before.state.is_active() => {
            closed(RiskState::Dismissed, RiskDetail::M365DAdminDismissedDetection)
        }
        Event::TimePassed { days } if before.level == RiskLevel::Low => {
            Change { is_listed: days < LOW_LISTED_DAYS, ..unchanged }
        }
        Event::MfaPassed
        | Event::AssessedSafe
        | Event::FamiliarSignIn
        | Event::DismissedInDefender
        | Event::OnPremisesPasswordChange { .. }
        | Event::OrdinaryPasswordChange
        | Event::TimePassed { .. } => unchanged,
    }
}

fn confirmed_compromised(subject: Subject, unchanged: Change) -> Change {
    let detail = match subject {
        Subject::User => RiskDetail::AdminConfirmedUserCompromised,
        Subject::SignIn | Subject::Detection => RiskDetail::AdminConfirmedSigninCompromised,
        Subject::ServicePrincipal => RiskDetail::AdminConfirmedServicePrincipalCompromised,
    };
    let risk =
        Risk { level: RiskLevel::High, state: RiskState::ConfirmedCompromised, detail, ..unchanged.risk };
    let detection = match subject {
        Subject::User => Some(RiskEventType::AdminConfirmedUserCompromised),
        Subject::ServicePrincipal => Some(RiskEventType::AdminConfirmedServicePrincipalCompromised),
        Subject::SignIn | Subject::Detection => None,
    };
    let user_level = (subject != Subject::ServicePrincipal).then_some(RiskLevel::High);
    Change { risk, detection, user_level, ..unchanged }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Risk = Risk {
        level: RiskLevel::Medium,
        during_sign_in: RiskLevel::Medium,
        state: RiskState::AtRisk,
        detail: RiskDetail::None,
        is_deleted: false,
    };

    #[track_caller]
    fn check(subject: Subject, before: Risk, event: Event, state: RiskState, level: RiskLevel) -> Change {
        let change = transition(subject, before, event);
        assert_eq!((change.risk.state, change.risk.level), (state, level));
        assert_eq!(change.risk.during_sign_in, before.during_sign_in);
        change
    }

    #[test]
    fn what_users_do_remediates() {
        let remediated = (RiskState::Remediated, RiskLevel::None);
        for event in [Event::SecurePasswordReset, Event::SecurePasswordChange, Event::TemporaryPassword] {
            assert!(check(Subject::User, OPEN, event, remediated.0, remediated.1).spreads);
        }
        check(Subject::SignIn, OPEN, Event::MfaPassed, remediated.0, remediated.1);
        check(Subject::User, OPEN, Event::OrdinaryPasswordChange, RiskState::AtRisk, RiskLevel::Medium);
        let no_sync = Event::OnPremisesPasswordChange { is_allowed: true, has_hash_sync: false };
        check(Subject::User, OPEN, no_sync, RiskState::AtRisk, RiskLevel::Medium);
    }

    #[test]
    fn a_closed_risk_is_not_remediated_again() {
        let safe = Risk { state: RiskState::ConfirmedSafe, level: RiskLevel::None, ..OPEN };
        check(Subject::User, safe, Event::SecurePasswordReset, RiskState::ConfirmedSafe, RiskLevel::None);
    }

    #[test]
    fn confirming_raises_to_high() {
        let compromised = (RiskState::ConfirmedCompromised, RiskLevel::High);
        let user = check(Subject::User, OPEN, Event::ConfirmedCompromised, compromised.0, compromised.1);
        assert_eq!(user.detection, Some(RiskEventType::AdminConfirmedUserCompromised));
        let sign_in = check(Subject::SignIn, OPEN, Event::ConfirmedCompromised, compromised.0, compromised.1);
        assert_eq!((sign_in.user_level, sign_in.detection), (Some(RiskLevel::High), None));
        let safe =
            check(Subject::User, OPEN, Event::ConfirmedSafe, RiskState::ConfirmedSafe, RiskLevel::None);
        assert!(safe.learns_anew);
    }

    #[test]
    fn deleted_users_cannot_be_dismissed() {
        let deleted = Risk { is_deleted: true, ..OPEN };
        check(Subject::User, deleted, Event::Dismissed, RiskState::AtRisk, RiskLevel::Medium);
    }

    #[test]
    fn only_low_ages_out() {
        let low = Risk { level: RiskLevel::Low, ..OPEN };
        assert!(transition(Subject::User, low, Event::TimePassed { days: 181 }).is_listed);
        assert!(!transition(Subject::User, low, Event::TimePassed { days: 182 }).is_listed);
        assert!(transition(Subject::User, OPEN, Event::TimePassed { days: 4_000 }).is_listed);
    }
}
