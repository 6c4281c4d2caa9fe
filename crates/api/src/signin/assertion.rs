//! Applications that prove themselves by an assertion, signed with the key of a registered certificate (RFC 7523).

use azimuth_identity::tokens::same_audience;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::clients::Client;
use super::errors::OAuthError;
use super::issue::Authority;
use super::jws::Unverified;
use super::provider::Provider;

/// Clocks of other machines may be off by this many seconds.
const SKEW: i64 = 300;
/// An assertion may not be valid for longer than this, in seconds.
const LONGEST: i64 = 3600 + SKEW;

impl Provider {
    /// Whether an assertion is this application's: signed by the certificate that its header names, made for this token endpoint, valid
    /// now. It may be used again while it is valid, as Microsoft's clients do.
    pub(super) fn prove_assertion(
        &self,
        authority: Authority,
        client: &Client,
        assertion: &str,
    ) -> Result<(), OAuthError> {
        let now = self.now().as_second();
        let token = Unverified::parse(assertion).ok_or_else(|| refused("it is no signed token"))?;
        let named = ["x5t#S256", "x5t", "kid"].iter().find_map(|name| token.header(name));
        // MSAL for Python pads the digest.
        let named = named.map(|name| name.trim_end_matches('=').to_owned());
        let named = named.ok_or_else(|| refused("its header names no certificate"))?;
        let certificate = client.certificates.iter().find(|certificate| {
            certificate.thumbprints.contains(&named) && certificate.expires.is_none_or(|end| now < end)
        });
        let der = certificate.and_then(|certificate| URL_SAFE_NO_PAD.decode(&certificate.der).ok());
        let der = der.ok_or_else(|| refused("its certificate is not registered for the application"))?;
        let claims =
            token.verify_by_certificate(&der).ok_or_else(|| refused("its signature does not fit"))?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("iss") != client.id || text("sub") != client.id {
            return Err(refused("it speaks for another application"));
        }
        let endpoints = self.token_endpoints(authority);
        if !audiences(&claims).iter().any(|audience| endpoints.iter().any(|own| same_audience(own, audience)))
        {
            return Err(refused("its audience is another"));
        }
        // Times may have fractions (RFC 7519, 2), and MSAL for Python's do.
        let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|second| second as i64);
        let end = time("exp").filter(|end| *end > now - SKEW && *end <= now + LONGEST);
        let begun = time("nbf").is_none_or(|begin| begin <= now + SKEW);
        if end.is_none() || !begun {
            return Err(OAuthError::new(
                "invalid_client",
                700_024,
                "Client assertion is not within its valid time range.",
            )
            .unauthorized());
        }
        Ok(())
    }

    /// What an assertion may name as its audience: the token endpoint in every spelling, or the issuer.
    fn token_endpoints(&self, authority: Authority) -> Vec<String> {
        let base = &self.settings.base;
        let mut names = vec![self.issuer(authority)];
        for tenant in [self.settings.tenant.as_str(), "common", "organizations", "adfs"] {
            names.push(format!("{base}/{tenant}/oauth2/v2.0/token"));
            names.push(format!("{base}/{tenant}/oauth2/token"));
        }
        names
    }
}

fn audiences(claims: &Map<String, Value>) -> Vec<&str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn refused(why: &str) -> OAuthError {
    OAuthError::new(
        "invalid_client",
        700_027,
        format!("The certificate used to sign the client assertion does not fit: {why}."),
    )
    .unauthorized()
}
