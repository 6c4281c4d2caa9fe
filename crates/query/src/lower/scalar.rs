//! Expressions: kernels and DataFusion's own operators where they mean exactly what Kusto means, the row engine otherwise.

use std::sync::Arc;

use azimuth_kql::ast::{BinaryOp, InOp};
use azimuth_kql::bound::{Call, Expr as Bound, ExprKind, InList};
use azimuth_kql::functions::FunctionKind;
use azimuth_kql::types::ScalarType;
use azimuth_rows::Ready;
use azimuth_values::{Json, Value};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Operator, Volatility, binary_expr, cast, in_list, lit, not, when};

use super::basic::literal;
use super::column;
use crate::functions::known::Argument;
use crate::functions::path::Step;
use crate::functions::{self, compare, known, member, number, path, pattern, row, split, text};
use crate::rows;
use crate::stage::Stage;

/// Expressions deeper than this are evaluated by the row engine, which shares named values.
const MAX_NODES: usize = 400;
/// Lists up to this length are comparisons, which statistics of files can judge.
const SHORT_LIST: usize = 16;

/// Lowers expressions over the columns of one input.
pub(crate) struct Scalars<'s> {
    stage: &'s Arc<Stage>,
}

impl<'s> Scalars<'s> {
    pub(crate) fn new(stage: &'s Arc<Stage>) -> Self {
        Self { stage }
    }

    /// A constant; `None` if it is none, or its value refuses to be computed.
    pub(crate) fn constant(&self, expr: &Bound) -> Option<Value> {
        if expr.is_constant() { self.stage.constant(expr).ok() } else { None }
    }

    /// The value of an expression.
    pub(crate) fn value(&self, expr: &Bound) -> Result<Expr> {
        if size(expr, MAX_NODES).is_none() {
            return Ok(self.by_row(expr));
        }
        self.lower(expr)
    }

    /// A condition of which only the truth counts: null is as good as false.
    pub(crate) fn predicate(&self, expr: &Bound) -> Result<Expr> {
        if size(expr, MAX_NODES).is_none() {
            return Ok(self.by_row(expr));
        }
        self.condition(expr)
    }

    fn condition(&self, expr: &Bound) -> Result<Expr> {
        match &expr.kind {
            ExprKind::Named(named) => self.condition(&named.expr),
            ExprKind::And(parts) if parts.iter().all(is_bool) => self.junction(parts, Operator::And, true),
            ExprKind::Or(parts) if parts.iter().all(is_bool) => self.junction(parts, Operator::Or, true),
            ExprKind::Binary { op, left, right } if compare::is_comparison(*op) => {
                match self.plain_comparison(*op, left, right)? {
                    Some(comparison) => Ok(comparison),
                    None => self.lower(expr),
                }
            }
            ExprKind::Between { is_negated: false, value, low, high } if value.ty != ScalarType::String => {
                let low = self.plain_comparison(BinaryOp::GreaterOrEqual, value, low)?;
                let high = self.plain_comparison(BinaryOp::LessOrEqual, value, high)?;
                match low.zip(high) {
                    Some((low, high)) => Ok(binary_expr(low, Operator::And, high)),
                    None => self.lower(expr),
                }
            }
            ExprKind::In { op: InOp::In, left, list } if left.ty != ScalarType::Real => {
                let Some(members) = self.members(list)? else { return self.lower(expr) };
                let plain = |member: &Value| plain_constant(member, left.ty);
                if members.is_empty() || members.len() > SHORT_LIST || !members.iter().all(plain) {
                    return self.lower(expr);
                }
                let members = members.iter().map(|member| Ok(lit(literal(member, left.ty)?)));
                Ok(in_list(self.lower(left)?, members.collect::<Result<_>>()?, false))
            }
            _ => self.lower(expr),
        }
    }

    /// A comparison with a constant in DataFusion's own terms: where null is as good as false, they are Kusto's.
    fn plain_comparison(&self, op: BinaryOp, left: &Bound, right: &Bound) -> Result<Option<Expr>> {
        use BinaryOp as B;
        if compare::kind(left.ty, right.ty).is_none_or(|kind| kind == compare::Kind::Real)
            || !right.is_constant()
        {
            return Ok(None);
        }
        let Ok(value) = self.stage.constant(right) else { return Ok(None) };
        if !plain_constant(&value, right.ty) {
            return Ok(None);
        }
        let operator = match op {
            B::Equal => Operator::Eq,
            // A null is unlike every constant.
            B::NotEqual => Operator::IsDistinctFrom,
            B::Less => Operator::Lt,
            B::LessOrEqual => Operator::LtEq,
            B::Greater => Operator::Gt,
            _ => Operator::GtEq,
        };
        let wide = left.ty == ScalarType::Int && right.ty == ScalarType::Long;
        let left_expr = self.lower(left)?;
        let left_expr = if wide { cast(left_expr, DataType::Int64) } else { left_expr };
        let ty = if wide { ScalarType::Long } else { left.ty };
        Ok(Some(binary_expr(left_expr, operator, lit(literal(&value, ty)?))))
    }

    fn junction(&self, parts: &[Bound], operator: Operator, is_condition: bool) -> Result<Expr> {
        let mut joined: Option<Expr> = None;
        for part in parts {
            let part = if is_condition { self.condition(part)? } else { self.lower(part)? };
            joined = Some(match joined {
                Some(before) => binary_expr(before, operator, part),
                None => part,
            });
        }
        Ok(joined.unwrap_or_else(|| lit(operator == Operator::And)))
    }

    fn lower(&self, expr: &Bound) -> Result<Expr> {
        if let ExprKind::Column(place) = expr.kind {
            return Ok(column(place));
        }
        if expr.is_constant() && !expr.has_aggregate() {
            // What a constant refuses, it refuses when rows ask for it.
            return match self.stage.constant(expr) {
                Ok(value) => Ok(lit(literal(&value, expr.ty)?)),
                Err(_) => Ok(self.by_row(expr)),
            };
        }
        Ok(match self.native(expr)? {
            Some(native) => native,
            None => self.by_row(expr),
        })
    }

    /// Evaluated row by row.
    fn by_row(&self, expr: &Bound) -> Expr {
        row::call(self.stage, expr, column)
    }

    fn native(&self, expr: &Bound) -> Result<Option<Expr>> {
        use ScalarType as T;
        Ok(match &expr.kind {
            ExprKind::Named(named) => Some(self.lower(&named.expr)?),
            ExprKind::And(parts) if parts.iter().all(is_bool) => {
                Some(self.junction(parts, Operator::And, false)?)
            }
            ExprKind::Or(parts) if parts.iter().all(is_bool) => {
                Some(self.junction(parts, Operator::Or, false)?)
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right)?,
            ExprKind::In { op, left, list } => match self.members(list)? {
                Some(members) => member::call(*op, &self.lower(left)?, left.ty, &members),
                None => None,
            },
            ExprKind::Between { is_negated: false, value, low, high } => {
                let kinds = compare::kind(value.ty, low.ty).zip(compare::kind(value.ty, high.ty));
                let Some((low_kind, high_kind)) = kinds else { return Ok(None) };
                let above =
                    compare::call(BinaryOp::GreaterOrEqual, low_kind, self.lower(value)?, self.lower(low)?);
                let below =
                    compare::call(BinaryOp::LessOrEqual, high_kind, self.lower(value)?, self.lower(high)?);
                Some(binary_expr(above, Operator::And, below))
            }
            ExprKind::Convert(inner) => match (inner.ty, expr.ty) {
                (T::Int, T::Long) => Some(cast(self.lower(inner)?, DataType::Int64)),
                (T::Int | T::Long, T::Real) => Some(cast(self.lower(inner)?, DataType::Float64)),
                (from, to) if from == to => Some(self.lower(inner)?),
                _ => None,
            },
            ExprKind::Member { .. } | ExprKind::Index { .. } => self.path(expr, false)?,
            ExprKind::Call(call) => self.call(call, expr)?,
            _ => None,
        })
    }

    fn binary(&self, op: BinaryOp, left: &Bound, right: &Bound) -> Result<Option<Expr>> {
        if compare::is_comparison(op) {
            return match compare::kind(left.ty, right.ty) {
                Some(kind) => Ok(Some(compare::call(op, kind, self.lower(left)?, self.lower(right)?))),
                None => Ok(None),
            };
        }
        if left.ty == ScalarType::String && right.ty == ScalarType::String && right.is_constant() {
            let Ok(needle) = self.stage.constant(right) else { return Ok(None) };
            let needle = needle.as_str().unwrap_or_default();
            return match op {
                BinaryOp::MatchesRegex => Ok(pattern::matches(self.stage, self.lower(left)?, needle)),
                _ => Ok(text::call(op, self.lower(left)?, needle)),
            };
        }
        let numeric = number::arithmetic(op, (left.ty, right.ty), column(0), column(0)).is_some();
        if !numeric {
            return Ok(None);
        }
        Ok(number::arithmetic(op, (left.ty, right.ty), self.lower(left)?, self.lower(right)?))
    }

    fn call(&self, call: &Call, expr: &Bound) -> Result<Option<Expr>> {
        use ScalarType as T;
        Ok(match (call.function.name, call.arguments.as_slice()) {
            ("bin" | "floor", [value, size]) if size.is_constant() && value.ty == expr.ty => {
                let Ok(size) = self.stage.constant(size) else { return Ok(None) };
                match number::bin(column(0), value.ty, &size) {
                    Some(_) => number::bin(self.lower(value)?, value.ty, &size),
                    None => None,
                }
            }
            ("tostring", [value]) if value.ty == T::String => Some(self.lower(value)?),
            ("tostring", [value]) if value.ty == T::Dynamic => self.path(value, true)?,
            ("tolong", [value]) if value.ty == T::Long => Some(self.lower(value)?),
            ("todatetime", [value]) if value.ty == T::Datetime => Some(self.lower(value)?),
            ("not", [value]) if value.ty == T::Bool => Some(not(self.lower(value)?)),
            ("isnull" | "isnotnull", [value])
                if !matches!(value.ty, T::String | T::Dynamic | T::Unknown | T::Real) =>
            {
                let value = self.lower(value)?;
                Some(if call.function.name == "isnull" { value.is_null() } else { value.is_not_null() })
            }
            ("isempty" | "isnotempty", [value]) if value.ty == T::String => {
                Some(compare::is_empty(self.lower(value)?, call.function.name == "isempty"))
            }
            ("extract", [pattern, group, text] | [pattern, group, text, _])
                if text.ty == T::String && expr.ty == T::String =>
            {
                let all = call.arguments.iter().enumerate();
                if !all.filter(|(place, _)| *place != 2).all(|(_, argument)| argument.is_constant()) {
                    return Ok(None);
                }
                let known = (self.stage.constant(pattern).ok(), self.stage.constant(group).ok());
                let (Some(Value::String(pattern)), Some(group)) = known else { return Ok(None) };
                let Some(group) = group.as_long() else { return Ok(None) };
                pattern::extract(self.stage, self.lower(text)?, &pattern, group)
            }
            ("iff", [condition, then, otherwise]) if condition.ty == T::Bool => {
                let condition = self.condition(condition)?;
                let (then, otherwise) = (self.typed(then, expr)?, self.typed(otherwise, expr)?);
                Some(when(condition, then).otherwise(otherwise)?)
            }
            ("case", arguments) if arguments.len() % 2 == 1 && arguments.len() > 2 => {
                let (branches, otherwise) = arguments.as_chunks::<2>();
                if !branches.iter().all(|[condition, _]| is_bool(condition)) {
                    return Ok(None);
                }
                let mut built = None;
                for [condition, then] in branches {
                    let (condition, then) = (self.condition(condition)?, self.typed(then, expr)?);
                    built = Some(match built {
                        None => when(condition, then),
                        Some(mut builder) => {
                            datafusion::logical_expr::conditional_expressions::CaseBuilder::when(
                                &mut builder,
                                condition,
                                then,
                            )
                        }
                    });
                }
                match (built, otherwise) {
                    (Some(mut builder), [otherwise]) => {
                        Some(builder.otherwise(self.typed(otherwise, expr)?)?)
                    }
                    _ => None,
                }
            }
            _ => self.known(call, expr)?,
        })
    }

    /// A function by its name, over arguments that are arrays.
    fn known(&self, call: &Call, expr: &Bound) -> Result<Option<Expr>> {
        let (mut arguments, mut columns) = (Vec::new(), Vec::new());
        for argument in &call.arguments {
            if argument.is_constant() {
                // What a constant refuses, it refuses when rows ask for it.
                let Ok(value) = self.stage.constant(argument) else { return Ok(None) };
                arguments.push(Argument::Constant(value));
                continue;
            }
            // An argument that has to be evaluated row by row is best evaluated together with the whole.
            let Some(column) = self.operand(argument)? else { return Ok(None) };
            columns.push(column);
            arguments.push(Argument::Column(argument.ty));
        }
        if columns.is_empty() || call.function.kind != FunctionKind::Scalar {
            return Ok(None);
        }
        let name = call.function.name;
        let Some(kernel) = known::kernel(self.stage, name, &arguments, expr.ty) else { return Ok(None) };
        let (key, ty) = (format!("{}{arguments:?}", expr.ty), rows::arrow_type(expr.ty));
        Ok(Some(functions::call(name, &key, Volatility::Immutable, ty, columns, move |arrays, rows| {
            kernel(arrays, rows)
        })))
    }

    /// The value of an expression that is a column or has a kernel.
    fn operand(&self, expr: &Bound) -> Result<Option<Expr>> {
        match &expr.kind {
            ExprKind::Column(place) => Ok(Some(column(*place))),
            ExprKind::Named(named) => self.operand(&named.expr),
            // What is not of the type that its signature says would not survive in an array: `round` of an `int`.
            ExprKind::Call(call)
                if !known::has_kernel(call.function.name)
                    && !matches!(
                        expr.ty,
                        ScalarType::String | ScalarType::Bool | ScalarType::Datetime | ScalarType::Timespan
                    ) =>
            {
                Ok(None)
            }
            _ => self.native(expr),
        }
    }

    /// A branch under the type of the whole.
    fn typed(&self, branch: &Bound, whole: &Bound) -> Result<Expr> {
        if branch.ty == whole.ty {
            return self.lower(branch);
        }
        let converted = ExprKind::Convert(Box::new(branch.clone()));
        self.lower(&Bound { kind: converted, ty: whole.ty, span: branch.span })
    }

    /// `d.a[0].b` with constant steps.
    fn path(&self, expr: &Bound, as_text: bool) -> Result<Option<Expr>> {
        let mut steps = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Member { base, name } => {
                    steps.push(Step::Member(name.clone()));
                    at = base;
                }
                ExprKind::Index { base, index } if index.is_constant() => {
                    let Ok(index) = self.stage.constant(index) else { return Ok(None) };
                    let step = match &index {
                        Value::String(name) => Step::Member(name.to_string()),
                        // From the end only the whole array tells.
                        Value::Int(_) | Value::Long(_) => match index.as_long().map(u64::try_from) {
                            Some(Ok(place)) => Step::Item(place),
                            _ => return Ok(None),
                        },
                        _ => return Ok(None),
                    };
                    steps.push(step);
                    at = base;
                }
                ExprKind::Named(named) => at = &named.expr,
                _ => break,
            }
        }
        if steps.is_empty() || at.ty != ScalarType::Dynamic || at.is_constant() {
            return Ok(None);
        }
        if let ([Step::Item(index)], ExprKind::Call(call)) = (steps.as_slice(), &at.kind)
            && let ("split", [text, delimiter]) = (call.function.name, call.arguments.as_slice())
            && text.ty == ScalarType::String
            && !text.is_constant()
            && delimiter.is_constant()
            && let Ok(Value::String(delimiter)) = self.stage.constant(delimiter)
            && !delimiter.is_empty()
        {
            return Ok(split::part(self.lower(text)?, &delimiter, *index, as_text));
        }
        steps.reverse();
        Ok(Some(path::call(self.lower(at)?, steps, as_text)))
    }

    /// The members of a list that no row changes.
    pub(crate) fn members(&self, list: &InList) -> Result<Option<Vec<Value>>> {
        let flat = |value: Value| -> Vec<Value> {
            match &value {
                Value::Dynamic(json) => match &**json {
                    Json::Array(items) => items.iter().map(Json::to_value).collect(),
                    scalar => vec![scalar.to_value()],
                },
                _ => vec![value],
            }
        };
        match list {
            InList::Values(values) => {
                if !values.iter().all(Bound::is_constant) {
                    return Ok(None);
                }
                let constants = self.stage.run(&Ready::default(), |run| {
                    values.iter().map(|value| azimuth_rows::eval::constant(run, value)).collect()
                });
                Ok(constants.ok().map(|constants: Vec<Value>| constants.into_iter().flat_map(flat).collect()))
            }
            InList::Table(rel) => {
                let Some(table) = self.stage.ready.tables.get(&Ready::address(rel)) else { return Ok(None) };
                Ok(Some(table.rows.iter().filter_map(|row| row.first().cloned()).flat_map(flat).collect()))
            }
        }
    }
}

fn is_bool(expr: &Bound) -> bool {
    expr.ty == ScalarType::Bool
}

/// A constant that compares alike in SQL: of that very type, and neither null nor the empty text.
fn plain_constant(value: &Value, ty: ScalarType) -> bool {
    match (ty, value) {
        (ScalarType::String, Value::String(text)) => !text.is_empty(),
        (ScalarType::Long | ScalarType::Int, Value::Int(_)) | (ScalarType::Long, Value::Long(_)) => true,
        (ScalarType::Datetime, Value::DateTime(_))
        | (ScalarType::Timespan, Value::TimeSpan(_))
        | (ScalarType::Bool, Value::Bool(_))
        | (ScalarType::Guid, Value::Guid(_)) => true,
        _ => false,
    }
}

/// How many nodes an expression has with its named values written out; `None` beyond the limit.
fn size(expr: &Bound, limit: usize) -> Option<usize> {
    let mut total = 1_usize;
    // A list of constants is one thing, however long.
    if let ExprKind::In { left, list: InList::Values(values), .. } = &expr.kind
        && values.iter().all(Bound::is_constant)
    {
        return size(left, limit.checked_sub(1)?).map(|size| size + 1);
    }
    if let ExprKind::Named(named) = &expr.kind {
        total += size(&named.expr, limit)?;
    }
    for child in expr.children() {
        total += size(child, limit.checked_sub(total)?)?;
    }
    (total <= limit).then_some(total)
}
