//! The documents of the store in memory, kept up with its change feed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use azimuth_host::{Change, Documents, DocumentsError, Etag, Sequence};
use azimuth_ids::IdRef;
use jiff::Timestamp;

/// Changes taken from the feed at a time.
const BATCH: usize = 4_096;

/// A document as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The JSON text as stored.
    pub(crate) body: Arc<str>,
    /// The change that made this version.
    pub(crate) sequence: Sequence,
    /// When it was made.
    pub(crate) modified: Timestamp,
}

impl Held {
    /// The body as a value; null if the text is no JSON.
    pub(crate) fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The version's etag.
    pub(crate) fn etag(&self) -> Etag {
        Etag::of(self.sequence)
    }
}

/// Which derived models a document bears on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bearing {
    access: bool,
    policy: bool,
}

/// All documents by folded key, and the keys by type.
#[derive(Debug, Default)]
pub(crate) struct Index {
    documents: BTreeMap<Arc<str>, Held>,
    by_kind: HashMap<Box<str>, BTreeSet<Arc<str>>>,
    upto: Sequence,
    /// The last change that bears on who may do what.
    access_at: Sequence,
    /// The last change of a policy object.
    policy_at: Sequence,
}

impl Index {
    /// Takes in every change that the store has and the index lacks.
    pub(crate) fn follow(&mut self, documents: &dyn Documents) -> Result<(), DocumentsError> {
        loop {
            let changes = documents.changes(self.upto, BATCH)?;
            let is_last = changes.len() < BATCH;
            for change in changes {
                self.take(change);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn take(&mut self, change: Change) {
        self.upto = change.sequence;
        let key = change.key.as_str();
        let kind = kind_of(key);
        let bearing = bearing(&kind);
        if bearing.access {
            self.access_at = change.sequence;
        }
        if bearing.policy {
            self.policy_at = change.sequence;
        }
        match change.after {
            Some(body) => {
                let key: Arc<str> = key.into();
                self.by_kind.entry(kind.into()).or_default().insert(key.clone());
                let held = Held { body, sequence: change.sequence, modified: change.time };
                self.documents.insert(key, held);
            }
            None => {
                self.documents.remove(key);
                if let Some(keys) = self.by_kind.get_mut(&*kind) {
                    keys.remove(key);
                }
            }
        }
    }

    /// The position of the newest change that is in here.
    pub(crate) fn upto(&self) -> Sequence {
        self.upto
    }

    /// The last change that bears on who may do what.
    pub(crate) fn access_at(&self) -> Sequence {
        self.access_at
    }

    /// The last change of a policy object.
    pub(crate) fn policy_at(&self) -> Sequence {
        self.policy_at
    }

    /// The document of a folded key.
    pub(crate) fn get(&self, key: &str) -> Option<&Held> {
        self.documents.get(key)
    }

    /// Every document, in the order of keys.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Arc<str>, &Held)> {
        self.documents.iter()
    }

    /// The documents whose keys begin with `prefix`, in the order of keys.
    pub(crate) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a Held)> {
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(prefix), Bound::Unbounded);
        self.documents.range::<str, _>(from).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The documents of a folded type whose keys begin with `prefix`, in the order of keys.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: &str,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Held)> {
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(prefix), Bound::Unbounded);
        self.by_kind
            .get(kind)
            .into_iter()
            .flat_map(move |keys| keys.range::<str, _>(from).take_while(move |key| key.starts_with(prefix)))
            .filter_map(|key| Some((key, self.documents.get(&**key)?)))
    }
}

/// The folded type of what a key names: a resource type, or the collection of a Graph object (`graph:/users`).
pub(crate) fn kind_of(key: &str) -> String {
    if key.starts_with('/') {
        return IdRef::parse(key).map(|id| id.resource_type().folded()).unwrap_or_default();
    }
    let Some((space, path)) = key.split_once(":/") else { return String::new() };
    let segments: Vec<&str> = path.split('/').collect();
    let kept: Vec<&str> = if space == "graph" && ENTITIES.contains(&segments[0]) {
        segments.iter().step_by(2).copied().collect()
    } else {
        segments[..segments.len().saturating_sub(1).max(1)].to_vec()
    };
    format!("{space}:/{}", kept.join("/"))
}

/// Collections of Graph whose members have collections of their own.
const ENTITIES: [&str; 8] = [
    "users",
    "groups",
    "serviceprincipals",
    "applications",
    "directoryroles",
    "organization",
    "devices",
    "administrativeunits",
];

fn bearing(kind: &str) -> Bearing {
    let own = kind.strip_prefix("microsoft.authorization/");
    Bearing {
        access: own.is_some_and(|own| {
            matches!(own, "roledefinitions" | "roleassignments" | "denyassignments" | "locks")
        }) || kind.starts_with("microsoft.management/managementgroups")
            || kind == "microsoft.resources/subscriptions"
            || kind.starts_with("graph:/groups")
            || kind.starts_with("graph:/organization")
            || kind.starts_with("graph:/directoryroles")
            || kind.starts_with("graph:/rolemanagement/directory"),
        policy: own.is_some_and(|own| own.starts_with("policy"))
            || kind == "microsoft.policyinsights/attestations",
    }
}

#[cfg(test)]
mod tests {
    use azimuth_host::{ManualClock, MemoryDocuments, Write};
    use azimuth_ids::DocumentKey;

    use super::*;

    #[test]
    fn the_index_follows_the_feed() {
        let store = MemoryDocuments::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)));
        let key = |text: &str| DocumentKey::parse(text).unwrap();
        let account = "/subscriptions/s/resourcegroups/g/providers/microsoft.storage/storageaccounts/a";
        let role = "/subscriptions/s/providers/microsoft.authorization/roleassignments/r";
        store.commit("t", vec![Write::put(key(account), "{}"), Write::put(key(role), "{}")]).unwrap();
        let mut index = Index::default();
        index.follow(&store).unwrap();
        assert_eq!((index.upto(), index.access_at(), index.policy_at()), (2, 2, 0));
        assert_eq!(index.of_kind("microsoft.storage/storageaccounts", "/subscriptions/s/").count(), 1);
        assert_eq!(index.below("/subscriptions/s/").count(), 2);
        store.commit("t", vec![Write::delete(key(account))]).unwrap();
        index.follow(&store).unwrap();
        assert!(index.get(account).is_none());
        assert_eq!(index.of_kind("microsoft.storage/storageaccounts", "/").count(), 0);
    }

    #[test]
    fn kinds_of_graph_objects_are_their_collections() {
        assert_eq!(kind_of("graph:/users/1"), "graph:/users");
        assert_eq!(kind_of("graph:/groups/1/members/2"), "graph:/groups/members");
        assert_eq!(
            kind_of("graph:/identity/conditionalaccess/policies/1"),
            "graph:/identity/conditionalaccess/policies"
        );
    }
}
