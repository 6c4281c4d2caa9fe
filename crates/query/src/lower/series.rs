//! `make-series`: an aggregation by group and point, then the points of each group in a row.

use std::collections::HashMap;

use azimuth_kql::ast::BinaryOp;
use azimuth_kql::bound::{Expr as Bound, ExprKind, Input, MakeSeries};
use azimuth_kql::types::ScalarType;
use azimuth_rows::eval;
use azimuth_values::Value;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;

use super::summarize::over_results;
use super::{Lowering, column, projected};
use crate::functions::number;
use crate::series::{self, Axis};

impl Lowering<'_> {
    /// `None` where the axis is not one of whole numbers.
    pub(super) fn series(&self, rel: &Input, series: &MakeSeries) -> Result<Option<LogicalPlan>> {
        let Some(axis) = self.axis(series)? else { return Ok(None) };
        let point = number::point(self.scalars().value(&series.on)?, axis.from, axis.step);
        let mut groups = series.by.iter().map(|key| self.group_key(key)).collect::<Result<Vec<_>>>()?;
        groups.push(point);
        let aggregates: Vec<Bound> = series.series.iter().map(|(value, _)| value.clone()).collect();
        let by = series.by.iter().chain([&series.on]);
        let (plan, places) = self.grouped(&series.input, (by, groups), &aggregates, &within(series))?;
        let mut known = HashMap::new();
        let mut columns: Vec<_> = (0..=series.by.len()).map(column).collect();
        for value in &aggregates {
            columns.push(self.scalars().value(&over_results(value, &places, &mut known))?);
        }
        let defaults = series
            .series
            .iter()
            .map(|(value, default)| Ok(eval::typed(self.stage.constant(default)?, value.ty).to_json()));
        let defaults = defaults.collect::<Result<Vec<_>>>()?;
        let types = crate::rows::types(&rel.schema);
        let values = aggregates.iter().map(|value| value.ty).collect();
        Ok(Some(series::plan(projected(plan, columns)?, axis, series.by.len(), (values, defaults), &types)?))
    }

    fn axis(&self, series: &MakeSeries) -> Result<Option<Axis>> {
        let is_native =
            matches!(series.on.ty, ScalarType::Datetime | ScalarType::Timespan | ScalarType::Long)
                && !series.by.iter().chain([&series.on]).any(super::has_window);
        if !is_native {
            return Ok(None);
        }
        let whole = |value: &Value| match (series.on.ty, value) {
            (ScalarType::Datetime, Value::DateTime(ticks))
            | (ScalarType::Timespan, Value::TimeSpan(ticks)) => Some(*ticks),
            (ScalarType::Long, Value::Long(number)) => Some(*number),
            _ => None,
        };
        let step = match self.stage.constant(&series.step)? {
            Value::TimeSpan(ticks) if series.on.ty != ScalarType::Long => ticks,
            Value::Long(number) if series.on.ty == ScalarType::Long => number,
            _ => return Ok(None),
        };
        let end = |end: &Option<Bound>| match end {
            None => Ok(Some(None)),
            Some(end) => {
                Ok::<_, datafusion::error::DataFusionError>(whole(&self.stage.constant(end)?).map(Some))
            }
        };
        let (Some(from), Some(to)) = (end(&series.from)?, end(&series.to)?) else { return Ok(None) };
        let (ty, is_end_inclusive) = (series.on.ty, series.is_end_inclusive);
        let is_nonempty = series.is_nonempty;
        Ok((step > 0).then_some(Axis { ty, from, to, step, is_end_inclusive, is_nonempty }))
    }
}

/// Conditions that every row on the axis meets. Without groups, a row beside the axis counts, too: it makes the series be there.
fn within(series: &MakeSeries) -> Vec<Bound> {
    let compared = |op: BinaryOp, left: &Bound, right: &Bound, ty: ScalarType| Bound {
        kind: ExprKind::Binary { op, left: Box::new(left.clone()), right: Box::new(right.clone()) },
        ty,
        span: series.on.span,
    };
    match (&series.from, &series.to) {
        (Some(from), Some(to)) if !series.by.is_empty() => {
            // The last bin may begin right before the end.
            let end = compared(BinaryOp::Add, to, &series.step, to.ty);
            vec![
                compared(BinaryOp::GreaterOrEqual, &series.on, from, ScalarType::Bool),
                compared(BinaryOp::LessOrEqual, &series.on, &end, ScalarType::Bool),
            ]
        }
        _ => Vec::new(),
    }
}
