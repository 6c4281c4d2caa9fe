//! What is under the pointer: columns with their types, functions with their signatures, operators with their syntax,
//! constants in other spellings.

pub(crate) mod texts;

use crate::ast::{BinaryOp, Call, Expr, ExprKind, NamedExpr, Operator};
use crate::bind::Catalog;
use crate::bound::TableName;
use crate::complete::place::{Place, place};
use crate::functions::Use;
use crate::syntax::{Span, Token, TokenKind as T, lex, typed_literal_keyword};
use crate::types::{ScalarType, Schema};
use crate::values::{Literal, parse_timespan, parse_typed, print_datetime, print_timespan};
use crate::walk::{self, Visit};

/// How many columns of a table are listed.
const MAX_COLUMNS: usize = 20;

/// What an editor shows about a place in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    /// In the language itself: `TimeGenerated: datetime`, `ago(span: timespan) → datetime`. One line for each
    /// signature of a function.
    pub code: String,
    /// In words; may be empty.
    pub text: String,
}

/// What stands at a byte offset of a query, which may be broken; `None` where there is nothing to say.
pub fn hover(text: &str, offset: usize, catalog: &dyn Catalog) -> Option<Hover> {
    let token = token_at(text, offset)?;
    if let Some(hover) = constant(text, token) {
        return Some(hover);
    }
    let mut search = Search { offset: token.span.start, found: Found::Nothing };
    walk::query(&mut search, &crate::parse(text).query);
    match search.found {
        Found::Operator(span) => {
            let known = texts::operator(span.text(text))?;
            Some(Hover { span, code: known.syntax.into(), text: known.sentence.into() })
        }
        Found::ScalarOperator(span, written) => {
            let sentence = texts::scalar_operator(written)?;
            Some(Hover { span, code: written.into(), text: sentence.into() })
        }
        Found::Call(span) => function(text, span, catalog),
        Found::Assigned(span, value) => {
            let place = place(text, value.start as usize);
            let ty = place.type_of(value.text(text), catalog);
            let ty = ty.map(|ty| format!(": {ty}")).unwrap_or_default();
            Some(Hover { span, code: format!("{}{ty}", span.text(text)), text: "new column".into() })
        }
        Found::Nothing => name(text, token, catalog),
    }
}

/// The token under the pointer; at its end only if nothing follows it directly that says more.
fn token_at(text: &str, offset: usize) -> Option<Token> {
    let offset = u32::try_from(offset.min(text.len())).ok()?;
    let says_something = |token: &Token| {
        matches!(
            token.kind,
            T::Ident
                | T::Long
                | T::Real
                | T::Timespan
                | T::TypedLiteral
                | T::EqEq
                | T::BangEq
                | T::EqTilde
                | T::BangTilde
                | T::Bang
                | T::Tilde
                | T::String
                | T::Minus
        )
    };
    let mut touching = lex(text)
        .into_iter()
        .filter(|token| token.span.start <= offset && offset <= token.span.end && says_something(token));
    let first = touching.next()?;
    if first.span.end > offset { Some(first) } else { touching.next().or(Some(first)) }
}

/// A constant in other spellings.
fn constant(text: &str, token: Token) -> Option<Hover> {
    let written = token.span.text(text);
    let literal = match token.kind {
        T::Timespan => Literal::Timespan(parse_timespan(written)),
        T::Long if written.starts_with("0x") || written.starts_with("0X") => {
            parse_typed(ScalarType::Long, written)?
        }
        T::TypedLiteral => {
            let (keyword, content) = written.split_once('(')?;
            parse_typed(typed_literal_keyword(keyword)?, content.strip_suffix(')').unwrap_or(content))?
        }
        _ => return None,
    };
    let (ty, spelled) = (literal.ty(), spelled(&literal));
    Some(Hover { span: token.span, code: format!("{written}: {ty}"), text: spelled })
}

fn spelled(literal: &Literal) -> String {
    match literal {
        Literal::Timespan(Some(ticks)) => {
            let clock = print_timespan(*ticks);
            let units =
                [("days", 864e9), ("hours", 36e9), ("minutes", 6e8), ("seconds", 1e7), ("milliseconds", 1e4)];
            let whole = units.iter().filter_map(|(unit, size)| {
                let count = *ticks as f64 / size;
                (count.abs() >= 1.0 && count.fract() == 0.0).then(|| format!("{count} {unit}"))
            });
            std::iter::once(clock).chain(whole).collect::<Vec<_>>().join(" = ")
        }
        Literal::Datetime(Some(ticks)) => {
            let unix = (ticks - 621_355_968_000_000_000) / 10_000_000;
            let day = weekday(*ticks);
            print_datetime(*ticks)
                .map(|shown| format!("{shown}, a {day}, Unix time {unix}"))
                .unwrap_or_default()
        }
        Literal::Long(Some(value)) => value.to_string(),
        Literal::Int(Some(value)) => value.to_string(),
        Literal::Bool(None)
        | Literal::Int(None)
        | Literal::Long(None)
        | Literal::Real(None)
        | Literal::Decimal(None)
        | Literal::Datetime(None)
        | Literal::Timespan(None)
        | Literal::Guid(None) => "null".into(),
        _ => String::new(),
    }
}

/// Ticks count from a Monday.
fn weekday(ticks: i64) -> &'static str {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    DAYS[usize::try_from(ticks.div_euclid(864_000_000_000).rem_euclid(7)).unwrap_or(0)]
}

/// A function: one of the query, a stored one or a built-in one.
fn function(text: &str, span: Span, catalog: &dyn Catalog) -> Option<Hover> {
    let name = span.text(text);
    let place = place(text, span.start as usize);
    if place.variables().iter().any(|variable| variable == name) {
        return Some(Hover { span, code: format!("{name}(…)"), text: "function of this query".into() });
    }
    let operator = place.operator(place.innermost()).map(|(operator, _)| operator);
    let prefers = match operator.as_deref() {
        Some("summarize" | "make-series" | "top-nested") => Use::Aggregate,
        Some("evaluate") => Use::Plugin,
        _ => Use::Scalar,
    };
    if let Some(function) = texts::find_function(name, prefers) {
        let code = texts::signatures(function).join("\n");
        let sentence = texts::function(name).unwrap_or_default().to_owned();
        return Some(Hover { span, code, text: sentence });
    }
    if let Some(sentence) = texts::function(name) {
        return Some(Hover { span, code: format!("{name}(…)"), text: sentence.into() });
    }
    stored(span, name, catalog)
}

fn stored(span: Span, name: &str, catalog: &dyn Catalog) -> Option<Hover> {
    let function = catalog.function(name)?;
    let parameters: Vec<&str> =
        function.declaration.parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
    Some(Hover { span, code: format!("{name}({})", parameters.join(", ")), text: "stored function".into() })
}

/// A name that is no call: a column, a variable, a table.
fn name(text: &str, token: Token, catalog: &dyn Catalog) -> Option<Hover> {
    let span = token.span;
    let quoted = crate::syntax::unquote(span.text(text));
    let name = match token.kind {
        T::Ident => span.text(text),
        // `['a column']`
        T::String if text[..span.start as usize].ends_with('[') => quoted.as_str(),
        _ => return None,
    };
    let place = place(text, span.start as usize);
    let column = |schema: &Schema| {
        let found = schema.column(name)?;
        Some(Hover { span, code: format!("{name}: {}", found.ty), text: "column".into() })
    };
    if let Some(before) = side(&place) {
        let schema = if before == "$right" { place.right_rows(catalog) } else { place.rows(catalog) };
        return schema.as_ref().and_then(column);
    }
    if place.last().is_some_and(|last| last.kind == T::Dot) {
        return Some(Hover {
            span,
            code: format!("{name}: dynamic"),
            text: "member of a dynamic value".into(),
        });
    }
    if let Some(hover) = place.rows(catalog).as_ref().and_then(column) {
        return Some(hover);
    }
    if place.variables().iter().any(|variable| variable == name) {
        if let Some(schema) = place.table(name, catalog) {
            return Some(table(span, name, &schema, "table of this query"));
        }
        let ty = place.type_of(name, catalog).map(|ty| format!(": {ty}")).unwrap_or_default();
        return Some(Hover { span, code: format!("{name}{ty}"), text: "variable of this query".into() });
    }
    let wanted = TableName { table: name.to_owned(), ..TableName::default() };
    if let Some(schema) = catalog.table(&wanted) {
        return Some(table(span, name, &schema, "table"));
    }
    if let Some(hover) = stored(span, name, catalog) {
        return Some(hover);
    }
    let ty = ScalarType::from_name(name)?;
    let declares = place.last().is_some_and(|last| matches!(last.kind, T::Colon | T::LParen));
    declares.then(|| Hover { span, code: ty.name().into(), text: "type".into() })
}

/// `$left` or `$right` in front of the name.
fn side<'a>(place: &Place<'a>) -> Option<&'a str> {
    let length = place.before.len();
    let is_member = length >= 2 && place.kind_of(length - 1) == Some(T::Dot);
    let base = place.text_of(length.checked_sub(2)?);
    (is_member && matches!(base, "$left" | "$right")).then_some(base)
}

fn table(span: Span, name: &str, schema: &Schema, what: &str) -> Hover {
    let shown: Vec<String> = schema
        .columns
        .iter()
        .take(MAX_COLUMNS)
        .map(|column| format!("{}:{}", column.name, column.ty))
        .collect();
    let more = if schema.columns.len() > MAX_COLUMNS || schema.is_open { ", …" } else { "" };
    Hover {
        span,
        code: format!("{name} ({}{more})", shown.join(", ")),
        text: format!("{what}, {} columns", schema.columns.len()),
    }
}

enum Found {
    Nothing,
    Operator(Span),
    ScalarOperator(Span, &'static str),
    Call(Span),
    Assigned(Span, Span),
}

/// The node whose name or sign stands at an offset.
struct Search {
    offset: u32,
    found: Found,
}

impl Search {
    fn is_in(&self, span: Span) -> bool {
        span.start <= self.offset && self.offset < span.end
    }
}

impl Visit for Search {
    fn operator(&mut self, operator: &Operator) {
        if self.is_in(operator.keyword) {
            self.found = Found::Operator(operator.keyword);
        }
    }

    fn call(&mut self, call: &Call) {
        if self.is_in(call.name.span) {
            self.found = Found::Call(call.name.span);
        }
    }

    fn named(&mut self, named: &NamedExpr) {
        if let [name] = named.names.as_slice()
            && self.is_in(name.span)
        {
            self.found = Found::Assigned(name.span, named.value.span);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        let (span, written) = match &expr.kind {
            ExprKind::Binary { op, op_span, .. } if *op != BinaryOp::SearchTerm => (*op_span, op.text()),
            ExprKind::In { op, op_span, .. } => (*op_span, op.text()),
            ExprKind::Between { op_span, .. } => (*op_span, "between"),
            _ => return,
        };
        if self.is_in(span) {
            self.found = Found::ScalarOperator(span, written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::MemoryCatalog;
    use crate::types::Column;

    fn catalog() -> MemoryCatalog {
        let mut catalog = MemoryCatalog::new();
        let columns = [("a", ScalarType::Long), ("b", ScalarType::String), ("d", ScalarType::Dynamic)];
        let schema = Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec());
        catalog.add_table("T", schema);
        catalog.add_function("Recent", "(span:timespan=1d)", "{ T | where a > 1 }").unwrap();
        catalog
    }

    /// The hover at `^`, which is taken out of the text.
    #[track_caller]
    fn check(text: &str, code: &str, about: &str) {
        let offset = text.find('^').unwrap();
        let found = hover(&text.replacen('^', "", 1), offset, &catalog());
        let found = found.map(|found| (found.code, found.text)).unwrap_or_default();
        assert_eq!(found.0, code);
        assert!(found.1.starts_with(about), "{}", found.1);
    }

    #[test]
    fn columns_have_types() {
        check("T | where ^a > 1", "a: long", "column");
        check("T | extend x = a * 1.5 | where x^ > 1 | where", "x: real", "column");
        check("T | extend ^x = a * 1.5", "x: real", "new column");
        check(
            "T | join (T | project a, e = b) on $left.a == $right.a | where ^e == ''",
            "e: string",
            "column",
        );
        check("T | join (T | project k = a, b) on $left.a == $right.^k", "k: long", "column");
        check("T | mv-apply x = d to typeof(long) on (where ^x > 1)", "x: long", "column");
        check("let f = (p:datetime) { T | where ^p > now() }", "p: datetime", "variable");
        check("T | extend d.^x", "x: dynamic", "member");
    }

    #[test]
    fn tables_functions_and_operators_are_explained() {
        check("^T | take 1", "T (a:long, b:string, d:dynamic)", "table, 3");
        check("Rec^ent()", "Recent(span)", "stored function");
        check("let S = T | project a; ^S | take 1", "S (a:long)", "table of this query");
        check("T | project-a^way a", "project-away Column, …", "Drops columns");
        check("T | where b !h^as 'x'", "!has", "has the term");
        check("T | where a > a^go(1d)", "ago(timespan: timespan) → datetime", "The time");
        check("T | summarize co^unt()", "count([expr: scalar]) → long", "How many rows");
    }

    #[test]
    fn constants_are_spelled_in_other_ways() {
        check("print ^90m", "90m: timespan", "01:30:00 = 90 minutes = 5400 seconds");
        check("print datetime(2024^-02-29)", "datetime(2024-02-29): datetime", "2024-02-29T00:00:00");
        check("print 0x1F^", "0x1F: long", "31");
        assert!(weekday(0) == "Monday");
    }

    #[test]
    fn elsewhere_there_is_nothing() {
        check("T | where a > 1 ^ ", "", "");
        check("// ^T", "", "");
    }
}
