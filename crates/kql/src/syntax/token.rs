//! Tokens.

use super::Span;

/// What a token is. Keywords are identifiers: the language lets nearly all of them be names too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// `// …` up to the end of the line.
    Comment,
    /// A name or keyword; may begin with `$` or a digit.
    Ident,
    /// `42`, `0x2A`.
    Long,
    /// `1.5`, `1e3`.
    Real,
    /// `1d`, `2.5h`, `10microseconds`.
    Timespan,
    /// `"…"`, `'…'`, `@"…"`, `h'…'`, ``` or `~~~` blocks.
    String,
    /// `datetime(…)` and its like, up to the closing parenthesis.
    TypedLiteral,
    /// `#…` line at the start of a line (client directive).
    Directive,
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `[`
    LBracket,
    /// `]`
    RBracket,
    /// `{`
    LBrace,
    /// `}`
    RBrace,
    /// `|`
    Pipe,
    /// `<|`
    LessPipe,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `:`
    Colon,
    /// `=`
    Assign,
    /// `==`
    EqEq,
    /// `!=`
    BangEq,
    /// `<>`
    LessGreater,
    /// `=~`
    EqTilde,
    /// `!~`
    BangTilde,
    /// `=>`
    FatArrow,
    /// `<`
    Less,
    /// `<=`
    LessEq,
    /// `>`
    Greater,
    /// `>=`
    GreaterEq,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `!` before a word: `!in`, `!has`.
    Bang,
    /// `~` after a word: `in~`.
    Tilde,
    /// `?`
    Question,
    /// `@` without a string.
    At,
    /// Characters that begin nothing.
    Unknown,
    /// After the last character.
    Eof,
}

impl TokenKind {
    /// White space, comments and directives: nothing that the grammar sees.
    pub fn is_trivia(self) -> bool {
        matches!(self, TokenKind::Whitespace | TokenKind::Comment | TokenKind::Directive)
    }
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
    /// A literal that is not ended (`"abc` up to the end of the line).
    pub is_broken: bool,
}
