//! The Kusto query language: what a text says, not what comes of it.
//!
//! ```text
//! text ─▶ syntax (tokens) ─▶ parse ─▶ ast ─▶ bind (with a Catalog) ─▶ bound tree, result schema, diagnostics
//! ```
//!
//! - [`syntax`]: spans, tokens, the lossless lexer;
//! - [`values`]: constants of every type and their texts;
//! - [`ast`]: the owned syntax tree;
//! - [`parse()`]: the error-tolerant parser;
//! - [`types`]: scalar types and schemas;
//! - [`functions`]: the built-in functions, as tables;
//! - [`bound`]: the bound tree, which whoever executes a query reads;
//! - [`format()`](format::format), [`complete()`](complete::complete), [`hover()`](hover::hover), [`lint()`](lint::lint): the services of editors;
//! - [`bind()`]: the binder, and the [`Catalog`] it asks for tables and functions.
//!
//! Architecture invariant: nothing is executed here, and nothing here knows how it would be. No text makes the
//! parser or the binder panic, recurse without bound or grow without limit.

pub mod ast;
pub mod bind;
pub mod bound;
pub mod complete;
pub mod format;
pub mod functions;
pub mod hover;
pub mod lint;
mod parse;
mod suggest;
pub mod syntax;
pub mod types;
pub mod values;
mod walk;

pub use bind::{Catalog, bind};
pub use parse::{Parsed, parse, parse_function};
