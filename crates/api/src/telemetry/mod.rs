//! Telemetry over HTTP: the protocols that send it and the protocols that ask for it.
//!
//! ```text
//! request ─▶ gate (who, how much at a time) ─▶ payload (size, gzip) ─▶ records ─▶ Telemetry::append ─▶ answer of the protocol
//! request ─▶ gate ─▶ Question ─▶ Telemetry::ask ─▶ pages ─▶ answer of the protocol
//! ```
//!
//! - [`Services`]: what the routes ask; [`router`]: the routes;
//! - [`keys`]: secrets of protocols that sign in without tokens of a directory;
//! - [`streams`]: where streams of data collection rules lead;
//! - [`meter`]: what `/metrics` tells;
//! - `gate`, `payload`, `records`: admission, bodies, and the records in them;
//! - `ingest`: one module a protocol that sends; `ask`: one module a protocol that asks.
//!
//! Every error has the shape of its own protocol, because its clients read no other.

mod ask;
mod gate;
mod ingest;
pub mod keys;
pub mod meter;
mod payload;
mod records;
pub mod streams;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use azimuth_host::{Clock, Telemetry};
use tokio::sync::Semaphore;

use crate::caller::Authenticate;
use keys::WorkspaceKeys;
use meter::Meter;
use streams::Streams;

/// How much the routes take and do at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body, packed or unpacked, where the protocol itself sets no lower limit
    pub body: usize,
    /// Records of a request
    pub records: usize,
    /// Requests that send, under way at a time; further ones are told to come again
    pub sending: usize,
    /// Queries under way at a time
    pub asking: usize,
    /// How long a query waits for its turn before it is told to come again
    pub patience: Duration,
    /// How long a client may take to send its body
    pub upload: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 << 20,
            records: 500_000,
            sending: 32,
            asking: 8,
            patience: Duration::from_secs(10),
            upload: Duration::from_secs(60),
        }
    }
}

/// What the routes ask.
#[derive(Clone)]
pub struct Services {
    /// The tables
    pub telemetry: Arc<dyn Telemetry>,
    /// Checks tokens
    pub authenticate: Arc<dyn Authenticate>,
    /// Keys of workspaces, for requests that are signed
    pub keys: Arc<dyn WorkspaceKeys>,
    /// Where streams of data collection rules lead
    pub streams: Arc<dyn Streams>,
    /// The time
    pub clock: Arc<dyn Clock>,
    /// Counts for `/metrics`
    pub meter: Arc<Meter>,
    /// Where the server is reached, as `https://localhost:8443`: an audience of tokens, and part of answers
    pub base: String,
    /// The tenant that clients of Kusto sign in to
    pub tenant: String,
    /// How much at a time
    pub limits: Limits,
}

/// What every handler works with.
struct Shared {
    services: Services,
    sending: Arc<Semaphore>,
    asking: Arc<Semaphore>,
}

type State = axum::extract::State<Arc<Shared>>;

/// The routes of all protocols.
pub fn router(services: Services) -> Router {
    let (sending, asking) = (Semaphore::new(services.limits.sending), Semaphore::new(services.limits.asking));
    let meter = services.meter.clone();
    let shared = Arc::new(Shared { services, sending: Arc::new(sending), asking: Arc::new(asking) });
    Router::new()
        .merge(ingest::routes())
        .merge(ask::routes())
        .layer(axum::middleware::from_fn_with_state(meter, meter::count))
        .with_state(shared)
}
