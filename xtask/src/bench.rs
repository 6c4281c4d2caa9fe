//! `cargo xtask bench`: the benchmarks, optimised like a published binary.
//!
//! The figures go into `docs/benchmarks.md` by hand, with the machine they were taken on: a number without
//! its circumstances is worth nothing, and a machine that varies must not rewrite the page.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, workspace};

/// One benchmark program of a package.
#[derive(Debug, PartialEq, Eq)]
struct Bench {
    package: String,
    name: String,
}

/// Runs all benchmarks, or those whose package or own name contains the argument; true if none failed.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    let wanted = match arguments {
        [] => "",
        [wanted] => wanted.as_str(),
        _ => bail!("expected at most one name, found {}", arguments.len()),
    };
    let benches = benches(&workspace::metadata()?, wanted)?;
    if benches.is_empty() {
        bail!("no benchmark is called `{wanted}`; `cargo xtask bench` runs all");
    }
    let mut all_well = true;
    for Bench { package, name } in &benches {
        let arguments = ["bench", "--profile", "dist", "--package", package, "--bench", name];
        all_well &= process::run(&mut workspace::cargo(&arguments))?.success();
    }
    println!("\nCopy what is news into docs/benchmarks.md, with the machine and the commands above.");
    Ok(all_well)
}

fn benches(metadata: &Value, wanted: &str) -> Result<Vec<Bench>> {
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let mut benches = Vec::new();
    // Packages from the registry have a source; those of the workspace have none.
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        let package_name = package["name"].as_str().unwrap_or_default();
        for target in package["targets"].as_array().into_iter().flatten() {
            let is_bench =
                target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench"));
            let name = target["name"].as_str().unwrap_or_default();
            if is_bench && (package_name.contains(wanted) || name.contains(wanted)) {
                benches.push(Bench { package: package_name.to_owned(), name: name.to_owned() });
            }
        }
    }
    benches.sort_by(|a, b| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
    Ok(benches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn benchmarks_are_found_by_package_or_name() {
        let metadata = json!({"packages": [
            {"name": "azimuth-store", "source": null, "targets": [{"name": "import", "kind": ["bench"]}]},
            {"name": "azimuth-exports", "source": null, "targets": [
                {"name": "azimuth_exports", "kind": ["lib"]}, {"name": "read", "kind": ["bench"]}]},
            {"name": "serde", "source": "registry", "targets": [{"name": "b", "kind": ["bench"]}]},
        ]});
        let names = |wanted| -> Vec<String> {
            benches(&metadata, wanted).unwrap().into_iter().map(|bench| bench.name).collect()
        };
        assert_eq!(names(""), ["read", "import"]);
        assert_eq!(names("store"), ["import"]);
        assert_eq!(names("rea"), ["read"]);
    }
}
