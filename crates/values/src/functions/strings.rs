//! Functions over texts. Positions and lengths count Unicode characters.

use crate::compare;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::dynamic::MAX_ITEMS;
use crate::json::Json;
use crate::terms::{self, Case};
use crate::text;
use crate::value::Value;

/// Bytes that a text may be made to by one function.
const MAX_TEXT: usize = 16 << 20;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["strlen"], |_, arguments| Ok(characters(&arguments[0]))),
    Function::pure(&["string_size"], |_, arguments| Ok(size(&arguments[0]))),
    Function::pure(&["tolower"], |_, arguments| Ok(written(&arguments[0]).to_lowercase().into())),
    Function::pure(&["toupper"], |_, arguments| Ok(written(&arguments[0]).to_uppercase().into())),
    Function::pure(&["strcat"], strcat),
    Function::pure(&["strcat_delim"], strcat_delim),
    Function::pure(&["strcat_array", "array_strcat"], strcat_array),
    Function::pure(&["strcmp"], strcmp),
    Function::pure(&["strrep"], strrep),
    Function::pure(&["substring"], substring),
    Function::pure(&["reverse"], |_, arguments| {
        Ok(written(&arguments[0]).chars().rev().collect::<String>().into())
    }),
    Function::pure(&["indexof"], indexof),
    Function::pure(&["split"], split),
    Function::pure(&["replace_string"], replace_string),
    Function::pure(&["replace_strings"], replace_strings),
    Function::pure(&["translate"], translate),
    Function::pure(&["isascii"], |_, arguments| Ok(Value::Bool(written(&arguments[0]).is_ascii()))),
    Function::pure(&["isutf8"], |_, _| Ok(Value::Bool(true))),
    Function::pure(&["make_string", "unicode_codepoints_to_string"], from_code_points),
    Function::pure(&["to_utf8", "unicode_codepoints_from_string"], to_code_points),
    Function::pure(&["has_any_index"], has_any_index),
];

/// What a string function sees: null is the empty text, other scalars their text.
pub(crate) fn written(value: &Value) -> String {
    text::to_string(value)
}

fn characters(value: &Value) -> Value {
    if value.is_null() { Value::Null } else { Value::Long(written(value).chars().count() as i64) }
}

fn size(value: &Value) -> Value {
    if value.is_null() { Value::Null } else { Value::Long(written(value).len() as i64) }
}

fn strcat(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    joined(&arguments.iter().map(written).collect::<Vec<_>>(), "")
}

/// Texts one after the other, if all of them together are not too long.
fn joined<T: AsRef<str>>(parts: &[T], delimiter: &str) -> Result<Value, Refusal> {
    let bytes: usize = parts.iter().map(|part| part.as_ref().len() + delimiter.len()).sum();
    if bytes > MAX_TEXT.saturating_add(delimiter.len()) {
        return Err(Refusal::new(format!("`strcat` would make a text of more than {MAX_TEXT} bytes")));
    }
    let mut text = String::with_capacity(bytes);
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.push_str(delimiter);
        }
        text.push_str(part.as_ref());
    }
    Ok(text.into())
}

fn strcat_delim(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some((delimiter, parts)) = arguments.split_first() else { return Ok(Value::Null) };
    joined(&parts.iter().map(written).collect::<Vec<_>>(), &written(delimiter))
}

/// `strcat_array(array, delimiter)`.
fn strcat_array(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let items = arguments[0].as_array().unwrap_or_default();
    let delimiter = written(&arguments[1]);
    joined(&items.iter().map(|item| written(&packed(item))).collect::<Vec<_>>(), &delimiter)
}

/// An item of an array as its text reads there: `true`, not `True`.
fn packed(item: &Json) -> Value {
    Value::dynamic(item.clone())
}

/// `strcmp(a, b)`: -1, 0 or 1.
fn strcmp(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let order = written(&arguments[0]).as_bytes().cmp(written(&arguments[1]).as_bytes());
    Ok(Value::Long(order as i64))
}

/// `strrep(value, times, delimiter)`.
fn strrep(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(times) = arguments[1].as_long() else { return Ok("".into()) };
    let (part, delimiter) = (written(&arguments[0]), arguments.get(2).map(written).unwrap_or_default());
    let times = usize::try_from(times).unwrap_or(0);
    if part.is_empty() && delimiter.is_empty() {
        return Ok("".into());
    }
    let bytes = (part.len() + delimiter.len()).saturating_mul(times);
    if bytes > MAX_TEXT {
        return Err(Refusal::new(format!(
            "`strrep` of {times} times would make a text of more than {MAX_TEXT} bytes"
        )));
    }
    Ok(vec![part; times].join(&delimiter).into())
}

/// `substring(text, start, length)`: a negative start counts from the end; both are cut to the text.
fn substring(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let text = written(&arguments[0]);
    let Some(start) = arguments[1].as_long() else { return Ok(Value::Null) };
    let length = match arguments.get(2) {
        None => i64::MAX,
        Some(length) => match length.as_long() {
            Some(length) => length,
            None => return Ok(Value::Null),
        },
    };
    let count = text.chars().count() as i64;
    let (start, length) = if start < 0 { (start.saturating_add(count), length) } else { (start, length) };
    // What lies before the text counts against the length.
    let end = start.saturating_add(length.max(0)).clamp(0, count);
    let start = start.clamp(0, count);
    let taken = usize::try_from(end - start).unwrap_or(0);
    Ok(text.chars().skip(start as usize).take(taken).collect::<String>().into())
}

/// `indexof(text, needle, start, length, occurrence)`: the position of the n-th occurrence, -1 if there is none.
fn indexof(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (text, needle) = (written(&arguments[0]), written(&arguments[1]));
    let given =
        |index: usize, otherwise: i64| arguments.get(index).and_then(Value::as_long).unwrap_or(otherwise);
    let characters: Vec<char> = text.chars().collect();
    let needle: Vec<char> = needle.chars().collect();
    let count = characters.len() as i64;
    let start = given(2, 0);
    let start = if start < 0 { start.saturating_add(count) } else { start }.clamp(0, count) as usize;
    let length = given(3, -1);
    let occurrence = given(4, 1);
    if length < -1 || occurrence < 1 {
        return Ok(Value::Null);
    }
    if needle.is_empty() {
        return Ok(Value::Long(if occurrence == 1 { start as i64 } else { -1 }));
    }
    // Every occurrence is looked for in as many characters again, from behind the one before.
    let mut from = start;
    for number in 1..=occurrence {
        let end = if length < 0 { characters.len() } else { from.saturating_add(length as usize) };
        let within = characters.get(from..end.min(characters.len())).unwrap_or_default();
        let Some(place) = within.windows(needle.len()).position(|window| *window == needle) else { break };
        if number == occurrence {
            return Ok(Value::Long((from + place) as i64));
        }
        from += place + 1;
    }
    Ok(Value::Long(-1))
}

/// `split(text, delimiter, index)`: the parts as an array; with an index, an array of that part alone.
fn split(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (text, delimiter) = (written(&arguments[0]), written(&arguments[1]));
    let mut parts: Vec<Json> = if delimiter.is_empty() {
        vec![Json::string(text)]
    } else {
        text.split(delimiter.as_str()).take(MAX_ITEMS).map(Json::string).collect()
    };
    if let Some(index) = arguments.get(2).and_then(Value::as_long) {
        let chosen = usize::try_from(index).ok().filter(|index| *index < parts.len());
        parts = chosen.map(|index| parts.swap_remove(index)).into_iter().collect();
    }
    Ok(Value::array(parts))
}

/// `replace_string(text, lookup, rewrite)`.
fn replace_string(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (text, lookup) = (written(&arguments[0]), written(&arguments[1]));
    if lookup.is_empty() {
        return Ok(text.into());
    }
    Ok(text.replace(&lookup, &written(&arguments[2])).into())
}

/// `replace_strings(text, lookups, rewrites)`: one lookup after the other, each in what the ones before have left alone. A
/// rewrite that is no text leaves what it would replace as it is.
fn replace_strings(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let items = |value: &Value| value.as_array().map_or_else(|| vec![value.to_json()], <[Json]>::to_vec);
    let (lookups, rewrites) = (items(&arguments[1]), items(&arguments[2]));
    if lookups.len() != rewrites.len() {
        return Err(Refusal::new(format!(
            "`replace_strings` has {} lookups and {} rewrites; give one rewrite for each lookup",
            lookups.len(),
            rewrites.len()
        )));
    }
    // Pieces of the text, and whether they are settled.
    let mut pieces = vec![(written(&arguments[0]), false)];
    for (lookup, rewrite) in lookups.iter().zip(&rewrites) {
        let lookup = written(&packed(lookup));
        if lookup.is_empty() {
            continue;
        }
        let rewrite = match rewrite {
            Json::String(text) => text.to_string(),
            _ => lookup.clone(),
        };
        let mut next = Vec::new();
        for (piece, settled) in pieces {
            if settled {
                next.push((piece, true));
                continue;
            }
            for (index, part) in piece.split(lookup.as_str()).enumerate() {
                if index > 0 {
                    next.push((rewrite.clone(), true));
                }
                next.push((part.to_owned(), false));
            }
        }
        let bytes: usize = next.iter().map(|(piece, _)| piece.len()).sum();
        if bytes > MAX_TEXT || next.len() > MAX_ITEMS {
            return Err(Refusal::new(format!(
                "`replace_strings` would make a text of more than {MAX_TEXT} bytes"
            )));
        }
        pieces = next;
    }
    Ok(pieces.into_iter().map(|(piece, _)| piece).collect::<String>().into())
}

/// `translate(from, to, text)`: characters of `from` become those of `to`, whose last one stands for what it lacks; without
/// any, they go.
fn translate(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let from: Vec<char> = written(&arguments[0]).chars().collect();
    let to: Vec<char> = written(&arguments[1]).chars().collect();
    let text = written(&arguments[2]);
    let translated =
        text.chars().filter_map(|character| match from.iter().position(|known| *known == character) {
            Some(index) => to.get(index).or(to.last()).copied(),
            None => Some(character),
        });
    Ok(translated.collect::<String>().into())
}

/// `make_string(code points, …)`: numbers or arrays of them.
fn from_code_points(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut out = String::new();
    let mut push = |value: &Value| match value.as_long().and_then(|code| u32::try_from(code).ok()) {
        Some(code) => {
            out.extend(char::from_u32(code));
        }
        None => out.push_str(value.as_str().unwrap_or_default()),
    };
    for argument in arguments {
        match argument.as_array() {
            Some(items) => items.iter().for_each(|item| push(&item.to_value())),
            None => push(argument),
        }
    }
    Ok(out.into())
}

fn to_code_points(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let text = written(&arguments[0]);
    let codes = text.chars().map(|character| Json::Long(i64::from(u32::from(character))));
    Ok(Value::array(codes.collect()))
}

/// `has_any_index(text, needles)`: the position of the first needle that the text has as a term, -1 if it has none.
fn has_any_index(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let text = written(&arguments[0]);
    let needles: Vec<Value> = match arguments[1].as_array() {
        Some(items) => items.iter().map(packed).collect(),
        None => vec![arguments[1].clone()],
    };
    let found = needles.iter().position(|needle| {
        compare::equal(needle, &"".into()) != Value::Bool(true)
            && terms::has(&text, &written(needle), Case::Ignored)
    });
    Ok(Value::Long(found.map_or(-1, |index| index as i64)))
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Json, Value};

    fn call(name: &str, arguments: &[Value]) -> String {
        crate::text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), arguments).unwrap())
    }

    #[test]
    fn parts_of_texts() {
        let substring =
            |start: i64, length: i64| call("substring", &["abcdefg".into(), start.into(), length.into()]);
        assert_eq!(substring(5, 10), "fg");
        assert_eq!(substring(-3, 2), "ef");
        assert_eq!(call("substring", &["abc".into(), (-10).into(), 2.into()]), "");
        assert_eq!(call("split", &["a_b_c".into(), "_".into(), 1.into()]), r#"["b"]"#);
        assert_eq!(call("split", &["".into(), "_".into()]), r#"[""]"#);
        assert_eq!(call("indexof", &["abcabc".into(), "b".into(), 0.into(), (-1).into(), 2.into()]), "4");
        assert_eq!(call("indexof", &["abc".into(), "x".into()]), "-1");
    }

    #[test]
    fn texts_changed() {
        assert_eq!(call("translate", &["krasp".into(), "otsku".into(), "spark".into()]), "kusto");
        let list = |text: &str| Value::dynamic(Json::parse(text).unwrap());
        assert_eq!(
            call("replace_strings", &["abc".into(), list(r#"["a","b"]"#), list(r#"["b","x"]"#)]),
            "bxc"
        );
        assert_eq!(call("strcat_array", &[list(r#"[1,"a",true]"#), "->".into()]), "1->a->true");
        assert_eq!(call("make_string", &[75.into(), list("[117,115]")]), "Kus");
    }
}
