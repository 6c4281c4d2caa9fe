//! Transformations of data collection rules: which KQL they may hold, and their binding to the columns of what comes in.
//!
//! Source: the list of KQL features that transformations support. A transformation is applied to each record alone, so it knows
//! few operators, and only the functions of the list. The query itself is run by whoever has an engine; the one input of a
//! transformation is the table `source`.

use azimuth_diag::{Diagnostic, Place};
use azimuth_kql::bind::{MemoryCatalog, Options, bind};
use azimuth_kql::bound::BoundQuery;
use azimuth_kql::syntax::{Token, TokenKind, lex};
use azimuth_kql::types::Schema;

/// The table that stands for what comes in.
pub const SOURCE: &str = "source";
/// One `parse` may make so many columns.
const MAX_PARSED: usize = 10;

/// Operators of the list.
const OPERATORS: [&str; 7] =
    ["extend", "project", "print", "where", "parse", "project-away", "project-rename"];

/// String operators that are not on the list.
const NO_OPERATORS: [&str; 6] =
    ["has_any", "has_all", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs"];

/// Words before a parenthesis that call nothing.
const WORDS: [&str; 11] =
    ["in", "and", "or", "not", "where", "extend", "project", "print", "datatable", "by", "with"];

/// Functions of the list.
#[rustfmt::skip]
const FUNCTIONS: &[&str] = &[
    "abs", "ago", "array_concat", "array_length", "base64_decodestring", "base64_encodestring", "bin", "binary_and",
    "binary_not", "binary_or", "binary_shift_left", "binary_shift_right", "binary_xor", "case", "ceiling", "columnifexists",
    "countof", "datetime_add", "datetime_diff", "datetime_part", "dayofmonth", "dayofweek", "dayofyear", "endofday",
    "endofmonth", "endofweek", "endofyear", "exp", "exp10", "exp2", "extract", "extract_all", "floor", "geo_location",
    "getmonth", "gettype", "getyear", "hash_sha256", "hourofday", "iff", "iif", "indexof", "isempty", "isfinite", "isinf",
    "isnan", "isnotempty", "isnotnull", "isnull", "log", "log10", "log2", "make_datetime", "make_timespan", "max_of", "min_of",
    "now", "pack", "pack_array", "parse_cef_dictionary", "parse_json", "parse_xml", "pow", "replace", "round", "sign", "split",
    "startofday", "startofmonth", "startofweek", "startofyear", "strcat", "strcat_delim", "strlen", "substring", "tobool",
    "todatetime", "todouble", "toguid", "toint", "tolong", "tolower", "toreal", "tostring", "totimespan", "toupper",
    "weekofyear", "zip",
];

/// A transformation whose features are all supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformation {
    text: String,
}

impl Transformation {
    /// Checks a transformation; its names and types are checked when it is bound.
    ///
    /// # Errors
    /// A diagnostic `transformation-unsupported` for every operator, function and source that is not on the list.
    pub fn new(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let found = unsupported(text);
        if found.is_empty() { Ok(Self { text: text.to_owned() }) } else { Err(found) }
    }

    /// The query.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Binds the query to the columns of what comes in; the result is run over the table [`SOURCE`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn bind(&self, columns: Schema) -> Result<BoundQuery, Vec<Diagnostic>> {
        let mut catalog = MemoryCatalog::new();
        catalog.add_table(SOURCE, columns);
        let bound = bind(&self.text, &catalog, &Options::default());
        if bound.has_errors() { Err(bound.diagnostics) } else { Ok(bound) }
    }
}

/// What a text has that is not on the list, in its order.
fn unsupported(text: &str) -> Vec<Diagnostic> {
    let tokens: Vec<Token> = lex(text)
        .into_iter()
        .filter(|token| !matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment | TokenKind::Eof))
        .collect();
    let word = |place: usize| {
        let token = tokens.get(place).filter(|token| token.kind == TokenKind::Ident);
        token.map_or("", |token| token.span.text(text))
    };
    let is = |place: usize, kind: TokenKind| tokens.get(place).is_some_and(|token| token.kind == kind);
    // What `let` names may be called, and may be what a statement begins with.
    let own: Vec<&str> =
        (0..tokens.len()).filter(|place| word(*place) == "let").map(|place| word(place + 1)).collect();
    let mut found = Vec::new();
    let mut report = |place: usize, length: usize, message: String, hint: &str| {
        let start = tokens[place].span.range().start;
        let line = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        let before = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let place = Place {
            line: u64::try_from(line).ok(),
            column: u64::try_from(text[before..start].chars().count() + 1).ok(),
            span: Some((start, start + length)),
            ..Place::default()
        };
        let diagnostic = Diagnostic::error("transformation-unsupported", message).at(place);
        found.push(if hint.is_empty() { diagnostic } else { diagnostic.with_hint(hint) });
    };
    for place in 0..tokens.len() {
        let name = word(place);
        if name.is_empty() {
            continue;
        }
        let begins_statement = place == 0 || is(place - 1, TokenKind::Semicolon);
        if place > 0 && is(place - 1, TokenKind::Pipe) {
            let start = tokens[place].span.range().start;
            let length = text[start..]
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                .count();
            let operator = &text[start..start + length];
            if !OPERATORS.contains(&operator) {
                let hint =
                    "a transformation sees one record at a time; filter and extend, and aggregate in queries";
                report(
                    place,
                    length,
                    format!("the operator `{operator}` is not supported in transformations"),
                    hint,
                );
            } else if operator == "parse" && parsed(&tokens[place..]) > MAX_PARSED {
                let message = format!("one `parse` may make {MAX_PARSED} columns in transformations");
                report(place, length, message, "split it into several");
            }
        } else if begins_statement
            && !["let", "print", "datatable", SOURCE].contains(&name)
            && !own.contains(&name)
        {
            let message = format!("`{name}` cannot be read in transformations");
            report(place, name.len(), message, "begin with `source`");
        } else if NO_OPERATORS.contains(&name) && !is(place + 1, TokenKind::Comma) {
            report(
                place,
                name.len(),
                format!("the operator `{name}` is not supported in transformations"),
                "",
            );
        } else if is(place + 1, TokenKind::LParen)
            && !FUNCTIONS.contains(&name)
            && !WORDS.contains(&name)
            && !own.contains(&name)
        {
            let hint = match name {
                "column_ifexists" => "write `columnifexists`",
                "base64_encode_tostring" => "write `base64_encodestring`",
                "base64_decode_tostring" => "write `base64_decodestring`",
                _ => "",
            };
            report(
                place,
                name.len(),
                format!("the function `{name}` is not supported in transformations"),
                hint,
            );
        }
    }
    found
}

/// How many columns a `parse` makes: the names behind its `with` that are no types.
fn parsed(tokens: &[Token]) -> usize {
    let operator = tokens.split(|token| matches!(token.kind, TokenKind::Pipe | TokenKind::Semicolon)).next();
    let operator = operator.unwrap_or(&[]);
    let pattern = operator.iter().position(|token| token.kind == TokenKind::String).unwrap_or(operator.len());
    let names = operator[pattern..].windows(2);
    names.filter(|pair| pair[1].kind == TokenKind::Ident && pair[0].kind != TokenKind::Colon).count()
}

#[cfg(test)]
mod tests {
    use azimuth_kql::types::{Column, ScalarType};

    use super::*;

    fn messages(text: &str) -> Vec<String> {
        Transformation::new(text).err().unwrap_or_default().into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn what_the_documentation_shows_is_taken() {
        for text in [
            "source | where severity == \"Critical\" | extend Properties = parse_json(properties) | project TimeGenerated = \
             todatetime([\"time\"]), EventId = tostring(Properties.EventId)",
            "print x = 2 + 2, y = 5 | extend z = exp2(x) + exp2(y)",
            "let limit = 5; let double_it = (x:long) { x * 2 }; source | extend b = double_it(a) | where b > limit and a in (1, 2)",
            "source | project-away a | project-rename c = b // summarize",
            "source | parse Message with \"a=\" a:long \" b=\" b",
        ] {
            assert_eq!(messages(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn the_rest_is_refused_by_name() {
        let one = |text: &str| messages(text).join("; ");
        assert_eq!(
            one("source | summarize count()"),
            "the operator `summarize` is not supported in transformations; the function `count` is not supported in transformations"
        );
        assert_eq!(
            one("source | mv-expand a"),
            "the operator `mv-expand` is not supported in transformations"
        );
        assert_eq!(one("SigninLogs | where a == 1"), "`SigninLogs` cannot be read in transformations");
        assert_eq!(
            one("source | extend a = column_ifexists(\"b\", 1)"),
            "the function `column_ifexists` is not supported in transformations"
        );
        assert_eq!(
            one("source | where a has_any (\"b\")"),
            "the operator `has_any` is not supported in transformations"
        );
        let names: Vec<String> = (0..11).map(|n| format!("\"{n}\" c{n}:long")).collect();
        let parse = format!("source | parse a with {}", names.join(" "));
        assert_eq!(one(&parse), "one `parse` may make 10 columns in transformations");
        let found = Transformation::new("source\n| top 5 by a").unwrap_err();
        assert_eq!((found[0].place.line, found[0].place.column), (Some(2), Some(3)));
    }

    #[test]
    fn transformations_bind_to_what_comes_in() {
        let columns =
            Schema::new(vec![Column::new("a", ScalarType::Long), Column::new("t", ScalarType::String)]);
        let transformation =
            Transformation::new("source | where a > 1 | project TimeGenerated = todatetime(t), b = a * 2")
                .unwrap();
        let schema = transformation.bind(columns.clone()).unwrap().schema().unwrap();
        let names: Vec<_> = schema.columns.iter().map(|column| (column.name.as_str(), column.ty)).collect();
        assert_eq!(names, [("TimeGenerated", ScalarType::Datetime), ("b", ScalarType::Long)]);
        let wrong = Transformation::new("source | where nothing == 1").unwrap();
        assert!(wrong.bind(columns).is_err());
    }
}
