//! From tokens to the syntax tree: recursive descent, with precedence climbing for expressions.
//!
//! The parser always returns a tree. After an error it goes on at the next `|`, `;`, `,` or closing bracket, so that
//! one query may have several diagnostics. Nesting is limited; no text makes it panic.

mod cursor;
mod expr;
mod graph;
mod json;
mod operators;
mod series;
mod statement;
mod tabular;

use azimuth_diag::{Diagnostic, LineIndex, Place};

use crate::ast::{FunctionDeclaration, Query};
use crate::syntax::{Span, Token, lex};
use cursor::Parser;

/// A parsed text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// All tokens, white space and comments included, without gaps.
    pub tokens: Vec<Token>,
    /// The tree.
    pub query: Query,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a query or management command.
pub fn parse(text: &str) -> Parsed {
    let tokens = lex(text);
    let mut parser = Parser::new(text, &tokens);
    let query = parser.query();
    let mut diagnostics = parser.into_diagnostics();
    sort_and_locate(text, &mut diagnostics);
    Parsed { tokens, query, diagnostics }
}

/// Parses the parameters `(a:string, …)` and body `{ … }` of a stored function.
///
/// # Errors
/// The diagnostics, if there are any; their places are in `parameters`, a line end and `body` put together.
pub fn parse_function(parameters: &str, body: &str) -> Result<FunctionDeclaration, Vec<Diagnostic>> {
    let has_braces = body.trim_start().starts_with('{');
    let text =
        if has_braces { format!("{parameters}\n{body}") } else { format!("{parameters}\n{{{body}\n}}") };
    let tokens = lex(&text);
    let mut parser = Parser::new(&text, &tokens);
    let function = parser.function_declaration(false);
    parser.expect_end();
    let mut diagnostics = parser.into_diagnostics();
    sort_and_locate(&text, &mut diagnostics);
    if diagnostics.is_empty() { Ok(function) } else { Err(diagnostics) }
}

/// A place in a query that has a span but no line yet.
pub(crate) fn place(span: Span) -> Place {
    Place { span: Some((span.start as usize, span.end as usize)), ..Place::default() }
}

/// Sorts diagnostics by place and fills in lines and columns.
pub(crate) fn sort_and_locate(text: &str, diagnostics: &mut [Diagnostic]) {
    let index = LineIndex::new(text);
    diagnostics.sort_by_key(|diagnostic| diagnostic.place.span);
    for diagnostic in diagnostics {
        if let Some((start, _)) = diagnostic.place.span {
            let (line, column) = index.position(text, start);
            diagnostic.place.line = Some(line);
            diagnostic.place.column = Some(column);
        }
    }
}
