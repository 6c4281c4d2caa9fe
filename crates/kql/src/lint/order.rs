//! Operators in an order that costs, or that loses what was made.

use super::{Fix, Lint, names};
use crate::ast::{ExprKind, Operator, OperatorKind as O, Pipeline};
use crate::syntax::{Span, TokenKind};

/// Functions whose result depends on the order of the rows.
const ORDERED: &[&str] = &[
    "any",
    "make_bag",
    "make_list",
    "make_list_if",
    "make_list_with_nulls",
    "make_set",
    "make_set_if",
    "makelist",
    "makeset",
    "next",
    "prev",
    "row_cumsum",
    "row_number",
    "row_rank",
    "row_rank_dense",
    "row_rank_min",
    "row_window_session",
    "take_any",
    "take_anyif",
];

/// One pipeline.
pub(super) fn check(lint: &mut Lint<'_>, pipeline: &Pipeline) {
    for (at, operator) in pipeline.operators.iter().enumerate() {
        let after = &pipeline.operators[at + 1..];
        match &operator.kind {
            O::Sort { .. } => lost_order(lint, operator, after),
            O::Take { .. } => take_unsorted(lint, operator, &pipeline.operators[..at], after),
            O::Summarize { .. } => summarize_distinct(lint, operator),
            _ => {}
        }
        if let Some(next) = after.first() {
            late_filter(lint, operator, next);
        }
    }
}

fn needs_order(lint: &Lint<'_>, operator: &Operator) -> bool {
    lint.grammar(operator.span)
        .any(|token| token.kind == TokenKind::Ident && ORDERED.contains(&token.span.text(lint.text)))
}

fn lost_order(lint: &mut Lint<'_>, sort: &Operator, after: &[Operator]) {
    for next in after {
        if needs_order(lint, next) {
            return;
        }
        let (what, is_same) = match &next.kind {
            O::Where { .. }
            | O::Extend { .. }
            | O::Project { .. }
            | O::ProjectAway { .. }
            | O::ProjectKeep { .. }
            | O::ProjectRename { .. }
            | O::ProjectReorder { .. } => continue,
            O::Summarize { .. } => ("`summarize` loses it", true),
            O::Count { .. } => ("`count` does not look at it", true),
            O::Sort { .. } => ("the rows are sorted again", false),
            O::Distinct { .. } => ("`distinct` loses it", false),
            O::Join { .. } => ("`join` loses it", false),
            _ => return,
        };
        // With the pipe in front.
        let pipe = lint
            .tokens
            .iter()
            .rev()
            .find(|token| token.span.end <= sort.span.start && token.kind == TokenKind::Pipe)
            .map(|pipe| pipe.span.start);
        let fix = pipe.and_then(|pipe| {
            let span = Span::new(pipe, sort.span.end);
            if is_same { Fix::same(span, "") } else { Fix::other(span, "") }
        });
        lint.report(
            "kql-lint-lost-order",
            sort.span,
            format!("the order is not used: {what}"),
            "leave the sort out, or sort the result",
            fix,
        );
        return;
    }
}

fn take_unsorted(lint: &mut Lint<'_>, take: &Operator, before: &[Operator], after: &[Operator]) {
    let goes_on = after.iter().any(|next| {
        !matches!(
            next.kind,
            O::Project { .. }
                | O::ProjectAway { .. }
                | O::ProjectReorder { .. }
                | O::ProjectRename { .. }
                | O::Extend { .. }
                | O::Render { .. }
                | O::Sort { .. }
        )
    });
    let is_sorted = before.iter().any(|operator| {
        matches!(
            operator.kind,
            O::Sort { .. } | O::Top { .. } | O::Serialize { .. } | O::Range { .. } | O::Datatable { .. }
        )
    });
    if goes_on && !is_sorted {
        lint.report(
            "kql-lint-take-unsorted",
            take.span,
            "these are arbitrary rows, other ones at every run, and the query goes on with them".to_owned(),
            "use `top` with an order, or `sort` first",
            None,
        );
    }
}

fn summarize_distinct(lint: &mut Lint<'_>, operator: &Operator) {
    let O::Summarize { aggregates, by, bin } = &operator.kind else { return };
    let has_parts =
        !aggregates.is_empty() || by.is_empty() || bin.is_some() || !operator.parameters.is_empty();
    let are_columns =
        by.iter().all(|key| key.names.is_empty() && matches!(key.value.kind, ExprKind::Name(_)));
    if has_parts || !are_columns {
        return;
    }
    let columns: Vec<&str> = by.iter().map(|key| lint.text_of(key.span)).collect();
    let better = format!("distinct {}", columns.join(", "));
    let hint = format!("write `{better}`");
    let message = "`summarize` without aggregates is a `distinct`".to_owned();
    let fix = Fix::same(operator.span, better);
    lint.report("kql-lint-summarize-distinct", operator.span, message, &hint, fix);
}

/// A filter right after an operator that it could stand before.
fn late_filter(lint: &mut Lint<'_>, operator: &Operator, next: &Operator) {
    let O::Where { predicate } = &next.kind else { return };
    if needs_order(lint, next) {
        return;
    }
    let used = names(predicate);
    let word = match &operator.kind {
        O::Sort { .. } => "sort",
        O::MvExpand { columns, .. } => {
            let is_made = |name: &String| {
                columns.iter().any(|column| lint.mentions(column.value.span, name))
                    || operator.parameters.iter().any(|parameter| lint.mentions(parameter.value.span, name))
            };
            // `mv-expand a.b` makes a column with a name of its own.
            let is_implied = columns.iter().any(|column| {
                column.value.names.is_empty() && !matches!(column.value.value.kind, ExprKind::Name(_))
            });
            if is_implied || used.is_empty() || used.iter().any(is_made) {
                return;
            }
            "mv-expand"
        }
        O::Summarize { by, .. } => {
            let is_key = |name: &String| {
                by.iter().any(|key| {
                    key.names.is_empty() && matches!(&key.value.kind, ExprKind::Name(key) if key == name)
                })
            };
            if used.is_empty() || !used.iter().all(is_key) {
                return;
            }
            "summarize"
        }
        O::Join { .. } => {
            // Other kinds keep other rows, or other rows of a key, once the left side is filtered.
            let kind = operator.parameter("kind").and_then(|kind| kind.word());
            if !matches!(kind, Some("inner" | "leftouter" | "leftsemi" | "leftanti")) || used.is_empty() {
                return;
            }
            let Some(left) = lint.rows_before(operator) else { return };
            if left.is_open || !used.iter().all(|name| left.column(name).is_some()) {
                return;
            }
            "join"
        }
        _ => return,
    };
    let between = lint.text_of(Span::new(operator.span.end, next.span.start));
    let swapped = format!("{}{between}{}", lint.text_of(next.span), lint.text_of(operator.span));
    lint.report(
        "kql-lint-late-filter",
        next.keyword,
        format!("this filter does not need the `{word}` before it"),
        &format!("filter before `{word}`, over fewer rows"),
        Fix::same(operator.span.to(next.span), swapped),
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, fixed};

    #[test]
    fn orders_that_nothing_uses_are_left_out() {
        assert_eq!(
            fixed("Hosts | sort by Count | where Count > 1 | count"),
            "Hosts  | where Count > 1 | count"
        );
        assert_eq!(fixed("Hosts | sort by Count | extend a = 1 | count"), "Hosts  | extend a = 1 | count");
        for text in [
            "Hosts | sort by Count | summarize make_list(Account)",
            "Hosts | sort by Count | extend n = row_number() | summarize max(n)",
            "Hosts | sort by Count | take 5",
            "Hosts | sort by Count",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn arbitrary_rows_are_no_basis() {
        for text in
            ["Hosts | take 5", "Hosts | take 5 | project Account", "Hosts | sort by Count | take 5 | count"]
        {
            assert!(codes(text).is_empty(), "{text}");
        }
        assert_eq!(codes("Hosts | limit 5 | join kind=inner (Hosts) on Account"), ["take-unsorted"]);
    }

    #[test]
    fn filters_move_before_what_they_do_not_need() {
        assert_eq!(
            fixed("Hosts | mv-expand Details | where Account == 'a'"),
            "Hosts | where Account == 'a' | mv-expand Details"
        );
        assert_eq!(
            fixed("Hosts | summarize n = count() by Account, Status | where Status == 'a'"),
            "Hosts | where Status == 'a' | summarize n = count() by Account, Status"
        );
        assert_eq!(
            fixed("Hosts | join kind=leftouter (Hosts) on Account | where Count > 1"),
            "Hosts | where Count > 1 | join kind=leftouter (Hosts) on Account"
        );
        for text in [
            "Hosts | mv-expand Details | where Details.x == 'a'",
            "Hosts | mv-expand x = Details | where x == 'a'",
            "Hosts | mv-expand Details.x | where Details_x == 'a'",
            "Hosts | summarize n = count() by Account | where n > 1 and Account == 'a'",
            "Hosts | summarize n = count() by Account = tolower(Account) | where Account == 'a'",
            "Hosts | sort by Count | where Count > prev(Count)",
            "Hosts | join kind=inner (Hosts | extend x = 1) on Account | where Count > 1 and x == 1",
            "Hosts | join kind=rightouter (Hosts) on Account | where Count > 1",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn groups_without_aggregates_are_distinct() {
        assert_eq!(fixed("Hosts | summarize by Account"), "Hosts | distinct Account");
        assert!(codes("Hosts | summarize by a = Account").is_empty());
    }
}
