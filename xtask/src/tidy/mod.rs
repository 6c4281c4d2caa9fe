//! `cargo xtask tidy`: the house rules that no compiler checks, so that `ARCHITECTURE.md` stays true.
//!
//! A rule is a function from a [`Tree`] to [`Finding`]s; it reads nothing but the tree, so its tests are small
//! trees written in place (`tree::fixture`). What a rule must tolerate stands in `xtask/tidy-exceptions.txt`,
//! one line each with a reason; the list may only shrink ([`exceptions`]).

mod arrows;
mod dependencies;
mod exceptions;
mod files;
mod links;
mod mask;
mod purity;
mod rooms;
mod tree;

use std::fmt;

use anyhow::{Result, bail};

use tree::Tree;

/// One breach of a house rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, relative to the workspace root.
    path: String,
    /// Counted from 1; 0 when the finding concerns the whole file.
    line: usize,
    rule: &'static str,
    /// What an exception names: the forbidden word, the crate, the dependency.
    subject: String,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}: {}", self.path, self.rule, self.message),
            line => write!(f, "{}:{line}: {}: {}", self.path, self.rule, self.message),
        }
    }
}

const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    arrows::check,
    rooms::check,
    dependencies::check,
    purity::check,
    links::check,
    files::machine_paths,
    files::unfinished,
    files::ignored_tests,
    files::long_files,
    files::crate_docs,
    files::crate_lints,
    files::test_binaries,
];

/// Runs the task; true if there is nothing to say.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    if let Some(argument) = arguments.first() {
        bail!("`cargo xtask tidy` takes no arguments, found `{argument}`");
    }
    Ok(check()? == 0)
}

/// Checks the workspace, prints the findings and returns their number.
pub(crate) fn check() -> Result<usize> {
    let tree = Tree::of_workspace()?;
    let findings = exceptions::apply(&tree, RULES.iter().flat_map(|rule| rule(&tree)).collect());
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!(
            "tidy: {} files and {} crates keep the house rules",
            tree.files.len(),
            tree.packages.len()
        ),
        n => println!("tidy: {n} findings; the rules and their reasons are in ARCHITECTURE.md"),
    }
    Ok(findings.len())
}
