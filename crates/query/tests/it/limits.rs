//! Queries end at their limits, and say so.

use std::time::Duration;

use azimuth_query::{Config, Engine, Limits, QueryError};

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
