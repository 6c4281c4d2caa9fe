//! Times that a request limits its query to, beside the query's text.
//!
//! Source: the request properties `query_datetimescope_column`, `…_from` and `…_to` of Kusto, which the `timespan` of Log
//! Analytics is made of: every table that has the column gives only rows within the scope.

use std::sync::Arc;

use super::Binder;
use crate::ast::BinaryOp;
use crate::bound::{Expr, ExprKind, Rel, RelKind, TableName};
use crate::syntax::Span;
use crate::types::{ScalarType, Schema};
use crate::values::Literal;

/// Times that rows of tables have to lie in. Tables without the column are read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeScope {
    /// The column, of the type `datetime`.
    pub column: String,
    /// The first moment, in ticks.
    pub from: Option<i64>,
    /// The moment after the last, in ticks.
    pub to: Option<i64>,
}

impl Binder<'_> {
    /// The rows of a table, as far as they lie within the scope.
    pub(super) fn scoped_table(&self, name: TableName, schema: Schema, span: Span) -> Arc<Rel> {
        let table = self.rel(RelKind::Table(name), schema, span);
        let Some(scope) = &self.options.time_scope else { return table };
        let column = table.schema.columns.iter().position(|column| column.name == scope.column);
        let Some(place) = column.filter(|place| table.schema.columns[*place].ty == ScalarType::Datetime)
        else {
            return table;
        };
        let span = table.span;
        let limit = |op, ticks: Option<i64>| {
            let limit = ExprKind::Literal(Literal::Datetime(Some(ticks?)));
            let right = Expr { kind: limit, ty: ScalarType::Datetime, span };
            let left = Expr::column(place, ScalarType::Datetime, span);
            let kind = ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) };
            Some(Expr { kind, ty: ScalarType::Bool, span })
        };
        let limits = [limit(BinaryOp::GreaterOrEqual, scope.from), limit(BinaryOp::Less, scope.to)];
        let mut limits: Vec<Expr> = limits.into_iter().flatten().collect();
        let predicate = match limits.len() {
            0 => return table,
            1 => limits.remove(0),
            _ => Expr { kind: ExprKind::And(limits), ty: ScalarType::Bool, span },
        };
        let schema = table.schema.clone();
        self.rel(RelKind::Filter { input: table, predicate }, schema, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::{MemoryCatalog, Options, bind};
    use crate::bound::{BoundQuery, ResultValue};
    use crate::types::Column;

    fn bound(text: &str) -> BoundQuery {
        let mut catalog = MemoryCatalog::new();
        let time = Column::new("TimeGenerated", ScalarType::Datetime);
        catalog.add_table("Timed", Schema::new(vec![time.clone()]));
        catalog.add_table("Timeless", Schema::new(vec![Column::new("a", ScalarType::Long)]));
        let column = "TimeGenerated".to_owned();
        let time_scope = Some(TimeScope { column, from: Some(5), to: Some(9) });
        bind(text, &catalog, &Options { time_scope, ..Options::default() })
    }

    fn is_filtered(text: &str) -> bool {
        let bound = bound(text);
        let ResultValue::Table(rel) = &bound.results[0].value else { panic!("no table") };
        matches!(rel.kind, RelKind::Filter { .. })
    }

    #[test]
    fn tables_with_the_column_are_filtered_and_others_are_not() {
        assert!(is_filtered("Timed"));
        assert!(is_filtered("table('Timed')"));
        assert!(!is_filtered("Timeless"));
        assert!(!is_filtered("datatable(TimeGenerated:datetime)[]"));
    }
}
