//! Any table with any request is drawn or refused, by every drawing, within its width, and as well-formed XML.

use azimuth_chart::{
    ChartError, Column, ColumnType, Request, SvgOptions, Table, TerminalOptions, Value, chart, svg, terminal,
};
use proptest::prelude::*;

use crate::tables::{NEW_YEAR, request, table, text};

const VISUALISATIONS: &[&str] = &[
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "ladderchart",
    "linechart",
    "piechart",
    "pivotchart",
    "scatterchart",
    "stackedareachart",
    "table",
    "timechart",
    "timepivot",
    "treemap",
];
const PROPERTIES: &[(&str, &str)] = &[
    ("kind", "stacked"),
    ("kind", "stacked100"),
    ("kind", "unstacked"),
    ("kind", "map"),
    ("ysplit", "axes"),
    ("ysplit", "panels"),
    ("xaxis", "log"),
    ("yaxis", "log"),
    ("legend", "hidden"),
    ("accumulate", "true"),
    ("ymin", "5"),
    ("ymax", "-1e200"),
    ("xcolumn", "c0"),
    ("ycolumns", "c1, c2"),
    ("series", "c3"),
    ("anomalycolumns", "c2"),
    (
        "title",
        "a title that is rather long for what it has to say, and goes on for a while after it has said it",
    ),
];

fn draw_all(request: &Request, table: &Table) -> Result<(), ChartError> {
    let chart = chart(request, table)?;
    for (width, height) in [(960, 420), (0, 0), (380, 340)] {
        let options = SvgOptions { width, height, ..SvgOptions::default() };
        let picture = svg(&chart, &options);
        let document =
            roxmltree::Document::parse(&picture).unwrap_or_else(|error| panic!("{error}\n{picture}"));
        for attribute in document.descendants().flat_map(|node| node.attributes()) {
            let is_number = !["NaN", "inf"].iter().any(|word| attribute.value().contains(word));
            assert!(is_number, "{attribute:?}\n{picture}");
        }
        assert!(picture.len() < 6_000_000, "{} bytes", picture.len());
    }
    for (width, height, unicode) in [(80, 20, true), (0, 0, false), (33, 7, true)] {
        let options = TerminalOptions { width, height, colour: false, unicode };
        let text = terminal(&chart, &options);
        for line in text.lines() {
            let used = unicode_width::UnicodeWidthStr::width(line);
            assert!(used <= width.max(20), "{used} cells in {width}: {line:?}\n{text}");
        }
    }
    Ok(())
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3_f64,
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 5e-324, 1e-300, 1e15, 1.0
        ]),
    ]
}

fn value(kind: ColumnType) -> BoxedStrategy<Value> {
    let ticks = prop_oneof![
        3 => NEW_YEAR..NEW_YEAR + 1_000_000_000_000,
        1 => prop::sample::select(vec![0, 3_155_378_975_999_999_999, i64::MIN, i64::MAX, 1]),
    ];
    let some = match kind {
        ColumnType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ColumnType::Number => prop_oneof![
            number().prop_map(Value::Real),
            any::<i64>().prop_map(Value::Long),
            (0..5_i64).prop_map(Value::Long)
        ]
        .boxed(),
        ColumnType::Datetime => ticks.prop_map(Value::Datetime).boxed(),
        ColumnType::Timespan => any::<i64>().prop_map(Value::Timespan).boxed(),
        ColumnType::Text => {
            prop_oneof![Just("a".to_owned()), Just(String::new()), "\\PC{0,12}", ".{0,5}", "日{1,70}"]
                .prop_map(Value::Text)
                .boxed()
        }
        ColumnType::Dynamic => prop_oneof![
            prop::collection::vec(number(), 0..6).prop_map(|numbers| format!("{numbers:?}")),
            Just("[\"2024-01-01T00:00:00.0000000Z\",\"9999-12-31T23:59:59.9999999Z\"]".to_owned()),
            Just("{\"type\":\"Point\",\"coordinates\":[10.5,-200]}".to_owned()),
            Just("{\"type\":\"Point\",\"coordinates\":[10.5,20]}".to_owned()),
            Just("[[[[".to_owned()),
        ]
        .prop_map(Value::Dynamic)
        .boxed(),
    };
    prop_oneof![9 => some, 1 => Just(Value::Null)].boxed()
}

fn any_table() -> impl Strategy<Value = Table> {
    let kinds = prop::sample::select(vec![
        ColumnType::Bool,
        ColumnType::Number,
        ColumnType::Number,
        ColumnType::Datetime,
        ColumnType::Timespan,
        ColumnType::Text,
        ColumnType::Dynamic,
    ]);
    (prop::collection::vec(kinds, 0..6), 0..14_usize).prop_flat_map(|(kinds, rows)| {
        let columns: Vec<Column> =
            kinds.iter().enumerate().map(|(index, kind)| Column::new(format!("c{index}"), *kind)).collect();
        let row: Vec<_> = kinds.into_iter().map(value).collect();
        prop::collection::vec(row, rows).prop_map(move |rows| Table { columns: columns.clone(), rows })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_table_is_drawn_or_refused(
        table in any_table(),
        visualisation in prop::sample::select(VISUALISATIONS),
        properties in prop::collection::vec(prop::sample::select(PROPERTIES), 0..4),
    ) {
        // A refusal is fine; the message is made on the way.
        let _ = draw_all(&request(visualisation, &properties), &table).map_err(|error| error.to_string());
    }
}

#[test]
fn ten_thousand_series_are_drawn() {
    let row = |index: i64| {
        vec![Value::Datetime(NEW_YEAR + index % 7), text(&format!("s{index}")), Value::Long(index)]
    };
    let columns = [("t", ColumnType::Datetime), ("s", ColumnType::Text), ("n", ColumnType::Number)];
    let table = table(&columns, (0..10_000).map(row).collect());
    for visualisation in
        ["timechart", "stackedareachart", "columnchart", "piechart", "treemap", "timepivot", "scatterchart"]
    {
        draw_all(&request(visualisation, &[]), &table)
            .unwrap_or_else(|error| panic!("{visualisation}: {error}"));
    }
}

#[test]
fn a_hundred_thousand_points_make_a_small_picture() {
    let row = |index: i64| {
        vec![
            Value::Datetime(NEW_YEAR + index * 10_000_000),
            Value::Long(index % 977),
            Value::Long(index % 31),
        ]
    };
    let columns = [("t", ColumnType::Datetime), ("a", ColumnType::Number), ("b", ColumnType::Number)];
    let table = table(&columns, (0..100_000).map(row).collect());
    for visualisation in
        ["timechart", "areachart", "stackedareachart", "scatterchart", "columnchart", "barchart"]
    {
        let chart = chart(&request(visualisation, &[]), &table).unwrap();
        let picture = svg(&chart, &SvgOptions::default());
        assert!(picture.len() < 900_000, "{visualisation}: {} bytes", picture.len());
        assert!(!chart.notes().is_empty(), "{visualisation} says nothing of what it left out");
    }
}

#[test]
fn the_ends_of_the_calendar_are_drawn() {
    let columns = [("t", ColumnType::Datetime), ("n", ColumnType::Number)];
    let rows = vec![
        vec![Value::Datetime(0), Value::Real(f64::MAX)],
        vec![Value::Datetime(3_155_378_975_999_999_999), Value::Real(f64::MIN)],
    ];
    let table = table(&columns, rows);
    for visualisation in ["timechart", "columnchart", "linechart", "timepivot", "areachart"] {
        draw_all(&request(visualisation, &[]), &table)
            .unwrap_or_else(|error| panic!("{visualisation}: {error}"));
    }
}
