//! What is drawn has the right size and stands at the right place.

use azimuth_chart::{ColumnType, Table, Value};
use roxmltree::{Document, Node};

use crate::tables::{HOUR, NEW_YEAR, drawn, hourly, picture, storms, table, text};

fn with_class<'a>(document: &'a Document<'a>, class: &'a str) -> Vec<Node<'a, 'a>> {
    let has = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|found| found == class))
    };
    document.descendants().filter(has).collect()
}

fn number(node: &Node<'_, '_>, attribute: &str) -> f64 {
    node.attribute(attribute).unwrap_or_default().parse().unwrap_or(f64::NAN)
}

fn tooltip<'a>(node: &Node<'a, 'a>) -> &'a str {
    node.children().find(|child| child.has_tag_name("title")).and_then(|title| title.text()).unwrap_or("")
}

fn texts(document: &Document<'_>) -> Vec<String> {
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text().map(str::to_owned)).collect()
}

/// The points of a path of `M` and `L`.
fn points(path: &Node<'_, '_>) -> Vec<(f64, f64)> {
    let data = path.attribute("d").unwrap_or_default();
    let steps = data.split(['M', 'L', 'Z']).filter(|step| !step.is_empty());
    steps
        .map(|step| {
            let (x, y) = step.split_once(' ').unwrap_or((step, ""));
            (x.parse().unwrap_or(f64::NAN), y.parse().unwrap_or(f64::NAN))
        })
        .collect()
}

#[track_caller]
fn assert_close(left: f64, right: f64) {
    assert!((left - right).abs() < 0.35, "{left} is not {right}");
}

#[test]
fn columns_are_as_high_as_their_values() {
    let svg = picture("columnchart", &[("series", "EventType")], &storms());
    let document = Document::parse(&svg).unwrap();
    let bars = with_class(&document, "bar");
    assert_eq!(bars.len(), 5);
    let unit = number(&bars[0], "height") / 40.0;
    for (bar, value) in bars.iter().zip([40.0, 30.0, 10.0, 20.0, 60.0]) {
        assert_close(number(bar, "height"), value * unit);
        assert!(tooltip(bar).ends_with(&format!(": {value}")), "{}", tooltip(bar));
    }
    let bottom = |bar: &Node<'_, '_>| number(bar, "y") + number(bar, "height");
    assert!(bars.iter().all(|bar| (bottom(bar) - bottom(&bars[0])).abs() < 0.2));
}

#[test]
fn grouped_columns_stand_side_by_side() {
    let svg = picture("columnchart", &[], &storms());
    let document = Document::parse(&svg).unwrap();
    let mut bars = with_class(&document, "bar");
    bars.sort_by(|left, right| number(left, "x").total_cmp(&number(right, "x")));
    for pair in bars.windows(2) {
        assert!(number(&pair[0], "x") + number(&pair[0], "width") <= number(&pair[1], "x") + 0.1);
    }
}

#[test]
fn bars_are_as_long_as_their_values() {
    let table = table(
        &[("name", ColumnType::Text), ("n", ColumnType::Number)],
        vec![
            vec![text("a"), Value::Real(12.5)],
            vec![text("b"), Value::Long(-25)],
            vec![text("c"), Value::Long(50)],
        ],
    );
    let svg = picture("barchart", &[], &table);
    let document = Document::parse(&svg).unwrap();
    let bars = with_class(&document, "bar");
    let unit = number(&bars[2], "width") / 50.0;
    assert_close(number(&bars[0], "width"), 12.5 * unit);
    assert_close(number(&bars[1], "width"), 25.0 * unit);
    // What is negative ends where what is positive starts.
    assert_close(number(&bars[1], "x") + number(&bars[1], "width"), number(&bars[0], "x"));
}

#[test]
fn stacked_columns_lie_on_one_another() {
    let svg = picture("columnchart", &[("kind", "stacked")], &storms());
    let document = Document::parse(&svg).unwrap();
    let bars = with_class(&document, "bar");
    let texas: Vec<_> = bars.iter().filter(|bar| tooltip(bar).starts_with("TEXAS")).collect();
    assert_close(number(texas[1], "y") + number(texas[1], "height"), number(texas[0], "y"));
    assert_close(number(texas[0], "height"), 2.0 * number(texas[1], "height"));
}

#[test]
fn stacked100_stretches_every_column_to_the_same_height() {
    let svg = picture("columnchart", &[("kind", "stacked100")], &storms());
    let document = Document::parse(&svg).unwrap();
    let bars = with_class(&document, "bar");
    let height = |state: &str| -> f64 {
        bars.iter().filter(|bar| tooltip(bar).starts_with(state)).map(|bar| number(bar, "height")).sum()
    };
    assert_close(height("TEXAS"), height("KANSAS"));
    assert_close(height("TEXAS"), height("IOWA"));
    assert!(texts(&document).contains(&"100 %".to_owned()));
}

#[test]
fn a_time_chart_sorts_by_time_and_leaves_gaps_at_nulls() {
    let svg = picture(
        "timechart",
        &[],
        &hourly(&[(2, 20.0), (0, 0.0), (1, 10.0), (3, f64::NAN), (4, 40.0), (5, 0.0)]),
    );
    let document = Document::parse(&svg).unwrap();
    let lines = with_class(&document, "l");
    let points = points(&lines[0]);
    assert_eq!(points.len(), 5);
    assert!(points.is_sorted_by(|left, right| left.0 < right.0), "{points:?}");
    // 0, 10 and 20 rise evenly.
    assert_close(points[0].1 - points[1].1, points[1].1 - points[2].1);
    assert_eq!(lines[0].attribute("d").unwrap().matches('M').count(), 2);
}

#[test]
fn empty_hours_are_gaps_between_columns() {
    let svg = picture("columnchart", &[], &hourly(&[(5, 1.0), (0, 1.0), (1, 1.0)]));
    let document = Document::parse(&svg).unwrap();
    let mut starts: Vec<f64> = with_class(&document, "bar").iter().map(|bar| number(bar, "x")).collect();
    starts.sort_by(f64::total_cmp);
    assert_close((starts[2] - starts[1]) / (starts[1] - starts[0]), 4.0);
}

#[test]
fn slices_are_as_wide_as_their_share() {
    let svg = picture("piechart", &[], &storms());
    let document = Document::parse(&svg).unwrap();
    let slices: Vec<&str> = with_class(&document, "slice").iter().map(tooltip).collect();
    assert_eq!(slices, ["KANSAS: 90 (56.2 %)", "TEXAS: 60 (37.5 %)", "IOWA: 10 (6.2 %)"]);
}

#[test]
fn log_axes_place_powers_of_ten_evenly() {
    let values = [(0, 1.0), (1, 10.0), (2, 100.0), (3, 0.0)];
    let svg = picture("timechart", &[("yaxis", "log")], &hourly(&values));
    let document = Document::parse(&svg).unwrap();
    let points = points(&with_class(&document, "l")[0]);
    assert_eq!(points.len(), 3, "zero has no logarithm");
    assert_close(points[0].1 - points[1].1, points[1].1 - points[2].1);
}

#[test]
fn ymin_and_ymax_are_the_ends_of_the_axis() {
    let svg = picture("timechart", &[("ymin", "0"), ("ymax", "200")], &hourly(&[(0, 0.0), (1, 100.0)]));
    let document = Document::parse(&svg).unwrap();
    let points = points(&with_class(&document, "l")[0]);
    let grid: Vec<f64> = with_class(&document, "grid").iter().map(|line| number(line, "y1")).collect();
    let (top, bottom) =
        grid.iter().fold((f64::MAX, f64::MIN), |(top, bottom), y| (top.min(*y), bottom.max(*y)));
    assert_close(points[0].1, bottom);
    assert_close(points[1].1, f64::midpoint(top, bottom));
}

#[test]
fn accumulate_adds_up_in_the_order_of_x() {
    let svg = picture("timechart", &[("accumulate", "true")], &hourly(&[(2, 30.0), (0, 10.0), (1, 20.0)]));
    let document = Document::parse(&svg).unwrap();
    let tooltips: Vec<&str> = with_class(&document, "hit").iter().map(tooltip).collect();
    assert_eq!(tooltips, ["2024-01-01\nn: 10", "2024-01-01 01:00:00\nn: 30", "2024-01-01 02:00:00\nn: 60"]);
}

#[test]
fn a_legend_is_there_unless_hidden() {
    let names = |properties: &[(&str, &str)]| {
        let svg = picture("columnchart", properties, &storms());
        let document = Document::parse(&svg).unwrap();
        texts(&document).iter().filter(|text| *text == "Hail" || *text == "Flood").count()
    };
    assert_eq!(names(&[]), 2);
    assert_eq!(names(&[("legend", "hidden")]), 0);
}

fn measures() -> Table {
    let row = |hour: i64| {
        vec![
            Value::Datetime(NEW_YEAR + hour * HOUR),
            Value::Long(hour),
            Value::Long(hour * 1_000),
            Value::Long(7),
        ]
    };
    let columns = [
        ("Time", ColumnType::Datetime),
        ("small", ColumnType::Number),
        ("large", ColumnType::Number),
        ("flat", ColumnType::Number),
    ];
    table(&columns, (0..10).map(row).collect())
}

#[test]
fn panels_have_a_measure_each() {
    let svg = picture("timechart", &[("ysplit", "panels")], &measures());
    let document = Document::parse(&svg).unwrap();
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("clipPath")).count(), 3);
    let heights: Vec<f64> = with_class(&document, "l")
        .iter()
        .filter(|node| node.has_tag_name("path"))
        .map(|line| {
            let points = points(line);
            points[0].1 - points[9].1
        })
        .collect();
    // Each rises over its own axis.
    assert_close(heights[0], heights[1]);
}

#[test]
fn axes_have_a_measure_each() {
    let svg = picture("timechart", &[("ysplit", "axes"), ("ycolumns", "small, large")], &measures());
    let document = Document::parse(&svg).unwrap();
    let labels = texts(&document);
    assert!(labels.contains(&"8".to_owned()) && labels.contains(&"8k".to_owned()), "{labels:?}");
    let one = picture("timechart", &[("ycolumns", "small, large")], &measures());
    let document = Document::parse(&one).unwrap();
    assert!(!texts(&document).contains(&"8".to_owned()));
}

#[test]
fn anomalies_are_marked_where_the_column_is_not_zero() {
    let table = table(
        &[("t", ColumnType::Dynamic), ("n", ColumnType::Dynamic), ("anomalies", ColumnType::Dynamic)],
        vec![vec![
            Value::Dynamic(
                "[\"2024-01-01T00:00:00Z\",\"2024-01-01T01:00:00Z\",\"2024-01-01T02:00:00Z\"]".into(),
            ),
            Value::Dynamic("[10,90,12]".into()),
            Value::Dynamic("[0,1,0]".into()),
        ]],
    );
    let svg = picture("anomalychart", &[("anomalycolumns", "anomalies")], &table);
    let document = Document::parse(&svg).unwrap();
    let flags: Vec<&str> = with_class(&document, "flag").iter().map(tooltip).collect();
    assert_eq!(flags, ["anomaly of n\n2024-01-01 01:00:00\n90"]);
    assert_eq!(with_class(&document, "hit").len(), 3);
}

#[test]
fn spans_are_as_long_as_they_last() {
    let row = |name: &str, from: i64, to: i64| {
        vec![text(name), Value::Datetime(NEW_YEAR + from * HOUR), Value::Datetime(NEW_YEAR + to * HOUR)]
    };
    let columns = [("State", ColumnType::Text), ("from", ColumnType::Datetime), ("to", ColumnType::Datetime)];
    let table = table(&columns, vec![row("A", 0, 10), row("B", 10, 30), row("A", 20, 40)]);
    let svg = picture("ladderchart", &[], &table);
    let document = Document::parse(&svg).unwrap();
    let spans = with_class(&document, "span");
    assert_close(number(&spans[1], "width"), 2.0 * number(&spans[0], "width"));
    assert_close(number(&spans[0], "x") + number(&spans[0], "width"), number(&spans[1], "x"));
    assert_close(number(&spans[0], "y"), number(&spans[2], "y"));
}

#[test]
fn tiles_are_as_large_as_their_values() {
    let svg = picture("treemap", &[], &storms());
    let document = Document::parse(&svg).unwrap();
    let tiles = with_class(&document, "tile");
    // The frame between tiles is not theirs: two units in each direction.
    let area = |name: &str| {
        let tile = tiles.iter().find(|tile| tooltip(tile).starts_with(name)).unwrap();
        (number(tile, "width") + 2.0) * (number(tile, "height") + 2.0)
    };
    let ratio = area("KANSAS\n") / area("TEXAS\n");
    assert!((ratio - 1.5).abs() < 0.02, "{ratio}");
}

#[test]
fn places_are_where_they_are() {
    let row = |x: f64, y: f64, kind: &str| vec![Value::Real(x), Value::Real(y), text(kind)];
    let columns = [("Lon", ColumnType::Number), ("Lat", ColumnType::Number), ("kind", ColumnType::Text)];
    let rows = vec![row(-170.0, -80.0, "a"), row(170.0, 80.0, "b"), row(0.0, 0.0, "a"), row(500.0, 0.0, "a")];
    let table = table(&columns, rows);
    let chart = drawn("scatterchart", &[("kind", "map")], &table);
    assert_eq!(chart.notes(), ["1 row has no place on the map"]);
    let svg = picture("scatterchart", &[("kind", "map")], &table);
    let document = Document::parse(&svg).unwrap();
    let places = with_class(&document, "place");
    assert_close(number(&places[2], "cx"), f64::midpoint(number(&places[0], "cx"), number(&places[1], "cx")));
    assert_close(number(&places[2], "cy"), f64::midpoint(number(&places[0], "cy"), number(&places[1], "cy")));
    assert!(number(&places[0], "cy") > number(&places[1], "cy"), "north is up");
}

#[test]
fn labels_of_an_axis_do_not_meet() {
    for hours in [3, 30, 300, 3_000, 30_000] {
        let svg = picture("timechart", &[], &hourly(&[(0, 1.0), (hours, 2.0)]));
        let document = Document::parse(&svg).unwrap();
        let mut labels: Vec<(f64, usize)> = document
            .descendants()
            .filter(|node| node.has_tag_name("text") && node.attribute("text-anchor") == Some("middle"))
            .map(|node| (number(&node, "x"), node.text().unwrap_or("").chars().count(), number(&node, "y")))
            .filter(|(_, _, y)| *y < 400.0)
            .map(|(x, length, _)| (x, length))
            .collect();
        labels.sort_by(|left, right| left.0.total_cmp(&right.0));
        assert!(labels.len() > 2, "{hours}: {labels:?}");
        for pair in labels.windows(2) {
            let room = (pair[0].1 + pair[1].1) as f64 / 2.0 * 6.0;
            assert!(pair[1].0 - pair[0].0 > room, "{hours}: {labels:?}");
        }
    }
}

#[test]
fn many_series_are_cut_and_the_chart_says_so() {
    let row = |index: i64| vec![Value::Datetime(NEW_YEAR), text(&format!("s{index:02}")), Value::Long(index)];
    let columns = [("t", ColumnType::Datetime), ("s", ColumnType::Text), ("n", ColumnType::Number)];
    let table = table(&columns, (1..=30).map(row).collect());
    let lines = drawn("timechart", &[], &table);
    assert_eq!(lines.notes(), ["10 of 30 series drawn, those with the largest totals"]);
    let svg = picture("columnchart", &[("kind", "stacked")], &table);
    let document = Document::parse(&svg).unwrap();
    let other: Vec<&str> = with_class(&document, "bar")
        .iter()
        .map(tooltip)
        .filter(|tooltip| tooltip.contains("other"))
        .collect();
    assert_eq!(other, ["2024-01-01\nother (21): 231"]);
}

#[test]
fn pictures_have_names_for_those_who_cannot_see_them() {
    let svg = picture("timechart", &[("title", "Sign-ins")], &hourly(&[(0, 1.0), (1, 2.0)]));
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let named: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
    let text = |id: &str| {
        document
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
            .and_then(|node| node.text())
            .unwrap()
    };
    assert_eq!(text(named[0]), "Sign-ins");
    assert_eq!(text(named[1]), "time chart of n by Time from 2024-01-01 to 2024-01-01 01:00:00");
}

#[test]
fn nothing_to_draw_is_said() {
    let svg = picture("timechart", &[], &hourly(&[]));
    let document = Document::parse(&svg).unwrap();
    assert_eq!(texts(&document), ["no rows"]);
    let svg = picture("timechart", &[], &hourly(&[(0, f64::NAN)]));
    let document = Document::parse(&svg).unwrap();
    assert_eq!(texts(&document), ["no values to draw", "1 value is not finite and not drawn"]);
}
