//! The provider, asked over its routes as clients and browsers do.

mod abuse;
mod flows;
mod pages;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use azimuth_api::caller::{Authenticate as _, Caller};
use azimuth_api::signin::{
    Client, ConditionalAccess, HashCost, MemoryLog, NewAccount, Origin, Provider, Seal, Settings,
    Surroundings, SystemChance, router,
};
use azimuth_host::{Clock as _, Documents, ManualClock, MemoryDocuments, Write};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use jiff::{Span, Timestamp};
use serde_json::Value;
use tower::ServiceExt as _;

pub(super) const BASE: &str = "https://localhost:8443";
pub(super) const TENANT: &str = "7f4b6a9e-2a51-4f0e-9a37-0c5d9d3f8b11";
pub(super) const APP: &str = "0a1b2c3d-0000-4000-8000-00000000000a";
pub(super) const OTHER_APP: &str = "0a1b2c3d-0000-4000-8000-00000000000b";
pub(super) const SECRET: &str = "a secret of an application";
pub(super) const CLI: &str = azimuth_api::signin::AZURE_CLI;
pub(super) const ADA: &str = "ada@contoso.example";
pub(super) const PASSWORD: &str = "Wide-Rivers-91-Lanterns";
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A provider with one person, Ada, and two applications.
pub(super) struct Lab {
    pub(super) provider: Arc<Provider>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) log: Arc<MemoryLog>,
    pub(super) documents: Arc<MemoryDocuments>,
    pub(super) ada: String,
    router: Router,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(super) fn location(&self) -> url::Url {
        let location = self.headers.get(header::LOCATION).unwrap_or_else(|| panic!("no redirect: {self:?}"));
        url::Url::parse(BASE).unwrap().join(location.to_str().unwrap()).unwrap()
    }

    pub(super) fn location_query(&self) -> BTreeMap<String, String> {
        self.location().query_pairs().into_owned().collect()
    }

    /// The value of a hidden field of the page.
    pub(super) fn field(&self, name: &str) -> String {
        let start = self
            .text
            .find(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no {name}: {}", self.text));
        let rest = &self.text[start + name.len() + 15..];
        rest[..rest.find('"').unwrap()].to_owned()
    }

    /// The number of the error that the page or body names.
    pub(super) fn code(&self) -> u64 {
        match serde_json::from_str::<Value>(&self.text) {
            Ok(body) => body["error_codes"][0].as_u64().unwrap_or_default(),
            Err(_) => {
                let rest = self.text.split("AADSTS").nth(1).unwrap_or_default();
                rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default()
            }
        }
    }
}

/// The signing key takes a while to make: all tests share one.
fn key_ring() -> &'static str {
    static RING: OnceLock<String> = OnceLock::new();
    RING.get_or_init(|| {
        let lab = Lab::without_keys();
        lab.provider_key_document()
    })
}

impl Lab {
    pub(super) fn new() -> Self {
        let ring = key_ring();
        let lab = Self::without_keys();
        let key = azimuth_ids_key("signin/keys/ring");
        lab.documents.commit("test", vec![Write::put(key, ring)]).unwrap();
        lab
    }

    fn without_keys() -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-01T09:00:00Z".parse::<Timestamp>().unwrap()));
        let documents = Arc::new(MemoryDocuments::new(clock.clone()));
        let log = Arc::new(MemoryLog::default());
        let mut settings = Settings::new(BASE, TENANT);
        settings.hash_cost = HashCost { memory_kib: 64, passes: 1 };
        settings.domains = vec!["contoso.example".to_owned()];
        let surroundings = Surroundings {
            documents: documents.clone(),
            clock: clock.clone(),
            chance: Arc::new(SystemChance::default()),
            seal: Seal::new(&[9; 32]),
            decide: Arc::new(ConditionalAccess::new(documents.clone())),
            log: log.clone(),
        };
        let provider = Arc::new(Provider::new(settings, surroundings));
        let new = NewAccount {
            name: ADA.to_owned(),
            display_name: "Ada Byron".to_owned(),
            password: PASSWORD.to_owned(),
            ..NewAccount::default()
        };
        let ada = provider.create_account(&new, ("", "test"), &Origin::default()).unwrap();
        for (id, redirect) in [(APP, "https://app.example/cb"), (OTHER_APP, "https://other.example/cb")] {
            let client = Client {
                id: id.to_owned(),
                name: "An application".to_owned(),
                redirects: vec![redirect.to_owned()],
                logout_redirects: vec!["https://app.example/bye".to_owned()],
                ..Client::default()
            };
            provider.register_client(client, Some(SECRET), ("", "test"), &Origin::default()).unwrap();
        }
        let router = router(provider.clone());
        Self { provider, clock, log, documents, ada, router }
    }

    fn provider_key_document(&self) -> String {
        let path = format!("/{TENANT}/discovery/v2.0/keys");
        let ask = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(self.get(&path, ""));
        };
        // In a thread of its own: the test that comes first is inside a runtime already.
        std::thread::scope(|scope| scope.spawn(ask).join().unwrap());
        let key = azimuth_ids_key("signin/keys/ring");
        self.documents.read(&key, azimuth_host::AsOf::Now).unwrap().unwrap().body.to_string()
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.clock.advance(Span::new().seconds(seconds));
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub(super) async fn send(&self, mut request: Request<Body>) -> Answer {
        let address: SocketAddr = "203.0.113.7:50000".parse().unwrap();
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(super) async fn get(&self, path: &str, cookies: &str) -> Answer {
        self.send(Request::get(path).header(header::COOKIE, cookies).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, cookies: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(form(path, fields).header(header::COOKIE, cookies).body(body(fields)).unwrap()).await
    }

    pub(super) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.post(&format!("/{TENANT}/oauth2/v2.0/token"), "", fields).await
    }

    /// Asks for tokens of Ada with her password, over `/adfs`.
    pub(super) async fn password(&self, name: &str, password: &str) -> Answer {
        let scope = format!("{BASE}//.default openid profile offline_access");
        let fields = [
            ("client_id", CLI),
            ("grant_type", "password"),
            ("username", name),
            ("password", password),
            ("scope", scope.as_str()),
            ("client_info", "1"),
        ];
        self.post("/adfs/oauth2/token", "", &fields).await
    }

    /// The address of a request to the authorization endpoint, with some parameters replaced or, if empty, left out.
    pub(super) fn authorize(&self, client: &str, redirect: &str, other: &[(&str, &str)]) -> String {
        let scope = format!("openid profile offline_access {BASE}/.default");
        let mut parameters: BTreeMap<&str, &str> = BTreeMap::from([
            ("client_id", client),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("scope", scope.as_str()),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        parameters.extend(other.iter().copied());
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()))
            .finish();
        format!("/{TENANT}/oauth2/v2.0/authorize?{query}")
    }

    /// Signs Ada in on the page and returns the last answer with the browser's cookies.
    pub(super) async fn sign_in(&self, authorize: &str) -> (Answer, String) {
        let page = self.get(authorize, "").await;
        let browser = cookies(&page);
        let (flow, mark) = (page.field("flow"), page.field("mark"));
        let fields = [
            ("flow", flow.as_str()),
            ("mark", mark.as_str()),
            ("action", "password"),
            ("username", ADA),
            ("password", PASSWORD),
        ];
        let answer = self.post("/signin", &browser, &fields).await;
        let all = format!("{browser}; {}", cookies(&answer));
        (answer, all)
    }

    pub(super) async fn redeem(
        &self,
        client: &str,
        secret: &str,
        code: &str,
        other: &[(&str, &str)],
    ) -> Answer {
        let redirect = if client == APP { "https://app.example/cb" } else { "http://localhost:8400" };
        let mut fields: BTreeMap<&str, &str> = BTreeMap::from([
            ("client_id", client),
            ("client_secret", secret),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", VERIFIER),
        ]);
        fields.extend(other.iter().copied());
        let fields: Vec<(&str, &str)> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.token(&fields).await
    }

    pub(super) async fn refresh(&self, client: &str, token: &str) -> Answer {
        let mut fields =
            vec![("client_id", client), ("grant_type", "refresh_token"), ("refresh_token", token)];
        if client != CLI {
            fields.push(("client_secret", SECRET));
        }
        self.token(&fields).await
    }

    pub(super) fn caller(&self, token: &str) -> Result<Caller, azimuth_api::caller::Refused> {
        self.provider.caller(token, &[BASE])
    }
}

fn azimuth_ids_key(path: &str) -> azimuth_ids::DocumentKey {
    azimuth_ids::DocumentKey::azimuth(path).unwrap()
}

pub(super) fn form(path: &str, _: &[(&str, &str)]) -> axum::http::request::Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

pub(super) fn body(fields: &[(&str, &str)]) -> Body {
    Body::from(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

/// The cookies that an answer sets, as a browser sends them back.
pub(super) fn cookies(answer: &Answer) -> String {
    let values = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.filter_map(|value| value.split(';').next()).collect::<Vec<_>>().join("; ")
}

/// The claims of a token, unverified.
pub(super) fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}
