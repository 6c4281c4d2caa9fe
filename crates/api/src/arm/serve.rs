//! From a request to its answer: who calls, what is asked, whether it is allowed, who answers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use azimuth_ids::{IdKind, IdRef};

use super::activity::{self, Event};
use super::call::{Call, bad_request, not_found, store_error};
use super::path::{Captures, Named, Path, named};
use super::plane::ControlPlane;
use super::query::Query;
use super::route::{Found, Right, Route, find};
use super::{generic, provider, remediation};
use crate::caller::{Caller, Refused};
use crate::error::ApiError;

/// Largest body read, in bytes: Resource Manager's own limit for templates.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Everything of Resource Manager, as a router for the paths that [`handles`] names. What an earlier run of the server left queued is
/// run first.
pub fn router(plane: Arc<ControlPlane>) -> Router {
    remediation::run_due(&plane);
    Router::new().fallback(answer).with_state(plane)
}

/// Whether a path belongs to Resource Manager. Its first segment decides; clients double slashes and change letter case.
pub fn handles(path: &str) -> bool {
    let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let roots = ["subscriptions", "providers", "tenants", "metadata", "locations"];
    roots.iter().any(|root| root.eq_ignore_ascii_case(first))
}

/// Answers one request.
async fn answer(State(plane): State<Arc<ControlPlane>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let message =
            format!("The request content is larger than the limit of {MAX_BODY} bytes, or ended early.");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestContentTooLarge", message)
            .into_response();
    };
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return respond(&plane, &parts, body);
    }
    // Writes wait for the disk.
    let work = tokio::task::spawn_blocking(move || {
        let response = respond(&plane, &parts, body);
        remediation::run_due(&plane);
        response
    });
    work.await.unwrap_or_else(|_| {
        let message = "The request ended unexpectedly; nothing was answered.";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message).into_response()
    })
}

fn respond(plane: &ControlPlane, parts: &Parts, body: Bytes) -> Response {
    let correlation = correlation(&parts.headers);
    let is_head = parts.method == Method::HEAD;
    let mut response = match process(plane, parts, body, &correlation) {
        Ok(answer) => answer.response(is_head),
        Err(refusal) => refusal.response(plane),
    };
    if is_head {
        *response.body_mut() = Body::empty();
    }
    let request_id = uuid::Uuid::new_v4().to_string();
    let routing = format!("AZIMUTH:{request_id}");
    for (name, value) in [
        ("x-ms-request-id", request_id.as_str()),
        ("x-ms-correlation-request-id", correlation.as_str()),
        ("x-ms-routing-request-id", routing.as_str()),
        ("x-ms-ratelimit-remaining-subscription-reads", "16499"),
        ("x-ms-ratelimit-remaining-subscription-writes", "2999"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(id) = parts.headers.get("x-ms-client-request-id") {
        response.headers_mut().insert("x-ms-client-request-id", id.clone());
    }
    response
}

/// The caller's own correlation id if it is a plain one, else a new one.
fn correlation(headers: &HeaderMap) -> String {
    let given = headers.get("x-ms-correlation-request-id").and_then(|value| value.to_str().ok());
    let is_plain = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    given.filter(is_plain).map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// Why a request is not answered.
enum Refusal {
    /// The token.
    Token(Refused),
    /// Anything else.
    Error(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl Refusal {
    fn response(self, plane: &ControlPlane) -> Response {
        let refused = match self {
            Self::Error(error) => return error.into_response(),
            Self::Token(refused) => refused,
        };
        let (code, reason, message) = match &refused {
            Refused::Missing => (
                "AuthenticationFailed",
                "invalid_token",
                "Authentication failed. The 'Authorization' header is missing.".to_owned(),
            ),
            Refused::Expired => (
                "ExpiredAuthenticationToken",
                "invalid_token",
                "The access token expiry UTC time is earlier than current UTC time.".to_owned(),
            ),
            Refused::Audience(audience) => (
                "InvalidAuthenticationTokenAudience",
                "invalid_token",
                format!("The access token has been obtained for wrong audience or resource '{audience}'."),
            ),
            Refused::Invalid(why) => (
                "InvalidAuthenticationToken",
                "invalid_token",
                format!("The access token is invalid: {why}."),
            ),
        };
        let mut response = ApiError::new(StatusCode::UNAUTHORIZED, code, message).into_response();
        let base = &plane.settings.base_url;
        let tenant = &plane.settings.tenant;
        let challenge = format!(
            "Bearer authorization_uri=\"{base}/{tenant}\", error=\"{reason}\", error_description=\"{code}\""
        );
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The caller that the bearer token speaks for. Clients of Resource Manager and Graph ask for many audiences, not all of
/// which can be configured.
pub(crate) fn authenticate(plane: &ControlPlane, headers: &HeaderMap) -> Result<Caller, Refused> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = given.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(bearer) = bearer.filter(|token| !token.is_empty()) else { return Err(Refused::Missing) };
    let base = plane.settings.base_url.as_str();
    let with_slash = format!("{base}/");
    let audiences = [
        base,
        &with_slash,
        "https://management.azure.com",
        "https://management.azure.com/",
        "https://management.core.windows.net",
        "https://management.core.windows.net/",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
    ];
    plane.authenticate.caller(bearer, &audiences)
}

fn process(
    plane: &ControlPlane,
    parts: &Parts,
    body: Bytes,
    correlation: &str,
) -> Result<super::answer::Answer, Refusal> {
    let path = Path::parse(parts.uri.path())
        .ok_or_else(|| bad_request("InvalidRequestUri", "The path of the request cannot be read."))?;
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    if let Some(answer) = super::tenant::without_sign_in(plane, &parts.method, &path, &query) {
        return Ok(answer?);
    }
    let caller = authenticate(plane, &parts.headers).map_err(Refusal::Token)?;
    plane.refresh().map_err(|error| store_error(&error))?;
    let segments = path.segments();
    let (route, captures) = match find(&parts.method, &segments) {
        Found::Route(route, captures) => (route, captures),
        Found::OtherMethod => return Err(other_method(&parts.method, &path).into()),
        Found::Nothing => {
            let Some(route) = generic::route(&parts.method, path.as_str()) else {
                return Err(not_found("InvalidResourceType", no_route(&path)).into());
            };
            (route, Captures::default())
        }
    };
    provider::check_api_version(plane, path.as_str(), query.get("api-version"), plane.now())?;
    let mut call = Call {
        plane,
        caller,
        method: parts.method.clone(),
        path: path.as_str().to_owned(),
        captures,
        query,
        headers: parts.headers.clone(),
        body,
        now: plane.now(),
        correlation: correlation.to_owned(),
        action: String::new(),
        is_partial: false,
    };
    if route.is_reading {
        return Ok(run(route, &mut call)?);
    }
    let _writing = plane.writing();
    call.now = plane.now();
    let answer = run(route, &mut call);
    if let Err(error) = &answer {
        record_refusal(&call, error);
    }
    Ok(answer?)
}

fn run(route: &Route, call: &mut Call<'_>) -> Result<super::answer::Answer, ApiError> {
    let (scope, derived) = subject(call);
    call.action = match route.right {
        Right::Action(action) | Right::Listed(action) => action.to_owned(),
        Right::Open | Right::Derived | Right::Decided => derived,
    };
    let scope = if call.captures.scope.len() > 1
        && route.text.starts_with("{scope}")
        && route.right != Right::Derived
    {
        call.captures.scope.clone()
    } else {
        scope
    };
    check_subscription(call)?;
    match route.right {
        Right::Open | Right::Decided => {}
        Right::Action(action) => call.require(action, &scope)?,
        Right::Derived => {
            let action = call.action.clone();
            call.require(&action, &scope)?;
        }
        Right::Listed(action) => {
            if let Err(refusal) = call.require(action, &scope) {
                if !holds_something_below(call, &scope) {
                    return Err(refusal);
                }
                call.is_partial = true;
            }
        }
    }
    (route.run)(call)
}

/// Answers a request that is a part of another: the same caller, the same rules, the same correlation id.
pub(crate) fn perform(
    call: &Call<'_>,
    method: Method,
    path: &str,
    api_version: &str,
    body: &serde_json::Value,
) -> Result<super::answer::Answer, ApiError> {
    let path = Path::parse(path)
        .ok_or_else(|| bad_request("InvalidRequestUri", "The id of the resource cannot be read."))?;
    let (route, captures) = match find(&method, &path.segments()) {
        Found::Route(route, captures) => (route, captures),
        Found::OtherMethod => return Err(other_method(&method, &path)),
        Found::Nothing => match generic::route(&method, path.as_str()) {
            Some(route) => (route, Captures::default()),
            None => return Err(not_found("InvalidResourceType", no_route(&path))),
        },
    };
    let mut part = Call {
        plane: call.plane,
        caller: call.caller.clone(),
        method,
        path: path.as_str().to_owned(),
        captures,
        query: Query::parse(&format!("api-version={api_version}")),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
        now: call.now,
        correlation: call.correlation.clone(),
        action: String::new(),
        is_partial: false,
    };
    run(route, &mut part)
}

/// Whether the caller has any role at or below a scope.
fn holds_something_below(call: &Call<'_>, scope: &str) -> bool {
    let Ok(scope) = azimuth_access::Scope::parse(scope) else { return false };
    let authority = call.authority();
    let holdings = authority.model.what_can(&call.caller.object);
    holdings.grants.iter().any(|grant| grant.scope().is_within(&scope))
}

/// What a path is about for access control: the scope, and the action that type and method spell.
fn subject(call: &Call<'_>) -> (String, String) {
    let verb = match call.method {
        Method::GET | Method::HEAD => "read",
        Method::DELETE => "delete",
        Method::POST => "action",
        _ => "write",
    };
    let path = call.path.as_str();
    if call.method == Method::POST
        && let Some((upper, last)) = path.rsplit_once('/')
    {
        // `…/type/name/action`, or `…/type/action` on the collection's scope.
        if let Some(Named::Resource(id)) = named(upper) {
            let kind = type_of(&id);
            return (id, format!("{kind}/{last}/action"));
        }
        if let Some(Named::Collection { parent, kind }) = named(upper) {
            return (parent, format!("{kind}/{last}/action"));
        }
    }
    match named(path) {
        Some(Named::Resource(id)) => {
            let kind = type_of(&id);
            (id, format!("{kind}/{verb}"))
        }
        Some(Named::Collection { parent, kind }) if call.method == Method::POST => {
            let kind = kind.rsplit_once('/').map_or(kind.clone(), |(upper, last)| format!("{upper}/{last}"));
            (parent, format!("{kind}/action"))
        }
        Some(Named::Collection { parent, kind }) => (parent, format!("{kind}/{verb}")),
        None => {
            let container = container(path);
            let kind = type_of(&container);
            (container, format!("{kind}/{verb}"))
        }
    }
}

/// The subscription or resource group that a path without `providers` names or begins with; `/` outside of them.
fn container(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for length in [4, 2] {
        if segments.len() >= length
            && let Ok(id) = IdRef::parse(&format!("/{}", segments[..length].join("/")))
        {
            return id.canonical();
        }
    }
    "/".to_owned()
}

/// The type as actions spell it.
pub(crate) fn type_of(id: &str) -> String {
    IdRef::parse(id).map(|id| id.resource_type().as_str().to_owned()).unwrap_or_default()
}

/// Subscriptions and resource groups are looked for before anything in them.
fn check_subscription(call: &Call<'_>) -> Result<(), ApiError> {
    let mut segments = call.path.split('/').skip(1);
    let is_subscription = segments.next().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
    let (true, Some(id)) = (is_subscription, segments.next()) else { return Ok(()) };
    if call.plane.read(&format!("/subscriptions/{id}")).is_none() {
        return Err(not_found(
            "SubscriptionNotFound",
            format!("The subscription '{id}' could not be found."),
        ));
    }
    Ok(())
}

/// Refuses if the resource group of an id is not there.
pub(crate) fn check_group(call: &Call<'_>, id: &str) -> Result<(), ApiError> {
    let Ok(parsed) = IdRef::parse(id) else { return Ok(()) };
    let Some(group) = parsed.resource_group() else { return Ok(()) };
    let group_id = parsed.scope();
    if group_id.kind() == IdKind::ResourceGroup && call.plane.read(&group_id.canonical()).is_none() {
        return Err(not_found(
            "ResourceGroupNotFound",
            format!("Resource group '{group}' could not be found."),
        ));
    }
    Ok(())
}

/// Refused changes stand in the activity log too.
fn record_refusal(call: &Call<'_>, error: &ApiError) {
    if !matches!(error.status, StatusCode::FORBIDDEN | StatusCode::CONFLICT | StatusCode::BAD_REQUEST) {
        return;
    }
    let event = activity::event(
        call,
        &Event {
            action: &call.action,
            resource: &call.path,
            status: "Failed",
            sub_status: error.status.canonical_reason().unwrap_or_default(),
            category: if error.code == "RequestDisallowedByPolicy" { "Policy" } else { "Administrative" },
            level: "Error",
            properties: serde_json::json!({"statusCode": error.status.canonical_reason(), "statusMessage": error.body().to_string()}),
        },
    );
    // The refusal stands whether or not it could be written down.
    drop(call.plane.commit(&call.caller.object, vec![event]));
}

fn other_method(method: &Method, path: &Path) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "HttpMethodNotSupported",
        format!("The HTTP method '{method}' is not supported at '{}'.", path.as_str()),
    )
}

fn no_route(path: &Path) -> String {
    format!("No route is known for the path '{}'.", path.as_str())
}
