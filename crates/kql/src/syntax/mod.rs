//! The text level: spans, tokens and the lexer.
//!
//! The lexer is lossless: the tokens of a text, white space and comments included, follow each other without a gap
//! from the first byte to the last.

mod lexer;
mod literal;
mod span;
mod token;

pub use lexer::lex;
pub(crate) use literal::{TIMESPAN_UNITS, typed_literal_keyword, unquote};
pub use span::Span;
pub use token::{Token, TokenKind};
