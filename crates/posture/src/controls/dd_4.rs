//! DD-4: attacks on public addresses are detected and mitigated.

use std::collections::BTreeSet;

use azimuth_estate::Entry;
use azimuth_ids::{IdRef, fold};
use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::Value;

use super::GUIDANCE;
use crate::body::{self, Ref, Text, lenient, or_default};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const ADDRESSES: &str = "Microsoft.Network/publicIPAddresses";
const BALANCERS: &str = "microsoft.network/loadbalancers";

pub(super) const CONTROL: Control = Control {
    id: "DD-4",
    title: "Each public address in use is protected against floods",
    area: Area::DenialOfService,
    severity: Severity::Medium,
    why: "The platform's own protection acts at thresholds made for the platform. A protection plan learns what \
        is normal for each address, reports attacks and starts in time for a small service.",
    evidence: &[
        EvidenceNeed { what: "Public addresses", command: "az network public-ip list --subscription {s}" },
        EvidenceNeed { what: "Virtual networks", command: "az network vnet list --subscription {s}" },
        EvidenceNeed { what: "What the addresses are attached to", command: "az resource list --subscription {s}" },
    ],
    decided: "Each public address that is attached to something (an ip configuration) must have protection mode \
        `Enabled`, or inherit it from a virtual network with a protection plan that is switched on. The network \
        is found through the interface, gateway or firewall that holds the address, or through the members of \
        the load balancer's pools. Mode `Disabled` is a violation whatever the network has.",
    fix: "Link the virtual network to a DDoS protection plan, or turn on IP protection for the single address.",
    references: &[
        GUIDANCE,
        Reference {
            title: "About Azure DDoS Protection tiers",
            url: "https://learn.microsoft.com/azure/ddos-protection/ddos-protection-sku-comparison",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    ip_configuration: Ref<'a>,
    #[serde(default, deserialize_with = "lenient")]
    ddos_settings: Option<DdosSettings>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DdosSettings {
    #[serde(default)]
    protection_mode: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkShape<'a> {
    #[serde(borrow, default)]
    enable_ddos_protection: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    ddos_protection_plan: Ref<'a>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    context.needs_list(&mut findings, ADDRESSES, "public addresses");
    let holders = Holders::read(context);
    let mut plans = HashMap::new();
    for entry in context.snapshot().of_type(ADDRESSES) {
        let Ok(read) = body::read::<AddressShape<'_>>(entry) else {
            context.unreadable(&mut findings, &entry.id());
            continue;
        };
        let holder = &*read.properties.ip_configuration.id;
        if holder.is_empty() {
            findings.check("public addresses attached to nothing, which are not judged", 1);
            continue;
        }
        findings.check("public addresses in use", 1);
        let mode = read.properties.ddos_settings.and_then(|settings| settings.protection_mode);
        let is = |wanted: &str| mode.as_deref().is_some_and(|mode| mode.eq_ignore_ascii_case(wanted));
        if is("Enabled") {
            continue;
        }
        let inherited = if is("Disabled") { Ok(false) } else { inherits(context, holder, &holders, &mut plans) };
        match inherited {
            Ok(true) => {}
            Ok(false) => violate(&mut findings, entry, mode),
            Err(absent) => {
                let command = format!("az resource show --ids \"{absent}\"");
                findings.miss("the network that an address may inherit protection from", Some(&absent), command, 1);
            }
        }
    }
    findings.verdict("the estate holds no public address in use")
}

fn violate(findings: &mut Findings, entry: Entry<'_>, mode: Option<String>) {
    let id = entry.id();
    findings.violate(Counterexample {
        object: id.to_string(),
        path: "$.properties.ddosSettings.protectionMode".to_owned(),
        seen: mode.map_or(Value::Null, Value::from),
        wanted: "Enabled, or a network with a protection plan".to_owned(),
        note: None,
        fix: Some(format!("az network public-ip update --ids {id} --ddos-protection-mode Enabled")),
    });
}

/// Where ip configurations and load balancers stand.
struct Holders<'n> {
    /// Folded ip configuration of a machine's interface → folded subnet.
    configurations: HashMap<&'n str, &'n str>,
    /// Folded load balancer → folded subnets of the members of its pools.
    balancers: HashMap<String, BTreeSet<&'n str>>,
}

impl<'n> Holders<'n> {
    fn read(context: &'n Context<'_>) -> Self {
        let network = context.network();
        let mut holders = Self { configurations: HashMap::new(), balancers: HashMap::new() };
        for configuration in network.interfaces().iter().flat_map(|interface| &interface.configurations) {
            if let Some(subnet) = &configuration.subnet {
                holders.configurations.insert(&configuration.key, &subnet.key);
            }
        }
        for entrance in network.entrances() {
            let (Some(mapping), Some(subnet)) = (entrance.mapping, &entrance.configuration.subnet) else {
                continue;
            };
            let key = fold(&mapping.id);
            let rule = ["/loadbalancingrules/", "/inboundnatrules/", "/inboundnatpools/"]
                .iter()
                .find_map(|child| key.find(child));
            if let Some(end) = rule {
                holders.balancers.entry(key[..end].to_owned()).or_default().insert(&subnet.key);
            }
        }
        holders
    }
}

/// Whether the network behind an ip configuration has a plan; the id that is missing if that cannot be told.
fn inherits(
    context: &Context<'_>,
    holder: &str,
    holders: &Holders<'_>,
    plans: &mut HashMap<String, Option<bool>>,
) -> Result<bool, String> {
    let subnets: BTreeSet<String> = match holders.configurations.get(&*fold(holder)) {
        Some(subnet) => BTreeSet::from([(*subnet).to_owned()]),
        None => subnets_of(context, holder, holders)?,
    };
    let networks: BTreeSet<&str> =
        subnets.iter().filter_map(|subnet| subnet.split_once("/subnets/")).map(|(network, _)| network).collect();
    let mut absent = None;
    for network in networks {
        let plan = match plans.get(network) {
            Some(plan) => *plan,
            None => *plans.entry(network.to_owned()).or_insert_with(|| has_plan(context, network)),
        };
        match plan {
            Some(true) => return Ok(true),
            Some(false) => {}
            None => absent = Some(network.to_owned()),
        }
    }
    absent.map_or(Ok(false), Err)
}

/// Whether a network has a plan that is switched on; `None` if its document is not there.
fn has_plan(context: &Context<'_>, network: &str) -> Option<bool> {
    let entry = context.snapshot().resource(IdRef::parse(network).ok()?)?;
    let members = body::read::<NetworkShape<'_>>(entry).ok()?.properties;
    Some(members.enable_ddos_protection.is("true") && !members.ddos_protection_plan.id.is_empty())
}

/// The folded subnets in which the holder of an ip configuration stands.
fn subnets_of(context: &Context<'_>, holder: &str, holders: &Holders<'_>) -> Result<BTreeSet<String>, String> {
    let entry = IdRef::parse(holder)
        .ok()
        .and_then(|id| context.snapshot().nearest(id))
        // A scope above it is no holder.
        .filter(|entry| entry.key().contains("/providers/"))
        .ok_or_else(|| holder.to_owned())?;
    if entry.kind() != BALANCERS {
        return Ok(entry.mentions().map(|id| fold(id).into_owned()).filter(|id| id.contains("/subnets/")).collect());
    }
    if let Some(subnets) = holders.balancers.get(entry.key()) {
        return Ok(subnets.iter().map(|subnet| (*subnet).to_owned()).collect());
    }
    // Members that no interface of a machine answers for may stand in a protected network.
    match entry.mentions().find(|id| fold(id).contains("/ipconfigurations/")) {
        Some(member) => Err(member.to_owned()),
        None => Ok(BTreeSet::new()),
    }
}
