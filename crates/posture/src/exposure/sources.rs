//! Sets of client addresses, as disjoint ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 addresses live at `::ffff:0:0/96`, as in mapped addresses, so that one number line holds both families. Sets
/// are built of ranges of one family ([`Range`]): `::/0` spans that block and names no IPv4 client.
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
        let v4 = Sources::of(["0.0.0.0/0"], false).without(&Sources::of(CLOSED, false));
        Self { v4, v6: Sources::of(["2000::/3"], true) }
    }

    /// The family of an address.
    pub(super) fn family(&self, v6: bool) -> &Sources {
        if v6 { &self.v6 } else { &self.v4 }
    }

    /// Something computed for each family, IPv4 first: whether it is IPv6, and its public addresses.
    pub(super) fn each(&self, compute: impl Fn(bool, &Sources) -> Reach) -> [Reach; 2] {
        [compute(false, &self.v4), compute(true, &self.v6)]
    }
}

/// The place of an address on the number line.
fn position(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => V4 + u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The addresses of one family from `start` to `end`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Whether the family is IPv6.
    pub(super) v6: bool,
    pub(super) start: u128,
    pub(super) end: u128,
}

impl Range {
    /// Reads `a`, `a/len` or `a-b`; `None` for anything else (a service tag, say).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((address, length)) = text.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let length: u32 = length.parse().ok()?;
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let host = bits - (length <= bits).then_some(length)?;
            let mask = if host == 128 { u128::MAX } else { (1 << host) - 1 };
            // Above the IPv4 range no mask bit touches the mapping prefix, because `host` is at most 32 there.
            let start = position(address) & !mask;
            return Some(Self { v6: address.is_ipv6(), start, end: start | mask });
        }
        if let Some((start, end)) = text.split_once('-')
            && let (Ok(start), Ok(end)) = (start.trim().parse::<IpAddr>(), end.trim().parse::<IpAddr>())
        {
            let range = Self { v6: start.is_ipv6(), start: position(start), end: position(end) };
            return (start.is_ipv6() == end.is_ipv6() && range.start <= range.end).then_some(range);
        }
        let address: IpAddr = text.parse().ok()?;
        let at = position(address);
        Some(Self { v6: address.is_ipv6(), start: at, end: at })
    }

    /// Whether `address` is in the range.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        self.v6 == address.is_ipv6() && (self.start..=self.end).contains(&position(address))
    }

    /// Whether every address of `other` is in the range.
    pub(super) fn holds(self, other: Self) -> bool {
        self.v6 == other.v6 && self.start <= other.start && other.end <= self.end
    }

    /// Whether both ranges have an address in common.
    pub(super) fn touches(self, other: Self) -> bool {
        self.v6 == other.v6 && self.start <= other.end && other.start <= self.end
    }
}

/// Whether ranges of IPv4 addresses, taken together, let in more public addresses than an approval list would;
/// `None` if one of them is no range.
pub(crate) fn admit_the_internet<'a>(ranges: impl Iterator<Item = &'a str>) -> Option<bool> {
    let ranges: Option<Vec<Range>> = ranges.map(Range::parse).collect();
    let sources = Sources::of_ranges(ranges?.into_iter(), false);
    Some(sources.and(Internet::new().family(false)).is_wide())
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

    /// What texts name of one family, leaving out what is no range.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = &'t str>, v6: bool) -> Self {
        Self::of_ranges(texts.into_iter().filter_map(Range::parse), v6)
    }

    fn of_ranges(ranges: impl Iterator<Item = Range>, v6: bool) -> Self {
        Self::new(ranges.filter(|range| range.v6 == v6).map(|range| (range.start, range.end)).collect())
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
        let ranges: Vec<Range> = texts.iter().map(|text| Range::parse(text).unwrap()).collect();
        Sources::new(ranges.iter().map(|range| (range.start, range.end)).collect())
    }

    #[test]
    fn reads_addresses_prefixes_and_ranges() {
        assert_eq!(set(&["10.1.2.3/8"]), set(&["10.0.0.0-10.255.255.255"]));
        let all_v4 = Range { v6: false, start: V4, end: V4 + u128::from(u32::MAX) };
        assert_eq!(Range::parse("0.0.0.0/0"), Some(all_v4));
        assert_eq!(Range::parse("::/0"), Some(Range { v6: true, start: 0, end: u128::MAX }));
        for text in ["Internet", "10.0.0.0/33", "1.2.3", "", "10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_prefix_of_one_family_names_a_client_of_the_other() {
        let all_v6 = Range::parse("::/0").unwrap();
        assert!(!all_v6.contains("203.0.113.9".parse().unwrap()) && all_v6.contains("::1".parse().unwrap()));
        assert!(!all_v6.holds(Range::parse("10.0.0.0/8").unwrap()));
        assert!(!all_v6.touches(Range::parse("10.0.0.0/8").unwrap()));
        assert!(Sources::of(["::/0", "::/1"], false).is_empty());
        let internet = Internet::new();
        let all = internet.each(|v6, family| Reach::of(&Sources::of(["::/0"], v6), family));
        assert_eq!(all, [Reach::Nothing, Reach::Everything]);
    }

    #[test]
    fn many_narrow_ranges_may_admit_the_internet_together() {
        let halves = ["0.0.0.0/1", "128.0.0.0-255.255.255.255"];
        assert_eq!(admit_the_internet(halves.into_iter()), Some(true));
        let pair = ["198.51.0.0/16", "203.0.0.0/16"];
        assert_eq!(admit_the_internet(pair.into_iter()), Some(true));
        assert_eq!(admit_the_internet(pair.into_iter().take(1)), Some(false));
        assert_eq!(admit_the_internet(["10.0.0.0/8"].into_iter()), Some(false), "no public address");
        assert_eq!(admit_the_internet(["office"].into_iter()), None);
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
        let [v4, v6] =
            internet.each(|v6, family| Reach::of(&Sources::of(["0.0.0.0/1", "128.0.0.0/1"], v6), family));
        assert_eq!((v4, v6), (Reach::Everything, Reach::Nothing));
        assert!(set(&["8.0.0.0/8"]).is_wide());
        assert!(!set(&["203.0.113.0/24"]).is_wide());
        assert!(set(&["2a00::/12"]).is_wide());
        assert!(!set(&["2a00:1234::/48"]).is_wide());
        assert_eq!(Reach::of(&set(&["10.0.0.0/8", "168.63.129.16"]), internet.family(false)), Reach::Nothing);
    }
}
