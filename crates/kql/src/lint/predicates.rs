//! Conditions that repeat, and conditions that decide nothing.

use std::collections::HashSet;

use super::{Fix, Lint};
use crate::ast::{Expr, ExprKind, OperatorKind, Pipeline};
use crate::syntax::Span;
use crate::values::Literal;

/// One expression.
pub(super) fn check(lint: &mut Lint<'_>, expr: &Expr) {
    match &expr.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) => repeated(lint, operands),
        ExprKind::In { list, .. } => repeated_values(lint, list),
        ExprKind::Binary { op, left, right, .. } if op.is_equality() || op.is_relational() => {
            let is_constant = |side: &Expr| matches!(side.kind, ExprKind::Literal(_));
            let is_same = matches!(left.kind, ExprKind::Name(_) | ExprKind::Path { .. })
                && lint.key(left.span) == lint.key(right.span);
            if is_same || (is_constant(left) && is_constant(right)) {
                let what = if is_same { "both sides are the same" } else { "both sides are constants" };
                constant(lint, left.span.to(right.span), what);
            }
        }
        ExprKind::Between { low, high, value, .. } => {
            let bounds = (&low.kind, &high.kind);
            let is_empty = match bounds {
                (
                    ExprKind::Literal(Literal::Long(Some(low))),
                    ExprKind::Literal(Literal::Long(Some(high))),
                ) => low > high,
                (
                    ExprKind::Literal(Literal::Datetime(Some(low))),
                    ExprKind::Literal(Literal::Datetime(Some(high))),
                ) => low > high,
                _ => false,
            };
            if is_empty {
                constant(lint, value.span.to(high.span), "the lower bound is above the upper one");
            }
        }
        _ => {}
    }
}

fn constant(lint: &mut Lint<'_>, span: Span, what: &str) {
    let message = format!("this comes out the same for every row: {what}");
    lint.report(
        "kql-lint-constant-condition",
        span,
        message,
        "compare a column, or leave the condition out",
        None,
    );
}

/// The same operand of `and` or `or` twice.
fn repeated(lint: &mut Lint<'_>, operands: &[Expr]) {
    let mut seen = HashSet::new();
    for (at, operand) in operands.iter().enumerate() {
        let key = lint.key(operand.span);
        if !seen.insert(key) && at > 0 {
            let span = Span::new(operands[at - 1].span.end, operand.span.end);
            let message = format!("`{}` is asked twice", lint.text_of(operand.span));
            lint.report(
                "kql-lint-duplicate-condition",
                operand.span,
                message,
                "leave the second one out",
                Fix::same(span, ""),
            );
        }
    }
}

fn repeated_values(lint: &mut Lint<'_>, list: &[Expr]) {
    // Long lists are data; one finding for the whole list says enough.
    let mut seen = HashSet::new();
    for (at, item) in list.iter().enumerate() {
        let ExprKind::Literal(_) = &item.kind else { continue };
        let key = lint.key(item.span);
        if !seen.insert(key.clone())
            && let Some(before) = at.checked_sub(1).and_then(|before| list.get(before))
        {
            let span = Span::new(before.span.end, item.span.end);
            let message = format!("`{key}` stands in the list twice");
            let fix = Fix::same(span, "");
            lint.report("kql-lint-duplicate-condition", item.span, message, "leave the second one out", fix);
            return;
        }
    }
}

/// `where a | where a`, with other filters in between at most.
pub(super) fn check_pipeline(lint: &mut Lint<'_>, pipeline: &Pipeline) {
    let mut seen: Vec<String> = Vec::new();
    let mut before: Option<Span> = None;
    for operator in &pipeline.operators {
        let OperatorKind::Where { predicate } = &operator.kind else {
            seen.clear();
            before = Some(operator.span);
            continue;
        };
        let key = lint.key(predicate.span);
        if seen.contains(&key) {
            let from = before.map_or(operator.span.start, |before| before.end);
            let fix = Fix::same(Span::new(from, operator.span.end), "");
            let message = "this filter was applied already".to_owned();
            lint.report("kql-lint-duplicate-condition", operator.span, message, "leave it out", fix);
        } else {
            seen.push(key);
        }
        before = Some(operator.span);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, fixed};

    #[test]
    fn what_is_asked_twice_is_asked_once() {
        assert_eq!(fixed("Hosts | where Account == 'a' or Account  ==  'a'"), "Hosts | where Account == 'a'");
        assert_eq!(fixed("Hosts | where Account in ('a', 'b', 'a')"), "Hosts | where Account in ('a', 'b')");
        assert_eq!(
            fixed("Hosts | where Count > 1 | where Status has 'x' | where Count > 1 | count"),
            "Hosts | where Count > 1 | where Status has 'x' | count"
        );
        assert!(codes("Hosts | where Count > 1 | extend Count = Count - 1 | where Count > 1").is_empty());
    }

    #[test]
    fn conditions_that_decide_nothing() {
        for text in ["Count == Count", "'a' == 'b'", "Count between (5 .. 1)", "Details.x != Details.x"] {
            assert_eq!(codes(&format!("Hosts | where {text}")), ["constant-condition"], "{text}");
        }
        for text in ["Count == 1", "rand() == rand()", "Count between (1 .. 5)", "Details.x == Details.y"] {
            assert!(codes(&format!("Hosts | where {text}")).is_empty(), "{text}");
        }
    }
}
