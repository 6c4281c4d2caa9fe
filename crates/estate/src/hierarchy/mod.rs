//! Management groups and subscriptions: the tree above the resources.
//!
//! ```text
//! tenant root group (depth 0)          its name is the tenant id
//! └─ management groups (depth 1..=6)   Azure refuses a seventh level
//!    └─ subscriptions                  not counted as a level
//! ```
//!
//! - [`HierarchyBuilder`] makes one [`Hierarchy`] of records from anywhere and reports what does not fit as
//!   [`HierarchyProblem`]s; the result is always one tree.
//! - [`Operation`]s follow Azure's rules and give a new hierarchy or a [`HierarchyError`].
//! - [`inherited`] says which assignments reach a scope.
//!
//! Names and subscription ids are compared without regard to case and kept as written.

mod build;
mod change;
mod inherit;
mod problem;
mod read;
mod refusal;

use azimuth_ids::{IdKind, IdRef, fold};
use hashbrown::HashMap;

pub use build::HierarchyBuilder;
pub use change::{Caller, Operation, Settings};
pub use inherit::{Inheritable, inherited};
pub use problem::HierarchyProblem;
pub use refusal::{AzureError, HierarchyError, valid_group_name};

/// Levels of management groups that Azure allows below the root; subscriptions are not counted.
pub const MAX_DEPTH: usize = 6;

/// Management groups that Azure allows in one tenant.
pub const MAX_GROUPS: usize = 10_000;

/// A management group in the tree.
#[derive(Clone, Debug)]
pub struct ManagementGroup {
    name: Box<str>,
    display_name: Option<Box<str>>,
    known: bool,
    /// Whether no record names the parent, so that the group was put under the root.
    parent_is_guess: bool,
    depth: usize,
    parent: Option<u32>,
    /// In the order of their folded names.
    children: Vec<u32>,
    /// In the order of their folded ids.
    subscriptions: Vec<u32>,
}

impl ManagementGroup {
    /// The id of the group as written (the last segment of its resource id).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name shown to people, if it is known.
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }

    /// Whether the group has a record of its own; otherwise others only refer to it.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Steps below the root group, whose depth is 0.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The resource id of the group.
    pub fn id(&self) -> String {
        group_id(&self.name)
    }
}

/// The management groups and subscriptions of one tenant; it does not change once built.
///
/// INVARIANT: the parents form a tree with the root `root`; `children`, `subscriptions` and `depth` agree with it.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy {
    groups: Vec<ManagementGroup>,
    /// Folded name → index into `groups`.
    by_name: HashMap<Box<str>, u32>,
    /// Subscription id as written and the index of its group.
    subscriptions: Vec<(Box<str>, u32)>,
    /// Folded id → index into `subscriptions`.
    by_subscription: HashMap<Box<str>, u32>,
    root: Option<u32>,
    settings: Settings,
    problems: Vec<HierarchyProblem>,
}

impl Hierarchy {
    /// A builder for a hierarchy.
    pub fn builder() -> HierarchyBuilder {
        HierarchyBuilder::default()
    }

    /// The tenant root group; `None` if nothing is known about the tenant.
    pub fn root(&self) -> Option<&ManagementGroup> {
        self.root.map(|index| &self.groups[index as usize])
    }

    /// The number of management groups, with the root.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether no management group is known.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What did not fit when the hierarchy was built, in the order found.
    pub fn problems(&self) -> &[HierarchyProblem] {
        &self.problems
    }

    /// The hierarchy settings of the tenant.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The management group of a name, in any case.
    pub fn group(&self, name: &str) -> Option<&ManagementGroup> {
        self.find(name).map(|index| &self.groups[index as usize])
    }

    /// All management groups, parents before their children.
    pub fn groups(&self) -> impl Iterator<Item = &ManagementGroup> {
        self.below(self.root).into_iter().map(|index| &self.groups[index as usize])
    }

    /// Every subscription with its group, in the order of the folded ids.
    pub fn subscriptions(&self) -> impl ExactSizeIterator<Item = (&str, &ManagementGroup)> {
        self.subscriptions.iter().map(|(id, group)| (&**id, &self.groups[*group as usize]))
    }

    /// The group that holds a subscription; `None` if the subscription is not known.
    pub fn group_of_subscription(&self, subscription: &str) -> Option<&ManagementGroup> {
        let index = self.find_subscription(subscription)?;
        Some(&self.groups[self.subscriptions[index as usize].1 as usize])
    }

    /// The parent of a group; `None` for the root and for an unknown group.
    pub fn parent(&self, name: &str) -> Option<&ManagementGroup> {
        let parent = self.groups[self.find(name)? as usize].parent?;
        Some(&self.groups[parent as usize])
    }

    /// The groups above a group, nearest first, ending with the root; nothing for an unknown group.
    pub fn above(&self, name: &str) -> impl Iterator<Item = &ManagementGroup> {
        let first = self.find(name).and_then(|index| self.groups[index as usize].parent);
        self.upwards(first)
    }

    /// The groups above a subscription, nearest first, ending with the root; nothing if it is not known.
    pub fn above_subscription(&self, subscription: &str) -> impl Iterator<Item = &ManagementGroup> {
        let index = self.find_subscription(subscription);
        self.upwards(index.map(|index| self.subscriptions[index as usize].1))
    }

    fn upwards(&self, first: Option<u32>) -> impl Iterator<Item = &ManagementGroup> {
        std::iter::successors(first, |index| self.groups[*index as usize].parent)
            .map(|index| &self.groups[index as usize])
    }

    /// The names of the groups above a group; see [`Self::above`], which allocates nothing.
    pub fn ancestors(&self, name: &str) -> Vec<String> {
        self.above(name).map(|group| group.name().to_owned()).collect()
    }

    /// The names of the groups above a subscription; see [`Self::above_subscription`].
    pub fn ancestors_of_subscription(&self, subscription: &str) -> Vec<String> {
        self.above_subscription(subscription).map(|group| group.name().to_owned()).collect()
    }

    /// The names of the groups above a subscription if they are certainly all: the subscription is known, and records
    /// name the parent of each group on the way to the root. This is what access decisions ask for.
    pub fn certain_ancestors_of_subscription(&self, subscription: &str) -> Option<Vec<String>> {
        let group = self.group_of_subscription(subscription)?;
        let above = self.certain_ancestors(group.name())?;
        Some(std::iter::once(group.name().to_owned()).chain(above).collect())
    }

    /// The names of the groups above a group if they are certainly all; see
    /// [`Self::certain_ancestors_of_subscription`].
    pub fn certain_ancestors(&self, name: &str) -> Option<Vec<String>> {
        let group = self.group(name)?;
        let is_certain = !group.parent_is_guess && self.above(name).all(|above| !above.parent_is_guess);
        is_certain.then(|| self.ancestors(name))
    }

    /// The names of the groups directly below a group, in the order of their folded names.
    pub fn children(&self, name: &str) -> Vec<String> {
        let index = self.find(name);
        let children = index.map_or(&[][..], |index| &self.groups[index as usize].children);
        children.iter().map(|child| self.groups[*child as usize].name.to_string()).collect()
    }

    /// The names of all groups below a group, parents before their children.
    pub fn descendants(&self, name: &str) -> Vec<String> {
        let below = self.below(self.find(name));
        below.iter().skip(1).map(|index| self.groups[*index as usize].name.to_string()).collect()
    }

    /// The ids of the subscriptions directly in a group, in the order of the folded ids.
    pub fn subscriptions_in(&self, name: &str) -> Vec<String> {
        let index = self.find(name);
        let held = index.map_or(&[][..], |index| &self.groups[index as usize].subscriptions);
        held.iter().map(|held| self.subscriptions[*held as usize].0.to_string()).collect()
    }

    /// The ids of the subscriptions in a group and in all groups below it.
    pub fn subscriptions_under(&self, name: &str) -> Vec<String> {
        let groups = self.below(self.find(name));
        let held = groups.iter().flat_map(|index| &self.groups[*index as usize].subscriptions);
        held.map(|held| self.subscriptions[*held as usize].0.to_string()).collect()
    }

    /// Steps of a group below the root; `None` if it is not known.
    pub fn depth(&self, name: &str) -> Option<usize> {
        self.group(name).map(ManagementGroup::depth)
    }

    /// Levels of management groups below the root: 0 if there is nothing but the root.
    pub fn levels(&self) -> usize {
        self.groups.iter().map(|group| group.depth).max().unwrap_or_default()
    }

    /// Whether the group `name` is `ancestor` or lies below it.
    pub fn is_within(&self, name: &str, ancestor: &str) -> bool {
        let (Some(index), Some(ancestor)) = (self.find(name), self.find(ancestor)) else { return false };
        std::iter::successors(Some(index), |index| self.groups[*index as usize].parent)
            .any(|index| index == ancestor)
    }

    /// Every scope at or above a resource id, nearest first: the id's own parents, the management groups, `/`.
    pub fn scope_chain(&self, id: IdRef<'_>) -> Vec<String> {
        let mut chain: Vec<String> =
            id.scope_chain().filter(|scope| scope.kind() != IdKind::Tenant).map(IdRef::canonical).collect();
        if let Some(subscription) = id.subscription_id() {
            chain.extend(self.above_subscription(subscription).map(ManagementGroup::id));
        } else if let Some(group) = id.management_group() {
            chain.extend(self.above(group).map(ManagementGroup::id));
        }
        chain.push("/".to_owned());
        chain
    }

    fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(&*fold(name)).copied()
    }

    fn find_subscription(&self, subscription: &str) -> Option<u32> {
        self.by_subscription.get(&*fold(subscription)).copied()
    }

    /// The group and everything below it, breadth first.
    fn below(&self, top: Option<u32>) -> Vec<u32> {
        let mut found: Vec<u32> = top.into_iter().collect();
        let mut next = 0;
        while let Some(index) = found.get(next) {
            found.extend(&self.groups[*index as usize].children);
            next += 1;
        }
        found
    }
}

fn group_id(name: &str) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{name}")
}

#[cfg(test)]
mod tests;
