//! A server without sockets: requests in, answers out.

use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use azimuth_api::telemetry::keys::{StaticToken, WorkspaceKeys};
use azimuth_api::telemetry::meter::Meter;
use azimuth_api::telemetry::streams::{Destination, NoStream, Streams, StreamsByName};
use azimuth_api::telemetry::{Limits, Services, router};
use azimuth_host::{ManualClock, Scope};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tower::ServiceExt;

use super::memory::{MemoryTelemetry, WORKSPACE};

pub(crate) const TOKEN: &str = "development";
pub(crate) const KEY: &[u8] = b"key of the workspace";
pub(crate) const NOW: &str = "2026-01-02T00:00:00Z";

/// One workspace, and one component of Application Insights, have a key.
struct OneKey;

impl WorkspaceKeys for OneKey {
    fn of(&self, workspace: &str) -> Vec<Vec<u8>> {
        if workspace == WORKSPACE { vec![KEY.to_vec()] } else { Vec::new() }
    }
}

/// A rule `dcr-missing` is not there; others lead to the table of the stream's name.
struct Rules(StreamsByName);

impl Streams for Rules {
    fn destinations(&self, rule: &str, stream: &str) -> Result<Vec<Destination>, NoStream> {
        if rule == "dcr-missing" { Err(NoStream::Rule) } else { self.0.destinations(rule, stream) }
    }
}

/// The routes, and what they count.
pub(crate) struct Server {
    router: Router,
    pub(crate) meter: Arc<Meter>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    /// The body, which has to be JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// A header, empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::over(MemoryTelemetry::default(), Limits { body: 1 << 22, ..Limits::default() })
    }

    pub(crate) fn over(telemetry: MemoryTelemetry, limits: Limits) -> Self {
        let meter = Arc::new(Meter::default());
        let router = router(Services {
            telemetry: Arc::new(telemetry),
            authenticate: Arc::new(StaticToken::new(TOKEN, "tenant")),
            keys: Arc::new(OneKey),
            streams: Arc::new(Rules(StreamsByName { scope: Scope::Workspace(WORKSPACE.to_owned()) })),
            clock: Arc::new(ManualClock::new(NOW.parse().unwrap())),
            meter: meter.clone(),
            base: "https://localhost:8443".to_owned(),
            tenant: "tenant".to_owned(),
            limits,
        });
        Self { router, meter }
    }

    /// Sends a request with a bearer token.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        let with: Vec<(&str, &str)> =
            [("authorization", bearer.as_str())].into_iter().chain(headers.iter().copied()).collect();
        self.bare(method, path, &with, body).await
    }

    /// Sends a request with these headers and no others.
    pub(crate) async fn bare(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    /// Posts JSON with a bearer token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// The rows of a query, through version 2 of Kusto's API.
    pub(crate) async fn rows(&self, query: &str) -> Value {
        let reply = self.post("/v2/rest/query", &serde_json::json!({"db": "Main", "csl": query})).await;
        let frames = reply.json();
        let frames = frames.as_array().unwrap_or_else(|| panic!("{frames}"));
        frames.iter().find(|frame| frame["TableKind"] == "PrimaryResult").unwrap()["Rows"].clone()
    }
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}
