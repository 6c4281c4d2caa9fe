//! Filling a workload subscription to an exact number of rows.

use serde_json::json;

use super::draft::{Draft, Resource};
use super::network::NETWORK_GROUP;
use super::{apps, data, filler, jump_hosts, scale_set, web_farm};

type Stamp = (fn(&mut Draft<'_>), usize);

/// Groups of resources, in the order in which small subscriptions get them; with the rows each may need.
const STAMPS: [Stamp; 11] = [
    (jump_hosts::add_jump_hosts, jump_hosts::ROWS),
    (data::add_data, data::ROWS),
    (apps::add_web_apps, apps::ROWS),
    (web_farm::add_web_farm, web_farm::ROWS),
    (apps::add_gateway, apps::ROWS),
    (scale_set::add_scale_set, scale_set::ROWS),
    (apps::add_integration, apps::ROWS),
    (apps::add_cluster, apps::ROWS),
    (apps::add_recovery_vault, apps::ROWS),
    (web_farm::add_internal_machine, 5),
    (data::add_data, data::ROWS),
];

/// Rows that every workload subscription has: watcher, network, routes, application security group.
const FIXED_ROWS: usize = 4;

/// Fills the draft with exactly `quota` rows.
pub(crate) fn fill_workload(draft: &mut Draft<'_>, quota: usize) {
    let body = quota.saturating_sub(FIXED_ROWS);
    let mut step = 0;
    while draft.rows.len() + STAMPS[0].1.max(web_farm::ROWS) <= body && draft.network.free_subnets() > 2 {
        // The first three kinds carry the flaws that every estate must have room for.
        let (add, _) = if step < STAMPS.len() { STAMPS[step] } else { *draft.rng.pick(&STAMPS) };
        add(draft);
        step += 1;
    }
    for &(add, rows) in &STAMPS {
        if step < 3 && draft.rows.len() + rows <= body {
            add(draft);
            step += 1;
        }
    }
    while draft.rows.len() < body {
        filler::add_single(draft);
    }
    draft.add_watcher();
    let properties = json!({"provisioningState": "Succeeded", "resourceGuid": draft.rng.guid()});
    draft.add(Resource::new(
        "Microsoft.Network/applicationSecurityGroups",
        NETWORK_GROUP,
        "asg-administrators",
        properties,
    ));
    draft.add_network();
    draft.add_routes();
}

impl Draft<'_> {
    /// Adds the network watcher of the subscription's region.
    pub(crate) fn add_watcher(&mut self) {
        let name = format!("NetworkWatcher_{}", self.subscription.location());
        let properties = json!({"provisioningState": "Succeeded", "runningOperationIds": []});
        self.add(Resource::new("Microsoft.Network/networkWatchers", "NetworkWatcherRG", &name, properties));
    }
}
