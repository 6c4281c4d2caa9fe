//! `in`, `in~`, `has_any` and their kin over constant lists.

use std::collections::HashSet;
use std::sync::Arc;

use azimuth_kql::ast::{BinaryOp, InOp};
use azimuth_kql::types::ScalarType;
use azimuth_values::{Value, terms, text as spelling};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::{Expr, Volatility};

use super::text;
use crate::stage::unique;

/// Membership as a call; `None` where the types ask for the row engine.
pub(crate) fn call(op: InOp, left: &Expr, ty: ScalarType, members: &[Value]) -> Option<Expr> {
    let verdicts = verdicts(op, ty, members)?;
    let key = unique().to_string();
    Some(super::call(
        op_name(op),
        &key,
        Volatility::Immutable,
        DataType::Boolean,
        vec![left.clone()],
        move |arrays, _| verdicts(&arrays[0]),
    ))
}

fn op_name(op: InOp) -> &'static str {
    match op {
        InOp::In => "in",
        InOp::NotIn => "!in",
        InOp::InTilde => "in~",
        InOp::NotInTilde => "!in~",
        InOp::HasAny => "has_any",
        InOp::HasAll => "has_all",
    }
}

type Verdicts = Box<dyn Fn(&ArrayRef) -> datafusion::error::Result<ArrayRef> + Send + Sync>;

fn verdicts(op: InOp, ty: ScalarType, members: &[Value]) -> Option<Verdicts> {
    let negated = matches!(op, InOp::NotIn | InOp::NotInTilde);
    match (ty, op) {
        (ScalarType::String, InOp::In | InOp::NotIn) => {
            let known = members.iter().map(|member| match member {
                Value::String(text) => Some(text.clone()),
                _ => None,
            });
            let known: HashSet<Arc<str>> = known.collect::<Option<_>>()?;
            Some(Box::new(move |array| Ok(text::over(array, |text| known.contains(text) != negated))))
        }
        (ScalarType::String, InOp::InTilde | InOp::NotInTilde) => {
            let known: HashSet<String> =
                members.iter().map(|member| terms::fold(&spelling::to_string(member))).collect();
            Some(Box::new(move |array| {
                Ok(text::over(array, |text| known.contains(&terms::fold(text)) != negated))
            }))
        }
        (ScalarType::String, InOp::HasAny | InOp::HasAll) => {
            let tests = members
                .iter()
                .map(|member| text::test(BinaryOp::Has, &spelling::to_string(member)))
                .collect::<Option<Vec<_>>>()?;
            Some(if op == InOp::HasAny {
                Box::new(move |array| {
                    Ok(text::over(array, |text| tests.iter().any(|test| test.matches(text))))
                })
            } else {
                Box::new(move |array| {
                    Ok(text::over(array, |text| tests.iter().all(|test| test.matches(text))))
                })
            })
        }
        (
            ScalarType::Int | ScalarType::Long | ScalarType::Datetime | ScalarType::Timespan,
            InOp::In | InOp::NotIn,
        ) => {
            let known = members.iter().map(|member| match (ty, member) {
                (ScalarType::Int | ScalarType::Long, Value::Int(_) | Value::Long(_))
                | (ScalarType::Datetime, Value::DateTime(_))
                | (ScalarType::Timespan, Value::TimeSpan(_)) => member.as_long(),
                _ => None,
            });
            let known: HashSet<i64> = known.collect::<Option<_>>()?;
            Some(Box::new(move |array| {
                let numbers = cast(array, &DataType::Int64)?;
                let numbers = numbers.as_primitive::<Int64Type>();
                // Nothing in the list is null: a null is in no such list.
                let verdict = |row| (!numbers.is_null(row) && known.contains(&numbers.value(row))) != negated;
                Ok(Arc::new(BooleanArray::from_iter((0..numbers.len()).map(|row| Some(verdict(row))))))
            }))
        }
        _ => None,
    }
}
