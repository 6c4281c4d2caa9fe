//! The command line: exit codes, formats, errors, history.

use serde_json::Value;

use crate::support::{Folder, Run, azimuth, expect};

const SUB: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";

fn estate(work: &Folder) -> String {
    let folder = work.text("estate");
    expect(0, &["demo-estate", "--size", "400", "--seed", "3", "--out", &folder]);
    folder
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = expect(0, &["--help"]).stdout;
    for word in [
        "assess",
        "controls",
        "import",
        "export",
        "changes",
        "access",
        "collect",
        "demo-estate",
        "check",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word} is missing in\n{help}");
    }
    expect(2, &["asses"]);
    expect(2, &["assess"]);
}

#[test]
fn every_format_is_well_formed_and_agrees() {
    let work = Folder::new();
    let estate = estate(&work);
    let json: Value =
        serde_json::from_str(&expect(0, &["assess", &estate, "--format", "json"]).stdout).unwrap();
    let examples: usize = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|result| result["counterexamples"].as_array().map(Vec::len))
        .sum();
    assert!(examples > 0);
    assert_eq!(json["results"].as_array().unwrap().len(), 40);

    let sarif: Value = serde_json::from_str(&expect(0, &["assess", &estate, "-f", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let failures =
        sarif["runs"][0]["results"].as_array().unwrap().iter().filter(|r| r["kind"] != "pass").count();
    assert_eq!(failures, examples);

    let csv = expect(0, &["assess", &estate, "-f", "csv"]).stdout;
    assert_eq!(csv.matches(",violated,").count(), examples);

    let junit = expect(0, &["assess", &estate, "-f", "junit"]).stdout;
    assert_eq!(junit.matches("<testcase ").count(), 40);
    assert_eq!(junit.matches("<failure ").count(), junit.matches("</failure>").count());

    let markdown = expect(0, &["assess", &estate, "-f", "markdown"]).stdout;
    assert!(markdown.starts_with("# Azimuth assessment of"));

    let page = work.text("report.html");
    expect(0, &["assess", &estate, "-f", "html", "--out", &page]);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    assert!(!html.contains("<script") && !html.contains("src=\"http"), "self-contained");
    assert_eq!(html.matches("<details ").count(), 40);

    let terminal = expect(0, &["assess", &estate]).stdout;
    assert!(terminal.contains("40 controls:") && !terminal.contains('\u{1b}'), "{terminal}");
}

#[test]
fn fail_on_and_baseline_decide_the_exit_code() {
    let work = Folder::new();
    let estate = estate(&work);
    expect(0, &["assess", &estate, "-q"]);
    expect(1, &["assess", &estate, "-q", "--fail-on", "violated"]);
    let baseline = work.text("baseline.json");
    expect(0, &["assess", &estate, "-q", "-f", "json", "--out", &baseline]);
    let run = expect(0, &["assess", &estate, "-q", "--fail-on", "violated", "--baseline", &baseline]);
    assert!(run.stdout.contains("more are in the baseline"), "{}", run.stdout);
    let broken = work.file("broken.json", "{\"results\": 3}");
    let run = expect(3, &["assess", &estate, "--baseline", &broken]);
    assert!(run.stderr.contains("`$.results` is missing") && run.stderr.contains("hint"), "{}", run.stderr);
}

#[test]
fn explain_shows_the_counterexamples_and_the_fix() {
    let work = Folder::new();
    let estate = estate(&work);
    let run = expect(0, &["assess", &estate, "--explain", "nw-4"]);
    for text in ["Why it matters", "How it is decided", "How to fix it", "Verdict"] {
        assert!(run.stdout.contains(text), "{}", run.stdout);
    }
    expect(0, &["assess", &estate, "--explain", "nw4"]);
    let run = expect(2, &["assess", &estate, "--explain", "NW-44"]);
    assert!(run.stderr.contains("did you mean `NW-4`"), "{}", run.stderr);
}

#[test]
fn unusable_input_ends_with_3_and_says_what_to_do() {
    let work = Folder::new();
    let missing = work.text("nowhere");
    let run = expect(3, &["assess", &missing]);
    assert!(run.stderr.contains("cannot read"), "{}", run.stderr);
    let empty = work.file("empty/none.json", "[]");
    let run = expect(3, &["assess", &empty]);
    assert!(run.stderr.contains("no Azure document found") && run.stderr.contains("hint"), "{}", run.stderr);
    let nothing = format!("{missing}/*.json");
    assert!(expect(3, &["assess", &nothing]).stderr.contains("matches no file"));
}

#[test]
fn broken_files_are_reported_and_the_rest_is_used() {
    let work = Folder::new();
    work.file("in/good.json", format!(r#"[{{"id":"{SUB}/resourceGroups/a","type":"Microsoft.Resources/resourceGroups","name":"a","location":"x","properties":{{}}}}]"#));
    work.file("in/bad.json", "{\"value\": [ {\"id\": ");
    let folder = work.text("in");
    let run = expect(0, &["assess", &folder]);
    assert!(run.stderr.contains("bad.json"), "{}", run.stderr);
    expect(3, &["assess", &folder, "--strict"]);
}

#[test]
fn a_store_remembers_and_can_be_asked_about_the_past() {
    let work = Folder::new();
    let store = work.text("estate.db");
    let document = |location: &str| {
        format!(
            r#"{{"id":"{SUB}/resourceGroups/a","type":"Microsoft.Resources/resourceGroups","name":"a","location":"{location}","properties":{{}}}}"#
        )
    };
    let first = work.file("first.json", document("westeurope"));
    let second = work.file("second.json", document("northeurope"));
    let summary = |run: Run| serde_json::from_str::<Value>(&run.stdout).unwrap();
    let done = summary(expect(0, &["import", &first, "--store", &store, "-o", "json"]));
    assert_eq!((&done["created"], &done["updated"]), (&Value::from(1), &Value::from(0)));
    let feed: Value =
        serde_json::from_str(&expect(0, &["changes", "--store", &store, "-o", "json"]).stdout).unwrap();
    let between = feed[0]["time"].as_str().unwrap().to_owned();
    let done = summary(expect(0, &["import", &second, "--store", &store, "-o", "json", "--actor", "alice"]));
    assert_eq!(done["updated"], 1);
    let done = summary(expect(0, &["import", &second, "--store", &store, "-o", "json"]));
    assert_eq!(done["unchanged"], 1);

    assert!(expect(0, &["export", "--store", &store]).stdout.contains("northeurope"));
    assert!(expect(0, &["export", "--store", &store, "--as-of", &between]).stdout.contains("westeurope"));
    let run = expect(3, &["export", "--store", &store, "--as-of", "2001-01-01"]);
    assert!(run.stderr.contains("no document as of"), "{}", run.stderr);

    let id = format!("{SUB}/resourcegroups/A");
    let changes: Value =
        serde_json::from_str(&expect(0, &["changes", "--store", &store, "--of", &id, "-o", "json"]).stdout)
            .unwrap();
    assert_eq!(changes.as_array().unwrap().len(), 2);
    assert_eq!(changes[1]["actor"], "alice");
    assert_eq!(changes[1]["before"]["location"], "westeurope");
    assert_eq!(changes[1]["after"]["location"], "northeurope");
    assert!(expect(0, &["check", "--store", &store]).stdout.starts_with("sound"));

    let third = work.file("third.json", document("x").replace("/a\"", "/b\"").replace("\"a\"", "\"b\""));
    let done = summary(expect(0, &["import", &third, "--store", &store, "--replace", "-o", "json"]));
    assert_eq!((&done["created"], &done["deleted"]), (&Value::from(1), &Value::from(1)));
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let work = Folder::new();
    let file = work.file("not.db", "this is no database, though it is long enough to look at");
    let run = azimuth(&["assess", "--store", &file]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("error"), "{}", run.stderr);
}

#[test]
fn the_demo_estate_overwrites_nothing() {
    let work = Folder::new();
    work.file("out/mine.txt", "precious");
    let folder = work.text("out");
    let run = expect(2, &["demo-estate", "--out", &folder]);
    assert!(run.stderr.contains("not empty"), "{}", run.stderr);
}

#[test]
fn times_that_are_none_are_refused() {
    let run = expect(2, &["assess", ".", "--as-of", "yesterday"]);
    assert!(run.stderr.contains("`yesterday` is no time"), "{}", run.stderr);
}

#[test]
fn controls_completions_and_man_pages_are_there() {
    let controls: Value = serde_json::from_str(&expect(0, &["controls", "-o", "json"]).stdout).unwrap();
    assert_eq!(controls.as_array().unwrap().len(), 40);
    assert!(expect(0, &["controls", "DD-4"]).stdout.contains("Evidence"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(expect(0, &["completions", shell]).stdout.contains("azimuth"));
    }
    assert!(expect(0, &["man"]).stdout.starts_with(".ie"));
    let work = Folder::new();
    let pages = work.text("man");
    expect(0, &["man", "--out", &pages]);
    assert!(work.path("man/azimuth-assess.1").exists());
}

fn group(name: &str, location: &str) -> String {
    format!(
        r#"{{"id":"{SUB}/resourceGroups/{name}","type":"Microsoft.Resources/resourceGroups","name":"{name}","location":"{location}","properties":{{}}}}"#
    )
}

#[test]
fn a_thinner_export_does_not_wipe_out_a_fuller_one() {
    let work = Folder::new();
    let id = format!("{SUB}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acc");
    let head =
        format!(r#"{{"id":"{id}","type":"Microsoft.Storage/storageAccounts","name":"acc","location":"x""#);
    let full =
        work.file("full.json", format!(r#"[{head},"properties":{{"publicNetworkAccess":"Disabled"}}}}]"#));
    let thin = work.file("thin.json", format!("[{head}}}]"));
    let store = work.text("estate.db");
    expect(0, &["import", &full, "--store", &store]);
    let run = expect(0, &["import", &thin, "--store", &store, "--replace", "-o", "json"]);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&summary["unchanged"], &summary["updated"], &summary["deleted"]),
        (&1.into(), &0.into(), &0.into())
    );
    assert!(expect(0, &["export", "--store", &store]).stdout.contains("publicNetworkAccess"));
}

#[test]
fn a_store_among_exports_is_refused() {
    let work = Folder::new();
    let (store, file) = (work.text("estate.db"), work.file("a.json", group("a", "x")));
    expect(0, &["import", &file, "--store", &store]);
    assert!(expect(2, &["assess", &store, &file]).stderr.contains("is a store"));
    expect(0, &["assess", &store]);
}

#[test]
fn names_from_the_tenant_cannot_redraw_the_terminal() {
    let work = Folder::new();
    let hostile = "Con\\u001b[31mtoso\\u202e";
    let page = format!(
        r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#organization","value":[{{"id":"t1","displayName":"{hostile}"}}]}}"#
    );
    work.file("in/organization.json", page);
    work.file("in/group.json", group("a", "x"));
    let shown = expect(0, &["--color", "always", "assess", &work.text("in"), "--control", "ID-1"]).stdout;
    assert!(shown.contains("Con\u{fffd}[31mtoso\u{fffd}"), "{shown:?}");
}

#[cfg(unix)]
mod unix {
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn standard_input_and_pipes_are_read_whole() {
        for path in ["-", "/dev/stdin"] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_azimuth"))
                .args(["export", path])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command starts");
            let mut stdin = child.stdin.take().expect("standard input is piped");
            stdin.write_all(group("piped", "x").as_bytes()).expect("the command reads");
            drop(stdin);
            let output = child.wait_with_output().expect("it ends");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(String::from_utf8_lossy(&output.stdout).contains("piped"), "{path}: {errors}");
        }
    }

    #[test]
    fn a_device_is_written_to_and_a_link_followed() {
        let work = Folder::new();
        let file = work.file("in/a.json", group("a", "x"));
        let target = work.file("out/target.html", "old");
        let link = work.text("out/link.html");
        symlink(&target, &link).expect("links can be made");
        expect(0, &["assess", &file, "-f", "html", "--out", &link]);
        assert!(std::fs::symlink_metadata(&link).expect("it is there").is_symlink());
        assert!(std::fs::read_to_string(&target).expect("it is there").starts_with("<!doctype html>"));
        expect(0, &["assess", &file, "-f", "html", "--out", "/dev/stdout"]);
        expect(4, &["assess", &file, "--out", &work.text("out")]);
        assert_eq!(std::fs::read_dir(work.path("out")).expect("it is there").count(), 2, "no leftovers");
    }

    #[test]
    fn circles_of_links_end() {
        let work = Folder::new();
        work.file("in/a.json", group("a", "x"));
        symlink(work.path("in"), work.path("in/again")).expect("links can be made");
        symlink(work.path("in"), work.path("in/once-more")).expect("links can be made");
        let run = expect(0, &["assess", &work.text("in")]);
        assert!(run.stderr.contains("again"), "{}", run.stderr);
    }
}

#[test]
fn a_template_export_is_read_as_resources_where_it_belongs() {
    let work = Folder::new();
    let template = work.file(
        "template.json",
        r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "name": { "type": "string", "defaultValue": "contosodata" } },
  "resources": [ {
    "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[parameters('name')]",
    "location": "westeurope", "sku": { "name": "Standard_LRS" }, "kind": "StorageV2",
    "properties": { "networkAcls": { "defaultAction": "Allow" } }
  } ]
}"#,
    );
    let run = expect(3, &["assess", &template]);
    assert!(run.stderr.contains("--template-scope"), "{}", run.stderr);
    let scope = format!("{SUB}/resourceGroups/data");
    let run =
        expect(0, &["assess", &template, "--template-scope", &scope, "--control", "DD-3", "-f", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let example = &report["results"][0]["counterexamples"][0];
    let id = format!("{scope}/providers/Microsoft.Storage/storageAccounts/contosodata");
    assert_eq!(example["object"], id.as_str(), "{report}");
    assert_eq!(example["path"], "$.properties.networkAcls.defaultAction");
    expect(2, &["assess", &template, "--template-scope", "nowhere"]);
}
