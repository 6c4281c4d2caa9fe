//! The summary for eyes: overall, by assignment, by policy with examples, by scope, and what is missing.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use azimuth_policy::{ComplianceState, Counts};

use super::bad;
use super::summary::Summary;
use crate::command::output::safe;
use crate::report::terminal::{cut, cut_middle, seconds};
use crate::report::{count, thousands};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Width of the numbers before a title.
const NUMBERS: usize = 36;

pub(super) fn write(
    out: &mut dyn Write,
    summary: &Summary<'_>,
    top: usize,
    show: usize,
    width: Option<usize>,
) -> io::Result<()> {
    let width = width.unwrap_or(usize::MAX);
    head(out, summary)?;
    assignments(out, summary, top, width)?;
    policies(out, summary, top, show, width)?;
    scopes(out, summary, top, width)?;
    components(out, summary, top, show, width)?;
    gaps(out, summary, top, width)?;
    if bad(&summary.tally.all) > 0 {
        writeln!(
            out,
            "\n{DIM}next: --explain RESOURCE says why; --format html --out compliance.html makes a page{DIM:#}"
        )?;
    }
    Ok(())
}

fn head(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    let tally = summary.tally;
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}: Azure Policy as of {}",
        safe(&summary.estate),
        seconds(summary.job.surroundings.now())
    )?;
    let program = summary.job.scan.governance().program();
    writeln!(
        out,
        "{DIM}{} · {} · {} · {}{DIM:#}",
        count(tally.resources as usize, "resource"),
        count(summary.job.names.assignments.len(), "assignment"),
        match program.policies().len() {
            1 => "1 assigned policy".to_owned(),
            many => format!("{} assigned policies", thousands(many)),
        },
        count(tally.results as usize, "result"),
    )?;
    if tally.all.total() + tally.all.undecided == 0 {
        return writeln!(out, "\nno assigned policy is about any resource");
    }
    writeln!(
        out,
        "\n{BOLD}{}{BOLD:#} of {} comply",
        percent(&tally.all),
        count(tally.all.total() as usize, "resource")
    )?;
    let parts: Vec<String> = Counts::STATES
        .iter()
        .filter(|state| tally.all.of(**state) > 0)
        .map(|state| {
            let color = color(*state);
            format!("{color}{} {}{color:#}", thousands(tally.all.of(*state) as usize), word(*state))
        })
        .collect();
    writeln!(out, "{}", parts.join(" · "))?;
    if tally.all.undecided > 0 {
        writeln!(
            out,
            "{YELLOW}?{YELLOW:#} {} have policies that the files do not decide: the true share may be lower",
            count(tally.all.undecided as usize, "resource")
        )?;
    }
    Ok(())
}

fn assignments(out: &mut dyn Write, summary: &Summary<'_>, top: usize, width: usize) -> io::Result<()> {
    if summary.assignments.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}Assignments{BOLD:#}")?;
    numbers_head(out, "ASSIGNMENT")?;
    for index in summary.assignments.iter().take(top) {
        let name = &summary.job.names.assignments[*index];
        let scope = name.scope.rsplit('/').next().unwrap_or_default();
        let mode = if name.is_enforced { "" } else { ", not enforced" };
        numbers(out, &summary.tally.assignments[*index].counts)?;
        let title = safe(&name.title).into_owned();
        let rest = format!("  {} at {scope}{mode}", name.name);
        let room = width.saturating_sub(NUMBERS);
        let shown = cut(&title, room);
        let left = room.saturating_sub(shown.chars().count());
        writeln!(out, "{shown}{DIM}{}{DIM:#}", cut(&safe(&rest), left))?;
    }
    more(out, summary.assignments.len(), top, "assignment")
}

fn policies(
    out: &mut dyn Write,
    summary: &Summary<'_>,
    top: usize,
    show: usize,
    width: usize,
) -> io::Result<()> {
    if summary.failing.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}Policies that most resources do not comply with{BOLD:#}")?;
    for id in summary.failing.iter().take(top) {
        let (policy, assignment) = summary.policy(*id);
        let tally = &summary.tally.policies[id.0 as usize];
        let failing = bad(&tally.counts);
        writeln!(
            out,
            " {RED}✗ {:>7}{RED:#} {}",
            thousands(failing as usize),
            cut(&safe(&policy.title), width.saturating_sub(11))
        )?;
        let pad = " ".repeat(11);
        let room = width.saturating_sub(11);
        let reference = if policy.reference_id.is_empty() {
            String::new()
        } else {
            format!(" · {}", policy.reference_id)
        };
        let facts = format!(
            "{} · {} of {} comply · {} at {}{reference}",
            policy.effect,
            percent(&tally.counts),
            thousands(tally.counts.total() as usize),
            assignment.name,
            assignment.scope.rsplit('/').next().unwrap_or_default()
        );
        writeln!(out, "{pad}{DIM}{}{DIM:#}", cut(&safe(&facts), room))?;
        if let Some(message) = &policy.message {
            writeln!(out, "{pad}{DIM}“{}”{DIM:#}", cut(&safe(message), room.saturating_sub(2)))?;
        }
        for (entry, why) in summary.examples(*id, show) {
            writeln!(out, "{pad}{}", cut_middle(&safe(&entry.id()), room))?;
            for line in why.lines().iter().take(3) {
                writeln!(out, "{pad}  {}", cut(&safe(line), room.saturating_sub(2)))?;
            }
        }
        if failing > show as u64 && show > 0 {
            writeln!(out, "{pad}{DIM}… {} more{DIM:#}", thousands(failing as usize - show))?;
        }
    }
    more(out, summary.failing.len(), top, "policy")
}

fn scopes(out: &mut dyn Write, summary: &Summary<'_>, top: usize, width: usize) -> io::Result<()> {
    if summary.scopes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}Scopes{BOLD:#}")?;
    numbers_head(out, "SCOPE")?;
    // A tree that is cut in the middle misleads; twice the rows are worth it.
    for row in summary.scopes.iter().take(top.saturating_mul(2)) {
        numbers(out, &row.counts)?;
        let title = format!("{}{}", "  ".repeat(row.depth), safe(&row.title));
        writeln!(out, "{}", cut(&title, width.saturating_sub(NUMBERS)))?;
    }
    more(out, summary.scopes.len(), top.saturating_mul(2), "scope")
}

/// What resource providers reported of the components, which no share above counts.
fn components(
    out: &mut dyn Write,
    summary: &Summary<'_>,
    top: usize,
    show: usize,
    width: usize,
) -> io::Result<()> {
    let found = summary.facts.components;
    if found.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{BOLD}Components{BOLD:#} {DIM}as resource providers reported them, in no number above{DIM:#}"
    )?;
    writeln!(out, "{DIM}{:>8} {:>9} {:>8}  POLICY{DIM:#}", "COMPLY", "FAILING", "OF")?;
    for row in found.rows.iter().take(top) {
        let failing = row.failing();
        let color = if failing > 0 { RED } else { GREEN };
        write!(
            out,
            "{color}{:>8} {:>9}{color:#} {:>8}  ",
            row.percent().map_or_else(|| "–".to_owned(), share),
            thousands(failing),
            thousands(row.total())
        )?;
        let (policy, assignment) = summary.policy(row.policy);
        let room = width.saturating_sub(29);
        let shown = cut(&safe(&policy.title), room);
        let left = room.saturating_sub(shown.chars().count());
        writeln!(out, "{shown}{DIM}{}{DIM:#}", cut(&safe(&format!("  {}", assignment.name)), left))?;
        for component in row.examples.iter().take(show) {
            let line =
                format!("{} ({}) of {}", component.name, component.component_type, component.resource_id);
            writeln!(out, "{}{}", " ".repeat(29), cut_middle(&safe(&line), room))?;
        }
    }
    more(out, found.rows.len(), top, "policy")?;
    if found.elsewhere > 0 {
        writeln!(
            out,
            "{DIM}{} belong to resources or policies that are not looked at{DIM:#}",
            count(found.elsewhere, "further component state")
        )?;
    }
    Ok(())
}

fn gaps(out: &mut dyn Write, summary: &Summary<'_>, top: usize, width: usize) -> io::Result<()> {
    let gaps = summary.gaps();
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}Not decided{BOLD:#}")?;
    for (what, hint) in gaps.iter().take(top) {
        writeln!(out, " {YELLOW}?{YELLOW:#} {}", cut(&safe(what), width.saturating_sub(3)))?;
        if let Some(hint) = hint {
            writeln!(out, "   {DIM}{}{DIM:#}", cut(&safe(hint), width.saturating_sub(3)))?;
        }
    }
    more(out, gaps.len(), top, "gap")
}

fn numbers_head(out: &mut dyn Write, what: &str) -> io::Result<()> {
    writeln!(out, "{DIM}{:>8} {:>9} {:>8} {:>7}  {what}{DIM:#}", "COMPLY", "FAILING", "OF", "UNDEC.")
}

/// The share that complies, how many do not, of how many, and how many are undecided.
fn numbers(out: &mut dyn Write, counts: &Counts) -> io::Result<()> {
    let failing = bad(counts);
    let color = if failing > 0 { RED } else { GREEN };
    write!(
        out,
        "{color}{:>8} {:>9}{color:#} {:>8} {:>7}  ",
        percent(counts),
        thousands(failing as usize),
        thousands(counts.total() as usize),
        if counts.undecided > 0 { thousands(counts.undecided as usize) } else { String::new() }
    )
}

fn more(out: &mut dyn Write, all: usize, top: usize, noun: &str) -> io::Result<()> {
    if all <= top {
        return Ok(());
    }
    let noun = if noun == "policy" { "policies".to_owned() } else { format!("{noun}s") };
    writeln!(out, "{DIM}… {} more {noun}: --top {all} shows all{DIM:#}", thousands(all - top))
}

/// `83.4 %`; never rounded up to 100 or down to 0.
pub(super) fn percent(counts: &Counts) -> String {
    counts.percent().map_or_else(|| "–".to_owned(), share)
}

fn share(percent: f64) -> String {
    match percent {
        value if value > 0.0 && value < 0.1 => "<0.1 %".to_owned(),
        value if value > 99.9 && value < 100.0 => ">99.9 %".to_owned(),
        value => format!("{value:.1} %"),
    }
}

/// A state as people say it.
pub(super) fn word(state: ComplianceState) -> &'static str {
    match state {
        ComplianceState::Compliant => "compliant",
        ComplianceState::NonCompliant => "not compliant",
        ComplianceState::Exempt => "exempt",
        ComplianceState::Conflict => "in conflict",
        ComplianceState::Unknown => "unknown",
        ComplianceState::Error => "failed",
        ComplianceState::NotStarted => "not started",
        ComplianceState::NotEvaluable => "undecided",
    }
}

fn color(state: ComplianceState) -> Style {
    match state {
        ComplianceState::NonCompliant | ComplianceState::Error | ComplianceState::Conflict => RED,
        ComplianceState::Compliant => GREEN,
        ComplianceState::Exempt
        | ComplianceState::Unknown
        | ComplianceState::NotStarted
        | ComplianceState::NotEvaluable => DIM,
    }
}
