//! A remediation run for eyes.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use azimuth_policy::{Delta, RemediationStep, StepAction};
use serde_json::Value;

use super::files::{Files, Sent};
use super::plan::{Plan, Planned, Question};
use super::{lacks, manifest};
use crate::command::output::safe;
use crate::command::policy::scan::rows::reason_code;
use crate::report::count;
use crate::report::terminal::{cut, cut_middle, seconds};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Changes shown of one resource.
const CHANGES: usize = 4;
/// Letters of a value that are shown.
const VALUE: usize = 80;

pub(super) fn write(
    out: &mut dyn Write,
    plan: &Plan,
    question: &Question<'_>,
    files: &Files,
    show: usize,
    folder: Option<&Path>,
) -> io::Result<()> {
    let with_steps = plan.runs.iter().filter(|planned| !planned.run.steps.is_empty()).count();
    let policies = if with_steps == 1 { "policy" } else { "policies" };
    writeln!(
        out,
        "{BOLD}{} to remediate{BOLD:#} under {with_steps} {policies}, as of {}",
        count(plan.steps(), "resource"),
        seconds(question.surroundings.now())
    )?;
    let width = crate::ui::width().unwrap_or(usize::MAX);
    for (number, planned) in plan.runs.iter().enumerate() {
        one(out, planned, number, question, files, show, width)?;
    }
    for (policy, reason) in &plan.refused {
        let violation = question.scan.governance().violation(*policy, &[]);
        writeln!(
            out,
            "\n{RED}✗{RED:#} {} at {}: the task would be refused: {}",
            safe(&violation.definition_display_name),
            safe(&violation.assignment_name),
            safe(reason)
        )?;
    }
    if plan.steps() > 0 && folder.is_none() {
        writeln!(out, "\n{DIM}next: --out DIR writes templates, parameters and bodies to send{DIM:#}")?;
    }
    Ok(())
}

fn one(
    out: &mut dyn Write,
    planned: &Planned,
    number: usize,
    question: &Question<'_>,
    files: &Files,
    show: usize,
    width: usize,
) -> io::Result<()> {
    let governance = question.scan.governance();
    let assignment = &governance.assignments()[planned.run.assignment];
    let violation = governance.violation(planned.run.policy, &[]);
    let title = Some(&violation.definition_display_name).filter(|name| !name.is_empty());
    let title = title.unwrap_or(&violation.definition_name);
    writeln!(out, "\n{BOLD}{}{BOLD:#}", cut(&safe(title), width))?;
    let scope = violation.assignment_scope.rsplit('/').next().unwrap_or_default();
    let reference = match violation.reference_id.as_str() {
        "" => String::new(),
        reference => format!(" · {reference}"),
    };
    let mode = if assignment.is_enforced() { "" } else { " · not enforced: only a task remediates" };
    let facts = format!(
        "  {} · {} at {scope}{reference}{mode}",
        planned.run.effect.name(),
        violation.assignment_name
    );
    writeln!(out, "{DIM}{}{DIM:#}", cut(&safe(&facts), width))?;
    rights(out, planned, question, width)?;
    for (at, step) in planned.run.steps.iter().enumerate().take(show) {
        show_step(out, step, files.sent(number, at), question, width)?;
    }
    let steps = planned.run.steps.len();
    if steps > show {
        writeln!(out, "    {DIM}… {} more{DIM:#}", count(steps - show, "resource"))?;
    }
    let failures = planned.run.failures();
    if failures > 0 {
        writeln!(out, "  {RED}✗{RED:#} {} would fail", count(failures, "step"))?;
    }
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for (_, reason) in &planned.run.left_out {
        let words = manifest::left_out(*reason);
        match reasons.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => reasons.push((words, 1)),
        }
    }
    for (words, number) in reasons {
        writeln!(out, "  {YELLOW}–{YELLOW:#} {} left out: {words}", count(number, "resource"))?;
    }
    for (why, number) in &planned.undecided {
        let line = format!("{} undecided: {}", count(*number as usize, "resource"), reason_code(why));
        writeln!(out, "  {YELLOW}?{YELLOW:#} {}", cut(&safe(&line), width.saturating_sub(4)))?;
    }
    Ok(())
}

/// The roles that are needed, and what is missing.
fn rights(out: &mut dyn Write, planned: &Planned, question: &Question<'_>, width: usize) -> io::Result<()> {
    if planned.run.steps.is_empty() {
        return Ok(());
    }
    let roles: Vec<String> = planned
        .needs
        .roles
        .iter()
        .zip(&planned.role_names)
        .map(|(role, name)| {
            let mark = match manifest::is_held(planned, role) {
                Some(true) => format!("{GREEN}held{GREEN:#}"),
                Some(false) => format!("{RED}missing{RED:#}"),
                None => "unknown".to_owned(),
            };
            format!("{} {mark}", safe(name))
        })
        .collect();
    if !roles.is_empty() {
        writeln!(out, "  roles: {}", roles.join(", "))?;
    }
    for lack in lacks::told(planned, question) {
        writeln!(out, "  {RED}!{RED:#} {}", cut(&safe(&lack.message), width.saturating_sub(4)))?;
        if let Some(command) = &lack.command {
            writeln!(out, "    {DIM}{}{DIM:#}", safe(command))?;
        }
    }
    Ok(())
}

fn show_step(
    out: &mut dyn Write,
    step: &RemediationStep,
    sent: &Sent,
    question: &Question<'_>,
    width: usize,
) -> io::Result<()> {
    let room = width.saturating_sub(4);
    writeln!(out, "    {}", cut_middle(&safe(&step.resource_id), room))?;
    match &step.action {
        StepAction::Deploy(deployment) => {
            for resource in deployment.resources.iter().take(CHANGES) {
                writeln!(
                    out,
                    "      {GREEN}+{GREEN:#} {}",
                    cut_middle(&safe(&resource.id), room.saturating_sub(4))
                )?;
            }
            for problem in deployment.diagnostics.iter().take(CHANGES) {
                writeln!(out, "      {YELLOW}!{YELLOW:#} {}", safe(&problem.message))?;
            }
        }
        StepAction::Change { after, .. } => {
            let changes = manifest::changes(step, after, question);
            for delta in changes.iter().take(CHANGES) {
                writeln!(out, "      {}", safe(&change(delta)))?;
            }
            if changes.len() > CHANGES {
                writeln!(out, "      {DIM}… {} more{DIM:#}", count(changes.len() - CHANGES, "change"))?;
            }
        }
        StepAction::Fail(reason) => writeln!(out, "      {RED}✗{RED:#} {}", safe(reason))?,
    }
    match sent {
        Sent::Deployment { command, .. } | Sent::Request { command, .. } => {
            writeln!(out, "      {DIM}{}{DIM:#}", safe(command))
        }
        Sent::Nothing => Ok(()),
    }
}

fn change(delta: &Delta) -> String {
    let shown = |value: &Option<Value>| {
        value.as_ref().map_or_else(|| "absent".to_owned(), |value| cut(&value.to_string(), VALUE))
    };
    format!("{}: {} → {}", delta.path, shown(&delta.before), shown(&delta.after))
}
