//! Values of a definition that may hold expressions.

use std::borrow::Cow;
use std::sync::Arc;

use azimuth_arm::{
    Expression, ExpressionError, ExpressionKind, Node, NodeKind, Object, Value, is_expression,
    parse_expression, unescape,
};

use crate::definition::MAX_EXPRESSION_LENGTH;

/// A value that is known, or an expression, or a structure with expressions somewhere inside.
#[derive(Clone, Debug)]
pub enum Template {
    /// A value without any expression.
    Known(Value),
    /// An expression in brackets.
    Expression(Arc<Expression>),
    /// An array in which some item is no known value.
    Array(Vec<Template>),
    /// An object in which some member is no known value.
    Object(Vec<(Arc<str>, Template)>),
}

/// A text that begins and ends like an expression but is none, with the JSON path to it.
#[derive(Clone, Debug)]
pub(crate) struct BadExpression {
    pub(crate) path: String,
    pub(crate) error: ExpressionError,
}

impl Template {
    /// Reads a JSON value, its strings being expressions where they stand in brackets.
    pub(crate) fn parse(node: &Node, path: &str, faults: &mut Vec<BadExpression>) -> Self {
        match &node.kind {
            NodeKind::String(text) => Self::parse_text(text, path, faults),
            NodeKind::Array(items) => {
                let parts: Vec<Self> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| Self::parse(item, &format!("{path}[{index}]"), faults))
                    .collect();
                if parts.iter().all(|part| matches!(part, Self::Known(_))) {
                    let known = parts.into_iter().filter_map(|part| part.known().cloned());
                    return Self::Known(Value::array(known.collect()));
                }
                Self::Array(parts)
            }
            NodeKind::Object(members) => {
                let parts: Vec<(Arc<str>, Self)> = members
                    .iter()
                    .map(|member| {
                        let at = format!("{path}.{}", member.key);
                        (member.key.clone(), Self::parse(&member.value, &at, faults))
                    })
                    .collect();
                if parts.iter().all(|(_, part)| matches!(part, Self::Known(_))) {
                    let known =
                        parts.into_iter().filter_map(|(name, part)| Some((name, part.known()?.clone())));
                    return Self::Known(Value::object(known.collect::<Object>()));
                }
                Self::Object(parts)
            }
            _ => Self::Known(Value::from_node(node)),
        }
    }

    fn parse_text(text: &Arc<str>, path: &str, faults: &mut Vec<BadExpression>) -> Self {
        if !is_expression(text) {
            return Self::Known(Value::string(unescape(text)));
        }
        if text.chars().count() > MAX_EXPRESSION_LENGTH {
            let error = azimuth_arm::Fault::limit(format!(
                "the expression is longer than {MAX_EXPRESSION_LENGTH} characters"
            ));
            let span = azimuth_arm::Span::new(0, text.len());
            faults.push(BadExpression { path: path.to_owned(), error: error.at(span) });
            return Self::Known(Value::string(text.clone()));
        }
        match parse_expression(&with_calls(text)) {
            Ok(Expression { kind: ExpressionKind::Literal(value), .. }) => Self::Known(value),
            Ok(expression) => Self::Expression(Arc::new(expression)),
            Err(error) => {
                faults.push(BadExpression { path: path.to_owned(), error });
                Self::Known(Value::string(text.clone()))
            }
        }
    }

    /// The value, if no expression stands in it.
    pub fn known(&self) -> Option<&Value> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Visits every expression.
    pub fn for_each_expression(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::Known(_) => {}
            Self::Expression(expression) => visit(expression),
            Self::Array(items) => items.iter().for_each(|item| item.for_each_expression(visit)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.for_each_expression(visit)),
        }
    }

    /// The value with every expression replaced by what `evaluate` makes of it.
    ///
    /// # Errors
    /// The first error of `evaluate`.
    pub(crate) fn resolve<E>(
        &self,
        evaluate: &mut dyn FnMut(&Expression) -> Result<Value, E>,
    ) -> Result<Value, E> {
        match self {
            Self::Known(value) => Ok(value.clone()),
            Self::Expression(expression) => evaluate(expression),
            Self::Array(items) => {
                let items: Result<Vec<Value>, E> = items.iter().map(|item| item.resolve(evaluate)).collect();
                Ok(Value::array(items?))
            }
            Self::Object(members) => {
                let mut object = Object::new();
                for (name, member) in members {
                    object.set(name.clone(), member.resolve(evaluate)?);
                }
                Ok(Value::object(object))
            }
        }
    }
}

/// `true`, `false` and `null` without parentheses are accepted in rules; the template language wants calls.
fn with_calls(text: &str) -> Cow<'_, str> {
    if !["true", "false", "null"].iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let mut in_text = false;
    let mut before = '[';
    while let Some(character) = rest.chars().next() {
        let starts_word = !(in_text || before.is_alphanumeric() || matches!(before, '_' | '.' | '?'));
        let word = ["true", "false", "null"].into_iter().find(|word| {
            starts_word
                && rest
                    .strip_prefix(word)
                    .is_some_and(|after| after.trim_start().starts_with([',', ')', ']']))
        });
        if let Some(word) = word {
            out.push_str(word);
            out.push_str("()");
            before = ')';
            rest = &rest[word.len()..];
            continue;
        }
        in_text ^= character == '\'';
        out.push(character);
        before = character;
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(out)
}

/// Visits every call in an expression, outermost first.
pub(crate) fn for_each_call(expression: &Expression, visit: &mut dyn FnMut(&azimuth_arm::Call)) {
    match &expression.kind {
        ExpressionKind::Literal(_) => {}
        ExpressionKind::Call(call) => {
            visit(call);
            for argument in &call.arguments {
                for_each_call(argument, visit);
            }
        }
        ExpressionKind::Member { base, .. } => for_each_call(base, visit),
        ExpressionKind::Index { base, index, .. } => {
            for_each_call(base, visit);
            for_each_call(index, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_become_calls() {
        assert_eq!(
            with_calls("[if(true, 'true)', field('x').true)]"),
            "[if(true(), 'true)', field('x').true)]"
        );
        assert_eq!(with_calls("[string(null )]"), "[string(null() )]");
        assert_eq!(with_calls("[true()]"), "[true()]");
    }
}
