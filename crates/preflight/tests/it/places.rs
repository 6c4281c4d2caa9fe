//! Every finding names the template's own line and column.

use crate::support::{all, pack, pack_with, run};

const TLS: (&str, &str) = (
    "TLS",
    r#"{"allOf": [
        {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        {"anyOf": [
            {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "exists": false},
            {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "TLS1_2"}
        ]}
    ]}"#,
);

fn account(properties: &str) -> String {
    format!(
        "{{\n  \"parameters\": {{\"tls\": {{\"type\": \"string\", \"defaultValue\": \"TLS1_0\"}}}},\n  \"resources\": [\n    {{\n      \"type\": \"Microsoft.Storage/storageAccounts\",\n      \"apiVersion\": \"2023-01-01\",\n      \"name\": \"st\",\n      {properties}\n    }}\n  ]\n}}"
    )
}

#[test]
fn a_written_value() {
    let report = run(&account(r#""properties": {"minimumTlsVersion": "TLS1_0"}"#), "", &pack(&[TLS]));
    assert_eq!(
        all(&report.findings),
        ["TLS main.json:8:43 `properties.minimumTlsVersion` is `TLS1_0`, wanted `TLS1_2`"]
    );
    let spot = &report.findings[0].place.spot;
    assert_eq!((spot.end_line, spot.end_column), (8, 51));
}

#[test]
fn a_missing_property_is_shown_where_it_would_stand() {
    let report = run(&account(r#""properties": {"x": 1}"#), "", &pack(&[TLS]));
    assert_eq!(
        all(&report.findings),
        ["TLS main.json:8:21 `properties.minimumTlsVersion` is not set, wanted `TLS1_2`"]
    );
    let report = run(&account(r#""kind": "StorageV2""#), "", &pack(&[TLS]));
    assert_eq!(
        all(&report.findings),
        ["TLS main.json:4:5 `properties.minimumTlsVersion` is not set, wanted `TLS1_2`"]
    );
}

#[test]
fn a_value_from_a_parameter_file_has_both_places() {
    let template = account(r#""properties": {"minimumTlsVersion": "[parameters('tls')]"}"#);
    let parameters = "{\n  \"parameters\": {\n    \"tls\": {\"value\": \"TLS1_1\"}\n  }\n}";
    let report = run(&template, parameters, &pack(&[TLS]));
    assert_eq!(
        all(&report.findings),
        ["TLS main.json:8:43 `properties.minimumTlsVersion` is `TLS1_1`, wanted `TLS1_2`"]
    );
    let from = report.findings[0].place.value_from.as_ref().unwrap();
    assert_eq!((from.file.as_str(), from.line, from.column), ("main.parameters.json", 3, 22));

    let report = run(&template, "", &pack(&[TLS]));
    let from = report.findings[0].place.value_from.as_ref().unwrap();
    assert_eq!((from.file.as_str(), from.line), ("main.json", 2));
}

#[test]
fn copy_loops_give_one_finding_for_each_instance_at_one_place() {
    let template = account(
        "\"copy\": {\"name\": \"loop\", \"count\": 3},\n      \"properties\": {\"minimumTlsVersion\": \"[if(equals(copyIndex(), 1), 'TLS1_2', 'TLS1_0')]\"}",
    )
    .replace("\"st\"", "\"[concat('st', copyIndex())]\"");
    let report = run(&template, "", &pack(&[TLS]));
    let names: Vec<&str> = report.findings.iter().map(|finding| finding.resource.name.as_str()).collect();
    assert_eq!(names, ["st0", "st2"]);
    assert!(report.findings.iter().all(|finding| finding.place.spot.line == 9));
    assert_ne!(report.findings[0].fingerprint, report.findings[1].fingerprint);
    let via = serde_json::to_value(&report.findings[1].place.via).unwrap();
    assert_eq!(via[0], serde_json::json!({"kind": "copy", "name": "loop", "index": 2}));
}

#[test]
fn nested_templates_lead_to_their_own_lines() {
    let inner = r#"{
          "$schema": "x", "contentVersion": "1.0.0.0",
          "parameters": {"p": {"type": "string"}},
          "resources": [{
            "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "inner",
            "properties": {"minimumTlsVersion": "[parameters('p')]"}
          }]
        }"#;
    let template = format!(
        "{{\"resources\": [\n  {{\n    \"type\": \"Microsoft.Resources/deployments\", \"apiVersion\": \"2022-09-01\", \"name\": \"d\",\n    \"properties\": {{\n      \"mode\": \"Incremental\", \"expressionEvaluationOptions\": {{\"scope\": \"inner\"}},\n      \"parameters\": {{\"p\": {{\"value\": \"TLS1_0\"}}}},\n      \"template\": {inner}\n    }}\n  }}\n]}}"
    );
    let report = run(&template, "", &pack(&[TLS]));
    assert_eq!(
        all(&report.findings),
        ["TLS main.json:12:49 `properties.minimumTlsVersion` is `TLS1_0`, wanted `TLS1_2`"]
    );
    let place = &report.findings[0].place;
    assert_eq!(place.value_from.as_ref().unwrap().line, 6);
}

#[test]
fn members_of_arrays_that_meet_a_count() {
    let rule = (
        "SSH",
        r#"{"allOf": [
            {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"},
            {"count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]", "where": {"allOf": [
                {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*].access", "equals": "Allow"},
                {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*].destinationPortRange", "equals": "22"}
            ]}}, "greater": 0}
        ]}"#,
    );
    let template = r#"{"resources": [{
      "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2023-01-01", "name": "nsg",
      "properties": {"securityRules": [
        {"name": "a", "properties": {"access": "Deny", "destinationPortRange": "22"}},
        {"name": "b", "properties": {"access": "Allow", "destinationPortRange": "22"}},
        {"name": "c", "properties": {"access": "Allow", "destinationPortRange": "443"}}
      ]}
    }]}"#;
    let published = r#"{"type": "Microsoft.Network/networkSecurityGroups", "by_path": ["properties.securityRules[*].properties.access", "properties.securityRules[*].properties.destinationPortRange"]}"#;
    let mut catalogue = azimuth_policy::Catalogue::bundled();
    catalogue.add_published(published).unwrap();
    let report = run(template, "", &pack_with(catalogue, &[rule]));
    assert_eq!(
        all(&report.findings),
        [
            "SSH main.json:5:9 `properties.securityRules[1]` has properties.access Allow, properties.destinationPortRange 22"
        ]
    );
    let lines: Vec<u64> = report.findings[0]
        .evidence
        .iter()
        .filter_map(|evidence| Some(evidence.place.as_ref()?.spot.line))
        .collect();
    assert_eq!(lines, [5, 5, 5, 2]);
}

#[test]
fn all_comparisons_that_decide_are_evidence() {
    let rule = (
        "LOG",
        r#"{"allOf": [
            {"field": "type", "equals": "Microsoft.Web/sites"},
            {"anyOf": [
                {"field": "Microsoft.Web/sites/siteConfig.httpLoggingEnabled", "notEquals": true},
                {"field": "Microsoft.Web/sites/siteConfig.requestTracingEnabled", "notEquals": true},
                {"field": "Microsoft.Web/sites/siteConfig.detailedErrorLoggingEnabled", "notEquals": true}
            ]}
        ]}"#,
    );
    let template = "{\"resources\": [{\"type\": \"Microsoft.Web/sites\", \"apiVersion\": \"2022-03-01\", \"name\": \"w\", \"properties\": {\"siteConfig\": {\n\"httpLoggingEnabled\": false,\n\"requestTracingEnabled\": true,\n\"detailedErrorLoggingEnabled\": false}}}]}";
    let report = run(template, "", &pack(&[rule]));
    let lines: Vec<u64> = report.findings[0]
        .evidence
        .iter()
        .filter(|evidence| evidence.expression != "type")
        .filter_map(|evidence| Some(evidence.place.as_ref()?.spot.line))
        .collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn secrets_are_never_shown() {
    let rule = (
        "PW",
        r#"{"allOf": [
            {"field": "type", "equals": "Microsoft.Compute/virtualMachines"},
            {"field": "Microsoft.Compute/virtualMachines/osProfile.adminPassword", "equals": "hunter2"}
        ]}"#,
    );
    let template = r#"{"parameters": {"pw": {"type": "secureString"}}, "resources": [{
        "type": "Microsoft.Compute/virtualMachines", "apiVersion": "2023-03-01", "name": "vm",
        "properties": {"osProfile": {"adminPassword": "[parameters('pw')]"}}}]}"#;
    let report = run(template, r#"{"pw": {"value": "hunter2"}}"#, &pack(&[rule]));
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].evidence[0].seen, "***");
}

#[test]
fn members_count_whichever_way_a_count_is_written() {
    let template = "{\"resources\": [{\"type\": \"Microsoft.Storage/storageAccounts\", \"apiVersion\": \"2023-01-01\", \"name\": \"st\", \"properties\": {\"networkAcls\": {\"ipRules\": [\n{\"value\": \"1.1.1.1\"},\n{\"value\": \"0.0.0.0/0\"}]}}}]}";
    let members = r#""field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]", "where": {"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value", "equals": "0.0.0.0/0"}"#;
    for count in [
        format!(r#"{{"count": {{{members}}}, "greater": 0}}"#),
        format!(r#"{{"count": {{{members}}}, "notEquals": 0}}"#),
        format!(r#"{{"not": {{"count": {{{members}}}, "equals": 0}}}}"#),
        format!(r#"{{"not": {{"count": {{{members}}}, "less": 1}}}}"#),
    ] {
        let condition = format!(
            r#"{{"allOf": [{{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}}, {count}]}}"#
        );
        let report = run(template, "", &pack(&[("R", &condition)]));
        assert_eq!(report.findings[0].place.spot.line, 3, "{count}: {:?}", all(&report.findings));
    }
}
