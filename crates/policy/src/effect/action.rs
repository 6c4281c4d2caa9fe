//! denyAction.

use crate::definition::{Definition, Mode};
use crate::fold::eq;

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deleting the resource.
    DeleteResource,
    /// Deleting its resource group.
    DeleteResourceGroup,
    /// Deleting its subscription.
    DeleteSubscription,
    /// Deleting its parent resource.
    DeleteParent,
    /// Anything else.
    Other,
}

/// Types whose deletion is never blocked, so that nobody is locked out.
const NEVER: &[&str] = &[
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/denyAssignments",
    "Microsoft.Authorization/locks",
    "Microsoft.Blueprint/blueprintAssignments",
    "Microsoft.Resources/deploymentStacks",
    "Microsoft.Resources/subscriptions",
];

/// Whether a denyAction policy whose condition holds for a resource of a type blocks an action.
pub fn blocks(definition: &Definition, resource_type: &str, action: Action) -> bool {
    if NEVER.iter().any(|name| eq(name, resource_type)) {
        return false;
    }
    let details = &definition.rule.details;
    let names_delete = details
        .written("actionNames")
        .and_then(|names| names.as_array())
        .is_some_and(|names| names.iter().any(|name| name.as_str().is_some_and(|name| eq(name, "delete"))));
    match action {
        Action::DeleteResource => names_delete,
        Action::DeleteResourceGroup => {
            let cascade =
                details.written("cascadeBehaviors").and_then(|behaviours| behaviours.get("resourceGroup"));
            let allows = cascade.is_some_and(|word| word.as_str().is_some_and(|word| eq(word, "allow")));
            names_delete && definition.mode == Mode::Indexed && !allows
        }
        Action::DeleteSubscription | Action::DeleteParent | Action::Other => false,
    }
}
