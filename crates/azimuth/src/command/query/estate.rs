//! The estate as tables of Azure Resource Graph.
//!
//! Source: "Azure Resource Graph table and resource type reference" and "Understanding the query language" of its
//! documentation: which types lie in which table, the common columns, and that `type`, `location` and `resourceGroup` are in
//! lower case.

use azimuth_estate::{Entry, Snapshot};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::Engine;
use azimuth_rows::Table;
use azimuth_values::{Json, Value};

use crate::exit::Failure;

/// The common columns.
const COLUMNS: [(&str, ScalarType); 16] = [
    ("id", ScalarType::String),
    ("name", ScalarType::String),
    ("type", ScalarType::String),
    ("tenantId", ScalarType::String),
    ("kind", ScalarType::String),
    ("location", ScalarType::String),
    ("resourceGroup", ScalarType::String),
    ("subscriptionId", ScalarType::String),
    ("managedBy", ScalarType::String),
    ("sku", ScalarType::Dynamic),
    ("plan", ScalarType::Dynamic),
    ("properties", ScalarType::Dynamic),
    ("tags", ScalarType::Dynamic),
    ("identity", ScalarType::Dynamic),
    ("zones", ScalarType::Dynamic),
    ("extendedLocation", ScalarType::Dynamic),
];

/// Tables by the spelling of the reference, and what a type that belongs there begins with; the first that fits counts.
const TABLES: [(&str, &[&str]); 14] = [
    (
        "resourcecontainers",
        &[
            "microsoft.management/managementgroups",
            "microsoft.resources/subscriptions",
            "microsoft.resources/subscriptions/resourcegroups",
        ],
    ),
    (
        "policyresources",
        &[
            "microsoft.authorization/policyassignments",
            "microsoft.authorization/policydefinitions",
            "microsoft.authorization/policysetdefinitions",
            "microsoft.authorization/policyexemptions",
            "microsoft.policyinsights/",
        ],
    ),
    (
        "authorizationresources",
        &[
            "microsoft.authorization/roleassignments",
            "microsoft.authorization/roledefinitions",
            "microsoft.authorization/classicadministrators",
        ],
    ),
    ("securityresources", &["microsoft.security/"]),
    ("advisorresources", &["microsoft.advisor/"]),
    ("alertsmanagementresources", &["microsoft.alertsmanagement/alerts"]),
    ("guestconfigurationresources", &["microsoft.guestconfiguration/"]),
    (
        "healthresources",
        &["microsoft.resourcehealth/availabilitystatuses", "microsoft.resourcehealth/resourceannotations"],
    ),
    ("servicehealthresources", &["microsoft.resourcehealth/events"]),
    ("kubernetesconfigurationresources", &["microsoft.kubernetesconfiguration/"]),
    (
        "maintenanceresources",
        &[
            "microsoft.maintenance/applyupdates",
            "microsoft.maintenance/updates",
            "microsoft.maintenance/configurationassignments",
        ],
    ),
    (
        "patchassessmentresources",
        &[
            "microsoft.compute/virtualmachines/patchassessmentresults",
            "microsoft.hybridcompute/machines/patchassessmentresults",
        ],
    ),
    (
        "recoveryservicesresources",
        &["microsoft.recoveryservices/vaults/", "microsoft.dataprotection/backupvaults/"],
    ),
    ("resources", &[""]),
];

/// Other spellings in use, all of which the service takes.
const SPELLINGS: [(&str, &[&str]); 6] = [
    ("resources", &["Resources"]),
    ("resourcecontainers", &["ResourceContainers", "resourceContainers"]),
    ("policyresources", &["PolicyResources", "policyResources"]),
    ("authorizationresources", &["AuthorizationResources", "authorizationResources"]),
    ("securityresources", &["SecurityResources", "securityResources"]),
    ("advisorresources", &["AdvisorResources", "advisorResources"]),
];

/// Makes an estate tables of the engine.
pub(in crate::command) fn register(engine: &mut Engine, snapshot: &Snapshot) -> Result<(), Failure> {
    for (name, table) in tables(snapshot) {
        engine.register_rows(name, &table).map_err(Failure::input)?;
        let others = SPELLINGS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, others)| others);
        for other in others {
            // A function of that name: a second table would be counted twice by `union *`.
            let made = engine.catalog_mut().add_function(other, "()", &format!("{{ {name} }}"));
            made.map_err(|found| Failure::input(format_args!("{found:?}")))?;
        }
    }
    Ok(())
}

/// The names of the tables, in every spelling.
pub(in crate::command) fn table_names() -> impl Iterator<Item = &'static str> {
    let others = SPELLINGS.iter().flat_map(|(_, others)| others.iter().copied());
    TABLES.iter().map(|(name, _)| *name).chain(others)
}

fn tables(snapshot: &Snapshot) -> Vec<(&'static str, Table)> {
    let schema = Schema::new(COLUMNS.iter().map(|(name, ty)| Column::new(*name, *ty)).collect());
    let mut tables: Vec<(&str, Table)> =
        TABLES.iter().map(|(name, _)| (*name, Table::new(schema.clone(), Vec::new()))).collect();
    let tenant = snapshot.directory().tenant_id().unwrap_or_default();
    for entry in snapshot.entries() {
        if entry.resource_id().is_none() {
            continue;
        }
        let kind = entry.kind().to_ascii_lowercase();
        let place = TABLES.iter().position(|(name, types)| {
            types.iter().any(|known| match *name {
                "resourcecontainers" => kind == *known,
                _ => kind.starts_with(known),
            })
        });
        if let (Some(place), Some(row)) = (place, row(entry, &kind, tenant)) {
            tables[place].1.rows.push(row);
        }
    }
    tables
}

/// The row of a document; `None` for one whose body is no object.
fn row(entry: Entry<'_>, kind: &str, tenant: &str) -> Option<Vec<Value>> {
    let body = Json::parse(entry.body())?;
    let Json::Object(_) = body else { return None };
    let text = |name: &str| match body.member(name) {
        Some(Json::String(text)) => text.to_string(),
        _ => String::new(),
    };
    let id = entry.id();
    let group = segment_after(&id, "resourcegroups");
    Some(
        COLUMNS
            .iter()
            .map(|(name, _)| match *name {
                "id" => Value::string(&*id),
                "name" => {
                    let name = text("name");
                    Value::string(if name.is_empty() { entry.name().to_owned() } else { name })
                }
                "type" => Value::string(kind),
                "tenantId" => {
                    let own = text("tenantId");
                    Value::string(if own.is_empty() { tenant.to_owned() } else { own })
                }
                "location" => Value::string(text("location").to_lowercase()),
                "resourceGroup" => Value::string(group.to_lowercase()),
                "subscriptionId" => Value::string(entry.subscription_id().unwrap_or_default()),
                "kind" | "managedBy" => Value::string(text(name)),
                name => body
                    .member(name)
                    .filter(|json| **json != Json::Null)
                    .map_or(Value::Null, |json| Value::dynamic(json.clone())),
            })
            .collect(),
    )
}

/// The part of an id after a part of that name.
fn segment_after<'i>(id: &'i str, name: &str) -> &'i str {
    let mut parts = id.split('/');
    parts.by_ref().find(|part| part.eq_ignore_ascii_case(name));
    parts.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use azimuth_ids::DocumentKey;

    use super::*;

    #[test]
    fn documents_are_rows_of_their_tables() {
        let mut builder = Snapshot::builder();
        for (id, body) in [
            ("/subscriptions/00000000-0000-0000-0000-000000000001", r#"{"name": "one"}"#),
            (
                "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/Sa",
                r#"{"name": "Sa", "location": "WestEurope", "sku": {"name": "S"}, "tags": null}"#,
            ),
            (
                "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/policyAssignments/p",
                "{}",
            ),
            (
                "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleAssignments/r",
                "{}",
            ),
        ] {
            builder.push(&DocumentKey::parse(id).unwrap(), body.to_owned());
        }
        let tables = tables(&builder.finish());
        let rows = |name: &str| &tables.iter().find(|(known, _)| *known == name).unwrap().1.rows;
        assert_eq!(rows("resourcecontainers").len(), 1);
        assert_eq!(rows("policyresources").len(), 1);
        assert_eq!(rows("authorizationresources").len(), 1);
        let [account] = rows("resources").as_slice() else { panic!("{:?}", rows("resources")) };
        let value = |name: &str| &account[COLUMNS.iter().position(|(known, _)| *known == name).unwrap()];
        assert_eq!(value("type"), &Value::string("microsoft.storage/storageaccounts"));
        assert_eq!(value("location"), &Value::string("westeurope"));
        assert_eq!(value("resourceGroup"), &Value::string("rg"));
        assert_eq!(value("tags"), &Value::Null);
    }
}
