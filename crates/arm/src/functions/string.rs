//! String functions. Positions and lengths count UTF-16 units, as the service's do.

use super::arguments::plain_text;
use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::{Kind, Value};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::keeping("concat", 0, None, concat),
    Function::pure("endsWith", 2, Some(2), |arguments| affix(arguments, Side::End)),
    Function::pure("startsWith", 2, Some(2), |arguments| affix(arguments, Side::Start)),
    Function::pure("indexOf", 2, Some(2), |arguments| index_of(arguments, Side::Start)),
    Function::pure("lastIndexOf", 2, Some(2), |arguments| index_of(arguments, Side::End)),
    Function::pure("join", 2, Some(2), join),
    Function::pure("padLeft", 2, Some(3), pad_left),
    Function::pure("replace", 3, Some(3), replace),
    Function::pure("split", 2, Some(2), split),
    Function::pure("string", 1, Some(1), string),
    Function::pure("substring", 1, Some(3), substring),
    Function::pure("toLower", 1, Some(1), |arguments| Ok(Value::string(lower(arguments.text(0)?)))),
    Function::pure("toUpper", 1, Some(1), |arguments| Ok(Value::string(upper(arguments.text(0)?)))),
    Function::pure("trim", 1, Some(1), |arguments| Ok(Value::string(arguments.text(0)?.trim()))),
];

/// Character by character, as .NET's invariant culture does: what has no single lower-case character stays.
fn lower(text: &str) -> String {
    text.chars().map(|c| single(c, c.to_lowercase())).collect()
}

/// As [`lower`], upper case: `ß` stays.
fn upper(text: &str) -> String {
    text.chars().map(|c| single(c, c.to_uppercase())).collect()
}

/// The mapping of `c` if it is one character other than `c` made from ASCII; the dotless `ı` stays, too.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) if c.is_ascii() || !only.is_ascii() => only,
        _ => c,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Start,
    End,
}

/// Joins strings, or arrays; numbers and booleans count as text.
fn concat(arguments: &Arguments<'_>) -> Outcome {
    if arguments.values.iter().any(|value| value.as_array().is_some()) {
        let mut out = Vec::new();
        for index in 0..arguments.len() {
            let items = arguments.array(index)?;
            arguments.budget.charge(items.len() as u64)?;
            let secure = arguments.value(index).is_secure();
            out.extend(items.iter().map(|item| item.clone().secured(secure)));
        }
        return Ok(Value::array(out));
    }
    let mut out = String::new();
    for index in 0..arguments.len() {
        out.push_str(&arguments.as_text(index)?);
        arguments.budget.allow_bytes(out.len() as u64)?;
    }
    Ok(Value::string(out))
}

/// The text character by character, letter case removed, with the UTF-16 length of each.
fn folded(text: &str) -> Vec<(char, usize)> {
    text.chars().map(|c| (c.to_lowercase().next().unwrap_or(c), c.len_utf16())).collect()
}

fn affix(arguments: &Arguments<'_>, side: Side) -> Outcome {
    let (text, part) = (arguments.text(0)?, arguments.as_text(1)?);
    let (text, part) = (folded(text), folded(&part));
    let matches = match side {
        Side::Start => text.starts_with(&part),
        Side::End => text.ends_with(&part),
    };
    Ok(Value::bool(matches))
}

/// Ignores letter case in strings, compares items of arrays exactly; -1 if not found.
fn index_of(arguments: &Arguments<'_>, side: Side) -> Outcome {
    if let Kind::Array(items) = arguments.value(0).kind() {
        arguments.budget.charge(items.len() as u64)?;
        let wanted = arguments.value(1);
        let position = match side {
            Side::Start => items.iter().position(|item| item == wanted),
            Side::End => items.iter().rposition(|item| item == wanted),
        };
        return Ok(Value::int(position.map_or(-1, |at| at as i64)));
    }
    let Some(text) = arguments.value(0).as_str() else {
        return Err(arguments.mismatch(0, "a string or an array"));
    };
    let part = arguments.as_text(1)?;
    let (text, part) = (folded(text), folded(&part));
    arguments.budget.charge((text.len() as u64).saturating_mul(part.len() as u64) / 8)?;
    let mut starts = 0..=text.len().saturating_sub(part.len());
    let matches = |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(&part));
    let found = match side {
        Side::Start => starts.find(matches),
        Side::End => starts.rev().find(matches),
    };
    let units = |at: usize| text[..at].iter().map(|(_, length)| length).sum::<usize>() as i64;
    Ok(Value::int(found.map_or(-1, units)))
}

fn join(arguments: &Arguments<'_>) -> Outcome {
    let items = arguments.array(0)?;
    let delimiter = arguments.text(1)?;
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(delimiter);
        }
        let text = plain_text(item).ok_or_else(|| {
            Fault::new(format!("`join` expects an array of strings, and finds {} in it", item.type_name()))
                .with_code("arm-argument-type")
                .about(0)
        })?;
        out.push_str(&text);
        arguments.budget.allow_bytes(out.len() as u64)?;
    }
    Ok(Value::string(out))
}

fn pad_left(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.as_text(0)?;
    let width = usize::try_from(arguments.int(1)?)
        .map_err(|_| Fault::new("the width of `padLeft` is not negative").about(1))?;
    let fill = match arguments.get(2) {
        None => ' ',
        Some(_) => {
            let fill = arguments.as_text(2)?;
            let mut characters = fill.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => only,
                _ => return Err(Fault::new("`padLeft` pads with a single character").about(2)),
            }
        }
    };
    arguments.budget.allow_bytes((width as u64).saturating_mul(4))?;
    let missing = width.saturating_sub(text.encode_utf16().count());
    Ok(Value::string(std::iter::repeat_n(fill, missing).chain(text.chars()).collect::<String>()))
}

fn replace(arguments: &Arguments<'_>) -> Outcome {
    let (text, old, new) = (arguments.text(0)?, arguments.as_text(1)?, arguments.as_text(2)?);
    if old.is_empty() {
        return Err(Fault::new("`replace` cannot replace the empty string").about(1));
    }
    let count = text.matches(&*old).count() as u64;
    arguments
        .budget
        .allow_bytes((text.len() as u64).saturating_add(count.saturating_mul(new.len() as u64)))?;
    Ok(Value::string(text.replace(&*old, &new)))
}

fn split(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let delimiters: Vec<&str> = match arguments.value(1).kind() {
        Kind::String(delimiter) => vec![delimiter],
        Kind::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => return Err(arguments.mismatch(1, "a string or an array of strings")),
    };
    let delimiters: Vec<&str> = delimiters.into_iter().filter(|delimiter| !delimiter.is_empty()).collect();
    arguments.budget.charge((text.len() as u64).saturating_mul(1 + delimiters.len() as u64) / 8)?;
    let mut out = Vec::new();
    let mut rest = text;
    'parts: loop {
        for (at, _) in rest.char_indices() {
            if let Some(delimiter) = delimiters.iter().find(|delimiter| rest[at..].starts_with(**delimiter)) {
                out.push(Value::from(&rest[..at]));
                arguments.budget.charge(1)?;
                rest = &rest[at + delimiter.len()..];
                continue 'parts;
            }
        }
        out.push(Value::from(rest));
        return Ok(Value::array(out));
    }
}

/// Strings as they are, everything else as plain JSON.
fn string(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.value(0);
    match value.kind() {
        Kind::String(_) => Ok(value.clone()),
        _ => {
            arguments.budget.allow_bytes(value.summary().size)?;
            Ok(Value::string(value.reveal().to_string()))
        }
    }
}

fn substring(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let units: Vec<u16> = text.encode_utf16().collect();
    let start = if arguments.len() > 1 { arguments.int(1)? } else { 0 };
    let outside = |index: usize, what: &str| {
        Fault::new(format!("`substring` {what} the end of the text, which has {} characters", units.len()))
            .with_code("arm-index")
            .with_hint("check `length(…)` first, or use `take` and `skip`, which stop at the end")
            .about(index)
    };
    let from =
        usize::try_from(start).map_err(|_| Fault::new("`substring` starts before the text").about(1))?;
    let rest = units.get(from..).ok_or_else(|| outside(1, "starts beyond"))?;
    if arguments.len() < 3 {
        return Ok(Value::string(String::from_utf16_lossy(rest)));
    }
    let length = usize::try_from(arguments.int(2)?)
        .map_err(|_| Fault::new("the length of `substring` is not negative").about(2))?;
    let part = rest.get(..length).ok_or_else(|| outside(2, "reaches beyond"))?;
    Ok(Value::string(String::from_utf16_lossy(part)))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn joining() {
        check("concat('a', 1, true())", r#""a1True""#);
        check("concat(createArray(1), createArray(2))", "[1,2]");
        check("concat('a', createArray('b'))", "error: `concat` expects an array here, not a string");
        check("join(createArray(1, 'b'), '-')", r#""1-b""#);
        check("padLeft(7, 3, '0')", r#""007""#);
        check("padLeft('a', 1000000000)", "error: a value grows beyond 16777216 bytes");
    }

    #[test]
    fn searching() {
        check("indexOf('abcDEF', 'def')", "3");
        check("lastIndexOf('test', 'T')", "3");
        check("indexOf('a😀b', 'B')", "3");
        check("indexOf(createArray('A'), 'a')", "-1");
        check("endsWith('abc', 'BC')", "true");
        check("startsWith('a', 'abc')", "false");
    }

    #[test]
    fn parts() {
        check("substring('abc', 1, 1)", r#""b""#);
        check("substring('abc', 3)", r#""""#);
        check(
            "substring('abc', 0, 4)",
            "error: `substring` reaches beyond the end of the text, which has 3 characters",
        );
        check("split('a,b;c', createArray(',', ';'))", r#"["a","b","c"]"#);
        check("split('', ',')", r#"[""]"#);
        check("replace('aXbX', 'X', '')", r#""ab""#);
    }

    #[test]
    fn letter_case_maps_single_characters() {
        check("toUpper('straße é ı')", r#""STRAßE É ı""#);
        check("toLower('İSTANBUL Σ')", r#""İstanbul σ""#);
        check("toLower('ΟΔΟΣ')", r#""οδοσ""#);
        check("length(toLower('İ'))", "1");
    }

    #[test]
    fn conversion() {
        check("string(createObject('a', createArray(1, 'x')))", r#""{\"a\":[1,\"x\"]}""#);
        check("string(5)", r#""5""#);
        check("trim('  x ')", r#""x""#);
    }
}
