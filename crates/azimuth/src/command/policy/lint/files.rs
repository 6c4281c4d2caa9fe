//! Policy objects from files, with their text for places.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use azimuth_arm::Source;
use azimuth_diag::{Diagnostic, Place};
use azimuth_policy::lint::Workspace;

use crate::exit::{Exit, Failure};

/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 32;
/// Files larger than this are refused.
const MAX_BYTES: u64 = 256 << 20;
/// Documents larger than this are taken apart before they are read.
const MAX_DOCUMENT_BYTES: usize = 4 << 20;

/// What was read.
#[derive(Default)]
pub(in crate::command::policy) struct Read {
    pub(in crate::command::policy) workspace: Workspace,
    /// What could not be read at all.
    pub(in crate::command::policy) diagnostics: Vec<Diagnostic>,
    /// File → text, for showing lines; not of files with a document a line.
    pub(in crate::command::policy) texts: BTreeMap<String, String>,
    /// Files looked at.
    pub(in crate::command::policy) files: usize,
}

/// Reads every JSON file below the paths. A file that was named must be readable; one that was found may hold anything.
pub(in crate::command::policy) fn read(paths: &[PathBuf]) -> Result<Read, Failure> {
    let mut out = Read::default();
    for path in paths {
        let mut files = Vec::new();
        find(path, &[".json", ".jsonl", ".ndjson"], 0, &mut files)?;
        for file in &files {
            let is_named = file == path;
            read_file(file, is_named, &mut out)?;
        }
    }
    Ok(out)
}

/// Files below a path that end in one of these, in order of name; the path itself if it is a file.
pub(in crate::command::policy) fn find(
    path: &Path,
    endings: &[&str],
    depth: usize,
    out: &mut Vec<PathBuf>,
) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        let context = format!("cannot read `{}`", path.display());
        Failure::new(Exit::Input, anyhow::Error::new(error).context(context))
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let mut inner: Vec<PathBuf> = fs::read_dir(path)
        .map_err(unreadable)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    inner.sort();
    for path in inner {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() {
            // `.git` and its like hold nothing for us.
            if !name.starts_with('.') && name != "node_modules" {
                find(&path, endings, depth + 1, out)?;
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            out.push(path);
        }
    }
    Ok(())
}

/// The text of a file.
pub(in crate::command::policy) fn text_of(path: &Path) -> Result<String, Failure> {
    let read = || -> anyhow::Result<String> {
        let size = fs::metadata(path)?.len();
        anyhow::ensure!(size <= MAX_BYTES, "it has {size} bytes; the limit is {MAX_BYTES}");
        let bytes = fs::read(path)?;
        String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("it is not UTF-8 text"))
    };
    read()
        .with_context(|| format!("cannot read `{}`", path.display()))
        .map_err(|error| Failure::new(Exit::Input, error))
}

fn read_file(path: &Path, is_named: bool, out: &mut Read) -> Result<(), Failure> {
    let text = text_of(path)?;
    let file = path.display().to_string();
    out.files += 1;
    if file.ends_with(".jsonl") || file.ends_with(".ndjson") {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match Source::parse(&file, line) {
                Ok(source) => drop(out.workspace.add_line(&source, index as u64)),
                Err(mut found) => {
                    found.place.line = found.place.line.map(|line| line + index as u64);
                    out.diagnostics.push(*found);
                }
            }
        }
        return Ok(());
    }
    if text.len() > MAX_DOCUMENT_BYTES {
        return large(&file, &text, out);
    }
    match Source::parse(&file, &text) {
        Ok(source) => {
            if out.workspace.add(&source) > 0 {
                out.texts.insert(file, text);
            }
        }
        Err(found) => {
            // Files that merely lie there may be templates with comments or anything else.
            if is_named {
                out.texts.insert(file, text);
                out.diagnostics.push(*found);
            }
        }
    }
    Ok(())
}

/// A list too large for one document, item by item; lines are not known then.
fn large(file: &str, text: &str, out: &mut Read) -> Result<(), Failure> {
    let json: serde_json::Value = serde_json::from_str(text)
        .with_context(|| format!("`{file}` is no JSON"))
        .map_err(|error| Failure::new(Exit::Input, error))?;
    let list = json.get("value").or_else(|| json.get("data")).unwrap_or(&json);
    for (index, item) in list.as_array().into_iter().flatten().enumerate() {
        match Source::parse(&format!("{file}[{index}]"), &format!("{item:#}")) {
            Ok(source) => drop(out.workspace.add(&source)),
            Err(found) => out.diagnostics.push(Diagnostic {
                place: Place { file: Some(file.to_owned()), ..Place::default() },
                ..*found
            }),
        }
    }
    Ok(())
}
