//! Conditions as formulas: negations pushed down to the comparisons.

use crate::definition::{Condition, Count, Leaf, Left, Over};
use crate::fold::fold;
use crate::suite::show_template_text;

/// A formula without negations but at its atoms.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    /// A comparison, or its opposite.
    Atom { atom: usize, truth: bool, path: String },
    /// All of them.
    All { parts: Vec<Tree>, path: String, is_negated: bool },
    /// One of them.
    Any { parts: Vec<Tree>, path: String, is_negated: bool },
}

impl Tree {
    /// JSON path of the condition.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Atom { path, .. } | Self::All { path, .. } | Self::Any { path, .. } => path,
        }
    }

    /// Whether an odd number of `not` stands around the condition.
    pub(crate) fn is_negated(&self) -> bool {
        match self {
            Self::Atom { truth, .. } => !truth,
            Self::All { is_negated, .. } | Self::Any { is_negated, .. } => *is_negated,
        }
    }

    /// The formula of a condition; `atom` numbers its comparisons.
    pub(super) fn of(
        condition: &Condition,
        truth: bool,
        path: &str,
        atom: &mut dyn FnMut(&Leaf, &str) -> usize,
    ) -> Self {
        let mut parts_of = |name: &str, parts: &[Condition]| -> Vec<Self> {
            let parts = parts.iter().enumerate();
            parts
                .map(|(index, part)| Self::of(part, truth, &format!("{path}.{name}[{index}]"), atom))
                .collect()
        };
        let (path, is_negated) = (path.to_owned(), !truth);
        match (condition, truth) {
            (Condition::AllOf(parts), true) => {
                Self::All { parts: parts_of("allOf", parts), path, is_negated }
            }
            (Condition::AllOf(parts), false) => {
                Self::Any { parts: parts_of("allOf", parts), path, is_negated }
            }
            (Condition::AnyOf(parts), true) => {
                Self::Any { parts: parts_of("anyOf", parts), path, is_negated }
            }
            (Condition::AnyOf(parts), false) => {
                Self::All { parts: parts_of("anyOf", parts), path, is_negated }
            }
            (Condition::Not(inner), _) => Self::of(inner, !truth, &format!("{path}.not"), atom),
            (Condition::Leaf(leaf), _) => Self::Atom { atom: atom(leaf, &path), truth, path },
        }
    }
}

/// A condition as text that is the same for conditions that mean the same thing word for word.
pub(crate) fn text_of(condition: &Condition) -> String {
    let list = |parts: &[Condition]| parts.iter().map(text_of).collect::<Vec<_>>().join(", ");
    match condition {
        Condition::AllOf(parts) => format!("all({})", list(parts)),
        Condition::AnyOf(parts) => format!("any({})", list(parts)),
        Condition::Not(inner) => format!("not({})", text_of(inner)),
        Condition::Leaf(leaf) => {
            format!("{} {} {}", text_of_left(&leaf.left), leaf.operator, show_template_text(&leaf.right))
        }
    }
}

/// The left side of a comparison as text.
pub(super) fn text_of_left(left: &Left) -> String {
    match left {
        Left::Field(name) => match name.known().and_then(azimuth_arm::Value::as_str) {
            Some(name) => format!("field {}", fold(name.trim())),
            None => format!("field {}", show_template_text(name)),
        },
        Left::Value(value) => format!("value {}", show_template_text(value)),
        Left::Count(count) => text_of_count(count),
    }
}

fn text_of_count(count: &Count) -> String {
    let over = match &count.over {
        Over::Field(name) => text_of_left(&Left::Field(name.clone())),
        Over::Value { value, name } => {
            format!("{} as {}", show_template_text(value), name.as_deref().unwrap_or_default())
        }
    };
    let condition = count.condition.as_ref().map(text_of).unwrap_or_default();
    format!("count({over} where {condition})")
}
