//! The control plane: documents in memory, who may do what, and which policies are in force, each kept up to date.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use azimuth_access::{
    AccessDocuments, AccessModel, DenyAssignment, DocumentError, Lock, RoleAssignment, RoleDefinition,
    ScopeRoot,
};
use azimuth_estate::Snapshot;
use azimuth_estate::hierarchy::ManagementGroup;
use azimuth_host::{Clock, Documents, DocumentsError, Sequence, Write, WriteOutcome};
use azimuth_ids::DocumentKey;
use azimuth_policy::Catalogue;
use jiff::Timestamp;
use serde_json::Value;

use super::index::{Held, Index, kind_of};
use super::policy::Rules;
use crate::caller::Authenticate;

/// What the one who runs the server decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The origin under which clients reach the server, such as `https://localhost:8443`, without a slash at the end.
    pub base_url: String,
    /// The tenant's id.
    pub tenant: String,
    /// The name of the cloud in the metadata that `az cloud register` reads.
    pub cloud: String,
}

/// Resource Manager and Graph over one store.
pub struct ControlPlane {
    documents: Arc<dyn Documents>,
    pub(crate) authenticate: Arc<dyn Authenticate>,
    clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) catalogue: Arc<Catalogue>,
    index: RwLock<Index>,
    /// Held through reading, deciding and committing, so that a decision is about the state that it changes.
    writer: Mutex<()>,
    authority: Mutex<Option<Arc<Authority>>>,
    rules: Mutex<Option<Arc<Rules>>>,
    snapshot: Mutex<Option<(Sequence, Snapshot)>>,
}

/// Changed documents by key, and the position of the feed that they are as of.
pub(crate) type Changed = (Vec<(String, Option<Value>)>, Sequence);

/// Changes read from the feed at a time.
const FEED: usize = 4_096;

/// Who may do what, as of one change.
pub(crate) struct Authority {
    at: Sequence,
    /// The access model.
    pub(crate) model: AccessModel<'static>,
    /// The documents behind it: hierarchy and groups.
    pub(crate) snapshot: Snapshot,
}

impl Authority {
    /// The ids of the management groups above a subscription, nearest first.
    pub(crate) fn groups_above(&self, subscription: &str) -> Vec<String> {
        let hierarchy = self.snapshot.hierarchy();
        let known = hierarchy.above_subscription(subscription).map(ManagementGroup::id).collect::<Vec<_>>();
        if known.is_empty() { hierarchy.root().map(ManagementGroup::id).into_iter().collect() } else { known }
    }
}

impl ControlPlane {
    /// A control plane over `documents`, with Azure Policy's published aliases.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn new(
        documents: Arc<dyn Documents>,
        authenticate: Arc<dyn Authenticate>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Arc<Self>, DocumentsError> {
        let mut index = Index::default();
        index.follow(&*documents)?;
        Ok(Arc::new(Self {
            documents,
            authenticate,
            clock,
            settings,
            catalogue: Arc::new(Catalogue::bundled()),
            index: RwLock::new(index),
            writer: Mutex::new(()),
            authority: Mutex::default(),
            rules: Mutex::default(),
            snapshot: Mutex::default(),
        }))
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The tenant's id.
    pub(crate) fn tenant(&self) -> String {
        self.settings.tenant.clone()
    }

    /// The origin under which clients reach the server.
    pub(crate) fn base_url(&self) -> &str {
        &self.settings.base_url
    }

    /// The documents of a folded kind that changed after a position of the feed, each as it is now (`None`: gone), and the position
    /// up to which that is true.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) fn changed_since(&self, kind: &str, since: Sequence) -> Result<Changed, DocumentsError> {
        let upto = self.with_index(Index::upto);
        let mut keys = std::collections::BTreeSet::new();
        let mut at = since;
        while at < upto {
            let changes = self.documents.changes(at, FEED)?;
            let Some(last) = changes.last() else { break };
            at = last.sequence;
            keys.extend(
                changes
                    .iter()
                    .map(|change| change.key.as_str())
                    .filter(|key| kind_of(key) == kind)
                    .map(str::to_owned),
            );
        }
        let now = keys.into_iter().map(|key| {
            let body = self.read(&key).map(|held| held.value());
            (key, body)
        });
        Ok((now.collect(), upto))
    }

    /// Keeps other writers out until it is dropped.
    pub(crate) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what others have written to the store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) fn refresh(&self) -> Result<(), DocumentsError> {
        let last = self.documents.last_sequence()?;
        if last == self.with_index(Index::upto) {
            return Ok(());
        }
        self.index.write().unwrap_or_else(PoisonError::into_inner).follow(&*self.documents)
    }

    /// Asks the index. The closure must not ask for it again.
    pub(crate) fn with_index<T>(&self, ask: impl FnOnce(&Index) -> T) -> T {
        ask(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The document of a resource id or key in any letter case.
    pub(crate) fn read(&self, key: &str) -> Option<Held> {
        self.with_index(|index| index.get(&azimuth_ids::fold(key)).cloned())
    }

    /// The documents of a folded type below a folded prefix, in the order of keys.
    pub(crate) fn of_kind(&self, kind: &str, prefix: &str) -> Vec<(Arc<str>, Held)> {
        self.with_index(|index| {
            index.of_kind(kind, prefix).map(|(key, held)| (key.clone(), held.clone())).collect()
        })
    }

    /// Commits writes and takes them into the index. The caller holds [`Self::writing`].
    ///
    /// # Errors
    /// Those of the store; then nothing was written.
    pub(crate) fn commit(
        &self,
        actor: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<WriteOutcome>, DocumentsError> {
        let outcomes = self.documents.commit(actor, writes)?;
        self.index.write().unwrap_or_else(PoisonError::into_inner).follow(&*self.documents)?;
        Ok(outcomes)
    }

    /// Who may do what now.
    pub(crate) fn authority(&self) -> Arc<Authority> {
        let mut kept = self.authority.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.with_index(Index::access_at);
        match &*kept {
            Some(known) if known.at == at => known.clone(),
            _ => kept.insert(Arc::new(self.build_authority(at))).clone(),
        }
    }

    fn build_authority(&self, at: Sequence) -> Authority {
        let mut builder = Snapshot::builder();
        self.with_index(|index| {
            for kind in AUTHORITY_KINDS {
                for (key, held) in index.of_kind(kind, "") {
                    builder.push_folded(key, Box::from(&*held.body));
                }
            }
        });
        let snapshot = builder.finish();
        let documents = access_documents(&snapshot);
        let above = snapshot.clone();
        let scopes = move |root: ScopeRoot<'_>| {
            let hierarchy = above.hierarchy();
            let root_group = || hierarchy.root().map(|group| group.name().to_owned());
            Some(match root {
                ScopeRoot::Tenant => Vec::new(),
                ScopeRoot::ManagementGroup(name) => hierarchy.ancestors(name),
                ScopeRoot::Subscription(id) if hierarchy.group_of_subscription(id).is_none() => {
                    root_group().into_iter().collect()
                }
                ScopeRoot::Subscription(id) => hierarchy.ancestors_of_subscription(id),
            })
        };
        let within = snapshot.clone();
        let groups = move |principal: &str| -> Vec<String> {
            let principal = azimuth_ids::fold(principal);
            within.directory().groups_of(&principal).into_iter().map(str::to_owned).collect()
        };
        Authority { at, model: AccessModel::new(documents, scopes, groups), snapshot }
    }

    /// The policies in force now.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        let mut kept = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.with_index(Index::policy_at);
        match &*kept {
            Some(known) if known.at == at => known.clone(),
            _ => kept.insert(Arc::new(Rules::build(self, at))).clone(),
        }
    }

    /// Everything that exists, as the engines read it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut kept = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.with_index(Index::upto);
        match &*kept {
            Some((known, snapshot)) if *known == at => snapshot.clone(),
            _ => {
                let mut builder = Snapshot::builder();
                self.with_index(|index| {
                    for (key, held) in index.all().filter(|(key, _)| !key.starts_with("azimuth:/")) {
                        builder.push_folded(key, Box::from(&*held.body));
                    }
                });
                let snapshot = builder.finish();
                *kept = Some((at, snapshot.clone()));
                snapshot
            }
        }
    }
}

/// The roles, assignments, denies and locks of a snapshot. A document that is none of these counts for nothing.
fn access_documents(snapshot: &Snapshot) -> AccessDocuments {
    fn read<T>(snapshot: &Snapshot, kind: &str, from: fn(&Value) -> Result<T, DocumentError>) -> Vec<T> {
        let kind = format!("Microsoft.Authorization/{kind}");
        snapshot.of_type(&kind).filter_map(|entry| from(&entry.value()).ok()).collect()
    }
    AccessDocuments {
        roles: read(snapshot, "roleDefinitions", RoleDefinition::from_json),
        assignments: read(snapshot, "roleAssignments", RoleAssignment::from_json),
        denies: read(snapshot, "denyAssignments", DenyAssignment::from_json),
        locks: read(snapshot, "locks", Lock::from_json),
    }
}

/// Kinds of documents that decide who may do what.
const AUTHORITY_KINDS: [&str; 15] = [
    "microsoft.authorization/roledefinitions",
    "microsoft.authorization/roleassignments",
    "microsoft.authorization/denyassignments",
    "microsoft.authorization/locks",
    "microsoft.management/managementgroups",
    "microsoft.management/managementgroups/subscriptions",
    "microsoft.management/managementgroups/settings",
    "microsoft.resources/subscriptions",
    "graph:/groups",
    "graph:/groups/members",
    "graph:/organization",
    "graph:/directoryroles",
    "graph:/directoryroles/members",
    "graph:/rolemanagement/directory/roleassignments",
    "graph:/rolemanagement/directory/roledefinitions",
];

/// The key of a resource id that is known to be one.
pub(crate) fn key_of(id: &str) -> DocumentKey {
    DocumentKey::parse(id).expect("the id was checked when the request was read")
}
