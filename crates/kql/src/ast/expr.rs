//! Scalar expressions, and what can stand in their place.

use super::Pipeline;
use crate::syntax::Span;
use crate::values::Literal;

/// A name as written: `x`, `['a b']`, `$left`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The name without brackets and quotes; empty if it is missing.
    pub text: String,
    /// Where it stands, brackets included.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is, parentheses included.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A column, variable, parameter, table or function without arguments.
    Name(String),
    /// `*`
    Star,
    /// A name with stars: `a*`, `*_id`.
    Wildcard(String),
    /// `base.member`, also `base.['member']`.
    Path {
        /// What stands before the dot.
        base: Box<Expr>,
        /// The member.
        member: Name,
    },
    /// `base.function(…)`: `database('d').table('t')`.
    Method {
        /// What stands before the dot.
        base: Box<Expr>,
        /// The call.
        call: Call,
    },
    /// `base[index]`
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// Position or key.
        index: Box<Expr>,
    },
    /// `function(…)`
    Call(Call),
    /// `-x`, `+x`
    Unary {
        /// Whether the sign is a minus.
        is_minus: bool,
        /// What follows.
        operand: Box<Expr>,
    },
    /// `a and b and c`: at least two operands.
    And(Vec<Expr>),
    /// `a or b or c`: at least two operands.
    Or(Vec<Expr>),
    /// Two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// `x in (…)` and its like.
    In {
        /// Which test.
        op: InOp,
        /// Where the operator stands.
        op_span: Span,
        /// What is looked for.
        left: Box<Expr>,
        /// The list: scalars, arrays or one table.
        list: Vec<Expr>,
    },
    /// `x between (low .. high)`
    Between {
        /// `!between`
        is_negated: bool,
        /// Where the operator stands.
        op_span: Span,
        /// What is tested.
        value: Box<Expr>,
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
    },
    /// A tabular expression: `(T | take 1)`, or a source operator such as `datatable(…) […]`.
    Pipeline(Box<Pipeline>),
    /// `typeof(long)`; several types for `typeof(a:long, b:string)`.
    TypeOf(Vec<ColumnDeclaration>),
    /// `materialize` and `toscalar` are calls; this is the `view () { … }` or function value of a `let`.
    Function(Box<super::FunctionDeclaration>),
    /// `entity_group [ … ]`
    EntityGroup(Vec<Expr>),
    /// What should be here is not; a diagnostic says so.
    Missing,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The name in `name = value`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// `name = expr`, `(a, b) = expr` or a bare expression.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedExpr {
    /// The names; none for a bare expression.
    pub names: Vec<Name>,
    /// Whether the names stand in parentheses.
    pub is_tuple: bool,
    /// The expression.
    pub value: Expr,
    /// Names and expression.
    pub span: Span,
}

/// Operators with two operands, except `and`, `or`, lists and `between`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operator that `text` prints")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    EqualTilde,
    NotEqualTilde,
    Has,
    NotHas,
    HasCs,
    NotHasCs,
    HasPrefix,
    NotHasPrefix,
    HasPrefixCs,
    NotHasPrefixCs,
    HasSuffix,
    NotHasSuffix,
    HasSuffixCs,
    NotHasSuffixCs,
    Contains,
    NotContains,
    ContainsCs,
    NotContainsCs,
    StartsWith,
    NotStartsWith,
    StartsWithCs,
    NotStartsWithCs,
    EndsWith,
    NotEndsWith,
    EndsWithCs,
    NotEndsWithCs,
    MatchesRegex,
    Like,
    NotLike,
    LikeCs,
    NotLikeCs,
    /// `:` of `search`
    SearchTerm,
}

impl BinaryOp {
    /// The operator as written.
    pub fn text(self) -> &'static str {
        use BinaryOp as B;
        match self {
            B::Add => "+",
            B::Subtract => "-",
            B::Multiply => "*",
            B::Divide => "/",
            B::Modulo => "%",
            B::Equal => "==",
            B::NotEqual => "!=",
            B::Less => "<",
            B::LessOrEqual => "<=",
            B::Greater => ">",
            B::GreaterOrEqual => ">=",
            B::EqualTilde => "=~",
            B::NotEqualTilde => "!~",
            B::MatchesRegex => "matches regex",
            B::SearchTerm => ":",
            other => STRING_OPERATORS.iter().find(|(_, op)| *op == other).map_or("", |(text, _)| text),
        }
    }

    /// `+ - * / %`
    pub fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo)
    }

    /// `< <= > >=`
    pub fn is_relational(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }

    /// `== !=`
    pub fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// The string operators that are words, preferred spelling first; `!` stands before the word.
pub const STRING_OPERATORS: &[(&str, BinaryOp)] = &[
    ("has", BinaryOp::Has),
    ("!has", BinaryOp::NotHas),
    ("has_cs", BinaryOp::HasCs),
    ("!has_cs", BinaryOp::NotHasCs),
    ("hasprefix", BinaryOp::HasPrefix),
    ("!hasprefix", BinaryOp::NotHasPrefix),
    ("hasprefix_cs", BinaryOp::HasPrefixCs),
    ("!hasprefix_cs", BinaryOp::NotHasPrefixCs),
    ("hassuffix", BinaryOp::HasSuffix),
    ("!hassuffix", BinaryOp::NotHasSuffix),
    ("hassuffix_cs", BinaryOp::HasSuffixCs),
    ("!hassuffix_cs", BinaryOp::NotHasSuffixCs),
    ("contains", BinaryOp::Contains),
    ("!contains", BinaryOp::NotContains),
    ("contains_cs", BinaryOp::ContainsCs),
    ("!contains_cs", BinaryOp::NotContainsCs),
    ("startswith", BinaryOp::StartsWith),
    ("!startswith", BinaryOp::NotStartsWith),
    ("startswith_cs", BinaryOp::StartsWithCs),
    ("!startswith_cs", BinaryOp::NotStartsWithCs),
    ("endswith", BinaryOp::EndsWith),
    ("!endswith", BinaryOp::NotEndsWith),
    ("endswith_cs", BinaryOp::EndsWithCs),
    ("!endswith_cs", BinaryOp::NotEndsWithCs),
    ("like", BinaryOp::Like),
    ("notlike", BinaryOp::NotLike),
    ("likecs", BinaryOp::LikeCs),
    ("notlikecs", BinaryOp::NotLikeCs),
    ("notcontains", BinaryOp::NotContains),
    ("containscs", BinaryOp::ContainsCs),
    ("notcontainscs", BinaryOp::NotContainsCs),
];

/// Tests against a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operator that `text` prints")]
pub enum InOp {
    In,
    NotIn,
    InTilde,
    NotInTilde,
    HasAny,
    HasAll,
}

impl InOp {
    /// The operator as written.
    pub fn text(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "!in",
            Self::InTilde => "in~",
            Self::NotInTilde => "!in~",
            Self::HasAny => "has_any",
            Self::HasAll => "has_all",
        }
    }
}

/// `name:type` in a row schema or parameter list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDeclaration {
    /// The column; empty in `typeof(long)`.
    pub name: Name,
    /// The type as written; empty if missing.
    pub ty: Name,
}
