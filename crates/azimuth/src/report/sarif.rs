//! SARIF 2.1.0 for code scanning: one rule per control, one result per counterexample.

use std::io::{self, Write};

use azimuth_posture::{Assessment, Severity, Verdict};
use serde_json::{Value, json};

use super::{counterexamples, missing, plain};

pub(crate) fn write(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let rules: Vec<Value> = assessment
        .results
        .iter()
        .map(|result| {
            let control = result.control;
            json!({
                "id": control.id,
                "name": control.id.replace('-', ""),
                "shortDescription": {"text": control.title},
                "fullDescription": {"text": control.why},
                "help": {"text": format!("{}\n\nDecided: {}", control.fix, control.decided)},
                "defaultConfiguration": {"level": level(control.severity)},
                "properties": {"tags": ["security", control.area.title().to_owned()], "security-severity": score(control.severity)},
            })
        })
        .collect();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for (index, result) in assessment.results.iter().enumerate() {
        let control = result.control;
        for example in counterexamples(&result.verdict) {
            let text = format!(
                "{} is {}, wanted {}{}",
                example.path,
                plain(&example.seen),
                example.wanted,
                example.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default()
            );
            results.push(json!({
                "ruleId": control.id,
                "ruleIndex": index,
                "level": level(control.severity),
                "message": {"text": text},
                "locations": [{
                    "physicalLocation": {"artifactLocation": {"uri": uri(&example.object)}, "region": {"startLine": 1}},
                    "logicalLocations": [{"fullyQualifiedName": example.object, "kind": "resource"}],
                }],
                "partialFingerprints": {"azimuth/v1": fingerprint(control.id, &example.object, &example.path)},
            }));
        }
        for need in missing(&result.verdict) {
            notifications.push(json!({
                "level": "note",
                "message": {"text": format!("{}: missing evidence: {}; run {}", control.id, need.what, need.command)},
                "associatedRule": {"id": control.id, "index": index},
            }));
        }
        if let Verdict::Proven { .. } = result.verdict {
            results.push(json!({
                "ruleId": control.id, "ruleIndex": index, "kind": "pass", "level": "none",
                "message": {"text": super::summary_line(&result.verdict)},
            }));
        }
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Azimuth", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": true, "endTimeUtc": jiff::Timestamp::now(),
                "properties": {"asOf": assessment.as_of},
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
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

/// An artifact location must be a relative URI: the id without its leading slash, with reserved bytes escaped.
pub(crate) fn uri(object: &str) -> String {
    let mut out = String::with_capacity(object.len());
    for byte in object.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Stable from run to run for the same finding.
fn fingerprint(control: &str, object: &str, path: &str) -> String {
    format!("{control}|{}|{path}", azimuth_ids::fold(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_relative_uris() {
        assert_eq!(uri("/subscriptions/a b"), "subscriptions/a%20b");
        assert_eq!(uri("graph:/users/x"), "graph%3A/users/x");
    }

    #[test]
    fn fingerprints_ignore_the_case_of_ids() {
        assert_eq!(fingerprint("A", "/Subs/X", "$"), fingerprint("A", "/subs/x", "$"));
        assert_ne!(fingerprint("A", "/subs/x", "$"), fingerprint("A", "/subs/y", "$"));
    }
}
