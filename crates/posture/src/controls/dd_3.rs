//! DD-3: layered defence: data services are closed to the public network, subnets have security groups.


use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::Value;

use super::GUIDANCE;
use crate::body::{self, Text, lenient};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const ACCOUNTS: &str = "Microsoft.Storage/storageAccounts";
const VAULTS: &str = "Microsoft.KeyVault/vaults";
const SERVERS: &str = "Microsoft.Sql/servers";
const FIREWALL_RULES: &str = "Microsoft.Sql/servers/firewallRules";
const NETWORKS: &str = "Microsoft.Network/virtualNetworks";

/// Subnets that the platform keeps security groups away from, or where they break the service.
const EXEMPT_SUBNETS: [&str; 4] =
    ["GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "RouteServerSubnet"];

pub(super) const CONTROL: Control = Control {
    id: "DD-3",
    title: "Data services are closed to the public network and subnets have security groups",
    area: Area::DenialOfService,
    severity: Severity::High,
    why: "An endpoint that anyone can reach is one that anyone can flood and try keys on. Each layer that asks \
        who is calling makes the layers behind it quieter.",
    evidence: &[
        EvidenceNeed { what: "Storage accounts", command: "az storage account list --subscription {s}" },
        EvidenceNeed { what: "Key vaults", command: "az keyvault list --subscription {s}" },
        EvidenceNeed { what: "SQL servers", command: "az sql server list --subscription {s}" },
        EvidenceNeed { what: "Virtual networks with their subnets", command: "az network vnet list --subscription {s}" },
    ],
    decided: "Storage accounts and key vaults: the network rules deny by default, or public network access is \
        disabled or secured by a perimeter. SQL servers: public network access is disabled or secured by a \
        perimeter, or the complete list of firewall rules shows only ranges of up to 65,536 addresses and no \
        rule for all of Azure. Subnets: a security group on each, except gateway, firewall and route-server \
        subnets.",
    fix: "Use private endpoints or service endpoints, set the default action to Deny, disable public network \
        access where nobody outside needs it, and put a security group on each subnet.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Configure Azure Storage firewalls and virtual networks",
            url: "https://learn.microsoft.com/azure/storage/common/storage-network-security",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceShape<'a> {
    #[serde(borrow, default)]
    public_network_access: Text<'a>,
    /// `az storage account list` calls it `networkRuleSet`.
    #[serde(default, alias = "networkRuleSet", deserialize_with = "lenient")]
    network_acls: Option<Rules>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    #[serde(default)]
    default_action: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RangeShape<'a> {
    #[serde(borrow, default)]
    start_ip_address: Text<'a>,
    #[serde(borrow, default)]
    end_ip_address: Text<'a>,
}

fn closed(access: &Text<'_>) -> bool {
    access.is("Disabled") || access.is("SecuredByPerimeter")
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    for (kind, what) in [
        (ACCOUNTS, "storage accounts"),
        (VAULTS, "key vaults"),
        (SERVERS, "SQL servers"),
        (NETWORKS, "virtual networks"),
    ] {
        context.needs_list(&mut findings, kind, what);
    }
    services(context, &mut findings, ACCOUNTS, "storage accounts", "az storage account update --default-action Deny");
    services(context, &mut findings, VAULTS, "key vaults", "az keyvault update --default-action Deny");
    servers(context, &mut findings);
    subnets(context, &mut findings);
    findings.verdict("the estate holds no storage account, key vault, SQL server or subnet")
}

fn services(context: &Context<'_>, findings: &mut Findings, kind: &str, what: &str, fix: &str) {
    for entry in context.snapshot().of_type(kind) {
        findings.check(what, 1);
        let Ok(read) = body::read::<ServiceShape<'_>>(entry) else {
            context.unreadable(findings, &entry.id());
            continue;
        };
        let action = read.properties.network_acls.and_then(|rules| rules.default_action);
        let denies = action.as_deref().is_some_and(|action| action.eq_ignore_ascii_case("Deny"));
        if denies || closed(&read.properties.public_network_access) {
            continue;
        }
        let id = entry.id();
        findings.violate(Counterexample {
            object: id.to_string(),
            path: "$.properties.networkAcls.defaultAction".to_owned(),
            seen: action.map_or(Value::Null, Value::from),
            wanted: "Deny, or public network access disabled".to_owned(),
            note: None,
            fix: Some(format!("{fix} --ids {id}")),
        });
    }
}

fn servers(context: &Context<'_>, findings: &mut Findings) {
    let mut wide: HashMap<&str, bool> = HashMap::new();
    for entry in context.snapshot().of_type(FIREWALL_RULES) {
        let Some((server, _)) = entry.key().split_once("/firewallrules/") else { continue };
        let open = body::read::<RangeShape<'_>>(entry).map_or(true, |read| is_wide(&read.properties));
        *wide.entry(server).or_default() |= open;
    }
    for entry in context.snapshot().of_type(SERVERS) {
        findings.check("SQL servers", 1);
        let Ok(read) = body::read::<ServiceShape<'_>>(entry) else {
            context.unreadable(findings, &entry.id());
            continue;
        };
        let access = read.properties.public_network_access;
        let has_wide = wide.get(entry.key()).copied().unwrap_or_default();
        let restricted = !has_wide && context.lists(FIREWALL_RULES, entry.key());
        if closed(&access) || restricted {
            continue;
        }
        let id = entry.id();
        findings.violate(Counterexample {
            object: id.to_string(),
            path: "$.properties.publicNetworkAccess".to_owned(),
            seen: if access.is_empty() { Value::Null } else { Value::from(&*access) },
            wanted: "Disabled, or firewall rules for named networks only".to_owned(),
            note: has_wide.then(|| "a firewall rule admits a wide range or all of Azure".to_owned()),
            fix: Some(format!("az sql server update --ids {id} --enable-public-network false")),
        });
    }
}

/// Whether a firewall rule admits more than 65,536 addresses, or all of Azure (0.0.0.0).
fn is_wide(range: &RangeShape<'_>) -> bool {
    let parse = |text: &Text<'_>| text.parse::<std::net::Ipv4Addr>().map(u32::from);
    match (parse(&range.start_ip_address), parse(&range.end_ip_address)) {
        (Ok(0), Ok(0)) => true,
        (Ok(start), Ok(end)) => end.saturating_sub(start) >= 1 << 16,
        _ => true,
    }
}

fn subnets(context: &Context<'_>, findings: &mut Findings) {
    let mut bare: Vec<&crate::exposure::Subnet> = Vec::new();
    for subnet in context.network().subnets() {
        if EXEMPT_SUBNETS.iter().any(|name| subnet.name.eq_ignore_ascii_case(name)) {
            continue;
        }
        findings.check("subnets", 1);
        if subnet.group.is_none() {
            bare.push(subnet);
        }
    }
    bare.sort_by(|left, right| left.id.cmp(&right.id));
    for subnet in bare {
        findings.violate(Counterexample {
            object: subnet.id.clone(),
            path: "$.properties.networkSecurityGroup".to_owned(),
            seen: Value::Null,
            wanted: "a security group".to_owned(),
            note: None,
            fix: Some(format!(
                "az network vnet subnet update --ids {} --network-security-group '<group>'",
                subnet.id
            )),
        });
    }
}
