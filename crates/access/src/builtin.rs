//! Azure's built-in roles, for exports that hold assignments and no role definitions.
//!
//! The data file names its source. It holds the roles that decide most assessments, not all of Azure's several
//! hundred; a definition in the estate always takes precedence.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use azimuth_ids::fold;
use serde_json::Value;

use crate::role::RoleDefinition;
use crate::scope::last_segment;

static ROLES: LazyLock<BTreeMap<Box<str>, RoleDefinition>> = LazyLock::new(|| {
    let file: Value =
        serde_json::from_str(include_str!("data/builtin-roles.json")).expect("a test parses the data file");
    let roles = file["roles"].as_array().into_iter().flatten();
    let roles = roles.map(|role| RoleDefinition::from_json(role).expect("a test reads every role"));
    roles.map(|role| (role.key.clone(), role)).collect()
});

/// The built-in role of an id (with or without its scope), in any case.
pub fn built_in_role(id: &str) -> Option<&'static RoleDefinition> {
    ROLES.get(&*fold(last_segment(id)))
}

/// The built-in role of a name, in any case.
pub fn built_in_role_named(name: &str) -> Option<&'static RoleDefinition> {
    ROLES.values().find(|role| role.name.eq_ignore_ascii_case(name))
}

/// All built-in roles that are known here, in the order of their GUIDs.
pub fn built_in_roles() -> impl ExactSizeIterator<Item = &'static RoleDefinition> {
    ROLES.values()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Plane;

    #[test]
    fn the_data_file_reads() {
        assert!(built_in_roles().len() >= 24);
        for role in built_in_roles() {
            assert!(
                role.is_built_in && role.name != role.guid() && role.permissions.len() == 1,
                "{}",
                role.name
            );
            assert_eq!(built_in_role_named(&role.name.to_uppercase()).unwrap().guid(), role.guid());
        }
    }

    #[test]
    fn owners_manage_access_and_contributors_do_not() {
        let covers =
            |name: &str, action: &str| built_in_role_named(name).unwrap().covers(Plane::Control, action);
        let assign = "Microsoft.Authorization/roleAssignments/write";
        for (role, expected) in [
            ("Owner", true),
            ("Contributor", false),
            ("User Access Administrator", true),
            ("Role Based Access Control Administrator", true),
            ("Reader", false),
        ] {
            assert_eq!(covers(role, assign), expected, "{role}");
        }
        assert!(!covers(
            "Role Based Access Control Administrator",
            "Microsoft.Authorization/policyAssignments/write"
        ));
        let id = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/ACDD72A7-3385-48ef-bd42-f606fba81ae7";
        assert_eq!(built_in_role(id).unwrap().name, "Reader");
    }
}
