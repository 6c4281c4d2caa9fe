//! How long is an assessment of an estate once its snapshot is built?
//!
//! A generated estate of 100,000 resources, most of them of the types that the controls read, with bodies of
//! 1 to 2 KiB: the case in which every control has work.

use azimuth_estate::Snapshot;
use azimuth_ids::DocumentKey;
use azimuth_posture::exposure::Network;
use azimuth_posture::{Options, assess};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const RESOURCES: usize = 100_000;
/// Documents in one repetition of the pattern of [`push_tier`].
const TIER: usize = 20;

fn push(builder: &mut azimuth_estate::SnapshotBuilder, mut document: Value) {
    // What real bodies carry beside the members that the controls read.
    document["tags"] = json!({"costCentre": "4711", "owner": "team@contoso.example", "env": "production"});
    document["etag"] = json!("W/\"00000000-0000-0000-0000-000000000000\"");
    document["systemData"] = json!({"createdBy": "pipeline", "filler": "x".repeat(600)});
    let key = DocumentKey::parse(document["id"].as_str().expect("an id")).expect("a key");
    builder.push(&key, document.to_string());
}

/// A public web tier: network, group with rules, machines with interfaces and addresses, storage, vault.
fn push_tier(builder: &mut azimuth_estate::SnapshotBuilder, index: usize) {
    let group =
        format!("/subscriptions/00000000-0000-0000-0000-{:012}/resourceGroups/rg-{index}", index % 200);
    let network = format!("{group}/providers/Microsoft.Network");
    let rules: Vec<Value> = (0..12)
        .map(|rule| {
            json!({"name": format!("rule-{rule}"), "properties": {
                "priority": 100 + rule * 10, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
                "sourceAddressPrefix": if rule == 3 { "Internet" } else { "198.51.100.0/24" },
                "sourcePortRange": "*", "destinationAddressPrefix": "*",
                "destinationPortRange": format!("{}", 440 + rule)
            }})
        })
        .collect();
    push(
        builder,
        json!({"id": format!("{network}/networkSecurityGroups/nsg"), "properties": {"securityRules": rules}}),
    );
    push(
        builder,
        json!({"id": format!("{network}/virtualNetworks/vnet"), "properties": {"subnets": [
            {"name": "web", "properties": {"addressPrefix": "10.0.1.0/24",
                "networkSecurityGroup": {"id": format!("{network}/networkSecurityGroups/nsg")}}}
        ]}}),
    );
    for machine in 0..5 {
        push(
            builder,
            json!({
                "id": format!("{group}/providers/Microsoft.Compute/virtualMachines/vm{machine}"), "zones": ["1"],
                "properties": {"networkProfile": {"networkInterfaces": [
                    {"id": format!("{network}/networkInterfaces/nic{machine}")}]}}
            }),
        );
        push(
            builder,
            json!({
                "id": format!("{network}/networkInterfaces/nic{machine}"),
                "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": {
                    "privateIPAddress": format!("10.0.1.{}", machine + 4),
                    "subnet": {"id": format!("{network}/virtualNetworks/vnet/subnets/web")},
                    "publicIPAddress": {"id": format!("{network}/publicIPAddresses/pip{machine}")}
                }}]}
            }),
        );
        push(
            builder,
            json!({
                "id": format!("{network}/publicIPAddresses/pip{machine}"), "sku": {"name": "Standard"},
                "properties": {"ipAddress": "203.0.113.9", "ipConfiguration": {
                    "id": format!("{network}/networkInterfaces/nic{machine}/ipConfigurations/ipconfig1")}}
            }),
        );
    }
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/vault");
    push(builder, json!({"id": vault, "properties": {"networkAcls": {"defaultAction": "Deny"}}}));
    push(
        builder,
        json!({
            "id": format!("{vault}/providers/Microsoft.Insights/diagnosticSettings/siem"),
            "properties": {"workspaceId": "/w", "logs": [{"category": "AuditEvent", "enabled": true}]}
        }),
    );
    push(
        builder,
        json!({
            "id": format!("{group}/providers/Microsoft.Storage/storageAccounts/data"), "kind": "StorageV2",
            "properties": {"networkAcls": {"defaultAction": "Deny"}}
        }),
    );
}

fn estate() -> Snapshot {
    let mut builder = Snapshot::builder().threads(2);
    for index in 0..RESOURCES / TIER {
        push_tier(&mut builder, index);
    }
    let key = azimuth_estate::evidence::evidence_key("all", "*").expect("a key");
    builder.push(&key, json!({"kind": "Evidence", "type": "all", "scope": "*"}).to_string());
    builder.finish()
}

#[divan::bench(args = [1, 2], sample_count = 10, sample_size = 1)]
fn assess_100k_resources(bencher: divan::Bencher, threads: usize) {
    let snapshot = estate();
    let options = Options::new("2026-06-01T00:00:00Z".parse().expect("a time"));
    bencher.bench_local(|| assess(&snapshot, &options, threads, &|_, _, _| {}));
}

/// The generated company with its policy objects, as exports are read: the case in which policies have work.
fn company() -> (Snapshot, jiff::Timestamp) {
    let mut imported = Vec::new();
    let options = azimuth_demo::Options { size: RESOURCES, seed: 1, flaws: azimuth_demo::Flaws::Planted };
    let manifest = azimuth_demo::generate(&options, &mut |file| {
        azimuth_exports::read(&file.path, &file.content, &mut |document| imported.push(document));
        Ok::<(), std::convert::Infallible>(())
    })
    .expect("the size is in range");
    let mut builder = Snapshot::builder().threads(2);
    for document in azimuth_exports::merge(imported).documents {
        builder.push(&document.key, document.body);
    }
    (builder.finish(), manifest.time)
}

#[divan::bench(args = [1, 2], sample_count = 10, sample_size = 1)]
fn assess_company_of_100k_resources(bencher: divan::Bencher, threads: usize) {
    let (snapshot, time) = company();
    let options = Options::new(time);
    bencher.bench_local(|| assess(&snapshot, &options, threads, &|_, _, _| {}));
}

#[divan::bench(args = [1, 2], sample_count = 10, sample_size = 1)]
fn read_network_of_100k_resources(bencher: divan::Bencher, threads: usize) {
    let snapshot = estate();
    bencher.bench_local(|| Network::from_snapshot(&snapshot, threads));
}
