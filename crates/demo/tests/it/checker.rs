//! A second, slow and obvious reading of the rules of decision record 0002 on the files, for the controls that
//! need no hierarchy. It shares no code with the generator.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::estate::{Estate, text};

/// The controls that [`check`] decides, in lower case.
pub(crate) const CHECKED: [&str; 11] =
    ["dd-2", "dd-3", "dd-4", "id-1", "id-2", "no-1", "nw-2", "nw-3", "nw-4", "st-1", "th-1"];

const TCP: [u16; 17] = [20, 21, 22, 23, 111, 119, 135, 161, 162, 445, 512, 514, 593, 873, 2049, 3389, 5800];
const MORE_TCP: [u16; 3] = [5900, 5985, 5986];
const UDP: [u16; 2] = [69, 11211];

type Found = BTreeSet<(String, String, String)>;

/// Every counterexample, in lower case.
pub(crate) fn check(estate: &Estate) -> Found {
    let mut found = Found::new();
    let mut add = |control: &str, object: &str, path: &str| {
        found.insert((control.to_owned(), object.to_lowercase(), path.to_lowercase()));
    };
    data_services(estate, &mut add);
    addresses(estate, &mut add);
    instances(estate, &mut add);
    flow_logs(estate, &mut add);
    settings(estate, &mut add);
    contacts_and_plans(estate, &mut add);
    people(estate, &mut add);
    exposure(estate, &mut add);
    found
}

fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn data_services(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    for kind in ["microsoft.storage/storageaccounts", "microsoft.keyvault/vaults"] {
        for (id, row) in estate.of_type(kind) {
            let closed = text(row, "/properties/publicNetworkAccess") == "Disabled"
                || text(row, "/properties/networkAcls/defaultAction") == "Deny";
            if !closed {
                add("dd-3", id, "$.properties.networkAcls.defaultAction");
            }
        }
    }
    for (id, row) in estate.of_type("microsoft.sql/servers") {
        let wide = estate.of_type("microsoft.sql/servers/firewallrules").any(|(rule, row)| {
            rule.to_lowercase().starts_with(&format!("{}/", id.to_lowercase()))
                && text(row, "/properties/endIpAddress") == "255.255.255.255"
        });
        if text(row, "/properties/publicNetworkAccess") != "Disabled" && wide {
            add("dd-3", id, "$.properties.publicNetworkAccess");
        }
    }
    for (_, network) in estate.of_type("microsoft.network/virtualnetworks") {
        for subnet in items(network, "/properties/subnets") {
            let exempt = ["GatewaySubnet", "AzureFirewallSubnet", "AzureBastionSubnet"]
                .contains(&text(subnet, "/name"));
            if !exempt && subnet.pointer("/properties/networkSecurityGroup").is_none() {
                add("dd-3", text(subnet, "/id"), "$.properties.networkSecurityGroup");
            }
        }
    }
}

/// What public addresses belong to (configurations of interfaces, gateways and so on, folded; for application
/// gateways the gateway itself), if it stands in a network with a plan.
fn planned_configurations(estate: &Estate) -> BTreeSet<String> {
    estate
        .of_type("microsoft.network/virtualnetworks")
        .filter(|(_, network)| network["properties"]["enableDdosProtection"] == true)
        .flat_map(|(_, network)| items(network, "/properties/subnets"))
        .flat_map(|subnet| items(subnet, "/properties/ipConfigurations"))
        .map(|item| owner(&text(item, "/id").to_lowercase()))
        .collect()
}

fn owner(configuration: &str) -> String {
    let gateway = configuration.contains("/applicationgateways/");
    let cut = |at: &str| configuration.split(at).next().unwrap_or_default().to_owned();
    match gateway {
        true if configuration.contains("/frontendipconfigurations/") => cut("/frontendipconfigurations/"),
        true => cut("/gatewayipconfigurations/"),
        false => configuration.to_owned(),
    }
}

fn addresses(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    let planned = planned_configurations(estate);
    for (id, row) in estate.of_type("microsoft.network/publicipaddresses") {
        let configuration = text(row, "/properties/ipConfiguration/id").to_lowercase();
        let protected = match text(row, "/properties/ddosSettings/protectionMode") {
            "Enabled" => true,
            "Disabled" => false,
            _ => planned.contains(&owner(&configuration)),
        };
        if !configuration.is_empty() && !protected {
            add("dd-4", id, "$.properties.ddosSettings.protectionMode");
        }
    }
}

/// Folded ids of load balancers with a public frontend.
fn public_balancers(estate: &Estate) -> BTreeSet<&str> {
    estate
        .of_type("microsoft.network/loadbalancers")
        .filter(|(_, row)| {
            items(row, "/properties/frontendIPConfigurations")
                .any(|part| part.pointer("/properties/publicIPAddress").is_some())
        })
        .map(|(id, _)| id.as_str())
        .collect()
}

fn balancer_of(pool: &Value) -> String {
    text(pool, "/id").to_lowercase().split("/backendaddresspools/").next().unwrap().to_owned()
}

fn instances(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    let public = public_balancers(estate);
    for (id, machine) in estate.of_type("microsoft.compute/virtualmachines") {
        let facing = items(machine, "/properties/networkProfile/networkInterfaces").any(|interface| {
            let interface = &estate.resources[&text(interface, "/id").to_lowercase()];
            items(interface, "/properties/ipConfigurations").any(|part| {
                part.pointer("/properties/publicIPAddress").is_some()
                    || items(part, "/properties/loadBalancerBackendAddressPools")
                        .any(|pool| public.contains(balancer_of(pool).as_str()))
            })
        });
        let redundant = machine.pointer("/properties/availabilitySet").is_some()
            || items(machine, "/zones").count() > 0
            || text(machine, "/zones").starts_with('[');
        if facing && !redundant {
            add("dd-2", id, "$.properties.availabilitySet");
        }
    }
    for (id, set) in estate.of_type("microsoft.compute/virtualmachinescalesets") {
        let facing = set
            .pointer("/properties/virtualMachineProfile/networkProfile")
            .unwrap()
            .to_string()
            .to_lowercase();
        if public.iter().any(|balancer| facing.contains(&format!("{balancer}/")))
            && set["sku"]["capacity"].as_u64() < Some(2)
        {
            add("dd-2", id, "$.sku.capacity");
        }
    }
    for (id, plan) in estate.of_type("microsoft.web/serverfarms") {
        if plan["sku"]["tier"] != "Dynamic" && plan["sku"]["capacity"].as_u64() < Some(2) {
            add("dd-2", id, "$.sku.capacity");
        }
    }
    for (id, gateway) in estate.of_type("microsoft.network/applicationgateways") {
        let capacity = gateway
            .pointer("/properties/sku/capacity")
            .or(gateway.pointer("/properties/autoscaleConfiguration/minCapacity"));
        if capacity.and_then(Value::as_u64) < Some(2) {
            add("dd-2", id, "$.properties.sku.capacity");
        }
    }
}

fn flow_logs(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    let targets: BTreeMap<String, &Value> =
        estate.flow_logs.iter().map(|log| (text(log, "/targetResourceId").to_lowercase(), log)).collect();
    for (id, network) in estate.of_type("microsoft.network/virtualnetworks") {
        let by_groups = items(network, "/properties/subnets").all(|subnet| {
            targets.contains_key(&text(subnet, "/properties/networkSecurityGroup/id").to_lowercase())
        });
        if !targets.contains_key(id) && !by_groups {
            add("nw-2", id, "flowLogs");
        }
    }
    for log in &estate.flow_logs {
        if log["enabled"] != true {
            add("nw-2", text(log, "/id"), "$.properties.enabled");
        }
        if (1..30).contains(&log["retentionPolicy"]["days"].as_u64().unwrap()) {
            add("nw-2", text(log, "/id"), "$.properties.retentionPolicy.days");
        }
        if log.pointer("/flowAnalyticsConfiguration/networkWatcherFlowAnalyticsConfiguration/enabled")
            != Some(&Value::Bool(true))
        {
            add("nw-2", text(log, "/id"), "$.properties.flowAnalyticsConfiguration");
        }
    }
}

/// Whether the settings of a resource have all the logs and metrics on.
fn has_on(estate: &Estate, resource: &str, list: &str, categories: &[&str]) -> bool {
    let settings = estate.settings.get(&resource.to_lowercase()).map_or(&[][..], Vec::as_slice);
    categories.iter().all(|category| {
        settings.iter().any(|setting| {
            items(setting, &format!("/properties/{list}")).any(|entry| {
                entry["enabled"] == true
                    && (entry["category"] == *category || entry["categoryGroup"] == "allLogs")
            })
        })
    })
}

fn settings(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    for (id, account) in estate.of_type("microsoft.storage/storageaccounts") {
        let services: &[&str] = match text(account, "/kind") {
            "BlockBlobStorage" | "BlobStorage" => &["blob"],
            "FileStorage" => &["file"],
            _ => &["blob", "queue", "table", "file"],
        };
        for service in services {
            let service = format!("{id}/{service}services/default");
            let logs = has_on(estate, &service, "logs", &["StorageRead", "StorageWrite", "StorageDelete"]);
            if !logs || !has_on(estate, &service, "metrics", &["Transaction"]) {
                add("st-1", &service, "diagnosticSettings");
            }
        }
    }
    for (id, _) in estate.of_type("microsoft.network/virtualnetworkgateways") {
        let categories =
            ["GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog"];
        if !has_on(estate, id, "logs", &categories) {
            add("nw-3", id, "diagnosticSettings");
        }
    }
}

fn contacts_and_plans(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    for subscription in estate.subscriptions.iter().filter(|row| row["state"] == "Enabled") {
        let scope = format!("/subscriptions/{}", text(subscription, "/id"));
        let id = format!("{scope}/providers/microsoft.security/securitycontacts/default");
        let Some(contact) = estate.contacts.get(&id) else {
            add("no-1", &id, "$");
            continue;
        };
        let properties = &contact["properties"];
        if text(properties, "/emails").is_empty() && text(properties, "/email").is_empty() {
            add("no-1", &id, "$.properties.emails");
        }
        if text(properties, "/phone").is_empty() {
            add("no-1", &id, "$.properties.phone");
        }
        let on = properties["alertNotifications"] == "On"
            || text(properties, "/alertNotifications/state") == "On"
            || items(properties, "/notificationsSources").any(|source| source["sourceType"] == "Alert");
        if !on {
            add("no-1", &id, "$.properties.alertNotifications");
        }
    }
    let needs: [(&str, &[&str]); 7] = [
        (
            "VirtualMachines",
            &["microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets"],
        ),
        ("SqlServers", &["microsoft.sql/servers"]),
        ("AppServices", &["microsoft.web/serverfarms", "microsoft.web/sites"]),
        ("StorageAccounts", &["microsoft.storage/storageaccounts"]),
        ("KeyVaults", &["microsoft.keyvault/vaults"]),
        (
            "Containers",
            &["microsoft.containerservice/managedclusters", "microsoft.containerregistry/registries"],
        ),
        ("CosmosDbs", &["microsoft.documentdb/databaseaccounts"]),
    ];
    let held: BTreeSet<(&str, &str)> =
        estate.resources.values().map(|row| (text(row, "/subscriptionId"), text(row, "/type"))).collect();
    for pricing in &estate.pricings {
        let subscription = text(pricing, "/id").split('/').nth(2).unwrap();
        let plan = text(pricing, "/name");
        let needed = plan == "Arm"
            || needs.iter().any(|(name, types)| {
                *name == plan && types.iter().any(|kind| held.contains(&(subscription, kind)))
            });
        if needed && pricing["pricingTier"] != "Standard" {
            add("th-1", text(pricing, "/id"), "$.properties.pricingTier");
        }
    }
}

fn people(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    let values = |part: &str| {
        estate
            .values
            .iter()
            .filter(move |(path, _)| path.contains(part))
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
    };
    let defaults = values("security-defaults")[0]["isEnabled"] == true;
    let policies = values("conditional-access");
    let enabled = items(policies[0], "/value").any(|policy| policy["state"] == "enabled");
    let object = "graph:/policies/identitysecuritydefaultsenforcementpolicy";
    if defaults && enabled || !defaults && !enabled {
        add("id-2", object, "$.isEnabled");
    }
    if !defaults && !enabled {
        add("id-1", object, "$.isEnabled");
    }
    for (id, user) in estate.users.iter().filter(|(_, user)| user["accountEnabled"] == true) {
        let object = format!("graph:/users/{id}");
        if estate.details.get(id).is_none_or(|detail| detail["isMfaRegistered"] != true) {
            add("id-1", &object, "$.isMfaRegistered");
        }
        if enabled && !defaults && estate.mfa_states[id] != "disabled" {
            add("id-2", &object, "$.perUserMfaState");
        }
        assert!(!text(user, "/userPrincipalName").is_empty());
    }
}

/// What a group says about a port: the deciding rule and whether it allows.
fn decide<'g>(group: &'g Value, protocol: &str, port: u16) -> (&'g str, bool) {
    let mut rules: Vec<&Value> = items(group, "/properties/securityRules")
        .chain(items(group, "/properties/defaultSecurityRules"))
        .collect();
    rules.sort_by_key(|rule| rule["properties"]["priority"].as_u64());
    for rule in rules.iter().map(|rule| (text(rule, "/id"), &rule["properties"])) {
        let (id, properties) = rule;
        let rule_protocol = text(properties, "/protocol");
        let from_internet =
            ["*", "Internet", "0.0.0.0/0"].contains(&text(properties, "/sourceAddressPrefix"));
        let in_range = |range: &str| {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            range == "*" || (low.parse::<u16>().unwrap()..=high.parse().unwrap()).contains(&port)
        };
        let ranges = items(properties, "/destinationPortRanges").filter_map(Value::as_str);
        let single = text(properties, "/destinationPortRange");
        let matches = properties["direction"] == "Inbound"
            && (rule_protocol == "*" || rule_protocol == protocol)
            && from_internet
            && ranges.chain((!single.is_empty()).then_some(single)).any(in_range);
        if matches {
            return (id, properties["access"] == "Allow");
        }
    }
    ("", false)
}

fn exposure(estate: &Estate, add: &mut impl FnMut(&str, &str, &str)) {
    let get = |id: &str| estate.resources.get(&id.to_lowercase());
    for (id, interface) in estate.of_type("microsoft.network/networkinterfaces") {
        for part in items(interface, "/properties/ipConfigurations") {
            let address = get(text(part, "/properties/publicIPAddress/id"));
            let subnet_id = text(part, "/properties/subnet/id");
            let network = get(subnet_id.split("/subnets/").next().unwrap()).unwrap();
            let subnet =
                items(network, "/properties/subnets").find(|subnet| subnet["id"] == subnet_id).unwrap();
            let forced = get(text(subnet, "/properties/routeTable/id")).is_some_and(|table| {
                items(table, "/properties/routes").any(|route| {
                    route["properties"]["addressPrefix"] == "0.0.0.0/0"
                        && route["properties"]["nextHopType"] == "VirtualAppliance"
                })
            });
            let translated: BTreeSet<u16> = items(part, "/properties/loadBalancerInboundNatRules")
                .map(|rule| {
                    let balancer = get(text(rule, "/id").split("/inboundNatRules/").next().unwrap()).unwrap();
                    let rule = items(balancer, "/properties/inboundNatRules")
                        .find(|other| other["id"] == rule["id"])
                        .unwrap();
                    rule["properties"]["backendPort"].as_u64().unwrap() as u16
                })
                .collect();
            if forced || address.is_none() && translated.is_empty() {
                continue;
            }
            let groups: Vec<&Value> = [
                text(subnet, "/properties/networkSecurityGroup/id"),
                text(interface, "/properties/networkSecurityGroup/id"),
            ]
            .into_iter()
            .filter_map(get)
            .collect();
            if groups.is_empty() {
                if address.is_some_and(|address| address["sku"]["name"] == "Basic") {
                    add("nw-4", id, "$.properties.networkSecurityGroup");
                }
                continue;
            }
            let tcp = TCP.iter().chain(&MORE_TCP).map(|&port| ("Tcp", port));
            for (protocol, port) in tcp.chain(UDP.iter().map(|&port| ("Udp", port))) {
                if address.is_none() && !translated.contains(&port) {
                    continue;
                }
                let decisions: Vec<_> = groups.iter().map(|group| decide(group, protocol, port)).collect();
                if decisions.iter().all(|decision| decision.1) {
                    add("nw-4", decisions[0].0, "$.properties.sourceAddressPrefix");
                }
            }
        }
    }
}
