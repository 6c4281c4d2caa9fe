//! `normalization-cases.jsonl`: a resource → its flattened form, and back.

use azimuth_policy::{Catalogue, denormalize, normalize};
use serde_json::{Value, json};

use super::document::same;

pub(super) fn run(case: &Value) -> Result<(), String> {
    let mut catalogue = Catalogue::empty();
    for part in ["aliases", "data_manifest"] {
        if case[part].is_array() || case[part].is_object() {
            catalogue.add_providers(&case[part].to_string()).map_err(|error| error.to_string())?;
        }
    }
    let version = case["api_version"].as_str();
    let (input, expect) = (&case["input"], &case["expect"]);
    let check = |what: &str, found: &Value, wanted: &Value| {
        if same(found, wanted) { Ok(()) } else { Err(format!("{what}: expected {wanted}, got {found}")) }
    };
    if let Some(wanted) = expect.get("normalized") {
        check("normalized", &normalize(input, &catalogue, version), wanted)?;
    }
    if let Some(wanted) = expect.get("denormalized") {
        check("denormalized", &denormalize(input, &catalogue, version), wanted)?;
    }
    if let Some(wanted) = expect.get("envelope") {
        let part = |name: &str| case.get(name).cloned().unwrap_or_else(|| json!({}));
        let envelope = json!({
            "resource": normalize(input, &catalogue, version),
            "context": part("context"),
            "parameters": part("parameters"),
        });
        check("envelope", &envelope, wanted)?;
    }
    if case["round_trip"] == Value::Bool(true) {
        let back = denormalize(&normalize(input, &catalogue, version), &catalogue, version);
        check("round trip", &back, expect.get("round_trip").unwrap_or(input))?;
    }
    if case["reverse_round_trip"] == Value::Bool(true) {
        let back = normalize(&denormalize(input, &catalogue, version), &catalogue, version);
        check("reverse round trip", &back, expect.get("reverse_round_trip").unwrap_or(input))?;
    }
    Ok(())
}
