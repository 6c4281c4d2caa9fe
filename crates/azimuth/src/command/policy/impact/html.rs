//! An impact as one self-contained page with charts.

use std::collections::BTreeMap;
use std::io::{self, Write};

use azimuth_policy::ConsequenceKind;

use super::outcome::{History, Impact, Kinds, Part, place};
use super::terminal::{delta_text, words};
use crate::command::policy::page;
use crate::report::junit::escape;
use crate::report::terminal::seconds;
use crate::report::thousands;

/// Consequences listed in each part.
const LISTED: usize = 500;
/// Bars of a chart.
const BARS: usize = 20;
/// Days in the chart.
const DAYS: usize = 90;

pub(super) fn write(out: &mut dyn Write, impact: &Impact<'_>) -> io::Result<()> {
    let names: Vec<&str> = impact.assignments.iter().map(|assignment| assignment.name.as_str()).collect();
    page::begin(out, "Azimuth policy impact", &names.join(", "), impact.as_of)?;
    let scopes: Vec<String> = impact
        .assignments
        .iter()
        .map(|assignment| format!("<li><code>{}</code></li>", escape(&assignment.scope)))
        .collect();
    writeln!(out, "<ul class=\"facts\">{}</ul></header>\n<main>", scopes.concat())?;
    writeln!(
        out,
        "<section><h2>Now: {} resources</h2></section>",
        thousands(impact.present.looked_at as usize)
    )?;
    part(out, impact, &impact.present, false)?;
    match &impact.history {
        History::Absent => writeln!(
            out,
            "<section><h2>History</h2><p>There is none without a store: import exports regularly with <code>azimuth import PATH --store FILE</code>.</p></section>"
        )?,
        History::Replayed(replayed) => {
            let span = match (replayed.first, replayed.last) {
                (Some(first), Some(last)) => format!(" from {} to {}", seconds(first), seconds(last)),
                _ => String::new(),
            };
            writeln!(
                out,
                "<section><h2>History: {} recorded writes{span}</h2></section>",
                thousands(replayed.writes as usize)
            )?;
            part(out, impact, &replayed.part, true)?;
        }
    }
    page::end(out, "Only what the assignments of today do not do already is told.")
}

fn part(out: &mut dyn Write, impact: &Impact<'_>, part: &Part, is_history: bool) -> io::Result<()> {
    let tiles: Vec<(&str, String, &str)> = ConsequenceKind::ALL
        .iter()
        .filter(|kind| part.total(**kind) > 0)
        .map(|kind| (class(*kind), thousands(part.total(*kind) as usize), words(*kind, is_history)))
        .collect();
    if tiles.is_empty() {
        return writeln!(out, "<p>Nothing new.</p>");
    }
    page::tiles(out, &tiles)?;
    writeln!(out, "<section class=\"charts\">")?;
    if is_history {
        days(out, &part.by_day)?;
        page::bars(out, "By actor", "violated", &sums(&part.by_actor))?;
    }
    page::bars(out, "By resource type", "violated", &sums(&part.by_type))?;
    writeln!(out, "</section>")?;
    writeln!(
        out,
        "<section class=\"scroll\"><table><thead><tr><th>Resource</th><th>What</th><th>When, by whom</th><th>Policy</th></tr></thead><tbody>"
    )?;
    for listed in part.listed.iter().take(LISTED) {
        let consequence = &listed.consequence;
        let titles: Vec<String> = consequence
            .policies
            .iter()
            .filter_map(|policy| impact.labels.get(*policy))
            .map(|label| format!("{} ({})", escape(&label.title), escape(&label.effect)))
            .collect();
        let when = listed
            .when
            .as_ref()
            .map(|(_, time, actor)| format!("{}<br>{}", seconds(*time), escape(actor)))
            .unwrap_or_default();
        let changes: Vec<String> = consequence
            .deltas
            .iter()
            .map(|delta| format!("<br><code>{}</code>", escape(&delta_text(delta))))
            .collect();
        let note = consequence
            .note
            .as_ref()
            .map(|note| format!("<br><span class=\"note\">{}</span>", escape(note)))
            .unwrap_or_default();
        writeln!(
            out,
            "<tr><td class=\"object\">{}</td><td>{}{}{note}</td><td>{when}</td><td>{}</td></tr>",
            escape(&listed.resource),
            consequence.kind.name(),
            changes.concat(),
            titles.join("<br>")
        )?;
    }
    writeln!(out, "</tbody></table></section>")?;
    let all: u64 = part.totals.iter().sum();
    if all > LISTED as u64 {
        writeln!(out, "<p>… and {} more; JSON and CSV list more.</p>", thousands(all as usize - LISTED))?;
    }
    Ok(())
}

/// A column for each day, its kinds stacked.
fn days(out: &mut dyn Write, rows: &BTreeMap<String, Kinds>) -> io::Result<()> {
    let shown: Vec<(&String, &Kinds)> = rows.iter().skip(rows.len().saturating_sub(DAYS)).collect();
    let most = shown.iter().map(|(_, row)| row.iter().sum::<u64>()).max().unwrap_or(0);
    if most == 0 {
        return Ok(());
    }
    let step = 620.0 / shown.len() as f64;
    writeln!(
        out,
        "<figure><figcaption>By day, at most {}</figcaption><svg viewBox=\"0 0 640 200\" role=\"img\" aria-label=\"Consequences by day\">",
        thousands(most as usize)
    )?;
    for (column, (day, row)) in shown.iter().enumerate() {
        let x = 10.0 + column as f64 * step;
        let mut top = 170.0;
        for kind in ConsequenceKind::ALL {
            let number = row[place(kind)];
            if number == 0 {
                continue;
            }
            let height = number as f64 / most as f64 * 160.0;
            top -= height;
            writeln!(
                out,
                "<rect class=\"{}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{day}: {number} {}</title></rect>",
                class(kind),
                (step - 1.0).clamp(1.0, 40.0),
                kind.name()
            )?;
        }
    }
    let first = shown.first().map(|(day, _)| day.as_str()).unwrap_or_default();
    let last = shown.last().map(|(day, _)| day.as_str()).unwrap_or_default();
    writeln!(
        out,
        "<text x=\"10\" y=\"192\">{first}</text><text x=\"630\" y=\"192\" text-anchor=\"end\">{last}</text></svg></figure>"
    )
}

fn sums(rows: &BTreeMap<String, Kinds>) -> Vec<(String, u64)> {
    let mut sums: Vec<(String, u64)> =
        rows.iter().map(|(name, row)| (name.clone(), row.iter().sum())).collect();
    sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sums.truncate(BARS);
    sums
}

fn class(kind: ConsequenceKind) -> &'static str {
    match kind {
        ConsequenceKind::Denied | ConsequenceKind::Blocked => "violated",
        ConsequenceKind::Changed | ConsequenceKind::Deployed => "proven",
        ConsequenceKind::Marked => "unknown",
        ConsequenceKind::Undecided => "na",
    }
}
