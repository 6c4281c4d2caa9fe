//! Which resources a template has, loops unrolled: types, names, ids, conditions.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use azimuth_diag::Diagnostic;
use azimuth_ids::{eq_fold, fold};

use super::copy::Count;
use super::declare::Scope;
use super::environment::{Env, Index, failed, failed_because};
use super::ids::resource_id;
use super::target::{Target, concat};
use crate::expression::{Fault, reason_in};
use crate::json::Node;
use crate::value::{Reason, Symbolic, Value};

/// One resource of a template, before its body is expanded.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The symbolic name, if the template gives one.
    pub(crate) symbol: Option<Arc<str>>,
    /// Start of the resource's node in the file, which identifies the declaration.
    pub(crate) node_at: u32,
    /// Loops around the resource, outermost first: name and index.
    pub(crate) loops: Vec<(Arc<str>, Index)>,
    pub(crate) resource_type: Arc<str>,
    pub(crate) name: Value,
    pub(crate) id: Value,
    pub(crate) api_version: Option<Arc<str>>,
    /// The scope that the resource is deployed to.
    pub(crate) scope_id: Value,
    /// For deployments: the scope that their template is deployed to.
    pub(crate) deployment_target: Option<Target>,
    pub(crate) condition: Condition,
    pub(crate) is_existing: bool,
    /// How many iterations may run at once, for serial loops.
    pub(crate) batch_size: Option<usize>,
    /// The extension a resource belongs to, if it is not Azure's (`import` or `extension`).
    pub(crate) extension: Option<Arc<str>>,
    /// Whether how often a loop around it runs depends on values given from outside.
    pub(crate) has_given_loop: bool,
}

/// Whether a resource is deployed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    True,
    False,
    /// Known only at run time.
    Unknown(Value),
}

impl Instance {
    pub(crate) fn is_deployment(&self) -> bool {
        eq_fold(&self.resource_type, "Microsoft.Resources/deployments") && self.extension.is_none()
    }
}

/// What a nested child resource takes from its parent.
struct Parent<'p> {
    resource_type: &'p str,
    name: &'p Value,
    condition: &'p Condition,
}

impl<'t> Scope<'t> {
    /// The resources of the template; `None` while they are being found (a name asks for a resource).
    pub(crate) fn instances(&'t self) -> Option<Rc<Vec<Instance>>> {
        if let Some(known) = &*self.instances.borrow() {
            return Some(known.clone());
        }
        if self.is_indexing.replace(true) {
            return None;
        }
        let mut out = Vec::new();
        for (symbol, node) in self.resource_nodes() {
            self.add_instances(symbol, node, &Env::new(self), None, &[], &mut out);
        }
        let limit = self.run.context.limits.resources;
        if out.len() > limit {
            let span = self.root.member("resources").map_or(self.root.span, |member| member.key_span);
            let fault =
                Fault::limit(format!("the template has {} resources; the limit is {limit}", out.len()));
            self.run.report_fault(self.file, span, fault);
            out.truncate(limit);
        }
        self.report_duplicates(&out);
        self.is_indexing.set(false);
        let out = Rc::new(out);
        *self.instances.borrow_mut() = Some(out.clone());
        Some(out)
    }

    /// The service refuses a template that deploys a resource twice.
    fn report_duplicates(&self, instances: &[Instance]) {
        let mut seen = HashMap::new();
        for instance in instances {
            let is_given = instance.has_given_loop
                || self.run.is_given(&instance.name)
                || self.run.is_given(&instance.scope_id);
            let counts = instance.condition == Condition::True
                && !instance.is_existing
                && instance.extension.is_none()
                && instance.loops.iter().all(|(_, index)| index.known().is_some());
            let Some(id) = instance.id.as_str().filter(|_| counts) else { continue };
            if let Some(is_other_given) = seen.insert(fold(id).into_owned(), is_given) {
                let fault = Fault::new(format!("the template deploys `{id}` twice"))
                    .with_code("arm-duplicate-resource")
                    .with_hint("give each resource a name of its own; in loops use `copyIndex()`");
                let span = self
                    .node_at(instance.node_at)
                    .map_or(self.root.span, |node| node.get("name").map_or(node.span, |name| name.span));
                self.run.refuse(self.file, span, fault, is_given || is_other_given);
            }
        }
    }

    fn add_instances(
        &'t self,
        symbol: Option<Arc<str>>,
        node: &'t Node,
        env: &Env<'t>,
        parent: Option<&Parent<'_>>,
        loops: &[(Arc<str>, Index)],
        out: &mut Vec<Instance>,
    ) {
        if !node.is_object() {
            if !node.is_null() {
                let fault = Fault::new(format!("a resource is an object, not {}", node.type_name()))
                    .with_hint("write `{\"type\": …, \"apiVersion\": …, \"name\": …}`");
                self.run.report_fault(self.file, node.span, fault.with_code("arm-template"));
            }
            return;
        }
        // Nothing can be added beyond the limit, so there is no use in unrolling further.
        if out.len() > self.run.context.limits.resources || loops.len() > 8 {
            return;
        }
        let Some(copy) = node.get("copy").filter(|copy| copy.is_object()) else {
            self.add_instance(symbol, node, env, parent, loops, None, out);
            return;
        };
        let name: Arc<str> =
            match copy.get("name").map(|name| env.text(self.file, name, "the name of a loop")) {
                Some(name) => name.as_str().unwrap_or_default().into(),
                None => symbol.clone().unwrap_or_else(|| "copy".into()),
            };
        let is_serial =
            copy.get("mode").and_then(Node::as_str).is_some_and(|mode| mode.eq_ignore_ascii_case("serial"));
        let batch_size = is_serial.then(|| {
            let Some(node) = copy.get("batchSize") else { return 1 };
            let Some(size) = env.value(self.file, node).as_int() else { return 1 };
            match usize::try_from(size) {
                Ok(size) if size > 0 => size,
                _ => {
                    let fault = Fault::new("a loop runs at least one iteration at a time")
                        .with_code("arm-template")
                        .with_hint("set `batchSize` to 1 or more");
                    self.run.report_fault(self.file, node.span, fault);
                    1
                }
            }
        });
        match env.count(self.file, copy) {
            Count::Known { count, is_given } => {
                for index in 0..count {
                    let inner = env.within(&name, Index::Known(index), true, is_given);
                    let mut loops = loops.to_vec();
                    loops.push((name.clone(), Index::Known(index)));
                    self.add_instance(symbol.clone(), node, &inner, parent, &loops, batch_size, out);
                }
            }
            Count::Unknown(count) => {
                let is_reported = count.as_symbolic().is_some_and(|s| s.reason().is_reported());
                if !is_reported {
                    let fault = Fault::new("how often this loop runs is only known at run time")
                        .with_code("arm-copy")
                        .with_hint("compute the count from parameters and variables");
                    self.run.report_fault(self.file, copy.span, fault);
                }
                // One resource stands for all iterations, so that its body is seen.
                let index = Index::Any(reason_in(&count).unwrap_or(Reason::Environment));
                let inner = env.within(&name, index.clone(), true, true);
                let mut loops = loops.to_vec();
                loops.push((name.clone(), index));
                let first = out.len();
                self.add_instance(symbol, node, &inner, parent, &loops, batch_size, out);
                for instance in &mut out[first..] {
                    if instance.condition == Condition::True {
                        instance.condition = Condition::Unknown(count.clone());
                    }
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one recursion step with all that surrounds it")]
    fn add_instance(
        &'t self,
        symbol: Option<Arc<str>>,
        node: &'t Node,
        env: &Env<'t>,
        parent: Option<&Parent<'_>>,
        loops: &[(Arc<str>, Index)],
        batch_size: Option<usize>,
        out: &mut Vec<Instance>,
    ) {
        let condition = match parent.map(|parent| parent.condition) {
            Some(Condition::False) => Condition::False,
            _ => self.condition(node, env),
        };
        let is_off = condition == Condition::False;
        let mark = self.run.mark();
        let Some((resource_type, name)) = self.type_and_name(node, env, parent) else { return };
        let api_version = node
            .get("apiVersion")
            .map(|version| env.text(self.file, version, "`apiVersion`"))
            .and_then(|version| version.as_str().map(Arc::from));
        let extension = node
            .get("import")
            .or_else(|| node.get("extension"))
            .and_then(Node::as_str)
            .filter(|name| !name.eq_ignore_ascii_case("az"))
            .map(Arc::from);
        let (scope_id, target) = self.resource_scope(node, env, &resource_type);
        let id =
            if extension.is_some() { name.clone() } else { self.id(node, &scope_id, &resource_type, &name) };
        if is_off {
            // What is wrong with a resource that is left out does not matter.
            self.run.forget_since(mark);
        }
        let is_deployment = eq_fold(&resource_type, "Microsoft.Resources/deployments");
        let instance = Instance {
            symbol,
            node_at: node.span.start,
            loops: loops.to_vec(),
            resource_type: resource_type.as_str().into(),
            name: name.clone(),
            id,
            api_version,
            scope_id,
            deployment_target: is_deployment.then_some(target),
            condition,
            is_existing: node
                .get("existing")
                .is_some_and(|existing| env.value(self.file, existing).as_bool() == Some(true)),
            batch_size,
            extension,
            has_given_loop: env.is_in_given_loop(),
        };
        out.push(instance);
        let children = node.get("resources").filter(|_| !is_deployment);
        let Some(children) = children else { return };
        let condition = out.last().map_or(Condition::True, |instance| instance.condition.clone());
        let own = Parent { resource_type: &resource_type, name: &name, condition: &condition };
        for child in children.items() {
            self.add_instances(None, child, env, Some(&own), loops, out);
        }
        for child in children.members() {
            self.add_instances(Some(child.key.clone()), &child.value, env, Some(&own), loops, out);
        }
    }

    fn condition(&self, node: &Node, env: &Env<'_>) -> Condition {
        let Some(condition) = node.get("condition") else { return Condition::True };
        let value = env.value(self.file, condition);
        match value.as_bool() {
            Some(true) => Condition::True,
            Some(false) => Condition::False,
            None => match value.as_str() {
                Some(text) if text.eq_ignore_ascii_case("true") => Condition::True,
                Some(text) if text.eq_ignore_ascii_case("false") => Condition::False,
                _ if value.as_symbolic().is_some() => Condition::Unknown(value),
                _ => {
                    let fault = Fault::new(format!("a condition is a boolean, not {}", value.type_name()));
                    let fault = fault.with_code("arm-condition");
                    let is_given = self.run.is_given(&value);
                    let reason = self.run.refuse(self.file, condition.span, fault, is_given);
                    Condition::Unknown(failed_because("condition", reason))
                }
            },
        }
    }

    fn type_and_name(
        &self,
        node: &Node,
        env: &Env<'_>,
        parent: Option<&Parent<'_>>,
    ) -> Option<(String, Value)> {
        let missing = |what: &str| {
            let fault = Fault::new(format!("the resource has no `{what}`"))
                .with_code("arm-template")
                .with_hint(format!("add `\"{what}\": …`"));
            self.run.report_fault(self.file, node.span, fault);
        };
        let Some(type_node) = node.get("type") else {
            missing("type");
            return None;
        };
        let resource_type = env.text(self.file, type_node, "`type`");
        let Some(resource_type) = resource_type.as_str() else {
            if resource_type.as_symbolic().is_some_and(|s| !s.reason().is_reported()) {
                let fault = Fault::new("the type of a resource must be known before the deployment")
                    .with_hint("write it out, or compute it from parameters and variables alone");
                self.run.report_fault(self.file, type_node.span, fault.with_code("arm-template"));
            }
            return None;
        };
        // Types of other extensions come with their version: `core/Service@v1`.
        let resource_type = resource_type.split('@').next().unwrap_or_default();
        let name = match node.get("name") {
            Some(name) => env.text(self.file, name, "`name`"),
            None if node.get("import").is_some() || node.get("extension").is_some() => {
                let properties = node.get("properties");
                let metadata = properties.and_then(|p| p.get("metadata")).and_then(|m| m.get("name"));
                let named = metadata.or_else(|| properties.and_then(|p| p.get("name")));
                named.map_or_else(|| "".into(), |name| env.value(self.file, name))
            }
            None => {
                missing("name");
                return None;
            }
        };
        let name = self.without_secret(node, name);
        Some(match parent {
            Some(parent) if is_whole_type(resource_type, parent.resource_type) => {
                // Some write the whole type and name in a nested child as well.
                (resource_type.to_owned(), name)
            }
            Some(parent) => {
                let origin = if self.run.is_given(&name) { name.origin() } else { parent.name.origin() };
                let full_name = concat(&[parent.name.clone(), "/".into(), name]).with_origin(origin);
                (format!("{}/{resource_type}", parent.resource_type), full_name)
            }
            None => (resource_type.to_owned(), name),
        })
    }

    /// A name that is computed from a secret stays unresolved: names and ids are shown everywhere, secrets nowhere.
    fn without_secret(&self, node: &Node, name: Value) -> Value {
        if !name.is_secure() || name.as_str().is_none() {
            return name;
        }
        let message = "the name of a resource is computed from a secret, and everybody who may read the resource sees it";
        let hint = "name it by a parameter that is no secret; here the name stays `***`";
        let span = node.get("name").map_or(node.span, |name| name.span);
        self.run.report(self.file, span, Diagnostic::warning("arm-secret-name", message).with_hint(hint));
        let origin = name.origin();
        let hidden = crate::expression::Expression::of(name);
        Value::symbolic(Symbolic::new(hidden, Reason::SecretName)).with_origin(origin)
    }

    fn id(&self, node: &Node, scope_id: &Value, resource_type: &str, name: &Value) -> Value {
        let types = resource_type.split('/').count() - 1;
        if types == 0 {
            let fault = Fault::new(format!("`{resource_type}` is not a resource type"))
                .with_hint("write it like `Microsoft.Web/sites`");
            let span = node.get("type").map_or(node.span, |node| node.span);
            self.run.report_fault(self.file, span, fault.with_code("arm-template"));
            return failed("id");
        }
        let Some(text) = name.as_str() else {
            if types == 1 || name.as_symbolic().is_some_and(|s| *s.reason() == Reason::Error) {
                return resource_id(scope_id, resource_type, std::slice::from_ref(name));
            }
            let call = crate::expression::Expression::call(
                "resourceId",
                vec![
                    crate::expression::Expression::literal(resource_type.into()),
                    crate::expression::Expression::of(name.clone()),
                ],
            );
            let reason = name.as_symbolic().map_or(Reason::Environment, |s| s.reason().clone());
            return Value::symbolic(Symbolic::new(call, reason));
        };
        let names: Vec<Value> = text.split('/').map(Value::from).collect();
        if names.len() != types {
            let fault = Fault::new(format!(
                "the name `{}` has {} segment{}, and the type `{resource_type}` needs {types}",
                if name.is_secure() { crate::value::REDACTED } else { text },
                names.len(),
                if names.len() == 1 { "" } else { "s" }
            ))
            .with_code("arm-name-segments")
            .with_hint("a child is named `parent/child`, one segment for each segment of its type");
            let span = node.get("name").map_or(node.span, |node| node.span);
            self.run.refuse(self.file, span, fault, self.run.is_given(name));
        }
        if names.iter().any(|name| name.as_str().is_some_and(str::is_empty)) {
            let fault = Fault::new("the name of the resource is empty, or has an empty segment");
            let span = node.get("name").map_or(node.span, |node| node.span);
            let fault = fault.with_code("arm-name-segments");
            self.run.refuse(self.file, span, fault, self.run.is_given(name));
        }
        resource_id(scope_id, resource_type, &names)
    }

    /// The surroundings of an instance's body.
    pub(crate) fn env_of(&'t self, instance: &Instance) -> Env<'t> {
        let mut env = Env::new(self);
        for (name, index) in &instance.loops {
            env = env.within(name, index.clone(), true, instance.has_given_loop);
        }
        env
    }
}

/// Whether a nested child's type already begins with its parent's.
fn is_whole_type(child: &str, parent: &str) -> bool {
    child.get(..parent.len()).is_some_and(|head| eq_fold(head, parent))
        && child[parent.len()..].starts_with('/')
}
