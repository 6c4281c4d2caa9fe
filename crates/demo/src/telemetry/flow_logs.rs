//! Flow logs of virtual networks and security groups, flattened as the command line tool prints them.

use serde_json::json;

use crate::flaws::Kind;
use crate::names::REGIONS;
use crate::workload::Draft;

impl Draft<'_> {
    /// Adds the flow log of the draft's own network: one on the network, or one on each group of its subnets.
    pub(crate) fn log_flows_of_network(&mut self, network: &str) {
        let groups: Option<Vec<String>> =
            self.network.subnets.iter().map(|subnet| subnet.group.clone()).collect();
        let region = self.subscription.region;
        match groups {
            Some(groups) if !groups.is_empty() && self.rng.chance(1, 5) => {
                let mut groups = groups;
                groups.sort_unstable();
                groups.dedup();
                for group in groups {
                    self.add_flow_log(&group, region, Faults::default());
                }
            }
            _ => self.log_flows_of(network, region),
        }
    }

    /// Adds the flow log of a network, or plants its absence or a fault of it.
    pub(crate) fn log_flows_of(&mut self, network: &str, region: usize) {
        let mut faults = Faults::default();
        let planter = &mut self.planter;
        if planter.plants(Kind::FlowLogMissing) {
            planter.record("NW-2", network, "flowLogs");
            return;
        }
        let path = if planter.plants(Kind::FlowLogOff) {
            faults.off = true;
            Some("$.properties.enabled")
        } else if planter.plants(Kind::FlowLogShort) {
            faults.short = true;
            Some("$.properties.retentionPolicy.days")
        } else if planter.plants(Kind::FlowLogWithoutAnalytics) {
            faults.no_analytics = true;
            Some("$.properties.flowAnalyticsConfiguration")
        } else {
            None
        };
        let id = self.add_flow_log(network, region, faults);
        if let Some(path) = path {
            self.planter.record("NW-2", id, path);
        }
    }

    fn add_flow_log(&mut self, target: &str, region: usize, faults: Faults) -> String {
        let location = REGIONS[region].0;
        let name = format!("fl-{}", target.rsplit('/').next().unwrap_or("target"));
        let watcher = self.id(
            "Microsoft.Network/networkWatchers",
            "NetworkWatcherRG",
            &format!("NetworkWatcher_{location}"),
        );
        let id = format!("{watcher}/flowLogs/{name}");
        let days = if faults.short { self.rng.between(1, 29) } else { *self.rng.pick(&[0, 30, 90, 365]) };
        let analytics = json!({"networkWatcherFlowAnalyticsConfiguration": {"enabled": true, "trafficAnalyticsInterval": 10,
            "workspaceId": crate::rng::guid(self.plan.seed, "workspace", 0), "workspaceRegion": location,
            "workspaceResourceId": self.plan.workspace_id()}});
        let mut row = json!({
            "enabled": !faults.off,
            "etag": format!("W/\"{}\"", self.rng.guid()),
            "flowAnalyticsConfiguration": analytics,
            "format": {"type": "JSON", "version": 2},
            "id": id,
            "location": location,
            "name": name,
            "provisioningState": "Succeeded",
            "resourceGroup": "NetworkWatcherRG",
            "retentionPolicy": {"days": days, "enabled": days > 0},
            "storageId": self.plan.flow_log_store_id(region),
            "tags": {"costCentre": self.subscription.cost_centre},
            "targetResourceGuid": self.rng.guid(),
            "targetResourceId": target,
            "type": "Microsoft.Network/networkWatchers/flowLogs",
        });
        if faults.no_analytics {
            if self.rng.chance(1, 2) {
                row["flowAnalyticsConfiguration"]["networkWatcherFlowAnalyticsConfiguration"]["enabled"] =
                    json!(false);
            } else {
                row["flowAnalyticsConfiguration"] = json!({});
            }
        }
        self.flow_logs.push(row);
        id
    }
}

/// What is wrong with a flow log.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    off: bool,
    short: bool,
    no_analytics: bool,
}
