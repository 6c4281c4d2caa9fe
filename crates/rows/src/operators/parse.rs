//! `parse`, `parse-where` and `parse-kv`.

use azimuth_kql::bound::{Expr, NewColumn, Parse, ParseMode, ParsePart};
use azimuth_kql::types::{ScalarType, Schema};
use azimuth_values::functions::regexes;
use azimuth_values::{Value, text};

use crate::eval::{Env, converted, eval};
use crate::run::{Failure, Run};
use crate::table::{Row, null_of};

/// `parse`: the pattern as one regular expression. A row that does not match, or in `simple` mode has one text that does
/// not convert, gets no values at all; `parse-where` drops it.
pub(super) fn parse(
    run: &Run<'_>,
    parse: &Parse,
    rows: Vec<Row>,
    schema: &Schema,
) -> Result<Vec<Row>, Failure> {
    let pattern = run.context.pattern(&pattern_of(parse))?;
    let columns: Vec<&NewColumn> = parse
        .pattern
        .iter()
        .filter_map(|part| match part {
            ParsePart::Column(column) => Some(column),
            _ => None,
        })
        .collect();
    let mut out = Vec::new();
    for row in rows {
        let value = text::to_string(&eval(&parse.value, &Env::of(run, &row))?);
        let found = pattern.captures(&value);
        let mut values: Vec<Value> = columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let part = found.as_ref().and_then(|found| found.name(&format!("c{index}")));
                part.map_or_else(|| null_of(column.ty), |part| read(part.as_str(), column.ty))
            })
            .collect();
        let failed =
            |(value, column): (&Value, &&NewColumn)| value.is_null() && column.ty != ScalarType::String;
        let unread = found.is_some() && values.iter().zip(&columns).any(failed);
        if unread && parse.mode == ParseMode::Simple {
            values = columns.iter().map(|column| null_of(column.ty)).collect();
        }
        if parse.is_where && (found.is_none() || (unread && parse.mode != ParseMode::Relaxed)) {
            continue;
        }
        out.push(placed(row, schema, columns.iter().map(|column| column.output).zip(values)));
    }
    Ok(out)
}

/// A row with values at places, the places beyond it added.
fn placed(mut row: Row, schema: &Schema, values: impl Iterator<Item = (usize, Value)>) -> Row {
    row.resize(schema.columns.len(), Value::Null);
    for (place, value) in values {
        row[place] = value;
    }
    row
}

fn read(part: &str, ty: ScalarType) -> Value {
    if ty == ScalarType::String {
        Value::string(part)
    } else {
        converted(&Value::string(part), ScalarType::String, ty)
    }
}

/// The pattern as a regular expression: columns are named groups `c0`, `c1` …
///
/// In the plain modes it is the whole text, with texts as short as may be; `relaxed` takes for a number also what is none.
/// In `regex` mode it may be found anywhere, with texts as long as may be, which the flag `U` turns round.
fn pattern_of(parse: &Parse) -> String {
    let is_regex = parse.mode == ParseMode::Regex;
    let flags: String = parse.flags.chars().filter(|flag| "imsU".contains(*flag)).collect();
    let mut pattern = match (is_regex, flags.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("(?{flags})"),
        (false, _) => "(?s)^".to_owned(),
    };
    let mut column = 0;
    for part in &parse.pattern {
        match part {
            ParsePart::Skip => pattern.push_str(".*?"),
            // A part that is no regular expression of its own stands for itself.
            ParsePart::Text(text) if is_regex && regexes::is_pattern(text) => {
                pattern.push_str(&format!("(?:{text})"));
            }
            ParsePart::Text(text) => pattern.push_str(&regexes::escape(text)),
            ParsePart::Column(new) => {
                let number = match new.ty {
                    ScalarType::Int | ScalarType::Long => Some(r"-?\d+"),
                    ScalarType::Real | ScalarType::Decimal => Some(r"-?\d+(?:\.\d+)?"),
                    _ => None,
                };
                let group = format!("?P<c{column}>");
                pattern.push_str(&match (number, parse.mode) {
                    (Some(number), ParseMode::Relaxed) => format!("(?:({group}{number})|.*?)"),
                    (Some(number), _) => format!("({group}{number})"),
                    (None, ParseMode::Regex) if new.ty == ScalarType::Bool => {
                        format!("({group}(?i:true|false))")
                    }
                    (None, ParseMode::Regex) => format!("({group}.*)"),
                    (None, _) => format!("({group}.*?)"),
                });
                column += 1;
            }
        }
    }
    if !is_regex {
        pattern.push_str(r"\z");
    }
    pattern
}

/// `parse-kv`: pairs of key and value anywhere in a text.
pub(super) fn parse_kv(
    run: &Run<'_>,
    rows: Vec<Row>,
    value: &Expr,
    keys: &[NewColumn],
    properties: &[(String, Vec<Expr>)],
    schema: &Schema,
) -> Result<Vec<Row>, Failure> {
    let texts = |name: &str| -> Result<Vec<String>, Failure> {
        let Some((_, exprs)) = properties.iter().find(|(known, _)| known == name) else {
            return Ok(Vec::new());
        };
        exprs.iter().map(|expr| Ok(text::to_string(&crate::eval::constant(run, expr)?))).collect()
    };
    let options = KvOptions {
        pair: texts("pair_delimiter")?,
        kv: texts("kv_delimiter")?,
        quote: texts("quote")?.concat().chars().collect(),
        escape: texts("escape")?.concat().chars().next(),
        greedy: texts("greedy")?.first().is_some_and(|greedy| greedy.eq_ignore_ascii_case("true")),
    };
    let regex = texts("regex")?;
    rows.into_iter()
        .map(|row| {
            let written = text::to_string(&eval(value, &Env::of(run, &row))?);
            let pairs: Vec<(String, String)> = match regex.first() {
                Some(pattern) => {
                    let pattern = run.context.pattern(pattern)?;
                    let pair = |found: regexes::Captures<'_>| {
                        Some((found.get(1)?.as_str().to_owned(), found.get(2)?.as_str().to_owned()))
                    };
                    pattern.captures_iter(&written).filter_map(pair).collect()
                }
                None => pairs(&written, &options, keys),
            };
            let values = keys.iter().map(|key| {
                let found = pairs.iter().find(|(name, _)| *name == key.name);
                (key.output, found.map_or_else(|| null_of(key.ty), |(_, value)| read(value, key.ty)))
            });
            Ok(placed(row, schema, values))
        })
        .collect()
}

struct KvOptions {
    pair: Vec<String>,
    kv: Vec<String>,
    quote: Vec<char>,
    escape: Option<char>,
    greedy: bool,
}

impl KvOptions {
    fn delimiter<'t>(&self, text: &'t str, given: &[String], default: fn(char) -> bool) -> Option<&'t str> {
        if given.is_empty() {
            let first = text.chars().next().filter(|first| default(*first))?;
            return Some(&text[..first.len_utf8()]);
        }
        given
            .iter()
            .filter(|delimiter| !delimiter.is_empty())
            .find(|d| text.starts_with(d.as_str()))
            .map(|d| &text[..d.len()])
    }

    fn pair_delimiter<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.delimiter(text, &self.pair, |c| c.is_whitespace() || c == ',' || c == ';')
    }

    fn kv_delimiter<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.delimiter(text, &self.kv, |c| c == '=' || c == ':')
    }
}

/// The pairs of a text. A key reaches back from its delimiter to the one before; a value ends at a delimiter of pairs, or in
/// greedy mode where the next key begins.
fn pairs(text: &str, options: &KvOptions, keys: &[NewColumn]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        while let Some(delimiter) = options.pair_delimiter(rest) {
            rest = &rest[delimiter.len()..];
        }
        let (key, after) = token(rest, options, |rest| {
            options.kv_delimiter(rest).is_some() || options.pair_delimiter(rest).is_some()
        });
        let Some(delimiter) = options.kv_delimiter(after) else {
            // A word without a value.
            rest = if after.len() == rest.len() { "" } else { after };
            continue;
        };
        let after = after[delimiter.len()..].trim_start_matches(' ');
        let (value, next) = if options.greedy {
            token(after, options, |rest| {
                options.pair_delimiter(rest).is_some_and(|delimiter| {
                    let ahead = &rest[delimiter.len()..];
                    keys.iter().any(|key| {
                        ahead
                            .strip_prefix(key.name.as_str())
                            .is_some_and(|ahead| options.kv_delimiter(ahead).is_some())
                    })
                })
            })
        } else {
            token(after, options, |rest| options.pair_delimiter(rest).is_some())
        };
        found.push((key.trim().to_owned(), value));
        rest = next;
    }
    found
}

/// A text up to where it ends, quotes and escapes taken away, and what follows.
fn token<'t>(text: &'t str, options: &KvOptions, ends: impl Fn(&str) -> bool) -> (String, &'t str) {
    let mut out = String::new();
    let mut rest = text;
    let closing = text.chars().next().and_then(|first| {
        let place = options.quote.iter().position(|quote| *quote == first)?;
        // Two different quotes open and close.
        Some(if place == 0 && options.quote.len() == 2 { options.quote[1] } else { first })
    });
    if let Some(closing) = closing {
        let mut characters = rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if options.escape == Some(character) {
                if let Some((_, next)) = characters.next() {
                    out.push(next);
                }
            } else if character == closing {
                return (out, &rest[at + character.len_utf8()..]);
            } else {
                out.push(character);
            }
        }
        return (out, "");
    }
    while let Some(first) = rest.chars().next() {
        if ends(rest) {
            break;
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    (out, rest)
}
