//! Telemetry in memory: tables of rows, asked with the row engine.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use azimuth_host::{
    Answer, AnswerTable, AppendError, AskError, Batch, Cells, Column, ColumnType, Pending, Question, Receipt,
    Scope, Statistics, TableSchema, Telemetry,
};
use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{self, ScalarType, Schema};
use azimuth_rows::{Failure, Limits, QueryError, Source, Table};
use azimuth_values::{Context, Json, Refusal, Value, text};
use futures_util::stream;
use jiff::Timestamp;

/// The only database and the only workspace.
pub(crate) const DATABASE: &str = "Main";
pub(crate) const WORKSPACE: &str = "11111111-2222-3333-4444-555555555555";

/// Tables that forget everything. A table of a name with `Broken` fails, one with `Full` is busy.
#[derive(Default)]
pub(crate) struct MemoryTelemetry {
    state: Mutex<State>,
}

#[derive(Clone, Default)]
struct State {
    tables: BTreeMap<String, Table>,
    identities: HashSet<String>,
}

impl MemoryTelemetry {
    /// With a table of resources, for Resource Graph.
    pub(crate) fn with_resources(count: usize) -> Self {
        let columns =
            ["id", "name", "subscriptionId"].map(|name| types::Column::new(name, ScalarType::String));
        let row = |number: usize| {
            let subscription = format!("sub-{}", number % 2);
            vec![format!("/r/{number}").into(), format!("r{number}").into(), subscription.into()]
        };
        let table = Table::new(Schema::new(columns.to_vec()), (0..count).map(row).collect());
        let this = Self::default();
        this.state.lock().unwrap().tables.insert("resources".to_owned(), table);
        this
    }
}

fn is_known(scope: &Scope) -> Result<(), String> {
    match scope {
        Scope::Database(name) if !name.is_empty() && name != DATABASE => Err(name.clone()),
        Scope::Workspace(id) if id != WORKSPACE => Err(id.clone()),
        _ => Ok(()),
    }
}

impl Telemetry for MemoryTelemetry {
    fn databases(&self) -> Vec<String> {
        vec![DATABASE.to_owned()]
    }

    fn tables<'a>(&'a self, scope: &'a Scope) -> Pending<'a, Result<Vec<TableSchema>, AskError>> {
        Box::pin(async move {
            is_known(scope).map_err(AskError::NoSuchScope)?;
            let state = self.state.lock().unwrap();
            let tables = state.tables.iter().map(|(name, table)| TableSchema {
                name: name.clone(),
                columns: table.schema.columns.iter().map(column).collect(),
            });
            Ok(tables.collect())
        })
    }

    fn create<'a>(&'a self, scope: &'a Scope, table: TableSchema) -> Pending<'a, Result<(), AppendError>> {
        Box::pin(async move {
            is_known(scope).map_err(AppendError::NoSuchScope)?;
            let columns =
                table.columns.iter().map(|column| types::Column::new(&column.name, scalar(column.ty)));
            let made = Table::new(Schema::new(columns.collect()), Vec::new());
            self.state.lock().unwrap().tables.entry(table.name).or_insert(made);
            Ok(())
        })
    }

    fn append(&self, batch: Batch) -> Pending<'_, Result<Receipt, AppendError>> {
        Box::pin(async move {
            is_known(&batch.scope).map_err(AppendError::NoSuchScope)?;
            if batch.table.contains("Broken") {
                return Err(AppendError::Unavailable("the disk is full".to_owned()));
            }
            if batch.table.contains("Full") {
                return Err(AppendError::Busy { retry_after: Duration::from_secs(7) });
            }
            let mut state = self.state.lock().unwrap();
            if let Some(identity) = &batch.identity
                && !state.identities.insert(identity.clone())
            {
                return Ok(Receipt { rows: 0, is_duplicate: true });
            }
            let rows = batch.records.len() as u64;
            let table = state.tables.entry(batch.table).or_default();
            for record in &batch.records {
                append(table, record);
            }
            Ok(Receipt { rows, is_duplicate: false })
        })
    }

    fn ask(&self, question: Question) -> Pending<'_, Result<Answer, AskError>> {
        Box::pin(async move {
            is_known(&question.scope).map_err(AskError::NoSuchScope)?;
            let mut state = self.state.lock().unwrap().clone();
            state.restrict(&question);
            let mut catalog = MemoryCatalog::new();
            for (name, table) in &state.tables {
                catalog.add_table(name, table.schema.clone());
            }
            let context = Context::new(ticks(question.now), 0);
            let asked = azimuth_rows::query(&question.text, &catalog, &state, &context, Limits::default());
            let (_, tables) = asked.map_err(|error| match error {
                QueryError::Invalid(diagnostics) => AskError::Invalid(diagnostics),
                QueryError::Failed(Failure::TooManyRows(limit)) => AskError::Limit {
                    code: "E_RUNAWAY_QUERY".to_owned(),
                    number: 0x80DA_0001,
                    message: format!("more than {limit} rows"),
                },
                QueryError::Failed(failure) => AskError::Failed(failure.to_string()),
            })?;
            let rows: u64 = tables.iter().map(|table| table.rows.len() as u64).sum();
            let fails = question.text.contains("// fails later");
            let tables = tables.into_iter().map(|table| answered(&table, fails)).collect();
            let statistics = Statistics { rows_read: rows, rows, bytes: 0 };
            Ok(Answer { tables, statistics: Box::new(move || statistics) })
        })
    }
}

impl State {
    /// Leaves what the window and the subscriptions of a question leave.
    fn restrict(&mut self, question: &Question) {
        for table in self.tables.values_mut() {
            if let (Some(window), Some(place)) = (question.window, table.column("TimeGenerated")) {
                let times = ticks(window.from)..ticks(window.to);
                table.rows.retain(|row| matches!(row[place], Value::DateTime(time) if times.contains(&time)));
            }
            if let (Scope::Estate { subscriptions, .. }, Some(place)) =
                (&question.scope, table.column("subscriptionId"))
                && !subscriptions.is_empty()
            {
                table.rows.retain(|row| {
                    row[place].as_str().is_some_and(|id| subscriptions.iter().any(|known| known == id))
                });
            }
        }
    }
}

impl Source for State {
    fn table(&self, name: &TableName, _schema: &Schema) -> Result<Table, Refusal> {
        self.tables.get(&name.table).cloned().ok_or_else(|| Refusal::new("no such table"))
    }
}

/// Appends a record; columns come into being with their values.
fn append(table: &mut Table, record: &azimuth_host::Record) {
    for (name, value) in record {
        if table.column(name).is_none() && !value.is_null() {
            table.schema.columns.push(types::Column::new(name, guess(name, value)));
            for row in &mut table.rows {
                row.push(Value::Null);
            }
        }
    }
    let row = table
        .schema
        .columns
        .iter()
        .map(|column| record.get(&column.name).map_or(Value::Null, |value| converted(value, column.ty)));
    let row = row.collect();
    table.rows.push(row);
}

fn guess(name: &str, value: &serde_json::Value) -> ScalarType {
    match value {
        _ if name == "TimeGenerated" => ScalarType::Datetime,
        serde_json::Value::Bool(_) => ScalarType::Bool,
        serde_json::Value::Number(number) if number.is_i64() => ScalarType::Long,
        serde_json::Value::Number(_) => ScalarType::Real,
        serde_json::Value::String(_) => ScalarType::String,
        _ => ScalarType::Dynamic,
    }
}

fn converted(value: &serde_json::Value, ty: ScalarType) -> Value {
    let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match ty {
        _ if value.is_null() => Value::Null,
        ScalarType::Bool => value.as_bool().map_or(Value::Null, Value::Bool),
        ScalarType::Long => plain.parse().map_or(Value::Null, Value::Long),
        ScalarType::Int => plain.parse().map_or(Value::Null, Value::Int),
        ScalarType::Real => plain.parse().map_or(Value::Null, Value::Real),
        ScalarType::Datetime => {
            plain.parse::<Timestamp>().map_or(Value::Null, |time| Value::DateTime(ticks(time)))
        }
        ScalarType::Dynamic => Value::dynamic(match value {
            serde_json::Value::String(text) => {
                Json::parse(text).unwrap_or_else(|| Json::string(text.as_str()))
            }
            other => Json::parse(&other.to_string()).unwrap(),
        }),
        _ => Value::string(plain),
    }
}

/// Ticks of 100 ns since 0001-01-01.
fn ticks(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond() / 100).unwrap() + 621_355_968_000_000_000
}

fn answered(table: &Table, fails: bool) -> AnswerTable {
    let rows: Vec<Cells> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    // Two pages, so that what is written of the second is tested, too.
    let (first, second) = rows.split_at(rows.len() / 2);
    let mut pages = vec![Ok(first.to_vec()), Ok(second.to_vec())];
    if fails {
        pages[1] = Err(AskError::Failed("a file is gone".to_owned()));
    }
    AnswerTable {
        name: None,
        columns: table.schema.columns.iter().map(column).collect(),
        render: None,
        pages: Box::pin(stream::iter(pages)),
    }
}

fn cell(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Long(number) => (*number).into(),
        Value::Real(number) if number.is_finite() => (*number).into(),
        Value::Dynamic(json) => serde_json::from_str(&json.to_text()).unwrap(),
        other => text::to_string(other).into(),
    }
}

fn column(column: &types::Column) -> Column {
    Column::new(&column.name, ColumnType::from_name(column.ty.name()).unwrap_or(ColumnType::Dynamic))
}

fn scalar(ty: ColumnType) -> ScalarType {
    ScalarType::from_name(ty.name()).unwrap()
}
