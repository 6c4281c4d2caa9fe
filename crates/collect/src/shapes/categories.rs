//! Which table a category of resource logs goes to.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::tables;

/// A table of the resource-specific mode.
#[derive(Clone, Copy, Debug)]
struct Destination {
    table: &'static str,
    /// Whether the service has the older mode as well
    is_optional: bool,
}

/// Tables by resource type and category, in lower case.
static CATEGORIES: LazyLock<HashMap<(String, String), Destination>> = LazyLock::new(|| {
    let lines = include_str!("../../data/categories.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            let key = (words.next()?.to_ascii_lowercase(), words.next()?.to_ascii_lowercase());
            Some((key, Destination { table: words.next()?, is_optional: words.next() == Some("optional") }))
        })
        .collect()
});

/// Public tables by their name in lower case.
static TABLES: LazyLock<HashMap<String, &'static str>> =
    LazyLock::new(|| tables::all().map(|table| (table.name().to_ascii_lowercase(), table.name())).collect());

/// The public table of a name in any letter case.
pub(super) fn table_named(name: &str) -> Option<&'static str> {
    TABLES.get(&name.to_ascii_lowercase()).copied()
}

/// The table of a category in the resource-specific mode; `None` where the service has only `AzureDiagnostics`, or where it has
/// both and the older one is wanted.
pub(super) fn table(resource_type: &str, category: &str, azure_diagnostics: bool) -> Option<&'static str> {
    let (resource_type, category) = (resource_type.to_ascii_lowercase(), category.to_ascii_lowercase());
    let of = |ty: &str| CATEGORIES.get(&(ty.to_owned(), category.clone()));
    match of(&resource_type).or_else(|| of("*")) {
        Some(found) if found.is_optional && azure_diagnostics => None,
        Some(found) => Some(found.table),
        // The categories of Azure Firewall are named after their tables, and have the older mode too.
        None if category.starts_with("azfw") && azure_diagnostics => None,
        None if resource_type.starts_with("microsoft.databricks/") => {
            table_named(&format!("databricks{category}"))
        }
        None => table_named(&category).filter(|table| *table != "AzureDiagnostics"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_a_public_one() {
        assert!(CATEGORIES.len() > 80);
        for ((ty, category), found) in &*CATEGORIES {
            assert!(tables::known(found.table).is_some(), "{ty} {category}");
        }
    }

    #[test]
    fn categories_go_where_the_documentation_says() {
        assert_eq!(table("Microsoft.KeyVault/vaults", "AuditEvent", false), Some("AZKVAuditLogs"));
        assert_eq!(table("Microsoft.KeyVault/vaults", "AuditEvent", true), None);
        assert_eq!(table("microsoft.web/sites", "AppServiceHTTPLogs", true), Some("AppServiceHTTPLogs"));
        assert_eq!(
            table("MICROSOFT.STORAGE/STORAGEACCOUNTS/BLOBSERVICES", "StorageRead", true),
            Some("StorageBlobLogs")
        );
        assert_eq!(table("microsoft.cdn/profiles", "FrontDoorAccessLog", false), None);
        assert_eq!(table("microsoft.databricks/workspaces", "dbfs", false), Some("DatabricksDBFS"));
        assert_eq!(table("microsoft.sql/servers/databases", "Deadlocks", false), None);
    }
}
