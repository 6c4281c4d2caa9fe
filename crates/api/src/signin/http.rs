//! The provider behind HTTP: paths, cookies and headers; what happens is elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, map_response};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::authorize::{Refusal, ResponseMode};
use super::chance;
use super::errors::OAuthError;
use super::flow::{Cookies, Outcome, Purpose, Reply};
use super::page::{self, Page};
use super::provider::{Origin, Provider};
use super::token::Parameters;

/// The longest body of a request, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// How many requests are worked on at once; the others wait.
const AT_ONCE: usize = 32;
/// How long a request may wait for its turn, in seconds.
const LONGEST_WAIT: u64 = 15;

const BROWSER: &str = "__Host-azimuth-browser";
const SESSION: &str = "__Host-azimuth-session";

type Pairs = Vec<(String, String)>;

#[derive(Clone)]
struct Shared {
    provider: Arc<Provider>,
    turns: Arc<Semaphore>,
}

impl Shared {
    /// Works on a thread that may wait: hashing takes time, and documents may be on a disk.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Provider) -> Result<T, OAuthError> + Send + 'static,
    ) -> Result<T, OAuthError> {
        let busy = || OAuthError::server("Too many sign-ins at once. Try again.");
        let turn = tokio::time::timeout(
            std::time::Duration::from_secs(LONGEST_WAIT),
            Arc::clone(&self.turns).acquire_owned(),
        );
        let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let provider = Arc::clone(&self.provider);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&provider)
        });
        work.await.unwrap_or_else(|_| Err(OAuthError::server("The sign-in failed inside.")))
    }
}

/// The routes of the provider. Where a connection's address is wanted in logs, serve them with
/// `into_make_service_with_connect_info`, or insert a [`ConnectInfo`] into each request.
pub fn router(provider: Arc<Provider>) -> Router {
    let shared = Shared { provider, turns: Arc::new(Semaphore::new(AT_ONCE)) };
    let mut router = Router::new();
    for base in ["/{tenant}/oauth2/v2.0", "/{tenant}/oauth2"] {
        router = router
            .route(&format!("{base}/token"), post(token))
            .route(&format!("{base}/devicecode"), post(devicecode))
            .route(&format!("{base}/authorize"), get(authorize).post(authorize_post))
            .route(&format!("{base}/logout"), get(logout));
    }
    router
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery))
        .route("/{tenant}/.well-known/openid-configuration", get(discovery))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/discovery/keys", get(keys))
        .route("/{tenant}/discovery/instance", get(instance))
        .route("/{tenant}/userrealm/{user}", get(realm))
        .route("/oidc/userinfo", get(userinfo).post(userinfo))
        .route("/devicelogin", get(device_login))
        .route("/signin", post(step))
        .route("/signin/out", post(sign_out))
        .route("/signin/account", get(account))
        .route(
            "/signin/style.css",
            get(|| asset("text/css; charset=utf-8", include_str!("assets/style.css"))),
        )
        .route(
            "/signin/post.js",
            get(|| asset("text/javascript; charset=utf-8", include_str!("assets/post.js"))),
        )
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(map_response(harden))
        .layer(axum::middleware::from_fn(origin))
        .with_state(shared)
}

/// Notes where a request came from.
async fn origin(mut request: Request, next: Next) -> Response {
    let origin = origin_of(&request);
    request.extensions_mut().insert(origin);
    next.run(request).await
}

fn origin_of(request: &Request) -> Origin {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let text = |name: &str, most: usize| -> Option<String> {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.chars().take(most).collect())
    };
    let correlation = text("client-request-id", 64)
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'));
    let correlation = correlation.unwrap_or_else(|| chance::uuid(&chance::SystemChance::default()));
    Origin { address, agent: text("user-agent", 512).unwrap_or_default(), correlation }
}

type From = axum::Extension<Origin>;

/// Headers that every answer has.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CACHE_CONTROL, "no-store");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    // Not `no-referrer`: with it browsers call the origin of our own forms `null`.
    default(header::REFERRER_POLICY, "same-origin");
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    response
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}

fn refused(shared: &Shared, error: &OAuthError, origin: &Origin) -> Response {
    let provider = &shared.provider;
    let trace = chance::uuid(provider.chance());
    (error.status, Json(error.body(&trace, &origin.correlation, provider.now()))).into_response()
}

fn json(shared: &Shared, answer: Result<Value, OAuthError>, origin: &Origin) -> Response {
    match answer {
        Ok(value) => ([(header::PRAGMA, "no-cache")], Json(value)).into_response(),
        Err(error) => refused(shared, &error, origin),
    }
}

/// What everybody may read, from any page.
fn public(shared: &Shared, answer: Result<Value, OAuthError>, origin: &Origin) -> Response {
    match answer {
        Ok(value) => ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(value)).into_response(),
        Err(error) => refused(shared, &error, origin),
    }
}

async fn discovery(State(shared): State<Shared>, Path(tenant): Path<String>, from: From) -> Response {
    let provider = &shared.provider;
    public(&shared, provider.authority(&tenant).map(|authority| provider.discovery(authority)), &from.0)
}

async fn keys(State(shared): State<Shared>, Path(tenant): Path<String>, from: From) -> Response {
    let answer = shared.run(move |provider| provider.jwks(provider.authority(&tenant)?)).await;
    public(&shared, answer, &from.0)
}

async fn instance(State(shared): State<Shared>) -> Response {
    Json(shared.provider.instance()).into_response()
}

async fn realm(State(shared): State<Shared>, Path((_, user)): Path<(String, String)>) -> Response {
    Json(shared.provider.realm(&user)).into_response()
}

async fn token(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    from: From,
    Form(form): Form<Pairs>,
) -> Response {
    let authorization = text(&headers, &header::AUTHORIZATION);
    let origin = from.0.clone();
    let answer = shared.run(move |provider| {
        let authority = provider.authority(&tenant)?;
        provider.token(authority, &Parameters::new(form)?, authorization.as_deref(), &origin)
    });
    json(&shared, answer.await, &from.0)
}

async fn devicecode(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    from: From,
    Form(form): Form<Pairs>,
) -> Response {
    let origin = from.0.clone();
    let answer = shared.run(move |provider| {
        provider.authority(&tenant)?;
        let parameters = Parameters::new(form)?;
        let id = parameters.want("client_id")?;
        let client = provider.client(id)?.filter(|client| !client.disabled);
        let client = client.ok_or_else(|| super::token::unknown_client(id))?;
        let scope = parameters.get("scope").unwrap_or_default();
        provider.begin_device(&client, &parameters.scopes()?, scope, &origin)
    });
    json(&shared, answer.await, &from.0)
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap, from: From) -> Response {
    let bearer = text(&headers, &header::AUTHORIZATION);
    let bearer =
        bearer.as_deref().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let answer = shared.run(move |provider| Ok(provider.userinfo(&bearer))).await;
    match answer {
        Ok(Ok(value)) => Json(value).into_response(),
        Ok(Err(_)) => {
            let challenge = "Bearer error=\"invalid_token\"";
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
        }
        Err(error) => refused(&shared, &error, &from.0),
    }
}

async fn authorize(
    shared: State<Shared>,
    path: Path<String>,
    headers: HeaderMap,
    from: From,
    Query(query): Query<Pairs>,
) -> Response {
    authorize_with(shared, path, &headers, from, query).await
}

async fn authorize_post(
    shared: State<Shared>,
    path: Path<String>,
    headers: HeaderMap,
    from: From,
    Form(form): Form<Pairs>,
) -> Response {
    authorize_with(shared, path, &headers, from, form).await
}

async fn authorize_with(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    headers: &HeaderMap,
    from: From,
    pairs: Pairs,
) -> Response {
    let (cookies, origin) = (cookies(headers), from.0.clone());
    let reply = shared.run(move |provider| {
        let authority = provider.authority(&tenant)?;
        match provider.authorization_request(authority, &Parameters::new(pairs)?) {
            Ok((request, _)) => provider.begin_flow(Purpose::Authorize(Box::new(request)), &cookies, &origin),
            Err(Refusal::Page(error)) => Err(error),
            Err(Refusal::Redirect(answer)) => {
                Ok(Reply { outcome: Outcome::Send(*answer), browser: None, session: None })
            }
        }
    });
    answer(&shared, reply.await)
}

async fn device_login(State(shared): State<Shared>, headers: HeaderMap, from: From) -> Response {
    let cookies = cookies(&headers);
    let reply = shared.run(move |provider| provider.begin_flow(Purpose::Device(None), &cookies, &from.0));
    answer(&shared, reply.await)
}

async fn step(
    State(shared): State<Shared>,
    headers: HeaderMap,
    from: From,
    Form(form): Form<Pairs>,
) -> Response {
    if let Some(refusal) = foreign(&shared, &headers) {
        return refusal;
    }
    let cookies = cookies(&headers);
    let reply = shared.run(move |provider| provider.step(&Parameters::new(form)?, &cookies, &from.0));
    answer(&shared, reply.await)
}

async fn account(State(shared): State<Shared>, headers: HeaderMap, from: From) -> Response {
    let cookies = cookies(&headers);
    let reply = shared.run(move |provider| match provider.account_page(&cookies)? {
        Some(page) => Ok(Reply::page(page)),
        None => provider.begin_flow(Purpose::Account, &cookies, &from.0),
    });
    answer(&shared, reply.await)
}

async fn logout(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
) -> Response {
    let cookies = cookies(&headers);
    let reply = shared.run(move |provider| {
        provider.authority(&tenant)?;
        provider.logout(&Parameters::new(query)?, &cookies)
    });
    clear(answer(&shared, reply.await))
}

async fn sign_out(
    State(shared): State<Shared>,
    headers: HeaderMap,
    from: From,
    Form(form): Form<Pairs>,
) -> Response {
    if let Some(refusal) = foreign(&shared, &headers) {
        return refusal;
    }
    let cookies = cookies(&headers);
    let reply = shared.run(move |provider| provider.sign_out(&Parameters::new(form)?, &cookies, &from.0));
    clear(answer(&shared, reply.await))
}

/// Refuses a form that another site's page sent. Browsers say where forms come from; who is no browser has no cookies to misuse.
fn foreign(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    let from = text(headers, &header::ORIGIN)?;
    if from == shared.provider.settings().base {
        return None;
    }
    let error = OAuthError {
        status: StatusCode::FORBIDDEN,
        ..OAuthError::invalid_request("The form came from another site.")
    };
    Some(shown(page::failure(&shared.provider.settings().organisation, &error)))
}

fn answer(shared: &Shared, reply: Result<Reply, OAuthError>) -> Response {
    let organisation = &shared.provider.settings().organisation;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return shown(page::failure(organisation, &error)),
    };
    let mut response = match reply.outcome {
        Outcome::Page(page) => shown(page),
        Outcome::Go(path) => Redirect::to(&path).into_response(),
        Outcome::Send(answer) => match answer.mode {
            ResponseMode::Query => Redirect::to(&answer.location()).into_response(),
            ResponseMode::FormPost => shown(page::form_post(organisation, &answer)),
        },
    };
    for (name, value) in [(BROWSER, reply.browser), (SESSION, reply.session)] {
        let cookie = value.map(|value| format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Takes the session's cookie from the browser where the session was ended.
fn clear(mut response: Response) -> Response {
    if response.extensions().get::<Ended>().is_some() || response.status().is_redirection() {
        let cookie = format!("{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

#[derive(Clone, Copy)]
struct Ended;

/// A page under the strictest policy that it works with: no script but our own files, no frames, forms to us and to the application
/// that asked.
fn shown(page: Page) -> Response {
    let target = page.form_target.map(|target| format!(" {target}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'{target}"
    );
    let mut response = (page.status, Html(page.html)).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if page.ended {
        response.extensions_mut().insert(Ended);
    }
    response
}

fn cookies(headers: &HeaderMap) -> Cookies {
    let mut cookies = Cookies::default();
    for pair in headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
    {
        match pair.trim().split_once('=') {
            Some((BROWSER, value)) => cookies.browser = Some(value.to_owned()),
            Some((SESSION, value)) => cookies.session = Some(value.to_owned()),
            _ => {}
        }
    }
    // What is none of our tokens is no cookie: nobody chooses its value.
    let own = |value: &String| {
        value.len() == 43 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    Cookies { browser: cookies.browser.filter(own), session: cookies.session.filter(own) }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
