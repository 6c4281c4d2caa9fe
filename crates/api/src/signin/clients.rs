//! Applications that may ask for tokens: which there are, how they prove themselves, where answers may be sent.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A registered application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Client {
    /// The client (application) id
    pub id: String,
    /// The object id of its service principal
    pub object: String,
    /// What people read
    pub name: String,
    /// Where answers may be sent, compared exactly but for the port of loopback addresses
    pub redirects: Vec<String>,
    /// Where a person may be sent after signing out
    pub logout_redirects: Vec<String>,
    /// A public client cannot keep a secret and has none
    pub public: bool,
    /// Secrets, as hashes
    pub secrets: Vec<Secret>,
    /// Certificates whose keys may sign assertions
    pub certificates: Vec<Certificate>,
    /// Names of services that this application is, such as `api://…`
    pub identifiers: Vec<String>,
    /// Application permissions of its own tokens: the claim `roles`
    pub roles: Vec<String>,
    /// A disabled application gets no tokens
    pub disabled: bool,
}

/// A secret of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Its argon2id hash
    pub hash: String,
    /// When its time is over, in seconds since 1970
    pub expires: Option<i64>,
}

/// A certificate of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Digests of the certificate, base64url: SHA-1 (`x5t`) and SHA-256 (`x5t#S256`)
    pub thumbprints: Vec<String>,
    /// The certificate (X.509, DER), base64url
    pub der: String,
    /// When its time is over, in seconds since 1970
    pub expires: Option<i64>,
}

impl Certificate {
    /// The certificate of these bytes (X.509, DER).
    pub fn new(der: &[u8], expires: Option<i64>) -> Self {
        let algorithms = [&digest::SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA256];
        let thumbprints =
            algorithms.map(|algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, der))).to_vec();
        Self { thumbprints, der: URL_SAFE_NO_PAD.encode(der), expires }
    }
}

/// Azure CLI's application id.
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// Azure PowerShell's application id.
pub const AZURE_POWERSHELL: &str = "1950a258-227b-4e31-a9cf-717495945fc2";

/// Microsoft's own command-line clients, which nobody registers: public, answering to loopback addresses.
pub(super) fn well_known(id: &str) -> Option<Client> {
    let name = match id {
        AZURE_CLI => "Microsoft Azure CLI",
        AZURE_POWERSHELL => "Microsoft Azure PowerShell",
        _ => return None,
    };
    Some(Client {
        id: id.to_owned(),
        object: id.to_owned(),
        name: name.to_owned(),
        redirects: vec!["http://localhost".to_owned(), "http://127.0.0.1".to_owned()],
        public: true,
        ..Client::default()
    })
}

impl Client {
    /// Whether an answer may be sent to `redirect`.
    ///
    /// Compared as parsed addresses, all parts alike: scheme, host, port, path and query. Of `http` at a loopback address the port
    /// does not count, as native applications take any that is free (RFC 8252, 7.3). No fragment, no user in the address, no
    /// wildcard (RFC 9700, 2.1).
    pub fn may_redirect(&self, redirect: &str) -> bool {
        allowed(&self.redirects, redirect)
    }

    /// Whether a person may be sent to `redirect` after signing out.
    pub fn may_redirect_after_logout(&self, redirect: &str) -> bool {
        allowed(&self.logout_redirects, redirect)
    }

    /// Whether a page of `origin` is one of this application's own: a single-page application that reads answers by script.
    pub fn has_origin(&self, origin: &str) -> bool {
        let origins = self.redirects.iter().filter_map(|redirect| Url::parse(redirect).ok());
        origins.map(|url| url.origin().ascii_serialization()).any(|known| known == origin && known != "null")
    }
}

fn allowed(registered: &[String], redirect: &str) -> bool {
    let plain = |url: &Url| url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let Some(wanted) = Url::parse(redirect).ok().filter(plain) else { return false };
    if redirect.len() > 2048 || redirect.contains(['\\', '\t', '\r', '\n', ' ']) {
        return false;
    }
    registered.iter().filter_map(|known| Url::parse(known).ok()).any(|mut known| {
        if is_loopback(&known) && is_loopback(&wanted) {
            // An address that has no port to set is no loopback address.
            let _ = known.set_port(wanted.port());
        }
        known == wanted
    })
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(domain)) => domain == "localhost",
            Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_match_exactly_but_for_the_loopback_port() {
        let client = Client {
            redirects: vec!["https://app.example/cb".to_owned(), "http://localhost".to_owned()],
            ..Client::default()
        };
        for good in
            ["https://app.example/cb", "http://localhost:8400", "http://localhost/", "http://localhost:1/"]
        {
            assert!(client.may_redirect(good), "{good}");
        }
        for bad in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example.evil/cb",
            "https://app.example@evil.example/cb",
            "https://user@app.example/cb",
            "https://app.example:444/cb",
            "http://app.example/cb",
            "https://app.example/cb/../x",
            "https://localhost:8400",
            "http://localhost.evil.example:8400",
            "http://localhost:8400/x",
            "http://localhost:8400\\@evil.example",
            "//evil.example",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!client.may_redirect(bad), "{bad}");
        }
        assert!(client.has_origin("https://app.example"));
        assert!(!client.has_origin("https://evil.example") && !client.has_origin("null"));
    }

    #[test]
    fn command_line_clients_are_known() {
        let cli = well_known(AZURE_CLI).expect("known");
        assert!(cli.public && cli.may_redirect("http://localhost:8400"));
        assert!(well_known("00000000-0000-0000-0000-000000000000").is_none());
    }
}
