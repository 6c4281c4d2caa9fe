//! Order of numbers, texts and moments.

use std::cmp::Ordering;

use super::Seen;
use crate::evaluate::Fault;

/// Which order is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderKind {
    Less,
    LessOrEquals,
    Greater,
    GreaterOrEquals,
}

impl OrderKind {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEquals => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEquals => order.is_ge(),
        }
    }
}

/// The right side of an ordering comparison.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Number(f64),
    Text {
        text: Box<str>,
        number: Option<f64>,
        moment: Option<i128>,
    },
    /// Nothing can be compared with it.
    Other(&'static str),
}

impl Bound {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text { text: text.into(), number: number_of(text), moment: parse_moment(text) }
    }
}

/// Compares; an absent value is in no order, and values of different types are an error.
pub(crate) fn compare(kind: OrderKind, seen: Seen<'_>, bound: &Bound) -> Result<bool, Fault> {
    let order = match (seen, bound) {
        (Seen::Absent | Seen::Null, _) => return Ok(false),
        (Seen::Number(left), Bound::Number(right)) => left.partial_cmp(right),
        (Seen::Number(left), Bound::Text { number: Some(right), .. }) => left.partial_cmp(right),
        (Seen::Text(left, _), Bound::Number(right)) => match number_of(left) {
            Some(left) => left.partial_cmp(right),
            None => return Err(mismatch("text", "a number")),
        },
        (Seen::Text(left, _), Bound::Text { text, moment, .. }) => {
            let moments = moment.and_then(|right| parse_moment(left).map(|left| (left, right)));
            match moments {
                Some((left, right)) => Some(left.cmp(&right)),
                None => Some(compare_text(left, text)),
            }
        }
        (Seen::Number(_), Bound::Text { .. }) => return Err(mismatch("a number", "text")),
        (Seen::Bool(_), _) => return Err(mismatch("a boolean", "a number or text")),
        (Seen::Complex(_), _) => return Err(mismatch("an array or object", "a number or text")),
        (_, Bound::Other(found)) => return Err(mismatch("a value", found)),
    };
    Ok(order.is_some_and(|order| kind.holds(order)))
}

fn mismatch(left: &str, right: &str) -> Fault {
    Fault::new(format!("{left} cannot be ordered against {right}"))
}

/// The number that a text is, if it is one.
pub(crate) fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let first = text.bytes().find(|byte| !matches!(byte, b'-' | b'+'))?;
    if text.len() > 64 || !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    text.parse().ok()
}

/// Order of texts by invariant culture, without letter case: punctuation before digits before letters.
pub(crate) fn compare_text(left: &str, right: &str) -> Ordering {
    fn weights(text: &str) -> impl Iterator<Item = (u8, char)> {
        text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).map(|c| {
            let class = if c.is_alphabetic() {
                3
            } else if c.is_numeric() {
                2
            } else {
                u8::from(!c.is_whitespace())
            };
            (class, c)
        })
    }
    weights(left).cmp(weights(right))
}

/// The moment that a text in ISO 8601 means, in nanoseconds since 1970; without offset it is UTC.
pub(crate) fn parse_moment(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 10 && bytes.len() <= 40 && bytes[4] == b'-' && bytes[7] == b'-';
    if !is_date || !bytes[0].is_ascii_digit() {
        return None;
    }
    if bytes.len() == 10 {
        let date: jiff::civil::Date = text.parse().ok()?;
        return Some(jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_nanosecond());
    }
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_nanosecond());
    }
    let moment: jiff::civil::DateTime = text.parse().ok()?;
    Some(jiff::tz::Offset::UTC.to_timestamp(moment).ok()?.as_nanosecond())
}
