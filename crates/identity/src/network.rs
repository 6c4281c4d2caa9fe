//! Addresses, ranges and named locations.

use std::net::IpAddr;

use serde_json::Value;

use crate::json::{flag, items, strings, text};

/// A range of addresses, IPv4 in its own part of the number line, IPv6 above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub(crate) first: Position,
    pub(crate) last: Position,
}

/// An address as a number: false and the IPv4 number, true and the IPv6 number.
pub(crate) type Position = (bool, u128);

/// The position of an address. An IPv4 address written as IPv6 is the IPv4 address.
pub(crate) fn position(address: IpAddr) -> Position {
    match address.to_canonical() {
        IpAddr::V4(address) => (false, u128::from(u32::from(address))),
        IpAddr::V6(address) => (true, u128::from(address)),
    }
}

/// The address at a position.
pub(crate) fn address((is_v6, number): Position) -> IpAddr {
    if is_v6 {
        return IpAddr::V6(number.into());
    }
    IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into())
}

impl Range {
    /// Reads `192.0.2.0/24` or `2001:db8::/32`; a single address is a range of one.
    ///
    /// # Errors
    /// A text that says what is no range.
    pub fn parse(text: &str) -> Result<Range, String> {
        let (start, length) = match text.trim().split_once('/') {
            Some((start, length)) => (start, Some(length)),
            None => (text.trim(), None),
        };
        let start: IpAddr = start.parse().map_err(|_| format!("`{text}` is no range of addresses"))?;
        let width = if start.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => width,
            Some(length) => length
                .parse::<u32>()
                .ok()
                .filter(|length| *length <= width)
                .ok_or_else(|| format!("`{text}` has no prefix length of 0 to {width}"))?,
        };
        let (is_v6, number) = match start {
            IpAddr::V4(start) => (false, u128::from(u32::from(start))),
            IpAddr::V6(start) => (true, u128::from(start)),
        };
        let span = if width == length { 0 } else { u128::MAX >> (128 - (width - length)) };
        Ok(Range { first: (is_v6, number & !span), last: (is_v6, number | span) })
    }

    /// The prefix length of `…/24`, if the text has one.
    pub(crate) fn prefix_length(text: &str) -> Option<u32> {
        text.split_once('/')?.1.trim().parse().ok()
    }
}

/// Ranges that are sorted and do not overlap, so that an address is found by halving.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges(Vec<Range>);

impl Ranges {
    /// Sorts and joins ranges.
    pub fn new(mut ranges: Vec<Range>) -> Ranges {
        ranges.sort_unstable();
        let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.first <= last.last => last.last = last.last.max(range.last),
                _ => joined.push(range),
            }
        }
        Ranges(joined)
    }

    /// True if the address is in one of the ranges.
    pub fn contains(&self, address: IpAddr) -> bool {
        let position = position(address);
        let at = self.0.partition_point(|range| range.first <= position);
        at > 0 && position <= self.0[at - 1].last
    }

    /// The ranges in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Range> {
        self.0.iter()
    }
}

/// A named location.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedLocation {
    /// Its id in policies.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
    /// What it covers.
    pub kind: LocationKind,
}

/// What a named location covers.
#[derive(Clone, Debug, PartialEq)]
pub enum LocationKind {
    /// Ranges of addresses (`ipNamedLocation`).
    Addresses {
        /// The ranges.
        ranges: Ranges,
        /// True if the location is marked as trusted, and so belongs to `AllTrusted`.
        is_trusted: bool,
    },
    /// Countries (`countryNamedLocation`).
    Countries {
        /// Two-letter codes in upper case.
        countries: Vec<String>,
        /// True if what no country is known of belongs to it.
        include_unknown: bool,
        /// True if the Authenticator app tells the country by GPS, false if the address does.
        by_gps: bool,
    },
    /// The compliant network of Global Secure Access (`compliantNetworkNamedLocation`).
    CompliantNetwork,
}

/// Where a sign-in comes from, as the identity provider sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// The address.
    pub address: Option<IpAddr>,
    /// The country of the address, two letters.
    pub country: Option<String>,
    /// The country that the Authenticator app reports.
    pub gps_country: Option<String>,
    /// True if the traffic comes through Global Secure Access of this tenant.
    pub is_compliant: bool,
    /// True if the federation service says that the request comes from inside (`insidecorporatenetwork`).
    pub is_inside_corporate: bool,
}

impl NamedLocation {
    /// Reads a named location of Microsoft Graph. Ranges that are none are left out; validation reports them.
    pub fn from_json(document: &Value) -> NamedLocation {
        let kind = text(document, "@odata.type").unwrap_or_default().to_lowercase();
        let kind = if kind.ends_with("countrynamedlocation") {
            LocationKind::Countries {
                countries: strings(document, "countriesAndRegions")
                    .iter()
                    .map(|code| code.to_uppercase())
                    .collect(),
                include_unknown: flag(document, "includeUnknownCountriesAndRegions"),
                by_gps: text(document, "countryLookupMethod") == Some("authenticatorAppGps"),
            }
        } else if kind.ends_with("compliantnetworknamedlocation") {
            LocationKind::CompliantNetwork
        } else {
            let ranges = items(document, "ipRanges").iter().filter_map(|range| text(range, "cidrAddress"));
            LocationKind::Addresses {
                ranges: Ranges::new(ranges.filter_map(|range| Range::parse(range).ok()).collect()),
                is_trusted: flag(document, "isTrusted"),
            }
        };
        NamedLocation {
            id: text(document, "id").unwrap_or_default().to_owned(),
            display_name: text(document, "displayName").unwrap_or_default().to_owned(),
            kind,
        }
    }

    /// True if a sign-in from there is inside this location.
    pub fn contains(&self, network: &Network) -> bool {
        match &self.kind {
            LocationKind::Addresses { ranges, .. } => {
                network.address.is_some_and(|address| ranges.contains(address))
            }
            LocationKind::Countries { countries, include_unknown, by_gps } => {
                let country = if *by_gps { &network.gps_country } else { &network.country };
                match country {
                    Some(country) => countries.iter().any(|listed| listed.eq_ignore_ascii_case(country)),
                    // A position that was not told is no unknown country.
                    None => *include_unknown && !*by_gps,
                }
            }
            LocationKind::CompliantNetwork => network.is_compliant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_first_and_last_address() {
        let parsed = ["198.51.100.0/24", "198.51.100.128/25", "2001:db8::/32", "192.0.2.1"];
        let ranges = Ranges::new(parsed.iter().map(|text| Range::parse(text).expect(text)).collect());
        for inside in
            ["198.51.100.0", "198.51.100.255", "2001:db8:ffff::1", "192.0.2.1", "::ffff:198.51.100.7"]
        {
            assert!(ranges.contains(inside.parse().expect(inside)), "{inside}");
        }
        for outside in ["198.51.101.0", "198.51.99.255", "2001:db9::", "192.0.2.2", "::c633:6407"] {
            assert!(!ranges.contains(outside.parse().expect(outside)), "{outside}");
        }
        assert!(Range::parse("0.0.0.0/0").is_ok() && Range::parse("::/0").is_ok());
        assert!(Range::parse("192.0.2.0/33").is_err() && Range::parse("example").is_err());
    }
}
