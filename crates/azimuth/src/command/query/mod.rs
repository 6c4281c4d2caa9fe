//! `azimuth query`: KQL over files and the estate.

mod chart;
pub(super) mod estate;
pub(super) mod functions;
mod output;
mod prompt;
pub(super) mod tables;

use std::fs;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use azimuth_diag::{Diagnostic, Severity};
use azimuth_kql::bind::{self, Options};
use azimuth_kql::format::{FormatOptions, format};
use azimuth_kql::lint;
use azimuth_query::{Config, Engine, Limits, QueryError, Settings};
use azimuth_values::text;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use self::tables::Files;
use super::arm::diagnostics::show;
use crate::args::{InputArgs, QueryArgs, QueryFormat};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::report::count;
use crate::ui::Ui;

/// Longer queries are refused.
const MAX_QUERY: u64 = 4 << 20;

/// Whoever waits longer wants to see that something happens.
const LONG: Duration = Duration::from_millis(800);

/// What queries are asked of.
struct Session<'a> {
    args: &'a QueryArgs,
    engine: Engine,
    runtime: Runtime,
    /// The query that Ctrl-C ends.
    running: Arc<Mutex<Option<Settings>>>,
    ui: Ui,
}

pub(crate) fn run(args: &QueryArgs, ui: Ui) -> Result<Exit, Failure> {
    let query = query_text(args)?;
    if let (Some(query), true) = (&query, args.pretty) {
        return pretty(query, args, ui);
    }
    if args.output == QueryFormat::Parquet && args.out.is_none() {
        return Err(Failure::usage("Parquet is not for terminals").hint("add `--out FILE.parquet`"));
    }
    let threads = args.limits.threads.unwrap_or_else(input::threads).clamp(1, 256);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_time()
        // Plans of long queries are deep.
        .thread_stack_size(16 << 20)
        .build()
        .context("cannot start")?;
    let engine = Engine::new(Config { limits: limits(args), parallelism: threads, seed: seed() })
        .context("the query engine does not start")?;
    let mut session = Session { args, engine, runtime, running: Arc::default(), ui };
    // Held until the last query has ended: other processes must not delete what is read.
    let _lake = match &args.lake {
        Some(folder) => {
            let lake = super::lake::for_queries(folder, &session.runtime, ui)?;
            lake.snapshot()
                .register(&mut session.engine)
                .context("the tables of the lake cannot be queried")?;
            Some(lake)
        }
        None => None,
    };
    let named = Files { table: &args.table, schema: &args.schema, format: args.format };
    tables::register(&mut session.engine, &session.runtime, &named, ui)?;
    if !args.estate.is_empty() || args.store.is_some() {
        let source = InputArgs {
            paths: args.estate.clone(),
            store: args.store.clone(),
            as_of: args.as_of.clone(),
            ..InputArgs::default()
        };
        estate::register(&mut session.engine, &input::load(&source, ui)?.snapshot)?;
    }
    functions::register(&mut session)?;
    // From here on Ctrl-C stops a query; before, it ends the program.
    let running = session.running.clone();
    ctrlc::set_handler(move || {
        if let Some(running) = &*running.lock().unwrap_or_else(PoisonError::into_inner) {
            running.cancellation.cancel();
        }
    })?;
    match query {
        None => prompt::run(&mut session),
        Some(query) if args.lint => Ok(session.lint(&query)),
        Some(query) if args.explain || args.analyse => session.explain(&query),
        Some(query) => session.answer(&query, args.output),
    }
}

/// The query's text; `None` when it is to be asked for.
fn query_text(args: &QueryArgs) -> Result<Option<String>, Failure> {
    let mut text = String::new();
    if let Some(path) = &args.file {
        let file = fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()));
        let mut file = file.map_err(|error| Failure::new(Exit::Input, error))?.take(MAX_QUERY + 1);
        file.read_to_string(&mut text)
            .with_context(|| format!("`{}` is no text", path.display()))
            .map_err(|error| Failure::new(Exit::Input, error))?;
    } else {
        let is_asked = args.query.is_none() && std::io::stdin().is_terminal();
        match args.query.as_deref() {
            Some(query) if query != "-" => text = query.to_owned(),
            _ if is_asked => return Ok(None),
            _ => {
                std::io::stdin()
                    .take(MAX_QUERY + 1)
                    .read_to_string(&mut text)
                    .context("cannot read the query from standard input")
                    .map_err(|error| Failure::new(Exit::Input, error))?;
            }
        }
    }
    if text.len() as u64 > MAX_QUERY {
        return Err(Failure::input(format_args!("the query is longer than {} MB", MAX_QUERY >> 20)));
    }
    if text.trim().is_empty() {
        return Err(Failure::usage("the query is empty").hint("see `azimuth query --help` for examples"));
    }
    Ok(Some(text))
}

fn limits(args: &QueryArgs) -> Limits {
    let unlimited = |limit: u64| if limit == 0 { u64::MAX } else { limit };
    Limits {
        rows: unlimited(args.limits.max_rows),
        bytes: unlimited(args.limits.max_mb.saturating_mul(1 << 20)),
        memory: args.limits.memory.saturating_mul(1 << 20),
        time: Duration::from_secs(args.limits.timeout),
        ..Limits::default()
    }
}

/// What `rand()` begins with: another every time.
fn seed() -> u64 {
    Timestamp::now().as_nanosecond() as u64
}

fn pretty(query: &str, args: &QueryArgs, ui: Ui) -> Result<Exit, Failure> {
    let text = format(query, &FormatOptions::default()).map_err(|found| invalid(&found, query, ui))?;
    super::output::to(args.out.as_deref(), |out| writeln!(out, "{text}"))?;
    Ok(Exit::Done)
}

/// The failure of a query with errors, which are shown.
fn invalid(found: &[Diagnostic], query: &str, ui: Ui) -> Failure {
    let errors: Vec<_> = found.iter().filter(|found| found.severity == Severity::Error).collect();
    for error in &errors {
        show(error, Some(query), ui);
    }
    Failure::input(format_args!("the query has {}", count(errors.len(), "error")))
}

impl Session<'_> {
    /// What `now()` is, in ticks.
    fn now(&self) -> Result<i64, Failure> {
        let now = match &self.args.now {
            Some(text) => input::parse_time(text)?,
            None => Timestamp::now(),
        };
        ticks(now)
    }

    /// Waits for the engine, and tells how far it is when that takes long.
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let running = self.running();
        let progress = running.as_ref().map(|settings| settings.progress.clone()).unwrap_or_default();
        drop(running);
        self.runtime.block_on(async {
            let mut work = pin!(work);
            if let Ok(done) = tokio::time::timeout(LONG, work.as_mut()).await {
                return done;
            }
            let spinner = self.ui.spinner("rows read:");
            loop {
                spinner.set_position(progress.scanned().rows);
                if let Ok(done) = tokio::time::timeout(LONG / 4, work.as_mut()).await {
                    spinner.finish_and_clear();
                    return done;
                }
            }
        })
    }

    fn running(&self) -> MutexGuard<'_, Option<Settings>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next query runs under: Ctrl-C ends it, and only it.
    fn settings(&self) -> Settings {
        self.running().insert(Settings::default()).clone()
    }

    fn explain(&self, query: &str) -> Result<Exit, Failure> {
        let (now, settings) = (self.now()?, self.settings());
        let plan = match self.args.analyse {
            true => self.wait(self.engine.analyse(query, now, &settings)),
            false => self.wait(self.engine.explain(query, now, &settings)),
        };
        let plan = plan.map_err(|error| failed(&error, query, self.ui))?;
        super::output::to(self.args.out.as_deref(), |out| match self.args.output {
            QueryFormat::Json => super::output::json(out, &plan),
            _ => write!(out, "{plan}"),
        })?;
        Ok(Exit::Done)
    }

    /// Shows what is wrong with a query, or what a lint has to say about it.
    fn lint(&self, query: &str) -> Exit {
        let names = self.engine.catalog();
        let mut found = bind::bind(query, names, &Options::default()).diagnostics;
        if !found.iter().any(|found| found.severity == Severity::Error) {
            found.extend(lint::lint(query, names).into_iter().map(|found| found.diagnostic));
        }
        for found in &found {
            show(found, Some(query), self.ui);
        }
        self.ui.note(match found.len() {
            0 => "nothing found".to_owned(),
            number => count(number, "finding"),
        });
        if found.is_empty() { Exit::Done } else { Exit::ConditionMet }
    }

    /// Runs a query and shows what it answers.
    fn answer(&self, query: &str, format: QueryFormat) -> Result<Exit, Failure> {
        let settings = self.settings();
        let answer = self.wait(self.engine.query_with(query, self.now()?, &settings));
        let answer = answer.map_err(|error| failed(&error, query, self.ui))?;
        let to_eyes =
            format == QueryFormat::Table && self.args.out.is_none() && std::io::stdout().is_terminal();
        let is_drawn = answer.results.iter().any(|set| set.render.is_some());
        if let (QueryFormat::Parquet, Some(path)) = (format, &self.args.out) {
            output::parquet(self, answer.results, query, path)?;
        } else if self.args.chart.is_some() || (to_eyes && is_drawn) {
            chart::show(self, answer.results, query, format)?;
        } else {
            output::write(self, answer.results, query, format)?;
        }
        Ok(Exit::Done)
    }
}

/// A moment in ticks of 100 ns since year 1.
pub(super) fn ticks(moment: Timestamp) -> Result<i64, Failure> {
    text::read_datetime(&moment.to_string())
        .ok_or_else(|| Failure::usage(format_args!("`{moment}` lies beyond the years 1 to 9999")))
}

/// What a query's error means to people.
fn failed(error: &QueryError, query: &str, ui: Ui) -> Failure {
    match error {
        QueryError::Invalid(found) => invalid(found, query, ui),
        QueryError::TooManyRows(_) => Failure::input(error).hint("or raise `--max-rows`"),
        QueryError::TooManyBytes(_) => Failure::input(error).hint("or raise `--max-mb`"),
        QueryError::OutOfMemory(_) => Failure::input(error).hint("or raise `--memory`"),
        QueryError::TimedOut(_) => Failure::input(error).hint("or raise `--timeout`"),
        QueryError::Cancelled => Failure::new(Exit::Outside, anyhow::anyhow!("{error}")),
        QueryError::Record(_) => Failure::input(error).hint("mend the file, or leave it out of `--table`"),
        other => Failure::input(other),
    }
}

/// Text of a file, with its name in the error.
fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))
        .map_err(|error| Failure::new(Exit::Input, error))
}
