//! What the controls share: the snapshot, the options, and indexes that are built once.

mod conditional_access;
mod diagnostics;
mod policies;
mod subscriptions;

use std::sync::OnceLock;

use azimuth_estate::Snapshot;
use azimuth_estate::evidence::ALL_RESOURCES;
use azimuth_ids::IdRef;

use crate::assessment::Options;
use crate::exposure::Network;
use crate::verdict::Findings;

pub(crate) use conditional_access::SignInPolicy;
pub(crate) use diagnostics::{Diagnostics, KIND as DIAGNOSTIC_SETTINGS, Setting};
pub(crate) use policies::{Assignment, KIND as POLICY_ASSIGNMENTS, Policies, is_first_version, was_audit};
pub(crate) use subscriptions::{Subscription, subscriptions};

/// The estate as the controls see it.
#[derive(Debug)]
pub struct Context<'a> {
    snapshot: &'a Snapshot,
    options: &'a Options<'a>,
    subscriptions: OnceLock<Vec<Subscription>>,
    diagnostics: OnceLock<Diagnostics>,
    policies: OnceLock<Policies>,
    network: OnceLock<Network>,
}

impl<'a> Context<'a> {
    /// A context over a snapshot; builds nothing yet.
    pub fn new(snapshot: &'a Snapshot, options: &'a Options<'a>) -> Self {
        Self {
            snapshot,
            options,
            subscriptions: OnceLock::new(),
            diagnostics: OnceLock::new(),
            policies: OnceLock::new(),
            network: OnceLock::new(),
        }
    }

    /// The documents.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The options of the assessment.
    pub fn options(&self) -> &'a Options<'a> {
        self.options
    }

    /// The network documents, read once.
    pub fn network(&self) -> &Network {
        self.network.get_or_init(|| Network::from_snapshot(self.snapshot))
    }

    /// Every subscription that has a document or holds one, in the order of their ids.
    pub(crate) fn subscriptions(&self) -> &[Subscription] {
        self.subscriptions.get_or_init(|| subscriptions(self.snapshot))
    }

    /// The subscriptions that are not disabled or deleted.
    pub(crate) fn enabled_subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions().iter().filter(|subscription| subscription.enabled)
    }

    /// Diagnostic settings by the resource they stand on.
    pub(crate) fn diagnostics(&self) -> &Diagnostics {
        self.diagnostics.get_or_init(|| Diagnostics::from_snapshot(self.snapshot))
    }

    /// Policy assignments and their effects.
    pub(crate) fn policies(&self) -> &Policies {
        self.policies.get_or_init(|| Policies::from_snapshot(self.snapshot))
    }

    /// Whether every object of a type at and below an id is known; false for what is no id.
    pub(crate) fn lists(&self, kind: &str, scope: &str) -> bool {
        IdRef::parse(scope).is_ok_and(|scope| self.snapshot.lists(kind, scope))
    }

    /// The same for types of tracked resources, nested ones among them (databases, flow logs): a complete
    /// resource list holds them.
    pub(crate) fn lists_tracked(&self, kind: &str, scope: &str) -> bool {
        self.lists(kind, scope) || self.lists(ALL_RESOURCES, scope)
    }

    /// Notes it when the list of subscriptions itself is not known to be complete.
    pub(crate) fn needs_subscriptions(&self, findings: &mut Findings) {
        const KIND: &str = "Microsoft.Resources/subscriptions";
        let root = self.snapshot.hierarchy().root().map(azimuth_estate::hierarchy::ManagementGroup::id);
        let listed = self.lists(KIND, "/") || root.is_some_and(|root| self.lists(KIND, &root));
        if !listed {
            findings.miss("the complete list of subscriptions", Some("/"), "az account list --all", 1);
        }
    }

    /// Notes each enabled subscription whose resources of a type are not known to be all there.
    pub(crate) fn needs_list(&self, findings: &mut Findings, kind: &str, what: &str) {
        self.needs_subscriptions(findings);
        let unlisted: Vec<&Subscription> = self
            .enabled_subscriptions()
            .filter(|subscription| !self.lists_tracked(kind, &subscription.id))
            .collect();
        let all = self.enabled_subscriptions().count();
        let what = format!("the complete list of {what}");
        if unlisted.len() > 1 && unlisted.len() == all {
            let command = format!("az graph query -q \"resources | where type =~ '{kind}'\" --first 1000");
            findings.miss(what, None, command, unlisted.len());
            return;
        }
        for subscription in unlisted {
            let command =
                format!("az resource list --resource-type {kind} --subscription {}", subscription.guid);
            findings.miss(&*what, Some(&subscription.id), command, 1);
        }
    }

    /// Notes a document that does not have the shape of its type.
    pub(crate) fn unreadable(&self, findings: &mut Findings, id: &str) {
        findings.miss("a readable document", Some(id), format!("az resource show --ids \"{id}\""), 1);
    }
}
