//! Equality and order of values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Kind, Value};

/// Equality as `equals` has it: text by letter case, arrays in order, objects in any order, numbers by value.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (&left.kind, &right.kind) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Bool(a), Kind::Bool(b)) => a == b,
        (Kind::Int(a), Kind::Int(b)) => a == b,
        (Kind::Int(a), Kind::Float(b)) | (Kind::Float(b), Kind::Int(a)) => *a as f64 == *b,
        (Kind::Float(a), Kind::Float(b)) => a == b,
        (Kind::String(a), Kind::String(b)) => a == b,
        (Kind::Array(a), Kind::Array(b)) => {
            Arc::ptr_eq(a, b) || (a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b)))
        }
        (Kind::Object(a), Kind::Object(b)) => {
            Arc::ptr_eq(a, b)
                || (a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b))))
        }
        (Kind::Symbolic(a), Kind::Symbolic(b)) => Arc::ptr_eq(a, b) || a.to_string() == b.to_string(),
        _ => false,
    }
}

/// Order of texts as the service's culture has it: first without regard to letter case and with punctuation before
/// digits before letters; among equals lower case first, so `'A'` is greater than `'a'`.
pub(crate) fn compare_text(left: &str, right: &str) -> Ordering {
    fn weight(c: char) -> (u8, char) {
        let class = if c.is_alphabetic() {
            3
        } else if c.is_numeric() {
            2
        } else {
            u8::from(!c.is_whitespace())
        };
        (class, c.to_lowercase().next().unwrap_or(c))
    }
    let primary = left.chars().map(weight).cmp(right.chars().map(weight));
    primary.then_with(|| {
        let case = |c: char| c.is_uppercase();
        left.chars().map(case).cmp(right.chars().map(case))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_follows_culture() {
        let mut words = vec!["b", "A", "a", "B", "10", "_x", "aB", "ab"];
        words.sort_by(|a, b| compare_text(a, b));
        assert_eq!(words, ["_x", "10", "a", "A", "ab", "aB", "b", "B"]);
    }
}
