//! Every index of a snapshot agrees with the obvious way of answering.

use std::collections::{BTreeMap, BTreeSet};

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{DocumentKey, IdRef};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A few subscriptions, groups and names, so that generated ids meet.
fn id() -> impl Strategy<Value = String> {
    let scope = (0..3_u8, prop::option::of(0..3_u8)).prop_map(|(subscription, group)| {
        let subscription = format!("/subscriptions/S{subscription}");
        group.map_or(subscription.clone(), |group| {
            format!("{subscription}/resourceGroups/rg{}", "1".repeat(group as usize))
        })
    });
    let resource = prop::option::of((0..2_u8, 0..3_u8, prop::option::of(0..2_u8)));
    (scope, resource, any::<bool>()).prop_map(|(scope, resource, upper)| {
        let id = match resource {
            None => scope,
            Some((kind, name, child)) => {
                let child = child.map(|child| format!("/subs/C{child}")).unwrap_or_default();
                format!("{scope}/providers/A.B/kind{kind}/n{name}{child}")
            }
        };
        if upper { id.to_uppercase() } else { id }
    })
}

fn documents() -> impl Strategy<Value = Vec<(String, Value)>> {
    let tags = prop::collection::btree_map("[aA]|[bB]", "x|y", 0..2);
    let document = (id(), prop::collection::vec(id(), 0..4), tags, any::<i64>());
    prop::collection::vec(document, 0..25).prop_map(|documents| {
        documents
            .into_iter()
            .map(|(id, mentions, tags, number)| {
                let body =
                    json!({"id": id, "tags": tags, "properties": {"list": mentions, "number": number}});
                (id, body)
            })
            .collect()
    })
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn build(documents: &[(String, Value)], threads: usize) -> (Snapshot, BTreeMap<String, Value>) {
    let mut builder = Snapshot::builder().threads(threads);
    let mut model = BTreeMap::new();
    for (id, body) in documents {
        let key = DocumentKey::parse(id).unwrap();
        builder.push(&key, body.to_string());
        model.insert(key.as_str().to_owned(), body.clone());
    }
    (builder.finish(), model)
}

fn keys<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> BTreeSet<String> {
    entries.into_iter().map(|entry| entry.key().to_owned()).collect()
}

proptest! {
    #[test]
    fn indexes_agree_with_a_linear_search(documents in documents(), threads in 1..4_usize, scope in id()) {
        let (snapshot, model) = build(&documents, threads);
        prop_assert_eq!(snapshot.len(), model.len());
        for (key, body) in &model {
            let entry = snapshot.get(&DocumentKey::parse(key).unwrap()).expect("it was pushed");
            prop_assert_eq!(&entry.value(), body);
            prop_assert_eq!(entry.kind(), IdRef::parse(key).unwrap().resource_type().folded());
            prop_assert_eq!(entry.id(), body["id"].as_str().unwrap());
        }
        let scope = IdRef::parse(&scope).unwrap();
        let within: BTreeSet<String> =
            model.keys().filter(|key| IdRef::parse(key).unwrap().is_within(scope)).cloned().collect();
        prop_assert_eq!(keys(snapshot.within(scope)), within);
        let total: usize = snapshot.types().map(|(kind, count)| {
            assert_eq!(snapshot.of_type(kind).len(), count);
            count
        }).sum();
        prop_assert_eq!(total, model.len());
        let tagged: BTreeSet<String> = model
            .iter()
            .filter(|(_, body)| body["tags"].as_object().unwrap().iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("a") && value == "x"
            }))
            .map(|(key, _)| key.clone())
            .collect();
        prop_assert_eq!(keys(snapshot.tagged("A", Some("x"))), tagged);
    }

    #[test]
    fn references_agree_with_parsing_every_body(documents in documents(), threads in 1..4_usize) {
        let (snapshot, model) = build(&documents, threads);
        let mut into: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, body) in &model {
            let mut wanted = BTreeSet::new();
            for mention in body["properties"]["list"].as_array().unwrap() {
                let mention = IdRef::parse(mention.as_str().unwrap()).unwrap();
                // The document itself or, for a child without one, its parent resource: never a mere scope.
                let target = mention.scope_chain().find(|id| model.contains_key(&id.as_str().to_lowercase()));
                if let Some(target) = target
                    && (target == mention || target.as_str().to_lowercase().contains("/providers/"))
                    && !target.as_str().eq_ignore_ascii_case(key)
                {
                    wanted.insert(target.as_str().to_lowercase());
                }
            }
            let entry = snapshot.get(&DocumentKey::parse(key).unwrap()).unwrap();
            prop_assert_eq!(&keys(entry.references()), &wanted, "{}", key);
            for target in wanted {
                into.entry(target).or_default().insert(key.clone());
            }
        }
        for entry in snapshot.entries() {
            prop_assert_eq!(keys(entry.referrers()), into.remove(entry.key()).unwrap_or_default());
        }
    }

    #[test]
    fn hostile_bodies_are_only_bodies(bodies in prop::collection::vec("[\"/\\\\a-z{}\\[\\]:,é]{0,60}|\"/subscriptions/.{0,20}", 1..8)) {
        let mut builder = Snapshot::builder();
        for (index, body) in bodies.iter().enumerate() {
            builder.push(&DocumentKey::parse(&format!("/subscriptions/s{index}")).unwrap(), body.as_str());
        }
        let snapshot = builder.finish();
        snapshot.build_indexes();
        for entry in snapshot.entries() {
            let _ = (entry.value(), entry.id(), entry.mentions().count(), entry.references().count());
        }
        let _ = (snapshot.directory().users().len(), snapshot.hierarchy().len(), snapshot.evidence().iter().count());
    }
}
