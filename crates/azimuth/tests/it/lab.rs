//! `azimuth lab`: a store forked, changed and compared.

use serde_json::{Value, json};

use crate::support::{Folder, expect};

const SCOPE: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg";

fn account(name: &str, location: &str, public: bool) -> Value {
    json!({
        "id": format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}"), "name": name,
        "type": "Microsoft.Storage/storageAccounts", "location": location, "kind": "StorageV2",
        "properties": {
            "publicNetworkAccess": if public { "Enabled" } else { "Disabled" },
            "networkAcls": {"defaultAction": if public { "Allow" } else { "Deny" }},
        },
    })
}

fn definition() -> Value {
    json!({
        "id": "/providers/Microsoft.Authorization/policyDefinitions/where", "name": "where",
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "displayName": "Only in Norway", "policyType": "BuiltIn", "mode": "Indexed",
            "policyRule": {
                "if": {"field": "location", "notEquals": "norwayeast"},
                "then": {"effect": "deny"},
            },
        },
    })
}

fn assignment() -> Value {
    json!({
        "id": format!("{SCOPE}/providers/Microsoft.Authorization/policyAssignments/norway"), "name": "norway",
        "type": "Microsoft.Authorization/policyAssignments",
        "properties": {
            "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/where",
            "scope": SCOPE, "enforcementMode": "Default",
        },
    })
}

/// A store with two accounts, and a lab forked from it.
fn forked(folder: &Folder) -> (String, String) {
    let estate = json!([
        {"id": SCOPE, "type": "Microsoft.Resources/subscriptions", "displayName": "one", "state": "Enabled"},
        {"id": GROUP, "name": "rg", "type": "Microsoft.Resources/resourceGroups", "location": "norwayeast", "properties": {}},
        definition(),
        account("first", "norwayeast", false),
        account("second", "westeurope", false),
    ]);
    let (store, lab) = (folder.text("estate.db"), folder.text("trial"));
    let estate = folder.file("estate.json", estate.to_string());
    expect(0, &["import", &estate, "--store", &store]);
    expect(0, &["lab", "fork", &lab, "--store", &store]);
    (store, lab)
}

fn compared(lab: &str) -> Value {
    let run = expect(0, &["lab", "compare", lab, "-o", "json", "-q"]);
    serde_json::from_str(&run.stdout).expect("it is JSON")
}

#[test]
fn what_a_change_comes_to() {
    let folder = Folder::new();
    let (store, lab) = forked(&folder);
    let before = expect(0, &["export", &store]).stdout;
    let nothing = compared(&lab);
    for list in ["documents", "controls", "compliance", "refused"] {
        assert_eq!(nothing[list], json!([]), "{list}");
    }

    let changes = json!([assignment(), account("second", "westeurope", true)]);
    let changes = folder.file("changes.json", changes.to_string());
    let run = expect(0, &["import", &changes, "--store", &lab]);
    assert!(run.stdout.contains("1 created, 1 updated"), "{}", run.stdout);
    expect(
        0,
        &["lab", "delete", &lab, &format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/first")],
    );

    let found = compared(&lab);
    let kinds: Vec<_> =
        found["documents"].as_array().unwrap().iter().map(|document| document["change"].clone()).collect();
    assert_eq!(kinds, ["created", "deleted", "updated"]);
    let control =
        found["controls"].as_array().unwrap().iter().find(|control| control["id"] == "DD-3").unwrap();
    assert_eq!(control["new"][0]["path"], "$.properties.networkAcls.defaultAction");
    let states: Vec<_> = found["compliance"].as_array().unwrap().iter().collect();
    assert_eq!(states.len(), 1, "{states:?}");
    assert_eq!(
        [&states[0]["before"], &states[0]["after"], &states[0]["effect"]],
        [&Value::Null, &json!("NonCompliant"), &json!("deny")]
    );
    let refused = found["refused"].as_array().unwrap();
    assert!(
        refused.len() == 1 && refused[0]["resource"].as_str().unwrap().ends_with("/second"),
        "{refused:?}"
    );

    // The store knows nothing of it, and goes on without the lab.
    assert_eq!(expect(0, &["export", &store]).stdout, before);
    let later = folder.file("later.json", json!([account("third", "westeurope", true)]).to_string());
    expect(0, &["import", &later, "--store", &store]);
    assert_eq!(compared(&lab)["documents"], found["documents"]);
    let listed = expect(0, &["export", &lab]).stdout;
    assert!(
        listed.contains("policyAssignments/norway") && !listed.contains("storageAccounts/third"),
        "{listed}"
    );
    let changes = expect(0, &["changes", "--store", &lab, "--after", "5"]).stdout;
    assert!(changes.contains("deleted") && changes.contains("lab"), "{changes}");

    let text = expect(1, &["lab", "compare", &lab, "--fail-on-worse"]).stdout;
    assert!(text.contains("1 write of the lab would be refused"), "{text}");
    let record = folder.text("runs.json");
    for _ in 0..2 {
        expect(0, &["lab", "compare", &lab, "--record", &record]);
    }
    let runs: Value = serde_json::from_str(&std::fs::read_to_string(&record).unwrap()).unwrap();
    let runs = runs["body"]["impactRuns"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["found"]["nonCompliant"]), (2, &json!(1)));
}

#[test]
fn labs_that_cannot_be() {
    let folder = Folder::new();
    let (store, lab) = forked(&folder);
    let again = expect(3, &["lab", "fork", &lab, "--store", &store]);
    assert!(again.stderr.contains("not there yet"), "{}", again.stderr);
    let early =
        expect(3, &["lab", "fork", &folder.text("early"), "--store", &store, "--as-of", "2001-01-01"]);
    assert!(early.stderr.contains("holds no document") && !folder.path("early").exists(), "{}", early.stderr);
    let absent = expect(3, &["lab", "delete", &lab, "graph:/users/nobody"]);
    assert!(absent.stderr.contains("nothing was deleted"), "{}", absent.stderr);
    let changes = folder.file("changes.json", json!([account("x", "norwayeast", true)]).to_string());
    let replaced = expect(2, &["import", &changes, "--store", &lab, "--replace"]);
    assert!(replaced.stderr.contains("lab delete"), "{}", replaced.stderr);
    std::fs::rename(folder.path("estate.db"), folder.path("moved.db")).unwrap();
    let moved = expect(4, &["lab", "compare", &lab]);
    assert!(moved.stderr.contains("a moved store is found again"), "{}", moved.stderr);
    folder.file("trial/lab.json", "{}");
    let odd = expect(3, &["lab", "compare", &lab]);
    assert!(odd.stderr.contains("describes no lab"), "{}", odd.stderr);
}
