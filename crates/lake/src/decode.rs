//! NDJSON as columns: every line once, straight into the arrays of its table.
//!
//! Decoding is a function of the bytes, the time of receipt and the schema, so that the log needs to keep nothing else. Columns
//! that a table does not have are found first and asked for; then the batch is decoded again with them.

use std::borrow::Cow;
use std::sync::Arc;

use azimuth_kql::types::{Column, ScalarType};
use azimuth_query::INGESTION_COLUMN;
use base64::Engine;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::error::Result;
use serde_json::json;

use crate::column::{Builder, Value, repeated};
use crate::json::{Member, Piece, members, unescaped};
use crate::moment;
use crate::schema::{BILLED, MAX_COLUMNS, OVERFLOW, TIME, TYPE, TableSchema};

/// The table of what could not be read.
pub const DEAD_LETTERS: &str = "AzimuthDeadLetters";
/// How often a value that does not fit looks for a column of its own.
const MAX_SUFFIXES: usize = 3;

/// What a batch came to.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// The rows, if there are any, and the lines that are none
    Rows(Option<RecordBatch>, Vec<DeadLetter>),
    /// Columns that the table needs first
    Missing(Vec<Column>),
}

/// A line that is no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeadLetter {
    pub(crate) reason: String,
    pub(crate) raw: Vec<u8>,
}

/// Decodes lines of JSON; empty ones are passed over. `received` is in microseconds since 1970.
///
/// # Errors
/// When the arrays do not come together, which only a mistake here can cause.
pub(crate) fn decode(payload: &[u8], received: i64, schema: &TableSchema) -> Result<Decoded> {
    let mut work = Work {
        schema,
        builders: (0..schema.columns.len()).map(|_| None).collect(),
        order: Vec::new(),
        missing: Vec::new(),
        rows: 0,
        billed: Vec::new(),
        lines: memchr::memchr_iter(b'\n', payload).count() + 1,
        block_bytes: (payload.len() / 32).clamp(1 << 10, 256 << 10) as u32,
    };
    let (mut dead, mut pieces, mut record) = (Vec::new(), Vec::new(), Vec::new());
    // One look for all lines, where nothing is wrong.
    let whole = std::str::from_utf8(payload).ok();
    let mut start = 0;
    while start < payload.len() {
        let end = memchr::memchr(b'\n', &payload[start..]).map_or(payload.len(), |length| start + length);
        let line = &payload[start..end];
        let text = whole.map(|whole| &whole[start..end]).or_else(|| std::str::from_utf8(line).ok());
        start = end + 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = match text {
            None => Err("not UTF-8"),
            Some(text) => members(text, &mut pieces).and_then(|()| values(&pieces, &mut record)),
        };
        match read {
            Ok(()) => work.row(&record, line.len(), received),
            Err(reason) => dead.push(DeadLetter { reason: reason.to_owned(), raw: line.to_vec() }),
        }
    }
    if !work.missing.is_empty() {
        return Ok(Decoded::Missing(work.missing));
    }
    Ok(Decoded::Rows(work.finish(received)?, dead))
}

/// The rows of the table of dead letters, as lines of JSON.
pub(crate) fn dead_letter_lines(table: &str, dead: &[DeadLetter], received: i64) -> Vec<u8> {
    let mut lines = Vec::new();
    for letter in dead {
        let (text, bytes) = match std::str::from_utf8(&letter.raw) {
            Ok(text) => (Some(text), None),
            Err(_) => (None, Some(base64::engine::general_purpose::STANDARD.encode(&letter.raw))),
        };
        let line = json!({
            TIME: moment::text(received), "TargetTable": table, "Reason": letter.reason, "Size": letter.raw.len(),
            "RawData": text, "RawBase64": bytes
        });
        lines.extend(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    lines
}

/// The schema of the table of dead letters.
pub(crate) fn dead_letter_schema() -> TableSchema {
    let text = |name| Column::new(name, ScalarType::String);
    TableSchema::new(DEAD_LETTERS).with(vec![
        text("TargetTable"),
        text("Reason"),
        Column::new("Size", ScalarType::Long),
        text("RawData"),
        text("RawBase64"),
    ])
}

type Named<'a> = (Cow<'a, str>, Value<'a>);

fn values<'a>(pieces: &[Member<'a>], out: &mut Vec<Named<'a>>) -> std::result::Result<(), &'static str> {
    out.clear();
    let text = |piece| match piece {
        Piece::Escaped(quoted) => {
            unescaped(quoted).map(Cow::Owned).ok_or("a `\\u` in a string is no character")
        }
        Piece::Text(text) => Ok(Cow::Borrowed(text)),
        _ => Ok(Cow::Borrowed("")),
    };
    for (name, piece) in pieces {
        let value = match *piece {
            Piece::Null => continue,
            Piece::Bool(truth) => Value::Bool(truth),
            Piece::Number(number) => Value::Number(number),
            Piece::Nested(json) => Value::Nested(json),
            string => Value::Text(text(string)?),
        };
        out.push((text(*name)?, value));
    }
    Ok(())
}

/// Where a member goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Column(usize),
    /// What the lake tells itself
    Ignored,
    New,
}

struct Work<'s> {
    schema: &'s TableSchema,
    builders: Vec<Option<Builder>>,
    /// The members of the record before, in their order, and where they went: the next record mostly has the same
    order: Vec<(String, Target)>,
    missing: Vec<Column>,
    rows: usize,
    billed: Vec<f64>,
    /// Lines of the batch
    lines: usize,
    /// Bytes of texts that a column makes room for at a time
    block_bytes: u32,
}

impl Work<'_> {
    fn row(&mut self, record: &[Named<'_>], bytes: usize, received: i64) {
        let mut overflow: Vec<(&str, &Value<'_>)> = Vec::new();
        for (place, (name, value)) in record.iter().enumerate() {
            match self.target(place, name) {
                Target::Ignored => {}
                Target::Column(column) => self.put(column, value),
                Target::New => {
                    let grown = self.schema.columns.len() + self.missing.len();
                    let declared = azimuth_collect::tables::known(&self.schema.table)
                        .map_or(0, |known| known.columns().count());
                    if grown >= MAX_COLUMNS + declared {
                        overflow.push((name, value));
                    } else {
                        self.need(self.schema.column_for(name), value.own_type());
                    }
                }
            }
        }
        if !overflow.is_empty() {
            let members: Vec<String> = overflow
                .iter()
                .map(|(name, value)| format!("{}:{}", serde_json::Value::from(*name), value.to_json()))
                .collect();
            let text = format!("{{{}}}", members.join(","));
            match self.schema.place(OVERFLOW) {
                Some(column) => self.put(column, &Value::Nested(&text)),
                None => self.need(OVERFLOW.to_owned(), ScalarType::Dynamic),
            }
        }
        let rows = self.rows;
        let time = self.builder(0);
        if time.len() == rows {
            time.put_time(received);
        }
        self.billed.push(bytes as f64);
        self.rows += 1;
    }

    fn need(&mut self, name: String, ty: ScalarType) {
        if !self.missing.iter().any(|column| column.name.eq_ignore_ascii_case(&name)) {
            self.missing.push(Column::new(name, ty));
        }
    }

    fn target(&mut self, place: usize, name: &str) -> Target {
        if let Some((known, target)) = self.order.get(place)
            && known == name
        {
            return *target;
        }
        let target = match name {
            BILLED | INGESTION_COLUMN => Target::Ignored,
            _ => {
                let exact = self.schema.place(name);
                let found = exact.or_else(|| self.schema.place(&self.schema.column_for(name)));
                found.map_or(Target::New, Target::Column)
            }
        };
        if place < self.order.len() {
            self.order[place] = (name.to_owned(), target);
        } else if place == self.order.len() {
            self.order.push((name.to_owned(), target));
        }
        target
    }

    fn builder(&mut self, column: usize) -> &mut Builder {
        let (ty, lines, block_bytes) = (self.schema.columns[column].ty, self.lines, self.block_bytes);
        let builder = self.builders[column].get_or_insert_with(|| Builder::new(ty, lines, block_bytes));
        builder.pad(self.rows);
        builder
    }

    /// Puts a value into its column, or into the one for values of its type. The first of several members of one name counts.
    fn put(&mut self, column: usize, value: &Value<'_>) {
        let rows = self.rows;
        let Column { name, ty, .. } = &self.schema.columns[column];
        let (mut column, mut name, mut ty) = (column, Cow::Borrowed(name.as_str()), *ty);
        for _ in 0..MAX_SUFFIXES {
            let builder = self.builder(column);
            if builder.len() > rows || builder.put(value, ty) {
                return;
            }
            let (suffix, own) = value.own_column();
            name = Cow::Owned(format!("{name}{suffix}"));
            match self.schema.place(&self.schema.column_for(&name)) {
                Some(next) => (column, ty) = (next, self.schema.columns[next].ty),
                None => return self.need(self.schema.column_for(&name), own),
            }
        }
    }

    fn finish(mut self, received: i64) -> Result<Option<RecordBatch>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let rows = self.rows;
        let (mut fields, mut arrays): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
        for (place, builder) in self.builders.iter_mut().enumerate() {
            let name = &self.schema.columns[place].name;
            let array = match (name.as_str(), builder) {
                (BILLED, _) => Arc::new(Float64Array::from(std::mem::take(&mut self.billed))) as ArrayRef,
                (INGESTION_COLUMN, _) => {
                    let times = TimestampMicrosecondArray::from_value(received, rows);
                    Arc::new(times.with_timezone("UTC"))
                }
                (_, Some(builder)) => {
                    builder.pad(rows);
                    builder.finish()
                }
                (TYPE, None) => repeated(&self.schema.table, rows),
                (_, None) => continue,
            };
            fields.push(self.schema.arrow.field(place).clone());
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::new(ArrowSchema::new(fields));
        Ok(Some(RecordBatch::try_new_with_options(schema, arrays, &options)?))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::pretty::pretty_format_batches;

    use super::*;

    fn rows(lines: &str, schema: &mut TableSchema) -> (Option<RecordBatch>, Vec<DeadLetter>) {
        for _ in 0..5 {
            match decode(lines.as_bytes(), 1_704_164_645_000_000, schema).unwrap() {
                Decoded::Missing(columns) => *schema = schema.with(columns),
                Decoded::Rows(batch, dead) => return (batch, dead),
            }
        }
        panic!("the schema does not settle");
    }

    #[test]
    fn lines_become_columns_and_the_schema_grows() {
        let mut schema = TableSchema::new("Test_CL");
        let lines = r#"{"TimeGenerated":"2024-01-02T00:00:00Z","a":1,"b":"x","c":{"d":[1]}}

{"a":"high","b":2,"e":true,"TimeGenerated":"noon","a b":1.5,"_BilledSize":7}
not json
{"a":2.5,"A":1}
"#;
        let (batch, dead) = rows(lines, &mut schema);
        let batch = batch.unwrap();
        assert_eq!(batch.num_rows(), 3);
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].raw, b"not json");
        let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(
            names,
            [
                "TimeGenerated",
                "_BilledSize",
                "$IngestionTime",
                "a",
                "b",
                "c",
                "e",
                "TimeGenerated_s",
                "a_b",
                "a_s",
                "a_d",
                "A_2"
            ]
        );
        let shown = pretty_format_batches(&[batch]).unwrap().to_string();
        assert!(shown.contains("| high"), "{shown}");
        assert!(shown.contains("| noon"), "{shown}");
        // The time that was no time is that of receipt.
        assert_eq!(shown.matches("2024-01-02T03:04:05Z").count(), 3 + 2, "{shown}");
        // With the schema known, the same bytes are decoded at once.
        assert!(matches!(decode(lines.as_bytes(), 0, &schema).unwrap(), Decoded::Rows(..)));
    }

    #[test]
    fn known_tables_have_their_columns() {
        let mut schema = TableSchema::new("SigninLogs");
        let before = schema.columns.len();
        let line = r#"{"UserPrincipalName":"a@b","LocationDetails":{"city":"X"},"ResultType":50126,"CreatedDateTime":"2024-01-02T00:00:00Z"}"#;
        let (batch, _) = rows(line, &mut schema);
        assert_eq!(schema.columns.len(), before);
        let batch = batch.unwrap();
        let shown = pretty_format_batches(&[batch]).unwrap().to_string();
        assert!(shown.contains("{\"city\":\"X\"}") && shown.contains("| SigninLogs"), "{shown}");
    }

    #[test]
    fn columns_are_not_without_number() {
        let mut schema = TableSchema::new("Wide_CL");
        let members: Vec<String> = (0..3_000).map(|number| format!("\"c{number}\":{number}")).collect();
        let (batch, _) = rows(&format!("{{{}}}", members.join(",")), &mut schema);
        assert!(schema.columns.len() <= MAX_COLUMNS + 2, "{}", schema.columns.len());
        let batch = batch.unwrap();
        let overflow = batch.column_by_name(OVERFLOW).unwrap();
        let text = datafusion::arrow::util::display::array_value_to_string(overflow, 0).unwrap();
        assert!(text.contains("\"c2999\":2999"));
    }

    #[test]
    fn dead_letters_are_rows() {
        let dead = [
            DeadLetter { reason: "not JSON".to_owned(), raw: b"a\"b".to_vec() },
            DeadLetter { reason: "not UTF-8".to_owned(), raw: vec![0xFF, 1] },
        ];
        let lines = dead_letter_lines("T", &dead, 0);
        let Decoded::Rows(batch, dead) = decode(&lines, 0, &dead_letter_schema()).unwrap() else {
            panic!("columns are missing")
        };
        assert!(dead.is_empty());
        let shown = pretty_format_batches(&[batch.unwrap()]).unwrap().to_string();
        assert!(shown.contains("a\"b") && shown.contains("/wE="), "{shown}");
    }
}
