//! Azure Resource Manager over HTTP.
//!
//! ```text
//! request ─▶ serve: path tidied, token, api-version ─▶ route ─▶ access control ─▶ handler
//!                                                                                   │ reads
//!              store ◀─ one commit: document, policy events, activity ◀─ policies ◀─┤
//!                │                                                                  ▼
//!                └── change feed ─▶ index in memory ─────────────────────────▶ ControlPlane
//! ```
//!
//! Writers take turns, so that a decision is about the state that it changes; readers never wait for them. The models of access and
//! policy are built anew when a document changes that they are made of.

mod activity;
mod answer;
mod call;
mod complete;
mod deployment;
mod foundation;
mod generic;
mod group;
mod index;
mod management_group;
mod path;
mod plane;
mod policy;
mod policy_object;
mod policy_state;
mod provider;
mod query;
mod recommendation;
mod remediation;
mod resource;
mod role;
mod route;
mod security;
mod serve;
mod service;
mod stack;
mod tags;
mod tenant;

pub use foundation::{Administrator, Foundation, foundation};
pub use plane::{ControlPlane, Settings};
pub use serve::{handles, router};

pub(crate) use generic::sort_by;
pub(crate) use index::Held;
pub(crate) use plane::Authority;
pub(crate) use query::{Query, key_of_token, page, token_of};
pub(crate) use resource::merge;
pub(crate) use serve::authenticate;

use route::Route;

/// The routes of each module, in the order in which they are tried.
const MODULES: [fn() -> Vec<Route>; 14] = [
    tenant::routes,
    provider::routes,
    group::routes,
    activity::routes,
    management_group::routes,
    policy_object::routes,
    policy_state::routes,
    role::routes,
    deployment::routes,
    remediation::routes,
    tags::routes,
    security::routes,
    service::routes,
    stack::routes,
];

/// Every route: the method and the pattern of its path.
pub fn route_names() -> Vec<String> {
    route::routes().iter().map(|route| format!("{} {}", route.method, route.text)).collect()
}
