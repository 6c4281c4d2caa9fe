//! The published rules and our limits, as seen in notes, errors and texts.

use azimuth_chart::{ColumnType, TerminalOptions, Value, chart, terminal};

use crate::tables::{HOUR, NEW_YEAR, drawn, hourly, picture, request, storms, table, text};

fn plain(visualisation: &str, properties: &[(&str, &str)], table: &azimuth_chart::Table) -> String {
    let options = TerminalOptions { width: 60, height: 12, colour: false, unicode: false };
    terminal(&drawn(visualisation, properties, table), &options)
}

#[test]
fn a_pie_says_what_is_not_in_it() {
    let rows = (1..=14).map(|index| vec![text(&format!("n{index}")), Value::Long(index)]);
    let negative = vec![text("debt"), Value::Long(-5)];
    let columns = [("name", ColumnType::Text), ("n", ColumnType::Number)];
    let table = table(&columns, rows.chain([negative]).collect());
    assert_eq!(
        drawn("piechart", &[], &table).notes(),
        ["1 negative value is not in the pie", "9 of 14 slices told apart, the rest is in \"other\""]
    );
    // 1 + 2 + 3 + 4 + 5 of 105.
    assert!(plain("piechart", &[], &table).contains("other (5)"));
    assert!(picture("piechart", &[], &table).contains("other (5): 15 (14.3 %)"));
}

#[test]
fn a_log_axis_counts_what_it_has_no_place_for() {
    let values = hourly(&[(0, 10.0), (1, 0.0), (2, -3.0), (3, 100.0)]);
    assert_eq!(
        drawn("timechart", &[("yaxis", "log")], &values).notes(),
        ["2 values of zero or below, which have no place on the logarithmic `yaxis`"]
    );
    assert_eq!(
        drawn("areachart", &[("yaxis", "log"), ("kind", "stacked")], &values).notes(),
        ["`yaxis = log` is ignored: parts of a stack have no length on it"]
    );
}

#[test]
fn panels_are_five_at_most() {
    let names: Vec<String> = (0..7).map(|index| format!("m{index}")).collect();
    let mut columns = vec![("t", ColumnType::Datetime)];
    columns.extend(names.iter().map(|name| (name.as_str(), ColumnType::Number)));
    let row = |hour: i64| {
        let mut row = vec![Value::Datetime(NEW_YEAR + hour * HOUR)];
        row.extend((0..7).map(|index| Value::Long(index * hour)));
        row
    };
    let table = table(&columns, (0..4).map(row).collect());
    let chart = drawn("timechart", &[("ysplit", "panels")], &table);
    assert_eq!(chart.notes(), ["5 of 7 panels drawn, which is the most there are"]);
    let svg = picture("timechart", &[("ysplit", "panels")], &table);
    assert_eq!(svg.matches("<clipPath").count(), 5);
}

#[test]
fn several_axes_are_several_plots_in_a_terminal() {
    let row = |hour: i64| {
        vec![Value::Datetime(NEW_YEAR + hour * HOUR), Value::Long(hour), Value::Long(hour * 1_000)]
    };
    let columns = [("t", ColumnType::Datetime), ("a", ColumnType::Number), ("b", ColumnType::Number)];
    let table = table(&columns, (0..10).map(row).collect());
    let one = plain("timechart", &[], &table);
    let two = plain("timechart", &[("ysplit", "axes")], &table);
    let axes = |text: &str| text.lines().filter(|line| line.contains("+-")).count();
    assert_eq!((axes(&one), axes(&two)), (1, 2), "{two}");
}

#[test]
fn a_series_of_numbers_may_be_asked_for() {
    let row = |hour: i64, port: i64, count: i64| {
        vec![Value::Long(port), Value::Datetime(NEW_YEAR + hour * HOUR), Value::Long(count)]
    };
    let columns = [("port", ColumnType::Number), ("t", ColumnType::Datetime), ("n", ColumnType::Number)];
    let table = table(&columns, vec![row(0, 22, 1), row(0, 443, 2), row(1, 22, 3), row(1, 443, 4)]);
    let svg = picture("stackedareachart", &[("xcolumn", "t"), ("series", "port")], &table);
    assert!(svg.contains("2024-01-01 01:00:00\n22: 3\n443: 4"), "{svg}");
}

#[test]
fn rows_that_share_a_place_are_added_up() {
    let svg = picture("piechart", &[], &storms());
    assert!(svg.contains("TEXAS: 60"));
    let svg = picture("columnchart", &[("xcolumn", "EventType"), ("series", "EventType")], &storms());
    assert!(svg.contains("Hail\nHail: 80"), "{svg}");
}

#[test]
fn unknown_properties_are_named() {
    assert_eq!(
        drawn("barchart", &[("zoom", "2")], &storms()).notes(),
        ["the property `zoom` is not known and was ignored"]
    );
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let error = |visualisation: &str, properties: &[(&str, &str)]| {
        chart(&request(visualisation, properties), &storms()).unwrap_err().to_string()
    };
    let has = "the result has `State` (text), `EventType` (text), `count_` (number)";
    assert_eq!(error("timepivot", &[]), format!("`timepivot` needs a datetime column; {has}"));
    assert_eq!(
        error("ladderchart", &[]),
        format!(
            "`ladderchart` needs a start and an end (datetimes or numbers) as its last two columns; {has}"
        )
    );
    assert_eq!(
        error("scatterchart", &[("kind", "map")]),
        format!(
            "`scatterchart` needs for `kind = map` two columns of numbers, longitude and latitude, or a column of \
             GeoJSON points; {has}"
        )
    );
    assert_eq!(error("barchart", &[("series", "Stat")]), format!("`series` names the column `Stat`; {has}"));
}

#[test]
fn an_anomaly_chart_without_marks_says_how_to_get_them() {
    assert_eq!(
        drawn("anomalychart", &[], &hourly(&[(0, 1.0), (1, 2.0)])).notes(),
        ["no point is marked: name columns of `series_decompose_anomalies` with `anomalycolumns`"]
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for visualisation in ["barchart", "piechart", "treemap", "columnchart", "pivotchart"] {
        assert_eq!(picture(visualisation, &[], &storms()), picture(visualisation, &[], &storms()));
    }
}
