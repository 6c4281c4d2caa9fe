//! IPv4 and IPv6 addresses and their prefixes.
//!
//! An address may carry a prefix (`192.168.1.0/24`); two that are compared are cut to the shortest prefix that one of
//! them, or the call, names. IPv4 within IPv6 is `::ffff:a.b.c.d`, and a prefix written behind a dotted address counts
//! from there.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::strings::written;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["parse_ipv4"], |_, arguments| {
        Ok(read4(&arguments[0]).map(|net| i64::from(net.cut())).into())
    }),
    Function::pure(&["parse_ipv4_mask"], parse_ipv4_mask),
    Function::pure(&["format_ipv4"], |_, arguments| Ok(format_ipv4(arguments, false))),
    Function::pure(&["format_ipv4_mask"], |_, arguments| Ok(format_ipv4(arguments, true))),
    Function::pure(&["ipv4_compare"], |_, arguments| {
        Ok(compare4(arguments).map(|order| order as i64).into())
    }),
    Function::pure(&["ipv4_is_match"], |_, arguments| {
        Ok(compare4(arguments).map(std::cmp::Ordering::is_eq).into())
    }),
    Function::pure(&["ipv4_is_in_range"], |_, arguments| Ok(in_range4(&arguments[0], &arguments[1]).into())),
    Function::pure(&["ipv4_is_in_any_range"], |_, arguments| Ok(in_any_range(arguments, in_range4))),
    Function::pure(&["ipv4_is_private"], |_, arguments| Ok(read4(&arguments[0]).map(is_private).into())),
    Function::pure(&["ipv4_netmask_suffix"], |_, arguments| {
        Ok(read4(&arguments[0]).map(|net| i64::from(net.prefix)).into())
    }),
    Function::pure(&["ipv4_range_to_cidr_list"], ipv4_range_to_cidr_list),
    Function::pure(&["parse_ipv6"], |_, arguments| {
        Ok(read6(&arguments[0]).map_or("".into(), |net| spell(net.cut())))
    }),
    Function::pure(&["parse_ipv6_mask"], parse_ipv6_mask),
    Function::pure(&["ipv6_compare"], |_, arguments| {
        Ok(compare6(arguments).map(|order| order as i64).into())
    }),
    Function::pure(&["ipv6_is_match"], |_, arguments| {
        Ok(compare6(arguments).map(std::cmp::Ordering::is_eq).into())
    }),
    Function::pure(&["ipv6_is_in_range"], |_, arguments| Ok(in_range6(&arguments[0], &arguments[1]).into())),
    Function::pure(&["ipv6_is_in_any_range"], |_, arguments| Ok(in_any_range(arguments, in_range6))),
    Function::pure(&["has_ipv4"], |_, arguments| Ok(has_any(arguments, false))),
    Function::pure(&["has_any_ipv4"], |_, arguments| Ok(has_any(arguments, false))),
    Function::pure(&["has_ipv4_prefix"], |_, arguments| Ok(has_any(arguments, true))),
    Function::pure(&["has_any_ipv4_prefix"], |_, arguments| Ok(has_any(arguments, true))),
];

/// An IPv4 address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net4 {
    /// The 32 bits
    pub address: u32,
    /// 0 to 32
    pub prefix: u32,
}

impl Net4 {
    /// The address with the bits beyond the prefix cleared.
    pub fn cut(self) -> u32 {
        cut4(self.address, self.prefix)
    }
}

/// An IPv6 address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net6 {
    /// The 128 bits
    pub address: u128,
    /// 0 to 128
    pub prefix: u32,
}

impl Net6 {
    /// The address with the bits beyond the prefix cleared.
    pub fn cut(self) -> u128 {
        cut6(self.address, self.prefix)
    }
}

fn cut4(address: u32, prefix: u32) -> u32 {
    address & u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0)
}

fn cut6(address: u128, prefix: u32) -> u128 {
    address & u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0)
}

/// Reads `a.b.c.d` or `a.b.c.d/n`.
pub fn net4(text: &str) -> Option<Net4> {
    let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
    let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
    Some(Net4 { address, prefix: prefix.map_or(Some(32), |prefix| suffix(prefix, 32))? })
}

/// Reads an IPv6 address, an IPv4 one, or one within the other, with a prefix or without.
pub fn net6(text: &str) -> Option<Net6> {
    let text = text.trim();
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let bits = match address.parse::<Ipv4Addr>() {
        Ok(address) => u128::from(address.to_ipv6_mapped()),
        Err(_) => u128::from(address.parse::<Ipv6Addr>().ok()?),
    };
    let dotted = address.contains('.');
    let prefix = match prefix {
        None => 128,
        Some(prefix) if dotted => suffix(prefix, 32)? + 96,
        Some(prefix) => suffix(prefix, 128)?,
    };
    Some(Net6 { address: bits, prefix })
}

fn suffix(text: &str, most: u32) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|prefix| *prefix <= most)
}

fn read4(value: &Value) -> Option<Net4> {
    net4(value.as_str()?)
}

fn read6(value: &Value) -> Option<Net6> {
    net6(value.as_str()?)
}

/// The prefix that a call names; without one, all bits.
fn given_prefix(arguments: &[Value], index: usize, most: u32) -> Option<u32> {
    match arguments.get(index) {
        None => Some(most),
        Some(prefix) => u32::try_from(prefix.as_long()?).ok().filter(|prefix| *prefix <= most),
    }
}

fn parse_ipv4_mask(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(net), Some(prefix)) = (read4(&arguments[0]), given_prefix(arguments, 1, 32)) else {
        return Ok(Value::Null);
    };
    Ok(Value::Long(i64::from(cut4(net.address, net.prefix.min(prefix)))))
}

fn format_ipv4(arguments: &[Value], with_prefix: bool) -> Value {
    let net = match &arguments[0] {
        number @ (Value::Int(_) | Value::Long(_)) => number
            .as_long()
            .and_then(|number| u32::try_from(number).ok())
            .map(|address| Net4 { address, prefix: 32 }),
        text => read4(text),
    };
    let (Some(net), Some(prefix)) = (net, given_prefix(arguments, 1, 32)) else { return "".into() };
    let prefix = net.prefix.min(prefix);
    let address = Ipv4Addr::from(cut4(net.address, prefix));
    if with_prefix { format!("{address}/{prefix}").into() } else { address.to_string().into() }
}

fn compare4(arguments: &[Value]) -> Option<std::cmp::Ordering> {
    let (left, right) = (read4(&arguments[0])?, read4(&arguments[1])?);
    let prefix = given_prefix(arguments, 2, 32)?.min(left.prefix).min(right.prefix);
    Some(cut4(left.address, prefix).cmp(&cut4(right.address, prefix)))
}

fn compare6(arguments: &[Value]) -> Option<std::cmp::Ordering> {
    // `::a.b.c.d` compares as the IPv4 address that it is written as.
    let mapped = |value: &Value| {
        let net = read6(value)?;
        let dotted = value.as_str().is_some_and(|text| text.contains('.')) && net.address >> 32 == 0;
        Some(if dotted { Net6 { address: net.address | (0xFFFF << 32), ..net } } else { net })
    };
    let (left, right) = (mapped(&arguments[0])?, mapped(&arguments[1])?);
    let prefix = given_prefix(arguments, 2, 128)?.min(left.prefix).min(right.prefix);
    Some(cut6(left.address, prefix).cmp(&cut6(right.address, prefix)))
}

fn in_range4(address: &Value, range: &Value) -> Option<bool> {
    let (address, range) = (read4(address)?, read4(range)?);
    Some(
        cut4(address.address, range.prefix.min(address.prefix))
            == cut4(range.address, range.prefix.min(address.prefix)),
    )
}

fn in_range6(address: &Value, range: &Value) -> Option<bool> {
    let (address, range) = (read6(address)?, read6(range)?);
    Some(
        cut6(address.address, range.prefix.min(address.prefix))
            == cut6(range.address, range.prefix.min(address.prefix)),
    )
}

/// The texts behind the first argument: given one by one, or as an array.
fn spread(arguments: &[Value]) -> impl Iterator<Item = Value> + '_ {
    arguments.iter().flat_map(|argument| match argument.as_array() {
        Some(items) => items.iter().map(Json::to_value).collect(),
        None => vec![argument.clone()],
    })
}

/// Null if the address is none; ranges that are none are passed over.
fn in_any_range(arguments: &[Value], test: fn(&Value, &Value) -> Option<bool>) -> Value {
    if test(&arguments[0], &arguments[0]).is_none() {
        return Value::Null;
    }
    Value::Bool(spread(&arguments[1..]).any(|range| test(&arguments[0], &range) == Some(true)))
}

/// Within the ranges that RFC 1918 keeps for private networks.
fn is_private(net: Net4) -> bool {
    [(0x0A00_0000, 8), (0xAC10_0000, 12), (0xC0A8_0000, 16)]
        .iter()
        .any(|&(range, prefix)| net.prefix >= prefix && cut4(net.address, prefix) == range)
}

/// `ipv4_range_to_cidr_list(start, end)`: the fewest blocks that make up the range.
fn ipv4_range_to_cidr_list(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(start), Some(end)) = (read4(&arguments[0]), read4(&arguments[1])) else {
        return Ok(Value::Null);
    };
    let (mut at, end) = (u64::from(start.address), u64::from(end.address));
    let mut blocks = Vec::new();
    while at <= end {
        let mut size = 32_u32.min(at.trailing_zeros());
        while at + (1 << size) - 1 > end {
            size -= 1;
        }
        blocks.push(Json::string(format!("{}/{}", Ipv4Addr::from(at as u32), 32 - size)));
        at += 1 << size;
    }
    Ok(Value::array(blocks))
}

fn parse_ipv6_mask(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(net), Some(prefix)) = (read6(&arguments[0]), given_prefix(arguments, 1, 128)) else {
        return Ok("".into());
    };
    Ok(spell(cut6(net.address, net.prefix.min(prefix))))
}

/// Eight groups of four digits.
fn spell(address: u128) -> Value {
    let groups: Vec<String> =
        Ipv6Addr::from(address).segments().iter().map(|group| format!("{group:04x}")).collect();
    groups.join(":").into()
}

/// Does the text have the address, or one that begins so, between characters that are neither letters nor digits? A prefix
/// is a whole address or ends in a dot.
fn has_any(arguments: &[Value], prefix: bool) -> Value {
    let text = written(&arguments[0]);
    let addresses: Vec<&str> = addresses(&text).collect();
    let found = spread(&arguments[1..]).any(|wanted| {
        let Some(wanted) = wanted.as_str() else { return false };
        if wanted.parse::<Ipv4Addr>().is_ok() {
            addresses.contains(&wanted)
        } else {
            prefix && is_prefix(wanted) && addresses.iter().any(|address| address.starts_with(wanted))
        }
    });
    Value::Bool(found)
}

fn is_prefix(text: &str) -> bool {
    let Some(parts) = text.strip_suffix('.') else { return false };
    parts.split('.').count() <= 3 && parts.split('.').all(|part| suffix(part, 255).is_some())
}

/// The addresses that stand in a text.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_alphanumeric() || character == '.'))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Value, text};

    fn call(name: &str, arguments: &[Value]) -> String {
        text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), arguments).unwrap())
    }

    #[test]
    fn ipv4() {
        assert_eq!(call("parse_ipv4", &["192.168.1.1/24".into()]), "3232235776");
        assert_eq!(call("parse_ipv4", &["1.2.3.4//8".into()]), "");
        assert_eq!(call("format_ipv4_mask", &["192.168.1.1/24".into(), 32.into()]), "192.168.1.0/24");
        assert_eq!(
            call("ipv4_range_to_cidr_list", &["1.1.128.0".into(), "1.1.140.255".into()]),
            r#"["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]"#
        );
        assert_eq!(
            call("ipv4_range_to_cidr_list", &["0.0.0.0".into(), "255.255.255.255".into()]),
            r#"["0.0.0.0/0"]"#
        );
        assert_eq!(call("has_ipv4_prefix", &["GET 127.0.0.256 x".into(), "127.0.".into()]), "False");
        assert_eq!(
            call("has_any_ipv4", &["05:04 127.0.0.1 GET".into(), "1.1.1.1".into(), "127.0.0.1".into()]),
            "True"
        );
    }

    #[test]
    fn ipv6() {
        assert_eq!(
            call("parse_ipv6", &["192.168.255.255/24".into()]),
            "0000:0000:0000:0000:0000:ffff:c0a8:ff00"
        );
        assert_eq!(call("parse_ipv6", &["::ffff:1.2.3.4/120".into()]), "");
        assert_eq!(call("ipv6_is_match", &["192.168.1.1/24".into(), "::ffff:c0a8:01ff".into()]), "True");
    }
}
