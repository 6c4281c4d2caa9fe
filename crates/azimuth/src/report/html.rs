//! One self-contained HTML page: charts, every control, its counterexamples; reads well in the dark and on paper.
//!
//! No script, no request: filtering is done with radio buttons and CSS, details with `<details>`.

use std::io::{self, Write};

use azimuth_posture::{Area, Assessment, ControlResult};

use super::junit::escape;
use super::terminal::seconds;
use super::{
    Kind, by_area, checked, count, counterexamples, counts, missing, plain, summary_line, thousands,
};

/// Counterexamples listed for each control; the JSON report has them all.
const LISTED: usize = 200;
/// A violated control with more counterexamples than this starts folded.
const SHOWN_OPEN: usize = 5;
/// Width of a chart's bars in user units.
const BAR: f64 = 460.0;

const STYLE: &str = include_str!("report.css");

pub(crate) fn write(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let summary = &assessment.summary;
    let name = summary.tenant_name.as_deref().or(summary.tenant_id.as_deref()).unwrap_or("the estate");
    let name = escape(name);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Azimuth: {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>"
    )?;
    writeln!(out, "<header><p class=\"brand\">Azimuth assessment</p><h1>{name}</h1>")?;
    writeln!(
        out,
        "<p>As of <time datetime=\"{0}\">{0}</time></p>\n<ul class=\"facts\"><li>{1}</li><li>{2}</li><li>{3}</li><li>{4}</li></ul></header>",
        seconds(assessment.as_of),
        fact(summary.resources, "resource"),
        fact(summary.subscriptions, "subscription"),
        fact(summary.management_groups, "management group"),
        fact(summary.users, "user"),
    )?;
    writeln!(out, "<main>")?;
    tiles(out, assessment)?;
    charts(out, assessment)?;
    filters(out)?;
    for (area, results) in by_area(assessment) {
        section(out, area, &results)?;
    }
    writeln!(
        out,
        "</main>\n<footer><p>Proven: checked, no counterexample. Violated: every counterexample is listed. \
         Unknown: the evidence named is missing. Made by Azimuth {}.</p></footer>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION")
    )
}

fn fact(number: usize, noun: &str) -> String {
    let text = count(number, noun);
    let (digits, words) = text.split_once(' ').unwrap_or((&text, ""));
    format!("<b>{digits}</b> {words}")
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Violated => "violated",
        Kind::Unknown => "unknown",
        Kind::Proven => "proven",
        Kind::NotApplicable => "na",
    }
}

fn tiles(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let counts = counts(&assessment.results);
    writeln!(out, "<section class=\"tiles\" aria-label=\"Verdicts\">")?;
    for kind in Kind::ALL {
        writeln!(
            out,
            "<div class=\"tile {}\"><b>{}</b><span>{}</span></div>",
            class(kind),
            counts[kind as usize],
            kind.word()
        )?;
    }
    let examples: usize =
        assessment.results.iter().map(|result| counterexamples(&result.verdict).len()).sum();
    writeln!(
        out,
        "<div class=\"tile\"><b>{}</b><span>counterexamples</span></div></section>",
        thousands(examples)
    )
}

fn charts(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    writeln!(out, "<section class=\"charts\">")?;
    verdicts_by_area(out, assessment)?;
    most_counterexamples(out, assessment)?;
    writeln!(out, "</section>")
}

/// A stacked bar of verdicts for each area, one unit per control.
fn verdicts_by_area(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let areas = by_area(assessment);
    let most = areas.iter().map(|(_, results)| results.len()).max().unwrap_or(1).max(1);
    let unit = BAR / most as f64;
    let height = areas.len() * 30 + 6;
    writeln!(
        out,
        "<figure><figcaption>Verdicts by area, one square per control</figcaption>\
         <svg viewBox=\"0 0 640 {height}\" role=\"img\" aria-label=\"Verdicts by area\">"
    )?;
    for (row, (area, results)) in areas.iter().enumerate() {
        let y = row * 30 + 4;
        writeln!(
            out,
            "<text x=\"140\" y=\"{}\" text-anchor=\"end\">{}</text>",
            y + 16,
            escape(area.title())
        )?;
        let mut results: Vec<&&ControlResult> = results.iter().collect();
        results.sort_by_key(|result| Kind::of(&result.verdict));
        for (position, result) in results.into_iter().enumerate() {
            let kind = Kind::of(&result.verdict);
            let x = 152.0 + position as f64 * unit;
            writeln!(
                out,
                "<a href=\"#{id}\"><rect class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"22\" \
                 rx=\"3\"><title>{id} {title}: {word}</title></rect></a>",
                id = result.control.id,
                class = class(kind),
                width = (unit - 3.0).max(2.0),
                title = escape(result.control.title),
                word = kind.word()
            )?;
        }
    }
    writeln!(out, "</svg></figure>")
}

/// A bar for each of the controls with the most counterexamples, on a root scale so that small ones stay visible.
fn most_counterexamples(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let mut rows: Vec<(&ControlResult, usize)> = assessment
        .results
        .iter()
        .map(|result| (result, counterexamples(&result.verdict).len()))
        .filter(|(_, examples)| *examples > 0)
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(_, examples)| std::cmp::Reverse(*examples));
    let most = rows[0].1.max(1) as f64;
    let height = rows.len() * 30 + 6;
    writeln!(
        out,
        "<figure><figcaption>Counterexamples by control (small counts drawn larger than life)</figcaption>\
         <svg viewBox=\"0 0 640 {height}\" role=\"img\" aria-label=\"Counterexamples by control\">"
    )?;
    for (row, (result, examples)) in rows.iter().enumerate() {
        let y = row * 30 + 4;
        let width = ((*examples as f64 / most).sqrt() * (BAR - 60.0)).max(3.0);
        writeln!(
            out,
            "<a href=\"#{id}\"><text x=\"140\" y=\"{0}\" text-anchor=\"end\">{id}</text>\
             <rect class=\"violated\" x=\"152\" y=\"{y}\" width=\"{width:.1}\" height=\"22\" rx=\"3\"><title>{title}</title></rect>\
             <text x=\"{1:.1}\" y=\"{0}\">{2}</text></a>",
            y + 16,
            160.0 + width,
            thousands(*examples),
            id = result.control.id,
            title = escape(result.control.title),
        )?;
    }
    writeln!(out, "</svg></figure>")
}

fn filters(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<form class=\"filters\" aria-label=\"Show\">")?;
    for (id, label) in [
        ("all", "All"),
        ("violated", "Violated"),
        ("unknown", "Unknown"),
        ("proven", "Proven"),
        ("na", "Not applicable"),
    ] {
        let on = if id == "all" { " checked" } else { "" };
        writeln!(
            out,
            "<label><input type=\"radio\" name=\"show\" id=\"show-{id}\"{on}><span>{label}</span></label>"
        )?;
    }
    writeln!(out, "</form>")
}

fn section(out: &mut dyn Write, area: Area, results: &[&ControlResult]) -> io::Result<()> {
    writeln!(out, "<section class=\"area\"><h2>{}</h2>", escape(area.title()))?;
    for result in results {
        card(out, result)?;
    }
    writeln!(out, "</section>")
}

fn card(out: &mut dyn Write, result: &ControlResult) -> io::Result<()> {
    let kind = Kind::of(&result.verdict);
    let control = result.control;
    let open = if (1..=SHOWN_OPEN).contains(&counterexamples(&result.verdict).len()) { " open" } else { "" };
    writeln!(
        out,
        "<details class=\"card {class}\" id=\"{id}\"{open}><summary><span class=\"pill\">{word}</span>\
         <span class=\"id\">{id}</span><span class=\"title\">{title}</span><span class=\"rests\">{rests}</span></summary>",
        class = class(kind),
        id = control.id,
        word = kind.word(),
        title = escape(control.title),
        rests = escape(&summary_line(&result.verdict)),
    )?;
    writeln!(out, "<div class=\"body\">")?;
    writeln!(
        out,
        "<p>{}</p>\n<p><b>Decided:</b> {}</p>\n<p><b>Fix:</b> {}</p>",
        escape(control.why),
        escape(control.decided),
        escape(control.fix)
    )?;
    let checks = checked(&result.verdict);
    if !checks.is_empty() {
        writeln!(out, "<h3>Checked</h3><ul>")?;
        for check in checks {
            writeln!(out, "<li>{} {}</li>", thousands(check.objects), escape(&check.what))?;
        }
        writeln!(out, "</ul>")?;
    }
    let examples = counterexamples(&result.verdict);
    if !examples.is_empty() {
        writeln!(
            out,
            "<h3>Counterexamples</h3><div class=\"scroll\"><table><thead><tr><th>Object</th><th>Property</th><th>Seen</th><th>Wanted</th></tr></thead><tbody>"
        )?;
        for example in examples.iter().take(LISTED) {
            let note = example
                .note
                .as_ref()
                .map(|note| format!("<br><span class=\"note\">{}</span>", escape(note)))
                .unwrap_or_default();
            let fix = example
                .fix
                .as_ref()
                .map(|fix| format!("<br><code class=\"fix\">{}</code>", escape(fix)))
                .unwrap_or_default();
            writeln!(
                out,
                "<tr><td class=\"object\">{}{note}{fix}</td><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
                escape(&example.object),
                escape(&example.path),
                escape(&plain(&example.seen)),
                escape(&example.wanted)
            )?;
        }
        writeln!(out, "</tbody></table></div>")?;
        if examples.len() > LISTED {
            writeln!(
                out,
                "<p>… and {} more; the JSON report lists them all.</p>",
                thousands(examples.len() - LISTED)
            )?;
        }
    }
    let lacking = missing(&result.verdict);
    if !lacking.is_empty() {
        writeln!(out, "<h3>Missing evidence</h3><ul>")?;
        for need in lacking.iter().take(LISTED) {
            let scope =
                need.scope.as_deref().map(|scope| format!(" at {}", escape(scope))).unwrap_or_default();
            let command = if need.command.is_empty() {
                String::new()
            } else {
                format!("<br><code class=\"fix\">{}</code>", escape(&need.command))
            };
            writeln!(out, "<li>{}{scope}{command}</li>", escape(&need.what))?;
        }
        if lacking.len() > LISTED {
            writeln!(out, "<li>… and {} more</li>", thousands(lacking.len() - LISTED))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</div></details>")
}
