//! What a token is asked for and what it says: scopes, audiences and claims, as Microsoft Entra spells them.

use serde_json::{Map, Value, json};

/// A parsed `scope` parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// The service that is asked for, as written without the permission: `https://graph.microsoft.com`. The slash before the
    /// permission is not a part of it, a second one is: `https://host//.default` asks for `https://host/`.
    pub resource: Option<String>,
    /// Permissions of that service, `.default` among them
    pub permissions: Vec<String>,
    /// `openid`, `profile`, `email` and `offline_access`, where asked for
    pub oidc: Vec<String>,
}

/// Why scopes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeError {
    /// More than one service is named (AADSTS28000)
    SeveralResources,
    /// More than [`Scopes::MOST`] scopes, or one that is longer than 512 bytes
    TooMuch,
}

impl Scopes {
    /// The most scopes that one request may name.
    pub const MOST: usize = 64;

    /// Reads the scopes of a request: separated by spaces, permissions without a service belong to Microsoft Graph.
    ///
    /// # Errors
    /// [`ScopeError`] if they name several services or are too many.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let mut scopes = Self::default();
        for (count, scope) in text.split_ascii_whitespace().enumerate() {
            if count >= Self::MOST || scope.len() > 512 {
                return Err(ScopeError::TooMuch);
            }
            if matches!(scope, "openid" | "profile" | "email" | "offline_access") {
                if !scopes.oidc.iter().any(|seen| seen == scope) {
                    scopes.oidc.push(scope.to_owned());
                }
                continue;
            }
            let (resource, permission) = match scope.rsplit_once('/') {
                Some((resource, permission)) if !resource.is_empty() => (resource, permission),
                _ => ("https://graph.microsoft.com", scope),
            };
            match &scopes.resource {
                Some(known) if known != resource => return Err(ScopeError::SeveralResources),
                _ => scopes.resource = Some(resource.to_owned()),
            }
            scopes.permissions.push(permission.to_owned());
        }
        Ok(scopes)
    }

    /// Whether a refresh token is asked for.
    pub fn offline(&self) -> bool {
        self.asks("offline_access")
    }

    /// Whether an OpenID Connect scope is asked for.
    pub fn asks(&self, scope: &str) -> bool {
        self.oidc.iter().any(|asked| asked == scope)
    }

    /// The value of the claim `scp`: `.default` stands for all that first-party clients may do, `user_impersonation`.
    pub fn claim(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for permission in &self.permissions {
            let name = if permission == ".default" { "user_impersonation" } else { permission.as_str() };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            names.extend(self.oidc.iter().map(String::as_str).filter(|scope| *scope != "offline_access"));
        }
        names.join(" ")
    }
}

/// Two audiences mean the same service: letter case and slashes at the end do not count.
pub fn same_audience(left: &str, right: &str) -> bool {
    left.trim_end_matches('/').eq_ignore_ascii_case(right.trim_end_matches('/'))
}

/// Whom a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person
    User {
        /// The object id
        object: String,
        /// The user principal name
        name: String,
        /// What people read
        display_name: String,
        /// Template ids of active directory roles: the claim `wids`
        roles: Vec<String>,
        /// Values of `amr`
        amr: Vec<String>,
        /// When the person signed in, in seconds since 1970
        auth_time: i64,
    },
    /// An application by itself
    Application {
        /// The object id of its service principal
        object: String,
        /// What people read
        display_name: String,
        /// Application permissions: the claim `roles`
        roles: Vec<String>,
    },
}

/// All that goes into an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Whom it speaks for
    pub subject: Subject,
    /// Who issues it
    pub issuer: String,
    /// The tenant's id
    pub tenant: String,
    /// The service that it is for
    pub audience: String,
    /// The client (application) id that it is given to
    pub application: String,
    /// `0` a public client, `1` one with a secret, `2` one with a certificate: the claim `appidacr`
    pub application_proof: u8,
    /// The claim `scp`; empty for applications
    pub scopes: String,
    /// From when to when it is valid, in seconds since 1970
    pub valid: (i64, i64),
    /// The token's own id: the claim `uti`
    pub id: String,
    /// The session that it belongs to: the claim `sid`
    pub session: Option<String>,
    /// Client capabilities that the client asked to be named: the claim `xms_cc`
    pub capabilities: Vec<String>,
    /// Authentication contexts that were met: the claim `acrs`
    pub contexts: Vec<String>,
}

impl AccessToken {
    /// The claims.
    pub fn claims(&self) -> Value {
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("aud", json!(self.audience));
        set("iss", json!(self.issuer));
        set("iat", json!(self.valid.0));
        set("nbf", json!(self.valid.0));
        set("exp", json!(self.valid.1));
        set("tid", json!(self.tenant));
        set("appid", json!(self.application));
        set("azp", json!(self.application));
        set("appidacr", json!(self.application_proof.to_string()));
        set("uti", json!(self.id));
        set("ver", json!("1.0"));
        match &self.subject {
            Subject::User { object, name, display_name, roles, amr, auth_time } => {
                set("oid", json!(object));
                set("sub", json!(object));
                set("idtyp", json!("user"));
                set("upn", json!(name));
                set("unique_name", json!(name));
                set("preferred_username", json!(name));
                set("name", json!(display_name));
                set("scp", json!(self.scopes));
                set("amr", json!(amr));
                set("auth_time", json!(auth_time));
                set("wids", json!(roles));
            }
            Subject::Application { object, display_name, roles } => {
                set("oid", json!(object));
                set("sub", json!(object));
                set("idtyp", json!("app"));
                set("app_displayname", json!(display_name));
                set("roles", json!(roles));
            }
        }
        if let Some(session) = &self.session {
            set("sid", json!(session));
        }
        if !self.capabilities.is_empty() {
            set("xms_cc", json!(self.capabilities));
        }
        if !self.contexts.is_empty() {
            set("acrs", json!(self.contexts));
        }
        Value::Object(claims)
    }
}

/// What the `claims` parameter of a request asks of the access token (OpenID Connect Core, 5.5, as Entra extends it).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsRequest {
    /// Client capabilities: `xms_cc`
    pub capabilities: Vec<String>,
    /// Authentication contexts that must be met: `acrs` with `essential`
    pub contexts: Vec<String>,
}

impl ClaimsRequest {
    /// Reads the parameter. What is not understood is not asked for; a text that is no JSON object is an error.
    ///
    /// # Errors
    /// The text is no JSON object.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value: Map<String, Value> = serde_json::from_str(text)?;
        let access = value.get("access_token").cloned().unwrap_or_default();
        let texts = |value: &Value| -> Vec<String> {
            let list = value.get("values").and_then(Value::as_array).cloned().unwrap_or_default();
            list.iter()
                .chain(value.get("value"))
                .filter_map(Value::as_str)
                .filter(|text| text.len() <= 64)
                .map(str::to_owned)
                .take(16)
                .collect()
        };
        let essential = |value: &&Value| value.get("essential").and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            capabilities: access.get("xms_cc").map(texts).unwrap_or_default(),
            contexts: access.get("acrs").filter(essential).map(texts).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_name_one_service() {
        let scopes =
            Scopes::parse("https://localhost:8443//.default openid profile offline_access").expect("read");
        assert_eq!(scopes.resource.as_deref(), Some("https://localhost:8443/"));
        assert!(scopes.offline() && scopes.asks("openid"));
        assert_eq!(scopes.claim(), "user_impersonation");
        let graph = Scopes::parse("User.Read").expect("read");
        assert_eq!(graph.resource.as_deref(), Some("https://graph.microsoft.com"));
        assert_eq!(graph.claim(), "User.Read");
        let two = Scopes::parse("https://a/.default https://b/.default");
        assert_eq!(two, Err(ScopeError::SeveralResources));
        assert_eq!(Scopes::parse(&"a ".repeat(100)), Err(ScopeError::TooMuch));
    }

    #[test]
    fn claims_requests_are_read_leniently() {
        let text = r#"{"access_token":{"xms_cc":{"values":["CP1"]},"acrs":{"essential":true,"value":"c1"}}}"#;
        let request = ClaimsRequest::parse(text).expect("read");
        assert_eq!(request.capabilities, ["CP1"]);
        assert_eq!(request.contexts, ["c1"]);
        let voluntary = ClaimsRequest::parse(r#"{"access_token":{"acrs":{"value":"c1"}}}"#).expect("read");
        assert!(voluntary.contexts.is_empty());
        assert_eq!(ClaimsRequest::parse("{}").expect("read"), ClaimsRequest::default());
        assert!(ClaimsRequest::parse("[]").is_err());
    }

    #[test]
    fn audiences_are_the_same_with_and_without_a_slash() {
        assert!(same_audience("https://localhost:8443/", "https://LOCALHOST:8443"));
        assert!(!same_audience("https://localhost:8443/x", "https://localhost:8443"));
    }
}
