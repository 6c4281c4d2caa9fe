//! Where values come from, and how they compare with the stored state.

use azimuth_arm::{Certainty, ChangeType, MemoryEstate, NoEstate, Parameters, Via, WhatIfOptions, whatif};
use serde_json::json;

use crate::features::{context, expanded_in, group_id};

#[test]
fn origins_lead_to_the_text() {
    let text = r#"{
  "parameters": {
    "access": { "type": "string", "defaultValue": "Enabled" }
  },
  "variables": {
    "rules": [
      { "name": "first", "action": "Allow" }
    ]
  },
  "resources": [
    {
      "type": "Microsoft.Storage/storageAccounts",
      "apiVersion": "2023-01-01",
      "name": "[concat('st', copyIndex())]",
      "copy": { "name": "accounts", "count": 2 },
      "properties": {
        "publicNetworkAccess": "[parameters('access')]",
        "rules": "[variables('rules')]",
        "copy": [ { "name": "tiers", "count": 2, "input": { "tier": "[copyIndex('tiers')]" } } ]
      }
    }
  ]
}"#;
    let expansion = expanded_in(text, &Parameters::none(), &context(), &NoEstate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    let second = &expansion.resources[1];
    let origin =
        |pointer: &str| expansion.origin(second, pointer).unwrap_or_else(|| panic!("no origin of {pointer}"));
    let copy = Via::Copy { name: "accounts".into(), index: Some(1) };

    let access = origin("/properties/publicNetworkAccess");
    assert_eq!(access.place.to_string(), "main.json:17:32");
    assert_eq!(access.via[0], copy);
    match &access.via[1] {
        Via::Parameter { name, place: Some(place) } => {
            assert_eq!((name.as_str(), place.to_string().as_str()), ("access", "main.json:3:51"));
        }
        other => panic!("{other:?}"),
    }
    let action = origin("/properties/rules/0/action");
    assert_eq!(action.place.to_string(), "main.json:7:36");
    assert!(action.via.contains(&copy), "{action:?}");
    assert!(
        action.via.iter().any(|via| matches!(via, Via::Expression { place } if place.line == 18)),
        "{action:?}"
    );
    assert!(
        action.via.iter().any(|via| matches!(via, Via::Variable { name, .. } if name == "rules")),
        "{action:?}"
    );

    let tier = origin("/properties/tiers/1/tier");
    assert_eq!(tier.place.line, 19);
    assert!(tier.via.contains(&Via::Copy { name: "tiers".into(), index: Some(1) }), "{tier:?}");
    assert_eq!(origin("/name").place.line, 14);
    assert_eq!(origin("").place.line, 11);
    let map = expansion.origin_map(second);
    for pointer in ["", "/type", "/properties/tiers/0/tier", "/properties/rules/0/name"] {
        assert_eq!(map.get(pointer), Some(&origin(pointer)), "{pointer}");
    }
}

#[test]
fn parameters_of_nested_deployments_lead_outwards() {
    let text = r#"{
  "parameters": { "outer": { "type": "string", "defaultValue": "Enabled" } },
  "resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2021-04-01", "name": "n", "properties": {
    "expressionEvaluationOptions": { "scope": "inner" },
    "parameters": { "inner": { "value": "[parameters('outer')]" } },
    "template": {
      "parameters": { "inner": { "type": "string" } },
      "resources": [ { "type": "A.B/c", "apiVersion": "2020-01-01", "name": "r", "properties": {
        "p": "[parameters('inner')]" } } ] } } } ]
}"#;
    let expansion = expanded_in(text, &Parameters::none(), &context(), &NoEstate);
    let origin = expansion.origin(&expansion.resources[0], "/properties/p").expect("it is written somewhere");
    assert_eq!(origin.place.line, 9);
    let lines = origin.via.iter().filter_map(|via| match via {
        Via::Parameter { name, place } => Some((name.as_str(), place.as_ref().map_or(0, |place| place.line))),
        _ => None,
    });
    assert_eq!(lines.collect::<Vec<_>>(), [("inner", 5), ("outer", 2)]);
}

#[test]
fn what_if_says_how_sure_it_is() {
    let id = group_id("Microsoft.Storage/storageAccounts/st");
    let vault = group_id("Microsoft.KeyVault/vaults/kv");
    let estate = MemoryEstate::new([
        json!({ "id": id, "name": "st", "type": "Microsoft.Storage/storageAccounts", "location": "East US",
                "tags": { "old": "1" },
                "properties": { "provisioningState": "Succeeded", "accessTier": "Hot", "custom": 5,
                                "vault": "https://old", "rules": [{ "name": "a", "v": 1 }, { "name": "b", "v": 2 }] } }),
        json!({ "id": vault, "name": "kv", "type": "Microsoft.KeyVault/vaults", "location": "eastus",
                "properties": { "vaultUri": "https://kv", "enabledForDeployment": false } }),
    ]);
    let template = json!({
        "parameters": { "key": { "type": "secureString", "defaultValue": "s3cret" } },
        "resources": [
            { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "st", "location": "eastus", "tags": {},
              "properties": {
                "vault": "[reference(resourceId('Microsoft.KeyVault/vaults', 'kv'), '2023-02-01').vaultUri]",
                "unknown": "[reference('nothing').x]", "key": "[parameters('key')]",
                "rules": [{ "name": "b", "v": 3 }, { "name": "a", "v": 1 }]
              } },
            { "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-02-01", "name": "kv", "location": "eastus",
              "properties": { "vaultUri": "https://kv", "enabledForDeployment": true } }
        ]
    });
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context(), &estate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    let result = whatif(&expansion, &estate, &context().target, &WhatIfOptions::default());
    let storage = &result.changes[0];
    assert_eq!(storage.change_type, ChangeType::Modify);
    let delta = |path: &str| {
        storage
            .delta
            .iter()
            .find(|delta| delta.path == path)
            .unwrap_or_else(|| panic!("no {path}: {:#?}", storage.delta))
    };
    assert_eq!(delta("properties.provisioningState").certainty, Certainty::DefaultNoise);
    assert_eq!(delta("properties.accessTier").certainty, Certainty::DefaultNoise);
    assert_eq!(delta("properties.custom").certainty, Certainty::Unknown);
    assert_eq!(delta("tags.old").certainty, Certainty::Certain);
    assert_eq!(delta("properties.unknown").certainty, Certainty::Unknown);
    assert_eq!(delta("properties.key").after, Some("***".into()));
    assert!(storage.delta.iter().all(|delta| delta.path != "location"));
    // The vault's stored state is read, and the vault itself changes.
    assert_eq!(delta("properties.vault").after, Some("https://kv".into()));
    assert_eq!(delta("properties.vault").certainty, Certainty::Unknown);
    assert!(delta("properties.vault").reason.contains("also changes"));
    let rules = delta("properties.rules");
    assert_eq!(rules.children.len(), 1);
    assert_eq!((rules.children[0].path.as_str(), rules.children[0].children[0].path.as_str()), ("0", "v"));
    assert!(!result.to_json().to_string().contains("s3cret"));
}

/// What-if of a virtual network whose subnet has the prefix, held against one whose subnet has `10.0.0.0/24`.
fn network_change(stored_item_id: &str, prefix: &str) -> azimuth_arm::Change {
    let id = group_id("Microsoft.Network/virtualNetworks/v");
    let estate = MemoryEstate::new([json!({
        "id": id, "name": "v", "type": "Microsoft.Network/virtualNetworks", "location": "eastus", "etag": "W/0",
        "properties": { "provisioningState": "Succeeded", "subnets": [{
            "name": "s", "id": stored_item_id, "etag": "W/1", "type": "Microsoft.Network/virtualNetworks/subnets",
            "properties": {
                "addressPrefix": "10.0.0.0/24", "provisioningState": "Succeeded", "delegations": [],
                "ipConfigurations": [{ "id": "/subscriptions/s/resourceGroups/rg/providers/a.b/c/d" }]
            }
        }] }
    })]);
    let template = json!({ "resources": [{
        "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-09-01", "name": "v", "location": "eastus",
        "properties": { "subnets": [{ "name": "s", "properties": { "addressPrefix": prefix } }] }
    }] });
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context(), &estate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    let result = whatif(&expansion, &estate, &context().target, &WhatIfOptions::default());
    result.changes.into_iter().next().expect("there is one resource")
}

#[test]
fn read_only_members_of_child_resources_are_noise() {
    let own = group_id("microsoft.network/virtualnetworks/V/subnets/s");
    let unchanged = network_change(&own, "10.0.0.0/24");
    assert_eq!(unchanged.change_type, ChangeType::NoChange, "{:#?}", unchanged.delta);
    assert!(unchanged.delta.iter().all(|delta| delta.certainty == Certainty::DefaultNoise));

    let changed = network_change(&own, "10.0.1.0/24");
    assert_eq!(changed.change_type, ChangeType::Modify);
    let subnet = &changed.delta.iter().find(|delta| delta.path == "properties.subnets").unwrap().children[0];
    let sure = |path: &str| subnet.children.iter().find(|child| child.path == path).unwrap().certainty;
    assert_eq!(sure("properties.addressPrefix"), Certainty::Certain);
    assert_eq!(sure("properties.provisioningState"), Certainty::DefaultNoise);
    assert_eq!(sure("id"), Certainty::DefaultNoise);

    // An item that is not below the resource is state.
    let foreign = network_change(&group_id("Microsoft.Network/virtualNetworks/v2/subnets/s"), "10.0.0.0/24");
    assert_eq!(foreign.change_type, ChangeType::Modify);
}
