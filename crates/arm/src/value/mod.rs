//! Values of the template language.
//!
//! A value knows three things beside its content: where it came from ([`OriginId`]), whether it is secret, and, for
//! anything that cannot be known before the deployment runs, the expression that would yield it ([`Symbolic`]).
//!
//! INVARIANT: [`std::fmt::Display`], [`std::fmt::Debug`] and [`Value::to_json`] never show a secret;
//! [`Value::reveal`] is the only way to read one.

mod compare;
mod object;
mod print;
mod symbolic;

use std::sync::Arc;

use crate::json::{Node, NodeKind};
use crate::origin::OriginId;

pub use object::Object;
pub use symbolic::{Reason, Symbolic};

pub(crate) use compare::{compare_text, equal};
pub(crate) use symbolic::symbolic_limit;

/// The text shown in place of a secret.
pub const REDACTED: &str = "***";

/// Deepest nesting of a value that expressions may build.
pub(crate) const MAX_DEPTH: u32 = 250;

/// A value of the template language.
#[derive(Clone)]
pub struct Value {
    kind: Kind,
    origin: OriginId,
    is_secure: bool,
}

/// What a [`Value`] is.
#[derive(Clone)]
pub enum Kind {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number; the language only passes these through.
    Float(f64),
    /// Text.
    String(Arc<str>),
    /// An array.
    Array(Arc<Array>),
    /// An object.
    Object(Arc<Object>),
    /// A value that is known only when the deployment runs.
    Symbolic(Arc<Symbolic>),
}

/// Facts about a whole value, kept with it so that no question about it needs a walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Rough size in bytes if written out.
    pub(crate) size: u64,
    /// Levels of nesting.
    pub(crate) depth: u32,
    /// Whether anything in it is symbolic.
    pub(crate) has_symbolic: bool,
    /// Whether anything in it is secret.
    pub(crate) has_secure: bool,
}

impl Summary {
    pub(crate) fn of<'a>(values: impl Iterator<Item = &'a Value>) -> Self {
        let mut sum = Self { size: 2, ..Self::default() };
        for value in values {
            let part = value.summary();
            sum.size = sum.size.saturating_add(part.size).saturating_add(1);
            sum.depth = sum.depth.max(part.depth);
            sum.has_symbolic |= part.has_symbolic;
            sum.has_secure |= part.has_secure;
        }
        sum.depth += 1;
        sum
    }
}

/// The items of an array.
#[derive(Clone)]
pub struct Array {
    items: Vec<Value>,
    summary: Summary,
}

impl std::ops::Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl Value {
    /// `null`
    pub const NULL: Self = Self::new(Kind::Null);

    /// A value without an origin.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, origin: OriginId::NONE, is_secure: false }
    }

    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::new(Kind::String(text.into()))
    }

    /// A whole number.
    pub const fn int(number: i64) -> Self {
        Self::new(Kind::Int(number))
    }

    /// A boolean.
    pub const fn bool(truth: bool) -> Self {
        Self::new(Kind::Bool(truth))
    }

    /// An array.
    pub fn array(items: Vec<Value>) -> Self {
        let summary = Summary::of(items.iter());
        Self::new(Kind::Array(Arc::new(Array { items, summary })))
    }

    /// An object.
    pub fn object(members: Object) -> Self {
        Self::new(Kind::Object(Arc::new(members)))
    }

    /// A value known only at run time.
    pub fn symbolic(symbolic: Symbolic) -> Self {
        Self::new(Kind::Symbolic(Arc::new(symbolic)))
    }

    /// What the value is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Where the value itself stood, if it was written somewhere.
    pub fn origin(&self) -> OriginId {
        self.origin
    }

    /// The same value with another origin.
    #[must_use]
    pub fn with_origin(mut self, origin: OriginId) -> Self {
        self.origin = origin;
        self
    }

    /// The same value, secret if `secure` or if it was secret already.
    #[must_use]
    pub fn secured(mut self, secure: bool) -> Self {
        self.is_secure |= secure;
        self
    }

    /// Whether the value as a whole is secret.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether the value or any part of it is secret.
    pub fn has_secure(&self) -> bool {
        self.is_secure || self.summary().has_secure
    }

    /// Whether the value or any part of it is known only at run time.
    pub fn has_symbolic(&self) -> bool {
        match &self.kind {
            Kind::Symbolic(_) => true,
            Kind::Array(array) => array.summary.has_symbolic,
            Kind::Object(object) => object.summary().has_symbolic,
            _ => false,
        }
    }

    /// The symbolic expression, if the value as a whole is one.
    pub fn as_symbolic(&self) -> Option<&Symbolic> {
        match &self.kind {
            Kind::Symbolic(symbolic) => Some(symbolic),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if whole.
    pub fn as_int(&self) -> Option<i64> {
        match &self.kind {
            Kind::Int(int) => Some(*int),
            Kind::Float(float) if float.fract() == 0.0 && float.abs() < 9.0e15 => Some(*float as i64),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The member `name` of an object, in any letter case; secret if the object is.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.as_object()?.get(name).map(|value| value.clone().secured(self.is_secure))
    }

    /// The value a JSON pointer (RFC 6901) names. Member names are compared exactly first, then in any letter case.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut value = self;
        for segment in pointer.strip_prefix('/')?.split('/') {
            let name = segment.replace("~1", "/").replace("~0", "~");
            value = match &value.kind {
                Kind::Object(object) => object.get(&name)?,
                Kind::Array(array) => array.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    pub(crate) fn summary(&self) -> Summary {
        let size = 5;
        let mut summary = match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {
                Summary { size, ..Summary::default() }
            }
            Kind::String(text) => Summary { size: text.len() as u64 + 2, ..Summary::default() },
            Kind::Array(array) => array.summary,
            Kind::Object(object) => object.summary(),
            Kind::Symbolic(symbolic) => Summary {
                size: symbolic.size(),
                depth: symbolic.depth(),
                has_symbolic: true,
                has_secure: false,
            },
        };
        summary.has_secure |= self.is_secure;
        summary
    }

    /// The type's name as the documentation writes it, for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) => "an integer",
            Kind::Float(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
            Kind::Symbolic(_) => "an expression",
        }
    }

    /// The value of a JSON node, taken literally: nothing in it is an expression.
    pub fn from_node(node: &Node) -> Self {
        match &node.kind {
            NodeKind::Null => Self::NULL,
            NodeKind::Bool(truth) => Self::bool(*truth),
            NodeKind::Int(int) => Self::int(*int),
            NodeKind::Float(float) => Self::new(Kind::Float(*float)),
            NodeKind::String(text) => Self::string(text.clone()),
            NodeKind::Array(items) => Self::array(items.iter().map(Self::from_node).collect()),
            NodeKind::Object(members) => Self::object(
                members.iter().map(|member| (member.key.clone(), Self::from_node(&member.value))).collect(),
            ),
        }
    }

    /// The value of a JSON document, taken literally.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::NULL,
            serde_json::Value::Bool(truth) => Self::bool(*truth),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(int) => Self::int(int),
                None => Self::new(Kind::Float(number.as_f64().unwrap_or_default())),
            },
            serde_json::Value::String(text) => Self::string(text.as_str()),
            serde_json::Value::Array(items) => Self::array(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(members) => Self::object(
                members.iter().map(|(name, value)| (name.as_str().into(), Self::from_json(value))).collect(),
            ),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::bool(truth)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::int(int)
    }
}

impl PartialEq for Value {
    /// Equality of the language's `equals`: text by letter case, objects without regard to order.
    /// Symbolic values are equal when they are the same expression.
    fn eq(&self, other: &Self) -> bool {
        equal(self, other)
    }
}
