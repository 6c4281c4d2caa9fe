//! Network interfaces of machines: documents of their own, or the interface profiles of scale sets.

use std::net::IpAddr;

use azimuth_ids::fold;
use serde::Deserialize;

use super::group::GroupShape;
use crate::body::{Arm, Ref, Text, lenient, or_default};

/// A reference to another document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The folded id, which is the document's key.
    pub key: String,
    /// The id as written.
    pub id: String,
}

impl Reference {
    pub(super) fn new(id: &str) -> Option<Self> {
        let id = id.trim_end_matches('/');
        (!id.is_empty()).then(|| Self { key: fold(id).into_owned(), id: id.to_owned() })
    }
}

/// A public address of an ip configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicAddress {
    /// A document of its own.
    Document(Reference),
    /// Made for each instance of a scale set; whether its SKU is Standard.
    PerInstance {
        /// What to call it: there is no single address.
        label: String,
        /// Whether the SKU is Standard; Basic if it is not said.
        standard: bool,
    },
}

/// One ip configuration.
#[derive(Clone, Debug)]
pub struct IpConfiguration {
    /// Folded id; empty for scale sets.
    pub key: String,
    /// The private address, if it is written.
    pub private: Option<IpAddr>,
    /// Whether the configuration is IPv6.
    pub v6: bool,
    /// The subnet.
    pub subnet: Option<Reference>,
    /// The public address.
    pub public: Option<PublicAddress>,
    /// Load-balancer backend pools.
    pub pools: Vec<Reference>,
    /// Load-balancer NAT rules and NAT pools.
    pub nat: Vec<Reference>,
    /// Application gateway backend pools.
    pub gateway_pools: Vec<Reference>,
    /// Folded ids of the application security groups.
    pub application_groups: Vec<String>,
}

/// An interface of a machine.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Id as people write it; the scale set's for a profile.
    pub id: String,
    /// Id of the machine (virtual machine or scale set) as written.
    pub machine: String,
    /// Its security group.
    pub group: Option<Reference>,
    /// Path of the group reference in the document.
    pub group_path: String,
    /// Its ip configurations.
    pub configurations: Vec<IpConfiguration>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InterfaceShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) virtual_machine: Ref<'a>,
    #[serde(borrow, default)]
    pub(super) network_security_group: Option<Arm<'a, GroupShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) ip_configurations: Vec<Arm<'a, IpConfigurationShape<'a>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IpConfigurationShape<'a> {
    #[serde(borrow, default, alias = "privateIPAddress")]
    private_ip_address: Text<'a>,
    #[serde(borrow, default, alias = "privateIPAddressVersion")]
    private_ip_address_version: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    subnet: Ref<'a>,
    #[serde(borrow, default, alias = "publicIPAddress", deserialize_with = "or_default")]
    public_ip_address: Ref<'a>,
    #[serde(default, alias = "publicIPAddressConfiguration", deserialize_with = "lenient")]
    public_ip_address_configuration: Option<PerInstanceShape>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    load_balancer_backend_address_pools: Vec<Ref<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    load_balancer_inbound_nat_rules: Vec<Ref<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    load_balancer_inbound_nat_pools: Vec<Ref<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    application_gateway_backend_address_pools: Vec<Ref<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    application_security_groups: Vec<Ref<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct PerInstanceShape {
    #[serde(default)]
    name: String,
    #[serde(default)]
    sku: Option<SkuShape>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct SkuShape {
    #[serde(default)]
    name: String,
}

fn references(list: &[Ref<'_>]) -> Vec<Reference> {
    list.iter().filter_map(|item| Reference::new(&item.id)).collect()
}

impl IpConfiguration {
    pub(super) fn read(interface: &str, shape: &Arm<'_, IpConfigurationShape<'_>>) -> Self {
        let members = &shape.properties;
        let key = if shape.id.starts_with('/') {
            fold(&shape.id).into_owned()
        } else {
            fold(&format!("{interface}/ipConfigurations/{}", &*shape.name)).into_owned()
        };
        let private: Option<IpAddr> = members.private_ip_address.parse().ok();
        let public =
            match (&members.public_ip_address_configuration, Reference::new(&members.public_ip_address.id)) {
                (_, Some(reference)) => Some(PublicAddress::Document(reference)),
                (Some(configuration), None) => Some(PublicAddress::PerInstance {
                    label: format!("an address of each instance (`{}`)", configuration.name),
                    standard: configuration
                        .sku
                        .as_ref()
                        .is_some_and(|sku| azimuth_ids::eq_fold(&sku.name, "Standard")),
                }),
                (None, None) => None,
            };
        let mut nat = references(&members.load_balancer_inbound_nat_rules);
        nat.extend(references(&members.load_balancer_inbound_nat_pools));
        Self {
            key,
            private,
            v6: members.private_ip_address_version.is("IPv6")
                || private.is_some_and(|address| address.is_ipv6()),
            subnet: Reference::new(&members.subnet.id),
            public,
            pools: references(&members.load_balancer_backend_address_pools),
            nat,
            gateway_pools: references(&members.application_gateway_backend_address_pools),
            application_groups: members
                .application_security_groups
                .iter()
                .map(|group| fold(&group.id).into_owned())
                .collect(),
        }
    }
}
