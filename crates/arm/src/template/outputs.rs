//! Outputs of a template.

use super::declare::Scope;
use super::environment::{Env, failed};
use super::expansion::Output;
use super::types;
use crate::expression::Fault;
use crate::json::Node;
use crate::value::Value;

impl<'t> Scope<'t> {
    /// The outputs whose condition is not false.
    pub(crate) fn outputs(&'t self) -> Vec<Output> {
        let root: &'t Node = self.root;
        let mut out = Vec::new();
        for member in root.get("outputs").map(Node::members).unwrap_or_default() {
            let env = Env::new(self);
            let node = &member.value;
            if let Some(condition) = node.get("condition") {
                let value = env.value(self.file, condition);
                if value.as_bool() == Some(false) {
                    continue;
                }
            }
            let value = if let Some(copy) = node.get("copy").filter(|copy| copy.is_object()) {
                env.unrolled(self.file, copy, &member.key, true)
            } else if let Some(value) = node.get("value") {
                env.value(self.file, value)
            } else {
                let fault = Fault::new(format!("the output `{}` has no `value`", member.key))
                    .with_hint("add `\"value\": …`, or a `copy`");
                self.run.report_fault(self.file, member.key_span, fault.with_code("arm-template"));
                failed("output")
            };
            let value = types::secured(value, node, root);
            self.check_output(node, &member.key, &value);
            if let Err(fault) = self.run.count_bytes(&value) {
                self.run.report_fault(self.file, node.span, fault);
                return out;
            }
            out.push(Output {
                name: member.key.to_string(),
                type_name: node.get("type").and_then(Node::as_str).unwrap_or("object").to_owned(),
                value,
            });
        }
        out
    }

    fn check_output(&self, node: &Node, name: &str, value: &Value) {
        let is_typed = node.get("type").is_some() || node.get("$ref").is_some();
        if !is_typed || value.is_null() {
            return;
        }
        if let Some(problem) = types::first_problem(value, node, self.root) {
            let fault = Fault::new(format!("the value of the output `{name}` does not fit: {problem}"));
            let span = node.get("value").map_or(node.span, |value| value.span);
            let fault = fault.with_code("arm-output-value");
            self.run.refuse(self.file, span, fault, self.run.holds_given(value));
        }
    }
}
