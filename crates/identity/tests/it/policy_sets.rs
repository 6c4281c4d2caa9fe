//! The published policy sets, analysed; the report is a file beside this one.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use azimuth_identity::{Directory, PolicySet, analyse};
use serde_json::Value;

use crate::corpus::{cases, folder};

/// Writes the report anew when `UPDATE_GOLDEN` is set, to be reviewed like code.
#[test]
fn the_report_on_published_policy_sets_is_the_recorded_one() {
    let Some(folder) = folder("identity") else { return };
    let mut report = String::from("# Published policy sets, analysed\n");
    for case in cases(&folder.join("coverage-claims.jsonl")) {
        let Some(name) = case["id"].as_str().and_then(|id| id.strip_prefix("cov-set-")) else { continue };
        let directory = Arc::new(Directory::from_json(&case["directory"]));
        let set =
            PolicySet::from_json(case["policies"].as_array().expect("policies"), directory).expect("few");
        let policies = set.policies().len();
        writeln!(report, "\n## {name}: {policies} policies, {} people", set.directory().users.len()).unwrap();
        describe(&analyse(&set), &mut report);
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/policy_sets.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &report).expect("the report can be written");
    }
    let recorded = std::fs::read_to_string(&golden).expect("the recorded report");
    for (line, (recorded, got)) in recorded.lines().zip(report.lines()).enumerate() {
        assert_eq!(recorded, got, "line {} of the report", line + 1);
    }
    assert_eq!(recorded.lines().count(), report.lines().count());
}

fn describe(analysis: &Value, report: &mut String) {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = |value: &Value| {
        let items: Vec<String> = value.as_array().into_iter().flatten().map(text).collect();
        if items.is_empty() { "nobody".to_owned() } else { items.join(", ") }
    };
    report.push_str("\n| claim | verdict | people | for example |\n|---|---|--:|---|\n");
    for answer in analysis["questions"].as_array().expect("questions") {
        let sign_in = &answer["counterexample"];
        let example = match sign_in {
            Value::Null => String::new(),
            _ => format!(
                "{} to {} with {} on {} from {} ({})",
                text(&sign_in["identity"]["userId"]),
                text(&sign_in["target"]["appId"]),
                text(&sign_in["clientAppType"]),
                text(&sign_in["devicePlatform"]),
                text(&sign_in["ipAddress"]),
                text(&sign_in["country"]),
            ),
        };
        let people = &answer["peopleCount"];
        let people = if people.is_null() { String::new() } else { people.to_string() };
        writeln!(
            report,
            "| {} | {} | {people} | {example} |",
            text(&answer["question"]),
            text(&answer["verdict"])
        )
        .unwrap();
    }
    report.push('\n');
    for answer in analysis["questions"].as_array().expect("questions") {
        for suggestion in answer["suggestions"].as_array().into_iter().flatten() {
            let enough =
                if suggestion["isEnough"] == Value::Bool(true) { "enough" } else { "not enough alone" };
            let policy = text(&suggestion["policy"]);
            let policy = if policy.is_empty() { "a new policy".to_owned() } else { policy };
            writeln!(
                report,
                "- {}: {policy}: {} ({enough})",
                text(&answer["id"]),
                text(&suggestion["change"])
            )
            .unwrap();
        }
    }
    for fault in analysis["faults"].as_array().expect("faults") {
        let with = fault["with"].as_str().map(|with| format!(" with {with}")).unwrap_or_default();
        writeln!(report, "- {}: {}{with}", text(&fault["fault"]), text(&fault["policy"])).unwrap();
    }
    writeln!(
        report,
        "- password alone: {} pairs of client and application",
        count(&analysis["passwordAlone"])
    )
    .unwrap();
    writeln!(report, "- emergency access: {}", list(&analysis["lockOut"]["breakGlass"])).unwrap();
    writeln!(report, "- outside of all policies: {}", list(&analysis["lockOut"]["outsideOfPolicies"]))
        .unwrap();
}

fn count(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}
