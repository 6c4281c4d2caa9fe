//! Names and values from logs may be written by an attacker: they stay text.

use azimuth_chart::{ColumnType, Page, Table, TerminalOptions, Value, html, terminal};

use crate::tables::{HOUR, NEW_YEAR, drawn, picture, table, text};

const HOSTILE: &str =
    "</text></svg><script>alert(1)</script>\"' onload='x' &amp; \u{1b}]0;title\u{7}\u{202e}evil\u{0}\nline";

const CHARTS: &[(&str, &[(&str, &str)])] = &[
    ("timechart", &[]),
    ("linechart", &[("ysplit", "panels")]),
    ("areachart", &[("kind", "stacked")]),
    ("scatterchart", &[]),
    ("barchart", &[]),
    ("columnchart", &[("kind", "stacked100")]),
    ("piechart", &[]),
    ("pivotchart", &[]),
    ("timepivot", &[]),
    ("treemap", &[]),
    ("card", &[]),
    ("table", &[]),
];

fn hostile() -> Table {
    let row = |hour: i64| {
        vec![
            text(HOSTILE),
            Value::Datetime(NEW_YEAR + hour * HOUR),
            Value::Long(hour + 1),
            Value::Long(3),
            text(&format!("{HOSTILE}{hour}")),
        ]
    };
    let columns = [
        (HOSTILE, ColumnType::Text),
        ("<t>", ColumnType::Datetime),
        ("<b>n</b>", ColumnType::Number),
        ("\u{1b}[2J", ColumnType::Number),
        ("s", ColumnType::Text),
    ];
    table(&columns, (0..3).map(row).collect())
}

#[test]
fn markup_in_names_stays_text() {
    for (visualisation, properties) in CHARTS {
        let mut properties = properties.to_vec();
        properties.extend([("title", HOSTILE), ("xtitle", HOSTILE), ("ytitle", HOSTILE), (HOSTILE, "x")]);
        let svg = picture(visualisation, &properties, &hostile());
        let document = roxmltree::Document::parse(&svg)
            .unwrap_or_else(|error| panic!("{visualisation}: {error}\n{svg}"));
        let is_ours = |name: &str| {
            ["svg", "g", "title", "desc", "style", "rect", "circle", "line", "path", "text", "clipPath"]
                .contains(&name)
        };
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            assert!(is_ours(node.tag_name().name()), "{visualisation}: <{}>", node.tag_name().name());
            for attribute in node.attributes() {
                assert!(!attribute.name().starts_with("on"), "{visualisation}: {}", attribute.name());
                assert!(attribute.name() != "style", "{visualisation}");
            }
        }
        assert!(!svg.contains("<script"), "{visualisation}");
        assert!(!svg.contains('\u{202e}') && !svg.contains('\u{1b}'), "{visualisation}");
    }
}

#[test]
fn terminals_are_not_steered() {
    for (visualisation, properties) in CHARTS {
        let chart = drawn(visualisation, properties, &hostile());
        let options = TerminalOptions { colour: false, ..TerminalOptions::default() };
        let written = terminal(&chart, &options);
        let is_plain = |character: char| character == '\n' || !character.is_control();
        assert!(written.chars().all(is_plain), "{visualisation}: {written:?}");
        assert!(!written.contains('\u{202e}'), "{visualisation}");
    }
}

#[test]
fn a_page_has_no_script_and_asks_for_nothing() {
    let charts: Vec<_> = CHARTS
        .iter()
        .map(|(visualisation, properties)| (drawn(visualisation, properties, &hostile()), Some(hostile())))
        .collect();
    let page = html(&Page { title: HOSTILE, charts: &charts, query: Some(HOSTILE) });
    assert!(!page.contains("<script"), "a script");
    assert!(!page.contains(" style="), "an inline style");
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
    for outside in ["src=", "href=", "@import", "url(http"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Ids are told apart, or references would meet the wrong one.
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(ids.len(), unique.len());
}
