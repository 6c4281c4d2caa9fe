//! Lists of addresses that the user supplies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses and networks, looked up in logarithmic time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressList {
    /// First and last address of each range, ascending and apart; IPv4 as mapped into IPv6.
    ranges: Vec<(u128, u128)>,
}

/// A line of a list that is neither address nor network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} of the address list has `{text}`, which is neither an address nor a network such as 192.0.2.0/24"
)]
pub struct AddressListError {
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// The lists that detections ask.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Exits of Tor, anonymous proxies and VPNs.
    pub anonymous: AddressList,
    /// Addresses of bad reputation.
    pub malicious: AddressList,
    /// Addresses of known threat actors.
    pub threat_actors: AddressList,
    /// The organisation's own: trusted named locations and exits of its VPN. They lower risk and end no journey.
    pub trusted: AddressList,
}

impl AddressList {
    /// Reads a list with one address or network a line; what follows `#` or `;` is a comment, and so is what follows a
    /// blank or comma.
    ///
    /// # Errors
    /// The first line that is neither.
    pub fn parse(text: &str) -> Result<Self, AddressListError> {
        let mut ranges = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split(['#', ';']).next().unwrap_or_default().trim();
            let word = line.split([' ', '\t', ',']).next().unwrap_or_default();
            if word.is_empty() {
                continue;
            }
            let wrong = || AddressListError { line: number + 1, text: word.chars().take(60).collect() };
            ranges.push(range(word).ok_or_else(wrong)?);
        }
        Ok(Self { ranges: merged(ranges) })
    }

    /// True if the address is on the list.
    pub fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        let after = self.ranges.partition_point(|(first, _)| *first <= number);
        after > 0 && number <= self.ranges[after - 1].1
    }

    /// How many ranges the list has, adjoining ones counted as one.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// True if nothing is on the list.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

fn range(text: &str) -> Option<(u128, u128)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let free = width - bits.unwrap_or(width).min(width);
    if bits.is_some_and(|bits| bits > width) {
        return None;
    }
    let mask = if free == 128 { u128::MAX } else { (1 << free) - 1 };
    let first = number(address) & !mask;
    Some((first, first | mask))
}

fn number(address: IpAddr) -> u128 {
    let mapped = |v4: Ipv4Addr| v4.to_ipv6_mapped();
    let v6: Ipv6Addr = match address {
        IpAddr::V4(v4) => mapped(v4),
        IpAddr::V6(v6) => v6,
    };
    v6.into()
}

fn merged(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_found() {
        let text = "# exits\n192.0.2.0/25 tor\n192.0.2.128/25\n203.0.113.9,proxy\n\n2001:db8::/32 ; v6\n";
        let list = AddressList::parse(text).unwrap();
        assert_eq!(list.len(), 3);
        let contains = |address: &str| list.contains(address.parse().unwrap());
        assert!(contains("192.0.2.200") && contains("203.0.113.9") && contains("2001:db8:1::1"));
        assert!(contains("::ffff:192.0.2.1"), "IPv4 written as IPv6");
        assert!(!contains("192.0.3.0") && !contains("203.0.113.8") && !contains("2001:db9::"));
    }

    #[test]
    fn other_lines_are_named() {
        let error = AddressList::parse("192.0.2.1\nexample.com\n").unwrap_err();
        assert_eq!(error, AddressListError { line: 2, text: "example.com".to_owned() });
        assert!(AddressList::parse("192.0.2.1/33").is_err() && AddressList::parse("::/129").is_err());
        assert!(AddressList::parse("::/0").unwrap().contains("192.0.2.1".parse().unwrap()));
    }
}
