//! Conditions and comparisons as one line of text.

use azimuth_arm::Value;

use crate::definition::{Condition, Leaf, Left, Over};
use crate::reason::Evaluated;
use crate::template::Template;

/// Longest value shown.
const MAX_SHOWN: usize = 120;

/// A value in one line: its JSON, cut if it is long.
pub fn show_value(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_SHOWN {
        return text;
    }
    let start: String = text.chars().take(MAX_SHOWN).collect();
    format!("{start}…")
}

/// A value or expression as written.
pub(crate) fn show_template(template: &Template) -> String {
    match template {
        Template::Known(value) => show_value(value),
        Template::Expression(expression) => format!("[{expression}]"),
        Template::Array(items) => {
            format!("[{}]", items.iter().map(show_template).collect::<Vec<_>>().join(", "))
        }
        Template::Object(_) => "{…}".to_owned(),
    }
}

/// A name: a field as written, without quotes.
pub(crate) fn show_name(template: &Template) -> String {
    match template.known().and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => show_template(template),
    }
}

/// A comparison: `field type equals "Microsoft.Storage/storageAccounts"`.
pub fn show_leaf(leaf: &Leaf) -> String {
    let left = match &leaf.left {
        Left::Field(name) => format!("field {}", show_name(name)),
        Left::Value(value) => format!("value {}", show_template(value)),
        Left::Count(count) => match &count.over {
            Over::Field(name) => format!("count {}", show_name(name)),
            Over::Value { value, .. } => format!("count of {}", show_template(value)),
        },
    };
    format!("{left} {} {}", leaf.operator, show_template(&leaf.right))
}

/// A condition in one line; groups by their name and size.
pub fn show_condition(condition: &Condition) -> String {
    match condition {
        Condition::AllOf(parts) => format!("allOf of {}", parts.len()),
        Condition::AnyOf(parts) => format!("anyOf of {}", parts.len()),
        Condition::Not(inner) => format!("not {}", show_condition(inner)),
        Condition::Leaf(leaf) => show_leaf(leaf),
    }
}

/// A comparison that had a part in a decision, with what was seen.
pub fn show_evaluated(evaluated: &Evaluated) -> String {
    let place = match &evaluated.resource_path {
        Some(path) if *path != evaluated.expression => format!("{} ({path})", evaluated.expression),
        _ => evaluated.expression.clone(),
    };
    let seen = if evaluated.seen.is_null() { "absent".to_owned() } else { show_value(&evaluated.seen) };
    let outcome = match &evaluated.fault {
        Some(fault) => format!("failed: {fault}"),
        None => evaluated.result.to_string(),
    };
    format!("{place} is {seen}, {} {}: {outcome}", evaluated.operator, show_value(&evaluated.wanted))
}

/// A value or expression in full: equal texts mean equal templates.
pub(crate) fn show_template_text(template: &Template) -> String {
    match template {
        Template::Known(value) => value.to_string(),
        Template::Expression(expression) => format!("[{expression}]"),
        Template::Array(items) => {
            format!("array({})", items.iter().map(show_template_text).collect::<Vec<_>>().join(", "))
        }
        Template::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name:?}: {}", show_template_text(value)))
                .collect();
            format!("object({})", members.join(", "))
        }
    }
}
