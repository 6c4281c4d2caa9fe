//! The provider: its settings, what it asks of its surroundings, and small things that all of its parts use.

use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex};

use azimuth_host::{Clock, Documents};
use azimuth_identity::credentials::{Credentials, Method};
use azimuth_identity::lockout::{Rules, Setting};
use azimuth_identity::passwords::{BannedPasswords, base_terms};
use azimuth_identity::tokens::same_audience;
use jiff::Timestamp;

use super::chance::{self, Chance};
use super::clients::Client;
use super::decide::{Decide, Verdict};
use super::errors::OAuthError;
use super::keys::{KeySet, Keys, KeysError};
use super::logs::{Audit, Log, SignIn, SignInKind};
use super::secrets::{self, HashCost, Seal};
use super::state::State;

/// What the provider is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is reached, `https://host:port` without a slash at the end
    pub base: String,
    /// The tenant's id
    pub tenant: String,
    /// The tenant's domains: other names under which the tenant may be addressed
    pub domains: Vec<String>,
    /// What people read on the pages
    pub organisation: String,
    /// Services that tokens may be asked for, besides `base` and registered applications
    pub audiences: Vec<String>,
    /// What hashing a password costs
    pub hash_cost: HashCost,
    /// How many passwords may be tried
    pub lockout: Rules,
    /// What passwords may not be
    pub banned: Arc<BannedPasswords>,
    /// Whether devices elsewhere may be signed in (RFC 8628)
    pub device_code: bool,
}

impl Settings {
    /// Settings for a provider at `base`, with the services that Azure's clients ask for.
    pub fn new(base: impl Into<String>, tenant: impl Into<String>) -> Self {
        let services = [
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://graph.microsoft.com",
            "https://api.loganalytics.io",
            "https://monitor.azure.com",
            "https://kusto.kusto.windows.net",
            "https://api.kusto.windows.net",
        ];
        Self {
            base: base.into().trim_end_matches('/').to_owned(),
            tenant: tenant.into(),
            domains: Vec::new(),
            organisation: "Azimuth".to_owned(),
            audiences: services.map(str::to_owned).to_vec(),
            hash_cost: HashCost::default(),
            lockout: Setting::default().effective(),
            banned: Arc::new(BannedPasswords::new(base_terms(), [])),
            device_code: true,
        }
    }
}

/// What the provider asks of its surroundings.
pub struct Surroundings {
    /// Where its state is kept
    pub documents: Arc<dyn Documents>,
    /// The time
    pub clock: Arc<dyn Clock>,
    /// Chance
    pub chance: Arc<dyn Chance>,
    /// The key of its secrets
    pub seal: Seal,
    /// Who decides sign-ins
    pub decide: Arc<dyn Decide>,
    /// Who takes rows of the logs
    pub log: Arc<dyn Log>,
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the other end of the socket; headers that say otherwise are not believed
    pub address: Option<IpAddr>,
    /// The browser or program, as it calls itself
    pub agent: String,
    /// The client's own id of the request, or one made for it
    pub correlation: String,
}

/// The OpenID Connect provider.
pub struct Provider {
    pub(super) settings: Settings,
    pub(super) surroundings: Surroundings,
    keys: Keys,
    gate: Gate,
    /// The hash that is checked where nobody has the name, so that it takes as long
    pub(super) nobody: String,
}

pub(super) const ACTOR: &str = "azimuth sign-in";

impl Provider {
    /// A provider. It reads and writes nothing until it is asked.
    pub fn new(settings: Settings, surroundings: Surroundings) -> Self {
        let chance = surroundings.chance.as_ref();
        let nobody = secrets::hash(&chance::token(chance), settings.hash_cost, chance);
        Self { settings, surroundings, keys: Keys::default(), gate: Gate::new(), nobody }
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn now(&self) -> Timestamp {
        self.surroundings.clock.now()
    }

    pub(super) fn chance(&self) -> &dyn Chance {
        self.surroundings.chance.as_ref()
    }

    pub(super) fn state(&self) -> State<'_> {
        State::new(self.surroundings.documents.as_ref())
    }

    pub(super) fn keys(&self) -> Result<Arc<KeySet>, KeysError> {
        let Surroundings { documents, seal, chance, .. } = &self.surroundings;
        self.keys.current(documents.as_ref(), seal, chance.as_ref(), self.now())
    }

    /// Hashes with a salt of its own, when there is room among those that hash at the same time.
    pub(super) fn hash(&self, secret: &str) -> String {
        let _room = self.gate.enter();
        secrets::hash(secret, self.settings.hash_cost, self.chance())
    }

    pub(super) fn verify(&self, secret: &str, hash: &str) -> bool {
        let _room = self.gate.enter();
        secrets::verify(secret, hash)
    }

    /// The service as it is named in tokens, if tokens may be asked for it: as the request spells it, or the id of the registered
    /// application that has the name.
    pub(super) fn audience(&self, resource: Option<&str>) -> Result<String, OAuthError> {
        let Some(resource) = resource else { return Ok(self.userinfo_audience()) };
        let base = &self.settings.base;
        let own = same_audience(resource, base)
            || resource.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if own || self.settings.audiences.iter().any(|known| same_audience(known, resource)) {
            return Ok(resource.to_owned());
        }
        let id = resource.strip_prefix("api://").unwrap_or(resource);
        match self.client(id)? {
            Some(client) if !client.public => Ok(client.id),
            _ => Err(OAuthError::new(
                "invalid_resource",
                500_011,
                format!("The resource principal named {} was not found in the tenant.", printable(resource)),
            )),
        }
    }

    /// The audience of tokens that are good for the person's own claims only.
    pub(super) fn userinfo_audience(&self) -> String {
        format!("{}/oidc/userinfo", self.settings.base)
    }

    pub(super) fn log_sign_in(&self, entry: &Entry<'_>) {
        let Entry { origin, account, client, .. } = entry;
        let user = match (account, entry.kind) {
            (_, SignInKind::Application) => (client.map_or("", |client| &client.object), "", ""),
            (Some(account), _) => {
                (account.object.as_str(), account.name.as_str(), account.display_name.as_str())
            }
            (None, _) => ("", entry.name, ""),
        };
        let (code, reason) = match entry.result {
            Ok(()) => (0, String::new()),
            Err(error) => (error.code, error.message.clone()),
        };
        let (table, row) = SignIn {
            now: self.now(),
            id: chance::uuid(self.chance()),
            tenant: &self.settings.tenant,
            user,
            application: client.map_or(("", ""), |client| (&client.id, &client.name)),
            resource: entry.resource,
            code,
            reason: &reason,
            methods: entry.methods,
            address: origin.address,
            agent: &origin.agent,
            correlation: &origin.correlation,
            protocol: entry.protocol,
            transfer: entry.transfer,
            session: entry.session,
            policies: entry
                .verdict
                .map_or(("notApplied", &[]), |verdict| (verdict.status, &verdict.policies)),
            kind: entry.kind,
        }
        .row();
        self.surroundings.log.append(table, row);
    }

    pub(super) fn log_change(
        &self,
        activity: &str,
        by: (&str, &str),
        to: (&str, &str, &str),
        failure: Option<&str>,
        origin: &Origin,
    ) {
        let audit = Audit {
            now: self.now(),
            id: chance::uuid(self.chance()),
            tenant: &self.settings.tenant,
            activity,
            category: if to.0 == "User" { "UserManagement" } else { "ApplicationManagement" },
            by,
            to,
            failure,
            correlation: &origin.correlation,
            address: origin.address,
        };
        self.surroundings.log.append("AuditLogs", audit.row());
    }
}

/// What there is to log of a sign-in.
pub(super) struct Entry<'a> {
    pub(super) origin: &'a Origin,
    pub(super) kind: SignInKind,
    pub(super) protocol: &'static str,
    pub(super) client: Option<&'a Client>,
    pub(super) account: Option<&'a Credentials>,
    /// The name as it was typed, where nobody has it
    pub(super) name: &'a str,
    pub(super) resource: &'a str,
    pub(super) methods: &'a [Method],
    pub(super) session: &'a str,
    pub(super) transfer: bool,
    pub(super) verdict: Option<&'a Verdict>,
    pub(super) result: Result<(), &'a OAuthError>,
}

/// Foreign text in a message: short, in one line, without what could be taken for markup.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() && !"<>\"'&`".contains(*letter)).take(128).collect()
}

/// Lets in as many at once as the machine can hash side by side: each hash takes megabytes of memory on purpose.
struct Gate {
    room: Mutex<usize>,
    left: Condvar,
}

struct Room<'a>(&'a Gate);

impl Gate {
    const AT_ONCE: usize = 8;

    fn new() -> Self {
        Self { room: Mutex::new(Self::AT_ONCE), left: Condvar::new() }
    }

    fn enter(&self) -> Room<'_> {
        let room = self.room.lock().expect("no holder of this lock panics");
        let mut room = self.left.wait_while(room, |room| *room == 0).expect("no holder of this lock panics");
        *room -= 1;
        Room(self)
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *self.0.room.lock().expect("no holder of this lock panics") += 1;
        self.0.left.notify_one();
    }
}
