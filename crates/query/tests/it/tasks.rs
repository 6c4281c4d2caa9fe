//! Queries travel as tasks: what comes back from bytes in a fresh engine answers the same.

use azimuth_query::{BadTask, Cancellation, Columns, Engine, Format, QueryError, Settings, Task};
use azimuth_rows::Table;
use azimuth_values::{Value, text};
use serde_json::Value as Recorded;

use crate::support::{NOW, deep, engine, runtime, shared, sorted_file};

async fn here(engine: &Engine, text: &str) -> Result<Vec<Table>, QueryError> {
    let mut tables = Vec::new();
    for set in engine.query(text, NOW).await?.results {
        tables.push(set.table().await?);
    }
    Ok(tables)
}

async fn there(engine: &Engine, bytes: &[u8]) -> Result<Vec<Table>, QueryError> {
    let task = Task::decode(bytes)?;
    let mut tables = Vec::new();
    for set in engine.run_task(&task, &Cancellation::new()).await?.results {
        tables.push(set.table().await?);
    }
    Ok(tables)
}

/// The rows of tables, whatever their order: without `sort` there is none.
fn written(tables: &[Table]) -> Vec<Vec<Vec<String>>> {
    let row = |row: &Vec<Value>| row.iter().map(text::to_string).collect::<Vec<_>>();
    let rows = |table: &Table| {
        let mut rows: Vec<_> = table.rows.iter().map(row).collect();
        rows.sort_unstable();
        rows
    };
    tables.iter().map(rows).collect()
}

fn columns(tables: &[Table]) -> Vec<Vec<(String, String)>> {
    let column = |column: &azimuth_kql::types::Column| (column.name.clone(), column.ty.name().to_owned());
    tables.iter().map(|table| table.schema.columns.iter().map(column).collect()).collect()
}

/// Every query of the corpora that runs: as a task, as bytes, and as a task again in an engine that never saw it.
#[test]
fn corpora_travel() {
    deep(|| {
        let origin = engine();
        let (mut travelled, mut by_chance, mut number) = (0, 0, 0);
        // Builds of tests plan slowly: by default some of the queries, with `EVERY=1` all.
        let every = std::env::var("EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(6);
        for file in ["docs-cases.jsonl", "engine-facts.jsonl"] {
            let Some(path) = shared(&format!("corpora/kql/{file}")) else { return };
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let case: Recorded = serde_json::from_str(line).unwrap();
                let query = case["query"].as_str().unwrap();
                number += 1;
                if case["self_contained"] == false || number % every != 0 {
                    continue;
                }
                runtime().block_on(async {
                    // What does not run here has nothing to compare.
                    let Ok(wanted) = here(&origin, query).await else { return };
                    let task = origin.task(query, NOW, &Settings::default()).await.unwrap();
                    let bytes = task.encode();
                    assert_eq!(Task::decode(&bytes).unwrap().encode(), bytes, "{query}");
                    let found =
                        there(&engine(), &bytes).await.unwrap_or_else(|error| panic!("{query}: {error}"));
                    assert_eq!(columns(&found), columns(&wanted), "{query}");
                    travelled += 1;
                    if written(&found) != written(&wanted) {
                        // Some answers are by chance: the order in which rows meet, the number of `rand`.
                        let again = here(&origin, query).await.unwrap();
                        assert_ne!(written(&again), written(&wanted), "{query}: {:?}", written(&found));
                        by_chance += 1;
                    }
                });
            }
        }
        eprintln!("{travelled} queries travelled, of which {by_chance} answer by chance");
        assert!(travelled * every > 1_000 && by_chance * 20 < travelled);
    });
}

#[test]
fn tables_and_settings_travel() {
    deep(|| {
        let path = sorted_file("tasks.parquet", 2_000, 500);
        let registered = |path: String| async move {
            let mut engine = engine();
            engine.register_files("T", &[path.into()], Format::Parquet, Columns::OfFiles).await.unwrap();
            engine
        };
        runtime().block_on(async {
            let (origin, worker) = (registered(path.clone()).await, registered(path).await);
            for text in [
                "T | where N > 1900 and Word has 'word3' | summarize count(), sum(N) by Word",
                "T | where Word in (T | where N < 3 | project Word) | summarize make_list(N, 5) by Word | sort by Word asc",
                "let m = toscalar(T | summarize max(N)); T | where N == m | project N, d = pack('a', N) | extend d.a",
                "T | extend r = rand() | top 3 by N desc | project r",
                "T | take 3 | fork (count) (project N)",
                "T | partition by Word (top 1 by N) | sort by N asc | mv-expand x = pack_array(N, Word)",
            ] {
                let wanted = here(&origin, text).await.unwrap();
                let bytes = origin.task(text, NOW, &Settings::default()).await.unwrap().encode();
                let found = there(&worker, &bytes).await.unwrap();
                if !text.contains("rand()") {
                    assert_eq!(written(&found), written(&wanted), "{text}");
                }
                assert_eq!(columns(&found), columns(&wanted), "{text}");
            }
            let (mut origin, worker) = (origin, worker);
            origin.set_parameter("least", azimuth_kql::values::Literal::Long(Some(1_990)));
            let text = "declare query_parameters(least:long); T | where N >= least | count";
            let bytes = origin.task(text, NOW, &Settings::default()).await.unwrap().encode();
            assert_eq!(written(&there(&worker, &bytes).await.unwrap()), [[["10"]]]);
            let options = vec![
                ("truncationmaxrecords".to_owned(), Value::Long(10)),
                ("servertimeout".to_owned(), Value::TimeSpan(600_000_000)),
            ];
            let settings = Settings { options, ..Settings::default() };
            let bytes = origin.task("T", NOW, &settings).await.unwrap().encode();
            assert!(matches!(there(&worker, &bytes).await, Err(QueryError::TooManyRows(10))));
        });
    });
}

#[test]
fn a_task_that_is_another_query_here_is_refused() {
    deep(|| {
        let path = sorted_file("tasks_refused.parquet", 100, 50);
        runtime().block_on(async {
            let mut origin = engine();
            origin
                .register_files("T", &[path.clone().into()], Format::Parquet, Columns::OfFiles)
                .await
                .unwrap();
            origin.catalog_mut().add_function("F", "()", "{ T | where N > 5 }").unwrap();
            let task = origin.task("F() | count", NOW, &Settings::default()).await.unwrap();
            assert_eq!(task.tables.keys().collect::<Vec<_>>(), ["T"]);
            let refused = |engine: Engine| {
                let task = task.clone();
                async move {
                    match engine.run_task(&task, &Cancellation::new()).await {
                        Err(QueryError::Task(bad)) => bad,
                        other => panic!("{:?}", other.err()),
                    }
                }
            };
            assert_eq!(refused(engine()).await, BadTask::NoTable("T".to_owned()));
            let mut other = engine();
            let fewer = sorted_file("tasks_other.csv", 10, 10);
            let schema = azimuth_kql::types::Schema::new(vec![azimuth_kql::types::Column::new(
                "N",
                azimuth_kql::types::ScalarType::Long,
            )]);
            other
                .register_files("T", &[fewer.into()], Format::Parquet, Columns::Exactly(schema))
                .await
                .unwrap();
            assert_eq!(refused(other).await, BadTask::OtherColumns("T".to_owned()));
            let mut changed = engine();
            changed.register_files("T", &[path.into()], Format::Parquet, Columns::OfFiles).await.unwrap();
            changed.catalog_mut().add_function("F", "()", "{ T | summarize by N }").unwrap();
            assert_eq!(refused(changed).await, BadTask::OtherPlan);
        });
    });
}
