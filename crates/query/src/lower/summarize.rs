//! `summarize`: DataFusion's own aggregates where they mean the same, accumulators of the row functions otherwise.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use azimuth_kql::bound::{Call, Expr as Bound, ExprKind, InList, Input, NamedValue, SummaryColumn};
use azimuth_kql::types::ScalarType;
use azimuth_rows::Failure;
use azimuth_values::aggregate;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{avg, count, max, min, sum};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt as _, LogicalPlan, LogicalPlanBuilder, cast, ident, lit,
};

use super::{Lowering, held, is_plain_key, projected, reads};
use crate::aggregates::{self, Argument};
use crate::functions::{number, path};
use crate::stage::failed;

/// Results of aggregates by call and place.
type Uses = BTreeMap<usize, ScalarType>;
/// The columns of results, by the address of the call and the place among its outputs.
pub(super) type ResultPlaces = HashMap<(usize, usize), usize>;

impl Lowering<'_> {
    pub(super) fn summarize(
        &self,
        input: &Input,
        by: &[Bound],
        aggregates: &[Bound],
        output: &[SummaryColumn],
        held: &[Bound],
    ) -> Result<LogicalPlan> {
        let groups = by.iter().map(|key| self.group_key(key)).collect::<Result<Vec<_>>>()?;
        // A group that no row above keeps is not needed.
        let held = held::through(held, &|place| match output.get(place)? {
            SummaryColumn::Group(group) => held::plain(by.get(*group)?),
            SummaryColumn::Aggregate(_) => None,
        });
        let (plan, places) = self.grouped(input, (by.iter(), groups), aggregates, &held)?;
        let mut known = HashMap::new();
        let results = output.iter().map(|column| match *column {
            SummaryColumn::Group(index) => Ok(super::column(index)),
            SummaryColumn::Aggregate(index) => {
                self.scalars().value(&over_results(&aggregates[index], &places, &mut known))
            }
        });
        projected(plan, results.collect::<Result<Vec<_>>>()?)
    }

    /// A key of groups: equal values have equal cells.
    pub(super) fn group_key(&self, key: &Bound) -> Result<Expr> {
        let value = self.scalars().value(key)?;
        Ok(match key.ty {
            ty if is_plain_key(ty) => value,
            ScalarType::Real => number::group_key(value),
            _ => path::normal(value),
        })
    }

    /// The groups (what they are made of, and their keys), then every result of an aggregate that the expressions use, at its place.
    pub(super) fn grouped<'e>(
        &self,
        input: &Input,
        (by, groups): (impl Iterator<Item = &'e Bound>, Vec<Expr>),
        aggregates: &'e [Bound],
        held: &[Bound],
    ) -> Result<(LogicalPlan, ResultPlaces)> {
        let calls = calls(aggregates);
        let mut made = Vec::with_capacity(calls.len());
        // After the groups, every used result of an aggregate is a column.
        let mut columns: Vec<Expr> = (0..groups.len()).map(|index| ident(format!("k{index}"))).collect();
        let mut places = ResultPlaces::new();
        for (index, (call, uses)) in calls.iter().enumerate() {
            let name = format!("a{index}");
            let address = std::ptr::from_ref::<Call>(call) as usize;
            if let Some((native, of_nothing)) = self.native(call, uses)? {
                places.insert((address, 0), columns.len());
                let result = ident(&name);
                columns.push(of_nothing.map_or(result.clone(), |value| coalesce(vec![result, value])));
                made.push(native.alias(&name));
                continue;
            }
            made.push(self.accumulated(call, uses)?.alias(&name));
            for (output, (place, ty)) in uses.iter().enumerate() {
                places.insert((address, *place), columns.len());
                columns.push(aggregates::output(ident(&name), output, *ty));
            }
        }
        let arguments = calls.iter().flat_map(|(call, _)| &call.arguments);
        let plan = self.plan_under(input, &reads(by.chain(arguments)), held)?;
        let groups = groups.into_iter().enumerate().map(|(index, key)| key.alias(format!("k{index}")));
        let plan = LogicalPlanBuilder::from(plan).aggregate(groups.collect::<Vec<_>>(), made)?.build()?;
        Ok((projected(plan, columns)?, places))
    }

    /// An aggregate of DataFusion that means the same, and its value of nothing where that is not null.
    fn native(&self, call: &Call, uses: &Uses) -> Result<Option<(Expr, Option<Expr>)>> {
        use ScalarType as T;
        if uses.keys().ne([&0]) {
            return Ok(None);
        }
        let scalars = self.scalars();
        let (name, arguments, condition) = conditional(call);
        let made = match (name, arguments.as_slice()) {
            ("count", []) => (count(lit(1_i64)), None),
            ("sum", [value]) if matches!(value.ty, T::Int | T::Long) && uses[&0] == T::Long => {
                (sum(cast(scalars.value(value)?, DataType::Int64)), Some(lit(0_i64)))
            }
            ("sum", [value]) if value.ty == T::Real && uses[&0] == T::Real => {
                (sum(scalars.value(value)?), Some(lit(0.0_f64)))
            }
            // Of nothing, an average is not a number.
            ("avg", [value]) if matches!(value.ty, T::Int | T::Long | T::Real) && uses[&0] == T::Real => {
                (avg(cast(scalars.value(value)?, DataType::Float64)), Some(lit(f64::NAN)))
            }
            ("min" | "max", [value])
                if value.ty == uses[&0]
                    && matches!(value.ty, T::Int | T::Long | T::Datetime | T::Timespan | T::String) =>
            {
                let value = scalars.value(value)?;
                (if name == "min" { min(value) } else { max(value) }, None)
            }
            _ => return Ok(None),
        };
        Ok(Some((self.only_where(made.0, condition)?, made.1)))
    }

    /// An aggregate of ours.
    fn accumulated(&self, call: &Call, uses: &Uses) -> Result<Expr> {
        let (name, given, condition) = conditional(call);
        let known =
            aggregate(name).ok_or_else(|| failed(Failure::Unsupported(format!("the aggregate `{name}`"))))?;
        let scalars = self.scalars();
        let (mut arguments, mut columns) = (Vec::new(), Vec::new());
        for (index, argument) in given.iter().enumerate() {
            // One argument at least is a column: it tells how many rows there are.
            if index > 0 && argument.is_constant() {
                arguments.push(Argument::Constant(self.stage.constant(argument)?));
            } else {
                arguments.push(Argument::Column(argument.ty));
                columns.push(scalars.value(argument)?);
            }
        }
        if columns.is_empty() {
            columns.push(lit(ScalarValue::Int64(Some(1))));
        }
        let outputs = uses.iter().map(|(place, ty)| (*place, *ty)).collect();
        let made = aggregates::call(&self.stage, (name, known), arguments, columns, outputs);
        self.only_where(made, condition)
    }

    /// An aggregate of the rows where a condition is true.
    fn only_where(&self, aggregate: Expr, condition: Option<&Bound>) -> Result<Expr> {
        match condition {
            Some(condition) => aggregate.filter(self.scalars().predicate(condition)?).build(),
            None => Ok(aggregate),
        }
    }
}

/// What an aggregate computes, of which arguments, and where: `sumif(x, p)` is `sum(x)` where `p`.
fn conditional(call: &Call) -> (&'static str, Vec<&Bound>, Option<&Bound>) {
    let (name, arguments): (_, Vec<&Bound>) = (call.function.name, call.arguments.iter().collect());
    let plain = match name {
        "countif" => "count",
        "sumif" => "sum",
        "avgif" => "avg",
        "minif" => "min",
        "maxif" => "max",
        "dcountif" => "dcount",
        "count_distinctif" => "count_distinct",
        "make_list_if" => "make_list",
        "make_set_if" => "make_set",
        "make_bag_if" => "make_bag",
        "take_anyif" | "anyif" => "take_any",
        "stdevif" => "stdev",
        "stdevpif" => "stdevp",
        "varianceif" => "variance",
        "variancepif" => "variancep",
        _ => return (name, arguments, None),
    };
    // The condition is the last argument, but where limits follow it.
    let place = match name {
        "dcountif" | "make_list_if" | "make_set_if" | "make_bag_if" => 1,
        _ => arguments.len().saturating_sub(1),
    };
    match arguments.get(place) {
        Some(condition) if condition.ty == ScalarType::Bool => {
            let mut rest = arguments.clone();
            rest.remove(place);
            (plain, rest, Some(condition))
        }
        _ => (name, arguments, None),
    }
}

/// The aggregates in expressions, each once, with what of their results is used.
fn calls(exprs: &[Bound]) -> Vec<(&Call, Uses)> {
    let (mut found, mut entered) = (Vec::new(), HashSet::new());
    exprs.iter().for_each(|expr| collect(expr, &mut entered, &mut found));
    found
}

fn collect<'e>(expr: &'e Bound, entered: &mut HashSet<usize>, found: &mut Vec<(&'e Call, Uses)>) {
    match &expr.kind {
        ExprKind::Aggregate(call) => used(found, call, 0, expr.ty),
        ExprKind::Part { call, index } => match &call.kind {
            ExprKind::Aggregate(call) => used(found, call, *index, expr.ty),
            _ => collect(call, entered, found),
        },
        ExprKind::Named(named) => {
            if entered.insert(Arc::as_ptr(named) as usize) {
                collect(&named.expr, entered, found);
            }
        }
        _ => expr.children().into_iter().for_each(|child| collect(child, entered, found)),
    }
}

fn used<'e>(found: &mut Vec<(&'e Call, Uses)>, call: &'e Call, place: usize, ty: ScalarType) {
    match found.iter_mut().find(|(known, _)| std::ptr::eq(*known, call)) {
        Some((_, uses)) => {
            uses.insert(place, ty);
        }
        None => found.push((call, Uses::from([(place, ty)]))),
    }
}

/// The expression with columns in the place of aggregates.
pub(super) fn over_results(
    expr: &Bound,
    places: &ResultPlaces,
    known: &mut HashMap<usize, Arc<NamedValue>>,
) -> Bound {
    let result = |call: &Call, index: usize| {
        let place = places.get(&(std::ptr::from_ref(call) as usize, index));
        place.map_or(ExprKind::Error, |place| ExprKind::Column(*place))
    };
    let mut inner = |expr: &Bound| over_results(expr, places, known);
    let boxed = |expr: &Bound, inner: &mut dyn FnMut(&Bound) -> Bound| Box::new(inner(expr));
    let kind = match &expr.kind {
        ExprKind::Aggregate(call) => result(call, 0),
        ExprKind::Part { call, index } => match &call.kind {
            ExprKind::Aggregate(call) => result(call, *index),
            _ => ExprKind::Part { call: Arc::new(inner(call)), index: *index },
        },
        ExprKind::Named(named) if named.has_aggregate => {
            let address = Arc::as_ptr(named) as usize;
            let replaced = match known.get(&address) {
                Some(replaced) => replaced.clone(),
                None => {
                    let value = NamedValue {
                        expr: over_results(&named.expr, places, known),
                        is_constant: named.is_constant,
                        has_aggregate: false,
                        reads_columns: true,
                    };
                    let value = Arc::new(value);
                    known.insert(address, value.clone());
                    value
                }
            };
            ExprKind::Named(replaced)
        }
        ExprKind::Member { base, name } => {
            ExprKind::Member { base: boxed(base, &mut inner), name: name.clone() }
        }
        ExprKind::Index { base, index } => {
            ExprKind::Index { base: boxed(base, &mut inner), index: boxed(index, &mut inner) }
        }
        ExprKind::Negate(value) => ExprKind::Negate(boxed(value, &mut inner)),
        ExprKind::Convert(value) => ExprKind::Convert(boxed(value, &mut inner)),
        ExprKind::And(values) => ExprKind::And(values.iter().map(inner).collect()),
        ExprKind::Or(values) => ExprKind::Or(values.iter().map(inner).collect()),
        ExprKind::Binary { op, left, right } => {
            ExprKind::Binary { op: *op, left: boxed(left, &mut inner), right: boxed(right, &mut inner) }
        }
        ExprKind::In { op, left, list } => ExprKind::In {
            op: *op,
            left: boxed(left, &mut inner),
            list: match list {
                InList::Values(values) => InList::Values(values.iter().map(inner).collect()),
                InList::Table(table) => InList::Table(table.clone()),
            },
        },
        ExprKind::Between { is_negated, value, low, high } => ExprKind::Between {
            is_negated: *is_negated,
            value: boxed(value, &mut inner),
            low: boxed(low, &mut inner),
            high: boxed(high, &mut inner),
        },
        ExprKind::Call(call) => ExprKind::Call(Call {
            function: call.function,
            arguments: call.arguments.iter().map(inner).collect(),
        }),
        ExprKind::AnyColumn { op, columns, term } => ExprKind::AnyColumn {
            op: *op,
            columns: columns.iter().map(&mut inner).collect(),
            term: boxed(term, &mut inner),
        },
        other => other.clone(),
    };
    Bound { kind, ty: expr.ty, span: expr.span }
}
