//! `mv-expand`.

use azimuth_kql::bound::{Expr as Bound, Input, MvExpand};
use azimuth_kql::types::ScalarType;
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use super::{Lowering, Places, column, held, reads};
use crate::expand::{self, Expansion};
use crate::rows::column_name;

/// Whether the lists are `dynamic`, and see only their row.
pub(super) fn is_native(expand: &MvExpand) -> bool {
    expand.columns.iter().all(|column| {
        let ty = column.value.ty;
        matches!(ty, ScalarType::Dynamic | ScalarType::Unknown) && !super::has_window(&column.value)
    })
}

impl Lowering<'_> {
    pub(super) fn expand(
        &self,
        rel: &Input,
        expand: &MvExpand,
        needed: &Places,
        held: &[Bound],
    ) -> Result<LogicalPlan> {
        let made: Places =
            expand.columns.iter().map(|column| column.output).chain(expand.index_column).collect();
        let width = expand.input.schema.columns.len();
        let kept: Vec<usize> =
            needed.iter().copied().filter(|place| *place < width && !made.contains(place)).collect();
        let mut read = reads(expand.columns.iter().map(|column| &column.value));
        read.extend(&kept);
        let held = held::through(held, &|place| held::kept(rel, place));
        let plan = self.plan_under(&expand.input, &read, &held)?;
        let scalars = self.scalars();
        let stay = kept.iter().map(|place| Ok(column(*place).alias(column_name(*place))));
        let lists = expand
            .columns
            .iter()
            .enumerate()
            .map(|(index, list)| Ok(scalars.value(&list.value)?.alias(format!("list{index}"))));
        let given = stay.chain(lists).collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(plan).project(given)?.build()?;
        let limit = match &expand.limit {
            Some(limit) => {
                self.stage.constant(limit)?.as_long().and_then(|limit| usize::try_from(limit).ok())
            }
            None => Some(usize::MAX),
        };
        debug_assert!(made.iter().all(|place| *place < rel.schema.columns.len()));
        let expansion = Expansion {
            kept,
            lists: expand.columns.iter().map(|column| (column.output, column.ty)).collect(),
            index: expand.index_column,
            limit: limit.unwrap_or(0),
            is_bag_array: expand.is_bag_array,
        };
        expand::plan(plan, expansion)
    }
}
