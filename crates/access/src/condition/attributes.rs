//! What is known of a request: the attributes that conditions speak of.

use std::collections::BTreeMap;

use azimuth_ids::fold;
use jiff::Timestamp;
use serde_json::Value;

use super::ast::{Attribute, Source};

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// A text; also dates, addresses and GUIDs.
    Text(String),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// Several values.
    Many(Vec<AttributeValue>),
}

impl AttributeValue {
    /// The value of a JSON value; `None` for null and for objects, which no attribute has.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Null | Value::Object(_) => None,
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::Array(items) => Some(Self::Many(items.iter().filter_map(Self::from_json).collect())),
        }
    }

    /// The single values in it.
    pub(super) fn values(&self) -> Vec<&AttributeValue> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(value) = open.pop() {
            match value {
                Self::Many(values) => open.extend(values.iter().rev()),
                single => found.push(single),
            }
        }
        found
    }
}

/// One source's attributes by folded name: the name as given, and the value.
type Values = BTreeMap<String, (String, AttributeValue)>;

/// The attributes of a request, by source. A source that was never set is not known, and what asks for it stays
/// undecided; in a source that was set, an absent attribute is missing for certain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    resource: Option<Values>,
    request: Option<Values>,
    principal: Option<Values>,
    environment: Option<Values>,
    sub_operation: Option<String>,
}

impl Attributes {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Everything is known, and there is nothing yet.
    pub fn complete() -> Self {
        let empty = || Some(Values::new());
        Self {
            resource: empty(),
            request: empty(),
            principal: empty(),
            environment: empty(),
            sub_operation: Some(String::new()),
        }
    }

    /// Reads `{"resource": {…}, "request": {…}, "principal": {…}, "environment": {…}, "subOperation": …}`. What
    /// is absent is taken as known to be empty.
    pub fn from_json(value: &Value) -> Self {
        let mut attributes = Self::complete();
        for source in [Source::Resource, Source::Request, Source::Principal, Source::Environment] {
            let members = value.get(source.name().to_ascii_lowercase()).and_then(Value::as_object);
            for (name, member) in members.into_iter().flatten() {
                if let Some(member) = AttributeValue::from_json(member) {
                    attributes.set(source, name, member);
                }
            }
        }
        if let Some(name) = value.get("subOperation").and_then(Value::as_str) {
            attributes.sub_operation = Some(name.to_owned());
        }
        attributes
    }

    /// Sets an attribute, and makes its source known. `name` is what stands in the brackets.
    pub fn set(&mut self, source: Source, name: &str, value: AttributeValue) {
        let key = fold(name).into_owned();
        self.source_mut(source).get_or_insert_default().insert(key, (name.to_owned(), value));
    }

    /// Sets `@Environment[UtcNow]`.
    pub fn set_utc_now(&mut self, now: Timestamp) {
        self.set(Source::Environment, "UtcNow", AttributeValue::Text(now.to_string()));
    }

    /// Sets the suboperation of the request, such as `Blob.List`; the empty text if there is none.
    pub fn set_sub_operation(&mut self, name: &str) {
        self.sub_operation = Some(name.to_owned());
    }

    fn source_mut(&mut self, source: Source) -> &mut Option<Values> {
        match source {
            Source::Resource => &mut self.resource,
            Source::Request => &mut self.request,
            Source::Principal => &mut self.principal,
            Source::Environment => &mut self.environment,
        }
    }

    /// The suboperation; `None` if it is not known. Older conditions ask for it as `@Request[subOperation]`.
    pub(super) fn sub_operation(&self) -> Option<&str> {
        self.sub_operation.as_deref().filter(|name| !name.is_empty()).or_else(|| {
            match self.request.as_ref()?.get("suboperation") {
                Some((_, AttributeValue::Text(name))) => Some(name),
                _ => self.sub_operation.as_deref(),
            }
        })
    }

    /// The value of an attribute: the outer `None` if it is not known, the inner if it is missing.
    pub(super) fn get(&self, attribute: &Attribute) -> Option<Option<&AttributeValue>> {
        let values = match attribute.source {
            Source::Resource => &self.resource,
            Source::Request => &self.request,
            Source::Principal => &self.principal,
            Source::Environment => &self.environment,
        };
        let values = values.as_ref()?;
        Some(find(values, &attribute.name))
    }
}

/// Names ignore case, except for the key of a tag marked `<$key_case_sensitive$>`; the mark itself may be absent
/// on the side of the request.
fn find<'a>(values: &'a Values, name: &str) -> Option<&'a AttributeValue> {
    let (bare, mark) = match name.split_once("<$") {
        Some((bare, mark)) => (bare.trim_end(), mark),
        None => (name, ""),
    };
    let (given, value) = values.get(&*fold(name)).or_else(|| values.get(&*fold(bare)))?;
    if mark.to_ascii_lowercase().starts_with("key_case_sensitive") {
        let key = |text: &str| {
            let text = text.split_once("<$").map_or(text, |(bare, _)| bare).trim_end();
            text.rsplit_once(':').map_or(text, |(_, key)| key).to_owned()
        };
        if key(given) != key(bare) {
            return None;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn get(json: &Value, name: &str) -> bool {
        let attribute = Attribute { source: Source::Resource, name: name.into() };
        Attributes::from_json(json).get(&attribute).unwrap().is_some()
    }

    #[test]
    fn tag_keys_can_be_case_sensitive() {
        let json =
            json!({"resource": {"blobs/tags:Project<$key_case_sensitive$>": "x", "blobs/tags:Cost": "y"}});
        assert!(get(&json, "Blobs/tags:Project<$key_case_sensitive$>"));
        assert!(!get(&json, "blobs/tags:project<$key_case_sensitive$>"));
        assert!(get(&json, "blobs/tags:Cost<$key_case_sensitive$>"));
        assert!(get(&json, "BLOBS/TAGS:COST"));
    }

    #[test]
    fn unknown_is_not_missing() {
        let attribute = Attribute { source: Source::Principal, name: "a".into() };
        assert_eq!(Attributes::unknown().get(&attribute), None);
        assert_eq!(Attributes::complete().get(&attribute), Some(None));
    }
}
