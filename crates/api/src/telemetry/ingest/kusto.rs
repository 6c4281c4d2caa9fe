//! Streaming ingestion of Kusto.
//!
//! Source: "Streaming ingestion HTTP request" of Azure Data Explorer: `POST /v1/rest/ingest/{database}/{table}?streamFormat=…`,
//! at most 10 MB of records in one of the formats, answered with a table that counts them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use azimuth_host::{AppendError, AskError, Batch, Column, Record, Scope};
use serde::Deserialize;
use serde_json::json;

use super::super::ask::kusto::KustoError;
use super::super::payload::{self, PayloadError};
use super::super::records::{self, BadRecords};
use super::super::{Shared, gate};
use super::identity;

/// The limit of the service, unpacked.
const MAX_BODY: usize = 10 << 20;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/rest/ingest/{database}/{table}", post(ingest))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    stream_format: Option<String>,
    mapping_name: Option<String>,
    source_kind: Option<String>,
}

async fn ingest(
    State(shared): super::super::State,
    Path((database, table)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match append(&shared, (database, table), &parameters, &headers, body).await {
        Ok(rows) => {
            let columns = [
                ("ConsumedRecordsCount", "Int64", "long"),
                ("UpdatePolicyStatus", "String", "string"),
                ("UpdatePolicyFailureCode", "String", "string"),
                ("UpdatePolicyFailureReason", "String", "string"),
            ];
            let columns = columns.map(
                |(name, data, column)| json!({"ColumnName": name, "DataType": data, "ColumnType": column}),
            );
            let rows = json!([[rows, "Inactive", "Unknown", null]]);
            let table = json!({"TableName": "Table_0", "Columns": columns, "Rows": rows});
            Json(json!({"Tables": [table]})).into_response()
        }
        Err(error) => error.response(&shared, &headers),
    }
}

async fn append(
    shared: &Shared,
    (database, table): (String, String),
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<u64, KustoError> {
    shared.caller(headers).map_err(KustoError::Unauthorized)?;
    let bad = |message: String| KustoError::BadRequest { kind: "StreamingIngestion", message };
    if let Some(mapping) = &parameters.mapping_name {
        let message = format!("there is no ingestion mapping `{mapping}`; name columns as the records do");
        return Err(bad(message));
    }
    if parameters.source_kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("uri")) {
        return Err(
            bad("ingestion from an address is not supported; send the records themselves".to_owned()),
        );
    }
    let scope = Scope::Database(database);
    let known = shared.services.telemetry.tables(&scope).await.map_err(KustoError::Ask)?;
    let Some(schema) = known.into_iter().find(|known| known.name == table) else {
        return Err(KustoError::NotFound { what: format!("Table '{table}'") });
    };
    let Some(_place) = shared.admit() else {
        return Err(KustoError::Ask(AskError::Busy { retry_after: gate::RETRY_AFTER }));
    };
    let limit = MAX_BODY.min(shared.services.limits.body);
    let payload = payload::read(headers, body, limit, shared.services.limits.upload).await.map_err(
        |error| match error {
            PayloadError::TooLarge(_) => {
                KustoError::Other { status: StatusCode::PAYLOAD_TOO_LARGE, message: error.to_string() }
            }
            error => bad(error.to_string()),
        },
    )?;
    let format = parameters.stream_format.as_deref().unwrap_or("csv");
    let records = read(format, &payload.bytes, &schema.columns, shared.services.limits.records)
        .map_err(|error| bad(error.to_string()))?;
    let batch = Batch {
        identity: identity(headers, &format!("{scope:?}/{table}"), &payload.bytes),
        scope,
        table,
        records,
        transform: None,
        received: shared.services.clock.now(),
    };
    let receipt = shared.append(batch).await.map_err(|error| match error {
        AppendError::Busy { retry_after } => KustoError::Ask(AskError::Busy { retry_after }),
        AppendError::NoSuchTable(table) => KustoError::NotFound { what: format!("Table '{table}'") },
        AppendError::NoSuchScope(database) => KustoError::Ask(AskError::NoSuchScope(database)),
        AppendError::Refused(message) => bad(message),
        error => KustoError::Other { status: StatusCode::SERVICE_UNAVAILABLE, message: error.to_string() },
    })?;
    Ok(receipt.rows)
}

/// The records of a body in one of Kusto's formats; records of JSON lose what the table has no column for, as they do without
/// a mapping.
fn read(format: &str, bytes: &[u8], columns: &[Column], limit: usize) -> Result<Vec<Record>, BadRecords> {
    let separated = |separator| records::separated(bytes, separator, columns, limit);
    match format.to_ascii_lowercase().as_str() {
        "csv" => separated(b','),
        "tsv" | "tsve" => separated(b'\t'),
        "psv" => separated(b'|'),
        "scsv" => separated(b';'),
        "sohsv" => separated(1),
        "json" | "multijson" | "singlejson" => {
            let mut records = records::sequence(bytes, limit)?;
            for record in &mut records {
                record.retain(|member, _| columns.iter().any(|column| column.name == *member));
            }
            Ok(records)
        }
        "txt" => records::lines(bytes, columns.first().map_or("Text", |first| first.name.as_str()), limit),
        other => Err(BadRecords::new(
            None,
            format!(
                "the format `{other}` is not supported; use csv, tsv, psv, scsv, sohsv, json, multijson or txt"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use azimuth_host::ColumnType;

    use super::*;

    #[test]
    fn formats_by_name() {
        let columns = [Column::new("a", ColumnType::Long), Column::new("b", ColumnType::String)];
        let count =
            |format: &str, bytes: &[u8]| read(format, bytes, &columns, 9).map(|records| records.len());
        assert_eq!(count("CSV", b"1,x\n2,y\n"), Ok(2));
        assert_eq!(count("psv", b"1|x\n"), Ok(1));
        assert_eq!(count("MultiJson", b"[{\"a\":1}]\n{\"a\":2}"), Ok(2));
        assert_eq!(count("txt", b"one\ntwo"), Ok(2));
        assert!(count("parquet", b"").is_err());
        let kept = read("json", b"{\"a\":1,\"z\":2}", &columns, 9).unwrap();
        assert_eq!(kept[0].len(), 1);
    }
}
