//! Which ports of which machines the internet can open: public addresses, load balancers, security groups,
//! routes.
//!
//! [`Network::from_snapshot`] reads the network documents once. [`Network::entrances`] lists every way from a
//! public address to a machine, each with the ports it maps; [`Network::judge`] decides for one entrance and one
//! machine port whether an arbitrary internet client gets through:
//!
//! 1. the subnet's security group, then the interface's, must both allow (a layer without a group allows; with
//!    neither, a Standard address is closed and a Basic one open);
//! 2. replies must find back: a user route that sends the client's range to an appliance, a gateway or nowhere
//!    closes the way.
//!
//! "Arbitrary client" is a set, not a sample: the public addresses that pass every step are computed as ranges,
//! and the way is open when more are left than an approval list would hold ([`Sources::is_wide`]). Rules that
//! name networks of up to /16 (or /32 of IPv6), and service tags other than `Internet` and `AzureCloud`, are
//! approval lists.
//!
//! Whatever is unknown is taken as open only for what it cannot close: a reference to a document that is not in
//! the estate gives [`Outcome::Undecided`] unless another layer closes the way by itself.

mod balancer;
mod group;
mod interface;
mod judge;
mod network;
mod ports;
mod routes;
mod sources;

pub use balancer::{Frontend, Mapping};
pub use group::{Access, GroupDecision, Rule, SecurityGroup};
pub use interface::{Interface, IpConfiguration, PublicAddress, Reference};
pub use judge::{Gate, Hop, Outcome, Way};
pub use network::{Entrance, Network, Subnet};
pub use ports::{GUARDED_PORTS, PortRange, Protocol};
pub(crate) use sources::admit_the_internet;
pub use sources::{Reach, Sources};
