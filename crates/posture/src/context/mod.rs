//! What the controls share: the snapshot, the options, and indexes that are built once.

mod conditional_access;
mod diagnostics;
mod impact;
mod policies;
mod probe;
mod register;
mod subscriptions;

use std::sync::OnceLock;

use azimuth_estate::Snapshot;
use azimuth_estate::evidence::ALL_RESOURCES;
use azimuth_estate::hierarchy::ManagementGroup;
use azimuth_ids::{IdRef, fold};

use crate::assessment::Options;
use crate::body;
use crate::command;
use crate::exposure::Network;
use crate::verdict::Findings;

pub(crate) use conditional_access::SignInPolicy;
pub(crate) use diagnostics::{Diagnostics, KIND as DIAGNOSTIC_SETTINGS, Setting};
pub(crate) use impact::{Impact, unselected};
pub(crate) use policies::{
    Assignment, EXEMPTIONS as POLICY_EXEMPTIONS, Earlier, Gap, KIND as POLICY_ASSIGNMENTS, Part, Place,
    Policies, Reach, changed_on, document, plain_id,
};
pub(crate) use probe::{Answer, Probe, Probes, Trial};
pub(crate) use register::{Register, Rule, Wanted};
pub(crate) use subscriptions::{Subscription, subscriptions};

/// Whether the table `resources` of Resource Graph holds a type: what governs and watches resources is elsewhere, as
/// are the rules of SQL servers.
fn in_resource_graph(kind: &str) -> bool {
    let kind = fold(kind);
    let elsewhere = ["microsoft.authorization/", "microsoft.security/", "microsoft.management/"];
    !elsewhere.iter().any(|provider| kind.starts_with(provider))
        && !["microsoft.insights/diagnosticsettings", "microsoft.sql/servers/firewallrules"].contains(&&*kind)
}

/// The estate as the controls see it.
#[derive(Debug)]
pub struct Context<'a> {
    snapshot: &'a Snapshot,
    options: &'a Options<'a>,
    subscriptions: OnceLock<Vec<Subscription>>,
    diagnostics: OnceLock<Diagnostics>,
    policies: OnceLock<Policies>,
    register: OnceLock<Register>,
    network: OnceLock<Network>,
    threads: usize,
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
            register: OnceLock::new(),
            network: OnceLock::new(),
            threads: 1,
        }
    }

    /// The same with up to `threads` threads for what one index is built of.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
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
        self.network.get_or_init(|| Network::from_snapshot(self.snapshot, self.threads))
    }

    /// Every subscription that has a document, holds one or stands in the hierarchy, in the order of their ids.
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

    /// Policy assignments, exemptions and their effects.
    pub(crate) fn policies(&self) -> &Policies {
        self.policies.get_or_init(|| Policies::from_snapshot(self.snapshot))
    }

    /// The written rules and impact runs that the owner declares.
    pub(crate) fn register(&self) -> &Register {
        self.register.get_or_init(|| Register::from_snapshot(self.snapshot))
    }

    /// What the enforcing policies of some assignments would do to the estate's resources.
    pub(crate) fn impact(&self, assignments: &[&Assignment]) -> Vec<Impact> {
        impact::impact(self.snapshot, self.policies(), assignments, self.options.as_of, self.threads)
    }

    /// A subscription with the groups above it.
    pub(crate) fn place(&self, subscription: &Subscription) -> Place {
        let above = self.snapshot.hierarchy().above_subscription(&subscription.guid);
        Place { id: subscription.id.clone(), ancestors: above.map(ManagementGroup::id).collect() }
    }

    /// Notes each scope in or above a place whose policy exemptions are not known to be all there, and exemptions that
    /// cannot be read: one of them may lift an assignment.
    pub(crate) fn needs_exemptions(&self, findings: &mut Findings, place: &Place) {
        for at in place.chain().filter(|at| !self.lists(POLICY_EXEMPTIONS, at)) {
            let az = format!("az policy exemption list --scope {at} --disable-scope-strict-match");
            let command = command::list(&az, POLICY_EXEMPTIONS);
            findings.miss_once("the complete list of policy exemptions", Some(at), command);
        }
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

    /// Whether every diagnostic setting on a resource is known, given its folded id.
    pub(crate) fn knows_settings(&self, key: &str) -> bool {
        self.lists(DIAGNOSTIC_SETTINGS, key) && !self.diagnostics().is_unread(key)
    }

    /// Notes it when the list of subscriptions itself is not known to be complete.
    pub(crate) fn needs_subscriptions(&self, findings: &mut Findings) {
        const KIND: &str = "Microsoft.Resources/subscriptions";
        let root = self.snapshot.hierarchy().root().map(ManagementGroup::id);
        let listed = self.lists(KIND, "/") || root.is_some_and(|root| self.lists(KIND, &root));
        if !listed {
            let command = command::list("az account list --all", KIND);
            findings.miss_once("the complete list of subscriptions", Some("/"), command);
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
            let command = command::list(&command::query(kind, None), kind);
            findings.miss(what, None, command, unlisted.len());
            return;
        }
        for Subscription { id, guid, .. } in unlisted {
            let command = command::list_of(guid, &command::query(kind, Some(guid)), kind);
            findings.miss_once(&*what, Some(id), command);
        }
    }

    /// Notes each enabled subscription of which one of `kinds` is not known to be listed, as a lack of its whole
    /// resource list.
    pub(crate) fn needs_resources(&self, findings: &mut Findings, kinds: &[&str]) {
        for Subscription { id, guid, .. } in self.enabled_subscriptions() {
            if kinds.iter().all(|kind| self.lists_tracked(kind, id)) {
                continue;
            }
            let query = format!("az graph query --subscriptions {guid} -q resources --first 1000");
            let command = command::list_of(guid, &query, ALL_RESOURCES);
            findings.miss_once("the complete list of resources", Some(id), command);
        }
    }

    /// Notes a document that cannot be read: one that a list has printed without its properties, counted with the
    /// others of its type, or one that does not have the shape of its type.
    pub(crate) fn unreadable(&self, findings: &mut Findings, id: &str) {
        let entry = IdRef::parse(id).ok().and_then(|id| self.snapshot.resource(id));
        match entry {
            Some(entry) if body::is_head(entry.body()) => {
                let id = IdRef::parse(id).ok();
                let kind = id.map(|id| id.resource_type().as_str().to_owned()).unwrap_or_default();
                let subscription = entry.subscription_id();
                let scope = subscription.map(|guid| format!("/subscriptions/{guid}"));
                let what = format!(
                    "the properties of resources of type {kind}, which a list of resources leaves out"
                );
                let command = match subscription {
                    Some(guid) if in_resource_graph(&kind) => {
                        let query = command::query(&kind, subscription);
                        format!(
                            "{} --subscription {guid}  # or: {query} > exports/properties.json",
                            command::COLLECT
                        )
                    }
                    Some(guid) => format!("{} --subscription {guid}", command::COLLECT),
                    None => command::COLLECT.to_owned(),
                };
                findings.miss(what, scope.as_deref(), command, 1);
            }
            _ => {
                findings.miss("a readable document", Some(id), format!("az resource show --ids \"{id}\""), 1);
            }
        }
    }

    /// The same for the network documents of some types that could not be read.
    pub(crate) fn unreadable_network(&self, findings: &mut Findings, kinds: &[&str]) {
        for id in self.network().unreadable() {
            if IdRef::parse(id).is_ok_and(|id| kinds.iter().any(|kind| id.is_type(kind))) {
                self.unreadable(findings, id);
            }
        }
    }
}
