//! What administrators decide and what users do about a risk.

use jiff::Timestamp;

use super::Register;
use crate::risk::detection::Detection;
use crate::risk::level::{RiskLevel, RiskState};
use crate::risk::transition::{Change, Event, Subject, transition};

/// A decision of an administrator, as the API has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `confirmCompromised`.
    ConfirmCompromised,
    /// `confirmSafe`.
    ConfirmSafe,
    /// `dismiss`.
    Dismiss,
}

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The user of this object id.
    User(&'a str),
    /// The service principal of this object id.
    ServicePrincipal(&'a str),
    /// The sign-in of this request id.
    SignIn(&'a str),
}

/// Why a decision could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// No risk of the user or service principal is known.
    #[error("no risk of the user or service principal `{0}` is known; list those at risk for their ids")]
    UnknownUser(String),
    /// No risk of the sign-in is known.
    #[error("no risk of the sign-in `{0}` is known; list risky sign-ins for their request ids")]
    UnknownSignIn(String),
    /// Deleted users cannot be dismissed.
    #[error("the user `{0}` is deleted, and the risk of deleted users cannot be dismissed")]
    Deleted(String),
}

impl Action {
    const ALL: [Self; 3] = [Self::ConfirmCompromised, Self::ConfirmSafe, Self::Dismiss];

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfirmCompromised => "confirmCompromised",
            Self::ConfirmSafe => "confirmSafe",
            Self::Dismiss => "dismiss",
        }
    }

    /// The decision of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name().eq_ignore_ascii_case(name))
    }

    fn event(self) -> Event {
        match self {
            Self::ConfirmCompromised => Event::ConfirmedCompromised,
            Self::ConfirmSafe => Event::ConfirmedSafe,
            Self::Dismiss => Event::Dismissed,
        }
    }
}

impl Register {
    /// Carries out a decision. Of a user it goes for all open sign-ins and detections of the user, of a sign-in for its
    /// detections; then the level of the user is worked out anew.
    ///
    /// A user of whom no risk was known may be confirmed compromised by [`Register::record`] of a detection
    /// [`AdminConfirmedUserCompromised`](crate::risk::RiskEventType::AdminConfirmedUserCompromised).
    ///
    /// # Errors
    /// If the target is not in the register, or the user is deleted and should be dismissed.
    pub fn act(
        &mut self,
        target: Target<'_>,
        action: Action,
        at: Timestamp,
        by: &str,
    ) -> Result<Change, ActionError> {
        match target {
            Target::User(id) | Target::ServicePrincipal(id) => {
                let id = id.to_ascii_lowercase();
                let user = self.users.get(&id).ok_or_else(|| ActionError::UnknownUser(id.clone()))?;
                if user.risk.is_deleted && action == Action::Dismiss {
                    return Err(ActionError::Deleted(id));
                }
                Ok(self.apply_to_user(&id, action.event(), at, by))
            }
            Target::SignIn(id) => {
                self.sign_ins.get(id).ok_or_else(|| ActionError::UnknownSignIn(id.to_owned()))?;
                Ok(self.apply_to_sign_in(id, action.event(), at, by))
            }
        }
    }

    /// Something happened to the user or the sign-in that remediates, such as a secure change of the password.
    ///
    /// # Errors
    /// If the target is not in the register.
    pub fn remediate(
        &mut self,
        target: Target<'_>,
        event: Event,
        at: Timestamp,
    ) -> Result<Change, ActionError> {
        match target {
            Target::User(id) | Target::ServicePrincipal(id)
                if self.users.contains_key(&id.to_ascii_lowercase()) =>
            {
                Ok(self.apply_to_user(&id.to_ascii_lowercase(), event, at, ""))
            }
            Target::SignIn(id) if self.sign_ins.contains_key(id) => {
                Ok(self.apply_to_sign_in(id, event, at, ""))
            }
            Target::User(id) | Target::ServicePrincipal(id) => Err(ActionError::UnknownUser(id.to_owned())),
            Target::SignIn(id) => Err(ActionError::UnknownSignIn(id.to_owned())),
        }
    }

    fn apply_to_user(&mut self, id: &str, event: Event, at: Timestamp, by: &str) -> Change {
        let user = self.users.get_mut(id).expect("the caller has looked the user up");
        let change = transition(user.subject, user.risk, event);
        if change.risk == user.risk {
            return change;
        }
        user.risk = change.risk;
        user.remember(at, change.detection, by);
        if change.spreads {
            user.outlived = RiskLevel::None;
            let (state, detail) = (change.risk.state, change.risk.detail);
            for id in &user.detections {
                let detection = self.detections.get_mut(id).filter(|detection| detection.state.is_active());
                if let Some(detection) = detection {
                    (detection.state, detection.detail, detection.updated_at) = (state, detail, at);
                }
            }
            for id in &user.sign_ins {
                let sign_in = self.sign_ins.get_mut(id).filter(|sign_in| sign_in.risk.state.is_active());
                if let Some(sign_in) = sign_in {
                    (sign_in.risk.state, sign_in.risk.detail, sign_in.risk.level) =
                        (state, detail, RiskLevel::None);
                }
            }
        }
        if let Some(kind) = change.detection {
            let name = user.name.clone();
            self.add(Detection::of_user(
                kind,
                id,
                &name,
                at,
                RiskLevel::High,
                "confirmed by an administrator",
            ));
        }
        change
    }

    /// Adds a detection that the history already speaks of.
    fn add(&mut self, mut detection: Detection) {
        if let Some(user) = self.users.get_mut(&detection.user_id) {
            (detection.state, detection.detail) = (user.risk.state, user.risk.detail);
            user.detections.push(detection.id.clone());
            self.detections.insert(detection.id.clone(), detection);
        }
    }

    fn apply_to_sign_in(&mut self, id: &str, event: Event, at: Timestamp, by: &str) -> Change {
        let sign_in = self.sign_ins.get_mut(id).expect("the caller has looked the sign-in up");
        let change = transition(Subject::SignIn, sign_in.risk, event);
        if change.risk == sign_in.risk {
            return change;
        }
        sign_in.risk = change.risk;
        let user_id = sign_in.user_id.clone();
        for id in &sign_in.detections {
            if let Some(detection) = self.detections.get_mut(id) {
                (detection.state, detection.detail, detection.updated_at) =
                    (change.risk.state, change.risk.detail, at);
            }
        }
        let level = self.level_of(&user_id);
        if let Some(user) =
            self.users.get_mut(&user_id).filter(|user| user.risk.state != RiskState::ConfirmedCompromised)
        {
            user.risk.level = level.max(change.user_level.unwrap_or_default());
            // The last open risk of the user decides how the user's own risk ended.
            (user.risk.state, user.risk.detail) = if user.risk.level == RiskLevel::None {
                (change.risk.state, change.risk.detail)
            } else {
                (RiskState::AtRisk, user.risk.detail)
            };
            user.remember(at, None, by);
        }
        change
    }
}
