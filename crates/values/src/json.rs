//! What a `dynamic` holds: JSON, and beside it the scalars of Kusto that JSON has no spelling for.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::value::Value;

/// The content of a `dynamic`.
///
/// Dates, spans, guids and decimals that a query packs into a bag keep their type within the query; as JSON text they
/// are strings.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number without fraction or exponent that fits 64 bits
    Long(i64),
    /// Every other number
    Real(f64),
    /// A packed `decimal`
    Decimal(Decimal),
    /// A packed `datetime`, in ticks
    DateTime(i64),
    /// A packed `timespan`, in ticks
    TimeSpan(i64),
    /// A packed `guid`
    Guid(u128),
    /// A text
    String(Arc<str>),
    /// An array
    Array(Vec<Json>),
    /// A property bag, its members in the order they were written, each name once
    Object(Vec<(Arc<str>, Json)>),
}

impl Json {
    /// Reads JSON text. `None` if it is not JSON, or nested more than 128 levels deep: `parse_json` then takes the text
    /// itself.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// A text.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// The member of that name, by exact spelling; `None` for what is no bag.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| &**key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The item at a position; negative ones count from the end. `None` for what is no array and beyond its ends.
    pub fn item(&self, position: i64) -> Option<&Self> {
        let Self::Array(items) = self else { return None };
        let index =
            if position < 0 { position.checked_add(i64::try_from(items.len()).ok()?)? } else { position };
        items.get(usize::try_from(index).ok()?)
    }

    /// The scalar it holds as a value of its own type; arrays and bags stay `dynamic`.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Long(number) => Value::Long(*number),
            Self::Real(number) => Value::Real(*number),
            Self::Decimal(number) => Value::Decimal(*number),
            Self::DateTime(ticks) => Value::DateTime(*ticks),
            Self::TimeSpan(ticks) => Value::TimeSpan(*ticks),
            Self::Guid(bits) => Value::Guid(*bits),
            Self::String(text) => Value::String(text.clone()),
            Self::Array(_) | Self::Object(_) => Value::Dynamic(Arc::new(self.clone())),
        }
    }

    /// JSON text that [`Json::parse_kept`] reads back to the same content: a scalar that JSON has no spelling for is a string
    /// behind U+0001. This is how a `dynamic` travels between the operators of a query.
    pub fn to_kept_text(&self) -> String {
        fn marked(json: &Json) -> Json {
            let text = |kind: char, text: String| Json::string(format!("\u{1}{kind}{text}"));
            match json {
                Json::Real(number) if !number.is_finite() => text('r', crate::text::real(*number)),
                Json::Decimal(number) => text('m', number.normalize().to_string()),
                Json::DateTime(ticks) => text('d', ticks.to_string()),
                Json::TimeSpan(ticks) => text('t', ticks.to_string()),
                Json::Guid(bits) => text('g', crate::text::guid(*bits)),
                Json::Array(items) => Json::Array(items.iter().map(marked).collect()),
                Json::Object(members) => {
                    Json::Object(members.iter().map(|(name, value)| (name.clone(), marked(value))).collect())
                }
                plain => plain.clone(),
            }
        }
        if self.is_plain() { self.to_text() } else { marked(self).to_text() }
    }

    /// Reads what [`Json::to_kept_text`] wrote; `None` if it is not JSON.
    pub fn parse_kept(text: &str) -> Option<Self> {
        fn unmarked(json: Json) -> Json {
            match json {
                Json::String(text) => scalar_of(&text).unwrap_or(Json::String(text)),
                Json::Array(items) => Json::Array(items.into_iter().map(unmarked).collect()),
                Json::Object(members) => {
                    Json::Object(members.into_iter().map(|(name, value)| (name, unmarked(value))).collect())
                }
                plain => plain,
            }
        }
        let json = Self::parse(text)?;
        Some(if memchr::memmem::find(text.as_bytes(), b"\\u0001").is_some() { unmarked(json) } else { json })
    }

    fn is_plain(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Long(_) | Self::String(_) => true,
            Self::Real(number) => number.is_finite(),
            Self::Decimal(_) | Self::DateTime(_) | Self::TimeSpan(_) | Self::Guid(_) => false,
            Self::Array(items) => items.iter().all(Self::is_plain),
            Self::Object(members) => members.iter().all(|(_, value)| value.is_plain()),
        }
    }

    /// Compact JSON text; Kusto's own scalars are strings in it, and numbers that are none (`NaN`, infinities) too.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        crate::text::write_json(&mut out, self);
        out
    }
}

/// The scalar that a marked string stands for.
pub fn scalar_of(text: &str) -> Option<Json> {
    let mut rest = text.strip_prefix('\u{1}')?.chars();
    let kind = rest.next()?;
    let text = rest.as_str();
    match kind {
        'r' => crate::text::read_real(text).map(Json::Real),
        'm' => crate::text::read_decimal(text).map(Json::Decimal),
        'd' => text.parse().ok().and_then(crate::calendar::checked).map(Json::DateTime),
        't' => text.parse().ok().map(Json::TimeSpan),
        'g' => crate::text::read_guid(text).map(Json::Guid),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
                Ok(Json::Bool(truth))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json::Long(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(i64::try_from(number).map_or(Json::Real(number as f64), Json::Long))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
                Ok(Json::Real(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::String(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut read = Vec::new();
                while let Some(item) = items.next_element()? {
                    read.push(item);
                }
                Ok(Json::Array(read))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut read: Vec<(Arc<str>, Json)> = Vec::new();
                let mut seen = std::collections::HashMap::new();
                while let Some((name, value)) = members.next_entry::<String, Json>()? {
                    let name: Arc<str> = name.into();
                    match seen.get(&name) {
                        Some(&place) => {
                            let place: usize = place;
                            read[place].1 = value;
                        }
                        None => {
                            seen.insert(name.clone(), read.len());
                            read.push((name, value));
                        }
                    }
                }
                Ok(Json::Object(read))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_kind_and_members_their_order() {
        let json = Json::parse(r#"{"b":1,"a":1.0,"b":2,"c":[null,18446744073709551615]}"#).unwrap();
        let Json::Object(members) = &json else { panic!("a bag") };
        assert_eq!(members.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["b", "a", "c"]);
        assert_eq!(json.member("b"), Some(&Json::Long(2)));
        assert_eq!(json.member("a"), Some(&Json::Real(1.0)));
        assert_eq!(
            json.member("c").and_then(|list| list.item(-1)),
            Some(&Json::Real(18_446_744_073_709_551_615.0))
        );
        assert_eq!(Json::parse("{a:1}"), None);
    }

    #[test]
    fn what_json_cannot_say_is_kept() {
        let json = Json::Array(vec![
            Json::DateTime(5),
            Json::TimeSpan(-7),
            Json::Guid(1),
            Json::Real(f64::INFINITY),
            Json::Decimal(Decimal::new(15, 1)),
            Json::Object(vec![("a".into(), Json::string("\u{1}x"))]),
        ]);
        assert_eq!(Json::parse_kept(&json.to_kept_text()), Some(json));
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert_eq!(Json::parse(&deep), None);
    }
}
