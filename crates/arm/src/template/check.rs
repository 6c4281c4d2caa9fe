//! Faults in expressions that nothing evaluated: unread variables, resources that are left out.
//!
//! The deployment service refuses a template for them all the same.

use super::declare::Scope;
use super::environment::Env;
use crate::expression::{Call, Expression, ExpressionKind, Host, is_expression, unknown_function};
use crate::functions;
use crate::json::{Node, NodeKind};

impl<'t> Scope<'t> {
    /// Checks syntax and function names of everything that the expansion did not come to.
    pub(crate) fn check_unread(&'t self, skipped: &[u32]) {
        self.check_structure();
        for node in self.unread_variables() {
            self.check_node(node);
        }
        for start in skipped {
            if let Some(node) = self.node_at(*start) {
                self.check_node(node);
            }
        }
    }

    fn check_node(&'t self, node: &Node) {
        match &node.kind {
            NodeKind::String(text) if is_expression(text) => {
                let parsed = self.run.expression(self.file, node.span, text);
                let error = match parsed {
                    Ok(expression) => self.unknown_call(&expression),
                    Err(error) => Some(error),
                };
                if let Some(error) = error {
                    self.run.report_in_string(self.file, node.span, &error);
                }
            }
            NodeKind::Array(items) => items.iter().for_each(|item| self.check_node(item)),
            // A nested template is a template of its own: its expressions may be meant for later.
            NodeKind::Object(members) => {
                let inner = members.iter().filter(|member| !member.key.eq_ignore_ascii_case("template"));
                inner.for_each(|member| self.check_node(&member.value));
            }
            _ => {}
        }
    }

    /// The first call of a function that does not exist.
    fn unknown_call(&'t self, expression: &Expression) -> Option<crate::expression::ExpressionError> {
        match &expression.kind {
            ExpressionKind::Literal(_) => None,
            ExpressionKind::Member { base, .. } => self.unknown_call(base),
            ExpressionKind::Index { base, index, .. } => {
                self.unknown_call(base).or_else(|| self.unknown_call(index))
            }
            ExpressionKind::Call(call) => {
                if !self.is_known(call) {
                    let own = Env::new(self).function_names();
                    return Some(unknown_function(call, functions::names().map(str::to_owned).chain(own)));
                }
                call.arguments.iter().find_map(|argument| self.unknown_call(argument))
            }
        }
    }

    fn is_known(&'t self, call: &Call) -> bool {
        match &call.namespace {
            Some(namespace) => {
                let key = format!("{namespace}.{}", call.name);
                self.lexical().functions.contains_key(&*azimuth_ids::fold(&key))
            }
            None => call.builtin.is_some() || (call.key.starts_with("list") && call.key.len() > 4),
        }
    }
}
