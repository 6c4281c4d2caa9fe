//! Runs the cases of one file. Whatever a runner does, the other cases still run.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::suites::Runner;

/// What came of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FileResult {
    /// Cases that were run.
    pub total: usize,
    /// Those that failed, in the order of the file.
    pub failures: Vec<Failure>,
}

impl FileResult {
    /// Cases that passed.
    pub fn passed(&self) -> usize {
        self.total - self.failures.len()
    }
}

/// One failed case.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its `id`, or `line N` if it has none.
    pub id: String,
    /// What was expected and what came.
    pub why: String,
}

/// Runs every case of the file, or the one with the id `only`. A line that is no JSON is a failed case.
///
/// # Errors
/// If the file cannot be read.
pub fn run_file(path: &Path, runner: Runner, only: Option<&str>) -> Result<FileResult> {
    let text = read(path)?;
    let mut result = FileResult::default();
    for (number, line) in case_lines(&text) {
        let case: Result<Value, _> = serde_json::from_str(line);
        let id = match &case {
            Ok(case) => case["id"].as_str().map(str::to_owned),
            Err(_) => None,
        };
        let id = id.unwrap_or_else(|| format!("line {number}"));
        if only.is_some_and(|only| only != id) {
            continue;
        }
        result.total += 1;
        let outcome = match case {
            Ok(case) => run_case(runner, &case),
            Err(error) => Err(format!("line {number} is no JSON: {error}")),
        };
        if let Err(why) = outcome {
            result.failures.push(Failure { id, why });
        }
    }
    Ok(result)
}

/// How many cases the file holds.
///
/// # Errors
/// If the file cannot be read.
pub fn count_cases(path: &Path) -> Result<usize> {
    Ok(case_lines(&read(path)?).count())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

fn case_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.trim().is_empty())
}

/// Runs one case; a panic of the runner or the engine is a failure with the panic's message and place.
fn run_case(runner: Runner, case: &Value) -> Result<(), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| runner(case)));
    outcome.unwrap_or_else(|_| {
        let message = LAST_PANIC.with_borrow_mut(Option::take);
        Err(format!("panicked: {}", message.unwrap_or_else(|| "without a message".to_owned())))
    })
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics silent and remembers their text for the report. Call once, before the first case.
pub fn remember_panics() {
    std::panic::set_hook(Box::new(|panic| {
        // `Display` gives message and place on two lines.
        let text = panic.to_string().replace('\n', " ");
        LAST_PANIC.with_borrow_mut(|last| *last = Some(text));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(case: &Value) -> Result<(), String> {
        match case["do"].as_str() {
            Some("pass") => Ok(()),
            Some("panic") => panic!("on purpose"),
            other => Err(format!("told to fail by {other:?}")),
        }
    }

    const CASES: &str =
        "{\"id\":\"a\",\"do\":\"pass\"}\n\n{\"id\":\"b\",\"do\":\"panic\"}\n{broken\n{\"do\":\"fail\"}\n";

    fn run(only: Option<&str>) -> FileResult {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.jsonl");
        std::fs::write(&path, CASES).unwrap();
        assert_eq!(count_cases(&path).unwrap(), 4);
        run_file(&path, runner, only).unwrap()
    }

    #[test]
    fn every_case_counts_whatever_the_others_do() {
        let result = run(None);
        assert_eq!((result.passed(), result.total), (1, 4));
        let ids: Vec<&str> = result.failures.iter().map(|failure| failure.id.as_str()).collect();
        assert_eq!(ids, ["b", "line 4", "line 5"]);
        assert!(result.failures[0].why.starts_with("panicked: "), "{}", result.failures[0].why);
        assert!(result.failures[1].why.contains("no JSON"), "{}", result.failures[1].why);
    }

    #[test]
    fn one_case_can_be_picked() {
        assert_eq!(run(Some("a")), FileResult { total: 1, failures: Vec::new() });
        assert_eq!(run(Some("nobody")).total, 0);
    }
}
