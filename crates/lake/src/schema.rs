//! The columns of a table: what they are in Kusto, in memory, in files and in Delta.
//!
//! | Kusto | in memory and in Parquet | Delta |
//! |---|---|---|
//! | `bool`, `int`, `long`, `real` | `Boolean`, `Int32`, `Int64`, `Float64` | `boolean`, `integer`, `long`, `double` |
//! | `datetime` | microseconds of UTC: the seventh digit of a second is cut, as no reader of Delta has it | `timestamp` |
//! | `timespan` | ticks of 100 ns | `long` |
//! | `string`, `guid`, `decimal` | text | `string` |
//! | `dynamic` | JSON text | `string` |
//!
//! Columns are only ever added. The type of Kusto stands in the metadata of a Delta column (`azimuth.type`).

use std::collections::HashMap;
use std::sync::Arc;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::INGESTION_COLUMN;
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use serde_json::{Value, json};

/// The time of the event.
pub(crate) const TIME: &str = "TimeGenerated";
/// Bytes of the record as it was received.
pub(crate) const BILLED: &str = "_BilledSize";
/// The table's name, where its schema has a column for it.
pub(crate) const TYPE: &str = "Type";
/// The partition: the day of [`TIME`]. Queries do not see it.
pub(crate) const DAY: &str = "_Day";
/// Members that found no room among the columns.
pub(crate) const OVERFLOW: &str = "_Overflow";
/// Columns that records may bring about; further ones go to [`OVERFLOW`].
pub(crate) const MAX_COLUMNS: usize = 1_000;
/// Characters of a column's name; longer ones are cut.
const MAX_NAME: usize = 128;
/// Where Delta keeps the type of Kusto.
const TYPE_KEY: &str = "azimuth.type";

/// The columns of a table at a moment.
#[derive(Clone, Debug)]
pub(crate) struct TableSchema {
    pub(crate) table: String,
    /// [`TIME`] first, then as they came, [`BILLED`] and the hidden time of ingestion among them
    pub(crate) columns: Vec<Column>,
    places: HashMap<String, usize>,
    /// Names in lower case: readers of Delta do not tell columns apart by letter case
    folded: HashMap<String, usize>,
    pub(crate) arrow: SchemaRef,
}

impl TableSchema {
    /// The schema that a new table has: the public one of that name, or the time alone.
    pub(crate) fn new(table: &str) -> Self {
        let mut columns = vec![Column::new(TIME, ScalarType::Datetime)];
        columns.extend(
            azimuth_collect::tables::known(table).map(|known| known.schema().columns).unwrap_or_default(),
        );
        columns.push(Column::new(BILLED, ScalarType::Real));
        columns.push(Column::new(INGESTION_COLUMN, ScalarType::Datetime));
        Self::of_columns(table, columns)
    }

    /// A schema of columns; the first of a name counts, in whatever letter case.
    pub(crate) fn of_columns(table: &str, columns: Vec<Column>) -> Self {
        let mut schema = Self {
            table: table.to_owned(),
            columns: Vec::new(),
            places: HashMap::new(),
            folded: HashMap::new(),
            arrow: Arc::new(ArrowSchema::empty()),
        };
        schema.extend(columns);
        schema
    }

    fn extend(&mut self, columns: Vec<Column>) {
        for column in columns {
            let folded = column.name.to_lowercase();
            if self.folded.contains_key(&folded) || column.name == DAY {
                continue;
            }
            let place = self.columns.len();
            self.places.insert(column.name.clone(), place);
            self.folded.insert(folded, place);
            self.columns.push(column);
        }
        let fields = self.columns.iter().map(|column| Field::new(&column.name, native_type(column.ty), true));
        self.arrow = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
    }

    /// The schema with further columns.
    pub(crate) fn with(&self, columns: Vec<Column>) -> Self {
        let mut schema = self.clone();
        schema.extend(columns);
        schema
    }

    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The name of the column that a member of a record goes to, whether it exists or not. Letters, digits and `_` are kept,
    /// and what differs from another column by letter case alone is told apart by a number.
    pub(crate) fn column_for(&self, member: &str) -> String {
        let mut name = azimuth_collect::fit::column_name(member).into_owned();
        if let Some((cut, _)) = name.char_indices().nth(MAX_NAME) {
            name.truncate(cut);
        }
        if name.is_empty() {
            name.push('_');
        }
        let is_taken = |name: &str| {
            name.eq_ignore_ascii_case(DAY)
                || (self.folded.contains_key(&name.to_lowercase()) && !self.places.contains_key(name))
        };
        if !is_taken(&name) {
            return name;
        }
        (2_u32..).map(|number| format!("{name}_{number}")).find(|name| !is_taken(name)).unwrap_or(name)
    }

    /// The columns that queries see, and the hidden time of ingestion.
    pub(crate) fn kusto(&self) -> Schema {
        let visible = self.columns.iter().filter(|column| column.name != INGESTION_COLUMN);
        Schema::new(visible.cloned().collect())
    }

    /// The schema as the log of Delta has it, partition included.
    pub(crate) fn to_delta(&self) -> String {
        let mut fields: Vec<Value> = self
            .columns
            .iter()
            .map(|column| {
                json!({"name": column.name, "type": delta_type(column.ty), "nullable": true,
                       "metadata": {TYPE_KEY: column.ty.name()}})
            })
            .collect();
        fields.push(json!({"name": DAY, "type": "date", "nullable": true, "metadata": {}}));
        json!({"type": "struct", "fields": fields}).to_string()
    }

    /// Reads what [`Self::to_delta`] wrote; `None` for other schemas.
    pub(crate) fn of_delta(table: &str, text: &str) -> Option<Self> {
        let schema: Value = serde_json::from_str(text).ok()?;
        let mut columns = Vec::new();
        for field in schema["fields"].as_array()? {
            let name = field["name"].as_str()?;
            if name == DAY {
                continue;
            }
            let ty = field["metadata"][TYPE_KEY].as_str().and_then(ScalarType::from_name)?;
            if field["type"] != delta_type(ty) {
                return None;
            }
            columns.push(Column::new(name, ty));
        }
        Some(Self::of_columns(table, columns))
    }
}

/// The Arrow type of a column.
pub(crate) fn native_type(ty: ScalarType) -> DataType {
    match ty {
        ScalarType::Bool => DataType::Boolean,
        ScalarType::Int => DataType::Int32,
        ScalarType::Long | ScalarType::Timespan => DataType::Int64,
        ScalarType::Real => DataType::Float64,
        ScalarType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ScalarType::Decimal
        | ScalarType::Guid
        | ScalarType::String
        | ScalarType::Dynamic
        | ScalarType::Unknown => DataType::Utf8View,
    }
}

fn delta_type(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "boolean",
        ScalarType::Int => "integer",
        ScalarType::Long | ScalarType::Timespan => "long",
        ScalarType::Real => "double",
        ScalarType::Datetime => "timestamp",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_come_back_from_delta() {
        let schema = TableSchema::new("SigninLogs");
        assert_eq!(schema.columns[0].name, TIME);
        let read = TableSchema::of_delta("SigninLogs", &schema.to_delta()).unwrap();
        assert_eq!(read.columns, schema.columns);
        assert!(schema.kusto().column("UserPrincipalName").is_some());
        assert!(schema.kusto().column(INGESTION_COLUMN).is_none());
        assert!(
            TableSchema::of_delta("T", r#"{"fields":[{"name":"a","type":"long","metadata":{}}]}"#).is_none()
        );
    }

    #[test]
    fn hostile_names_become_columns_of_their_own() {
        let schema = TableSchema::of_columns("T", vec![Column::new("Level", ScalarType::Int)]);
        assert_eq!(schema.column_for("Level"), "Level");
        assert_eq!(schema.column_for("level"), "level_2");
        assert_eq!(schema.column_for("a b;c={d}"), "a_b_c__d_");
        assert_eq!(schema.column_for("_day"), "_day_2");
        assert_eq!(schema.column_for(""), "_");
        assert_eq!(schema.column_for(&"x".repeat(1000)).len(), 128);
        let schema = schema
            .with(vec![Column::new("level_2", ScalarType::String), Column::new("LEVEL", ScalarType::Int)]);
        assert_eq!(schema.columns.len(), 2);
        assert_eq!(schema.column_for("level"), "level_2");
        assert_eq!(schema.column_for("LEVEL"), "LEVEL_2_2".replace("_2_2", "_3"));
    }
}
