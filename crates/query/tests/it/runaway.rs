//! Queries that would run away end at a limit: within their time, and within bounded memory.

use std::sync::Arc;
use std::time::Duration;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Cancellation, Config, Engine, Limits, QueryError, Settings};
use azimuth_rows::{Failure, Table};
use azimuth_values::Value;
use futures_util::StreamExt;

use crate::support::{NOW, deep, last, runtime};

const LIMITS: Limits = Limits {
    rows: 500_000,
    bytes: 64 << 20,
    memory: 64 << 20,
    time: Duration::from_secs(3),
    row_engine: 200_000,
};

fn ended(text: String, limits: Limits) -> Result<Table, QueryError> {
    deep(move || {
        let engine = Engine::new(Config { limits, ..Config::default() }).unwrap();
        runtime().block_on(last(&engine, &text))
    })
}

fn runs_into(text: &str) -> QueryError {
    let error = ended(text.to_owned(), LIMITS).unwrap_err();
    assert!(
        matches!(
            error,
            QueryError::TimedOut(_)
                | QueryError::OutOfMemory(_)
                | QueryError::TooManyRows(_)
                | QueryError::TooManyBytes(_)
                | QueryError::Failed(Failure::TooManyRows(_) | Failure::TooManyCells(_))
        ),
        "{text}: {error}"
    );
    assert!(error.service().is_some());
    error
}

#[test]
fn ranges_that_do_not_end() {
    runs_into("range x from 1 to 1000000000000 step 1");
    runs_into("range t from datetime(0001-01-01) to datetime(9999-12-31) step 1tick | count");
}

#[test]
fn every_row_with_every_row() {
    let side = "range a from 1 to 100000 step 1 | extend k = 1";
    let error = runs_into(&format!("{side} | join kind=inner ({side}) on k | summarize sum(a + a1)"));
    assert!(matches!(error, QueryError::TimedOut(_) | QueryError::OutOfMemory(_)), "{error}");
}

#[test]
fn rows_that_become_many() {
    let step = |name: &str| format!("| mv-expand {name} = range(1, 1000, 1) to typeof(long)");
    let text = format!("print 1 {} {} {} | summarize sum(a + b + c)", step("a"), step("b"), step("c"));
    runs_into(&text);
    runs_into(&format!(
        "range x from 1 to 100000 step 1 {} | sort by x asc, a asc | extend n = row_number()",
        step("a")
    ));
}

#[test]
fn wide_rows_that_become_many() {
    let columns: Vec<String> = (0..200).map(|place| format!("c{place} = {place}")).collect();
    let text = format!("print {} | mv-expand a = range(1, 150000, 1)", columns.join(", "));
    let error = runs_into(&text);
    assert!(error.to_string().contains("cells"), "{error}");
}

/// Patterns take time in the length of the text, whatever they look like, and those that would be huge are refused.
#[test]
fn patterns() {
    let text =
        "range x from 1 to 200 step 1 | where strcat(strrep('a', 2000), x) matches regex '(a|aa)+$' | count";
    let found = ended(text.to_owned(), LIMITS).unwrap();
    assert_eq!(found.rows, [[Value::Long(0)]]);
    let huge = "range x from 1 to 3 step 1 | where tostring(x) matches regex '((((a{1,99}){1,99}){1,99}){1,99}){1,99}' | count";
    assert!(matches!(ended(huge.to_owned(), LIMITS), Err(QueryError::Failed(_) | QueryError::Invalid(_))));
}

#[test]
fn deep_queries() {
    for text in [
        format!("print {}1{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("print {}1", "-".repeat(20_000)),
        format!("print x = 1 {}", "| where x == 1 ".repeat(5_000)),
        format!("print x = 1 {}", "| extend x = x + x ".repeat(400)),
        format!("print {}", vec!["1"; 5_000].join(" + ")),
        format!("let f = (n:long) {{ {} }}; print f(1)", "f(n) + ".repeat(50) + "1"),
        format!("print x = 'a' | where x == '{}'", vec!["b"; 5_000].join("' or x == '")),
        format!("{}print 1{}", "union (".repeat(3_000), ")".repeat(3_000)),
    ] {
        // Whatever the answer is: it comes.
        let _ = ended(text, LIMITS);
    }
}

#[test]
fn a_join_that_needs_more_memory_says_so() {
    let limits = Limits { memory: 1 << 20, time: Duration::from_secs(60), ..LIMITS };
    let side = "range a from 1 to 100000 step 1 | extend s = strcat('a text of some length that counts ', a)";
    let error = ended(format!("{side} | join kind=inner ({side}) on a | count"), limits).unwrap_err();
    let QueryError::OutOfMemory(over) = &error else { panic!("{error}") };
    assert_eq!((over.operator.as_str(), over.limit), ("HashJoin", 1 << 20));
    assert!(
        error.service().unwrap().message.starts_with("The HashJoin operator has exceeded the memory budget")
    );
}

/// Texts that grow without end are refused before they are made.
#[test]
fn texts_that_grow() {
    let limits = Limits { time: Duration::from_secs(60), ..LIMITS };
    let steps = "| extend s = strcat(s, s, s, s, s, s, s, s) ".repeat(12);
    let text =
        format!("range x from 1 to 10 step 1 | extend s = tostring(x) {steps} | summarize max(strlen(s))");
    let _ = ended(text, limits);
}

#[test]
fn options_of_the_text() {
    let fails =
        |text: &str| ended(text.to_owned(), Limits { time: Duration::from_secs(60), ..LIMITS }).unwrap_err();
    let rows = fails("set truncationmaxrecords=10; range x from 1 to 11 step 1");
    assert!(matches!(rows, QueryError::TooManyRows(10)), "{rows}");
    let bytes = fails("set truncationmaxsize=1000; range x from 1 to 1000 step 1");
    assert!(matches!(bytes, QueryError::TooManyBytes(1000)), "{bytes}");
    let unknown = fails("set truncationmaxrecord=10; print 1");
    assert!(unknown.to_string().contains("`truncationmaxrecord`"), "{unknown}");
    let cursor = fails("set query_cursor_current='x'; print 1");
    assert!(matches!(cursor, QueryError::Option { .. }), "{cursor}");
    let answers = |text: &str, limits: Limits| ended(text.to_owned(), limits).unwrap().rows;
    let tight = Limits { rows: 10, bytes: 100, ..LIMITS };
    let bins = "set query_bin_auto_size=1h; set query_bin_auto_at=datetime(2017-01-01 00:05);
        range T from datetime(2017-01-01 00:05) to datetime(2017-01-01 02:00) step 1m
        | summarize count() by bin_auto(T)";
    assert_eq!(answers(bins, tight).len(), 2);
    assert_eq!(answers("set notruncation; range x from 1 to 100 step 1", tight).len(), 100);
    assert_eq!(answers("set query_take_max_records=7; range x from 1 to 100000 step 1", tight).len(), 7);
    let moment = answers("set query_now=datetime(2020-01-02); print now()", LIMITS);
    assert_eq!(azimuth_values::text::to_string(&moment[0][0]), "2020-01-02T00:00:00.0000000Z");
}

#[test]
fn options_beside_the_text() {
    let found = deep(|| {
        let engine = Engine::new(Config { limits: LIMITS, ..Config::default() }).unwrap();
        let options = vec![("truncationmaxrecords".to_owned(), Value::Long(5))];
        let settings = Settings { options, ..Settings::default() };
        runtime().block_on(async {
            let mut result = engine.query_with("range x from 1 to 6 step 1", NOW, &settings).await.unwrap();
            result.results.remove(0).table().await
        })
    });
    assert!(matches!(found, Err(QueryError::TooManyRows(5))));
}

#[test]
fn a_query_is_cancelled_between_batches() {
    deep(|| {
        let engine = Engine::new(Config { limits: LIMITS, ..Config::default() }).unwrap();
        let settings = Settings::default();
        runtime().block_on(async {
            let text = "range x from 1 to 100000 step 1";
            let mut result = engine.query_with(text, NOW, &settings).await.unwrap();
            let mut batches = result.results.remove(0).batches;
            assert!(batches.next().await.unwrap().is_ok());
            settings.cancellation.cancel();
            assert!(matches!(batches.next().await, Some(Err(QueryError::Cancelled))));
            assert!(batches.next().await.is_none());
            let again = engine.query_with(text, NOW, &settings).await;
            assert!(matches!(again, Err(QueryError::Cancelled)));
        });
    });
}

/// Nothing yields to the runtime inside one operator over rows: it asks by itself.
#[test]
fn an_operator_of_rows_ends_when_cancelled() {
    let error = deep(|| {
        let limits = Limits { time: Duration::from_secs(600), row_engine: u64::MAX, ..LIMITS };
        let mut engine = Engine::new(Config { limits, ..Config::default() }).unwrap();
        let cancellation = Cancellation::new();
        let ends = cancellation.clone();
        let schema = Schema::new(vec![Column::new("x", ScalarType::Long)]);
        let made = schema.clone();
        let function = Arc::new(move |_: &[Value]| {
            ends.cancel();
            Ok(Table::new(made.clone(), vec![vec![Value::Long(1)]]))
        });
        engine.register_function("Stop", "()", schema, function).unwrap();
        let settings = Settings { cancellation, ..Settings::default() };
        let text = "Stop() | union (range x from 1 to 1000000000000 step 1) | count";
        runtime().block_on(engine.query_with(text, NOW, &settings)).err().unwrap()
    });
    assert!(matches!(error, QueryError::Cancelled), "{error}");
}
