//! The places that policies can tell apart.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::mask::Mask;
use crate::network::{LocationKind, Network, Position, Ranges, address, position};
use crate::policy_set::{Places, PolicySet};

/// How many combinations of address, country, position and network are looked at.
const MOST_COMBINATIONS: usize = 4_000_000;

/// Addresses to begin with, kept for documentation, one of each family.
const ORDINARY: [&str; 2] = ["192.0.2.254", "2001:db8:ffff:ffff::fe"];

/// A country that no location lists.
const OTHER_COUNTRY: &str = "ZZ";

/// A place for every set of policies (within `relevant`) that a place can satisfy, the most ordinary first; places where
/// not all of `applying` apply are left out.
///
/// # Errors
/// If the combinations exceed the limit.
pub(crate) fn distinguishable(
    set: &PolicySet,
    relevant: Mask,
    applying: Mask,
) -> Result<Vec<(Network, Mask)>, String> {
    let places = &set.places;
    let mut addresses = Vec::new();
    let mut seen = HashSet::new();
    for (address, is_inside_corporate) in candidates(places) {
        let network = Network { address: Some(address), is_inside_corporate, ..Default::default() };
        let pair = places.by_address(&network);
        if seen.insert(pair) {
            addresses.push((network, pair));
        }
    }
    let by_gps = |wanted: bool| {
        let locations = places.locations.iter().filter_map(move |(location, _)| match &location.kind {
            LocationKind::Countries { countries, by_gps, .. } if *by_gps == wanted => Some(countries),
            _ => None,
        });
        let mut listed: Vec<String> = locations.flatten().cloned().collect();
        listed.sort_unstable();
        listed.dedup();
        listed
    };
    let options = |listed: Vec<String>, plain: Option<String>| -> Vec<Option<String>> {
        let is_asked = !listed.is_empty();
        let mut found = vec![plain.clone()];
        found.extend(listed.into_iter().map(Some));
        if is_asked || plain.is_some() {
            found.push(None);
        }
        found
    };
    let countries = options(by_gps(false), Some(OTHER_COUNTRY.to_owned()));
    let positions = options(by_gps(true), None);
    let asks_for_network =
        places.locations.iter().any(|(location, _)| location.kind == LocationKind::CompliantNetwork);
    let networks: &[bool] = if asks_for_network { &[false, true] } else { &[false] };

    // What is not an address, each distinct contribution once.
    let mut others = Vec::new();
    let mut seen = HashSet::new();
    for country in &countries {
        for gps_country in &positions {
            for is_compliant in networks {
                let network = Network {
                    country: country.clone(),
                    gps_country: gps_country.clone(),
                    is_compliant: *is_compliant,
                    ..Default::default()
                };
                let mut pair = crate::policy_set::Pair::default();
                for (location, named) in &places.locations {
                    let is_address = matches!(location.kind, LocationKind::Addresses { .. });
                    if !is_address && location.contains(&network) {
                        pair.add(*named);
                    }
                }
                if seen.insert(pair) {
                    others.push((network, pair));
                }
            }
        }
    }
    if addresses.len().saturating_mul(others.len()) > MOST_COMBINATIONS {
        return Err(format!("the named locations tell more than {MOST_COMBINATIONS} places apart"));
    }
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (from, by_address) in &addresses {
        for (with, by_other) in &others {
            let mut pair = *by_address;
            pair.add(*by_other);
            let mask = places.applies(pair);
            if applying.is_subset(mask) && seen.insert(mask & relevant) {
                let network = Network {
                    address: from.address,
                    is_inside_corporate: from.is_inside_corporate,
                    ..with.clone()
                };
                found.push((network, mask));
            }
        }
    }
    Ok(found)
}

/// An address of every piece into which the ranges cut the addresses.
fn candidates(places: &Places) -> Vec<(IpAddr, bool)> {
    let mut found: Vec<IpAddr> = ORDINARY.iter().filter_map(|text| text.parse().ok()).collect();
    let mut cut = |ranges: &Ranges| {
        for range in ranges.iter() {
            found.push(address(range.first));
            found.extend(after(range.last).map(address));
        }
    };
    if places.asks_for_trust() {
        cut(&places.trusted_ranges);
        cut(&places.mfa_trusted_ranges);
    }
    for (location, _) in &places.locations {
        if let LocationKind::Addresses { ranges, .. } = &location.kind {
            cut(ranges);
        }
    }
    // The first addresses of each family are a piece of their own where no range begins there.
    found.extend([address((false, 0)), address((true, 1))]);
    // An IPv4 address may hide in an IPv6 one; the mapped form is the same piece.
    debug_assert!(found.iter().all(|address| position(*address).0 == address.to_canonical().is_ipv6()));
    let mut candidates: Vec<(IpAddr, bool)> = found.into_iter().map(|address| (address, false)).collect();
    if places.trusts_intranet {
        candidates.extend(candidates.clone().into_iter().map(|(address, _)| (address, true)));
    }
    candidates
}

fn after((is_v6, number): Position) -> Option<Position> {
    let last = if is_v6 { u128::MAX } else { u128::from(u32::MAX) };
    (number < last).then_some((is_v6, number + 1))
}
