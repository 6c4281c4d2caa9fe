//! DD-2: nothing that faces the internet runs as a single instance.


use azimuth_estate::Entry;
use azimuth_ids::{IdRef, fold};
use hashbrown::HashSet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GUIDANCE;
use crate::body::{self, Arm, Ref, Text, lenient, or_default};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const MACHINES: &str = "Microsoft.Compute/virtualMachines";
const SCALE_SETS: &str = "Microsoft.Compute/virtualMachineScaleSets";
const PLANS: &str = "Microsoft.Web/serverfarms";
const SITES: &str = "Microsoft.Web/sites";
const GATEWAYS: &str = "Microsoft.Network/applicationGateways";

pub(super) const CONTROL: Control = Control {
    id: "DD-2",
    title: "Nothing that faces the internet runs as a single instance",
    area: Area::DenialOfService,
    severity: Severity::Medium,
    why: "One instance is one target: a crash, an update or a small flood takes the service down. Several \
        instances in different places make the attack dearer and the outage shorter.",
    evidence: &[
        EvidenceNeed { what: "Virtual machines", command: "az vm list --subscription {s}" },
        EvidenceNeed { what: "Scale sets", command: "az vmss list --subscription {s}" },
        EvidenceNeed { what: "App Service plans", command: "az appservice plan list --subscription {s}" },
        EvidenceNeed { what: "Web applications", command: "az webapp list --subscription {s}" },
        EvidenceNeed { what: "Application gateways", command: "az network application-gateway list --subscription {s}" },
        EvidenceNeed { what: "Load balancers", command: "az network lb list --subscription {s}" },
    ],
    decided: "Faces the internet: a machine or scale set with a public address or behind a rule of a public load \
        balancer or a pool of a public application gateway; an App Service plan with a site whose public \
        network access is not disabled; an application gateway with a public frontend. Such a machine must be \
        in an availability set, a zone or a scale set; the others must have a capacity of at least 2. Plans \
        that scale by themselves (consumption, flex, elastic premium, Logic Apps) and gateways with autoscale \
        are in line.",
    fix: "Run at least two instances behind a load balancer, in zones where the region has them, and scale out \
        by rule.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Fundamental best practices for DDoS protection",
            url: "https://learn.microsoft.com/azure/ddos-protection/fundamental-best-practices",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MachineShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    availability_set: Ref<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    virtual_machine_scale_set: Ref<'a>,
}

#[derive(Default, Deserialize)]
struct Outer {
    #[serde(default, deserialize_with = "lenient")]
    sku: Option<Sku>,
    #[serde(default, deserialize_with = "or_default")]
    zones: Vec<Value>,
}

#[derive(Clone, Default, Deserialize)]
struct Sku {
    #[serde(default)]
    tier: Option<String>,
    #[serde(default)]
    capacity: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SiteShape<'a> {
    #[serde(borrow, default)]
    server_farm_id: Text<'a>,
    /// What the az command prints.
    #[serde(borrow, default)]
    app_service_plan_id: Text<'a>,
    #[serde(borrow, default)]
    public_network_access: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayShape<'a> {
    #[serde(default, deserialize_with = "lenient")]
    sku: Option<Sku>,
    #[serde(default, deserialize_with = "lenient")]
    autoscale_configuration: Value,
    #[serde(borrow, default, alias = "frontendIPConfigurations", alias = "frontendIpConfigurations", deserialize_with = "or_default")]
    frontends: Vec<Arm<'a, FrontendShape<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrontendShape<'a> {
    #[serde(borrow, default, alias = "publicIPAddress", deserialize_with = "or_default")]
    public_ip_address: Ref<'a>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    for (kind, what) in [
        (MACHINES, "virtual machines"),
        (SCALE_SETS, "scale sets"),
        (PLANS, "App Service plans"),
        (SITES, "web applications"),
        (GATEWAYS, "application gateways"),
        ("Microsoft.Network/loadBalancers", "load balancers"),
    ] {
        context.needs_list(&mut findings, kind, what);
    }
    context.unreadable_network(
        &mut findings,
        &[MACHINES, SCALE_SETS, "Microsoft.Network/networkInterfaces", "Microsoft.Network/loadBalancers"],
    );
    let public_gateways = gateways(context, &mut findings);
    machines(context, &mut findings, &public_gateways);
    plans(context, &mut findings);
    findings.verdict("the estate holds nothing that faces the internet")
}

/// Judges application gateways; the folded ids of those with a public frontend.
fn gateways(context: &Context<'_>, findings: &mut Findings) -> HashSet<String> {
    let mut public = HashSet::new();
    for entry in context.snapshot().of_type(GATEWAYS) {
        let Ok(read) = body::read::<GatewayShape<'_>>(entry) else {
            context.unreadable(findings, &entry.id());
            continue;
        };
        let shape = read.properties;
        if !shape.frontends.iter().any(|frontend| !frontend.properties.public_ip_address.id.is_empty()) {
            continue;
        }
        public.insert(entry.key().to_owned());
        findings.check("public application gateways", 1);
        if shape.autoscale_configuration.is_null() {
            let capacity = shape.sku.and_then(|sku| sku.capacity);
            let fix = format!("az network application-gateway update --ids {} --capacity 2", entry.id());
            capacity_of(findings, entry, "$.properties.sku.capacity", capacity, fix);
        }
    }
    public
}

fn machines(context: &Context<'_>, findings: &mut Findings, public_gateways: &HashSet<String>) {
    let network = context.network();
    let mut facing: HashSet<String> = network
        .entrances()
        .iter()
        .map(|entrance| fold(&entrance.interface.machine).into_owned())
        .collect();
    for interface in network.interfaces() {
        let behind_gateway = interface.configurations.iter().flat_map(|at| &at.gateway_pools).any(|pool| {
            pool.key.split_once("/backendaddresspools/").is_some_and(|(gateway, _)| public_gateways.contains(gateway))
        });
        if behind_gateway {
            facing.insert(fold(&interface.machine).into_owned());
        }
    }
    for (machine, interface) in network.absent_interfaces() {
        if !facing.contains(&*fold(machine)) {
            let command = format!("az network nic show --ids \"{interface}\"");
            findings.miss("a network interface of a machine", Some(interface), command, 1);
        }
    }
    for interface in network.interfaces().iter().filter(|at| !facing.contains(&*fold(&at.machine))) {
        for balancer in interface.configurations.iter().flat_map(|at| network.absent_balancers(at)) {
            let command = format!("az network lb show --ids \"{balancer}\"");
            findings.miss("a load balancer of a machine", Some(balancer), command, 1);
        }
    }
    for key in &facing {
        let Some(entry) = IdRef::parse(key).ok().and_then(|id| context.snapshot().resource(id)) else {
            findings.miss("an internet-facing machine", Some(key), format!("az vm show --ids \"{key}\""), 1);
            continue;
        };
        if entry.kind() == "microsoft.compute/virtualmachinescalesets" {
            findings.check("internet-facing scale sets", 1);
            let capacity = outer(entry).sku.and_then(|sku| sku.capacity);
            let fix = format!("az vmss scale --ids {} --new-capacity 2", entry.id());
            capacity_of(findings, entry, "$.sku.capacity", capacity, fix);
        } else {
            findings.check("internet-facing virtual machines", 1);
            machine(context, findings, entry);
        }
    }
}

fn outer(entry: Entry<'_>) -> Outer {
    entry.read().unwrap_or_default()
}

fn machine(context: &Context<'_>, findings: &mut Findings, entry: Entry<'_>) {
    let Ok(read) = body::read::<MachineShape<'_>>(entry) else {
        context.unreadable(findings, &entry.id());
        return;
    };
    let shape = read.properties;
    let placed = !shape.availability_set.id.is_empty()
        || !shape.virtual_machine_scale_set.id.is_empty()
        || !outer(entry).zones.is_empty();
    if placed {
        return;
    }
    let id = entry.id();
    findings.violate(Counterexample {
        object: id.to_string(),
        path: "$.properties.availabilitySet".to_owned(),
        seen: Value::Null,
        wanted: "an availability set, a zone or a scale set".to_owned(),
        note: Some("faces the internet as a single instance".to_owned()),
        fix: Some(
            "az vm availability-set create --name '<set>' --resource-group '<group>' (and create the machine \
             again in it: a set cannot be given later)"
                .to_owned(),
        ),
    });
}

fn capacity_of(findings: &mut Findings, entry: Entry<'_>, path: &str, capacity: Option<i64>, fix: String) {
    match capacity {
        Some(2..) => {}
        None => {
            let id = entry.id();
            let command = format!("az resource show --ids \"{id}\"");
            findings.miss("the number of instances", Some(&id), command, 1);
        }
        Some(count) => findings.violate(Counterexample {
            object: entry.id().into_owned(),
            path: path.to_owned(),
            seen: json!(count),
            wanted: "at least 2".to_owned(),
            note: Some("faces the internet".to_owned()),
            fix: Some(fix),
        }),
    }
}

fn plans(context: &Context<'_>, findings: &mut Findings) {
    let mut facing: HashSet<String> = HashSet::new();
    for entry in context.snapshot().of_type(SITES) {
        let Ok(read) = body::read::<SiteShape<'_>>(entry) else {
            context.unreadable(findings, &entry.id());
            continue;
        };
        let shape = read.properties;
        if shape.public_network_access.is("Disabled") {
            continue;
        }
        let plan = if shape.server_farm_id.is_empty() { &shape.app_service_plan_id } else { &shape.server_farm_id };
        if plan.is_empty() {
            let id = entry.id();
            findings.miss("the plan of a web application", Some(&id), format!("az webapp show --ids \"{id}\""), 1);
        } else {
            facing.insert(fold(plan.trim_end_matches('/')).into_owned());
        }
    }
    for key in &facing {
        let Some(entry) = IdRef::parse(key).ok().and_then(|id| context.snapshot().resource(id)) else {
            let command = format!("az appservice plan show --ids \"{key}\"");
            findings.miss("the App Service plan of a public site", Some(key), command, 1);
            continue;
        };
        findings.check("App Service plans of public sites", 1);
        let sku = outer(entry).sku.unwrap_or_default();
        let scales = ["Dynamic", "FlexConsumption", "ElasticPremium", "WorkflowStandard"];
        if sku.tier.as_deref().is_some_and(|tier| scales.iter().any(|other| tier.eq_ignore_ascii_case(other))) {
            continue;
        }
        let fix = format!("az appservice plan update --ids {} --number-of-workers 2", entry.id());
        capacity_of(findings, entry, "$.sku.capacity", sku.capacity, fix);
    }
}
