//! Resource Manager and Graph over the server's documents, and what a new tenant begins with.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use azimuth_api::arm::{self, Administrator, ControlPlane, Foundation};
use azimuth_api::caller::Authenticate;
use azimuth_api::error::ApiError;
use azimuth_api::graph;
use azimuth_api::signin::Provider;
use azimuth_host::{Clock, Documents, DocumentsError};
use tower::ServiceExt as _;

use crate::args::ServeArgs;
use crate::exit::Failure;

/// The name of the cloud that `az cloud register` reads.
const CLOUD: &str = "Azimuth";

/// Makes the first documents of a tenant, whose administrators are the first account and the applications of the command line.
/// A tenant that is there stays as it is.
pub(super) fn found(
    args: &ServeArgs,
    documents: &dyn Documents,
    provider: &Provider,
    administrator: Option<&str>,
) -> Result<(), Failure> {
    let name = args.administrator.as_deref().unwrap_or_default();
    let domain = name.split('@').nth(1).unwrap_or("azimuth.test");
    let mut clients = Vec::new();
    for pair in &args.client {
        let id = pair.split('=').next().unwrap_or_default();
        clients.extend(provider.client(id).context("cannot read the applications")?);
    }
    let mut administrators: Vec<_> = clients
        .iter()
        .map(|client| Administrator::Application {
            object: &client.object,
            app_id: &client.id,
            display_name: &client.name,
        })
        .collect();
    let display_name = name.split('@').next().unwrap_or_default();
    administrators.extend(administrator.map(|object| Administrator::User { object, name, display_name }));
    if administrators.is_empty() {
        return Ok(());
    }
    let of = Foundation {
        tenant: &args.tenant,
        tenant_name: domain,
        domain,
        subscription: args.subscription.as_deref().map(|id| (id, "Azimuth")),
        administrators: &administrators,
    };
    let mut writes = arm::foundation(&of).context("the tenant cannot be made")?;
    // The account is in the directory already.
    let user = administrator.map(|object| format!("graph:/users/{object}"));
    writes.retain(|write| user.as_deref() != Some(write.key.as_str()));
    match documents.commit("azimuth", writes) {
        Ok(_) | Err(DocumentsError::PreconditionFailed { .. }) => Ok(()),
        Err(error) => Err(error).context("the tenant is not made")?,
    }
}

/// The routes of both: what no other route takes is one of theirs, or nothing.
pub(super) fn routes(
    args: &ServeArgs,
    base: &str,
    documents: Arc<dyn Documents>,
    authenticate: Arc<dyn Authenticate>,
    provider: Arc<Provider>,
    clock: Arc<dyn Clock>,
) -> Result<Router, Failure> {
    let settings =
        arm::Settings { base_url: base.to_owned(), tenant: args.tenant.clone(), cloud: CLOUD.to_owned() };
    let plane =
        ControlPlane::new(documents, authenticate, clock, settings).context("cannot read the estate")?;
    let graph = graph::router(plane.clone(), provider);
    let manager = arm::router(plane);
    let dispatch = move |request: Request<Body>| {
        let path = request.uri().path();
        let router = match (arm::handles(path), graph::handles(path)) {
            (true, _) => Some(manager.clone()),
            (_, true) => Some(graph.clone()),
            _ => None,
        };
        async move {
            match router {
                Some(router) => router.oneshot(request).await.into_response(),
                None => nothing(),
            }
        }
    };
    Ok(Router::new().fallback(dispatch))
}

fn nothing() -> Response {
    let message = "There is nothing at this address.";
    ApiError::new(StatusCode::NOT_FOUND, "NotFound", message).into_response()
}
