//! `reference`, `references`, `list*`: values of running resources.
//!
//! A nested deployment of the same template answers with its own outputs. Anything else is looked up in the estate;
//! what the estate does not hold stays symbolic.

use azimuth_ids::{IdRef, eq_fold};

use super::environment::{Env, Index};
use super::instances::{Condition, Instance};
use super::target::symbolic_call;
use crate::expression::{Fault, HostCall, reason_in};
use crate::origin::Read;
use crate::value::{Object, Reason, Value};

/// What `reference` returns for a deployment beside its outputs.
const DEPLOYMENT_MEMBERS: &[&str] = &[
    "templateHash",
    "parameters",
    "mode",
    "provisioningState",
    "timestamp",
    "duration",
    "correlationId",
    "providers",
    "dependencies",
    "outputResources",
];

/// A resource that a reference names.
enum Found {
    /// In a template being expanded: its scope's level outwards, and its position there.
    Here {
        level: usize,
        at: usize,
    },
    /// By id, outside the template.
    Id(String),
    Nothing,
}

pub(super) fn reference(env: &Env<'_>, call: &HostCall<'_>) -> Result<Value, Fault> {
    let target = &call.arguments[0];
    let Some(text) = target.as_str() else {
        return unresolved_or_fault(call, target);
    };
    let is_full =
        call.arguments.get(2).and_then(Value::as_str).is_some_and(|full| full.eq_ignore_ascii_case("full"));
    resolve(env, call, text, is_full)
}

fn unresolved_or_fault(call: &HostCall<'_>, target: &Value) -> Result<Value, Fault> {
    match reason_in(target) {
        Some(reason) => Ok(symbolic_call(call.name, call.arguments.to_vec(), reason)),
        None => Err(Fault::new(format!("`{}` expects a string here, not {}", call.name, target.type_name()))
            .with_code("arm-argument-type")
            .about(0)),
    }
}

fn resolve(env: &Env<'_>, call: &HostCall<'_>, text: &str, is_full: bool) -> Result<Value, Fault> {
    let unresolved = |id: &str| {
        let reason = Reason::RunningResource { id: id.to_owned() };
        symbolic_call(call.name, call.arguments.to_vec(), reason)
    };
    let id = match find(env, text) {
        Found::Here { level, at } => {
            let mut scope = env.scope;
            for _ in 0..level {
                match &scope.outer {
                    Some(outer) => scope = outer.scope,
                    None => break,
                }
            }
            let Some(instances) = scope.instances() else { return Ok(unresolved(text)) };
            let instance = &instances[at];
            let id = instance.id.as_str().unwrap_or(text).to_owned();
            env.scope.run.note_read(&Read::Reference(id.as_str().into()));
            if instance.is_deployment() && !instance.is_existing {
                if instance.condition == Condition::False {
                    return Ok(unresolved(&id));
                }
                return Ok(match scope.outputs_of(at) {
                    Some(outputs) => deployment_state(&id, outputs, is_full),
                    None => unresolved(&id),
                });
            }
            id
        }
        Found::Id(id) => {
            env.scope.run.note_read(&Read::Reference(id.as_str().into()));
            id
        }
        Found::Nothing => return Ok(unresolved(text)),
    };
    let Some(document) = env.scope.run.estate.resource(&id) else { return Ok(unresolved(&id)) };
    let state = Value::from_json(&document);
    if is_full {
        return Ok(full_state(&id, &state, call));
    }
    Ok(state.get("properties").unwrap_or_else(|| unresolved(&id)))
}

/// The stored state with what a full reference adds.
fn full_state(id: &str, state: &Value, call: &HostCall<'_>) -> Value {
    let mut out = state.as_object().cloned().unwrap_or_default();
    if let Ok(parsed) = IdRef::parse(id) {
        out.set("resourceId".into(), id.into());
        if let Some(subscription) = parsed.subscription_id() {
            out.set("subscriptionId".into(), subscription.into());
        }
        if let Some(group) = parsed.resource_group() {
            out.set("resourceGroupName".into(), group.into());
        }
    }
    if let Some(version) = call.arguments.get(1).filter(|version| version.as_str().is_some()) {
        out.set("apiVersion".into(), version.clone());
    }
    Value::object(out)
}

/// What `reference` returns for a nested deployment: its outputs are known, the rest the service fills in.
fn deployment_state(id: &str, outputs: Value, is_full: bool) -> Value {
    let mut properties = Object::new();
    properties.push("outputs".into(), outputs);
    for name in DEPLOYMENT_MEMBERS {
        let reason = Reason::RunningResource { id: id.to_owned() };
        let base = symbolic_call("reference", vec![id.into()], reason.clone());
        let kind = crate::expression::ExpressionKind::Member {
            base: Box::new(crate::expression::Expression::of(base)),
            name: (*name).into(),
            is_safe: false,
        };
        let expression = crate::expression::Expression { kind, span: crate::json::Span::default() };
        properties.push((*name).into(), Value::symbolic(crate::value::Symbolic::new(expression, reason)));
    }
    let properties = Value::object(properties);
    if !is_full {
        return properties;
    }
    let members = [
        ("resourceId".into(), id.into()),
        ("type".into(), "Microsoft.Resources/deployments".into()),
        ("properties".into(), properties),
    ];
    Value::object(members.into_iter().collect())
}

/// Whether a value is what [`deployment_state`] makes: its parts say themselves what they depend on.
pub(super) fn is_deployment_state(value: &Value) -> bool {
    let state = value.get("properties").unwrap_or_else(|| value.clone());
    state.get("outputs").is_some()
        && state.get("templateHash").is_some_and(|hash| hash.as_symbolic().is_some())
}

/// Finds what `text` names: an id, a symbolic name with an optional index, or a plain name.
fn find(env: &Env<'_>, text: &str) -> Found {
    let mut scope = env.scope;
    let mut level = 0;
    loop {
        if let Some(instances) = scope.instances()
            && let Some(at) = find_among(&instances, text, scope.has_symbolic_names)
        {
            return Found::Here { level, at };
        }
        match &scope.outer {
            Some(outer) => scope = outer.scope,
            None => break,
        }
        level += 1;
    }
    if text.starts_with('/') { Found::Id(text.trim_end_matches('/').to_owned()) } else { Found::Nothing }
}

/// The position of the instance that `text` names.
pub(super) fn find_among(instances: &[Instance], text: &str, has_symbols: bool) -> Option<usize> {
    if text.starts_with('/') {
        let text = text.trim_end_matches('/');
        return instances
            .iter()
            .position(|instance| instance.id.as_str().is_some_and(|id| eq_fold(id, text)));
    }
    if has_symbols && let Some(at) = find_symbol(instances, text) {
        return Some(at);
    }
    let named = |instance: &&Instance| instance.name.as_str().is_some_and(|name| eq_fold(name, text));
    let position = |wanted: &Instance| instances.iter().position(|instance| std::ptr::eq(instance, wanted));
    if let Some(found) = instances.iter().find(named) {
        return position(found);
    }
    // `Microsoft.Web/sites/x` without a scope.
    let is_typed = |instance: &Instance| {
        let rest =
            text.get(..instance.resource_type.len()).filter(|head| eq_fold(head, &instance.resource_type));
        let name = rest
            .and_then(|_| text.get(instance.resource_type.len()..))
            .and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| instance.name.as_str().is_some_and(|own| eq_fold(own, name)))
    };
    if let Some(at) = instances.iter().position(is_typed) {
        return Some(at);
    }
    let suffix = format!("/providers/{text}");
    let ends = |id: &str| {
        let start = id.len().checked_sub(suffix.len());
        start.and_then(|start| id.get(start..)).is_some_and(|tail| eq_fold(tail, &suffix))
    };
    if text.contains('/') {
        instances.iter().position(|instance| instance.id.as_str().is_some_and(ends))
    } else {
        None
    }
}

fn find_symbol(instances: &[Instance], text: &str) -> Option<usize> {
    let (symbol, index) = match text.split_once('[') {
        Some((symbol, index)) => (symbol, Some(index.strip_suffix(']')?.parse::<i64>().ok()?)),
        None => (text, None),
    };
    instances.iter().position(|instance| {
        instance.symbol.as_deref().is_some_and(|own| eq_fold(own, symbol))
            && index
                .is_none_or(|index| instance.loops.last().is_some_and(|(_, own)| own.known() == Some(index)))
    })
}

/// `references('loop')`: one reference for each iteration of a symbolic resource.
pub(super) fn references(env: &Env<'_>, call: &HostCall<'_>) -> Result<Value, Fault> {
    let Some(symbol) = call.arguments[0].as_str() else {
        return unresolved_or_fault(call, &call.arguments[0]);
    };
    let is_full =
        call.arguments.get(1).and_then(Value::as_str).is_some_and(|full| full.eq_ignore_ascii_case("full"));
    let scope = env.scope;
    let Some(instances) = scope.instances() else {
        return Ok(symbolic_call(call.name, call.arguments.to_vec(), Reason::Environment));
    };
    let mut out = Vec::new();
    for instance in instances.iter() {
        let is_member = instance.symbol.as_deref().is_some_and(|own| eq_fold(own, symbol));
        if !is_member || instance.condition == Condition::False {
            continue;
        }
        let text = match instance.loops.last() {
            Some((_, Index::Any(reason))) => {
                return Ok(symbolic_call(call.name, call.arguments.to_vec(), reason.clone()));
            }
            Some((_, Index::Known(index))) => format!("{symbol}[{index}]"),
            None => symbol.to_owned(),
        };
        let mut arguments: Vec<Value> = vec![text.as_str().into()];
        if is_full {
            arguments.extend([Value::NULL, "Full".into()]);
        }
        let one = HostCall {
            namespace: None,
            name: "reference",
            key: "reference",
            arguments: &arguments,
            is_given: call.is_given,
            budget: call.budget,
        };
        out.push(resolve(env, &one, &text, is_full)?);
    }
    Ok(Value::array(out))
}

/// `listKeys` and its like: secret unless shown otherwise, so always marked so.
pub(super) fn list(env: &Env<'_>, call: &HostCall<'_>) -> Result<Value, Fault> {
    let target = &call.arguments[0];
    let Some(text) = target.as_str() else {
        return unresolved_or_fault(call, target).map(|value| value.secured(true));
    };
    let id = match find(env, text) {
        Found::Here { level: 0, at } => {
            let instances = env.scope.instances();
            instances.and_then(|instances| instances[at].id.as_str().map(str::to_owned))
        }
        Found::Id(id) => Some(id),
        _ => None,
    };
    let id = id.unwrap_or_else(|| text.to_owned());
    env.scope.run.note_read(&Read::Reference(id.as_str().into()));
    let stored = env.scope.run.estate.list(&id, call.name).map(|json| Value::from_json(&json));
    let value = stored
        .unwrap_or_else(|| symbolic_call(call.name, call.arguments.to_vec(), Reason::RunningResource { id }));
    Ok(value.secured(true))
}

/// `pickZones`: from the zones that the estate knows, else unresolved.
pub(super) fn pick_zones(env: &Env<'_>, call: &HostCall<'_>) -> Value {
    let text = |index: usize| call.arguments.get(index).and_then(Value::as_str);
    let number = |index: usize, default: i64| {
        let number = call.arguments.get(index).and_then(Value::as_int).unwrap_or(default);
        usize::try_from(number).unwrap_or(0)
    };
    let zones = match (text(0), text(1), text(2)) {
        (Some(namespace), Some(resource_type), Some(location)) => {
            env.scope.run.estate.zones(&format!("{namespace}/{resource_type}"), location)
        }
        _ => None,
    };
    match zones {
        Some(zones) => {
            let (count, offset) = (number(3, 1), number(4, 0));
            Value::array(zones.into_iter().skip(offset).take(count).map(Value::from).collect())
        }
        None => symbolic_call(call.name, call.arguments.to_vec(), Reason::Environment),
    }
}
