//! Functions that tell about the deployment and its scopes.

use std::sync::Arc;

use azimuth_ids::eq_fold;

use super::declare::Scope;
use super::target::symbolic_call;
use super::{Target, types};
use crate::expression::{Expression, ExpressionKind, Fault, HostCall};
use crate::json::{Node, NodeKind, Span};
use crate::value::{Object, Reason, Symbolic, Value};

/// The members that each function is documented to return.
const SUBSCRIPTION: &[&str] = &["tenantId", "displayName"];
const RESOURCE_GROUP: &[&str] = &["location", "managedBy", "tags"];
const MANAGEMENT_GROUP: &[&str] = &["tenantId"];
const TENANT: &[&str] = &["countryCode", "displayName", "id", "tenantId"];
const DEPLOYER: &[&str] = &["objectId", "tenantId", "userPrincipalName"];

pub(super) fn call(scope: &Scope<'_>, call: &HostCall<'_>) -> Result<Value, Fault> {
    let context = scope.run.context;
    Ok(match call.key {
        "environment" => scope.run.environment.get_or_init(|| context.cloud.environment()).clone(),
        "deployment" => scope.deployment.get_or_init(|| deployment(scope)).clone(),
        "subscription" => subscription(scope)?,
        "resourcegroup" => resource_group(scope)?,
        "managementgroup" => management_group(scope)?,
        "tenant" => completed(Object::new(), context.tenant.as_ref(), TENANT, "tenant"),
        _ => completed(Object::new(), context.deployer.as_ref(), DEPLOYER, "deployer"),
    })
}

/// The known members, then what the context adds, then the rest as symbolic members.
fn completed(mut known: Object, given: Option<&Value>, documented: &[&str], function: &str) -> Value {
    if let Some(given) = given.and_then(Value::as_object) {
        for (name, value) in given.iter() {
            if known.get(name).is_none() {
                known.push(name.clone(), value.clone());
            }
        }
    }
    for name in documented {
        if known.get(name).is_none() {
            known.push((*name).into(), member(function, name));
        }
    }
    Value::object(known)
}

/// `function().name`, unresolved.
fn member(function: &str, name: &str) -> Value {
    let base = Box::new(Expression::call(function, Vec::new()));
    let kind = ExpressionKind::Member { base, name: name.into(), is_safe: false };
    Value::symbolic(Symbolic::new(Expression { kind, span: Span::default() }, Reason::Environment))
}

fn is_own(scope: &Scope<'_>) -> bool {
    scope.run.context.target == scope.target
}

fn subscription(scope: &Scope<'_>) -> Result<Value, Fault> {
    let Some(id) = scope.target.subscription_id() else {
        return Err(wrong_scope(scope, "subscription"));
    };
    let mut known = Object::new();
    known.push("id".into(), Target::Subscription(id.clone()).id());
    known.push("subscriptionId".into(), id.clone());
    let context = scope.run.context;
    let same = context.target.subscription_id() == Some(id);
    let given = context.subscription.as_ref().filter(|_| same);
    let from_estate = id.as_str().and_then(|id| scope.run.estate.resource(&format!("/subscriptions/{id}")));
    let stored = from_estate.map(|document| Value::from_json(&document));
    Ok(completed(known, given.or(stored.as_ref()), SUBSCRIPTION, "subscription"))
}

fn resource_group(scope: &Scope<'_>) -> Result<Value, Fault> {
    let Target::ResourceGroup(_, name) = &scope.target else {
        return Err(wrong_scope(scope, "resourceGroup"));
    };
    let id = scope.target.id();
    let mut known = Object::new();
    known.push("id".into(), id.clone());
    known.push("name".into(), name.clone());
    known.push("type".into(), "Microsoft.Resources/resourceGroups".into());
    let state = [("provisioningState".into(), "Succeeded".into())].into_iter().collect();
    known.push("properties".into(), Value::object(state));
    let given = scope.run.context.resource_group.as_ref().filter(|_| is_own(scope));
    let stored = id.as_str().and_then(|id| scope.run.estate.resource(id)).map(|json| Value::from_json(&json));
    let given = given.or(scope.group.as_ref()).or(stored.as_ref());
    let mut value = completed(known, given, &RESOURCE_GROUP[..1], "resourceGroup");
    if given.is_none() {
        // Nothing is known of the group: its tags may exist or not.
        let mut members = value.as_object().cloned().unwrap_or_default();
        for name in &RESOURCE_GROUP[1..] {
            members.push((*name).into(), member("resourceGroup", name));
        }
        value = Value::object(members);
    }
    Ok(value)
}

fn management_group(scope: &Scope<'_>) -> Result<Value, Fault> {
    let Target::ManagementGroup(name) = &scope.target else {
        return Err(wrong_scope(scope, "managementGroup"));
    };
    let mut known = Object::new();
    known.push("id".into(), scope.target.id());
    known.push("name".into(), name.clone());
    known.push("type".into(), "/providers/Microsoft.Management/managementGroups".into());
    let given = scope.run.context.management_group.as_ref().filter(|_| is_own(scope));
    let tenant = given.is_none().then(|| member("managementGroup", "properties"));
    if let Some(properties) = tenant {
        known.push("properties".into(), properties);
    }
    Ok(completed(known, given, MANAGEMENT_GROUP, "managementGroup"))
}

fn wrong_scope(scope: &Scope<'_>, function: &str) -> Fault {
    let place = scope.target.describe();
    Fault::new(format!("`{function}()` has no meaning in a deployment to {place}"))
        .with_code("arm-scope")
        .with_hint("pass the value as a parameter, or deploy to another scope")
}

fn deployment(scope: &Scope<'_>) -> Value {
    let context = scope.run.context;
    let mut properties = Object::new();
    properties.push("template".into(), template_summary(scope.root));
    let link = symbolic_call("deployment", Vec::new(), Reason::Environment);
    properties.push("templateLink".into(), link_of(link));
    let names = scope.root.get("parameters").map(Node::members).unwrap_or_default();
    let parameters = names.iter().map(|member| {
        let value = symbolic_call("parameters", vec![Value::string(member.key.clone())], Reason::Environment);
        (member.key.clone(), Value::object([("value".into(), value)].into_iter().collect()))
    });
    properties.push("parameters".into(), Value::object(parameters.collect()));
    properties.push("mode".into(), context.mode.as_str().into());
    properties.push("provisioningState".into(), "Accepted".into());
    let mut out = Object::new();
    out.push("name".into(), scope.name.clone());
    // Deployments to resource groups have no location of their own.
    if !matches!(scope.target, Target::ResourceGroup(..)) {
        let location = scope.location.clone().unwrap_or_else(|| member("deployment", "location"));
        out.push("location".into(), location);
    }
    out.push("properties".into(), Value::object(properties));
    Value::object(out)
}

/// `deployment().properties.templateLink`, whose members only the service knows.
fn link_of(deployment: Value) -> Value {
    let access = |base: Expression, name: &str| Expression {
        kind: ExpressionKind::Member { base: Box::new(base), name: name.into(), is_safe: false },
        span: Span::default(),
    };
    let properties = access(Expression::of(deployment), "properties");
    Value::symbolic(Symbolic::new(access(properties, "templateLink"), Reason::Environment))
}

/// The parts of the template that expressions ask for; the whole would hold itself.
fn template_summary(root: &Node) -> Value {
    let mut out = Object::new();
    for name in ["$schema", "contentVersion", "languageVersion"] {
        if let Some(text) = root.get(name).and_then(Node::as_str) {
            out.push(name.into(), text.into());
        }
    }
    for name in ["metadata", "parameters", "variables", "outputs"] {
        if let Some(section) = root.get(name) {
            out.push(Arc::from(name), shown_section(root, name, section));
        }
    }
    let resources = root.get("resources").map_or(Value::array(Vec::new()), shown);
    out.push("resources".into(), resources);
    Value::object(out)
}

/// A part of a template as it is written. Its secrets are marked, also those of the templates in it.
fn shown(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Array(items) => Value::array(items.iter().map(shown).collect()),
        NodeKind::Object(members) => {
            let is_template = node.get("resources").is_some()
                && (node.get("$schema").is_some() || node.get("contentVersion").is_some());
            let template = node.get("template").filter(|template| template.is_object());
            let members = members.iter().map(|member| {
                let value = match template {
                    _ if is_template => shown_section(node, &member.key, &member.value),
                    Some(template) if eq_fold(&member.key, "parameters") => {
                        typed(&member.value, template.get("parameters"), template, "value")
                    }
                    Some(_) if eq_fold(&member.key, "template") => shown_template(&member.value),
                    _ => shown(&member.value),
                };
                (member.key.clone(), value)
            });
            Value::object(members.collect())
        }
        _ => Value::from_node(node),
    }
}

fn shown_template(root: &Node) -> Value {
    let sections = root.members().iter();
    let sections =
        sections.map(|member| (member.key.clone(), shown_section(root, &member.key, &member.value)));
    Value::object(sections.collect())
}

fn shown_section(root: &Node, name: &str, section: &Node) -> Value {
    if eq_fold(name, "parameters") {
        typed(section, Some(section), root, "defaultValue")
    } else if eq_fold(name, "outputs") {
        typed(section, Some(section), root, "value")
    } else {
        shown(section)
    }
}

/// Entries whose member `holder` has a value of the type that `types` declares under the same name.
fn typed(entries: &Node, types: Option<&Node>, root: &Node, holder: &str) -> Value {
    if !entries.is_object() {
        return shown(entries);
    }
    let entries = entries.members().iter().map(|entry| {
        let declared = types.and_then(|types| types.get(&entry.key));
        let Some(declared) = declared.filter(|_| entry.value.is_object()) else {
            return (entry.key.clone(), shown(&entry.value));
        };
        let parts = entry.value.members().iter().map(|part| {
            let value = shown(&part.value);
            if !eq_fold(&part.key, holder) {
                return (part.key.clone(), value);
            }
            // An expression in place of the whole may hold the secret anywhere in its text.
            let is_whole = part.value.as_str().is_some() && types::holds_secret(declared, root);
            (part.key.clone(), types::secured(value, declared, root).secured(is_whole))
        });
        (entry.key.clone(), Value::object(parts.collect()))
    });
    Value::object(entries.collect())
}
