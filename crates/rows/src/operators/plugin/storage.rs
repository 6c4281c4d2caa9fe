//! `infer_storage_schema`, with suggestions or without: the columns of documents that the host reads.
//!
//! An address is a document here, not a folder of them: the host lists nothing.

use azimuth_kql::types::ScalarType;
use azimuth_values::{Json, Value, text};

use super::Call;
use crate::external::{self, Probed};
use crate::run::Failure;
use crate::table::Table;

fn columns(call: &Call<'_>) -> Result<Vec<Probed>, Failure> {
    let options = call.constant(0)?;
    let option = |name: &str| options.as_json().and_then(|json| json.member(name)).cloned();
    let Some(Json::Array(containers)) = option("StorageContainers") else {
        return Err(call.refused("needs the option `StorageContainers`, an array of addresses"));
    };
    let word = |name: &str| option(name).map(|json| text::to_string(&json.to_value()));
    let extension = word("FileExtension").unwrap_or_default();
    let has_names = option("InferenceOptions")
        .and_then(|options| options.member("UseFirstRowAsHeader").cloned())
        .is_some_and(|json| json == Json::Bool(true));
    let mut addresses: Vec<String> =
        containers.iter().map(|json| text::to_string(&json.to_value())).collect();
    addresses.retain(|address| external::shown(address).ends_with(&extension));
    match word("Mode").as_deref() {
        Some("all") => {}
        Some("any") => addresses.truncate(1),
        _ => drop(addresses.drain(..addresses.len().saturating_sub(1))),
    }
    let mut columns: Vec<Probed> = Vec::new();
    for address in &addresses {
        let named = word("DataFormat").map(|format| format!("x.{format}"));
        let format = external::format_of(named.as_deref().unwrap_or(address))?;
        for document in external::documents(call.run, address, None)? {
            let found = external::columns_of(&document, format, has_names);
            found.into_iter().for_each(|column| column.join(&mut columns));
        }
    }
    Ok(columns)
}

/// `infer_storage_schema(options)`: one text, `name:type, …`.
pub(super) fn infer_storage_schema(call: &Call<'_>) -> Result<Table, Failure> {
    let columns: Vec<String> =
        columns(call)?.iter().map(|column| format!("{}:{}", column.name, column.ty())).collect();
    Ok(Table::new(call.schema.clone(), vec![vec![columns.join(", ").into()]]))
}

/// `infer_storage_schema_with_suggestions(options)`: one text of JSON. A `long` whose name ends with `id` should be a `string`,
/// one whose numbers are moments of Unix time a `datetime`.
pub(super) fn infer_storage_schema_with_suggestions(call: &Call<'_>) -> Result<Table, Failure> {
    let told = columns(call)?.into_iter().map(|column| {
        let is_long = column.ty() == ScalarType::Long;
        let is_id = is_long && column.name.to_ascii_lowercase().ends_with("id");
        let (ty, mapping) = match column.sample.filter(|_| is_long).and_then(unix_unit) {
            _ if is_id => (ScalarType::String, "None"),
            Some(mapping) => (ScalarType::Datetime, mapping),
            None => (column.ty(), "None"),
        };
        object(vec![
            ("OriginalColumn", described(&column.name, column.ty())),
            ("RecommendedColumn", described(&column.name, ty)),
            ("ApplicableTransformationMapping", Json::string(mapping)),
        ])
    });
    let json = object(vec![("Columns", Json::Array(told.collect()))]);
    Ok(Table::new(call.schema.clone(), vec![vec![Value::string(json.to_text())]]))
}

/// The mapping that makes a number a moment between 1990 and 2100.
fn unix_unit(number: i64) -> Option<&'static str> {
    const UNITS: [(i64, &str); 4] = [
        (1, "DateTimeFromUnixSeconds"),
        (1_000, "DateTimeFromUnixMilliseconds"),
        (1_000_000, "DateTimeFromUnixMicroseconds"),
        (1_000_000_000, "DateTimeFromUnixNanoseconds"),
    ];
    let is_moment = |(scale, _): &&(i64, &str)| (631_152_000..4_102_444_800).contains(&(number / scale));
    UNITS.iter().find(is_moment).map(|(_, mapping)| *mapping)
}

fn described(name: &str, ty: ScalarType) -> Json {
    use ScalarType as T;
    let is_numeric = matches!(ty, T::Int | T::Long | T::Real | T::Decimal);
    let is_summable = is_numeric || matches!(ty, T::Datetime | T::Timespan);
    object(vec![
        ("Name", Json::string(name)),
        (
            "CslType",
            object(vec![
                ("type", Json::string(ty.to_string())),
                ("IsNumeric", Json::Bool(is_numeric)),
                ("IsSummable", Json::Bool(is_summable)),
            ]),
        ),
    ])
}

fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, json)| (name.into(), json)).collect())
}
