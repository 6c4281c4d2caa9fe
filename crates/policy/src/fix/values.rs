//! Values that make a comparison hold or not.

use azimuth_arm::{Kind, Value};
use serde_json::{Value as Json, json};

use crate::definition::Operator;
use crate::operator::{Seen, parse_moment, prepare, test};

/// Most values taken from one list.
const MAX_LISTED: usize = 24;
/// Largest pattern looked into.
const MAX_PATTERN: usize = 256;

/// A value and how far-fetched it is: 0 is written in the policy, more is made up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) value: Json,
    pub(super) cost: u32,
}

/// Values under which `seen operator wanted` has the truth asked for, the least far-fetched first. That nothing is there may
/// do as well, which is not among them.
pub(super) fn values(operator: Operator, wanted: &Value, truth: bool, seen: Option<&Json>) -> Vec<Candidate> {
    let (positive, is_negated) = operator.positive();
    let holds = truth != is_negated;
    let mut out: Vec<Candidate> = Vec::new();
    let mut add = |value: Json, cost: u32| {
        if !out.iter().any(|known| known.value == value) {
            out.push(Candidate { value, cost });
        }
    };
    match positive {
        Operator::Equals if holds => add(as_typed(wanted, seen), 0),
        Operator::Equals => others(std::slice::from_ref(wanted), seen, &mut add),
        Operator::In if holds => {
            for item in wanted.as_array().unwrap_or_default().iter().take(MAX_LISTED) {
                add(as_typed(item, seen), 0);
            }
        }
        Operator::In => others(wanted.as_array().unwrap_or_default(), seen, &mut add),
        Operator::Like | Operator::Contains | Operator::Match | Operator::MatchInsensitively if holds => {
            if let Some(text) = wanted.as_str().filter(|text| text.len() <= MAX_PATTERN) {
                for sample in samples(positive, text, seen.and_then(Json::as_str)) {
                    add(sample.into(), 1);
                }
            }
        }
        Operator::Like | Operator::Contains | Operator::Match | Operator::MatchInsensitively => {
            others(std::slice::from_ref(wanted), seen, &mut add);
        }
        Operator::Less | Operator::LessOrEquals | Operator::Greater | Operator::GreaterOrEquals => {
            for (value, cost) in around(wanted) {
                add(value, cost);
            }
        }
        Operator::Exists => {
            let is_wanted = !matches!(wanted.as_str(), Some(word) if word.eq_ignore_ascii_case("false"))
                && wanted.as_bool() != Some(false);
            if holds == is_wanted {
                add(json!("value"), 6);
            }
        }
        Operator::ContainsKey if holds => {
            if let Some(key) = wanted.as_str() {
                let mut members = seen.and_then(Json::as_object).cloned().unwrap_or_default();
                members.insert(key.to_owned(), json!("value"));
                add(Json::Object(members), 4);
            }
        }
        Operator::ContainsKey => {
            if let (Some(key), Some(members)) = (wanted.as_str(), seen.and_then(Json::as_object)) {
                let kept = members.iter().filter(|(name, _)| !crate::fold::eq(name, key));
                add(Json::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()), 4);
            }
        }
        _ => {}
    }
    let prepared = prepare(operator, wanted, false);
    out.retain(|candidate| {
        let value = Value::from_json(&candidate.value);
        test(&prepared, Seen::of(&value)) == Ok(truth)
    });
    out
}

/// A wanted value in the type that stands there already: `"true"` where a boolean is means true.
fn as_typed(wanted: &Value, seen: Option<&Json>) -> Json {
    let written = super::json_of(wanted);
    let Some(text) = wanted.as_str() else { return written };
    let lower = text.to_ascii_lowercase();
    match seen {
        Some(Json::Bool(_)) if lower == "true" || lower == "false" => Json::Bool(lower == "true"),
        Some(Json::Number(_)) => text.parse::<i64>().map_or(written, Into::into),
        // Booleans are written as text in most definitions, and mean the real ones.
        None | Some(Json::Null) if lower == "true" || lower == "false" => Json::Bool(lower == "true"),
        _ => written,
    }
}

/// Values of the same type that are none of these.
fn others(refused: &[Value], seen: Option<&Json>, add: &mut dyn FnMut(Json, u32)) {
    let is_boolean = |value: &Value| {
        value.as_bool().is_some()
            || value.as_str().is_some_and(|text| ["true", "false"].contains(&&*text.to_ascii_lowercase()))
    };
    if !refused.is_empty() && refused.iter().all(is_boolean) {
        add(json!(true), 0);
        add(json!(false), 0);
        return;
    }
    // What Azure's switches say, one of which is often the opposite of what is refused.
    const OPPOSITES: &[(&str, &str)] =
        &[("Enabled", "Disabled"), ("Allow", "Deny"), ("On", "Off"), ("Yes", "No"), ("Public", "Private")];
    for text in refused.iter().filter_map(Value::as_str) {
        for (one, other) in OPPOSITES {
            if crate::fold::eq(text, one) {
                add(json!(other), 1);
            } else if crate::fold::eq(text, other) {
                add(json!(one), 1);
            }
        }
    }
    match refused.first().map(Value::kind) {
        Some(Kind::Int(int)) => {
            add(json!(int.saturating_add(1)), 5);
            add(json!(int.saturating_sub(1)), 5);
        }
        _ if seen.is_some_and(Json::is_number) => add(json!(0), 5),
        _ => {}
    }
}

/// Values around a bound.
fn around(wanted: &Value) -> Vec<(Json, u32)> {
    match wanted.kind() {
        Kind::Int(int) => {
            vec![(json!(int), 0), (json!(int.saturating_add(1)), 1), (json!(int.saturating_sub(1)), 1)]
        }
        Kind::Float(float) => vec![(json!(float), 0), (json!(float + 1.0), 1), (json!(float - 1.0), 1)],
        Kind::String(text) => {
            let mut out = vec![(json!(&**text), 0)];
            if let Ok(int) = text.trim().parse::<i64>() {
                out = vec![
                    (json!(int), 0),
                    (json!(int.saturating_add(1)), 1),
                    (json!(int.saturating_sub(1)), 1),
                ];
            } else if let Some(moment) = parse_moment(text) {
                const DAY: i128 = 86_400_000_000_000;
                for shifted in [moment - DAY, moment + DAY] {
                    if let Ok(moment) = jiff::Timestamp::from_nanosecond(shifted) {
                        out.push((json!(moment.to_string()), 2));
                    }
                }
            }
            out
        }
        _ => Vec::new(),
    }
}

/// Texts that fit a pattern, made of the text that stands there if that can be.
fn samples(operator: Operator, pattern: &str, seen: Option<&str>) -> Vec<String> {
    match operator {
        Operator::Contains => {
            let own = seen.filter(|text| !text.is_empty()).map(|text| format!("{text}{pattern}"));
            own.into_iter().chain([pattern.to_owned()]).collect()
        }
        Operator::Like => {
            let own = seen.unwrap_or_default();
            let filled = pattern.replacen('*', own, 1).replace('*', "").replace('?', "x");
            vec![filled, pattern.replace('*', "").replace('?', "x"), pattern.replace(['*', '?'], "x")]
        }
        _ => {
            let fill = |c: char| match c {
                '#' => '0',
                '?' | '.' => 'a',
                other => other,
            };
            vec![pattern.chars().map(fill).collect()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better with values")]
    #[track_caller]
    fn check(operator: &str, wanted: Json, truth: bool, seen: Option<Json>, expected: &[Json]) {
        let operator = Operator::from_name(operator).unwrap();
        let found = values(operator, &Value::from_json(&wanted), truth, seen.as_ref());
        let found: Vec<Json> = found.into_iter().map(|candidate| candidate.value).collect();
        assert_eq!(found, expected, "{operator} {wanted} {truth}");
    }

    #[test]
    fn values_have_the_truth_asked_for() {
        check("equals", json!("true"), true, None, &[json!(true)]);
        check("equals", json!("true"), false, Some(json!(true)), &[json!(false)]);
        check("notEquals", json!("TLS1_2"), false, None, &[json!("TLS1_2")]);
        check("notIn", json!(["a", "b"]), false, None, &[json!("a"), json!("b")]);
        check("equals", json!("Enabled"), false, None, &[json!("Disabled")]);
        check(
            "like",
            json!("web-*"),
            true,
            Some(json!("x1")),
            &[json!("web-x1"), json!("web-"), json!("web-x")],
        );
        check("match", json!("ab-##"), true, None, &[json!("ab-00")]);
        check("greaterOrEquals", json!(90), true, Some(json!(7)), &[json!(90), json!(91)]);
        check("less", json!("365"), false, None, &[json!(365), json!(366)]);
        check("exists", json!("false"), true, None, &[]);
        check("contains", json!("s"), true, Some(json!("http")), &[json!("https"), json!("s")]);
    }
}
