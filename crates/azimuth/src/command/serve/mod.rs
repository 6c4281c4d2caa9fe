//! `azimuth serve`: telemetry in and answers out, over HTTPS.

mod answer;
mod control;
mod estate;
mod memory;
mod signin;
mod telemetry;
mod tls;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use azimuth_api::caller::Authenticate;
use azimuth_api::signin::Provider;
use azimuth_api::telemetry::keys::{StaticToken, WorkspaceKeys};
use azimuth_api::telemetry::meter::Meter;
use azimuth_api::telemetry::streams::StreamsByName;
use azimuth_api::telemetry::{Limits, Services};
use azimuth_host::{Clock, Documents, Scope, SystemClock, Telemetry};
use azimuth_query::{Config, Engine};
use azimuth_store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;

use super::query::tables::{self, Files};
use crate::args::{InputArgs, ServeArgs};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;
use telemetry::EngineTelemetry;

/// The store in the data folder.
const STORE: &str = "azimuth.db";
/// How long requests that are under way may take once the server is told to end.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &ServeArgs, ui: Ui) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(input::threads().clamp(2, 64))
        .enable_all()
        // Plans of long queries are deep.
        .thread_stack_size(16 << 20)
        .build()
        .context("cannot start")?;
    let limits = azimuth_query::Limits {
        memory: args.memory.saturating_mul(1 << 20),
        ..azimuth_query::Limits::default()
    };
    let config = Config { limits, parallelism: input::threads(), seed: 0 };
    let mut engine = Engine::new(config).context("the query engine does not start")?;
    let named = Files { table: &args.table, schema: &args.schema, format: args.format };
    tables::register(&mut engine, &runtime, &named, ui)?;
    if !args.estate.is_empty() || args.store.is_some() {
        let source =
            InputArgs { paths: args.estate.clone(), store: args.store.clone(), ..InputArgs::default() };
        super::query::estate::register(&mut engine, &input::load(&source, ui)?.snapshot)?;
    }
    let telemetry = EngineTelemetry::new(engine, args.database.clone(), args.keep_rows);
    let keys = Keys::read(&args.workspace_key)?;
    runtime.block_on(serve(args, telemetry, keys, ui))
}

async fn serve(args: &ServeArgs, telemetry: EngineTelemetry, keys: Keys, ui: Ui) -> Result<Exit, Failure> {
    let tcp = TcpListener::bind(args.listen).await.with_context(|| {
        format!("cannot listen on {}; choose another address with `--listen`", args.listen)
    })?;
    let address = tcp.local_addr().context("the listener has no address")?;
    let base = base_url(args, address);
    let meter = Arc::new(Meter::default());
    let telemetry: Arc<dyn Telemetry> = Arc::new(telemetry);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let documents = documents(args, &clock)?;
    let provider = signin::open(args, &base, &documents, Arc::clone(&clock), Arc::clone(&telemetry), ui)?;
    let authenticate = authenticate(args, &provider);
    let control =
        control::routes(args, &base, documents, Arc::clone(&authenticate), Arc::clone(&provider), clock)?;
    let router = router(services(args, telemetry, authenticate, keys, &base, meter))
        .merge(signin::routes(provider))
        .merge(control)
        .into_make_service_with_connect_info::<signin::Peer>();
    warn(args, address, ui);
    let ready = || super::output::to(None, |out| writeln!(out, "{base}"));
    if args.plain_http {
        ready()?;
        let server = axum::serve(tcp, router).with_graceful_shutdown(asked_to_end());
        return ended(server.into_future()).await;
    }
    let listener = tls::listen(tcp, &args.data, &args.name).await?;
    ui.note(format_args!("clients trust it by {}", args.data.join(tls::CA).display()));
    ready()?;
    let server = axum::serve(listener, router).with_graceful_shutdown(asked_to_end());
    ended(server.into_future()).await
}

/// Waits for a server to end by itself, or a while after it was told to.
async fn ended(server: impl Future<Output = std::io::Result<()>>) -> Result<Exit, Failure> {
    let overdue = async {
        asked_to_end().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = server => done.context("the server ended")?,
        () = overdue => {}
    }
    Ok(Exit::Done)
}

/// Ends when somebody asks the server to: Ctrl-C, or the signal that service managers send.
async fn asked_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

/// The estate and all that the server keeps of it: the store of the command line, or one in the data folder.
fn documents(args: &ServeArgs, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Documents>, Failure> {
    std::fs::create_dir_all(&args.data)
        .with_context(|| format!("cannot make the folder `{}`", args.data.display()))?;
    let path = args.store.clone().unwrap_or_else(|| args.data.join(STORE));
    let store =
        Store::open(&path, Arc::clone(clock)).with_context(|| format!("cannot open `{}`", path.display()))?;
    Ok(Arc::new(store))
}

/// Who signed in here is known, and whoever has the development token.
fn authenticate(args: &ServeArgs, provider: &Arc<Provider>) -> Arc<dyn Authenticate> {
    match args.development_token.as_deref() {
        Some(token) if !token.is_empty() => {
            let token = StaticToken::new(token, &args.tenant);
            Arc::new(signin::Either(Arc::new(token), Arc::clone(provider) as Arc<dyn Authenticate>))
        }
        _ => Arc::clone(provider) as Arc<dyn Authenticate>,
    }
}

fn services(
    args: &ServeArgs,
    telemetry: Arc<dyn Telemetry>,
    authenticate: Arc<dyn Authenticate>,
    keys: Keys,
    base: &str,
    meter: Arc<Meter>,
) -> Services {
    Services {
        telemetry,
        authenticate,
        keys: Arc::new(keys),
        streams: Arc::new(StreamsByName { scope: Scope::Database(String::new()) }),
        clock: Arc::new(SystemClock),
        meter,
        base: base.to_owned(),
        tenant: args.tenant.clone(),
        limits: Limits { asking: args.queries.max(1), ..Limits::default() },
    }
}

fn router(services: Services) -> Router {
    let meter = services.meter.clone();
    let health =
        || async { axum::Json(serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})) };
    let metrics = || async move { ([("content-type", "text/plain; version=0.0.4")], meter.text()) };
    azimuth_api::telemetry::router(services).route("/health", get(health)).route("/metrics", get(metrics))
}

fn base_url(args: &ServeArgs, address: SocketAddr) -> String {
    let scheme = if args.plain_http { "http" } else { "https" };
    let host = match args.name.first() {
        Some(name) => name.clone(),
        None if address.ip().is_loopback() || address.ip().is_unspecified() => "localhost".to_owned(),
        None => address.ip().to_string(),
    };
    format!("{scheme}://{host}:{}", address.port())
}

/// What whoever starts the server should know.
fn warn(args: &ServeArgs, address: SocketAddr, ui: Ui) {
    if !args.development_token.as_deref().unwrap_or_default().is_empty() && !address.ip().is_loopback() {
        ui.error("warning: the development token is accepted from other machines; it is one password for everything");
    }
    ui.error("warning: what is sent is kept in memory and lost when the server ends");
}

/// Keys of workspaces, as the command line names them.
struct Keys(HashMap<String, Vec<Vec<u8>>>);

impl Keys {
    fn read(pairs: &[String]) -> Result<Self, Failure> {
        let mut keys: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        for pair in pairs {
            let read = pair.split_once('=').and_then(|(id, key)| Some((id, STANDARD.decode(key).ok()?)));
            let (id, key) = read.ok_or_else(|| {
                Failure::usage("`--workspace-key` is no `ID=BASE64`")
                    .hint("make a key with `openssl rand -base64 64`")
            })?;
            keys.entry(id.to_ascii_lowercase()).or_default().push(key);
        }
        Ok(Self(keys))
    }
}

impl WorkspaceKeys for Keys {
    fn of(&self, workspace: &str) -> Vec<Vec<u8>> {
        self.0.get(&workspace.to_ascii_lowercase()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_letter_case() {
        let keys = Keys::read(&["ID=a2V5".to_owned(), "id=bw==".to_owned()]).unwrap();
        assert_eq!(keys.of("Id"), [b"key".to_vec(), b"o".to_vec()]);
        assert!(keys.of("other").is_empty());
        assert!(Keys::read(&["ID=?".to_owned()]).is_err() && Keys::read(&["ID".to_owned()]).is_err());
    }
}
