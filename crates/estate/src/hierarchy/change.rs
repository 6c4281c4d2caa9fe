//! What Azure lets one do with management groups.

use super::{Hierarchy, HierarchyBuilder, HierarchyError, MAX_DEPTH, MAX_GROUPS, valid_group_name};

/// The hierarchy settings of a tenant (`managementGroups/{root}/settings/default`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The group in which new subscriptions land; the root if there is none.
    pub default_management_group: Option<String>,
    /// Whether creating a group needs `managementGroups/write` on the root; otherwise everyone may.
    pub require_authorization_for_group_creation: bool,
}

/// What matters about the one who asks for an operation.
///
/// Rights on the groups concerned are a matter of access control, not of the tree: `azimuth-access` decides them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whether the caller has `Microsoft.Management/managementGroups/write` on the root.
    pub can_write_root: bool,
}

/// A change of the hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Makes a group below `parent`, or below the root.
    Create {
        /// The id of the new group.
        name: String,
        /// The name shown to people; the id if `None`.
        display_name: Option<String>,
        /// The parent; the root if `None`.
        parent: Option<String>,
    },
    /// Changes the name shown to people; the id of a group never changes.
    Rename {
        /// The group.
        name: String,
        /// The new name.
        display_name: String,
    },
    /// Moves a group with everything below it.
    Move {
        /// The group.
        name: String,
        /// The new parent.
        parent: String,
    },
    /// Deletes an empty group.
    Delete {
        /// The group.
        name: String,
    },
    /// Puts a subscription into a group, from wherever it was.
    AddSubscription {
        /// The subscription.
        subscription: String,
        /// Its new group.
        group: String,
    },
    /// Takes a subscription out of its group: it falls back to where new subscriptions land.
    RemoveSubscription {
        /// The subscription.
        subscription: String,
    },
    /// Makes a subscription appear in the tenant, in the default group or the root.
    NewSubscription {
        /// The subscription.
        subscription: String,
    },
    /// Replaces the settings. A default group that does not exist is accepted and counts as the root.
    Configure(Settings),
}

impl Hierarchy {
    /// The hierarchy after an operation.
    ///
    /// # Errors
    /// [`HierarchyError`] says which rule forbids it; nothing is changed then.
    pub fn apply(&self, operation: &Operation, caller: Caller) -> Result<Self, HierarchyError> {
        let mut draft = Draft::of(self);
        match operation {
            Operation::Create { name, display_name, parent } => {
                let parent = self.check_create(name, parent.as_deref(), caller)?;
                let display_name = display_name.as_ref().unwrap_or(name).clone();
                draft.groups.push(GroupDraft {
                    name: name.clone(),
                    display_name: Some(display_name),
                    parent: Some(parent),
                    known: true,
                });
            }
            Operation::Rename { name, display_name } => {
                let at = self.index(name)?;
                draft.groups[at].display_name = Some(display_name.clone());
            }
            Operation::Move { name, parent } => {
                let at = self.index(name)?;
                draft.groups[at].parent = Some(self.check_move(name, parent)?);
            }
            Operation::Delete { name } => {
                self.check_delete(name)?;
                draft.groups.remove(self.index(name)?);
            }
            Operation::AddSubscription { subscription, group } => {
                let group = self.groups[self.index(group)?].name.to_string();
                draft.put(self, subscription, group);
            }
            Operation::RemoveSubscription { subscription } => {
                if self.find_subscription(subscription).is_none() {
                    return Err(HierarchyError::SubscriptionNotFound { subscription: subscription.clone() });
                }
                draft.put(self, subscription, self.landing_group()?);
            }
            Operation::NewSubscription { subscription } => {
                draft.put(self, subscription, self.landing_group()?);
            }
            Operation::Configure(settings) => draft.settings = settings.clone(),
        }
        Ok(draft.build())
    }

    fn index(&self, name: &str) -> Result<usize, HierarchyError> {
        let found = self.find(name).map(|index| index as usize);
        found.ok_or_else(|| HierarchyError::NotFound { name: name.to_owned() })
    }

    /// Where new and removed subscriptions go: the default group if it exists, else the root.
    fn landing_group(&self) -> Result<String, HierarchyError> {
        let default = self.settings.default_management_group.as_deref().and_then(|name| self.group(name));
        let group = default.or(self.root()).map(|group| group.name().to_owned());
        group.ok_or_else(|| HierarchyError::NotFound { name: String::new() })
    }

    fn check_create(
        &self,
        name: &str,
        parent: Option<&str>,
        caller: Caller,
    ) -> Result<String, HierarchyError> {
        if !valid_group_name(name) {
            return Err(HierarchyError::InvalidName { name: name.to_owned() });
        }
        if self.settings.require_authorization_for_group_creation && !caller.can_write_root {
            return Err(HierarchyError::Forbidden { name: name.to_owned() });
        }
        let parent_group = parent.map_or(self.root(), |parent| self.group(parent));
        let Some(parent_group) = parent_group else {
            return Err(HierarchyError::ParentNotFound { parent: parent.unwrap_or_default().to_owned() });
        };
        if self.find(name).is_some() {
            return Err(HierarchyError::AlreadyExists { name: name.to_owned() });
        }
        if self.groups.len() >= MAX_GROUPS {
            return Err(HierarchyError::TooManyGroups);
        }
        check_depth(name, parent_group.depth + 1)?;
        Ok(parent_group.name.to_string())
    }

    fn check_move(&self, name: &str, parent: &str) -> Result<String, HierarchyError> {
        let at = self.index(name)?;
        if self.root == Some(at as u32) {
            return Err(HierarchyError::RootCannotMove);
        }
        let target = &self.groups[self.index(parent)?];
        if self.is_within(parent, name) {
            return Err(HierarchyError::Cycle { name: name.to_owned(), parent: parent.to_owned() });
        }
        let deepest = self.below(Some(at as u32)).into_iter().map(|index| self.groups[index as usize].depth);
        let height = deepest.max().unwrap_or_default() - self.groups[at].depth;
        check_depth(name, target.depth + 1 + height)?;
        Ok(target.name.to_string())
    }

    fn check_delete(&self, name: &str) -> Result<(), HierarchyError> {
        let at = self.index(name)?;
        let group = &self.groups[at];
        if self.root == Some(at as u32) {
            return Err(HierarchyError::RootCannotDelete);
        }
        if group.children.is_empty() && group.subscriptions.is_empty() {
            return Ok(());
        }
        Err(HierarchyError::HasChildren {
            name: name.to_owned(),
            groups: group.children.len(),
            subscriptions: group.subscriptions.len(),
        })
    }
}

fn check_depth(name: &str, depth: usize) -> Result<(), HierarchyError> {
    if depth > MAX_DEPTH {
        return Err(HierarchyError::DepthExceeded { name: name.to_owned(), depth });
    }
    Ok(())
}

/// The records of a hierarchy, to be changed and built again. Operations are rare and trees are small, so building
/// anew is cheap enough, and every hierarchy is correct by the same construction.
struct Draft {
    groups: Vec<GroupDraft>,
    subscriptions: Vec<(String, String)>,
    root: Option<String>,
    settings: Settings,
}

struct GroupDraft {
    name: String,
    display_name: Option<String>,
    parent: Option<String>,
    known: bool,
}

impl Draft {
    fn of(hierarchy: &Hierarchy) -> Self {
        let groups = hierarchy.groups.iter().map(|group| GroupDraft {
            name: group.name.to_string(),
            display_name: group.display_name.as_deref().map(str::to_owned),
            parent: group
                .parent
                .filter(|_| !group.parent_is_guess)
                .map(|parent| hierarchy.groups[parent as usize].name.to_string()),
            known: group.known,
        });
        let subscriptions = hierarchy.subscriptions();
        Self {
            groups: groups.collect(),
            subscriptions: subscriptions.map(|(id, group)| (id.to_owned(), group.name.to_string())).collect(),
            root: hierarchy.root().map(|root| root.name.to_string()),
            settings: hierarchy.settings.clone(),
        }
    }

    fn put(&mut self, hierarchy: &Hierarchy, subscription: &str, group: String) {
        match hierarchy.find_subscription(subscription) {
            Some(at) => self.subscriptions[at as usize].1 = group,
            None => self.subscriptions.push((subscription.to_owned(), group)),
        }
    }

    fn build(self) -> Hierarchy {
        let mut builder = HierarchyBuilder::default();
        for group in &self.groups {
            let (display_name, parent) = (group.display_name.as_deref(), group.parent.as_deref());
            if group.known {
                builder.group(&group.name, display_name, parent);
            } else {
                builder.mention(&group.name, display_name, parent);
            }
        }
        for (subscription, group) in &self.subscriptions {
            builder.subscription(subscription, group);
        }
        if let Some(root) = &self.root {
            builder.root(root);
        }
        builder.settings(self.settings);
        builder.build()
    }
}
