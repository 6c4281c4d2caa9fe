//! Every direct dependency has a line in `docs/dependencies.md` with its reason, and every line has a user.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

const DOCUMENT: &str = "docs/dependencies.md";

/// Dependencies without a line, and lines without a dependency.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let text = tree.files.get(DOCUMENT).map_or("", String::as_str);
    let documented: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for package in &tree.packages {
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.is_local) {
            let is_new = used.insert(dependency.name.as_str());
            if is_new && !documented.contains(dependency.name.as_str()) {
                findings.push(finding(
                    format!("{}/Cargo.toml", package.folder),
                    &dependency.name,
                    format!("`{}` has no line in {DOCUMENT}: | `name` | why | licence |", dependency.name),
                ));
            }
        }
    }
    for name in documented.difference(&used) {
        findings.push(finding(
            DOCUMENT.to_owned(),
            name,
            format!("`{name}` is documented, but no crate uses it"),
        ));
    }
    findings
}

fn finding(path: String, subject: &str, message: String) -> Finding {
    Finding { path, line: 0, rule: "dependencies", subject: subject.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use crate::tidy::tree::findings;

    #[test]
    fn dependencies_and_lines_match() {
        let tree = "crates/ids: thiserror, dev:proptest, azimuth-host\ncrates/host: thiserror\n\
            -- docs/dependencies.md\n| crate | why | licence |\n|---|---|---|\n| `thiserror` | errors | MIT |\n\
            | `gone` | nothing | MIT |\n";
        assert_eq!(
            findings(super::check, tree),
            [
                "crates/ids/Cargo.toml: dependencies: `proptest` has no line in docs/dependencies.md: \
                 | `name` | why | licence |",
                "docs/dependencies.md: dependencies: `gone` is documented, but no crate uses it",
            ]
        );
    }
}
