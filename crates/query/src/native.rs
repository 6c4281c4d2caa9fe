//! Columns as files have them, brought to the cells of Kusto.

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::{eval, type_of};
use azimuth_values::{Value, calendar};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringViewArray,
};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::{CastOptions, cast_with_options, nullif};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use datafusion::arrow::json::{LineDelimitedWriter, WriterBuilder, writer::LineDelimited};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, Volatility};

use crate::table::without_nulls;
use crate::{cells, functions, rows};

/// The type of Kusto that a column of that Arrow type is by itself; `None` if there is none.
pub(crate) fn kusto_type(ty: &DataType) -> Option<ScalarType> {
    use DataType as D;
    Some(match ty {
        D::Boolean => ScalarType::Bool,
        D::Int8 | D::Int16 | D::Int32 | D::UInt8 | D::UInt16 => ScalarType::Int,
        D::Int64 | D::UInt32 | D::UInt64 => ScalarType::Long,
        D::Float16 | D::Float32 | D::Float64 => ScalarType::Real,
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => ScalarType::Decimal,
        D::Timestamp(..) | D::Date32 | D::Date64 => ScalarType::Datetime,
        D::Duration(_) | D::Time32(_) | D::Time64(_) => ScalarType::Timespan,
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null => ScalarType::String,
        D::FixedSizeBinary(16) => ScalarType::Guid,
        D::Dictionary(_, value) => return kusto_type(value),
        D::List(_) | D::LargeList(_) | D::FixedSizeList(..) | D::ListView(_) | D::Struct(_) | D::Map(..) => {
            ScalarType::Dynamic
        }
        _ => return None,
    })
}

/// Whether a column can be read under a type.
pub(crate) fn check(field: &Field, ty: ScalarType) -> Result<()> {
    let natural = kusto_type(field.data_type());
    let readable = natural.is_some() && ty != ScalarType::Unknown;
    if readable {
        return Ok(());
    }
    Err(DataFusionError::Plan(format!(
        "the column `{}` is {}, which cannot be read as {ty}",
        field.name(),
        field.data_type()
    )))
}

/// A provider's column in the cells of a type.
pub(crate) fn cell(column: Expr, from: &DataType, ty: ScalarType) -> Expr {
    let to = rows::arrow_type(ty);
    if *from == to && kusto_type(from) == Some(ty) && ty != ScalarType::String {
        return column;
    }
    let (name, key) = ("cell", format!("{from}:{ty}"));
    functions::call(name, &key, Volatility::Immutable, to, vec![column], move |arrays, _| {
        converted(&arrays[0], ty)
    })
}

fn converted(array: &ArrayRef, ty: ScalarType) -> Result<ArrayRef> {
    let natural = kusto_type(array.data_type()).unwrap_or(ScalarType::String);
    let own = natural_cells(array, natural)?;
    if natural == ty {
        return Ok(own);
    }
    // JSON text in a column of texts is what `dynamic` cells are, and no text is null; it is read where it is used.
    if ty == ScalarType::Dynamic
        && natural == ScalarType::String
        && let Some(texts) = own.as_string_view_opt()
    {
        return Ok(nonempty(texts)?.unwrap_or(own));
    }
    let from = type_of(natural);
    let values: Vec<Value> =
        (0..own.len()).map(|row| eval::converted(&cells::value(&own, row, from), natural, ty)).collect();
    Ok(rows::array(&values, ty))
}

/// The array with nulls in the place of empty texts; `None` if there are none.
fn nonempty(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    let is_text = BooleanBuffer::collect_bool(texts.len(), |row| texts.views()[row] as u32 != 0);
    if is_text.count_set_bits() == texts.len() {
        return Ok(None);
    }
    Ok(Some(nullif(texts, &BooleanArray::new(!&is_text, None))?))
}

/// The cells of a column under its own type.
fn natural_cells(array: &ArrayRef, ty: ScalarType) -> Result<ArrayRef> {
    let to = rows::arrow_type(ty);
    // A value that does not fit is an error, never another value.
    let strict = |array: &ArrayRef, to: &DataType| {
        cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })
    };
    Ok(match array.data_type() {
        DataType::Dictionary(_, value) => natural_cells(&strict(array, value)?, ty)?,
        DataType::Timestamp(unit, _) => {
            let (factor, divisor) = ticks_per(*unit);
            ticks(&strict(array, &DataType::Int64)?, factor, divisor, calendar::UNIX_EPOCH)
        }
        DataType::Date32 => {
            let days = strict(&strict(array, &DataType::Int32)?, &DataType::Int64)?;
            ticks(&days, calendar::DAY, 1, calendar::UNIX_EPOCH)
        }
        DataType::Date64 => ticks(&strict(array, &DataType::Int64)?, 10_000, 1, calendar::UNIX_EPOCH),
        DataType::Duration(unit) | DataType::Time64(unit) => {
            let (factor, divisor) = ticks_per(*unit);
            ticks(&strict(array, &DataType::Int64)?, factor, divisor, 0)
        }
        DataType::Time32(unit) => {
            let (factor, divisor) = ticks_per(*unit);
            ticks(&strict(&strict(array, &DataType::Int32)?, &DataType::Int64)?, factor, divisor, 0)
        }
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => {
            let texts = strict(array, &DataType::Utf8View)?;
            let values: Vec<Value> = texts
                .as_string_view()
                .iter()
                .map(|text| {
                    text.and_then(azimuth_values::text::read_decimal).map_or(Value::Null, Value::Decimal)
                })
                .collect();
            rows::array(&values, ty)
        }
        _ if ty == ScalarType::String => without_nulls(&strict(array, &to)?),
        _ if ty == ScalarType::Dynamic => json_texts(array)?,
        _ => strict(array, &to)?,
    })
}

/// Ticks in a unit, as a factor and a divisor.
fn ticks_per(unit: TimeUnit) -> (i64, i64) {
    match unit {
        TimeUnit::Second => (10_000_000, 1),
        TimeUnit::Millisecond => (10_000, 1),
        TimeUnit::Microsecond => (10, 1),
        TimeUnit::Nanosecond => (1, 100),
    }
}

/// Numbers as ticks from a base; beyond the years of Kusto there is null.
fn ticks(array: &ArrayRef, factor: i64, divisor: i64, base: i64) -> ArrayRef {
    let numbers = array.as_primitive::<Int64Type>();
    if let Some(all) = plain_ticks(numbers, factor, divisor, base) {
        return Arc::new(all);
    }
    let tick = |number: i64| {
        let ticks = number.checked_mul(factor)?.div_euclid(divisor).checked_add(base)?;
        if base == 0 { Some(ticks) } else { calendar::checked(ticks) }
    };
    Arc::new(numbers.iter().map(|number| number.and_then(tick)).collect::<Int64Array>())
}

/// Ticks of numbers without nulls whose least and greatest tell that none is beyond the years of Kusto.
fn plain_ticks(numbers: &Int64Array, factor: i64, divisor: i64, base: i64) -> Option<Int64Array> {
    if numbers.null_count() > 0 {
        return None;
    }
    let values = numbers.values();
    let (least, greatest) =
        values.iter().fold((i64::MAX, i64::MIN), |(least, greatest), n| (least.min(*n), greatest.max(*n)));
    for end in [least, greatest] {
        let tick = end.checked_mul(factor)?.div_euclid(divisor).checked_add(base)?;
        if base != 0 {
            calendar::checked(tick)?;
        }
    }
    let ticks: Vec<i64> = match divisor {
        1 => values.iter().map(|number| number * factor + base).collect(),
        divisor => values.iter().map(|number| (number * factor).div_euclid(divisor) + base).collect(),
    };
    Some(Int64Array::from(ticks))
}

/// Nested values as JSON text.
fn json_texts(array: &ArrayRef) -> Result<ArrayRef> {
    let schema = Arc::new(Schema::new(vec![Field::new("v", array.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(schema, vec![array.clone()])?;
    let mut writer: LineDelimitedWriter<Vec<u8>> =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let written = String::from_utf8(writer.into_inner())
        .map_err(|_| DataFusionError::Internal("JSON is UTF-8".to_owned()))?;
    let texts = written.lines().map(|line| {
        let value = line.strip_prefix("{\"v\":").and_then(|rest| rest.strip_suffix('}'))?;
        (value != "null").then_some(value)
    });
    Ok(Arc::new(texts.collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int16Array, StringArray, TimestampNanosecondArray};
    use datafusion::arrow::array::{ListArray, types::Int32Type as Item};

    use super::*;

    fn values(array: &ArrayRef, ty: ScalarType) -> Vec<Value> {
        let cells = converted(array, ty).unwrap();
        (0..cells.len()).map(|row| cells::value(&cells, row, type_of(ty))).collect()
    }

    #[test]
    fn native_columns_become_cells() {
        let epoch = calendar::UNIX_EPOCH;
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(250), None, Some(-1)]));
        assert_eq!(
            values(&nanos, ScalarType::Datetime),
            [Value::DateTime(epoch + 2), Value::Null, Value::DateTime(epoch - 1)]
        );
        let small: ArrayRef = Arc::new(Int16Array::from(vec![-3]));
        assert_eq!(values(&small, ScalarType::Int), [Value::Int(-3)]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        assert_eq!(values(&texts, ScalarType::String), [Value::string("a"), Value::string("")]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["2024-01-01T00:00:00Z", "x"]));
        assert!(matches!(values(&texts, ScalarType::Datetime)[..], [Value::DateTime(_), Value::Null]));
        let list = ListArray::from_iter_primitive::<Item, _, _>([Some(vec![Some(1), None]), None]);
        let list: ArrayRef = Arc::new(list);
        let list = values(&list, ScalarType::Dynamic);
        assert_eq!(azimuth_values::text::to_string(&list[0]), "[1,null]");
        assert_eq!(list[1], Value::Null);
    }
}
