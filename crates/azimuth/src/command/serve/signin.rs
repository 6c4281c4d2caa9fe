//! Sign-in of the server: the provider over a store in the data folder, its seal beside it, its rows into the tables.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::IncomingStream;
use azimuth_api::caller::{Authenticate, Caller, Refused};
use azimuth_api::signin::{
    AccountError, Chance as _, Client, ConditionalAccess, Log, NewAccount, Origin, Provider, Seal, Settings,
    Surroundings, SystemChance,
};
use azimuth_host::{Batch, Clock, Documents, Record, Scope, SystemClock, Telemetry};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::control;
use super::tls::TlsListener;
use crate::args::ServeArgs;
use crate::exit::Failure;
use crate::ui::Ui;

/// The key of its secrets, beside it.
const SEAL: &str = "seal.key";
/// Rows that may wait to be appended; when more come they are lost, and sign-ins go on.
const WAITING: usize = 10_000;

/// Opens the provider, and makes what the command line asks for: applications, the first administrator, the tenant.
pub(super) fn open(
    args: &ServeArgs,
    base: &str,
    documents: &Arc<dyn Documents>,
    clock: Arc<dyn Clock>,
    telemetry: Arc<dyn Telemetry>,
    ui: Ui,
) -> Result<Arc<Provider>, Failure> {
    let surroundings = Surroundings {
        documents: Arc::clone(documents),
        clock,
        chance: Arc::new(SystemChance::default()),
        seal: seal(&args.data.join(SEAL))?,
        decide: Arc::new(ConditionalAccess::new(Arc::clone(documents))),
        log: Arc::new(Rows::new(telemetry)),
    };
    let provider = Arc::new(Provider::new(Settings::new(base, &args.tenant), surroundings));
    for client in &args.client {
        register(client, &provider)?;
    }
    let administrator = first_administrator(args, &provider, ui)?;
    control::found(args, &**documents, &provider, administrator.as_deref())?;
    for user in &args.user {
        create(user, &provider)?;
    }
    Ok(provider)
}

/// The object id of the first administrator, if this start makes it.
fn first_administrator(args: &ServeArgs, provider: &Provider, ui: Ui) -> Result<Option<String>, Failure> {
    if !provider.is_new().context("cannot read the accounts")? {
        return Ok(None);
    }
    match (&args.administrator, &args.administrator_password) {
        (Some(name), Some(password)) => {
            let made = provider.bootstrap_administrator(name, name, password);
            let object = made.context("the first administrator is not made")?;
            ui.note(format_args!(
                "made the first administrator {name}; a second factor is registered at the first sign-in"
            ));
            Ok(Some(object))
        }
        _ => {
            if args.client.is_empty() {
                ui.error(
                    "warning: nobody can sign in yet; start once with `--administrator NAME@DOMAIN` and AZIMUTH_ADMINISTRATOR_PASSWORD",
                );
            }
            Ok(None)
        }
    }
}

/// Registers `ID=SECRET`.
fn register(pair: &str, provider: &Provider) -> Result<(), Failure> {
    let (id, secret) = pair.split_once('=').ok_or_else(|| {
        Failure::usage("`--client` is no `ID=SECRET`")
            .hint("a secret has 12 characters or more; make one with `openssl rand -base64 32`")
    })?;
    let client = Client { id: id.to_owned(), name: id.to_owned(), ..Client::default() };
    let registered = provider.register_client(client, Some(secret), ("", "command line"), &Origin::default());
    Ok(registered.with_context(|| format!("the application `{id}` is not registered"))?)
}

/// Makes the account `NAME=PASSWORD`, unless it is there.
fn create(pair: &str, provider: &Provider) -> Result<(), Failure> {
    let (name, password) =
        pair.split_once('=').ok_or_else(|| Failure::usage("`--user` is no `NAME@DOMAIN=PASSWORD`"))?;
    let new = NewAccount {
        name: name.to_owned(),
        display_name: name.split('@').next().unwrap_or_default().to_owned(),
        password: password.to_owned(),
        ..NewAccount::default()
    };
    match provider.create_account(&new, ("", "command line"), &Origin::default()) {
        Ok(_) | Err(AccountError::Taken { .. }) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("the account `{name}` is not made"))?,
    }
}

/// The key of the secrets: the one in the data folder, or a new one that only its owner can read.
fn seal(path: &Path) -> Result<Seal, Failure> {
    if let Ok(bytes) = fs::read(path) {
        let key: [u8; 32] = bytes.try_into().ok().with_context(|| {
            format!("`{}` is not 32 bytes; with another key nothing that was sealed opens", path.display())
        })?;
        return Ok(Seal::new(&key));
    }
    let mut key = [0; 32];
    SystemChance::default().fill(&mut key);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()));
    written.with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(Seal::new(&key))
}

/// Takes rows of sign-ins and changes into the server's tables.
struct Rows(mpsc::Sender<Batch>);

impl Rows {
    fn new(telemetry: Arc<dyn Telemetry>) -> Self {
        let (sender, mut waiting) = mpsc::channel::<Batch>(WAITING);
        tokio::spawn(async move {
            while let Some(batch) = waiting.recv().await {
                // A table that is full loses the row; the sign-in happened all the same.
                let _ = telemetry.append(batch).await;
            }
        });
        Self(sender)
    }
}

impl Log for Rows {
    fn append(&self, table: &'static str, row: Record) {
        let batch = Batch {
            scope: Scope::Database(String::new()),
            table: table.to_owned(),
            records: vec![row],
            transform: None,
            identity: None,
            received: SystemClock.now(),
        };
        let _ = self.0.try_send(batch);
    }
}

/// Knows callers by either of two ways.
pub(super) struct Either(pub(super) Arc<dyn Authenticate>, pub(super) Arc<dyn Authenticate>);

impl Authenticate for Either {
    fn caller(&self, bearer: &str, audiences: &[&str]) -> Result<Caller, Refused> {
        self.0.caller(bearer, audiences).or_else(|_| self.1.caller(bearer, audiences))
    }
}

/// The other end of a connection.
#[derive(Clone, Copy)]
pub(super) struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// The provider's routes, which are told the address of the other end.
pub(super) fn routes(provider: Arc<Provider>) -> Router {
    azimuth_api::signin::router(provider).layer(from_fn(tell_address))
}

async fn tell_address(mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(Peer(address))) = request.extensions().get::<ConnectInfo<Peer>>().copied() {
        request.extensions_mut().insert(ConnectInfo(address));
    }
    next.run(request).await
}
