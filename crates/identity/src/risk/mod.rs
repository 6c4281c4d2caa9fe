//! Risk of users and sign-ins, the way ID Protection keeps it.
//!
//! - [`RiskEventType`]: every published detection: scope, timing, licence, level, and whether logs suffice to compute it;
//! - [`transition`]: what remediation and administrators' actions make of a risk;
//! - [`mails`]: who is told when.

mod catalogue;
mod level;
mod notification;
mod transition;

pub use catalogue::{Computable, License, RiskEventType, Scope, Timing, UserFacts};
pub use level::{RiskDetail, RiskLevel, RiskState};
pub use notification::{LevelChange, mails};
pub use transition::{Change, Event, Risk, Subject, transition};
