//! One request, with everything that handlers ask of it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use azimuth_access::condition::Attributes;
use azimuth_access::{Plane, Request, Scope, Verdict};
use azimuth_host::{DocumentsError, Etag, Precondition, Write, WriteOutcome};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::activity;
use super::path::Captures;
use super::plane::{Authority, ControlPlane};
use super::query::{Page, Query, key_of_token, list, page, token_of};
use crate::caller::{Caller, CallerKind};
use crate::error::ApiError;
use crate::odata::{Filter, Operand, parse_filter};

/// A request of a known caller, on its way through a handler.
pub(crate) struct Call<'p> {
    pub(crate) plane: &'p ControlPlane,
    pub(crate) caller: Caller,
    pub(crate) method: Method,
    /// The tidied path.
    pub(crate) path: String,
    pub(crate) captures: Captures,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) now: Timestamp,
    /// What the caller, the activity log and the answer know the request by.
    pub(crate) correlation: String,
    /// The action of access control that the request is.
    pub(crate) action: String,
    /// Whether the caller holds the action only on a part of what the path names, so that lists are filtered.
    pub(crate) is_partial: bool,
}

impl<'p> Call<'p> {
    /// What `{name}` of the route stands for.
    pub(crate) fn named(&self, name: &str) -> &str {
        self.captures.get(name)
    }

    /// What `{scope}` of the route stands for; `/` for the tenant.
    pub(crate) fn scope(&self) -> &str {
        &self.captures.scope
    }

    /// The id of the object of a type that the path names by `{name}`, in published spelling.
    pub(crate) fn id(&self, kind: &str) -> String {
        format!("{}/providers/{kind}/{}", self.scope().trim_end_matches('/'), self.named("name"))
    }

    /// The document of that object; `code` and `what` say that there is none.
    pub(crate) fn stored(&self, kind: &str, code: &str, what: &str) -> Result<Value, ApiError> {
        let found = self.plane.read(&self.id(kind)).map(|held| held.value());
        found.ok_or_else(|| {
            not_found(code, format!("The {what} '{}' could not be found.", self.named("name")))
        })
    }

    /// The version asked for.
    pub(crate) fn api_version(&self) -> &str {
        self.query.get("api-version").unwrap_or_default()
    }

    /// The body as an object; an empty body is an empty object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, ApiError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(bad_request("InvalidRequestContent", "The request content must be a JSON object.")),
            Err(error) => Err(bad_request(
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{error}'."),
            )),
        }
    }

    /// Who may do what.
    pub(crate) fn authority(&self) -> Arc<Authority> {
        self.plane.authority()
    }

    /// Whether the caller may do `action` at `scope`. What depends on something unknown is refused.
    pub(crate) fn may(&self, action: &str, scope: &str) -> bool {
        may(&self.authority(), &self.caller.object, action, scope)
    }

    /// Refuses unless the caller may do `action` at `scope`.
    pub(crate) fn require(&self, action: &str, scope: &str) -> Result<(), ApiError> {
        let authority = self.authority();
        let Ok(parsed) = Scope::parse(scope) else { return Err(not_authorised(&self.caller, action, scope)) };
        let attributes = Attributes::unknown();
        let request = Request {
            principal: &self.caller.object,
            action,
            plane: Plane::Control,
            scope: &parsed,
            attributes: &attributes,
        };
        let decision = authority.model.check(&request);
        if decision.verdict == Verdict::Allowed {
            return Ok(());
        }
        let mut refusal = not_authorised(&self.caller, action, scope);
        if let azimuth_access::Reason::DenyAssignment(_) = decision.reason
            && let Some(message) = decision.azure_message(&request)
        {
            refusal.message = message;
        }
        Err(refusal)
    }

    /// Refuses if a lock at or above `scope` stands in the way of `action`.
    pub(crate) fn respect_locks(&self, action: &str, scope: &str) -> Result<(), ApiError> {
        let Ok(parsed) = Scope::parse(scope) else { return Ok(()) };
        let authority = self.authority();
        let locks = authority.model.blocking_locks(Plane::Control, action, &parsed);
        if locks.is_empty() {
            return Ok(());
        }
        let places: Vec<String> = locks.iter().map(|lock| lock.scope.to_string()).collect();
        Err(locked(
            scope,
            if action.to_ascii_lowercase().ends_with("/delete") { "delete" } else { "write" },
            &places,
        ))
    }

    /// What must hold for a write by the headers `If-Match` and `If-None-Match`.
    pub(crate) fn precondition(&self) -> Precondition {
        let header = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        match (header("if-match"), header("if-none-match")) {
            (Some("*"), _) => Precondition::Exists,
            (Some(etag), _) => Precondition::Matches(Etag(etag.to_owned())),
            (None, Some("*")) => Precondition::Absent,
            _ => Precondition::None,
        }
    }

    /// Commits writes together with the event that they happened.
    ///
    /// # Errors
    /// 412 if a precondition does not hold, 503 if the store is out of reach; nothing is written then.
    pub(crate) fn commit(&self, writes: Vec<Write>) -> Result<Vec<WriteOutcome>, ApiError> {
        self.commit_as(&self.action, &self.path, writes)
    }

    /// As [`Self::commit`], for a change of `resource` by `action` that is a part of this request.
    pub(crate) fn commit_as(
        &self,
        action: &str,
        resource: &str,
        mut writes: Vec<Write>,
    ) -> Result<Vec<WriteOutcome>, ApiError> {
        writes.push(activity::succeeded(self, action, resource));
        let subscription =
            azimuth_ids::IdRef::parse(resource).ok().and_then(azimuth_ids::IdRef::subscription_id);
        writes.extend(activity::sweep(self, subscription.unwrap_or_default()));
        self.plane.commit(&self.caller.object, writes).map_err(|error| store_error(&error))
    }

    /// A list in pages, in the order of the keys. `$top` or `default` is the size of a page.
    pub(crate) fn list(&self, items: impl Iterator<Item = (String, Value)>, default: usize) -> Value {
        let page = self.page(items, default);
        let next = page.after.as_deref().map(|after| self.next_link(after));
        list(page.value, next)
    }

    /// One page of a list.
    pub(crate) fn page(&self, items: impl Iterator<Item = (String, Value)>, default: usize) -> Page {
        let after = self.query.get("$skiptoken").and_then(key_of_token);
        let size = self.query.number("$top").unwrap_or(default).min(default);
        page(items, after.as_deref(), size)
    }

    /// The absolute address of the page after `after`.
    pub(crate) fn next_link(&self, after: &str) -> String {
        let query = self.query.with("$skiptoken", &token_of(after));
        format!("{}{}?{query}", self.plane.settings.base_url, encode_path(&self.path))
    }

    /// The parsed `$filter`, if there is one.
    pub(crate) fn filter(&self) -> Result<Option<Filter>, ApiError> {
        let parsed = self.query.get("$filter").map(parse_filter).transpose();
        parsed.map_err(|message| {
            bad_request(
                "InvalidFilterInQueryString",
                format!("Invalid $filter specified in the query string: {message}."),
            )
        })
    }

    /// What the activity log and documents say of the caller: a user's name, or an application's object id.
    pub(crate) fn caller_name(&self) -> &str {
        match self.caller.kind {
            CallerKind::User => &self.caller.name,
            CallerKind::ServicePrincipal => &self.caller.object,
        }
    }

    /// `systemData` for a document that is written now; `before` keeps who made it.
    pub(crate) fn system_data(&self, before: Option<&Value>) -> Value {
        let kind = match self.caller.kind {
            CallerKind::User => "User",
            CallerKind::ServicePrincipal => "Application",
        };
        let made = |member: &str| before.and_then(|before| before["systemData"].get(member)).cloned();
        let now = format!("{:.7}", self.now);
        json!({
            "createdBy": made("createdBy").unwrap_or_else(|| self.caller_name().into()),
            "createdByType": made("createdByType").unwrap_or_else(|| kind.into()),
            "createdAt": made("createdAt").unwrap_or_else(|| now.clone().into()),
            "lastModifiedBy": self.caller_name(),
            "lastModifiedByType": kind,
            "lastModifiedAt": now,
        })
    }
}

/// Whether a principal may do `action` at `scope`.
pub(crate) fn may(authority: &Authority, principal: &str, action: &str, scope: &str) -> bool {
    let Ok(scope) = Scope::parse(scope) else { return false };
    let attributes = Attributes::unknown();
    let request =
        Request { principal, action, plane: Plane::Control, scope: &scope, attributes: &attributes };
    authority.model.check(&request).verdict == Verdict::Allowed
}

/// Whether documents fit a filter; no filter fits all.
pub(crate) fn fits(filter: Option<&Filter>, document: &Value) -> bool {
    filter.is_none_or(|filter| filter.holds(document, &|_: &str, _: &[Operand]| None))
}

/// A path for a URL: what Azure puts into ids is kept, everything else is encoded.
fn encode_path(path: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(path, &KEPT).to_string()
}

/// 400.
pub(crate) fn bad_request(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, message)
}

/// 404.
pub(crate) fn not_found(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, code, message)
}

/// 409.
pub(crate) fn conflict(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

/// 404 for a resource, in the words of Resource Manager.
pub(crate) fn resource_not_found(id: &str) -> ApiError {
    let parsed = azimuth_ids::IdRef::parse(id).ok();
    let kind = parsed.map(|id| id.resource_type().as_str().to_owned()).unwrap_or_default();
    let name = parsed.map(|id| id.name().to_owned()).unwrap_or_default();
    let message = match parsed.and_then(azimuth_ids::IdRef::resource_group) {
        Some(group) => format!(
            "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        ),
        None => format!("The Resource '{kind}/{name}' was not found."),
    };
    not_found("ResourceNotFound", message)
}

/// 403, in the words of Resource Manager.
fn not_authorised(caller: &Caller, action: &str, scope: &str) -> ApiError {
    let shown = if caller.name.is_empty() { &caller.object } else { &caller.name };
    ApiError::new(
        StatusCode::FORBIDDEN,
        "AuthorizationFailed",
        format!(
            "The client '{shown}' with object id '{}' does not have authorization to perform action '{action}' over scope \
             '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            caller.object
        ),
    )
}

/// 409 because of locks.
pub(crate) fn locked(scope: &str, operation: &str, places: &[String]) -> ApiError {
    conflict(
        "ScopeLocked",
        format!(
            "The scope '{scope}' cannot perform {operation} operation because following scope(s) are locked: '{}'. Please \
             remove the lock and try again.",
            places.join("', '")
        ),
    )
}

/// What a failure of the store is to a client.
pub(crate) fn store_error(error: &DocumentsError) -> ApiError {
    match error {
        DocumentsError::PreconditionFailed { key, .. } => ApiError::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            format!(
                "The condition of the request headers does not hold for '{key}': it was changed or is not there."
            ),
        ),
        other => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", other.to_string()),
    }
}
