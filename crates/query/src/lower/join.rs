//! `join` and `lookup`.

use std::sync::Arc;

use azimuth_kql::bound::{Expr as Bound, Join, JoinColumn, JoinKind};
use azimuth_kql::types::ScalarType;
use azimuth_values::aggregate;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{JoinConstraint, JoinType, NullEquality};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, Join as Plan, LogicalPlan, LogicalPlanBuilder, cast, ident};

use super::basic::null;
use super::{Lowering, column, held};
use crate::aggregates::{self, Argument};
use crate::functions::number;
use crate::rows::types;
use crate::table::text_or_empty;

/// Whether keys that are equal have equal cells.
pub(super) fn is_native(join: &Join) -> bool {
    use ScalarType as T;
    !join.keys.is_empty()
        && join.keys.iter().all(|(left, right)| {
            let odd = |expr: &Bound| matches!(expr.ty, T::Dynamic | T::Unknown) || super::has_window(expr);
            let alike =
                left.ty == right.ty || matches!((left.ty, right.ty), (T::Int, T::Long) | (T::Long, T::Int));
            alike && !odd(left) && !odd(right)
        })
}

fn left_name(place: usize) -> String {
    format!("l{place}")
}

fn right_name(place: usize) -> String {
    format!("r{place}")
}

impl Lowering<'_> {
    pub(super) fn join(&self, join: &Join, held: &[Bound]) -> Result<LogicalPlan> {
        let address = std::ptr::from_ref(join) as usize;
        let window = self.window.filter(|(known, _)| *known == address).map(|(_, window)| window);
        let left = self.side(join, true, held)?;
        let right = self.side(join, false, held)?;
        let keys = join.keys.len();
        // `innerunique`: one row of the left for each key.
        let left = match join.kind {
            JoinKind::InnerUnique => self.first_rows(left, join)?,
            _ => left,
        };
        let (left, right) = match window {
            Some(window) => {
                let key = window.left_key(|place| ident(left_name(place))).alias("lw");
                let left = with_column(left, key)?;
                let left = LogicalPlanBuilder::from(left).unnest_column("lw")?.build()?;
                (left, with_column(right, window.right_key(|place| ident(right_name(place))).alias("rw"))?)
            }
            None => (left, right),
        };
        let kind = match join.kind {
            JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::RightSemi => JoinType::RightSemi,
            JoinKind::LeftAnti => JoinType::LeftAnti,
            JoinKind::RightAnti => JoinType::RightAnti,
        };
        let on = (0..keys).map(|key| (ident(format!("lk{key}")), ident(format!("rk{key}"))));
        let on = on.chain(window.map(|_| (ident("lw"), ident("rw")))).collect();
        let joined = Plan::try_new(
            Arc::new(left),
            Arc::new(right),
            on,
            None,
            kind,
            JoinConstraint::On,
            NullEquality::NullEqualsNull,
            false,
        )?;
        let has_left = !matches!(join.kind, JoinKind::RightSemi | JoinKind::RightAnti);
        let has_right = !matches!(join.kind, JoinKind::LeftSemi | JoinKind::LeftAnti);
        let (may_lack_left, may_lack_right) = match join.kind {
            JoinKind::LeftOuter => (false, true),
            JoinKind::RightOuter => (true, false),
            JoinKind::FullOuter => (true, true),
            _ => (false, false),
        };
        let output = join.output.iter().map(|output| {
            let (name, ty, is_there, may_lack) = match *output {
                JoinColumn::Left(place) => {
                    (left_name(place), join.left.schema.columns[place].ty, has_left, may_lack_left)
                }
                JoinColumn::Right(place) => {
                    (right_name(place), join.right.schema.columns[place].ty, has_right, may_lack_right)
                }
            };
            match (is_there, ty) {
                (false, ty) => null(ty),
                // Texts have no null: where there is no row they are empty.
                (true, ScalarType::String) if may_lack => Ok(text_or_empty(ident(name))),
                (true, _) => Ok(ident(name)),
            }
        });
        super::projected(LogicalPlan::Join(joined), output.collect::<Result<Vec<_>>>()?)
    }

    /// The first of the left rows of each key.
    fn first_rows(&self, left: LogicalPlan, join: &Join) -> Result<LogicalPlan> {
        let keys: Vec<Expr> = (0..join.keys.len()).map(|key| ident(format!("lk{key}"))).collect();
        let types: Vec<ScalarType> = types(&join.left.schema);
        let is_read = |place: &usize| join.output.contains(&JoinColumn::Left(*place));
        let read: Vec<usize> = (0..types.len()).filter(is_read).collect();
        let any =
            aggregate("take_any").ok_or_else(|| DataFusionError::Internal("no `take_any`".to_owned()))?;
        let row = aggregates::call(
            &self.stage,
            (aggregates::FIRST_ROW, any),
            read.iter().map(|place| Argument::Column(types[*place])).collect(),
            read.iter().map(|place| ident(left_name(*place))).collect(),
            read.iter().map(|place| types[*place]).enumerate().collect(),
        );
        let made = if read.is_empty() { Vec::new() } else { vec![row.alias("row")] };
        let grouped = LogicalPlanBuilder::from(left).aggregate(keys.clone(), made)?.build()?;
        let cells = read.iter().enumerate().map(|(index, place)| {
            aggregates::output(ident("row"), index, types[*place]).alias(left_name(*place))
        });
        LogicalPlanBuilder::from(grouped).project(cells.chain(keys).collect::<Vec<_>>())?.build()
    }

    /// A side with its columns and keys under names of their own.
    fn side(&self, join: &Join, is_left: bool, held: &[Bound]) -> Result<LogicalPlan> {
        let (input, column_name, key_name) = if is_left {
            (&join.left, left_name as fn(usize) -> String, "lk")
        } else {
            (&join.right, right_name as _, "rk")
        };
        let scalars = self.scalars();
        let columns =
            (0..input.schema.columns.len()).map(|place| Ok(column(place).alias(column_name(place))));
        let keys = join.keys.iter().enumerate().map(|(index, (left, right))| {
            let key = if is_left { left } else { right };
            let value = scalars.value(key)?;
            let value: Expr = match key.ty {
                ScalarType::Int if left.ty != right.ty => cast(value, DataType::Int64),
                ScalarType::Real => number::group_key(value),
                _ => value,
            };
            Ok(value.alias(format!("{key_name}{index}")))
        });
        let named = columns.chain(keys).collect::<Result<Vec<Expr>>>()?;
        let held = held::through(held, &|place| held::of_side(join, place, is_left));
        let all = (0..input.schema.columns.len()).collect();
        LogicalPlanBuilder::from(self.plan_under(input, &all, &held)?).project(named)?.build()
    }
}

/// A plan with one column more.
fn with_column(input: LogicalPlan, column: Expr) -> Result<LogicalPlan> {
    let known: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    LogicalPlanBuilder::from(input).project(known.into_iter().chain([column]).collect::<Vec<_>>())?.build()
}
