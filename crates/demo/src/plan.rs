//! The company on a page: tenant, segments, regions, management groups and subscriptions, before any resource.

use crate::calendar::Calendar;
use crate::names::{APPLICATIONS, REGIONS, SEGMENTS};
use crate::rng::{Rng, guid};

/// Rows of the one subscription that is exported as CSV.
pub(crate) const CSV_ROWS: usize = 24;
/// Workload resources per subscription, on average.
const ROWS_PER_SUBSCRIPTION: usize = 400;

/// A management group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) display: String,
    /// Index of the parent; the root group has none and index 0.
    pub(crate) parent: Option<usize>,
}

/// What a subscription is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Connectivity,
    Identity,
    Management,
    Workload,
    /// Holds few resources and is exported as CSV.
    Sandbox,
    /// A workload that has been switched off.
    Retired,
}

/// A subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    /// Index of the management group that holds it.
    pub(crate) group: usize,
    /// Index into [`REGIONS`].
    pub(crate) region: usize,
    pub(crate) segment: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) application: &'static str,
    pub(crate) cost_centre: String,
}

impl Subscription {
    /// The subscription's scope.
    pub(crate) fn scope(&self) -> String {
        format!("/subscriptions/{}", self.id)
    }

    /// `Enabled` or `Disabled`.
    pub(crate) fn state(&self) -> &'static str {
        if self.purpose == Purpose::Retired { "Disabled" } else { "Enabled" }
    }

    /// The region's Azure name.
    pub(crate) fn location(&self) -> &'static str {
        REGIONS[self.region].0
    }
}

/// The whole plan; its size grows with the number of subscriptions only.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) size: usize,
    pub(crate) calendar: Calendar,
    pub(crate) tenant: String,
    /// Indices into [`REGIONS`], one hub each.
    pub(crate) regions: Vec<usize>,
    pub(crate) groups: Vec<Group>,
    /// Names of the top-level groups that the company declares.
    pub(crate) segments: Vec<String>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) users: usize,
    pub(crate) user_groups: usize,
}

impl Plan {
    pub(crate) fn new(seed: u64, size: usize) -> Self {
        let mut rng = Rng::new(seed, "plan", 0);
        let mut plan = Self {
            seed,
            size,
            calendar: Calendar::new(seed),
            tenant: guid(seed, "tenant", 0),
            regions: pick_distinct(
                &mut rng,
                REGIONS.len(),
                (2 + size / ROWS_PER_SUBSCRIPTION / 600).min(REGIONS.len()),
            ),
            groups: Vec::new(),
            segments: Vec::new(),
            subscriptions: Vec::new(),
            users: (size * 2 / 5).clamp(240, 400_000),
            user_groups: 0,
        };
        plan.user_groups = (plan.users / 12).clamp(30, 33_000);
        plan.add_group(plan.tenant.clone(), "Tenant Root Group", None);
        plan.add_platform();
        plan.add_sandbox();
        plan.add_segments(&mut rng);
        plan.segments = plan
            .groups
            .iter()
            .filter(|group| group.parent == Some(0))
            .map(|group| group.name.clone())
            .collect();
        plan
    }

    /// The root group's id.
    pub(crate) fn root_id(&self) -> String {
        self.group_id(0)
    }

    /// The id of a management group.
    pub(crate) fn group_id(&self, group: usize) -> String {
        format!("/providers/Microsoft.Management/managementGroups/{}", self.groups[group].name)
    }

    /// The group and the groups above it, up to the root.
    pub(crate) fn group_chain(&self, group: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(group), |&at| self.groups[at].parent)
    }

    /// Object id of a directory group; the first thirty are used for access to Azure.
    pub(crate) fn user_group_id(&self, group: usize) -> String {
        guid(self.seed, "group", group % self.user_groups)
    }

    /// Object id of a user.
    pub(crate) fn user_id(&self, user: usize) -> String {
        guid(self.seed, "user", user)
    }

    /// The connectivity subscription, which holds the hubs.
    pub(crate) fn connectivity(&self) -> &Subscription {
        &self.subscriptions[0]
    }

    /// The central Log Analytics workspace.
    pub(crate) fn workspace_id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/rg-monitoring/providers/Microsoft.OperationalInsights/workspaces/log-contoso-central",
            self.subscriptions[2].id
        )
    }

    /// The virtual network of a region's hub.
    pub(crate) fn hub_id(&self, region: usize) -> String {
        let short = REGIONS[region].2;
        format!(
            "/subscriptions/{}/resourceGroups/rg-hub-{short}/providers/Microsoft.Network/virtualNetworks/vnet-hub-{short}",
            self.connectivity().id
        )
    }

    /// Third number of the addresses of a region's hub, `172.16.{…}.0/22`.
    pub(crate) fn hub_base(&self, region: usize) -> usize {
        self.regions.iter().position(|&other| other == region).unwrap_or(0) * 4
    }

    /// The private address of the firewall of a region's hub.
    pub(crate) fn firewall_address(&self, region: usize) -> String {
        format!("172.16.{}.4", self.hub_base(region) + 1)
    }

    /// The company's DDoS protection plan.
    pub(crate) fn ddos_plan_id(&self) -> String {
        let short = REGIONS[self.regions[0]].2;
        format!(
            "/subscriptions/{}/resourceGroups/rg-hub-{short}/providers/Microsoft.Network/ddosProtectionPlans/ddos-contoso",
            self.connectivity().id
        )
    }

    /// The storage account for flow logs of a region.
    pub(crate) fn flow_log_store_id(&self, region: usize) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/rg-monitoring/providers/Microsoft.Storage/storageAccounts/{}",
            self.subscriptions[2].id,
            self.flow_log_store_name(region)
        )
    }

    /// The name of that storage account.
    pub(crate) fn flow_log_store_name(&self, region: usize) -> String {
        format!("stflow{}{}", REGIONS[region].2, Rng::new(self.seed, "flow-store", region as u64).suffix(6))
    }

    /// The virtual network of a workload subscription.
    pub(crate) fn spoke_id(&self, subscription: &Subscription) -> String {
        format!(
            "{}/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-{}",
            subscription.scope(),
            subscription.name
        )
    }

    pub(crate) fn add_group(&mut self, name: String, display: &str, parent: Option<usize>) -> usize {
        self.groups.push(Group { name, display: display.to_owned(), parent });
        self.groups.len() - 1
    }

    fn add_subscription(&mut self, draft: Draft) {
        let index = self.subscriptions.len();
        let cost_centre = format!("{}{:03}", draft.segment[..2].to_uppercase(), 100 + index % 900);
        self.subscriptions.push(Subscription {
            id: guid(self.seed, "subscription", index),
            name: draft.name,
            purpose: draft.purpose,
            group: draft.group,
            region: self.regions[index % self.regions.len()],
            segment: draft.segment,
            environment: draft.environment,
            application: APPLICATIONS[index % APPLICATIONS.len()],
            cost_centre,
        });
    }

    fn add_platform(&mut self) {
        let platform = self.add_group("contoso-platform".to_owned(), "Platform", Some(0));
        for (name, display, purpose) in [
            ("connectivity", "Connectivity", Purpose::Connectivity),
            ("identity", "Identity", Purpose::Identity),
            ("management", "Management", Purpose::Management),
        ] {
            let group = self.add_group(format!("contoso-platform-{name}"), display, Some(platform));
            self.add_subscription(Draft {
                name: format!("contoso-{name}"),
                purpose,
                group,
                segment: "platform",
                environment: "production",
            });
        }
    }

    fn add_sandbox(&mut self) {
        let group = self.add_group("contoso-sandbox".to_owned(), "Sandbox", Some(0));
        self.add_subscription(Draft {
            name: "contoso-sandbox-01".to_owned(),
            purpose: Purpose::Sandbox,
            group,
            segment: "sandbox",
            environment: "sandbox",
        });
    }

    fn add_segments(&mut self, rng: &mut Rng) {
        let count = rng.between(2, 4);
        let mut leaves = Vec::new();
        for segment in pick_distinct(rng, SEGMENTS.len(), count) {
            let (name, display, short) = SEGMENTS[segment];
            let top = self.add_group(format!("contoso-{name}"), display, Some(0));
            for (environment, form) in [("production", "prod"), ("development", "dev")] {
                let group = self.add_group(
                    format!("contoso-{name}-{form}"),
                    &format!("{display} {environment}"),
                    Some(top),
                );
                leaves.push((group, name, short, environment, form));
            }
        }
        let workloads = (self.size / ROWS_PER_SUBSCRIPTION).max(4);
        for index in 0..workloads {
            let (group, segment, short, environment, form) = leaves[index % leaves.len()];
            let purpose = if index == 3 { Purpose::Retired } else { Purpose::Workload };
            self.add_subscription(Draft {
                name: format!("contoso-{short}-{form}-{:03}", index / leaves.len() + 1),
                purpose,
                group,
                segment,
                environment,
            });
        }
    }
}

struct Draft {
    name: String,
    purpose: Purpose,
    group: usize,
    segment: &'static str,
    environment: &'static str,
}

/// `count` different numbers below `bound`, in random order.
fn pick_distinct(rng: &mut Rng, bound: usize, count: usize) -> Vec<usize> {
    let mut pool: Vec<usize> = (0..bound).collect();
    (0..count).map(|_| pool.swap_remove(rng.below(pool.len()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_plan_has_three_levels_and_at_least_four_segments() {
        for seed in 0..20 {
            let plan = Plan::new(seed, 1_000);
            assert!(plan.segments.len() >= 4);
            assert!((0..plan.groups.len()).all(|group| plan.group_chain(group).count() <= 3));
            assert!(plan.subscriptions.iter().all(|subscription| subscription.group != 0));
        }
    }

    #[test]
    fn subscriptions_grow_with_the_size() {
        assert_eq!(Plan::new(1, 400_000).subscriptions.len(), 1_004);
    }
}
