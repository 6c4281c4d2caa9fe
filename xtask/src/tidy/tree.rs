//! What the rules look at: the files of the checkout and the packages of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace;

/// The checkout as the rules see it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Text files that are tracked or would be added, by path relative to the root, with forward slashes.
    pub(super) files: BTreeMap<String, String>,
    /// The paths of files that are no text.
    pub(super) binaries: BTreeSet<String>,
    /// The packages of the workspace.
    pub(super) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// The name without `azimuth-`, which is also the name of its folder.
    pub(super) name: String,
    /// Its folder, such as `crates/ids`.
    pub(super) folder: String,
    /// What its manifest names.
    pub(super) dependencies: Vec<Dependency>,
    /// Every package it can reach without dev-dependencies, by full name.
    pub(super) reaches: BTreeSet<String>,
    /// How many integration-test programs it builds.
    pub(super) test_programs: usize,
}

/// One line of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The full name, such as `azimuth-ids` or `serde`.
    pub(super) name: String,
    /// For tests only.
    pub(super) is_dev: bool,
    /// In this workspace.
    pub(super) is_local: bool,
}

/// `azimuth-ids` → `ids`; other names stay as they are.
pub(super) fn short_name(name: &str) -> &str {
    name.strip_prefix("azimuth-").unwrap_or(name)
}

impl Tree {
    /// The checkout that this program was built in.
    pub(super) fn of_workspace() -> Result<Self> {
        let (files, binaries) = files()?;
        Ok(Self { files, binaries, packages: packages(&workspace::metadata()?)? })
    }

    /// The Rust files below `src/` of a package, with their paths.
    pub(super) fn sources<'a>(&'a self, package: &Package) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{}/src/", package.folder);
        self.rust_files().filter(move |(path, _)| path.starts_with(&prefix))
    }

    /// All Rust files.
    pub(super) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().filter(|(path, _)| path.ends_with(".rs"));
        files.map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// The text files with their texts, and the paths of all others.
fn files() -> Result<(BTreeMap<String, String>, BTreeSet<String>)> {
    let root = workspace::root();
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("failed to start `git ls-files`")?;
    anyhow::ensure!(output.status.success(), "`git ls-files` failed: the house rules need a git checkout");
    let (mut files, mut binaries) = (BTreeMap::new(), BTreeSet::new());
    for path in String::from_utf8_lossy(&output.stdout).split('\0').filter(|path| !path.is_empty()) {
        // Deleted files are still listed until the deletion is staged.
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        match String::from_utf8(bytes) {
            Ok(text) => {
                files.insert(path.to_owned(), text);
            }
            Err(_) => {
                binaries.insert(path.to_owned());
            }
        }
    }
    Ok((files, binaries))
}

fn packages(metadata: &Value) -> Result<Vec<Package>> {
    fn list(value: &Value) -> &[Value] {
        value.as_array().map_or(&[], Vec::as_slice)
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let root = text(&metadata["workspace_root"]).replace('\\', "/");
    let graph = Graph::of(metadata);
    let mut packages = Vec::new();
    // Packages from a registry have a source; those of the workspace have none.
    for package in list(&metadata["packages"]).iter().filter(|package| package["source"].is_null()) {
        let manifest = text(&package["manifest_path"]).replace('\\', "/");
        let folder = manifest
            .strip_prefix(&root)
            .and_then(|path| path.trim_start_matches('/').strip_suffix("/Cargo.toml"))
            .with_context(|| format!("`{manifest}` is not a folder of the workspace"))?;
        let dependencies = list(&package["dependencies"]).iter().map(|dependency| Dependency {
            name: text(&dependency["name"]),
            is_dev: dependency["kind"] == "dev",
            is_local: dependency["source"].is_null(),
        });
        let is_test = |target: &&Value| list(&target["kind"]).iter().any(|kind| kind == "test");
        packages.push(Package {
            name: short_name(&text(&package["name"])).to_owned(),
            folder: folder.to_owned(),
            dependencies: dependencies.collect(),
            reaches: graph.reachable(&text(&package["id"])),
            test_programs: list(&package["targets"]).iter().filter(is_test).count(),
        });
    }
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(packages)
}

/// The resolved dependency graph, without dev-dependencies.
struct Graph {
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn of(metadata: &Value) -> Self {
        let (mut names, mut edges) = (BTreeMap::new(), BTreeMap::new());
        for package in metadata["packages"].as_array().into_iter().flatten() {
            if let (Some(id), Some(name)) = (package["id"].as_str(), package["name"].as_str()) {
                names.insert(id.to_owned(), name.to_owned());
            }
        }
        for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
            let needed = node["deps"].as_array().into_iter().flatten().filter(|dependency| {
                dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"] != "dev")
            });
            let needed = needed.filter_map(|dependency| dependency["pkg"].as_str().map(str::to_owned));
            edges.insert(node["id"].as_str().unwrap_or_default().to_owned(), needed.collect());
        }
        Self { names, edges }
    }

    fn reachable(&self, from: &str) -> BTreeSet<String> {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![from]);
        while let Some(id) = todo.pop() {
            for next in self.edges.get(id).into_iter().flatten() {
                if seen.insert(next.as_str()) {
                    todo.push(next);
                }
            }
        }
        seen.iter().filter_map(|id| self.names.get(*id).cloned()).collect()
    }
}

/// A tree written in place: files as `-- path` lines followed by their text, packages as
/// `crates/ids: thiserror, dev:proptest, azimuth-host` lines before the first file.
#[cfg(test)]
pub(super) fn fixture(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("-- ") {
            tree.files.insert(path.to_owned(), String::new());
            current = Some(path.to_owned());
        } else if let Some(path) = &current {
            let text = tree.files.get_mut(path).expect("inserted above");
            text.push_str(line);
            text.push('\n');
        } else if let Some((folder, dependencies)) = line.split_once(':') {
            let names = dependencies.split(',').map(str::trim).filter(|name| !name.is_empty());
            let dependencies: Vec<Dependency> = names
                .map(|name| {
                    let plain = name.strip_prefix("dev:").unwrap_or(name);
                    let is_local = plain.starts_with("azimuth") || plain == "xtask";
                    Dependency { name: plain.to_owned(), is_dev: plain != name, is_local }
                })
                .collect();
            let direct = dependencies.iter().filter(|dependency| !dependency.is_dev);
            tree.packages.push(Package {
                name: folder.rsplit('/').next().unwrap_or(folder).to_owned(),
                folder: folder.to_owned(),
                reaches: direct.map(|dependency| dependency.name.clone()).collect(),
                dependencies,
                test_programs: 0,
            });
        }
    }
    tree
}

/// What a rule says of a fixture, one finding a line.
#[cfg(test)]
pub(super) fn findings(rule: fn(&Tree) -> Vec<super::Finding>, text: &str) -> Vec<String> {
    rule(&fixture(text)).iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reach_goes_through_other_crates_but_not_through_dev_dependencies() {
        let package = |name: &str, source: Value| {
            json!({"name": name, "id": name, "source": source, "manifest_path": format!("/w/crates/{name}/Cargo.toml"),
                "dependencies": [], "targets": [{"kind": ["test"]}]})
        };
        let edge = |to: &str, kind: Value| json!({"pkg": to, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "workspace_root": "/w",
            "packages": [package("azimuth-ids", Value::Null), package("a", json!("registry")),
                package("b", json!("registry")), package("c", json!("registry"))],
            "resolve": {"nodes": [
                {"id": "azimuth-ids", "deps": [edge("a", Value::Null), edge("c", json!("dev"))]},
                {"id": "a", "deps": [edge("b", json!("build"))]},
            ]},
        });
        let packages = packages(&metadata).unwrap();
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].name, "ids");
        assert_eq!(packages[0].test_programs, 1);
        assert_eq!(packages[0].reaches.iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
