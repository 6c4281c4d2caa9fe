//! Answers of version 2: an array of frames, written as the rows come.
//!
//! Source: "Query V2 HTTP response" and the progressive frames of "Request properties" (`results_progressive_enabled`): a
//! table is one frame, or a header, fragments and a completion.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use azimuth_host::{AnswerTable, AskError, Cells, Column, ColumnType};
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{self, Sender};

use super::super::Turn;
use super::command::CommandTable;
use super::error::KustoError;
use super::request::Options;
use super::visualization;

/// Frames that may wait for a slow reader.
const WAITING: usize = 4;

/// Writes an answer while it is read. Whoever stops reading ends the query.
pub(super) async fn stream(mut turn: Turn, options: Options) -> Result<Response, KustoError> {
    // What fails before its first row is an error of HTTP, not of a frame.
    let mut firsts = Vec::new();
    if let Some(first) = turn.answer.tables.first_mut()
        && let Some(page) = first.pages.next().await
    {
        firsts = page.map_err(KustoError::Ask)?;
    }
    let (sender, mut receiver) = mpsc::channel::<Bytes>(WAITING);
    tokio::spawn(async move {
        let mut writer = Writer { sender, next: 0, is_first: true, is_progressive: options.is_progressive };
        // An error means that nobody reads any more.
        let _ = write(&mut writer, turn, firsts).await;
    });
    let parts =
        stream::poll_fn(move |context| receiver.poll_recv(context).map(|part| part.map(Ok::<_, AskError>)));
    Ok(([(CONTENT_TYPE, "application/json; charset=utf-8")], Body::from_stream(parts)).into_response())
}

/// The answer of a command as frames.
pub(super) fn of_table(table: &CommandTable) -> Response {
    let frames = json!([
        header(false),
        whole(0, "PrimaryResult", "PrimaryResult", &table.columns, &table.rows),
        completion(None),
    ]);
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], frames.to_string()).into_response()
}

/// Nobody reads any more.
struct Gone;

struct Writer {
    sender: Sender<Bytes>,
    next: usize,
    is_first: bool,
    is_progressive: bool,
}

impl Writer {
    async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.sender.send(text.into()).await.map_err(|_| Gone)
    }

    async fn frame(&mut self, frame: &Value) -> Result<(), Gone> {
        let begin = self.between();
        self.send(format!("{begin}{frame}")).await
    }

    fn between(&mut self) -> &'static str {
        if std::mem::take(&mut self.is_first) { "[" } else { "," }
    }

    fn id(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

async fn write(writer: &mut Writer, turn: Turn, firsts: Vec<Cells>) -> Result<(), Gone> {
    let Turn { answer, place } = turn;
    let began = std::time::Instant::now();
    let frame = header(writer.is_progressive);
    writer.frame(&frame).await?;
    let id = writer.id();
    let renders: Vec<_> = answer.tables.iter().map(|table| table.render.clone()).collect();
    let frame = properties(id, &renders);
    writer.frame(&frame).await?;
    let mut ended = None;
    let mut firsts = Some(firsts);
    for table in answer.tables {
        let first = firsts.take().unwrap_or_default();
        ended = if writer.is_progressive {
            fragments(writer, table, first).await?
        } else {
            rows(writer, table, first).await?
        };
        if ended.is_some() {
            break;
        }
    }
    let id = writer.id();
    let counted = (answer.statistics)();
    let consumed = json!({
        "ExecutionTime": began.elapsed().as_secs_f64(),
        "input_dataset_statistics": {"rows": {"total": counted.rows_read, "scanned": counted.rows_read}},
        "dataset_statistics": [{"table_row_count": counted.rows, "table_size": counted.bytes}]
    });
    let frame = information(id, &consumed);
    writer.frame(&frame).await?;
    let frame = completion(ended.as_ref());
    writer.frame(&frame).await?;
    writer.send("]".to_owned()).await?;
    drop(place);
    Ok(())
}

/// A table as one frame, its rows as they come. What ended it is its last row, as the service does.
async fn rows(writer: &mut Writer, table: AnswerTable, first: Vec<Cells>) -> Result<Option<AskError>, Gone> {
    let name = table.name.as_deref().unwrap_or("PrimaryResult");
    let id = writer.id();
    let mut text = whole(id, "PrimaryResult", name, &table.columns, &[]).to_string();
    // The frame stays open where its rows go: they are its last member.
    text.truncate(text.len() - "]}".len());
    let begin = writer.between();
    writer.send(format!("{begin}{text}")).await?;
    let mut pages = table.pages;
    let (mut page, mut is_first, mut ended) = (first, true, None);
    loop {
        let mut text = String::new();
        for row in std::mem::take(&mut page) {
            if !std::mem::take(&mut is_first) {
                text.push(',');
            }
            text.push_str(&Value::Array(row).to_string());
        }
        if !text.is_empty() {
            writer.send(text).await?;
        }
        match pages.next().await {
            None => break,
            Some(Ok(next)) => page = next,
            Some(Err(error)) => {
                let comma = if is_first { "" } else { "," };
                let fault = json!({"OneApiErrors": [KustoError::within(&error)]});
                writer.send(format!("{comma}{fault}")).await?;
                ended = Some(error);
                break;
            }
        }
    }
    writer.send("]}".to_owned()).await?;
    Ok(ended)
}

/// A table as a header, fragments and a completion.
async fn fragments(
    writer: &mut Writer,
    table: AnswerTable,
    first: Vec<Cells>,
) -> Result<Option<AskError>, Gone> {
    let id = writer.id();
    let name = table.name.as_deref().unwrap_or("PrimaryResult");
    let frame = json!({
        "FrameType": "TableHeader", "TableId": id, "TableKind": "PrimaryResult", "TableName": name,
        "Columns": described(&table.columns)
    });
    writer.frame(&frame).await?;
    let mut pages = table.pages;
    let (mut page, mut count, mut ended) = (first, 0, None);
    loop {
        if !page.is_empty() {
            count += page.len();
            let frame = json!({
                "FrameType": "TableFragment", "TableFragmentType": "DataAppend", "TableId": id,
                "FieldCount": table.columns.len(), "Rows": page
            });
            writer.frame(&frame).await?;
        }
        match pages.next().await {
            None => break,
            Some(Ok(next)) => page = next,
            Some(Err(error)) => {
                ended = Some(error);
                break;
            }
        }
    }
    let mut frame = json!({"FrameType": "TableCompletion", "TableId": id, "RowCount": count});
    if let Some(error) = &ended {
        frame["OneApiErrors"] = json!([KustoError::within(error)]);
    }
    writer.frame(&frame).await?;
    Ok(ended)
}

fn header(is_progressive: bool) -> Value {
    json!({"FrameType": "DataSetHeader", "IsProgressive": is_progressive, "Version": "v2.0"})
}

fn properties(id: usize, renders: &[Option<Map<String, Value>>]) -> Value {
    let columns = [
        Column::new("TableId", ColumnType::Int),
        Column::new("Key", ColumnType::String),
        Column::new("Value", ColumnType::Dynamic),
    ];
    let rows = renders.iter().enumerate().map(|(place, render)| {
        let value = render.as_ref().map_or_else(|| "{\"Visualization\":null}".to_owned(), visualization);
        vec![Value::from(place + 1), "Visualization".into(), value.into()]
    });
    whole(id, "QueryProperties", "@ExtendedProperties", &columns, &rows.collect::<Vec<_>>())
}

fn information(id: usize, consumed: &Value) -> Value {
    let columns = [
        Column::new("Level", ColumnType::Int),
        Column::new("LevelName", ColumnType::String),
        Column::new("StatusCode", ColumnType::Int),
        Column::new("StatusCodeName", ColumnType::String),
        Column::new("EventType", ColumnType::Int),
        Column::new("EventTypeName", ColumnType::String),
        Column::new("Payload", ColumnType::String),
    ];
    let done = json!({"Count": 1, "Text": "Query completed successfully"});
    let row = |level: i32, level_name: &str, event: i32, event_name: &str, payload: &Value| {
        let cells: Cells = vec![
            level.into(),
            level_name.into(),
            0.into(),
            "S_OK (0)".into(),
            event.into(),
            event_name.into(),
            payload.to_string().into(),
        ];
        cells
    };
    let rows =
        [row(4, "Info", 4, "QueryInfo", &done), row(6, "Stats", 0, "QueryResourceConsumption", consumed)];
    whole(id, "QueryCompletionInformation", "QueryCompletionInformation", &columns, &rows)
}

fn completion(ended: Option<&AskError>) -> Value {
    let mut frame =
        json!({"FrameType": "DataSetCompletion", "HasErrors": ended.is_some(), "Cancelled": false});
    if let Some(error) = ended {
        frame["OneApiErrors"] = json!([KustoError::within(error)]);
    }
    frame
}

/// A table as one frame; the rows are its last member.
fn whole(id: usize, kind: &str, name: &str, columns: &[Column], rows: &[Cells]) -> Value {
    json!({
        "FrameType": "DataTable", "TableId": id, "TableKind": kind, "TableName": name,
        "Columns": described(columns), "Rows": rows
    })
}

fn described(columns: &[Column]) -> Value {
    columns.iter().map(|column| json!({"ColumnName": column.name, "ColumnType": column.ty.name()})).collect()
}
