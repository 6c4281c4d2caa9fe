//! DD-4: attacks on public addresses are detected and mitigated.

use std::collections::{BTreeSet, HashMap};

use azimuth_estate::Entry;
use azimuth_ids::{IdRef, fold};
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
    let pools = pools(context);
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
        let inherited = if is("Disabled") { Ok(false) } else { inherits(context, holder, &pools, &mut plans) };
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

/// Folded subnets of the interfaces in each backend pool of a load balancer, by the balancer's folded id.
fn pools(context: &Context<'_>) -> HashMap<String, BTreeSet<String>> {
    let mut pools: HashMap<String, BTreeSet<String>> = HashMap::new();
    for entrance in context.network().entrances() {
        let Some(mapping) = entrance.mapping else { continue };
        let key = fold(&mapping.id);
        if let (Some(at), Some(subnet)) = (key.find("/loadbalancers/"), &entrance.configuration.subnet) {
            let end = key[at + 15..].find('/').map_or(key.len(), |length| at + 15 + length);
            pools.entry(key[..end].to_owned()).or_default().insert(subnet.key.clone());
        }
    }
    pools
}

/// Whether the network behind an ip configuration has a plan; the id that is missing if that cannot be told.
fn inherits(
    context: &Context<'_>,
    holder: &str,
    pools: &HashMap<String, BTreeSet<String>>,
    plans: &mut HashMap<String, Option<bool>>,
) -> Result<bool, String> {
    let holder_entry = IdRef::parse(holder)
        .ok()
        .and_then(|id| context.snapshot().nearest(id))
        .filter(|entry| entry.key().contains("/providers/microsoft.network/") || entry.key().contains("/providers/microsoft.compute/"))
        .ok_or_else(|| holder.to_owned())?;
    let subnets: BTreeSet<String> = if holder_entry.kind() == BALANCERS {
        match pools.get(holder_entry.key()) {
            Some(subnets) => subnets.clone(),
            // Members that no interface of a machine answers for may stand in a protected network.
            None => match holder_entry.mentions().find(|id| fold(id).contains("/ipconfigurations/")) {
                Some(member) => return Err(member.to_owned()),
                None => BTreeSet::new(),
            },
        }
    } else {
        holder_entry.mentions().map(|id| fold(id).into_owned()).filter(|id| id.contains("/subnets/")).collect()
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
