//! Joins: their kind, and which side is which.

use super::{Fix, Lint};
use crate::ast::{Expr, ExprKind, Operator, OperatorKind as O, Pipeline};
use crate::syntax::Span;

/// One pipeline.
pub(super) fn check(lint: &mut Lint<'_>, pipeline: &Pipeline) {
    for (at, operator) in pipeline.operators.iter().enumerate() {
        let O::Join { right, .. } = &operator.kind else { continue };
        let kind = operator.parameter("kind").and_then(|kind| kind.word());
        if kind.is_none() {
            let end = Span::empty(operator.keyword.end);
            lint.report(
                "kql-lint-join-kind",
                operator.keyword,
                "without `kind`, left rows that repeat a key are dropped (`innerunique`)".to_owned(),
                "write `kind=inner` for all pairs, or `kind=innerunique` if this is meant",
                Fix::same(end, " kind=innerunique"),
            );
        }
        let is_inner = matches!(kind, None | Some("inner" | "innerunique"));
        let is_whole =
            pipeline.source.as_ref().is_some_and(|source| matches!(source.kind, ExprKind::Name(_)))
                && !pipeline.operators[..at].iter().any(reduces);
        if is_inner && is_whole && is_reduced(right) && names_table(lint, pipeline) {
            lint.report(
                "kql-lint-join-order",
                operator.keyword,
                "a whole table is on the left side, and a reduced one on the right".to_owned(),
                "put the smaller side on the left, or filter the left one first",
                None,
            );
        }
    }
}

fn names_table(lint: &Lint<'_>, pipeline: &Pipeline) -> bool {
    let Some(source) = &pipeline.source else { return false };
    let name = crate::bound::TableName {
        table: lint.text_of(source.span).to_owned(),
        ..crate::bound::TableName::default()
    };
    lint.catalog.table(&name).is_some()
}

fn reduces(operator: &Operator) -> bool {
    matches!(
        operator.kind,
        O::Where { .. }
            | O::Summarize { .. }
            | O::Distinct { .. }
            | O::Take { .. }
            | O::Top { .. }
            | O::Sample { .. }
            | O::Count { .. }
            | O::Join { .. }
            | O::Lookup { .. }
            | O::Search { .. }
            | O::TopNested { .. }
    )
}

/// Whether a right side comes down to few rows: an aggregation, or a limit.
fn is_reduced(right: &Expr) -> bool {
    let ExprKind::Pipeline(pipeline) = &right.kind else { return false };
    pipeline.operators.iter().any(|operator| {
        matches!(
            operator.kind,
            O::Summarize { .. } | O::Distinct { .. } | O::Take { .. } | O::Top { .. } | O::Datatable { .. }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, fixed};

    #[test]
    fn the_default_kind_is_written_out() {
        assert_eq!(
            fixed("Hosts | join (Hosts) on Account"),
            "Hosts | join kind=innerunique (Hosts) on Account"
        );
        assert!(codes("Hosts | join (Hosts) kind=inner on Account").is_empty());
        assert!(codes("Hosts | lookup (Hosts) on Account").is_empty());
    }

    #[test]
    fn the_smaller_side_is_left() {
        let right = "(Hosts | distinct Account) on Account";
        assert_eq!(codes(&format!("Hosts | join kind=inner {right}")), ["join-order"]);
        assert!(codes(&format!("Hosts | where Count > 1 | join kind=inner {right}")).is_empty());
        assert!(codes(&format!("Hosts | join kind=leftouter {right}")).is_empty());
    }
}
