//! The platform subscriptions: connectivity, identity, management.

use serde_json::json;

use super::data::GENERAL_V2;
use super::draft::{Draft, Resource};
use super::hub::add_hub;
use super::machine::Machine;
use super::security_group::Rule;
use crate::plan::Purpose;

/// Fills a platform subscription; the number of rows depends on the regions only.
pub(crate) fn fill_platform(draft: &mut Draft<'_>) {
    match draft.subscription.purpose {
        Purpose::Connectivity => {
            for &region in &draft.plan.regions {
                add_hub(draft, region);
            }
        }
        Purpose::Identity => add_domain_controllers(draft),
        _ => add_monitoring(draft),
    }
}

fn add_domain_controllers(draft: &mut Draft<'_>) {
    draft.next_stamp();
    let group = "rg-domain-controllers";
    let rules = [Rule::allow(
        "allow-directory",
        300,
        "VirtualNetwork",
        &["53", "88", "135", "389", "445", "636", "3268-3269"],
    )
    .protocol("*")];
    let subnet = draft.open_guarded_subnet(group, "domain-controllers", &rules);
    draft.network.subnets[subnet].routes = Some(draft.routes_id());
    let names = ["vm-dc-1".to_owned(), "vm-dc-2".to_owned()];
    let set = draft.add_availability_set(group, "avail-dc", &names);
    for name in &names {
        draft.add_machine(&Machine {
            availability_set: Some(set.clone()),
            data_disks: 1,
            ..Machine::new(group, name, subnet)
        });
    }
    draft.add_vault(group, "identity");
    draft.add_watcher();
    draft.add_network();
    draft.add_routes();
}

fn add_monitoring(draft: &mut Draft<'_>) {
    draft.next_stamp();
    let group = "rg-monitoring";
    let properties = json!({
        "provisioningState": "Succeeded", "customerId": crate::rng::guid(draft.plan.seed, "workspace", 0), "retentionInDays": 365,
        "sku": {"name": "pergb2018", "lastSkuUpdate": draft.plan.calendar.days_ago(800, &mut draft.rng)},
        "features": {"legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": true, "disableLocalAuth": true},
        "workspaceCapping": {"dailyQuotaGb": -1.0, "quotaNextResetTime": draft.plan.calendar.days_ahead(1), "dataIngestionStatus": "RespectQuota"},
        "publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled",
        "createdDate": draft.plan.calendar.days_ago(800, &mut draft.rng), "modifiedDate": draft.plan.calendar.days_ago(20, &mut draft.rng),
    });
    let id = draft.add(Resource::new(
        "Microsoft.OperationalInsights/workspaces",
        group,
        "log-contoso-central",
        properties,
    ));
    draft.watch(&id, &["Audit", "SummaryLogs"]);
    draft.lock(&id, group);
    for &region in &draft.plan.regions {
        let name = draft.plan.flow_log_store_name(region);
        let id = draft.add_storage_account_of(group, &name, &GENERAL_V2);
        draft.lock(&id, group);
    }
    draft.add_vault(group, "management");
    let properties = json!({
        "state": "Ok", "sku": {"name": "Basic"}, "publicNetworkAccess": false, "disableLocalAuth": true,
        "creationTime": draft.plan.calendar.days_ago(700, &mut draft.rng), "lastModifiedTime": draft.plan.calendar.days_ago(15, &mut draft.rng),
        "automationHybridServiceUrl": "https://automation.contoso.com", "encryption": {"keySource": "Microsoft.Automation"},
    });
    let id = draft.add(
        Resource::new("Microsoft.Automation/automationAccounts", group, "aa-contoso", properties).identity(),
    );
    draft.watch(&id, &["JobLogs", "JobStreams", "AuditEvent"]);
}
