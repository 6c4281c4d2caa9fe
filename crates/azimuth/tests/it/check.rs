//! `azimuth check` as its users meet it.

use serde_json::Value;

use crate::support::{Folder, azimuth, expect};

const TEMPLATE: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "tls": { "type": "string" }
  },
  "resources": [
    {
      "type": "Microsoft.Storage/storageAccounts",
      "apiVersion": "2023-01-01",
      "name": "[concat('st', copyIndex())]",
      "copy": { "name": "accounts", "count": 2 },
      "location": "westeurope",
      "properties": {
        "minimumTlsVersion": "[parameters('tls')]",
        "supportsHttpsTrafficOnly": true
      }
    }
  ]
}"#;

const RULE: &str = r#"{
  "name": "TLS",
  "properties": {
    "displayName": "TLS 1.2 everywhere",
    "mode": "Indexed",
    "metadata": { "severity": "medium", "category": "Storage", "fix": "set it to TLS1_2" },
    "policyRule": {
      "if": { "allOf": [
        { "field": "type", "equals": "Microsoft.Storage/storageAccounts" },
        { "field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "TLS1_2" }
      ] },
      "then": { "effect": "audit" }
    }
  }
}"#;

fn parameters(tls: &str) -> String {
    format!("{{\n  \"parameters\": {{\n    \"tls\": {{ \"value\": \"{tls}\" }}\n  }}\n}}")
}

/// A folder with a template, its rule in `policies/`, and parameter files by the name between the dots.
fn folder(sets: &[(&str, &str)]) -> Folder {
    let work = Folder::new();
    work.file("infra/main.json", TEMPLATE);
    work.file("policies/tls.json", RULE);
    for (name, tls) in sets {
        work.file(&format!("infra/main.parameters{name}.json"), parameters(tls));
    }
    work
}

fn check(work: &Folder, code: i32, more: &[&str]) -> String {
    let (infra, policies) = (work.text("infra"), work.text("policies"));
    let mut arguments = vec!["check", infra.as_str(), "--no-pack", "--policy", policies.as_str()];
    arguments.extend(more);
    expect(code, &arguments).stdout
}

fn json(work: &Folder, code: i32, more: &[&str]) -> Value {
    let mut arguments = vec!["--format", "json"];
    arguments.extend(more);
    serde_json::from_str(&check(work, code, &arguments)).expect("the report is JSON")
}

#[test]
fn the_line_of_the_template_is_shown_and_underlined() {
    let work = folder(&[("", "TLS1_0")]);
    let shown = check(&work, 1, &[]).replace(&work.text("infra"), "infra");
    let expected = "medium[TLS]: TLS 1.2 everywhere
  --> infra/main.json:15:30  Microsoft.Storage/storageAccounts st0 and 1 more
    |
 15 |     \"minimumTlsVersion\": \"[parameters('tls')]\",
    |                          ^^^^^^^^^^^^^^^^^^^^^
    = `properties.minimumTlsVersion` is `TLS1_0`, wanted `TLS1_2`
    = the value is from parameter `tls`, infra/main.parameters.json:3:23
    = fix: set it to TLS1_2
";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.contains("1 template with 2 resources checked by 1 rule"), "{shown}");
}

#[test]
fn every_parameter_file_is_a_check_of_its_own_and_equal_findings_are_one() {
    let work = folder(&[("", "TLS1_0"), (".dev", "TLS1_0"), (".prod", "TLS1_2"), (".old", "TLS1_1")]);
    let report = json(&work, 1, &[]);
    assert_eq!((&report["summary"]["templates"], &report["summary"]["checks"]), (&1.into(), &4.into()));
    let findings = report["findings"].as_array().unwrap();
    let of = |tls: &str| -> Vec<usize> {
        let fits = findings.iter().filter(|finding| finding["message"].as_str().unwrap().contains(tls));
        fits.map(|finding| finding["parameters"].as_array().unwrap().len()).collect()
    };
    assert_eq!(of("TLS1_0"), [2, 2]);
    assert_eq!(of("TLS1_1"), [1, 1]);
    assert_eq!(of("`TLS1_2`,"), [] as [usize; 0]);

    let alone = json(&work, 1, &["--parameters", &work.text("infra/main.parameters.old.json")]);
    assert_eq!(alone["findings"].as_array().unwrap().len(), 2);
    let none = json(&work, 0, &["--no-parameter-files"]);
    assert_eq!(none["unknown"].as_array().unwrap().len(), 2);
    json(&work, 1, &["--no-parameter-files", "--fail-on", "unknown"]);
}

#[test]
fn severities_baselines_and_selection_decide_the_exit_code() {
    let work = folder(&[("", "TLS1_0")]);
    check(&work, 0, &["--fail-on", "high"]);
    check(&work, 1, &["--fail-on", "medium"]);
    check(&work, 0, &["--fail-on", "never"]);
    let baseline = work.text("baseline.json");
    check(&work, 1, &["--format", "json", "--out", &baseline]);
    let report = json(&work, 0, &["--baseline", &baseline]);
    assert_eq!(report["summary"]["inBaseline"], 2);
    // What moves in the file is still known.
    work.file("infra/main.json", TEMPLATE.replace("  \"parameters\": {", "\n\n  \"parameters\": {"));
    check(&work, 0, &["--baseline", &baseline]);
    work.file("infra/main.json", TEMPLATE.replace("'st'", "'data'"));
    check(&work, 1, &["--baseline", &baseline]);
    check(&work, 2, &["--rule", "NO-SUCH"]);
    check(&work, 2, &["--skip-rule", "T*"]);
    check(&work, 1, &["--rule", "tl*"]);
    expect(3, &["check", &work.text("infra"), "--baseline", &work.text("infra/main.json")]);
}

#[test]
fn policies_may_stand_one_on_a_line() {
    let work = folder(&[("", "TLS1_0")]);
    let line = serde_json::from_str::<Value>(RULE).unwrap().to_string();
    work.file("lines/all.jsonl", format!("{line}\n\n{}\n", line.replace("\"TLS\"", "\"TLS-TOO\"")));
    let infra = work.text("infra");
    for path in ["lines", "lines/all.jsonl"] {
        let run = expect(1, &["check", &infra, "--no-pack", "--policy", &work.text(path)]);
        assert!(run.stdout.contains("[TLS]") && run.stdout.contains("[TLS-TOO]"), "{}", run.stdout);
    }
    let broken = work.file("broken.jsonl", format!("{line}\n{{\n"));
    let run = expect(3, &["check", &infra, "--no-pack", "--policy", &broken]);
    assert!(run.stderr.contains("broken.jsonl:2:"), "{}", run.stderr);
}

#[test]
fn suppressed_findings_are_counted() {
    let work = folder(&[("", "TLS1_0")]);
    let with = TEMPLATE.replace(
        "        \"minimumTls",
        "        // azimuth:ignore TLS the devices are old\n        \"minimumTls",
    );
    work.file("infra/main.json", with);
    let report = json(&work, 0, &[]);
    assert_eq!(report["summary"]["suppressed"], 2);
    assert_eq!(report["suppressed"][0]["suppressed"], "the devices are old");
    let shown = check(&work, 0, &["--all"]);
    assert!(shown.contains("reason: the devices are old") && shown.contains("2 suppressed"), "{shown}");
    work.file(
        "infra/main.json",
        TEMPLATE.replace("        \"minimumTls", "        // azimuth:ignore TLS\n        \"minimumTls"),
    );
    let shown = check(&work, 1, &[]);
    assert!(shown.contains("warning[check-ignore]") && shown.contains("gives no reason"), "{shown}");
}

#[test]
fn a_suppression_that_one_set_of_parameters_needs_is_in_use() {
    let work = folder(&[("", "TLS1_0"), (".prod", "TLS1_2")]);
    let with = TEMPLATE.replace(
        "        \"minimumTls",
        "        // azimuth:ignore TLS the devices are old\n        // azimuth:ignore NONE such\n        \"minimumTls",
    );
    work.file("infra/main.json", with);
    let shown = check(&work, 0, &[]);
    assert_eq!(shown.matches("check-ignore-unused").count(), 1, "{shown}");
    assert!(shown.contains("there is no rule `NONE`") && shown.contains("2 suppressed"), "{shown}");
    work.file("infra/main.parameters.json", parameters("TLS1_2"));
    let shown = check(&work, 0, &[]);
    assert_eq!(shown.matches("`TLS` has no finding").count(), 1, "{shown}");
}

#[test]
fn sarif_has_rules_regions_fingerprints_and_suppressions() {
    let work = folder(&[("", "TLS1_0")]);
    let log: Value = serde_json::from_str(&check(&work, 1, &["--format", "sarif"])).unwrap();
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_eq!(
        (rule["id"].as_str(), rule["properties"]["security-severity"].as_str()),
        (Some("TLS"), Some("5.0"))
    );
    assert!(rule["help"]["text"].as_str().unwrap().contains("set it to TLS1_2"));
    let result = &run["results"][0];
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        *region,
        serde_json::json!({"startLine": 15, "startColumn": 30, "endLine": 15, "endColumn": 51})
    );
    let from = &result["relatedLocations"][0]["physicalLocation"];
    assert!(from["artifactLocation"]["uri"].as_str().unwrap().ends_with("main.parameters.json"));
    assert_eq!(from["region"]["startLine"], 3);
    let prints: Vec<_> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["partialFingerprints"]["azimuthCheck/v1"].clone())
        .collect();
    assert!(prints.len() == 2 && prints[0] != prints[1]);
    let log: Value =
        serde_json::from_str(&check(&work, 0, &["--format", "sarif", "--no-parameter-files"])).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["kind"], "open");
    assert_eq!(log["runs"][0]["results"][0]["level"], "none");
}

#[test]
fn junit_and_markdown_tell_the_same() {
    let work = folder(&[("", "TLS1_0"), (".prod", "TLS1_2")]);
    let junit = check(&work, 1, &["--format", "junit"]);
    assert_eq!(junit.matches("<testcase ").count(), 4, "{junit}");
    assert_eq!(junit.matches("<failure ").count(), 2, "{junit}");
    let junit = check(&work, 0, &["--format", "junit", "--no-parameter-files"]);
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<skipped ").count()), (2, 2), "{junit}");
    let markdown = check(&work, 1, &["--format", "markdown"]);
    assert!(
        markdown.contains("| medium | TLS | `") && markdown.contains("main.json:15` | st0 and 1 more |"),
        "{markdown}"
    );
}

#[test]
fn broken_templates_and_files_that_are_none() {
    let work = folder(&[]);
    work.file("infra/package.json", r#"{"name": "x", "version": 1}"#);
    work.file("infra/notes.json", "[1, 2");
    check(&work, 0, &[]);
    let broken = work.file("infra/broken.json", TEMPLATE.replace("\"resources\": [", "\"resources\": "));
    let run = azimuth(&["check", &broken]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.stdout.contains("not read") && run.stdout.contains("broken.json:"), "{}", run.stdout);
    let run = azimuth(&["check", &work.text("infra/package.json")]);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("has no `resources`"), "{}", run.stdout);
    expect(3, &["check", &work.text("nowhere")]);
    expect(2, &["check"]);
    work.file("lacking/main.json", TEMPLATE);
    work.file("lacking/main.parameters.json", r#"{"parameters": {}}"#);
    let lacking = expect(0, &["check", &work.text("lacking"), "--rule", "AZ-STORAGE-TLS"]).stdout;
    assert!(lacking.contains("warning[arm-missing-parameter]"), "{lacking}");
    let refused = work.file("bad/main.json", TEMPLATE.replace("[parameters('tls')]", "[parameters('tsl')]"));
    let run = azimuth(&["check", &refused]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("error[arm-") && run.stdout.contains(", 1 template that would be refused"),
        "{}",
        run.stdout
    );
}

#[test]
fn assignments_in_force_refuse_and_change() {
    let work = folder(&[("", "TLS1_0")]);
    let subscription = "/subscriptions/11111111-1111-1111-1111-111111111111";
    let base = format!("{subscription}/providers/Microsoft.Authorization");
    let deny = RULE.replace("\"audit\"", "\"deny\"").replacen(
        "\"name\": \"TLS\"",
        &format!("\"id\": \"{base}/policyDefinitions/TLS\", \"type\": \"Microsoft.Authorization/policyDefinitions\", \"name\": \"TLS\""),
        1,
    );
    let assignment = format!(
        r#"{{"id": "{base}/policyAssignments/tls-now", "type": "Microsoft.Authorization/policyAssignments", "name": "tls-now",
            "properties": {{"displayName": "TLS now", "policyDefinitionId": "{base}/policyDefinitions/TLS", "scope": "{subscription}",
            "nonComplianceMessages": [{{"message": "ask the network team"}}]}}}}"#
    );
    let estate = work.file("estate/policy.json", format!("[{deny}, {assignment}]"));
    let scope = format!("{subscription}/resourceGroups/web");
    let infra = work.text("infra");
    let run = expect(
        1,
        &["check", &infra, "--no-pack", "--estate", &estate, "--scope", &scope, "--format", "json"],
    );
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let error = &report["denials"][0]["body"]["error"];
    assert_eq!(error["code"], "RequestDisallowedByPolicy");
    assert!(error["message"].as_str().unwrap().contains("Reasons: 'ask the network team'"), "{error}");
    assert_eq!(report["findings"][0]["rule"], "tls-now");
    let elsewhere = "/subscriptions/22222222-2222-2222-2222-222222222222";
    let run = expect(0, &["check", &infra, "--no-pack", "--estate", &estate, "--scope", elsewhere]);
    assert!(run.stderr.contains("no policy is assigned"), "{}", run.stderr);
    let run = expect(0, &["check", &infra, "--no-pack", "--estate", &estate]);
    assert!(run.stderr.contains("without `--scope`"), "{}", run.stderr);
}

#[test]
fn rules_are_listed_and_explained() {
    let list = expect(0, &["check", "--list-rules"]).stdout;
    let first = list.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let rules: Value =
        serde_json::from_str(&expect(0, &["check", "--list-rules", "-f", "json"]).stdout).unwrap();
    assert_eq!(rules.as_array().unwrap().len() + 1, list.lines().count());
    let text = expect(0, &["check", "--explain", &first.to_lowercase()]).stdout;
    assert!(text.starts_with(&first) && text.contains("azimuth:ignore"), "{text}");
    let run = expect(2, &["check", "--explain", "AZ-NO-SUCH-THING"]);
    assert!(run.stderr.contains("there is no rule"), "{}", run.stderr);
    for wrong in ["AZ-STORAGE-TSL", "AZ-STROAGE-TLS"] {
        let run = expect(2, &["check", "--explain", wrong]);
        assert!(run.stderr.contains("did you mean AZ-STORAGE-TLS,"), "{}", run.stderr);
    }
}

#[test]
fn a_store_is_checked_under_both_spellings() {
    let work = Folder::new();
    let (estate, store) = (work.text("estate"), work.text("estate.azimuth"));
    expect(0, &["demo-estate", "--size", "300", "--seed", "3", "--out", &estate]);
    expect(0, &["import", &estate, "--store", &store]);
    let old = expect(0, &["check", "--store", &store]).stdout;
    assert!(old.starts_with("sound: "), "{old}");
    assert_eq!(expect(0, &["store", "check", "--store", &store]).stdout, old);
}

#[cfg(unix)]
#[test]
fn bicep_is_shown_at_the_declaration() {
    use std::os::unix::fs::PermissionsExt;

    let work = folder(&[]);
    std::fs::remove_file(work.path("infra/main.json")).unwrap();
    let main = work.file(
        "infra/main.bicep",
        "param tls string\n\nresource store 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: 'st'\n}\n",
    );
    let compiled = r#"{
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0", "languageVersion": "2.0",
      "resources": { "store": { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "st",
        "location": "westeurope", "properties": { "minimumTlsVersion": "TLS1_0" } } }
    }"#;
    let json = work.file("compiled.json", compiled);
    let run = |path: &str, code: i32| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_azimuth"))
            .args(["check", path, "--no-pack", "--policy", &work.text("policies"), "--color", "never"])
            .env_clear()
            .env("PATH", work.text("bin"))
            .env("HOME", work.text("home"))
            .output()
            .unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{shown}");
        shown
    };
    // Without a compiler: a named file cannot be read, a folder is checked as far as it goes.
    assert!(run(&main, 3).contains("no Bicep compiler is installed"));
    assert!(run(&work.text("infra"), 0).contains("1 Bicep file without a compiler"));
    let bicep = work.file("bin/bicep", format!("#!/bin/sh\nexec /bin/cat '{json}'\n"));
    std::fs::set_permissions(&bicep, std::fs::Permissions::from_mode(0o755)).unwrap();
    let shown = run(&main, 1);
    for part in [
        "main.bicep:3:10  Microsoft.Storage/storageAccounts st",
        " 3 | resource store 'Microsoft.Storage",
        "   |          ^^^^^",
        "the value is from ",
        "main.bicep (compiled):5:",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn parameters_of_own_rules_are_given_on_the_command_line() {
    let work = folder(&[("", "TLS1_1")]);
    let rule = RULE
        .replace("\"notEquals\": \"TLS1_2\"", "\"notIn\": \"[parameters('versions')]\"")
        .replace("\"mode\"", "\"parameters\": {\"versions\": {\"type\": \"Array\"}}, \"mode\"");
    work.file("policies/tls.json", rule);
    let told = |code: i32, more: &[&str]| {
        let (infra, pack) = (work.text("infra"), work.text("policies"));
        let arguments = ["check", infra.as_str(), "--no-pack", "--pack", pack.as_str()];
        expect(code, &[arguments.as_slice(), more].concat())
    };
    let lacks = told(3, &[]);
    assert!(lacks.stderr.contains("`versions` has no value"), "{}", lacks.stderr);
    told(0, &["--policy-parameter", r#"versions=["TLS1_1","TLS1_2"]"#]);
    told(1, &["--policy-parameter", r#"tls:versions=["TLS1_2"]"#]);
    let file = work.file("versions.json", r#"["TLS1_2"]"#);
    told(1, &["--policy-parameter", &format!("versions=@{file}")]);
    let nothing =
        told(3, &["--policy-parameter", r#"versions=["TLS1_2"]"#, "--policy-parameter", "version=1"]);
    assert!(nothing.stderr.contains("no rule takes a parameter `version`"), "{}", nothing.stderr);
    let other = RULE.replace("\"TLS\"", "\"other\"");
    work.file("policies/other.json", other);
    let nothing = told(3, &["--skip-rule", "tls", "--policy-parameter", "version=1"]);
    assert!(nothing.stderr.contains("no rule takes a parameter `version`"), "{}", nothing.stderr);
    // What a rule takes that is left out is no mistake.
    told(1, &["--skip-rule", "tls", "--policy-parameter", r#"versions=["TLS1_1"]"#]);
    let unsaid = told(2, &["--policy-parameter", "versions"]);
    assert!(unsaid.stderr.contains("gives no parameter a value"), "{}", unsaid.stderr);
}
