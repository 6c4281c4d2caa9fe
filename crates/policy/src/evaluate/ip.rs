//! Ranges of IP addresses: one address, `address/prefix`, or `first-last`, of either family.

use std::net::IpAddr;

/// A range of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u128,
    last: u128,
    is_v6: bool,
}

/// Whether `range` contains all of `target`.
///
/// # Errors
/// If a range is empty, or the families differ. What is no range contains nothing.
pub(crate) fn contains(range: &str, target: &str) -> Result<bool, String> {
    let (Ok(outer), Ok(inner)) = (parse(range), parse(target)) else { return Ok(false) };
    if outer.first > outer.last || inner.first > inner.last {
        return Err("the range is empty".to_owned());
    }
    if outer.is_v6 != inner.is_v6 {
        return Err(format!("`{range}` and `{target}` are of different address families"));
    }
    Ok(outer.first <= inner.first && inner.last <= outer.last)
}

fn parse(text: &str) -> Result<Range, String> {
    let bad = || format!("`{text}` is no address, `address/prefix` or `first-last`");
    let trimmed = text.trim();
    if let Some((first, last)) = trimmed.split_once('-') {
        let (first, last) = (address(first).ok_or_else(bad)?, address(last).ok_or_else(bad)?);
        if first.1 != last.1 {
            return Err(bad());
        }
        return Ok(Range { first: first.0, last: last.0, is_v6: first.1 });
    }
    if let Some((base, prefix)) = trimmed.split_once('/') {
        let (base, is_v6) = address(base).ok_or_else(bad)?;
        let bits: u32 = if is_v6 { 128 } else { 32 };
        let prefix: u32 = prefix.trim().parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(bad)?;
        let size = bits - prefix;
        let low = if size == 128 { u128::MAX } else { (1 << size) - 1 };
        return Ok(Range { first: base & !low, last: base | low, is_v6 });
    }
    let (only, is_v6) = address(trimmed).ok_or_else(bad)?;
    Ok(Range { first: only, last: only, is_v6 })
}

fn address(text: &str) -> Option<(u128, bool)> {
    match text.trim().parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)), false)),
        IpAddr::V6(address) => Some((u128::from(address), true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, target, expected) in [
            ("10.0.0.0/8", "10.0.0.0/16", Some(true)),
            ("10.0.0.0/16", "10.0.0.0/8", Some(false)),
            ("192.168.0.1-192.168.0.9", "192.168.0.0/29", Some(false)),
            ("2001:0DB8::/110", "2001:0DB8::3:FFFE", Some(true)),
            ("10.0.0.0/8", "::1", None),
            ("x", "10.0.0.1", Some(false)),
            ("10.0.0.9-10.0.0.1", "10.0.0.1", None),
            ("::/0", "ffff::", Some(true)),
        ] {
            assert_eq!(contains(range, target).ok(), expected, "{range} {target}");
        }
    }
}
