//! From a resource of a template to its body as the resource provider will see it.

use std::collections::HashSet;

use azimuth_diag::Diagnostic;
use azimuth_ids::eq_fold;

use super::declare::Scope;
use super::environment::Index;
use super::expansion::ExpandedResource;
use super::instances::{Condition, Instance};
use super::reference::find_among;
use crate::expression::Fault;
use crate::json::Node;
use crate::origin::Read;
use crate::value::{Kind, Object, REDACTED, Value};

/// Members that speak to the deployment service, not to the resource provider.
const DIRECTIVES: &[&str] = &[
    "type",
    "name",
    "apiVersion",
    "copy",
    "condition",
    "dependsOn",
    "resources",
    "existing",
    "comments",
    "scope",
    "metadata",
    "import",
    "extension",
    "asserts",
];

impl<'t> Scope<'t> {
    /// The concrete resource, and the positions of the instances it depends on.
    pub(crate) fn resource(
        &'t self,
        instances: &[Instance],
        at: usize,
    ) -> Option<(ExpandedResource, Vec<usize>)> {
        let instance = &instances[at];
        let node = self.node_at(instance.node_at)?;
        let env = self.env_of(instance);
        let (body, reads) = self.run.reading_apart(|| {
            let mut body = Object::new();
            if instance.extension.is_none() {
                body.push("id".into(), instance.id.clone());
            }
            let origin =
                |name: &str| node.get(name).map(|node| env.scope.node_origin(node.span)).unwrap_or_default();
            let resource_type = Value::string(instance.resource_type.clone()).with_origin(origin("type"));
            body.push("type".into(), resource_type);
            body.push("name".into(), instance.name.clone());
            if let Some(version) = &instance.api_version {
                body.push(
                    "apiVersion".into(),
                    Value::string(version.clone()).with_origin(origin("apiVersion")),
                );
            }
            let own = Members { node, is_placed: instance.is_deployment() || instance.is_existing };
            let rest = own.rest(&env, self.file);
            for (name, value) in rest.iter() {
                body.push(name.clone(), value.clone());
            }
            Value::object(body)
        });
        let body = body.with_origin(self.node_origin_in(node, &env));
        if let Err(fault) = self.run.count_bytes(&body) {
            self.run.report_fault(self.file, node.span, fault);
            return None;
        }
        self.note_outer_references(&reads);
        let dependencies = self.dependencies(instances, at, node, &reads);
        let resource = ExpandedResource {
            id: shown(&instance.id),
            resource_type: instance.resource_type.to_string(),
            name: shown(&instance.name),
            api_version: instance.api_version.as_deref().unwrap_or_default().to_owned(),
            scope: scope_of(instance),
            symbolic_name: instance.symbol.as_deref().map(str::to_owned),
            is_id_resolved: instance.id.as_str().is_some(),
            condition: match &instance.condition {
                Condition::Unknown(value) => Some(value.clone()),
                _ => None,
            },
            existing: instance.is_existing,
            extension: instance.extension.as_deref().map(str::to_owned),
            depends_on: Vec::new(),
            body,
        };
        Some((resource, dependencies))
    }

    fn node_origin_in(&self, node: &Node, env: &super::environment::Env<'_>) -> crate::origin::OriginId {
        self.run.origins.borrow_mut().add(self.file, node.span, env.frame, None)
    }

    /// What a nested deployment needs: `dependsOn`, and references in what it passes to its template or, with outer
    /// scope, anywhere in that template.
    pub(crate) fn deployment_needs(&'t self, instances: &[Instance], at: usize, node: &Node) -> Vec<usize> {
        let env = self.env_of(&instances[at]);
        let parameters = node.get("properties").and_then(|properties| properties.get("parameters"));
        let ((), mut reads) = self.run.reading_apart(|| {
            if let Some(parameters) = parameters {
                env.value(self.file, parameters);
            }
        });
        reads.extend(self.references_within(at));
        self.note_outer_references(&reads);
        self.dependencies(instances, at, node, &reads)
    }

    /// The instances that must be deployed before the one at `at`: named in `dependsOn`, referred to, or in the
    /// batch before.
    pub(crate) fn dependencies(
        &'t self,
        instances: &[Instance],
        at: usize,
        node: &Node,
        reads: &[Read],
    ) -> Vec<usize> {
        let instance = &instances[at];
        let mut out = Vec::new();
        let mut is_added = vec![false; instances.len()];
        let mut add = |other: usize| {
            // One that needs itself stays: the graph tells of the circle.
            if !instances[other].is_existing && !std::mem::replace(&mut is_added[other], true) {
                out.push(other);
            }
        };
        if let Some(entries) = node.get("dependsOn") {
            let value = self.env_of(instance).value(self.file, entries);
            let flat = flattened(&value);
            for entry in &flat {
                let Some(text) = entry.as_str() else { continue };
                let found = self.depended_on(instances, at, text);
                if found.is_empty() {
                    self.report_unknown_dependency(instances, entry, entries, self.run.is_given(&value));
                }
                found.into_iter().for_each(&mut add);
            }
        }
        for read in reads {
            // Expressions evaluated outside read the state that the template around knows, not what is deployed here.
            if let Read::Reference(id) = read
                && let Some(other) = find_among(instances, id, false)
                && (other != at || self.outer.is_none())
            {
                add(other);
            }
        }
        if let (Some(size), Some((_, Index::Known(index)))) = (instance.batch_size, instance.loops.last()) {
            let batch = usize::try_from(*index).unwrap_or(0) / size;
            for (other, candidate) in instances.iter().enumerate() {
                let is_sibling = candidate.node_at == instance.node_at
                    && candidate.loops.len() == instance.loops.len()
                    && candidate.loops[..candidate.loops.len() - 1]
                        == instance.loops[..instance.loops.len() - 1];
                let Some((_, Index::Known(other_index))) = candidate.loops.last().filter(|_| is_sibling)
                else {
                    continue;
                };
                if usize::try_from(*other_index).unwrap_or(0) / size + 1 == batch {
                    add(other);
                }
            }
        }
        out
    }

    /// What an entry of `dependsOn` names: a symbolic name, an id, a loop, or a name.
    fn depended_on(&self, instances: &[Instance], at: usize, text: &str) -> Vec<usize> {
        let all = |holds: &dyn Fn(&Instance) -> bool| {
            instances.iter().enumerate().filter(|(_, i)| holds(i)).map(|(at, _)| at).collect::<Vec<_>>()
        };
        if self.has_symbolic_names {
            let found = all(&|i| i.symbol.as_deref().is_some_and(|symbol| eq_fold(symbol, text)));
            if !found.is_empty() {
                return found;
            }
        }
        if let Some(found) = find_among(instances, text, self.has_symbolic_names) {
            // A plain name may be that of several resources; then another one is meant than the resource itself.
            let named = |i: &Instance| i.name.as_str().is_some_and(|name| eq_fold(name, text));
            let other = instances.iter().enumerate().position(|(other, i)| other != at && named(i));
            return vec![other.filter(|_| found == at).unwrap_or(found)];
        }
        let has_loop = |i: &Instance| self.node_at(i.node_at).is_some_and(|node| node.get("copy").is_some());
        let looped = all(&|i| i.loops.last().is_some_and(|(name, _)| eq_fold(name, text)) && has_loop(i));
        if !looped.is_empty() {
            return looped;
        }
        // Nested children are also known by the name they are written with.
        let last = all(&|i| {
            i.name
                .as_str()
                .and_then(|name| name.rsplit_once('/'))
                .is_some_and(|(_, last)| eq_fold(last, text))
        });
        if last.len() == 1 {
            return last;
        }
        // Deployments to other scopes are often named as if they were in this one.
        let tail = text.rsplit_once("/providers/").map(|(_, tail)| tail.to_owned());
        let Some(tail) = tail.filter(|tail| tail.to_ascii_lowercase().contains("/deployments/")) else {
            return Vec::new();
        };
        let suffix = format!("/providers/{tail}");
        all(&|i| {
            i.id.as_str().is_some_and(|id| {
                let start = id.len().saturating_sub(suffix.len());
                id.get(start..).is_some_and(|end| eq_fold(end, &suffix))
            })
        })
    }

    /// Reports an entry of `dependsOn` that names nothing, which the service refuses.
    fn report_unknown_dependency(
        &self,
        instances: &[Instance],
        entry: &Value,
        node: &Node,
        is_whole_given: bool,
    ) {
        let text = entry.as_str().unwrap_or_default();
        if !self.has_symbolic_names && text.is_empty() {
            return;
        }
        let is_declared_off = self.resource_nodes().iter().any(|(symbol, node)| {
            symbol.as_deref().is_some_and(|symbol| eq_fold(symbol, text.split('[').next().unwrap_or(text)))
                || node
                    .get("copy")
                    .and_then(|copy| copy.get("name"))
                    .and_then(Node::as_str)
                    .is_some_and(|name| eq_fold(name, text))
        });
        if is_declared_off {
            return;
        }
        let shown = if entry.has_secure() { REDACTED } else { text };
        let message = format!("`{shown}` is not a resource of this template");
        let place = self.run.origins.borrow().location(entry.origin());
        let (file, span) = place.unwrap_or((self.file, node.span));
        let hint = "`dependsOn` names resources of the same template; remove the entry";
        let is_certain = !text.is_empty()
            && !instances.iter().any(|instance| is_named_elsewhere(instance, text))
            && self.is_fully_known(instances);
        if !is_certain {
            let diagnostic = Diagnostic::warning("arm-unknown-dependency", message);
            self.run.report(file, span, diagnostic.with_hint(hint));
            return;
        }
        let fault = Fault::new(message).with_code("arm-unknown-dependency").with_hint(hint);
        // A name written out is meant as it stands; a computed one may fit other names of the resources.
        let is_literal = node.items().iter().any(|item| item.as_str() == Some(text));
        let has_given = |instance: &Instance| instance.has_given_loop || self.run.is_given(&instance.name);
        let is_given = self.run.is_given(entry) || is_whole_given || instances.iter().any(has_given);
        let is_given = is_given && !is_literal;
        self.run.refuse(file, span, fault, is_given);
    }

    /// Whether every resource of the template is among `instances`, with an id known before the deployment.
    fn is_fully_known(&self, instances: &[Instance]) -> bool {
        let is_known = |instance: &Instance| {
            instance.id.as_str().is_some() && instance.loops.iter().all(|(_, index)| index.known().is_some())
        };
        let is_complete = !self.run.budget.is_spent() && instances.len() < self.run.context.limits.resources;
        let found: HashSet<u32> = instances.iter().map(|instance| instance.node_at).collect();
        // Loops may run zero times.
        is_complete
            && instances.iter().all(is_known)
            && self.resource_nodes().iter().all(|(_, node)| has_instances(node, &found))
    }
}

/// Whether a declaration and those nested in it have been turned into instances, which start at the bytes `found`.
fn has_instances(node: &Node, found: &HashSet<u32>) -> bool {
    if node.is_null() || node.get("copy").is_some() {
        return true;
    }
    let children = node.get("resources");
    let items = children.map(Node::items).unwrap_or_default().iter();
    let members = children.map(Node::members).unwrap_or_default().iter();
    found.contains(&node.span.start)
        && items.chain(members.map(|member| &member.value)).all(|child| has_instances(child, found))
}

/// Whether an id means the resource but for its scope.
fn is_named_elsewhere(instance: &Instance, id: &str) -> bool {
    let Some(name) = instance.name.as_str() else { return false };
    let mut types = instance.resource_type.split('/');
    let mut tail = types.next().unwrap_or_default().to_owned();
    for (kind, name) in types.zip(name.split('/')) {
        tail.push_str(&format!("/{kind}/{name}"));
    }
    let start = id.len().saturating_sub(tail.len());
    id.get(start..).is_some_and(|end| eq_fold(end, &tail))
}

struct Members<'n> {
    node: &'n Node,
    /// Whether `subscriptionId` and `resourceGroup` say where it is, rather than being the provider's.
    is_placed: bool,
}

impl Members<'_> {
    /// The values of all members that go to the resource provider.
    fn rest(&self, env: &super::environment::Env<'_>, file: crate::origin::FileId) -> Object {
        let mut out = Object::new();
        for member in self.node.members() {
            let is_directive = DIRECTIVES.iter().any(|name| eq_fold(name, &member.key))
                || (self.is_placed
                    && (eq_fold("subscriptionId", &member.key) || eq_fold("resourceGroup", &member.key)));
            if !is_directive {
                out.push(member.key.clone(), env.value(file, &member.value));
            }
        }
        out
    }
}

/// The strings of a value that may nest arrays.
fn flattened(value: &Value) -> Vec<Value> {
    match value.kind() {
        Kind::Array(items) => items.iter().flat_map(flattened).collect(),
        Kind::String(_) => vec![value.clone()],
        _ => Vec::new(),
    }
}

/// A resource that is left out: what is known of it without its body.
pub(super) fn skipped(instance: &Instance) -> ExpandedResource {
    ExpandedResource {
        id: shown(&instance.id),
        resource_type: instance.resource_type.to_string(),
        name: shown(&instance.name),
        api_version: instance.api_version.as_deref().unwrap_or_default().to_owned(),
        scope: scope_of(instance),
        symbolic_name: instance.symbol.as_deref().map(str::to_owned),
        is_id_resolved: instance.id.as_str().is_some(),
        condition: Some(Value::bool(false)),
        existing: instance.is_existing,
        extension: instance.extension.as_deref().map(str::to_owned),
        depends_on: Vec::new(),
        body: Value::NULL,
    }
}

fn scope_of(instance: &Instance) -> String {
    match instance.scope_id.as_str() {
        Some("") => "/".to_owned(),
        _ => shown(&instance.scope_id),
    }
}

/// An id or name as text; symbolic parts as their expression.
pub(super) fn shown(value: &Value) -> String {
    match value.kind() {
        Kind::String(text) => text.to_string(),
        Kind::Symbolic(symbolic) => symbolic.to_string(),
        _ => value.to_string(),
    }
}
