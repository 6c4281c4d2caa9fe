//! Faults that lie in the values a template is given, and faults that no values avoid.

use azimuth_arm::{Context, Expansion, NoEstate, Parameters, Target};
use azimuth_diag::Severity;
use serde_json::{Map, Value as Json, json};

use crate::features::{context, expanded_in};

const PARAMETERS: &str = r#""o": { "type": "object" }, "list": { "type": "array", "defaultValue": ["x"] },
    "text": { "type": "string", "defaultValue": "plain" }, "secret": { "type": "secureObject", "defaultValue": { "pin": "hush" } }"#;

fn expanded(sections: &str, is_strict: bool) -> Expansion {
    let template = format!(
        r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0", "parameters": {{ {PARAMETERS} }}, {sections} }}"#
    );
    let mut values = Map::new();
    values.insert("o".to_owned(), json!({ "known": { "a": "v" } }));
    let mut context = context();
    context.is_strict = is_strict;
    expanded_in(&template, &Parameters::from_values(&values), &context, &NoEstate)
}

fn output(expression: &str) -> String {
    let expression = Json::from(expression);
    format!(
        r#""resources": [], "variables": {{ "mixed": {{ "a": "[parameters('text')]", "list": ["[parameters('text')]"] }} }},
            "functions": [ {{ "namespace": "my", "members": {{ "part": {{
                "parameters": [ {{ "name": "of", "type": "object" }} ],
                "output": {{ "type": "string", "value": "[parameters('of').part]" }} }} }} }} ],
            "outputs": {{ "r": {{ "type": "object", "value": {{ "x": {expression} }} }} }}"#
    )
}

/// Checks that the values spoil an expression: it stays `expected`, with a warning; strictly, it is an error.
#[track_caller]
fn check_given(expression: &str, expected: &str) {
    let lenient = expanded(&output(expression), false);
    assert!(!lenient.has_errors() && lenient.is_refused(), "{expression}: {:?}", lenient.diagnostics);
    assert!(lenient.diagnostics.iter().all(|found| found.severity == Severity::Warning));
    assert_eq!(lenient.diagnostics.len(), lenient.refusals, "{:?}", lenient.diagnostics);
    assert_eq!(lenient.outputs_json()["r"]["value"]["x"], *expected, "{expression}");
    let strict = expanded(&output(expression), true);
    assert!(strict.has_errors() && strict.refusals == 0, "{expression}: {:?}", strict.diagnostics);
}

/// Checks that an expression is wrong with any values.
#[track_caller]
fn check_wrong(expression: &str) {
    let expansion = expanded(&output(expression), false);
    assert!(expansion.has_errors() && expansion.refusals == 0, "{expression}: {:?}", expansion.diagnostics);
}

#[test]
fn what_given_values_lack_stays_an_expression() {
    check_given("[parameters('o').b]", "[parameters('o').b]");
    check_given(
        "[concat('a', parameters('o').known.b, toUpper('c'))]",
        "[concat('a', parameters('o').known.b, 'C')]",
    );
    check_given("[parameters('list')[add(1, 1)]]", "[parameters('list')[2]]");
    check_given("[split(parameters('text'), '/')[1]]", "[createArray('plain')[1]]");
    check_given("[int(parameters('text'))]", "[int('plain')]");
    check_given("[variables('mixed').list[0].b]", "['plain'.b]");
    check_given("[my.part(parameters('o'))]", "[parameters('of').part]");
}

#[test]
fn what_no_values_avoid_is_an_error() {
    check_wrong("[div(1, 0)]");
    check_wrong("[concat(parameters('text'), string(div(1, 0)))]");
    check_wrong("[createObject('a', 1).b]");
    check_wrong("[variables('mixed').typo]");
    check_wrong("[variables('mixed').list[3]]");
    check_wrong("[resourceGroup().nmae]");
    check_wrong("[environment().suffixes.typo]");
    check_wrong("[my.part(createObject('typo', 1))]");
    // The declared type decides, whatever the value.
    check_wrong("[add(parameters('text'), 1)]");
    check_wrong("[if(parameters('text'), 1, 2)]");
    check_wrong("[resourceId('A.B/c/d', parameters('text'))]");
    check_wrong("[parameters('nothing').a]");
    check_wrong("[concat(parameters('o').b]");
}

#[test]
fn conditions_and_counts_follow() {
    let expansion = expanded(
        r#""resources": [
            { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "one", "condition": "[parameters('o').isOn]" },
            { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "[concat('n', copyIndex())]",
              "copy": { "name": "many", "count": "[length(filter(parameters('list'), lambda('i', lambdaVariables('i').isOn)))]" } } ]"#,
        false,
    );
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    assert_eq!(expansion.refusals, 2);
    let conditions: Vec<bool> = expansion.resources.iter().map(|one| one.condition.is_some()).collect();
    assert_eq!(conditions, [true, true]);
}

#[test]
fn names_are_held_against_what_they_come_from() {
    let resource = |kind: &str, name: &str| {
        format!(r#"{{ "type": "{kind}", "apiVersion": "2020-01-01", "name": "{name}" }}"#)
    };
    let refusals = |resources: &[String]| {
        let expansion = expanded(&format!(r#""resources": [{}]"#, resources.join(", ")), false);
        (expansion.has_errors(), expansion.refusals)
    };
    assert_eq!(refusals(&[resource("A.B/c/d", "[parameters('text')]")]), (false, 1));
    assert_eq!(refusals(&[resource("A.B/c/d", "plain")]), (true, 0));
    let given = resource("A.B/c", "[parameters('text')]");
    let written = resource("A.B/c", "plain");
    assert_eq!(refusals(&[given, written.clone()]), (false, 1));
    assert_eq!(refusals(&[written.clone(), written]), (true, 0));
}

#[test]
fn values_are_followed_into_nested_templates() {
    let expansion = expanded(
        r#""resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "n", "properties": {
            "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
            "parameters": { "inner": { "value": "[parameters('o')]" }, "fixed": { "value": { "a": 1 } } },
            "template": { "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": { "inner": { "type": "object" }, "fixed": { "type": "object" } },
                "resources": [ { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "x", "properties": {
                    "given": "[parameters('inner').b]", "fixed": "[parameters('fixed').b]" } } ] } } } ]"#,
        false,
    );
    let found: Vec<(Severity, Option<&str>)> =
        expansion.diagnostics.iter().map(|one| (one.severity, one.place.path.as_deref())).collect();
    let at = |name| format!("$.resources[0].properties.template.resources[0].properties.{name}");
    assert_eq!(
        found,
        [(Severity::Warning, Some(at("given").as_str())), (Severity::Error, Some(at("fixed").as_str()))]
    );
}

#[test]
fn escaped_expressions_of_a_template_within_one_evaluated_outside_are_its_own() {
    let expansion = expanded(
        r#""resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "outer", "properties": {
            "mode": "Incremental", "template": {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "properties": {
                    "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
                    "parameters": { "name": { "value": "[parameters('text')]" } },
                    "template": { "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                        "contentVersion": "1.0.0.0", "parameters": { "name": { "type": "string" } },
                        "resources": [ { "type": "A.B/c", "apiVersion": "2020-01-01",
                            "name": "[[concat(parameters('name'), '-1')]",
                            "properties": { "text": "[[[not one]" } } ] } } } ] } } } ]"#,
        false,
    );
    assert!(expansion.diagnostics.is_empty(), "{:?}", expansion.diagnostics);
    assert_eq!(expansion.resources[0].name, "plain-1");
    assert_eq!(expansion.resources[0].body.reveal()["properties"]["text"], "[not one]");
}

#[test]
fn secrets_stay_covered() {
    let expansion =
        expanded(&output("[concat(parameters('secret').password, parameters('secret').pin)]"), false);
    let [found] = &expansion.diagnostics[..] else { panic!("{:?}", expansion.diagnostics) };
    assert!(found.message.starts_with("the secret object has no such property;"), "{found}");
    let hint = found.hint.as_deref().unwrap_or_default();
    assert!(hint.starts_with("name a property that the value has") && !hint.contains("pin"), "{hint}");
    let shown = expansion.outputs_json()["r"]["value"]["x"].to_string();
    assert!(!shown.contains("hush") && shown.contains("parameters('secret').password"), "{shown}");
}

#[test]
fn a_default_that_asks_for_another_scope_can_be_avoided() {
    let text = |sections: &str| {
        format!(
            r#"{{ "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
                "contentVersion": "1.0.0.0", "resources": [], {sections} }}"#
        )
    };
    let context = Context::new(Target::subscription("00000000-0000-0000-0000-000000000000"));
    let default = text(
        r#""parameters": { "p": { "type": "string", "defaultValue": "[resourceGroup().location]" } },
            "outputs": { "r": { "type": "string", "value": "[concat(parameters('p'), '-x')]" } }"#,
    );
    let expansion = expanded_in(&default, &Parameters::none(), &context, &NoEstate);
    assert!(!expansion.has_errors() && expansion.refusals == 1, "{:?}", expansion.diagnostics);
    assert_eq!(expansion.outputs_json()["r"]["value"], "[concat(resourceGroup().location, '-x')]");
    let strict = Context { is_strict: true, ..context.clone() };
    assert!(expanded_in(&default, &Parameters::none(), &strict, &NoEstate).has_errors());
    let mut given = Map::new();
    given.insert("p".to_owned(), "eastus".into());
    let expansion = expanded_in(&default, &Parameters::from_values(&given), &strict, &NoEstate);
    assert!(expansion.diagnostics.is_empty(), "{:?}", expansion.diagnostics);
    let branch = text(
        r#""parameters": { "p": { "type": "bool", "defaultValue": true } },
            "outputs": { "r": { "type": "string", "value": "[if(parameters('p'), resourceGroup().location, '')]" } }"#,
    );
    let expansion = expanded_in(&branch, &Parameters::none(), &context, &NoEstate);
    assert!(!expansion.has_errors() && expansion.refusals == 1, "{:?}", expansion.diagnostics);
    // Anywhere else nothing avoids it.
    let output = text(r#""outputs": { "r": { "type": "string", "value": "[resourceGroup().location]" } }"#);
    assert!(expanded_in(&output, &Parameters::none(), &context, &NoEstate).has_errors());
}

#[test]
fn an_expression_without_its_end_is_text_with_a_warning() {
    let expansion = expanded(&output("[concat('a'"), false);
    let [found] = &expansion.diagnostics[..] else { panic!("{:?}", expansion.diagnostics) };
    assert_eq!((found.code, found.severity), ("arm-syntax", Severity::Warning));
    assert!(expanded(&output("[text (with brackets"), false).diagnostics.is_empty());
}

#[test]
fn functions_of_uris_are_known_and_stay() {
    let expansion = expanded(&output("[parseUri(concat('https://', parameters('text'))).host]"), false);
    assert!(expansion.diagnostics.is_empty(), "{:?}", expansion.diagnostics);
    assert_eq!(expansion.outputs_json()["r"]["value"]["x"], "[parseUri('https://plain').host]");
}
