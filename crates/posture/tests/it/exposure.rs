//! The shared corpus of exposures, translated to Resource Manager documents.

use std::collections::BTreeSet;
use std::path::PathBuf;

use azimuth_posture::exposure::{Network, Outcome, Protocol};
use serde_json::{Value, json};

use crate::estate::{snapshot, spell_out};

/// `(public address, frontend port, machine, backend port)`.
type Exposed = BTreeSet<(String, u16, String, u16)>;

fn corpus() -> Option<String> {
    let root = std::env::var_os("AZIMUTH_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    std::fs::read_to_string(root.join("corpora/network/exposure.jsonl")).ok()
}

/// The estate of a case as documents.
fn documents(estate: &Value) -> Vec<Value> {
    let net = spell_out("{net}");
    let compute = spell_out("{rg}/providers/Microsoft.Compute/virtualMachines");
    let id = |kind: &str, name: &str| format!("{net}/{kind}/{name}");
    let mut documents = Vec::new();
    let mut group = |owner: &Value| -> Value {
        let group = &owner["nsg"];
        let Some(name) = group["name"].as_str() else { return Value::Null };
        let id = id("networkSecurityGroups", name);
        documents.push(json!({"id": id, "properties": {"securityRules": group["securityRules"]}}));
        json!({"id": id})
    };
    let mut others = Vec::new();
    let mut subnets = Vec::new();
    for (name, subnet) in estate["subnets"].as_object().unwrap() {
        let table = id("routeTables", name);
        let routes: Vec<Value> = subnet["userRoutes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|route| json!({"name": route["name"], "properties": route}))
            .collect();
        others.push(json!({"id": table, "properties": {"routes": routes}}));
        subnets.push(json!({"name": name, "properties": {
            "addressPrefix": subnet["addressPrefix"],
            "networkSecurityGroup": group(subnet),
            "routeTable": {"id": table}
        }}));
    }
    others.push(json!({"id": id("virtualNetworks", "vnet"), "properties": {
        "addressSpace": {"addressPrefixes": estate["vnetAddressPrefixes"]}, "subnets": subnets
    }}));
    for (name, vm) in estate["vms"].as_object().unwrap() {
        let nic = id("networkInterfaces", name);
        let public = vm["publicIp"].as_str().map(|public| json!({"id": id("publicIPAddresses", public)}));
        others.push(json!({
            "id": format!("{compute}/{name}"),
            "properties": {"networkProfile": {"networkInterfaces": [{"id": nic}]}}
        }));
        others.push(json!({"id": nic, "properties": {
            "networkSecurityGroup": group(vm),
            "ipConfigurations": [{"name": "ipconfig1", "properties": {
                "privateIPAddress": vm["privateIp"],
                "subnet": {"id": format!("{}/subnets/{}", id("virtualNetworks", "vnet"), vm["subnet"].as_str().unwrap())},
                "publicIPAddress": public
            }}]
        }}));
    }
    for (name, public) in estate["publicIps"].as_object().unwrap() {
        others.push(json!({
            "id": id("publicIPAddresses", name),
            "sku": {"name": public["sku"]},
            "properties": {"ipAddress": public["ipAddress"]}
        }));
    }
    for (name, balancer) in estate["loadBalancers"].as_object().unwrap() {
        let balancer_id = id("loadBalancers", name);
        let rules = balancer["rules"].as_array().unwrap();
        let mut pools = Vec::new();
        let mut bodies = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let backend = rule.get("backend").unwrap_or(&balancer["backend"]);
            let members: Vec<Value> = backend
                .as_array()
                .unwrap()
                .iter()
                .map(|vm| {
                    json!({"id": format!("{}/ipConfigurations/ipconfig1", id("networkInterfaces", vm.as_str().unwrap()))})
                })
                .collect();
            pools.push(
                json!({"name": format!("pool{index}"), "properties": {"backendIPConfigurations": members}}),
            );
            bodies.push(json!({"name": format!("rule{index}"), "properties": {
                "protocol": rule["protocol"],
                "frontendPort": rule["frontendPort"],
                "backendPort": rule["backendPort"],
                "frontendIPConfiguration": {"id": format!("{balancer_id}/frontendIPConfigurations/front")},
                "backendAddressPool": {"id": format!("{balancer_id}/backendAddressPools/pool{index}")}
            }}));
        }
        let public = id("publicIPAddresses", balancer["publicIp"].as_str().unwrap());
        others.push(json!({"id": balancer_id, "properties": {
            "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": public}}}],
            "loadBalancingRules": bodies,
            "backendAddressPools": pools
        }}));
    }
    documents.extend(others);
    documents
}

fn exposed(estate: &Value) -> Exposed {
    let snapshot = snapshot(&documents(estate), &Value::Null);
    let network = Network::from_snapshot(&snapshot);
    let mut exposed = Exposed::new();
    for entrance in network.entrances() {
        let machine = entrance.interface.machine.rsplit('/').next().unwrap().to_owned();
        for port in estate["vms"][&machine]["listens"].as_array().unwrap() {
            let port = u16::try_from(port.as_u64().unwrap()).unwrap();
            if !entrance.ports(Protocol::Tcp).is_some_and(|ports| ports.contains(port)) {
                continue;
            }
            if let Outcome::Open(_) = network.judge(&entrance, Protocol::Tcp, port) {
                let frontend = entrance.mapping.map_or(port, |mapping| mapping.frontend_ports.start);
                exposed.insert((entrance.address.clone(), frontend, machine.clone(), port));
            }
        }
    }
    exposed
}

#[test]
fn the_corpus_of_exposures_is_answered() {
    let Some(text) = corpus() else {
        assert!(std::env::var_os("CI").is_none(), "the shared corpora are missing");
        return eprintln!("SKIPPED: corpora/network/exposure.jsonl is not there; set AZIMUTH_SHARED");
    };
    let mut failed = Vec::new();
    let mut total = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let wanted: Exposed = case["expect"]["exposed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let port = |member: &str| u16::try_from(one[member].as_u64().unwrap()).unwrap();
                let text = |member: &str| one[member].as_str().unwrap().to_owned();
                (text("publicIp"), port("port"), text("vm"), port("backendPort"))
            })
            .collect();
        let found = exposed(&case["input"]["estate"]);
        total += 1;
        if found != wanted {
            failed.push(format!("{}: found {found:?}, wanted {wanted:?}", case["id"]));
        }
    }
    assert!(failed.is_empty(), "{} of {total} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(total >= 57, "the corpus has shrunk to {total} cases");
}
