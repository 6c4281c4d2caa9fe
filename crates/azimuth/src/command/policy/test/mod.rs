//! `azimuth policy test`: unit tests for definitions.

mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_diag::{Diagnostic, Severity};
use azimuth_policy::lint::{PolicyObject, Workspace};
use azimuth_policy::suite::{Coverage, Files, Library, Suite, SuiteReport, parse_suite, run_suite, starter};

use super::aliases;
use super::lint::files;
use crate::args::{PolicyTestArgs, TestFormat};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

/// How the files of suites are called.
const ENDINGS: &[&str] = &[".test.yaml", ".test.yml"];

/// What came of all suites.
pub(super) struct Outcome {
    reports: Vec<SuiteReport>,
    /// Suites that are written wrongly.
    broken: Vec<Diagnostic>,
    /// What was seen of every definition.
    coverage: Vec<Coverage>,
}

/// Files beside a suite.
struct Beside<'a> {
    folder: &'a Path,
}

impl Files for Beside<'_> {
    fn text(&self, name: &str) -> Result<(String, String), String> {
        let path = self.folder.join(name);
        let text = files::text_of(&path).map_err(|failure| format!("{:#}", failure.error))?;
        Ok((path.display().to_string(), text))
    }
}

pub(crate) fn run(args: &PolicyTestArgs, ui: Ui) -> Result<Exit, Failure> {
    let catalogue = Arc::new(aliases::catalogue(&args.aliases)?);
    let now = args.now.as_deref().map(input::parse_time).transpose()?.unwrap_or_else(jiff::Timestamp::now);
    if let Some(path) = &args.init {
        return init(path, &catalogue, now, args.out.as_deref());
    }
    let mut paths = Vec::new();
    for path in &args.paths {
        files::find(path, ENDINGS, 0, &mut paths)?;
    }
    if paths.is_empty() {
        let named: Vec<String> = args.paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Failure::input(format_args!("no `*.test.yaml` found in {}", named.join(", ")))
            .hint("write one to start with: `azimuth policy test --init DEFINITION --out NAME.test.yaml`"));
    }
    let known = files::read(&args.definitions)?.workspace;
    let library = Library { known: &known, catalogue: &catalogue, now };
    let outcome = run_all(&paths, &library, args.filter.as_deref())?;
    for found in &outcome.broken {
        let text = found.place.file.as_deref().and_then(|file| files::text_of(Path::new(file)).ok());
        ui.error(azimuth_diag::render(found, text.as_deref()).trim_end());
    }
    let cases: usize = outcome.reports.iter().map(|report| report.cases.len()).sum();
    if let (Some(filter), 0, true) = (&args.filter, cases, outcome.broken.is_empty()) {
        return Err(Failure::usage(format_args!("no case has `{filter}` in its name")));
    }
    if outcome.reports.is_empty() && args.format == TestFormat::Terminal {
        return Ok(Exit::Input);
    }
    output::to(args.out.as_deref(), |out| match args.format {
        TestFormat::Terminal => report::terminal(out, &outcome, args.coverage),
        TestFormat::Json => report::json(out, &outcome),
        TestFormat::Junit => report::junit(out, &outcome),
        TestFormat::Lcov => report::lcov(out, &outcome),
    })?;
    if !outcome.broken.is_empty() {
        return Ok(Exit::Input);
    }
    let percent = report::percent(&outcome.coverage);
    if let Some(least) = args.coverage_min.filter(|least| percent < *least) {
        ui.error(format_args!("coverage is {percent:.1} %, less than the {least} % that are wanted"));
        return Ok(Exit::ConditionMet);
    }
    let is_passed = outcome.reports.iter().all(SuiteReport::is_passed);
    Ok(if is_passed { Exit::Done } else { Exit::ConditionMet })
}

fn run_all(paths: &[PathBuf], library: &Library<'_>, filter: Option<&str>) -> Result<Outcome, Failure> {
    let mut outcome = Outcome { reports: Vec::new(), broken: Vec::new(), coverage: Vec::new() };
    for path in paths {
        let text = files::text_of(path)?;
        let parsed = parse_suite(&path.display().to_string(), &text);
        let Some(suite) = parsed.value else {
            let errors = parsed.diagnostics.into_iter().filter(|found| found.severity == Severity::Error);
            outcome.broken.extend(errors);
            continue;
        };
        let files = Beside { folder: path.parent().unwrap_or(Path::new("")) };
        let report = run_suite(&suite, library, &files, &|name| is_wanted(&suite, name, filter));
        if let Some(coverage) = &report.coverage {
            match outcome.coverage.iter_mut().find(|known| known.is_of_same(coverage)) {
                Some(known) => known.merge(coverage),
                None => outcome.coverage.push(coverage.clone()),
            }
        }
        if !report.cases.is_empty() || report.error.is_some() {
            outcome.reports.push(report);
        }
    }
    Ok(outcome)
}

fn is_wanted(suite: &Suite, case: &str, filter: Option<&str>) -> bool {
    let Some(filter) = filter.map(str::to_lowercase) else { return true };
    let names = [case, &suite.file, suite.name.as_deref().unwrap_or_default(), &suite.subject.name];
    names.iter().any(|name| name.to_lowercase().contains(&filter))
}

/// Writes a suite to start with.
fn init(
    path: &Path,
    catalogue: &Arc<azimuth_policy::Catalogue>,
    now: jiff::Timestamp,
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    let text = files::text_of(path)?;
    let file = path.display().to_string();
    let source = Source::parse(&file, &text)
        .map_err(|found| Failure::input(azimuth_diag::render(&found, Some(&text)).trim_end()))?;
    let mut workspace = Workspace::new();
    workspace.add(&source);
    let wrong = workspace.diagnostics().iter().find(|found| found.severity == Severity::Error);
    if let Some(found) = wrong {
        return Err(Failure::input(azimuth_diag::render(found, Some(&text)).trim_end()));
    }
    let definitions: Vec<_> = workspace
        .entries()
        .iter()
        .filter_map(|entry| match &entry.object {
            PolicyObject::Definition(definition) => Some(definition),
            _ => None,
        })
        .collect();
    let [definition] = &*definitions else {
        return Err(Failure::input(format_args!("`{file}` holds {} definitions", definitions.len()))
            .hint("a suite is started for a file with one definition"));
    };
    // Suites name files from their own folder.
    let named = match out.and_then(Path::parent) {
        Some(folder) if path.parent() == Some(folder) => path.file_name().map(PathBuf::from),
        Some(folder) if !folder.as_os_str().is_empty() => std::path::absolute(path).ok(),
        _ => None,
    };
    let named = named.unwrap_or_else(|| path.to_owned());
    let suite = starter(definition, catalogue, &named.display().to_string(), now);
    output::to(out, |out| out.write_all(suite.as_bytes()))?;
    Ok(Exit::Done)
}
