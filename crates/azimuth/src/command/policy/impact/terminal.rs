//! An impact for eyes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use azimuth_policy::{ConsequenceKind, Delta, Label};

use super::outcome::{History, Impact, Kinds, Listed, Part, place};
use crate::command::output::safe;
use crate::report::terminal::{cut, cut_middle, seconds};
use crate::report::{count, thousands};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Days in the chart.
const DAYS: usize = 31;
/// Letters of the longest bar.
const BAR: u64 = 40;
/// Rows of a table of totals.
const ROWS: usize = 10;

pub(super) fn write(
    out: &mut dyn Write,
    impact: &Impact<'_>,
    show: usize,
    width: Option<usize>,
) -> io::Result<()> {
    let width = width.unwrap_or(usize::MAX);
    for assignment in impact.assignments {
        let mode = if assignment.is_enforced() { "" } else { ", not enforced" };
        writeln!(out, "{BOLD}{}{BOLD:#} at {}{mode}", safe(&assignment.name), safe(&assignment.scope))?;
    }
    writeln!(
        out,
        "{DIM}{} · beside the {} of today; only what is new is told{DIM:#}",
        match impact.labels.len() {
            1 => "1 policy".to_owned(),
            many => format!("{} policies", thousands(many)),
        },
        count(impact.assignments_today, "assignment")
    )?;
    writeln!(
        out,
        "\n{BOLD}Now{BOLD:#}: {} as of {}",
        count(impact.present.looked_at as usize, "resource"),
        seconds(impact.as_of)
    )?;
    part(out, impact, &impact.present, show, width)?;
    match &impact.history {
        History::Absent => {
            writeln!(out, "\n{BOLD}History{BOLD:#}: there is none without a store")?;
            writeln!(
                out,
                "{DIM}import exports regularly, `azimuth import PATH --store FILE`, then ask with --store FILE{DIM:#}"
            )
        }
        History::Replayed(replayed) => {
            let span = match (replayed.first, replayed.last) {
                (Some(first), Some(last)) => format!(" from {} to {}", seconds(first), seconds(last)),
                _ => String::new(),
            };
            writeln!(
                out,
                "\n{BOLD}History{BOLD:#}: {} replayed{span}",
                count(replayed.writes as usize, "recorded write")
            )?;
            part(out, impact, &replayed.part, show, width)
        }
    }
}

fn part(out: &mut dyn Write, impact: &Impact<'_>, part: &Part, show: usize, width: usize) -> io::Result<()> {
    if part.totals.iter().all(|count| *count == 0) {
        return writeln!(out, "  nothing new");
    }
    let is_history = !part.by_actor.is_empty();
    for kind in ConsequenceKind::ALL.iter().filter(|kind| part.total(**kind) > 0) {
        let color = color(*kind);
        writeln!(
            out,
            "  {color}{} {:>7}{color:#} {}",
            mark(*kind),
            thousands(part.total(*kind) as usize),
            words(*kind, is_history)
        )?;
    }
    let by_policy: BTreeMap<String, Kinds> = part
        .by_policy
        .iter()
        .filter_map(|(policy, kinds)| Some((policy_title(impact.labels.get(*policy)?), *kinds)))
        .collect();
    if by_policy.len() > 1 {
        table(out, "POLICY", &by_policy, width)?;
    }
    if is_history {
        table(out, "ACTOR", &part.by_actor, width)?;
    }
    table(out, "TYPE", &part.by_type, width)?;
    if is_history {
        days(out, &part.by_day)?;
    }
    if show == 0 {
        return Ok(());
    }
    writeln!(out)?;
    let mut listed: Vec<&Listed> = part.listed.iter().collect();
    listed.sort_by_key(|listed| listed.consequence.kind);
    for listed in listed.iter().take(show) {
        example(out, impact.labels, listed, width)?;
    }
    let all: u64 = part.totals.iter().sum();
    if all > show as u64 {
        writeln!(
            out,
            "  {DIM}… {} more: --show {all}, or --format csv{DIM:#}",
            thousands(all as usize - show)
        )?;
    }
    Ok(())
}

fn example(out: &mut dyn Write, labels: &[Label], listed: &Listed, width: usize) -> io::Result<()> {
    let consequence = &listed.consequence;
    let color = color(consequence.kind);
    let name = consequence.kind.name();
    writeln!(
        out,
        "  {color}{name:<10}{color:#} {}",
        cut_middle(&safe(&listed.resource), width.saturating_sub(13))
    )?;
    let room = width.saturating_sub(13);
    let pad = " ".repeat(13);
    if let Some((sequence, time, actor)) = &listed.when {
        let text = format!("{} by {actor} (change {sequence})", seconds(*time));
        writeln!(out, "{pad}{DIM}{}{DIM:#}", cut(&safe(&text), room))?;
    }
    let titles: Vec<String> =
        consequence.policies.iter().filter_map(|policy| labels.get(*policy)).map(policy_title).collect();
    writeln!(out, "{pad}{}", cut(&safe(&titles.join(", ")), room))?;
    for delta in consequence.deltas.iter().take(5) {
        writeln!(out, "{pad}{}", cut(&safe(&delta_text(delta)), room))?;
    }
    if consequence.deltas.len() > 5 {
        writeln!(out, "{pad}{DIM}… {} more{DIM:#}", count(consequence.deltas.len() - 5, "property"))?;
    }
    if let Some(note) = &consequence.note {
        writeln!(out, "{pad}{DIM}{}{DIM:#}", cut(&safe(note), room))?;
    }
    Ok(())
}

/// `$.tags.x: absent → "y"`
pub(super) fn delta_text(delta: &Delta) -> String {
    let shown = |value: &Option<serde_json::Value>| {
        value.as_ref().map_or_else(|| "absent".to_owned(), serde_json::Value::to_string)
    };
    format!("{}: {} → {}", delta.path, shown(&delta.before), shown(&delta.after))
}

fn policy_title(label: &Label) -> String {
    let reference =
        if label.reference_id.is_empty() { String::new() } else { format!(", {}", label.reference_id) };
    format!("{} ({}{reference})", label.title, label.effect)
}

/// Totals by something, the largest first.
fn table(out: &mut dyn Write, what: &str, rows: &BTreeMap<String, Kinds>, width: usize) -> io::Result<()> {
    let kinds: Vec<ConsequenceKind> = ConsequenceKind::ALL
        .into_iter()
        .filter(|kind| rows.values().any(|row| row[place(*kind)] > 0))
        .collect();
    write!(out, "\n ")?;
    for kind in &kinds {
        write!(out, "{DIM}{:>10}{DIM:#}", kind.name().to_uppercase())?;
    }
    writeln!(out, "  {DIM}{what}{DIM:#}")?;
    let mut sorted: Vec<(&String, &Kinds)> = rows.iter().collect();
    sorted.sort_by_key(|(_, row)| std::cmp::Reverse(row.iter().sum::<u64>()));
    for (name, row) in sorted.iter().take(ROWS) {
        write!(out, " ")?;
        for kind in &kinds {
            let color = color(*kind);
            let number = row[place(*kind)];
            let shown = if number == 0 { "–".to_owned() } else { thousands(number as usize) };
            write!(out, "{color}{shown:>10}{color:#}")?;
        }
        writeln!(out, "  {}", cut(&safe(name), width.saturating_sub(kinds.len() * 10 + 3)))?;
    }
    if sorted.len() > ROWS {
        writeln!(out, "  {DIM}… {} more{DIM:#}", sorted.len() - ROWS)?;
    }
    Ok(())
}

/// A bar for each of the last days with consequences.
fn days(out: &mut dyn Write, rows: &BTreeMap<String, Kinds>) -> io::Result<()> {
    let skipped = rows.len().saturating_sub(DAYS);
    let shown: Vec<(&String, &Kinds)> = rows.iter().skip(skipped).collect();
    let most = shown.iter().map(|(_, row)| row.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    writeln!(out, "\n  {DIM}DAY{DIM:#}")?;
    for (day, row) in shown {
        let all: u64 = row.iter().sum();
        write!(out, "  {day}  ")?;
        for kind in ConsequenceKind::ALL {
            let number = row[place(kind)];
            if number > 0 {
                let letters = (number * BAR).div_ceil(most) as usize;
                let color = color(kind);
                write!(out, "{color}{}{color:#}", bar_letter(kind).repeat(letters))?;
            }
        }
        writeln!(out, " {}", thousands(all as usize))?;
    }
    Ok(())
}

/// Bars differ without colour, too.
fn bar_letter(kind: ConsequenceKind) -> &'static str {
    match kind {
        ConsequenceKind::Denied | ConsequenceKind::Blocked => "█",
        ConsequenceKind::Changed | ConsequenceKind::Deployed => "▓",
        ConsequenceKind::Marked => "▒",
        ConsequenceKind::Undecided => "░",
    }
}

fn mark(kind: ConsequenceKind) -> char {
    match kind {
        ConsequenceKind::Denied | ConsequenceKind::Blocked => '✗',
        ConsequenceKind::Changed | ConsequenceKind::Deployed => '~',
        ConsequenceKind::Marked => '!',
        ConsequenceKind::Undecided => '?',
    }
}

fn color(kind: ConsequenceKind) -> Style {
    match kind {
        ConsequenceKind::Denied | ConsequenceKind::Blocked => AnsiColor::Red.on_default().bold(),
        ConsequenceKind::Changed | ConsequenceKind::Deployed => AnsiColor::Cyan.on_default(),
        ConsequenceKind::Marked => AnsiColor::Yellow.on_default(),
        ConsequenceKind::Undecided => DIM,
    }
}

/// What a kind means, now or in the past.
pub(super) fn words(kind: ConsequenceKind, is_history: bool) -> &'static str {
    match (kind, is_history) {
        (ConsequenceKind::Denied, true) => "would have been denied",
        (ConsequenceKind::Denied, false) => "do not comply, and their next write is denied",
        (ConsequenceKind::Blocked, _) => "deletions would have been blocked",
        (ConsequenceKind::Changed, true) => "would have been changed",
        (ConsequenceKind::Changed, false) => "would be changed",
        (ConsequenceKind::Deployed, true) => "would have had something deployed beside them",
        (ConsequenceKind::Deployed, false) => "would have something deployed beside them",
        (ConsequenceKind::Marked, true) => "would have passed and not complied",
        (ConsequenceKind::Marked, false) => "would not comply",
        (ConsequenceKind::Undecided, _) => "cannot be decided with what is known",
    }
}
