//! Requests, a line of JSON each: `run` executes a query to its last row, `rows` tells the rows of the last one.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azimuth_kql::types::{ScalarType, Schema};
use azimuth_query::{Columns, Config, Engine, Format, Limits, Settings};
use azimuth_values::{Value, calendar, text};
use datafusion::arrow::array::RecordBatch;
use futures_util::StreamExt as _;
use serde_json::json;

use crate::Failure;
use crate::signins::DYNAMIC;
use crate::terms::Terms;

/// As many as every peer is given.
const THREADS: usize = 2;

/// The same files as `Syslog`, with an index of terms.
const INDEXED: &str = "SyslogByTerms";

type Answer = (Schema, Vec<RecordBatch>);

/// Answers until nobody asks any more.
pub(crate) fn serve(folder: &Path) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_time().build()?;
    let limits = Limits { memory: 2_500_000_000, ..Limits::default() };
    let mut engine = Engine::new(Config { limits, parallelism: THREADS, seed: 0 })?;
    for (name, table) in
        [("flow", "Flow"), ("syslog", "Syslog"), ("signins", "SigninLogs"), ("watch", "Watch")]
    {
        let mut paths = Vec::new();
        for file in std::fs::read_dir(folder.join(name))? {
            paths.push(file?.path());
        }
        paths.sort();
        runtime.block_on(register(&mut engine, table, &paths))?;
        if table == "Syslog" {
            runtime.block_on(register(&mut engine, INDEXED, &paths))?;
            engine.register_index(INDEXED, Arc::new(Terms::of(&paths, "SyslogMessage")?))?;
        }
    }
    let engine = Arc::new(engine);
    let mut answer: Answer = (Schema::default(), Vec::new());
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: serde_json::Value = serde_json::from_str(&line?)?;
        let reply = if request["op"] == "run" {
            let (engine, text) = (engine.clone(), request["text"].as_str().unwrap_or_default().to_owned());
            // On the workers, so that not one thread more than the peers have takes part.
            let run = runtime.spawn(async move { run(&engine, &text).await });
            match runtime.block_on(run)? {
                Ok(found) => {
                    answer = found;
                    json!({ "ok": true })
                }
                Err(failure) => json!({ "ok": false, "error": failure.to_string() }),
            }
        } else if request["op"] == "explain" {
            let text = request["text"].as_str().unwrap_or_default();
            let plan = runtime.block_on(engine.explain(text, NOW, &Settings::default()));
            json!({ "ok": plan.is_ok(), "plan": plan.map(|plan| plan.to_string()).unwrap_or_default() })
        } else {
            json!({ "ok": true, "rows": rows(&answer) })
        };
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

/// What `now()` is: the end of the data.
const NOW: i64 = calendar::UNIX_EPOCH + (crate::write::START + crate::write::DAYS * crate::write::DAY) * 10;

async fn register(engine: &mut Engine, table: &str, paths: &[PathBuf]) -> Result<(), Failure> {
    let mut schema = engine.register_files(table, paths, Format::Parquet, Columns::OfFiles).await?;
    if table != "SigninLogs" {
        return Ok(());
    }
    // The files know these as texts only.
    for column in &mut schema.columns {
        if DYNAMIC.contains(&column.name.as_str()) {
            column.ty = ScalarType::Dynamic;
        }
    }
    engine.register_files(table, paths, Format::Parquet, Columns::Exactly(schema)).await?;
    Ok(())
}

async fn run(engine: &Engine, text: &str) -> Result<Answer, Failure> {
    let mut answer: Answer = (Schema::default(), Vec::new());
    for mut result in engine.query(text, NOW).await?.results {
        let mut batches = Vec::new();
        while let Some(batch) = result.batches.next().await {
            batches.push(batch?);
        }
        answer = (result.schema, batches);
    }
    Ok(answer)
}

fn rows((schema, batches): &Answer) -> Vec<Vec<serde_json::Value>> {
    let cell = |value: &Value| match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Long(number) => json!(number),
        Value::Real(number) => json!(number),
        other => json!(text::to_string(other)),
    };
    let table = azimuth_query::table(batches, schema);
    table.rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}
