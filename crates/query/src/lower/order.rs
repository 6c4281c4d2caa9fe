//! `sort` and `top`.

use azimuth_kql::bound::{Expr as Bound, ExprKind, Input, Rel, RelKind, SortKey};
use azimuth_kql::types::ScalarType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, ident};

use super::basic::in_memory;
use super::{Lowering, Places, column, has_window, named};
use crate::functions::number;
use crate::ordered;
use crate::pruned::First;
use crate::rows::{column_name, types};
use crate::table::NATIVE;

/// Whether arrays of the keys sort as Kusto sorts their values.
pub(super) fn is_native(keys: &[SortKey]) -> bool {
    !keys.is_empty()
        && keys.iter().all(|key| {
            let odd = matches!(key.value.ty, ScalarType::Decimal | ScalarType::Dynamic | ScalarType::Unknown);
            !odd && !has_window(&key.value)
        })
}

impl Lowering<'_> {
    pub(super) fn sort(
        &self,
        input: &Input,
        keys: &[SortKey],
        count: Option<&Bound>,
        held: &[Bound],
    ) -> Result<LogicalPlan> {
        let width = input.schema.columns.len();
        let count = count.map(|count| self.size(count)).transpose()?;
        if count == Some(0) {
            return in_memory(&[], &types(&input.schema));
        }
        let scalars = self.scalars();
        let mut columns: Vec<Expr> = (0..width).map(column).collect();
        let mut order: Vec<SortExpr> = Vec::with_capacity(keys.len());
        let (mut needed, mut own): (Places, Vec<Expr>) = ((0..width).collect(), Vec::new());
        for key in keys {
            // Of the table's own column the files tell where the first rows may be.
            if let ExprKind::Column(place) = key.value.kind
                && count.is_some()
                && let Some(name) = self.sortable_column(input, place)
            {
                needed.insert(NATIVE + place);
                let expr = ident(name);
                if !order.iter().any(|known| known.expr == expr) {
                    own.push(expr.clone());
                    order.push(SortExpr { expr, asc: !key.is_descending, nulls_first: key.nulls_first });
                }
                continue;
            }
            let value = scalars.value(&key.value)?;
            let value = if key.value.ty == ScalarType::Real { number::order_key(value) } else { value };
            // Keys are columns, so that sort and order speak of the same.
            let place = columns.iter().position(|known| *known == value).unwrap_or_else(|| {
                columns.push(value);
                columns.len() - 1
            });
            let key = SortExpr { expr: column(place), asc: !key.is_descending, nulls_first: key.nulls_first };
            if !order.iter().any(|known| known.expr == key.expr) {
                order.push(key);
            }
        }
        let first = match (count, own.first(), order.first()) {
            (Some(count), Some(Expr::Column(column)), Some(key)) if key.expr == own[0] && is_bare(input) => {
                Some(First { column: column.name.clone(), count, is_descending: !key.asc })
            }
            _ => None,
        };
        let plan = Lowering { first, ..self.clone() }.plan_under(input, &needed, held)?;
        let has_computed = columns.len() > width;
        let is_wider = has_computed || !own.is_empty();
        let columns = columns.into_iter().enumerate();
        let own = own.into_iter().map(|expr| (NATIVE, expr));
        let plan = if has_computed { named(plan, columns.chain(own).collect())? } else { plan };
        let sorted = LogicalPlanBuilder::from(plan).sort_with_limit(order.clone(), count)?.build()?;
        let plan = ordered::plan(sorted, order);
        if !is_wider {
            return Ok(plan);
        }
        let kept = (0..width).map(|place| column(place).alias(column_name(place)));
        LogicalPlanBuilder::from(plan).project(kept.collect::<Vec<_>>())?.build()
    }
}

/// Whether the rows are all those of a table.
fn is_bare(rel: &Rel) -> bool {
    match &rel.kind {
        RelKind::Table(_) => true,
        RelKind::Project { input, columns } => !columns.iter().any(has_window) && is_bare(input),
        RelKind::Serialize { input } | RelKind::As { input, .. } => is_bare(input),
        _ => false,
    }
}
