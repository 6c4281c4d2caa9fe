//! The hierarchy of a snapshot: what its documents say about groups and memberships.

use azimuth_ids::{eq_fold, fold};
use serde_json::Value;

use super::{Hierarchy, HierarchyBuilder, Settings};
use crate::snapshot::Snapshot;

/// Links of an ancestors chain that are read; Azure has at most eight.
const MAX_CHAIN: usize = 64;

impl Hierarchy {
    /// Reads the hierarchy from the documents of management groups (with or without `$expand=children`),
    /// their subscriptions and settings, and from the ancestors chains that Resource Graph puts into
    /// `resourcecontainers`.
    ///
    /// The root is the group whose name is the tenant id of any of these documents.
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut builder = Self::builder();
        for entry in snapshot.of_type("Microsoft.Management/managementGroups") {
            group(&mut builder, entry.name(), &entry.value());
        }
        for entry in snapshot.of_type("Microsoft.Management/managementGroups/subscriptions") {
            let Some(parent) = entry.key().split('/').nth(4) else { continue };
            builder.subscription(entry.name(), parent);
        }
        for entry in snapshot.of_type("Microsoft.Resources/subscriptions") {
            let body = entry.value();
            if let Some(parent) = chain(&mut builder, &body["properties"]["managementGroupAncestorsChain"]) {
                builder.subscription(text(&body["subscriptionId"]).unwrap_or(entry.name()), &parent);
            }
        }
        for entry in snapshot.of_type("Microsoft.Management/managementGroups/settings") {
            let properties = &entry.value()["properties"];
            builder.settings(Settings {
                default_management_group: text(&properties["defaultManagementGroup"]).map(last_segment),
                require_authorization_for_group_creation: properties["requireAuthorizationForGroupCreation"]
                    .as_bool()
                    .unwrap_or_default(),
            });
        }
        builder.build()
    }
}

/// Reads one group in the REST shape, as an entity of `getEntities`, or as Resource Graph gives it.
fn group(builder: &mut HierarchyBuilder, key: &str, body: &Value) {
    let properties = &body["properties"];
    let name = text(&body["name"]).filter(|name| eq_fold(name, key)).unwrap_or(key);
    let details = &properties["details"];
    let parent = [&details["parent"], &properties["parent"]].into_iter().find_map(reference);
    builder.group(name, text(&properties["displayName"]), parent.as_deref());
    if text(&properties["tenantId"]).is_some_and(|tenant| eq_fold(tenant, name)) {
        builder.root(name);
    }
    if let Some(above) = chain(builder, &details["managementGroupAncestorsChain"]) {
        builder.mention(name, None, Some(&above));
    }
    children(builder, name, &properties["children"]);
}

/// Reads `properties.children`, nested as deep as `$recurse=true` gives them.
fn children(builder: &mut HierarchyBuilder, parent: &str, children: &Value) {
    let mut open = vec![(parent.to_owned(), children)];
    while let Some((parent, children)) = open.pop() {
        for child in children.as_array().into_iter().flatten() {
            let Some(name) = text(&child["name"]) else { continue };
            let kind = fold(text(&child["type"]).unwrap_or_default());
            if kind.ends_with("managementgroups") {
                builder.group(name, text(&child["displayName"]), Some(&parent));
                open.push((name.to_owned(), &child["children"]));
            } else if kind.ends_with("subscriptions") {
                builder.subscription(name, &parent);
            }
        }
    }
}

/// Reads an ancestors chain (nearest first) and gives the name of its first group.
fn chain(builder: &mut HierarchyBuilder, chain: &Value) -> Option<String> {
    let links: Vec<(&str, Option<&str>)> = chain
        .as_array()?
        .iter()
        .take(MAX_CHAIN)
        .filter_map(|link| Some((text(&link["name"])?, text(&link["displayName"]))))
        .collect();
    for (at, (name, display_name)) in links.iter().enumerate() {
        builder.mention(name, *display_name, links.get(at + 1).map(|(parent, _)| *parent));
    }
    links.first().map(|(name, _)| (*name).to_owned())
}

/// The name of a group that is referred to as `{ "id": …, "name": … }`.
fn reference(value: &Value) -> Option<String> {
    text(&value["name"]).or_else(|| text(&value["id"])).map(last_segment)
}

fn last_segment(text: &str) -> String {
    text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
