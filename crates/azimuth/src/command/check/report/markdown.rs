//! For wikis and pull requests: a table of violations, then what is unknown.

use std::io::{self, Write};

use super::super::outcome::{Found, Outcome};
use super::{grouped, terminal};

/// Rows of a table before the rest is only counted; comments on pull requests have a limit.
const MAX_ROWS: usize = 200;

pub(in super::super) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    writeln!(out, "# Template check\n\n{}.\n", escape(&terminal::summary(outcome)))?;
    for text in &outcome.unread {
        writeln!(out, "- not read: {}", escape(text))?;
    }
    for template in &outcome.templates {
        for finding in template.errors() {
            writeln!(
                out,
                "- `{}` would be refused: {}",
                template.file.replace('`', "'"),
                escape(&finding.message)
            )?;
        }
    }
    if outcome.unread.len() + outcome.refused() > 0 {
        writeln!(out)?;
    }
    if !outcome.findings.is_empty() {
        writeln!(
            out,
            "## Violations\n\n| severity | rule | place | resource | what is wrong |\n|---|---|---|---|---|"
        )?;
        rows(out, outcome, &outcome.findings, true)?;
    }
    let denials: Vec<_> = outcome.templates.iter().flat_map(|template| &template.denials).collect();
    if !denials.is_empty() {
        writeln!(out, "## Refused by policy\n")?;
        for denial in denials {
            let message = denial.body["error"]["message"].as_str().unwrap_or_default();
            writeln!(out, "- {}: {}", escape(&denial.resource.name), escape(message))?;
        }
        writeln!(out)?;
    }
    if !outcome.unknown.is_empty() {
        writeln!(
            out,
            "## Unknown until deployment\n\n| rule | place | resource | what is not known |\n|---|---|---|---|"
        )?;
        rows(out, outcome, &outcome.unknown, false)?;
    }
    if !outcome.suppressed.is_empty() {
        writeln!(out, "## Suppressed\n")?;
        for found in &outcome.suppressed {
            let finding = &found.finding;
            let reason = finding.suppressed.as_deref().unwrap_or_default();
            writeln!(
                out,
                "- {} at `{}:{}`: {}",
                finding.rule,
                finding.place.spot.file,
                finding.place.spot.line,
                escape(reason)
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn rows(out: &mut dyn Write, outcome: &Outcome, found: &[Found], severity: bool) -> io::Result<()> {
    let groups = grouped(found);
    for group in groups.iter().take(MAX_ROWS) {
        let Some(first) = group.first() else { continue };
        let finding = &first.finding;
        let spot = &finding.place.spot;
        let more = if group.len() > 1 { format!(" and {} more", group.len() - 1) } else { String::new() };
        let rule = match outcome.rule(&finding.rule).and_then(|rule| rule.help_url.as_deref()) {
            Some(url) => format!("[{}]({url})", escape(&finding.rule)),
            None => escape(&finding.rule),
        };
        if severity {
            write!(out, "| {} ", finding.severity.name())?;
        }
        writeln!(
            out,
            "| {rule} | `{}:{}` | {}{more} | {} |",
            spot.file.replace(['`', '|'], "'"),
            spot.line,
            escape(&finding.resource.name),
            escape(&finding.message)
        )?;
    }
    if groups.len() > MAX_ROWS {
        writeln!(out, "\n… and {} more places.", groups.len() - MAX_ROWS)?;
    }
    writeln!(out)
}

/// Text that stays text in a table cell. Backticks stay: messages use them for what the user wrote.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace(['\n', '\r'], " ")
}
