//! Stored functions, watchlists, parameters and documents outside.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use azimuth_collector::Fetch;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_kql::values::Literal;
use azimuth_rows::Table;
use azimuth_values::{Json, Refusal, Value};

use super::{Session, invalid, read};
use crate::args::ExternalData;
use crate::exit::Failure;

/// Longer documents of `externaldata` are refused.
const MAX_DOCUMENT: u64 = 1 << 30;

/// Makes functions, watchlists and parameters of the command line known to the engine.
pub(super) fn register(session: &mut Session<'_>) -> Result<(), Failure> {
    watchlists(session)?;
    for path in &session.args.functions {
        for path in kql_files(path)? {
            stored(session, &path)?;
        }
    }
    for pair in &session.args.parameter {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format_args!("`--parameter {pair}` is no `NAME=VALUE`")))?;
        session.engine.set_parameter(name, Literal::String(bare(value).to_owned()));
    }
    if let Some(allowed) = session.args.allow_externaldata {
        session.engine.allow_documents(Arc::new(move |address| document(address, allowed)));
    }
    Ok(())
}

/// The inside of `datetime(…)` and quotes: values are converted to the declared type anyway.
pub(in crate::command) fn bare(value: &str) -> &str {
    const TYPES: [&str; 9] =
        ["datetime", "timespan", "time", "guid", "long", "int", "real", "bool", "dynamic"];
    let value = value.trim();
    for ty in TYPES {
        let inner = value.strip_prefix(ty).and_then(|rest| rest.strip_prefix('('));
        if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(')')) {
            return inner.trim();
        }
    }
    for quote in ['"', '\''] {
        let inner = value.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

/// A document that `externaldata` names. What is said of it leaves out what follows the path of an address: it may be a secret.
fn document(address: &str, allowed: ExternalData) -> Result<Vec<u8>, Refusal> {
    let shown = address.split(['?', ';']).next().unwrap_or_default();
    let cannot = |error: &dyn Display| Refusal::new(format!("cannot read `{shown}`: {error}"));
    if address.starts_with("https://") {
        if allowed == ExternalData::Local {
            return Err(Refusal::new(format!(
                "`{shown}` is not fetched; allow it with `--allow-externaldata=https`, or download it and name the file"
            )));
        }
        return fetched(address).map_err(|error| cannot(&error));
    }
    let path = address.strip_prefix("file://").unwrap_or(address);
    if path.contains("://") {
        return Err(Refusal::new(format!(
            "`{shown}` is not fetched: queries read local files and `https` addresses; download it, and name the file"
        )));
    }
    let metadata = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if metadata.len() > MAX_DOCUMENT {
        return Err(cannot(&format_args!("it is larger than {} MB; make it a table", MAX_DOCUMENT >> 20)));
    }
    std::fs::read(path).map_err(|error| cannot(&error))
}

/// Fetched on a thread of its own: queries run inside a runtime, in which nothing may wait.
fn fetched(address: &str) -> anyhow::Result<Vec<u8>> {
    // Kusto's connection strings carry how to sign in after a semicolon.
    if let Some((_, secret)) = address.split_once(';') {
        let method = secret.split('=').next().unwrap_or_default();
        let method = if method.len() == secret.len() { "an account key" } else { method };
        bail!("signing in with {method} is not supported; use an address with a shared access signature");
    }
    let fetching = || -> anyhow::Result<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(azimuth_collector::fetch(address, Fetch::default()))?)
    };
    std::thread::scope(|scope| scope.spawn(fetching).join()).map_err(|_| anyhow!("fetching stopped"))?
}

/// `_GetWatchlist` over CSV files. Source: the documentation of watchlists in Microsoft Sentinel: `SearchKey` is the column
/// chosen as such, here the first.
fn watchlists(session: &mut Session<'_>) -> Result<(), Failure> {
    let mut lists: BTreeMap<String, Table> = BTreeMap::new();
    for written in &session.args.watchlist {
        let (alias, path) = written.split_once('=').ok_or_else(|| {
            Failure::usage(format_args!("`--watchlist {written}` is no `ALIAS=FILE`"))
                .hint("write `--watchlist vips=vips.csv`")
        })?;
        lists.insert(alias.to_owned(), watchlist(Path::new(path))?);
    }
    let known = lists.keys().cloned().collect::<Vec<_>>().join("`, `");
    let aliases = Table::new(
        Schema::new(vec![Column::new("WatchlistAlias", ScalarType::String)]),
        lists.keys().map(|alias| vec![Value::string(alias.as_str())]).collect(),
    );
    let open = Schema { is_open: true, ..Schema::default() };
    let get = move |arguments: &[Value]| {
        let alias = arguments.first().and_then(Value::as_str).unwrap_or_default();
        let keys = arguments.get(1).and_then(Value::as_array).unwrap_or_default();
        let list = lists.get(alias).map(|list| {
            let is_wanted = |row: &&Vec<Value>| {
                keys.is_empty()
                    || keys.iter().any(|key| {
                        row[0].as_str() == Some(azimuth_values::text::to_string(&key.to_value()).as_str())
                    })
            };
            Table::new(list.schema.clone(), list.rows.iter().filter(is_wanted).cloned().collect())
        });
        list.ok_or_else(|| {
            Refusal::new(match known.as_str() {
                "" => format!(
                    "the watchlist `{alias}` is not here; give its rows: `--watchlist {alias}=FILE.csv`"
                ),
                known => format!("the watchlist `{alias}` is not here; there are `{known}`"),
            })
        })
    };
    let schema = aliases.schema.clone();
    let named = move |_: &[Value]| Ok(aliases.clone());
    let engine = &mut session.engine;
    engine
        .register_function(
            "_GetWatchlist",
            "(watchlistAlias:string, keys:dynamic=dynamic([]))",
            open,
            Arc::new(get),
        )
        .and_then(|()| engine.register_function("_GetWatchlistAlias", "()", schema, Arc::new(named)))
        .map_err(|found| Failure::usage(format_args!("{found:?}")))
}

fn watchlist(path: &Path) -> Result<Table, Failure> {
    let text = read(path)?;
    let wrong =
        |error: csv::Error| Failure::input(format_args!("`{}` is no watchlist: {error}", path.display()));
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(wrong)?.clone();
    let own = ["SearchKey", "WatchlistItem"];
    let mut schema = Schema::new(vec![
        Column::new("SearchKey", ScalarType::String),
        Column::new("WatchlistItem", ScalarType::Dynamic),
    ]);
    let kept: Vec<usize> = (0..header.len()).filter(|place| !own.contains(&&header[*place])).collect();
    schema.columns.extend(kept.iter().map(|place| Column::new(&header[*place], ScalarType::String)));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let item = header.iter().zip(&record).map(|(name, value)| (name.into(), Json::string(value)));
        let key = header.iter().position(|name| name == "SearchKey").unwrap_or(0);
        let mut row = vec![
            Value::string(record.get(key).unwrap_or_default()),
            Value::dynamic(Json::Object(item.collect())),
        ];
        row.extend(kept.iter().map(|place| Value::string(record.get(*place).unwrap_or_default())));
        rows.push(row);
    }
    Ok(Table::new(schema, rows))
}

/// A file, or the `.kql` files of a folder.
fn kql_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path)
        .map_err(|error| Failure::input(format_args!("cannot read `{}`: {error}", path.display())))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "kql" || ending == "csl" || ending == "txt")
        })
        .collect();
    files.sort();
    Ok(files)
}

/// A stored function: the file's `.create function` command, or its text under the file's name.
fn stored(session: &mut Session<'_>, path: &Path) -> Result<(), Failure> {
    let text = read(path)?;
    let (name, parameters, body) = match command(&text) {
        Some((name, parameters, body)) => (name.to_owned(), parameters.to_owned(), body.to_owned()),
        None => {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            (name.to_owned(), "()".to_owned(), format!("{{\n{text}\n}}"))
        }
    };
    let ui = session.ui;
    session.engine.catalog_mut().add_function(&name, &parameters, &body).map_err(|found| {
        let mut failure = invalid(&found, &body, ui);
        failure.error = failure.error.context(format!("`{}` holds no function", path.display()));
        failure
    })
}

/// Name, parameters and body of `.create[-or-alter] function [ifnotexists] [with (…)] Name(…) { … }`.
fn command(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.trim_start();
    let rest = [".create-or-alter", ".create", ".alter"].iter().find_map(|word| rest.strip_prefix(word))?;
    let mut rest = rest.trim_start().strip_prefix("function")?.trim_start();
    rest = rest.strip_prefix("ifnotexists").unwrap_or(rest).trim_start();
    if let Some(properties) = rest.strip_prefix("with") {
        rest = properties.trim_start();
        rest = rest.get(closing(rest)? + 1..)?.trim_start();
    }
    let open = rest.find('(')?;
    let (name, rest) = rest.split_at(open);
    let end = closing(rest)? + 1;
    let name = name.trim().trim_start_matches("['").trim_end_matches("']");
    Some((name, &rest[..end], rest[end..].trim()))
}

/// Where the parenthesis at the start ends, as the lexer sees it.
fn closing(text: &str) -> Option<usize> {
    use azimuth_kql::syntax::TokenKind;
    let mut depth = 0_usize;
    for token in azimuth_kql::syntax::lex(text) {
        match token.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(token.span.start as usize);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_make_functions() {
        let text = ".create-or-alter function with (folder=\"a(b\", skipvalidation=true) F(a:long, b:string='x)') {\n T | where a == 1 }";
        assert_eq!(command(text), Some(("F", "(a:long, b:string='x)')", "{\n T | where a == 1 }")));
        assert_eq!(command("T | take 1"), None);
    }

    #[test]
    fn values_of_parameters() {
        for (written, wanted) in
            [("datetime(2024-01-01)", "2024-01-01"), ("'a b'", "a b"), ("5", "5"), ("a)", "a)")]
        {
            assert_eq!(bare(written), wanted);
        }
    }
}
