//! The snapshot: all documents of one moment with their indexes.
//!
//! Documents are kept sorted by key, so everything below a scope is one contiguous range and needs no index of
//! its own. The type index is built at once; tags and references are built when first asked for.

mod build;
mod entry;
mod references;
mod scan;
mod tags;

use std::sync::{Arc, OnceLock};

use azimuth_ids::{DocumentKey, IdKind, IdRef, fold};
use hashbrown::{HashMap, HashTable};

use crate::directory::Directory;
use crate::evidence::Evidence;
use crate::hierarchy::Hierarchy;

pub use build::SnapshotBuilder;
pub use entry::Entry;

use references::References;
use tags::Tags;

/// One document: 40 bytes beside its texts.
#[derive(Debug)]
struct Row {
    /// The document key (case-folded).
    key: Box<str>,
    /// The JSON text.
    body: Box<str>,
    /// Index into `Inner::types`.
    kind: u32,
}

#[derive(Debug)]
struct Inner {
    /// Sorted by key, unique.
    rows: Vec<Row>,
    by_key: HashTable<u32>,
    /// Case-folded type (or Graph collection) and its rows, ascending.
    types: Vec<(Box<str>, Vec<u32>)>,
    type_ids: HashMap<Box<str>, u32>,
    threads: usize,
    tags: OnceLock<Tags>,
    references: OnceLock<References>,
    hierarchy: OnceLock<Hierarchy>,
    directory: OnceLock<Directory>,
    evidence: OnceLock<Evidence>,
}

/// An immutable set of documents; cloning copies a pointer.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<Inner>);

impl Snapshot {
    /// A builder for a snapshot.
    pub fn builder() -> SnapshotBuilder {
        SnapshotBuilder::default()
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.0.rows.len()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.0.rows.is_empty()
    }

    /// All documents in the order of their keys.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        (0..self.0.rows.len() as u32).map(|index| Entry { snapshot: self, index })
    }

    /// The document of a key.
    pub fn get(&self, key: &DocumentKey) -> Option<Entry<'_>> {
        self.0.find(key.as_str()).map(|index| Entry { snapshot: self, index })
    }

    /// The document of a resource id in any spelling.
    pub fn resource(&self, id: IdRef<'_>) -> Option<Entry<'_>> {
        self.0.find(&fold(id.as_str())).map(|index| Entry { snapshot: self, index })
    }

    /// The document of the id or of its nearest ancestor that has one: a subnet's id gives its network when
    /// subnets are kept inside the network's document.
    pub fn nearest(&self, id: IdRef<'_>) -> Option<Entry<'_>> {
        self.0.nearest(&fold(id.as_str())).map(|index| Entry { snapshot: self, index })
    }

    /// The Graph object of a path such as `users/{id}`.
    pub fn graph(&self, path: &str) -> Option<Entry<'_>> {
        self.get(&DocumentKey::graph(path).ok()?)
    }

    /// All documents of a resource type or Graph collection (`Microsoft.Network/networkInterfaces`,
    /// `graph:/users`, `graph:/groups/members`), in the order of their keys.
    pub fn of_type(&self, kind: &str) -> impl ExactSizeIterator<Item = Entry<'_>> + Clone {
        let rows = self.0.type_ids.get(&*fold(kind)).map(|id| self.0.types[*id as usize].1.as_slice());
        rows.unwrap_or_default().iter().map(|index| Entry { snapshot: self, index: *index })
    }

    /// Every type or Graph collection with the number of its documents, in no particular order.
    pub fn types(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.types.iter().map(|(kind, rows)| (&**kind, rows.len()))
    }

    /// Everything at or below a scope, in the order of keys; for a management group this includes the
    /// subscriptions below it.
    pub fn within(&self, scope: IdRef<'_>) -> Vec<Entry<'_>> {
        let mut found = Vec::new();
        match scope.kind() {
            IdKind::Tenant => found.extend(self.entries().filter(|entry| entry.key().starts_with('/'))),
            IdKind::ManagementGroup => {
                let hierarchy = self.hierarchy();
                let name = scope.name();
                let groups = hierarchy.descendants(name);
                for group in std::iter::once(name).chain(groups.iter().map(String::as_str)) {
                    let id = format!("/providers/microsoft.management/managementgroups/{}", fold(group));
                    self.range(&id, &mut found);
                }
                for subscription in hierarchy.subscriptions_under(name) {
                    self.range(&format!("/subscriptions/{}", fold(&subscription)), &mut found);
                }
                found.sort_unstable_by_key(|entry| entry.index);
                found.dedup_by_key(|entry| entry.index);
            }
            _ => self.range(&fold(scope.as_str()), &mut found),
        }
        found
    }

    /// Adds the documents at and below the folded id `scope`.
    fn range<'a>(&'a self, scope: &str, found: &mut Vec<Entry<'a>>) {
        let rows = &self.0.rows;
        if let Some(index) = self.0.find(scope) {
            found.push(Entry { snapshot: self, index });
        }
        let below = format!("{scope}/");
        let start = rows.partition_point(|row| *row.key < *below);
        let end = start + rows[start..].partition_point(|row| row.key.starts_with(&below));
        found.extend((start as u32..end as u32).map(|index| Entry { snapshot: self, index }));
    }

    /// All documents that carry the tag, whose name ignores case; with `value`, those with that value.
    pub fn tagged(&self, name: &str, value: Option<&str>) -> Vec<Entry<'_>> {
        let tags = self.0.tags.get_or_init(|| Tags::build(&self.0));
        tags.rows(name, value).into_iter().map(|index| Entry { snapshot: self, index }).collect()
    }

    fn references(&self) -> &References {
        self.0.references.get_or_init(|| References::build(&self.0))
    }

    /// Builds the tag and reference indexes now instead of at the first question.
    pub fn build_indexes(&self) {
        self.references();
        self.0.tags.get_or_init(|| Tags::build(&self.0));
    }

    /// Management groups and subscriptions.
    pub fn hierarchy(&self) -> &Hierarchy {
        self.0.hierarchy.get_or_init(|| Hierarchy::from_snapshot(self))
    }

    /// Users, groups, roles and the policies of the directory.
    pub fn directory(&self) -> &Directory {
        self.0.directory.get_or_init(|| Directory::from_snapshot(self))
    }

    /// Which lists are known to be complete.
    pub fn evidence(&self) -> &Evidence {
        self.0.evidence.get_or_init(|| Evidence::from_snapshot(self))
    }

    /// A rough count of the bytes held beside keys and bodies, and of those texts themselves:
    /// `(indexes, texts)`.
    pub fn memory(&self) -> (usize, usize) {
        self.0.memory()
    }
}

impl Inner {
    fn find(&self, key: &str) -> Option<u32> {
        let hash = build::hash(key);
        self.by_key.find(hash, |index| *self.rows[*index as usize].key == *key).copied()
    }

    fn nearest(&self, key: &str) -> Option<u32> {
        let mut rest = key;
        loop {
            if let Some(index) = self.find(rest) {
                return Some(index);
            }
            // Ids step up by two segments; one at a time also finds parents whose keys are irregular.
            rest = &rest[..rest.rfind('/')?];
            if rest.is_empty() {
                return None;
            }
        }
    }

    fn memory(&self) -> (usize, usize) {
        let texts: usize = self.rows.iter().map(|row| row.key.len() + row.body.len()).sum();
        let rows = self.rows.capacity() * size_of::<Row>() + self.by_key.capacity() * 5;
        let types: usize =
            self.types.iter().map(|(name, rows)| name.len() * 2 + rows.capacity() * 4 + 80).sum();
        let references = self.references.get().map_or(0, References::memory);
        let tags = self.tags.get().map_or(0, Tags::memory);
        (rows + types + references + tags, texts)
    }
}

#[cfg(test)]
mod tests;
