//! Building resource ids.

use azimuth_ids::eq_fold;

use super::Target;
use super::target::{concat, is_tenant_level, symbolic_call};
use crate::expression::{Fault, HostCall, gravest};
use crate::value::{Reason, Value};

/// The functions `resourceId`, `subscriptionResourceId`, `managementGroupResourceId`, `tenantResourceId`,
/// `extensionResourceId`.
pub(super) fn call(target: &Target, call: &HostCall<'_>) -> Result<Value, Fault> {
    let arguments = call.arguments;
    for (index, argument) in arguments.iter().enumerate() {
        if argument.as_str().is_none() && argument.as_symbolic().is_none() {
            return Err(Fault::new(format!(
                "`{}` expects a string here, not {}",
                call.name,
                argument.type_name()
            ))
            .with_code("arm-argument-type")
            .about(index));
        }
    }
    if call.key == "extensionresourceid" {
        return finish(call, &arguments[0], 1);
    }
    // A type is the first argument with a slash: neither GUIDs nor group names have one.
    let at = arguments.iter().position(|argument| argument.as_str().is_some_and(|text| text.contains('/')));
    let Some(at) = at else {
        if let Some(reason) = gravest(arguments.iter()) {
            return Ok(symbolic_call(call.name, arguments.to_vec(), reason));
        }
        return Err(Fault::new(format!(
            "`{}` needs a resource type such as `Microsoft.Web/sites`",
            call.name
        ))
        .with_code("arm-resource-id"));
    };
    let most = match call.key {
        "resourceid" => 2,
        "tenantresourceid" => 0,
        _ => 1,
    };
    if at > most {
        return Err(Fault::new(format!("`{}` takes at most {most} arguments before the type", call.name))
            .about(at)
            .with_code("arm-resource-id"));
    }
    let wanted = match (call.key, at) {
        ("tenantresourceid", _) => Target::Tenant,
        ("subscriptionresourceid", 1) => Target::Subscription(arguments[0].clone()),
        ("subscriptionresourceid", _) => match target.subscription_id() {
            Some(id) => Target::Subscription(id.clone()),
            None => return Err(no_scope(call, target)),
        },
        ("managementgroupresourceid", 1) => Target::ManagementGroup(arguments[0].clone()),
        ("managementgroupresourceid", _) => match target {
            Target::ManagementGroup(_) => target.clone(),
            _ => return Ok(symbolic_call(call.name, arguments.to_vec(), Reason::Environment)),
        },
        (_, 2) => Target::ResourceGroup(arguments[0].clone(), arguments[1].clone()),
        (_, 1) => match target {
            Target::ResourceGroup(id, _) => Target::ResourceGroup(id.clone(), arguments[0].clone()),
            // One argument before the type is a group where there is a subscription, else a subscription.
            Target::Subscription(id) if !is_guid(&arguments[0]) => {
                Target::ResourceGroup(id.clone(), arguments[0].clone())
            }
            _ => Target::Subscription(arguments[0].clone()),
        },
        _ => target.clone(),
    };
    if at > 0 && call.key == "resourceid" && matches!(wanted, Target::Subscription(_)) {
        return finish(call, &wanted.prefix(), at);
    }
    finish(call, &prefix_for(&wanted, arguments[at].as_str().unwrap_or_default()), at)
}

fn is_guid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4)
}

fn no_scope(call: &HostCall<'_>, target: &Target) -> Fault {
    Fault::new(format!(
        "`{}` needs a subscription, and this deployment is to {}",
        call.name,
        target.describe()
    ))
    .with_code("arm-scope")
    .with_hint("name the subscription as the first argument")
}

/// The id from a prefix, the type at argument `at` and the names after it.
fn finish(call: &HostCall<'_>, prefix: &Value, at: usize) -> Result<Value, Fault> {
    let Some(resource_type) = call.arguments[at].as_str() else {
        let reason = gravest(call.arguments.iter()).unwrap_or(Reason::Environment);
        return Ok(symbolic_call(call.name, call.arguments.to_vec(), reason));
    };
    let names = &call.arguments[at + 1..];
    let types = resource_type.trim_matches('/').split('/').count() - 1;
    // A name may hold several segments at once where it is the only one.
    let split: Vec<Value>;
    let names = match names {
        [only] if types > 1 && only.as_str().is_some_and(|name| name.split('/').count() == types) => {
            split = only.as_str().unwrap_or_default().split('/').map(Value::from).collect();
            &split
        }
        names => names,
    };
    if types != names.len() {
        return Err(Fault::new(format!(
            "the type `{resource_type}` needs {types} names, and {} are given",
            names.len()
        ))
        .with_code("arm-resource-id")
        .about(at));
    }
    Ok(resource_id(prefix, resource_type, names))
}

/// What stands before `/providers/` in the id of a resource of this type deployed to `target`.
pub(crate) fn prefix_for(target: &Target, resource_type: &str) -> Value {
    if is_tenant_level(resource_type) { "".into() } else { target.prefix() }
}

/// The id of the resource; each name goes with one segment of the type.
pub(crate) fn resource_id(prefix: &Value, resource_type: &str, names: &[Value]) -> Value {
    let resource_type = resource_type.trim_matches('/');
    let is_group = ["Microsoft.Resources/resourceGroups", "Microsoft.Resources/subscriptions/resourceGroups"]
        .iter()
        .any(|known| eq_fold(known, resource_type));
    if is_group
        && let Some(name) = names.last()
        && prefix.as_str().is_none_or(|prefix| prefix.starts_with("/subscriptions/"))
    {
        // A resource group is a scope: its id has no `providers`.
        let subscription = match prefix.as_str() {
            Some(text) => text.split('/').take(3).collect::<Vec<_>>().join("/").into(),
            None => prefix.clone(),
        };
        return concat(&[subscription, "/resourceGroups/".into(), name.clone()]);
    }
    let mut segments = resource_type.split('/');
    let namespace = segments.next().unwrap_or_default();
    let mut parts = vec![prefix.clone()];
    let mut text = format!("/providers/{namespace}");
    for (segment, name) in segments.zip(names) {
        text.push('/');
        text.push_str(segment);
        text.push('/');
        match name.as_str() {
            Some(name) => text.push_str(name),
            None => {
                parts.push(std::mem::take(&mut text).into());
                parts.push(name.clone());
            }
        }
    }
    if !text.is_empty() {
        parts.push(text.into());
    }
    let id = concat(&parts);
    // An id is not secret even if a name came from a secure parameter: the service shows ids in full.
    match id.as_str() {
        Some(text) if id.is_secure() => text.into(),
        _ => id,
    }
}
