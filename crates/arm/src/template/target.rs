//! Where a deployment is aimed.

use azimuth_ids::{IdKind, IdRef, eq_fold};

use crate::expression::{Expression, ExpressionKind, gravest};
use crate::value::{Reason, Symbolic, Value};

/// The scope that a template is deployed to. Names are values because a nested deployment's may be symbolic.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The tenant.
    Tenant,
    /// A management group, by name.
    ManagementGroup(Value),
    /// A subscription, by id.
    Subscription(Value),
    /// A resource group: the subscription's id and the group's name.
    ResourceGroup(Value, Value),
}

impl Target {
    /// A resource group.
    pub fn resource_group(subscription: &str, name: &str) -> Self {
        Self::ResourceGroup(subscription.into(), name.into())
    }

    /// A subscription.
    pub fn subscription(id: &str) -> Self {
        Self::Subscription(id.into())
    }

    /// A management group.
    pub fn management_group(name: &str) -> Self {
        Self::ManagementGroup(name.into())
    }

    /// The scope that an id names or lies in.
    pub fn of_id(id: &str) -> Option<Self> {
        let scope = IdRef::parse(id).ok()?.scope();
        Some(match scope.kind() {
            IdKind::ManagementGroup => Self::management_group(scope.name()),
            IdKind::Subscription => Self::subscription(scope.name()),
            IdKind::ResourceGroup => {
                Self::resource_group(scope.subscription_id().unwrap_or_default(), scope.name())
            }
            _ => Self::Tenant,
        })
    }

    /// The scope's id: `/`, `/providers/…`, `/subscriptions/…`; symbolic where a name is.
    pub fn id(&self) -> Value {
        match self {
            Self::Tenant => "/".into(),
            _ => self.prefix(),
        }
    }

    /// What stands before `/providers/…` in the ids of resources deployed here.
    pub(crate) fn prefix(&self) -> Value {
        match self {
            Self::Tenant => "".into(),
            Self::ManagementGroup(name) => {
                concat(&["/providers/Microsoft.Management/managementGroups/".into(), name.clone()])
            }
            Self::Subscription(id) => concat(&["/subscriptions/".into(), id.clone()]),
            Self::ResourceGroup(id, name) => {
                concat(&["/subscriptions/".into(), id.clone(), "/resourceGroups/".into(), name.clone()])
            }
        }
    }

    /// The subscription that the scope is or lies in.
    pub(crate) fn subscription_id(&self) -> Option<&Value> {
        match self {
            Self::Subscription(id) | Self::ResourceGroup(id, _) => Some(id),
            _ => None,
        }
    }

    /// The kind of scope in words, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Tenant => "the tenant",
            Self::ManagementGroup(_) => "a management group",
            Self::Subscription(_) => "a subscription",
            Self::ResourceGroup(..) => "a resource group",
        }
    }
}

/// Strings one after the other; symbolic if any part is.
pub(crate) fn concat(parts: &[Value]) -> Value {
    let Some(reason) = gravest(parts.iter()) else {
        let secure = parts.iter().any(Value::is_secure);
        return Value::string(parts.iter().filter_map(Value::as_str).collect::<String>()).secured(secure);
    };
    let secure = parts.iter().any(Value::has_secure);
    let mut joined = Vec::new();
    for part in parts {
        join(&mut joined, Expression::of(part.clone()));
    }
    Value::symbolic(Symbolic::new(Expression::call("concat", joined), reason)).secured(secure)
}

/// Adds a part to those of a `concat` of strings: known texts grow together, the parts of a `concat` are taken apart.
fn join(joined: &mut Vec<Expression>, part: Expression) {
    if let ExpressionKind::Call(call) = &part.kind
        && call.namespace.is_none()
        && &*call.key == "concat"
    {
        call.arguments.iter().for_each(|argument| join(joined, argument.clone()));
        return;
    }
    if let Some(after) = plain_text(&part)
        && let Some(last) = joined.last_mut()
        && let Some(before) = plain_text(last)
    {
        *last = Expression::literal(Value::string(format!("{before}{after}")));
        return;
    }
    joined.push(part);
}

/// The text of a literal that is no secret.
fn plain_text(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Literal(value) if !value.is_secure() => value.as_str(),
        _ => None,
    }
}

/// A call that stays unresolved.
pub(crate) fn symbolic_call(name: &str, arguments: Vec<Value>, reason: Reason) -> Value {
    let secure = arguments.iter().any(Value::has_secure);
    let call = Expression::call(name, arguments.into_iter().map(Expression::of).collect());
    Value::symbolic(Symbolic::new(call, reason)).secured(secure)
}

/// Whether a resource of this type always belongs to the tenant.
pub(crate) fn is_tenant_level(resource_type: &str) -> bool {
    ["Microsoft.Management/managementGroups", "Microsoft.Subscription/aliases"]
        .iter()
        .any(|known| eq_fold(known, resource_type))
}
