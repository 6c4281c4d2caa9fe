//! Sentences about comparisons.

use azimuth_policy::Operator;
use serde_json::Value as Json;

use crate::judge::Reason;
use crate::locate::shown;

/// Longest value shown in a sentence, in characters.
const MAX_VALUE: usize = 80;
/// Most values of a list shown in a sentence.
const MAX_LIST: usize = 4;

/// A value as a sentence shows it: texts without quotes, the long cut.
pub(crate) fn json(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Array(items) if items.len() == 1 => return json(&items[0]),
        Json::Array(items) => {
            let mut parts: Vec<String> = items.iter().take(MAX_LIST).map(json).collect();
            if items.len() > MAX_LIST {
                parts.push(format!("{} more", items.len() - MAX_LIST));
            }
            return parts.join(", ");
        }
        value => value.to_string(),
    };
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > MAX_VALUE {
        return text.chars().take(MAX_VALUE - 1).chain(['…']).collect();
    }
    text
}

/// What would be right instead, given that the comparison holding (or failing) is what a rule complains of.
pub(crate) fn wanted(operator: Operator, target: &Json, complains_of_holding: bool) -> String {
    let (positive, is_negated) = operator.positive();
    let should_hold = complains_of_holding == is_negated;
    let text = match target {
        Json::Array(items) if items.len() > 1 && items.iter().all(|item| !item.is_object()) => listed(items),
        target => format!("`{}`", json(target)),
    };
    match (positive, should_hold) {
        (Operator::Exists, _) => {
            let is_about_presence = target != &Json::Bool(false) && target.as_str() != Some("false");
            if is_about_presence == should_hold { "a value".to_owned() } else { "no value".to_owned() }
        }
        (Operator::Equals, true) => text,
        (Operator::Equals, false) => match target {
            Json::Bool(truth) => format!("`{}`", !truth),
            Json::String(word) if word.eq_ignore_ascii_case("true") => "`false`".to_owned(),
            Json::String(word) if word.eq_ignore_ascii_case("false") => "`true`".to_owned(),
            Json::String(word) if word.is_empty() => "a value".to_owned(),
            Json::Null => "a value".to_owned(),
            _ => format!("anything but {text}"),
        },
        (Operator::In, true) => match target.as_array().map(Vec::len) {
            Some(1) => text,
            _ => format!("one of {text}"),
        },
        (Operator::In, false) => format!("none of {text}"),
        (Operator::Like | Operator::Match | Operator::MatchInsensitively, true) => format!("like {text}"),
        (Operator::Like | Operator::Match | Operator::MatchInsensitively, false) => {
            format!("not like {text}")
        }
        (Operator::Contains, true) => format!("with {text} in it"),
        (Operator::Contains, false) => format!("without {text} in it"),
        (Operator::ContainsKey, true) => format!("with a member {text}"),
        (Operator::ContainsKey, false) => format!("without a member {text}"),
        (Operator::Less, true) | (Operator::GreaterOrEquals, false) => format!("less than {text}"),
        (Operator::LessOrEquals, true) | (Operator::Greater, false) => format!("at most {text}"),
        (Operator::Greater, true) | (Operator::LessOrEquals, false) => format!("more than {text}"),
        (Operator::GreaterOrEquals, true) | (Operator::Less, false) => format!("at least {text}"),
        // `positive` never is one of these.
        (
            Operator::NotEquals
            | Operator::NotLike
            | Operator::NotMatch
            | Operator::NotMatchInsensitively
            | Operator::NotContains
            | Operator::NotIn
            | Operator::NotContainsKey,
            _,
        ) => text,
    }
}

/// Alternatives, each marked for itself, because they may hold commas.
fn listed(items: &[Json]) -> String {
    let mut parts: Vec<String> =
        items.iter().take(MAX_LIST).map(|item| format!("`{}`", json(item))).collect();
    if items.len() > MAX_LIST {
        parts.push(format!("{} more", items.len() - MAX_LIST));
    }
    parts.join(", ")
}

/// What a comparison says about the resource, in one line.
pub(crate) fn sentence(reason: &Reason) -> String {
    let subject = subject(reason);
    if let Some(why) = &reason.unknown {
        return format!("{subject} is `{}`: {why}", json(&reason.seen));
    }
    if let Some(fault) = &reason.fault {
        return format!("{subject} cannot be evaluated: {fault}");
    }
    if reason.operator == Operator::Exists && reason.path.is_none() && reason.field.is_some() {
        return format!("{subject} has {}", json(&reason.seen));
    }
    let wanted = wanted(reason.operator, &reason.target, reason.is_positive);
    let is_missing = reason.seen.is_null() && reason.path.is_some() && !reason.is_exact;
    if is_missing {
        return match wanted.as_str() {
            "a value" => format!("{subject} is not set"),
            _ => format!("{subject} is not set, wanted {wanted}"),
        };
    }
    let seen = json(&reason.seen);
    let seen = if seen.is_empty() { "empty".to_owned() } else { format!("`{seen}`") };
    format!("{subject} is {seen}, wanted {wanted}")
}

/// What a comparison is about: a path in the resource, or the expression of the rule.
fn subject(reason: &Reason) -> String {
    match (&reason.path, &reason.pointer) {
        (Some(_), Some(pointer)) if reason.is_exact => format!("`{}`", shown(pointer)),
        (None, Some(pointer)) if reason.field.is_some() => format!("`{}`", shown(pointer)),
        (Some(path), _) => format!("`{path}`"),
        _ => format!("`{}`", json(&Json::String(reason.expression.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wanted_is_the_opposite_of_what_is_complained_of() {
        for (operator, target, expected) in [
            (Operator::Equals, json!(false), "`true`"),
            (Operator::Equals, json!("TLS1_0"), "anything but `TLS1_0`"),
            (Operator::NotEquals, json!("TLS1_2"), "`TLS1_2`"),
            (Operator::NotIn, json!(["a", "b"]), "one of `a`, `b`"),
            (Operator::In, json!(["a", "b"]), "none of `a`, `b`"),
            (Operator::Exists, json!("false"), "a value"),
            (Operator::Exists, json!(true), "no value"),
            (Operator::Less, json!(90), "at least `90`"),
            (Operator::Greater, json!(0), "at most `0`"),
        ] {
            assert_eq!(wanted(operator, &target, true), expected);
        }
        assert_eq!(wanted(Operator::Equals, &json!(true), false), "`true`");
        assert_eq!(wanted(Operator::Exists, &json!(true), false), "a value");
    }
}
