//! State shared by all templates of one expansion: origins, diagnostics, limits.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use azimuth_diag::{Diagnostic, Place, Severity};

use super::context::Context;
use super::{EstateView, Loader};
use crate::advice;
use crate::expression::{Budget, Expression, ExpressionError, Fault, any_part, parse};
use crate::json::{Node, NodeKind, Source, Span};
use crate::origin::{FileId, Origins, Read};
use crate::value::{Reason, Value};

pub(crate) struct Run<'a> {
    pub(crate) context: &'a Context,
    pub(crate) loader: &'a dyn Loader,
    pub(crate) estate: &'a dyn EstateView,
    pub(crate) budget: Budget,
    pub(crate) origins: RefCell<Origins>,
    /// What `environment()` returns.
    pub(crate) environment: OnceCell<Value>,
    /// Deployments expanded so far.
    pub(crate) deployments: Cell<usize>,
    /// Bytes of expanded resources so far.
    bytes: Cell<u64>,
    /// Parameter files: their text is never underlined, as secrets may stand on the same line.
    parameter_files: RefCell<Vec<FileId>>,
    /// Each with whether it says that the service would refuse the values given.
    diagnostics: RefCell<Vec<(Diagnostic, bool)>>,
    /// By file name, as a file that is linked several times is read several times.
    reported: RefCell<HashSet<(String, u32, String)>>,
    parsed: RefCell<HashMap<(FileId, u32), Rc<Expression>>>,
    /// What the expressions being evaluated have read so far, innermost last.
    reads: RefCell<Vec<Vec<Read>>>,
}

/// Most things remembered of what one expression read.
const MAX_READS: usize = 64;

impl<'a> Run<'a> {
    pub(crate) fn new(context: &'a Context, loader: &'a dyn Loader, estate: &'a dyn EstateView) -> Self {
        Self {
            context,
            loader,
            estate,
            budget: Budget::new(&context.limits),
            origins: RefCell::default(),
            environment: OnceCell::new(),
            deployments: Cell::new(0),
            bytes: Cell::new(0),
            parameter_files: RefCell::default(),
            diagnostics: RefCell::default(),
            reported: RefCell::default(),
            parsed: RefCell::default(),
            reads: RefCell::default(),
        }
    }

    pub(crate) fn add_file(&self, source: &Arc<Source>) -> FileId {
        self.origins.borrow_mut().add_file(source)
    }

    /// As [`Run::add_file`], for a file of which diagnostics must not show any text.
    pub(crate) fn add_parameter_file(&self, source: &Arc<Source>) -> FileId {
        let file = self.add_file(source);
        self.parameter_files.borrow_mut().push(file);
        file
    }

    pub(crate) fn source(&self, file: FileId) -> Arc<Source> {
        self.origins.borrow().source(file).clone()
    }

    /// The parsed expression of a string node.
    pub(crate) fn expression(
        &self,
        file: FileId,
        span: Span,
        text: &str,
    ) -> Result<Rc<Expression>, ExpressionError> {
        if let Some(known) = self.parsed.borrow().get(&(file, span.start)) {
            return Ok(known.clone());
        }
        let expression = Rc::new(parse(text)?);
        self.parsed.borrow_mut().insert((file, span.start), expression.clone());
        Ok(expression)
    }

    /// Does `work` and returns what it read, which also counts as read by whatever asked for it.
    pub(crate) fn reading<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<Read>) {
        self.reads.borrow_mut().push(Vec::new());
        let out = work();
        let reads = self.reads.borrow_mut().pop().unwrap_or_default();
        self.note_reads(&reads);
        (out, reads)
    }

    /// As [`Run::reading`], but what was read stays with `work`.
    pub(crate) fn reading_apart<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<Read>) {
        self.reads.borrow_mut().push(Vec::new());
        let out = work();
        let reads = self.reads.borrow_mut().pop().unwrap_or_default();
        (out, reads)
    }

    pub(crate) fn note_reads(&self, reads: &[Read]) {
        if let Some(top) = self.reads.borrow_mut().last_mut() {
            for read in reads {
                if top.len() < MAX_READS && !top.contains(read) {
                    top.push(read.clone());
                }
            }
        }
    }

    pub(crate) fn note_read(&self, read: &Read) {
        self.note_reads(std::slice::from_ref(read));
    }

    /// Counts an expanded value against the limit of the whole expansion.
    pub(crate) fn count_bytes(&self, value: &Value) -> Result<(), Fault> {
        let bytes = self.bytes.get().saturating_add(value.summary().size);
        self.bytes.set(bytes);
        if bytes > self.context.limits.expansion_bytes {
            let limit = self.context.limits.expansion_bytes;
            return Err(Fault::limit(format!("the expanded resources grow beyond {limit} bytes")));
        }
        Ok(())
    }

    /// Reports a fault of an expression at its part of a string node.
    pub(crate) fn report_in_string(&self, file: FileId, node: Span, error: &ExpressionError) {
        let span = self.source(file).inside_string(node, error.span);
        self.report_fault(file, span, fault_of(error));
    }

    /// As [`Run::report_in_string`], for a fault that other values given may avoid; whether it is no error.
    pub(crate) fn refuse_in_string(&self, file: FileId, node: Span, error: &ExpressionError) -> bool {
        let span = self.source(file).inside_string(node, error.span);
        self.refuse(file, span, fault_of(error), true) == Reason::Refused
    }

    /// Reports a fault that makes the service refuse the deployment. If it depends on values given from outside it is
    /// a warning, unless they are final. Returns why what it spoils is not known.
    pub(crate) fn refuse(&self, file: FileId, span: Span, fault: Fault, is_given: bool) -> Reason {
        if !is_given || self.context.is_strict {
            self.report_fault(file, span, fault);
            return Reason::Error;
        }
        let message = format!("{}; the service would refuse this with the values at hand", fault.message);
        let mut diagnostic = Diagnostic::warning(fault.code, message);
        diagnostic.hint = fault.hint;
        self.add(file, span, diagnostic, true);
        Reason::Refused
    }

    /// Whether a value is known to depend on values given from outside the template.
    pub(crate) fn is_given(&self, value: &Value) -> bool {
        self.origins.borrow().is_given(value.origin())
    }

    /// As [`Run::is_given`], parts included.
    pub(crate) fn holds_given(&self, value: &Value) -> bool {
        any_part(value, |part| self.is_given(part))
    }

    pub(crate) fn report_fault(&self, file: FileId, span: Span, fault: Fault) {
        let mut diagnostic = Diagnostic::error(fault.code, fault.message);
        diagnostic.hint = fault.hint;
        self.report(file, span, diagnostic);
    }

    /// Reports a diagnostic once per place and message.
    pub(crate) fn report(&self, file: FileId, span: Span, diagnostic: Diagnostic) {
        self.add(file, span, diagnostic, false);
    }

    fn add(&self, file: FileId, span: Span, mut diagnostic: Diagnostic, is_refusal: bool) {
        if diagnostic.hint.is_none() && (is_refusal || diagnostic.severity == Severity::Error) {
            diagnostic.hint = Some(advice::general(diagnostic.code).to_owned());
        }
        let source = self.source(file);
        let key = (source.file().to_owned(), span.start, diagnostic.message.clone());
        if self.diagnostics.borrow().len() >= self.context.limits.diagnostics
            || !self.reported.borrow_mut().insert(key)
        {
            return;
        }
        let mut place = Place { path: path_of(source.root(), span), ..source.place(span) };
        if self.parameter_files.borrow().contains(&file) {
            place.span = None;
        }
        self.diagnostics.borrow_mut().push((diagnostic.at(place), is_refusal));
    }

    /// How many diagnostics there are; with [`Run::forget_since`] for attempts whose faults do not matter.
    pub(crate) fn mark(&self) -> usize {
        self.diagnostics.borrow().len()
    }

    pub(crate) fn forget_since(&self, mark: usize) {
        self.diagnostics.borrow_mut().truncate(mark);
    }

    /// The origins, the diagnostics, and how many of these are refusals.
    pub(crate) fn finish(self) -> (Origins, Vec<Diagnostic>, usize) {
        let diagnostics = self.diagnostics.into_inner();
        let refusals = diagnostics.iter().filter(|(_, is_refusal)| *is_refusal).count();
        let diagnostics = diagnostics.into_iter().map(|(diagnostic, _)| diagnostic).collect();
        (self.origins.into_inner(), diagnostics, refusals)
    }
}

fn fault_of(error: &ExpressionError) -> Fault {
    let ExpressionError { code, message, hint, .. } = error.clone();
    Fault { code, message, hint, argument: None }
}

/// The JSON path of the innermost value that holds `span`.
fn path_of(root: &Node, span: Span) -> Option<String> {
    let mut path = "$".to_owned();
    let mut node = root;
    for _ in 0..256 {
        let next = match &node.kind {
            NodeKind::Object(members) => members
                .iter()
                .find(|member| member.key_span.start <= span.start && span.end <= member.value.span.end)
                .map(|member| {
                    let is_plain = member.key.chars().all(|c| c.is_alphanumeric() || c == '_');
                    let step =
                        if is_plain { format!(".{}", member.key) } else { format!("['{}']", member.key) };
                    (step, &member.value)
                }),
            NodeKind::Array(items) => items
                .iter()
                .enumerate()
                .find(|(_, item)| item.span.start <= span.start && span.end <= item.span.end)
                .map(|(index, item)| (format!("[{index}]"), item)),
            _ => None,
        };
        let Some((step, inner)) = next else { break };
        path.push_str(&step);
        node = inner;
    }
    (path.len() > 1).then_some(path)
}
