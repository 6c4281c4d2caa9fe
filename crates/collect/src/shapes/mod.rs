//! The shapes of records: one file for each service that writes them, and who recognises which.
//!
//! A shape gives every record its table and its members the names of columns; the types are those of the table
//! ([`crate::layout`]). A record is recognised by the members that it has, not by where it came from.

mod activity;
mod categories;
mod cloudtrail;
mod defender;
mod diagnostics;
mod entra;
mod flows;
mod office;
pub(crate) mod windows;

use std::borrow::Cow;

use crate::json;
use crate::record::{Cell, Fault, Record, Row};
use crate::tables;

/// What is known of records beside themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// The table that was named; then no shape is looked for
    pub(crate) table: Option<String>,
    /// The table, resource and category that the file's path tells
    pub(crate) path: PathHints,
    /// Whether services that have both modes go to `AzureDiagnostics`
    pub(crate) azure_diagnostics: bool,
}

/// What the path of a file tells of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathHints {
    /// The table: `SigninLogs.json`, `folder/Own_CL.2024.ndjson`
    pub(crate) table: Option<String>,
    /// The resource: `resourceId=/SUBSCRIPTIONS/…/y=2024/…`
    pub(crate) resource_id: Option<String>,
    /// The table of records that nothing else tells
    pub(crate) custom: Option<String>,
}

impl PathHints {
    /// What a path tells; the separators of every system are understood.
    pub(crate) fn of(path: &str) -> Self {
        let path = path.replace('\\', "/");
        let name = path.rsplit('/').next().unwrap_or("");
        let stem: String =
            name.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        // Exports add numbers and dates to a table's name: `AuditLogs_2024-01-01.json`.
        let table = tables::known(&stem)
            .map(|table| table.name().to_owned())
            .or_else(|| stem.find("_CL").map(|end| stem[..end + 3].to_owned()).filter(|name| name.len() > 3));
        let lower = path.to_ascii_lowercase();
        let resource_id = lower.find("resourceid=/").map(|start| {
            let rest = &path[start + "resourceid=".len()..];
            rest[..rest.find("/y=").unwrap_or(rest.len())].to_owned()
        });
        let starts_well = stem.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let custom =
            (!stem.is_empty() && stem.len() <= 45).then(|| match (starts_well, stem.ends_with("_CL")) {
                (true, true) => stem.clone(),
                (true, false) => format!("{stem}_CL"),
                (false, _) => format!("Records_{stem}_CL"),
            });
        Self { table, resource_id, custom }
    }
}

/// A shape: whether it is that of a record, and the records that it becomes.
type Shape = (fn(&Row<'_>) -> bool, for<'a> fn(Row<'a>, &Context, &mut Vec<Record<'a>>) -> Result<(), Fault>);

/// All shapes, those that are told apart by less behind those that need more.
const SHAPES: [Shape; 12] = [
    (flows::is_virtual_network, flows::virtual_network),
    (diagnostics::is, diagnostics::records),
    (activity::is_rest, activity::rest),
    (office::is, office::records),
    (cloudtrail::is, cloudtrail::records),
    (defender::is_alert, defender::alert),
    (defender::is_incident, defender::incident),
    (defender::is_cloud_alert, defender::cloud_alert),
    (entra::is_sign_in, entra::sign_in),
    (entra::is_other, entra::other),
    (windows::is_forwarded, windows::forwarded),
    (windows::is_nested, windows::nested),
];

/// Where records go of which nothing tells the table.
const NO_TABLE: &str = "Records_CL";

/// Whether a name is one of a custom table: at most 63 letters, digits and `_`, a letter first, `_CL` at the end.
fn is_custom(name: &str) -> bool {
    name.len() > 3
        && name.len() <= 63
        && name.ends_with("_CL")
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Gives a record its table, or makes several records of it.
///
/// # Errors
/// When the record has a known shape and does not keep to it.
pub(crate) fn records<'a>(
    members: Row<'a>,
    context: &Context,
    out: &mut Vec<Record<'a>>,
) -> Result<(), Fault> {
    if let Some(table) = &context.table {
        out.push(Record::new(table.clone(), members));
        return Ok(());
    }
    // What a workspace exports says itself which table it is of.
    let ty = match members.get("$table") {
        Cell::Null => members.text("Type"),
        table => table.text().unwrap_or(""),
    };
    if tables::known(ty).is_some() || is_custom(ty) {
        let table = ty.to_owned();
        let mut row = members;
        row.take("$table");
        out.push(Record::new(table, row));
        return Ok(());
    }
    if !members.has("TimeGenerated")
        && let Some((_, read)) = SHAPES.iter().find(|(is, _)| is(&members))
    {
        return read(members, context, out);
    }
    let hinted = context.path.table.as_ref().or(context.path.custom.as_ref());
    out.push(Record::new(hinted.map_or(Cow::Borrowed(NO_TABLE), |table| table.clone().into()), members));
    Ok(())
}

/// The members of a cell that is an object, or an object written as text; the cell itself, if it is neither.
pub(crate) fn members(cell: Cell<'_>) -> Result<Row<'_>, Cell<'_>> {
    match cell {
        Cell::Json(Cow::Borrowed(text)) => json::object(text).map_err(|_| Cell::Json(text.into())),
        Cell::Json(Cow::Owned(text)) => {
            json::object(&text).map(Row::into_owned).map_err(|_| Cell::Json(text.clone().into()))
        }
        Cell::Text(text) if text.trim_start().starts_with('{') => {
            json::object(&text).map(Row::into_owned).map_err(|_| Cell::Text(text.clone()))
        }
        other => Err(other),
    }
}

/// The members of a member, taken out; none, if it is no object.
pub(crate) fn take_members<'a>(row: &mut Row<'a>, name: &str) -> Row<'a> {
    members(row.take(name)).unwrap_or_default()
}

/// The items of a cell that is an array.
pub(crate) fn items(cell: Cell<'_>) -> Vec<Cell<'_>> {
    match cell {
        Cell::Json(Cow::Borrowed(text)) => json::array(text).unwrap_or_default(),
        Cell::Json(Cow::Owned(text)) => {
            json::array(&text).unwrap_or_default().into_iter().map(Cell::into_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Sets columns to members under other names; the members are taken out.
fn rename(row: &mut Row<'_>, names: &[(&str, &'static str)]) {
    for (name, column) in names {
        row.rename(name, *column);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use serde_json::Value;

    use super::*;
    use crate::json::object;

    /// Tables and rows of one record, as the shapes leave them.
    pub(crate) fn shaped(text: &str) -> Vec<(String, Value)> {
        shaped_in(text, &Context::default())
    }

    pub(crate) fn shaped_in(text: &str, context: &Context) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        records(object(text).unwrap(), context, &mut out).unwrap();
        out.into_iter().map(|record| (record.table.into_owned(), record.row.to_map().into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::shaped;
    use super::*;

    #[test]
    fn paths_tell_tables_and_resources() {
        let of = PathHints::of;
        assert_eq!(of("/data/SigninLogs.training-lab.ndjson").table.as_deref(), Some("SigninLogs"));
        assert_eq!(of("c:\\x\\Own_CL_2024.json").table.as_deref(), Some("Own_CL"));
        assert_eq!(of("web-01.json").custom.as_deref(), Some("web_CL"));
        assert_eq!(of("").custom, None);
        let blob = "insights-logs-auditevent/resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/\
                    VAULTS/V/y=2024/m=01/d=02/h=03/m=00/PT1H.json";
        assert_eq!(
            of(blob).resource_id.as_deref(),
            Some("/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V")
        );
        assert_eq!(of(blob).table, None);
    }

    #[test]
    fn rows_of_a_table_say_so() {
        assert_eq!(shaped(r#"{"Type":"SigninLogs","a":1}"#)[0].0, "SigninLogs");
        assert_eq!(shaped(r#"{"$table":"Own_CL","a":1}"#)[0], ("Own_CL".into(), serde_json::json!({"a": 1})));
        for hostile in ["elsewhere", "../x_CL", "_CL", "1_CL"] {
            assert_eq!(shaped(&format!("{{\"Type\":\"{hostile}\"}}"))[0].0, NO_TABLE);
        }
    }
}
