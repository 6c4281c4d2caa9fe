//! The network documents of an estate, read once, and the ways into it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, eq_fold, fold};
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;

use super::balancer::{self, Balancer, BalancerShape, Mapping};
use super::group::{GroupShape, Rule, RuleShape, SecurityGroup};
use super::interface::{
    Interface, InterfaceShape, IpConfiguration, IpConfigurationShape, PublicAddress, Reference,
};
use super::routes::{self, RouteShape, TableShape};
use super::sources::{Internet, Range, Reach};
use crate::body::{self, Arm, Ref, Text, Unread, or_default};

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its id as people write it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its security group.
    pub group: Option<Reference>,
    /// Its route table.
    pub route_table: Option<Reference>,
    pub(super) ranges: Vec<Range>,
}

/// A public address document.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) text: String,
    /// Whether the SKU is Standard; `None` if the document leaves it out.
    pub(super) standard: Option<bool>,
}

/// A way from a public address to an ip configuration of a machine.
#[derive(Clone, Debug)]
pub struct Entrance<'n> {
    /// The interface.
    pub interface: &'n Interface,
    /// The ip configuration.
    pub configuration: &'n IpConfiguration,
    /// The load balancer's mapping; `None` for an address of the interface itself.
    pub mapping: Option<&'n Mapping>,
    /// The public address as text: `203.0.113.4`, or the name of the address if none is assigned.
    pub address: &'n str,
    /// Whether the address is Standard; `None` if its document is not in the estate.
    pub standard: Option<bool>,
    /// Id of the public address document, if the entrance refers to one.
    pub public: Option<&'n Reference>,
}

/// The network documents of an estate.
#[derive(Debug)]
pub struct Network {
    pub(super) internet: Internet,
    pub(super) groups: HashMap<String, SecurityGroup>,
    pub(super) subnets: HashMap<String, Subnet>,
    pub(super) routes: HashMap<String, [Reach; 2]>,
    pub(super) addresses: HashMap<String, Address>,
    interfaces: Vec<Interface>,
    /// By the folded id of what they lead to.
    mappings: HashMap<String, Vec<Mapping>>,
    pool_members: HashMap<String, Vec<String>>,
    /// Private address → `(network or empty, pool)`.
    pool_addresses: HashMap<IpAddr, Vec<(String, String)>>,
    balancers: HashSet<String>,
    machines: usize,
    /// Interface references of machines that no document answers: `(machine, interface)`.
    absent_interfaces: Vec<(String, String)>,
    unreadable: Vec<String>,
    /// Network managers that hold security admin rules, which no document of the estate shows in force.
    admin_rules: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VirtualNetworkShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    subnets: Vec<Arm<'a, SubnetShape<'a>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubnetShape<'a> {
    #[serde(borrow, default)]
    address_prefix: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    address_prefixes: Vec<Text<'a>>,
    #[serde(borrow, default)]
    network_security_group: Option<Arm<'a, GroupShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    route_table: Ref<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressShape<'a> {
    #[serde(borrow, default)]
    ip_address: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MachineShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    network_profile: MachineNetworkShape<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MachineNetworkShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    network_interfaces: Vec<Ref<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScaleSetShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    virtual_machine_profile: ProfileShape<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    network_profile: ProfileNetworkShape<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileNetworkShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    network_interface_configurations: Vec<Arm<'a, InterfaceShape<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagerShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    network_manager_scope_accesses: Vec<Text<'a>>,
}

/// Whether all objects of a type below a document are known. That everything is complete is said of a folder
/// without a look at each list; it is not enough to make a group of the rules that happen to be there.
fn lists(snapshot: &Snapshot, kind: &str, key: &str) -> bool {
    const NO_TYPE: &str = "azimuth:/no-such-type";
    !snapshot.evidence().complete_collection(NO_TYPE)
        && IdRef::parse(key).is_ok_and(|id| snapshot.lists(kind, id))
}

impl Network {
    /// Reads the network documents of a snapshot, with up to two threads.
    pub fn from_snapshot(snapshot: &Snapshot, threads: usize) -> Self {
        let filters = || {
            let mut network = Self::empty();
            network.read_groups(snapshot);
            network.read_subnets(snapshot);
            network.read_routes(snapshot);
            network.read_addresses(snapshot);
            network
        };
        let machines = || {
            let mut network = Self::empty();
            network.read_machines(snapshot);
            network.read_scale_sets(snapshot);
            network.read_balancers(snapshot);
            network.read_managers(snapshot);
            network
        };
        let (filters, machines) = if threads > 1 {
            std::thread::scope(|scope| {
                let filters = scope.spawn(filters);
                let machines = machines();
                (filters.join().expect("reading documents does not panic"), machines)
            })
        } else {
            (filters(), machines())
        };
        filters.with(machines)
    }

    fn empty() -> Self {
        Self {
            internet: Internet::new(),
            groups: HashMap::new(),
            subnets: HashMap::new(),
            routes: HashMap::new(),
            addresses: HashMap::new(),
            interfaces: Vec::new(),
            mappings: HashMap::new(),
            pool_members: HashMap::new(),
            pool_addresses: HashMap::new(),
            balancers: HashSet::new(),
            machines: 0,
            absent_interfaces: Vec::new(),
            unreadable: Vec::new(),
            admin_rules: Vec::new(),
        }
    }

    /// Groups, subnets, routes and addresses of `self`, everything else of `machines`. A group that an interface
    /// carries inline counts if it is no document.
    fn with(self, machines: Self) -> Self {
        let Self { internet, mut groups, subnets, routes, addresses, mut unreadable, .. } = self;
        for (key, group) in machines.groups {
            groups.entry(key).or_insert(group);
        }
        unreadable.extend(machines.unreadable);
        Self { internet, groups, subnets, routes, addresses, unreadable, ..machines }
    }

    /// The members of a document; documents of another shape, or without properties, are remembered.
    fn read<'a, T: Deserialize<'a>>(&mut self, entry: Entry<'a>) -> Option<Arm<'a, T>> {
        let read = body::read(entry).ok();
        if read.is_none() {
            self.unreadable.push(entry.id().into_owned());
        }
        read
    }

    fn read_groups(&mut self, snapshot: &Snapshot) {
        const RULES: &str = "Microsoft.Network/networkSecurityGroups/securityRules";
        let mut own: HashMap<&str, Vec<Arm<'_, RuleShape<'_>>>> = HashMap::new();
        for entry in snapshot.of_type(RULES) {
            if let (Some((group, _)), Some(rule)) =
                (entry.key().split_once("/securityrules/"), self.read(entry))
            {
                own.entry(group).or_default().push(rule);
            }
        }
        for entry in snapshot.of_type("Microsoft.Network/networkSecurityGroups") {
            let own = own.remove(entry.key()).unwrap_or_default();
            // Rule documents make a group only if all of them are there. None at all is no sign of an empty group:
            // most exports have the rules inside the group.
            let listed = |entry: Entry<'_>| lists(snapshot, RULES, entry.key());
            match body::read::<GroupShape<'_>>(entry) {
                Ok(shape) => {
                    let inline = shape.properties.security_rules.as_deref();
                    let complete = inline.is_some() || !own.is_empty() && listed(entry);
                    self.add_group(
                        entry.key(),
                        &shape.id_of(entry),
                        inline.unwrap_or_default(),
                        &own,
                        complete,
                    );
                }
                Err(Unread::Head) if !own.is_empty() && listed(entry) => {
                    self.add_group(entry.key(), &entry.id(), &[], &own, true);
                }
                Err(_) => self.unreadable.push(entry.id().into_owned()),
            }
        }
    }

    fn add_group(
        &mut self,
        key: &str,
        id: &str,
        inline: &[Arm<'_, RuleShape<'_>>],
        own: &[Arm<'_, RuleShape<'_>>],
        complete: bool,
    ) {
        // A rule that is also a document of its own is taken from there.
        let inline_only = inline.iter().filter(|rule| {
            !own.iter().any(|other| eq_fold(&other.name, &rule.name) && !rule.name.is_empty())
        });
        let rules = inline_only.chain(own).filter_map(|rule| Rule::read(id, rule, &self.internet)).collect();
        self.groups.insert(key.to_owned(), SecurityGroup::new(id.to_owned(), rules, complete));
    }

    /// A reference to a group; a group that is given inline and is no document becomes known by it.
    fn group_reference(
        &mut self,
        holder: &str,
        shape: Option<&Arm<'_, GroupShape<'_>>>,
    ) -> Option<Reference> {
        let shape = shape?;
        let rules = shape.properties.security_rules.as_deref();
        let reference = match Reference::new(&shape.id) {
            Some(reference) => reference,
            None => Reference::new(&format!("{holder}/networkSecurityGroup")).filter(|_| rules.is_some())?,
        };
        if let Some(rules) = rules
            && !self.groups.contains_key(&reference.key)
        {
            self.add_group(&reference.key, &reference.id, rules, &[], true);
        }
        Some(reference)
    }

    fn read_subnets(&mut self, snapshot: &Snapshot) {
        for entry in snapshot.of_type("Microsoft.Network/virtualNetworks") {
            let Some(shape) = self.read::<VirtualNetworkShape<'_>>(entry) else { continue };
            let network = shape.id_of(entry);
            for subnet in &shape.properties.subnets {
                self.add_subnet(&format!("{network}/subnets/{}", &*subnet.name), subnet);
            }
        }
        // A document of its own is the fuller one.
        for entry in snapshot.of_type("Microsoft.Network/virtualNetworks/subnets") {
            if let Some(subnet) = self.read::<SubnetShape<'_>>(entry) {
                self.add_subnet(&entry.id(), &subnet);
            }
        }
    }

    fn add_subnet(&mut self, id: &str, shape: &Arm<'_, SubnetShape<'_>>) {
        let members = &shape.properties;
        let ranges = std::iter::once(&members.address_prefix)
            .chain(&members.address_prefixes)
            .filter_map(|text| Range::parse(text))
            .collect();
        let id = if shape.id.starts_with('/') { &*shape.id } else { id };
        let group = self.group_reference(id, members.network_security_group.as_ref());
        let route_table = Reference::new(&members.route_table.id);
        let name = id.rsplit('/').next().unwrap_or_default().to_owned();
        self.subnets
            .insert(fold(id).into_owned(), Subnet { id: id.to_owned(), name, group, route_table, ranges });
    }

    fn read_routes(&mut self, snapshot: &Snapshot) {
        const ROUTES: &str = "Microsoft.Network/routeTables/routes";
        let mut own: HashMap<&str, Vec<Arm<'_, RouteShape<'_>>>> = HashMap::new();
        for entry in snapshot.of_type(ROUTES) {
            if let (Some((table, _)), Some(route)) = (entry.key().split_once("/routes/"), self.read(entry)) {
                own.entry(table).or_default().push(route);
            }
        }
        for entry in snapshot.of_type("Microsoft.Network/routeTables") {
            let own = own.remove(entry.key()).unwrap_or_default();
            let inline = match body::read::<TableShape<'_>>(entry) {
                Ok(shape) => shape.properties.routes,
                Err(Unread::Head) if !own.is_empty() && lists(snapshot, ROUTES, entry.key()) => Vec::new(),
                Err(_) => {
                    self.unreadable.push(entry.id().into_owned());
                    continue;
                }
            };
            let reach =
                self.internet.each(|v6, family| routes::returning(inline.iter().chain(&own), v6, family));
            self.routes.insert(entry.key().to_owned(), reach);
        }
    }

    fn read_addresses(&mut self, snapshot: &Snapshot) {
        for entry in snapshot.of_type("Microsoft.Network/publicIPAddresses") {
            let (shape, is_head) = match body::read::<AddressShape<'_>>(entry) {
                Ok(shape) => (shape, false),
                // The SKU, which is all that is judged by, stands in the envelope.
                Err(Unread::Head) => match body::envelope(entry) {
                    Some(shape) => (shape, true),
                    None => continue,
                },
                Err(Unread::Shape) => {
                    self.unreadable.push(entry.id().into_owned());
                    continue;
                }
            };
            let sku = shape.sku_name();
            // A full document without a SKU is of the time when there was only Basic.
            let is_said = !(is_head && sku.is_empty());
            let standard = is_said.then(|| sku.to_ascii_lowercase().starts_with("standard"));
            let text = if shape.properties.ip_address.is_empty() {
                shape.id_of(entry).rsplit('/').next().unwrap_or_default().to_owned()
            } else {
                shape.properties.ip_address.to_string()
            };
            self.addresses.insert(entry.key().to_owned(), Address { text, standard });
        }
    }

    fn read_machines(&mut self, snapshot: &Snapshot) {
        let mut machine_of: HashMap<String, String> = HashMap::new();
        let mut wanted: BTreeMap<String, (String, String)> = BTreeMap::new();
        for entry in snapshot.of_type("Microsoft.Compute/virtualMachines") {
            self.machines += 1;
            let Some(shape) = self.read::<MachineShape<'_>>(entry) else { continue };
            for interface in &shape.properties.network_profile.network_interfaces {
                if let Some(reference) = Reference::new(&interface.id) {
                    let machine = shape.id_of(entry);
                    machine_of.insert(reference.key.clone(), machine.clone());
                    wanted.insert(reference.key, (machine, reference.id));
                }
            }
        }
        for entry in snapshot.of_type("Microsoft.Network/networkInterfaces") {
            wanted.remove(entry.key());
            let Some(shape) = self.read::<InterfaceShape<'_>>(entry) else { continue };
            let machine = machine_of.remove(entry.key()).or_else(|| {
                let id = &shape.properties.virtual_machine.id;
                (!id.is_empty()).then(|| id.to_string())
            });
            if let Some(machine) = machine {
                let path = "$.properties.networkSecurityGroup".to_owned();
                self.add_interface(shape.id_of(entry), machine, path, &shape.properties);
            }
        }
        self.absent_interfaces.extend(wanted.into_values());
    }

    fn read_scale_sets(&mut self, snapshot: &Snapshot) {
        for entry in snapshot.of_type("Microsoft.Compute/virtualMachineScaleSets") {
            self.machines += 1;
            let Some(shape) = self.read::<ScaleSetShape<'_>>(entry) else { continue };
            let profiles = shape.properties.virtual_machine_profile.network_profile;
            let id = entry.id();
            for (index, profile) in profiles.network_interface_configurations.iter().enumerate() {
                let path = format!(
                    "$.properties.virtualMachineProfile.networkProfile.\
                     networkInterfaceConfigurations[{index}].properties.networkSecurityGroup"
                );
                self.add_interface(id.to_string(), id.to_string(), path, &profile.properties);
            }
        }
    }

    fn add_interface(&mut self, id: String, machine: String, group_path: String, shape: &InterfaceShape<'_>) {
        let configurations = shape
            .ip_configurations
            .iter()
            .map(|configuration: &Arm<'_, IpConfigurationShape<'_>>| {
                IpConfiguration::read(&id, configuration)
            })
            .collect();
        let group = self.group_reference(&id, shape.network_security_group.as_ref());
        self.interfaces.push(Interface { id, machine, group, group_path, configurations });
    }

    fn read_balancers(&mut self, snapshot: &Snapshot) {
        for entry in snapshot.of_type("Microsoft.Network/loadBalancers") {
            let Some(shape) = self.read::<BalancerShape<'_>>(entry) else { continue };
            self.balancers.insert(entry.key().to_owned());
            let Balancer { mappings, members, addresses } =
                balancer::read(&shape.id_of(entry), &shape.properties);
            for (lead, mapping) in mappings {
                self.mappings.entry(lead).or_default().push(mapping);
            }
            for (member, pool) in members {
                self.pool_members.entry(member).or_default().push(pool);
            }
            for (address, network, pool) in addresses {
                self.pool_addresses.entry(address).or_default().push((network, pool));
            }
        }
    }

    fn read_managers(&mut self, snapshot: &Snapshot) {
        for entry in snapshot.of_type("Microsoft.Network/networkManagers") {
            let Some(shape) = self.read::<ManagerShape<'_>>(entry) else { continue };
            let accesses = shape.properties.network_manager_scope_accesses;
            if accesses.iter().any(|access| access.is("SecurityAdmin")) {
                self.admin_rules.push(entry.id().into_owned());
            }
        }
    }

    /// Virtual machines and scale sets.
    pub fn machine_count(&self) -> usize {
        self.machines
    }

    /// The interfaces of machines.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The subnets, in no particular order.
    pub fn subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.subnets.values()
    }

    /// Interfaces that a machine names and no document describes: `(machine, interface)`.
    pub fn absent_interfaces(&self) -> &[(String, String)] {
        &self.absent_interfaces
    }

    /// Documents that do not have the shape of their type or lack their properties.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Network managers with security admin rules, which act before the security groups.
    pub fn admin_rules(&self) -> &[String] {
        &self.admin_rules
    }

    /// Load balancers that an ip configuration names and no document describes.
    pub fn absent_balancers<'n>(
        &'n self,
        configuration: &'n IpConfiguration,
    ) -> impl Iterator<Item = &'n str> {
        configuration.pools.iter().chain(&configuration.nat).filter_map(|reference| {
            let end = ["/backendaddresspools/", "/inboundnatrules/", "/inboundnatpools/"]
                .iter()
                .find_map(|child| reference.key.find(child))?;
            (!self.balancers.contains(&reference.key[..end])).then(|| &reference.id[..end])
        })
    }

    /// Every way from a public address to a machine.
    pub fn entrances(&self) -> Vec<Entrance<'_>> {
        let mut entrances = Vec::new();
        for interface in &self.interfaces {
            for configuration in &interface.configurations {
                if let Some(public) = &configuration.public {
                    entrances.push(self.direct(interface, configuration, public));
                }
                for mapping in self.mappings_of(configuration) {
                    entrances.push(self.mapped(interface, configuration, mapping));
                }
            }
        }
        entrances
    }

    fn direct<'n>(
        &'n self,
        interface: &'n Interface,
        configuration: &'n IpConfiguration,
        public: &'n PublicAddress,
    ) -> Entrance<'n> {
        match public {
            PublicAddress::Document(reference) => {
                let (address, standard) = self.public(reference, false);
                let public = Some(reference);
                Entrance { interface, configuration, mapping: None, address, standard, public }
            }
            PublicAddress::PerInstance { label, standard } => Entrance {
                interface,
                configuration,
                mapping: None,
                address: label,
                standard: Some(*standard),
                public: None,
            },
        }
    }

    fn mapped<'n>(
        &'n self,
        interface: &'n Interface,
        configuration: &'n IpConfiguration,
        mapping: &'n Mapping,
    ) -> Entrance<'n> {
        let public = &mapping.frontend.public;
        let (address, standard) = self.public(public, mapping.frontend.prefix);
        Entrance { interface, configuration, mapping: Some(mapping), address, standard, public: Some(public) }
    }

    fn public<'n>(&'n self, reference: &'n Reference, prefix: bool) -> (&'n str, Option<bool>) {
        match self.addresses.get(&reference.key) {
            Some(address) => (&address.text, address.standard),
            None => (reference.id.rsplit('/').next().unwrap_or_default(), prefix.then_some(true)),
        }
    }

    fn mappings_of<'n>(&'n self, configuration: &'n IpConfiguration) -> Vec<&'n Mapping> {
        if self.mappings.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<&Mapping> = Vec::new();
        let mut take = |lead: &str| found.extend(self.mappings.get(lead).into_iter().flatten());
        take(&configuration.key);
        configuration.pools.iter().chain(&configuration.nat).for_each(|reference| take(&reference.key));
        self.pool_members.get(&configuration.key).into_iter().flatten().for_each(|pool| take(pool));
        if let (Some(private), Some(subnet)) = (configuration.private, &configuration.subnet) {
            for (network, pool) in self.pool_addresses.get(&private).into_iter().flatten() {
                if network.is_empty() || subnet.key.starts_with(&format!("{network}/")) {
                    take(pool);
                }
            }
        }
        found.sort_by(|left, right| left.id.cmp(&right.id));
        found.dedup_by(|left, right| left.id == right.id);
        found
    }
}
