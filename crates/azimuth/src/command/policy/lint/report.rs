//! Findings in every format.

use std::collections::BTreeMap;
use std::io::{self, Write};

use azimuth_diag::{Diagnostic, Severity, render};
use azimuth_policy::lint::{rule_of, severity_name};
use serde_json::{Value, json};

use super::files::Read;
use crate::command::output;
use crate::report::count;
use crate::report::junit::escape;
use crate::report::sarif::uri;

pub(super) fn terminal(out: &mut dyn Write, findings: &[Diagnostic], read: &Read) -> io::Result<()> {
    for found in findings {
        let file = found.place.file.as_deref().unwrap_or_default();
        let text = read.texts.get(file).map(String::as_str);
        let style = match found.severity {
            Severity::Error => anstyle::AnsiColor::Red.on_default().bold(),
            Severity::Warning => anstyle::AnsiColor::Yellow.on_default().bold(),
            Severity::Note => anstyle::AnsiColor::Cyan.on_default(),
        };
        for (number, line) in render(found, text).lines().enumerate() {
            let line = output::safe(line);
            if number == 0 {
                writeln!(out, "{style}{line}{style:#}")?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        writeln!(out)?;
    }
    let of = |severity: Severity| findings.iter().filter(|found| found.severity == severity).count();
    let objects = count(read.workspace.entries().len(), "policy object");
    if findings.is_empty() {
        return writeln!(out, "{objects}: nothing found");
    }
    writeln!(
        out,
        "{objects}: {}, {}, {}; `--explain CODE` says more about a rule",
        count(of(Severity::Error), "error"),
        count(of(Severity::Warning), "warning"),
        count(of(Severity::Note), "note")
    )
}

pub(super) fn json(out: &mut dyn Write, findings: &[Diagnostic]) -> io::Result<()> {
    output::json(out, &findings)
}

pub(super) fn sarif(out: &mut dyn Write, findings: &[Diagnostic]) -> io::Result<()> {
    let mut codes: Vec<&str> = findings.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| match rule_of(code) {
            Some(rule) => json!({
                "id": code,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.fix},
                "defaultConfiguration": {"level": severity_name(rule.severity)},
            }),
            None => json!({"id": code, "shortDescription": {"text": "found while reading a definition"}}),
        })
        .collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|found| {
            let place = &found.place;
            let mut region = json!({"startLine": place.line.unwrap_or(1)});
            if let Some(column) = place.column {
                region["startColumn"] = column.into();
            }
            let hint = found.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            json!({
                "ruleId": found.code,
                "ruleIndex": codes.iter().position(|code| *code == found.code),
                "level": severity_name(found.severity),
                "message": {"text": format!("{}{hint}", found.message)},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": uri(place.file.as_deref().unwrap_or_default())},
                    "region": region,
                }}],
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "Azimuth policy lint", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    });
    output::json(out, &log)
}

/// One suite for each file, one failing case for each finding; files without any have one case that passes.
pub(super) fn junit(out: &mut dyn Write, findings: &[Diagnostic], read: &Read) -> io::Result<()> {
    let mut files: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for entry in read.workspace.entries() {
        files.entry(entry.file()).or_default();
    }
    for found in findings {
        files.entry(found.place.file.as_deref().unwrap_or_default()).or_default().push(found);
    }
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"azimuth policy lint\" tests=\"{}\" failures=\"{}\">",
        files.len().max(findings.len()),
        findings.len()
    )?;
    for (file, found) in files {
        let (tests, failures) = (found.len().max(1), found.len());
        writeln!(out, "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\">", escape(file))?;
        if found.is_empty() {
            writeln!(out, "    <testcase name=\"no findings\" classname=\"{}\"/>", escape(file))?;
        }
        for finding in found {
            let place = escape(&finding.place.to_string());
            writeln!(out, "    <testcase name=\"{} {place}\" classname=\"{}\">", finding.code, escape(file))?;
            let kind = severity_name(finding.severity);
            writeln!(
                out,
                "      <failure type=\"{kind}\" message=\"{}\">{}</failure>",
                escape(&finding.message),
                escape(finding.hint.as_deref().unwrap_or_default())
            )?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}
