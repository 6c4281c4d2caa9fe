//! Who asks, where, and how rows are stored: of a service there is nothing to tell here, and these functions answer as the
//! reference says for rows that are not the service's own.

use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::strings::written;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::stable(&["current_cluster_endpoint"], |_, _| Ok(Value::string(""))),
    Function::stable(&["current_database"], |_, _| Ok(Value::string(""))),
    Function::stable(&["current_node_id"], |_, _| Ok(Value::string(""))),
    Function::stable(&["current_principal"], |_, _| Ok(Value::string(""))),
    Function::stable(&["current_principal_details"], |_, _| Ok(Value::dynamic(Json::Object(Vec::new())))),
    Function::stable(&["current_principal_is_member_of"], |_, _| Ok(Value::Bool(false))),
    Function::stable(&["cursor_after"], cursor_after),
    Function::stable(&["cursor_before_or_at"], cursor_before_or_at),
    Function::stable(&["cursor_current"], |_, _| Ok(Value::string(""))),
    Function::pure(&["estimate_data_size"], estimate_data_size),
    // Rows without an extent have the empty id and no tags.
    Function::stable(&["extent_id"], |_, _| Ok(Value::Guid(0))),
    Function::stable(&["extent_tags"], |_, _| Ok(Value::array(Vec::new()))),
    // Tables that tell their times of ingestion have a hidden column, which stands in the place of the call before a query
    // runs (`azimuth_rows::ingestion`); for all others it is null.
    Function::stable(&["ingestion_time"], |_, _| Ok(Value::Null)),
];

/// `cursor_after('')`: all rows. There are no cursors to compare others with.
fn cursor_after(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    if written(&arguments[0]).is_empty() { Ok(Value::Bool(true)) } else { Err(no_cursor()) }
}

/// `cursor_before_or_at(cursor)`: what `cursor_current()` gives holds for all rows.
fn cursor_before_or_at(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    if written(&arguments[0]).is_empty() { Ok(Value::Bool(true)) } else { Err(no_cursor()) }
}

fn no_cursor() -> Refusal {
    Refusal::new("tables here have no database cursors; compare a column of time instead")
}

/// `estimate_data_size(column, …)`: the bytes of the values: 8 of a number or moment, 4 of an `int`, 1 of a `bool`, 16 of a
/// `guid` or `decimal`, the text of a `string`; of a `dynamic` its text and as much again for its structure.
fn estimate_data_size(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let size = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) => 4,
        Value::Long(_) | Value::Real(_) | Value::DateTime(_) | Value::TimeSpan(_) => 8,
        Value::Decimal(_) | Value::Guid(_) => 16,
        Value::String(text) => text.len(),
        Value::Dynamic(json) => 2 * json.to_text().len(),
    };
    Ok(Value::Long(arguments.iter().map(size).sum::<usize>() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_is_larger_than_its_text() {
        let context = Context::new(0, 0);
        let size = |value: Value| estimate_data_size(&context, &[value]).unwrap().as_long().unwrap();
        let text = r#"{"a":"bcd"}"#;
        assert_eq!(size(Value::string(text)), 11);
        assert!(size(Value::dynamic(Json::parse(text).unwrap())) > 11);
        assert_eq!(estimate_data_size(&context, &[Value::Long(1), "1234567890".into()]), Ok(Value::Long(18)));
    }
}
