//! Role definitions: what a role permits.

use azimuth_ids::fold;
use serde_json::Value;

use crate::condition::Condition;
use crate::document::{DocumentError, Object};
use crate::pattern::{ActionPattern, any_matches};
use crate::scope::last_segment;

/// Which plane an action belongs to: the same words may name different things on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Management of resources through Resource Manager.
    Control,
    /// The data in them, such as blobs and secrets.
    Data,
}

/// One entry of `permissions`, as role definitions and deny assignments have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Permission {
    /// Control-plane actions.
    pub actions: Vec<ActionPattern>,
    /// Control-plane actions taken out of `actions` of this entry; no deny.
    pub not_actions: Vec<ActionPattern>,
    /// Data-plane actions.
    pub data_actions: Vec<ActionPattern>,
    /// Data-plane actions taken out of `data_actions` of this entry.
    pub not_data_actions: Vec<ActionPattern>,
    /// A condition of the entry itself.
    pub condition: Option<Condition>,
}

impl Permission {
    pub(crate) fn read(object: &Object<'_>) -> Result<Self, DocumentError> {
        let patterns = |name| -> Result<Vec<ActionPattern>, DocumentError> {
            Ok(object.texts(name)?.into_iter().map(ActionPattern::new).collect())
        };
        Ok(Self {
            actions: patterns("actions")?,
            not_actions: patterns("notActions")?,
            data_actions: patterns("dataActions")?,
            not_data_actions: patterns("notDataActions")?,
            condition: object.text("condition")?.map(Condition::new),
        })
    }

    /// The patterns of a plane: what is in and what is taken out again.
    pub fn patterns(&self, plane: Plane) -> (&[ActionPattern], &[ActionPattern]) {
        match plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        }
    }

    /// Whether the entry covers an action, its condition aside.
    pub fn covers(&self, plane: Plane, action: &str) -> bool {
        self.covers_folded(plane, &fold(action))
    }

    pub(crate) fn covers_folded(&self, plane: Plane, action: &str) -> bool {
        let (within, without) = self.patterns(plane);
        any_matches(within, action) && !any_matches(without, action)
    }
}

/// A role definition.
#[derive(Clone, Debug)]
pub struct RoleDefinition {
    /// The GUID by which assignments refer to it, case-folded.
    pub(crate) key: Box<str>,
    /// The full id.
    pub id: String,
    /// The name shown to people; the GUID if the document has none.
    pub name: String,
    /// Whether it is one of Azure's own (`BuiltInRole`).
    pub is_built_in: bool,
    /// The permission entries; they add up.
    pub permissions: Vec<Permission>,
    /// The scopes where it may be assigned.
    pub assignable_scopes: Vec<String>,
}

impl RoleDefinition {
    /// Reads a definition in the REST shape (`properties.roleName` …) or flattened as `az role definition list`
    /// prints it.
    ///
    /// # Errors
    /// [`DocumentError`] with the JSON path of what is missing or of another type.
    pub fn from_json(document: &Value) -> Result<Self, DocumentError> {
        let root = Object::root(document)?;
        let properties = root.properties()?;
        let id = match root.text("id")? {
            Some(id) => id,
            None => root.required("name")?,
        };
        let entries = properties.objects("permissions")?;
        let entries = entries.ok_or_else(|| properties.error("permissions", "is missing"))?;
        let kind = match properties.text("type")? {
            Some(kind) if !kind.contains('/') => Some(kind),
            _ => properties.text("roleType")?,
        };
        let key = fold(last_segment(id));
        Ok(Self {
            name: properties.text("roleName")?.unwrap_or(&key).to_owned(),
            key: key.into(),
            id: id.to_owned(),
            is_built_in: kind.is_some_and(|kind| kind.eq_ignore_ascii_case("BuiltInRole")),
            permissions: entries.iter().map(Permission::read).collect::<Result<_, _>>()?,
            assignable_scopes: properties.texts("assignableScopes")?.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The GUID of the role, in lower case.
    pub fn guid(&self) -> &str {
        &self.key
    }

    /// Whether one permission entry covers an action, conditions aside.
    pub fn covers(&self, plane: Plane, action: &str) -> bool {
        let folded = fold(action);
        self.permissions.iter().any(|permission| permission.covers_folded(plane, &folded))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_rest_and_flattened_shapes() {
        let rest = json!({
            "id": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/ABC",
            "properties": {
                "roleName": "Ops", "type": "CustomRole", "assignableScopes": ["/"],
                "permissions": [{"actions": ["*"], "notActions": ["*/delete"], "dataActions": null}],
            },
        });
        let role = RoleDefinition::from_json(&rest).unwrap();
        assert_eq!((role.guid(), role.name.as_str(), role.is_built_in), ("abc", "Ops", false));
        assert!(role.covers(Plane::Control, "A/b/write") && !role.covers(Plane::Control, "A/b/DELETE"));
        assert!(!role.covers(Plane::Data, "A/b/read"));

        let flat = json!({
            "name": "abc", "roleName": "Ops", "roleType": "BuiltInRole", "permissions": [],
            "type": "Microsoft.Authorization/roleDefinitions",
        });
        assert!(RoleDefinition::from_json(&flat).unwrap().is_built_in);
    }

    #[test]
    fn errors_name_the_path() {
        let wrong = json!({"id": "x", "properties": {"permissions": [{"actions": ["a", 1]}]}});
        let error = RoleDefinition::from_json(&wrong).unwrap_err();
        assert_eq!(
            error.to_string(),
            "$.properties.permissions[0].actions[1]: expected a text, found a number"
        );
        let missing = RoleDefinition::from_json(&json!({"id": "x"})).unwrap_err();
        assert_eq!(missing.to_string(), "$.permissions: is missing");
        assert!(RoleDefinition::from_json(&json!([])).is_err());
    }
}
