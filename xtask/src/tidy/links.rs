//! Documents lead somewhere: links to files of the repository, and paths in backticks, exist.

use super::Finding;
use super::mask::line_of;
use super::tree::Tree;

/// Folders whose paths are checked when they stand in backticks.
const FOLDERS: &[&str] = &["crates/", "docs/", "xtask/"];

/// Links and paths in Markdown files that lead nowhere.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let links = links(text).map(|(at, target)| (at, target, resolve(folder, target)));
        let paths = paths(text).map(|(at, target)| (at, target, Some(target.to_owned())));
        for (at, target, resolved) in links.chain(paths) {
            if !resolved.is_some_and(|resolved| exists(tree, &resolved)) {
                findings.push(Finding {
                    path: path.clone(),
                    line: line_of(text, at),
                    rule: "links",
                    subject: target.to_owned(),
                    message: format!("`{target}` does not exist"),
                });
            }
        }
    }
    findings
}

/// Targets of `[text](target)` that are files: without scheme, without `#anchor`.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("](").filter_map(|(at, _)| {
        let target = &text[at + 2..];
        let target = &target[..target.find([')', '\n'])?];
        let file = target.split('#').next()?;
        (!file.is_empty() && !target.contains(':')).then_some((at, file))
    })
}

/// Paths in backticks, if they are meant literally.
fn paths(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ticks: Vec<usize> = text.match_indices('`').map(|(at, _)| at).collect();
    ticks.into_iter().filter_map(|at| {
        let rest = &text[at + 1..];
        let word = &rest[..rest.find(['`', '\n'])?];
        // Ids of cases of the query corpus begin like a path of ours.
        let is_path =
            FOLDERS.iter().any(|folder| word.starts_with(folder)) && !word.starts_with("docs/query/");
        // `suites/SUITE.rs` and `crates/*` stand for something.
        let is_literal =
            word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c));
        (is_path && is_literal).then_some((at, word))
    })
}

/// The target relative to the root, seen from a folder; none if it leaves the repository.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A file, or a folder that holds one.
fn exists(tree: &Tree, path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    tree.files.keys().chain(&tree.binaries).any(|file| file == path || file.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use crate::tidy::tree::findings;

    #[test]
    fn links_and_paths_lead_somewhere() {
        let tree = "-- docs/a.md\n[b](b.md#part) [up](../README.md) [web](https://example.com/x.md) [here](#part)\n\
            see `crates/ids/src` and `crates/ids/src/lib.rs` and `crates/SUITE.rs`\n\
            [gone](gone.md)\n`docs/gone.md`\n[out](../../x.md)\n\
            -- docs/b.md\n-- README.md\n-- crates/ids/src/lib.rs\n";
        assert_eq!(
            findings(super::check, tree),
            [
                "docs/a.md:3: links: `gone.md` does not exist",
                "docs/a.md:5: links: `../../x.md` does not exist",
                "docs/a.md:4: links: `docs/gone.md` does not exist",
            ]
        );
    }
}
