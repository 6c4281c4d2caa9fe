//! Tokens: where they come from.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport as AzureTransport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, DeveloperToolsCredential, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use jiff::Timestamp;
use thiserror::Error;

use crate::cloud::Endpoints;
use crate::transport::HttpTransport;

/// A future that is sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A bearer token. Neither `Debug` nor any message shows its secret.
#[derive(Clone)]
pub struct AccessToken {
    /// What goes into the `Authorization` header after `Bearer `.
    pub secret: String,
    /// When the service stops accepting it.
    pub expires: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Why no token came.
#[derive(Clone, Debug, Error)]
#[error("no token for `{scope}`: {reason}")]
pub struct TokenError {
    /// The scope asked for.
    pub scope: String,
    /// What the credential said.
    pub reason: String,
}

/// Hands out tokens. The collector keeps each until five minutes before it expires, and asks again after a 401.
pub trait TokenSource: Send + Sync {
    /// A token for a scope such as `https://management.azure.com/.default`.
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, TokenError>>;
}

/// How to sign in.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// Whoever is signed in to the Azure CLI, else to the Azure Developer CLI.
    DeveloperTools,
    /// Whoever is signed in to the Azure CLI, in this tenant if one is named.
    AzureCli {
        /// The tenant, if not the CLI's default.
        tenant: Option<String>,
    },
    /// An application with a client secret.
    ClientSecret {
        /// Directory (tenant) id.
        tenant: String,
        /// Application (client) id.
        client: String,
        /// The secret.
        secret: String,
    },
    /// A federated Kubernetes service account; what is `None` comes from `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`
    /// and `AZURE_FEDERATED_TOKEN_FILE`.
    WorkloadIdentity {
        /// Directory (tenant) id.
        tenant: Option<String>,
        /// Application (client) id.
        client: Option<String>,
        /// The file with the service account's token.
        token_file: Option<PathBuf>,
    },
    /// The identity of the machine.
    ManagedIdentity {
        /// The client id of a user-assigned identity, or `None` for the system-assigned one.
        client: Option<String>,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeveloperTools => "DeveloperTools",
            Self::AzureCli { .. } => "AzureCli",
            Self::ClientSecret { .. } => "ClientSecret",
            Self::WorkloadIdentity { .. } => "WorkloadIdentity",
            Self::ManagedIdentity { .. } => "ManagedIdentity",
        })
    }
}

/// Tokens from an `azure_identity` credential.
pub struct AzureTokens(Arc<dyn TokenCredential>);

impl AzureTokens {
    /// A token source for `credential`. Requests to the authority go through `http`; the client secret and
    /// workload identity credentials use `endpoints.authority`.
    ///
    /// # Errors
    /// [`TokenError`] when the credential is not well formed (a malformed tenant id, a missing variable).
    pub fn new(
        credential: &Credential,
        endpoints: &Endpoints,
        http: &HttpTransport,
    ) -> Result<Self, TokenError> {
        let (authority, plain) = match endpoints.authority.strip_prefix("http://") {
            Some(rest) => (format!("https://{rest}"), true),
            None => (endpoints.authority.clone(), false),
        };
        let client_options = || ClientOptions {
            transport: Some(AzureTransport::new(http.for_credentials(plain))),
            cloud: Some(Arc::new(custom_cloud(&authority))),
            ..ClientOptions::default()
        };
        let made = match credential.clone() {
            Credential::DeveloperTools => {
                DeveloperToolsCredential::new(None).map(|made| made as Arc<dyn TokenCredential>)
            }
            Credential::AzureCli { tenant } => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: tenant,
                ..Default::default()
            }))
            .map(|made| made as _),
            Credential::ClientSecret { tenant, client, secret } => ClientSecretCredential::new(
                &tenant,
                client,
                Secret::new(secret),
                Some(ClientSecretCredentialOptions { client_options: client_options() }),
            )
            .map(|made| made as _),
            Credential::WorkloadIdentity { tenant, client, token_file } => {
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options: client_options() },
                    client_id: client,
                    tenant_id: tenant,
                    token_file_path: token_file,
                }))
                .map(|made| made as _)
            }
            Credential::ManagedIdentity { client } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client.map(UserAssignedId::ClientId),
                    client_options: client_options(),
                }))
                .map(|made| made as _)
            }
        };
        match made {
            Ok(source) => Ok(Self(source)),
            Err(error) => Err(TokenError { scope: format!("{credential:?}"), reason: whole_message(&error) }),
        }
    }
}

impl TokenSource for AzureTokens {
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, TokenError>> {
        Box::pin(async move {
            let refused = |reason: String| TokenError { scope: scope.to_owned(), reason };
            let token =
                self.0.get_token(&[scope], None).await.map_err(|error| refused(whole_message(&error)))?;
            let expires = Timestamp::from_second(token.expires_on.unix_timestamp())
                .map_err(|error| refused(format!("the token expires at an impossible time: {error}")))?;
            Ok(AccessToken { secret: token.token.secret().to_owned(), expires })
        })
    }
}

fn custom_cloud(authority: &str) -> CloudConfiguration {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = authority.to_owned();
    custom.into()
}

/// An error with its causes on one line.
fn whole_message(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let token = AccessToken { secret: "hush".into(), expires: Timestamp::UNIX_EPOCH };
        let credential =
            Credential::ClientSecret { tenant: "t".into(), client: "c".into(), secret: "hush".into() };
        assert!(!format!("{token:?}{credential:?}").contains("hush"));
    }
}
