//! Assignments in force at the target scope.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_policy::{Catalogue, parse_assignment, parse_definition};
use azimuth_preflight::{Assigned, Options, Pack, PackBuilder};

use crate::support::{all, context, now, run_with};

fn assigned(definitions: &[&str], assignments: &[&str]) -> Assigned {
    let source = |text: &str| Source::parse("d.json", text).unwrap();
    let definitions: Vec<_> = definitions
        .iter()
        .map(|text| {
            let source = source(text);
            Arc::new(parse_definition(&source, source.root(), "$").value.unwrap())
        })
        .collect();
    let assignments = assignments
        .iter()
        .map(|text| {
            let source = source(text);
            parse_assignment(&source, source.root(), "$").value.unwrap()
        })
        .collect();
    let (assigned, errors) =
        Assigned::new(Arc::new(Catalogue::bundled()), &definitions, Vec::new(), assignments, Vec::new());
    assert!(errors.is_empty(), "{errors:?}");
    assigned
}

const BASE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization";

fn assignment(name: &str, definition: &str) -> String {
    format!(
        r#"{{"id": "{BASE}/policyAssignments/{name}", "name": "{name}", "properties": {{"policyDefinitionId": "{BASE}/policyDefinitions/{definition}"}}}}"#
    )
}

#[test]
fn a_refused_request_has_the_body_of_azures_answer() {
    let deny = format!(
        r#"{{"id": "{BASE}/policyDefinitions/https", "name": "https", "properties": {{"displayName": "HTTPS only", "mode": "Indexed", "policyRule": {{
            "if": {{"allOf": [{{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}},
                {{"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "equals": false}}]}},
            "then": {{"effect": "deny"}}}}}}}}"#
    );
    let tag = format!(
        r#"{{"id": "{BASE}/policyDefinitions/tag", "name": "tag", "properties": {{"mode": "Indexed", "policyRule": {{
            "if": {{"field": "tags['env']", "exists": false}},
            "then": {{"effect": "modify", "details": {{"roleDefinitionIds": ["x"], "operations": [{{"operation": "add", "field": "tags['env']", "value": "prod"}}]}}}}}}}}}}"#
    );
    let assigned =
        assigned(&[&deny, &tag], &[&assignment("force-https", "https"), &assignment("set-tag", "tag")]);
    let (pack, _): (Pack, _) = PackBuilder::new().finish();
    let mut options = Options::new(context(), now());
    options.assigned = Some(&assigned);
    let template = r#"{"resources": [{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "st",
        "location": "westeurope", "properties": {"supportsHttpsTrafficOnly": false}}]}"#;
    let report = run_with(template, "", &pack, &options);
    assert_eq!(
        all(&report.findings),
        ["force-https main.json:2:78 `properties.supportsHttpsTrafficOnly` is `false`, wanted `true`"]
    );
    let error = &report.denials[0].body["error"];
    assert_eq!(error["code"], "RequestDisallowedByPolicy");
    assert!(error["message"].as_str().unwrap().contains("HTTPS only"), "{error}");
    assert_eq!(report.changes[0].rules, ["set-tag"]);
    assert_eq!(report.changes[0].properties[0].0, "/tags");
}
