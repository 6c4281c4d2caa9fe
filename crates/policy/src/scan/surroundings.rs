//! What surrounds the resources of an estate: management groups, resource groups, subscriptions, related resources.

use azimuth_arm::{Object, Value};
use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::IdRef;
use hashbrown::HashMap;
use jiff::Timestamp;

use super::related::Shelf;
use crate::evaluate::Context;

/// What evaluations of a snapshot ask for, prepared once.
pub struct Surroundings<'a> {
    snapshot: &'a Snapshot,
    now: Timestamp,
    /// Documents by folded type, in the order of their keys.
    by_type: HashMap<&'a str, Vec<Entry<'a>>>,
    /// Folded subscription id → ids of the management groups above it.
    ancestors: HashMap<Box<str>, Box<[String]>>,
    /// Folded id of a resource group or subscription → context of what lies in it.
    contexts: HashMap<Box<str>, Context>,
    unknown: Context,
}

const SUBSCRIPTION: &str = "microsoft.resources/subscriptions";
const GROUP: &str = "microsoft.resources/subscriptions/resourcegroups";

impl<'a> Surroundings<'a> {
    /// Prepares a snapshot for evaluations at a moment.
    pub fn new(snapshot: &'a Snapshot, now: Timestamp) -> Self {
        let mut by_type: HashMap<&str, Vec<Entry<'_>>> = HashMap::new();
        for entry in snapshot.entries() {
            by_type.entry(entry.kind()).or_default().push(entry);
        }
        let mut contexts = HashMap::new();
        for entry in by_type.get(SUBSCRIPTION).into_iter().flatten() {
            let context = context_of(entry.key(), Some(entry.body()), None, now);
            contexts.insert(entry.key().into(), context);
        }
        for entry in by_type.get(GROUP).into_iter().flatten() {
            let subscription = subscription_key(entry.key()).and_then(|key| contexts.get(key));
            let mut context = context_of(entry.key(), None, Some(entry.body()), now);
            if let Some(known) = subscription {
                context.subscription = known.subscription.clone();
            }
            contexts.insert(entry.key().into(), context);
        }
        Self { snapshot, now, by_type, ancestors: ancestors(snapshot), contexts, unknown: Context::at(now) }
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What Azure Policy looks at: subscriptions, resource groups and what lies in them, in the order of their keys; not
    /// the objects and results of Azure Policy itself.
    pub fn subjects(&self) -> Vec<Entry<'a>> {
        let is_subject = |entry: &Entry<'_>| {
            entry.key().starts_with("/subscriptions/")
                && !entry.kind().starts_with("microsoft.authorization/policy")
                && !entry.kind().starts_with("microsoft.policyinsights/")
        };
        self.snapshot.entries().filter(is_subject).collect()
    }

    /// The ids of the management groups above a folded key, nearest first.
    pub fn ancestors(&self, key: &str) -> &[String] {
        let subscription = key.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
        subscription.and_then(|id| self.ancestors.get(id)).map(|groups| &**groups).unwrap_or_default()
    }

    /// The context of a folded key: its resource group and subscription as they are in the estate.
    pub fn context(&self, key: &str) -> &Context {
        let group = group_key(key).and_then(|group| self.contexts.get(group));
        let subscription = || subscription_key(key).and_then(|key| self.contexts.get(key));
        group.or_else(subscription).unwrap_or(&self.unknown)
    }
}

impl Shelf for Surroundings<'_> {
    fn below(&self, kind: &str, prefix: &str, visit: &mut dyn FnMut(&str, &str)) {
        let Some(entries) = self.by_type.get(kind) else { return };
        let start = entries.partition_point(|entry| entry.key() < prefix);
        for entry in entries[start..].iter().take_while(|entry| entry.key().starts_with(prefix)) {
            visit(entry.key(), entry.body());
        }
    }

    fn is_listed(&self, kind: &str, scope: &str) -> bool {
        IdRef::parse(scope).is_ok_and(|scope| self.snapshot.lists(kind, scope))
    }
}

/// Folded subscription id → ids of the management groups above it, nearest first.
pub fn ancestors(snapshot: &Snapshot) -> HashMap<Box<str>, Box<[String]>> {
    let hierarchy = snapshot.hierarchy();
    let known = hierarchy.subscriptions();
    known
        .map(|(id, _)| {
            let groups = hierarchy.above_subscription(id).map(azimuth_estate::hierarchy::ManagementGroup::id);
            (azimuth_ids::fold(id).into(), groups.collect())
        })
        .collect()
}

/// The context of what lies at or below a folded key, from the documents of its subscription and resource group.
pub fn context_of(key: &str, subscription: Option<&str>, group: Option<&str>, now: Timestamp) -> Context {
    let mut context = Context::at(now).of_resource(key);
    if let Some(document) = subscription {
        let id = subscription_key(key).and_then(|key| key.rsplit('/').next()).unwrap_or_default();
        context.subscription =
            completed(document, &[("id", format!("/subscriptions/{id}")), ("subscriptionId", id.to_owned())]);
    }
    if let Some(document) = group {
        context.resource_group =
            completed(document, &[("type", "Microsoft.Resources/resourceGroups".to_owned())]);
    }
    context
}

/// A document as a value, with the given members set.
fn completed(document: &str, members: &[(&str, String)]) -> Value {
    let json: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
    let mut object: Object = Value::from_json(&json).as_object().cloned().unwrap_or_default();
    for (name, text) in members {
        object.set((*name).into(), Value::string(text.as_str()));
    }
    Value::object(object)
}

/// The folded id of the resource group in a folded key; `None` outside of one.
pub(crate) fn group_key(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("/subscriptions/")?;
    let at = rest.find('/')?;
    let name = rest[at..].strip_prefix("/resourcegroups/")?;
    let end = name.find('/').unwrap_or(name.len());
    Some(&key[..key.len() - name.len() + end])
}

/// The folded id of the subscription in a folded key.
pub(crate) fn subscription_key(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("/subscriptions/")?;
    Some(&key[..key.len() - rest.len() + rest.find('/').unwrap_or(rest.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_cut_at_their_scopes() {
        let key = "/subscriptions/s/resourcegroups/web/providers/a.b/c/d";
        assert_eq!(group_key(key), Some("/subscriptions/s/resourcegroups/web"));
        assert_eq!(
            group_key("/subscriptions/s/resourcegroups/web"),
            Some("/subscriptions/s/resourcegroups/web")
        );
        assert_eq!(group_key("/subscriptions/s/providers/a.b/c"), None);
        assert_eq!(subscription_key(key), Some("/subscriptions/s"));
        assert_eq!(subscription_key("/subscriptions/s"), Some("/subscriptions/s"));
        assert_eq!(subscription_key("/providers/x"), None);
    }
}
