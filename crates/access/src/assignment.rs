//! Role assignments and deny assignments: who, what, where, and on which condition.

use azimuth_ids::fold;
use serde_json::Value;

use crate::condition::Condition;
use crate::document::{DocumentError, Object};
use crate::role::Permission;
use crate::scope::{Scope, last_segment, scope_before};

/// The principal id that stands for everyone in a system-defined deny assignment.
pub const ALL_PRINCIPALS: &str = "00000000-0000-0000-0000-000000000000";

/// A role assignment.
#[derive(Clone, Debug)]
pub struct RoleAssignment {
    /// The full id.
    pub id: String,
    /// The GUID of the role, case-folded.
    pub(crate) role: Box<str>,
    /// The principal, case-folded.
    pub(crate) principal: Box<str>,
    /// The principal's id as written.
    pub principal_id: String,
    /// `User`, `Group`, `ServicePrincipal`, `ForeignGroup` or `Device`, if given.
    pub principal_type: Option<String>,
    /// Where it holds, with everything below.
    pub scope: Scope,
    /// The condition that must be true of each request.
    pub condition: Option<Condition>,
}

impl RoleAssignment {
    /// Reads an assignment in the REST shape, or flattened as `az role assignment list` prints it. A missing
    /// `scope` is taken from the id.
    ///
    /// # Errors
    /// [`DocumentError`] with the JSON path of what is missing or wrong.
    pub fn from_json(document: &Value) -> Result<Self, DocumentError> {
        let root = Object::root(document)?;
        let properties = root.properties()?;
        let id = root.required("id")?;
        let principal_id = properties.required("principalId")?;
        let scope = read_scope(&properties, id, "/providers/Microsoft.Authorization/roleAssignments")?;
        Ok(Self {
            id: id.to_owned(),
            role: fold(last_segment(properties.required("roleDefinitionId")?)).into(),
            principal: fold(principal_id).into(),
            principal_id: principal_id.to_owned(),
            principal_type: properties.text("principalType")?.map(str::to_owned),
            scope,
            condition: properties.text("condition")?.map(Condition::new),
        })
    }

    /// The GUID of the role assigned, in lower case.
    pub fn role_guid(&self) -> &str {
        &self.role
    }
}

/// A deny assignment: takes actions from principals whatever roles they have. Azure makes them itself, for managed
/// applications, deployment stacks and blueprints.
#[derive(Clone, Debug)]
pub struct DenyAssignment {
    /// The full id.
    pub id: String,
    /// The name shown to people; the last segment of the id if the document has none.
    pub name: String,
    /// Where it holds.
    pub scope: Scope,
    /// Whether it holds at its scope only and not below.
    pub does_not_apply_to_children: bool,
    /// Who is denied, case-folded.
    pub(crate) principals: Vec<Box<str>>,
    /// Who is not, case-folded.
    pub(crate) excluded: Vec<Box<str>>,
    /// What is denied.
    pub permissions: Vec<Permission>,
    /// The condition that must be true for it to deny.
    pub condition: Option<Condition>,
}

impl DenyAssignment {
    /// Reads a deny assignment in the REST shape.
    ///
    /// # Errors
    /// [`DocumentError`] with the JSON path of what is missing or wrong.
    pub fn from_json(document: &Value) -> Result<Self, DocumentError> {
        let root = Object::root(document)?;
        let properties = root.properties()?;
        let id = root.required("id")?;
        let principals = |name| -> Result<Vec<Box<str>>, DocumentError> {
            let entries = properties.objects(name)?.unwrap_or_default();
            entries.iter().map(|entry| Ok(fold(entry.required("id")?).into())).collect()
        };
        let entries = properties.objects("permissions")?.unwrap_or_default();
        Ok(Self {
            id: id.to_owned(),
            name: properties.text("denyAssignmentName")?.unwrap_or_else(|| last_segment(id)).to_owned(),
            scope: read_scope(&properties, id, "/providers/Microsoft.Authorization/denyAssignments")?,
            does_not_apply_to_children: properties.flag("doNotApplyToChildScopes")?,
            principals: principals("principals")?,
            excluded: principals("excludePrincipals")?,
            permissions: entries.iter().map(Permission::read).collect::<Result<_, _>>()?,
            condition: properties.text("condition")?.map(Condition::new),
        })
    }

    /// Whether it speaks of someone who is all of `identities` (themselves and their groups, case-folded).
    pub(crate) fn concerns(&self, identities: &[Box<str>]) -> bool {
        let names = |list: &[Box<str>]| {
            list.iter().any(|id| **id == *ALL_PRINCIPALS || identities.iter().any(|identity| identity == id))
        };
        names(&self.principals) && !names(&self.excluded)
    }
}

fn read_scope(properties: &Object<'_>, id: &str, provider: &str) -> Result<Scope, DocumentError> {
    let text = match properties.text("scope")? {
        Some(scope) => scope,
        None => scope_before(id, provider).ok_or_else(|| properties.error("scope", "is missing"))?,
    };
    Scope::parse(text).map_err(|error| properties.error("scope", error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_scope_comes_from_the_id() {
        let document = json!({
            "id": "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/1",
            "properties": {"principalId": "P", "roleDefinitionId": "/x/roleDefinitions/R"},
        });
        let assignment = RoleAssignment::from_json(&document).unwrap();
        assert_eq!(assignment.scope.as_str(), "/subscriptions/s");
        assert_eq!(assignment.role_guid(), "r");
    }

    #[test]
    fn errors_name_the_path() {
        let document = json!({"id": "/x", "properties": {"principalId": "P", "scope": "nowhere"}});
        let error = RoleAssignment::from_json(&document).unwrap_err();
        assert_eq!(error.path, "$.properties.scope");
        let document = json!({"id": "/x", "properties": {"scope": "/", "principals": [{"type": "User"}]}});
        assert_eq!(DenyAssignment::from_json(&document).unwrap_err().path, "$.properties.principals[0].id");
    }
}
