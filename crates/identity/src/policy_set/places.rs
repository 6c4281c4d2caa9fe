//! Which policies are about a place.

use super::Pair;
use crate::directory::Directory;
use crate::mask::Mask;
use crate::network::{LocationKind, NamedLocation, Network, Ranges};
use crate::policy::Policy;

/// The id under which location lists name the trusted addresses of the MFA service settings.
const MFA_TRUSTED_IPS: &str = "00000000-0000-0000-0000-000000000000";

/// Which policies are about which place.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The policies without a condition about places.
    anywhere: Mask,
    everywhere: Pair,
    trusted: Pair,
    mfa_trusted: Pair,
    pub(crate) trusted_ranges: Ranges,
    pub(crate) mfa_trusted_ranges: Ranges,
    /// True if a request from inside counts as trusted.
    pub(crate) trusts_intranet: bool,
    /// The named locations that policies name.
    pub(crate) locations: Vec<(NamedLocation, Pair)>,
}

impl Places {
    pub(super) fn new(policies: &[Policy], directory: &Directory) -> Places {
        let trusted = directory.locations.iter().filter_map(|location| match &location.kind {
            LocationKind::Addresses { ranges, is_trusted: true } => Some(ranges.iter().copied()),
            _ => None,
        });
        let mfa_trusted = &directory.tenant.mfa_trusted_ips;
        let mut places = Places {
            anywhere: Mask::EMPTY,
            everywhere: Pair::default(),
            trusted: Pair::default(),
            mfa_trusted: Pair::default(),
            trusted_ranges: Ranges::new(trusted.flatten().chain(mfa_trusted.iter().copied()).collect()),
            mfa_trusted_ranges: mfa_trusted.clone(),
            trusts_intranet: directory.tenant.skip_mfa_for_federated_intranet,
            locations: directory
                .locations
                .iter()
                .map(|location| (location.clone(), Pair::default()))
                .collect(),
        };
        for (at, policy) in policies.iter().enumerate() {
            let Some(selection) = &policy.conditions.locations else {
                places.anywhere.insert(at);
                continue;
            };
            for (entries, excludes) in [(&selection.include, false), (&selection.exclude, true)] {
                for entry in entries {
                    for pair in places.named(entry) {
                        if excludes { &mut pair.exclude } else { &mut pair.include }.insert(at);
                    }
                }
            }
        }
        places.locations.retain(|(_, pair)| *pair != Pair::default());
        places
    }

    fn named(&mut self, entry: &str) -> Vec<&mut Pair> {
        match entry {
            "all" => vec![&mut self.everywhere],
            "alltrusted" => vec![&mut self.trusted],
            MFA_TRUSTED_IPS => vec![&mut self.mfa_trusted],
            id => {
                let named =
                    self.locations.iter_mut().filter(|(location, _)| location.id.eq_ignore_ascii_case(id));
                named.map(|(_, pair)| pair).collect()
            }
        }
    }

    /// The policies about a sign-in from there.
    pub(crate) fn from(&self, network: &Network) -> Mask {
        let mut pair = self.by_address(network);
        for (location, named) in &self.locations {
            if !matches!(location.kind, LocationKind::Addresses { .. }) && location.contains(network) {
                pair.add(*named);
            }
        }
        self.applies(pair)
    }

    /// What the address and the claim of the federation service add.
    pub(crate) fn by_address(&self, network: &Network) -> Pair {
        let mut pair = self.everywhere;
        let is_inside = self.trusts_intranet && network.is_inside_corporate;
        let is_in = |ranges: &Ranges| network.address.is_some_and(|address| ranges.contains(address));
        if self.trusted != Pair::default() && (is_inside || is_in(&self.trusted_ranges)) {
            pair.add(self.trusted);
        }
        if self.mfa_trusted != Pair::default() && (is_inside || is_in(&self.mfa_trusted_ranges)) {
            pair.add(self.mfa_trusted);
        }
        for (location, named) in &self.locations {
            if matches!(location.kind, LocationKind::Addresses { .. }) && location.contains(network) {
                pair.add(*named);
            }
        }
        pair
    }

    /// The policies that are satisfied by what was gathered of a place.
    pub(crate) fn applies(&self, pair: Pair) -> Mask {
        self.anywhere | pair.applies()
    }

    /// True if a policy asks whether the address is trusted.
    pub(crate) fn asks_for_trust(&self) -> bool {
        self.trusted != Pair::default() || self.mfa_trusted != Pair::default()
    }
}
