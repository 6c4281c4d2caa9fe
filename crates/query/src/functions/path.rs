//! `d.a.b` of a `dynamic` column without reading the rest of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use azimuth_values::{Json, Value, text};
use datafusion::arrow::array::{Array, AsArray, StringViewArray, StringViewBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, Volatility};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::repeat;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member of a bag
    Member(String),
    /// An item of an array, from the front
    Item(u64),
}

/// What stands at a path, as JSON text or (`as_text`) as `tostring` writes it.
pub(crate) fn call(base: Expr, path: Vec<Step>, as_text: bool) -> Expr {
    let key = format!("{as_text}{path:?}");
    super::call("path", &key, Volatility::Immutable, DataType::Utf8View, vec![base], move |arrays, _| {
        repeat::mapped(arrays[0].as_string_view(), |texts| {
            let mut out = StringViewBuilder::with_capacity(texts.len());
            for text in texts {
                let found = text.and_then(|text| extract(text, &path));
                match (found, as_text) {
                    (None, true) => out.append_value(""),
                    (None, false) => out.append_null(),
                    (Some(found), true) => out.append_value(written(found)),
                    (Some("null"), false) => out.append_null(),
                    (Some(found), false) => out.append_value(found),
                }
            }
            Ok(Arc::new(out.finish()))
        })
    })
}

/// JSON text in its normal spelling: equal values are equal texts.
pub(crate) fn normal(value: Expr) -> Expr {
    super::call("key", "json", Volatility::Immutable, DataType::Utf8View, vec![value], |arrays, _| {
        let texts = arrays[0].as_string_view();
        let spelled = texts.iter().map(|text| {
            let text = text?;
            Some(Json::parse_kept(text).unwrap_or_else(|| Json::string(text)).to_kept_text())
        });
        Ok(Arc::new(spelled.collect::<StringViewArray>()))
    })
}

/// The text of a value as `tostring` writes it.
fn written(raw: &str) -> Cow<'_, str> {
    // A plain string is what most paths lead to.
    if let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('\\')
    {
        return inner.into();
    }
    match Json::parse_kept(raw) {
        Some(json) => text::to_string(&Value::dynamic(json)).into(),
        None => raw.into(),
    }
}

/// The raw JSON at a path; `None` if the path leads nowhere, or the text is no JSON as far as it was read.
pub(crate) fn extract<'t>(text: &'t str, path: &[Step]) -> Option<&'t str> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = At(path).deserialize(&mut deserializer).ok()??;
    deserializer.end().ok()?;
    Some(found)
}

struct At<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => <&RawValue as serde::Deserialize>::deserialize(deserializer).map(|raw| Some(raw.get())),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match self.0 {
                // Of members of one name the last counts.
                [Step::Member(wanted), rest @ ..] if *wanted == *name => {
                    found = map.next_value_seed(At(rest))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut place = 0;
        let mut found = None;
        loop {
            match self.0 {
                [Step::Item(wanted), rest @ ..] if *wanted == place => {
                    match items.next_element_seed(At(rest))? {
                        Some(item) => found = item,
                        None => return Ok(found),
                    }
                }
                _ => {
                    if items.next_element::<IgnoredAny>()?.is_none() {
                        return Ok(found);
                    }
                }
            }
            place += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_members_and_items_are() {
        let member = |name: &str| Step::Member(name.to_owned());
        let text = r#"{"a":{"b":[1,{"c":"x"}],"n":null},"q\"":2,"a2":1}"#;
        assert_eq!(extract(text, &[member("a"), member("b"), Step::Item(1), member("c")]), Some("\"x\""));
        assert_eq!(extract(text, &[member("a"), member("b"), Step::Item(2)]), None);
        assert_eq!(extract(text, &[member("q\"")]), Some("2"));
        assert_eq!(extract(text, &[member("a"), member("n")]), Some("null"));
        assert_eq!(extract("no json", &[member("a")]), None);
        assert_eq!(extract(r#"{"a":1} x"#, &[member("a")]), None);
        assert_eq!(written(r#""a\u0041""#), "aA");
        assert_eq!(written("true"), "true");
    }
}
