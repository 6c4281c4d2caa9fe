//! Risk of users and sign-ins, the way ID Protection keeps it.
//!
//! ```text
//! SigninLogs row ─▶ SignIn ─▶ Detector::observe ─▶ Detection ─▶ Register ─▶ reports, history, Graph objects
//!                                  │                                ▲
//!                        lists, learning periods          actions, remediation (transition)
//! ```
//!
//! - [`RiskEventType`]: every published detection: scope, timing, licence, level, and whether logs suffice to compute it;
//! - [`Detector`]: computes them, one sign-in at a time, with bounded state per user;
//! - [`observe_activity`]: those of mailbox rules, from `OfficeActivity`;
//! - [`Register`]: users at risk, risky sign-ins, risk detections, their history;
//! - [`transition`]: what remediation and administrators' actions make of a risk;
//! - [`mails`]: who is told when.

mod activity;
mod addresses;
mod catalogue;
mod detect;
mod detection;
mod detector;
mod habits;
mod level;
mod notification;
mod register;
mod sign_in;
mod tenant;
mod transition;

pub use activity::observe_activity;
pub use addresses::{AddressList, AddressListError, Lists};
pub use catalogue::{Computable, License, RiskEventType, Scope, Timing, UserFacts};
pub use detection::{Detection, Source};
pub use detector::Detector;
pub use level::{RiskDetail, RiskLevel, RiskState};
pub use notification::{LevelChange, mails};
pub use register::{
    Action, ActionError, Filter, HistoryEntry, Register, RiskySignIn, RiskyUser, Summary, Target,
};
pub use sign_in::{Outcome, SignIn};
pub use transition::{Change, Event, Risk, Subject, transition};
