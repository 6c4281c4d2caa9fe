//! Checkpoints: the entries that make a version, as a Parquet file.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::arrow::json::{LineDelimitedWriter, ReaderBuilder};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::action::Action;

/// The columns of a checkpoint ("Checkpoint schema" of the protocol).
fn schema() -> SchemaRef {
    let field = |name: &str, ty: DataType| Field::new(name, ty, true);
    let text = |name: &str| field(name, DataType::Utf8);
    let long = |name: &str| field(name, DataType::Int64);
    let int = |name: &str| field(name, DataType::Int32);
    let bool = |name: &str| field(name, DataType::Boolean);
    let of = |name: &str, fields: Vec<Field>| field(name, DataType::Struct(Fields::from(fields)));
    let map = |name: &str| {
        let entry = vec![Field::new("key", DataType::Utf8, false), text("value")];
        let entries = Field::new("key_value", DataType::Struct(Fields::from(entry)), false);
        field(name, DataType::Map(Arc::new(entries), false))
    };
    let texts =
        |name: &str| field(name, DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))));
    Arc::new(Schema::new(vec![
        of("protocol", vec![int("minReaderVersion"), int("minWriterVersion")]),
        of(
            "metaData",
            vec![
                text("id"),
                text("name"),
                of("format", vec![text("provider"), map("options")]),
                text("schemaString"),
                texts("partitionColumns"),
                map("configuration"),
                long("createdTime"),
            ],
        ),
        of("txn", vec![text("appId"), long("version"), long("lastUpdated")]),
        of(
            "add",
            vec![
                text("path"),
                map("partitionValues"),
                long("size"),
                long("modificationTime"),
                bool("dataChange"),
                text("stats"),
                map("tags"),
            ],
        ),
        of("remove", vec![text("path"), long("deletionTimestamp"), bool("dataChange")]),
    ]))
}

/// The bytes of a checkpoint.
pub(super) fn write(actions: &[Action]) -> Result<Bytes, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the checkpoint could not be written ({error})");
    let schema = schema();
    let mut decoder = ReaderBuilder::new(schema.clone())
        .with_batch_size(4096)
        .build_decoder()
        .map_err(|error| failed(&error))?;
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).map_err(|error| failed(&error))?;
    for part in actions.chunks(4096) {
        decoder.serialize(part).map_err(|error| failed(&error))?;
        if let Some(batch) = decoder.flush().map_err(|error| failed(&error))? {
            writer.write(&batch).map_err(|error| failed(&error))?;
        }
    }
    writer.into_inner().map(Bytes::from).map_err(|error| failed(&error))
}

/// The entries of a checkpoint.
pub(super) fn read(bytes: Bytes) -> Result<Vec<Action>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("a checkpoint cannot be read ({error})");
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| failed(&error))?;
    let mut actions = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| failed(&error))?;
        let mut writer = LineDelimitedWriter::new(Vec::new());
        writer.write(&batch).and_then(|()| writer.finish()).map_err(|error| failed(&error))?;
        for line in writer.into_inner().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            actions.push(serde_json::from_slice(line).map_err(|error| failed(&error))?);
        }
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::action::Add;
    use super::*;

    #[test]
    fn entries_come_back() {
        let add = Add {
            path: "a".to_owned(),
            partition_values: BTreeMap::from([("_Day".to_owned(), "2024-01-02".to_owned())]),
            size: 3,
            modification_time: 4,
            data_change: false,
            stats: Some("{}".to_owned()),
            tags: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        };
        let actions: Vec<Action> = (0..10_000)
            .map(|number| Action::add(Add { path: format!("a{number}"), ..add.clone() }))
            .chain([Action::remove("b", 5, true)])
            .collect();
        let found = read(write(&actions).unwrap()).unwrap();
        assert_eq!(found.len(), actions.len());
        assert_eq!(found[0].add, actions[0].add);
        assert_eq!(found[10_000].remove, actions[10_000].remove);
        assert!(read(Bytes::from_static(b"PAR1")).is_err());
    }
}
