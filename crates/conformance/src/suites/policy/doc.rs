//! `doc-cases.jsonl`: everything around the rule.

mod authoring;
mod governance;
mod mutation;
mod resource;

use serde_json::Value;

pub(super) fn run(case: &Value) -> Result<(), String> {
    match case["kind"].as_str().unwrap_or_default() {
        "select" => resource::select(case),
        "function" => resource::function(case),
        "count" => resource::count(case),
        "applicability" => resource::applicability(case),
        "action" => resource::action(case),
        "mutate" => mutation::mutate(case),
        "conflict" => mutation::conflict(case),
        "order" => mutation::order(case),
        "layering" => mutation::layering(case),
        "enforcement" => mutation::enforcement(case),
        "compliance" => governance::compliance(case),
        "rollup" => governance::rollup(case),
        "percentage" => governance::percentage(case),
        "assignment" => governance::assignment(case),
        "override" => governance::overrides(case),
        "message" => governance::message(case),
        "initiative" => governance::initiative(case),
        "exemption" => governance::exemption(case),
        "comparison" => governance::comparison(case),
        "remediation" => governance::remediation(case),
        "authoring" => authoring::authoring(case),
        "reason" => authoring::reason(case),
        "limit" => authoring::limit(case),
        "deployment" => mutation::deployment(case),
        kind => Err(format!("there is no runner for `{kind}`")),
    }
}

/// Fine, or what was expected and what came.
fn check(found: &Value, wanted: &Value) -> Result<(), String> {
    if super::document::same(found, wanted) { Ok(()) } else { Err(format!("expected {wanted}, got {found}")) }
}
