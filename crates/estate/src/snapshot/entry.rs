//! One document of a snapshot and the questions about it.

use std::borrow::Cow;

use azimuth_ids::IdRef;
use serde::Deserialize;
use serde_json::Value;

use super::{Snapshot, scan};

/// A document in a snapshot; as cheap as a pointer and an index.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) index: u32,
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.key()).finish()
    }
}

impl PartialEq for Entry<'_> {
    /// Whether both are the same document of the same snapshot.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const *self.snapshot.0, &raw const *other.snapshot.0) && self.index == other.index
    }
}

impl Eq for Entry<'_> {}

impl<'a> Entry<'a> {
    /// The document key, case-folded.
    pub fn key(self) -> &'a str {
        &self.snapshot.0.rows[self.index as usize].key
    }

    /// The JSON text.
    pub fn body(self) -> &'a str {
        &self.snapshot.0.rows[self.index as usize].body
    }

    /// The folded resource type or Graph collection.
    pub fn kind(self) -> &'a str {
        let inner = &self.snapshot.0;
        &inner.types[inner.rows[self.index as usize].kind as usize].0
    }

    /// The resource id in lower case, if the document is an ARM resource or scope.
    pub fn resource_id(self) -> Option<IdRef<'a>> {
        IdRef::parse(self.key()).ok()
    }

    /// The id as people write it: the body's own `id` for ARM documents, else the key.
    pub fn id(self) -> Cow<'a, str> {
        if self.key().starts_with('/')
            && let Ok(envelope) = serde_json::from_str::<IdOnly<'a>>(self.body())
            && let Some(id) = envelope.id
            && id.starts_with('/')
        {
            return id;
        }
        Cow::Borrowed(self.key())
    }

    /// The last segment of the key.
    pub fn name(self) -> &'a str {
        self.key().rsplit('/').next().unwrap_or_default()
    }

    /// The folded subscription id that the document lies in.
    pub fn subscription_id(self) -> Option<&'a str> {
        self.key().strip_prefix("/subscriptions/")?.split('/').next()
    }

    /// The whole body as a JSON value; `Null` if the text is no JSON (which importers rule out).
    pub fn value(self) -> Value {
        serde_json::from_str(self.body()).unwrap_or(Value::Null)
    }

    /// The members that `T` names, read without building the rest.
    ///
    /// # Errors
    /// If the body does not have the shape of `T`.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.body())
    }

    /// Every resource id written anywhere in the body as a whole string, without the document's own id, in
    /// the order of appearance; repeated mentions are repeated.
    pub fn mentions(self) -> impl Iterator<Item = &'a str> {
        let own = self.key();
        scan::mentions(self.body()).filter(move |id| !id.eq_ignore_ascii_case(own))
    }

    /// The documents that this one mentions (or whose child it mentions), each once, without itself.
    pub fn references(self) -> impl Iterator<Item = Entry<'a>> {
        let snapshot = self.snapshot;
        snapshot.references().out(self.index).iter().map(move |index| Entry { snapshot, index: *index })
    }

    /// The documents that mention this one or a child of it, each once, without itself.
    pub fn referrers(self) -> impl Iterator<Item = Entry<'a>> {
        let snapshot = self.snapshot;
        snapshot.references().into(self.index).iter().map(move |index| Entry { snapshot, index: *index })
    }

    /// The referrers of one type.
    pub fn referrers_of(self, kind: &str) -> impl Iterator<Item = Entry<'a>> {
        let kind = azimuth_ids::fold(kind).into_owned();
        self.referrers().filter(move |entry| entry.kind() == kind)
    }
}

#[derive(Deserialize)]
struct IdOnly<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
}
