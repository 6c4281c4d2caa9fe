//! NW-2: flow logs give insight.


use azimuth_ids::fold;
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;
use serde_json::{Value, json};

use super::GUIDANCE;
use crate::body::{self, Text, lenient};
use crate::command;
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::exposure::Subnet;
use crate::verdict::{Counterexample, Findings, Verdict};

const NETWORKS: &str = "Microsoft.Network/virtualNetworks";
const FLOW_LOGS: &str = "Microsoft.Network/networkWatchers/flowLogs";

pub(super) const CONTROL: Control = Control {
    id: "NW-2",
    title: "Flow logs show what each network does",
    area: Area::Network,
    severity: Severity::Medium,
    why: "Flow logs answer who talked to whom. They show scans, data leaving, and rules that nobody uses; they \
        cannot be made afterwards.",
    evidence: &[
        EvidenceNeed {
            what: "Virtual networks with their subnets",
            command: "az graph query -q \"resources | where type =~ 'Microsoft.Network/virtualNetworks'\" --first 1000",
        },
        EvidenceNeed {
            what: "Flow logs",
            command: "az graph query -q \"resources | where type =~ 'Microsoft.Network/networkWatchers/flowLogs'\" --first 1000",
        },
    ],
    decided: "Each virtual network with subnets needs a flow log on the network, or on each subnet or its \
        security group. The flow logs relied on must be enabled, keep their records for ever (0 days, or no \
        retention policy) or for the agreed days (30 unless set otherwise), and feed traffic analytics. A \
        network with a good flow log, or good ones for all of its subnets, is not faulted for others that are \
        off.",
    fix: "Create a virtual network flow log with traffic analytics on each network; flow logs of security \
        groups retire in September 2027.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Virtual network flow logs",
            url: "https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    target_resource_id: Text<'a>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    retention_policy: Option<Retention>,
    #[serde(default, deserialize_with = "lenient")]
    flow_analytics_configuration: Value,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Retention {
    #[serde(default)]
    days: Option<u32>,
    #[serde(default)]
    enabled: Option<bool>,
}

struct FlowLog {
    id: String,
    enabled: Option<bool>,
    retention: Retention,
    analytics: Value,
}

impl FlowLog {
    fn faults(&self, minimum_days: u32) -> Vec<(&'static str, Value, String)> {
        let mut faults = Vec::new();
        if self.enabled != Some(true) {
            let seen = self.enabled.map_or(Value::Null, Value::Bool);
            faults.push(("$.properties.enabled", seen, "true".to_owned()));
        }
        let days = self.retention.days.unwrap_or_default();
        if self.retention.enabled != Some(false) && days > 0 && days < minimum_days {
            let wanted = format!("0 (for ever) or at least {minimum_days}");
            faults.push(("$.properties.retentionPolicy.days", json!(days), wanted));
        }
        let analytics = self
            .analytics
            .pointer("/networkWatcherFlowAnalyticsConfiguration/enabled")
            .and_then(Value::as_bool);
        if analytics != Some(true) {
            let seen = self.analytics.clone();
            let wanted = "traffic analytics enabled with a workspace".to_owned();
            faults.push(("$.properties.flowAnalyticsConfiguration", seen, wanted));
        }
        faults
    }
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    context.needs_list(&mut findings, NETWORKS, "virtual networks");
    let minimum = context.options().minimum_retention_days;
    context.unreadable_network(&mut findings, &[NETWORKS]);
    let mut logs: HashMap<String, Vec<FlowLog>> = HashMap::new();
    let mut unread: HashSet<&str> = HashSet::new();
    for entry in context.snapshot().of_type(FLOW_LOGS) {
        let Ok(read) = body::read::<Shape<'_>>(entry) else {
            context.unreadable(&mut findings, &entry.id());
            unread.extend(entry.subscription_id());
            continue;
        };
        let shape = read.properties;
        logs.entry(fold(&shape.target_resource_id).into_owned()).or_default().push(FlowLog {
            id: entry.id().into_owned(),
            enabled: shape.enabled,
            retention: shape.retention_policy.unwrap_or_default(),
            analytics: shape.flow_analytics_configuration,
        });
    }
    let mut subnets: HashMap<String, Vec<&Subnet>> = HashMap::new();
    for subnet in context.network().subnets() {
        if let Some((network, _)) = fold(&subnet.id).split_once("/subnets/") {
            subnets.entry(network.to_owned()).or_default().push(subnet);
        }
    }
    // The best flow log of a target: the one with the fewest faults.
    let best = |target: &str| {
        logs.get(target)?.iter().min_by_key(|log| (log.faults(minimum).len(), log.id.clone()))
    };
    let unread_networks: HashSet<String> =
        context.network().unreadable().iter().map(|id| fold(id).into_owned()).collect();
    for entry in context.snapshot().of_type(NETWORKS) {
        let subnets = subnets.get(entry.key()).map_or(&[][..], Vec::as_slice);
        findings.check("virtual networks", 1);
        if unread_networks.contains(entry.key()) {
            continue;
        }
        let faulty = |log: &FlowLog| log.faults(minimum).len();
        let mut used: Vec<&FlowLog> = Vec::new();
        let mut bare: Vec<&str> = Vec::new();
        for subnet in subnets {
            let own = best(&fold(&subnet.id));
            let of_group = subnet.group.as_ref().and_then(|group| best(&group.key));
            match own.into_iter().chain(of_group).min_by_key(|log| faulty(log)) {
                Some(log) => used.push(log),
                None => bare.push(&subnet.name),
            }
        }
        // The network's own log counts unless it is the worse one: a log that is off hides no good ones.
        let subnets_are_logged =
            !subnets.is_empty() && bare.is_empty() && used.iter().all(|log| faulty(log) == 0);
        if let Some(log) = best(entry.key())
            && !(subnets_are_logged && faulty(log) > 0)
        {
            (used, bare) = (vec![log], Vec::new());
        }
        if bare.is_empty() {
            faults(&mut findings, &used, minimum);
            continue;
        }
        let id = entry.id();
        let is_unread = entry.subscription_id().is_some_and(|guid| unread.contains(guid));
        if is_unread || !lists_of_subscription(context, entry.subscription_id()) {
            let guid = entry.subscription_id().unwrap_or_default();
            let command = command::list_of(guid, &command::query(FLOW_LOGS, Some(guid)), FLOW_LOGS);
            findings.miss("the complete list of flow logs", Some(&format!("/subscriptions/{guid}")), command, 1);
            continue;
        }
        bare.sort_unstable();
        findings.violate(Counterexample {
            object: id.to_string(),
            path: "flowLogs".to_owned(),
            seen: Value::Null,
            wanted: "an enabled flow log on the network, or on each subnet or its security group".to_owned(),
            note: Some(format!("subnets without one: {}", bare.join(", "))),
            fix: Some(format!(
                "az network watcher flow-log create --location '<region>' --name '<name>' --vnet {id} \
                 --storage-account '<account>' --workspace '<workspace>' --traffic-analytics true"
            )),
        });
    }
    findings.verdict("the estate holds no virtual network")
}

/// Flow logs stand below network watchers, so their list belongs to the subscription, not to the network.
fn lists_of_subscription(context: &Context<'_>, guid: Option<&str>) -> bool {
    guid.is_some_and(|guid| context.lists_tracked(FLOW_LOGS, &format!("/subscriptions/{guid}")))
}

fn faults(findings: &mut Findings, used: &[&FlowLog], minimum: u32) {
    for log in used {
        findings.check("flow logs relied on", 1);
        for (path, seen, wanted) in log.faults(minimum) {
            findings.violate(Counterexample {
                object: log.id.clone(),
                path: path.to_owned(),
                seen,
                wanted,
                note: None,
                fix: Some(format!(
                    "az network watcher flow-log update --location '<region>' --name {} --enabled true --retention \
                     {minimum} --traffic-analytics true --workspace '<workspace>'",
                    log.id.rsplit('/').next().unwrap_or_default()
                )),
            });
        }
    }
}
