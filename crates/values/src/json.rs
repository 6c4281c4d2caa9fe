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

    /// Compact JSON text; Kusto's own scalars are strings in it, and numbers that are none (`NaN`, infinities) too.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        crate::text::write_json(&mut out, self);
        out
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
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert_eq!(Json::parse(&deep), None);
    }
}
