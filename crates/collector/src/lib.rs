//! Reads a live Azure tenant over Azure Resource Manager and Microsoft Graph into export files.
//!
//! [`collect`] is the door: it makes the calls of [`plan`], page by page, and writes every answer as one line
//! of an export file, `{"azimuth":"recorded-response/1",…}`, with `final` on the last page of a list that was
//! read to its end. Everything is read, nothing is changed: only GET requests, and POST requests to Resource
//! Graph queries and Graph batches of GETs.
//!
//! - Data: `data/plan.json` names each call with its path, api-version and the right it needs.
//! - [`Transport`] and [`TokenSource`] are the seams; tests replace them, so that time stands still.
//! - The folder can be resumed after a stop, a kill or refused rights: see `output.rs`.
//!
//! Architecture invariant: a token is sent to the origin of its own service only, and neither tokens nor
//! secrets are ever written.

mod backoff;
mod cancel;
mod client;
mod cloud;
mod credential;
mod document;
mod json;
mod options;
mod output;
mod plan;
mod report;
mod run;
mod transport;

pub use backoff::RetryPolicy;
pub use cancel::Cancellation;
pub use cloud::{Cloud, EndpointError, Endpoints, Service};
pub use credential::{AccessToken, AzureTokens, BoxFuture, Credential, TokenError, TokenSource};
pub use document::{Fetch, fetch};
pub use options::Options;
pub use output::{LINE_FORMAT, OutputError, Proof};
pub use plan::{Call, PlanError, Subject, all_calls, plan};
pub use report::{MAX_PROBLEMS, MissingRight, Problem, Progress, Summary};
pub use run::{CollectError, Outside, USER_AGENT, collect, collect_from};
pub use transport::{HttpTransport, Limits, Request, Response, Transport, TransportError};
