//! Queries end at their limits, and say so.

use std::time::Duration;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Config, Engine, Limits, QueryError, Settings};
use azimuth_rows::Table;
use azimuth_values::Value;

use crate::support::{NOW, deep, last, runtime};

fn fails(limits: Limits, text: &'static str) -> QueryError {
    deep(move || {
        let engine = Engine::new(Config { limits, ..Config::default() }).unwrap();
        runtime().block_on(last(&engine, text)).unwrap_err()
    })
}

#[test]
fn rows_and_bytes() {
    let rows = fails(Limits { rows: 10, ..Limits::default() }, "range x from 1 to 11 step 1");
    assert!(matches!(rows, QueryError::TooManyRows(10)), "{rows}");
    let bytes = fails(
        Limits { bytes: 1000, ..Limits::default() },
        "range x from 1 to 100 step 1 | extend y = strcat('some text that is long ', x)",
    );
    assert!(matches!(bytes, QueryError::TooManyBytes(1000)), "{bytes}");
}

#[test]
fn time() {
    let late = fails(
        Limits { time: Duration::ZERO, ..Limits::default() },
        "range x from 1 to 100000 step 1 | summarize count() by x",
    );
    assert!(matches!(late, QueryError::TimedOut(_)), "{late}");
}

#[test]
fn rows_of_the_row_engine() {
    let rows = fails(Limits { row_engine: 100, ..Limits::default() }, "range x from 1 to 1000 step 1");
    assert!(rows.to_string().contains("more than 100 rows"), "{rows}");
}

#[test]
fn the_first_error_is_said() {
    let error = deep(|| {
        let engine = Engine::new(Config::default()).unwrap();
        runtime().block_on(engine.query("print x = foo(1)", NOW)).err().unwrap()
    });
    assert!(error.to_string().contains("`foo`"), "{error}");
}

/// A column that is made of itself, twice and again: its plan does not double at every step, or this would not end.
#[test]
fn chains_of_columns_stay_chains() {
    let step = " | extend x = iff(s contains 'a', array_concat(x, pack_array('x')), x)".repeat(40);
    let text = format!(
        "datatable(s:string)['ab', 'c'] | extend x = dynamic([]) {step} | where array_length(x) > 0 | project n = array_length(x)"
    );
    let found = deep(move || runtime().block_on(last(&crate::support::engine(), &text)).unwrap());
    assert_eq!(found.rows, [[azimuth_values::Value::Long(40)]]);
}

/// A scope of times, beside the text or set by it, leaves rows of every table out that has the column.
#[test]
fn times_outside_of_the_scope_are_not_seen() {
    let counted = |text: &'static str, options: Vec<(String, Value)>| {
        deep(move || {
            let mut engine = Engine::new(Config::default()).unwrap();
            let column = |name: &str| Column::new(name, ScalarType::Datetime);
            let rows = (1..=9).map(|day| vec![Value::DateTime(day), Value::DateTime(-day)]).collect();
            let table = Table::new(Schema::new(vec![column("TimeGenerated"), column("Other")]), rows);
            engine.register_rows("A_CL", &table).unwrap();
            engine.register_rows("B_CL", &table).unwrap();
            let settings = Settings { options, ..Settings::default() };
            runtime().block_on(async {
                let answer = engine.query_with(text, NOW, &settings).await.unwrap();
                let set = answer.results.into_iter().next().unwrap();
                set.table().await.unwrap().rows[0][0].clone()
            })
        })
    };
    let scope = |column: &str| {
        vec![
            ("query_datetimescope_column".to_owned(), Value::string(column)),
            ("query_datetimescope_from".to_owned(), Value::DateTime(3)),
            ("query_datetimescope_to".to_owned(), Value::DateTime(6)),
        ]
    };
    assert_eq!(counted("A_CL | count", scope("TimeGenerated")), Value::Long(3));
    assert_eq!(counted("union *_CL | summarize count()", scope("TimeGenerated")), Value::Long(6));
    assert_eq!(counted("A_CL | count", scope("Missing")), Value::Long(9));
    let set = "set query_datetimescope_from=datetime(0001-01-01 00:00:00.0000008); A_CL | count";
    assert_eq!(counted(set, Vec::new()), Value::Long(2));
}
