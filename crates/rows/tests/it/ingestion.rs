//! `ingestion_time()`: null, but for tables that tell it.

use azimuth_kql::bind::{INGESTION_TIME, MemoryCatalog};
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_rows::{Row, Source, Table};
use azimuth_values::{Refusal, Value, calendar};

use crate::{answer, written};

/// Tables of the numbers 0, 1, 2; `T` tells that each was ingested so many days after 2024-01-01.
struct Numbers;

impl Source for Numbers {
    fn table(&self, _: &TableName, schema: &Schema) -> Result<Table, Refusal> {
        let first = calendar::midnight(2024, 1, 1).unwrap();
        let row = |number: i64| -> Row {
            let cell = |column: &Column| match column.name.as_str() {
                "n" => Value::Long(number),
                INGESTION_TIME => Value::DateTime(first + number * calendar::DAY),
                other => panic!("{other}"),
            };
            schema.columns.iter().map(cell).collect()
        };
        Ok(Table::new(schema.clone(), (0..3).map(row).collect()))
    }
}

fn ask(query: &str) -> String {
    let mut catalog = MemoryCatalog::new();
    for name in ["T", "Timeless"] {
        catalog.add_table(name, Schema::new(vec![Column::new("n", ScalarType::Long)]));
    }
    catalog.add_ingestion_time("T");
    match answer(query, &catalog, &Numbers) {
        Ok(table) => written(&table),
        Err(why) => why,
    }
}

#[test]
fn tables_that_tell_it() {
    assert_eq!(ask("T | where ingestion_time() > datetime(2024-01-01)"), "n\n1\n2");
    assert_eq!(
        ask("T | where n > 0 | extend m = -n | where n < 2 | project m, t = ingestion_time()"),
        "m|t\n-1|2024-01-02"
    );
    assert_eq!(ask("T | summarize max(ingestion_time())"), "max_$IngestionTime\n2024-01-03");
    assert_eq!(ask("T | sort by ingestion_time() desc | take 1"), "n\n2");
    assert_eq!(ask("T | extend ingestion_time() | take 1"), "n|$IngestionTime\n0|2024-01-01");
    assert_eq!(
        ask("let late = (T:(n:long)) { T | where n > 1 }; late(T) | extend t = ingestion_time()"),
        "n|t\n2|2024-01-03"
    );
}

#[test]
fn others_have_none() {
    assert_eq!(ask("Timeless | where n == 1 | extend t = ingestion_time()"), "n|t\n1|");
    assert_eq!(ask("print t = ingestion_time()"), "t\n");
    assert_eq!(ask("T | summarize count() by n | take 1 | extend t = ingestion_time()"), "n|count_|t\n0|1|");
}

#[test]
fn beside_each_other() {
    let both = "union T, Timeless | where n == 2 | extend t = ingestion_time() | sort by t asc";
    assert_eq!(ask(both), "n|t\n2|\n2|2024-01-03");
    let source =
        "union withsource=s T, Timeless | where n == 2 | project s, t = ingestion_time() | sort by s asc";
    assert_eq!(ask(source), "s|t\nT|2024-01-03\nTimeless|");
}

#[test]
fn what_loses_it_says_so() {
    let refused = ask("T | join kind=inner Timeless on n | where ingestion_time() > ago(1h)");
    assert!(refused.contains("ask for it right after the table"), "{refused}");
}
