//! Reading members of ARM bodies without building the rest.
//!
//! ARM keeps a resource's members below `properties`; the `az … list` commands print most of them one level
//! higher, in nested objects too. [`Arm`] reads both shapes. A document that has nothing but the envelope (what
//! `az resource list` prints) says nothing about its members: [`read`] refuses it instead of taking them as empty.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use azimuth_estate::Entry;
use azimuth_ids::eq_fold;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;

/// Text that borrows from the document where it can; numbers and booleans are taken as their text, null as
/// the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Text<'_> {
    /// Whether the text is `other`, ignoring case.
    pub(crate) fn is(&self, other: &str) -> bool {
        eq_fold(&self.0, other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }
}

/// Reads null as the default value.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads anything that is not of the shape as the default value: for members whose shape differs between
/// versions and that must not make the document unreadable.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// An object with an id, a name, perhaps a SKU, and members that stand below `properties` or beside them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arm<'a, T> {
    /// `id`, or empty.
    pub(crate) id: Text<'a>,
    /// `name`, or empty.
    pub(crate) name: Text<'a>,
    /// `sku`, unread.
    sku: Option<&'a RawValue>,
    /// The members.
    pub(crate) properties: T,
}

impl<T> Arm<'_, T> {
    /// The id as people write it: the body's own, or else the entry's.
    pub(crate) fn id_of(&self, entry: Entry<'_>) -> String {
        if self.id.starts_with('/') { self.id.to_string() } else { entry.id().into_owned() }
    }

    /// The name of the SKU, or empty.
    pub(crate) fn sku_name(&self) -> String {
        #[derive(Default, serde::Deserialize)]
        struct Sku {
            #[serde(default)]
            name: String,
        }
        self.sku.and_then(|raw| serde_json::from_str::<Sku>(raw.get()).ok()).unwrap_or_default().name
    }
}

#[derive(serde::Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Head<'a, T> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    sku: Option<&'a RawValue>,
    #[serde(default = "Option::default")]
    properties: Option<T>,
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Arm<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        read_arm(raw.get()).map_err(de::Error::custom)
    }
}

/// One pass over the text where members stand below `properties`, two where they stand beside.
fn read_arm<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Arm<'a, T>, serde_json::Error> {
    let Head { id, name, sku, properties } = serde_json::from_str::<Head<'a, T>>(text)?;
    let properties = match properties {
        Some(properties) => properties,
        None => serde_json::from_str(text)?,
    };
    Ok(Arm { id, name, sku, properties })
}

/// Why the members of a document cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The document is the line of a list, without its properties.
    Head,
    /// The document does not have the shape of its type.
    Shape,
}

/// What a document without properties may hold: the envelope of every resource, and what lists and tables add.
const HEAD: [&str; 21] = [
    "id",
    "name",
    "type",
    "location",
    "tags",
    "kind",
    "sku",
    "plan",
    "identity",
    "zones",
    "etag",
    "managedBy",
    "extendedLocation",
    "systemData",
    "properties",
    "createdTime",
    "changedTime",
    "provisioningState",
    "resourceGroup",
    "subscriptionId",
    "tenantId",
];

/// The names of an object's members; nothing else is kept.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((name, _)) = map.next_entry::<String, de::IgnoredAny>()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(NamesVisitor)
    }
}

/// Whether a document is the line of a list: nothing but the envelope.
pub(crate) fn is_head(text: &str) -> bool {
    serde_json::from_str::<Names>(text)
        .is_ok_and(|names| names.0.iter().all(|name| HEAD.iter().any(|other| eq_fold(name, other))))
}

/// The members `T` of a document's text, from below `properties` or, where members stand there, from the top
/// level.
pub(crate) fn read_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Arm<'a, T>, Unread> {
    let Head { id, name, sku, properties } =
        serde_json::from_str::<Head<'a, T>>(text).map_err(|_| Unread::Shape)?;
    let properties = match properties {
        Some(properties) => properties,
        None if is_head(text) => return Err(Unread::Head),
        None if !text.trim_start().starts_with('{') => return Err(Unread::Shape),
        None => serde_json::from_str(text).map_err(|_| Unread::Shape)?,
    };
    Ok(Arm { id, name, sku, properties })
}

/// Whether a document says nothing but its envelope: no properties, neither below `properties` nor beside it.
pub(crate) fn lacks_members(text: &str) -> bool {
    matches!(read_text::<de::IgnoredAny>(text), Err(Unread::Head))
}

/// `metadata` of a policy object's document.
pub(crate) fn metadata(text: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    #[derive(Default, serde::Deserialize)]
    struct Members {
        #[serde(default, deserialize_with = "lenient")]
        metadata: Option<serde_json::Map<String, serde_json::Value>>,
    }
    read_text::<Members>(text).ok()?.properties.metadata
}

/// The location in a document's envelope, if it has one.
pub(crate) fn location(text: &str) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        location: Text<'a>,
    }
    let location = serde_json::from_str::<Envelope<'_>>(text).ok()?.location.0;
    (!location.is_empty()).then_some(location)
}

/// The same for the body of an entry.
pub(crate) fn read<'a, T: Deserialize<'a>>(entry: Entry<'a>) -> Result<Arm<'a, T>, Unread> {
    read_text(entry.body())
}

/// What the envelope of a document says, its members taken as absent.
pub(crate) fn envelope<'a, T: Default>(entry: Entry<'a>) -> Option<Arm<'a, T>> {
    let Head { id, name, sku, .. } = serde_json::from_str::<Head<'a, de::IgnoredAny>>(entry.body()).ok()?;
    Some(Arm { id, name, sku, properties: T::default() })
}

/// A reference to another object.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Ref<'a> {
    /// The id, or empty.
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    struct Members<'a> {
        #[serde(borrow, default)]
        colour: Text<'a>,
        #[serde(borrow, default, deserialize_with = "or_default")]
        parts: Vec<Arm<'a, Members<'a>>>,
    }

    #[test]
    fn reads_members_below_properties_and_beside_them() {
        let nested =
            r#"{"id":"/a","properties":{"colour":"red","parts":[{"name":"p","properties":{"colour":7}}]}}"#;
        let flat = r#"{"id":"/a","colour":"red","parts":[{"name":"p","colour":7}]}"#;
        for text in [nested, flat] {
            let read: Arm<'_, Members<'_>> = read_arm(text).unwrap();
            assert_eq!(&*read.id, "/a");
            assert!(read.properties.colour.is("RED"));
            assert_eq!(&*read.properties.parts[0].properties.colour, "7");
        }
    }

    #[test]
    fn an_envelope_alone_is_no_document_with_empty_members() {
        let read = |text| read_text::<Members<'_>>(text).map(|read| read.properties.colour.to_string());
        let list = r#"{"id":"/a","name":"a","type":"T/t","sku":{"name":"S"},"properties":null,"createdTime":"2026"}"#;
        assert_eq!(read(list), Err(Unread::Head));
        assert_eq!(read(r#"{"id":"/a"}"#), Err(Unread::Head));
        assert_eq!(read(r#"{"id":"/a","colour":"red"}"#).as_deref(), Ok("red"));
        assert_eq!(read(r#"{"id":"/a","properties":{}}"#).as_deref(), Ok(""));
        assert_eq!(read(r#"{"id":"/a","properties":{"parts":3}}"#), Err(Unread::Shape));
        assert_eq!(read("[]"), Err(Unread::Shape));
    }

    #[test]
    fn null_is_empty() {
        let read: Arm<'_, Members<'_>> =
            read_arm(r#"{"id":null,"properties":{"colour":null,"parts":null}}"#).unwrap();
        assert!(read.id.is_empty() && read.properties.parts.is_empty());
    }
}
