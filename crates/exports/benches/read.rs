//! How fast exports are read: resources of about 2 KiB, on one core.
//!
//! `cargo bench -p azimuth-exports`; divide 1,000,000,000 by the time of one item in nanoseconds for resources a
//! second.

use azimuth_exports::{Imported, merge, read, read_parallel};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

const RESOURCES: usize = 20_000;

fn main() {
    divan::main();
}

/// One resource of about 2 KiB, as Resource Manager answers it.
fn resource(index: usize) -> String {
    let group =
        format!("/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-{:03}", index % 500);
    let id = format!("{group}/providers/Microsoft.Network/networkSecurityGroups/nsg-{index:06}");
    let rules: Vec<String> = (0..4)
        .map(|rule| {
            format!(
                r#"{{"name":"rule-{rule}","id":"{id}/securityRules/rule-{rule}","etag":"W/\"a8f0-{index}\"","type":"Microsoft.Network/networkSecurityGroups/securityRules","properties":{{"provisioningState":"Succeeded","protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"443","sourceAddressPrefix":"10.{rule}.0.0/16","destinationAddressPrefix":"*","access":"Allow","priority":{},"direction":"Inbound"}}}}"#,
                100 + rule
            )
        })
        .collect();
    format!(
        r#"{{"id":"{id}","name":"nsg-{index:06}","type":"Microsoft.Network/networkSecurityGroups","location":"westeurope","tags":{{"owner":"platform","environment":"production","costCentre":"{}"}},"etag":"W/\"a8f0-{index}\"","properties":{{"provisioningState":"Succeeded","resourceGuid":"2a1d7e0c-95a1-4f4b-9f5e-000000{index:06}","securityRules":[{}]}}}}"#,
        index % 97,
        rules.join(",")
    )
}

fn lines() -> String {
    (0..RESOURCES).map(|index| resource(index) + "\n").collect()
}

fn run(bencher: Bencher<'_, '_>, text: &str) {
    bencher.counter(BytesCount::new(text.len())).counter(ItemsCount::new(RESOURCES)).bench_local(|| {
        let mut bytes = 0;
        let report = read("bench", black_box(text.as_bytes()), &mut |document| bytes += document.body.len());
        assert_eq!((report.documents, report.rejected), (RESOURCES, 0));
        bytes
    });
}

#[divan::bench]
fn ndjson_20k_resources(bencher: Bencher<'_, '_>) {
    run(bencher, &lines());
}

#[divan::bench]
fn list_page_20k_resources(bencher: Bencher<'_, '_>) {
    let elements: Vec<String> = (0..RESOURCES).map(resource).collect();
    run(bencher, &format!("{{\"value\":[{}]}}", elements.join(",")));
}

/// As `az` prints it: four spaces a level.
#[divan::bench]
fn pretty_array_20k_resources(bencher: Bencher<'_, '_>) {
    let elements: Vec<serde_json::Value> =
        (0..RESOURCES).map(|index| serde_json::from_str(&resource(index)).expect("valid")).collect();
    run(bencher, &serde_json::to_string_pretty(&elements).expect("writable"));
}

#[divan::bench]
fn resource_graph_20k_rows(bencher: Bencher<'_, '_>) {
    let rows: Vec<String> = (0..RESOURCES)
        .map(|index| resource(index).replacen('{', r#"{"subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590","kind":"","tenantId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590","#, 1))
        .collect();
    run(bencher, &format!("{{\"count\":{RESOURCES},\"data\":[{}]}}", rows.join(",")));
}

#[divan::bench]
fn ndjson_20k_resources_two_threads(bencher: Bencher<'_, '_>) {
    let text = lines();
    bencher
        .counter(BytesCount::new(text.len()))
        .counter(ItemsCount::new(RESOURCES))
        .bench_local(|| read_parallel("bench", black_box(text.as_bytes()), 2));
}

#[divan::bench]
fn merge_two_exports_of_20k_resources(bencher: Bencher<'_, '_>) {
    let mut documents: Vec<Imported> = Vec::new();
    for _ in 0..2 {
        read("bench", lines().as_bytes(), &mut |document| documents.push(document));
    }
    bencher
        .counter(ItemsCount::new(RESOURCES * 2))
        .with_inputs(|| documents.clone())
        .bench_local_values(merge);
}
