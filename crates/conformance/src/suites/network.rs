//! Security groups, routes, reachability, flow logs, captures, VPN and DDoS.

mod exposure;

use super::{Suite, answered, waiting};

const NETWORK: &str = "network reachability and telemetry";

/// The folder `network`.
pub(super) const SUITE: Suite = Suite {
    name: "network",
    files: &[
        waiting("ddos_l7_series.jsonl", NETWORK),
        waiting("ddos_posture.jsonl", NETWORK),
        waiting("ddos_rules.jsonl", NETWORK),
        waiting("ddos_series.jsonl", NETWORK),
        answered("exposure.jsonl", exposure::exposure),
        waiting("firewall.jsonl", NETWORK),
        waiting("flowlog_paths.jsonl", NETWORK),
        waiting("flowlogs.jsonl", NETWORK),
        waiting("nsg.jsonl", NETWORK),
        waiting("nsg_validate.jsonl", NETWORK),
        waiting("paths.jsonl", NETWORK),
        waiting("pcap.jsonl", NETWORK),
        waiting("pcap_filters.jsonl", NETWORK),
        waiting("route_validate.jsonl", NETWORK),
        waiting("routes.jsonl", NETWORK),
        waiting("service_tags.jsonl", NETWORK),
        waiting("sketches.jsonl", NETWORK),
        waiting("traffic_analytics.jsonl", NETWORK),
        waiting("vpn.jsonl", NETWORK),
    ],
};
