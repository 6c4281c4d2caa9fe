//! Rules about single files: nothing unfinished, nothing of one machine, nothing too long, docs at every door.

use super::Finding;
use super::mask::{code_only, line_of, places};
use super::tree::Tree;

/// The longest Rust file that a reviewer should meet.
const LONGEST: usize = 1_000;

/// Folders of a development machine that have no business in a repository. Put together here so that this file does
/// not find itself.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "bash_jobs")];

/// Absolute paths of the machine that somebody worked on.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.files {
        for folder in MACHINE_PATHS {
            // Within a longer path it is a part of an id or of a URL: only a path that starts here is one of a machine.
            let starts = |at: &usize| {
                let before = text[..*at].chars().next_back();
                before.is_none_or(|before| !before.is_alphanumeric() && !"-_.}/*>)]".contains(before))
            };
            for at in text.match_indices(folder).map(|(at, _)| at).filter(starts) {
                findings.push(Finding {
                    path: path.clone(),
                    line: line_of(text, at),
                    rule: "machine-path",
                    subject: (*folder).to_owned(),
                    message: format!("`{folder}` is a folder of one machine"),
                });
            }
        }
    }
    findings
}

/// Code that says it is not written yet.
pub(super) fn unfinished(tree: &Tree) -> Vec<Finding> {
    words(tree, "unfinished", &["todo!", "unimplemented!"], "finish it, or return an error that says so")
}

/// Tests that do not run.
pub(super) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    words(tree, "ignored-test", &["#[ignore"], "a test runs or does not exist")
}

fn words(tree: &Tree, rule: &'static str, words: &[&str], advice: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let code = code_only(text);
        for word in words {
            findings.extend(places(&code, word).map(|at| Finding {
                path: path.to_owned(),
                line: line_of(&code, at),
                rule,
                subject: (*word).to_owned(),
                message: format!("`{word}`; {advice}"),
            }));
        }
    }
    findings
}

/// Rust files that nobody reads to the end.
pub(super) fn long_files(tree: &Tree) -> Vec<Finding> {
    let lengths = tree.rust_files().map(|(path, text)| (path, text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(path, lines)| Finding {
        path: path.to_owned(),
        line: 0,
        rule: "long-file",
        subject: "length".to_owned(),
        message: format!("{lines} lines, more than {LONGEST}; make siblings files"),
    })
    .collect()
}

/// Crates whose door says nothing.
pub(super) fn crate_docs(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        for door in ["lib.rs", "main.rs"] {
            let path = format!("{}/src/{door}", package.folder);
            if tree.files.get(&path).is_some_and(|text| !text.starts_with("//!")) {
                findings.push(Finding {
                    path,
                    line: 1,
                    rule: "crate-docs",
                    subject: door.to_owned(),
                    message: "does not open with `//!`: say what the crate is responsible for".to_owned(),
                });
            }
        }
    }
    findings
}

/// Manifests that leave the workspace's lints out.
pub(super) fn crate_lints(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.packages.iter().map(|package| format!("{}/Cargo.toml", package.folder));
    let without = manifests.filter(|path| {
        tree.files
            .get(path)
            .is_some_and(|text| !text.replace("\r\n", "\n").contains("[lints]\nworkspace = true"))
    });
    without
        .map(|path| Finding {
            path,
            line: 0,
            rule: "crate-lints",
            subject: "lints".to_owned(),
            message: "lacks `[lints] workspace = true`".to_owned(),
        })
        .collect()
}

/// Crates with more than one integration-test program: each costs a link.
pub(super) fn test_binaries(tree: &Tree) -> Vec<Finding> {
    let many = tree.packages.iter().filter(|package| package.test_programs > 1);
    many.map(|package| Finding {
        path: format!("{}/tests", package.folder),
        line: 0,
        rule: "test-binaries",
        subject: package.name.clone(),
        message: format!("{} test programs; one is enough: tests/it/main.rs", package.test_programs),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::{findings, fixture};

    #[test]
    fn machine_paths_are_found_and_azure_ids_are_not() {
        let folder = MACHINE_PATHS[1];
        let tree = format!(
            "-- README.md\nsee `{folder}notes`\n/providers/Microsoft.Management/managementGroups{folder}x\nok\n"
        );
        let found = machine_paths(&fixture(&tree));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 1);
    }

    #[test]
    fn unfinished_code_and_ignored_tests_are_found() {
        let tree = "-- crates/a/src/lib.rs\n// todo!\nfn f() { todo!() }\n#[test]\n#[ignore = \"slow\"]\nfn g() {}\n";
        assert_eq!(
            findings(unfinished, tree),
            ["crates/a/src/lib.rs:2: unfinished: `todo!`; finish it, or return an error that says so"]
        );
        assert_eq!(findings(ignored_tests, tree).len(), 1);
    }

    #[test]
    fn a_file_of_a_thousand_lines_is_the_longest() {
        let tree = |lines| format!("-- a.rs\n{}", "x\n".repeat(lines));
        assert_eq!(findings(long_files, &tree(1_000)).len(), 0);
        assert_eq!(findings(long_files, &tree(1_001)).len(), 1);
    }

    #[test]
    fn every_crate_has_docs_and_lints() {
        let tree = "crates/a:\ncrates/b:\n-- crates/a/src/lib.rs\n//! A.\n-- crates/a/Cargo.toml\n[lints]\nworkspace = true\n\
            -- crates/b/src/main.rs\nfn main() {}\n-- crates/b/Cargo.toml\n[package]\n";
        assert_eq!(findings(crate_docs, tree).len(), 1);
        assert_eq!(
            findings(crate_lints, tree),
            ["crates/b/Cargo.toml: crate-lints: lacks `[lints] workspace = true`"]
        );
    }

    #[test]
    fn one_test_program_per_crate() {
        let mut tree = fixture("crates/a:\n");
        tree.packages[0].test_programs = 2;
        assert_eq!(test_binaries(&tree).len(), 1);
    }
}
