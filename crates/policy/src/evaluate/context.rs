//! What surrounds a decision.

use std::ops::ControlFlow;

use azimuth_arm::{Object, Value};
use jiff::Timestamp;
use thiserror::Error;

/// Why an evaluation failed. A failed evaluation denies the request; in a scan the resource shows an error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    /// One line, lower case, no full stop.
    pub message: Box<str>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<Box<str>>) -> Self {
        Self { message: message.into() }
    }
}

/// A resource to decide about.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its JSON as Resource Manager shows it.
    pub json: &'a str,
    /// Its type; `None`: read from the JSON.
    pub resource_type: Option<&'a str>,
    /// The API version of the payload, on which alias paths may depend.
    pub api_version: Option<&'a str>,
}

impl<'a> Resource<'a> {
    /// A resource whose type stands in its JSON.
    pub fn new(json: &'a str) -> Self {
        Self { json, resource_type: None, api_version: None }
    }
}

/// Facts that rules may ask for besides the resource.
#[derive(Clone, Debug)]
pub struct Context {
    /// The moment, for `utcNow()`.
    pub now: Timestamp,
    /// What `requestContext()` yields: `apiVersion` and `identity`.
    pub request: Value,
    /// What `resourceGroup()` yields; null where there is none.
    pub resource_group: Value,
    /// What `subscription()` yields; null where there is none.
    pub subscription: Value,
    /// Who sends the request, for selectors by principal; `None`: unknown, as in a compliance scan.
    pub principal: Option<Principal>,
}

/// Who sends a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The object id of the user.
    pub user_id: String,
    /// The object ids of the user's groups; `None`: unknown.
    pub group_ids: Option<Vec<String>>,
}

impl Context {
    /// Nothing known but the moment.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            request: Value::object(Object::new()),
            resource_group: Value::NULL,
            subscription: Value::NULL,
            principal: None,
        }
    }

    /// The same with somebody who sends the request.
    #[must_use]
    pub fn with_principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// The same with an API version of the request.
    #[must_use]
    pub fn with_api_version(mut self, version: &str) -> Self {
        let mut request = self.request.as_object().cloned().unwrap_or_default();
        request.set("apiVersion".into(), Value::string(version));
        self.request = Value::object(request);
        self
    }

    /// The same with the resource group and subscription that a resource id names.
    #[must_use]
    pub fn of_resource(mut self, id: &str) -> Self {
        let mut parts = id.split('/').skip(1);
        let mut subscription = None;
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            if key.eq_ignore_ascii_case("subscriptions") {
                subscription = Some(value.to_owned());
                self.subscription =
                    scope_value(&[("id", &format!("/subscriptions/{value}")), ("subscriptionId", value)]);
            } else if key.eq_ignore_ascii_case("resourceGroups") {
                let parent = subscription.as_deref().unwrap_or_default();
                self.resource_group = scope_value(&[
                    ("id", &format!("/subscriptions/{parent}/resourceGroups/{value}")),
                    ("name", value),
                    ("type", "Microsoft.Resources/resourceGroups"),
                ]);
            } else {
                break;
            }
        }
        self
    }
}

fn scope_value(members: &[(&str, &str)]) -> Value {
    Value::object(members.iter().map(|(name, value)| ((*name).into(), Value::string(*value))).collect())
}

/// Which related resources an IfNotExists effect asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedQuery {
    /// `details.type`.
    pub resource_type: String,
    /// The exact name; the last segment may be `?` for any.
    pub name: Option<String>,
    /// The resource group to look in, if not that of the resource.
    pub resource_group: Option<String>,
    /// Whether to look in the whole subscription rather than the resource group.
    pub in_subscription: bool,
}

/// Finds related resources.
pub trait Related {
    /// The JSON texts of the resources that fit, or `None` if they cannot be known here.
    fn related(&self, resource: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>>;

    /// Visits the JSON texts of the resources that fit until `visit` has seen enough. False if they cannot be known here;
    /// nothing is visited then. Who has the texts at hand overrides this, so that none is copied.
    fn each_related(
        &self,
        resource: &Resource<'_>,
        query: &RelatedQuery,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> bool {
        let Some(found) = self.related(resource, query) else { return false };
        let _ = found.iter().try_for_each(|json| visit(json));
        true
    }
}

/// Knows of no related resources: whoever needs them is told so.
#[derive(Clone, Copy, Debug)]
pub struct NoRelated;

impl Related for NoRelated {
    fn related(&self, _: &Resource<'_>, _: &RelatedQuery) -> Option<Vec<String>> {
        None
    }
}
