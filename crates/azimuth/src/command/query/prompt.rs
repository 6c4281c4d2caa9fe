//! Queries asked for, one after the other, with history, completion and colour.

use std::borrow::Cow;
use std::path::PathBuf;

use azimuth_kql::bind::{Catalog, MemoryCatalog};
use azimuth_kql::bound::TableName;
use azimuth_kql::complete::complete;
use azimuth_kql::syntax::{TokenKind, lex};
use clap::ValueEnum;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, CompletionType, Config, Context, Editor, Helper, KeyCode, KeyEvent, Modifiers, Result as LineResult,
};

use super::{Session, read};
use crate::args::QueryFormat;
use crate::exit::{Exit, Failure};
use crate::ui;

const HELP: &str = "\
A query runs at Enter once its brackets are closed and it does not end in `|`; Alt-Enter begins a new line, Tab completes.
  .tables            the tables and their columns' number
  .schema TABLE      the columns of a table
  .explain QUERY     how a query is executed
  .lint QUERY        what is costly or probably not meant
  .output FORMAT     table, json, ndjson, csv, tsv, markdown
  .load FILE         runs the query of a file
  .quit              ends (also Ctrl-D)";

/// Asks until there is nothing more.
pub(super) fn run(session: &mut Session<'_>) -> Result<Exit, Failure> {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
    let mut editor: Editor<Kql, DefaultHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Kql { names: session.engine.catalog().clone() }));
    editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), Cmd::Newline);
    let history = history();
    if let Some(path) = &history {
        // There is none at the first time.
        let _ = editor.load_history(path);
    }
    session.ui.note("KQL; `.help` says what else, `.quit` ends");
    let mut format = session.args.output;
    loop {
        match editor.readline("> ") {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => match command(session, line.trim(), &mut format) {
                Ok(true) => break,
                Ok(false) => {}
                Err(failure) => ui::print_failure(&failure),
            },
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(path) = &history {
        let saved = path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(ReadlineError::Io);
        if let Err(error) = saved.and_then(|()| editor.save_history(path)) {
            session.ui.note(format_args!("note: the history is not kept: {error}"));
        }
    }
    Ok(Exit::Done)
}

/// Does what a line asks for; true to end.
fn command(session: &Session<'_>, line: &str, format: &mut QueryFormat) -> Result<bool, Failure> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (word, rest) = (word.trim_end_matches(';'), rest.trim().trim_end_matches(';'));
    match word {
        ".quit" | ".exit" => return Ok(true),
        ".help" => session.ui.error(HELP),
        ".tables" => {
            let names = session.engine.catalog();
            for name in names.table_names() {
                let table = names.table(&TableName { cluster: None, database: None, table: name.clone() });
                let columns = table.map_or(0, |schema| schema.columns.len());
                session.ui.error(format_args!("{name}  {}", crate::report::count(columns, "column")));
            }
        }
        ".schema" => {
            session.answer(
                &format!("['{}'] | getschema | project ColumnName, ColumnType", rest.replace('\'', "")),
                *format,
            )?;
        }
        ".explain" => {
            session.explain(rest)?;
        }
        ".lint" => {
            session.lint(rest);
        }
        ".output" => match QueryFormat::from_str(rest, true) {
            Ok(QueryFormat::Parquet) | Err(_) => {
                return Err(Failure::usage(format_args!("`{rest}` is no format"))
                    .hint("table, json, ndjson, csv, tsv, markdown"));
            }
            Ok(wanted) => *format = wanted,
        },
        ".load" => {
            session.answer(&read(std::path::Path::new(rest))?, *format)?;
        }
        word if word.starts_with('.') => {
            return Err(Failure::usage(format_args!("`{word}` is no command")).hint("`.help` lists them"));
        }
        _ => {
            session.answer(line, *format)?;
        }
    }
    Ok(false)
}

/// Where the history is kept: the state folder of the user.
fn history() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("azimuth").join("query-history"))
}

/// What the line editor knows of the language.
struct Kql {
    names: MemoryCatalog,
}

impl Helper for Kql {}

impl Hinter for Kql {
    type Hint = String;
}

impl Completer for Kql {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> LineResult<(usize, Vec<Pair>)> {
        let found = complete(line, at, &self.names);
        let start = found.first().map_or(at, |first| first.replace.start as usize);
        let pairs = found
            .into_iter()
            .filter(|item| item.replace.start as usize == start)
            .map(|item| Pair { display: item.label, replacement: item.insert });
        Ok((start, pairs.collect()))
    }
}

impl Validator for Kql {
    fn validate(&self, context: &mut ValidationContext<'_>) -> LineResult<ValidationResult> {
        let is_open = !context.input().starts_with('.') && is_open(context.input());
        Ok(if is_open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// Whether a query goes on: brackets are open, or it ends where something has to follow.
fn is_open(text: &str) -> bool {
    let tokens = lex(text);
    let mut depth = 0_i32;
    for token in &tokens {
        match token.kind {
            TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => depth += 1,
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => depth -= 1,
            _ => {}
        }
    }
    let last = tokens.iter().rev().find(|token| !token.kind.is_trivia() && token.kind != TokenKind::Eof);
    let goes_on = |kind: TokenKind| {
        matches!(
            kind,
            TokenKind::Pipe | TokenKind::Comma | TokenKind::Assign | TokenKind::EqEq | TokenKind::Plus
        )
    };
    depth > 0 || last.is_some_and(|token| goes_on(token.kind))
}

impl Highlighter for Kql {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        use anstyle::AnsiColor as C;
        let mut out = String::with_capacity(line.len() * 2);
        let mut is_operator = false;
        for token in lex(line) {
            let text = token.span.text(line);
            let style = match token.kind {
                TokenKind::Comment => C::BrightBlack.on_default(),
                TokenKind::String => C::Green.on_default(),
                TokenKind::Long | TokenKind::Real | TokenKind::Timespan | TokenKind::TypedLiteral => {
                    C::Cyan.on_default()
                }
                TokenKind::Pipe => C::Yellow.on_default().bold(),
                TokenKind::Ident if is_operator || text == "let" => C::Blue.on_default().bold(),
                TokenKind::Ident
                    if matches!(
                        text,
                        "by" | "on"
                            | "and"
                            | "or"
                            | "asc"
                            | "desc"
                            | "with"
                            | "has"
                            | "in"
                            | "contains"
                            | "between"
                    ) =>
                {
                    C::Magenta.on_default()
                }
                _ => anstyle::Style::new(),
            };
            out.push_str(&format!("{style}{text}{style:#}"));
            if !token.kind.is_trivia() {
                is_operator = token.kind == TokenKind::Pipe;
            }
        }
        out.into()
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_goes_on_while_something_is_open() {
        for text in ["T |", "T | where (a", "print x =", "let f = (a:long) {", "T | project a,"] {
            assert!(is_open(text), "{text}");
        }
        for text in ["T", "T | count", "print \"|\"", "print 1 // |", "print )"] {
            assert!(!is_open(text), "{text}");
        }
    }

    #[test]
    fn colours_change_no_letter() {
        let kql = Kql { names: MemoryCatalog::new() };
        for line in ["T | where a has 'x' // y", "\"open", "é | count"] {
            let shown = kql.highlight(line, 0).into_owned();
            assert_eq!(anstream::adapter::strip_str(&shown).to_string(), line);
        }
    }
}
