//! Tables in memory, which take what is sent.
//!
//! A column that nobody declared comes into being with its first value; a value that does not fit its column goes to a column
//! of its own, named after its type.

use std::collections::{BTreeMap, HashSet, VecDeque};

use azimuth_collect::fit::{convert, suffix};
use azimuth_collect::tables::known;
use azimuth_host::{AppendError, Batch, Receipt, Record, TableSchema};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_rows::{Table, null_of};
use azimuth_values::{Json, Value, text};
use serde_json::Value as JsonValue;

use super::answer::scalar_type;

/// Batches that are known to have come, the newest of them.
const MAX_IDENTITIES: usize = 100_000;
/// Columns of a table.
const MAX_COLUMNS: usize = 500;

/// The tables, and what came last.
#[derive(Default)]
pub(super) struct Memory {
    tables: BTreeMap<String, Kept>,
    identities: HashSet<String>,
    order: VecDeque<String>,
}

/// A table, and whether the engine has seen all of it.
struct Kept {
    table: Table,
    is_new: bool,
}

impl Memory {
    /// Names and columns.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (&String, &Schema)> {
        self.tables.iter().map(|(name, kept)| (name, &kept.table.schema))
    }

    /// Makes a table, or adds the columns that it lacks.
    pub(super) fn create(&mut self, table: &TableSchema) -> Result<(), AppendError> {
        let kept = self.tables.entry(table.name.clone()).or_insert_with(Kept::new);
        for column in &table.columns {
            let ty = scalar_type(column.ty);
            match kept.table.schema.column(&column.name) {
                Some(there) if there.ty == ty => {}
                Some(there) => {
                    return Err(AppendError::Refused(format!(
                        "the column `{}` of the table `{}` is there with the type {}",
                        column.name, table.name, there.ty
                    )));
                }
                None => kept.add(&column.name, ty),
            }
        }
        kept.is_new = true;
        Ok(())
    }

    /// Makes a public table without rows, if there is none of its name.
    pub(super) fn make_known(&mut self, name: &str) {
        if let (Some(public), false) = (known(name), self.tables.contains_key(name)) {
            self.tables.insert(
                name.to_owned(),
                Kept { table: Table::new(public.schema(), Vec::new()), is_new: true },
            );
        }
    }

    /// Appends a batch to its table, which is made if it is a custom or a public one.
    pub(super) fn append(&mut self, batch: &Batch, most: usize) -> Result<Receipt, AppendError> {
        if batch.transform.is_some() {
            let message = "transformations of data collection rules are not supported here".to_owned();
            return Err(AppendError::Refused(message));
        }
        if batch.identity.as_ref().is_some_and(|identity| self.identities.contains(identity)) {
            return Ok(Receipt { rows: 0, is_duplicate: true });
        }
        if !self.tables.contains_key(&batch.table) {
            self.make_known(&batch.table);
            if batch.table.ends_with("_CL") {
                self.tables.insert(batch.table.clone(), Kept::new());
            }
        }
        let kept =
            self.tables.get_mut(&batch.table).ok_or_else(|| AppendError::NoSuchTable(batch.table.clone()))?;
        if kept.table.rows.len() + batch.records.len() > most {
            return Err(AppendError::Unavailable(format!(
                "the table `{}` is full: {most} rows are kept in memory; start with a larger `--keep-rows`",
                batch.table
            )));
        }
        let time = batch.received.to_string();
        for record in &batch.records {
            kept.push(record, &time);
        }
        if let Some(identity) = &batch.identity {
            self.remember(identity.clone());
        }
        Ok(Receipt { rows: batch.records.len() as u64, is_duplicate: false })
    }

    fn remember(&mut self, identity: String) {
        if self.order.len() >= MAX_IDENTITIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.identities.remove(&oldest);
        }
        self.identities.insert(identity.clone());
        self.order.push_back(identity);
    }

    /// Tables that changed since the last call.
    pub(super) fn changed(&mut self) -> Vec<(&str, &Table)> {
        let changed = self.tables.iter_mut().filter_map(|(name, kept)| {
            std::mem::take(&mut kept.is_new).then_some((name.as_str(), &kept.table))
        });
        changed.collect()
    }

    /// Whether a table changed since [`Memory::changed`] was asked.
    pub(super) fn has_changed(&self) -> bool {
        self.tables.values().any(|kept| kept.is_new)
    }
}

impl Kept {
    fn new() -> Self {
        Self { table: Table::default(), is_new: true }
    }

    fn add(&mut self, name: &str, ty: ScalarType) {
        self.table.schema.columns.push(Column::new(name, ty));
        for row in &mut self.table.rows {
            row.push(null_of(ty));
        }
    }

    fn push(&mut self, record: &Record, received: &str) {
        self.is_new = true;
        let mut row: Vec<Value> = self.table.schema.columns.iter().map(|column| null_of(column.ty)).collect();
        for (name, value) in record {
            if !value.is_null() {
                self.put(&mut row, name, value.clone());
            }
        }
        if !record.contains_key("TimeGenerated") && self.table.schema.column("TimeGenerated").is_some() {
            self.put(&mut row, "TimeGenerated", received.into());
        }
        self.table.rows.push(row);
    }

    fn put(&mut self, row: &mut Vec<Value>, name: &str, value: JsonValue) {
        let place = self.place(row, name, &value);
        let Some(place) = place else { return };
        let ty = self.table.schema.columns[place].ty;
        match convert(value, ty) {
            Ok(value) => row[place] = of_json(&value, ty),
            Err(value) => {
                let beside = format!("{name}{}", suffix(&value));
                let value =
                    if value.is_object() || value.is_array() { value.to_string().into() } else { value };
                if let Some(place) = self.place(row, &beside, &value) {
                    let ty = self.table.schema.columns[place].ty;
                    row[place] = convert(value, ty).map_or(Value::Null, |value| of_json(&value, ty));
                }
            }
        }
    }

    /// The place of a column, which is made if it is not there; `None` when there are too many.
    fn place(&mut self, row: &mut Vec<Value>, name: &str, value: &JsonValue) -> Option<usize> {
        if let Some(place) = self.table.column(name) {
            return Some(place);
        }
        if self.table.schema.columns.len() >= MAX_COLUMNS {
            return None;
        }
        let ty = guess(name, value);
        self.add(name, ty);
        row.push(null_of(ty));
        Some(row.len() - 1)
    }
}

/// The type of a column by its first value.
fn guess(name: &str, value: &JsonValue) -> ScalarType {
    match value {
        JsonValue::Bool(_) => ScalarType::Bool,
        JsonValue::Number(number) if number.is_i64() => ScalarType::Long,
        JsonValue::Number(_) => ScalarType::Real,
        JsonValue::String(_) if name == "TimeGenerated" => ScalarType::Datetime,
        JsonValue::String(_) | JsonValue::Null => ScalarType::String,
        JsonValue::Array(_) | JsonValue::Object(_) => ScalarType::Dynamic,
    }
}

/// A value that fits its column.
fn of_json(value: &JsonValue, ty: ScalarType) -> Value {
    let plain = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let read = match ty {
        _ if value.is_null() => None,
        ScalarType::Bool => value.as_bool().map(Value::Bool),
        ScalarType::Int => value.as_i64().and_then(|number| i32::try_from(number).ok()).map(Value::Int),
        ScalarType::Long => value.as_i64().map(Value::Long),
        ScalarType::Real => value.as_f64().map(Value::Real),
        ScalarType::Decimal => text::read_decimal(&plain()).map(Value::Decimal),
        ScalarType::Datetime => text::read_datetime(&plain()).map(Value::DateTime),
        ScalarType::Timespan => text::read_timespan(&plain()).map(Value::TimeSpan),
        ScalarType::Guid => text::read_guid(&plain()).map(Value::Guid),
        ScalarType::String => Some(Value::string(plain())),
        ScalarType::Dynamic | ScalarType::Unknown => Json::parse(&value.to_string()).map(Value::dynamic),
    };
    read.unwrap_or_else(|| null_of(ty))
}

#[cfg(test)]
mod tests {
    use azimuth_host::Scope;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn batch(table: &str, records: &JsonValue, identity: Option<&str>) -> Batch {
        let records = records.as_array().unwrap().iter().map(|record| record.as_object().unwrap().clone());
        Batch {
            scope: Scope::Database(String::new()),
            table: table.to_owned(),
            records: records.collect(),
            transform: None,
            identity: identity.map(str::to_owned),
            received: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn columns_come_with_their_values_and_conflicts_have_columns_of_their_own() {
        let mut memory = Memory::default();
        let records = json!([{"a": 1}, {"a": "x", "b": {"c": 1}}, {"a": "2"}]);
        memory.append(&batch("T_CL", &records, None), 100).unwrap();
        let table = &memory.tables["T_CL"].table;
        let names: Vec<_> = table.schema.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "a_s", "b"]);
        assert_eq!(table.rows[1][..2], [Value::Null, Value::string("x")]);
        assert_eq!(table.rows[2][0], Value::Long(2));
    }

    #[test]
    fn a_batch_is_kept_once_and_a_full_table_takes_no_more() {
        let mut memory = Memory::default();
        let once = batch("T_CL", &json!([{"a": 1}]), Some("x"));
        assert!(!memory.append(&once, 1).unwrap().is_duplicate);
        assert!(memory.append(&once, 1).unwrap().is_duplicate);
        assert!(matches!(
            memory.append(&batch("T_CL", &json!([{}]), None), 1),
            Err(AppendError::Unavailable(_))
        ));
        assert!(matches!(
            memory.append(&batch("T", &json!([{}]), None), 1),
            Err(AppendError::NoSuchTable(_))
        ));
    }

    #[test]
    fn public_tables_have_their_columns() {
        let mut memory = Memory::default();
        memory
            .append(&batch("AppTraces", &json!([{"Message": "m", "SeverityLevel": "2"}]), None), 9)
            .unwrap();
        let table = &memory.tables["AppTraces"].table;
        let of = |name: &str| table.rows[0][table.column(name).unwrap()].clone();
        assert_eq!((of("Message"), of("SeverityLevel")), (Value::string("m"), Value::Int(2)));
        assert!(!of("TimeGenerated").is_null());
        assert!(memory.has_changed() && memory.changed().len() == 1 && !memory.has_changed());
    }
}
