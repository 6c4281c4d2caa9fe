//! Finding one's way in text that does not validate: the end of a value, an object's members, the path to an
//! offset. Nothing here recurses, and every loop moves forward.

use super::scan::{Kind, Member};

/// Members looked for in a damaged object; more than any page of a list has.
const MAX_MEMBERS: usize = 4_096;

/// The offset of the first byte at or behind `at` that is no white space (nor a record separator).
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r' | 0x1e)) {
        at += 1;
    }
    at
}

/// The end of the string whose opening quote is at `at`. A string left open ends with its line.
fn string_end(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            b'\n' => return at,
            _ => at += 1,
        }
    }
    text.len()
}

/// The end of the value at `at`, told by its brackets alone; `None` if the text ends before.
pub(crate) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = at;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string_end(text, at);
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth <= 1 {
                    return Some(at + usize::from(depth == 1));
                }
                depth -= 1;
            }
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The members of the object at `at` as far as they can be told; a member cut off ends with the text.
pub(crate) fn members(text: &[u8], at: usize) -> Vec<Member> {
    let mut out = Vec::new();
    let mut at = at + 1;
    while out.len() < MAX_MEMBERS {
        at = skip_space(text, at);
        if text.get(at) != Some(&b'"') {
            break;
        }
        let key_end = string_end(text, at);
        let key = at + 1..key_end.saturating_sub(1).max(at + 1);
        let colon = skip_space(text, key_end);
        if text.get(colon) != Some(&b':') {
            break;
        }
        let start = skip_space(text, colon + 1);
        let kind = match text.get(start) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(_) => Kind::Literal,
            None => break,
        };
        let end = value_end(text, start);
        out.push(Member { key, value: start..end.unwrap_or(text.len()), kind });
        let Some(end) = end else { break };
        at = skip_space(text, end);
        if text.get(at) != Some(&b',') {
            break;
        }
        at += 1;
    }
    out
}

/// The JSON path from the value at `start` to the byte `offset`, such as `$.value[3].properties`.
pub(crate) fn path_at(text: &[u8], start: usize, offset: usize) -> String {
    enum Step {
        Key(Option<(usize, usize)>),
        Index(usize),
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut at = start;
    let mut expects_key = false;
    while at < offset && at < text.len() {
        match text[at] {
            b'"' => {
                let end = string_end(text, at);
                let is_closed = end > at + 1 && text[end - 1] == b'"';
                if expects_key
                    && is_closed
                    && let Some(Step::Key(key)) = steps.last_mut()
                {
                    *key = Some((at + 1, end.saturating_sub(1).max(at + 1)));
                    expects_key = false;
                    if end > offset {
                        break;
                    }
                }
                at = end;
                continue;
            }
            b'{' => {
                steps.push(Step::Key(None));
                expects_key = true;
            }
            b'[' => {
                steps.push(Step::Index(0));
                expects_key = false;
            }
            b'}' | b']' => {
                steps.pop();
                expects_key = false;
            }
            b',' => match steps.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Key(key)) => {
                    *key = None;
                    expects_key = true;
                }
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    let mut path = String::from("$");
    for step in steps.iter().take(32) {
        match step {
            Step::Key(Some((from, to))) => push_key(&mut path, &String::from_utf8_lossy(&text[*from..*to])),
            Step::Key(None) => {}
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// Appends a member to a JSON path: `.name`, or `['odd name']`.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
    if plain {
        path.push('.');
        path.push_str(key);
    } else {
        let shown: String = key.chars().filter(|c| !c.is_control()).take(80).collect();
        path.push_str(&format!("['{shown}']"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_ends_by_brackets() {
        let text = br#"{"a":[oops,{"b":"}]"}],"c":1} tail"#;
        assert_eq!(value_end(text, 0), Some(text.len() - 5));
        assert_eq!(value_end(b"oops, 1", 0), Some(4));
        assert_eq!(value_end(b"[1, 2", 0), None);
    }

    #[test]
    fn members_of_a_cut_object() {
        let text = br#"{"count": 2, "value": [ {"id": 1}, {"id"#;
        let members = members(text, 0);
        assert_eq!(members.len(), 2);
        assert_eq!(&text[members[1].key.clone()], b"value");
        assert_eq!(members[1].value.end, text.len());
    }

    #[test]
    fn paths_to_offsets() {
        let text = br#"{"value":[{"a b":1},{"x":{"y":[1,2,!]}}]}"#;
        let bang = text.iter().position(|b| *b == b'!').unwrap();
        assert_eq!(path_at(text, 0, bang), "$.value[1].x.y[2]");
        assert_eq!(path_at(text, 0, 13), "$.value[0]['a b']");
        assert_eq!(path_at(text, 0, 0), "$");
    }
}
