//! The estate as it was at a moment of the past, moved forward write by write.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_estate::Snapshot;
use azimuth_ids::IdRef;
use hashbrown::HashMap;
use jiff::Timestamp;

use crate::evaluate::Context;
use crate::scan::{Shelf, ancestors, context_of, group_key, subscription_key};

const SUBSCRIPTION: &str = "microsoft.resources/subscriptions";
const GROUP: &str = "microsoft.resources/subscriptions/resourcegroups";

/// Documents by type and key at a moment. Management groups, and which lists are complete, are those of the newest state.
pub struct World<'a> {
    by_type: HashMap<Box<str>, BTreeMap<Box<str>, Arc<str>>>,
    newest: &'a Snapshot,
    ancestors: HashMap<Box<str>, Box<[String]>>,
}

impl<'a> World<'a> {
    /// Nothing there yet.
    pub fn new(newest: &'a Snapshot) -> Self {
        Self { by_type: HashMap::new(), newest, ancestors: ancestors(newest) }
    }

    /// Writes a document, or removes it; `key` and `kind` are folded.
    pub fn put(&mut self, key: &str, kind: &str, body: Option<Arc<str>>) {
        match body {
            Some(body) => {
                self.by_type.entry(kind.into()).or_default().insert(key.into(), body);
            }
            None => {
                if let Some(documents) = self.by_type.get_mut(kind) {
                    documents.remove(key);
                }
            }
        }
    }

    /// The ids of the management groups above a folded key, nearest first.
    pub fn ancestors(&self, key: &str) -> &[String] {
        let subscription = subscription_key(key).and_then(|key| key.rsplit('/').next());
        subscription.and_then(|id| self.ancestors.get(id)).map(|groups| &**groups).unwrap_or_default()
    }

    /// The context of a write at a moment: resource group and subscription as they are in this world.
    pub fn context(&self, key: &str, now: Timestamp) -> Context {
        let document = |kind: &str, key: Option<&str>| -> Option<&str> {
            self.by_type.get(kind)?.get(key?).map(|body| &**body)
        };
        context_of(key, document(SUBSCRIPTION, subscription_key(key)), document(GROUP, group_key(key)), now)
    }
}

impl Shelf for World<'_> {
    fn below(&self, kind: &str, prefix: &str, visit: &mut dyn FnMut(&str, &str)) {
        let Some(documents) = self.by_type.get(kind) else { return };
        let from = documents.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        for (key, body) in from.take_while(|(key, _)| key.starts_with(prefix)) {
            visit(key, body);
        }
    }

    fn is_listed(&self, kind: &str, scope: &str) -> bool {
        IdRef::parse(scope).is_ok_and(|scope| self.newest.lists(kind, scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_and_go() {
        let newest = Snapshot::builder().finish();
        let mut world = World::new(&newest);
        let group = "/subscriptions/s/resourcegroups/web";
        world.put(group, GROUP, Some(r#"{"tags":{"team":"a"}}"#.into()));
        let context = world.context(&format!("{group}/providers/a.b/c/d"), Timestamp::UNIX_EPOCH);
        let team = context.resource_group.get("tags").and_then(|tags| tags.get("team"));
        assert_eq!(team.and_then(|team| team.as_str().map(str::to_owned)).as_deref(), Some("a"));
        let count = |world: &World<'_>| {
            let mut count = 0;
            world.below(GROUP, "/subscriptions/s/", &mut |_, _| count += 1);
            count
        };
        assert_eq!(count(&world), 1);
        world.put(group, GROUP, None);
        assert_eq!(count(&world), 0);
    }
}
