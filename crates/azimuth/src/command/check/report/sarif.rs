//! SARIF 2.1.0 for code scanning: violations as failures, what is unknown as open results, suppressions with reasons.

use std::collections::HashMap;
use std::io::{self, Write};

use azimuth_diag::{Diagnostic, Severity as Level};
use azimuth_preflight::{RuleInfo, Severity, Spot};
use serde_json::{Value, json};

use super::super::outcome::{Found, Outcome};
use super::source_name;
use crate::command::output;

/// Other places shown of one result.
const MAX_RELATED: usize = 8;

pub(in super::super) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let index: HashMap<&str, usize> =
        outcome.rules.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), at)).collect();
    let rules: Vec<Value> = outcome.rules.iter().map(rule).collect();
    let mut results = Vec::new();
    for (list, kind) in
        [(&outcome.findings, "fail"), (&outcome.unknown, "open"), (&outcome.suppressed, "fail")]
    {
        results.extend(list.iter().map(|found| result(found, kind, &index)));
    }
    let notifications: Vec<Value> = outcome
        .templates
        .iter()
        .flat_map(|template| template.diagnostics.iter().map(|finding| notification(finding, &template.file)))
        .chain(outcome.unread.iter().map(|text| json!({"level": "error", "message": {"text": text}})))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Azimuth check", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the folder that the check was run in"}}},
            "invocations": [{
                "executionSuccessful": outcome.unread.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    output::json(out, &log)
}

fn rule(rule: &RuleInfo) -> Value {
    let mut text = rule.description.clone();
    let mut markdown = text.clone();
    if let Some(fix) = &rule.fix {
        text.push_str(&format!("\n\nWhat to do: {fix}"));
        markdown.push_str(&format!("\n\n**What to do:** {fix}"));
    }
    if let Some(url) = &rule.help_url {
        markdown.push_str(&format!("\n\n[More]({url})"));
    }
    let ignore = format!("To leave it out somewhere: `// azimuth:ignore {} reason`", rule.id);
    text.push_str(&format!("\n\n{ignore}"));
    markdown.push_str(&format!("\n\n{ignore}"));
    let description = if rule.description.is_empty() { &rule.title } else { &rule.description };
    let mut value = json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": description},
        "help": {"text": text.trim_start(), "markdown": markdown.trim_start()},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "tags": ["security", rule.category],
            "security-severity": score(rule.severity),
            "precision": "very-high",
        },
    });
    if let Some(url) = &rule.help_url {
        value["helpUri"] = json!(url);
    }
    value
}

fn result(found: &Found, kind: &str, index: &HashMap<&str, usize>) -> Value {
    let finding = &found.finding;
    let place = &finding.place;
    let level = if kind == "fail" { level(finding.severity) } else { "none" };
    let mut value = json!({
        "ruleId": finding.rule,
        "kind": kind,
        "level": level,
        "message": {"text": message(found)},
        "locations": [{
            "physicalLocation": physical(&place.spot),
            "logicalLocations": [{
                "name": finding.resource.name,
                "fullyQualifiedName": finding.resource.id,
                "kind": "resource",
            }],
        }],
        "partialFingerprints": {"azimuthCheck/v1": finding.fingerprint},
        "properties": {"resourceType": finding.resource.resource_type, "parameters": found.parameters},
    });
    if let Some(at) = index.get(finding.rule.as_str()) {
        value["ruleIndex"] = json!(at);
    }
    let mut related = Vec::new();
    if let Some(from) = &place.value_from {
        let text = source_name(place).unwrap_or_else(|| "the value".to_owned());
        related.push(json!({"physicalLocation": physical(from), "message": {"text": format!("{text}: the value is from here")}}));
    }
    for evidence in &finding.evidence {
        let Some(at) = evidence.place.as_ref().filter(|at| at.spot != place.spot) else { continue };
        let text = format!("{}: wanted {}", evidence.expression, evidence.wanted);
        related.push(json!({"physicalLocation": physical(&at.spot), "message": {"text": text}}));
    }
    related.truncate(MAX_RELATED);
    if !related.is_empty() {
        value["relatedLocations"] = json!(related);
    }
    if let Some(reason) = &finding.suppressed {
        value["suppressions"] = json!([{"kind": "inSource", "status": "accepted", "justification": reason}]);
    }
    value
}

fn message(found: &Found) -> String {
    let finding = &found.finding;
    let condition = finding.deployed_if.as_ref().map(|text| format!("; deployed only if {text}"));
    format!("{}: {}{}", finding.resource.name, finding.message, condition.unwrap_or_default())
}

fn notification(finding: &Diagnostic, file: &str) -> Value {
    let level = match finding.severity {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let line = finding.place.line.unwrap_or(1);
    let column = finding.place.column.unwrap_or(1);
    let spot = Spot {
        file: finding.place.file.clone().unwrap_or_else(|| file.to_owned()),
        line,
        column,
        end_line: line,
        end_column: column,
        span: None,
    };
    json!({
        "level": level,
        "descriptor": {"id": finding.code},
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": physical(&spot)}],
    })
}

fn physical(spot: &Spot) -> Value {
    let file = spot.file.strip_suffix(" (compiled)").unwrap_or(&spot.file);
    let is_compiled = file.len() != spot.file.len();
    let mut artifact = json!({"uri": uri(file)});
    if is_relative(file) {
        artifact["uriBaseId"] = "%SRCROOT%".into();
    }
    // Lines of what a compiler made are not lines of the file.
    if is_compiled {
        return json!({"artifactLocation": artifact});
    }
    let mut region = json!({"startLine": spot.line, "startColumn": spot.column});
    if (spot.end_line, spot.end_column) > (spot.line, spot.column) {
        region["endLine"] = spot.end_line.into();
        region["endColumn"] = spot.end_column.into();
    }
    json!({"artifactLocation": artifact, "region": region})
}

fn is_relative(file: &str) -> bool {
    !file.starts_with(['/', '\\']) && file.get(1..2) != Some(":")
}

/// A path as a URI reference: forward slashes, reserved bytes escaped.
fn uri(file: &str) -> String {
    let path = file.replace('\\', "/");
    let path = path.trim_start_matches("./");
    let mut out = String::with_capacity(path.len() + 8);
    if !is_relative(file) {
        out.push_str(if path.starts_with('/') { "file://" } else { "file:///" });
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// The number by which code scanning sorts (its bands: high from 7.0, medium from 4.0).
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_paths() {
        assert_eq!(uri("./infra\\a b.json"), "infra/a%20b.json");
        assert_eq!(uri("/srv/x.json"), "file:///srv/x.json");
        assert_eq!(uri("C:\\x.json"), "file:///C:/x.json");
        assert!(is_relative("a:b") == ("a:b".get(1..2) != Some(":")) && is_relative("main.json"));
    }
}
