//! Which resource types a condition can hold for.

use azimuth_arm::Value;

use crate::definition::{Condition, Left, Operator};
use crate::fold::fold;
use crate::template::Template;

/// Types for which a condition may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Types {
    /// Any.
    Any,
    /// Only these, folded and sorted.
    Only(Vec<Box<str>>),
}

impl Types {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, other) | (other, Self::Any) => other,
            (Self::Only(mut left), Self::Only(right)) => {
                left.retain(|known| right.contains(known));
                Self::Only(left)
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut left), Self::Only(right)) => {
                left.extend(right);
                left.sort();
                left.dedup();
                Self::Only(left)
            }
            _ => Self::Any,
        }
    }
}

/// The types for which `condition` may hold; `known` gives the value of a template that parameters decide.
pub(crate) fn types_of(condition: &Condition, known: &dyn Fn(&Template) -> Option<Value>) -> Types {
    match condition {
        Condition::AllOf(parts) => {
            parts.iter().map(|part| types_of(part, known)).fold(Types::Any, Types::and)
        }
        Condition::AnyOf(parts) => {
            parts.iter().map(|part| types_of(part, known)).fold(Types::Only(Vec::new()), Types::or)
        }
        Condition::Not(_) => Types::Any,
        Condition::Leaf(leaf) => {
            let Left::Field(name) = &leaf.left else { return Types::Any };
            let is_type = known(name).is_some_and(|name| {
                name.as_str().is_some_and(|name| name.trim().eq_ignore_ascii_case("type"))
            });
            if !is_type {
                return Types::Any;
            }
            let Some(right) = known(&leaf.right) else { return Types::Any };
            let mut types: Vec<Box<str>> = match leaf.operator {
                Operator::Equals => right.as_str().map(|name| fold(name).into()).into_iter().collect(),
                Operator::Like if right.as_str().is_some_and(|name| !name.contains('*')) => {
                    right.as_str().map(|name| fold(name).into()).into_iter().collect()
                }
                Operator::In => {
                    let items = right.as_array().unwrap_or_default().iter();
                    items.filter_map(|item| item.as_str().map(|name| fold(name).into())).collect()
                }
                _ => return Types::Any,
            };
            types.sort();
            types.dedup();
            Types::Only(types)
        }
    }
}
