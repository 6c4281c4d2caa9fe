//! Engines are pure: no file, socket, clock, environment or randomness in their code.
//!
//! Every crate is an engine unless it is one of the rooms where input and output live. Tests may do as they like.
//! The search is textual, over code with comments and strings blanked out: it finds the honest slip, and a review
//! finds the rest.

use std::collections::BTreeSet;

use super::Finding;
use super::mask::{code_only, line_of, places, without_tests};
use super::tree::{Package, Tree};

/// The crates that may touch the outside world.
const OUTSIDE_ROOMS: &[&str] =
    &["store", "query", "lake", "api", "collector", "azimuth", "conformance", "xtask"];

/// Modules of the standard library that engines stay away from. `net` is not among them: its addresses are plain
/// values, its sockets are in [`WORDS`].
const STD_MODULES: &[&str] = &["fs", "env", "process"];

const OUTSIDE: &str = "input and output live in store, query, lake, api and azimuth";

/// Other words, and what to use instead.
const WORDS: &[(&str, &str)] = &[
    ("TcpStream", OUTSIDE),
    ("TcpListener", OUTSIDE),
    ("UdpSocket", OUTSIDE),
    ("ToSocketAddrs", OUTSIDE),
    ("SystemTime", "take a `jiff::Timestamp`"),
    ("Instant::now", "take a `jiff::Timestamp`"),
    ("Timestamp::now", "take a `jiff::Timestamp`"),
    ("Zoned::now", "take a `jiff::Timestamp`"),
    ("thread_rng", "take a seed"),
    ("rand::rng", "take a seed"),
    ("OsRng", "take a seed"),
    ("getrandom", "take a seed"),
    ("RandomState::new", "use a fixed hasher, or do not let the order of a map show"),
];

/// Every place where an engine touches the outside world.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let engines = tree.packages.iter().filter(|package| !OUTSIDE_ROOMS.contains(&package.name.as_str()));
    engines.flat_map(|engine| check_engine(tree, engine)).collect()
}

fn check_engine(tree: &Tree, engine: &Package) -> Vec<Finding> {
    let sources: Vec<_> =
        tree.sources(engine).map(|(path, text)| (path, without_tests(&code_only(text)))).collect();
    let mut test_files = BTreeSet::new();
    for (path, source) in &sources {
        for module in &source.test_modules {
            test_files.insert(module_path(path, module));
        }
    }
    let is_test = |path: &str| {
        let stem = path.trim_end_matches(".rs");
        test_files.iter().any(|test| {
            stem.strip_prefix(test.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let mut findings = Vec::new();
    for (path, source) in sources.iter().filter(|(path, _)| !is_test(path)) {
        let mut found = |at: usize, subject: String, instead: &str| {
            findings.push(Finding {
                path: (*path).to_owned(),
                line: line_of(&source.code, at),
                rule: "purity",
                message: format!("`{subject}` in an engine; {instead}"),
                subject,
            });
        };
        for (at, module) in std_modules(&source.code) {
            found(
                at,
                format!("std::{module}"),
                "input and output live in store, query, lake, api and azimuth",
            );
        }
        for (word, instead) in WORDS {
            places(&source.code, word).for_each(|at| found(at, (*word).to_owned(), instead));
        }
    }
    findings.sort();
    findings
}

/// Where the module `name`, declared in `path`, lives: its file without `.rs`, or its folder.
fn module_path(path: &str, name: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file.trim_end_matches(".rs") {
        "lib" | "main" | "mod" => format!("{folder}/{name}"),
        stem => format!("{folder}/{stem}/{name}"),
    }
}

/// Forbidden modules of `std`, written `std::fs` or within `use std::{…}`.
fn std_modules(code: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for at in places(code, "std::") {
        let rest = &code[at + "std::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => heads(group),
            None => vec![rest],
        };
        for name in names {
            let is_letter = |character: char| character.is_alphanumeric() || character == '_';
            let word = &name[..name.find(|character| !is_letter(character)).unwrap_or(name.len())];
            found.extend(STD_MODULES.iter().filter(|module| **module == word).map(|module| (at, *module)));
        }
    }
    found
}

/// The members of a `{…}` group of a `use`, from behind its opening brace.
fn heads(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut heads) = (0_usize, 0, Vec::new());
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' => {
                heads.push(group[start..at].trim());
                break;
            }
            b',' if depth == 0 => {
                heads.push(group[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use crate::tidy::tree::findings;

    /// Findings of one file of an engine, as `line: subject`.
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let tree = crate::tidy::tree::fixture(&format!("crates/ids:\n-- crates/ids/src/lib.rs\n{source}"));
        let found: Vec<String> = super::check(&tree)
            .iter()
            .map(|finding| format!("{}: {}", finding.line, finding.subject))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_outside_world_is_found() {
        check(
            "use std::fs;\nuse std::{collections::{BTreeMap, fs}, env, path::Path};\n",
            &["1: std::fs", "2: std::env"],
        );
        check(
            "fn f() { std::env::var(\"X\"); jiff::Timestamp::now(); }",
            &["1: Timestamp::now", "1: std::env"],
        );
        check("let t = std::time::SystemTime::UNIX_EPOCH;", &["1: SystemTime"]);
        check("let mut r = rand::rng();", &["1: rand::rng"]);
        check("use std::net::{IpAddr, TcpStream};", &["1: TcpStream"]);
    }

    #[test]
    fn comments_strings_and_tests_are_free() {
        check("//! std::fs\nconst X: &str = \"std::fs\"; // Instant::now\n", &[]);
        check("#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n", &[]);
        check("const ROOT: &str = env!(\"CARGO_MANIFEST_DIR\"); use std::fmt;", &[]);
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_free() {
        let tree = "crates/ids:\n-- crates/ids/src/a.rs\n#[cfg(test)]\nmod tests;\n\
            -- crates/ids/src/a/tests.rs\nuse std::fs;\n-- crates/ids/src/a/tests/more.rs\nuse std::fs;\n\
            -- crates/ids/src/tests.rs\nuse std::fs;\n";
        assert_eq!(
            findings(super::check, tree),
            ["crates/ids/src/tests.rs:1: purity: `std::fs` in an engine; \
              input and output live in store, query, lake, api and azimuth"]
        );
    }

    #[test]
    fn rooms_of_the_outside_world_are_free() {
        assert_eq!(
            findings(super::check, "crates/store:\n-- crates/store/src/lib.rs\nuse std::fs;\n").len(),
            0
        );
    }
}
