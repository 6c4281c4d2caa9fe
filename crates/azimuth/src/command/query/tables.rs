//! `--table` and `--schema`: files as tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use azimuth_collect::tables::known;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Columns, DeltaVersion, Engine, Format};

use tokio::runtime::Runtime;

use crate::args::FileFormat;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

/// More files than this in one call are refused.
const MAX_FILES: usize = 100_000;

/// Files and their columns, as the command line names them.
pub(in crate::command) struct Files<'a> {
    pub(in crate::command) table: &'a [String],
    pub(in crate::command) schema: &'a [String],
    pub(in crate::command) format: Option<FileFormat>,
}

/// Makes the files of the command line tables of the engine.
pub(in crate::command) fn register(
    engine: &mut Engine,
    runtime: &Runtime,
    named: &Files<'_>,
    ui: Ui,
) -> Result<(), Failure> {
    let mut tables: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for written in named.table {
        // A name has no separator of paths in it: what has one is a path with `=`.
        let split = written.split_once('=').filter(|(name, _)| is_name(name));
        let (name, pattern) = split.map_or((None, written.as_str()), |(name, path)| (Some(name), path));
        if delta(engine, name, pattern, ui)? {
            continue;
        }
        for path in files(pattern, named.format.is_some())? {
            let name = match name {
                Some(name) => name.to_owned(),
                None => name_of(&path)?,
            };
            tables.entry(name).or_default().push(path);
        }
    }
    let mut schemas = schemas(named.schema)?;
    let spinner = ui.spinner("files looked at:");
    for (name, paths) in tables {
        let format = format_of(&name, &paths, named.format)?;
        let columns = match (schemas.remove(&name), known(&name)) {
            (Some(schema), _) => Columns::Exactly(schema),
            (None, Some(table)) => Columns::Known(table.schema()),
            (None, None) => Columns::OfFiles,
        };
        let done = runtime.block_on(engine.register_files(&name, &paths, format, columns));
        done.map_err(|error| {
            let error = azimuth_query::QueryError::from(error);
            Failure::input(format_args!("the table `{name}` cannot be read: {error}"))
        })?;
        spinner.inc(paths.len() as u64);
    }
    spinner.finish_and_clear();
    if let Some(name) = schemas.into_keys().next() {
        return Err(Failure::usage(format_args!("`--schema` speaks of `{name}`, which has no files"))
            .hint(format!("add `--table {name}=PATH`")));
    }
    Ok(())
}

/// Makes the folder of a Delta table a table, if it is one: `PATH`, `PATH@v7` or `PATH@2026-01-31`.
fn delta(engine: &mut Engine, name: Option<&str>, written: &str, ui: Ui) -> Result<bool, Failure> {
    let is_delta = |path: &str| Path::new(path).join("_delta_log").is_dir();
    let versioned = written.rsplit_once('@').filter(|(path, _)| !is_delta(written) && is_delta(path));
    let (path, version) = match versioned {
        Some((path, at)) => {
            let number = at.strip_prefix('v').and_then(|number| number.parse().ok());
            let version = match number {
                Some(number) => DeltaVersion::Version(number),
                None => DeltaVersion::Timestamp(super::ticks(input::parse_time(at)?)?),
            };
            (path, version)
        }
        None if is_delta(written) => (written, DeltaVersion::Latest),
        None => return Ok(false),
    };
    let name = match name {
        Some(name) => name.to_owned(),
        None => name_of(Path::new(path))?,
    };
    let opened = engine.register_delta(&name, Path::new(path), version).map_err(|error| {
        Failure::input(format_args!(
            "the table `{name}` cannot be read: {}",
            azimuth_query::QueryError::from(error)
        ))
    })?;
    let files = crate::report::count(opened.files, "file");
    ui.note(format_args!("{name}: version {} of the Delta table, {files}", opened.version));
    Ok(true)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | ' '))
}

/// The table of a file that stands without a name: what its own name begins with.
fn name_of(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    if is_name(name) {
        return Ok(name.to_owned());
    }
    Err(Failure::usage(format_args!("the file `{}` gives its table no name", path.display()))
        .hint(format!("write `--table NAME={}`", path.display())))
}

/// The files of a path: itself, those of a folder and its folders, those that a pattern fits.
fn files(pattern: &str, any: bool) -> Result<Vec<PathBuf>, Failure> {
    let path = Path::new(pattern);
    let mut found = Vec::new();
    if path.is_dir() {
        folder(path, any, &mut found)?;
    } else if path.exists() {
        found.push(path.to_owned());
    } else {
        let matches =
            glob::glob(pattern).map_err(|error| Failure::usage(format_args!("`{pattern}`: {error}")))?;
        for path in matches.flatten().filter(|path| path.is_file()) {
            found.push(path);
        }
    }
    if found.is_empty() {
        let what = if path.is_dir() { "holds no file of a format that is read" } else { "names no file" };
        return Err(Failure::input(format_args!("`{pattern}` {what}"))
            .hint("Parquet, NDJSON, JSON, CSV and TSV are read; `--format` says what other names hold"));
    }
    if found.len() > MAX_FILES {
        return Err(Failure::input(format_args!("`{pattern}` names more than {MAX_FILES} files")));
    }
    found.sort();
    Ok(found)
}

fn folder(path: &Path, any: bool, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(path).map_err(|error| {
        Failure::new(
            Exit::Input,
            anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())),
        )
    })?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with(['.', '_']);
        if is_hidden || found.len() > MAX_FILES {
            continue;
        }
        // Links are not followed: folders may be linked into themselves.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folder(&path, any, found)?,
            Ok(_) if any || Format::of_path(&path.to_string_lossy()).is_some() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

fn format_of(table: &str, paths: &[PathBuf], given: Option<FileFormat>) -> Result<Format, Failure> {
    if let Some(given) = given {
        return Ok(match given {
            FileFormat::Parquet => Format::Parquet,
            FileFormat::Json => Format::Json,
            FileFormat::Csv => Format::Csv,
            FileFormat::Tsv => Format::Tsv,
        });
    }
    let mut format = None;
    for path in paths {
        let of_file = Format::of_path(&path.to_string_lossy()).ok_or_else(|| {
            Failure::usage(format_args!("the name of `{}` does not tell its format", path.display()))
                .hint("say it: `--format parquet|json|csv|tsv`")
        })?;
        if *format.get_or_insert(of_file) != of_file {
            return Err(Failure::usage(format_args!(
                "the files of the table `{table}` have several formats"
            ))
            .hint("make them tables of their own, and `union` them"));
        }
    }
    format.ok_or_else(|| Failure::usage(format_args!("the table `{table}` has no files")))
}

/// `NAME=(Column:type, …)`.
fn schemas(written: &[String]) -> Result<BTreeMap<String, Schema>, Failure> {
    let mut schemas = BTreeMap::new();
    for text in written {
        let wrong = |what: &str| {
            Failure::usage(format_args!("`--schema {text}`: {what}"))
                .hint("write `--schema 'Logs=(At:datetime, User:string, Details:dynamic)'`")
        };
        let (name, columns) = text.split_once('=').ok_or_else(|| wrong("no `=`"))?;
        let columns = columns
            .trim()
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .ok_or_else(|| wrong("no parentheses around the columns"))?;
        let mut schema = Schema::default();
        for column in columns.split(',').map(str::trim).filter(|column| !column.is_empty()) {
            let (name, ty) = column.split_once(':').ok_or_else(|| wrong("a column has no type"))?;
            let ty = ScalarType::from_name(ty.trim())
                .ok_or_else(|| wrong(&format!("`{}` is no type", ty.trim())))?;
            let name = name.trim().trim_start_matches("['").trim_end_matches("']");
            schema.columns.push(Column::new(name, ty));
        }
        schemas.insert(name.trim().to_owned(), schema);
    }
    Ok(schemas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files() {
        assert_eq!(name_of(Path::new("a/SigninLogs.2026-01.ndjson.gz")).unwrap(), "SigninLogs");
        assert!(name_of(Path::new("a/.hidden")).is_err());
        assert!(is_name("My_Table-1") && !is_name("./x") && !is_name(""));
    }

    #[test]
    fn schemas_are_read() {
        let read = schemas(&["T=(a:long, ['b c']:string)".to_owned()]).unwrap();
        let columns: Vec<_> =
            read["T"].columns.iter().map(|column| (column.name.as_str(), column.ty)).collect();
        assert_eq!(columns, [("a", ScalarType::Long), ("b c", ScalarType::String)]);
        for wrong in ["T", "T=a:long", "T=(a)", "T=(a:number)"] {
            assert!(schemas(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
