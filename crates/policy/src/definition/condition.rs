//! Conditions as written.

use std::fmt;

use serde::Serialize;

use crate::template::Template;

/// A condition of a rule.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Holds when every one holds; true when there are none.
    AllOf(Vec<Condition>),
    /// Holds when at least one holds; false when there are none.
    AnyOf(Vec<Condition>),
    /// Holds when the other does not.
    Not(Box<Condition>),
    /// A comparison.
    Leaf(Box<Leaf>),
}

/// A comparison: a left side, an operator, a right side.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// What is compared.
    pub left: Left,
    /// How.
    pub operator: Operator,
    /// With what.
    pub right: Template,
    /// JSON path of the condition in its definition.
    pub path: String,
}

/// The left side of a comparison.
#[derive(Clone, Debug)]
pub enum Left {
    /// A field of the resource: a name, an alias, or an expression that yields one.
    Field(Template),
    /// A value.
    Value(Template),
    /// The number of members that meet a condition.
    Count(Count),
}

/// A count expression.
#[derive(Clone, Debug)]
pub struct Count {
    /// What is counted.
    pub over: Over,
    /// The condition a member has to meet; none: all count.
    pub condition: Option<Condition>,
}

/// The members of a count.
#[derive(Clone, Debug)]
pub enum Over {
    /// Members of an array of the resource, by array alias.
    Field(Template),
    /// Items of an array value, under a name (`default` if none is given).
    Value {
        /// The array.
        value: Template,
        /// The name for `current('name')`.
        name: Option<String>,
    },
}

/// Names of comparisons, the negated ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is documented under its own name by Azure; see `Operator::name`")]
pub enum Operator {
    Equals,
    NotEquals,
    Like,
    NotLike,
    Match,
    NotMatch,
    MatchInsensitively,
    NotMatchInsensitively,
    Contains,
    NotContains,
    In,
    NotIn,
    ContainsKey,
    NotContainsKey,
    Less,
    LessOrEquals,
    Greater,
    GreaterOrEquals,
    Exists,
}

const NAMES: &[(Operator, &str)] = &[
    (Operator::Equals, "equals"),
    (Operator::NotEquals, "notEquals"),
    (Operator::Like, "like"),
    (Operator::NotLike, "notLike"),
    (Operator::Match, "match"),
    (Operator::NotMatch, "notMatch"),
    (Operator::MatchInsensitively, "matchInsensitively"),
    (Operator::NotMatchInsensitively, "notMatchInsensitively"),
    (Operator::Contains, "contains"),
    (Operator::NotContains, "notContains"),
    (Operator::In, "in"),
    (Operator::NotIn, "notIn"),
    (Operator::ContainsKey, "containsKey"),
    (Operator::NotContainsKey, "notContainsKey"),
    (Operator::Less, "less"),
    (Operator::LessOrEquals, "lessOrEquals"),
    (Operator::Greater, "greater"),
    (Operator::GreaterOrEquals, "greaterOrEquals"),
    (Operator::Exists, "exists"),
];

impl Operator {
    /// The operator of this name, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(operator, _)| *operator)
    }

    /// The name as documented.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(operator, _)| *operator == self).map_or("", |(_, name)| name)
    }

    /// All names as documented.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }

    /// The operator without its negation, and whether it was negated.
    pub fn positive(self) -> (Self, bool) {
        match self {
            Self::NotEquals => (Self::Equals, true),
            Self::NotLike => (Self::Like, true),
            Self::NotMatch => (Self::Match, true),
            Self::NotMatchInsensitively => (Self::MatchInsensitively, true),
            Self::NotContains => (Self::Contains, true),
            Self::NotIn => (Self::In, true),
            Self::NotContainsKey => (Self::ContainsKey, true),
            Self::Equals
            | Self::Like
            | Self::Match
            | Self::MatchInsensitively
            | Self::Contains
            | Self::In
            | Self::ContainsKey
            | Self::Less
            | Self::LessOrEquals
            | Self::Greater
            | Self::GreaterOrEquals
            | Self::Exists => (self, false),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Condition {
    /// Visits every comparison, those inside counts included.
    pub fn for_each_leaf<'a>(&'a self, visit: &mut dyn FnMut(&'a Leaf)) {
        match self {
            Self::AllOf(parts) | Self::AnyOf(parts) => {
                parts.iter().for_each(|part| part.for_each_leaf(visit));
            }
            Self::Not(inner) => inner.for_each_leaf(visit),
            Self::Leaf(leaf) => {
                visit(leaf);
                if let Left::Count(Count { condition: Some(condition), .. }) = &leaf.left {
                    condition.for_each_leaf(visit);
                }
            }
        }
    }

    /// Visits every value of the condition that may hold expressions.
    pub fn for_each_template<'a>(&'a self, visit: &mut dyn FnMut(&'a Template)) {
        self.for_each_leaf(&mut |leaf| {
            visit(&leaf.right);
            match &leaf.left {
                Left::Field(template) | Left::Value(template) => visit(template),
                Left::Count(count) => match &count.over {
                    Over::Field(template) | Over::Value { value: template, .. } => visit(template),
                },
            }
        });
    }
}
