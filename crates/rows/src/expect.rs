//! Results held against recorded ones, by the rules of the conformance corpus: names and types exact, rows as a multiset,
//! numbers within a tolerance, moments to the tick.

use azimuth_kql::types::ScalarType;
use azimuth_values::{Json, Value, text};
use serde_json::Value as Recorded;

use crate::table::Table;

/// How strictly values are compared.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Relative difference of reals
    pub relative: f64,
    /// 5 % for every number: sketches
    pub approximate: bool,
    /// Arrays are compared as multisets
    pub unordered_arrays: bool,
    /// Types are compared too
    pub types: bool,
}

impl Tolerance {
    /// The tolerance that a recorded case asks for.
    pub fn of(case: &Recorded) -> Self {
        let is = |name: &str| match &case[name] {
            Recorded::Bool(value) => *value,
            Recorded::Null => false,
            _ => true,
        };
        let loose = matches!(case["area"].as_str(), Some("series" | "geo"));
        Self {
            relative: if loose { 1e-6 } else { 1e-9 },
            approximate: is("approximate"),
            unordered_arrays: is("unordered_arrays"),
            types: true,
        }
    }
}

/// Compares a table with `{"columns": [{"name", "type"}], "rows": [[…]]}`.
///
/// # Errors
/// What differs first.
pub fn compare(table: &Table, expected: &Recorded, tolerance: Tolerance) -> Result<(), String> {
    columns(table, expected, tolerance.types)?;
    let wanted = expected["rows"].as_array().ok_or("the case records no rows")?;
    if table.rows.len() != wanted.len() {
        return Err(format!("{} rows, {} expected", table.rows.len(), wanted.len()));
    }
    let mut free: Vec<usize> = (0..table.rows.len()).collect();
    for row in wanted {
        let cells = row.as_array().ok_or("a recorded row is no array")?;
        let types = || table.schema.columns.iter().map(|column| column.ty);
        let fits = |index: &usize| {
            table.rows[*index]
                .iter()
                .zip(cells)
                .zip(types())
                .all(|((value, cell), ty)| same(value, cell, ty, tolerance))
        };
        match free.iter().position(fits) {
            Some(place) => {
                free.remove(place);
            }
            None => {
                let nearest = free.first().map(|index| shown(&table.rows[*index])).unwrap_or_default();
                return Err(format!("no row {row}, but {nearest}"));
            }
        }
    }
    Ok(())
}

/// Compares the columns alone.
///
/// # Errors
/// What differs first.
pub fn columns(table: &Table, expected: &Recorded, types: bool) -> Result<(), String> {
    let wanted: Vec<(&str, Option<&str>)> = expected["columns"]
        .as_array()
        .ok_or("the case records no columns")?
        .iter()
        .map(|column| match column {
            Recorded::String(name) => (name.as_str(), None),
            column => (column["name"].as_str().unwrap_or_default(), column["type"].as_str()),
        })
        .collect();
    let got: Vec<(&str, &str)> =
        table.schema.columns.iter().map(|column| (column.name.as_str(), column.ty.name())).collect();
    let alike = got.len() == wanted.len()
        && got.iter().zip(&wanted).all(|((name, ty), (wanted, wanted_ty))| {
            name == wanted && (!types || wanted_ty.is_none_or(|wanted| wanted == *ty))
        });
    if alike { Ok(()) } else { Err(format!("columns {got:?}, {wanted:?} expected")) }
}

fn shown(row: &[Value]) -> String {
    row.iter().map(text::to_string).collect::<Vec<_>>().join(" | ")
}

fn same(value: &Value, cell: &Recorded, ty: ScalarType, tolerance: Tolerance) -> bool {
    match (value, cell) {
        // An empty text and null are the same in a string column.
        (Value::Null, Recorded::String(text)) if ty == ScalarType::String => text.is_empty(),
        (Value::String(text), Recorded::Null) => text.is_empty(),
        (Value::Null, Recorded::Null) => true,
        (Value::Null, _) | (_, Recorded::Null) => false,
        (Value::Dynamic(json), cell) => same_json(json, cell, tolerance),
        (Value::Bool(left), Recorded::Bool(right)) => left == right,
        (Value::Bool(left), Recorded::Number(right)) => right.as_i64() == Some(i64::from(*left)),
        (Value::Int(_) | Value::Long(_), Recorded::Number(number)) if !tolerance.approximate => {
            value.as_long() == number.as_i64()
        }
        (Value::Int(_) | Value::Long(_) | Value::Real(_) | Value::Decimal(_), cell) => {
            let wanted = match cell {
                Recorded::Number(number) => number.as_f64(),
                Recorded::String(text) => text::read_real(text),
                _ => None,
            };
            value.as_real().zip(wanted).is_some_and(|(left, right)| near(left, right, tolerance))
        }
        (Value::DateTime(ticks), Recorded::String(text)) => text::read_datetime(text) == Some(*ticks),
        (Value::TimeSpan(ticks), Recorded::String(text)) => text::read_timespan(text) == Some(*ticks),
        (Value::Guid(bits), Recorded::String(text)) => text::read_guid(text) == Some(*bits),
        (Value::String(left), Recorded::String(right)) => **left == **right,
        _ => false,
    }
}

fn near(left: f64, right: f64, tolerance: Tolerance) -> bool {
    if left.is_nan() || right.is_nan() || left.is_infinite() || right.is_infinite() {
        return left.is_nan() && right.is_nan() || left == right;
    }
    let relative = if tolerance.approximate { 0.05 } else { tolerance.relative };
    (left - right).abs()
        <= relative * left.abs().max(right.abs()).max(if relative > 1e-9 { 1e-6 } else { 0.0 })
}

fn same_json(json: &Json, cell: &Recorded, tolerance: Tolerance) -> bool {
    match (json, cell) {
        (Json::Null, Recorded::Null) => true,
        (Json::Bool(left), Recorded::Bool(right)) => left == right,
        (Json::Long(left), Recorded::Number(right)) => {
            near(*left as f64, right.as_f64().unwrap_or(f64::NAN), tolerance)
        }
        (Json::Real(left), Recorded::Number(right)) => {
            near(*left, right.as_f64().unwrap_or(f64::NAN), tolerance)
        }
        (Json::Real(left), Recorded::String(right)) => {
            text::read_real(right).is_some_and(|r| near(*left, r, tolerance))
        }
        (Json::Real(left), Recorded::Null) => left.is_nan(),
        (Json::DateTime(left), Recorded::String(right)) => text::read_datetime(right) == Some(*left),
        (Json::TimeSpan(left), Recorded::String(right)) => text::read_timespan(right) == Some(*left),
        (Json::Guid(left), Recorded::String(right)) => text::read_guid(right) == Some(*left),
        (Json::Decimal(left), Recorded::String(right)) => text::read_decimal(right) == Some(*left),
        (Json::Decimal(left), Recorded::Number(right)) => {
            Value::Decimal(*left).as_real().zip(right.as_f64()).is_some_and(|(l, r)| near(l, r, tolerance))
        }
        (Json::String(left), Recorded::String(right)) => {
            **left == **right
                || text::read_datetime(left)
                    .is_some_and(|ticks| left.len() > 18 && text::read_datetime(right) == Some(ticks))
        }
        (Json::Array(left), Recorded::Array(right)) if tolerance.unordered_arrays => {
            let mut free: Vec<&Json> = left.iter().collect();
            left.len() == right.len()
                && right.iter().all(|cell| {
                    free.iter()
                        .position(|item| same_json(item, cell, tolerance))
                        .map(|place| free.remove(place))
                        .is_some()
                })
        }
        (Json::Array(left), Recorded::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(item, cell)| same_json(item, cell, tolerance))
        }
        (Json::Object(left), Recorded::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, item)| {
                    right.get(&**name).is_some_and(|cell| same_json(item, cell, tolerance))
                })
        }
        _ => false,
    }
}

/// Compares a table with what a page of the documentation prints: names and cells as text. Empty, `null` and `NaN` stand for
/// null, numbers are equal to the digits printed, cells that end in `...` match by their beginning.
///
/// # Errors
/// What differs first.
pub fn compare_printed(table: &Table, printed: &Recorded) -> Result<(), String> {
    let names: Vec<&str> =
        printed["columns"].as_array().into_iter().flatten().filter_map(Recorded::as_str).collect();
    let got: Vec<&str> = table.schema.columns.iter().map(|column| column.name.as_str()).collect();
    if names != got {
        return Err(format!("columns {got:?}, {names:?} expected"));
    }
    let wanted = printed["rows"].as_array().ok_or("the case prints no rows")?;
    if table.rows.len() != wanted.len() {
        return Err(format!("{} rows, {} expected", table.rows.len(), wanted.len()));
    }
    let mut free: Vec<&Vec<Value>> = table.rows.iter().collect();
    for row in wanted {
        let cells: Vec<&str> = row.as_array().into_iter().flatten().filter_map(Recorded::as_str).collect();
        let fits = |row: &&Vec<Value>| {
            row.len() == cells.len() && row.iter().zip(&cells).all(|(value, cell)| reads_as(value, cell))
        };
        match free.iter().position(fits) {
            Some(place) => {
                free.remove(place);
            }
            None => {
                return Err(format!(
                    "no row {row}, but {}",
                    free.first().map(|row| shown(row)).unwrap_or_default()
                ));
            }
        }
    }
    Ok(())
}

fn reads_as(value: &Value, cell: &str) -> bool {
    // Pages print a non-breaking space as a space.
    let spaced = |text: &str| text.replace('\u{a0}', " ").trim().to_owned();
    let cell = spaced(cell);
    let cell = cell.as_str();
    let nothing = matches!(cell, "" | "null" | "NaN");
    if value.is_null() || value.as_real().is_some_and(f64::is_nan) {
        return nothing;
    }
    let written = text::to_string(value);
    if let Some(beginning) = cell.strip_suffix("...") {
        return written.starts_with(beginning.trim_end());
    }
    let number = cell.replace(',', "");
    match value {
        Value::Bool(truth) => {
            cell.eq_ignore_ascii_case(if *truth { "true" } else { "false" })
                || cell == if *truth { "1" } else { "0" }
        }
        Value::DateTime(ticks) => text::read_datetime(cell) == Some(*ticks),
        Value::TimeSpan(ticks) => text::read_timespan(cell) == Some(*ticks),
        Value::Int(_) | Value::Long(_) => value.as_long() == text::read_long(&number),
        Value::Real(_) | Value::Decimal(_) => {
            let digits = number.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
            let unit = 0.5 * 10_f64.powi(-digits) * 1.000_001;
            value
                .as_real()
                .zip(text::read_real(&number))
                .is_some_and(|(left, right)| (left - right).abs() <= unit)
        }
        Value::Dynamic(json) => {
            let tolerance =
                Tolerance { relative: 1e-9, approximate: false, unordered_arrays: false, types: false };
            serde_json::from_str::<Recorded>(cell)
                .map_or_else(|_| written == cell, |cell| same_json(json, &cell, tolerance))
        }
        _ => spaced(&written) == cell || (written.is_empty() && nothing),
    }
}
