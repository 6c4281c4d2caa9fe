//! Operators with plans of their own over values that are hard on them, against the row engine.

use std::sync::Arc;

use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::cells;
use azimuth_rows::{Limits, Row};
use azimuth_values::{Context, Type, Value};
use datafusion::arrow::array::{RecordBatch, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use datafusion::catalog::MemTable;

use crate::aggregates::{Rows, bag, chance, compare, rows};
use crate::support::{NOW, deep, engine, last, runtime};

/// JSON as writers have it, and what is none.
const TEXTS: &[&str] = &[
    r#"[1,"a",null,{"b":[1,2]},true,-1.5]"#,
    r#" [ "a text that is long enough for a buffer" , "short", [1, 2], {} ] "#,
    r#"{"a":1,"b c":{"x":[]},"":null}"#,
    r#"{ "a" : "1" , "a" : "2" }"#,
    r#"{"a\"b":"c\\","d":[ ]}"#,
    r#"["\u0001d637000000000000000","\u00e9","\ud800","1e5"]"#,
    r#"["2024-01-02T03:04:05Z","00:10:00","12","-7","x","1.50","74be27de-1e4e-49d9-b579-fe0b331d3642"]"#,
    r#"[1e5,1E400,123456789012345678901,9223372036854775807,-9223372036854775808,0.10]"#,
    "[]",
    "{}",
    "null",
    " null ",
    "\"a \\\"text\\\"\"",
    "17",
    "no json",
    "[1,2",
    "[1,]",
    "",
];

#[test]
fn lists_are_expanded_as_the_row_engine_does() {
    deep(|| {
        let schema = Schema::new(vec![
            Column::new("n", ScalarType::Long),
            Column::new("d", ScalarType::Dynamic),
            Column::new("e", ScalarType::Dynamic),
        ]);
        let mut texts: Vec<[Option<&str>; 2]> = Vec::new();
        let mut state = 7;
        for _ in 0..3 {
            for text in TEXTS {
                let other = TEXTS[chance(&mut state, TEXTS.len())];
                texts.push([Some(text), Some(other)]);
                texts.push([None, Some(text)]);
            }
        }
        let numbers: Vec<Value> = (0..texts.len() as i64).map(Value::Long).collect();
        let column =
            |place: usize| Arc::new(texts.iter().map(|pair| pair[place]).collect::<StringViewArray>());
        let (first, second) = (column(0), column(1));
        let fields = [("n", DataType::Int64), ("d", DataType::Utf8View), ("e", DataType::Utf8View)];
        let arrow = Arc::new(ArrowSchema::new(fields.map(|(name, ty)| Field::new(name, ty, true)).to_vec()));
        let arrays = vec![cells::array(&numbers, Type::Long), first.clone() as _, second.clone() as _];
        let batch = RecordBatch::try_new(arrow.clone(), arrays).unwrap();
        let table: Vec<Row> = (0..texts.len())
            .map(|row| {
                let cell = |array: &StringViewArray| cells::value(array, row, Type::Dynamic);
                vec![numbers[row].clone(), cell(&first), cell(&second)]
            })
            .collect();
        let mut planned = engine();
        let halves =
            vec![vec![batch.slice(0, 40)], vec![batch.slice(40, 13), batch.slice(53, texts.len() - 53)]];
        planned
            .register_cells("T", Arc::new(MemTable::try_new(arrow, halves).unwrap()), schema.clone())
            .unwrap();
        let mut catalog = MemoryCatalog::new();
        catalog.add_table("T", schema);
        let source = Rows(table);
        let mut tails: Vec<String> = [
            "mv-expand d",
            "mv-expand x = d",
            "mv-expand d, e",
            "mv-expand bagexpansion=array d, x = e limit 2",
            "mv-expand with_itemindex=i d | where i > 0 and n > 3",
            "mv-expand d | where n == 7 | project d",
            "mv-expand d limit 1 | summarize count(), dcount(n)",
            "mv-expand d | mv-expand d | project n, d",
            "mv-expand x = d, y = e, z = d | project x, y, z",
            "mv-expand d to typeof(string), e to typeof(long)",
        ]
        .map(str::to_owned)
        .to_vec();
        for ty in
            ["bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid", "string", "dynamic"]
        {
            tails.push(format!("mv-expand x = d to typeof({ty})"));
        }
        for tail in tails {
            let text = format!("T | {tail}");
            let context = Context::new(NOW, 1);
            let (_, slow) =
                azimuth_rows::query(&text, &catalog, &source, &context, Limits::default()).unwrap();
            let (slow, fast) =
                (slow.last().unwrap().clone(), runtime().block_on(last(&planned, &text)).unwrap());
            let differ = slow
                .rows
                .iter()
                .zip(&fast.rows)
                .find(|(slow, fast)| format!("{slow:?}") != format!("{fast:?}"));
            assert!(bag(&slow) == bag(&fast), "{text}\n{} {}\n{differ:?}", slow.rows.len(), fast.rows.len());
        }
    });
}

/// Conditions that set a window, those that set none, and what lies at their edges.
#[test]
fn joins_near_in_time_lose_no_pair() {
    deep(|| {
        let windows = [
            "t1 between (t .. t + 10m)",
            "t between (t1 .. t1 + 1h)",
            "t1 between (t .. 1h)",
            "t1 >= t and t1 <= t + 1tick",
            "t1 > t - 1h and t > t1 - 1h",
            "t1 - t between (0m .. 30m)",
            "t - t1 between (-1h .. 1h) and n1 != n",
            "abs(t1 - t) <= 1h",
            "abs(t - t1) < 1h and i == i1",
            "t == t1",
            "t1 < t + 1h and t1 >= t - 1d",
            "t1 between (t .. t - 1h)",
            "t1 >= t",
            "abs(t1 - t) < 100d",
            "not(t1 between (t .. t + 10m))",
            "t1 between (t .. t + p)",
            "t + 1h >= t1 and t1 + 1h >= t",
        ];
        let mut tails = Vec::new();
        for window in windows {
            for kind in ["inner", "innerunique", "leftouter"] {
                let right = "(T | where n < 150 | project n1 = n, t1 = t, i1 = i, few)";
                let left = "extend n = u | where n < 200";
                let left = if kind == "innerunique" {
                    format!("{left} | summarize arg_min(n, t, i, p) by few")
                } else {
                    left.to_owned()
                };
                let right = right.replace("n < 150", "u < 150").replace("n1 = n", "n1 = u");
                tails.push(format!(
                    "{left} | join kind={kind} {right} on few | where {window} | project n, n1, t, t1"
                ));
            }
            tails.push(format!(
                "extend n = u | where n < 200 | join kind=inner (T | where u < 150 | project n1 = u, t1 = t, i1 = i, few) on few | extend gap = t1 - t, x = strcat(few, n) | where gap > -1d | where {window} | summarize count(), sum(n), sum(n1) by few"
            ));
            tails.push(format!(
                "extend n = u | where n < 200 | join kind=inner (T | where u < 150 | project n1 = u, t1 = t, i1 = i, few) on few | extend gap = t1 - t | where gap between (0s .. 2h) and gap <= 1h and {window} | project n, n1, gap"
            ));
        }
        compare(&near_in_time(), &tails);
    });
}

/// The table with moments in a few hours, some of them alike.
fn near_in_time() -> Vec<Row> {
    let mut state = 3;
    let mut made = rows(400, 50);
    for row in &mut made {
        let place = crate::aggregates::COLUMNS.iter().position(|(name, _)| *name == "t").unwrap();
        let ticks = [0, 1, 36_000_000_000, 6_000_000_000, -1, 18_000_000_000, -36_000_000_000];
        if chance(&mut state, 12) > 0 {
            let base = NOW + chance(&mut state, 5) as i64 * 9_000_000_000;
            row[place] = Value::DateTime(base + ticks[chance(&mut state, ticks.len())]);
        }
    }
    made
}

#[test]
fn one_left_row_for_each_key() {
    deep(|| {
        // Of rows that are alike it does not matter which is taken.
        let tails = [
            "distinct few | join T on few | summarize count(), sum(u) by few",
            "project few | join (T | project few, u) on few | summarize count(), sum(u) by few",
            "project r, one = 1 | join kind=innerunique (T | project r, u) on r | summarize count(), sum(u), sum(one) by tostring(r)",
            "summarize s = min(s), d = make_set(i) by g | join kind=innerunique (T | project g, u) on g | project g, s, d, u",
        ]
        .map(str::to_owned);
        compare(&rows(300, 20), &tails);
    });
}

/// Axes whose ends are given, or told by the rows; values at both ends and beyond.
#[test]
fn series_are_those_of_the_row_engine() {
    deep(|| {
        let axes = [
            "t from datetime(2022-09-28 23:00:00) to datetime(2022-09-29 08:00:00) step 1h",
            "t from datetime(2022-09-28 23:30:00) step 45m",
            "t step 1h",
            "t in range(datetime(2022-09-29 00:00:00), datetime(2022-09-29 05:00:00), 1h)",
            "t from datetime(2023-01-01) to datetime(2022-01-01) step 1h",
            "t from datetime(2023-01-01) step 1d",
            "u from 10 to 300 step 50",
            "u step 37",
            "many from 3 to 25 step 3",
            "u from -100 step 60",
            "i step 1000000000",
        ];
        let mut tails = Vec::new();
        for axis in axes {
            for by in ["", " by few", " by r, b", " by tostring(d)"] {
                tails.push(format!("make-series n = count(), s = sum(i) default = -1, avg(u) default = real(null) on {axis}{by}"));
            }
            tails.push(format!(
                "make-series kind=nonempty dcount(s), make_set(few) default = dynamic([]) on {axis}"
            ));
            tails.push(format!("where u < 0 | make-series kind=nonempty count() on {axis}"));
            tails.push(format!("where u < 0 | make-series count() on {axis}"));
            tails.push(format!("make-series m = max(l) + count() on {axis} by few | mv-expand m to typeof(long) | project few, m"));
        }
        compare(&near_in_time(), &tails);
    });
}
