//! Writing expressions as text.

use std::fmt;

use super::{Expression, ExpressionKind};
use crate::value::{Kind, REDACTED, Value};

impl fmt::Display for Expression {
    /// The expression without the outer brackets. Secrets in it are redacted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExpressionKind::Literal(value) => write_value(value, f),
            ExpressionKind::Call(call) => {
                if let Some(namespace) = &call.namespace {
                    write!(f, "{namespace}.")?;
                }
                write!(f, "{}(", call.name)?;
                for (index, argument) in call.arguments.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{argument}")?;
                }
                f.write_str(")")
            }
            ExpressionKind::Member { base, name, is_safe } => {
                write!(f, "{base}.{}{name}", if *is_safe { "?" } else { "" })
            }
            ExpressionKind::Index { base, index, is_safe } => {
                write!(f, "{base}[{}{index}]", if *is_safe { "?" } else { "" })
            }
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_value(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value.kind() {
        // The expression shows how the secret is fetched, not the secret; literals in it have their own mark.
        Kind::Symbolic(symbolic) => write!(f, "{}", symbolic.expression()),
        _ if value.is_secure() => write!(f, "'{REDACTED}'"),
        Kind::Null => f.write_str("null()"),
        Kind::Bool(truth) => write!(f, "{truth}()"),
        Kind::Int(int) => write!(f, "{int}"),
        Kind::Float(float) => write!(f, "json('{float}')"),
        Kind::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
        Kind::Array(items) => {
            f.write_str("createArray(")?;
            for (index, item) in items.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write_value(item, f)?;
            }
            f.write_str(")")
        }
        Kind::Object(object) => {
            f.write_str("createObject(")?;
            for (index, (name, member)) in object.iter().enumerate() {
                let separator = if index == 0 { "" } else { ", " };
                write!(f, "{separator}'{}', ", name.replace('\'', "''"))?;
                write_value(member, f)?;
            }
            f.write_str(")")
        }
    }
}
