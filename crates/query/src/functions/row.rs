//! A bound expression as a function of the columns it reads, evaluated row by row.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use azimuth_kql::bound::{Expr as Bound, ExprKind};
use azimuth_kql::types::ScalarType;
use azimuth_rows::eval::{Env, eval};
use azimuth_rows::{Failure, Ready, tree, type_of};
use azimuth_values::{Refusal, Value};
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::logical_expr::{Expr, Volatility};

use super::repeat;

use crate::stage::{Stage, unique};
use crate::{cells, rows};

/// Bytes of texts that an expression may make of the rows of one batch.
const MAX_BYTES: usize = 256 << 20;

/// The columns that an expression reads, with their types.
pub(crate) fn columns(expr: &Bound) -> BTreeMap<usize, ScalarType> {
    let mut found = BTreeMap::new();
    tree::walk_expr(expr, &mut HashSet::new(), &mut |inner| {
        if let ExprKind::Column(place) = inner.kind {
            found.insert(place, inner.ty);
        }
    });
    found
}

/// The expression as a call over `column(place)` of each column it reads.
pub(crate) fn call(stage: &Arc<Stage>, expr: &Bound, column: impl Fn(usize) -> Expr) -> Expr {
    let columns = columns(expr);
    let arguments = columns.keys().map(|place| column(*place)).collect();
    let width = columns.last_key_value().map_or(0, |(place, _)| place + 1);
    let places: Vec<(usize, azimuth_values::Type)> =
        columns.into_iter().map(|(place, ty)| (place, type_of(ty))).collect();
    let volatility = match expr.is_volatile() || places.is_empty() {
        true => Volatility::Volatile,
        false => Volatility::Immutable,
    };
    let (stage, bound, ty) = (stage.clone(), expr.clone(), expr.ty);
    let name = match &expr.kind {
        ExprKind::Call(call) => call.function.name,
        ExprKind::Binary { op, .. } => op.text(),
        _ => "kql",
    };
    let is_pure = volatility == Volatility::Immutable;
    let each = move |arrays: &[ArrayRef], count: usize| {
        let values = stage.run(&Ready::default(), |run| {
            let mut row = vec![Value::Null; width];
            let mut bytes = 0;
            let mut values = Vec::with_capacity(count);
            for index in 0..count {
                for (array, (place, ty)) in arrays.iter().zip(&places) {
                    row[*place] = cells::value(array, index, *ty);
                }
                let value = eval(&bound, &Env::of(run, &row))?;
                counted(&mut bytes, &value, name)?;
                values.push(value);
            }
            Ok(values)
        })?;
        Ok(rows::array(&values, ty))
    };
    super::call(
        name,
        &unique().to_string(),
        volatility,
        rows::arrow_type(ty),
        arguments,
        move |arrays, count| match arrays {
            [one] if is_pure && one.as_string_view_opt().is_some() => {
                repeat::mapped(one.as_string_view(), |texts| each(&[Arc::new(texts.clone())], texts.len()))
            }
            _ => each(arrays, count),
        },
    )
}

/// Counts the bytes of a text that a function made for a row of a batch.
///
/// # Errors
/// When the texts of the batch come to more than is reasonable.
pub(super) fn counted(bytes: &mut usize, value: &Value, name: &str) -> Result<(), Failure> {
    *bytes += value.as_str().map_or(0, str::len);
    match *bytes > MAX_BYTES {
        true => Err(Failure::Refused(Refusal::new(format!(
            "`{name}` makes texts of more than {} MB for the rows of one batch; keep them shorter, with `substring`",
            MAX_BYTES >> 20
        )))),
        false => Ok(()),
    }
}
