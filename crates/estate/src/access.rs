//! Who can do what in the estate: its role definitions, assignments, denies and locks as one model.
//!
//! The rules are in `azimuth-access`; here its documents are gathered, with the hierarchy above subscriptions and
//! the directory's group membership.

use azimuth_access::{
    AccessDocuments, AccessModel, DenyAssignment, DocumentError, Lock, Membership, RoleAssignment,
    RoleDefinition, ScopeRoot, Scopes,
};

use crate::directory::Directory;
use crate::hierarchy::Hierarchy;
use crate::snapshot::{Entry, Snapshot};

/// A document that access control cannot use, and why.
#[derive(Debug)]
pub struct AccessProblem {
    /// The document's id as written.
    pub id: String,
    /// What is wrong with it.
    pub error: DocumentError,
}

impl Snapshot {
    /// The access model of the snapshot, and the documents that it had to leave out.
    pub fn access(&self) -> (AccessModel<'_>, Vec<AccessProblem>) {
        let mut problems = Vec::new();
        let documents = AccessDocuments {
            roles: self.documents("roleDefinitions", RoleDefinition::from_json, &mut problems),
            assignments: self.documents("roleAssignments", RoleAssignment::from_json, &mut problems),
            denies: self.documents("denyAssignments", DenyAssignment::from_json, &mut problems),
            locks: self.documents("locks", Lock::from_json, &mut problems),
        };
        (AccessModel::new(documents, Groups(self.hierarchy()), Members(self.directory())), problems)
    }

    fn documents<T>(
        &self,
        kind: &str,
        read: impl Fn(&serde_json::Value) -> Result<T, DocumentError>,
        problems: &mut Vec<AccessProblem>,
    ) -> Vec<T> {
        let read = |entry: Entry<'_>| {
            read(&entry.value())
                .map_err(|error| problems.push(AccessProblem { id: entry.id().into_owned(), error }))
                .ok()
        };
        self.of_type(&format!("Microsoft.Authorization/{kind}")).filter_map(read).collect()
    }
}

/// The management groups above a scope.
struct Groups<'a>(&'a Hierarchy);

impl Scopes for Groups<'_> {
    fn groups_above(&self, root: ScopeRoot<'_>) -> Option<Vec<String>> {
        match root {
            ScopeRoot::Tenant => Some(Vec::new()),
            ScopeRoot::ManagementGroup(name) => self.0.group(name).map(|_| self.0.ancestors(name)),
            ScopeRoot::Subscription(id) => {
                self.0.group_of_subscription(id).map(|_| self.0.ancestors_of_subscription(id))
            }
        }
    }
}

/// Group membership as the directory shows it; a group it does not know has unknown members.
struct Members<'a>(&'a Directory);

impl Membership for Members<'_> {
    fn groups_of(&self, principal: &str) -> Vec<String> {
        self.0.groups_of(principal).into_iter().map(str::to_owned).collect()
    }

    fn members_of(&self, group: &str) -> Option<Vec<String>> {
        let known = self.0.group(group).is_some();
        let members = self.0.members_of(group);
        (known && !members.is_empty()).then(|| members.into_iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use azimuth_access::{Plane, Scope, Target};
    use azimuth_ids::DocumentKey;

    use super::*;

    #[test]
    fn rights_come_through_groups_of_both_kinds() {
        let group = "/providers/Microsoft.Management/managementGroups/corp";
        let assignment = format!("{group}/providers/Microsoft.Authorization/roleAssignments/a1");
        let mut builder = Snapshot::builder();
        for (key, body) in [
            (
                group.to_owned(),
                format!(r#"{{"id":"{group}","name":"corp","properties":{{"tenantId":"corp"}}}}"#),
            ),
            (format!("{group}/subscriptions/s1"), "{}".to_owned()),
            (
                assignment.clone(),
                format!(
                    r#"{{"id":"{assignment}","properties":{{"principalId":"G1","scope":"{group}","roleDefinitionId":
                    "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}}}}"#
                ),
            ),
            (
                "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/bad".to_owned(),
                "{}".to_owned(),
            ),
            ("graph:/groups/g1".to_owned(), "{}".to_owned()),
            ("graph:/groups/g1/members/u1".to_owned(), "{}".to_owned()),
        ] {
            builder.push(&DocumentKey::parse(&key).unwrap(), body);
        }
        let snapshot = builder.finish();
        let (model, problems) = snapshot.access();
        assert_eq!(problems.len(), 1);
        let scope = Scope::parse("/subscriptions/S1/resourceGroups/web").unwrap();
        let target = Target { action: "Microsoft.Web/sites/delete", plane: Plane::Control, scope: &scope };
        let grants = model.who_can(&target);
        assert_eq!(grants.len(), 1);
        assert_eq!((grants[0].principal.as_str(), grants[0].via), ("u1", Some("G1")));
        assert_eq!(grants[0].role_name(), "Owner");
        assert_eq!(model.what_can("U1").grants.len(), 1);
    }
}
