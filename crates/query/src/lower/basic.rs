//! Rows made, kept and put together.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use azimuth_kql::ast::{BinaryOp, InOp};
use azimuth_kql::bound::{Expr as Bound, ExprKind, InList, Input, Rel, RelKind, UnionInput};
use azimuth_kql::types::ScalarType;
use azimuth_rows::{Failure, Ready, null_of, tree, type_of};
use azimuth_values::{Refusal, Value, arithmetic};
use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count as count_of;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Union, ident, lit};

use super::{Lowering, Places, column, held, is_plain_key, named, projected, reads, window};
use crate::functions::number;
use crate::rows;
use crate::stage::failed;
use crate::table::{NATIVE, QueryTable};
use crate::{barrier, cells, probe};

/// Lists up to this length are comparisons, which statistics of files can judge.
const SHORT_LIST: usize = 16;

impl Lowering<'_> {
    /// Rows that no table is needed for: the row engine makes them now.
    pub(super) fn constant_rows(&self, rel: &Input) -> Result<LogicalPlan> {
        let made = self.stage.run(&Ready::default(), |run| run.table(rel, None))?;
        let types = rows::types(&rel.schema);
        let batches =
            made.rows.chunks(8192).map(|chunk| rows::batch(chunk, &types)).collect::<Result<Vec<_>>>()?;
        in_memory(&batches, &types)
    }

    /// The rows of a `materialize`.
    pub(super) fn shared(&self, id: usize, rel: &Rel) -> Result<LogicalPlan> {
        let batches = self.shared.get(&id).map(|batches| batches.to_vec()).unwrap_or_default();
        in_memory(&batches, &rows::types(&rel.schema))
    }

    /// The rows of a table, with what `predicates` allow to leave out left out where the table can.
    pub(super) fn scan(
        &self,
        name: &str,
        predicates: &[&Bound],
        rel: &Rel,
        needed: &Places,
    ) -> Result<LogicalPlan> {
        let table = self.tables.get(name).ok_or_else(|| {
            failed(Failure::Refused(Refusal::new(format!("there is no table `{name}`; register it first"))))
        })?;
        let compared = predicates.iter().flat_map(|predicate| comparisons(predicate));
        let hints = compared.filter_map(|Compared { place, op, value, from }| {
            {
                let place = table.schema.index_of(&rel.schema.columns[place].name)?;
                let value = self.stage.constant(value).ok()?;
                let value = match (from, &value) {
                    // `between (a .. 1h)`
                    (Some(from), Value::TimeSpan(_)) => {
                        arithmetic::add(&self.stage.constant(from).ok()?, &value)
                    }
                    _ => value,
                };
                table.hint(place, op, &value)
            }
        });
        let listed = predicates.iter().filter_map(|predicate| self.listed(table, rel, predicate));
        let hints = hints.chain(listed);
        let named = |place: usize| {
            let column = rel.schema.columns.get(place)?;
            table.indexed_column(table.schema.index_of(&column.name)?)
        };
        let read = reads(predicates.iter().copied());
        if needed.difference(&read).count() >= MANY_COLUMNS
            && predicates.iter().any(|held| is_selective(held))
        {
            self.is_selective.store(true, Ordering::Relaxed);
        }
        let condition = probe::condition(predicates.iter().copied(), &self.scalars(), &named);
        let first = self.first.clone().filter(|_| predicates.is_empty());
        table.scan(hints.collect(), condition, first, rel, needed)
    }

    /// A condition on the provider's own column for one that is in a short list.
    fn listed(&self, table: &QueryTable, rel: &Rel, predicate: &Bound) -> Option<Expr> {
        let ExprKind::In { op: InOp::In, left, list: InList::Values(values) } = &predicate.kind else {
            return None;
        };
        let ExprKind::Column(place) = left.kind else { return None };
        let place = table.schema.index_of(&rel.schema.columns[place].name)?;
        if values.len() > SHORT_LIST {
            return None;
        }
        let equal = |value: &Bound| {
            let value = if value.is_constant() { self.stage.constant(value).ok()? } else { return None };
            table.hint(place, BinaryOp::Equal, &value)
        };
        values.iter().map(equal).collect::<Option<Vec<_>>>()?.into_iter().reduce(Expr::or)
    }

    pub(super) fn filter(
        &self,
        input: &Input,
        predicate: &Bound,
        needed: &Places,
        held: &[Bound],
    ) -> Result<LogicalPlan> {
        let read = reads([predicate]);
        // What the condition computes and the reader wants too is computed once, before it.
        let dear = needed.intersection(&read).filter(|place| is_computed(input, **place));
        let dear: Vec<String> = dear.map(|place| rows::column_name(*place)).collect();
        let needed: Places = needed.union(&read).copied().collect();
        let parts: Vec<&Bound> = conjuncts(predicate);
        let held: Vec<Bound> = parts.iter().copied().chain(held).cloned().collect();
        let plan = match window::of(&self.stage, input, &parts) {
            Some((join, window)) => {
                let window = Some((std::ptr::from_ref(join) as usize, window));
                Lowering { window, ..self.clone() }.plan_under(input, &needed, &held)?
            }
            None => self.plan_under(input, &needed, &held)?,
        };
        let plan = if dear.is_empty() { plan } else { barrier::plan(plan, dear) };
        let condition = self.scalars().predicate(predicate)?;
        LogicalPlanBuilder::from(plan).filter(condition)?.build()
    }

    pub(super) fn project(
        &self,
        input: &Input,
        columns: &[Bound],
        needed: &Places,
        held: &[Bound],
    ) -> Result<LogicalPlan> {
        let (cells, native): (Vec<usize>, Vec<usize>) = needed.iter().partition(|place| **place < NATIVE);
        let wanted = || cells.iter().map(|place| &columns[*place]);
        let mut read = reads(wanted());
        let inner = |place: &usize| match columns[place - NATIVE].kind {
            ExprKind::Column(inner) => Some((inner, self.sortable_column(input, inner)?)),
            _ => None,
        };
        let native: Vec<(usize, String)> = native.iter().filter_map(inner).collect();
        read.extend(native.iter().map(|(inner, _)| NATIVE + inner));
        let held = held::through(held, &|place| held::plain(columns.get(place)?));
        let mut plan = self.plan_under(input, &read, &held)?;
        let dear = read_twice(wanted()).into_iter().filter(|place| is_computed(input, *place));
        let dear: Vec<String> = dear.map(rows::column_name).collect();
        if !dear.is_empty() {
            plan = barrier::plan(plan, dear);
        }
        let scalars = self.scalars();
        let exprs = cells.iter().map(|place| Ok((*place, scalars.value(&columns[*place])?)));
        let native = native.into_iter().map(|(place, name)| Ok((NATIVE + place, ident(name))));
        named(plan, exprs.chain(native).collect::<Result<Vec<_>>>()?)
    }

    pub(super) fn distinct(&self, rel: &Input, input: &Input, held: &[Bound]) -> Result<LogicalPlan> {
        if rel
            .schema
            .columns
            .iter()
            .any(|column| matches!(column.ty, ScalarType::Dynamic | ScalarType::Unknown))
        {
            return self.rows(rel, &[]);
        }
        let keys = rel.schema.columns.iter().enumerate().map(|(place, key)| {
            let key = if is_plain_key(key.ty) { column(place) } else { number::group_key(column(place)) };
            key.alias(rows::column_name(place))
        });
        let plan = self.plan_under(input, &(0..input.schema.columns.len()).collect(), held)?;
        LogicalPlanBuilder::from(plan).aggregate(keys.collect::<Vec<_>>(), Vec::<Expr>::new())?.build()
    }

    pub(super) fn count(&self, input: &Input) -> Result<LogicalPlan> {
        let plan = self.plan_for(input, &reads([]))?;
        let counted = LogicalPlanBuilder::from(plan)
            .aggregate(Vec::<Expr>::new(), vec![count_of(lit(1_i64)).alias(rows::column_name(0))])?;
        counted.build()
    }

    pub(super) fn take(&self, input: &Input, count: &Bound, needed: &Places) -> Result<LogicalPlan> {
        let count = self.size(count)?;
        if count == 0 {
            return in_memory(&[], &rows::types(&input.schema));
        }
        LogicalPlanBuilder::from(self.plan_for(input, needed)?).limit(0, Some(count))?.build()
    }

    /// A constant count; what is negative or no number is none.
    pub(super) fn size(&self, count: &Bound) -> Result<usize> {
        let count = self.stage.constant(count)?;
        let whole = count.as_long().or_else(|| count.as_real().map(|count| count as i64)).unwrap_or_default();
        Ok(usize::try_from(whole).unwrap_or(0))
    }

    pub(super) fn union(
        &self,
        rel: &Rel,
        inputs: &[UnionInput],
        has_source: bool,
        needed: &Places,
        held: &[Bound],
    ) -> Result<LogicalPlan> {
        let types = rows::types(&rel.schema);
        let first = usize::from(has_source);
        let plans = inputs.iter().map(|input| {
            let mut columns: BTreeMap<usize, Expr> = BTreeMap::new();
            let mut read = Places::new();
            for (place, output) in input.outputs.iter().enumerate() {
                let Some(output) =
                    output.map(|output| first + output).filter(|output| needed.contains(output))
                else {
                    continue;
                };
                read.insert(place);
                let (from, wanted) = (input.rel.schema.columns[place].ty, types[output]);
                let given = Bound::column(place, from, input.rel.span);
                let given = match from == wanted {
                    true => given,
                    false => {
                        Bound { kind: ExprKind::Convert(Box::new(given)), ty: wanted, span: input.rel.span }
                    }
                };
                columns.insert(output, self.scalars().value(&given)?);
            }
            for place in needed {
                if has_source && *place == 0 {
                    let source = literal(&Value::string(input.source.as_str()), ScalarType::String)?;
                    columns.insert(0, lit(source));
                } else if !columns.contains_key(place) {
                    columns.insert(*place, null(types[*place])?);
                }
            }
            if read.is_empty() {
                read.insert(0);
            }
            let held = held::through(held, &|output| {
                let place = input
                    .outputs
                    .iter()
                    .position(|known| known.map(|known| first + known) == Some(output))?;
                let ty = input.rel.schema.columns.get(place)?.ty;
                (ty == types[output]).then(|| Bound::column(place, ty, input.rel.span))
            });
            named(self.plan_under(&input.rel, &read, &held)?, columns.into_iter().collect())
        });
        let plans = plans.map(|plan| plan.map(Arc::new)).collect::<Result<Vec<_>>>()?;
        match plans.as_slice() {
            [] => in_memory(&[], &types),
            [one] => Ok(LogicalPlan::clone(one)),
            _ => Ok(LogicalPlan::Union(Union::try_new_with_loose_types(plans)?)),
        }
    }
}

/// Rows that are there.
pub(super) fn in_memory(batches: &[RecordBatch], types: &[ScalarType]) -> Result<LogicalPlan> {
    let schema = rows::arrow_schema(types.iter().copied());
    let table = MemTable::try_new(schema, vec![batches.to_vec()])?;
    let scan = LogicalPlanBuilder::scan("rows", provider_as_source(Arc::new(table)), None)?.build()?;
    projected(scan, (0..types.len()).map(column).collect())
}

/// A constant of a plan.
pub(crate) fn literal(value: &Value, ty: ScalarType) -> Result<datafusion::common::ScalarValue> {
    let array = rows::array([value], ty);
    datafusion::common::ScalarValue::try_from_array(&array, 0)
}

/// What stands where there is no value.
pub(super) fn null(ty: ScalarType) -> Result<Expr> {
    debug_assert_eq!(cells::arrow_type(type_of(ty)), rows::arrow_type(ty));
    Ok(lit(literal(&null_of(ty), ty)?))
}

/// The columns that one of the expressions reads more than once.
fn read_twice<'e>(exprs: impl Iterator<Item = &'e Bound>) -> Places {
    let mut twice = Places::new();
    for expr in exprs {
        let mut seen = HashSet::new();
        tree::walk_expr(expr, &mut HashSet::new(), &mut |inner| {
            if let ExprKind::Column(place) = inner.kind
                && !seen.insert(place)
            {
                twice.insert(place);
            }
        });
    }
    twice
}

/// Whether a column is the result of an expression, and not one that a table has.
fn is_computed(rel: &Rel, place: usize) -> bool {
    match &rel.kind {
        RelKind::Project { input, columns } => match columns[place].kind {
            ExprKind::Column(inner) => is_computed(input, inner),
            ExprKind::Literal(_) => false,
            _ => true,
        },
        RelKind::Filter { input, .. }
        | RelKind::Sort { input, .. }
        | RelKind::Top { input, .. }
        | RelKind::Take { input, .. }
        | RelKind::Serialize { input }
        | RelKind::As { input, .. } => is_computed(input, place),
        _ => false,
    }
}

/// The parts of a condition that all have to hold.
fn conjuncts(predicate: &Bound) -> Vec<&Bound> {
    match &predicate.kind {
        ExprKind::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        _ => vec![predicate],
    }
}

/// Columns beside those of a condition from which on it pays to read them only where the condition holds.
const MANY_COLUMNS: usize = 2;

/// Whether few rows are likely to pass.
fn is_selective(predicate: &Bound) -> bool {
    use BinaryOp as B;
    match &predicate.kind {
        ExprKind::Binary { op, left, right } => {
            let of_texts = matches!(left.ty, ScalarType::String | ScalarType::Guid)
                && (left.is_constant() != right.is_constant());
            of_texts
                && matches!(
                    op,
                    B::Equal
                        | B::EqualTilde
                        | B::Has
                        | B::HasCs
                        | B::HasPrefix
                        | B::HasPrefixCs
                        | B::HasSuffix
                        | B::HasSuffixCs
                        | B::Contains
                        | B::ContainsCs
                        | B::StartsWith
                        | B::StartsWithCs
                        | B::EndsWith
                        | B::EndsWithCs
                        | B::MatchesRegex
                )
        }
        ExprKind::In { op, left, .. } => {
            left.ty == ScalarType::String && !matches!(op, InOp::NotIn | InOp::NotInTilde)
        }
        ExprKind::Or(parts) => parts.iter().all(is_selective),
        ExprKind::And(parts) => parts.iter().any(is_selective),
        _ => false,
    }
}

/// A comparison of a column with a constant.
struct Compared<'p> {
    place: usize,
    op: BinaryOp,
    value: &'p Bound,
    /// What a timespan is counted from
    from: Option<&'p Bound>,
}

/// Comparisons of columns with constants that hold where a condition does.
fn comparisons(predicate: &Bound) -> Vec<Compared<'_>> {
    match &predicate.kind {
        ExprKind::Between { is_negated: false, value, low, high }
            if low.is_constant() && high.is_constant() =>
        {
            let ExprKind::Column(place) = value.kind else { return Vec::new() };
            vec![
                Compared { place, op: BinaryOp::GreaterOrEqual, value: low, from: None },
                Compared { place, op: BinaryOp::LessOrEqual, value: high, from: Some(low) },
            ]
        }
        _ => column_and_constant(predicate)
            .map(|(place, op, value)| Compared { place, op, value, from: None })
            .into_iter()
            .collect(),
    }
}

/// A comparison of a column with a constant.
fn column_and_constant(predicate: &Bound) -> Option<(usize, BinaryOp, &Bound)> {
    use BinaryOp as B;
    let ExprKind::Binary { op, left, right } = &predicate.kind else { return None };
    let place = |expr: &Bound| match expr.kind {
        ExprKind::Column(place) => Some(place),
        _ => None,
    };
    if let Some(place) = place(left)
        && right.is_constant()
    {
        return Some((place, *op, right));
    }
    let turned = match op {
        B::Equal => B::Equal,
        B::Less => B::Greater,
        B::LessOrEqual => B::GreaterOrEqual,
        B::Greater => B::Less,
        B::GreaterOrEqual => B::LessOrEqual,
        _ => return None,
    };
    if left.is_constant() { Some((place(right)?, turned, left)) } else { None }
}
