//! Secrets below the top level of a type, and in what `deployment()` tells of the template.

use azimuth_arm::{Expansion, NoEstate, Parameters};
use serde_json::{Value as Json, json};

use crate::features::{context, expanded_in};

/// Expands a template whose every secret holds `Hush`, which must not be seen.
#[track_caller]
fn expanded(template: &Json) -> Expansion {
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context(), &NoEstate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    for resource in &expansion.resources {
        assert!(!resource.body.to_json().to_string().contains("Hush"), "{:?}", resource.body);
    }
    for output in &expansion.outputs {
        assert!(!output.value.to_json().to_string().contains("Hush"), "{}: {:?}", output.name, output.value);
    }
    expansion
}

#[track_caller]
fn output(expansion: &Expansion, name: &str) -> Json {
    let found = expansion.outputs.iter().find(|output| output.name == name);
    found.unwrap_or_else(|| panic!("no output {name}")).value.to_json()
}

#[test]
fn parts_of_a_type() {
    let cases = [
        (
            json!({ "type": "object", "properties": { "pw": { "type": "securestring" } } }),
            json!({ "pw": "Hush", "user": "me" }),
            json!({ "pw": "***", "user": "me" }),
        ),
        (json!({ "$ref": "#/definitions/word" }), json!("Hush"), json!("***")),
        (
            json!({ "type": "array", "items": { "$ref": "#/definitions/word" } }),
            json!(["Hush"]),
            json!(["***"]),
        ),
        (
            json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "securestring" }], "items": { "type": "int" } }),
            json!(["me", "Hush", 1]),
            json!(["me", "***", 1]),
        ),
        (
            json!({ "type": "object", "properties": { "user": { "type": "string" } },
                    "additionalProperties": { "type": "secureobject" } }),
            json!({ "user": "me", "other": { "a": "Hush" } }),
            json!({ "user": "me", "other": "***" }),
        ),
        (
            json!({ "type": "object", "discriminator": { "propertyName": "kind", "mapping": {
                "open": { "type": "object", "properties": { "kind": { "type": "string" }, "word": { "type": "string" } } },
                "shut": { "type": "object", "properties": { "kind": { "type": "string" }, "word": { "$ref": "#/definitions/word" } } } } } }),
            json!({ "kind": "shut", "word": "Hush" }),
            json!({ "kind": "shut", "word": "***" }),
        ),
        (
            json!({ "$ref": "#/definitions/tree" }),
            json!({ "next": { "next": { "word": "Hush" } } }),
            json!({ "next": { "next": { "word": "***" } } }),
        ),
    ];
    for (declared, value, shown) in cases {
        let mut parameter = declared.clone();
        parameter["defaultValue"] = value.clone();
        let mut typed = declared.clone();
        typed["value"] = value;
        let expansion = expanded(&json!({
            "languageVersion": "2.0",
            "definitions": {
                "word": { "type": "securestring" },
                "tree": { "type": "object", "properties": {
                    "next": { "$ref": "#/definitions/tree", "nullable": true },
                    "word": { "$ref": "#/definitions/word", "nullable": true } } }
            },
            "parameters": { "p": parameter },
            "resources": { "x": { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "x",
                                  "properties": { "p": "[parameters('p')]" } } },
            "outputs": { "p": { "value": "[parameters('p')]" }, "typed": typed }
        }));
        assert_eq!(output(&expansion, "p"), shown, "{declared}");
        assert_eq!(output(&expansion, "typed"), shown, "{declared}");
        assert_eq!(expansion.resources[0].body.to_json()["properties"]["p"], shown, "{declared}");
    }
}

#[test]
fn a_secret_part_is_not_quoted_in_messages() {
    let template = json!({
        "languageVersion": "2.0",
        "parameters": { "p": {
            "type": "object",
            "properties": { "pw": { "type": "securestring", "allowedValues": ["Hushed"] } },
            "defaultValue": { "pw": "Hush" }
        } },
        "resources": {}
    });
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context(), &NoEstate);
    assert!(expansion.has_errors());
    assert!(expansion.diagnostics.iter().all(|diagnostic| !diagnostic.to_string().contains("Hush")));
}

#[test]
fn what_deployment_tells() {
    let inner = json!({
        "contentVersion": "1.0.0.0",
        "parameters": { "word": { "type": "securestring", "defaultValue": "Hush" }, "user": { "type": "string", "defaultValue": "me" } },
        "resources": [],
        "outputs": { "own": { "type": "object", "value": "[deployment().properties.template.parameters]" } }
    });
    let expansion = expanded(&json!({
        "contentVersion": "1.0.0.0",
        "parameters": {
            "word": { "type": "secureString", "defaultValue": "Hush" },
            "computed": { "type": "securestring", "defaultValue": "[concat('Hu', 'Hush')]" },
            "user": { "type": "string", "defaultValue": "me" }
        },
        "resources": [{
            "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner",
            "properties": {
                "mode": "Incremental",
                "expressionEvaluationOptions": { "scope": "inner" },
                "parameters": { "word": { "value": "Hush" }, "user": { "value": "you" } },
                "template": inner
            }
        }],
        "outputs": {
            "parameters": { "type": "object", "value": "[deployment().properties.template.parameters]" },
            "resources": { "type": "array", "value": "[deployment().properties.template.resources]" },
            "inner": { "type": "object", "value": "[reference('inner').outputs.own.value]" }
        }
    }));
    let parameters = output(&expansion, "parameters");
    assert_eq!(parameters["word"]["defaultValue"], "***");
    assert_eq!(parameters["computed"]["defaultValue"], "***");
    assert_eq!(parameters["user"]["defaultValue"], "me");
    let resources = output(&expansion, "resources");
    let nested = &resources[0]["properties"];
    assert_eq!(nested["template"]["parameters"]["word"]["defaultValue"], "***");
    assert_eq!(nested["parameters"]["word"]["value"], "***");
    assert_eq!(nested["parameters"]["user"]["value"], "you");
    assert_eq!(output(&expansion, "inner")["word"]["defaultValue"], "***");
}

#[test]
fn arguments_of_functions_that_are_declared_secure() {
    let expansion = expanded(&json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "functions": [{ "namespace": "my", "members": { "echo": {
            "parameters": [{ "name": "word", "type": "securestring" }],
            "output": { "type": "string", "value": "[parameters('word')]" },
        }}}],
        "resources": [],
        "outputs": { "said": { "type": "string", "value": "[my.echo('Hush')]" } },
    }));
    assert_eq!(output(&expansion, "said"), json!("***"));
}

#[test]
fn a_name_computed_from_a_secret_is_not_shown() {
    let template = json!({
        "contentVersion": "1.0.0.0",
        "parameters": { "word": { "type": "securestring", "defaultValue": "Hush" } },
        "resources": [
            { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "[concat('x', parameters('word'))]",
              "resources": [{ "type": "d", "apiVersion": "2020-01-01", "name": "child" }] },
            { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "plain" }
        ]
    });
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context(), &NoEstate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    assert!(expansion.diagnostics.iter().any(|diagnostic| diagnostic.code == "arm-secret-name"));
    let shown = format!("{:?} {:?}", expansion.resources, expansion.diagnostics);
    assert!(!shown.contains("Hush"), "{shown}");
    assert!(shown.contains("plain"));
}
