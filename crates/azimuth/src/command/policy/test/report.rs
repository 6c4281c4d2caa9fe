//! The outcome of suites in every format.

use std::collections::BTreeMap;
use std::io::{self, Write};

use azimuth_policy::suite::{CaseReport, Coverage, Mismatch, Point, PointKind, SuiteReport};
use serde_json::{Value, json};

use super::Outcome;
use crate::command::output::{self, safe};
use crate::report::junit::escape;

/// The share of outcomes seen over all definitions.
pub(super) fn percent(all: &[Coverage]) -> f64 {
    let points: usize = all.iter().map(|coverage| coverage.points.len()).sum();
    if points == 0 {
        return 100.0;
    }
    let seen: usize = all.iter().flat_map(|coverage| &coverage.points).map(Point::seen).sum();
    seen as f64 * 50.0 / points as f64
}

pub(super) fn terminal(out: &mut dyn Write, outcome: &Outcome, lists_coverage: bool) -> io::Result<()> {
    let green = anstyle::AnsiColor::Green.on_default().bold();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let dim = anstyle::Style::new().dimmed();
    let (mut passed, mut failed) = (0, 0);
    for report in &outcome.reports {
        writeln!(out, "{} {dim}{}{dim:#}", safe(&report.name), safe(&report.file))?;
        if let Some(error) = &report.error {
            failed += 1;
            writeln!(out, "  {red}FAIL{red:#} {}", safe(&error.to_string()))?;
            if let Some(hint) = &error.hint {
                writeln!(out, "       hint: {}", safe(hint))?;
            }
        }
        for case in &report.cases {
            if case.is_passed() {
                passed += 1;
                writeln!(out, "  {green}ok{green:#}   {}", safe(&case.name))?;
            } else {
                failed += 1;
                writeln!(
                    out,
                    "  {red}FAIL{red:#} {} {dim}line {}{dim:#}",
                    safe(&case.name),
                    case.place.line.unwrap_or(0)
                )?;
                for line in details(case) {
                    writeln!(out, "       {}", safe(&line))?;
                }
            }
        }
        writeln!(out)?;
    }
    for coverage in &outcome.coverage {
        let percent = coverage.percent();
        writeln!(
            out,
            "coverage {percent:5.1} %  {} {dim}{}{dim:#}",
            safe(&coverage.definition),
            safe(&coverage.file)
        )?;
        let missing = coverage.points.iter().filter(|point| lists_coverage && point.seen() < 2);
        for point in missing {
            writeln!(
                out,
                "  line {:>4}  never {}: {}",
                point.place.line.unwrap_or(0),
                never(point),
                safe(&point.label)
            )?;
        }
    }
    let has_gaps = outcome.coverage.iter().any(|coverage| coverage.percent() < 100.0);
    if has_gaps && !lists_coverage {
        writeln!(out, "`--coverage` lists the conditions that were not seen both ways")?;
    }
    if !outcome.coverage.is_empty() {
        writeln!(out)?;
    }
    let style = if failed == 0 { green } else { red };
    writeln!(
        out,
        "{style}{passed} passed, {failed} failed{style:#}, {:.1} % of conditions covered",
        percent(&outcome.coverage)
    )
}

/// Outcomes of a condition that were not seen.
fn never(point: &Point) -> &'static str {
    match (point.seen_true > 0, point.seen_false > 0) {
        (false, false) => "reached",
        (false, true) => "true",
        _ => "false",
    }
}

/// Why a case failed, line by line.
fn details(case: &CaseReport) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(error) = &case.error {
        out.push(error.to_string());
        out.extend(error.hint.as_ref().map(|hint| format!("hint: {hint}")));
    }
    for Mismatch { what, expected, got } in &case.mismatches {
        out.push(what.clone());
        out.push(format!("  expected  {}", expected.replace('\n', "\n            ")));
        out.push(format!("  got       {}", got.replace('\n', "\n            ")));
    }
    if !case.trace.is_empty() && !case.mismatches.is_empty() {
        out.push("decided by".to_owned());
        out.extend(case.trace.iter().map(|line| format!("  {line}")));
    }
    out.iter().flat_map(|text| text.split('\n')).map(str::to_owned).collect()
}

pub(super) fn json(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let suites: Vec<Value> = outcome.reports.iter().map(suite_json).collect();
    let coverage: Vec<Value> = outcome
        .coverage
        .iter()
        .map(|coverage| {
            let points: Vec<Value> = coverage
                .points
                .iter()
                .map(|point| {
                    json!({
                        "kind": kind(point.kind), "path": point.path, "line": point.place.line,
                        "column": point.place.column, "condition": point.label,
                        "seenTrue": point.seen_true, "seenFalse": point.seen_false,
                    })
                })
                .collect();
            json!({"file": coverage.file, "definition": coverage.definition, "percent": coverage.percent(), "conditions": points})
        })
        .collect();
    let document = json!({
        "passed": outcome.broken.is_empty() && outcome.reports.iter().all(SuiteReport::is_passed),
        "coveragePercent": percent(&outcome.coverage),
        "problems": outcome.broken,
        "suites": suites,
        "coverage": coverage,
    });
    output::json(out, &document)
}

fn suite_json(report: &SuiteReport) -> Value {
    let cases: Vec<Value> = report
        .cases
        .iter()
        .map(|case| {
            let mismatches: Vec<Value> = case
                .mismatches
                .iter()
                .map(|found| json!({"what": found.what, "expected": found.expected, "got": found.got}))
                .collect();
            let policies: Vec<Value> = case
                .observed
                .iter()
                .flat_map(|observed| &observed.policies)
                .map(|policy| {
                    json!({
                        "reference": policy.reference_id, "effect": policy.effect_name(),
                        "compliance": policy.compliance_name(), "failure": policy.fault(),
                        "evaluated": policy.evaluated.iter().map(azimuth_policy::Evaluated::to_json).collect::<Vec<_>>(),
                    })
                })
                .collect();
            json!({
                "name": case.name, "line": case.place.line, "passed": case.is_passed(), "error": case.error,
                "mismatches": mismatches, "policies": policies,
                "denied": case.observed.as_ref().map(|observed| observed.is_denied),
            })
        })
        .collect();
    json!({"name": report.name, "file": report.file, "passed": report.is_passed(), "error": report.error, "cases": cases})
}

fn kind(kind: PointKind) -> &'static str {
    match kind {
        PointKind::Leaf => "comparison",
        PointKind::AllOf => "allOf",
        PointKind::AnyOf => "anyOf",
        PointKind::Not => "not",
        PointKind::Count => "count",
    }
}

pub(super) fn junit(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let tests: usize =
        outcome.reports.iter().map(|report| report.cases.len().max(1)).sum::<usize>() + outcome.broken.len();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"azimuth policy test\" tests=\"{tests}\">")?;
    for found in &outcome.broken {
        let file = escape(found.place.file.as_deref().unwrap_or_default());
        writeln!(
            out,
            "  <testsuite name=\"{file}\" tests=\"1\" errors=\"1\"><testcase name=\"the suite can be read\" classname=\"{file}\"><error message=\"{}\"/></testcase></testsuite>",
            escape(&found.to_string())
        )?;
    }
    for report in &outcome.reports {
        let failures = report.cases.iter().filter(|case| !case.mismatches.is_empty()).count();
        let errors = report.cases.iter().filter(|case| case.error.is_some()).count()
            + usize::from(report.error.is_some());
        let class = escape(&report.name);
        writeln!(
            out,
            "  <testsuite name=\"{class}\" file=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
            escape(&report.file),
            report.cases.len().max(1)
        )?;
        if let Some(error) = &report.error {
            writeln!(
                out,
                "    <testcase name=\"the suite can be run\" classname=\"{class}\"><error message=\"{}\"/></testcase>",
                escape(&error.to_string())
            )?;
        }
        for case in &report.cases {
            write!(out, "    <testcase name=\"{}\" classname=\"{class}\"", escape(&case.name))?;
            if case.is_passed() {
                writeln!(out, "/>")?;
                continue;
            }
            let tag = if case.error.is_some() { "error" } else { "failure" };
            let lines = details(case);
            let first = match case.mismatches.first() {
                Some(found) => format!("{}: expected {}, got {}", found.what, found.expected, found.got),
                None => lines.first().cloned().unwrap_or_default(),
            };
            writeln!(out, ">\n      <{tag} message=\"{}\">", escape(&first))?;
            for line in lines {
                writeln!(out, "{}", escape(&line))?;
            }
            writeln!(out, "      </{tag}>\n    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// LCOV: a line is hit when a condition on it was reached; the two outcomes of a condition are branches.
pub(super) fn lcov(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    for coverage in &outcome.coverage {
        writeln!(out, "TN:\nSF:{}", coverage.file)?;
        let mut lines: BTreeMap<u64, u64> = BTreeMap::new();
        let (mut branches, mut hit) = (0, 0);
        for (number, point) in coverage.points.iter().enumerate() {
            let line = point.place.line.unwrap_or(1);
            let reached = point.seen_true + point.seen_false;
            let known = lines.entry(line).or_default();
            *known = (*known).max(reached);
            for (outcome, seen) in [(0, point.seen_true), (1, point.seen_false)] {
                let taken = if reached == 0 { "-".to_owned() } else { seen.to_string() };
                writeln!(out, "BRDA:{line},{number},{outcome},{taken}")?;
                branches += 1;
                hit += usize::from(seen > 0);
            }
        }
        writeln!(out, "BRF:{branches}\nBRH:{hit}")?;
        for (line, hits) in &lines {
            writeln!(out, "DA:{line},{hits}")?;
        }
        let reached = lines.values().filter(|hits| **hits > 0).count();
        writeln!(out, "LF:{}\nLH:{reached}\nend_of_record", lines.len())?;
    }
    Ok(())
}
