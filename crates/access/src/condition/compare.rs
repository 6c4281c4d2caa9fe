//! Comparing two single values.

use std::cmp::Ordering;
use std::net::IpAddr;

use azimuth_ids::fold;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::operator::{Operator, Relation, TextTest};
use super::text::{like, unescape};

/// A value on one side of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) enum Single<'a> {
    /// A text as an attribute has it.
    Text(&'a str),
    /// A text as written in the condition, with its escapes.
    Raw(&'a str),
    Number(f64),
    Bool(bool),
}

impl<'a> Single<'a> {
    fn text(self) -> Option<std::borrow::Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Raw(raw) => Some(unescape(raw)),
            Self::Number(_) | Self::Bool(_) => None,
        }
    }

    /// The text as a pattern: escapes belong to the pattern.
    fn pattern(self) -> Option<&'a str> {
        match self {
            Self::Text(text) | Self::Raw(text) => Some(text),
            Self::Number(_) | Self::Bool(_) => None,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Bool(_) => None,
            text => text.text()?.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }

    fn bool(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            Self::Number(_) => None,
            text => match text.text()?.trim() {
                text if text.eq_ignore_ascii_case("true") => Some(true),
                text if text.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            },
        }
    }

    fn time(self) -> Option<Timestamp> {
        time(self.text()?.trim())
    }

    fn time_of_day(self) -> Option<Time> {
        let text = self.text()?;
        let text = text.trim();
        text.trim_end_matches(['Z', 'z'])
            .parse()
            .ok()
            .or_else(|| time(text).map(|time| Offset::UTC.to_datetime(time).time()))
    }

    fn guid(self) -> Option<u128> {
        let text = self.text()?;
        let hex: String = text.trim().trim_matches(['{', '}']).chars().filter(|c| *c != '-').collect();
        let is_hex = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex { u128::from_str_radix(&hex, 16).ok() } else { None }
    }

    fn address(self) -> Option<IpAddr> {
        address(&self.text()?)
    }
}

/// Whether two single values stand in the relation that the operator names. Values of another type than the
/// operator's do not, and do not satisfy its negation either.
pub(super) fn holds(operator: Operator, left: Single<'_>, right: Single<'_>) -> bool {
    compare(operator, left, right).unwrap_or(false)
}

fn compare(operator: Operator, left: Single<'_>, right: Single<'_>) -> Option<bool> {
    let related = |relation: Relation, order: Option<Ordering>| order.map(|order| relation.holds(order));
    match operator {
        Operator::Text { test, negated, ignore_case } => {
            Some(test_text(test, left, right, ignore_case)? != negated)
        }
        Operator::Bool { negated } => Some((left.bool()? == right.bool()?) != negated),
        Operator::Numeric(relation) => related(relation, left.number()?.partial_cmp(&right.number()?)),
        Operator::DateTime(relation) => related(relation, Some(left.time()?.cmp(&right.time()?))),
        Operator::TimeOfDay(relation) => {
            related(relation, Some(left.time_of_day()?.cmp(&right.time_of_day()?)))
        }
        Operator::Guid { negated } => Some((left.guid()? == right.guid()?) != negated),
        Operator::Ip { negated } => Some(in_block(left.address()?, &right.text()?)? != negated),
        Operator::TimeOfDayInRange => {
            let range = right.text()?;
            let (from, to) = range.split_once('-')?;
            Some(holds_in_range(operator, left, Single::Text(from), Single::Text(to)))
        }
        Operator::IpInRange => in_block(left.address()?, &right.text()?),
    }
}

/// Whether `left` lies from `from` to `to`, both included; a range of times may pass midnight.
pub(super) fn holds_in_range(operator: Operator, left: Single<'_>, from: Single<'_>, to: Single<'_>) -> bool {
    let within = match operator {
        Operator::TimeOfDayInRange => times(left, from, to),
        Operator::IpInRange => addresses(left, from, to),
        _ => None,
    };
    within.unwrap_or(false)
}

fn times(left: Single<'_>, from: Single<'_>, to: Single<'_>) -> Option<bool> {
    let (left, from, to) = (left.time_of_day()?, from.time_of_day()?, to.time_of_day()?);
    Some(if from <= to { from <= left && left <= to } else { left >= from || left <= to })
}

fn addresses(left: Single<'_>, from: Single<'_>, to: Single<'_>) -> Option<bool> {
    in_range(left.address()?, from.address()?, to.address()?)
}

fn test_text(test: TextTest, left: Single<'_>, right: Single<'_>, ignore_case: bool) -> Option<bool> {
    let folded = |text: &str| if ignore_case { fold(text).into_owned() } else { text.to_owned() };
    let text = folded(&left.text()?);
    match test {
        TextTest::Equals => Some(text == folded(&right.text()?)),
        TextTest::StartsWith => Some(text.starts_with(&folded(&right.text()?))),
        TextTest::Like => Some(like(&folded(right.pattern()?), &text)),
        TextTest::Matches => {
            let expression = regex_lite::RegexBuilder::new(right.pattern()?)
                .case_insensitive(ignore_case)
                .size_limit(1 << 20)
                .build()
                .ok()?;
            Some(expression.is_match(&left.text()?))
        }
    }
}

/// A moment: with an offset, or without one in UTC, or a date alone.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let local = text.parse::<DateTime>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        Some(date.to_datetime(Time::midnight()))
    })?;
    Offset::UTC.to_timestamp(local).ok()
}

fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.trim().parse().ok()?;
    Some(match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    })
}

/// Whether an address is in `a.b.c.d`, `a.b.c.d/n` or `a.b.c.d-e.f.g.h`, of either version.
fn in_block(address_: IpAddr, block: &str) -> Option<bool> {
    if let Some((from, to)) = block.split_once('-') {
        return in_range(address_, address(from)?, address(to)?);
    }
    let Some((network, length)) = block.split_once('/') else {
        return Some(address_ == address(block)?);
    };
    let length: u32 = length.trim().parse().ok()?;
    match (address_, address(network)?) {
        (IpAddr::V4(left), IpAddr::V4(right)) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            Some(left.to_bits() & mask == right.to_bits() & mask)
        }
        (IpAddr::V6(left), IpAddr::V6(right)) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            Some(left.to_bits() & mask == right.to_bits() & mask)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Some(false),
        _ => None,
    }
}

fn in_range(address: IpAddr, from: IpAddr, to: IpAddr) -> Option<bool> {
    let same_version = address.is_ipv4() == from.is_ipv4() && address.is_ipv4() == to.is_ipv4();
    Some(same_version && from <= address && address <= to)
}
