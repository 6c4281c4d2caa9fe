//! Property deltas between a stored document and a template's resource.

use azimuth_ids::{IdRef, eq_fold};
use serde_json::Value as Json;

use super::change::{Certainty, PropertyChange, PropertyChangeType};
use super::noise;
use crate::origin::OriginId;
use crate::template::{ExpandedResource, Expansion};
use crate::value::{Kind, REDACTED, Value};

/// Members of a resource that name it, rather than being its state.
const IDENTITY: &[&str] = &["id", "name", "type", "apiVersion"];

/// Members whose whole value is the template's: what it leaves out goes.
const WHOLLY_OWNED: &[&str] = &["tags", "zones", "sku", "plan"];

/// Where the members of an array's item stand while they are compared.
const ITEM: &str = "item.";

struct Comparison<'a> {
    expansion: &'a Expansion,
    resource_type: &'a str,
    /// The id of the resource compared; items of its arrays below it are resources too.
    id: &'a str,
    /// What comes before the paths that the type speaks of.
    prefix: &'static str,
    out: Vec<PropertyChange>,
}

/// The deltas from `before`, the stored document, to the body of `resource`.
pub(super) fn between(
    expansion: &Expansion,
    resource: &ExpandedResource,
    before: &Json,
) -> Vec<PropertyChange> {
    let (resource_type, id) = (resource.resource_type.as_str(), resource.id.as_str());
    let mut comparison = Comparison { expansion, resource_type, id, prefix: "", out: Vec::new() };
    comparison.members("", before, &resource.body, OriginId::NONE);
    comparison.out
}

impl Comparison<'_> {
    /// Compares the members of two objects.
    fn members(&mut self, path: &str, before: &Json, after: &Value, read_at: OriginId) {
        let empty = serde_json::Map::new();
        let stored = before.as_object().unwrap_or(&empty);
        let Some(wanted) = after.as_object() else { return };
        let read_at = self.reading(after.origin(), read_at);
        for (name, value) in wanted.iter() {
            if path.is_empty() && IDENTITY.iter().any(|known| eq_fold(known, name)) {
                continue;
            }
            let path = joined(path, name);
            let value = value.clone().secured(after.is_secure());
            match member(stored, name) {
                Some(known) => self.value(&path, known, &value, read_at),
                None => self.added(&path, &value, read_at),
            }
        }
        for (name, value) in stored {
            let is_identity = path.is_empty() && IDENTITY.iter().any(|known| eq_fold(known, name));
            if !is_identity && wanted.get(name).is_none() {
                self.removed(&joined(path, name), value);
            }
        }
    }

    fn value(&mut self, path: &str, before: &Json, after: &Value, read_at: OriginId) {
        let read_at = self.reading(after.origin(), read_at);
        match (before, after.kind()) {
            (Json::Object(_), Kind::Object(_)) if !after.is_secure() => {
                self.members(path, before, after, read_at);
            }
            (Json::Array(stored), Kind::Array(wanted)) if !after.is_secure() => {
                let children = self.items(stored, wanted, read_at);
                if children.is_empty() {
                    return;
                }
                let unsure = children.iter().find(|child| child.certainty == Certainty::Unknown);
                let (certainty, reason) = match unsure {
                    Some(child) => (Certainty::Unknown, child.reason.clone()),
                    None if children.iter().all(|child| child.certainty == Certainty::DefaultNoise) => {
                        (Certainty::DefaultNoise, children[0].reason.clone())
                    }
                    None => (Certainty::Certain, "items of the array differ".to_owned()),
                };
                self.out.push(PropertyChange {
                    path: path.to_owned(),
                    property_change_type: PropertyChangeType::Array,
                    before: None,
                    after: None,
                    children,
                    certainty,
                    reason,
                    after_origin: read_at,
                });
            }
            _ if same(path, before, after) => {}
            _ => self.push(path, PropertyChangeType::Modify, Some(before), Some(after), read_at),
        }
    }

    /// Deltas of array items, by index. Objects with a unique name are matched by it, others by value.
    fn items(&self, stored: &[Json], wanted: &[Value], read_at: OriginId) -> Vec<PropertyChange> {
        let mut out = Vec::new();
        let stored_names = names(stored.iter().map(|item| item.get("name").and_then(Json::as_str)));
        let wanted_names = names(
            wanted
                .iter()
                .map(|item| item.as_object().and_then(|object| object.get("name")).and_then(Value::as_str)),
        );
        let mut left: Vec<usize> = (0..stored.len()).collect();
        let mut new: Vec<usize> = Vec::new();
        let mut is_moved = false;
        for (index, value) in wanted.iter().enumerate() {
            let found = match (&stored_names, &wanted_names) {
                (Some(stored), Some(wanted)) => {
                    left.iter().position(|at| eq_fold(stored[*at], wanted[index]))
                }
                _ => left.iter().position(|at| same("", &stored[*at], value)),
            };
            match found {
                Some(place) => {
                    is_moved |= place != 0;
                    let at = left.remove(place);
                    self.item(index, &stored[at], value, read_at, &mut out);
                }
                None => new.push(index),
            }
        }
        // What is left on both sides is paired in order: a changed item rather than one gone and one new.
        let is_named = stored_names.is_some() && wanted_names.is_some();
        let mut left = left.into_iter().peekable();
        for index in new {
            match left.next_if(|_| !is_named) {
                Some(at) => self.item(index, &stored[at], &wanted[index], read_at, &mut out),
                None => {
                    let path = index.to_string();
                    out.push(self.change(
                        &path,
                        PropertyChangeType::Create,
                        None,
                        Some(&wanted[index]),
                        read_at,
                    ));
                }
            }
        }
        for at in left {
            let change =
                self.change(&at.to_string(), PropertyChangeType::Delete, Some(&stored[at]), None, read_at);
            out.push(change);
        }
        if out.is_empty() && is_moved {
            let mut change =
                self.change("0", PropertyChangeType::Modify, stored.first(), wanted.first(), read_at);
            change.certainty = Certainty::Unknown;
            "the same items in another order".clone_into(&mut change.reason);
            out.push(change);
        }
        out
    }

    fn item(
        &self,
        index: usize,
        before: &Json,
        after: &Value,
        read_at: OriginId,
        out: &mut Vec<PropertyChange>,
    ) {
        let child_type = child_type(self.id, before);
        let mut inner = Comparison {
            resource_type: child_type.as_deref().unwrap_or_default(),
            prefix: if child_type.is_some() { ITEM } else { "" },
            out: Vec::new(),
            ..*self
        };
        let path = index.to_string();
        match (before, after.kind()) {
            (Json::Object(_), Kind::Object(_)) if !after.is_secure() => {
                // Unlike those of the resource, the names and ids of items are state.
                let root = ITEM.trim_end_matches('.');
                let shell: Value = Value::object([(root.into(), after.clone())].into_iter().collect());
                let stored = serde_json::json!({ root: before });
                inner.members("", &stored, &shell, read_at);
                for child in &mut inner.out {
                    child.path = child.path.strip_prefix(ITEM).unwrap_or_default().to_owned();
                }
                if inner.out.is_empty() {
                    return;
                }
                let mut change =
                    self.change(&path, PropertyChangeType::Modify, Some(before), Some(after), read_at);
                if inner.out.iter().all(|child| child.certainty == Certainty::DefaultNoise) {
                    change.certainty = Certainty::DefaultNoise;
                    change.reason.clone_from(&inner.out[0].reason);
                } else if let Some(child) =
                    inner.out.iter().find(|child| child.certainty == Certainty::Unknown)
                {
                    change.certainty = Certainty::Unknown;
                    change.reason.clone_from(&child.reason);
                }
                change.children = inner.out;
                out.push(change);
            }
            _ => {
                inner.value(&path, before, after, read_at);
                out.append(&mut inner.out);
            }
        }
    }

    /// A property that the stored document does not have; objects leaf by leaf.
    fn added(&mut self, path: &str, after: &Value, read_at: OriginId) {
        let read_at = self.reading(after.origin(), read_at);
        match after.kind() {
            Kind::Null => {}
            Kind::Object(object) if !after.is_secure() => {
                for (name, value) in object.iter() {
                    self.added(&joined(path, name), value, read_at);
                }
            }
            Kind::Array(items) if items.is_empty() => {}
            _ => self.push(path, PropertyChangeType::Create, None, Some(after), read_at),
        }
    }

    /// A property that the template leaves out; objects leaf by leaf.
    fn removed(&mut self, path: &str, before: &Json) {
        if let Some(reason) = self.noise(path, before) {
            let mut change =
                self.change(path, PropertyChangeType::NoEffect, Some(before), None, OriginId::NONE);
            change.certainty = Certainty::DefaultNoise;
            reason.clone_into(&mut change.reason);
            self.out.push(change);
            return;
        }
        if let Json::Object(members) = before {
            for (name, value) in members {
                self.removed(&joined(path, name), value);
            }
            return;
        }
        let mut change = self.change(path, PropertyChangeType::Delete, Some(before), None, OriginId::NONE);
        let root = path.split('.').next().unwrap_or_default();
        if !WHOLLY_OWNED.iter().any(|known| eq_fold(known, root)) {
            change.certainty = Certainty::Unknown;
            "the template does not set it, so it returns to the provider's default, which may be the same"
                .clone_into(&mut change.reason);
        }
        self.out.push(change);
    }

    /// Why a stored property that the template leaves out is no difference, if so.
    fn noise(&self, path: &str, before: &Json) -> Option<&'static str> {
        let own = path.strip_prefix(self.prefix).unwrap_or(path);
        if !self.prefix.is_empty() && ["id", "type"].iter().any(|name| eq_fold(name, own)) {
            return Some(noise::READ_ONLY);
        }
        noise::reason(self.resource_type, own, before)
    }

    fn push(
        &mut self,
        path: &str,
        kind: PropertyChangeType,
        before: Option<&Json>,
        after: Option<&Value>,
        read_at: OriginId,
    ) {
        let change = self.change(path, kind, before, after, read_at);
        self.out.push(change);
    }

    fn change(
        &self,
        path: &str,
        kind: PropertyChangeType,
        before: Option<&Json>,
        after: Option<&Value>,
        read_at: OriginId,
    ) -> PropertyChange {
        let (certainty, reason) = match after {
            Some(value) if value.as_symbolic().is_some() => {
                let reason = value.as_symbolic().map(|symbolic| symbolic.reason().to_string());
                (Certainty::Unknown, reason.unwrap_or_default())
            }
            Some(value) if value.has_symbolic() => {
                (Certainty::Unknown, "parts of it are only known at run time".to_owned())
            }
            Some(value) if value.has_secure() => {
                (Certainty::Unknown, "it is secret, and the stored state does not show secrets".to_owned())
            }
            Some(_) => (Certainty::Certain, "the template sets it".to_owned()),
            None => (Certainty::Certain, "the template leaves it out".to_owned()),
        };
        let is_secret = after.is_some_and(Value::has_secure);
        PropertyChange {
            path: path.to_owned(),
            property_change_type: kind,
            before: before.map(|before| if is_secret { REDACTED.into() } else { before.clone() }),
            after: after.map(Value::to_json),
            children: Vec::new(),
            certainty,
            reason,
            after_origin: read_at,
        }
    }

    /// The origin to ask for references: the value's own if it read any, else the enclosing one's.
    fn reading(&self, own: OriginId, enclosing: OriginId) -> OriginId {
        if self.expansion.origins.references(own).next().is_some() { own } else { enclosing }
    }
}

/// The type of an item that is a child resource of the resource `id`, as subnets of a virtual network are.
fn child_type(id: &str, stored: &Json) -> Option<String> {
    let own = stored.as_object().and_then(|members| member(members, "id"))?.as_str()?;
    let head = own.get(..id.len()).filter(|head| eq_fold(head, id))?;
    if id.is_empty() || !own[head.len()..].starts_with('/') {
        return None;
    }
    IdRef::parse(own).ok().map(|own| own.resource_type().as_str().to_owned())
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn member<'j>(members: &'j serde_json::Map<String, Json>, name: &str) -> Option<&'j Json> {
    members
        .get(name)
        .or_else(|| members.iter().find(|(known, _)| eq_fold(known, name)).map(|(_, value)| value))
}

/// The names of all items, if every one has its own.
fn names<'n>(items: impl Iterator<Item = Option<&'n str>>) -> Option<Vec<&'n str>> {
    let names: Vec<&str> = items.collect::<Option<_>>()?;
    let mut sorted: Vec<String> = names.iter().map(|name| azimuth_ids::fold(name).into_owned()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    (sorted.len() == names.len()).then_some(names)
}

/// Equality as a resource provider sees it: resource ids in any letter case, regions also without spaces.
fn same(path: &str, before: &Json, after: &Value) -> bool {
    match (before, after.kind()) {
        (Json::Null, Kind::Null) => true,
        (Json::Bool(a), Kind::Bool(b)) => a == b,
        (Json::Number(a), Kind::Int(b)) => a.as_i64() == Some(*b) || a.as_f64() == Some(*b as f64),
        (Json::Number(a), Kind::Float(b)) => a.as_f64() == Some(*b),
        (Json::String(a), Kind::String(b)) => {
            **b == **a
                || (path == "location" && region(a) == region(b))
                || (a.starts_with('/') && a.contains("/providers/") && eq_fold(a, b))
        }
        (Json::Array(a), Kind::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same("", a, b))
        }
        (Json::Object(a), Kind::Object(b)) => {
            a.len() == b.len()
                && b.iter().all(|(name, value)| member(a, name).is_some_and(|known| same("", known, value)))
        }
        _ => false,
    }
}

fn region(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
