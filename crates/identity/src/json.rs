//! Reading members of documents in which any member may be missing, null, or of another type.

use serde_json::Value;

/// The strings of an array member; a single string counts as an array of one, anything else as nothing.
pub(crate) fn strings(object: &Value, member: &str) -> Vec<String> {
    match object.get(member) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// The text of a member, if it is a string that says something.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// True if the member is there and true.
pub(crate) fn flag(object: &Value, member: &str) -> bool {
    object.get(member).and_then(Value::as_bool).unwrap_or(false)
}

/// The objects of an array member.
pub(crate) fn items<'a>(object: &'a Value, member: &str) -> &'a [Value] {
    object.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The member, unless it is missing or null.
pub(crate) fn present<'a>(object: &'a Value, member: &str) -> Option<&'a Value> {
    object.get(member).filter(|value| !value.is_null())
}

/// The values of a flags text such as `minor,moderate`, or of an array of such texts.
pub(crate) fn flags(object: &Value, member: &str) -> Vec<String> {
    strings(object, member)
        .iter()
        .flat_map(|text| text.split(','))
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The strings of an array member in lower case, for ids that are looked up.
pub(crate) fn lower_strings(object: &Value, member: &str) -> Vec<String> {
    strings(object, member).iter().map(|text| text.to_lowercase()).collect()
}
