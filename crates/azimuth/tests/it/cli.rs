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
    let run = expect(2, &["assess", &estate, "--explain", "NW4"]);
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
