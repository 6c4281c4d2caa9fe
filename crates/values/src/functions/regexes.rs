//! Regular expressions: RE2's syntax, which the `regex` crate shares; Unicode classes.

pub use regex::Captures;
use regex::Regex;

use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::convert;
use crate::functions::dynamic::MAX_ITEMS;
use crate::functions::strings::written;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["extract"], extract),
    Function::pure(&["extract_all", "extractall"], extract_all),
    Function::pure(&["replace_regex"], replace_regex),
    Function::pure(&["replace"], replace),
    Function::pure(&["indexof_regex"], indexof_regex),
    Function::pure(&["countof"], countof),
    Function::pure(&["regex_quote"], |_, arguments| Ok(regex::escape(&written(&arguments[0])).into())),
    Function::pure(&["trim"], |context, arguments| trimmed(context, arguments, true, true)),
    Function::pure(&["trim_start"], |context, arguments| trimmed(context, arguments, true, false)),
    Function::pure(&["trim_end"], |context, arguments| trimmed(context, arguments, false, true)),
];

/// Is the text a pattern by itself?
pub fn is_pattern(text: &str) -> bool {
    Regex::new(text).is_ok()
}

/// A text as a pattern that matches just it.
pub fn escape(text: &str) -> String {
    regex::escape(text)
}

/// `text matches regex pattern`.
///
/// # Errors
/// When the pattern is none.
pub fn matches(context: &Context, text: &str, pattern: &str) -> Result<bool, Refusal> {
    Ok(context.pattern(pattern)?.is_match(text))
}

/// `extract(pattern, group, text, type)`: the group of the first match; a type name converts it, what does not convert is
/// null.
fn extract(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let pattern = context.pattern(&written(&arguments[0]))?;
    let Some(group) = arguments[1].as_long().and_then(|group| usize::try_from(group).ok()) else {
        return Ok("".into());
    };
    let text = written(&arguments[2]);
    let found: Value =
        pattern.captures(&text).and_then(|found| found.get(group)).map_or("", |found| found.as_str()).into();
    Ok(match arguments.get(3).and_then(Value::as_str) {
        None | Some("string") => found,
        Some(_) if found.as_str() == Some("") => Value::Null,
        Some("long") => convert::to_long(&found),
        Some("int") => convert::to_int(&found),
        Some("real" | "double") => convert::to_real(&found),
        Some("decimal") => convert::to_decimal(&found),
        Some("bool" | "boolean") => convert::to_bool(&found),
        Some("datetime" | "date") => convert::to_datetime(&found),
        Some("timespan" | "time") => convert::to_timespan(&found),
        Some("guid") => convert::to_guid(&found),
        Some("dynamic") => convert::to_dynamic(&found),
        Some(other) => return Err(Refusal::new(format!("`{other}` is no type that `extract` converts to"))),
    })
}

/// `extract_all(pattern, groups, text)`: every match; one group gives texts, several give arrays. Groups are numbers or
/// names. Null if nothing matches.
fn extract_all(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let pattern = context.pattern(&written(&arguments[0]))?;
    let (wanted, text) = match arguments {
        [_, wanted, text, ..] => (wanted.as_array(), text),
        [_, text] => (None, text),
        _ => return Ok(Value::Null),
    };
    let count = pattern.captures_len() - 1;
    if count == 0 {
        return Err(Refusal::new(format!(
            "`extract_all` needs a pattern with at least one capturing group, and `{pattern}` has none"
        )));
    }
    let groups: Vec<usize> = match wanted {
        None => (1..=count).collect(),
        Some(wanted) => wanted.iter().filter_map(|group| group_of(&pattern, group)).collect(),
    };
    let text = written(text);
    let mut matches = Vec::new();
    for found in pattern.captures_iter(&text).take(MAX_ITEMS) {
        let mut parts = groups
            .iter()
            .map(|&group| Json::string(found.get(group).map_or("", |part| part.as_str())))
            .collect::<Vec<_>>();
        matches.push(if parts.len() == 1 { parts.remove(0) } else { Json::Array(parts) });
    }
    Ok(if matches.is_empty() { Value::Null } else { Value::array(matches) })
}

fn group_of(pattern: &Regex, group: &Json) -> Option<usize> {
    match group {
        Json::Long(number) => usize::try_from(*number).ok().filter(|group| *group < pattern.captures_len()),
        Json::String(name) => pattern.capture_names().position(|known| known == Some(name)),
        _ => None,
    }
}

/// `replace_regex(text, pattern, rewrite)`: `\1` is the first group, `\0` the match.
fn replace_regex(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let text = written(&arguments[0]);
    let pattern = context.pattern(&written(&arguments[1]))?;
    Ok(replaced(&pattern, &text, &written(&arguments[2])).into())
}

/// `replace(pattern, rewrite, text)`: the older function, with the text last.
fn replace(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let pattern = context.pattern(&written(&arguments[0]))?;
    Ok(replaced(&pattern, &written(&arguments[2]), &written(&arguments[1])).into())
}

fn replaced(pattern: &Regex, text: &str, rewrite: &str) -> String {
    pattern
        .replace_all(text, |found: &regex::Captures<'_>| {
            let mut out = String::new();
            let mut characters = rewrite.chars();
            while let Some(character) = characters.next() {
                if character != '\\' {
                    out.push(character);
                    continue;
                }
                match characters.next() {
                    Some(digit) if digit.is_ascii_digit() => {
                        let group = digit.to_digit(10).unwrap_or_default() as usize;
                        out.push_str(found.get(group).map_or("", |part| part.as_str()));
                    }
                    Some(other) => out.push(other),
                    None => out.push('\\'),
                }
            }
            out
        })
        .into_owned()
}

/// `indexof_regex(text, pattern, start, length, occurrence)`.
fn indexof_regex(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let text = written(&arguments[0]);
    let pattern = context.pattern(&written(&arguments[1]))?;
    let given =
        |index: usize, otherwise: i64| arguments.get(index).and_then(Value::as_long).unwrap_or(otherwise);
    let (start, length, occurrence) = (given(2, 0), given(3, -1), given(4, 1));
    if start < 0 || length < -1 || occurrence < 1 {
        return Ok(Value::Null);
    }
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let first = (start as usize).min(starts.len() - 1);
    let last = if length < 0 {
        starts.len() - 1
    } else {
        first.saturating_add(length as usize).min(starts.len() - 1)
    };
    let found = pattern
        .find_iter(&text[starts[first]..starts[last]])
        .nth(usize::try_from(occurrence - 1).unwrap_or(usize::MAX))
        .map(|found| starts[first] + found.start());
    Ok(Value::Long(found.map_or(-1, |byte| starts.partition_point(|&at| at < byte) as i64)))
}

/// `countof(text, search, kind)`: occurrences; of plain text also overlapping ones, of a regex not.
fn countof(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (text, search) = (written(&arguments[0]), written(&arguments[1]));
    if arguments.get(2).and_then(Value::as_str) == Some("regex") {
        return Ok(Value::Long(context.pattern(&search)?.find_iter(&text).count() as i64));
    }
    if search.is_empty() {
        return Ok(Value::Long(0));
    }
    let mut count = 0;
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&text.as_bytes()[from..], search.as_bytes()) {
        count += 1;
        from += found + search.chars().next().map_or(1, char::len_utf8);
    }
    Ok(Value::Long(count))
}

/// `trim(pattern, text)`: as the engine does it, every match of `^(pattern)` or `(pattern)$` goes, so that a pattern with
/// alternatives of its own reaches further than the ends.
fn trimmed(context: &Context, arguments: &[Value], start: bool, end: bool) -> Result<Value, Refusal> {
    let pattern = written(&arguments[0]);
    let text = written(&arguments[1]);
    let ends = match (start, end) {
        (true, true) => format!("^({pattern})|({pattern})$"),
        (true, false) => format!("^({pattern})"),
        _ => format!("({pattern})$"),
    };
    // A named group may stand in a pattern but once.
    let names =
        context.pattern(&pattern).is_ok_and(|pattern| pattern.capture_names().flatten().next().is_some());
    if names && start && end {
        let leading = context.pattern(&format!("^({pattern})"))?.replace_all(&text, "").into_owned();
        return Ok(context.pattern(&format!("({pattern})$"))?.replace_all(&leading, "").into_owned().into());
    }
    Ok(context.pattern(&ends)?.replace_all(&text, "").into_owned().into())
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Json, Value, text};

    fn call(name: &str, arguments: &[Value]) -> String {
        text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), arguments).unwrap())
    }

    #[test]
    fn extraction() {
        assert_eq!(
            call("extract", &[r"x=([0-9.]+)".into(), 1.into(), "x=45.6|w".into(), "real".into()]),
            "45.6"
        );
        assert_eq!(
            call("extract_all", &["(?P<a>[a-z])([0-9])".into(), "a1b2".into()]),
            r#"[["a","1"],["b","2"]]"#
        );
        let groups = Value::dynamic(Json::parse(r#"["a"]"#).unwrap());
        assert_eq!(
            call("extract_all", &["(?P<a>[a-z])([0-9])".into(), groups, "a1b2".into()]),
            r#"["a","b"]"#
        );
    }

    #[test]
    fn replacement_and_counting() {
        assert_eq!(
            call("replace_regex", &["Number is 1".into(), r"is (\d+)".into(), r"was: \1".into()]),
            "Number was: 1"
        );
        assert_eq!(call("countof", &["aaaa".into(), "aa".into()]), "3");
        assert_eq!(call("countof", &["aaaa".into(), "aa".into(), "regex".into()]), "2");
        assert_eq!(call("trim", &["--".into(), "--a--".into()]), "a");
        assert_eq!(call("trim", &["a|aa".into(), "xaaa".into()]), "xa");
        assert_eq!(call("trim", &["a)|(b".into(), "xaxbx".into()]), "xxx");
        assert_eq!(call("trim", &["(?<n>a)".into(), "aba".into()]), "b");
        assert_eq!(call("indexof_regex", &["äbcabc".into(), "a.c".into()]), "3");
    }
}
