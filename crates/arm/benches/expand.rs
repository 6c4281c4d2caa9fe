//! How long do expansion and what-if take at realistic size?

use std::sync::Arc;

use azimuth_arm::{
    Context, Expansion, MemoryEstate, NoEstate, NoLoader, Parameters, Source, Target, Value, WhatIfOptions,
    expand, whatif,
};
use serde_json::json;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

fn main() {
    divan::main();
}

/// A template of 500 resources: 100 copies each of five kinds, with variables, conditions and dependencies.
fn template() -> Arc<Source> {
    let kinds: Vec<serde_json::Value> = (0..5)
        .map(|kind| {
            json!({
                "type": "Microsoft.Storage/storageAccounts",
                "apiVersion": "2023-01-01",
                "name": format!("[concat(variables('prefix'), '{kind}x', padLeft(copyIndex(), 3, '0'))]"),
                "location": "[parameters('location')]",
                "copy": { "name": format!("loop{kind}"), "count": 100 },
                "condition": "[greaterOrEquals(copyIndex(), 0)]",
                "tags": "[union(parameters('tags'), createObject('index', string(copyIndex())))]",
                "sku": { "name": "[if(equals(mod(copyIndex(), 2), 0), 'Standard_LRS', 'Standard_GRS')]" },
                "kind": "StorageV2",
                "properties": {
                    "minimumTlsVersion": "TLS1_2",
                    "allowBlobPublicAccess": false,
                    "networkAcls": {
                        "defaultAction": "Deny",
                        "copy": [{
                            "name": "ipRules",
                            "count": 4,
                            "input": { "value": "[cidrSubnet('10.0.0.0/8', 24, copyIndex('ipRules'))]", "action": "Allow" }
                        }]
                    },
                    "workspace": "[resourceId('Microsoft.OperationalInsights/workspaces', variables('prefix'))]"
                },
                "dependsOn": if kind == 0 { json!([]) } else { json!([format!("loop{}", kind - 1)]) }
            })
        })
        .collect();
    let template = json!({
        "parameters": {
            "location": { "type": "string", "defaultValue": "[resourceGroup().location]" },
            "tags": { "type": "object", "defaultValue": { "owner": "ops", "cost": "42" } }
        },
        "variables": { "prefix": "[concat('st', uniqueString(resourceGroup().id))]" },
        "resources": kinds
    });
    Source::parse("template.json", &serde_json::to_string_pretty(&template).expect("JSON"))
        .expect("it parses")
}

fn context() -> Context {
    let mut context = Context::new(Target::resource_group(SUBSCRIPTION, "rg-0"));
    context.resource_group = Some(Value::from_json(&json!({ "location": "westeurope" })));
    context
}

fn expanded(template: &Arc<Source>) -> Expansion {
    let expansion = expand(template, &Parameters::none(), &context(), &NoLoader, &NoEstate);
    assert_eq!(expansion.resources.len(), 500);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    expansion
}

#[divan::bench]
fn parse_500_resource_template(bencher: divan::Bencher<'_, '_>) {
    let template = template();
    bencher.bench_local(|| Source::parse("template.json", template.text()));
}

#[divan::bench]
fn expand_500_resources(bencher: divan::Bencher<'_, '_>) {
    let template = template();
    bencher.bench_local(|| expanded(&template));
}

#[divan::bench]
fn what_if_500_resources_against_100_000(bencher: divan::Bencher<'_, '_>) {
    let template = template();
    let expansion = expanded(&template);
    let mut documents: Vec<serde_json::Value> = (0..100_000 - 250)
        .map(|number| {
            let group = format!("rg-{}", number % 200);
            json!({
                "id": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/other{number}"),
                "type": "Microsoft.Storage/storageAccounts",
                "location": "westeurope",
                "properties": { "provisioningState": "Succeeded" }
            })
        })
        .collect();
    documents.extend(expansion.resources.iter().take(250).map(|resource| {
        let mut document = resource.body.to_json();
        document["properties"]["minimumTlsVersion"] = "TLS1_0".into();
        document["properties"]["provisioningState"] = "Succeeded".into();
        document
    }));
    let estate = MemoryEstate::new(documents);
    let target = Target::resource_group(SUBSCRIPTION, "rg-0");
    bencher.bench_local(|| {
        let result = whatif(&expansion, &estate, &target, &WhatIfOptions::default());
        assert!(result.changes.len() >= 1000 - 10);
        result
    });
}

#[divan::bench]
fn origin_map_of_500_resources(bencher: divan::Bencher<'_, '_>) {
    let template = template();
    let expansion = expanded(&template);
    bencher.bench_local(|| {
        expansion.resources.iter().map(|resource| expansion.origin_map(resource).len()).sum::<usize>()
    });
}
