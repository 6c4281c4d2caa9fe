//! One subscription being filled: its rows and what hangs on them, held until the subscription is written.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::network::Network;
use crate::flaws::Planter;
use crate::names::{APPLICATIONS, DEPARTMENTS, DOMAIN, FAMILY, GIVEN};
use crate::plan::{Plan, Subscription};
use crate::rng::Rng;

/// A subscription being filled.
pub(crate) struct Draft<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) subscription: &'a Subscription,
    pub(crate) planter: &'a mut Planter,
    pub(crate) rng: Rng,
    /// Rows of the `resources` table.
    pub(crate) rows: Vec<Value>,
    /// Names of the resource groups in use, in order of appearance.
    pub(crate) groups: Vec<String>,
    pub(crate) diagnostic_settings: Vec<Value>,
    pub(crate) flow_logs: Vec<Value>,
    /// Service principals of managed identities.
    pub(crate) identities: Vec<Value>,
    pub(crate) locks: Vec<Value>,
    /// Defender plans that protect something the subscription holds.
    pub(crate) plans_needed: BTreeSet<&'static str>,
    pub(crate) network: Network,
    /// Number of the next group of resources, for names.
    pub(crate) serial: usize,
    /// Number of public addresses handed out in the whole estate so far.
    pub(crate) addresses: usize,
    tags: Value,
}

/// A tracked resource about to be added.
pub(crate) struct Resource<'r> {
    /// `Microsoft.Network/virtualNetworks`; nested types carry as many names.
    pub(crate) kind_of: &'static str,
    pub(crate) group: &'r str,
    /// The name, or names joined by `/` for nested types.
    pub(crate) name: &'r str,
    pub(crate) properties: Value,
    pub(crate) sku: Value,
    pub(crate) kind: &'static str,
    pub(crate) zones: &'r [&'r str],
    /// Whether it has a system-assigned identity.
    pub(crate) identity: bool,
    pub(crate) location: Option<&'static str>,
    pub(crate) managed_by: &'r str,
}

impl<'r> Resource<'r> {
    pub(crate) fn new(kind_of: &'static str, group: &'r str, name: &'r str, properties: Value) -> Self {
        Self {
            kind_of,
            group,
            name,
            properties,
            sku: Value::Null,
            kind: "",
            zones: &[],
            identity: false,
            location: None,
            managed_by: "",
        }
    }

    pub(crate) fn sku(mut self, sku: Value) -> Self {
        self.sku = sku;
        self
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn zones(mut self, zones: &'r [&'r str]) -> Self {
        self.zones = zones;
        self
    }

    pub(crate) fn identity(mut self) -> Self {
        self.identity = true;
        self
    }

    pub(crate) fn location(mut self, location: &'static str) -> Self {
        self.location = Some(location);
        self
    }

    pub(crate) fn managed_by(mut self, id: &'r str) -> Self {
        self.managed_by = id;
        self
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn new(plan: &'a Plan, index: usize, planter: &'a mut Planter, addresses: usize) -> Self {
        let subscription = &plan.subscriptions[index];
        let mut rng = Rng::new(plan.seed, "subscription", index as u64);
        let network = Network::new(plan, index, rng.chance(1, 2));
        let mut draft = Self {
            plan,
            subscription,
            planter,
            rng,
            rows: Vec::new(),
            groups: Vec::new(),
            diagnostic_settings: Vec::new(),
            flow_logs: Vec::new(),
            identities: Vec::new(),
            locks: Vec::new(),
            plans_needed: BTreeSet::new(),
            network,
            serial: 0,
            addresses,
            tags: Value::Null,
        };
        draft.next_application(subscription.application);
        draft
    }

    /// Starts another application of the subscription: new tags, a new number for names.
    pub(crate) fn next_stamp(&mut self) -> String {
        self.serial += 1;
        let application =
            if self.rng.chance(1, 3) { self.rng.pick(APPLICATIONS) } else { self.subscription.application };
        self.next_application(application);
        format!("{application}-{:02}", self.serial)
    }

    fn next_application(&mut self, application: &str) {
        let owner = format!("{}.{}", self.rng.pick(GIVEN), self.rng.pick(FAMILY)).to_lowercase();
        self.tags = json!({
            "application": application,
            "owner": format!("{}@{DOMAIN}", owner.replace('ó', "o")),
            "ownerTeam": self.rng.pick(DEPARTMENTS),
            "costCentre": self.subscription.cost_centre,
            "environment": self.subscription.environment,
            "segment": self.subscription.segment,
            "dataClass": self.rng.pick(&["public", "internal", "confidential", "restricted"]),
            "criticality": self.rng.pick(&["low", "medium", "high", "mission-critical"]),
            "managedBy": self.rng.pick(&["bicep", "terraform", "portal"]),
        });
    }

    /// The id that a resource of this draft has.
    pub(crate) fn id(&self, kind_of: &str, group: &str, name: &str) -> String {
        let (namespace, types) = kind_of.split_once('/').expect("a resource type has a namespace");
        let mut id =
            format!("/subscriptions/{}/resourceGroups/{group}/providers/{namespace}", self.subscription.id);
        for (kind, name) in types.split('/').zip(name.split('/')) {
            id.push('/');
            id.push_str(kind);
            id.push('/');
            id.push_str(name);
        }
        id
    }

    /// Adds a resource and returns its id.
    pub(crate) fn add(&mut self, resource: Resource<'_>) -> String {
        let id = self.id(resource.kind_of, resource.group, resource.name);
        if !self.groups.iter().any(|group| group == resource.group) {
            self.groups.push(resource.group.to_owned());
        }
        let identity = if resource.identity { self.add_identity(&id, resource.name) } else { Value::Null };
        let created = self.plan.calendar.days_ago(self.rng.between(30, 1_400), &mut self.rng);
        let changed = self.plan.calendar.days_ago(self.rng.between(1, 29), &mut self.rng);
        let zones = if resource.zones.is_empty() { Value::Null } else { json!(resource.zones) };
        let mut row = Map::with_capacity(18);
        let mut set = |name: &str, value: Value| row.insert(name.to_owned(), value);
        set("name", json!(resource.name.rsplit('/').next()));
        set("type", json!(resource.kind_of.to_ascii_lowercase()));
        set("tenantId", json!(self.plan.tenant));
        set("kind", json!(resource.kind));
        set("location", json!(resource.location.unwrap_or(self.subscription.location())));
        set("resourceGroup", json!(resource.group.to_ascii_lowercase()));
        set("subscriptionId", json!(self.subscription.id));
        set("managedBy", json!(resource.managed_by));
        set("sku", resource.sku);
        set("plan", Value::Null);
        set("properties", resource.properties);
        set("tags", self.tags.clone());
        set("identity", identity);
        set("zones", zones);
        set("extendedLocation", Value::Null);
        set(
            "systemData",
            json!({
                "createdBy": self.tags["owner"],
                "createdByType": "User",
                "createdAt": created,
                "lastModifiedBy": format!("pipeline-{}@{DOMAIN}", self.subscription.segment),
                "lastModifiedByType": "Application",
                "lastModifiedAt": changed,
            }),
        );
        set("createdTime", json!(created));
        set("id", json!(id));
        self.rows.push(Value::Object(row));
        id
    }

    /// Protects a resource from deletion.
    pub(crate) fn lock(&mut self, id: &str, group: &str) {
        self.locks.push(json!({
            "id": format!("{id}/providers/Microsoft.Authorization/locks/do-not-delete"),
            "level": "CanNotDelete",
            "name": "do-not-delete",
            "notes": "Shared by several workloads",
            "owners": null,
            "resourceGroup": group,
            "type": "Microsoft.Authorization/locks",
        }));
    }

    fn add_identity(&mut self, id: &str, name: &str) -> Value {
        let principal = self.rng.guid();
        let application = self.rng.guid();
        self.identities.push(json!({
            "id": principal,
            "appId": application,
            "displayName": name.rsplit('/').next(),
            "accountEnabled": true,
            "servicePrincipalType": "ManagedIdentity",
            "servicePrincipalNames": [application, format!("https://identity.azure.net/{}=", self.rng.suffix(43))],
            "alternativeNames": ["isExplicit=False", id],
            "appOwnerOrganizationId": null,
            "tags": [],
        }));
        json!({"type": "SystemAssigned", "principalId": principal, "tenantId": self.plan.tenant})
    }

    /// The next public address, from the networks reserved for documentation.
    pub(crate) fn next_address(&mut self) -> String {
        self.addresses += 1;
        crate::names::documentation_address(self.addresses)
    }
}
