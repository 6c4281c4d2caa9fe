//! One public document from the network, for who asks for it by name: `externaldata` of a query.

use std::time::Duration;

use crate::transport::{self, Limits, TransportError};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// How a document is fetched.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// Time and size of the exchange.
    pub limits: Limits,
    /// Plain `http` too: for tests on the loopback interface.
    pub allow_http: bool,
}

impl Default for Fetch {
    /// A minute, a gigabyte, and `https` alone.
    fn default() -> Self {
        let limits =
            Limits { timeout: Duration::from_secs(60), response_bytes: 1 << 30, ..Limits::default() };
        Self { limits, allow_http: false }
    }
}

/// The bytes at an address, as the server keeps them: what is packed stays packed. Nothing is sent but the address; redirects
/// are followed five times, to `https` alone.
///
/// # Errors
/// [`TransportError::Status`] for every answer but 200, and what else keeps a whole document from coming.
pub async fn fetch(address: &str, how: Fetch) -> Result<Vec<u8>, TransportError> {
    let redirects = reqwest::redirect::Policy::limited(MAX_REDIRECTS);
    let client = transport::client(crate::run::USER_AGENT, how.limits, how.allow_http, redirects)?;
    let response = client.get(address).send().await.map_err(|error| transport::classify(&error))?;
    match response.status() {
        reqwest::StatusCode::OK => transport::read(response, how.limits.response_bytes).await,
        status => Err(TransportError::Status(status.as_u16())),
    }
}
