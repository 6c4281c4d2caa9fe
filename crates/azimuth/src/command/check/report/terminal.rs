//! For eyes: the line of the template, underlined, and what to do.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use azimuth_diag::{Diagnostic, LineIndex, Severity as Level};
use azimuth_preflight::{Severity, Spot};

use super::super::outcome::{Found, Outcome, Template};
use super::{count, grouped, shown, source_name};
use crate::command::output::safe;

/// Groups of findings shown unless everything is asked for.
const MAX_FINDINGS: usize = 100;
/// Lines about what is unknown, or suppressed, shown unless everything is asked for.
const MAX_LINES: usize = 12;
/// Diagnostics shown of one template unless everything is asked for.
const MAX_DIAGNOSTICS: usize = 5;
/// Characters of a line shown before the underlined part when the line is long.
const LEAD: usize = 40;

pub(in super::super) fn write(
    out: &mut dyn Write,
    outcome: &Outcome,
    all: bool,
    width: Option<usize>,
) -> io::Result<()> {
    let limit = |number| if all { usize::MAX } else { number };
    for unread in &outcome.unread {
        let red = AnsiColor::Red.on_default().bold();
        writeln!(out, "{red}not read{red:#}: {}\n", safe(unread))?;
    }
    for (index, template) in outcome.templates.iter().enumerate() {
        diagnostics(out, outcome, index, template, all)?;
    }
    let groups = grouped(&outcome.findings);
    for group in groups.iter().take(limit(MAX_FINDINGS)) {
        finding(out, outcome, group, all, width)?;
    }
    if groups.len() > limit(MAX_FINDINGS) {
        writeln!(out, "… and {} more places; `--all` shows them\n", groups.len() - MAX_FINDINGS)?;
    }
    changes(out, outcome)?;
    denials(out, outcome)?;
    section(out, "Unknown until deployment", &outcome.unknown, limit(MAX_LINES), |found| {
        found.finding.message.clone()
    })?;
    if all {
        section(out, "Suppressed", &outcome.suppressed, usize::MAX, |found| {
            format!("reason: {}", found.finding.suppressed.as_deref().unwrap_or_default())
        })?;
    }
    writeln!(out, "{}", summary(outcome))
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::Low => AnsiColor::Blue.on_default().bold(),
    }
}

fn finding(
    out: &mut dyn Write,
    outcome: &Outcome,
    group: &[&Found],
    all: bool,
    width: Option<usize>,
) -> io::Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let finding = &first.finding;
    let style = style(finding.severity);
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let rule = outcome.rule(&finding.rule);
    let title = rule.map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    writeln!(
        out,
        "{style}{}[{}]{style:#}{bold}: {}{bold:#}",
        finding.severity.name(),
        safe(&finding.rule),
        safe(title)
    )?;
    let others = if group.len() > 1 { format!(" and {} more", group.len() - 1) } else { String::new() };
    let resource = format!("{} {}{others}", finding.resource.resource_type, finding.resource.name);
    writeln!(
        out,
        "  {dim}-->{dim:#} {}  {dim}{}{dim:#}",
        safe(&shown(&finding.place.spot)),
        safe(&resource)
    )?;
    let text = outcome.texts.get(&finding.place.spot.file);
    let drawn = text.and_then(|text| excerpt(text, &finding.place.spot, style, width));
    let pad = " ".repeat(finding.place.spot.line.to_string().len());
    match drawn {
        Some(drawn) => write!(out, "{drawn}")?,
        None => writeln!(out, " {pad} {dim}|{dim:#}")?,
    }
    let mut notes = vec![safe(&finding.message).into_owned()];
    if let Some(from) = &finding.place.value_from {
        let name = source_name(&finding.place).map(|name| format!("{name}, ")).unwrap_or_default();
        notes.push(format!("the value is from {name}{}", shown(from)));
    }
    if let Some(condition) = &finding.deployed_if {
        notes.push(format!("deployed only if {condition}"));
    }
    if let (Some(assignment), Some(effect)) = (&finding.assignment, &finding.effect) {
        let scope = assignment.find("/providers/Microsoft.Authorization/").map_or("", |at| &assignment[..at]);
        let scope = if scope.is_empty() { "the tenant" } else { scope };
        notes.push(format!("assigned at {scope}, effect {effect}"));
    }
    let sets = outcome.templates.iter().filter(|template| template.file == first.template).count();
    if sets > 1 && first.parameters.len() < sets {
        notes.push(format!("with {}", first.parameters.join(", ")));
    }
    if all {
        for other in &group[1..] {
            let with = if other.parameters.is_empty() {
                String::new()
            } else {
                format!(" with {}", other.parameters.join(", "))
            };
            notes.push(format!("also {}{with}", other.finding.resource.name));
        }
    }
    for note in notes {
        writeln!(out, " {pad} {dim}={dim:#} {}", safe(&note))?;
    }
    if let Some(fix) = rule.and_then(|rule| rule.fix.as_deref()) {
        let cyan = AnsiColor::Cyan.on_default();
        writeln!(out, " {pad} {dim}={dim:#} {cyan}fix{cyan:#}: {}", safe(fix))?;
    }
    writeln!(out)
}

/// The line of a place, its part underlined.
fn excerpt(text: &str, spot: &Spot, style: Style, width: Option<usize>) -> Option<String> {
    let dim = Style::new().dimmed();
    let line = text.lines().nth(usize::try_from(spot.line).ok()?.checked_sub(1)?)?;
    let start = usize::try_from(spot.column).ok()?.checked_sub(1)?;
    let characters: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Of a value of many lines the first is underlined.
    let end = if spot.end_line == spot.line {
        usize::try_from(spot.end_column).ok()? - 1
    } else {
        characters.len()
    };
    let end = end.clamp(start, characters.len()).max(start + 1);
    let gutter = spot.line.to_string();
    let pad = " ".repeat(gutter.len());
    let room = width.unwrap_or(160).saturating_sub(gutter.len() + 5).max(20);
    let indent = characters.iter().take_while(|c| **c == ' ').count().min(start);
    // Long lines are cut around the place; others lose what indents them beyond a few columns.
    let from = if end - indent.saturating_sub(4) > room {
        start.saturating_sub(LEAD)
    } else {
        indent.saturating_sub(4)
    };
    let shown: String = characters.iter().skip(from).take(room).collect();
    let marks = "^".repeat((end - start).min(room.saturating_sub(start - from)).max(1));
    let mut out = String::new();
    let _ = writeln!(out, " {pad} {dim}|{dim:#}");
    let _ = writeln!(out, " {dim}{gutter} |{dim:#} {}", safe(shown.trim_end()));
    let _ = writeln!(out, " {pad} {dim}|{dim:#} {}{style}{marks}{style:#}", " ".repeat(start - from));
    Some(out)
}

fn section(
    out: &mut dyn Write,
    title: &str,
    found: &[Found],
    limit: usize,
    text: impl Fn(&Found) -> String,
) -> io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    writeln!(out, "{bold}{title}{bold:#}")?;
    let groups = grouped(found);
    for group in groups.iter().take(limit) {
        let Some(first) = group.first() else { continue };
        let finding = &first.finding;
        let others = if group.len() > 1 { format!(" and {} more", group.len() - 1) } else { String::new() };
        writeln!(
            out,
            "  {}  {dim}{}  {}{others}{dim:#}\n      {}",
            safe(&finding.rule),
            safe(&shown(&finding.place.spot)),
            safe(&finding.resource.name),
            safe(&text(first))
        )?;
    }
    if groups.len() > limit {
        writeln!(out, "  … and {} more places; `--all` shows them", groups.len() - limit)?;
    }
    writeln!(out)
}

fn diagnostics(
    out: &mut dyn Write,
    outcome: &Outcome,
    index: usize,
    template: &Template,
    all: bool,
) -> io::Result<()> {
    // What another set of parameters had told of the same template is not told again.
    let earlier: Vec<&Template> =
        outcome.templates[..index].iter().filter(|other| other.file == template.file).collect();
    let is_told = |finding: &Diagnostic| earlier.iter().any(|other| other.diagnostics.contains(finding));
    let limit = if all { usize::MAX } else { MAX_DIAGNOSTICS };
    let file = &template.file;
    // What the given values spoil shows up as unknown; what is told here is wrong whatever the values, or is about the
    // check itself, or about a parameter file that lacks a value.
    let mut shown: Vec<&Diagnostic> = template
        .diagnostics
        .iter()
        .filter(|finding| match finding.severity {
            Level::Error => true,
            Level::Warning | Level::Note => {
                let lacks = finding.code == "arm-missing-parameter" && template.parameters.is_some();
                all || lacks || finding.code.starts_with("check-")
            }
        })
        .filter(|finding| !is_told(finding))
        .collect();
    shown.sort_by_key(|finding| finding.severity);
    for finding in shown.iter().take(limit) {
        let style = match finding.severity {
            Level::Error => AnsiColor::Red.on_default().bold(),
            Level::Warning => AnsiColor::Yellow.on_default().bold(),
            Level::Note => AnsiColor::Cyan.on_default(),
        };
        let (kind, bold) = (format!("{:?}", finding.severity).to_lowercase(), Style::new().bold());
        writeln!(out, "{style}{kind}[{}]{style:#}{bold}: {}{bold:#}", finding.code, safe(&finding.message))?;
        let name = finding.place.file.as_deref().unwrap_or(file);
        let (line, column) = (finding.place.line.unwrap_or(1), finding.place.column.unwrap_or(1));
        let dim = Style::new().dimmed();
        writeln!(out, "  {dim}-->{dim:#} {}:{line}:{column}", safe(name))?;
        if let (Some(text), Some((_, end))) = (outcome.texts.get(name), finding.place.span) {
            let (end_line, end_column) = LineIndex::new(text).position(text, end);
            let spot = Spot { file: name.to_owned(), line, column, end_line, end_column, span: None };
            if let Some(drawn) = excerpt(text, &spot, style, crate::ui::width()) {
                write!(out, "{drawn}")?;
            }
        }
        if let Some(hint) = &finding.hint {
            let cyan = AnsiColor::Cyan.on_default();
            let pad = " ".repeat(line.to_string().len());
            writeln!(out, " {pad} {dim}={dim:#} {cyan}hint{cyan:#}: {}", safe(hint))?;
        }
        writeln!(out)?;
    }
    if shown.len() > limit {
        writeln!(out, "… and {} more about `{}`; `--all` shows them\n", shown.len() - limit, safe(file))?;
    }
    Ok(())
}

fn changes(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let changes: Vec<_> = outcome.templates.iter().flat_map(|template| &template.changes).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    writeln!(out, "{bold}Changed by policy on the way{bold:#}")?;
    for change in changes {
        writeln!(
            out,
            "  {} {}  {dim}{}  by {}{dim:#}",
            safe(&change.resource.resource_type),
            safe(&change.resource.name),
            safe(&shown(&change.place.spot)),
            safe(&change.rules.join(", "))
        )?;
        for (pointer, before, after) in &change.properties {
            writeln!(
                out,
                "      {}: {} → {}",
                safe(pointer.trim_start_matches('/')),
                safe(&before.to_string()),
                safe(&after.to_string())
            )?;
        }
    }
    writeln!(out)
}

fn denials(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let denials: Vec<_> = outcome.templates.iter().flat_map(|template| &template.denials).collect();
    if denials.is_empty() {
        return Ok(());
    }
    let red = AnsiColor::Red.on_default().bold();
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    writeln!(out, "{bold}Refused by policy{bold:#}")?;
    for denial in denials {
        let error = &denial.body["error"];
        let message = error["message"].as_str().unwrap_or_default();
        // The identifiers are those of the findings above; JSON has the whole answer.
        let message = message.split(" Policy identifiers:").next().unwrap_or_default();
        writeln!(
            out,
            "  {red}{}{red:#} {} {}  {dim}by {}{dim:#}\n      {}",
            error["code"].as_str().unwrap_or_default(),
            safe(&denial.resource.resource_type),
            safe(&denial.resource.name),
            safe(&denial.rules.join(", ")),
            safe(message)
        )?;
    }
    writeln!(out)
}

/// One line about everything.
pub(in super::super) fn summary(outcome: &Outcome) -> String {
    let sets = outcome.templates.len();
    let sets = if sets > outcome.files() { format!(", {sets} sets of parameters") } else { String::new() };
    let mut text = format!(
        "{} with {}{sets} checked by {} in {}",
        count(outcome.files(), "template"),
        count(outcome.resources(), "resource"),
        count(outcome.rules.len(), "rule"),
        seconds(outcome.elapsed)
    );
    let violations = outcome.findings.len();
    if violations == 0 {
        text.push_str(": no violations");
    } else {
        let parts: Vec<String> = outcome
            .by_severity()
            .iter()
            .filter(|(_, number)| *number > 0)
            .map(|(severity, number)| format!("{number} {}", severity.name()))
            .collect();
        let _ = write!(text, ": {} ({})", count(violations, "violation"), parts.join(", "));
    }
    for (number, one, many) in [
        (outcome.unknown.len(), "unknown until deployment", "unknown until deployment"),
        (outcome.suppressed.len(), "suppressed", "suppressed"),
        (outcome.known, "in the baseline", "in the baseline"),
        (outcome.refused(), "template that would be refused", "templates that would be refused"),
        (outcome.uncompiled, "Bicep file without a compiler", "Bicep files without a compiler"),
        (outcome.unread.len(), "file not read", "files not read"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {}", if number == 1 { one } else { many });
        }
    }
    text
}

fn seconds(elapsed: std::time::Duration) -> String {
    let milliseconds = elapsed.as_millis();
    if milliseconds < 1_000 {
        format!("{milliseconds} ms")
    } else {
        format!("{:.1} s", elapsed.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(line: u64, column: u64, end_line: u64, end_column: u64) -> Spot {
        Spot { file: "t".to_owned(), line, column, end_line, end_column, span: None }
    }

    #[test]
    fn excerpts_underline_what_is_meant() {
        let plain = |text: &str, spot: &Spot, width| {
            let drawn = excerpt(text, spot, Style::new(), Some(width)).unwrap();
            anstream::adapter::strip_str(&drawn).to_string()
        };
        let text = "{\n        \"a\": false,\n  \"b\": {\n}}";
        assert_eq!(
            plain(text, &spot(2, 14, 2, 19), 80),
            "   |\n 2 |     \"a\": false,\n   |          ^^^^^\n"
        );
        assert_eq!(plain(text, &spot(3, 8, 4, 2), 80), "   |\n 3 |   \"b\": {\n   |        ^\n");
        let long = format!("{}X{}", " y".repeat(200), "z".repeat(200));
        let drawn = plain(&long, &spot(1, 401, 1, 402), 80);
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
        assert!(excerpt("a", &spot(7, 1, 7, 2), Style::new(), None).is_none());
    }
}
