//! Statements of a query.

use super::{ColumnDeclaration, Expr, Name};
use crate::syntax::Span;

/// A text: statements separated by `;`, the last expressions being the results.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Query {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where it is, without the semicolon.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `let name = value`
    Let {
        /// The new name.
        name: Name,
        /// A scalar, a tabular expression or a function.
        value: Expr,
    },
    /// `set name = value`
    Set {
        /// The option.
        name: Name,
        /// Its value; none means true.
        value: Option<Expr>,
    },
    /// `declare query_parameters (a:long = 1, …)`
    QueryParameters(Vec<Parameter>),
    /// `declare pattern name = (…) […] { … }`
    Pattern(PatternDeclaration),
    /// `alias database name = expression`
    Alias {
        /// The new name.
        name: Name,
        /// The database.
        value: Expr,
    },
    /// `restrict access to (…)`
    Restrict(Vec<Expr>),
    /// An expression: a result of the query.
    Expression(Expr),
    /// `.show tables`, `.create …`: a management command, not taken apart.
    Command(Command),
}

/// A management command.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Words and quoted names in the order written: `show`, `databases`, `schema`, `as`, `json`.
    pub words: Vec<CommandWord>,
    /// The text up to a query.
    pub text: String,
    /// What follows `<|`, or a query after `|`.
    pub query: Option<Expr>,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandWord {
    /// The word; quotes and brackets taken off.
    pub text: String,
    /// Whether it was quoted or bracketed, so cannot be a keyword.
    pub is_quoted: bool,
    /// Where it is.
    pub span: Span,
}

/// A function: the value of a `let`, or a stored one.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionDeclaration {
    /// `view`: may be met by a wildcard.
    pub is_view: bool,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// The body.
    pub body: FunctionBody,
    /// From the parameters to the closing brace.
    pub span: Span,
}

/// `{ let …; expression }`
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FunctionBody {
    /// Statements before the expression.
    pub statements: Vec<Statement>,
    /// The result; none in a body with declarations only.
    pub result: Option<Expr>,
    /// Braces included.
    pub span: Span,
}

/// A parameter of a function or query.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name.
    pub name: Name,
    /// The type.
    pub ty: ParameterType,
    /// `= value`
    pub default: Option<Expr>,
    /// Name to default.
    pub span: Span,
}

/// The type of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterType {
    /// `x:long`
    Scalar(Name),
    /// `T:(a:long, b:string)`, `T:(*)`.
    Table {
        /// The columns it has to have.
        columns: Vec<ColumnDeclaration>,
        /// `(*)`: any columns.
        is_any: bool,
    },
    /// Not written.
    None,
}

/// `declare pattern app = (id:string)[scope:string] { ('a').['b'] = { … }; }`
#[derive(Clone, Debug, PartialEq)]
pub struct PatternDeclaration {
    /// The name.
    pub name: Name,
    /// The arguments.
    pub parameters: Vec<Parameter>,
    /// The path parameter.
    pub path: Option<Parameter>,
    /// The cases.
    pub cases: Vec<PatternCase>,
}

/// One case of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternCase {
    /// The values of the arguments.
    pub arguments: Vec<Expr>,
    /// The value of the path.
    pub path: Option<Expr>,
    /// What the pattern stands for then.
    pub body: FunctionBody,
}
