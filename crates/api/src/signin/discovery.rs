//! What clients learn before they sign in: discovery documents, the key set, realms.

use serde_json::{Value, json};

use super::errors::OAuthError;
use super::issue::Authority;
use super::provider::{Provider, printable};

impl Provider {
    /// The authority that a path's first part names: this tenant by id or domain, `common`, `organizations`, or `adfs`.
    pub(super) fn authority(&self, tenant: &str) -> Result<Authority, OAuthError> {
        let own = tenant.eq_ignore_ascii_case(&self.settings.tenant)
            || self.settings.domains.iter().any(|domain| domain.eq_ignore_ascii_case(tenant));
        match tenant.to_ascii_lowercase().as_str() {
            "adfs" => Ok(Authority::Adfs),
            "common" | "organizations" => Ok(Authority::Tenant),
            _ if own => Ok(Authority::Tenant),
            _ => Err(OAuthError::new(
                "invalid_tenant",
                90_002,
                format!(
                    "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
                    printable(tenant)
                ),
            )),
        }
    }

    /// The discovery document (OpenID Connect Discovery 1.0; RFC 8414) of an authority.
    pub(super) fn discovery(&self, authority: Authority) -> Value {
        let base = &self.settings.base;
        let (endpoints, jwks) = match authority {
            Authority::Tenant => {
                let tenant = &self.settings.tenant;
                (format!("{base}/{tenant}/oauth2/v2.0"), format!("{base}/{tenant}/discovery/v2.0/keys"))
            }
            Authority::Adfs => (format!("{base}/adfs/oauth2"), format!("{base}/adfs/discovery/keys")),
        };
        json!({
            "issuer": self.issuer(authority),
            "authorization_endpoint": format!("{endpoints}/authorize"),
            "token_endpoint": format!("{endpoints}/token"),
            "device_authorization_endpoint": format!("{endpoints}/devicecode"),
            "end_session_endpoint": format!("{endpoints}/logout"),
            "userinfo_endpoint": self.userinfo_audience(),
            "jwks_uri": jwks,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": [
                "authorization_code", "refresh_token", "client_credentials", "password",
                "urn:ietf:params:oauth:grant-type:device_code"
            ],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_post", "client_secret_basic", "private_key_jwt", "none"
            ],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
            "authorization_response_iss_parameter_supported": true,
            "claims_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "nonce", "at_hash", "auth_time", "amr", "oid", "tid", "sid", "name",
                "preferred_username", "upn", "email"
            ],
        })
    }

    /// The key set.
    pub(super) fn jwks(&self, authority: Authority) -> Result<Value, OAuthError> {
        Ok(self.keys()?.jwks(&self.issuer(authority)))
    }

    /// Where a name signs in: here, whoever it is, so that the answer tells nothing about who there is.
    pub(super) fn realm(&self, name: &str) -> Value {
        json!({
            "ver": "1.0",
            "account_type": "Managed",
            "domain_name": name.rsplit_once('@').map(|(_, domain)| printable(domain)).unwrap_or_default(),
            "cloud_instance_name": self.settings.base.trim_start_matches("https://"),
            "cloud_audience_urn": "urn:federation:azimuth",
        })
    }

    /// What clients ask that want to know whether a host is an authority at all.
    pub(super) fn instance(&self) -> Value {
        let host = self.settings.base.trim_start_matches("https://");
        let tenant = &self.settings.tenant;
        json!({
            "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", self.settings.base),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        })
    }
}
