//! What a column is called when the query does not say.

use super::summarize::percentile_name;
use crate::ast::{Expr as Ast, ExprKind as A};
use crate::functions::{Naming, Use, lookup};
use crate::values::Literal;

/// The name that an expression suggests: a column's own, `d_a` for `d.a`, `sum_x`. An empty string for functions that
/// only give a prefix is never returned; `None` means `Column1`.
pub(super) fn implied_name(ast: &Ast, in_aggregate: bool) -> Option<String> {
    match &ast.kind {
        A::Name(name) => Some(name.clone()),
        A::Path { base, member } => match &base.kind {
            A::Name(name) if name == "$left" || name == "$right" => Some(member.text.clone()),
            _ => Some(match implied_name(base, in_aggregate) {
                Some(base) => format!("{base}_{}", member.text),
                None => member.text.clone(),
            }),
        },
        A::Index { base, index } => {
            let base = implied_name(base, in_aggregate);
            let Some(base) = base else {
                return match &index.kind {
                    A::Literal(Literal::String(key)) => Some(key.clone()),
                    A::Literal(Literal::Long(Some(at))) => Some(at.to_string()),
                    _ => None,
                };
            };
            Some(match &index.kind {
                A::Literal(Literal::String(key)) => format!("{base}_{key}"),
                A::Literal(Literal::Long(Some(at))) => format!("{base}_{at}"),
                _ => format!("{base}_"),
            })
        }
        A::Call(call) => {
            if matches!(call.name.text.as_str(), "column_ifexists" | "columnifexists") {
                return None;
            }
            let aggregate = if in_aggregate { lookup(Use::Aggregate, &call.name.text) } else { None };
            let function = aggregate.or_else(|| lookup(Use::Scalar, &call.name.text))?;
            let first = call.arguments.first().map(|argument| &argument.value);
            let of_first = || first.and_then(|first| implied_name(first, in_aggregate));
            if matches!(function.name, "percentile" | "percentilew") {
                let stem = format!("percentile_{}", of_first().unwrap_or_default());
                return Some(percentile_name(call, &stem).unwrap_or(stem));
            }
            if function.name.starts_with("covariance") {
                let second =
                    call.arguments.get(1).and_then(|second| implied_name(&second.value, in_aggregate));
                let (first, second) = (of_first().unwrap_or_default(), second.unwrap_or_default());
                return Some(format!("{}_{first}_{second}", function.name));
            }
            if function.name.starts_with("array_sort_") {
                let of = of_first().unwrap_or_else(|| "array0".into());
                return Some(format!("{of}_sorted"));
            }
            match function.naming {
                Naming::None => None,
                Naming::FirstArgument => of_first(),
                Naming::OnlyArgument if call.arguments.len() == 1 => of_first(),
                Naming::OnlyArgument => None,
                Naming::Prefix(prefix) => Some(format!("{prefix}_{}", of_first().unwrap_or_default())),
                Naming::Fixed(name) => Some(name.to_owned()),
                Naming::FunctionAndArgument => {
                    Some(format!("{}_{}", function.name, of_first().unwrap_or_default()))
                }
            }
        }
        _ => None,
    }
}

/// The name of `percentiles(x, 5, 99.5)`'s columns: `percentile_x_5`, `percentile_x_99_5`.
pub(super) fn percentile_suffix(literal: &Literal) -> String {
    match literal {
        Literal::Long(Some(value)) => value.to_string(),
        Literal::Int(Some(value)) => value.to_string(),
        Literal::Real(Some(value)) => format!("{value}").replace('.', "_"),
        _ => String::new(),
    }
}
