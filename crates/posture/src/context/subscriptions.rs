//! Subscriptions, also those that are only known by what they hold or by their place in the hierarchy.

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::fold;
use serde::Deserialize;

use crate::body::{self, Text};

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// `/subscriptions/{guid}` as people write it.
    pub(crate) id: String,
    /// The GUID, folded.
    pub(crate) guid: String,
    /// Whether it is in use: not `Disabled` and not `Deleted`.
    pub(crate) enabled: bool,
}

#[derive(Default, Deserialize)]
struct Shape<'a> {
    #[serde(borrow, default)]
    state: Text<'a>,
}

/// Every subscription of the documents and of the hierarchy, in the order of their ids. One without a document of
/// its own counts as enabled unless its place in the hierarchy says otherwise.
pub(crate) fn subscriptions(snapshot: &Snapshot) -> Vec<Subscription> {
    let mut found: Vec<Subscription> = Vec::new();
    // Keys are sorted: a subscription's own document comes before what it holds, and all of it in one run.
    for entry in snapshot.entries() {
        let Some(guid) = entry.subscription_id() else { continue };
        if found.last().is_some_and(|last| last.guid == guid) {
            continue;
        }
        let own = entry.kind() == "microsoft.resources/subscriptions";
        let id = match own {
            true => entry.id().into_owned(),
            false => format!("/subscriptions/{guid}"),
        };
        found.push(Subscription { id, guid: guid.to_owned(), enabled: !own || is_enabled(entry) });
    }
    // Stable: what has documents comes before what the hierarchy alone names.
    let places = snapshot.of_type("Microsoft.Management/managementGroups/subscriptions");
    let placed = places.map(|entry| (entry.name().to_owned(), is_enabled(entry)));
    let named = snapshot.hierarchy().subscriptions().map(|(guid, _)| (fold(guid).into_owned(), true));
    found.extend(placed.chain(named).map(|(guid, enabled)| Subscription {
        id: format!("/subscriptions/{guid}"),
        guid,
        enabled,
    }));
    found.sort_by(|left, right| left.guid.cmp(&right.guid));
    found.dedup_by(|later, first| later.guid == first.guid);
    found
}

fn is_enabled(entry: Entry<'_>) -> bool {
    // Resource Manager keeps the state at the top, Resource Graph below `properties`.
    let top = entry.read::<Shape<'_>>().unwrap_or_default().state;
    let inner = body::read::<Shape<'_>>(entry).map(|read| read.properties.state).unwrap_or_default();
    let state = if top.is_empty() { inner } else { top };
    !(state.is("Disabled") || state.is("Deleted"))
}
