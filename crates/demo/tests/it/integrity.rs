//! References: every id that is mentioned exists, and relations resolve from both ends.

use std::collections::BTreeSet;

use azimuth_demo::Flaws;
use azimuth_ids::IdRef;
use serde_json::Value;

use crate::estate::{Estate, read, text};

/// Whether an id names something that the export holds, or that is deliberately outside of it.
fn exists(estate: &Estate, id: &str) -> bool {
    const PARTS: &[&str] = &[
        "/ipconfigurations/",
        "/frontendipconfigurations/",
        "/backendaddresspools/",
        "/loadbalancingrules/",
        "/probes/",
        "/inboundnatrules/",
        "/securityrules/",
        "/defaultsecurityrules/",
        "/subnets/",
        "/virtualnetworkpeerings/",
        "/routes/",
        "/privatelinkserviceconnections/",
        "/gatewayipconfigurations/",
        "/frontendports/",
        "/backendhttpsettingscollection/",
        "/httplisteners/",
        "/requestroutingrules/",
        "/flowlogs/",
        "/azurefirewallipconfigurations/",
        "/bastionhostipconfigurations/",
        "/virtualmachines/",
    ];
    const OUTSIDE: &[&str] = &[
        "/providers/microsoft.authorization/roledefinitions/",
        "/providers/microsoft.maintenance/publicmaintenanceconfigurations/",
    ];
    let id = id.to_lowercase();
    if OUTSIDE.iter().any(|part| id.contains(part))
        || estate.resources.contains_key(&id)
        || estate.scopes.contains(&id)
    {
        return true;
    }
    // A part of a resource: its owner must exist and define it.
    PARTS.iter().any(|part| {
        id.find(part).is_some_and(|at| {
            let owner = &id[..at];
            estate.resources.get(owner).is_some_and(|row| {
                part == &"/flowlogs/"
                    || part == &"/virtualmachines/"
                    || row.to_string().to_lowercase().contains(&format!("\"{id}\""))
            })
        })
    })
}

fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.values().for_each(|member| strings(member, found)),
        _ => {}
    }
}

#[test]
fn every_mentioned_id_is_well_formed_and_exists() {
    for (seed, flaws) in [(1, Flaws::Planted), (2, Flaws::None), (3, Flaws::Planted)] {
        let estate = read(900, seed, flaws);
        let mut mentioned = BTreeSet::new();
        for (path, value) in &estate.values {
            if path == "flaws.json" {
                continue;
            }
            let mut found = Vec::new();
            strings(value, &mut found);
            let ids = found
                .into_iter()
                .filter(|text| text.starts_with("/subscriptions/") || text.starts_with("/providers/"));
            mentioned.extend(ids.filter(|text| !text.ends_with("/subscriptions")).map(str::to_owned));
        }
        assert!(mentioned.len() > 3_000);
        for id in &mentioned {
            IdRef::parse(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
        for row in estate.resources.values() {
            let mut found = Vec::new();
            strings(row, &mut found);
            for id in found.into_iter().filter(|text| text.starts_with("/subscriptions/")) {
                assert!(exists(&estate, id), "{} mentions {id}", text(row, "/id"));
            }
        }
        for flow_log in &estate.flow_logs {
            assert!(exists(&estate, text(flow_log, "/targetResourceId")));
            assert!(exists(&estate, text(flow_log, "/storageId")));
            assert!(exists(&estate, text(flow_log, "/id")));
        }
        for (resource, settings) in &estate.settings {
            let service = ["blob", "queue", "table", "file"]
                .iter()
                .find_map(|name| resource.strip_suffix(&format!("/{name}services/default")));
            assert!(exists(&estate, service.unwrap_or(resource)), "{resource}");
            for setting in settings {
                for target in ["/properties/workspaceId", "/properties/storageAccountId"] {
                    let target = text(setting, target);
                    assert!(target.is_empty() || exists(&estate, target), "{target}");
                }
            }
        }
        for assignment in &estate.assignments {
            assert!(
                estate
                    .definitions
                    .contains(&text(assignment, "/properties/policyDefinitionId").to_lowercase())
            );
            assert!(estate.scopes.contains(&text(assignment, "/properties/scope").to_lowercase()));
        }
    }
}

#[test]
fn every_principal_exists() {
    let estate = read(900, 5, Flaws::Planted);
    for (path, value) in &estate.values {
        if path.starts_with("rbac/role-assignments") {
            for row in value.as_array().unwrap() {
                assert!(estate.directory_ids.contains(text(row, "/principalId")), "{row}");
            }
        }
        if path.contains("recorded-group-members") || path.contains("role-members") {
            for member in value["body"]["value"].as_array().unwrap() {
                assert!(estate.directory_ids.contains(text(member, "/id")));
            }
        }
    }
    for row in estate.resources.values() {
        let principal = text(row, "/identity/principalId");
        assert!(principal.is_empty() || estate.directory_ids.contains(principal) || row["zones"].is_string());
    }
}

/// Interface → subnet, group, machine and address, and back from each of them.
#[test]
fn interfaces_resolve_both_ways() {
    let estate = read(1_500, 4, Flaws::Planted);
    let get = |id: &str| &estate.resources[&id.to_lowercase()];
    let lists = |row: &Value, pointer: &str, id: &str| {
        row.pointer(pointer)
            .and_then(Value::as_array)
            .is_some_and(|items| items.iter().any(|item| item["id"] == id))
    };
    let mut machines = 0;
    for (_, interface) in estate.of_type("microsoft.network/networkinterfaces") {
        let id = text(interface, "/id");
        let configuration = &interface["properties"]["ipConfigurations"][0];
        let subnet_id = text(configuration, "/properties/subnet/id");
        let (network, _) = subnet_id.split_once("/subnets/").unwrap();
        let subnets = get(network)["properties"]["subnets"].as_array().unwrap();
        let subnet = subnets.iter().find(|subnet| subnet["id"] == subnet_id).unwrap();
        assert!(lists(subnet, "/properties/ipConfigurations", text(configuration, "/id")));
        if let Some(group) = subnet.pointer("/properties/networkSecurityGroup/id").and_then(Value::as_str) {
            assert!(lists(get(group), "/properties/subnets", subnet_id));
        }
        let group = text(interface, "/properties/networkSecurityGroup/id");
        assert!(group.is_empty() || lists(get(group), "/properties/networkInterfaces", id));
        let address = text(configuration, "/properties/publicIPAddress/id");
        if !address.is_empty() {
            assert_eq!(text(get(address), "/properties/ipConfiguration/id"), text(configuration, "/id"));
        }
        let machine = text(interface, "/properties/virtualMachine/id");
        if !machine.is_empty() {
            machines += 1;
            let machine = get(machine);
            assert!(lists(machine, "/properties/networkProfile/networkInterfaces", id));
            let set = text(machine, "/properties/availabilitySet/id");
            assert!(set.is_empty() || lists(get(set), "/properties/virtualMachines", text(machine, "/id")));
        }
        for pool in
            configuration["properties"]["loadBalancerBackendAddressPools"].as_array().into_iter().flatten()
        {
            let (balancer, _) = text(pool, "/id").split_once("/backendAddressPools/").unwrap();
            let pool = &get(balancer)["properties"]["backendAddressPools"][0];
            assert!(lists(pool, "/properties/backendIPConfigurations", text(configuration, "/id")));
        }
    }
    assert!(machines > 50);
}
