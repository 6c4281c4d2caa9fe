//! Which templates to check, each with which parameters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::args::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Most files looked at.
const MAX_FILES: usize = 1_000_000;
/// Deepest folder looked into.
const MAX_DEPTH: usize = 32;
/// Stands for standard input.
pub(super) const STDIN: &str = "-";
/// Folders that never hold templates of the user's.
const SKIPPED: [&str; 3] = ["node_modules", "bin", "obj"];

/// One template with one set of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) template: PathBuf,
    pub(super) parameters: Option<PathBuf>,
    /// Whether the user named the file itself: then it has to be a template.
    pub(super) is_named: bool,
}

/// The checks that the arguments ask for, in the order of the paths.
pub(super) fn jobs(args: &CheckArgs, ui: Ui) -> Result<Vec<Job>, Failure> {
    let mut found: Vec<(PathBuf, bool)> = Vec::new();
    let mut beside: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in &args.paths {
        if path == Path::new(STDIN) {
            found.push((path.clone(), true));
            continue;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, 0, &mut found)?,
            Ok(_) => found.push((path.clone(), true)),
            Err(error) => glob_paths(path, error, &mut found)?,
        }
    }
    let mut jobs = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (template, is_named) in found {
        if is_parameter_file(&template) {
            if is_named {
                return Err(Failure::usage(format_args!("`{}` is a parameter file", template.display()))
                    .hint("name the template; parameter files beside it are found, others go with `--parameters`"));
            }
            continue;
        }
        if !seen.insert(template.clone()) {
            continue;
        }
        let sets = if !args.parameters.is_empty() {
            args.parameters.clone()
        } else if args.no_parameter_files {
            Vec::new()
        } else {
            let folder = template.parent().unwrap_or(Path::new("")).to_owned();
            let files = beside.entry(folder).or_insert_with_key(|folder| parameter_files(folder));
            files.iter().filter(|file| belongs(&template, file)).cloned().collect()
        };
        if sets.is_empty() {
            jobs.push(Job { template, parameters: None, is_named });
        } else {
            jobs.extend(sets.into_iter().map(|set| Job {
                template: template.clone(),
                parameters: Some(set),
                is_named,
            }));
        }
    }
    if jobs.is_empty() {
        return Err(Failure::input("there is no template at these paths")
            .hint("a template is a .json file with a deployment schema or resources, or a .bicep file"));
    }
    if args.parameters.len() > 1 && jobs.len() > args.parameters.len() {
        ui.note("note: every parameter file is tried with every template");
    }
    Ok(jobs)
}

fn glob_paths(path: &Path, error: std::io::Error, found: &mut Vec<(PathBuf, bool)>) -> Result<(), Failure> {
    let pattern = path.to_string_lossy();
    if !pattern.contains(['*', '?', '[']) {
        return Err(Failure::new(
            Exit::Input,
            anyhow::Error::new(error).context(format!("cannot read `{pattern}`")),
        ));
    }
    let matches = glob::glob(&pattern)
        .map_err(|error| Failure::usage(format_args!("`{pattern}` is no pattern: {error}")))?;
    let before = found.len();
    for path in matches.filter_map(Result::ok) {
        if path.is_dir() {
            walk(&path, 0, found)?;
        } else {
            found.push((path, false));
        }
    }
    if found.len() == before {
        return Err(Failure::input(format_args!("`{pattern}` matches no file")));
    }
    Ok(())
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<(PathBuf, bool)>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read `{}`", folder.display()))
        .map_err(|error| Failure::new(Exit::Input, error))?;
    let mut entries: Vec<(PathBuf, std::fs::FileType)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.path(), entry.file_type().ok()?)))
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            if depth < MAX_DEPTH && !SKIPPED.contains(&name.as_str()) {
                walk(&path, depth + 1, found)?;
            }
        } else if matches!(ending(&path).as_str(), "json" | "jsonc" | "bicep") && path.is_file() {
            found.push((path, false));
        }
        if found.len() > MAX_FILES {
            return Err(Failure::input(format_args!("more than {MAX_FILES} files")));
        }
    }
    Ok(())
}

pub(super) fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a file holds parameters by its name: `….parameters.json`, `….parameters.prod.json`, `….bicepparam`.
fn is_parameter_file(path: &Path) -> bool {
    if ending(path) == "bicepparam" {
        return true;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut parts = name.split('.');
    ending(path).starts_with("json") && parts.any(|part| matches!(part, "parameters" | "params" | "param"))
}

fn parameter_files(folder: &Path) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| is_parameter_file(path))
        .collect();
    // As the user would write them: `main.parameters.json` beside `main.json`, not `./main.parameters.json`.
    if folder == Path::new(".") {
        for file in &mut files {
            if let Ok(bare) = file.strip_prefix(".") {
                *file = bare.to_owned();
            }
        }
    }
    files.sort();
    files
}

/// Whether a parameter file is named after a template: `main.parameters.json` and `main.prod.bicepparam` belong to
/// `main.json` and `main.bicep`.
fn belongs(template: &Path, parameters: &Path) -> bool {
    let name =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let stem = template.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let file = name(parameters);
    let is_bicep = ending(template) == "bicep";
    // A compiler is needed for `.bicepparam` anyway, so those go with Bicep alone.
    (is_bicep || ending(parameters) != "bicepparam")
        && file.strip_prefix(stem.as_str()).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_files_belong_to_the_template_they_are_named_after() {
        for (template, parameters, expected) in [
            ("a/main.json", "a/main.parameters.json", true),
            ("a/main.json", "a/main.parameters.prod.json", true),
            ("a/main.json", "a/MAIN.prod.parameters.json", true),
            ("a/main.bicep", "a/main.prod.bicepparam", true),
            ("a/main.json", "a/main.bicepparam", false),
            ("a/main.json", "a/mainland.parameters.json", false),
            ("a/main.json", "a/other.parameters.json", false),
        ] {
            assert!(is_parameter_file(Path::new(parameters)));
            assert_eq!(
                belongs(Path::new(template), Path::new(parameters)),
                expected,
                "{template} {parameters}"
            );
        }
        assert!(!is_parameter_file(Path::new("a/parameters/main.json")));
        assert!(!is_parameter_file(Path::new("a/main.json")));
    }
}
