//! Nested and linked deployments.

use std::sync::Arc;

use azimuth_diag::Diagnostic;

use super::declare::{Deployment, Lineage, Scope};
use super::environment::Env;
use super::expand::Part;
use super::instances::{Condition, Instance};
use super::loader::Link;
use super::parameters::without_text;
use super::supplied::Supplied;
use crate::expression::Fault;
use crate::json::{Node, Source};
use crate::origin::{FileId, Read};
use crate::value::{Object, Value};

/// The expansion of one nested deployment.
pub(crate) enum Nested {
    /// It is being expanded; asking for its outputs now would be a circle.
    Busy,
    /// It is expanded: its outputs as `reference` shows them, its resources until they are collected, and what its
    /// expressions refer to if they are evaluated in the template around it.
    Done { outputs: Value, part: Option<Part>, references: Vec<Read> },
    /// Its template is not at hand.
    Missing,
}

/// Where a nested template comes from.
enum Template<'n> {
    Inline(FileId, &'n Node),
    Linked(Arc<Source>),
    Missing,
}

impl<'t> Scope<'t> {
    /// The outputs of the nested deployment at `at`: `{name: {type, value}}`.
    pub(crate) fn outputs_of(&'t self, at: usize) -> Option<Value> {
        self.expand_nested(at);
        match self.nested.borrow().get(&at) {
            Some(Nested::Done { outputs, .. }) => Some(outputs.clone()),
            _ => None,
        }
    }

    /// The resources of the nested deployment at `at`; `None` if its template is not at hand.
    pub(crate) fn take_nested(&'t self, at: usize) -> Option<Part> {
        self.expand_nested(at);
        match self.nested.borrow_mut().get_mut(&at) {
            Some(Nested::Done { part, .. }) => part.take(),
            _ => None,
        }
    }

    /// What the expressions within the nested deployment at `at` refer to, as far as they belong to this template.
    pub(crate) fn references_within(&self, at: usize) -> Vec<Read> {
        match self.nested.borrow().get(&at) {
            Some(Nested::Done { references, .. }) => references.clone(),
            _ => Vec::new(),
        }
    }

    /// Remembers what an expression of a template with outer scope refers to: the deployment depends on it.
    pub(crate) fn note_outer_references(&self, reads: &[Read]) {
        if self.outer.is_none() {
            return;
        }
        let mut known = self.outer_references.borrow_mut();
        for read in reads {
            if matches!(read, Read::Reference(_)) && !known.contains(read) {
                known.push(read.clone());
            }
        }
    }

    fn expand_nested(&'t self, at: usize) {
        if self.nested.borrow().contains_key(&at) {
            return;
        }
        let Some(instances) = self.instances() else { return };
        self.nested.borrow_mut().insert(at, Nested::Busy);
        let (state, _) = self.run.reading_apart(|| {
            if let Err(fault) = self.run.budget.enter() {
                self.run.report_fault(self.file, self.root.span, fault);
                return Nested::Missing;
            }
            let state = self.nested_at(&instances[at]);
            self.run.budget.leave();
            state
        });
        self.nested.borrow_mut().insert(at, state);
    }

    fn nested_at(&'t self, instance: &Instance) -> Nested {
        let Some(node) = self.node_at(instance.node_at) else { return Nested::Missing };
        let Some(properties) = node.get("properties") else { return Nested::Missing };
        let run = self.run;
        let limits = &run.context.limits;
        run.deployments.set(run.deployments.get() + 1);
        if run.deployments.get() > limits.deployments || self.depth >= limits.deployment_depth {
            let message = if self.depth >= limits.deployment_depth {
                format!("deployments are nested deeper than {} levels", limits.deployment_depth)
            } else {
                format!("there are more than {} nested deployments", limits.deployments)
            };
            run.report_fault(self.file, node.span, Fault::limit(message));
            return Nested::Missing;
        }
        if self.own_link(node).is_some() {
            // The check of the structure says so.
            return Nested::Missing;
        }
        let env = self.env_of(instance);
        self.check_mode(properties, &env);
        let template = self.template_of(properties, &env, instance);
        let (file, root) = match &template {
            Template::Inline(file, root) => (*file, *root),
            Template::Linked(source) => (run.add_file(source), source.root()),
            Template::Missing => return Nested::Missing,
        };
        let is_inner = self.is_inner(properties, &env);
        // A linked template never sees the linking one's names.
        let sees_outer = !is_inner && matches!(template, Template::Inline(..));
        let mut supplied = Supplied::new();
        if let Some(parameters) = properties.get("parameters") {
            supplied = self.supplied(&env, self.file, parameters);
        } else if let Some(link) = properties.get("parametersLink") {
            supplied = self.linked_parameters(&env, link);
        }
        let place = self.node_origin(node.span);
        let name: Arc<str> = instance.name.as_str().unwrap_or("(symbolic name)").into();
        let frame = run.origins.borrow_mut().deployment_frame(env.frame, name, place);
        let target = instance.deployment_target.clone().unwrap_or_else(|| self.target.clone());
        if let Template::Linked(source) = &template
            && self.is_endless(source, &target, &supplied)
        {
            let link = properties.get("templateLink").unwrap_or(node);
            let message = format!("`{}` deploys itself with the same values, without end", source.file());
            let is_certain = instance.condition == Condition::True;
            let new = if is_certain { Diagnostic::error } else { Diagnostic::warning };
            let hint = "link another file, or pass a value that a `condition` ends it by";
            run.report(self.file, link.span, new("arm-cycle", message).with_hint(hint));
            return Nested::Missing;
        }
        // Strings of a template within one that is evaluated outside were evaluated there before.
        let is_inline = matches!(template, Template::Inline(..));
        let unescaped = if is_inline { self.unescaped + usize::from(self.outer.is_some()) } else { 0 };
        let group = if target == self.target { self.group.clone() } else { self.group_created(&target) };
        let deployment = Deployment {
            file,
            root,
            target,
            group,
            name: instance.name.clone(),
            location: node.get("location").map(|location| env.value(self.file, location)),
            frame,
            depth: self.depth + 1,
            lineage: Some(self.lineage.clone()),
            unescaped,
            outer: sees_outer.then_some(env),
            supplied,
        };
        let inner = Scope::new(run, deployment);
        let ((part, outputs), reads) = run.reading_apart(|| inner.expand());
        inner.note_outer_references(&reads);
        let references = inner.outer_references.take();
        let members = outputs.into_iter().map(|output| {
            let members =
                [("type".into(), Value::string(output.type_name.as_str())), ("value".into(), output.value)];
            (Arc::from(output.name.as_str()), Value::object(members.into_iter().collect()))
        });
        let outputs = Value::object(members.collect::<Object>());
        Nested::Done { outputs, part: Some(part), references }
    }

    /// Whether a template is being expanded with the same values for the same scope already.
    fn is_endless(&self, source: &Source, target: &super::Target, supplied: &Supplied) -> bool {
        let is_same = |known: &Lineage| {
            known.file == source.file()
                && known.target == *target
                && known.supplied.len() == supplied.len()
                && known.supplied.iter().zip(supplied).all(|(a, b)| a.0 == b.0 && a.1 == b.1)
        };
        std::iter::successors(Some(&self.lineage), |known| known.parent.as_ref()).any(|known| is_same(known))
    }

    /// Location and tags of the resource group `target`, if this template creates it.
    fn group_created(&'t self, target: &super::Target) -> Option<Value> {
        let id = target.id();
        let id = id.as_str()?;
        let instances = self.instances()?;
        let instance = instances.iter().find(|instance| {
            !instance.is_existing && instance.id.as_str().is_some_and(|own| azimuth_ids::eq_fold(own, id))
        })?;
        let node = self.node_at(instance.node_at)?;
        let env = self.env_of(instance);
        let known = ["location", "tags"].into_iter().filter_map(|name| {
            let member = node.get(name)?;
            Some((Arc::from(name), env.value(self.file, member)))
        });
        Some(Value::object(known.collect()))
    }

    fn check_mode(&self, properties: &Node, env: &Env<'_>) {
        let Some(mode) = properties.get("mode") else { return };
        let value = env.value(self.file, mode);
        if value.as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("complete")) {
            let fault = Fault::new("nested and linked deployments cannot use complete mode")
                .with_code("arm-nested-mode")
                .with_hint("set `mode` to `Incremental`");
            self.run.report_fault(self.file, mode.span, fault);
        } else if let Some(text) = value.as_str()
            && !text.eq_ignore_ascii_case("incremental")
        {
            let fault = Fault::new(format!("there is no deployment mode `{text}`"))
                .with_code("arm-nested-mode")
                .with_hint("set `mode` to `Incremental`");
            self.run.refuse(self.file, mode.span, fault, self.run.is_given(&value));
        }
    }

    /// Whether the expressions of a nested template are evaluated within it; outside where nothing is said.
    fn is_inner(&self, properties: &Node, env: &Env<'_>) -> bool {
        let options = properties.get("expressionEvaluationOptions");
        let Some(scope) = options.and_then(|options| options.get("scope")) else { return false };
        let value = env.value(self.file, scope);
        let Some(text) = value.as_str() else { return false };
        if !["inner", "outer", "notspecified"].iter().any(|known| text.eq_ignore_ascii_case(known)) {
            let fault = Fault::new(format!("expressions are evaluated in no scope `{text}`"))
                .with_code("arm-template")
                .with_hint("write `inner` or `outer`");
            self.run.refuse(self.file, scope.span, fault, self.run.is_given(&value));
        }
        text.eq_ignore_ascii_case("inner")
    }

    fn template_of(&self, properties: &'t Node, env: &Env<'_>, instance: &Instance) -> Template<'t> {
        if let Some(template) = properties.get("template") {
            if template.is_object() {
                return Template::Inline(self.file, template);
            }
            let value = env.value(self.file, template);
            return self.computed_template(&value, template, instance);
        }
        let Some(link) = properties.get("templateLink") else {
            let fault = Fault::new("the deployment has neither `template` nor `templateLink`")
                .with_hint("add the `template` to deploy, or a `templateLink` to its file");
            self.run.report_fault(self.file, properties.span, fault.with_code("arm-template"));
            return Template::Missing;
        };
        match self.load(env, link) {
            Some(source) => Template::Linked(source),
            None => Template::Missing,
        }
    }

    /// A template that an expression yields.
    fn computed_template(&self, value: &Value, node: &Node, instance: &Instance) -> Template<'t> {
        if value.as_symbolic().is_some() {
            return Template::Missing;
        }
        if value.as_object().is_none() {
            let fault = Fault::new(format!("a template is an object, not {}", value.type_name()));
            self.run.report_fault(self.file, node.span, fault.with_code("arm-template"));
            return Template::Missing;
        }
        let name = format!("template of {}", instance.name.as_str().unwrap_or("a deployment"));
        match Source::parse(&name, &value.reveal().to_string()) {
            Ok(source) => Template::Linked(source),
            Err(diagnostic) => {
                self.run.report(self.file, node.span, *diagnostic);
                Template::Missing
            }
        }
    }

    /// Loads what a `templateLink` or `parametersLink` names.
    pub(super) fn load(&self, env: &Env<'_>, link: &Node) -> Option<Arc<Source>> {
        let text = |name: &str| {
            let value = env.value(self.file, link.get(name)?);
            value.as_str().map(str::to_owned)
        };
        let link_of = text("relativePath")
            .map(Link::RelativePath)
            .or_else(|| text("id").map(Link::TemplateSpec))
            .or_else(|| text("uri").map(Link::Uri));
        let from = self.run.source(self.file).file().to_owned();
        let missing = |message: String, hint: &str| {
            let diagnostic = Diagnostic::warning("arm-linked-template", message).with_hint(hint);
            self.run.report(self.file, link.span, diagnostic);
            None
        };
        let Some(wanted) = link_of else {
            return missing(
                "where the linked template lies is only known at run time".to_owned(),
                "its resources are not shown; use `relativePath` to have them checked",
            );
        };
        match self.run.loader.load(&from, &wanted) {
            Ok(loaded) => match Source::parse(&loaded.file, &loaded.text) {
                Ok(source) => Some(source),
                Err(inner) => {
                    // Its text may hold secrets if it is a parameter file.
                    let inner = without_text(inner);
                    let message = format!("the linked file cannot be read: {inner}");
                    let mut diagnostic = Diagnostic::error(inner.code, message);
                    diagnostic.hint.clone_from(&inner.hint);
                    self.run.report(self.file, link.span, diagnostic);
                    None
                }
            },
            Err(error) => missing(
                format!("the linked template is not at hand: {error}"),
                "its resources are not shown; say where it lies with `--link URI=PATH`, or correct the path",
            ),
        }
    }

    /// The node that starts at a byte of this template's file.
    pub(crate) fn node_at(&self, start: u32) -> Option<&'t Node> {
        let mut found = None;
        for (_, node) in self.resource_nodes() {
            if node.span.start <= start && start < node.span.end {
                found = Some(node);
                break;
            }
        }
        let mut node = found?;
        while node.span.start != start {
            let children = node.get("resources")?;
            let inner = children
                .items()
                .iter()
                .chain(children.members().iter().map(|member| &member.value))
                .find(|child| child.span.start <= start && start < child.span.end);
            node = inner?;
        }
        Some(node)
    }
}
