//! Address ranges: `parseCidr`, `cidrSubnet`, `cidrHost`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::{Object, Value};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("parseCidr", 1, Some(1), parse_cidr),
    Function::pure("cidrSubnet", 3, Some(3), cidr_subnet),
    Function::pure("cidrHost", 2, Some(2), cidr_host),
];

/// An address range; addresses of both families as numbers.
struct Range {
    network: u128,
    prefix: u32,
    bits: u32,
}

impl Range {
    fn parse(text: &str) -> Result<Self, Fault> {
        let bad = || {
            Fault::new(format!("`{text}` is not an address range"))
                .with_hint("write it like `10.0.0.0/16` or `fd00::/48`")
                .about(0)
        };
        let (address, prefix) = text.split_once('/').ok_or_else(bad)?;
        let prefix: u32 = prefix.parse().map_err(|_| bad())?;
        let (address, bits) = if let Ok(v4) = address.parse::<Ipv4Addr>() {
            (u128::from(u32::from(v4)), 32)
        } else if let Ok(v6) = address.parse::<Ipv6Addr>() {
            (u128::from(v6), 128)
        } else {
            return Err(bad());
        };
        if prefix > bits {
            return Err(bad());
        }
        let mask = mask(prefix, bits);
        Ok(Self { network: address & mask, prefix, bits })
    }

    fn last(&self) -> u128 {
        self.network | (!mask(self.prefix, self.bits) & mask(self.bits, self.bits))
    }

    fn text(&self, address: u128) -> String {
        if self.bits == 32 {
            Ipv4Addr::from(address as u32).to_string()
        } else {
            Ipv6Addr::from(address).to_string()
        }
    }
}

/// A mask of `prefix` ones followed by zeros, `bits` wide.
fn mask(prefix: u32, bits: u32) -> u128 {
    let ones = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    match bits - prefix {
        128 => 0,
        zeros => (ones >> zeros) << zeros,
    }
}

fn parse_cidr(arguments: &Arguments<'_>) -> Outcome {
    let range = Range::parse(arguments.text(0)?)?;
    let (first, last) = (range.network, range.last());
    // Ranges of one or two addresses of version 4 have no addresses to spare.
    let spare = u128::from(range.bits == 32 && range.prefix < 31);
    let mut out = Object::new();
    out.push("network".into(), Value::string(range.text(first)));
    out.push("netmask".into(), Value::string(range.text(mask(range.prefix, range.bits))));
    if range.bits == 32 {
        out.push("broadcast".into(), Value::string(range.text(last)));
    }
    out.push("firstUsable".into(), Value::string(range.text(first + spare)));
    out.push("lastUsable".into(), Value::string(range.text(last - spare)));
    out.push("cidr".into(), Value::int(i64::from(range.prefix)));
    Ok(Value::object(out))
}

fn cidr_subnet(arguments: &Arguments<'_>) -> Outcome {
    let range = Range::parse(arguments.text(0)?)?;
    let (prefix, index) = (arguments.int(1)?, arguments.int(2)?);
    let prefix = u32::try_from(prefix)
        .ok()
        .filter(|prefix| (range.prefix..=range.bits).contains(prefix))
        .ok_or_else(|| {
            Fault::new(format!("the new prefix is {} to {}, not {prefix}", range.prefix, range.bits))
                .with_hint("a subnet is no larger than its range: write a prefix within these bounds")
                .about(1)
        })?;
    let extra = prefix - range.prefix;
    let index =
        u128::try_from(index).ok().filter(|index| extra >= 128 || *index < 1 << extra).ok_or_else(|| {
            Fault::new(format!("there is no subnet {index} of this size in the range"))
                .with_hint("subnets count from 0; take a smaller number, a longer prefix or a larger range")
                .about(2)
        })?;
    let step = range.bits - prefix;
    let offset = if step >= 128 { 0 } else { index << step };
    Ok(Value::string(format!("{}/{prefix}", range.text(range.network | offset))))
}

fn cidr_host(arguments: &Arguments<'_>) -> Outcome {
    let range = Range::parse(arguments.text(0)?)?;
    let index = arguments.int(1)?;
    let fault = || {
        Fault::new(format!("there is no host {index} in the range"))
            .with_hint("hosts count from 0; take a smaller number or a larger range")
            .about(1)
    };
    let index = u128::try_from(index).map_err(|_| fault())?;
    let has_network_address = !(range.bits == 32 && range.prefix >= 31);
    let address = range.network + index + u128::from(has_network_address);
    let last = range.last() - u128::from(range.bits == 32 && has_network_address);
    if address > last {
        return Err(fault());
    }
    Ok(Value::string(range.text(address)))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn ranges() {
        check("cidrSubnet('10.144.0.0/20', 24, 4)", r#""10.144.4.0/24""#);
        check("cidrSubnet('fdad:3236:5555::/48', 52, 1)", r#""fdad:3236:5555:1000::/52""#);
        check("cidrSubnet('10.0.0.0/24', 25, 2)", "error: there is no subnet 2 of this size in the range");
        check("cidrSubnet('10.0.0.0/24', 16, 0)", "error: the new prefix is 24 to 32, not 16");
        check("cidrHost('10.144.3.0/24', 253)", r#""10.144.3.254""#);
        check("cidrHost('10.144.3.0/24', 254)", "error: there is no host 254 in the range");
        check("cidrHost('fdad:3236:5555:3000::/52', 0)", r#""fdad:3236:5555:3000::1""#);
        check("parseCidr('10.0.0.0')", "error: `10.0.0.0` is not an address range");
        check("cidrSubnet('::/0', 128, 5)", r#""::5/128""#);
        check(
            "parseCidr('::/0')",
            r#"{"network":"::","netmask":"::","firstUsable":"::","lastUsable":"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff","cidr":0}"#,
        );
    }
}
