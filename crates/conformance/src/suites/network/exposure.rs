//! Runner of `exposure.jsonl`: the estate of a case as Resource Manager documents, and what of it is open.

use azimuth_estate::Snapshot;
use azimuth_ids::DocumentKey;
use azimuth_posture::exposure::{Network, Outcome, Protocol};
use serde_json::{Map, Value, json};

use crate::expect;

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/app";

/// All (public address, frontend port, machine, backend port) that an internet client can open.
pub(super) fn exposure(case: &Value) -> Result<(), String> {
    let estate = expect::value(case, "/input/estate")?;
    let mut builder = Snapshot::builder();
    for document in documents(estate)? {
        let key = DocumentKey::parse(expect::text(&document, "/id")?).map_err(|error| error.to_string())?;
        builder.push(&key, document.to_string());
    }
    let got = exposed(estate, &Network::from_snapshot(&builder.finish(), 1))?;
    let expected = expect::value(case, "/expect/exposed")?;
    if expect::same_set(expected, &got) {
        return Ok(());
    }
    expect::equal("exposed", expected, &got)
}

fn exposed(estate: &Value, network: &Network) -> Result<Value, String> {
    let mut exposed = Vec::new();
    for entrance in network.entrances() {
        let machine = entrance.interface.machine.rsplit('/').next().unwrap_or_default();
        for port in items(&estate["vms"][machine], "/listens")? {
            let port = port.as_u64().and_then(|port| u16::try_from(port).ok());
            let port = port.ok_or_else(|| format!("`{machine}` listens on no port"))?;
            if !entrance.ports(Protocol::Tcp).is_some_and(|ports| ports.contains(port)) {
                continue;
            }
            if let Outcome::Open(_) = network.judge(&entrance, Protocol::Tcp, port) {
                let frontend = entrance.mapping.map_or(port, |mapping| mapping.frontend_ports.start);
                exposed.push(json!({
                    "publicIp": entrance.address, "port": frontend, "protocol": "Tcp",
                    "vm": machine, "backendPort": port
                }));
            }
        }
    }
    Ok(Value::Array(exposed))
}

fn members<'a>(value: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>, String> {
    expect::value(value, pointer)?.as_object().ok_or_else(|| format!("`{pointer}` is no object"))
}

fn items<'a>(value: &'a Value, pointer: &str) -> Result<&'a Vec<Value>, String> {
    expect::value(value, pointer)?.as_array().ok_or_else(|| format!("`{pointer}` is no array"))
}

fn id(kind: &str, name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/{kind}/{name}")
}

fn documents(estate: &Value) -> Result<Vec<Value>, String> {
    let mut documents = Vec::new();
    network(estate, &mut documents)?;
    for (name, machine) in members(estate, "/vms")? {
        self::machine(name, machine, &mut documents)?;
    }
    for (name, address) in members(estate, "/publicIps")? {
        documents.push(json!({
            "id": id("publicIPAddresses", name),
            "sku": {"name": address["sku"]},
            "properties": {"ipAddress": address["ipAddress"]}
        }));
    }
    for (name, balancer) in members(estate, "/loadBalancers")? {
        documents.push(self::balancer(name, balancer)?);
    }
    Ok(documents)
}

/// The group of a subnet or machine: its document, and the reference to it.
fn group(owner: &Value, documents: &mut Vec<Value>) -> Value {
    let group = &owner["nsg"];
    let Some(name) = group["name"].as_str() else { return Value::Null };
    let id = id("networkSecurityGroups", name);
    documents.push(json!({"id": id, "properties": {"securityRules": group["securityRules"]}}));
    json!({"id": id})
}

fn network(estate: &Value, documents: &mut Vec<Value>) -> Result<(), String> {
    let mut subnets = Vec::new();
    for (name, subnet) in members(estate, "/subnets")? {
        let table = id("routeTables", name);
        let routes: Vec<Value> = items(subnet, "/userRoutes")?
            .iter()
            .map(|route| json!({"name": route["name"], "properties": route}))
            .collect();
        documents.push(json!({"id": table, "properties": {"routes": routes}}));
        subnets.push(json!({"name": name, "properties": {
            "addressPrefix": subnet["addressPrefix"],
            "networkSecurityGroup": group(subnet, documents),
            "routeTable": {"id": table}
        }}));
    }
    documents.push(json!({"id": id("virtualNetworks", "vnet"), "properties": {
        "addressSpace": {"addressPrefixes": estate["vnetAddressPrefixes"]}, "subnets": subnets
    }}));
    Ok(())
}

fn machine(name: &str, machine: &Value, documents: &mut Vec<Value>) -> Result<(), String> {
    let interface = id("networkInterfaces", name);
    let subnet = format!("{}/subnets/{}", id("virtualNetworks", "vnet"), expect::text(machine, "/subnet")?);
    let public = machine["publicIp"].as_str().map(|public| json!({"id": id("publicIPAddresses", public)}));
    documents.push(json!({
        "id": format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}"),
        "properties": {"networkProfile": {"networkInterfaces": [{"id": interface}]}}
    }));
    let group = group(machine, documents);
    documents.push(json!({"id": interface, "properties": {
        "networkSecurityGroup": group,
        "ipConfigurations": [{"name": "ipconfig1", "properties": {
            "privateIPAddress": machine["privateIp"],
            "subnet": {"id": subnet},
            "publicIPAddress": public
        }}]
    }}));
    Ok(())
}

fn balancer(name: &str, balancer: &Value) -> Result<Value, String> {
    let balancer_id = id("loadBalancers", name);
    let mut pools = Vec::new();
    let mut rules = Vec::new();
    for (index, rule) in items(balancer, "/rules")?.iter().enumerate() {
        // The pool stands at the rule or at the balancer.
        let backend = if rule.get("backend").is_some() { rule } else { balancer };
        let interfaces = items(backend, "/backend")?.iter().filter_map(Value::as_str);
        let configurations: Vec<Value> = interfaces
            .map(|machine| json!({"id": format!("{}/ipConfigurations/ipconfig1", id("networkInterfaces", machine))}))
            .collect();
        pools.push(json!({
            "name": format!("pool{index}"), "properties": {"backendIPConfigurations": configurations}
        }));
        rules.push(json!({"name": format!("rule{index}"), "properties": {
            "protocol": rule["protocol"],
            "frontendPort": rule["frontendPort"],
            "backendPort": rule["backendPort"],
            "frontendIPConfiguration": {"id": format!("{balancer_id}/frontendIPConfigurations/front")},
            "backendAddressPool": {"id": format!("{balancer_id}/backendAddressPools/pool{index}")}
        }}));
    }
    let public = id("publicIPAddresses", expect::text(balancer, "/publicIp")?);
    Ok(json!({"id": balancer_id, "properties": {
        "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": public}}}],
        "loadBalancingRules": rules,
        "backendAddressPools": pools
    }}))
}
