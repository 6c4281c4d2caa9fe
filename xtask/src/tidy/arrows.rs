//! Dependency arrows: who may depend on whom, as the code map in `ARCHITECTURE.md` says.
//!
//! The table in the document *is* the rule, so the picture cannot drift from the code: a crate that is missing in
//! the table, an arrow that is not in it, or a row for a crate that does not exist is a finding. Dev-dependencies
//! are free, except that nothing may lean on the dev-only crates.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::{Package, Tree, short_name};

/// Where the table is.
const DOCUMENT: &str = "ARCHITECTURE.md";
/// How its header starts; the columns are crate, what it holds, what it may depend on.
const HEADER: &str = "| crate | holds | may depend on |";

/// What a crate may depend on.
#[derive(Debug, PartialEq, Eq)]
enum May {
    Everything,
    Only(Vec<String>),
    /// For developers: it may lean on everything, nothing may lean on it.
    DevOnly,
}

/// All breaches of the table.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let finding = |path: String, subject: &str, message: String| Finding {
        path,
        line: 0,
        rule: "arrows",
        subject: subject.to_owned(),
        message,
    };
    let Some(rows) = tree.files.get(DOCUMENT).map(|text| table(text)).filter(|rows| !rows.is_empty()) else {
        return vec![finding(DOCUMENT.into(), "table", format!("no table with the header `{HEADER}`"))];
    };
    let mut findings = Vec::new();
    for package in &tree.packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let Some(may) = rows.get(package.name.as_str()) else {
            let message = format!("crate `{}` has no row in the code map", package.name);
            findings.push(finding(DOCUMENT.into(), &package.name, message));
            continue;
        };
        for name in local_dependencies(package) {
            let refused = match may {
                _ if rows.get(name) == Some(&May::DevOnly) => "which is for developers only",
                May::Only(allowed) if !allowed.iter().any(|allowed| allowed == name) => {
                    "which the code map in ARCHITECTURE.md does not allow"
                }
                _ => continue,
            };
            findings.push(finding(manifest.clone(), name, format!("depends on `{name}`, {refused}")));
        }
    }
    for name in rows.keys().filter(|name| !tree.packages.iter().any(|package| package.name == ***name)) {
        findings.push(finding(
            DOCUMENT.into(),
            name,
            format!("the code map names `{name}`, which does not exist"),
        ));
    }
    findings
}

fn local_dependencies(package: &Package) -> impl Iterator<Item = &str> {
    let local = package.dependencies.iter().filter(|dependency| dependency.is_local && !dependency.is_dev);
    local.map(|dependency| short_name(&dependency.name))
}

/// The rows of the code map by crate.
fn table(document: &str) -> BTreeMap<&str, May> {
    let lines = document.lines().skip_while(|line| !line.starts_with(HEADER)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (name, may) = (cells.first()?.trim_matches('`'), cells.last()?);
        Some((
            name,
            match *may {
                "everything" => May::Everything,
                "dev only" => May::DevOnly,
                "–" => May::Only(Vec::new()),
                names => May::Only(
                    names.split_whitespace().map(|name| name.trim_matches('`').to_owned()).collect(),
                ),
            },
        ))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::tree::findings;

    const MAP: &str = "
-- ARCHITECTURE.md
| crate | holds | may depend on |
|---|---|---|
| `ids` | resource ids | – |
| `host` | traits | ids |
| `xtask` | tasks | dev only |
| `azimuth` | the binary | everything |
";

    #[track_caller]
    fn check(packages: &str, expected: &[&str]) {
        assert_eq!(findings(super::check, &format!("{packages}{MAP}")), expected);
    }

    #[test]
    fn allowed_arrows_pass() {
        check(
            "crates/ids: thiserror, dev:azimuth-host\ncrates/host: azimuth-ids\nxtask: anyhow\n\
             crates/azimuth: azimuth-ids, azimuth-host",
            &[],
        );
    }

    #[test]
    fn a_forbidden_arrow_is_found() {
        check(
            "crates/ids: azimuth-host\ncrates/host: azimuth-ids\nxtask:\ncrates/azimuth: xtask",
            &[
                "crates/ids/Cargo.toml: arrows: depends on `host`, which the code map in ARCHITECTURE.md does not allow",
                "crates/azimuth/Cargo.toml: arrows: depends on `xtask`, which is for developers only",
            ],
        );
    }

    #[test]
    fn the_map_and_the_crates_are_the_same_set() {
        check(
            "crates/ids:\ncrates/new:\nxtask:\ncrates/azimuth:",
            &[
                "ARCHITECTURE.md: arrows: crate `new` has no row in the code map",
                "ARCHITECTURE.md: arrows: the code map names `host`, which does not exist",
            ],
        );
    }

    #[test]
    fn a_missing_map_is_found() {
        assert_eq!(findings(super::check, "crates/ids:\n-- README.md\n").len(), 1);
    }
}
