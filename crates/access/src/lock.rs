//! Resource locks: what nobody may change, whatever their roles.

use azimuth_ids::fold;
use serde_json::Value;

use crate::document::{DocumentError, Object};
use crate::role::Plane;
use crate::scope::{Scope, last_segment, scope_before};

/// What a lock forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockLevel {
    /// `CanNotDelete`: deletion.
    CanNotDelete,
    /// `ReadOnly`: deletion, writing, and every POST, for Azure cannot tell which of them only read (listing keys is
    /// one that it forbids).
    ReadOnly,
}

/// A lock on a subscription, resource group or resource; it holds for everything below. Management groups have none.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The full id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it forbids.
    pub level: LockLevel,
    /// Where it holds.
    pub scope: Scope,
    /// What its makers say about it.
    pub notes: Option<String>,
}

impl Lock {
    /// Reads a lock in the REST shape, or flattened as `az lock list` prints it.
    ///
    /// # Errors
    /// [`DocumentError`] with the JSON path of what is missing or wrong.
    pub fn from_json(document: &Value) -> Result<Self, DocumentError> {
        let root = Object::root(document)?;
        let properties = root.properties()?;
        let id = root.required("id")?;
        let level = match properties.required("level")? {
            level if level.eq_ignore_ascii_case("CanNotDelete") => LockLevel::CanNotDelete,
            level if level.eq_ignore_ascii_case("ReadOnly") => LockLevel::ReadOnly,
            other => {
                let problem = format!("expected `CanNotDelete` or `ReadOnly`, found `{other}`");
                return Err(properties.error("level", problem));
            }
        };
        let scope = scope_before(id, "/providers/Microsoft.Authorization/locks");
        let scope = scope.ok_or_else(|| root.error("id", "is not the id of a lock"))?;
        Ok(Self {
            id: id.to_owned(),
            name: root.text("name")?.unwrap_or_else(|| last_segment(id)).to_owned(),
            level,
            scope: Scope::parse(scope).map_err(|error| root.error("id", error.to_string()))?,
            notes: properties.text("notes")?.map(str::to_owned),
        })
    }

    /// Whether the lock forbids an action, wherever it is done. Only the control plane knows locks, and locks
    /// themselves stay manageable (Azure Resource Manager, "Lock your resources").
    pub fn forbids(&self, plane: Plane, action: &str) -> bool {
        let action = fold(action);
        if plane == Plane::Data || action.starts_with("microsoft.authorization/locks/") {
            return false;
        }
        let verb = last_segment(&action);
        match self.level {
            LockLevel::CanNotDelete => verb == "delete",
            LockLevel::ReadOnly => matches!(verb, "delete" | "write" | "action"),
        }
    }

    /// Whether the lock stands in the way of an action at a scope: it lies there or above; or the action deletes
    /// the scope and the lock lies below, for a group goes only with everything in it.
    pub fn blocks(&self, plane: Plane, action: &str, scope: &Scope) -> bool {
        let deletes = last_segment(action).eq_ignore_ascii_case("delete");
        let reaches = scope.is_within(&self.scope) || deletes && self.scope.is_within(scope);
        reaches && self.forbids(plane, action)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_and_reach() {
        let lock = |level: &str| {
            Lock::from_json(&json!({
                "id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Authorization/locks/keep",
                "name": "keep", "properties": {"level": level, "notes": "billing"},
            }))
            .unwrap()
        };
        let scope = |text: &str| Scope::parse(text).unwrap();
        let (below, above) =
            (scope("/subscriptions/S/resourcegroups/RG/providers/a/b/c"), scope("/subscriptions/s"));
        let beside = scope("/subscriptions/s/resourceGroups/rg2");
        let keep = lock("cannotdelete");
        assert!(keep.blocks(Plane::Control, "a/b/delete", &below));
        assert!(keep.blocks(Plane::Control, "Microsoft.Resources/subscriptions/delete", &above));
        assert!(!keep.blocks(Plane::Control, "a/b/delete", &beside));
        assert!(!keep.blocks(Plane::Control, "a/b/write", &below));
        assert!(!keep.blocks(Plane::Data, "a/b/delete", &below));
        let read_only = lock("ReadOnly");
        assert!(read_only.blocks(Plane::Control, "a/b/write", &below));
        assert!(read_only.blocks(
            Plane::Control,
            "Microsoft.Storage/storageAccounts/listKeys/action",
            &below
        ));
        assert!(!read_only.blocks(Plane::Control, "a/b/read", &below));
        assert!(!read_only.blocks(Plane::Control, "a/b/write", &above));
        assert!(!read_only.blocks(Plane::Control, "Microsoft.Authorization/locks/delete", &below));
        let wrong =
            json!({"id": "/x/providers/Microsoft.Authorization/locks/a", "properties": {"level": "Soft"}});
        assert_eq!(Lock::from_json(&wrong).unwrap_err().path, "$.properties.level");
    }
}
