//! What a deployment would change: the expansion of a template held against the stored state.
//!
//! The result has the shape of the service's own what-if. Each property delta also says how sure it is
//! ([`Certainty`]) and why, because a list of changes drowned in defaults is read by nobody.

mod change;
mod deletion;
mod delta;
mod noise;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use azimuth_ids::{eq_fold, fold};
use serde_json::Value as Json;

use crate::template::{EstateView, ExpandedResource, Expansion, Target};
use crate::value::{REDACTED, Value};

pub use change::{
    Certainty, Change, ChangeType, PropertyChange, PropertyChangeType, ResultFormat, WhatIf, WhatIfNote,
    WhatIfOptions,
};

/// What deploying `expansion` to `target` would change in `estate`.
///
/// `reference` functions were resolved when the template was expanded, against the estate given there; pass the same.
pub fn whatif(
    expansion: &Expansion,
    estate: &dyn EstateView,
    target: &Target,
    options: &WhatIfOptions,
) -> WhatIf {
    let mut out = WhatIf::default();
    let mut named: HashSet<String> = HashSet::new();
    for resource in expansion.deployed() {
        let change = of_resource(expansion, resource, estate, options);
        named.insert(fold(&resource.id).into_owned());
        if change.delta.iter().any(|delta| delta.path.eq_ignore_ascii_case("location")) {
            out.diagnostics.push(WhatIfNote::new(
                "InvalidResourceLocation",
                &resource.id,
                "the location of an existing resource cannot change: the deployment will fail",
            ));
        }
        if resource.condition.is_some() {
            out.diagnostics.push(WhatIfNote::new(
                "PotentialChange",
                &resource.id,
                "whether this resource is deployed is only known at run time",
            ));
            out.potential_changes.push(change);
        } else {
            out.changes.push(change);
        }
    }
    for deployment in
        expansion.diagnostics.iter().filter(|diagnostic| diagnostic.code == "arm-linked-template")
    {
        let place = deployment.place.to_string();
        out.diagnostics.push(WhatIfNote::new("NestedDeploymentShortCircuited", &place, &deployment.message));
    }
    doubt_moving_references(expansion, &mut out.changes);
    doubt_moving_references(expansion, &mut out.potential_changes);
    deletion::add_rest(expansion, estate, target, options, &named, &mut out);
    out
}

fn of_resource(
    expansion: &Expansion,
    resource: &ExpandedResource,
    estate: &dyn EstateView,
    options: &WhatIfOptions,
) -> Change {
    if let Some(reason) = unsupported(resource) {
        let mut change = Change::new(&resource.id, ChangeType::Unsupported);
        change.unsupported_reason = Some(reason);
        return change;
    }
    let wants_payload = options.result_format == ResultFormat::FullResourcePayloads;
    let Some(before) = estate.resource(&resource.id) else {
        let mut change = Change::new(&resource.id, ChangeType::Create);
        change.after = wants_payload.then(|| resource.body.to_json());
        return change;
    };
    if !wants_payload {
        return Change::new(&resource.id, ChangeType::Deploy);
    }
    let mut delta = delta::between(expansion, resource, &before);
    if before.get("properties").is_none() {
        doubt_unread_properties(&mut delta);
    }
    let has_effect = |change: &PropertyChange| {
        change.property_change_type != PropertyChangeType::NoEffect
            && change.certainty != Certainty::DefaultNoise
    };
    let change_type = if delta.iter().any(has_effect) { ChangeType::Modify } else { ChangeType::NoChange };
    let mut change = Change::new(&resource.id, change_type);
    let mut before = before.into_owned();
    cover_secrets(&mut before, &resource.body);
    change.before = Some(before);
    change.after = Some(resource.body.to_json());
    change.delta = delta;
    change
}

/// Hides what the stored document has where the template has secrets.
fn cover_secrets(before: &mut Json, after: &Value) {
    if !after.has_secure() {
        return;
    }
    match (before, after.as_object()) {
        (Json::Object(stored), Some(wanted)) if !after.is_secure() => {
            for (name, value) in stored {
                if let Some(after) = wanted.get(name) {
                    cover_secrets(value, after);
                }
            }
        }
        // Items of an array may stand in another order.
        (before, _) => *before = REDACTED.into(),
    }
}

/// A stored document without properties comes from a list that shows only the heads of resources.
fn doubt_unread_properties(delta: &mut [PropertyChange]) {
    for change in delta.iter_mut().filter(|change| change.certainty == Certainty::Certain) {
        if change.path.split('.').next().is_some_and(|root| eq_fold(root, "properties")) {
            change.certainty = Certainty::Unknown;
            "the estate holds this resource without its properties".clone_into(&mut change.reason);
        }
    }
}

fn unsupported(resource: &ExpandedResource) -> Option<String> {
    if let Some(extension) = &resource.extension {
        return Some(format!("the extension `{extension}` manages things outside of Azure"));
    }
    if !resource.is_id_resolved {
        return Some("the id of the resource is only known at run time".to_owned());
    }
    eq_fold(&resource.resource_type, "Microsoft.Resources/deployments")
        .then(|| "the template of this deployment is not at hand".to_owned())
}

/// A value read from a resource that this deployment changes may itself come out different.
fn doubt_moving_references(expansion: &Expansion, changes: &mut [Change]) {
    let moving: HashMap<String, Arc<str>> = changes
        .iter()
        .filter(|change| matches!(change.change_type, ChangeType::Create | ChangeType::Modify))
        .map(|change| (fold(&change.resource_id).into_owned(), change.resource_id.as_str().into()))
        .collect();
    for change in changes.iter_mut() {
        let own = fold(&change.resource_id).into_owned();
        for delta in &mut change.delta {
            if delta.certainty != Certainty::Certain {
                continue;
            }
            let other = expansion
                .origins
                .references(delta.after_origin)
                .map(|id| fold(id).into_owned())
                .find(|id| *id != own && moving.contains_key(id));
            if let Some(other) = other.and_then(|id| moving.get(&id)) {
                delta.certainty = Certainty::Unknown;
                delta.reason = format!("read from `{other}`, which this deployment also changes");
            }
        }
    }
}
