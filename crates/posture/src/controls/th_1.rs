//! TH-1: workload protection is on for each kind of resource.


use azimuth_ids::IdRef;
use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::Value;

use super::GUIDANCE;
use crate::body::{self, Text};
use crate::command;
use crate::context::{Context, Subscription};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const KIND: &str = "Microsoft.Security/pricings";

pub(super) const CONTROL: Control = Control {
    id: "TH-1",
    title: "Threat protection is on for each kind of resource",
    area: Area::Threats,
    severity: Severity::High,
    why: "The protection plans are what raises an alert when a machine, a vault or an account behaves like a \
        compromised one. A kind of resource without its plan is attacked unseen.",
    evidence: &[
        EvidenceNeed { what: "Plans of each subscription", command: "az security pricing list --subscription {s}" },
        EvidenceNeed { what: "All resources", command: "az resource list --subscription {s}" },
    ],
    decided: "For each enabled subscription the plan Arm, and the plan of each kind of resource that it holds \
        (servers, SQL, open-source databases, Cosmos DB, storage, containers, App Service, key vaults, APIs, AI \
        services), must have the tier Standard at the subscription and, where the plan says how much of the \
        subscription it covers, cover all of it.",
    fix: "Turn the plan on for the subscription, or for all by policy at the management group.",
    references: &[
        GUIDANCE,
        Reference {
            title: "What is Microsoft Defender for Cloud",
            url: "https://learn.microsoft.com/azure/defender-for-cloud/defender-for-cloud-introduction",
        },
    ],
    decide,
};

/// Plans and the resource types that they protect. `Arm` protects the subscription itself.
const PLANS: [(&str, &[&str]); 12] = [
    ("Arm", &[]),
    (
        "VirtualMachines",
        &[
            "Microsoft.Compute/virtualMachines",
            "Microsoft.Compute/virtualMachineScaleSets",
            "Microsoft.HybridCompute/machines",
        ],
    ),
    ("SqlServers", &["Microsoft.Sql/servers", "Microsoft.Sql/managedInstances"]),
    ("SqlServerVirtualMachines", &["Microsoft.SqlVirtualMachine/sqlVirtualMachines"]),
    (
        "OpenSourceRelationalDatabases",
        &[
            "Microsoft.DBforPostgreSQL/servers",
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "Microsoft.DBforMySQL/servers",
            "Microsoft.DBforMySQL/flexibleServers",
            "Microsoft.DBforMariaDB/servers",
        ],
    ),
    ("CosmosDbs", &["Microsoft.DocumentDB/databaseAccounts"]),
    ("StorageAccounts", &["Microsoft.Storage/storageAccounts"]),
    (
        "Containers",
        &[
            "Microsoft.ContainerService/managedClusters",
            "Microsoft.ContainerRegistry/registries",
            "Microsoft.Kubernetes/connectedClusters",
        ],
    ),
    ("AppServices", &["Microsoft.Web/sites"]),
    ("KeyVaults", &["Microsoft.KeyVault/vaults"]),
    ("Api", &["Microsoft.ApiManagement/service"]),
    ("AI", &["Microsoft.CognitiveServices/accounts"]),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    pricing_tier: Text<'a>,
    /// `FullyCovered`, `PartiallyCovered` (switched off for some resources) or `NotCovered`.
    #[serde(borrow, default)]
    resources_coverage_status: Text<'a>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    context.needs_subscriptions(&mut findings);
    let held = held(context);
    for subscription in context.enabled_subscriptions() {
        findings.check("enabled subscriptions", 1);
        for (plan, kinds) in PLANS {
            let count: usize =
                kinds.iter().filter_map(|kind| held.get(&(*kind, subscription.guid.as_str()))).sum();
            if kinds.is_empty() || count > 0 {
                findings.check("plans that subscriptions need", 1);
                judge(context, &mut findings, subscription, plan, count);
            }
        }
    }
    let kinds: Vec<&str> = PLANS.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
    context.needs_resources(&mut findings, &kinds);
    findings.verdict("the estate holds no enabled subscription")
}

/// How many resources of each protected type each subscription holds.
fn held<'a>(context: &Context<'a>) -> HashMap<(&'static str, &'a str), usize> {
    let mut held = HashMap::new();
    for kind in PLANS.iter().flat_map(|(_, kinds)| kinds.iter()) {
        for entry in context.snapshot().of_type(kind) {
            if let Some(guid) = entry.subscription_id() {
                *held.entry((*kind, guid)).or_default() += 1;
            }
        }
    }
    held
}

fn judge(context: &Context<'_>, findings: &mut Findings, subscription: &Subscription, plan: &str, count: usize) {
    let object = format!("{}/providers/{KIND}/{plan}", subscription.id);
    let entry = IdRef::parse(&object).ok().and_then(|id| context.snapshot().resource(id));
    let guid = &subscription.guid;
    let read = match entry.map(body::read::<Shape<'_>>) {
        Some(Ok(read)) => Some(read.properties),
        Some(Err(_)) => return context.unreadable(findings, &object),
        None => None,
    };
    let coverage = read.as_ref().map(|plan| &plan.resources_coverage_status).filter(|text| !text.is_empty());
    let (path, seen, wanted) = match &read {
        Some(plan) if plan.pricing_tier.is("Standard") => match coverage {
            Some(coverage) if !coverage.is("FullyCovered") => {
                ("$.properties.resourcesCoverageStatus", Value::from(&**coverage), "FullyCovered")
            }
            _ => return,
        },
        Some(plan) => ("$.properties.pricingTier", Value::from(&*plan.pricing_tier), "Standard"),
        None if context.lists(KIND, &subscription.id) => ("$.properties.pricingTier", Value::Null, "Standard"),
        None => {
            let az = format!("az security pricing list --subscription {guid}");
            findings.miss("the plans", Some(&subscription.id), command::list_of(guid, &az, KIND), 1);
            return;
        }
    };
    findings.violate(Counterexample {
        object,
        path: path.to_owned(),
        seen,
        wanted: wanted.to_owned(),
        note: (count > 0).then(|| format!("{count} resources of this kind in the subscription")),
        fix: Some(format!("az security pricing create --name {plan} --tier Standard --subscription {guid}")),
    });
}
