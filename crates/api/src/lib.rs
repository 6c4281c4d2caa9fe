//! The REST shapes of Azure over HTTP.
//!
//! - [`caller`]: who calls, as the token tells;
//! - [`error`]: errors in the shape that Azure's clients read;
//! - [`arm`]: Resource Manager: resources of any type, policies in the request path, deployments;
//! - [`graph`]: Microsoft Graph: the directory, conditional access, roles;
//! - [`odata`]: `$filter` over JSON documents;
//! - [`signin`]: the OpenID Connect provider that guards all of it;
//! - [`telemetry`]: the protocols that send telemetry, and those that ask for it.
//!
//! Architecture invariant: a thin face. It reads requests, asks engines and the host, and writes answers; it decides nothing and
//! reaches neither the store nor the query engine.

pub mod arm;
pub mod caller;
pub mod error;
pub mod graph;
pub mod odata;
pub mod signin;
pub mod telemetry;
