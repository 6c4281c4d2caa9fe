//! The summary as Markdown tables.

use std::io::{self, Write};

use super::bad;
use super::summary::Summary;
use super::terminal::{percent, word};
use crate::report::terminal::seconds;
use crate::report::thousands;
use azimuth_policy::Counts;

pub(super) fn write(out: &mut dyn Write, summary: &Summary<'_>, top: usize) -> io::Result<()> {
    let all = &summary.tally.all;
    writeln!(out, "# Azure Policy: {}\n", cell(&summary.estate))?;
    writeln!(
        out,
        "As of {}: **{}** of {} resources comply.\n",
        seconds(summary.job.surroundings.now()),
        percent(all),
        thousands(all.total() as usize)
    )?;
    writeln!(out, "| state | resources |\n|---|---:|")?;
    for state in Counts::STATES.iter().filter(|state| all.of(**state) > 0) {
        writeln!(out, "| {} | {} |", word(*state), thousands(all.of(*state) as usize))?;
    }
    if all.undecided > 0 {
        writeln!(out, "| with undecided policies | {} |", thousands(all.undecided as usize))?;
    }
    writeln!(
        out,
        "\n## Assignments\n\n| assignment | scope | comply | failing | of | undecided |\n|---|---|---:|---:|---:|---:|"
    )?;
    for index in summary.assignments.iter().take(top) {
        let name = &summary.job.names.assignments[*index];
        let scope = name.scope.rsplit('/').next().unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} |",
            cell(&name.title),
            cell(scope),
            numbers(&summary.tally.assignments[*index].counts)
        )?;
    }
    writeln!(out, "\n## Policies that most resources do not comply with\n")?;
    for id in summary.failing.iter().take(top) {
        let (policy, assignment) = summary.policy(*id);
        let counts = &summary.tally.policies[id.0 as usize].counts;
        writeln!(
            out,
            "- **{}** ({}, {}): {} of {} fail",
            cell(&policy.title),
            cell(&policy.effect),
            cell(&assignment.name),
            thousands(bad(counts) as usize),
            thousands(counts.total() as usize)
        )?;
        for (entry, why) in summary.examples(*id, 1) {
            writeln!(out, "  - `{}`: {}", entry.id().replace('`', "'"), cell(&why.lines().join("; ")))?;
        }
    }
    writeln!(out, "\n## Scopes\n\n| scope | comply | failing | of | undecided |\n|---|---:|---:|---:|---:|")?;
    for row in &summary.scopes {
        writeln!(out, "| {}{} | {} |", "&emsp;".repeat(row.depth), cell(&row.title), numbers(&row.counts))?;
    }
    let gaps = summary.gaps();
    if !gaps.is_empty() {
        writeln!(out, "\n## Not decided\n")?;
        for (what, hint) in gaps {
            let hint = hint.map(|hint| format!(" – {}", cell(&hint))).unwrap_or_default();
            writeln!(out, "- {}{hint}", cell(&what))?;
        }
    }
    Ok(())
}

fn numbers(counts: &Counts) -> String {
    format!(
        "{} | {} | {} | {}",
        percent(counts),
        thousands(bad(counts) as usize),
        thousands(counts.total() as usize),
        thousands(counts.undecided as usize)
    )
}

/// Text that Markdown takes as it is.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_hold_no_markup() {
        assert_eq!(cell("a|b\n*c*"), "a\\|b \\*c\\*");
    }
}
