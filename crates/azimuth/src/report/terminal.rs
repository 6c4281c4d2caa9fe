//! The report for eyes: grouped by area, coloured, as wide as the terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use azimuth_posture::{Assessment, Control, ControlResult, Counterexample, Verdict};

use super::{
    Kind, by_area, checked, count, counterexamples, counts, missing, plain, summary_line, thousands,
};

use crate::command::output::safe;

/// Width of wrapped text when nobody looks at a terminal.
const PROSE: usize = 100;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn style(kind: Kind) -> Style {
    match kind {
        Kind::Violated => AnsiColor::Red.on_default().bold(),
        Kind::Unknown => AnsiColor::Yellow.on_default(),
        Kind::Proven => AnsiColor::Green.on_default(),
        Kind::NotApplicable => Style::new().dimmed(),
    }
}

fn mark(kind: Kind) -> char {
    match kind {
        Kind::Violated => '✗',
        Kind::Unknown => '?',
        Kind::Proven => '✓',
        Kind::NotApplicable => '–',
    }
}

/// Writes the whole report; `known` counterexamples were in the baseline, `show` are listed for each control.
pub(crate) fn write(
    out: &mut dyn Write,
    assessment: &Assessment,
    known: usize,
    show: usize,
    width: Option<usize>,
) -> io::Result<()> {
    let width = width.unwrap_or(usize::MAX);
    head(out, assessment, width)?;
    for (area, results) in by_area(assessment) {
        writeln!(out, "\n{BOLD}{}{BOLD:#}", area.title())?;
        for result in results {
            line(out, result, show, width)?;
        }
    }
    foot(out, assessment, known, width)
}

fn head(out: &mut dyn Write, assessment: &Assessment, width: usize) -> io::Result<()> {
    let summary = &assessment.summary;
    let name = summary.tenant_name.as_deref().or(summary.tenant_id.as_deref()).unwrap_or("the estate");
    let as_of = format!(" as of {}", seconds(assessment.as_of));
    writeln!(out, "{BOLD}{}{BOLD:#}{as_of}", cut(&safe(name), width.saturating_sub(as_of.len())))?;
    let parts = [
        count(summary.resources, "resource"),
        count(summary.subscriptions, "subscription"),
        count(summary.management_groups, "management group"),
        count(summary.users, "user"),
    ];
    dim(out, &parts.join(" · "), width)
}

/// Dimmed text, wrapped.
fn dim(out: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    write!(out, "{DIM}")?;
    wrap(out, text, 0, width)?;
    write!(out, "{DIM:#}")
}

/// A time without its fraction of a second.
pub(crate) fn seconds(time: jiff::Timestamp) -> String {
    time.round(jiff::Unit::Second).unwrap_or(time).to_string()
}

fn line(out: &mut dyn Write, result: &ControlResult, show: usize, width: usize) -> io::Result<()> {
    let kind = Kind::of(&result.verdict);
    let color = style(kind);
    let control = result.control;
    writeln!(
        out,
        " {color}{} {:<5} {:<14}{color:#} {}",
        mark(kind),
        control.id,
        kind.word(),
        cut(control.title, width.saturating_sub(24))
    )?;
    let indent = 24;
    let room = width.saturating_sub(indent);
    let pad = " ".repeat(indent);
    writeln!(out, "{pad}{DIM}{}{DIM:#}", cut(&safe(&summary_line(&result.verdict)), room))?;
    let examples = counterexamples(&result.verdict);
    for example in examples.iter().take(show) {
        for text in [cut_middle(&safe(&example.object), room), cut(&safe(&seen(example)), room)] {
            writeln!(out, "{pad}{text}")?;
        }
    }
    if examples.len() > show {
        let rest = thousands(examples.len() - show);
        writeln!(out, "{pad}{DIM}… {rest} more: --explain {}{DIM:#}", control.id)?;
    }
    if kind == Kind::Unknown
        && let Some(first) = missing(&result.verdict).first()
        && !first.command.is_empty()
    {
        writeln!(out, "{pad}{DIM}run{DIM:#} {}", cut(&safe(&first.command), room.saturating_sub(4)))?;
    }
    Ok(())
}

fn seen(example: &Counterexample) -> String {
    format!("  {} is {}, wanted {}", example.path, plain(&example.seen), example.wanted)
}

fn foot(out: &mut dyn Write, assessment: &Assessment, known: usize, width: usize) -> io::Result<()> {
    let counts = counts(&assessment.results);
    let examples: usize =
        assessment.results.iter().map(|result| counterexamples(&result.verdict).len()).sum();
    let parts: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| {
            let color = style(*kind);
            format!("{color}{} {}{color:#}", counts[*kind as usize], kind.word())
        })
        .collect();
    writeln!(out, "\n{BOLD}{}{BOLD:#}: {}", count(assessment.results.len(), "control"), parts.join(" · "))?;
    writeln!(out, "{}", count(examples, "counterexample"))?;
    if known > 0 {
        writeln!(out, "{DIM}{} more are in the baseline{DIM:#}", thousands(known))?;
    }
    if counts[Kind::Violated as usize] > 0 || counts[Kind::Unknown as usize] > 0 {
        let next = "next: --explain CONTROL says why and how to fix it; --format html --out report.html makes a page";
        dim(out, next, width)?;
    }
    Ok(())
}

/// Everything about one control and its verdict.
pub(crate) fn explain(
    out: &mut dyn Write,
    assessment: &Assessment,
    control: &Control,
    width: Option<usize>,
) -> io::Result<()> {
    control_text(out, control, width)?;
    let width = width.unwrap_or(PROSE);
    let Some(result) = assessment.results.iter().find(|result| result.control.id == control.id) else {
        return Ok(());
    };
    let kind = Kind::of(&result.verdict);
    let color = style(kind);
    writeln!(out, "\n{BOLD}Verdict{BOLD:#} as of {}", seconds(assessment.as_of))?;
    writeln!(
        out,
        "  {color}{} {}{color:#}: {}",
        mark(kind),
        kind.word(),
        safe(&summary_line(&result.verdict))
    )?;
    if kind != Kind::Proven {
        for check in checked(&result.verdict) {
            writeln!(out, "  checked: {} {}", thousands(check.objects), check.what)?;
        }
    }
    for example in counterexamples(&result.verdict) {
        writeln!(out, "\n  {BOLD}{}{BOLD:#}", safe(&example.object))?;
        writeln!(out, "    {}", safe(&example.path))?;
        writeln!(out, "    seen    {}", safe(&plain(&example.seen)))?;
        writeln!(out, "    wanted  {}", safe(&example.wanted))?;
        if let Some(note) = &example.note {
            wrap(out, &safe(note), 4, width)?;
        }
        if let Some(fix) = &example.fix {
            writeln!(out, "    fix     {}", safe(fix))?;
        }
    }
    let lacking = missing(&result.verdict);
    if !lacking.is_empty() {
        writeln!(out, "\n{BOLD}Missing evidence{BOLD:#}")?;
        for need in lacking {
            let scope = need.scope.as_deref().map(|scope| format!(" at {scope}")).unwrap_or_default();
            let objects = if need.objects > 1 {
                format!(" ({})", count(need.objects, "object"))
            } else {
                String::new()
            };
            writeln!(out, "  {}{objects}", safe(&format!("{}{scope}", need.what)))?;
            if !need.command.is_empty() {
                writeln!(out, "    run {}", safe(&need.command))?;
            }
        }
    }
    if let Verdict::NotApplicable { why } = &result.verdict {
        wrap(out, &safe(why), 2, width)?;
    }
    Ok(())
}

/// What a control is: why, how decided, evidence, fix.
pub(crate) fn control_text(out: &mut dyn Write, control: &Control, width: Option<usize>) -> io::Result<()> {
    let width = width.unwrap_or(PROSE);
    writeln!(out, "{BOLD}{} {}{BOLD:#}", control.id, control.title)?;
    writeln!(out, "{DIM}{} · severity {}{DIM:#}", control.area.title(), super::severity(control.severity))?;
    for (name, text) in [
        ("Why it matters", control.why),
        ("How it is decided", control.decided),
        ("How to fix it", control.fix),
    ] {
        writeln!(out, "\n{BOLD}{name}{BOLD:#}")?;
        wrap(out, text, 2, width)?;
    }
    if !control.evidence.is_empty() {
        writeln!(out, "\n{BOLD}Evidence{BOLD:#}")?;
        for need in control.evidence {
            writeln!(out, "  {}\n    run {}", need.what, need.command)?;
        }
    }
    Ok(())
}

/// Writes `text` in lines of at most `width` characters.
fn wrap(out: &mut dyn Write, text: &str, indent: usize, width: usize) -> io::Result<()> {
    let room = width.saturating_sub(indent).max(20);
    let pad = " ".repeat(indent);
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            writeln!(out, "{pad}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.is_empty() { Ok(()) } else { writeln!(out, "{pad}{line}") }
}

/// At most `room` characters, with an ellipsis at the end if something was cut.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// At most `room` characters, cut in the middle: both ends of an id matter.
pub(crate) fn cut_middle(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let keep = room.saturating_sub(1);
    let head: String = text.chars().take(keep / 3).collect();
    let tail: String = text.chars().skip(length - (keep - keep / 3)).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_keeps_the_width() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut_middle("0123456789", 7), "01…6789");
        assert_eq!(cut_middle("äöüäöü", 6), "äöüäöü");
    }

    #[test]
    fn wrapping_breaks_at_words() {
        let mut out = Vec::new();
        wrap(&mut out, "one two three four five six seven", 2, 22).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  one two three four\n  five six seven\n");
    }
}
