//! Sets of client addresses, as disjoint ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 addresses live at `::ffff:0:0/96`, as in mapped addresses, so that one number line holds both families.
const V4: u128 = 0xffff_0000_0000;

/// Public address ranges of more addresses than this are taken as "the internet": 65,536 IPv4 addresses (a /16).
const WIDE_V4: u128 = 1 << 16;
/// The same for IPv6: a /32, what a registry gives one provider.
const WIDE_V6: u128 = 1 << 96;

/// Sorted, disjoint, inclusive ranges of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<(u128, u128)>);

/// What part of the internet, IPv4 or IPv6, passes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No public address.
    Nothing,
    /// Every public address.
    Everything,
    /// These public addresses.
    Part(Sources),
}

/// The public addresses of one family. A client and the address it calls are of the same family, so each way
/// is judged within one of them.
#[derive(Debug)]
pub(super) struct Internet {
    v4: Sources,
    v6: Sources,
}

impl Internet {
    /// IPv4 outside the ranges that are private, shared, local, reserved or the platform's own, and the global
    /// unicast range of IPv6.
    pub(super) fn new() -> Self {
        const CLOSED: [&str; 10] = [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/3",
        ];
        let ranges =
            |texts: &[&str]| Sources::new(texts.iter().filter_map(|text| parse_range(text)).collect());
        Self { v4: ranges(&["0.0.0.0/0"]).without(&ranges(&CLOSED)), v6: ranges(&["2000::/3"]) }
    }

    /// The family of an address.
    pub(super) fn family(&self, v6: bool) -> &Sources {
        if v6 { &self.v6 } else { &self.v4 }
    }

    /// Something computed for each family, IPv4 first.
    pub(super) fn each(&self, compute: impl Fn(&Sources) -> Reach) -> [Reach; 2] {
        [compute(&self.v4), compute(&self.v6)]
    }
}

/// The place of an address on the number line.
pub(super) fn position(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => V4 + u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Reads `a`, `a/len` or `a-b` as an inclusive range; `None` for anything else (a service tag, say).
pub(super) fn parse_range(text: &str) -> Option<(u128, u128)> {
    let text = text.trim();
    if let Some((address, length)) = text.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let length: u32 = length.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let host = bits - (length <= bits).then_some(length)?;
        let mask = if host == 128 { u128::MAX } else { (1 << host) - 1 };
        // Above the IPv4 range no mask bit touches the mapping prefix, because `host` is at most 32 there.
        let start = position(address) & !mask;
        return Some((start, start | mask));
    }
    if let Some((start, end)) = text.split_once('-')
        && let (Ok(start), Ok(end)) = (start.trim().parse::<IpAddr>(), end.trim().parse::<IpAddr>())
    {
        let (start, end) = (position(start), position(end));
        return (start <= end).then_some((start, end));
    }
    let at = position(text.parse().ok()?);
    Some((at, at))
}

impl Sources {
    /// The union of ranges in any order.
    pub fn new(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        Self(merged)
    }

    /// Whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        let at = position(address);
        self.0.iter().any(|(start, end)| (*start..=*end).contains(&at))
    }

    /// The addresses that are in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut left, mut right) = (0, 0);
        while let (Some(a), Some(b)) = (self.0.get(left), other.0.get(right)) {
            let (start, end) = (a.0.max(b.0), a.1.min(b.1));
            if start <= end {
                both.push((start, end));
            }
            if a.1 < b.1 { left += 1 } else { right += 1 }
        }
        Self(both)
    }

    /// The addresses of `self` that `other` lacks.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        let mut from = 0;
        for &(mut start, end) in &self.0 {
            while other.0.get(from).is_some_and(|range| range.1 < start) {
                from += 1;
            }
            let mut covered = false;
            for &(cut_start, cut_end) in &other.0[from..] {
                if cut_start > end {
                    break;
                }
                if cut_start > start {
                    rest.push((start, cut_start - 1));
                }
                if cut_end >= end {
                    covered = true;
                    break;
                }
                start = cut_end + 1;
            }
            if !covered {
                rest.push((start, end));
            }
        }
        Self(rest)
    }

    /// The addresses of either set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self::new(self.0.iter().chain(&other.0).copied().collect())
    }

    /// The number of IPv4 and of IPv6 addresses, which saturates.
    fn sizes(&self) -> (u128, u128) {
        let mut sizes = (0_u128, 0_u128);
        for (start, end) in &self.0 {
            let size = end - start;
            let slot =
                if *start >= V4 && *end <= V4 + u128::from(u32::MAX) { &mut sizes.0 } else { &mut sizes.1 };
            *slot = slot.saturating_add(size).saturating_add(1);
        }
        sizes
    }

    /// Whether the set holds more public addresses than an approval list would: above 65,536 of IPv4 (a /16), or
    /// above a /32 of IPv6.
    pub fn is_wide(&self) -> bool {
        let (v4, v6) = self.sizes();
        v4 > WIDE_V4 || v6 > WIDE_V6
    }

    /// The first and last address of each range.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> {
        self.0.iter().map(|(start, end)| (address(*start), address(*end)))
    }
}

fn address(at: u128) -> IpAddr {
    match at.checked_sub(V4).and_then(|offset| u32::try_from(offset).ok()) {
        Some(v4) => IpAddr::V4(Ipv4Addr::from(v4)),
        None => IpAddr::V6(Ipv6Addr::from(at)),
    }
}

impl Reach {
    /// The part of the internet that `sources` are; whole if nothing of it is missing.
    pub(super) fn of(sources: &Sources, internet: &Sources) -> Self {
        let part = sources.and(internet);
        if part.is_empty() {
            Reach::Nothing
        } else if part == *internet {
            Reach::Everything
        } else {
            Reach::Part(part)
        }
    }

    /// Whether no address is left.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Reach::Nothing)
    }

    /// Whether the internet at large is in it ([`Sources::is_wide`]).
    pub fn is_wide(&self) -> bool {
        match self {
            Reach::Nothing => false,
            Reach::Everything => true,
            Reach::Part(sources) => sources.is_wide(),
        }
    }

    /// The addresses, spelt out.
    pub(super) fn sources(&self, internet: &Sources) -> Sources {
        match self {
            Reach::Nothing => Sources::default(),
            Reach::Everything => internet.clone(),
            Reach::Part(sources) => sources.clone(),
        }
    }

    /// What is in both.
    pub(super) fn and(&self, other: &Reach, internet: &Sources) -> Reach {
        match (self, other) {
            (Reach::Nothing, _) | (_, Reach::Nothing) => Reach::Nothing,
            (Reach::Everything, reach) | (reach, Reach::Everything) => reach.clone(),
            (Reach::Part(left), Reach::Part(right)) => Reach::of(&left.and(right), internet),
        }
    }

    /// What is in either.
    pub(super) fn or(&self, other: &Reach, internet: &Sources) -> Reach {
        match (self, other) {
            (Reach::Everything, _) | (_, Reach::Everything) => Reach::Everything,
            (Reach::Nothing, reach) | (reach, Reach::Nothing) => reach.clone(),
            (Reach::Part(left), Reach::Part(right)) => Reach::of(&left.or(right), internet),
        }
    }

    /// What `other` leaves.
    pub(super) fn without(&self, other: &Reach, internet: &Sources) -> Reach {
        match (self, other) {
            (Reach::Nothing, _) | (_, Reach::Everything) => Reach::Nothing,
            (_, Reach::Nothing) => self.clone(),
            (_, Reach::Part(right)) => Reach::of(&self.sources(internet).without(right), internet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> Sources {
        Sources::new(texts.iter().map(|text| parse_range(text).unwrap()).collect())
    }

    #[test]
    fn reads_addresses_prefixes_and_ranges() {
        assert_eq!(set(&["10.1.2.3/8"]), set(&["10.0.0.0-10.255.255.255"]));
        assert_eq!(parse_range("0.0.0.0/0"), Some((V4, V4 + u128::from(u32::MAX))));
        assert_eq!(parse_range("::/0"), Some((0, u128::MAX)));
        for text in ["Internet", "10.0.0.0/33", "1.2.3", "", "10.0.0.9-10.0.0.1"] {
            assert_eq!(parse_range(text), None, "{text}");
        }
    }

    #[test]
    fn set_algebra_agrees_with_membership() {
        let a = set(&["1.0.0.0/8", "5.0.0.0/8", "9.0.0.0/8"]);
        let b = set(&["1.128.0.0/9", "5.0.0.0-9.0.0.255"]);
        for text in ["1.0.0.1", "1.200.0.1", "5.1.1.1", "6.1.1.1", "9.0.0.200", "9.0.1.0", "10.0.0.0"] {
            let at = text.parse().unwrap();
            let (in_a, in_b) = (a.contains(at), b.contains(at));
            assert_eq!(a.and(&b).contains(at), in_a && in_b, "{text}");
            assert_eq!(a.or(&b).contains(at), in_a || in_b, "{text}");
            assert_eq!(a.without(&b).contains(at), in_a && !in_b, "{text}");
        }
    }

    #[test]
    fn two_halves_are_the_internet_and_an_office_is_not() {
        let internet = Internet::new();
        let [v4, v6] = internet.each(|family| Reach::of(&set(&["0.0.0.0/1", "128.0.0.0/1"]), family));
        assert_eq!((v4, v6), (Reach::Everything, Reach::Nothing));
        assert!(set(&["8.0.0.0/8"]).is_wide());
        assert!(!set(&["203.0.113.0/24"]).is_wide());
        assert!(set(&["2a00::/12"]).is_wide());
        assert!(!set(&["2a00:1234::/48"]).is_wide());
        assert_eq!(Reach::of(&set(&["10.0.0.0/8", "168.63.129.16"]), internet.family(false)), Reach::Nothing);
    }
}
