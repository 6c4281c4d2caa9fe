//! What is read: every table, or a table over all of its time.

use super::{Lint, names};
use crate::ast::{Expr, ExprKind, Operator, OperatorKind as O, Pipeline};
use crate::bound::TableName;
use crate::syntax::Span;
use crate::walk::{self, Visit};

/// Columns by which tables are divided in time: Log Analytics, and advanced hunting.
const TIME_COLUMNS: &[&str] = &["TimeGenerated", "Timestamp"];
/// Functions of a time that the filter cannot look through.
const WRAPPERS: &[&str] = &[
    "bin",
    "datetime_part",
    "dayofmonth",
    "endofday",
    "format_datetime",
    "startofday",
    "startofmonth",
    "startofweek",
    "todatetime",
    "tostring",
];

/// The whole query.
pub(super) fn check(lint: &mut Lint<'_>) {
    let mut scans =
        Scans { tables: Vec::new(), everything: Vec::new(), wrapped: Vec::new(), filters_time: false };
    walk::query(&mut scans, lint.query);
    for (span, what) in scans.everything {
        let message = format!("{what} reads every table");
        lint.report("kql-lint-search-all", span, message, "name the tables", None);
    }
    for (span, column) in scans.wrapped {
        let message =
            format!("`{column}` is changed before it is compared, so the filter cannot skip data by time");
        let hint = format!("compare `{column}` itself with both ends of the time meant");
        lint.report("kql-lint-wrapped-time", span, message, &hint, None);
    }
    if scans.filters_time {
        return;
    }
    for (name, span) in scans.tables {
        let schema = lint.catalog.table(&TableName { table: name.clone(), ..TableName::default() });
        let column = TIME_COLUMNS
            .iter()
            .find(|column| schema.as_ref().is_some_and(|schema| schema.column(column).is_some()));
        if let Some(column) = column {
            let message = format!("all of `{name}` is read: nothing asks for a time");
            let hint =
                format!("add `| where {column} > ago(1d)`, unless whoever runs the query sets the time");
            lint.report("kql-lint-no-time-filter", span, message, &hint, None);
            return;
        }
    }
}

struct Scans {
    tables: Vec<(String, Span)>,
    everything: Vec<(Span, &'static str)>,
    wrapped: Vec<(Span, String)>,
    /// A condition, anywhere, has to do with time.
    filters_time: bool,
}

impl Scans {
    fn predicate(&mut self, predicate: &Expr) {
        let is_time = |name: &String| TIME_COLUMNS.contains(&name.as_str());
        let mut calls = Calls::default();
        walk::expr(&mut calls, predicate);
        self.filters_time |= calls.reads_clock || names(predicate).iter().any(is_time);
        self.wrapped.extend(calls.wrapped);
    }
}

impl Visit for Scans {
    fn pipeline(&mut self, pipeline: &Pipeline) {
        if let Some(source) = &pipeline.source
            && let ExprKind::Name(name) = &source.kind
        {
            self.tables.push((name.clone(), source.span));
        }
        let Some(first) = pipeline.operators.first().filter(|_| pipeline.source.is_none()) else { return };
        match &first.kind {
            O::Search { tables, .. } if tables.is_empty() => {
                self.everything.push((first.keyword, "`search` without `in (…)`"));
            }
            O::Find(find) if find.tables.is_empty() => {
                self.everything.push((first.keyword, "`find` without `in (…)`"));
            }
            _ => {}
        }
    }

    fn operator(&mut self, operator: &Operator) {
        match &operator.kind {
            O::Where { predicate } => self.predicate(predicate),
            O::Search { predicate, .. } => self.predicate(predicate),
            O::Find(find) => self.predicate(&find.predicate),
            O::MakeSeries(series) => {
                // Its range is a filter.
                let is_bounded = matches!(&series.range, crate::ast::SeriesRange::Step { from: Some(_), .. })
                    || matches!(series.range, crate::ast::SeriesRange::InRange(_));
                self.filters_time |= is_bounded;
            }
            O::Union { tables } => {
                for table in tables {
                    match &table.kind {
                        ExprKind::Star => self.everything.push((table.span, "`union *`")),
                        ExprKind::Name(name) => self.tables.push((name.clone(), table.span)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// Calls in a condition.
#[derive(Default)]
struct Calls {
    reads_clock: bool,
    wrapped: Vec<(Span, String)>,
}

impl Visit for Calls {
    fn call(&mut self, call: &crate::ast::Call) {
        self.reads_clock |= matches!(call.name.text.as_str(), "ago" | "now" | "ingestion_time");
    }

    fn expr(&mut self, expr: &Expr) {
        let side = match &expr.kind {
            ExprKind::Binary { op, left, .. } if op.is_equality() || op.is_relational() => left,
            ExprKind::Between { value, .. } => value,
            ExprKind::In { left, .. } => left,
            _ => return,
        };
        if let ExprKind::Call(call) = &side.kind
            && WRAPPERS.contains(&call.name.text.as_str())
            && let Some(ExprKind::Name(column)) = call.arguments.first().map(|argument| &argument.value.kind)
            && TIME_COLUMNS.contains(&column.as_str())
        {
            self.wrapped.push((side.span, column.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::codes;

    #[test]
    fn tables_with_a_time_column_are_filtered_by_it() {
        assert_eq!(codes("Events | count"), ["no-time-filter"]);
        assert_eq!(codes("union Events, Hosts | count"), ["no-time-filter"]);
        for text in [
            "Hosts | count",
            "let T = Events | where Count > 1; T | where TimeGenerated > ago(1h)",
            "Events | where TimeGenerated between (datetime(2024-01-01) .. 1d)",
            "Events | where ingestion_time() > ago(1h)",
            "Events | make-series count() on TimeGenerated from ago(1d) to now() step 1h",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn everything_is_not_read_by_accident() {
        assert_eq!(codes("union * | where TimeGenerated > ago(1d)"), ["search-all"]);
        assert_eq!(codes("find where Account == 'a'"), ["search-all"]);
        for text in ["union Ho* | count", "Hosts | search 'x'", "find in (Hosts) where Account == 'a'"] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn times_are_compared_as_they_are() {
        assert_eq!(codes("Events | where bin(TimeGenerated, 1d) > ago(7d)"), ["wrapped-time"]);
        assert!(codes("Events | where TimeGenerated > startofday(ago(7d))").is_empty());
    }
}
