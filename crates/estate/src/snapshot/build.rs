//! Building a snapshot: sorting, deduplicating, indexing by key and type.

use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock};

use azimuth_ids::DocumentKey;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::{Inner, Row, Snapshot};

/// Collects documents for a snapshot. A key pushed twice keeps the body pushed last.
#[derive(Debug)]
pub struct SnapshotBuilder {
    rows: Vec<Row>,
    threads: usize,
    types: Vec<Box<str>>,
    type_ids: HashMap<Box<str>, u32>,
    /// The type text of the row pushed last, to avoid allocating for each.
    scratch: String,
}

impl Default for SnapshotBuilder {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            threads: 1,
            types: Vec::new(),
            type_ids: HashMap::new(),
            scratch: String::new(),
        }
    }
}

impl SnapshotBuilder {
    /// Lets later index building use `threads` threads (at least one).
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Adds a document.
    pub fn push(&mut self, key: &DocumentKey, body: impl Into<Box<str>>) {
        self.push_folded(key.as_str(), body.into());
    }

    /// Adds a document by the text of its key, which must come from [`DocumentKey::as_str`].
    pub fn push_folded(&mut self, key: &str, body: Box<str>) {
        self.scratch.clear();
        write_type(key, &mut self.scratch);
        let kind = match self.type_ids.get(self.scratch.as_str()) {
            Some(id) => *id,
            None => {
                let id = self.types.len() as u32;
                self.types.push(self.scratch.as_str().into());
                self.type_ids.insert(self.scratch.as_str().into(), id);
                id
            }
        };
        self.rows.push(Row { key: key.into(), body, kind });
    }

    /// Takes over all documents of `other`, which count as pushed after those of `self`.
    pub fn append(&mut self, mut other: SnapshotBuilder) {
        let map: Vec<u32> = other
            .types
            .iter()
            .map(|name| match self.type_ids.get(name) {
                Some(id) => *id,
                None => {
                    let id = self.types.len() as u32;
                    self.types.push(name.clone());
                    self.type_ids.insert(name.clone(), id);
                    id
                }
            })
            .collect();
        for row in &mut other.rows {
            row.kind = map[row.kind as usize];
        }
        self.rows.append(&mut other.rows);
    }

    /// The number of documents pushed.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The snapshot of everything pushed.
    pub fn finish(self) -> Snapshot {
        let mut rows = self.rows;
        // Stable, so that of equal keys the last pushed stays last; runs that are sorted already cost nothing.
        rows.sort_by(|left, right| left.key.cmp(&right.key));
        let mut write = 0;
        for read in 0..rows.len() {
            if read + 1 < rows.len() && rows[read].key == rows[read + 1].key {
                continue;
            }
            rows.swap(write, read);
            write += 1;
        }
        rows.truncate(write);
        rows.shrink_to_fit();
        let mut by_key = HashTable::with_capacity(rows.len());
        let mut types: Vec<(Box<str>, Vec<u32>)> =
            self.types.into_iter().map(|name| (name, Vec::new())).collect();
        for (index, row) in rows.iter().enumerate() {
            types[row.kind as usize].1.push(index as u32);
            by_key.insert_unique(hash(&row.key), index as u32, |other| hash(&rows[*other as usize].key));
        }
        Snapshot(Arc::new(Inner {
            rows,
            by_key,
            types,
            type_ids: self.type_ids,
            threads: self.threads,
            tags: OnceLock::new(),
            references: OnceLock::new(),
            hierarchy: OnceLock::new(),
            directory: OnceLock::new(),
            evidence: OnceLock::new(),
        }))
    }
}

/// The hash of a key. The state is fixed: keys of one snapshot are all it ever meets, and a table of
/// foreign keys that collide would need chosen GUIDs by the million.
pub(super) fn hash(key: &str) -> u64 {
    static STATE: OnceLock<DefaultHashBuilder> = OnceLock::new();
    let mut hasher = STATE.get_or_init(DefaultHashBuilder::default).build_hasher();
    hasher.write(key.as_bytes());
    hasher.finish()
}

/// Writes the folded type of a folded key: the resource type, or the Graph collection.
pub(super) fn write_type(key: &str, out: &mut String) {
    if let Some(path) = key.strip_prefix("graph:/") {
        write_graph_collection(path, out);
    } else if !key.starts_with('/') {
        // `tags:/public/storage` and `azimuth:/evidence/…` are grouped by their first segment.
        let end = key.match_indices('/').nth(1).map_or(key.len(), |(at, _)| at);
        out.push_str(&key[..end]);
    } else if let Some(at) = key.rfind("/providers/") {
        let block = &key[at + "/providers/".len()..];
        for (index, segment) in block.split('/').enumerate() {
            if index == 0 {
                out.push_str(segment);
            } else if index % 2 == 1 {
                out.push('/');
                out.push_str(segment);
            }
        }
    } else {
        out.push_str(match key.split('/').count() {
            3 => "microsoft.resources/subscriptions",
            5 => "microsoft.resources/subscriptions/resourcegroups",
            _ => "microsoft.resources/tenants",
        });
    }
}

/// Graph collections drop the ids from a path: `groups/{id}/members/{id}` is `graph:/groups/members`.
fn write_graph_collection(path: &str, out: &mut String) {
    const ENTITY_ROOTS: [&str; 8] = [
        "users",
        "groups",
        "serviceprincipals",
        "applications",
        "directoryroles",
        "organization",
        "devices",
        "administrativeunits",
    ];
    out.push_str("graph:");
    let segments: Vec<&str> = path.split('/').collect();
    let kept: Vec<&str> = if ENTITY_ROOTS.contains(&segments[0]) {
        let rest = segments.get(2..).unwrap_or_default();
        // `members/{id}` ends with an id, `authentication/requirements` does not.
        let rest = if rest.len() == 2 && matches!(rest[0], "members" | "owners" | "approleassignments") {
            &rest[..1]
        } else {
            rest
        };
        std::iter::once(segments[0]).chain(rest.iter().copied()).collect()
    } else {
        let singleton = segments[0] == "policies" && segments.len() <= 2;
        let end = if singleton || segments.len() == 1 { segments.len() } else { segments.len() - 1 };
        segments[..end].to_vec()
    };
    for segment in kept {
        out.push('/');
        out.push_str(segment);
    }
}
