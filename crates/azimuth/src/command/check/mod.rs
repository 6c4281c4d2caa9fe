//! `azimuth check`: templates before they are deployed.

mod baseline;
mod estate;
mod files;
mod job;
mod outcome;
mod pack;
mod places;
mod report;
mod rules;
mod store;

use std::time::Instant;

use azimuth_preflight::Severity;

use super::output;
use crate::args::{CheckArgs, CheckFormat, FailOnSeverity, StoreCommand};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::{self, Ui};
use outcome::Outcome;

pub(crate) fn run(args: &CheckArgs, ui: Ui) -> Result<Exit, Failure> {
    let is_about_rules = args.list_rules || args.explain.is_some();
    if args.paths.is_empty() && !is_about_rules {
        return match &args.store {
            Some(path) => store::check(path),
            None => Err(Failure::usage("no template is named").hint(
                "pass templates, folders or globs, as in `azimuth check infra/`; `--list-rules` shows what is checked",
            )),
        };
    }
    let pack = pack::build(args, ui)?;
    if is_about_rules {
        return rules::show(args, &pack);
    }
    let started = Instant::now();
    let jobs = files::jobs(args, ui)?;
    let known = baseline::read(args.baseline.as_deref())?;
    let existing = estate::load(args, ui)?;
    let surroundings = estate::prepare(existing.as_ref(), args, ui)?;
    let checked = job::run_all(&jobs, args, &pack, &surroundings, ui);
    let mut outcome = Outcome::of(checked, &pack, surroundings.rules());
    outcome.drop_known(&known);
    outcome.elapsed = started.elapsed();
    write(args, &outcome, ui)?;
    Ok(exit(args.fail_on, &outcome))
}

/// `azimuth store`.
pub(crate) fn store(command: &StoreCommand) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Check(args) => store::check(&args.store),
    }
}

fn write(args: &CheckArgs, outcome: &Outcome, ui: Ui) -> Result<(), Failure> {
    let to_terminal = args.format == CheckFormat::Terminal;
    if !to_terminal || args.out.is_some() {
        for unread in &outcome.unread {
            ui.error(format_args!("error: {unread}"));
        }
        ui.note(report::terminal::summary(outcome));
    }
    output::to(args.out.as_deref(), |out| match args.format {
        CheckFormat::Terminal => report::terminal::write(out, outcome, args.all, ui::width()),
        CheckFormat::Json => report::json::write(out, outcome),
        CheckFormat::Sarif => report::sarif::write(out, outcome),
        CheckFormat::Junit => report::junit::write(out, outcome),
        CheckFormat::Markdown => report::markdown::write(out, outcome),
    })
}

/// A file that could not be read outweighs what was found in others: the check did not do what was asked.
fn exit(fail_on: FailOnSeverity, outcome: &Outcome) -> Exit {
    if !outcome.unread.is_empty() {
        return Exit::Input;
    }
    let has = |severity: Severity| outcome.findings.iter().any(|found| found.finding.severity >= severity);
    let is_met = match fail_on {
        FailOnSeverity::Never => false,
        FailOnSeverity::High => has(Severity::High) || outcome.refused() > 0,
        FailOnSeverity::Medium => has(Severity::Medium) || outcome.refused() > 0,
        FailOnSeverity::Low => has(Severity::Low) || outcome.refused() > 0,
        FailOnSeverity::Unknown => has(Severity::Low) || outcome.refused() > 0 || !outcome.unknown.is_empty(),
    };
    if is_met { Exit::ConditionMet } else { Exit::Done }
}

/// How many threads a check uses.
fn threads() -> usize {
    input::threads()
}
