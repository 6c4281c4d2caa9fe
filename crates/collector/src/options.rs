//! What a collection is told.

use std::path::PathBuf;
use std::time::Duration;

use crate::backoff::RetryPolicy;
use crate::cancel::Cancellation;
use crate::cloud::{Cloud, Endpoints};
use crate::transport::Limits;

/// What to read, from where, into which folder, and how hard to press.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that the export files are written into; created if it is not there.
    pub folder: PathBuf,
    /// Where the services are.
    pub endpoints: Endpoints,
    /// The tenant, to keep a folder from mixing two; also the only tenant whose subscriptions are read.
    pub tenant: Option<String>,
    /// Only these subscriptions (ids); all if empty.
    pub subscriptions: Vec<String>,
    /// Only calls whose name begins with one of these words, and what finds their subjects; all if empty.
    pub only: Vec<String>,
    /// No calls whose name begins with one of these words.
    pub skip: Vec<String>,
    /// Forget what an earlier run left in the folder.
    pub fresh: bool,
    /// Requests under way at once for each service.
    pub concurrency: usize,
    /// Pages of one list at most.
    pub pages: u32,
    /// How long the link to the next page of an interrupted list is used; after that the list starts again.
    pub link_lifetime: Duration,
    /// When to ask again.
    pub retry: RetryPolicy,
    /// Limits of one exchange.
    pub limits: Limits,
    /// Allow `http://` addresses of this machine.
    pub allow_loopback_http: bool,
    /// Seed of the jitter in waits.
    pub seed: u64,
    /// Stops the collection.
    pub cancellation: Cancellation,
}

impl Options {
    /// The defaults for the public cloud.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            endpoints: Cloud::Public.endpoints(),
            tenant: None,
            subscriptions: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
            fresh: false,
            concurrency: 8,
            pages: 100_000,
            link_lifetime: Duration::from_secs(30 * 60),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            allow_loopback_http: false,
            seed: 0,
            cancellation: Cancellation::default(),
        }
    }
}
