//! One scalar expression over one row.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use azimuth_kql::ast::{BinaryOp, InOp};
use azimuth_kql::bound::{Call, Expr, ExprKind, InList};
use azimuth_kql::functions::FunctionKind;
use azimuth_kql::types::ScalarType;
use azimuth_values::functions::{convert, regexes};
use azimuth_values::terms::{self, Case};
use azimuth_values::{Json, Value, arithmetic, compare, function, text};

use crate::run::{Failure, Run};
use crate::table::{literal_value, null_of};

/// What an expression sees.
#[derive(Clone, Copy)]
pub struct Env<'e> {
    /// The query
    pub run: &'e Run<'e>,
    /// The row of the input
    pub row: &'e [Value],
    /// The row of the right input of a join
    pub right: &'e [Value],
    /// Results of the aggregates and window functions below, by the address of their call
    pub computed: Option<&'e HashMap<usize, Vec<Value>>>,
    /// What graph patterns and `scan` steps see beside the row
    pub elements: Option<&'e dyn Elements>,
    /// Named values of this row that are known already, by their address
    pub named: Option<&'e RefCell<HashMap<usize, Value>>>,
}

/// Elements of a graph pattern, and steps of a `scan`.
pub trait Elements {
    /// A property of an element; all of it without a column.
    fn element(&self, element: usize, column: Option<usize>) -> Value;

    /// A column as a step left it.
    fn step(&self, step: usize, column: usize) -> Value;

    /// A function over the elements (`node_degree_in`, `all`, `map` …); `None` if it is none of theirs.
    fn call(&self, env: &Env<'_>, call: &Call) -> Option<Result<Value, Failure>>;
}

impl<'e> Env<'e> {
    /// What an expression over a row sees.
    pub fn of(run: &'e Run<'e>, row: &'e [Value]) -> Self {
        Self { run, row, right: &[], computed: None, elements: None, named: None }
    }
}

/// The address of a call: what tells it from others of its query.
pub fn address(call: &Call) -> usize {
    std::ptr::from_ref(call) as usize
}

/// An expression that sees no row.
///
/// # Errors
/// See [`Failure`].
pub fn constant(run: &Run<'_>, expr: &Expr) -> Result<Value, Failure> {
    eval(expr, &Env::of(run, &[]))
}

/// The value of an expression.
///
/// # Errors
/// See [`Failure`].
pub fn eval(expr: &Expr, env: &Env<'_>) -> Result<Value, Failure> {
    env.run.step()?;
    match &expr.kind {
        ExprKind::Literal(literal) => Ok(literal_value(literal)),
        ExprKind::Column(index) => Ok(env.row.get(*index).cloned().unwrap_or_default()),
        ExprKind::RightColumn(index) => Ok(env.right.get(*index).cloned().unwrap_or_default()),
        ExprKind::OpenColumn(name) => {
            Err(Failure::Unsupported(format!("the column `{name}`, which only the data could tell,")))
        }
        ExprKind::Parameter(name) => {
            Err(Failure::Unsupported(format!("the query parameter `{name}` without a value")))
        }
        ExprKind::Shared(id) => {
            let table = env.run.shared(*id)?;
            Ok(table.rows.first().and_then(|row| row.first().cloned()).unwrap_or_else(|| null_of(expr.ty)))
        }
        ExprKind::Member { base, name } => Ok(member(&eval(base, env)?, name)),
        ExprKind::Index { base, index } => Ok(index_of(&eval(base, env)?, &eval(index, env)?)),
        ExprKind::Negate(inner) => Ok(arithmetic::negate(&eval(inner, env)?)),
        ExprKind::And(operands) => junction(operands, env, true),
        ExprKind::Or(operands) => junction(operands, env, false),
        ExprKind::Binary { op, left, right } => {
            let (left_value, right_value) = (eval(left, env)?, eval(right, env)?);
            binary(*op, &left_value, &right_value, env)
        }
        ExprKind::In { op, left, list } => {
            let value = eval(left, env)?;
            let members = members(list, env)?;
            Ok(is_in(*op, &value, &members))
        }
        ExprKind::Between { is_negated, value, low, high } => {
            let (value, low, high) = (eval(value, env)?, eval(low, env)?, eval(high, env)?);
            let high = match (&value, &high) {
                (Value::DateTime(_), Value::TimeSpan(_)) => arithmetic::add(&low, &high),
                _ => high,
            };
            let above = compare::ordered(&value, &low, Ordering::is_ge);
            let below = compare::ordered(&value, &high, Ordering::is_le);
            let inside = compare::and(&above, &below);
            Ok(if *is_negated { compare::negate(&inside) } else { inside })
        }
        ExprKind::Call(call) => self::call(call, expr.ty, env),
        ExprKind::Aggregate(call) => part(call, 0, env),
        ExprKind::Part { call: inner, index } => match &inner.kind {
            ExprKind::Aggregate(call) => part(call, *index, env),
            _ => {
                let whole = eval(inner, env)?;
                Ok(whole.as_array().and_then(|items| items.get(*index)).map_or(Value::Null, Json::to_value))
            }
        },
        ExprKind::Convert(inner) => {
            let value = eval(inner, env)?;
            Ok(converted(&value, inner.ty, expr.ty))
        }
        ExprKind::AnyColumn { op, columns, term } => {
            let term = eval(term, env)?;
            for column in columns {
                if binary(*op, &eval(column, env)?, &term, env)?.as_bool() == Some(true) {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        ExprKind::Element { element, column } => {
            Ok(env.elements.map(|elements| elements.element(*element, *column)).unwrap_or_default())
        }
        ExprKind::StepColumn { step, column } => {
            Ok(env.elements.map(|elements| elements.step(*step, *column)).unwrap_or_default())
        }
        ExprKind::Named(named) => match env.named {
            // Chains of named values may double at every step, so each is computed once for a row.
            Some(known) => {
                let address = Arc::as_ptr(named) as usize;
                if let Some(value) = known.borrow().get(&address) {
                    return Ok(value.clone());
                }
                let value = eval(&named.expr, env)?;
                known.borrow_mut().insert(address, value.clone());
                Ok(value)
            }
            None => eval(&named.expr, &Env { named: Some(&RefCell::default()), ..*env }),
        },
        ExprKind::Error => Err(Failure::Unsupported("an expression with an error".to_owned())),
    }
}

/// `base.name`.
pub fn member(base: &Value, name: &str) -> Value {
    base.as_json().and_then(|json| json.member(name)).cloned().map_or(Value::Null, Value::dynamic)
}

/// `base[index]`.
pub fn index_of(base: &Value, index: &Value) -> Value {
    match index {
        index if index.as_str().is_some() => member(base, index.as_str().unwrap_or_default()),
        index => {
            let position = index.as_long().or_else(|| index.as_real().map(|number| number as i64));
            let item = base.as_json().zip(position).and_then(|(json, position)| json.item(position));
            item.cloned().map_or(Value::Null, Value::dynamic)
        }
    }
}

fn junction(operands: &[Expr], env: &Env<'_>, all: bool) -> Result<Value, Failure> {
    let mut so_far = Value::Bool(all);
    for operand in operands {
        let value = eval(operand, env)?;
        so_far = if all { compare::and(&so_far, &value) } else { compare::or(&so_far, &value) };
        if so_far == Value::Bool(!all) {
            break;
        }
    }
    Ok(so_far)
}

fn binary(op: BinaryOp, left: &Value, right: &Value, env: &Env<'_>) -> Result<Value, Failure> {
    use BinaryOp as B;
    Ok(match op {
        B::Add => arithmetic::add(left, right),
        B::Subtract => arithmetic::subtract(left, right),
        B::Multiply => arithmetic::multiply(left, right),
        B::Divide => arithmetic::divide(left, right),
        B::Modulo => arithmetic::modulo(left, right),
        B::Equal => compare::equal(left, right),
        B::NotEqual => compare::unequal(left, right),
        B::Less => compare::ordered(left, right, Ordering::is_lt),
        B::LessOrEqual => compare::ordered(left, right, Ordering::is_le),
        B::Greater => compare::ordered(left, right, Ordering::is_gt),
        B::GreaterOrEqual => compare::ordered(left, right, Ordering::is_ge),
        _ => {
            let (left, right) = (text::to_string(left), text::to_string(right));
            let (found, negated) = strings(op, &left, &right, env)?;
            Value::Bool(found != negated)
        }
    })
}

/// An operator on texts, and whether it is a negated one.
fn strings(op: BinaryOp, left: &str, right: &str, env: &Env<'_>) -> Result<(bool, bool), Failure> {
    use BinaryOp as B;
    use Case::{Ignored, Sensitive};
    Ok(match op {
        B::EqualTilde => (terms::equal_ignoring_case(left, right), false),
        B::NotEqualTilde => (terms::equal_ignoring_case(left, right), true),
        B::Has | B::SearchTerm => (terms::has(left, right, Ignored), false),
        B::NotHas => (terms::has(left, right, Ignored), true),
        B::HasCs => (terms::has(left, right, Sensitive), false),
        B::NotHasCs => (terms::has(left, right, Sensitive), true),
        B::HasPrefix => (terms::has_prefix(left, right, Ignored), false),
        B::NotHasPrefix => (terms::has_prefix(left, right, Ignored), true),
        B::HasPrefixCs => (terms::has_prefix(left, right, Sensitive), false),
        B::NotHasPrefixCs => (terms::has_prefix(left, right, Sensitive), true),
        B::HasSuffix => (terms::has_suffix(left, right, Ignored), false),
        B::NotHasSuffix => (terms::has_suffix(left, right, Ignored), true),
        B::HasSuffixCs => (terms::has_suffix(left, right, Sensitive), false),
        B::NotHasSuffixCs => (terms::has_suffix(left, right, Sensitive), true),
        B::Contains => (terms::contains(left, right, Ignored), false),
        B::NotContains => (terms::contains(left, right, Ignored), true),
        B::ContainsCs => (terms::contains(left, right, Sensitive), false),
        B::NotContainsCs => (terms::contains(left, right, Sensitive), true),
        B::StartsWith => (terms::starts_with(left, right, Ignored), false),
        B::NotStartsWith => (terms::starts_with(left, right, Ignored), true),
        B::StartsWithCs => (terms::starts_with(left, right, Sensitive), false),
        B::NotStartsWithCs => (terms::starts_with(left, right, Sensitive), true),
        B::EndsWith => (terms::ends_with(left, right, Ignored), false),
        B::NotEndsWith => (terms::ends_with(left, right, Ignored), true),
        B::EndsWithCs => (terms::ends_with(left, right, Sensitive), false),
        B::NotEndsWithCs => (terms::ends_with(left, right, Sensitive), true),
        B::MatchesRegex => (regexes::matches(env.run.context, left, right)?, false),
        B::Like => (regexes::matches(env.run.context, left, &like(right, true))?, false),
        B::NotLike => (regexes::matches(env.run.context, left, &like(right, true))?, true),
        B::LikeCs => (regexes::matches(env.run.context, left, &like(right, false))?, false),
        B::NotLikeCs => (regexes::matches(env.run.context, left, &like(right, false))?, true),
        _ => return Err(Failure::Unsupported(format!("`{}` on texts", op.text()))),
    })
}

/// `like` has `*` for anything.
fn like(pattern: &str, ignore_case: bool) -> String {
    let parts: Vec<String> = pattern.split('*').map(regexes::escape).collect();
    format!("(?s{})^{}$", if ignore_case { "i" } else { "" }, parts.join(".*"))
}

/// The members of a list; of a table, its first column.
fn members(list: &InList, env: &Env<'_>) -> Result<Arc<Vec<Value>>, Failure> {
    match list {
        InList::Values(values) => {
            let mut members = Vec::new();
            for value in values {
                match eval(value, env)? {
                    Value::Dynamic(json) => match &*json {
                        Json::Array(items) => members.extend(items.iter().map(Json::to_value)),
                        scalar => members.push(scalar.to_value()),
                    },
                    value => members.push(value),
                }
            }
            Ok(Arc::new(members))
        }
        InList::Table(rel) => env.run.list(rel, |table| {
            let cells = table.rows.into_iter().filter_map(|row| row.into_iter().next());
            cells
                .flat_map(|cell| match cell.as_array() {
                    Some(items) => items.iter().map(Json::to_value).collect(),
                    None => vec![cell],
                })
                .collect()
        }),
    }
}

fn is_in(op: InOp, value: &Value, members: &[Value]) -> Value {
    let written = |value: &Value| text::to_string(value);
    let equal = |member: &Value| compare::equal(value, member).as_bool() == Some(true);
    let alike = |member: &Value| terms::equal_ignoring_case(&written(value), &written(member));
    let has = |member: &Value| terms::has(&written(value), &written(member), Case::Ignored);
    Value::Bool(match op {
        InOp::In => members.iter().any(equal),
        InOp::NotIn => !members.iter().any(equal),
        InOp::InTilde => members.iter().any(alike),
        InOp::NotInTilde => !members.iter().any(alike),
        InOp::HasAny => members.iter().any(has),
        InOp::HasAll => members.iter().all(has),
    })
}

fn call(call: &Call, ty: ScalarType, env: &Env<'_>) -> Result<Value, Failure> {
    if let Some(values) = env.computed.and_then(|computed| computed.get(&address(call))) {
        return Ok(values.first().cloned().unwrap_or_default());
    }
    if let Some(value) = env.elements.and_then(|elements| elements.call(env, call)) {
        return value;
    }
    if call.function.kind != FunctionKind::Scalar {
        return Err(Failure::Unsupported(format!("`{}` here", call.function.name)));
    }
    let Some(known) = function(call.function.name) else {
        return Err(Failure::Unsupported(format!("the function `{}`", call.function.name)));
    };
    // Of these only the branch that is taken is computed: the others may refuse.
    match (call.function.name, call.arguments.as_slice()) {
        ("iff", [condition, then, otherwise]) => {
            let taken = if eval(condition, env)?.as_bool() == Some(true) { then } else { otherwise };
            return Ok(converted(&eval(taken, env)?, taken.ty, ty));
        }
        ("case", arguments) => {
            let (branches, otherwise) = arguments.as_chunks::<2>();
            for [condition, then] in branches {
                if eval(condition, env)?.as_bool() == Some(true) {
                    return Ok(converted(&eval(then, env)?, then.ty, ty));
                }
            }
            return match otherwise.first() {
                Some(otherwise) => Ok(converted(&eval(otherwise, env)?, otherwise.ty, ty)),
                None => Ok(null_of(ty)),
            };
        }
        _ => {}
    }
    let arguments =
        call.arguments.iter().map(|argument| eval(argument, env)).collect::<Result<Vec<_>, _>>()?;
    Ok(typed((known.call)(env.run.context, &arguments)?, ty))
}

fn part(call: &Call, index: usize, env: &Env<'_>) -> Result<Value, Failure> {
    let values = env.computed.and_then(|computed| computed.get(&address(call)));
    match values {
        Some(values) => Ok(values.get(index).cloned().unwrap_or_default()),
        None => Err(Failure::Unsupported(format!("`{}` outside of an aggregation", call.function.name))),
    }
}

/// A value under the type that the binder gave it: whole numbers and reals as the column has them, scalars of a `dynamic`
/// column wrapped.
pub fn typed(value: Value, ty: ScalarType) -> Value {
    match (ty, value) {
        (ScalarType::Long, Value::Int(number)) => Value::Long(i64::from(number)),
        (ScalarType::Int, Value::Long(number)) => i32::try_from(number).map_or(Value::Null, Value::Int),
        (ScalarType::Real, value @ (Value::Int(_) | Value::Long(_) | Value::Decimal(_))) => {
            convert::to_real(&value)
        }
        (ScalarType::Long, Value::Real(number)) => convert::to_long(&Value::Real(number)),
        (ScalarType::Decimal, value @ (Value::Int(_) | Value::Long(_) | Value::Real(_))) => {
            convert::to_decimal(&value)
        }
        // Bits of moments, and sums of nothing, are numbers until here.
        (ScalarType::Datetime, Value::Long(ticks)) => Value::DateTime(ticks),
        (ScalarType::Timespan, Value::Long(ticks)) => Value::TimeSpan(ticks),
        (ScalarType::Datetime | ScalarType::Timespan, Value::Real(number)) if !number.is_finite() => {
            Value::Null
        }
        (ScalarType::Dynamic, value @ (Value::Dynamic(_) | Value::Null)) => value,
        (ScalarType::Dynamic, value) => Value::dynamic(value.to_json()),
        (ty, Value::Dynamic(json)) if !matches!(ty, ScalarType::Dynamic | ScalarType::Unknown) => {
            match json.to_value() {
                Value::Dynamic(_) => Value::Dynamic(json),
                scalar => typed(scalar, ty),
            }
        }
        (_, value) => value,
    }
}

/// A value in another type, as `tolong` and its like convert.
pub fn converted(value: &Value, from: ScalarType, to: ScalarType) -> Value {
    if from == to {
        return value.clone();
    }
    match to {
        ScalarType::Bool => convert::to_bool(value),
        ScalarType::Int => convert::to_int(value),
        ScalarType::Long => convert::to_long(value),
        ScalarType::Real => convert::to_real(value),
        ScalarType::Decimal => convert::to_decimal(value),
        ScalarType::Datetime => convert::to_datetime(value),
        ScalarType::Timespan => convert::to_timespan(value),
        ScalarType::Guid => convert::to_guid(value),
        ScalarType::String => text::to_string(value).into(),
        ScalarType::Dynamic => typed(value.clone(), ScalarType::Dynamic),
        ScalarType::Unknown => value.clone(),
    }
}
