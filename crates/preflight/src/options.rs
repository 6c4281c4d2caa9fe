//! What surrounds a check.

use azimuth_arm::{Context, EstateView, Loader, NoEstate, NoLoader};
use azimuth_policy::Shelf;
use jiff::Timestamp;

use crate::assigned::Assigned;

/// What surrounds a check besides template, parameters and rules.
#[derive(Clone)]
pub struct Options<'a> {
    /// The deployment: its target, and what is known of it.
    pub context: Context,
    /// Where linked templates come from.
    pub loader: &'a dyn Loader,
    /// What already exists: answers `reference()`.
    pub estate: &'a dyn EstateView,
    /// What already exists, as IfNotExists effects look for it.
    pub existing: Option<&'a dyn Shelf>,
    /// The assignments in force.
    pub assigned: Option<&'a Assigned>,
    /// What is known of the resource group and subscription of a resource, by its id: what `resourceGroup()` and
    /// `subscription()` yield in rules. What the context says of the target is used besides.
    pub facts: Option<&'a (dyn Fn(&str) -> azimuth_policy::Context + Sync)>,
    /// The management groups above a subscription, nearest first.
    pub ancestors: &'a [String],
    /// The moment, for `utcNow()` in rules.
    pub now: Timestamp,
}

impl Options<'_> {
    /// A deployment of which nothing but the context is known.
    pub fn new(context: Context, now: Timestamp) -> Self {
        Self {
            context,
            loader: &NoLoader,
            estate: &NoEstate,
            existing: None,
            assigned: None,
            facts: None,
            ancestors: &[],
            now,
        }
    }
}
