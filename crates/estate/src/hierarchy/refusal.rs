//! How Azure refuses an operation on management groups.

use thiserror::Error;

use super::{MAX_DEPTH, MAX_GROUPS, group_id};

/// Why an operation is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HierarchyError {
    /// The id of a new group breaks the rules of [`valid_group_name`].
    #[error(
        "`{name}` cannot name a management group: at most 90 letters, digits and `-_().`, beginning with a letter \
         or digit and not ending with a period"
    )]
    InvalidName {
        /// The id.
        name: String,
    },
    /// A group of that id exists.
    #[error("the management group `{name}` already exists")]
    AlreadyExists {
        /// The id.
        name: String,
    },
    /// The group does not exist.
    #[error("the management group `{name}` does not exist")]
    NotFound {
        /// The id.
        name: String,
    },
    /// The subscription is not in the tenant.
    #[error("the subscription `{subscription}` is not in the hierarchy")]
    SubscriptionNotFound {
        /// The subscription.
        subscription: String,
    },
    /// The parent of a new group does not exist.
    #[error("the parent management group `{parent}` does not exist")]
    ParentNotFound {
        /// The parent.
        parent: String,
    },
    /// The group, or one below it, would lie deeper than six levels.
    #[error("`{name}` would reach {depth} levels below the root; management groups end at {MAX_DEPTH}")]
    DepthExceeded {
        /// The group.
        name: String,
        /// The depth that would be reached.
        depth: usize,
    },
    /// The tenant has as many groups as it may.
    #[error("the tenant has {MAX_GROUPS} management groups, which is the limit")]
    TooManyGroups,
    /// The root has no parent.
    #[error("the tenant root group cannot be moved")]
    RootCannotMove,
    /// The root stays.
    #[error("the tenant root group cannot be deleted")]
    RootCannotDelete,
    /// The group holds groups or subscriptions.
    #[error(
        "`{name}` still holds {groups} management groups and {subscriptions} subscriptions; move them first"
    )]
    HasChildren {
        /// The group.
        name: String,
        /// Groups directly in it.
        groups: usize,
        /// Subscriptions directly in it.
        subscriptions: usize,
    },
    /// The new parent is the group itself or lies below it.
    #[error("`{name}` cannot move below itself: `{parent}` lies in it")]
    Cycle {
        /// The group.
        name: String,
        /// The new parent.
        parent: String,
    },
    /// The settings demand rights on the root that the caller does not have.
    #[error("creating `{name}` needs `Microsoft.Management/managementGroups/write` on the tenant root group")]
    Forbidden {
        /// The group.
        name: String,
    },
}

/// How Azure Resource Manager answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AzureError {
    /// The HTTP status.
    pub status: u16,
    /// The `code` member of the error.
    pub code: &'static str,
    /// Whether public documentation names this answer; otherwise it is the service's general one for its status.
    pub documented: bool,
}

impl HierarchyError {
    /// One word for the kind of refusal, stable for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::InvalidName { .. } => "InvalidName",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::NotFound { .. } | Self::SubscriptionNotFound { .. } => "NotFound",
            Self::ParentNotFound { .. } => "ParentNotFound",
            Self::DepthExceeded { .. } => "DepthExceeded",
            Self::TooManyGroups => "LimitExceeded",
            Self::RootCannotMove => "RootCannotMove",
            Self::RootCannotDelete => "RootCannotDelete",
            Self::HasChildren { .. } => "HasChildren",
            Self::Cycle { .. } => "Cycle",
            Self::Forbidden { .. } => "Forbidden",
        }
    }

    /// The answer of Azure. Documented are the reasons of `checkNameAvailability` (`Invalid`, `AlreadyExists`) and
    /// `AuthorizationFailed`; the REST reference leaves the codes of the other refusals open, so those carry the
    /// general code of their status.
    pub fn azure(&self) -> AzureError {
        let (status, code, documented) = match self {
            Self::InvalidName { .. } => (400, "Invalid", true),
            Self::AlreadyExists { .. } => (409, "AlreadyExists", true),
            Self::Forbidden { .. } => (403, "AuthorizationFailed", true),
            Self::NotFound { .. } | Self::SubscriptionNotFound { .. } | Self::ParentNotFound { .. } => {
                (404, "NotFound", false)
            }
            Self::DepthExceeded { .. }
            | Self::TooManyGroups
            | Self::RootCannotMove
            | Self::RootCannotDelete
            | Self::HasChildren { .. }
            | Self::Cycle { .. } => (400, "BadRequest", false),
        };
        AzureError { status, code, documented }
    }

    /// The resource id that the refusal is about, where it is about a group.
    pub fn target(&self) -> Option<String> {
        match self {
            Self::InvalidName { name }
            | Self::AlreadyExists { name }
            | Self::NotFound { name }
            | Self::DepthExceeded { name, .. }
            | Self::HasChildren { name, .. }
            | Self::Cycle { name, .. }
            | Self::Forbidden { name } => Some(group_id(name)),
            Self::ParentNotFound { parent } => Some(group_id(parent)),
            Self::SubscriptionNotFound { subscription } => Some(format!("/subscriptions/{subscription}")),
            Self::TooManyGroups | Self::RootCannotMove | Self::RootCannotDelete => None,
        }
    }
}

/// Whether Azure accepts `name` as the id of a management group: at most 90 of `[A-Za-z0-9-_().]`, beginning with
/// a letter or digit, not ending with a period (Azure naming rules, Microsoft.Management).
pub fn valid_group_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_().".contains(&byte);
    name.len() <= 90
        && name.bytes().all(allowed)
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !name.ends_with('.')
}
