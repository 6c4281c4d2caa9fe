//! Property bags one after the other.

use azimuth_values::Json;

/// The bags of a document: those of an array, or those that stand one after the other. What cannot be read ends the document.
pub(super) fn records(document: &str) -> Vec<Json> {
    let mut records = Vec::new();
    for part in parts(document) {
        match Json::parse(part) {
            Some(Json::Array(items)) => records.extend(items),
            Some(bag) => records.push(bag),
            None => break,
        }
    }
    records
}

/// The texts of the values that stand one after the other, by their brackets.
fn parts(document: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut begin, mut is_text, mut is_escaped) = (0_usize, None, false, false);
    for (at, byte) in document.bytes().enumerate() {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' | b'[' => {
                if depth == 0 {
                    begin = Some(at);
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if let Some(begin) = begin.filter(|_| depth == 0) {
                    parts.push(&document[begin..=at]);
                }
            }
            _ => {}
        }
    }
    parts
}

/// What stands at a path: `$.a.b`, `$['a']`, `$.a[0]`.
pub(super) fn at<'j>(record: &'j Json, path: &str) -> Option<&'j Json> {
    let mut found = record;
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(named) = rest.strip_prefix('.') {
            let end = named.find(['.', '[']).unwrap_or(named.len());
            found = found.member(&named[..end])?;
            rest = &named[end..];
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            let is_quote = |character| character == '\'' || character == '"';
            found = match inner.trim().parse::<i64>() {
                Ok(index) => found.item(index)?,
                Err(_) => found.member(inner.trim().trim_matches(is_quote))?,
            };
            rest = after;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bags_in_every_arrangement() {
        let count = |text: &str| records(text).len();
        assert_eq!(count("{\"a\": \"}\\\"\"}\n{}"), 2);
        assert_eq!(count("[{},\n{}, {}]"), 3);
        assert_eq!(count("{} {\n} {\"open\": "), 2);
        assert_eq!(count("}}]]"), 0);
    }

    #[test]
    fn paths() {
        let json = Json::parse(r#"{"a": {"b c": [1, {"d": 2}]}}"#).unwrap();
        assert_eq!(at(&json, "$.a['b c'][1].d"), Some(&Json::Long(2)));
        assert_eq!(at(&json, "$"), Some(&json));
        assert_eq!(at(&json, "a"), None);
        assert_eq!(at(&json, "$.a["), None);
    }
}
