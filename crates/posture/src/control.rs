//! What a control is: its texts and its decision.

use serde::Serialize;

use crate::context::Context;
use crate::verdict::Verdict;

/// The part of operations that a control belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Area {
    /// Sign-in, passwords, accounts.
    Identity,
    /// Who is told of incidents.
    Notifications,
    /// Management groups, policy, blueprints.
    Governance,
    /// Storage accounts.
    Storage,
    /// Prevention, detection, response.
    Threats,
    /// Filtering, logs and diagnosis of networks.
    Network,
    /// How changes reach production.
    Delivery,
    /// Resistance against denial of service.
    DenialOfService,
    /// Risk reports and who reads them.
    Reports,
}

impl Area {
    /// All areas in the order of the guidance.
    pub const ALL: [Area; 9] = [
        Area::Identity,
        Area::Notifications,
        Area::Governance,
        Area::Storage,
        Area::Threats,
        Area::Network,
        Area::Delivery,
        Area::DenialOfService,
        Area::Reports,
    ];

    /// The heading under which reports list the area.
    pub fn title(self) -> &'static str {
        match self {
            Area::Identity => "Identity",
            Area::Notifications => "Notifications",
            Area::Governance => "Governance",
            Area::Storage => "Storage",
            Area::Threats => "Threats",
            Area::Network => "Network",
            Area::Delivery => "Delivery",
            Area::DenialOfService => "Denial of service",
            Area::Reports => "Reports",
        }
    }
}

/// How much a violation matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Opens the way to a takeover or blinds the defenders.
    High,
    /// Weakens a line of defence.
    Medium,
    /// A matter of order.
    Low,
}

/// One kind of evidence that a control reads, and how to get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceNeed {
    /// What it is.
    pub what: &'static str,
    /// The command that exports it; `{s}` stands for a subscription, `{root}` for the root management group.
    pub command: &'static str,
}

/// Further reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Title of the page.
    pub title: &'static str,
    /// Its address.
    pub url: &'static str,
}

/// One best practice with everything that people and machines need to know about it.
#[derive(Debug, Serialize)]
pub struct Control {
    /// Stable id such as `NW-4`.
    pub id: &'static str,
    /// The practice in one sentence.
    pub title: &'static str,
    /// The part of operations.
    pub area: Area,
    /// How much a violation matters.
    pub severity: Severity,
    /// Why it matters.
    pub why: &'static str,
    /// What it reads.
    pub evidence: &'static [EvidenceNeed],
    /// How it is decided.
    pub decided: &'static str,
    /// How to come into line.
    pub fix: &'static str,
    /// Further reading.
    pub references: &'static [Reference],
    /// The decision over an estate.
    #[serde(skip)]
    pub decide: fn(&Context<'_>) -> Verdict,
}

impl PartialEq for Control {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Control {}
