//! What only the deployment knows is neither compliant nor in violation.

use azimuth_preflight::VerdictKind;

use crate::support::{all, pack, run};

fn storage(properties: &str) -> String {
    format!(
        r#"{{"parameters": {{"given": {{"type": "string"}}}}, "resources": [{{"type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-01-01", "name": "st", "location": "[resourceGroup().location]",
        "properties": {properties}}}]}}"#
    )
}

fn rule(condition: &str) -> String {
    format!(
        r#"{{"allOf": [{{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}}, {condition}]}}"#
    )
}

#[track_caller]
fn verdict(properties: &str, condition: &str) -> (VerdictKind, Vec<String>) {
    let rule = rule(condition);
    let report = run(&storage(properties), "", &pack(&[("R", &rule)]));
    let kind = report.verdicts[0].kind;
    assert_eq!(report.unknown.len(), usize::from(kind == VerdictKind::Unknown), "{kind:?}");
    (kind, all(&report.unknown))
}

#[test]
fn a_parameter_without_value() {
    let condition =
        r#"{"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "TLS1_2"}"#;
    let (kind, unknown) = verdict(r#"{"minimumTlsVersion": "[parameters('given')]"}"#, condition);
    assert_eq!(kind, VerdictKind::Unknown);
    assert_eq!(
        unknown,
        [
            "R main.json:3:45 `properties.minimumTlsVersion` is `[parameters('given')]`: a parameter without a value"
        ]
    );
}

#[test]
fn unknown_values_that_decide_nothing_do_not_matter() {
    let tls = r#"{"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "TLS1_2"}"#;
    let https = r#"{"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "equals": false}"#;
    let unknown = r#""minimumTlsVersion": "[parameters('given')]""#;
    let any = format!(r#"{{"anyOf": [{tls}, {https}]}}"#);
    let both = format!(r#"{{"allOf": [{tls}, {https}]}}"#);
    let not = format!(r#"{{"not": {{"anyOf": [{tls}, {https}]}}}}"#);
    for (https, condition, expected) in [
        (false, &any, VerdictKind::Violated),
        (true, &any, VerdictKind::Unknown),
        (false, &both, VerdictKind::Unknown),
        (true, &both, VerdictKind::Compliant),
        (false, &not, VerdictKind::Compliant),
        (true, &not, VerdictKind::Unknown),
    ] {
        let properties = format!(r#"{{{unknown}, "supportsHttpsTrafficOnly": {https}}}"#);
        assert_eq!(verdict(&properties, condition).0, expected, "{https} {condition}");
    }
}

#[test]
fn an_expression_exists_unless_it_may_come_to_nothing() {
    let condition = r#"{"field": "Microsoft.Storage/storageAccounts/encryption.keyvaultproperties.keyvaulturi", "exists": false}"#;
    let with =
        |value: &str| format!(r#"{{"encryption": {{"keyvaultproperties": {{"keyvaulturi": "{value}"}}}}}}"#);
    assert_eq!(verdict(&with("[reference('kv').vaultUri]"), condition).0, VerdictKind::Compliant);
    assert_eq!(
        verdict(&with("[if(equals(parameters('given'), 'x'), 'y', null())]"), condition).0,
        VerdictKind::Unknown
    );
    let whole = r#"{"encryption": "[reference('kv').encryption]"}"#;
    assert_eq!(verdict(whole, condition).0, VerdictKind::Unknown);
}

#[test]
fn counts_are_known_when_the_known_members_outweigh_the_others() {
    let members = r#"{"networkAcls": {"ipRules": [{"value": "1.1.1.1"}, {"value": "[parameters('given')]"}, {"value": "0.0.0.0/0"}]}}"#;
    let count = |value: &str, compare: &str| {
        format!(
            r#"{{"count": {{"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]",
            "where": {{"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value", "equals": "{value}"}}}}, {compare}}}"#
        )
    };
    for (value, compare, expected) in [
        ("0.0.0.0/0", r#""greater": 0"#, VerdictKind::Violated),
        ("9.9.9.9", r#""greater": 0"#, VerdictKind::Unknown),
        ("9.9.9.9", r#""greater": 1"#, VerdictKind::Compliant),
        ("9.9.9.9", r#""less": 2"#, VerdictKind::Violated),
        ("0.0.0.0/0", r#""equals": 0"#, VerdictKind::Compliant),
    ] {
        assert_eq!(verdict(members, &count(value, compare)).0, expected, "{value} {compare}");
    }
}

#[test]
fn one_known_member_is_enough_against_a_comparison_of_all() {
    let members =
        r#"{"networkAcls": {"ipRules": [{"value": "1.1.1.1"}, {"value": "[parameters('given')]"}]}}"#;
    let all = |value: &str| {
        format!(
            r#"{{"not": {{"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value", "equals": "{value}"}}}}"#
        )
    };
    assert_eq!(verdict(members, &all("2.2.2.2")).0, VerdictKind::Violated);
    assert_eq!(verdict(members, &all("1.1.1.1")).0, VerdictKind::Unknown);
}

#[test]
fn resources_that_are_perhaps_deployed_say_so() {
    let template = r#"{"parameters": {"given": {"type": "bool"}}, "resources": [{"condition": "[parameters('given')]",
        "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "st",
        "properties": {"supportsHttpsTrafficOnly": false}}]}"#;
    let rule =
        rule(r#"{"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "equals": false}"#);
    let report = run(template, "", &pack(&[("R", &rule)]));
    assert_eq!(report.findings[0].deployed_if.as_deref(), Some("[parameters('given')]"));
}

#[test]
fn facts_of_the_resource_group_that_nobody_gave_are_not_known() {
    let condition = r#"{"field": "location", "notEquals": "[resourceGroup().location]"}"#;
    let condition = rule(condition);
    let pack = pack(&[("R", &condition)]);
    let template = r#"{"resources": [{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "st",
        "location": "westeurope", "properties": {}}]}"#;
    let report = run(template, "", &pack);
    assert_eq!(report.verdicts[0].kind, VerdictKind::Unknown, "{:?}", all(&report.findings));
    assert!(report.unknown[0].message.contains("facts of the resource group"), "{:?}", all(&report.unknown));
    for (location, expected) in [("westeurope", VerdictKind::Compliant), ("uksouth", VerdictKind::Violated)] {
        let mut context = crate::support::context();
        let known = serde_json::json!({"location": location});
        context.resource_group = Some(azimuth_arm::Value::from_json(&known));
        let options = azimuth_preflight::Options::new(context, crate::support::now());
        let report = crate::support::run_with(template, "", &pack, &options);
        assert_eq!(report.verdicts[0].kind, expected, "{location}");
    }
}
