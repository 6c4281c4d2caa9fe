//! The query engine as telemetry of the host: tables of files and of the estate to be asked, tables in memory to be sent to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use azimuth_collect::tables::known;
use azimuth_host::{
    Answer, AppendError, AskError, Batch, Pending, Question, Receipt, Scope, TableSchema, Telemetry,
};
use azimuth_kql::bind::Catalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::syntax::{TokenKind, lex};
use azimuth_kql::values::Literal;
use azimuth_query::{Engine, Settings};
use azimuth_values::Value;
use tokio::sync::RwLock;

use super::answer::{self, answer};
use super::estate;
use super::memory::Memory;
use crate::command::query::{functions::bare, ticks};

/// The name that clients of Kusto give to the default database.
const DEFAULT_DATABASE: &str = "NetDefaultDB";

/// One database, which is every workspace, too.
pub(super) struct EngineTelemetry {
    engine: RwLock<Engine>,
    memory: Mutex<Memory>,
    database: String,
    keep_rows: usize,
}

impl EngineTelemetry {
    pub(super) fn new(engine: Engine, database: String, keep_rows: usize) -> Self {
        Self { engine: RwLock::new(engine), memory: Mutex::default(), database, keep_rows }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a scope is there; its name, if not.
    fn check(&self, scope: &Scope) -> Result<(), String> {
        match scope {
            Scope::Database(name)
                if !name.is_empty()
                    && !name.eq_ignore_ascii_case(&self.database)
                    && !name.eq_ignore_ascii_case(DEFAULT_DATABASE) =>
            {
                Err(name.clone())
            }
            _ => Ok(()),
        }
    }

    /// Lets the engine know what came since it was asked last.
    async fn refresh(&self) -> Result<(), AskError> {
        if !self.memory().has_changed() {
            return Ok(());
        }
        let mut engine = self.engine.write().await;
        for (name, table) in self.memory().changed() {
            engine.register_rows(name, table).map_err(|error| AskError::Failed(error.to_string()))?;
        }
        Ok(())
    }

    /// Makes the public tables that a query names: those are there, and empty until something comes.
    async fn make_known(&self, text: &str) {
        let names: Vec<String> = lex(text)
            .into_iter()
            .filter(|token| token.kind == TokenKind::Ident)
            .filter_map(|token| text.get(token.span.start as usize..token.span.end as usize))
            .filter(|name| known(name).is_some())
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            return;
        }
        let engine = self.engine.read().await;
        for name in names {
            let table = TableName { table: name.clone(), ..TableName::default() };
            if engine.catalog().table(&table).is_none() {
                self.memory().make_known(&name);
            }
        }
    }

    async fn answer(&self, question: Question) -> Result<Answer, AskError> {
        let scopes = [&question.scope].into_iter().chain(&question.further);
        scopes.into_iter().try_for_each(|scope| self.check(scope)).map_err(AskError::NoSuchScope)?;
        self.make_known(&question.text).await;
        self.refresh().await?;
        let now = time(question.now)?;
        let settings = settings(&question)?;
        let progress = settings.progress.clone();
        let limited = match &question.scope {
            Scope::Estate { subscriptions, .. } if !subscriptions.is_empty() => {
                Some(estate::limited(&question.text, subscriptions))
            }
            _ => None,
        };
        let engine = self.engine.read().await;
        let text = limited.as_ref().unwrap_or(&question.text);
        let result = engine.query_with(text, now, &settings).await.map_err(answer::error);
        drop(engine);
        match result {
            Ok(result) => Ok(answer(result, move || progress.scanned().rows)),
            Err(AskError::Invalid(found)) if limited.is_some() => {
                Err(AskError::Invalid(estate::moved_back(found)))
            }
            Err(error) => Err(error),
        }
    }
}

fn time(moment: jiff::Timestamp) -> Result<i64, AskError> {
    ticks(moment).map_err(|failure| AskError::Refused(failure.error.to_string()))
}

/// What a question asks beside its text.
fn settings(question: &Question) -> Result<Settings, AskError> {
    let timeout = i64::try_from(question.timeout.as_micros()).unwrap_or(i64::MAX / 10).saturating_mul(10);
    let mut options = vec![("servertimeout".to_owned(), Value::TimeSpan(timeout))];
    for (name, value) in &question.options {
        // How answers are written is the business of whoever writes them; the time has been read already.
        let lower = name.to_ascii_lowercase();
        if lower == "servertimeout"
            || lower.starts_with("results_")
            || lower.starts_with("query_results_progressive")
        {
            continue;
        }
        options.push((name.clone(), option(value)));
    }
    if let Some(window) = question.window {
        for (name, moment) in
            [("query_datetimescope_from", window.from), ("query_datetimescope_to", window.to)]
        {
            options.push((name.to_owned(), Value::DateTime(time(moment)?)));
        }
    }
    let parameters = question.parameters.iter();
    let parameters =
        parameters.map(|(name, value)| (name.clone(), Literal::String(bare(value).to_owned()))).collect();
    Ok(Settings { options, parameters, ..Settings::default() })
}

fn option(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) if number.is_i64() => {
            Value::Long(number.as_i64().unwrap_or_default())
        }
        serde_json::Value::String(text) => Value::string(text.as_str()),
        other => Value::string(other.to_string()),
    }
}

impl Telemetry for EngineTelemetry {
    fn databases(&self) -> Vec<String> {
        vec![self.database.clone()]
    }

    fn tables<'a>(&'a self, scope: &'a Scope) -> Pending<'a, Result<Vec<TableSchema>, AskError>> {
        Box::pin(async move {
            self.check(scope).map_err(AskError::NoSuchScope)?;
            self.refresh().await?;
            let engine = self.engine.read().await;
            let catalog = engine.catalog();
            let mut tables: Vec<TableSchema> = catalog
                .table_names()
                .into_iter()
                .filter_map(|name| {
                    let schema = catalog.table(&TableName { table: name.clone(), ..TableName::default() })?;
                    Some(TableSchema { columns: answer::columns(&schema), name })
                })
                .collect();
            tables.sort_by(|left, right| left.name.cmp(&right.name));
            Ok(tables)
        })
    }

    fn create<'a>(&'a self, scope: &'a Scope, table: TableSchema) -> Pending<'a, Result<(), AppendError>> {
        Box::pin(async move {
            self.check(scope).map_err(AppendError::NoSuchScope)?;
            self.refuse_files(&table.name).await?;
            self.memory().create(&table)
        })
    }

    fn append(&self, batch: Batch) -> Pending<'_, Result<Receipt, AppendError>> {
        Box::pin(async move {
            self.check(&batch.scope).map_err(AppendError::NoSuchScope)?;
            self.refuse_files(&batch.table).await?;
            self.memory().append(&batch, self.keep_rows)
        })
    }

    fn ask(&self, question: Question) -> Pending<'_, Result<Answer, AskError>> {
        Box::pin(self.answer(question))
    }
}

impl EngineTelemetry {
    /// Tables of files and of the estate are not sent to.
    async fn refuse_files(&self, name: &str) -> Result<(), AppendError> {
        if self.memory().schemas().any(|(known, _)| known == name) {
            return Ok(());
        }
        let table = TableName { table: name.to_owned(), ..TableName::default() };
        if self.engine.read().await.catalog().table(&table).is_some() {
            return Err(AppendError::Refused(format!(
                "the table `{name}` is read from files; send to another"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use azimuth_host::{Column, ColumnType, Window};
    use azimuth_query::Config;
    use futures_util::StreamExt;
    use serde_json::json;

    use super::*;

    fn question(text: &str) -> Question {
        Question {
            text: text.to_owned(),
            scope: Scope::Database(String::new()),
            further: Vec::new(),
            window: None,
            parameters: Vec::new(),
            options: Vec::new(),
            timeout: Duration::from_secs(60),
            now: "2026-01-02T00:00:00Z".parse().unwrap(),
        }
    }

    async fn rows(telemetry: &EngineTelemetry, question: Question) -> Result<serde_json::Value, AskError> {
        let mut answer = telemetry.ask(question).await?;
        let mut rows = Vec::new();
        while let Some(page) = answer.tables[0].pages.next().await {
            rows.extend(page?.into_iter().map(serde_json::Value::Array));
        }
        Ok(rows.into())
    }

    #[test]
    fn what_is_appended_is_seen_by_the_next_question() {
        // Plans are deep in builds that are not optimised.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_stack_size(16 << 20)
            .enable_all()
            .build()
            .unwrap();
        let work = async {
            let engine = Engine::new(Config::default()).unwrap();
            let telemetry = EngineTelemetry::new(engine, "Main".to_owned(), 100);
            let columns =
                vec![Column::new("TimeGenerated", ColumnType::Datetime), Column::new("n", ColumnType::Long)];
            let scope = Scope::Database("main".to_owned());
            telemetry.create(&scope, TableSchema { name: "T".to_owned(), columns }).await.unwrap();
            assert_eq!(rows(&telemetry, question("T | count")).await.unwrap(), json!([[0]]));
            let record =
                |time: &str, n: i32| json!({"TimeGenerated": time, "n": n}).as_object().unwrap().clone();
            let batch = Batch {
                scope,
                table: "T".to_owned(),
                records: vec![record("2026-01-01T00:00:00Z", 1), record("2025-01-01T00:00:00Z", 2)],
                transform: None,
                identity: None,
                received: "2026-01-02T00:00:00Z".parse().unwrap(),
            };
            telemetry.append(batch).await.unwrap();
            assert_eq!(rows(&telemetry, question("T | summarize sum(n)")).await.unwrap(), json!([[3]]));
            let window = Window {
                from: "2025-12-31T00:00:00Z".parse().unwrap(),
                to: "2026-01-02T00:00:00Z".parse().unwrap(),
            };
            let limited = Question { window: Some(window), ..question("T | summarize sum(n)") };
            assert_eq!(rows(&telemetry, limited).await.unwrap(), json!([[1]]));
            let declared = Question {
                parameters: vec![("x".to_owned(), "5".to_owned()), ("s".to_owned(), "'a b'".to_owned())],
                ..question("declare query_parameters(x:long, s:string); print x + 1, s")
            };
            assert_eq!(rows(&telemetry, declared).await.unwrap(), json!([[6, "a b"]]));
            assert_eq!(rows(&telemetry, question("AppRequests | count")).await.unwrap(), json!([[0]]));
            let unknown = rows(&telemetry, question("NoSuchTable")).await;
            assert!(matches!(unknown, Err(AskError::Invalid(_))));
            let elsewhere = Question { scope: Scope::Database("Other".to_owned()), ..question("print 1") };
            assert!(matches!(rows(&telemetry, elsewhere).await, Err(AskError::NoSuchScope(_))));
        };
        runtime.block_on(async { tokio::spawn(work).await.unwrap() });
    }
}
