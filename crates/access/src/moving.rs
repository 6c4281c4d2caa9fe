//! Who may move a management group or subscription to another management group.
//!
//! Management groups, "Moving management groups and subscriptions": on the child, write of the group or subscription
//! and write and delete of role assignments; on the old and the new parent, write of management groups, except where
//! that parent is the root; and no assignment on the child may lose the way to its custom role.

use azimuth_ids::{eq_fold, fold};
use thiserror::Error;

use crate::check::{Request, Verdict};
use crate::condition::Attributes;
use crate::model::AccessModel;
use crate::role::{Plane, RoleDefinition};
use crate::scope::{Scope, ScopeRoot};

const WRITE_GROUP: &str = "Microsoft.Management/managementGroups/write";
const WRITE_SUBSCRIPTION: &str = "Microsoft.Management/managementGroups/subscriptions/write";
const WRITE_ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments/write";
const DELETE_ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments/delete";

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// A management group with all below it.
    ManagementGroup,
    /// A subscription.
    Subscription,
}

/// The rights that a move asks for, at one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// `Microsoft.Management/managementGroups/write`
    pub write_group: bool,
    /// `Microsoft.Management/managementGroups/subscriptions/write`
    pub write_subscription: bool,
    /// `Microsoft.Authorization/roleAssignments/write` and `…/delete`
    pub manage_assignments: bool,
}

impl Rights {
    /// The rights that a role gives.
    pub fn of_role(role: &RoleDefinition) -> Self {
        Self::by(|action| role.covers(Plane::Control, action))
    }

    /// The rights that a principal certainly has at a scope.
    pub fn at(model: &AccessModel<'_>, principal: &str, scope: &Scope) -> Self {
        let attributes = Attributes::unknown();
        Self::by(|action| {
            let request =
                Request { principal, action, plane: Plane::Control, scope, attributes: &attributes };
            model.check(&request).verdict == Verdict::Allowed
        })
    }

    fn by(has: impl Fn(&str) -> bool) -> Self {
        Self {
            write_group: has(WRITE_GROUP),
            write_subscription: has(WRITE_SUBSCRIPTION),
            manage_assignments: has(WRITE_ASSIGNMENT) && has(DELETE_ASSIGNMENT),
        }
    }
}

/// A parent of the moved thing, before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// The tenant root group, on which no right is needed.
    Root,
    /// Another group, with the caller's rights there.
    Group(Rights),
}

/// A custom role that is assigned on the child or below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    /// Its name.
    pub name: String,
    /// The management groups among its assignable scopes.
    pub groups: Vec<String>,
}

impl CustomRole {
    /// The custom role of a definition; `None` for built-in roles, which are assignable everywhere.
    pub fn of(role: &RoleDefinition) -> Option<Self> {
        if role.is_built_in {
            return None;
        }
        let group = |text: &String| match Scope::parse(text).ok()?.root() {
            ScopeRoot::ManagementGroup(name) => Some(name.to_owned()),
            _ => None,
        };
        let groups = role.assignable_scopes.iter().filter_map(group).collect();
        Some(Self { name: role.name.clone(), groups })
    }
}

/// A move to be judged.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// What is moved.
    pub moved: Moved,
    /// The caller's rights on it.
    pub child: Rights,
    /// Whether the caller has those rights only by inheritance from the old parent; they are lost by the move, so
    /// the new parent must give them again.
    pub child_rights_come_from_old_parent: bool,
    /// The old parent.
    pub from: Parent,
    /// The new parent.
    pub to: Parent,
    /// Custom roles assigned on the child or below.
    pub custom_roles: &'a [CustomRole],
    /// The management groups at and above the new parent.
    pub new_ancestors: &'a [String],
    /// The management groups at and below the child that move along, so what is assignable there stays so.
    pub moved_groups: &'a [String],
}

/// Why a move is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MoveError {
    /// A right is missing.
    #[error("moving needs `{action}` on the {place}")]
    Forbidden {
        /// The missing action.
        action: &'static str,
        /// `child`, `old parent` or `new parent`.
        place: &'static str,
    },
    /// An assignment would lose the path to its role definition.
    #[error(
        "the custom role `{role}` is assigned here but cannot be assigned under the new parent; delete the assignment \
         or add the new parent's branch to the role's assignable scopes"
    )]
    RoleDefinitionPathBroken {
        /// The role.
        role: String,
    },
}

impl MoveError {
    /// One word for the kind of refusal, stable for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "Forbidden",
            Self::RoleDefinitionPathBroken { .. } => "RoleDefinitionPathBroken",
        }
    }
}

/// Whether a move is allowed. The shape of the tree (depth, cycles) is a matter of the hierarchy.
///
/// # Errors
/// [`MoveError`] names the first thing in the way.
pub fn check_move(request: &Move<'_>) -> Result<(), MoveError> {
    check_child(request.moved, request.child, "child")?;
    for (parent, place) in [(request.from, "old parent"), (request.to, "new parent")] {
        if let Parent::Group(rights) = parent {
            need(rights.write_group, WRITE_GROUP, place)?;
        }
    }
    if request.child_rights_come_from_old_parent {
        match request.to {
            Parent::Group(rights) => check_child(request.moved, rights, "new parent")?,
            Parent::Root => need(false, WRITE_ASSIGNMENT, "new parent")?,
        }
    }
    for role in request.custom_roles {
        let stays = |group: &String| {
            let mut reached = request.new_ancestors.iter().chain(request.moved_groups);
            reached.any(|known| eq_fold(known, group))
        };
        if !role.groups.is_empty() && !role.groups.iter().any(stays) {
            return Err(MoveError::RoleDefinitionPathBroken { role: role.name.clone() });
        }
    }
    Ok(())
}

fn check_child(moved: Moved, rights: Rights, place: &'static str) -> Result<(), MoveError> {
    match moved {
        Moved::ManagementGroup => need(rights.write_group, WRITE_GROUP, place)?,
        Moved::Subscription => need(rights.write_subscription, WRITE_SUBSCRIPTION, place)?,
    }
    need(rights.manage_assignments, WRITE_ASSIGNMENT, place)
}

fn need(has: bool, action: &'static str, place: &'static str) -> Result<(), MoveError> {
    if has { Ok(()) } else { Err(MoveError::Forbidden { action, place }) }
}

/// The custom roles assigned at a scope or below it, each once: what a move has to look at.
pub fn custom_roles_within(model: &AccessModel<'_>, is_within: impl Fn(&Scope) -> bool) -> Vec<CustomRole> {
    let mut found: Vec<CustomRole> = Vec::new();
    for assignment in model.assignments.iter().filter(|assignment| is_within(&assignment.scope)) {
        if let Some(role) = model.role_of(assignment).and_then(CustomRole::of)
            && !found.iter().any(|known| fold(&known.name) == fold(&role.name) && known.groups == role.groups)
        {
            found.push(role);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::built_in_role_named;

    fn rights(role: &str) -> Rights {
        built_in_role_named(role).map(Rights::of_role).unwrap_or_default()
    }

    fn check(child: &str, from: &str, to: &str, inherited: bool) -> &'static str {
        let parent = |role: &str| if role == "root" { Parent::Root } else { Parent::Group(rights(role)) };
        let request = Move {
            moved: Moved::Subscription,
            child: rights(child),
            child_rights_come_from_old_parent: inherited,
            from: parent(from),
            to: parent(to),
            custom_roles: &[],
            new_ancestors: &[],
            moved_groups: &[],
        };
        check_move(&request).map_or_else(|error| error.word(), |()| "OK")
    }

    #[test]
    fn rights_on_child_and_both_parents() {
        for (child, from, to, inherited, expected) in [
            ("Owner", "Contributor", "Management Group Contributor", false, "OK"),
            ("Owner", "Contributor", "Reader", false, "Forbidden"),
            ("Owner", "", "Owner", false, "Forbidden"),
            ("Owner", "Contributor", "root", false, "OK"),
            ("Owner", "root", "Contributor", false, "OK"),
            ("Contributor", "Owner", "Owner", false, "Forbidden"),
            ("User Access Administrator", "Owner", "Owner", false, "Forbidden"),
            ("Owner", "Owner", "Contributor", true, "Forbidden"),
            ("Owner", "Owner", "Owner", true, "OK"),
        ] {
            assert_eq!(check(child, from, to, inherited), expected, "{child} {from} {to} {inherited}");
        }
    }

    #[test]
    fn custom_roles_keep_their_path() {
        let owner = rights("Owner");
        let roles = [CustomRole { name: "r".into(), groups: vec!["Marketing".into()] }];
        let request = |new_ancestors: &'static [&'static str]| {
            let ancestors: Vec<String> = new_ancestors.iter().map(|name| (*name).to_owned()).collect();
            check_move(&Move {
                moved: Moved::ManagementGroup,
                child: owner,
                child_rights_come_from_old_parent: false,
                from: Parent::Group(owner),
                to: Parent::Group(owner),
                custom_roles: &roles,
                new_ancestors: &ancestors,
                moved_groups: &[],
            })
        };
        assert_eq!(request(&["production", "root"]).unwrap_err().word(), "RoleDefinitionPathBroken");
        assert_eq!(request(&["eu", "marketing", "root"]), Ok(()));
    }
}
