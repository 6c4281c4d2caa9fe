//! The seam to the sign-in decision: what was proved so far goes in, what is still wanted comes out.

use std::net::IpAddr;

use azimuth_identity::credentials::{Credentials, Method, multi_factor};
use jiff::Timestamp;
use serde_json::Value;

/// How somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// On a page of this provider, where more can be asked
    Interactive,
    /// On a page of this provider, for a device elsewhere (RFC 8628)
    DeviceCode,
    /// With name and password in one request: nothing more can be asked
    Password,
    /// With a token from an earlier sign-in: nothing more can be asked
    Refresh {
        /// Whether the earlier sign-in was for a device elsewhere: such a session stays marked
        device_code: bool,
    },
}

/// A sign-in after its first factor, before its tokens.
pub struct Attempt<'a> {
    /// Who signs in
    pub account: &'a Credentials,
    /// The application that asks
    pub application: &'a str,
    /// The service that tokens are asked for
    pub resource: &'a str,
    /// What was proved in this session
    pub methods: &'a [Method],
    /// How
    pub flow: Flow,
    /// The address that the request came from, as the socket tells
    pub address: Option<IpAddr>,
    /// The browser or program, as it calls itself
    pub agent: &'a str,
    /// Authentication contexts that are asked for (`acrs`)
    pub contexts: &'a [String],
    /// When the person proved anything last
    pub authenticated: Timestamp,
    /// Now
    pub now: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Tokens may be issued
    Allow,
    /// A second factor is wanted
    SecondFactor,
    /// A second factor must be registered first
    Register,
    /// The person must prove again who they are
    Again,
    /// No
    Block {
        /// The number of the error, such as 53003
        code: u32,
        /// What people read
        reason: String,
    },
}

/// A decision with what the log says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is to be done
    pub decision: Decision,
    /// `notApplied`, `success` or `failure`
    pub status: &'static str,
    /// One record for each policy: `appliedConditionalAccessPolicies`
    pub policies: Vec<Value>,
}

/// Decides sign-ins.
pub trait Decide: Send + Sync {
    /// What is to be done with a sign-in.
    fn decide(&self, attempt: &Attempt<'_>) -> Verdict;
}

/// What holds as long as no policies are there: whoever has a directory role needs two factors, whoever registered a second factor
/// is asked for it, a context is met by two factors, and everybody else signs in with one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Baseline;

impl Decide for Baseline {
    fn decide(&self, attempt: &Attempt<'_>) -> Verdict {
        let account = attempt.account;
        let wanted =
            !account.roles.is_empty() || !account.second_factors().is_empty() || !attempt.contexts.is_empty();
        let decision = if !wanted || multi_factor(attempt.methods) {
            Decision::Allow
        } else if account.second_factors().is_empty() {
            Decision::Register
        } else {
            Decision::SecondFactor
        };
        Verdict { decision, status: "notApplied", policies: Vec::new() }
    }
}
