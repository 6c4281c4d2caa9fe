//! What is known of a dynamic value before rows are read.
//!
//! `split()` gives an array of texts, `parse_url()` a bag with certain members, `dynamic(1)` a number. Kusto's reference
//! binder keeps such knowledge with the type `dynamic`, passes it on through columns, and refuses calls that cannot
//! make sense: an array where a text is asked for, an element of a text. It never shows: the type is `dynamic` all
//! the same, and what is not known is allowed.

use std::sync::Arc;

use super::ScalarType as T;
use crate::functions::Known;
use crate::values::{Dynamic, Literal};

/// How deep literals are looked into.
const DEEPEST: usize = 8;
/// So many members or elements of a literal are looked at.
const LONGEST: usize = 200;

/// What is known of a dynamic value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Shape {
    /// Nothing.
    #[default]
    Any,
    /// A single value of that type.
    Scalar(T),
    /// An array, and what is known of its elements.
    Array(Arc<Shape>),
    /// A property bag, and what is known of its members; there may be others.
    Bag(Arc<[(String, Shape)]>),
}

impl Shape {
    /// An array of anything.
    pub(crate) fn array() -> Self {
        Self::Array(Arc::new(Self::Any))
    }

    /// A bag of anything.
    pub(crate) fn bag() -> Self {
        Self::Bag(Arc::from([]))
    }

    /// A value of a type, once it is an element or member of a dynamic one.
    pub(crate) fn of_type(ty: T) -> Self {
        match ty {
            T::Int => Self::Scalar(T::Long),
            T::Decimal | T::Dynamic | T::Unknown => Self::Any,
            ty => Self::Scalar(ty),
        }
    }

    /// A constant.
    pub(crate) fn of_literal(literal: &Literal) -> Self {
        match literal {
            Literal::Dynamic(value) => Self::of_value(value, 0),
            other => Self::of_type(other.ty()),
        }
    }

    fn of_value(value: &Dynamic, depth: usize) -> Self {
        match value {
            Dynamic::Null => Self::Any,
            Dynamic::Bool(_) => Self::Scalar(T::Bool),
            Dynamic::Long(_) => Self::Scalar(T::Long),
            Dynamic::Real(_) => Self::Scalar(T::Real),
            Dynamic::String(_) => Self::Scalar(T::String),
            Dynamic::Datetime(_) => Self::Scalar(T::Datetime),
            Dynamic::Timespan(_) => Self::Scalar(T::Timespan),
            Dynamic::Guid(_) => Self::Scalar(T::Guid),
            Dynamic::Array(_) | Dynamic::Bag(_) if depth >= DEEPEST => Self::Any,
            Dynamic::Array(items) => {
                let mut shapes = items.iter().take(LONGEST).map(|item| Self::of_value(item, depth + 1));
                let first = shapes.next().unwrap_or_default();
                let is_uniform = items.len() <= LONGEST && shapes.all(|shape| shape == first);
                Self::Array(Arc::new(if is_uniform { first } else { Self::Any }))
            }
            Dynamic::Bag(members) => {
                let members = members.iter().take(LONGEST);
                let known = members.map(|(name, value)| (name.clone(), Self::of_value(value, depth + 1)));
                Self::Bag(known.collect())
            }
        }
    }

    /// What a function is known to return.
    pub(crate) fn of_known(known: &Known) -> Self {
        match known {
            Known::Any => Self::Any,
            Known::Scalar(ty) => Self::of_type(*ty),
            Known::Array(element) => Self::Array(Arc::new(Self::of_known(element))),
            Known::Bag(members) => Self::Bag(
                members.iter().map(|(name, known)| ((*name).to_owned(), Self::of_known(known))).collect(),
            ),
        }
    }

    /// An element by number.
    pub(crate) fn element(&self) -> Self {
        match self {
            Self::Array(element) => (**element).clone(),
            _ => Self::Any,
        }
    }

    /// A member by name.
    pub(crate) fn member(&self, name: &str) -> Self {
        match self {
            Self::Bag(members) => {
                members.iter().find(|(known, _)| known == name).map_or(Self::Any, |(_, shape)| shape.clone())
            }
            _ => Self::Any,
        }
    }

    /// What is known of a value that is one of both.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (left, right) if left == right => left,
            (Self::Scalar(left), Self::Scalar(right)) => left.common(right).map_or(Self::Any, Self::of_type),
            // A text takes in what is dynamic, as the type `string` does.
            (Self::Scalar(T::String), _) | (_, Self::Scalar(T::String)) => Self::Scalar(T::String),
            (Self::Array(_), Self::Array(_)) => Self::array(),
            (Self::Bag(left), Self::Bag(right)) => {
                let both = left.iter().filter_map(|(name, shape)| {
                    let (_, other) = right.iter().find(|(known, _)| known == name)?;
                    Some((name.clone(), if shape == other { shape.clone() } else { Self::Any }))
                });
                Self::Bag(both.collect())
            }
            _ => Self::Any,
        }
    }

    /// `an array`, `a property bag`, `a string`; nothing if it may be anything.
    pub(crate) fn noun(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Scalar(ty) => Some(format!("a dynamic {ty}")),
            Self::Array(_) => Some("an array".to_owned()),
            Self::Bag(_) => Some("a property bag".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag(members: &[(&str, Shape)]) -> Shape {
        Shape::Bag(members.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect())
    }

    #[test]
    fn what_may_be_either_is_what_both_share() {
        let text = Shape::Scalar(T::String);
        assert_eq!(Shape::array().or(Shape::bag()), Shape::Any);
        assert_eq!(Shape::Array(Arc::new(text.clone())).or(Shape::array()), Shape::array());
        assert_eq!(Shape::Scalar(T::Long).or(Shape::Scalar(T::Real)), Shape::Scalar(T::Real));
        assert_eq!(Shape::Scalar(T::Long).or(Shape::Scalar(T::Bool)), Shape::Any);
        assert_eq!(Shape::array().or(text.clone()), text);
        let left = bag(&[("a", text.clone()), ("b", text.clone())]);
        assert_eq!(left.or(bag(&[("b", Shape::Any), ("c", text)])), bag(&[("b", Shape::Any)]));
    }

    #[test]
    fn elements_and_members() {
        let hosts = bag(&[("Host", Shape::Scalar(T::String))]);
        assert_eq!(hosts.member("Host"), Shape::Scalar(T::String));
        assert_eq!(hosts.member("Port"), Shape::Any);
        assert_eq!(hosts.element(), Shape::Any);
        assert_eq!(Shape::Array(Arc::new(hosts.clone())).element(), hosts);
    }
}
