//! One HTTP exchange: the seam that tests replace.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request as AzureRequest, StatusCode};
use thiserror::Error;

use crate::credential::BoxFuture;

/// One request. It is read-only: GET, or POST to a query or batch address.
#[derive(Clone, Debug)]
pub struct Request {
    /// The absolute address.
    pub url: String,
    /// The JSON body of a POST, or `None` for a GET.
    pub body: Option<String>,
    /// The token, without `Bearer `.
    pub bearer: String,
}

/// One response, read to its end.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header `Retry-After`, as sent.
    pub retry_after: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

/// Why no whole response came.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection: name not found, refused, TLS failure.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// Connected, but the exchange broke off or took too long.
    #[error("the exchange broke off: {0}")]
    Interrupted(String),
    /// The body is larger than allowed; asking again would not help.
    #[error("the response is larger than {0} bytes")]
    TooLarge(usize),
    /// The server gave another answer than the document asked for.
    #[error("the server answered {0}")]
    Status(u16),
}

/// Sends requests.
pub trait Transport: Send + Sync {
    /// The response to one request. Redirects are not followed, nothing is retried.
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>>;
}

/// The limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the start of the request to the end of the body.
    pub timeout: Duration,
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// Decompressed body.
    pub response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(20),
            response_bytes: 64 << 20,
        }
    }
}

/// [`Transport`] over the network: HTTP/1.1, TLS by rustls with the system's roots, gzip, proxies from the
/// environment.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    limits: Limits,
    /// Requests to `https://` addresses of credentials are sent over plain HTTP. `azure_identity` accepts no
    /// other authorities, and tests have theirs on a loopback port.
    plain_credentials: bool,
}

impl HttpTransport {
    /// A client with `limits` that calls itself `user_agent`. `http` is allowed when `allow_http` is set.
    ///
    /// # Errors
    /// [`TransportError::Connect`] when TLS cannot be set up.
    pub fn new(user_agent: &str, limits: Limits, allow_http: bool) -> Result<Self, TransportError> {
        let client = client(user_agent, limits, allow_http, reqwest::redirect::Policy::none())?;
        Ok(Self { client, limits, plain_credentials: false })
    }

    /// The same client for `azure_identity`, so that the program holds one HTTP stack.
    pub(crate) fn for_credentials(&self, plain_credentials: bool) -> Arc<dyn HttpClient> {
        Arc::new(Self { plain_credentials, ..self.clone() })
    }
}

/// The one set-up of connections: TLS by rustls with the system's roots, proxies from the environment.
pub(crate) fn client(
    user_agent: &str,
    limits: Limits,
    allow_http: bool,
    redirects: reqwest::redirect::Policy,
) -> Result<reqwest::Client, TransportError> {
    // The process may have chosen a provider already; any one will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(limits.connect_timeout)
        .timeout(limits.timeout)
        .https_only(!allow_http)
        .redirect(redirects)
        .referer(false)
        .build()
        .map_err(|error| TransportError::Connect(describe(&error)))
}

/// The body of a response, as long as allowed.
pub(crate) async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > most {
            return Err(TransportError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut builder = match &request.body {
                None => self.client.get(&request.url),
                Some(body) => self
                    .client
                    .post(&request.url)
                    .header(reqwest::header::CONTENT_TYPE, "application/json")
                    .body(body.clone()),
            };
            builder =
                builder.bearer_auth(&request.bearer).header(reqwest::header::ACCEPT, "application/json");
            let response = builder.send().await.map_err(|error| classify(&error))?;
            let status = response.status().as_u16();
            let retry_after = response
                .headers()
                .get(reqwest::header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let body = read(response, self.limits.response_bytes).await?;
            Ok(Response { status, retry_after, body })
        })
    }
}

impl HttpClient for HttpTransport {
    fn execute_request<'life0, 'life1, 'async_trait>(
        &'life0 self,
        request: &'life1 AzureRequest,
    ) -> BoxFuture<'async_trait, azure_core::Result<AsyncRawResponse>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let failed = |error: TransportError| {
                let kind = match error {
                    TransportError::Connect(_) => azure_core::error::ErrorKind::Connection,
                    _ => azure_core::error::ErrorKind::Io,
                };
                azure_core::Error::with_message(kind, error.to_string())
            };
            let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes())
                .expect("the methods of azure_core are HTTP methods");
            let mut url = request.url().clone();
            if self.plain_credentials {
                url.set_scheme("http").expect("https may become http");
            }
            let mut builder = self.client.request(method, url);
            for (name, value) in request.headers().iter() {
                builder = builder.header(name.as_str(), value.as_str());
            }
            let body = azure_core::Bytes::from(request.body());
            let response = builder.body(body).send().await.map_err(|error| failed(classify(&error)))?;
            let status = StatusCode::from(response.status().as_u16());
            let mut headers = Headers::new();
            for (name, value) in response.headers() {
                if let Ok(value) = value.to_str() {
                    headers.insert(name.as_str().to_owned(), value.to_owned());
                }
            }
            let body = read(response, self.limits.response_bytes).await.map_err(failed)?;
            Ok(AsyncRawResponse::from_bytes(status, headers, body))
        })
    }
}

pub(crate) fn classify(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::Connect(describe(error))
    } else if error.is_timeout() {
        TransportError::Interrupted("timed out".to_owned())
    } else {
        TransportError::Interrupted(describe(error))
    }
}

/// The last cause; the ones above it repeat the address or say nothing.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
