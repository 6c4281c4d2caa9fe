//! Rules that look at other resources of the template.

use azimuth_preflight::{Pack, PackBuilder, VerdictKind};

use crate::support::{all, finish, run};

fn auditing(metadata: &str, details: &str) -> Pack {
    let mut builder = PackBuilder::new();
    let text = format!(
        r#"{{"name": "AUD", "properties": {{"displayName": "auditing", "mode": "All", "metadata": {metadata}, "policyRule": {{
            "if": {{"field": "type", "equals": "Microsoft.Sql/servers"}},
            "then": {{"effect": "auditIfNotExists", "details": {details}}}}}}}}}"#
    );
    builder.add("aud.json", &text);
    finish(builder)
}

const SETTINGS: &str = r#"{"type": "Microsoft.Sql/servers/auditingSettings", "name": "default",
    "existenceCondition": {"field": "Microsoft.Sql/servers/auditingSettings/state", "equals": "Enabled"}}"#;

fn template(children: &str, beside: &str) -> String {
    format!(
        "{{\"parameters\": {{\"state\": {{\"type\": \"string\"}}}}, \"resources\": [\n{{\"type\": \"Microsoft.Sql/servers\", \"apiVersion\": \"2021-11-01\", \"name\": \"srv\", \"resources\": [{children}]}}{beside}\n]}}"
    )
}

fn settings(kind: &str, name: &str, state: &str) -> String {
    format!(
        r#"{{"type": "{kind}", "apiVersion": "2021-11-01", "name": "{name}", "dependsOn": ["[resourceId('Microsoft.Sql/servers', 'srv')]"], "properties": {{"state": "{state}"}}}}"#
    )
}

#[test]
fn children_count_nested_and_beside() {
    let pack = auditing("{}", SETTINGS);
    let nested = template(&settings("auditingSettings", "default", "Enabled"), "");
    let beside =
        format!(",\n{}", settings("Microsoft.Sql/servers/auditingSettings", "srv/default", "Enabled"));
    let beside = template("", &beside);
    let other =
        format!(",\n{}", settings("Microsoft.Sql/servers/auditingSettings", "other/default", "Enabled"));
    for (text, expected) in [
        (nested, VerdictKind::Compliant),
        (beside, VerdictKind::Compliant),
        (
            template("", &other.replace("\"[resourceId('Microsoft.Sql/servers', 'srv')]\"", "")),
            VerdictKind::Violated,
        ),
        (template("", ""), VerdictKind::Violated),
        (
            template(&settings("auditingSettings", "default", "[parameters('state')]"), ""),
            VerdictKind::Unknown,
        ),
    ] {
        assert_eq!(run(&text, "", &pack).verdicts[0].kind, expected, "{text}");
    }
}

#[test]
fn the_place_is_that_of_the_related_resource_if_there_is_one() {
    let pack = auditing("{}", SETTINGS);
    let text = template(
        "",
        &format!(",\n{}", settings("Microsoft.Sql/servers/auditingSettings", "srv/default", "Disabled")),
    );
    let report = run(&text, "", &pack);
    assert_eq!(
        all(&report.findings),
        [
            "AUD main.json:3:190 the `Microsoft.Sql/servers/auditingSettings` named `default` does not do what is asked for: `properties.state` is `Disabled`, wanted `Enabled`"
        ]
    );
    let report = run(&template("", ""), "", &pack);
    assert_eq!(
        all(&report.findings),
        ["AUD main.json:2:1 there is no `Microsoft.Sql/servers/auditingSettings` named `default`"]
    );
}

#[test]
fn what_may_exist_elsewhere_is_unknown_unless_the_rule_says_otherwise() {
    let details = r#"{"type": "Microsoft.Network/privateEndpoints"}"#;
    let report = run(&template("", ""), "", &auditing("{}", details));
    assert_eq!(report.verdicts[0].kind, VerdictKind::Unknown);
    assert!(report.unknown[0].message.contains("whether one exists already is not known"));
    let report = run(&template("", ""), "", &auditing(r#"{"related": "template"}"#, details));
    assert_eq!(report.verdicts[0].kind, VerdictKind::Violated);
    let endpoint = r#",
        {"type": "Microsoft.Network/privateEndpoints", "apiVersion": "2021-11-01", "name": "pe"}"#;
    let report = run(&template("", endpoint), "", &auditing("{}", details));
    assert_eq!(report.verdicts[0].kind, VerdictKind::Compliant);
}
