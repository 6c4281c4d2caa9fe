//! Operators with their right side, ready to be tested.

use azimuth_arm::{Kind, Value};

use super::order::{Bound, compare};
use super::pattern::{Like, Match};
use super::seen::Complex;
use super::set::{Set, equals, weight};
use super::{OrderKind, Seen};
use crate::definition::Operator;
use crate::evaluate::Fault;
use crate::fold::{contains, fold};

/// How many bytes of JSON are read in one step.
const BYTES_A_STEP: u64 = 16;

/// A comparison with its right side.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) operand: Operand,
    pub(crate) is_negated: bool,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Equals(Set),
    In(Set),
    Like(Like),
    Match(Match),
    Contains {
        folded: Option<Box<str>>,
        member: Set,
    },
    ContainsKey(Box<str>),
    Order(OrderKind, Bound),
    Exists(bool),
    /// The right side fits the operator in no way.
    Unfit(Box<str>),
}

/// Prepares an operator. Locations are compared in their normal form, without white space.
pub(crate) fn prepare(operator: Operator, right: &Value, is_location: bool) -> Test {
    let (positive, is_negated) = operator.positive();
    let text = || {
        let mut text = plain_text(right)?;
        if is_location {
            text.retain(|c| !c.is_whitespace());
        }
        Some(text)
    };
    let unfit = || Operand::Unfit(format!("`{operator}` cannot take {}", right.type_name()).into());
    let order = |kind| match right.kind() {
        Kind::Int(int) => Operand::Order(kind, Bound::Number(*int as f64)),
        Kind::Float(float) => Operand::Order(kind, Bound::Number(*float)),
        Kind::String(text) => Operand::Order(kind, Bound::text(text)),
        Kind::Null | Kind::Bool(_) | Kind::Array(_) | Kind::Object(_) | Kind::Symbolic(_) => {
            Operand::Order(kind, Bound::Other(right.type_name()))
        }
    };
    let operand = match positive {
        Operator::In => match right.as_array() {
            Some(items) => Operand::In(Set::new(items.iter(), is_location)),
            None => unfit(),
        },
        Operator::Like => text().map_or_else(unfit, |text| Operand::Like(Like::new(&text))),
        Operator::Match => text().map_or_else(unfit, |text| Operand::Match(Match::new(&text, false))),
        Operator::MatchInsensitively => {
            text().map_or_else(unfit, |text| Operand::Match(Match::new(&text, true)))
        }
        Operator::Contains => Operand::Contains {
            folded: text().map(|text| fold(&text).into()),
            member: Set::new(std::iter::once(right), is_location),
        },
        Operator::ContainsKey => text().map_or_else(unfit, |text| Operand::ContainsKey(fold(&text).into())),
        Operator::Less => order(OrderKind::Less),
        Operator::LessOrEquals => order(OrderKind::LessOrEquals),
        Operator::Greater => order(OrderKind::Greater),
        Operator::GreaterOrEquals => order(OrderKind::GreaterOrEquals),
        Operator::Exists => match right.kind() {
            Kind::Bool(truth) => Operand::Exists(*truth),
            Kind::String(word) if word.trim().eq_ignore_ascii_case("true") => Operand::Exists(true),
            Kind::String(word) if word.trim().eq_ignore_ascii_case("false") => Operand::Exists(false),
            _ => unfit(),
        },
        Operator::Equals
        | Operator::NotEquals
        | Operator::NotLike
        | Operator::NotMatch
        | Operator::NotMatchInsensitively
        | Operator::NotContains
        | Operator::NotIn
        | Operator::NotContainsKey => Operand::Equals(Set::new(std::iter::once(right), is_location)),
    };
    Test { operand, is_negated }
}

/// As [`prepare`] and [`test`] in one, for a right side that is used once.
pub(crate) fn test_once(
    operator: Operator,
    right: &Value,
    seen: Seen<'_>,
    is_location: bool,
) -> Result<bool, Fault> {
    let (positive, is_negated) = operator.positive();
    match (positive, right.as_array()) {
        (Operator::Equals, None) => Ok(equals(seen, right, is_location) != is_negated),
        (Operator::In, Some(items)) => {
            let is_there = !matches!(seen, Seen::Absent);
            Ok((is_there && items.iter().any(|item| equals(seen, item, is_location))) != is_negated)
        }
        _ => test(&prepare(operator, right, is_location), seen),
    }
}

/// How many steps a comparison takes, beyond the one that every comparison takes: arrays and objects are read anew and
/// compared with all those of a list.
pub(crate) fn steps(test: &Test, seen: Seen<'_>) -> u64 {
    let Seen::Complex(complex) = seen else { return 0 };
    match &test.operand {
        Operand::Equals(set) | Operand::In(set) if set.is_simple() => 0,
        Operand::Equals(set) | Operand::In(set) => complex.length() / BYTES_A_STEP + set.weight(),
        Operand::Contains { member, .. } => {
            (complex.length() / BYTES_A_STEP).saturating_mul(member.weight().max(1))
        }
        Operand::ContainsKey(_) => complex.length() / BYTES_A_STEP,
        _ => 0,
    }
}

/// As [`steps`], for [`test_once`].
pub(crate) fn steps_once(right: &Value, seen: Seen<'_>) -> u64 {
    match (right.as_array(), seen) {
        (_, Seen::Complex(complex)) => complex.length() / BYTES_A_STEP + weight(right),
        (Some(items), _) => items.len() as u64,
        _ => 0,
    }
}

/// Whether the comparison holds for what was seen.
pub(crate) fn test(test: &Test, seen: Seen<'_>) -> Result<bool, Fault> {
    let holds = match &test.operand {
        Operand::Equals(set) => set.contains(seen),
        // Nothing is in no list, not even in one with null, although it equals null.
        Operand::In(set) => !matches!(seen, Seen::Absent) && set.contains(seen),
        Operand::Exists(wanted) => seen.is_present() == *wanted,
        Operand::Like(like) => with_text(seen, |text| like.matches(text)),
        Operand::Match(pattern) => with_text(seen, |text| pattern.matches(text)),
        Operand::Contains { folded, member } => match seen {
            Seen::Complex(complex) => contains_member(complex, member),
            _ => folded.as_ref().is_some_and(|folded| with_text(seen, |text| contains(text, folded))),
        },
        Operand::ContainsKey(key) => match seen {
            Seen::Complex(complex) => complex.has_key(key),
            _ => false,
        },
        Operand::Order(kind, bound) => compare(*kind, seen, bound)?,
        Operand::Unfit(message) => return Err(Fault::new(message.to_string())),
    };
    Ok(holds != test.is_negated)
}

fn contains_member(complex: Complex<'_>, member: &Set) -> bool {
    complex.value().as_array().is_some_and(|items| items.iter().any(|item| member.contains(Seen::of(item))))
}

/// Numbers and booleans are compared as text by the text operators.
fn with_text(seen: Seen<'_>, holds: impl FnOnce(&str) -> bool) -> bool {
    match seen {
        Seen::Text(text, _) => holds(text),
        Seen::Number(number) => holds(&number.to_string()),
        Seen::Bool(truth) => holds(if truth { "true" } else { "false" }),
        Seen::Absent | Seen::Null | Seen::Complex(_) => false,
    }
}

fn plain_text(value: &Value) -> Option<String> {
    match value.kind() {
        Kind::String(text) => Some(text.to_string()),
        Kind::Int(int) => Some(int.to_string()),
        Kind::Float(float) => Some(float.to_string()),
        Kind::Bool(truth) => Some(truth.to_string()),
        Kind::Null | Kind::Array(_) | Kind::Object(_) | Kind::Symbolic(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operator, right side, left side (JSON or `absent`) → `true`, `false` or `error`.
    #[track_caller]
    fn check(operator: &str, right: &str, left: &str, expected: &str) {
        let json = |text: &str| Value::from_json(&serde_json::from_str(text).unwrap());
        let left = if left == "absent" { None } else { Some(json(left)) };
        let prepared = prepare(Operator::from_name(operator).unwrap(), &json(right), false);
        let shown = match test(&prepared, left.as_ref().map_or(Seen::Absent, Seen::of)) {
            Ok(truth) => truth.to_string(),
            Err(_) => "error".to_owned(),
        };
        assert_eq!(shown, expected, "{left:?} {operator} {right}");
    }

    #[test]
    fn coercions() {
        check("equals", "443", r#""443""#, "true");
        check("equals", r#""443""#, "443", "true");
        check("equals", r#""443.0""#, r#""443""#, "false");
        check("equals", "true", r#""True""#, "true");
        check("equals", r#""TRUE""#, "true", "true");
        check("in", "[80, 443]", r#""443""#, "true");
        check("equals", "0", r#""x""#, "false");
        check("equals", r#"["A"]"#, r#"["a"]"#, "true");
        check("equals", r#"["a"]"#, r#""a""#, "false");
    }

    #[test]
    fn absent_values() {
        for operator in ["equals", "contains", "like", "greater", "less", "containsKey", "match"] {
            check(operator, r#""x""#, "absent", "false");
        }
        for operator in ["notEquals", "notContains", "notLike", "notMatch", "notContainsKey"] {
            check(operator, r#""x""#, "absent", "true");
        }
        check("in", r#"["x"]"#, "absent", "false");
        check("notIn", r#"["x"]"#, "absent", "true");
        check("equals", "null", "absent", "true");
        check("equals", "null", "null", "true");
        check("exists", r#""False""#, "null", "true");
        check("exists", "true", r#""""#, "true");
    }

    #[test]
    fn orders() {
        check("greater", "5", "6", "true");
        check("greater", "5", r#""6""#, "true");
        check("less", r#""ABC""#, r#""abc""#, "false");
        check("less", r#""2024-06-01T00:00:00Z""#, r#""2024-06-01T01:00:00+02:00""#, "true");
        check("greater", "5", r#""x""#, "error");
        check("greater", "5", "true", "error");
    }
}
