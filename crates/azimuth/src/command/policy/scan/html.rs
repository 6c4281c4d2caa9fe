//! One self-contained page: no script, no request.

use std::io::{self, Write};

use azimuth_policy::{ComplianceState, Counts};

use super::bad;
use super::summary::Summary;
use super::terminal::percent;
use crate::command::policy::page;
use crate::report::junit::escape;
use crate::report::terminal::seconds;
use crate::report::thousands;

/// Assignments and policies on the page.
const LISTED: usize = 200;
/// Bars in the chart.
const BARS: usize = 15;
/// Examples for each policy.
const EXAMPLES: usize = 10;

pub(super) fn write(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    let all = &summary.tally.all;
    page::begin(out, "Azimuth policy compliance", &summary.estate, summary.job.surroundings.now())?;
    writeln!(
        out,
        "<ul class=\"facts\"><li><b>{}</b> resources</li><li><b>{}</b> assignments</li><li><b>{}</b> results</li></ul></header>\n<main>",
        thousands(summary.tally.resources as usize),
        thousands(summary.job.names.assignments.len()),
        thousands(summary.tally.results as usize)
    )?;
    page::tiles(
        out,
        &[
            ("proven", percent(all), "comply"),
            ("violated", thousands(bad(all) as usize), "do not comply"),
            ("na", thousands(all.of(ComplianceState::Exempt) as usize), "exempt"),
            ("unknown", thousands(all.undecided as usize), "with undecided policies"),
        ],
    )?;
    writeln!(out, "<section class=\"charts\">")?;
    let bars: Vec<(String, u64)> = summary
        .failing
        .iter()
        .take(BARS)
        .map(|id| (summary.policy(*id).0.title.clone(), bad(&summary.tally.policies[id.0 as usize].counts)))
        .collect();
    page::bars(out, "Resources that do not comply, by policy", "violated", &bars)?;
    let types: Vec<(String, u64)> = {
        let mut types: Vec<(String, u64)> =
            summary.tally.types.iter().map(|(name, counts)| (name.clone(), bad(counts))).collect();
        types.retain(|(_, count)| *count > 0);
        types.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        types.truncate(BARS);
        types
    };
    page::bars(out, "Resources that do not comply, by type", "violated", &types)?;
    writeln!(out, "</section>")?;
    assignments(out, summary)?;
    policies(out, summary)?;
    scopes(out, summary)?;
    gaps(out, summary)?;
    page::end(
        out,
        &format!(
            "Shares are computed as Azure does: compliant, exempt and unknown resources of all. Decided as of {}.",
            seconds(summary.job.surroundings.now())
        ),
    )
}

fn assignments(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    writeln!(
        out,
        "<section><h2>Assignments</h2><div class=\"scroll\"><table><thead><tr><th>Assignment</th><th>Scope</th>{}</tr></thead><tbody>",
        head()
    )?;
    for index in summary.assignments.iter().take(LISTED) {
        let name = &summary.job.names.assignments[*index];
        let mode = if name.is_enforced { "" } else { " <span class=\"note\">not enforced</span>" };
        writeln!(
            out,
            "<tr><td class=\"object\">{}{mode}</td><td><code>{}</code></td>{}</tr>",
            escape(&name.title),
            escape(&name.scope),
            cells(&summary.tally.assignments[*index].counts)
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn policies(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    writeln!(out, "<section class=\"area\"><h2>Policies that resources do not comply with</h2>")?;
    for id in summary.failing.iter().take(LISTED) {
        let (policy, assignment) = summary.policy(*id);
        let counts = &summary.tally.policies[id.0 as usize].counts;
        writeln!(
            out,
            "<details class=\"card violated\"><summary><span class=\"pill\">{}</span><span class=\"id\">{}</span><span>{}</span><span class=\"rests\">{}</span></summary><div class=\"body\">",
            thousands(bad(counts) as usize),
            escape(&policy.effect),
            escape(&policy.title),
            escape(&assignment.title)
        )?;
        if let Some(text) = &policy.description {
            writeln!(out, "<p>{}</p>", escape(text))?;
        }
        if let Some(text) = &policy.message {
            writeln!(out, "<p class=\"note\">{}</p>", escape(text))?;
        }
        writeln!(
            out,
            "<p><code>{}</code></p><div class=\"scroll\"><table><thead><tr><th>Resource</th><th>Why</th></tr></thead><tbody>",
            escape(&policy.definition_id)
        )?;
        for (entry, why) in summary.examples(*id, EXAMPLES) {
            let lines: Vec<String> = why.lines().iter().map(|line| escape(line)).collect();
            writeln!(
                out,
                "<tr><td class=\"object\">{}</td><td>{}</td></tr>",
                escape(&entry.id()),
                lines.join("<br>")
            )?;
        }
        writeln!(out, "</tbody></table></div>")?;
        let shown = EXAMPLES as u64;
        if bad(counts) > shown {
            writeln!(
                out,
                "<p>… and {} more; the CSV lists them all.</p>",
                thousands((bad(counts) - shown) as usize)
            )?;
        }
        writeln!(out, "</div></details>")?;
    }
    writeln!(out, "</section>")
}

fn scopes(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    writeln!(
        out,
        "<section><h2>Scopes</h2><div class=\"scroll\"><table><thead><tr><th>Scope</th>{}</tr></thead><tbody>",
        head()
    )?;
    for row in &summary.scopes {
        writeln!(
            out,
            "<tr><td class=\"object\">{}{}</td>{}</tr>",
            "&emsp;".repeat(row.depth),
            escape(&row.title),
            cells(&row.counts)
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn gaps(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    let gaps = summary.gaps();
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section><h2>Not decided</h2><ul>")?;
    for (what, hint) in gaps {
        let hint =
            hint.map(|hint| format!("<br><code class=\"fix\">{}</code>", escape(&hint))).unwrap_or_default();
        writeln!(out, "<li>{}{hint}</li>", escape(&what))?;
    }
    writeln!(out, "</ul></section>")
}

fn head() -> &'static str {
    "<th>Comply</th><th>Failing</th><th>Of</th><th>Undecided</th>"
}

fn cells(counts: &Counts) -> String {
    format!(
        "<td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
        escape(&percent(counts)),
        thousands(bad(counts) as usize),
        thousands(counts.total() as usize),
        thousands(counts.undecided as usize)
    )
}
