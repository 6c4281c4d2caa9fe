//! Heavy dependencies stay in their rooms: DataFusion decides the daily build, sockets and files decide purity.
//!
//! Reach counts, not only what a manifest names: a light crate that leans on a heavy one is heavy too.

use super::Finding;
use super::tree::Tree;

/// A dependency and the crates that may reach it.
struct Room {
    dependency: &'static str,
    crates: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room { dependency: "datafusion", crates: &["query", "lake", "azimuth"] },
    Room { dependency: "deltalake", crates: &["query", "lake", "azimuth"] },
    Room { dependency: "parquet", crates: &["query", "lake", "azimuth"] },
    Room { dependency: "rusqlite", crates: &["store", "azimuth"] },
    Room { dependency: "tokio", crates: &["query", "lake", "api", "collector", "azimuth"] },
    Room { dependency: "hyper", crates: &["query", "lake", "api", "collector", "azimuth"] },
];

/// Every crate that reaches a dependency from outside its rooms.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        for Room { dependency, crates } in ROOMS {
            if package.reaches.contains(*dependency) && !crates.contains(&package.name.as_str()) {
                findings.push(Finding {
                    path: format!("{}/Cargo.toml", package.folder),
                    line: 0,
                    rule: "rooms",
                    subject: (*dependency).to_owned(),
                    message: format!("reaches `{dependency}`, which only {} may", crates.join(", ")),
                });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::tidy::tree::findings;

    #[test]
    fn a_heavy_dependency_stays_in_its_rooms() {
        let tree = "crates/query: datafusion\ncrates/siem: azimuth-kql, datafusion\ncrates/store: rusqlite\n";
        assert_eq!(
            findings(super::check, tree),
            ["crates/siem/Cargo.toml: rooms: reaches `datafusion`, which only query, lake, azimuth may"]
        );
    }
}
