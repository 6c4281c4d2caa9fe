//! A made-up tenant that answers as Resource Manager and Graph do, and the door through which tests collect.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use azimuth_collector::{
    AccessToken, BoxFuture, CollectError, Endpoints, LINE_FORMAT, Options, Outside, Request, Response,
    Summary, TokenError, TokenSource, Transport, TransportError, collect_from,
};
use azimuth_host::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const SUBSCRIPTIONS: [&str; 3] = ["sub-a", "sub-b", "sub-c"];
pub(crate) const USERS: usize = 45;
const PAGE: usize = 4;

/// What happens to one request instead of, or before, the tenant's answer.
pub(crate) type Fault =
    Box<dyn Fn(&Request, usize) -> Option<Result<Response, TransportError>> + Send + Sync>;

/// Answers requests. `count` tells how many requests came.
pub(crate) struct Tenant {
    pub(crate) base: Endpoints,
    fault: Fault,
    pub(crate) requests: Mutex<Vec<Request>>,
    count: AtomicUsize,
    jitter: AtomicU64,
}

impl Tenant {
    pub(crate) fn new(fault: Fault) -> Self {
        Self::at(
            Endpoints {
                authority: "https://login.test".into(),
                arm: "https://arm.test".into(),
                graph: "https://graph.test".into(),
            },
            fault,
        )
    }

    pub(crate) fn at(base: Endpoints, fault: Fault) -> Self {
        Self {
            base,
            fault,
            requests: Mutex::default(),
            count: AtomicUsize::new(0),
            jitter: AtomicU64::new(1),
        }
    }

    /// A tenant in which everything goes well.
    pub(crate) fn sound() -> Self {
        Self::new(Box::new(|_, _| None))
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) fn asked(&self, part: &str) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| request.url.contains(part)).cloned().collect()
    }

    pub(crate) fn respond(&self, request: &Request) -> Result<Response, TransportError> {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        self.requests.lock().unwrap().push(request.clone());
        (self.fault)(request, number).unwrap_or_else(|| Ok(ok(&self.answer(request))))
    }

    /// The body for a request, or an empty list for an address of no interest.
    fn answer(&self, request: &Request) -> Value {
        let url = Url::parse(&request.url).unwrap();
        let path = url.path().to_owned();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let at: usize =
            url.query_pairs().find(|(name, _)| name == "at").map_or(0, |(_, value)| value.parse().unwrap());
        let paged = |items: Vec<Value>| paged(&url, items, at);
        match segments.as_slice() {
            ["subscriptions"] => paged(SUBSCRIPTIONS.iter().map(|id| subscription(id)).collect()),
            ["providers", "Microsoft.Management", "managementGroups"] => {
                paged(vec![group(TENANT), group("corp"), group("online")])
            }
            ["providers", "Microsoft.Management", "managementGroups", name] => tree(name),
            ["providers", "Microsoft.ResourceGraph", "resources"] => resource_graph(request),
            ["v1.0", "users"] => paged((0..USERS).map(|n| json!({"id": format!("user-{n}")})).collect()),
            ["v1.0", "groups"] => paged((0..5).map(|n| json!({"id": format!("group-{n}")})).collect()),
            ["v1.0", "groups", group, "members"] => {
                paged((0..6).map(|n| json!({"id": format!("{group}-member-{n}")})).collect())
            }
            ["v1.0", "directoryRoles"] => paged(vec![json!({"id": "role-1"}), json!({"id": "role-2"})]),
            ["beta", "$batch"] => batch(request),
            [.., last @ ("default" | "requirements")] => json!({"id": path, "name": last}),
            ["v1.0", "policies", name] if *name != "authenticationStrengthPolicies" => {
                json!({"id": name, "isEnabled": true})
            }
            ["v1.0", .., last] => paged((0..2).map(|n| json!({"id": format!("{last}-{n}")})).collect()),
            [.., last] => paged((0..2).map(|n| json!({"id": format!("{path}/{n}"), "type": last})).collect()),
            [] => json!({}),
        }
    }
}

impl Transport for Tenant {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        // Some answers take longer, so that the order of arrival is not that of asking.
        let jitter = self.jitter.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1 + jitter)).await;
            self.respond(request)
        })
    }
}

pub(crate) fn ok(body: &Value) -> Response {
    Response { status: 200, retry_after: None, body: serde_json::to_vec_pretty(body).unwrap() }
}

pub(crate) fn status(status: u16, code: &str) -> Response {
    let body = json!({"error": {"code": code, "message": format!("the service said {code}")}});
    Response { status, ..ok(&body) }
}

fn paged(url: &Url, items: Vec<Value>, at: usize) -> Value {
    let total = items.len();
    let page: Vec<Value> = items.into_iter().skip(at).take(PAGE).collect();
    let mut body = json!({ "value": page });
    if at + PAGE < total {
        let mut next = url.clone();
        next.set_query(Some(&format!("at={}&$skiptoken=x%20y", at + PAGE)));
        let name = if url.path().starts_with("/v1.0") { "@odata.nextLink" } else { "nextLink" };
        body[name] = json!(next.as_str());
    }
    body
}

fn subscription(id: &str) -> Value {
    json!({"id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": TENANT, "state": "Enabled"})
}

fn group_id(name: &str) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{name}")
}

fn group(name: &str) -> Value {
    json!({"id": group_id(name), "name": name, "type": "Microsoft.Management/managementGroups",
           "properties": {"tenantId": TENANT, "displayName": name}})
}

fn tree(name: &str) -> Value {
    let child =
        |id: &str| json!({"id": format!("/subscriptions/{id}"), "type": "/subscriptions", "name": id});
    let below = |name: &str, subs: &[&str]| {
        json!({"id": group_id(name), "type": "Microsoft.Management/managementGroups", "name": name,
               "children": subs.iter().map(|id| child(id)).collect::<Vec<_>>()})
    };
    let children = match name {
        TENANT => vec![below("corp", &["sub-a", "sub-b"]), below("online", &["sub-c"])],
        _ => vec![],
    };
    json!({"id": group_id(name), "name": name, "properties": {"tenantId": TENANT, "children": children}})
}

pub(crate) fn resources(subscription: &str) -> Vec<Value> {
    let one = |kind: &str, name: &str, flavour: Value| {
        json!({"id": format!("/subscriptions/{subscription}/resourceGroups/rg one/providers/{kind}/{name}"),
               "type": kind.to_lowercase(), "name": name, "kind": flavour, "properties": {"x": [1, 2.50]}})
    };
    vec![
        one("Microsoft.Storage/storageAccounts", "sa1", json!("StorageV2")),
        one("Microsoft.Storage/storageAccounts", "sa2", json!("FileStorage")),
        one("Microsoft.KeyVault/vaults", "kv", Value::Null),
        one("Microsoft.Network/networkWatchers", "nw", Value::Null),
        one("Microsoft.Network/networkSecurityGroups", "nsg", Value::Null),
        one("Microsoft.Compute/disks", "disk", Value::Null),
    ]
}

fn resource_graph(request: &Request) -> Value {
    let query: Value = serde_json::from_str(request.body.as_ref().unwrap()).unwrap();
    let subscriptions = query["subscriptions"].as_array().unwrap();
    let rows: Vec<Value> = match query["query"].as_str().unwrap() {
        text if text.starts_with("resources") => {
            subscriptions.iter().flat_map(|id| resources(id.as_str().unwrap())).collect()
        }
        _ => subscriptions.iter().map(|id| subscription(id.as_str().unwrap())).collect(),
    };
    let at: usize = query["options"]["$skipToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let more = at + PAGE < rows.len();
    let data: Vec<Value> = rows.into_iter().skip(at).take(PAGE).collect();
    let mut body = json!({"count": data.len(), "data": data, "resultTruncated": more.to_string()});
    if more {
        body["$skipToken"] = json!((at + PAGE).to_string());
    }
    body
}

fn batch(request: &Request) -> Value {
    let asked: Value = serde_json::from_str(request.body.as_ref().unwrap()).unwrap();
    let parts = asked["requests"].as_array().unwrap();
    assert!((1..=20).contains(&parts.len()));
    let answer = |part: &Value| {
        json!({"id": part["id"], "status": 200, "headers": {"Content-Type": "application/json"},
               "body": {"perUserMfaState": "disabled", "of": part["url"]}})
    };
    json!({"responses": parts.iter().rev().map(answer).collect::<Vec<_>>()})
}

/// Tokens that last an hour of virtual time; each has its number in it.
pub(crate) struct Tokens {
    pub(crate) lifetime: SignedDuration,
    pub(crate) refused: Option<&'static str>,
    pub(crate) handed_out: AtomicUsize,
    pub(crate) clock: VirtualClock,
}

impl Tokens {
    pub(crate) fn new(clock: VirtualClock) -> Self {
        Self {
            lifetime: SignedDuration::from_hours(1),
            refused: None,
            handed_out: AtomicUsize::new(0),
            clock,
        }
    }
}

impl TokenSource for Tokens {
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, TokenError>> {
        Box::pin(async move {
            if self.refused.is_some_and(|part| scope.contains(part)) {
                return Err(TokenError { scope: scope.to_owned(), reason: "not signed in".into() });
            }
            let number = self.handed_out.fetch_add(1, Ordering::SeqCst);
            let expires = self.clock.now().checked_add(self.lifetime).unwrap();
            Ok(AccessToken { secret: format!("SECRET-{number}"), expires })
        })
    }
}

/// A clock that goes with tokio's, which stands still while anything can be done.
#[derive(Clone, Copy)]
pub(crate) struct VirtualClock(pub(crate) Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        start.checked_add(SignedDuration::try_from(self.0.elapsed()).unwrap()).unwrap()
    }
}

pub(crate) fn options(tenant: &Tenant, folder: &Path) -> Options {
    Options { endpoints: tenant.base.clone(), ..Options::new(folder) }
}

pub(crate) async fn collect(tenant: &Tenant, options: &Options) -> Result<Summary, CollectError> {
    let clock = VirtualClock(Instant::now());
    collect_with(tenant, options, &Tokens::new(clock)).await
}

pub(crate) async fn collect_with(
    tenant: &Tenant,
    options: &Options,
    tokens: &Tokens,
) -> Result<Summary, CollectError> {
    let outside = Outside { tokens, transport: tenant, clock: &tokens.clock };
    collect_from(options, outside, &|_| ()).await
}

/// All lines of a folder's export files, without their times.
pub(crate) fn lines(folder: &Path) -> Vec<Value> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".ndjson") || name == "evidence.ndjson" {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let mut line: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(line["azimuth"], LINE_FORMAT);
            line["time"].take().as_str().unwrap().parse::<Timestamp>().unwrap();
            line["file"] = json!(name);
            all.push(line);
        }
    }
    all
}

/// [`lines`] without repetitions and order.
pub(crate) fn content(folder: &Path) -> BTreeSet<String> {
    lines(folder).iter().map(Value::to_string).collect()
}

pub(crate) fn evidence(folder: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.join("evidence.ndjson")).unwrap_or_default();
    let manifests = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let proofs = manifests.flat_map(|manifest| {
        assert_eq!(manifest["azimuth"], "evidence/1");
        manifest["complete"].as_array().unwrap().clone()
    });
    let describe =
        |proof: Value| format!("{} @ {}", proof["type"].as_str().unwrap(), proof["scope"].as_str().unwrap());
    proofs.map(describe).collect()
}
