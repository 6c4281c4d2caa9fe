//! What a comparison tells.

use azimuth_host::Sequence;
use azimuth_posture::Counterexample;
use jiff::Timestamp;
use serde::Serialize;

/// A lab beside the store that it was forked from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    /// The store
    pub(super) base: String,
    /// The position of its feed that the lab began at
    pub(super) sequence: Sequence,
    /// The moment that both are judged at
    pub(super) as_of: Timestamp,
    /// Documents that are not what they were
    pub(super) documents: Vec<Document>,
    /// Controls that end otherwise, or with other counterexamples
    pub(super) controls: Vec<Control>,
    /// Resources in another state under a policy
    pub(super) compliance: Vec<Compliance>,
    /// Documents of the lab that its policies would not let through
    pub(super) refused: Vec<Refusal>,
}

/// A document that the lab changed.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) key: String,
    /// `created`, `updated` or `deleted`
    pub(super) change: &'static str,
}

/// A control that ends otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Control {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) before: &'static str,
    pub(super) after: &'static str,
    /// Counterexamples that were not there
    pub(super) new: Vec<Counterexample>,
    /// Counterexamples that are gone
    pub(super) gone: Vec<Counterexample>,
}

/// A resource whose state under a policy is another. No state: the policy does not apply, or there is no such resource.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Compliance {
    pub(super) resource: String,
    pub(super) assignment: String,
    /// The definition, and its reference in an initiative
    pub(super) definition: String,
    pub(super) reference: String,
    /// What the policy does, in the lab where it is assigned there
    pub(super) effect: String,
    pub(super) before: Option<&'static str>,
    pub(super) after: Option<&'static str>,
}

/// A write that enforced policies refuse.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    pub(super) resource: String,
    pub(super) policies: Vec<Policy>,
}

/// A policy that refuses.
#[derive(Debug, Serialize)]
pub(super) struct Policy {
    pub(super) assignment: String,
    pub(super) definition: String,
}

impl Compliance {
    /// Whether the resource is worse off: it was not in breach and is now.
    pub(super) fn is_worse(&self) -> bool {
        self.after == Some("NonCompliant") && self.before != Some("NonCompliant")
    }
}

impl Comparison {
    /// Whether anything is worse than before.
    pub(super) fn is_worse(&self) -> bool {
        self.controls.iter().any(|control| !control.new.is_empty())
            || self.compliance.iter().any(Compliance::is_worse)
            || !self.refused.is_empty()
    }
}
