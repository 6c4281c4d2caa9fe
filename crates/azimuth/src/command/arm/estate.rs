//! The estate as template expansion and what-if ask for it: a view of the snapshot, nothing copied in advance.

use std::borrow::Cow;

use azimuth_arm::{EstateView, Value};
use azimuth_estate::Snapshot;
use azimuth_ids::{IdKind, IdRef, eq_fold, fold};
use serde_json::Value as Json;

/// Nested values looked into for an embedded child.
const MAX_DEPTH: usize = 32;

/// A view of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotView<'s>(pub(crate) &'s Snapshot);

impl EstateView for SnapshotView<'_> {
    fn resource(&self, id: &str) -> Option<Cow<'_, Json>> {
        let id = IdRef::parse(id).ok()?;
        if let Some(entry) = self.0.resource(id) {
            return Some(Cow::Owned(entry.value()));
        }
        // Providers answer children such as subnets within their parent, and most exports have them only there.
        let holder = self.0.nearest(id)?;
        if holder.resource_id().is_none_or(|holder| holder.kind() != IdKind::Resource) {
            return None;
        }
        embedded(holder.value(), id.as_str(), 0).map(Cow::Owned)
    }

    fn in_resource_group(&self, group_id: &str) -> Vec<String> {
        let Ok(scope) = IdRef::parse(group_id) else { return Vec::new() };
        let own = fold(group_id);
        let entries = self.0.within(scope);
        entries.iter().filter(|entry| entry.key() != own).map(|entry| entry.id().into_owned()).collect()
    }
}

/// The object with an id inside a document; a mere reference to it, which has no other members, is not it.
fn embedded(value: Json, id: &str, depth: usize) -> Option<Json> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Json::Object(members) => {
            let is_it = members.get("id").and_then(Json::as_str).is_some_and(|own| eq_fold(own, id))
                && members.contains_key("properties");
            if is_it {
                return Some(Json::Object(members));
            }
            members.into_iter().find_map(|(_, member)| embedded(member, id, depth + 1))
        }
        Json::Array(items) => items.into_iter().find_map(|item| embedded(item, id, depth + 1)),
        _ => None,
    }
}

/// The members of a document that the template functions for scopes return beside id and name.
pub(crate) fn facts(snapshot: &Snapshot, id: &str, names: &[&str]) -> Option<Value> {
    let body = snapshot.resource(IdRef::parse(id).ok()?)?.value();
    let known = names.iter().filter_map(|name| Some(((*name).to_owned(), body.get(*name)?.clone())));
    let known: serde_json::Map<String, Json> = known.filter(|(_, value)| !value.is_null()).collect();
    (!known.is_empty()).then(|| Value::from_json(&Json::Object(known)))
}

#[cfg(test)]
mod tests {
    use azimuth_ids::DocumentKey;
    use serde_json::json;

    use super::*;

    #[test]
    fn children_are_found_within_their_parents_and_groups_do_not_hold_themselves() {
        let group = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/Web";
        let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
        let subnet = format!("{network}/subnets/s");
        let mut builder = Snapshot::builder();
        for body in [
            json!({"id": group, "location": "westeurope"}),
            json!({"id": network, "properties": {
                "peerings": [{"id": subnet}], "subnets": [{"id": subnet, "name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]
            }}),
            json!({"id": format!("{group}2/providers/Microsoft.Network/virtualNetworks/w")}),
        ] {
            builder.push(&DocumentKey::parse(body["id"].as_str().unwrap()).unwrap(), body.to_string());
        }
        let snapshot = builder.finish();
        let view = SnapshotView(&snapshot);
        let found = view.resource(&subnet.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions"));
        assert_eq!(found.unwrap()["properties"]["addressPrefix"], "10.0.0.0/24");
        assert!(view.resource(&format!("{network}/subnets/other")).is_none());
        assert!(view.resource(&format!("{group}/providers/Microsoft.Network/publicIPAddresses/p")).is_none());
        assert_eq!(view.in_resource_group(&group.to_lowercase()), [network]);
        let known = facts(&snapshot, group, &["location", "tags"]).unwrap();
        assert_eq!(known.to_string(), r#"{"location":"westeurope"}"#);
    }
}
