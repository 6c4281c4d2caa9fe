//! What can be wrong with the records of a hierarchy.

use std::fmt;

use super::{MAX_DEPTH, MAX_GROUPS};

/// A record that does not fit the others, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HierarchyProblem {
    /// A group or subscription refers to a group without a record; a stand-in was put under the root.
    MissingGroup {
        /// The group without a record.
        group: String,
        /// The group or subscription that refers to it.
        referrer: String,
    },
    /// Records name different parents for one group; the first was kept.
    SeveralParents {
        /// The group.
        group: String,
        /// The parent kept.
        kept: String,
        /// The parent ignored.
        ignored: String,
    },
    /// Records put one subscription into different groups; the first was kept.
    SeveralGroups {
        /// The subscription.
        subscription: String,
        /// The group kept.
        kept: String,
        /// The group ignored.
        ignored: String,
    },
    /// Groups are each other's ancestors; the first by name was put under the root.
    Cycle {
        /// The groups, each followed by its parent.
        groups: Vec<String>,
    },
    /// Several groups have no parent; one was taken as the root and the others put below it.
    SeveralRoots {
        /// The group taken as the root.
        root: String,
        /// The other groups without a parent.
        others: Vec<String>,
    },
    /// The tenant root group has a parent, which was ignored.
    RootHasParent {
        /// The root.
        root: String,
        /// The parent ignored.
        parent: String,
    },
    /// A group lies deeper than Azure allows.
    TooDeep {
        /// The group.
        group: String,
        /// Its depth.
        depth: usize,
    },
    /// There are more groups than Azure allows in a tenant.
    TooManyGroups {
        /// How many there are.
        count: usize,
    },
    /// A name that Azure would refuse.
    InvalidName {
        /// The name.
        group: String,
    },
}

impl HierarchyProblem {
    /// The stable code of the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingGroup { .. } => "hierarchy-missing-group",
            Self::SeveralParents { .. } => "hierarchy-several-parents",
            Self::SeveralGroups { .. } => "hierarchy-several-groups",
            Self::Cycle { .. } => "hierarchy-cycle",
            Self::SeveralRoots { .. } => "hierarchy-several-roots",
            Self::RootHasParent { .. } => "hierarchy-root-has-parent",
            Self::TooDeep { .. } => "hierarchy-too-deep",
            Self::TooManyGroups { .. } => "hierarchy-too-many-groups",
            Self::InvalidName { .. } => "hierarchy-invalid-name",
        }
    }
}

impl fmt::Display for HierarchyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingGroup { group, referrer } => write!(
                f,
                "`{referrer}` belongs to the management group `{group}`, which is not in the data; it was put \
                 under the root"
            ),
            Self::SeveralParents { group, kept, ignored } => write!(
                f,
                "the management group `{group}` has the parents `{kept}` and `{ignored}`; `{kept}` was kept"
            ),
            Self::SeveralGroups { subscription, kept, ignored } => write!(
                f,
                "the subscription `{subscription}` is in the management groups `{kept}` and `{ignored}`; \
                 `{kept}` was kept"
            ),
            Self::Cycle { groups } => write!(
                f,
                "the management groups `{}` are their own ancestors; `{}` was put under the root",
                groups.join("` → `"),
                groups.iter().min().map_or("", String::as_str)
            ),
            Self::SeveralRoots { root, others } => write!(
                f,
                "{} management groups have no parent; `{root}` was taken as the root, the others (`{}`) were \
                 put below it",
                others.len() + 1,
                others.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("`, `")
            ),
            Self::RootHasParent { root, parent } => {
                write!(f, "the tenant root group `{root}` has the parent `{parent}`, which was ignored")
            }
            Self::TooDeep { group, depth } => write!(
                f,
                "the management group `{group}` lies {depth} levels below the root; Azure allows {MAX_DEPTH}"
            ),
            Self::TooManyGroups { count } => {
                write!(f, "there are {count} management groups; Azure allows {MAX_GROUPS}")
            }
            Self::InvalidName { group } => {
                write!(f, "`{group}` is no name that Azure accepts for a management group")
            }
        }
    }
}
