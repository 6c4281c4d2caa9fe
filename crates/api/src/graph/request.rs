//! One request to Graph: who asks, what they may, and how they are refused.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use azimuth_host::Write;
use azimuth_ids::{DocumentKey, eq_fold, fold};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Credentials;
use super::sets::{Reading, Set, role};
use crate::arm::ControlPlane;
use crate::arm::{Authority, Held, Query};
use crate::caller::Caller;

/// A request of a known caller.
pub(super) struct Ask<'p> {
    pub(super) plane: &'p ControlPlane,
    pub(super) credentials: &'p dyn Credentials,
    pub(super) caller: Caller,
    pub(super) method: Method,
    /// `v1.0` or `beta`, as asked.
    pub(super) version: String,
    /// The path below the version, tidied.
    pub(super) path: String,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) now: Timestamp,
}

/// An answer.
pub(super) enum Reply {
    /// 200 with a body.
    Body(Value),
    /// 201 with a body.
    Made(Value),
    /// 204.
    Nothing,
    /// A number as text, for `/$count`.
    Count(usize),
}

/// A refusal.
#[derive(Debug)]
pub(super) struct GraphError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl GraphError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// 404, in the words of the service.
    pub(super) fn missing(id: &str) -> Self {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    /// 403.
    pub(super) fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    /// The response; ids for whoever looks the request up.
    pub(super) fn response(self, now: Timestamp, request: &str, client: &str) -> Response {
        let date = format!("{now:.0}").trim_end_matches('Z').to_owned();
        let inner = json!({"date": date, "request-id": request, "client-request-id": client});
        let body = json!({"error": {"code": self.code, "message": self.message, "innerError": inner}});
        (self.status, Json(body)).into_response()
    }
}

impl<'p> Ask<'p> {
    pub(super) fn authority(&self) -> Arc<Authority> {
        self.plane.authority()
    }

    /// Whether the caller holds one of these directory roles for the whole tenant, or administers it.
    pub(super) fn holds(&self, roles: &[&str]) -> bool {
        let authority = self.authority();
        let directory = authority.snapshot.directory();
        let own = fold(&self.caller.object).into_owned();
        let groups = directory.groups_of(&own);
        let is_mine = |principal: &str| {
            eq_fold(principal, &own) || groups.iter().any(|group| eq_fold(group, principal))
        };
        directory.roles().iter().any(|held| {
            held.state == azimuth_estate::directory::RoleState::Active
                && &*held.scope == "/"
                && is_mine(&held.principal_id)
                && (eq_fold(&held.role_id, role::GLOBAL)
                    || roles.iter().any(|role| eq_fold(&held.role_id, role)))
        })
    }

    /// Refuses whoever may not read a collection.
    pub(super) fn may_read(&self, set: &Set) -> Result<(), GraphError> {
        let is_allowed = match set.reading {
            Reading::Members => eq_fold(&self.caller.tenant, &self.plane.tenant()),
            Reading::Roles(roles) => {
                self.holds(roles)
                    || self.holds(&[role::READER])
                    || self.holds(set.writing.unwrap_or_default())
            }
        };
        if is_allowed { Ok(()) } else { Err(GraphError::denied()) }
    }

    /// Refuses whoever may not write a collection.
    pub(super) fn may_write(&self, set: &Set) -> Result<(), GraphError> {
        match set.writing {
            Some(roles) if self.holds(roles) => Ok(()),
            Some(_) => Err(GraphError::denied()),
            None if self.holds(&[]) => Err(GraphError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Request_BadRequest",
                format!("The collection '{}' cannot be written.", set.path),
            )),
            None => Err(GraphError::denied()),
        }
    }

    /// The body as an object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, GraphError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(GraphError::new(
                StatusCode::BAD_REQUEST,
                "BadRequest",
                "Unable to read JSON request payload.",
            )),
        }
    }

    /// The document of a key.
    pub(super) fn read(&self, key: &str) -> Option<Held> {
        self.plane.read(key)
    }

    /// Commits writes together with an audit of them.
    pub(super) fn commit(
        &self,
        activity: &str,
        target: &Value,
        mut writes: Vec<Write>,
    ) -> Result<(), GraphError> {
        let id = uuid::Uuid::new_v4().to_string();
        let audit = json!({
            "id": id,
            "category": "DirectoryManagement",
            "correlationId": uuid::Uuid::new_v4().to_string(),
            "result": "success",
            "resultReason": "",
            "activityDisplayName": activity,
            "activityDateTime": format!("{:.7}", self.now),
            "loggedByService": "Core Directory",
            "operationType": activity.split(' ').next(),
            "initiatedBy": {"user": {"id": self.caller.object, "userPrincipalName": self.caller.name}, "app": null},
            "targetResources": [{"id": target["id"], "displayName": target["displayName"], "type": null, "userPrincipalName": target["userPrincipalName"], "modifiedProperties": []}],
            "additionalDetails": [],
        });
        if let Ok(key) = DocumentKey::graph(&format!("auditLogs/directoryAudits/{id}")) {
            writes.push(Write::put(key, audit.to_string()));
        }
        self.plane.commit(&self.caller.object, writes).map(drop).map_err(|error| {
            GraphError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", error.to_string())
        })
    }
}

/// The key of an object.
pub(super) fn key_of(path: &str, id: &str) -> Result<DocumentKey, GraphError> {
    if id.contains('/') {
        return Err(GraphError::missing(id));
    }
    DocumentKey::graph(&format!("{path}/{id}")).map_err(|_| GraphError::missing(id))
}
