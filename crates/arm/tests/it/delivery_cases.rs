//! The delivery corpus where it concerns templates: what-if, modes, order.

use azimuth_arm::{
    Context, Expansion, MemoryEstate, Mode, NoLoader, Parameters, ResultFormat, Source, Target,
    WhatIfOptions, blocked_by, expand, waves, whatif,
};
use serde_json::{Value as Json, json};

use crate::corpus::cases;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const GROUP: &str = "my-resource-group";
const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

fn id(name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{TYPE}/{name}")
}

fn expansion(resources: &[Json], estate: &MemoryEstate) -> Expansion {
    let template = json!({ "resources": resources });
    let source = Source::parse("template.json", &template.to_string()).expect("it is JSON");
    let context = Context::new(Target::resource_group(SUBSCRIPTION, GROUP));
    let expansion = expand(&source, &Parameters::none(), &context, &NoLoader, estate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    expansion
}

/// The changes in the corpus's terms, as a sorted set.
fn changes(case: &Json) -> Vec<String> {
    let input = &case["input"];
    let documents = input["current"].as_array().cloned().unwrap_or_default();
    let estate = MemoryEstate::new(documents);
    let resources = input["template"].as_array().into_iter().flatten().map(|resource| {
        let mut resource = resource.clone();
        resource.as_object_mut().expect("a resource is an object").remove("id");
        resource
    });
    let expansion = expansion(&resources.collect::<Vec<_>>(), &estate);
    let options = WhatIfOptions {
        mode: if input["mode"] == "Complete" { Mode::Complete } else { Mode::Incremental },
        result_format: match input["resultFormat"].as_str() {
            Some("ResourceIdOnly") => ResultFormat::ResourceIdOnly,
            _ => ResultFormat::FullResourcePayloads,
        },
        ..WhatIfOptions::default()
    };
    let target = Target::resource_group(SUBSCRIPTION, GROUP);
    let result = whatif(&expansion, &estate, &target, &options).to_json();
    let changes = result["properties"]["changes"].as_array().cloned().unwrap_or_default();
    sorted(&changes)
}

fn sorted(changes: &[Json]) -> Vec<String> {
    let mut out: Vec<String> = changes
        .iter()
        .map(|change| {
            let deltas = change["delta"].as_array().cloned().unwrap_or_default();
            let mut deltas: Vec<String> = deltas
                .iter()
                .map(|delta| {
                    let is_array = delta["propertyChangeType"] == "Array";
                    let (before, after) = if is_array {
                        (&Json::Null, &Json::Null)
                    } else {
                        (&delta["before"], &delta["after"])
                    };
                    format!("{} {} {before} {after}", delta["path"], delta["propertyChangeType"])
                })
                .collect();
            deltas.sort();
            format!("{} {} {deltas:?}", change["resourceId"], change["changeType"])
        })
        .collect();
    out.sort();
    out
}

#[test]
fn what_if_cases() {
    let mut failures = Vec::new();
    for case in cases("delivery/deployments.jsonl").iter().filter(|case| case["kind"] == "what-if") {
        let expected = sorted(case["expect"]["changes"].as_array().expect("changes are an array"));
        let got = changes(case);
        if got != expected {
            failures.push(format!("{}\n  expected {expected:#?}\n  got {got:#?}", case["id"]));
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn mode_cases() {
    for case in cases("delivery/deployments.jsonl").iter().filter(|case| case["kind"] == "deployment-mode") {
        let input = &case["input"];
        let stored = input["resourceGroup"].as_array().expect("names").iter().filter_map(Json::as_str);
        let estate = MemoryEstate::new(
            stored
                .clone()
                .map(|name| json!({ "id": id(name), "name": name, "type": TYPE, "location": "westus2" })),
        );
        let resources = input["template"].as_array().expect("names").iter().map(|entry| {
            let name = entry.as_str().or_else(|| entry["name"].as_str()).expect("a name");
            let condition = entry.get("condition").cloned().unwrap_or(json!(true));
            json!({ "type": TYPE, "apiVersion": "2023-01-31", "name": name, "condition": condition, "location": "westus2" })
        });
        let expansion = expansion(&resources.collect::<Vec<_>>(), &estate);
        let options = WhatIfOptions {
            mode: if input["mode"] == "Complete" { Mode::Complete } else { Mode::Incremental },
            is_locked: input["resourceGroupLocked"] == true,
            api_version: input["apiVersion"].as_str().map(str::to_owned),
            ..WhatIfOptions::default()
        };
        let target = Target::resource_group(SUBSCRIPTION, GROUP);
        let result = whatif(&expansion, &estate, &target, &options);
        let (mut kept, mut deleted) = (Vec::new(), Vec::new());
        for change in &result.changes {
            let name = change.resource_id.rsplit('/').next().unwrap_or_default().to_owned();
            if change.change_type == azimuth_arm::ChangeType::Delete {
                deleted.push(name);
            } else {
                kept.push(name);
            }
        }
        kept.sort();
        assert_eq!(json!(kept), case["expect"]["result"], "{}", case["id"]);
        if let Some(expected) = case["expect"].get("deleted") {
            assert_eq!(json!(deleted), *expected, "{}", case["id"]);
        }
    }
}

#[test]
fn order_cases() {
    for case in cases("delivery/deployments.jsonl").iter().filter(|case| case["kind"] == "deployment-order") {
        let names: Vec<String> =
            case["input"]["dependsOn"].as_object().expect("a graph").keys().cloned().collect();
        let position = |name: &Json| names.iter().position(|known| *known == *name).expect("a known name");
        let dependencies: Vec<Vec<usize>> = names
            .iter()
            .map(|name| {
                let needs = case["input"]["dependsOn"][name].as_array().expect("names");
                needs.iter().map(position).collect()
            })
            .collect();
        let named = |nodes: &mut dyn Iterator<Item = usize>| -> Json {
            nodes.map(|node| Json::from(names[node].as_str())).collect()
        };
        match waves(&dependencies) {
            Ok(waves) => {
                let waves: Json = waves.iter().map(|wave| named(&mut wave.iter().copied())).collect();
                assert_eq!(waves, case["expect"]["waves"], "{}", case["id"]);
            }
            Err(_) => assert_eq!(case["expect"]["error"], "CircularDependency", "{}", case["id"]),
        }
        if let Some(failed) = case["input"].get("fails").filter(|failed| failed.is_string()) {
            let blocked = blocked_by(&dependencies, position(failed));
            let blocked = named(&mut blocked.into_iter());
            assert_eq!(blocked, case["expect"]["notDeployed"], "{}", case["id"]);
        }
    }
}
