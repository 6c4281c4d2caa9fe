//! DD-4: attacks on public addresses are detected and mitigated.

use std::collections::BTreeSet;

use azimuth_estate::Entry;
use azimuth_ids::{IdRef, fold};
use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::Value;

use super::GUIDANCE;
use crate::body::{self, Arm, Ref, Text, lenient, or_default};
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
        the load balancer's pools, be they interfaces or addresses; if none is found, it is unknown, but for a \
        load balancer with empty pools. Mode `Disabled` is a violation whatever the network has.",
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolsShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    backend_address_pools: Vec<Arm<'a, Pool<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pool<'a> {
    #[serde(
        borrow,
        default,
        rename = "backendIPConfigurations",
        alias = "backendIpConfigurations",
        deserialize_with = "or_default"
    )]
    members: Vec<Ref<'a>>,
    #[serde(borrow, default, rename = "loadBalancerBackendAddresses", deserialize_with = "or_default")]
    addresses: Vec<Arm<'a, PoolAddress<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    virtual_network: Ref<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolAddress<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    virtual_network: Ref<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    subnet: Ref<'a>,
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

/// Where the holder of an ip configuration stands.
#[derive(Default)]
struct Places {
    /// Folded subnets or networks.
    known: BTreeSet<String>,
    /// An id that leads to a place and cannot be followed.
    unknown: Option<String>,
}

/// Whether the network behind an ip configuration has a plan; the id that is missing if that cannot be told.
fn inherits(
    context: &Context<'_>,
    holder: &str,
    holders: &Holders<'_>,
    plans: &mut HashMap<String, Option<bool>>,
) -> Result<bool, String> {
    let places = match holders.configurations.get(&*fold(holder)) {
        Some(subnet) => Places { known: BTreeSet::from([(*subnet).to_owned()]), unknown: None },
        None => places_of(context, holder, holders),
    };
    let networks: BTreeSet<&str> =
        places.known.iter().map(|id| id.split_once("/subnets/").map_or(&**id, |(network, _)| network)).collect();
    let mut absent = places.unknown;
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

fn places_of(context: &Context<'_>, holder: &str, holders: &Holders<'_>) -> Places {
    match holder_of(context, holder) {
        Some(entry) if entry.kind() == BALANCERS => balancer_places(context, entry, holders),
        Some(entry) => {
            let known = subnets_in(entry);
            let unknown = known.is_empty().then(|| holder.to_owned());
            Places { known, unknown }
        }
        None => Places { unknown: Some(holder.to_owned()), ..Places::default() },
    }
}

/// The resource that holds an ip configuration.
fn holder_of<'a>(context: &Context<'a>, configuration: &str) -> Option<Entry<'a>> {
    let id = IdRef::parse(configuration).ok()?;
    // A scope above it is no holder.
    context.snapshot().nearest(id).filter(|entry| entry.key().contains("/providers/"))
}

/// The folded subnets that a resource mentions.
fn subnets_in(entry: Entry<'_>) -> BTreeSet<String> {
    entry.mentions().map(|id| fold(id).into_owned()).filter(|id| id.contains("/subnets/")).collect()
}

/// Where the members of a load balancer's pools stand; nowhere if it has none.
fn balancer_places(context: &Context<'_>, entry: Entry<'_>, holders: &Holders<'_>) -> Places {
    let mut places = Places::default();
    let named_by_interfaces = holders.balancers.get(entry.key()).into_iter().flatten();
    places.known.extend(named_by_interfaces.map(|subnet| (*subnet).to_owned()));
    let Ok(read) = body::read::<PoolsShape<'_>>(entry) else {
        places.unknown = Some(entry.id().into_owned());
        return places;
    };
    for pool in &read.properties.backend_address_pools {
        let Pool { members, addresses, virtual_network } = &pool.properties;
        for member in members {
            let subnets = match holders.configurations.get(&*fold(&member.id)) {
                Some(subnet) => BTreeSet::from([(*subnet).to_owned()]),
                None => holder_of(context, &member.id).map(subnets_in).unwrap_or_default(),
            };
            if subnets.is_empty() {
                places.unknown = Some(member.id.to_string());
            }
            places.known.extend(subnets);
        }
        // A pool of addresses says itself in which network they are.
        let of_addresses = addresses.iter().flat_map(|address| {
            let members = &address.properties;
            [&members.virtual_network.id, &members.subnet.id]
        });
        let named: BTreeSet<String> = std::iter::once(&virtual_network.id)
            .chain(of_addresses)
            .filter(|id| !id.is_empty())
            .map(|id| fold(id).into_owned())
            .collect();
        if members.is_empty() && !addresses.is_empty() && named.is_empty() {
            places.unknown = Some(entry.id().into_owned());
        }
        places.known.extend(named);
    }
    places
}
