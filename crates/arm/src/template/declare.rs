//! What one template declares: parameters, variables, functions, resources.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use azimuth_ids::fold;

use super::environment::{Env, Mode, failed};
use super::instances::Instance;
use super::nested::Nested;
use super::run::Run;
use super::target::symbolic_call;
use super::{Target, types};
use crate::expression::Fault;
use crate::json::{Node, NodeKind, Span};
use crate::origin::{FileId, FrameId, OriginId, Read};
use crate::suggest::did_you_mean;
use crate::value::{Reason, Value};

/// One template being expanded.
pub(crate) struct Scope<'t> {
    pub(crate) run: &'t Run<'t>,
    pub(crate) file: FileId,
    pub(crate) root: &'t Node,
    pub(crate) target: Target,
    pub(crate) name: Value,
    pub(crate) location: Option<Value>,
    pub(crate) frame: FrameId,
    /// What a surrounding template says of the resource group deployed to, if it creates it: location, tags.
    pub(crate) group: Option<Value>,
    /// Levels of deployments around this one.
    pub(crate) depth: usize,
    /// What this template is deployed with, and those around it.
    pub(crate) lineage: Arc<Lineage>,
    /// How often its strings were taken as text by templates around it, which evaluated them: `[[` loses a bracket
    /// each time.
    pub(crate) unescaped: usize,
    pub(crate) has_symbolic_names: bool,
    pub(crate) parameters: HashMap<String, Parameter<'t>>,
    pub(crate) variables: HashMap<String, Variable<'t>>,
    pub(crate) functions: HashMap<String, UserFunction<'t>>,
    /// Where expressions of this template are evaluated, if not in itself: nested with outer scope.
    pub(crate) outer: Option<Env<'t>>,
    /// What `deployment()` returns, which holds the whole template.
    pub(crate) deployment: OnceCell<Value>,
    pub(crate) instances: RefCell<Option<Rc<Vec<Instance>>>>,
    pub(crate) is_indexing: Cell<bool>,
    pub(crate) nested: RefCell<HashMap<usize, Nested>>,
    /// If expressions are evaluated outside: the ids that those of its resources refer to.
    pub(crate) outer_references: RefCell<Vec<Read>>,
}

pub(crate) struct Parameter<'t> {
    pub(crate) name: Arc<str>,
    pub(crate) node: &'t Node,
    pub(crate) key_span: Span,
    pub(crate) supplied: Option<Value>,
    memo: RefCell<Memo>,
}

pub(crate) struct Variable<'t> {
    name: Arc<str>,
    node: &'t Node,
    is_loop: bool,
    memo: RefCell<Memo>,
}

pub(crate) struct UserFunction<'t> {
    pub(crate) full_name: Arc<str>,
    pub(crate) node: &'t Node,
}

enum Memo {
    Empty,
    Busy,
    Done(Value, Arc<[Read]>),
}

/// What a template is deployed with.
pub(crate) struct Deployment<'t> {
    pub(crate) file: FileId,
    pub(crate) root: &'t Node,
    pub(crate) target: Target,
    pub(crate) name: Value,
    pub(crate) location: Option<Value>,
    pub(crate) group: Option<Value>,
    pub(crate) frame: FrameId,
    pub(crate) depth: usize,
    /// That of the template around, if any.
    pub(crate) lineage: Option<Arc<Lineage>>,
    pub(crate) unescaped: usize,
    pub(crate) outer: Option<Env<'t>>,
    /// Values by parameter name, with the place of each.
    pub(crate) supplied: Vec<(Arc<str>, Value, FileId, Span)>,
}

/// A deployed template and its values, with the deployments around it.
pub(crate) struct Lineage {
    pub(crate) file: String,
    pub(crate) target: Target,
    pub(crate) supplied: Vec<(Arc<str>, Value)>,
    pub(crate) parent: Option<Arc<Lineage>>,
}

impl<'t> Scope<'t> {
    pub(crate) fn new(run: &'t Run<'t>, deployment: Deployment<'t>) -> Self {
        let Deployment { file, root, target, name, location, group, frame, depth, .. } = deployment;
        let Deployment { lineage: parent, unescaped, outer, supplied, .. } = deployment;
        let lineage = Arc::new(Lineage {
            file: run.source(file).file().to_owned(),
            target: target.clone(),
            supplied: supplied.iter().map(|(name, value, ..)| (name.clone(), value.clone())).collect(),
            parent,
        });
        let language = root.get("languageVersion").and_then(Node::as_str).unwrap_or("1.0");
        let resources = root.get("resources");
        let mut scope = Self {
            run,
            file,
            root,
            target,
            name,
            location,
            group,
            frame,
            depth,
            lineage,
            unescaped,
            has_symbolic_names: resources.is_some_and(Node::is_object) || !language.starts_with('1'),
            parameters: HashMap::new(),
            variables: HashMap::new(),
            functions: HashMap::new(),
            outer,
            deployment: OnceCell::new(),
            instances: RefCell::new(None),
            is_indexing: Cell::new(false),
            nested: RefCell::default(),
            outer_references: RefCell::default(),
        };
        scope.declare_parameters(supplied);
        scope.declare_variables();
        scope.declare_functions();
        scope.check_counts();
        scope
    }

    /// A section of the template that should be an object.
    fn section(&self, name: &str) -> &'t [crate::json::Member] {
        let root: &'t Node = self.root;
        match root.get(name) {
            Some(node) if !node.is_object() && !node.is_null() && !node.items().is_empty() => {
                let fault = Fault::new(format!("`{name}` is an object, not {}", node.type_name()))
                    .with_hint(format!("write `\"{name}\": {{…}}`"));
                self.run.report_fault(self.file, node.span, fault.with_code("arm-template"));
                &[]
            }
            Some(node) => node.members(),
            None => &[],
        }
    }

    fn declare_parameters(&mut self, supplied: Vec<(Arc<str>, Value, FileId, Span)>) {
        for member in self.section("parameters") {
            let parameter = Parameter {
                name: member.key.clone(),
                node: &member.value,
                key_span: member.key_span,
                supplied: None,
                memo: RefCell::new(Memo::Empty),
            };
            self.parameters.insert(fold(&member.key).into_owned(), parameter);
        }
        for (name, value, file, span) in supplied {
            match self.parameters.get_mut(&*fold(&name)) {
                Some(parameter) => parameter.supplied = Some(value),
                None => {
                    let known = self.parameters.values().map(|parameter| &*parameter.name);
                    let fault = Fault::new(format!("the template has no parameter `{name}`"))
                        .with_code("arm-unknown-parameter");
                    let fault = match did_you_mean(&name, known) {
                        Some(near) => fault.with_hint(format!("did you mean `{near}`?")),
                        None => fault.with_hint("remove the value or declare the parameter"),
                    };
                    self.run.report_fault(file, span, fault);
                }
            }
        }
    }

    fn declare_variables(&mut self) {
        for member in self.section("variables") {
            if let Some(loops) = super::copy::property_loops(member) {
                for entry in loops {
                    if let Some(name) = entry.get("name").and_then(Node::as_str) {
                        let memo = RefCell::new(Memo::Empty);
                        let variable = Variable { name: name.into(), node: entry, is_loop: true, memo };
                        self.variables.insert(fold(name).into_owned(), variable);
                    }
                }
                continue;
            }
            let memo = RefCell::new(Memo::Empty);
            let variable = Variable { name: member.key.clone(), node: &member.value, is_loop: false, memo };
            self.variables.insert(fold(&member.key).into_owned(), variable);
        }
    }

    fn declare_functions(&mut self) {
        let root: &'t Node = self.root;
        for group in root.get("functions").map(Node::items).unwrap_or_default() {
            let namespace = group.get("namespace").and_then(Node::as_str).unwrap_or_default();
            for member in group.get("members").map(Node::members).unwrap_or_default() {
                let full_name: Arc<str> = format!("{namespace}.{}", member.key).into();
                let key = fold(&full_name).into_owned();
                self.functions.insert(key, UserFunction { full_name, node: &member.value });
            }
        }
    }

    fn check_counts(&self) {
        let limits = &self.run.context.limits;
        let outputs = self.root.get("outputs").map_or(0, |node| node.members().len());
        for (name, count, limit) in [
            ("parameters", self.parameters.len(), limits.parameters),
            ("variables", self.variables.len(), limits.variables),
            ("outputs", outputs, limits.outputs),
        ] {
            if count > limit {
                let span = self.root.member(name).map_or(self.root.span, |member| member.key_span);
                let fault = Fault::limit(format!("the template has {count} {name}; the limit is {limit}"));
                self.run.report_fault(self.file, span, fault);
            }
        }
    }

    /// The template in which expressions here are evaluated.
    pub(crate) fn lexical(&'t self) -> &'t Scope<'t> {
        let mut scope = self;
        while let Some(outer) = &scope.outer {
            scope = outer.scope;
        }
        scope
    }

    /// Evaluates every parameter, so that missing and invalid ones are reported even if nothing reads them.
    pub(crate) fn check_parameters(&'t self) {
        let mut parameters: Vec<_> = self.parameters.values().collect();
        parameters.sort_by_key(|parameter| parameter.key_span);
        for parameter in parameters {
            if let Err(fault) = self.parameter(&parameter.name) {
                self.run.report_fault(self.file, parameter.key_span, fault);
            }
        }
    }

    /// The value of a parameter.
    pub(crate) fn parameter(&'t self, name: &str) -> Result<Value, Fault> {
        let Some(parameter) = self.parameters.get(&*fold(name)) else {
            let known = self.parameters.values().map(|parameter| &*parameter.name);
            return Err(self.unknown("parameter", name, known));
        };
        let what = format!("the parameter `{}`", parameter.name);
        let (value, reads) = memoised(&parameter.memo, self.run, &what, || self.parameter_value(parameter))?;
        self.run.note_read(&Read::Parameter(parameter.name.clone(), value.origin()));
        self.run.note_reads(&reads);
        Ok(value)
    }

    fn parameter_value(&'t self, parameter: &'t Parameter<'t>) -> Value {
        let value = match (&parameter.supplied, parameter.node.get("defaultValue")) {
            // Null for a parameter with a default asks for the default.
            (Some(value), None) => value.clone(),
            (Some(value), Some(_)) if !value.is_null() => value.clone(),
            (_, Some(default)) => {
                let env = Env { mode: Mode::ParameterDefault(&parameter.name), ..Env::new(self) };
                env.value(self.file, default)
            }
            (None, None) if types::is_nullable(parameter.node, self.root) => Value::NULL,
            (None, None) => {
                if let Some((span, problem)) = types::faulty_declaration(parameter.node, self.root) {
                    let fault = Fault::new(format!("the parameter `{}`: {problem}", parameter.name))
                        .with_code("arm-parameter-type")
                        .with_hint("write a type such as `string`, or refer to one under `definitions`");
                    self.run.report_fault(self.file, span, fault);
                }
                let fault = Fault::new(format!("the parameter `{}` has no value", parameter.name))
                    .with_code("arm-missing-parameter")
                    .with_hint("give it a value in the parameter file, or a `defaultValue`");
                self.run.report_fault(self.file, parameter.key_span, fault);
                let name = Value::string(parameter.name.clone());
                let missing = symbolic_call("parameters", vec![name], Reason::MissingParameter);
                return types::secured(missing, parameter.node, self.root);
            }
        };
        let is_default = parameter.supplied.is_none();
        types::check_parameter(self, parameter, &value, is_default);
        types::secured(value, parameter.node, self.root)
    }

    /// The value of a variable.
    pub(crate) fn variable(&'t self, name: &str) -> Result<Value, Fault> {
        let Some(variable) = self.variables.get(&*fold(name)) else {
            let known = self.variables.values().map(|variable| &*variable.name);
            return Err(self.unknown("variable", name, known));
        };
        let what = format!("the variable `{}`", variable.name);
        let (value, reads) = memoised(&variable.memo, self.run, &what, || {
            let env = Env { loops: None, ..Env::new(self) };
            if variable.is_loop {
                let origin = self.node_origin(variable.node.span);
                let value = env.unrolled(self.file, variable.node, &variable.name, true);
                if value.origin() == OriginId::NONE { value.with_origin(origin) } else { value }
            } else {
                env.value(self.file, variable.node)
            }
        })?;
        self.run.note_read(&Read::Variable(variable.name.clone(), value.origin()));
        self.run.note_reads(&reads);
        Ok(value)
    }

    fn unknown<'a>(&self, what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Fault {
        let fault = Fault::new(format!("the template has no {what} `{name}`")).about(0);
        let fault = fault.with_code(if what == "parameter" {
            "arm-unknown-parameter"
        } else {
            "arm-unknown-variable"
        });
        match did_you_mean(name, known) {
            Some(near) => fault.with_hint(format!("did you mean `{near}`?")),
            None if self.depth > 0 && self.outer.is_none() => fault.with_hint(format!(
                "a template deployed by another does not see its names: pass the value as a parameter, or declare the {what}"
            )),
            None => fault,
        }
    }

    /// The definitions of variables that nothing has read.
    pub(crate) fn unread_variables(&self) -> impl Iterator<Item = &'t Node> {
        let unread = |variable: &&Variable<'t>| matches!(*variable.memo.borrow(), Memo::Empty);
        self.variables.values().filter(unread).map(|variable| variable.node)
    }

    pub(crate) fn node_origin(&self, span: Span) -> OriginId {
        self.run.origins.borrow_mut().add(self.file, span, self.frame, None)
    }

    /// The declarations of resources: symbolic name and node.
    pub(crate) fn resource_nodes(&self) -> Vec<(Option<Arc<str>>, &'t Node)> {
        let root: &'t Node = self.root;
        match root.get("resources") {
            None => Vec::new(),
            Some(node) => match &node.kind {
                NodeKind::Array(items) => items.iter().map(|item| (None, item)).collect(),
                NodeKind::Object(members) => {
                    members.iter().map(|member| (Some(member.key.clone()), &member.value)).collect()
                }
                NodeKind::Null => Vec::new(),
                _ => {
                    let fault =
                        Fault::new(format!("`resources` is an array or object, not {}", node.type_name()))
                            .with_hint("write `\"resources\": [ {…}, … ]`");
                    self.run.report_fault(self.file, node.span, fault.with_code("arm-template"));
                    Vec::new()
                }
            },
        }
    }
}

fn memoised(
    memo: &RefCell<Memo>,
    run: &Run<'_>,
    what: &str,
    work: impl FnOnce() -> Value,
) -> Result<(Value, Arc<[Read]>), Fault> {
    match &*memo.borrow() {
        Memo::Done(value, reads) => return Ok((value.clone(), reads.clone())),
        Memo::Busy => {
            return Err(Fault::new(format!("{what} depends on itself")).with_code("arm-cycle").about(0));
        }
        Memo::Empty => {}
    }
    if let Err(fault) = run.budget.enter() {
        return Err(fault.about(0));
    }
    *memo.borrow_mut() = Memo::Busy;
    let (value, reads) = run.reading_apart(work);
    run.budget.leave();
    let value = if value.summary().size > run.context.limits.value_bytes { failed(what) } else { value };
    let reads: Arc<[Read]> = reads.into();
    *memo.borrow_mut() = Memo::Done(value.clone(), reads.clone());
    Ok((value, reads))
}
