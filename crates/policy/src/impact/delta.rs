//! What differs between two JSON texts, property by property.

use serde_json::Value;

/// Nesting that is looked into; deeper differences are shown as one.
const MAX_DEPTH: usize = 32;
/// Differences that are listed for one resource.
const MAX_DELTAS: usize = 200;

/// One property that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// Where, as a JSON path.
    pub path: String,
    /// What was there.
    pub before: Option<Value>,
    /// What is there then.
    pub after: Option<Value>,
}

/// What differs between two JSON texts; nothing if one of them is no JSON.
pub fn deltas(before: &str, after: &str) -> Vec<Delta> {
    match (serde_json::from_str(before), serde_json::from_str(after)) {
        (Ok(before), Ok(after)) => of_values(&before, &after),
        _ => Vec::new(),
    }
}

/// What differs between two values.
pub(crate) fn of_values(before: &Value, after: &Value) -> Vec<Delta> {
    let mut found = Vec::new();
    compare("$", Some(before), Some(after), 0, &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, depth: usize, found: &mut Vec<Delta>) {
    if before == after || found.len() >= MAX_DELTAS {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if depth < MAX_DEPTH => {
            let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            for name in names {
                compare(&member(path, name), old.get(name), new.get(name), depth + 1, found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() && depth < MAX_DEPTH => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}[{index}]"), Some(old), Some(new), depth + 1, found);
            }
        }
        (before, after) => {
            found.push(Delta { path: path.to_owned(), before: before.cloned(), after: after.cloned() });
        }
    }
}

fn member(path: &str, name: &str) -> String {
    let is_plain = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_plain { format!("{path}.{name}") } else { format!("{path}['{}']", name.replace('\'', "\\'")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_compared_one_by_one() {
        let found = deltas(
            r#"{"tags":{"a":"1","b c":"2"},"zones":["1"],"same":{"x":1}}"#,
            r#"{"tags":{"a":"1","d":"3"},"zones":["1","2"],"same":{"x":1}}"#,
        );
        let shown: Vec<String> = found
            .iter()
            .map(|delta| {
                let show = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
                format!("{} {} {}", delta.path, show(&delta.before), show(&delta.after))
            })
            .collect();
        assert_eq!(shown, [r#"$.tags['b c'] "2" -"#, r#"$.tags.d - "3""#, r#"$.zones ["1"] ["1","2"]"#]);
        assert!(deltas("{}", "nonsense").is_empty());
    }
}
