//! The whole estate in order: governance, platform, workloads, directory, manifest.

use serde_json::{Value, json};

use crate::directory::{automation_principals, write_directory};
use crate::flaws::{Flaw, Planter};
use crate::governance::{expected_flaws, plan_governance, subscription_role_assignments, write_governance};
use crate::manifest::write_manifest;
use crate::output::{Emit, File, Pages, Shape, Stopped, json_file};
use crate::plan::{CSV_ROWS, Plan, Purpose};
use crate::rng::Rng;
use crate::workload::{Draft, fill_platform, fill_workload};

/// Rows of a subscription that was switched off.
const RETIRED_ROWS: usize = 24;

/// What was written.
pub(crate) struct Written {
    pub(crate) plan: Plan,
    pub(crate) resources: usize,
    pub(crate) flaws: Vec<Flaw>,
}

/// Lists that every subscription adds to.
struct Lists {
    resources: Pages,
    diagnostic_settings: Pages,
    flow_logs: Pages,
    contacts: Pages,
    locks: Pages,
    service_principals: Pages,
}

impl Lists {
    fn new(size: usize) -> Self {
        let rest = |provider: &str| Shape::RestList {
            url: format!("https://management.azure.com/providers/{provider}?api-version=2021-05-01-preview"),
        };
        let principals = Shape::Graph { collection: "servicePrincipals", context: "servicePrincipals" };
        Self {
            resources: Pages::new("resources/resources", Shape::GraphQuery { total: size - CSV_ROWS }, 1_000),
            diagnostic_settings: Pages::new(
                "monitor/diagnostic-settings",
                rest("Microsoft.Insights/diagnosticSettings"),
                1_000,
            ),
            flow_logs: Pages::new("network/flow-logs", Shape::Array, 1_000),
            contacts: Pages::new("security/contacts", rest("Microsoft.Security/securityContacts"), 1_000),
            locks: Pages::new("locks/locks", Shape::Array, 1_000),
            service_principals: Pages::new("graph/service-principals", principals, 999),
        }
    }

    fn finish(self, emit: &mut Emit<'_>) -> Result<(), Stopped> {
        for pages in [
            self.resources,
            self.diagnostic_settings,
            self.flow_logs,
            self.contacts,
            self.locks,
            self.service_principals,
        ] {
            pages.finish(emit)?;
        }
        Ok(())
    }
}

/// Writes the estate of a size and seed.
pub(crate) fn write_estate(
    size: usize,
    seed: u64,
    planting: bool,
    emit: &mut Emit<'_>,
) -> Result<Written, Stopped> {
    let mut plan = Plan::new(seed, size);
    let governance = plan_governance(&mut plan, planting);
    let mut planter = Planter::new(seed, size, planting);
    for flaw in expected_flaws(&plan, &governance) {
        planter.record(flaw.control, flaw.object, flaw.path);
    }
    write_governance(&plan, &governance, emit)?;

    let mut lists = Lists::new(size);
    for principal in automation_principals(&plan) {
        lists.service_principals.push(&principal, emit)?;
    }
    for principal in governance.assignments.iter().filter_map(|known| known.service_principal(&plan)) {
        lists.service_principals.push(&principal, emit)?;
    }
    let mut progress = Progress { resources: 0, addresses: 0, left: size };
    let is_platform =
        |purpose| matches!(purpose, Purpose::Connectivity | Purpose::Identity | Purpose::Management);
    let workloads: Vec<usize> = (0..plan.subscriptions.len())
        .filter(|&index| !is_platform(plan.subscriptions[index].purpose))
        .collect();
    for index in (0..plan.subscriptions.len()).filter(|index| !workloads.contains(index)).collect::<Vec<_>>()
    {
        write_subscription(&plan, index, None, &mut planter, &mut lists, &mut progress, emit)?;
    }
    let mut sharing =
        workloads.iter().filter(|&&index| plan.subscriptions[index].purpose == Purpose::Workload).count();
    let fixed = |purpose| match purpose {
        Purpose::Sandbox => CSV_ROWS,
        _ => RETIRED_ROWS,
    };
    progress.left -= workloads
        .iter()
        .map(|&index| plan.subscriptions[index].purpose)
        .filter(|&purpose| purpose != Purpose::Workload)
        .map(fixed)
        .sum::<usize>();
    let mut shares = Rng::new(seed, "shares", 0);
    for index in workloads {
        let purpose = plan.subscriptions[index].purpose;
        let quota = if purpose == Purpose::Workload {
            let even = progress.left / sharing;
            let quota = if sharing == 1 { progress.left } else { even * shares.between(85, 115) / 100 };
            sharing -= 1;
            progress.left -= quota;
            quota
        } else {
            fixed(purpose)
        };
        write_subscription(&plan, index, Some(quota), &mut planter, &mut lists, &mut progress, emit)?;
    }
    lists.finish(emit)?;
    write_directory(&plan, &mut planter, emit)?;
    let flaws = planter.finish();
    write_manifest(&plan, &governance, &flaws, emit)?;
    Ok(Written { plan, resources: progress.resources, flaws })
}

struct Progress {
    resources: usize,
    addresses: usize,
    /// Rows not yet given to a subscription.
    left: usize,
}

/// Fills and writes one subscription; `quota` is the number of rows, or none for platform subscriptions, which
/// take what they need.
fn write_subscription(
    plan: &Plan,
    index: usize,
    quota: Option<usize>,
    planter: &mut Planter,
    lists: &mut Lists,
    progress: &mut Progress,
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    let subscription = &plan.subscriptions[index];
    let in_csv = subscription.purpose == Purpose::Sandbox;
    planter.pause(in_csv || subscription.purpose == Purpose::Retired);
    let mut draft = Draft::new(plan, index, planter, progress.addresses);
    match quota {
        Some(quota) => fill_workload(&mut draft, quota),
        None => fill_platform(&mut draft),
    }
    draft.watch_subscription();
    let plans = draft.defender_plans();
    let contact = draft.security_contact();
    draft.planter.pause(false);

    progress.resources += draft.rows.len();
    progress.addresses = draft.addresses;
    if quota.is_none() {
        progress.left -= draft.rows.len();
    }
    if in_csv {
        emit(csv_file(&format!("resources/{}.csv", subscription.name), &draft.rows))?;
    } else {
        draft.rows.iter().try_for_each(|row| lists.resources.push(row, emit))?;
    }
    let groups: Value = draft.groups.iter().map(|group| resource_group(plan, index, group)).collect();
    emit(json_file(format!("resource-groups/{}.json", subscription.name), &groups))?;
    draft.diagnostic_settings.iter().try_for_each(|row| lists.diagnostic_settings.push(row, emit))?;
    draft.flow_logs.iter().try_for_each(|row| lists.flow_logs.push(row, emit))?;
    draft.locks.iter().try_for_each(|row| lists.locks.push(row, emit))?;
    draft.identities.iter().try_for_each(|row| lists.service_principals.push(row, emit))?;
    if let Some(contact) = contact {
        lists.contacts.push(&contact, emit)?;
    }
    emit(json_file(format!("security/pricings-{}.json", subscription.name), &json!({"value": plans})))?;
    let roles = subscription_role_assignments(plan, subscription, &mut draft.rng);
    emit(json_file(format!("rbac/role-assignments-{}.json", subscription.name), &Value::Array(roles)))
}

/// The row of a resource group.
fn resource_group(plan: &Plan, index: usize, name: &str) -> Value {
    let subscription = &plan.subscriptions[index];
    json!({
        "id": format!("{}/resourceGroups/{name}", subscription.scope()),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": subscription.location(),
        "managedBy": null,
        "properties": {"provisioningState": "Succeeded"},
        "tags": {"costCentre": subscription.cost_centre, "environment": subscription.environment, "segment": subscription.segment},
    })
}

/// The rows as the portal exports them: one column a property, objects as JSON text.
fn csv_file(path: &str, rows: &[Value]) -> File {
    const COLUMNS: [&str; 16] = [
        "id",
        "name",
        "type",
        "tenantId",
        "kind",
        "location",
        "resourceGroup",
        "subscriptionId",
        "managedBy",
        "sku",
        "plan",
        "properties",
        "tags",
        "identity",
        "zones",
        "extendedLocation",
    ];
    let mut text = COLUMNS.join(",");
    text.push_str("\r\n");
    for row in rows {
        for (number, column) in COLUMNS.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            let cell = match &row[*column] {
                Value::Null => String::new(),
                Value::String(cell) => cell.clone(),
                value => value.to_string(),
            };
            if cell.contains([',', '"', '\n', '\r']) {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(&cell);
            }
        }
        text.push_str("\r\n");
    }
    File { path: path.to_owned(), content: text.into_bytes() }
}
