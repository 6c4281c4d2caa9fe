//! Where the corpora are, and which case files they hold.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result};

/// Folders nest this deep at most; the corpora use two levels.
const DEEPEST: usize = 8;

/// The folder `corpora/` below `$AZIMUTH_SHARED`, else below `../shared` beside the workspace; none if there is none.
pub fn root() -> Option<PathBuf> {
    let shared = match std::env::var_os("AZIMUTH_SHARED") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => workspace().parent()?.join("shared"),
    };
    Some(shared.join("corpora")).filter(|corpora| corpora.is_dir())
}

/// The folder of the root `Cargo.toml`.
pub fn workspace() -> &'static Path {
    // Cargo says it anew at every run: a program may have been built from another checkout with the same target folder.
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package = package.filter(|folder| folder.ends_with("conformance"));
        let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = package.parent().and_then(Path::parent);
        root.expect("this crate lies in crates/ of the workspace").to_owned()
    });
    &ROOT
}

/// The suites, which are the folders of the corpora, sorted by name.
///
/// # Errors
/// If the folder cannot be read.
pub fn suites(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in read_dir(root)? {
        if entry.is_dir()
            && let Some(name) = entry.file_name()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// The `.jsonl` files of a suite at any depth, relative to the suite, with forward slashes, sorted.
///
/// # Errors
/// If a folder cannot be read.
pub fn case_files(root: &Path, suite: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(&root.join(suite), "", 0, &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<String>) -> Result<()> {
    for entry in read_dir(folder)? {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if entry.is_dir() && depth < DEEPEST {
            collect(&entry, &format!("{prefix}{name}/"), depth + 1, files)?;
        } else if name.ends_with(".jsonl") {
            files.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

fn read_dir(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("failed to read `{}`", folder.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<PathBuf>>>()
        .with_context(|| format!("failed to read `{}`", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_files_are_found_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        ["b/x.jsonl", "a/y.jsonl", "a/deep/er/z.jsonl", "a/README.md", "note.txt"]
            .iter()
            .for_each(|path| put(path));
        assert_eq!(suites(folder.path()).unwrap(), ["a", "b"]);
        assert_eq!(case_files(folder.path(), "a").unwrap(), ["deep/er/z.jsonl", "y.jsonl"]);
    }
}
