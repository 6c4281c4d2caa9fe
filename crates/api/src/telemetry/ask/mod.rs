//! The protocols that ask: one module each.
//!
//! - `logs`: the query API of Log Analytics; `timespan`: its times;
//! - [`kusto`]: queries and commands of Azure Data Explorer;
//! - `graph`: Azure Resource Graph.

mod graph;
pub(super) mod kusto;
mod logs;
mod timespan;

use std::sync::Arc;

use axum::Router;
use azimuth_host::{Answer, AskError, Cells, Column, Pages, Question};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::{Shared, gate};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().merge(logs::routes()).merge(kusto::routes()).merge(graph::routes())
}

/// The longest query that is read.
const MAX_QUERY_BODY: usize = 4 << 20;

/// An answer under way, and its place among the queries under way.
struct Turn {
    answer: Answer,
    place: OwnedSemaphorePermit,
}

impl Shared {
    /// Asks a question when its turn comes.
    async fn ask(&self, question: Question) -> Result<Turn, AskError> {
        let place = self.turn().await.ok_or(AskError::Busy { retry_after: gate::RETRY_AFTER })?;
        let timeout = question.timeout;
        let asked = tokio::time::timeout(timeout, self.services.telemetry.ask(question)).await;
        Ok(Turn { answer: asked.map_err(|_| AskError::TimedOut(timeout))??, place })
    }
}

/// A result that was read to its end, or until something ended it.
struct Collected {
    name: Option<String>,
    columns: Vec<Column>,
    render: Option<Map<String, Value>>,
    rows: Vec<Cells>,
}

/// How much of an answer is kept.
#[derive(Clone, Copy)]
struct Bounds {
    rows: usize,
    bytes: usize,
}

/// Reads results into memory; what ended them before their end comes with the rows read until then.
async fn collect(answer: Answer, bounds: Bounds) -> (Vec<Collected>, Option<AskError>) {
    let mut tables = Vec::new();
    let mut left = bounds;
    for table in answer.tables {
        let mut rows = Vec::new();
        let ended = take(table.pages, &mut rows, &mut left).await;
        tables.push(Collected { name: table.name, columns: table.columns, render: table.render, rows });
        if let Err(error) = ended {
            return (tables, Some(error));
        }
    }
    (tables, None)
}

async fn take(mut pages: Pages, rows: &mut Vec<Cells>, left: &mut Bounds) -> Result<(), AskError> {
    while let Some(page) = pages.next().await {
        for row in page? {
            let size: usize = row.iter().map(size).sum();
            if left.rows == 0 || left.bytes < size {
                return Err(AskError::Limit {
                    code: "E_QUERY_RESULT_SET_TOO_LARGE".to_owned(),
                    number: 0x80DA_0003,
                    message: "the result is too large to be answered in full; aggregate, or end the query with `take`"
                        .to_owned(),
                });
            }
            left.rows -= 1;
            left.bytes -= size;
            rows.push(row);
        }
    }
    Ok(())
}

/// About how many bytes a value takes in an answer.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            2 + members.iter().map(|(name, value)| name.len() + 4 + size(value)).sum::<usize>()
        }
    }
}

/// Whether a diagnostic is about the spelling of a query, not its meaning.
fn is_syntax(code: &str) -> bool {
    code.starts_with("kql-syntax")
}
