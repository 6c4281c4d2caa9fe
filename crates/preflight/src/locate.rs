//! Finding what a path names in an expanded resource.

use azimuth_arm::{Kind, Reason, Value};
use azimuth_policy::Step;

/// Most places that one path is followed to.
const MAX_HITS: usize = 1_000;

/// What a path leads to.
#[derive(Clone, Debug)]
pub(crate) struct Hit<'v> {
    /// JSON pointer to the value, or to the innermost thing on the way to it that is there.
    pub(crate) pointer: String,
    /// The value; `None` if it is not there.
    pub(crate) value: Option<&'v Value>,
    /// The expression that stands at the end of the path, or on the way, and is known only at run time.
    pub(crate) symbolic: Option<&'v Value>,
    /// Whether the path was followed to its end.
    pub(crate) is_exact: bool,
    /// Whether the value, or something around it, is secret.
    pub(crate) is_secret: bool,
}

impl Hit<'_> {
    /// Whether anything at or in the value is known only at run time.
    pub(crate) fn is_unknown(&self) -> bool {
        self.symbolic.is_some() || self.value.is_some_and(Value::has_symbolic)
    }

    /// Why, in words.
    pub(crate) fn unknown_reason(&self) -> Option<String> {
        let value = self.symbolic.or_else(|| self.value.filter(|value| value.has_symbolic()))?;
        let symbolic = first_symbolic(value, 0)?;
        let reason = symbolic.as_symbolic()?.reason();
        Some(match reason {
            Reason::Error => "it could not be computed; see the errors of the template".to_owned(),
            reason => reason.to_string(),
        })
    }
}

/// The first expression in a value.
pub(crate) fn first_symbolic(value: &Value, depth: usize) -> Option<&Value> {
    if depth > 64 || !value.has_symbolic() {
        return None;
    }
    match value.kind() {
        Kind::Symbolic(_) => Some(value),
        Kind::Array(items) => items.iter().find_map(|item| first_symbolic(item, depth + 1)),
        Kind::Object(members) => members.iter().find_map(|(_, member)| first_symbolic(member, depth + 1)),
        _ => None,
    }
}

/// Everything that a path leads to in a body.
pub(crate) fn locate<'v>(body: &'v Value, steps: &[Step]) -> Vec<Hit<'v>> {
    let mut hits = Vec::new();
    follow(body, steps, &mut String::new(), body.is_secure(), &mut hits);
    hits
}

fn follow<'v>(
    value: &'v Value,
    steps: &[Step],
    pointer: &mut String,
    is_secret: bool,
    hits: &mut Vec<Hit<'v>>,
) {
    if hits.len() >= MAX_HITS {
        return;
    }
    let is_secret = is_secret || value.is_secure();
    let mut hit = |value: Option<&'v Value>, symbolic, is_exact| {
        let is_secret = is_secret || value.is_some_and(Value::has_secure);
        hits.push(Hit { pointer: pointer.clone(), value, symbolic, is_exact, is_secret });
    };
    let is_symbolic = value.as_symbolic().is_some();
    let Some((step, rest)) = steps.split_first() else {
        hit(Some(value), is_symbolic.then_some(value), true);
        return;
    };
    if is_symbolic {
        hit(None, Some(value), false);
        return;
    }
    let length = pointer.len();
    match (step, value.kind()) {
        (Step::Key(key), Kind::Object(members)) => match members.get(key) {
            Some(member) => {
                pointer.push('/');
                pointer.push_str(&escaped(key));
                follow(member, rest, pointer, is_secret, hits);
            }
            None => hit(None, None, false),
        },
        (Step::Each, Kind::Array(items)) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                follow(item, rest, pointer, is_secret, hits);
                pointer.truncate(length);
            }
        }
        (Step::Index(index), Kind::Array(items)) => match items.get(*index) {
            Some(item) => {
                pointer.push_str(&format!("/{index}"));
                follow(item, rest, pointer, is_secret, hits);
            }
            None => hit(None, None, false),
        },
        _ => hit(None, None, false),
    }
    pointer.truncate(length);
}

/// A name as a segment of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A JSON pointer as people write paths: `properties.rules[0].access`.
pub(crate) fn shown(pointer: &str) -> String {
    let mut out = String::new();
    for segment in pointer.split('/').skip(1) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        if !out.is_empty() && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str(&format!("[{name}]"));
        } else if name.is_empty() || name.contains(['.', '[', ']', '/', ' ', '\'']) {
            out.push_str(&format!("['{name}']"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use azimuth_policy::Path;

    use super::*;

    #[test]
    fn paths_lead_as_far_as_there_is_something() {
        let json = serde_json::json!({"properties": {"rules": [{"a": 1}, {"b": 2}], "none": []}});
        let body = Value::from_json(&json);
        let found = |path: &str| -> Vec<(String, bool)> {
            let hits = locate(&body, Path::parse(path).steps());
            hits.into_iter().map(|hit| (hit.pointer, hit.is_exact)).collect()
        };
        assert_eq!(
            found("properties.rules[*].a"),
            [("/properties/rules/0/a".to_owned(), true), ("/properties/rules/1".to_owned(), false)]
        );
        assert_eq!(found("properties.none[*].a"), [("/properties/none".to_owned(), false)]);
        assert_eq!(found("properties.x.y"), [("/properties".to_owned(), false)]);
        assert_eq!(found("sku.name"), [(String::new(), false)]);
    }

    #[test]
    fn pointers_are_shown_as_paths() {
        assert_eq!(shown("/properties/rules/0/a~1b"), "properties.rules[0]['a/b']");
        assert_eq!(shown(""), "");
    }
}
