//! Sign-in: an OpenID Connect provider that guards Azimuth and serves other applications.
//!
//! ```text
//!   discovery, key set            a person's browser          a program
//!          │                             │                        │
//!          ▼                             ▼                        ▼
//!     [discovery]            [authorize] → [flow] pages      [token]: grants
//!                                        │                        │
//!                  password, codes, keys │                        │ codes, refresh, secrets
//!                                        ▼                        ▼
//!                                   [decide]: Allow, more, or no ─┤
//!                                                                 ▼
//!                                                    [issue] tokens → [verify] callers
//! ```
//!
//! [`Provider`] is plain code over documents, a clock and chance; [`router`] puts it behind HTTP. Nothing is asked of the surroundings
//! but through [`Chance`], `host::Clock`, `host::Documents`, [`Decide`] and [`Log`].
//!
//! What is kept is kept so that a copy of it signs nobody in: passwords and client secrets as argon2id hashes, codes, refresh
//! tokens and session cookies as digests of random values, signing keys and secrets of authenticator apps sealed ([`Seal`]).

mod account;
mod accounts;
mod assertion;
mod authorize;
mod chance;
mod clients;
mod conditional;
mod decide;
mod device;
mod directory;
mod discovery;
mod errors;
mod flow;
mod grants;
mod http;
mod issue;
mod jws;
mod keys;
mod logs;
mod page;
mod proof;
mod provider;
mod secrets;
mod session;
mod state;
mod token;
mod verify;

pub use accounts::{AccountError, NewAccount};
pub use chance::{Chance, SystemChance};
pub use clients::{AZURE_CLI, AZURE_POWERSHELL, Certificate, Client, Secret};
pub use conditional::ConditionalAccess;
pub use decide::{Attempt, Baseline, Decide, Decision, Flow, Verdict};
pub use errors::OAuthError;
pub use http::router;
pub use keys::KeysError;
pub use logs::{Log, MemoryLog};
pub use provider::{Origin, Provider, Settings, Surroundings};
pub use secrets::{HashCost, Seal};
pub use state::StateError;
