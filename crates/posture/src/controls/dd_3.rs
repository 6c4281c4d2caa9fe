//! DD-3: layered defence: data services are closed to the public network, subnets have security groups.


use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GUIDANCE;
use crate::body::{self, Text, lenient};
use crate::command;
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::exposure::admit_the_internet;
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
        EvidenceNeed {
            what: "Firewall rules of each SQL server",
            command: "az sql server firewall-rule list --server {server} --resource-group {group}",
        },
        EvidenceNeed { what: "Virtual networks with their subnets", command: "az network vnet list --subscription {s}" },
    ],
    decided: "Storage accounts and key vaults: the network rules deny by default and admit at most 65,536 public \
        addresses by their ip rules, or public network access is disabled or secured by a perimeter. SQL \
        servers: public network access is disabled or secured by a perimeter, or the complete list of firewall \
        rules admits at most 65,536 addresses and has no rule for all of Azure; without that list and without \
        such a rule it is unknown. Subnets: a security group on each, except gateway, firewall and route-server \
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
    #[serde(default, deserialize_with = "lenient")]
    ip_rules: Vec<IpRule>,
}

#[derive(Default, Deserialize)]
struct IpRule {
    /// `az storage account list` calls it `ipAddressOrRange`.
    #[serde(default, alias = "ipAddressOrRange")]
    value: String,
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
    context.unreadable_network(&mut findings, &[NETWORKS, "Microsoft.Network/virtualNetworks/subnets"]);
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
        if closed(&read.properties.public_network_access) {
            continue;
        }
        let rules = read.properties.network_acls.unwrap_or_default();
        let denies = rules.default_action.as_deref().is_some_and(|action| action.eq_ignore_ascii_case("Deny"));
        let admitted: Vec<&str> = rules.ip_rules.iter().map(|rule| &*rule.value).collect();
        let id = entry.id();
        let broken = if !denies {
            let seen = rules.default_action.map_or(Value::Null, Value::from);
            Some(("$.properties.networkAcls.defaultAction", seen, "Deny, or public network access disabled"))
        } else {
            match admit_the_internet(admitted.iter().copied()) {
                Some(true) => {
                    let wanted = "ranges of named networks, 65,536 addresses in all at most";
                    Some(("$.properties.networkAcls.ipRules", json!(admitted), wanted))
                }
                Some(false) => None,
                None => {
                    context.unreadable(findings, &id);
                    None
                }
            }
        };
        let Some((path, seen, wanted)) = broken else { continue };
        findings.violate(Counterexample {
            object: id.to_string(),
            path: path.to_owned(),
            seen,
            wanted: wanted.to_owned(),
            note: denies.then(|| "the rules deny by default and then admit the internet".to_owned()),
            fix: Some(format!("{fix} --ids {id}")),
        });
    }
}

fn servers(context: &Context<'_>, findings: &mut Findings) {
    let mut rules: HashMap<&str, Firewall> = HashMap::new();
    for entry in context.snapshot().of_type(FIREWALL_RULES) {
        let Some((server, _)) = entry.key().split_once("/firewallrules/") else { continue };
        let firewall = rules.entry(server).or_default();
        match body::read::<RangeShape<'_>>(entry) {
            Ok(read) => firewall.add(&read.properties),
            Err(_) => firewall.unread = Some(entry.id().into_owned()),
        }
    }
    for entry in context.snapshot().of_type(SERVERS) {
        findings.check("SQL servers", 1);
        let id = entry.id();
        let Ok(read) = body::read::<ServiceShape<'_>>(entry) else {
            context.unreadable(findings, &id);
            continue;
        };
        let access = read.properties.public_network_access;
        if closed(&access) {
            continue;
        }
        let firewall = rules.remove(entry.key()).unwrap_or_default();
        if firewall.admits_everyone() {
            findings.violate(Counterexample {
                object: id.to_string(),
                path: "$.properties.publicNetworkAccess".to_owned(),
                seen: if access.is_empty() { Value::Null } else { Value::from(&*access) },
                wanted: "Disabled, or firewall rules for named networks only".to_owned(),
                note: Some("the firewall rules admit a wide range or all of Azure".to_owned()),
                fix: Some(format!("az sql server update --ids {id} --enable-public-network false")),
            });
        } else if let Some(rule) = firewall.unread {
            context.unreadable(findings, &rule);
        } else if !context.lists(FIREWALL_RULES, entry.key()) {
            let az = format!("az sql server firewall-rule list --ids {id}");
            let command = command::list(&az, FIREWALL_RULES);
            findings.miss("the firewall rules of a SQL server", Some(&id), command, 1);
        }
    }
}

/// The firewall rules of a server.
#[derive(Default)]
struct Firewall {
    /// Ranges as `a-b`.
    ranges: Vec<String>,
    /// Whether a rule admits all of Azure: 0.0.0.0 to 0.0.0.0.
    all_of_azure: bool,
    /// A rule that could not be read.
    unread: Option<String>,
}

impl Firewall {
    fn add(&mut self, range: &RangeShape<'_>) {
        let RangeShape { start_ip_address: start, end_ip_address: end } = range;
        self.all_of_azure |= start.is("0.0.0.0") && end.is("0.0.0.0");
        self.ranges.push(format!("{}-{}", &**start, &**end));
    }

    /// Whether the rules together admit more addresses than an approval list would, or all of Azure. A range that
    /// cannot be read may be any.
    fn admits_everyone(&self) -> bool {
        self.all_of_azure || admit_the_internet(self.ranges.iter().map(String::as_str)) != Some(false)
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
