//! The stored state, as template expansion and what-if ask for it.

use std::borrow::Cow;
use std::collections::HashMap;

use azimuth_ids::{IdRef, fold};
use serde_json::Value as Json;

/// What exists. All ids are compared without regard to letter case.
pub trait EstateView {
    /// The stored document of a resource, in the shape that a GET of it returns.
    fn resource(&self, id: &str) -> Option<Cow<'_, Json>>;

    /// The ids of all resources in a resource group, extension resources and children included.
    fn in_resource_group(&self, group_id: &str) -> Vec<String>;

    /// What the resource's action `function` (`listKeys` …) returns, if the caller wants it resolved.
    fn list(&self, id: &str, function: &str) -> Option<Cow<'_, Json>> {
        let _ = (id, function);
        None
    }

    /// The zones in which a resource type is offered in a region, for `pickZones`.
    fn zones(&self, resource_type: &str, location: &str) -> Option<Vec<String>> {
        let _ = (resource_type, location);
        None
    }
}

/// An estate of which nothing is known: every `reference` stays symbolic.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEstate;

impl EstateView for NoEstate {
    fn resource(&self, _: &str) -> Option<Cow<'_, Json>> {
        None
    }

    fn in_resource_group(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// An estate held in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryEstate {
    by_id: HashMap<String, Json>,
    by_group: HashMap<String, Vec<String>>,
}

impl MemoryEstate {
    /// An estate of the documents given; those without a valid `id` are left out.
    pub fn new(documents: impl IntoIterator<Item = Json>) -> Self {
        let mut estate = Self::default();
        for document in documents {
            let Some(id) = document["id"].as_str().map(str::to_owned) else { continue };
            let Ok(parsed) = IdRef::parse(&id) else { continue };
            if parsed.resource_group().is_some() && parsed.as_str().len() > parsed.scope().as_str().len() {
                let group = fold(parsed.scope().as_str()).into_owned();
                estate.by_group.entry(group).or_default().push(id.clone());
            }
            estate.by_id.insert(fold(&id).into_owned(), document);
        }
        estate
    }
}

impl EstateView for MemoryEstate {
    fn resource(&self, id: &str) -> Option<Cow<'_, Json>> {
        self.by_id.get(&*fold(id)).map(Cow::Borrowed)
    }

    fn in_resource_group(&self, group_id: &str) -> Vec<String> {
        self.by_group.get(&*fold(group_id)).cloned().unwrap_or_default()
    }
}
