//! Rows and objects from JSON files, one after the other: NDJSON, arrays, and pages of Microsoft Graph.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use azimuth_identity::logs::{self, Table};
use serde_json::Value;

use crate::exit::Failure;

/// Files larger than this are refused.
const MAX_FILE_BYTES: u64 = 8 << 30;
/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 16;

/// Hands every object of the files to `each`; what is no object is left out. A file is read value by value, so that NDJSON
/// of any length takes no more memory than a line.
pub(crate) fn read(paths: &[PathBuf], each: &mut dyn FnMut(Value)) -> Result<(), Failure> {
    for path in paths {
        let mut files = Vec::new();
        collect(path, 0, &mut files)?;
        if files.is_empty() {
            return Err(Failure::input(format_args!(
                "`{}` has no .json, .ndjson or .jsonl files",
                path.display()
            )));
        }
        for file in files {
            read_file(&file, each)?;
        }
    }
    Ok(())
}

fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::input(format_args!("cannot read `{}`: {error}", path.display()));
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        return Err(Failure::input(format_args!(
            "`{}` lies more than {MAX_DEPTH} folders deep",
            path.display()
        )));
    }
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    entries.sort();
    for entry in entries {
        let is_json =
            |extension: &std::ffi::OsStr| ["json", "ndjson", "jsonl"].iter().any(|known| extension == *known);
        if entry.is_dir() || entry.extension().is_some_and(is_json) {
            collect(&entry, depth + 1, files)?;
        }
    }
    Ok(())
}

fn read_file(path: &Path, each: &mut dyn FnMut(Value)) -> Result<(), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::input(format_args!("cannot read `{}`: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(Failure::input(format_args!("`{}` is larger than 8 GiB; split it", path.display())));
    }
    for value in serde_json::Deserializer::from_reader(BufReader::new(file)).into_iter::<Value>() {
        let value = value.map_err(|error| {
            Failure::input(format_args!("`{}` is not JSON: {error}", path.display()))
                .hint("give rows as NDJSON, a JSON array, or pages of Microsoft Graph")
        })?;
        unfold(value, each);
    }
    Ok(())
}

/// A page of Graph and an array hold objects; another object is one.
fn unfold(value: Value, each: &mut dyn FnMut(Value)) {
    match value {
        Value::Array(values) => values.into_iter().filter(Value::is_object).for_each(each),
        Value::Object(mut page) if page.get("value").is_some_and(Value::is_array) => {
            let values = page.remove("value").unwrap_or_default();
            unfold(values, each);
        }
        Value::Object(object) => each(Value::Object(object)),
        _ => {}
    }
}

/// The sign-in as a row of the log tables: rows as they are, `signIn` objects of Graph made into rows.
pub(crate) fn sign_in_row(object: Value) -> Value {
    if object.get("createdDateTime").is_none() {
        return object;
    }
    logs::row(Table::SigninLogs, &object).map_or(object, Value::Object)
}
