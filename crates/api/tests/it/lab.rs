//! A control plane in memory, with callers whose tokens are their names.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use azimuth_api::arm::{Administrator, ControlPlane, Foundation, Settings, foundation};
use azimuth_api::caller::{Authenticate, Caller, CallerKind, Refused};
use azimuth_api::graph::NoCredentials;
use azimuth_host::{Documents, ManualClock, MemoryDocuments, Write};
use azimuth_ids::DocumentKey;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const SUBSCRIPTION: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const SUB: &str = "/subscriptions/22222222-2222-4222-8222-222222222222";
pub(crate) const ADMIN: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
pub(crate) const READER: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
pub(crate) const NOBODY: &str = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
pub(crate) const V: &str = "api-version=2024-01-01";

/// Tokens are names; `expired` is over.
struct Names;

impl Authenticate for Names {
    fn caller(&self, bearer: &str, audiences: &[&str]) -> Result<Caller, Refused> {
        assert!(audiences.contains(&"https://localhost:8443"), "the server's own address is an audience");
        let object = match bearer {
            "admin" => ADMIN,
            "reader" => READER,
            "nobody" => NOBODY,
            "expired" => return Err(Refused::Expired),
            _ => return Err(Refused::Invalid("no such name")),
        };
        Ok(Caller {
            tenant: TENANT.to_owned(),
            object: object.to_owned(),
            kind: CallerKind::User,
            name: format!("{bearer}@contoso.test"),
            application: "04b07795-8ddb-461a-bbee-02f9e1bf7b46".to_owned(),
            methods: vec!["pwd".to_owned(), "mfa".to_owned()],
        })
    }
}

/// A tenant with a root group, one subscription, an owner and a reader.
pub(crate) struct Lab {
    pub(crate) router: Router,
    pub(crate) graph: Router,
    pub(crate) documents: Arc<dyn Documents>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
}

impl Reply {
    /// The code of an error.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The members `name` of a list.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.body["value"].as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
    }
}

pub(crate) fn assignment(principal: &str, role: &str, scope: &str, name: &str) -> Write {
    let id =
        format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", scope.trim_end_matches('/'));
    let document = json!({"id": id, "name": name, "type": "Microsoft.Authorization/roleAssignments", "properties": {
        "principalId": principal, "principalType": "User", "scope": scope,
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}")}});
    Write::put(DocumentKey::parse(&id).unwrap(), document.to_string())
}

pub(crate) const READER_ROLE: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

impl Lab {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-01T10:00:00Z".parse().unwrap()));
        let documents: Arc<dyn Documents> = Arc::new(MemoryDocuments::new(clock.clone()));
        let user = |object, name, display_name| Administrator::User { object, name, display_name };
        let made = Foundation {
            tenant: TENANT,
            tenant_name: "Contoso",
            domain: "contoso.test",
            subscription: Some((SUBSCRIPTION, "Lab")),
            administrators: &[user(ADMIN, "admin@contoso.test", "Ada Admin")],
        };
        let mut writes = foundation(&made).unwrap();
        for (id, name) in [(READER, "reader"), (NOBODY, "nobody")] {
            let user = json!({"id": id, "displayName": name, "userPrincipalName": format!("{name}@contoso.test"), "accountEnabled": true});
            writes.push(Write::put(DocumentKey::graph(&format!("users/{id}")).unwrap(), user.to_string()));
        }
        writes.push(assignment(READER, READER_ROLE, SUB, "00000000-0000-4000-8000-000000000002"));
        documents.commit("fixture", writes).unwrap();
        let settings = Settings {
            base_url: "https://localhost:8443".to_owned(),
            tenant: TENANT.to_owned(),
            cloud: "Azimuth".to_owned(),
        };
        let plane = ControlPlane::new(documents.clone(), Arc::new(Names), clock.clone(), settings).unwrap();
        let graph = azimuth_api::graph::router(plane.clone(), Arc::new(NoCredentials));
        Self { router: azimuth_api::arm::router(plane), graph, documents }
    }

    /// One request; `path` may have a query.
    pub(crate) async fn send(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.send_text(token, method, path, body.map(|body| body.to_string())).await
    }

    pub(crate) async fn send_text(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Reply {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        self.deliver(request).await
    }

    pub(crate) async fn deliver(&self, request: Request<Body>) -> Reply {
        let path = request.uri().path();
        assert!(azimuth_api::graph::handles(path) || azimuth_api::arm::handles(path), "nobody serves {path}");
        let router = if azimuth_api::graph::handles(path) { &self.graph } else { &self.router };
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        };
        Reply { status, body, headers }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("admin", "GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("admin", "PUT", path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("admin", "POST", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send("admin", "DELETE", path, None).await
    }

    /// A group of this name in westeurope.
    pub(crate) async fn group(&self, name: &str) -> String {
        let id = format!("{SUB}/resourceGroups/{name}");
        let made = self.put(&format!("{id}?{V}"), json!({"location": "West Europe"})).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        id
    }

    /// A storage account, as it came back.
    pub(crate) async fn storage(&self, group: &str, name: &str, location: &str) -> Reply {
        let id = format!("{group}/providers/Microsoft.Storage/storageAccounts/{name}");
        let body = json!({"location": location, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}});
        self.put(&format!("{id}?{V}"), body).await
    }
}
