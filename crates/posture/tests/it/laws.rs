//! What holds for every assessment.

use std::sync::Mutex;

use azimuth_posture::{Assessment, Options, assess, controls};
use serde_json::{Value, json};

use crate::estate::{snapshot, spell_out};

fn run(documents: &[Value], complete: &Value, threads: usize) -> Assessment {
    let options = Options::new("2026-06-01T00:00:00Z".parse().unwrap());
    assess(&snapshot(documents, complete), &options, threads, &|_, _, _| {})
}

fn small() -> Vec<Value> {
    let text = json!([
        {"id": "{sub}", "state": "Enabled", "displayName": "One"},
        {"id": "{vm}", "properties": {"networkProfile": {"networkInterfaces": [{"id": "{net}/networkInterfaces/nic1"}]}}},
        {"id": "{rg}/providers/Microsoft.Storage/storageAccounts/a", "kind": "StorageV2", "properties": {}},
        {"key": "graph:/users/u1", "body": {"id": "u1", "accountEnabled": true}}
    ]);
    serde_json::from_str(&spell_out(&text.to_string())).unwrap()
}

#[test]
fn an_empty_estate_proves_nothing() {
    let assessment = run(&[], &Value::Null, 1);
    for result in &assessment.results {
        assert_eq!(result.verdict.name(), "unknown", "{}", result.control.id);
        for missing in result.verdict.missing() {
            assert!(!missing.command.is_empty() && missing.objects > 0, "{}", result.control.id);
        }
    }
}

#[test]
fn without_evidence_of_lists_nothing_is_proven() {
    let assessment = run(&small(), &Value::Null, 2);
    let proven: Vec<&str> = assessment
        .results
        .iter()
        .filter(|result| matches!(result.verdict.name(), "proven" | "notApplicable"))
        .map(|result| result.control.id)
        .collect();
    assert!(proven.is_empty(), "{proven:?}");
}

#[test]
fn threads_do_not_change_the_result() {
    let text = |threads| serde_json::to_string(&run(&small(), &json!("all"), threads)).unwrap();
    assert_eq!(text(1), text(2));
    assert_eq!(text(1), text(64));
}

#[test]
fn progress_names_each_control_once() {
    let seen = Mutex::new(Vec::new());
    let estate = snapshot(&small(), &Value::Null);
    let options = Options::new("2026-06-01T00:00:00Z".parse().unwrap());
    assess(&estate, &options, 2, &|id, done, total| seen.lock().unwrap().push((id, done, total)));
    let mut seen = seen.into_inner().unwrap();
    assert!(seen.iter().all(|(_, _, total)| *total == controls().len()));
    seen.sort_by_key(|(_, done, _)| *done);
    let counts: Vec<usize> = seen.iter().map(|(_, done, _)| *done).collect();
    assert_eq!(counts, (1..=controls().len()).collect::<Vec<_>>());
}

#[test]
fn the_json_form_is_stable() {
    let value = serde_json::to_value(run(&small(), &json!("all"), 1)).unwrap();
    assert_eq!(value["azimuth"], "assessment/1");
    assert_eq!(value["asOf"], "2026-06-01T00:00:00Z");
    assert_eq!(value["estate"]["resources"], 2);
    assert_eq!(value["estate"]["subscriptions"], 1);
    let results = value["results"].as_array().unwrap();
    assert_eq!(results.len(), 40);
    assert_eq!(results[0]["id"], "ID-1");
    assert_eq!(results[0]["area"], "identity");
    assert!(results.iter().all(|result| result["verdict"].is_string()));
    let dd3 = results.iter().find(|result| result["id"] == "DD-3").unwrap();
    let one = &dd3["counterexamples"][0];
    for member in ["object", "path", "seen", "wanted"] {
        assert!(one.get(member).is_some(), "{member}");
    }
}

#[test]
fn only_resources_are_counted_as_resources() {
    let text = json!([
        {"id": "{sub}", "state": "Enabled"},
        {"id": "{rg}"},
        {"id": "{vm}"},
        {"id": "{net}/virtualNetworks/hub/subnets/a"},
        {"id": "{sub}/providers/Microsoft.Authorization/roleAssignments/r"},
        {"id": "{sub}/providers/Microsoft.Authorization/policyAssignments/p"},
        {"id": "{rg}/providers/Microsoft.Authorization/locks/l"},
        {"id": "{sub}/providers/Microsoft.Security/pricings/Arm"},
        {"id": "{vm}/providers/Microsoft.Insights/diagnosticSettings/d"},
        {"id": "{root}/subscriptions/00000000-0000-0000-0000-000000000002"},
        {"key": "graph:/users/u1", "body": {"id": "u1"}}
    ]);
    let documents: Vec<Value> = serde_json::from_str(&spell_out(&text.to_string())).unwrap();
    let summary = run(&documents, &json!("all"), 2).summary;
    assert_eq!((summary.resources, summary.subscriptions, summary.users), (2, 2, 1));
}

#[test]
fn lists_of_resources_without_properties_decide_nothing_that_properties_decide() {
    let kinds = [
        "Microsoft.Compute/virtualMachines/x",
        "Microsoft.Network/networkInterfaces/x",
        "Microsoft.Network/networkSecurityGroups/x",
        "Microsoft.Network/virtualNetworks/x",
        "Microsoft.Network/publicIPAddresses/x",
        "Microsoft.Network/loadBalancers/x",
        "Microsoft.Network/virtualNetworkGateways/x",
        "Microsoft.Storage/storageAccounts/x",
        "Microsoft.KeyVault/vaults/x",
        "Microsoft.Sql/servers/x",
        "Microsoft.Web/sites/x",
    ];
    let mut documents = vec![json!({"id": spell_out("{sub}"), "state": "Enabled"})];
    documents.extend(kinds.iter().map(|kind| {
        let id = spell_out(&format!("{{rg}}/providers/{kind}"));
        json!({"id": id, "name": "x", "location": "westeurope", "properties": null})
    }));
    let assessment = run(&documents, &json!("all"), 1);
    for id in ["NW-2", "NW-3", "NW-4", "DD-2", "DD-3", "DD-4"] {
        let verdict = &assessment.result(id).unwrap().verdict;
        assert_eq!(verdict.name(), "unknown", "{id}");
        let command = &verdict.missing()[0].command;
        assert!(command.contains("azimuth collect") && command.contains("az graph query"), "{id}: {command}");
    }
}

#[test]
fn bodies_of_any_shape_do_not_panic() {
    let kinds = [
        "Microsoft.Network/networkInterfaces/x",
        "Microsoft.Network/networkSecurityGroups/x",
        "Microsoft.Network/virtualNetworks/x",
        "Microsoft.Network/loadBalancers/x",
        "Microsoft.Network/routeTables/x",
        "Microsoft.Network/publicIPAddresses/x",
        "Microsoft.Network/networkWatchers/x/flowLogs/y",
        "Microsoft.Compute/virtualMachines/x",
        "Microsoft.Compute/virtualMachineScaleSets/x",
        "Microsoft.Storage/storageAccounts/x",
        "Microsoft.Web/sites/x",
        "Microsoft.Authorization/policyAssignments/x",
        "Microsoft.Security/securityContacts/x",
    ];
    let bodies = [
        json!({}),
        json!([]),
        json!("text"),
        json!({"properties": []}),
        json!({"properties": {"ipConfigurations": {}, "subnets": 3, "securityRules": "x", "routes": [1]}}),
        json!({"properties": {"networkProfile": null, "policyDefinitionId": {}, "kind": []}, "sku": 4}),
    ];
    for body in &bodies {
        let documents: Vec<Value> = kinds
            .iter()
            .map(|kind| {
                let key = spell_out(&format!("{{rg}}/providers/{kind}"));
                json!({"key": key, "body": body})
            })
            .collect();
        let assessment = run(&documents, &json!("all"), 1);
        assert_eq!(assessment.results.len(), 40);
    }
}
