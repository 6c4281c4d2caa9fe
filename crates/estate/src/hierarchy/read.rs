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

#[cfg(test)]
mod tests {
    use azimuth_ids::DocumentKey;

    use super::*;

    const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";

    fn read(documents: &[(&str, &str)]) -> Hierarchy {
        let mut builder = Snapshot::builder();
        for (key, body) in documents {
            builder.push(&DocumentKey::parse(key).unwrap(), *body);
        }
        Hierarchy::from_snapshot(&builder.finish())
    }

    fn id(name: &str) -> String {
        format!("{GROUPS}/{name}")
    }

    #[test]
    fn reads_the_rest_shape_with_children() {
        let root = r#"{"name": "T-1", "properties": {"tenantId": "t-1", "displayName": "Tenant Root Group",
            "details": {"parent": null},
            "children": [{"type": "Microsoft.Management/managementGroups", "name": "Prod", "displayName": "P",
                "children": [{"type": "/subscriptions", "name": "S1"}]}]}}"#;
        let lab = r#"{"name": "lab", "properties": {"tenantId": "t-1",
            "details": {"parent": {"id": "/providers/Microsoft.Management/managementGroups/T-1"}}}}"#;
        let settings = r#"{"properties": {"defaultManagementGroup": "/providers/Microsoft.Management/managementGroups/lab"}}"#;
        let hierarchy = read(&[
            (&id("t-1"), root),
            (&id("lab"), lab),
            (&format!("{}/settings/default", id("t-1")), settings),
            (&format!("{}/subscriptions/S2", id("lab")), "{}"),
        ]);
        assert!(hierarchy.problems().is_empty(), "{:?}", hierarchy.problems());
        assert_eq!(hierarchy.ancestors_of_subscription("s1"), ["Prod", "T-1"]);
        assert_eq!(hierarchy.ancestors_of_subscription("s2"), ["lab", "T-1"]);
        assert_eq!(hierarchy.root().unwrap().display_name(), Some("Tenant Root Group"));
        assert_eq!(hierarchy.settings().default_management_group.as_deref(), Some("lab"));
    }

    #[test]
    fn reads_ancestors_chains_of_resource_graph() {
        let subscription = r#"{"subscriptionId": "S1", "properties": {"managementGroupAncestorsChain": [
            {"name": "prod", "displayName": "Prod"}, {"name": "root", "displayName": "Root"}]}}"#;
        let hierarchy = read(&[("/subscriptions/s1", subscription), ("/subscriptions/s2", "{}")]);
        assert_eq!(hierarchy.ancestors_of_subscription("S1"), ["prod", "root"]);
        assert!(hierarchy.ancestors_of_subscription("s2").is_empty());
    }

    #[test]
    fn bodies_of_any_shape_are_survived() {
        let hierarchy = read(&[(&id("a"), "[]"), (&id("b"), "null"), ("/subscriptions/s1", "7")]);
        assert_eq!(hierarchy.len(), 2);
    }
}
