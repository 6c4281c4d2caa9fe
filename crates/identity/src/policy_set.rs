//! A policy set compiled against a directory: for every fact of a sign-in, the set of policies that it satisfies.
//!
//! Each condition becomes a small table from values to [`Mask`]s. What a policy includes and what it excludes are kept
//! apart until all of a sign-in's memberships are gathered, because exclusion wins over inclusion across kinds
//! ("Conditional Access: users and groups").

mod people;
mod places;
mod targets;

use std::collections::HashMap;
use std::sync::Arc;

use crate::directory::Directory;
use crate::filter::Device;
use crate::mask::{MOST_POLICIES, Mask};
use crate::methods::{MULTIFACTOR, PASSWORDLESS, PHISHING_RESISTANT, Strength};
use crate::policy::{Policy, State};
use crate::sign_in::{ClientApp, Flow, InsiderRisk, Platform, Risk};

use people::People;
pub(crate) use places::Places;
use targets::Targets;

/// Policies in the form in which sign-ins are decided.
#[derive(Clone, Debug)]
pub struct PolicySet {
    pub(crate) policies: Vec<Policy>,
    pub(crate) directory: Arc<Directory>,
    /// The strengths that policies can name.
    pub(crate) strengths: Vec<Strength>,
    pub(crate) enabled: Mask,
    pub(crate) people: People,
    pub(crate) targets: Targets,
    pub(crate) places: Places,
    clients: Vec<Mask>,
    platforms: Vec<Mask>,
    sign_in_risks: Vec<Mask>,
    user_risks: Vec<Mask>,
    insider_risks: Vec<Mask>,
    /// Without a transfer method; then what each adds.
    flows: Vec<Mask>,
    pub(crate) filters: Vec<DeviceFilters>,
    unfiltered: Mask,
}

/// The policies that share a filter for devices.
#[derive(Clone, Debug)]
pub(crate) struct DeviceFilters {
    pub(crate) filter: crate::filter::Filter,
    includes: Mask,
    excludes: Mask,
}

/// What is included and what is excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) include: Mask,
    pub(crate) exclude: Mask,
}

impl Pair {
    pub(crate) fn add(&mut self, other: Pair) {
        self.include |= other.include;
        self.exclude |= other.exclude;
    }

    pub(crate) fn add_from(&mut self, table: &HashMap<String, Pair>, key: &str) {
        if let Some(pair) = table.get(key) {
            self.add(*pair);
        }
    }

    /// The policies that are included and not excluded.
    pub(crate) fn applies(self) -> Mask {
        self.include & !self.exclude
    }
}

/// There are more policies than a compiled set can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{count} policies are more than the {MOST_POLICIES} that can be compared at once; a tenant may have 240"
)]
pub struct TooManyPolicies {
    count: usize,
}

impl PolicySet {
    /// Compiles policies against a directory.
    ///
    /// # Errors
    /// If there are more policies than [`MOST_POLICIES`].
    pub fn new(policies: Vec<Policy>, directory: Arc<Directory>) -> Result<PolicySet, TooManyPolicies> {
        if policies.len() > MOST_POLICIES {
            return Err(TooManyPolicies { count: policies.len() });
        }
        let wanted = |fits: &dyn Fn(&Policy) -> bool| {
            let mut mask = Mask::EMPTY;
            policies
                .iter()
                .enumerate()
                .filter(|(_, policy)| fits(policy))
                .for_each(|(at, _)| mask.insert(at));
            mask
        };
        let listed = |levels: fn(&Policy) -> &[String], value: &str| {
            wanted(&|policy| levels(policy).is_empty() || levels(policy).iter().any(|level| level == value))
        };
        let clients =
            ClientApp::ALL.iter().map(|client| wanted(&|policy| takes_client(policy, *client))).collect();
        let platforms = Platform::ALL
            .iter()
            .map(|platform| wanted(&|policy| takes_platform(policy, *platform)))
            .collect();
        let risks = |levels: fn(&Policy) -> &[String]| -> Vec<Mask> {
            Risk::ALL.iter().map(|risk| listed(levels, risk.wire())).collect()
        };
        let insider =
            |risk: &InsiderRisk| listed(|policy| &policy.conditions.insider_risk_levels, risk.wire());
        let flow =
            |flow: &Flow| listed(|policy| &policy.conditions.transfer_methods, &flow.wire().to_lowercase());
        Ok(PolicySet {
            strengths: strengths(&policies, &directory),
            enabled: wanted(&|policy| policy.state == State::Enabled),
            people: People::new(&policies, &directory),
            targets: Targets::new(&policies, &directory),
            places: Places::new(&policies, &directory),
            sign_in_risks: risks(|policy| &policy.conditions.sign_in_risk_levels),
            user_risks: risks(|policy| &policy.conditions.user_risk_levels),
            insider_risks: InsiderRisk::ALL.iter().map(insider).collect(),
            flows: Flow::ALL.iter().map(flow).collect(),
            unfiltered: wanted(&|policy| policy.conditions.device_filter.is_none()),
            filters: filters(&policies),
            clients,
            platforms,
            directory,
            policies,
        })
    }

    /// Reads and compiles policies as Microsoft Graph lists them.
    ///
    /// # Errors
    /// As [`PolicySet::new`].
    pub fn from_json(
        policies: &[serde_json::Value],
        directory: Arc<Directory>,
    ) -> Result<PolicySet, TooManyPolicies> {
        PolicySet::new(policies.iter().map(Policy::from_json).collect(), directory)
    }

    /// The policies in the order in which they were given.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The directory against which the policies are compiled.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn client(&self, client: ClientApp) -> Mask {
        self.clients[client as usize]
    }

    pub(crate) fn platform(&self, platform: Platform) -> Mask {
        self.platforms[platform as usize]
    }

    pub(crate) fn sign_in_risk(&self, risk: Risk) -> Mask {
        self.sign_in_risks[risk as usize]
    }

    pub(crate) fn user_risk(&self, risk: Risk) -> Mask {
        self.user_risks[risk as usize]
    }

    pub(crate) fn insider_risk(&self, risk: InsiderRisk) -> Mask {
        self.insider_risks[risk as usize]
    }

    /// A session stays subject to the flow with which it began ("authentication flows", protocol tracking).
    pub(crate) fn flow(&self, flow: Flow, original: Flow) -> Mask {
        self.flows[flow as usize] | self.flows[original as usize]
    }

    pub(crate) fn device(&self, device: Option<&Device>) -> Mask {
        self.device_by(|at| Device::matches(device, &self.filters[at].filter))
    }

    /// The policies that a device satisfies for which `matches` tells which filters match.
    pub(crate) fn device_by(&self, matches: impl Fn(usize) -> bool) -> Mask {
        let mut mask = self.unfiltered;
        for (at, filter) in self.filters.iter().enumerate() {
            mask |= if matches(at) { filter.includes } else { filter.excludes };
        }
        mask
    }
}

fn takes_client(policy: &Policy, client: ClientApp) -> bool {
    let listed = &policy.conditions.client_app_types;
    let names = |name: &str| listed.iter().any(|entry| entry.eq_ignore_ascii_case(name));
    // `exchangeActiveSync` covers supported and other platforms.
    listed.is_empty()
        || names("all")
        || names(client.wire())
        || client == ClientApp::EasSupported && names(ClientApp::ExchangeActiveSync.wire())
}

fn takes_platform(policy: &Policy, platform: Platform) -> bool {
    let Some(platforms) = &policy.conditions.platforms else { return true };
    // A platform that is unknown is in no list, and so caught by `all` without the known ones.
    let names = |list: &[String]| list.iter().any(|entry| entry.eq_ignore_ascii_case(platform.wire()));
    let is_known = platform != Platform::Unknown;
    let is_included =
        platforms.include.iter().any(|entry| entry == "all") || is_known && names(&platforms.include);
    let is_excluded =
        platforms.exclude.iter().any(|entry| entry == "all") || is_known && names(&platforms.exclude);
    is_included && !is_excluded
}

/// The filters for devices, each rule once. A rule that cannot be read matches no policy.
fn filters(policies: &[Policy]) -> Vec<DeviceFilters> {
    let mut found: Vec<DeviceFilters> = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let Some(condition) = &policy.conditions.device_filter else { continue };
        let Ok(filter) = &condition.filter else { continue };
        let place = found.iter().position(|known| known.filter == *filter).unwrap_or_else(|| {
            found.push(DeviceFilters {
                filter: filter.clone(),
                includes: Mask::EMPTY,
                excludes: Mask::EMPTY,
            });
            found.len() - 1
        });
        let masks = &mut found[place];
        if condition.excludes { &mut masks.excludes } else { &mut masks.includes }.insert(at);
    }
    found
}

fn strengths(policies: &[Policy], directory: &Directory) -> Vec<Strength> {
    let mut found: Vec<Strength> =
        [MULTIFACTOR, PASSWORDLESS, PHISHING_RESISTANT].into_iter().filter_map(Strength::built_in).collect();
    let embedded = policies.iter().filter_map(|policy| policy.grant.embedded_strength.as_ref());
    for strength in directory.strengths.iter().chain(embedded) {
        if found.iter().all(|known| known.id != strength.id) {
            found.push(strength.clone());
        }
    }
    found
}
