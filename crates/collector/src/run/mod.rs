//! The run: which step is taken when, and what is done with its answer.

mod fetch;
mod recorded;
mod rollup;
mod subjects;
mod work;

use std::fmt;

use azimuth_host::{Clock, SystemClock};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;

use crate::client::Client;
use crate::cloud::{EndpointError, Endpoints, Service};
use crate::credential::{AzureTokens, BoxFuture, Credential, TokenError, TokenSource};
use crate::options::Options;
use crate::output::{Output, OutputError, Source};
use crate::plan::{Call, PlanError, plan};
use crate::report::{Progress, Summary};
use crate::transport::{HttpTransport, Transport, TransportError};
use fetch::{Fetched, Job, fetch};
use recorded::Recorded;
use work::Work;

/// How the program names itself to the services.
pub const USER_AGENT: &str = concat!("azimuth/", env!("CARGO_PKG_VERSION"));

/// Why a collection could not begin, or could not go on writing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CollectError {
    /// An address is refused.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// `only` or `skip` name nothing.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The folder cannot be used.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The credential is not well formed.
    #[error(transparent)]
    Credential(#[from] TokenError),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// The outside world of a collection.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// Where tokens come from.
    pub tokens: &'a dyn TokenSource,
    /// What requests go through.
    pub transport: &'a dyn Transport,
    /// The time, for token lifetimes and the lines' time stamps.
    pub clock: &'a dyn Clock,
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

/// Reads a tenant into `options.folder`, signing in with `credential`. Refused and failed calls never end the
/// run; they are in the summary. Needs a tokio runtime with its I/O and time drivers; one thread will do.
///
/// # Errors
/// [`CollectError`]: nothing could be read, or the folder cannot be written.
pub async fn collect(
    options: &Options,
    credential: &Credential,
    progress: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<Summary, CollectError> {
    let endpoints = options.endpoints.checked(options.allow_loopback_http)?;
    let transport = HttpTransport::new(USER_AGENT, options.limits, options.allow_loopback_http)?;
    let tokens = AzureTokens::new(credential, &endpoints, &transport)?;
    let outside = Outside { tokens: &tokens, transport: &transport, clock: &SystemClock };
    collect_from(options, outside, progress).await
}

/// [`collect`] with another source of tokens, transport or clock.
///
/// # Errors
/// [`CollectError`]: nothing could be read, or the folder cannot be written.
pub async fn collect_from(
    options: &Options,
    outside: Outside<'_>,
    progress: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<Summary, CollectError> {
    let endpoints = options.endpoints.checked(options.allow_loopback_http)?;
    let calls = plan(&options.only, &options.skip)?;
    let source = Source { endpoints: endpoints.clone(), tenant: options.tenant.clone() };
    let mut recorded = Recorded::new(&calls);
    let output = Output::open(&options.folder, &source, outside.clock.now(), options.fresh, &mut |line| {
        recorded.take(&line);
    })?;
    let client = Client::new(
        outside.transport,
        outside.tokens,
        outside.clock,
        &endpoints,
        options.retry,
        options.seed,
    );
    let mut work = Work::new(options, &endpoints, &calls, outside.clock, output, recorded);
    work.begin();
    let stopped = drive(&mut work, &client, &endpoints, &calls, options, progress).await?;
    work.end(stopped, &client.traffic())
}

/// Keeps both services busy until nothing is left to do; whether it was stopped before.
async fn drive<'a>(
    work: &mut Work<'a>,
    client: &'a Client<'a>,
    endpoints: &'a Endpoints,
    calls: &'a [Call],
    options: &Options,
    progress: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<bool, CollectError> {
    let mut steps: FuturesUnordered<BoxFuture<'a, (Job, Fetched)>> = FuturesUnordered::new();
    let mut under_way = [0_usize; 2];
    loop {
        for service in [Service::Arm, Service::Graph] {
            while under_way[service as usize] < options.concurrency.max(1) {
                let Some(job) = work.next_job(service) else { break };
                under_way[service as usize] += 1;
                steps.push(Box::pin(fetch(client, endpoints, &calls[job.call], job)));
            }
        }
        if steps.is_empty() {
            return Ok(false);
        }
        let step = tokio::select! {
            biased;
            () = options.cancellation.cancelled() => return Ok(true),
            step = steps.next() => step,
        };
        let Some((job, fetched)) = step else { continue };
        let call = &calls[job.call];
        under_way[call.service() as usize] -= 1;
        work.take_in(job, fetched)?;
        progress(&work.progress(&call.id, &client.traffic()));
    }
}
