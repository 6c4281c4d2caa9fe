//! The tree of a condition; its `Display` parses back to the same tree.

use std::fmt;

use super::operator::{Operator, Quantifier};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// True if all are; at least two.
    All(Vec<Expression>),
    /// True if one is; at least two.
    Any(Vec<Expression>),
    /// True if the inner is not.
    Not(Box<Expression>),
    /// Whether the action of the request fits one of the patterns.
    ActionMatches(Vec<Literal>),
    /// Whether the suboperation of the request is one of these, such as `Blob.List`.
    SubOperationMatches(Vec<Literal>),
    /// Whether an attribute has a value.
    Exists {
        /// The attribute.
        attribute: Attribute,
        /// `NotExists`: whether it has none.
        negated: bool,
    },
    /// A comparison.
    Compare {
        /// The left side.
        left: Operand,
        /// How several values are combined.
        quantifier: Option<Quantifier>,
        /// What is compared and how.
        operator: Operator,
        /// The right side.
        right: Operand,
    },
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// An attribute of the request.
    Attribute(Attribute),
    /// One value.
    Literal(Literal),
    /// `{…}`, several values.
    Set(Vec<Literal>),
}

/// A value written in the condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// The characters between the quotes, escapes as written.
    Text(Box<str>),
    /// A number; finite.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A GUID written without quotes.
    Guid(Box<str>),
}

/// Where an attribute comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The resource that is accessed, such as the name of its container.
    Resource,
    /// The request, such as a tag to be set.
    Request,
    /// The caller, such as a custom security attribute.
    Principal,
    /// The surroundings, such as the time.
    Environment,
}

/// An attribute: `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Where it comes from.
    pub source: Source,
    /// What stands in the brackets, with `:tag` and `<$key$>` if any; without brackets and outer spaces.
    pub name: Box<str>,
}

impl Source {
    /// The source of a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Resource, Self::Request, Self::Principal, Self::Environment];
        all.into_iter().find(|source| source.name().eq_ignore_ascii_case(name))
    }

    /// The name behind the `@`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::Request => "Request",
            Self::Principal => "Principal",
            Self::Environment => "Environment",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}[{}]", self.source.name(), self.name)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Guid(guid) => f.write_str(guid),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Literal(literal) => literal.fmt(f),
            Self::Set(literals) => set(literals, f),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(terms) => joined(terms, " AND ", f),
            Self::Any(terms) => joined(terms, " OR ", f),
            Self::Not(inner) => write!(f, "NOT ({inner})"),
            Self::ActionMatches(patterns) => {
                f.write_str("ActionMatches")?;
                set(patterns, f)
            }
            Self::SubOperationMatches(names) => {
                f.write_str("SubOperationMatches")?;
                set(names, f)
            }
            Self::Exists { attribute, negated } => {
                write!(f, "{} {attribute}", if *negated { "NotExists" } else { "Exists" })
            }
            Self::Compare { left, quantifier, operator, right } => {
                write!(f, "{left} ")?;
                if let Some(quantifier) = quantifier {
                    write!(f, "{quantifier}:")?;
                }
                write!(f, "{operator} {right}")
            }
        }
    }
}

/// Terms that are themselves lists of terms need parentheses to stay apart.
fn joined(terms: &[Expression], separator: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        match term {
            Expression::All(_) | Expression::Any(_) => write!(f, "({term})")?,
            _ => write!(f, "{term}")?,
        }
    }
    Ok(())
}

fn set(literals: &[Literal], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("{")?;
    for (at, literal) in literals.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{literal}")?;
    }
    f.write_str("}")
}
