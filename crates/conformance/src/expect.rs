//! Helpers with which a runner reads a case and compares.
//!
//! Every failure is a text for the person who reads the report: what was expected, what came.

use serde_json::Value;

/// How much of a value is shown.
const LONGEST: usize = 1_200;

/// The member at a JSON pointer such as `/input/scope`.
///
/// # Errors
/// If the case has no such member.
pub fn value<'a>(case: &'a Value, pointer: &str) -> Result<&'a Value, String> {
    case.pointer(pointer).ok_or_else(|| format!("the case has no `{pointer}`"))
}

/// The text at a JSON pointer.
///
/// # Errors
/// If the case has no such member, or it is no string.
pub fn text<'a>(case: &'a Value, pointer: &str) -> Result<&'a str, String> {
    value(case, pointer)?.as_str().ok_or_else(|| format!("`{pointer}` of the case is no string"))
}

/// Fine if both values are the same; `what` names the thing compared.
///
/// Numbers compare by value (`3` = `3.0`); object keys in any order; arrays in order.
///
/// # Errors
/// A text with both values.
pub fn equal(what: &str, expected: &Value, got: &Value) -> Result<(), String> {
    if same(expected, got) {
        return Ok(());
    }
    Err(format!("{what}\nexpected {}\ngot      {}", shown(expected), shown(got)))
}

/// True if both values are the same in the sense of [`equal`].
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

/// True if both arrays hold the same values, in any order and equally often; other values as [`same`].
pub fn same_set(a: &Value, b: &Value) -> bool {
    let (Value::Array(a), Value::Array(b)) = (a, b) else { return same(a, b) };
    let mut left: Vec<&Value> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|value| match left.iter().position(|other| same(value, other)) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
}

/// The value as short JSON.
pub fn shown(value: &Value) -> String {
    clipped(&value.to_string())
}

/// The text, cut where a reader would stop.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}… ({} bytes in all)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_compare_by_value_and_keys_in_any_order() {
        assert!(same(&json!({"a": 3, "b": [1.0]}), &json!({"b": [1], "a": 3.0})));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
        assert!(!same(&json!({"a": null}), &json!({})));
        assert!(!same(&json!("3"), &json!(3)));
        // Beyond the exact range of a double the integers themselves are compared first.
        assert!(same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_993_u64)));
    }

    #[test]
    fn sets_compare_without_order_but_with_number() {
        assert!(same_set(&json!([1, 2, 2]), &json!([2, 1, 2])));
        assert!(!same_set(&json!([1, 1, 2]), &json!([2, 1, 2])));
    }

    #[test]
    fn a_difference_shows_both_sides() {
        assert_eq!(
            equal("allowed", &json!(true), &json!(false)).unwrap_err(),
            "allowed\nexpected true\ngot      false"
        );
    }
}
