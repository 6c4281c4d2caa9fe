//! The values that a deployment passes to its template.

use std::sync::Arc;

use super::copy::property_loops;
use super::declare::Scope;
use super::environment::{Env, Mode};
use super::parameters::entries;
use super::target::symbolic_call;
use crate::expression::{Fault, is_expression};
use crate::json::{Member, Node, Span};
use crate::origin::{FileId, OriginId};
use crate::value::{Kind, Reason, Value};

/// Values by parameter name, with the place of each.
pub(super) type Supplied = Vec<(Arc<str>, Value, FileId, Span)>;

impl Scope<'_> {
    pub(super) fn linked_parameters(&self, env: &Env<'_>, link: &Node) -> Supplied {
        let Some(source) = self.load(env, link) else { return Supplied::new() };
        let file = self.run.add_parameter_file(&source);
        let literal = Env { mode: Mode::ParameterFile, ..env.clone() };
        supplied_by_file(&literal, file, entries(source.root()))
    }

    /// The values that a deployment passes to its template.
    pub(super) fn supplied(&self, env: &Env<'_>, file: FileId, node: &Node) -> Supplied {
        if node.as_str().is_some_and(is_expression) {
            let value = env.value(file, node);
            let members =
                value.as_object().map(|object| object.iter().collect::<Vec<_>>()).unwrap_or_default();
            return members
                .into_iter()
                .map(|(name, entry)| {
                    let inner = entry.get("value").unwrap_or(Value::NULL);
                    (name.clone(), placed(inner, &value), file, node.span)
                })
                .collect();
        }
        node.members().iter().filter_map(|member| entry(env, file, member, false)).collect()
    }
}

/// The values in a parameter file. Its strings are literal: only `expression` is evaluated.
pub(crate) fn supplied_by_file(env: &Env<'_>, file: FileId, node: &Node) -> Supplied {
    node.members()
        .iter()
        .filter(|member| !member.key.starts_with('$'))
        .filter_map(|member| entry(env, file, member, true))
        .collect()
}

/// One entry: `{"value"}`, `{"reference": {"keyVault"}}` or `{"expression"}`.
fn entry(
    env: &Env<'_>,
    file: FileId,
    member: &Member,
    is_literal: bool,
) -> Option<(Arc<str>, Value, FileId, Span)> {
    let run = env.scope.run;
    let node = &member.value;
    let computed;
    let node = if node.as_str().is_some_and(is_expression) && !is_literal {
        // The whole entry is an expression, which Bicep writes for optional module parameters.
        computed = env.value(file, node);
        return match computed.kind() {
            Kind::Object(object) => {
                let value = match (object.get("value"), object.get("reference")) {
                    (Some(value), _) => placed(value.clone(), &computed),
                    (None, Some(reference)) => {
                        let part = |name: &str| reference.pointer(name).cloned().unwrap_or(Value::NULL);
                        let arguments = vec![part("/keyVault/id"), part("/secretName")];
                        symbolic_call("keyVaultSecret", arguments, Reason::KeyVaultSecret).secured(true)
                    }
                    _ => Value::NULL,
                };
                Some((member.key.clone(), value, file, member.key_span))
            }
            Kind::Symbolic(_) => Some((member.key.clone(), computed, file, member.key_span)),
            _ => None,
        };
    } else {
        node
    };
    let has_loop = node.members().iter().any(|member| property_loops(member).is_some());
    let value = if has_loop && !is_literal {
        env.value(file, node).get("value")
    } else if let Some(value) = node.get("value") {
        let value = if is_literal { literal(env, file, value) } else { env.value(file, value) };
        Some(value)
    } else if let Some(reference) = node.get("reference") {
        Some(secret(env, file, reference))
    } else if let Some(expression) = node.get("expression") {
        Some(env.value(file, expression))
    } else {
        let fault = Fault::new(format!("the parameter `{}` has no `value`", member.key))
            .with_code("arm-parameter-file")
            .with_hint("write `{\"value\": …}`");
        run.report_fault(file, member.key_span, fault);
        None
    };
    value.map(|value| (member.key.clone(), value, file, member.key_span))
}

/// A part of a computed value, which comes from where the whole does unless it has an origin of its own.
fn placed(part: Value, whole: &Value) -> Value {
    if part.origin() == OriginId::NONE { part.with_origin(whole.origin()) } else { part }
}

/// A value without expressions, with the places of its parts.
fn literal(env: &Env<'_>, file: FileId, node: &Node) -> Value {
    let origin = env.scope.run.origins.borrow_mut().add(file, node.span, env.frame, None);
    let value = match &node.kind {
        crate::json::NodeKind::Array(items) => {
            Value::array(items.iter().map(|item| literal(env, file, item)).collect())
        }
        crate::json::NodeKind::Object(members) => Value::object(
            members.iter().map(|member| (member.key.clone(), literal(env, file, &member.value))).collect(),
        ),
        _ => Value::from_node(node),
    };
    value.with_origin(origin)
}

/// A reference to a key vault secret stays one.
fn secret(env: &Env<'_>, file: FileId, reference: &Node) -> Value {
    let text = |node: Option<&Node>| node.map(|node| env.value(file, node)).unwrap_or(Value::NULL);
    let vault = text(reference.get("keyVault").and_then(|vault| vault.get("id")));
    let name = text(reference.get("secretName"));
    let mut arguments = vec![vault, name];
    if let Some(version) = reference.get("secretVersion") {
        arguments.push(env.value(file, version));
    }
    symbolic_call("keyVaultSecret", arguments, Reason::KeyVaultSecret).secured(true)
}
