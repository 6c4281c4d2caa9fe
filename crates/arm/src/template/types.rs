//! Types of parameters, user-defined functions and outputs, including user-defined types.

use std::collections::HashSet;

use azimuth_ids::eq_fold;

use super::declare::{Parameter, Scope};
use crate::expression::Fault;
use crate::json::{Node, Span};
use crate::suggest::did_you_mean;
use crate::value::{Kind, Object, Value};

/// Most `$ref`s followed before a type says something.
const MAX_REFERENCES: usize = 32;
/// Deepest value that is checked against its type.
const MAX_DEPTH: usize = 64;
const NO_DEFINITION: &str = "its type refers to a definition that does not exist";

const KNOWN: &[&str] = &["string", "securestring", "int", "bool", "object", "secureobject", "array"];

/// Follows `$ref`s to the node that declares the type.
fn resolved<'n>(node: &'n Node, root: &'n Node) -> Option<&'n Node> {
    let mut current = node;
    for _ in 0..MAX_REFERENCES {
        let Some(reference) = current.get("$ref").and_then(Node::as_str) else { return Some(current) };
        let mut target = root;
        for step in reference.strip_prefix("#/")?.split('/') {
            target = target.get(&step.replace("~1", "/").replace("~0", "~"))?;
        }
        current = target;
    }
    None
}

fn type_name(node: &Node) -> Option<&str> {
    node.get("type").and_then(Node::as_str)
}

fn is_secure(node: &Node) -> bool {
    let name = type_name(node).unwrap_or_default();
    name.eq_ignore_ascii_case("securestring") || name.eq_ignore_ascii_case("secureobject")
}

/// The definitions that a type may consist of at its own level: itself, what it refers to, and the cases of its
/// discriminator; for a known value only the case that it names.
fn definitions<'n>(declared: Vec<&'n Node>, root: &'n Node, value: Option<&Value>) -> Vec<&'n Node> {
    let mut out: Vec<&Node> = Vec::new();
    let mut open = declared;
    while let Some(node) = open.pop() {
        if out.iter().any(|known| std::ptr::eq(*known, node)) {
            continue;
        }
        out.push(node);
        if node.get("$ref").is_some() {
            open.extend(resolved(node, root));
        }
        let Some(discriminator) = node.get("discriminator") else { continue };
        let property = discriminator.get("propertyName").and_then(Node::as_str);
        let chosen = property.and_then(|property| value?.as_object()?.get(property)?.as_str());
        let cases = discriminator.get("mapping").map(Node::members).unwrap_or_default();
        let known = cases.iter().find(|case| chosen.is_some_and(|chosen| eq_fold(&case.key, chosen)));
        match known {
            Some(case) => open.push(&case.value),
            None => open.extend(cases.iter().map(|case| &case.value)),
        }
    }
    out
}

/// Whether values of the type, or any part of them, are secret.
pub fn holds_secret(node: &Node, root: &Node) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if !seen.insert(std::ptr::from_ref(node)) {
            continue;
        }
        if is_secure(node) {
            return true;
        }
        if node.get("$ref").is_some() {
            open.extend(resolved(node, root));
        }
        let mapping = node.get("discriminator").and_then(|discriminator| discriminator.get("mapping"));
        for members in [node.get("properties"), mapping].into_iter().flatten() {
            open.extend(members.members().iter().map(|member| &member.value));
        }
        open.extend(node.get("prefixItems").map(Node::items).unwrap_or_default());
        open.extend([node.get("items"), node.get("additionalProperties")].into_iter().flatten());
    }
    false
}

/// The value with every part marked as secret that its type says is one.
pub(crate) fn secured(value: Value, node: &Node, root: &Node) -> Value {
    if holds_secret(node, root) { secured_by(value, vec![node], root, 0) } else { value }
}

fn secured_by(value: Value, declared: Vec<&Node>, root: &Node, depth: usize) -> Value {
    if declared.is_empty() || value.is_secure() {
        return value;
    }
    let types = definitions(declared, root, Some(&value));
    if types.iter().any(|node| is_secure(node)) {
        return value.secured(true);
    }
    if value.as_symbolic().is_some() || depth > MAX_DEPTH {
        // Its parts are not told apart.
        let is_secret = types.iter().any(|node| holds_secret(node, root));
        return value.secured(is_secret);
    }
    let origin = value.origin();
    match value.kind() {
        Kind::Array(items) => {
            let item_types = |index| types.iter().filter_map(|node| item_type(node, index)).collect();
            let items = items.iter().enumerate();
            let items =
                items.map(|(index, item)| secured_by(item.clone(), item_types(index), root, depth + 1));
            Value::array(items.collect()).with_origin(origin)
        }
        Kind::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let types = types.iter().filter_map(|node| member_type(node, name)).collect();
                (name.clone(), secured_by(member.clone(), types, root, depth + 1))
            });
            Value::object(members.collect()).with_origin(origin)
        }
        _ => value,
    }
}

/// The type of the item at `index` of an array.
fn item_type(node: &Node, index: usize) -> Option<&Node> {
    node.get("prefixItems").and_then(|prefix| prefix.items().get(index)).or_else(|| node.get("items"))
}

/// The type of the member `name` of an object.
fn member_type<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let declared = node.get("properties").map(Node::members).unwrap_or_default();
    declared
        .iter()
        .find(|member| eq_fold(&member.key, name))
        .map(|member| &member.value)
        .or_else(|| node.get("additionalProperties"))
}

/// Whether null is a value of the type.
pub(crate) fn is_nullable(node: &Node, root: &Node) -> bool {
    let says = |node: &Node| {
        matches!(node.get("nullable").map(|n| &n.kind), Some(crate::json::NodeKind::Bool(true)))
    };
    says(node) || resolved(node, root).is_some_and(says)
}

/// What is wrong with the type that a parameter names, whatever its value: the place and the fault.
pub(crate) fn faulty_declaration(node: &Node, root: &Node) -> Option<(Span, String)> {
    let Some(declared) = resolved(node, root) else {
        let span = node.get("$ref").map_or(node.span, |reference| reference.span);
        return Some((span, NO_DEFINITION.to_owned()));
    };
    let name = type_name(declared)?;
    let is_known = KNOWN.iter().any(|known| eq_fold(known, name));
    (!is_known).then(|| (declared.get("type").map_or(node.span, |kind| kind.span), no_type(name)))
}

fn no_type(name: &str) -> String {
    let near = did_you_mean(name, KNOWN.iter().copied());
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("there is no type `{name}`{hint}")
}

/// Reports what is wrong with a parameter's declaration or value, where it is wrong.
pub(crate) fn check_parameter(scope: &Scope<'_>, parameter: &Parameter<'_>, value: &Value, is_default: bool) {
    let node = parameter.node;
    let secure = holds_secret(node, scope.root) || value.has_secure();
    let Some(problem) = problem(value, node, scope.root, secure, 0) else { return };
    let what = if is_default { "the default" } else { "the value" };
    let message = format!("{what} of the parameter `{}` does not fit: {problem}", parameter.name);
    // The place of a secret is not shown: its text would be.
    let place = scope.run.origins.borrow().location(value.origin()).filter(|_| !secure);
    let (file, span) = place.unwrap_or((scope.file, parameter.key_span));
    // What is written in a parameter file is wrong in itself; what is computed depends on what it is computed from.
    let is_given = scope.run.holds_given(value);
    scope.run.refuse(file, span, Fault::new(message).with_code("arm-parameter-value"), is_given);
}

/// What is wrong with a value of this type, if anything.
pub(crate) fn first_problem(value: &Value, node: &Node, root: &Node) -> Option<String> {
    problem(value, node, root, value.has_secure() || holds_secret(node, root), 0)
}

fn problem(value: &Value, declared: &Node, root: &Node, secure: bool, depth: usize) -> Option<String> {
    if value.as_symbolic().is_some() || depth > MAX_DEPTH {
        return None;
    }
    if value.is_null() && is_nullable(declared, root) {
        return None;
    }
    let Some(node) = resolved(declared, root) else {
        return Some(NO_DEFINITION.to_owned());
    };
    for constraints in [declared, node] {
        if let Some(problem) = constrained(value, constraints, secure) {
            return Some(problem);
        }
        if std::ptr::eq(declared, node) {
            break;
        }
    }
    if let Some(discriminator) = node.get("discriminator") {
        return discriminated(value, discriminator, root, secure, depth);
    }
    let name = type_name(node)?;
    match name.to_ascii_lowercase().as_str() {
        "string" | "securestring" => mismatch(value.as_str().is_some(), value, "a string"),
        "int" => mismatch(value.as_int().is_some(), value, "an integer"),
        "bool" => mismatch(value.as_bool().is_some(), value, "a boolean"),
        "object" | "secureobject" => match value.as_object() {
            Some(object) => members(object, node, root, secure, depth),
            None => mismatch(false, value, "an object"),
        },
        "array" => match value.as_array() {
            Some(items) => elements(items, node, root, secure, depth),
            None => mismatch(false, value, "an array"),
        },
        _ => Some(no_type(name)),
    }
}

fn mismatch(fits: bool, value: &Value, wanted: &str) -> Option<String> {
    (!fits).then(|| format!("expected {wanted}, found {}", value.type_name()))
}

fn discriminated(value: &Value, node: &Node, root: &Node, secure: bool, depth: usize) -> Option<String> {
    let Some(object) = value.as_object() else { return mismatch(false, value, "an object") };
    let property = node.get("propertyName").and_then(Node::as_str)?;
    let Some(chosen) = object.get(property) else {
        return Some(format!("the property `{property}` is missing"));
    };
    let Some(chosen) = chosen.as_str() else {
        return mismatch(chosen.as_symbolic().is_some(), chosen, "a string");
    };
    let mapping = node.get("mapping")?;
    match mapping.members().iter().find(|member| &*member.key == chosen) {
        Some(member) => problem(value, &member.value, root, secure, depth + 1),
        None => {
            let known: Vec<String> =
                mapping.members().iter().take(10).map(|m| format!("`{}`", m.key)).collect();
            Some(format!("`{property}` is one of {}", known.join(", ")))
        }
    }
}

fn members(object: &Object, node: &Node, root: &Node, secure: bool, depth: usize) -> Option<String> {
    let declared = node.get("properties").map(Node::members).unwrap_or_default();
    for member in declared {
        match object.get(&member.key) {
            Some(value) => {
                if let Some(problem) = problem(value, &member.value, root, secure, depth + 1) {
                    return Some(format!("`{}`: {problem}", member.key));
                }
            }
            None if is_nullable(&member.value, root) => {}
            None => return Some(format!("the property `{}` is missing", member.key)),
        }
    }
    let additional = node.get("additionalProperties")?;
    for (name, value) in object.iter() {
        if declared.iter().any(|member| eq_fold(&member.key, name)) {
            continue;
        }
        if matches!(additional.kind, crate::json::NodeKind::Bool(false)) {
            let near = did_you_mean(name, declared.iter().map(|member| &*member.key));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Some(format!("the property `{name}` is not allowed{hint}"));
        }
        if additional.is_object()
            && let Some(problem) = problem(value, additional, root, secure, depth + 1)
        {
            return Some(format!("`{name}`: {problem}"));
        }
    }
    None
}

fn elements(items: &[Value], node: &Node, root: &Node, secure: bool, depth: usize) -> Option<String> {
    let prefix = node.get("prefixItems").map(Node::items).unwrap_or_default();
    let rest = node.get("items");
    if items.len() < prefix.len() {
        return Some(format!("expected at least {} items, found {}", prefix.len(), items.len()));
    }
    for (index, value) in items.iter().enumerate() {
        let declared = match (prefix.get(index), rest) {
            (Some(declared), _) => declared,
            (None, Some(rest)) if rest.is_object() => rest,
            (None, Some(rest)) if matches!(rest.kind, crate::json::NodeKind::Bool(false)) => {
                return Some(format!("expected {} items, found {}", prefix.len(), items.len()));
            }
            _ => break,
        };
        if let Some(problem) = problem(value, declared, root, secure, depth + 1) {
            return Some(format!("item {index}: {problem}"));
        }
    }
    None
}

/// Checks `allowedValues` and the bounds on values and lengths.
fn constrained(value: &Value, node: &Node, secure: bool) -> Option<String> {
    if let Some(allowed) = node.get("allowedValues") {
        let allowed: Vec<Value> = allowed.items().iter().map(Value::from_node).collect();
        let fits = |value: &Value| value.has_symbolic() || allowed.iter().any(|known| same(known, value));
        // A list may also pick from the allowed items.
        let picks = || value.as_array().is_some_and(|items| items.iter().all(fits));
        if !allowed.is_empty() && !fits(value) && !picks() {
            if secure {
                // What is allowed for a secret says too much about it.
                return Some("it is none of the allowed values".to_owned());
            }
            let shown: Vec<String> = allowed.iter().take(10).map(ToString::to_string).collect();
            let more = if allowed.len() > shown.len() { ", …" } else { "" };
            return Some(format!("`{}` is not one of {}{more}", shortened(value), shown.join(", ")));
        }
    }
    let bound = |name: &str| node.get(name).map(Value::from_node).and_then(|bound| bound.as_int());
    if let Some(number) = value.as_int() {
        let given = if secure { "it".to_owned() } else { number.to_string() };
        if let Some(least) = bound("minValue").filter(|least| number < *least) {
            return Some(format!("{given} is less than {least}"));
        }
        if let Some(most) = bound("maxValue").filter(|most| number > *most) {
            return Some(format!("{given} is more than {most}"));
        }
    }
    let length = match value.kind() {
        Kind::String(text) => Some((text.encode_utf16().count(), "characters")),
        Kind::Array(items) => Some((items.len(), "items")),
        _ => None,
    };
    if let Some((length, unit)) = length {
        let length = length as i64;
        if let Some(least) = bound("minLength").filter(|least| length < *least) {
            return Some(format!("it has {length} {unit}, and needs at least {least}"));
        }
        if let Some(most) = bound("maxLength").filter(|most| length > *most) {
            return Some(format!("it has {length} {unit}, and may have {most}"));
        }
    }
    None
}

/// Equality as `allowedValues` has it: text in any letter case.
fn same(known: &Value, value: &Value) -> bool {
    match (known.as_str(), value.as_str()) {
        (Some(known), Some(value)) => eq_fold(known, value),
        _ => known == value,
    }
}

fn shortened(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }
}
