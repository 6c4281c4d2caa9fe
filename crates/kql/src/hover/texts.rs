//! What is said about operators and functions: syntax, signatures and a sentence each.
//!
//! The sentences are data, in `operators.tsv` (name, syntax, sentence) and `functions.tsv` (name, sentence).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::functions::{Accepts, Function, Known, Parameter, Returns, Use, lookup};
use crate::types::ScalarType;

/// An operator: how it is written and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OperatorText {
    pub(crate) syntax: &'static str,
    pub(crate) sentence: &'static str,
}

static OPERATORS: LazyLock<HashMap<&'static str, OperatorText>> = LazyLock::new(|| {
    let lines = include_str!("operators.tsv").lines();
    lines
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let (name, syntax, sentence) = (fields.next()?, fields.next()?, fields.next()?);
            Some((name, OperatorText { syntax, sentence }))
        })
        .collect()
});

static FUNCTIONS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("functions.tsv").lines().filter_map(|line| line.split_once('\t')).collect()
});

/// What is known of an operator.
pub(crate) fn operator(name: &str) -> Option<OperatorText> {
    OPERATORS.get(name).copied()
}

/// All operators, in no particular order.
pub(crate) fn operators() -> impl Iterator<Item = (&'static str, OperatorText)> {
    OPERATORS.iter().map(|(name, text)| (*name, *text))
}

/// The sentence about a function.
pub(crate) fn function(name: &str) -> Option<&'static str> {
    FUNCTIONS.get(name).copied()
}

/// What a scalar operator does.
pub(crate) fn scalar_operator(text: &str) -> Option<&'static str> {
    let positive = text.strip_prefix('!').unwrap_or(text);
    Some(match positive {
        "==" => "equal, letter case counts",
        "=" if text == "!=" => "not equal, letter case counts",
        "=~" => "equal, letter case ignored",
        "~" if text == "!~" => "not equal, letter case ignored",
        "has" => "has the term, letter case ignored; terms are runs of letters and digits",
        "has_cs" => "has the term, letter case counts",
        "hasprefix" => "has a term that begins so, letter case ignored",
        "hasprefix_cs" => "has a term that begins so, letter case counts",
        "hassuffix" => "has a term that ends so, letter case ignored",
        "hassuffix_cs" => "has a term that ends so, letter case counts",
        "contains" => "has the text anywhere, letter case ignored; `has` is faster for whole terms",
        "contains_cs" => "has the text anywhere, letter case counts",
        "startswith" => "begins with the text, letter case ignored",
        "startswith_cs" => "begins with the text, letter case counts",
        "endswith" => "ends with the text, letter case ignored",
        "endswith_cs" => "ends with the text, letter case counts",
        "matches regex" => "the regular expression matches somewhere, letter case counts",
        "in" => "equal to one of the values, letter case counts",
        "in~" => "equal to one of the values, letter case ignored",
        "has_any" => "has one of the terms, letter case ignored",
        "has_all" => "has all of the terms, letter case ignored",
        "between" => "lies between two values, both included",
        "and" => "both are true",
        "or" => "one of both is true",
        _ => return None,
    })
}

/// One line for each way to call a function: `bin(value: summable, size: number) → …`.
pub(crate) fn signatures(function: &Function) -> Vec<String> {
    let target = function.alias_of.and_then(|target| lookup(function.usage(), target)).unwrap_or(function);
    let line = |signature: &crate::functions::Signature| {
        let parameters: Vec<String> = signature.parameters.iter().map(parameter).collect();
        let result = returns(&signature.returns).map(|ty| format!(" → {ty}")).unwrap_or_default();
        format!("{}({}){result}", function.name, parameters.join(", "))
    };
    target.signatures.iter().map(line).collect()
}

fn parameter(parameter: &Parameter) -> String {
    let mut text = format!("{}: {}", parameter.name, accepts(parameter.accepts));
    if parameter.most > 1 {
        text.push('…');
    }
    if parameter.least == 0 { format!("[{text}]") } else { text }
}

fn accepts(accepts: Accepts) -> String {
    match accepts {
        Accepts::Any | Accepts::AnyText | Accepts::Common | Accepts::SameAs(_) => "scalar".into(),
        Accepts::NotDynamic => "scalar, not dynamic".into(),
        Accepts::Type(ty) => ty.name().into(),
        Accepts::OneOf(types) => types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(" or "),
        Accepts::Text | Accepts::TextAsIs => "string".into(),
        Accepts::TextOrDynamic => "string or dynamic".into(),
        Accepts::TextOrArray => "string or array of strings".into(),
        Accepts::Number => "number".into(),
        Accepts::Integer => "whole number".into(),
        Accepts::Summable => "number, timespan or datetime".into(),
        Accepts::NumberOrBool => "number, bool or timespan".into(),
        Accepts::Dynamic => "dynamic".into(),
        Accepts::Array => "array".into(),
        Accepts::Bag => "property bag".into(),
        Accepts::Table => "table".into(),
    }
}

fn returns(returns: &Returns) -> Option<String> {
    Some(match returns {
        Returns::Type(ty) | Returns::Named(_, ty) | Returns::ForWord(.., ty)
            if *ty != ScalarType::Unknown =>
        {
            ty.name().into()
        }
        Returns::Array | Returns::ArrayOf(_) | Returns::Known(Known::Array(_)) => "dynamic array".into(),
        Returns::Bag | Returns::Known(Known::Bag(_)) => "dynamic property bag".into(),
        Returns::Known(_) => "dynamic".into(),
        Returns::Argument(at) | Returns::ArgumentLong(at) => format!("type of argument {}", at + 1),
        Returns::Common => "common type of the values".into(),
        Returns::Widest => "widest number among the arguments".into(),
        Returns::Columns(columns) => format!("{} columns", columns.len()),
        Returns::Table => "table".into(),
        Returns::Type(_)
        | Returns::Named(..)
        | Returns::ForWord(..)
        | Returns::Computed(_)
        | Returns::Special => return None,
    })
}

/// The function that a call of this name means; aggregates come first where they may stand.
pub(crate) fn find_function(name: &str, prefers: Use) -> Option<&'static Function> {
    let uses = [prefers, Use::Scalar, Use::Aggregate, Use::Plugin];
    // `all` and not `lookup`: aliases keep their own names.
    uses.into_iter().find_map(|usage| crate::functions::all(usage).find(|function| function.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_knows_every_operator_that_is_described() {
        for (name, text) in operators() {
            assert!(!text.sentence.is_empty() && text.syntax.starts_with(name), "`{name}`");
            let found = crate::parse(&format!("T | {name}")).diagnostics;
            assert!(found.iter().all(|found| found.code != "kql-syntax-operator"), "`{name}`");
        }
        assert_eq!(operators().count(), 58);
    }

    #[test]
    fn every_function_that_is_described_is_there() {
        let missing: Vec<_> = FUNCTIONS
            .keys()
            .filter(|name| find_function(name, Use::Scalar).is_none())
            // The binder knows these without a table.
            .filter(|name| !matches!(**name, "toscalar" | "table" | "column_ifexists" | "columnifexists"))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn signatures_tell_optional_and_repeated_parameters() {
        let lines = |name| signatures(find_function(name, Use::Scalar).unwrap()).join("; ");
        assert_eq!(lines("ago"), "ago(timespan: timespan) → datetime");
        assert_eq!(lines("startofday"), "startofday(date: datetime, [offset: long]) → datetime");
    }
}
