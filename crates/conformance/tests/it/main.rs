//! The program from outside: what it prints, and how it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program over a folder that stands for the shared one.
fn conformance(shared: &Path, ci: bool, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_azimuth-conformance"));
    command.args(arguments).env("AZIMUTH_SHARED", shared).env_remove("CI");
    if ci {
        command.env("CI", "true");
    }
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

fn corpora(files: &[(&str, &str)]) -> tempfile::TempDir {
    let shared = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = shared.path().join("corpora").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    shared
}

#[test]
fn files_without_an_engine_are_counted_and_data_is_named() {
    let shared = corpora(&[
        ("delivery/stacks.jsonl", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n"),
        ("posture/alerts.jsonl", "{}\n"),
        ("new/things.jsonl", "{}\n"),
        ("delivery/README.md", ""),
    ]);
    let output = conformance(shared.path(), true, &[]);
    assert!(output.status.success());
    assert_eq!(
        stdout(&output).lines().map(str::trim_end).collect::<Vec<_>>(),
        [
            "delivery/stacks.jsonl: passed 0 of 2 (no engine yet: blueprints, stacks and deployments)",
            "new/things.jsonl: passed 0 of 1 (no engine yet: not registered in crates/conformance/src/suites)",
            "",
            "not run, because they are no cases:",
            "  posture/alerts.jsonl                                 facts: the alert reference",
        ]
    );
    assert_eq!(stdout(&conformance(shared.path(), true, &["delivery", "--quiet"])), "");
}

#[test]
fn a_name_that_fits_nothing_is_wrong_usage() {
    let shared = corpora(&[("delivery/stacks.jsonl", "{}\n")]);
    for arguments in [&["sql"][..], &["--fast"], &["--case"], &["--case", "nobody"]] {
        let output = conformance(shared.path(), true, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn missing_corpora_are_said_loudly_and_fail_in_ci() {
    let shared = tempfile::tempdir().unwrap();
    let output = conformance(shared.path(), false, &[]);
    assert!(output.status.success());
    assert!(stdout(&output).starts_with("SKIPPED: "));
    assert_eq!(conformance(shared.path(), true, &[]).status.code(), Some(1));
}
