//! Which column is x, which are y, which name the series.
//!
//! Reference: "render operator", its data model and *How to render continuous data*, and the pages of the
//! visualisations. What a request names counts; the rest is chosen:
//!
//! | visualisation | x |
//! |---|---|
//! | `timechart` | the first datetime column |
//! | `anomalychart` | the first datetime column, else the first number or timespan |
//! | `linechart`, `areachart`, `stackedareachart` | the same, else the first column of any type |
//! | `scatterchart` | the first number, datetime or timespan in order, else the first column |
//! | `barchart`, `columnchart`, `piechart`, `pivotchart` | the first column |
//!
//! A candidate that leaves no y column is passed over. All other columns of numbers are y (timespans, where there is
//! no number), and texts and bools that are left name the series together. Where x is an array, so are y, and scalar
//! columns of numbers name the series, too, as after `make-series … by Port`.

use crate::error::ChartError;
use crate::expand;
use crate::request::{Request, Visualisation};
use crate::table::{ColumnType, Table};

/// The columns of a chart over an x axis, and the table they are in: the one given, or the one expanded from it.
#[derive(Debug)]
pub(crate) struct Roles {
    pub(crate) x: usize,
    pub(crate) ys: Vec<usize>,
    pub(crate) series: Vec<usize>,
    pub(crate) anomalies: Vec<usize>,
    pub(crate) expanded: Option<Table>,
    /// The arrays were too long to be taken whole.
    pub(crate) cut: bool,
}

/// A column that a property names: as written, else without regard to case, if that is one column.
pub(crate) fn named(table: &Table, property: &'static str, name: &str) -> Result<usize, ChartError> {
    let exact = table.columns.iter().position(|column| column.name == name);
    let folded = || {
        let mut found = table.columns.iter().enumerate();
        let mut found = found.by_ref().filter(|(_, column)| column.name.eq_ignore_ascii_case(name));
        let first = found.next().map(|(index, _)| index);
        if found.next().is_none() { first } else { None }
    };
    exact.or_else(folded).ok_or_else(|| ChartError::NoColumn {
        property,
        name: name.to_owned(),
        has: table.inventory(),
    })
}

/// The columns that a property names; a value with commas, as in `series = "a, b"`, is a list.
pub(crate) fn named_all(
    table: &Table,
    property: &'static str,
    names: &[String],
) -> Result<Vec<usize>, ChartError> {
    let mut found = Vec::new();
    for name in names {
        let is_column = table.columns.iter().any(|column| column.name == *name);
        let parts: Vec<&str> = if is_column { vec![name] } else { name.split(',').map(str::trim).collect() };
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let column = named(table, property, part)?;
            if !found.contains(&column) {
                found.push(column);
            }
        }
    }
    Ok(found)
}

/// Decides the roles of the columns.
///
/// # Errors
///
/// A property names a column that is not there or of a type that does not fit, or no column fits.
pub(crate) fn roles(request: &Request, table: &Table) -> Result<Roles, ChartError> {
    let named_x = request.x_column.as_deref().map(|name| named(table, "xcolumn", name)).transpose()?;
    let explicit = Explicit {
        x: named_x,
        ys: named_all(table, "ycolumns", &request.y_columns)?,
        series: named_all(table, "series", &request.series)?,
        anomalies: named_all(table, "anomalycolumns", &request.anomaly_columns)?,
    };
    // The types as drawn: a column of arrays counts as what its arrays hold.
    let elements: Vec<Option<ColumnType>> =
        (0..table.columns.len()).map(|index| expand::element_type(table, index)).collect();
    let types: Vec<ColumnType> =
        (0..table.columns.len()).map(|index| elements[index].unwrap_or_else(|| table.kind(index))).collect();
    let is_array = |index: usize| elements[index].is_some();

    let mut first_failure = None;
    for x in candidates(request.visualisation, &explicit, &types) {
        let shape = Shape { types: &types, x, is_array: &is_array };
        let ys = y_columns(&explicit, &shape);
        if ys.is_empty() {
            first_failure.get_or_insert(x);
            continue;
        }
        let series = series_columns(&explicit, &shape, &ys);
        let arrays: Vec<(usize, ColumnType)> = elements
            .iter()
            .enumerate()
            .filter(|(index, _)| *index == x || ys.contains(index) || explicit.anomalies.contains(index))
            .filter_map(|(index, kind)| kind.map(|kind| (index, kind)))
            .collect();
        let (expanded, cut) = if arrays.is_empty() {
            (None, false)
        } else {
            let (expanded, cut) = expand::expand(table, &arrays);
            (Some(expanded), cut)
        };
        return Ok(Roles { x, ys, series, anomalies: explicit.anomalies, expanded, cut });
    }
    Err(ChartError::Needs {
        chart: request.visualisation.name(),
        needs: needs(request.visualisation, first_failure.map(|x| table.name(x))),
        has: table.inventory(),
    })
}

/// What the request names.
struct Explicit {
    x: Option<usize>,
    ys: Vec<usize>,
    series: Vec<usize>,
    anomalies: Vec<usize>,
}

/// A choice of x, and the types of all columns.
struct Shape<'a> {
    types: &'a [ColumnType],
    x: usize,
    is_array: &'a dyn Fn(usize) -> bool,
}

fn is_time(kind: ColumnType) -> bool {
    kind == ColumnType::Datetime
}

fn is_measure(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Number | ColumnType::Timespan)
}

fn is_ordered(kind: ColumnType) -> bool {
    is_time(kind) || is_measure(kind)
}

/// Columns that may be x, in the order of preference.
fn candidates(visualisation: Visualisation, explicit: &Explicit, types: &[ColumnType]) -> Vec<usize> {
    let only = |fits: fn(ColumnType) -> bool| -> Vec<usize> {
        let free = |index: &usize| {
            !explicit.ys.contains(index)
                && !explicit.series.contains(index)
                && !explicit.anomalies.contains(index)
        };
        (0..types.len()).filter(free).filter(|index| fits(types[*index])).collect()
    };
    let any: fn(ColumnType) -> bool = |kind| kind != ColumnType::Dynamic;
    if let Some(x) = explicit.x {
        let fits = visualisation != Visualisation::Time || is_time(types[x]);
        return if fits { vec![x] } else { Vec::new() };
    }
    let mut ordered = match visualisation {
        Visualisation::Time => return only(is_time),
        Visualisation::Anomaly => return [only(is_time), only(is_measure)].concat(),
        Visualisation::Line | Visualisation::Area | Visualisation::StackedArea => {
            [only(is_time), only(is_measure), only(any)].concat()
        }
        Visualisation::Scatter => [only(is_ordered), only(any)].concat(),
        Visualisation::Bar
        | Visualisation::Column
        | Visualisation::Pie
        | Visualisation::Pivot
        | Visualisation::Card
        | Visualisation::Ladder
        | Visualisation::Table
        | Visualisation::TimePivot
        | Visualisation::Treemap => [only(any), only(|_| true)].concat(),
    };
    let mut seen = vec![false; types.len()];
    ordered.retain(|index| !std::mem::replace(&mut seen[*index], true));
    ordered
}

fn y_columns(explicit: &Explicit, shape: &Shape<'_>) -> Vec<usize> {
    let x_is_array = (shape.is_array)(shape.x);
    let fits = |index: &usize| {
        *index != shape.x
            && !explicit.series.contains(index)
            && !explicit.anomalies.contains(index)
            && (shape.is_array)(*index) == x_is_array
    };
    if !explicit.ys.is_empty() {
        let given = explicit.ys.iter().copied();
        return given.filter(|index| *index != shape.x && is_measure(shape.types[*index])).collect();
    }
    let of = |kind: ColumnType| -> Vec<usize> {
        (0..shape.types.len()).filter(|index| shape.types[*index] == kind).filter(fits).collect()
    };
    let numbers = of(ColumnType::Number);
    if numbers.is_empty() { of(ColumnType::Timespan) } else { numbers }
}

fn series_columns(explicit: &Explicit, shape: &Shape<'_>, ys: &[usize]) -> Vec<usize> {
    if !explicit.series.is_empty() {
        return explicit.series.clone();
    }
    // Who names the measures has said which columns count; a number beside them does not split them.
    let numbers_split = (shape.is_array)(shape.x) && explicit.ys.is_empty();
    let splits = |index: &usize| match shape.types[*index] {
        ColumnType::Text | ColumnType::Bool => !(shape.is_array)(*index),
        ColumnType::Number => numbers_split && !(shape.is_array)(*index),
        ColumnType::Datetime | ColumnType::Timespan | ColumnType::Dynamic => false,
    };
    (0..shape.types.len())
        .filter(|index| *index != shape.x && !ys.contains(index) && !explicit.anomalies.contains(index))
        .filter(splits)
        .collect()
}

fn needs(visualisation: Visualisation, x: Option<&str>) -> String {
    let measure = "a column of numbers for y";
    match (visualisation, x) {
        (_, Some(x)) => format!("{measure} beside `{x}`"),
        (Visualisation::Time, None) => {
            format!("a datetime column for x and {measure} (`linechart` takes other types for x)")
        }
        (Visualisation::Anomaly, None) => {
            format!("a column of datetimes or numbers for x and {measure}")
        }
        (_, None) => format!("a column for x and {measure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, Value};
    use ColumnType::{Bool, Datetime, Dynamic, Number, Text, Timespan};

    fn table(columns: &[(&str, ColumnType)]) -> Table {
        Table {
            columns: columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect(),
            rows: Vec::new(),
        }
    }

    /// The roles as names: `x | ys | series`.
    fn chosen(request: &Request, table: &Table) -> String {
        let roles = roles(request, table).unwrap_or_else(|error| panic!("{error}"));
        let names =
            |columns: &[usize]| columns.iter().map(|index| table.name(*index)).collect::<Vec<_>>().join(" ");
        format!("{} | {} | {}", table.name(roles.x), names(&roles.ys), names(&roles.series))
    }

    fn check(visualisation: Visualisation, columns: &[(&str, ColumnType)], expected: &str) {
        assert_eq!(chosen(&Request::new(visualisation), &table(columns)), expected);
    }

    #[test]
    fn a_time_chart_takes_the_first_datetime_wherever_it_stands() {
        check(
            Visualisation::Time,
            &[("Action", Text), ("n", Number), ("t", Datetime), ("u", Datetime), ("m", Number)],
            "t | n m | Action",
        );
    }

    #[test]
    fn all_texts_and_bools_left_name_the_series() {
        let columns = [("t", Datetime), ("a", Text), ("b", Bool), ("n", Number), ("d", Timespan)];
        check(Visualisation::Time, &columns, "t | n | a b");
    }

    #[test]
    fn timespans_are_measured_where_there_is_no_number() {
        check(Visualisation::Line, &[("t", Datetime), ("d", Timespan)], "t | d | ");
    }

    #[test]
    fn a_line_chart_takes_a_number_for_x_and_a_text_if_nothing_else_is_left() {
        check(Visualisation::Line, &[("k", Text), ("x", Number), ("y", Number)], "x | y | k");
        check(Visualisation::Line, &[("k", Text), ("y", Number)], "k | y | ");
    }

    #[test]
    fn a_scatter_chart_takes_columns_in_order() {
        check(Visualisation::Scatter, &[("a", Number), ("t", Datetime), ("b", Number)], "a | b | ");
        check(Visualisation::Scatter, &[("a", Number), ("t", Datetime)], "t | a | ");
    }

    #[test]
    fn bars_take_the_first_column_that_leaves_a_measure() {
        check(Visualisation::Bar, &[("s", Text), ("e", Text), ("n", Number)], "s | n | e");
        check(Visualisation::Column, &[("n", Number), ("s", Text)], "s | n | ");
        check(Visualisation::Column, &[("port", Number), ("n", Number)], "port | n | ");
        check(Visualisation::Pie, &[("bag", Dynamic), ("n", Number)], "bag | n | ");
    }

    #[test]
    fn what_is_named_counts() {
        let mut request = Request::new(Visualisation::StackedArea);
        request.x_column = Some("T".into());
        request.series = vec!["passengers".into()];
        let table = table(&[("passengers", Number), ("t", Datetime), ("count_", Number)]);
        assert_eq!(chosen(&request, &table), "t | count_ | passengers");
        request.y_columns = vec!["count_, passengers".into()];
        request.series.clear();
        assert_eq!(chosen(&request, &table), "t | count_ passengers | ");
    }

    #[test]
    fn arrays_are_expanded_and_scalars_beside_them_name_the_series() {
        let mut table = table(&[("port", Number), ("t", Dynamic), ("n", Dynamic), ("bag", Dynamic)]);
        table.rows.push(vec![
            Value::Long(443),
            Value::Dynamic("[\"2024-01-01T00:00:00Z\",\"2024-01-02T00:00:00Z\"]".into()),
            Value::Dynamic("[1,2]".into()),
            Value::Dynamic("{}".into()),
        ]);
        let request = Request::new(Visualisation::Time);
        assert_eq!(chosen(&request, &table), "t | n | port");
        let expanded = roles(&request, &table).unwrap().expanded.unwrap();
        assert_eq!(expanded.rows.len(), 2);
        assert_eq!(expanded.rows[1][2], Value::Long(2));
    }

    #[test]
    fn what_is_impossible_says_what_is_needed_and_what_there_is() {
        let error = |request: &Request, columns: &[(&str, ColumnType)]| {
            roles(request, &table(columns)).unwrap_err().to_string()
        };
        assert_eq!(
            error(&Request::new(Visualisation::Time), &[("x", Number), ("y", Number)]),
            "`timechart` needs a datetime column for x and a column of numbers for y (`linechart` takes other types \
             for x); the result has `x` (number), `y` (number)"
        );
        assert_eq!(
            error(&Request::new(Visualisation::Column), &[("a", Text), ("b", Text)]),
            "`columnchart` needs a column of numbers for y beside `a`; the result has `a` (text), `b` (text)"
        );
        let mut request = Request::new(Visualisation::Line);
        request.x_column = Some("z".into());
        assert_eq!(
            error(&request, &[("y", Number)]),
            "`xcolumn` names the column `z`; the result has `y` (number)"
        );
    }
}
