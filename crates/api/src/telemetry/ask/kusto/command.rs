//! The commands that clients send: what there is, and making tables.
//!
//! Source: "Management commands overview" of Azure Data Explorer, and the columns that its clients read. A query may follow a
//! command behind `|`: it is asked of the command's rows.

use std::sync::Arc;

use azimuth_host::{AppendError, AskError, Cells, Column, ColumnType, Question, Scope, TableSchema};
use serde_json::{Value, json};

use super::super::super::Shared;
use super::super::{Bounds, collect};
use super::error::KustoError;
use super::request::Request;
use super::schema;

/// The answer of a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CommandTable {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Cells>,
}

impl CommandTable {
    pub(super) fn of_texts(names: &[&str], rows: Vec<Cells>) -> Self {
        let columns = names.iter().map(|name| Column::new(*name, ColumnType::String)).collect();
        Self { columns, rows }
    }
}

/// Answers a command.
pub(super) async fn run(shared: &Arc<Shared>, request: &Request) -> Result<CommandTable, KustoError> {
    let text = without_comments(&request.text);
    let (command, query) = split(&text);
    let words = words(command).map_err(syntax)?;
    let table = answer(shared, request, &words).await?;
    match query {
        None => Ok(table),
        Some(query) => piped(shared, request, &table, query).await,
    }
}

fn syntax(message: String) -> KustoError {
    KustoError::BadRequest { kind: "Syntax", message }
}

fn unknown(words: &[String]) -> KustoError {
    let shown = words.join(" ");
    let message = format!(
        "the command `{shown}` is not supported; known are .show databases|database|tables|table|schema|version|functions and .create|.create-merge table"
    );
    syntax(message)
}

async fn answer(shared: &Shared, request: &Request, words: &[String]) -> Result<CommandTable, KustoError> {
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let database = request.database.as_str();
    match lower.as_slice() {
        [".show", "databases"] | [".show", "databases", "details"] => Ok(databases(shared)),
        [".show", "cluster", "databases"] => Ok(databases(shared)),
        [".show", "database"] | [".show", "database", "identity"] => Ok(databases(shared)),
        [".show", "version"] => Ok(CommandTable::of_texts(
            &["BuildVersion", "BuildTime", "ServiceType", "ProductVersion"],
            vec![vec![env!("CARGO_PKG_VERSION").into(), "".into(), "Engine".into(), "Azimuth".into()]],
        )),
        [".show", "tables", ..] if is_list(&lower[2..]) => {
            let named = names(&words[2..]);
            let tables = tables(shared, database).await?;
            let rows = tables.iter().filter(|table| named.is_empty() || named.contains(&table.name));
            let database = name_of(shared, database);
            let rows = rows
                .map(|table| vec![table.name.clone().into(), database.clone().into(), "".into(), "".into()]);
            Ok(CommandTable::of_texts(&["TableName", "DatabaseName", "Folder", "DocString"], rows.collect()))
        }
        [".show", "tables", "details"] => {
            let tables = tables(shared, database).await?;
            let database = name_of(shared, database);
            let rows = tables.iter().map(|table| vec![table.name.clone().into(), database.clone().into()]);
            Ok(CommandTable::of_texts(&["TableName", "DatabaseName"], rows.collect()))
        }
        [".show", "functions"] => {
            Ok(CommandTable::of_texts(&["Name", "Parameters", "Body", "Folder", "DocString"], Vec::new()))
        }
        [".show", "table", _, "cslschema" | "schema"] | [".show", "table", _, "schema", "as", "csl"] => {
            let table = table(shared, database, &words[2]).await?;
            let names = ["TableName", "Schema", "DatabaseName", "Folder", "DocString"];
            let row = vec![
                table.name.clone().into(),
                schema::csl(&table).into(),
                name_of(shared, database).into(),
                "".into(),
                "".into(),
            ];
            Ok(CommandTable::of_texts(&names, vec![row]))
        }
        [".show", "table", _, "schema", "as", "json"] => {
            let table = table(shared, database, &words[2]).await?;
            let names = ["TableName", "Schema", "DatabaseName", "Folder", "DocString"];
            let row = vec![
                table.name.clone().into(),
                schema::table(&table).to_string().into(),
                name_of(shared, database).into(),
                "".into(),
                "".into(),
            ];
            Ok(CommandTable::of_texts(&names, vec![row]))
        }
        [".show", "schema", "as", "json"] | [".show", "databases", "schema", "as", "json"] => {
            one_cell(shared, shared.services.telemetry.databases()).await
        }
        [".show", "databases", list, "schema", "as", "json"] if list.starts_with('(') => {
            one_cell(shared, names(&words[2..3])).await
        }
        [".show", "database", _, "schema", "as", "json"] => one_cell(shared, vec![words[2].clone()]).await,
        [".show", "database", "schema", "as", "json"] => one_cell(shared, vec![database.to_owned()]).await,
        [".show", "schema"] | [".show", "databases", "schema"] => {
            columns(shared, shared.services.telemetry.databases()).await
        }
        [".show", "databases", list, "schema"] if list.starts_with('(') => {
            columns(shared, names(&words[2..3])).await
        }
        [".show", "database", _, "schema"] => columns(shared, vec![words[2].clone()]).await,
        [".show", "database", "schema"] => columns(shared, vec![database.to_owned()]).await,
        [".create" | ".create-merge", "table", _, list, ..] if list.starts_with('(') => {
            create(shared, database, &words[2], &words[3]).await
        }
        _ => Err(unknown(words)),
    }
}

fn is_list(words: &[&str]) -> bool {
    words.is_empty() || (words.len() == 1 && words[0].starts_with('('))
}

fn databases(shared: &Shared) -> CommandTable {
    let names = [
        ("DatabaseName", ColumnType::String),
        ("PersistentStorage", ColumnType::String),
        ("Version", ColumnType::String),
        ("IsCurrent", ColumnType::Bool),
        ("DatabaseAccessMode", ColumnType::String),
        ("PrettyName", ColumnType::String),
    ];
    let columns = names.iter().map(|(name, ty)| Column::new(*name, *ty)).collect();
    let rows = shared.services.telemetry.databases().into_iter().enumerate().map(|(place, name)| {
        vec![name.into(), "".into(), "v1.0".into(), (place == 0).into(), "ReadWrite".into(), "".into()]
    });
    CommandTable { columns, rows: rows.collect() }
}

/// The name of a database; the empty one is the default.
fn name_of(shared: &Shared, database: &str) -> String {
    if database.is_empty() {
        return shared.services.telemetry.databases().into_iter().next().unwrap_or_default();
    }
    database.to_owned()
}

async fn tables(shared: &Shared, database: &str) -> Result<Vec<TableSchema>, KustoError> {
    let scope = Scope::Database(database.to_owned());
    shared.services.telemetry.tables(&scope).await.map_err(KustoError::Ask)
}

async fn table(shared: &Shared, database: &str, name: &str) -> Result<TableSchema, KustoError> {
    let found = tables(shared, database).await?.into_iter().find(|table| table.name == name);
    found.ok_or_else(|| KustoError::NotFound { what: format!("Table '{name}'") })
}

/// The schemas of databases as one cell of JSON, which editors read.
async fn one_cell(shared: &Shared, databases: Vec<String>) -> Result<CommandTable, KustoError> {
    let mut described = serde_json::Map::new();
    for database in databases {
        let tables = tables(shared, &database).await?;
        let name = name_of(shared, &database);
        described.insert(name.clone(), schema::database(&name, &tables));
    }
    let text = json!({"Plugins": [], "Databases": described}).to_string();
    Ok(CommandTable::of_texts(&["DatabaseSchema"], vec![vec![text.into()]]))
}

/// The schemas of databases as a row for every column.
async fn columns(shared: &Shared, databases: Vec<String>) -> Result<CommandTable, KustoError> {
    let names = [
        "DatabaseName",
        "TableName",
        "ColumnName",
        "ColumnType",
        "IsDefaultTable",
        "IsDefaultColumn",
        "PrettyName",
        "Version",
        "Folder",
        "DocString",
    ];
    let mut rows = Vec::new();
    for database in databases {
        let name = name_of(shared, &database);
        let empty = || Value::from("");
        let row = |table: &str, column: &str, ty: &str| {
            vec![
                name.clone().into(),
                table.into(),
                column.into(),
                ty.into(),
                "False".into(),
                "False".into(),
                empty(),
                "v1.0".into(),
                empty(),
                empty(),
            ]
        };
        rows.push(row("", "", ""));
        for table in tables(shared, &database).await? {
            rows.push(row(&table.name, "", ""));
            for column in &table.columns {
                rows.push(row(&table.name, &column.name, schema::clr(column.ty)));
            }
        }
    }
    Ok(CommandTable::of_texts(&names, rows))
}

async fn create(shared: &Shared, database: &str, name: &str, list: &str) -> Result<CommandTable, KustoError> {
    let columns = schema::columns(list).map_err(syntax)?;
    let table = TableSchema { name: name.to_owned(), columns };
    let scope = Scope::Database(database.to_owned());
    let row = vec![
        name.into(),
        schema::table(&table).to_string().into(),
        name_of(shared, database).into(),
        "".into(),
        "".into(),
    ];
    shared.services.telemetry.create(&scope, table).await.map_err(|error| match error {
        AppendError::NoSuchScope(database) => KustoError::Ask(AskError::NoSuchScope(database)),
        error => KustoError::BadRequest { kind: "BadRequest", message: error.to_string() },
    })?;
    Ok(CommandTable::of_texts(&["TableName", "Schema", "DatabaseName", "Folder", "DocString"], vec![row]))
}

/// Asks a query of the rows of a command: they are the literal table that it begins with.
async fn piped(
    shared: &Arc<Shared>,
    request: &Request,
    table: &CommandTable,
    query: &str,
) -> Result<CommandTable, KustoError> {
    let text = format!("{} | {query}", schema::datatable(&table.columns, &table.rows));
    let bad = |message| KustoError::BadRequest { kind: "BadRequest", message };
    let mut asked = request.clone();
    asked.text = text;
    let question: Question = asked.question(shared.services.clock.now()).map_err(bad)?;
    let turn = shared.ask(question).await.map_err(KustoError::Ask)?;
    let (results, ended) = collect(turn.answer, Bounds { rows: 100_000, bytes: 16 << 20 }).await;
    match (ended, results.into_iter().next()) {
        (Some(error), _) => Err(KustoError::Ask(error)),
        (None, Some(result)) => Ok(CommandTable { columns: result.columns, rows: result.rows }),
        (None, None) => Err(bad("the query behind the command has no result".to_owned())),
    }
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The command, and the query behind its first `|` outside of quotes and parentheses.
fn split(text: &str) -> (&str, Option<&str>) {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, '|') if depth == 0 => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

/// The words of a command: names without their quotes (`['a b']`, `"a"`), and parentheses with what is in them as one word.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => group(rest, '(', ')')?,
            '[' => group(rest, '[', ']')?,
            '\'' | '"' => 2 + rest[1..].find(first).ok_or("a quote is not closed")?,
            _ => rest
                .find(|letter: char| letter.is_whitespace() || "(['\"".contains(letter))
                .unwrap_or(rest.len()),
        };
        let (word, behind) = rest.split_at(length);
        words.push(if first == '(' { word.to_owned() } else { unquoted(word).to_owned() });
        rest = behind.trim_start();
    }
    Ok(words)
}

/// The length of a text in parentheses, with them.
fn group(text: &str, open: char, close: char) -> Result<usize, String> {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, letter) in text.char_indices() {
        match quote {
            Some(mark) if mark == letter => quote = None,
            Some(_) => {}
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None if letter == open => depth += 1,
            None if letter == close => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + close.len_utf8());
                }
            }
            None => {}
        }
    }
    Err(format!("`{open}` is not closed"))
}

/// A name without brackets and quotes.
fn unquoted(word: &str) -> &str {
    let word = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word).trim();
    ['\'', '"'].into_iter().find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(word)
}

/// The names of a list such as `(['a'], b)`.
fn names(words: &[String]) -> Vec<String> {
    let lists = words.iter().filter_map(|word| word.strip_prefix('(')?.strip_suffix(')'));
    lists.flat_map(|list| list.split(',')).map(|name| unquoted(name.trim()).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_commands() {
        let read = |text: &str| words(text).unwrap();
        assert_eq!(read(".show tables"), [".show", "tables"]);
        assert_eq!(
            read(".create table ['a b'] (x:long, ['y z']:string)"),
            [".create", "table", "a b", "(x:long, ['y z']:string)"]
        );
        assert_eq!(read(".create table T(a:long)"), [".create", "table", "T", "(a:long)"]);
        assert_eq!(names(&read(".show databases (['a'], b) schema")[2..3]), ["a", "b"]);
        assert!(words(".show (").is_err() && words(".show 'a").is_err());
    }

    #[test]
    fn a_query_follows_the_first_bar() {
        assert_eq!(
            split(".show tables | where a == '|' | count"),
            (".show tables ", Some(" where a == '|' | count"))
        );
        assert_eq!(split(".show ('|')"), (".show ('|')", None));
    }
}
