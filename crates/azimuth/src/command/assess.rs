//! `azimuth assess`: judge the estate and show the result.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use azimuth_host::{Change, Documents};
use azimuth_ids::{DocumentKey, fold};
use azimuth_posture::{Assessment, History, Options, Verdict, Version};
use serde_json::Value;

use super::{controls, output};
use crate::args::{AssessArgs, FailOn, Format};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::report;
use crate::ui::Ui;

pub(crate) fn run(args: &AssessArgs, ui: Ui) -> Result<Exit, Failure> {
    let explained = args.explain.as_deref().map(controls::find).transpose()?;
    let mut wanted = Vec::new();
    for id in args.control.iter().map(String::as_str).chain(explained.map(|control| control.id)) {
        wanted.push(controls::find(id)?.id);
    }
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let estate = input::load(&args.input, ui)?;
    let history = estate.store.as_ref().map(|store| StoreHistory(store.documents()));
    let options = Options {
        segments: args.segments.as_deref(),
        history: history.as_ref().map(|history| history as &dyn History),
        ..Options::new(estate.as_of)
    };
    let bar = ui.bar("judging", azimuth_posture::controls().len() as u64, false);
    let mut assessment =
        azimuth_posture::assess(&estate.snapshot, &options, input::threads(), &|_control, done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        });
    bar.finish_and_clear();
    if !wanted.is_empty() {
        assessment.results.retain(|result| wanted.contains(&result.control.id));
    }
    let known = baseline.map_or(0, |known| remove_known(&mut assessment, &known));
    output::to(args.out.as_deref(), |out| match (explained, args.format) {
        (Some(control), Format::Terminal) => {
            report::terminal::explain(out, &assessment, control, crate::ui::width())
        }
        (_, Format::Terminal) => {
            report::terminal::write(out, &assessment, known, args.show, crate::ui::width())
        }
        (_, Format::Json) => output::json(out, &assessment),
        (_, Format::Sarif) => report::sarif::write(out, &assessment),
        (_, Format::Junit) => report::junit::write(out, &assessment),
        (_, Format::Html) => report::html::write(out, &assessment),
        (_, Format::Markdown) => report::markdown::write(out, &assessment),
        (_, Format::Csv) => report::csv::write(out, &assessment),
    })?;
    let violated = assessment.results.iter().any(|result| {
        matches!(&result.verdict, Verdict::Violated { counterexamples, .. } if !counterexamples.is_empty())
    });
    let unknown = assessment.results.iter().any(|result| matches!(result.verdict, Verdict::Unknown { .. }));
    let met = match args.fail_on {
        FailOn::Never => false,
        FailOn::Violated => violated,
        FailOn::Unknown => violated || unknown,
    };
    // The process ends here: taking a large estate apart again would cost a fifth of the whole run.
    std::mem::forget(estate);
    Ok(if met { Exit::ConditionMet } else { Exit::Done })
}

/// Versions of one document that are looked at.
const VERSIONS: usize = 10_000;

/// Earlier versions of documents, for controls that ask how something came about.
pub(crate) struct StoreHistory<'a>(pub(crate) &'a dyn Documents);

impl History for StoreHistory<'_> {
    fn versions(&self, key: &str) -> Vec<Version> {
        let Ok(key) = DocumentKey::parse(key) else { return Vec::new() };
        let changes = self.0.history(&key, VERSIONS).unwrap_or_default();
        let version =
            |change: Change| Version { time: change.time, body: change.after.map(|body| (*body).into()) };
        changes.into_iter().map(version).collect()
    }
}

/// Counterexamples by their control and place.
type Known = BTreeSet<(String, (String, String))>;

/// The counterexamples that a JSON report lists.
fn read_baseline(path: &Path) -> Result<Known, Failure> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the baseline `{}`", path.display()))
        .map_err(|error| Failure::new(Exit::Input, error))?;
    let refuse = |what: &str| {
        Failure::input(format_args!("the baseline `{}` {what}", path.display()))
            .hint("make one with `azimuth assess … --format json --out baseline.json`")
    };
    let value: Value =
        serde_json::from_str(&text).map_err(|error| refuse(&format!("is no JSON: {error}")))?;
    let results = value.get("results").and_then(Value::as_array);
    let results = results.ok_or_else(|| refuse("is no assessment: `$.results` is missing"))?;
    let mut known = Known::new();
    for result in results {
        let control = result.get("id").and_then(Value::as_str);
        let control = control.ok_or_else(|| refuse("is no assessment: a result names no control"))?;
        let list = result.get("counterexamples").and_then(Value::as_array);
        for example in list.into_iter().flatten() {
            let text = |name: &str| example.get(name).and_then(Value::as_str).unwrap_or_default();
            known.insert((control.to_owned(), (fold(text("object")).into_owned(), text("path").to_owned())));
        }
    }
    Ok(known)
}

/// Drops counterexamples of the baseline and returns how many. A control all of whose counterexamples were
/// known stays violated with an empty list: nothing new, but nothing mended either.
fn remove_known(assessment: &mut Assessment, known: &Known) -> usize {
    let mut dropped = 0;
    for result in &mut assessment.results {
        let id = result.control.id;
        if let Verdict::Violated { counterexamples, .. } = &mut result.verdict {
            let before = counterexamples.len();
            counterexamples.retain(|example| !known.contains(&(id.to_owned(), example.place())));
            dropped += before - counterexamples.len();
        }
    }
    dropped
}
