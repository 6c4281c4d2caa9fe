//! Copy loops of properties, variables and outputs.

use std::sync::Arc;

use super::environment::{Env, Index, failed, failed_because};
use super::target::symbolic_call;
use crate::expression::{Fault, reason_in};
use crate::json::{Member, Node, NodeKind};
use crate::origin::FileId;
use crate::value::{Kind, Object, Reason, Value};

/// The loops of a member `"copy": [{"name", "count", "input"}, …]`; `None` if the member is none.
pub(crate) fn property_loops(member: &Member) -> Option<&[Node]> {
    if !member.key.eq_ignore_ascii_case("copy") {
        return None;
    }
    let NodeKind::Array(entries) = &member.value.kind else { return None };
    let is_loop = |entry: &Node| ["name", "count", "input"].iter().all(|name| entry.get(name).is_some());
    (!entries.is_empty() && entries.iter().all(is_loop)).then_some(entries)
}

impl Env<'_> {
    /// Unrolls one property loop into a member of `out`.
    pub(crate) fn property_loop(&self, file: FileId, entry: &Node, out: &mut Object) {
        let Some(name) = entry.get("name") else { return };
        let name = self.text(file, name, "the name of a loop");
        let Kind::String(name) = name.kind() else { return };
        let value = self.unrolled(file, entry, name, false);
        out.set(name.clone(), value);
    }

    /// The array that the loop `{count, input}` makes.
    pub(crate) fn unrolled(&self, file: FileId, entry: &Node, name: &Arc<str>, is_default: bool) -> Value {
        let Some(input) = entry.get("input") else {
            let fault = Fault::new("the loop has no `input`")
                .with_code("arm-copy")
                .with_hint("add `\"input\"`: what each iteration yields");
            self.scope.run.report_fault(file, entry.span, fault);
            return failed("loop");
        };
        match self.count(file, entry) {
            Count::Known { count, is_given } => {
                let mut items = Vec::new();
                for index in 0..count {
                    if self.scope.run.budget.is_spent() {
                        return failed("loop");
                    }
                    items.push(
                        self.within(name, Index::Known(index), is_default, is_given).value(file, input),
                    );
                }
                let items = Value::array(items);
                if !is_given {
                    return items;
                }
                let origin = self.origin(file, entry.span);
                self.scope.run.origins.borrow_mut().mark_given(origin);
                items.with_origin(origin)
            }
            Count::Unknown(count) => {
                let reason = reason_in(&count).unwrap_or(Reason::Environment);
                symbolic_call("copy", vec![Value::string(name.clone()), count], reason)
            }
        }
    }

    /// How often a loop runs; reports what is wrong with its count.
    pub(crate) fn count(&self, file: FileId, entry: &Node) -> Count {
        let Some(node) = entry.get("count") else {
            let fault = Fault::new("the loop has no `count`")
                .with_code("arm-copy")
                .with_hint("add `\"count\"`: how often it runs");
            self.scope.run.report_fault(file, entry.span, fault);
            return Count::Unknown(failed("loop"));
        };
        let value = self.value(file, node);
        let run = self.scope.run;
        let is_given = run.is_given(&value);
        let limit = run.context.limits.copy_count;
        match value.as_int() {
            Some(count) if (0..=limit).contains(&count) => Count::Known { count, is_given },
            Some(count) => {
                let fault = if count < 0 {
                    Fault::new(format!("the count of a loop is not negative, and here it is {count}"))
                        .with_code("arm-copy")
                        .with_hint(format!("write a count of 0 to {limit}; `max(0, …)` keeps it there"))
                } else {
                    Fault::limit(format!("the loop runs {count} times; the limit is {limit}"))
                        .with_hint("spread it over several loops or nested deployments")
                };
                Count::Unknown(failed_because("loop", run.refuse(file, node.span, fault, is_given)))
            }
            None if value.as_symbolic().is_some() => Count::Unknown(value),
            None => {
                let fault =
                    Fault::new(format!("the count of a loop is an integer, not {}", value.type_name()))
                        .with_hint("write a number, or an expression such as `[length(…)]`");
                let reason = run.refuse(file, node.span, fault.with_code("arm-copy"), is_given);
                Count::Unknown(failed_because("loop", reason))
            }
        }
    }
}

/// How often a loop runs.
pub(crate) enum Count {
    /// `is_given` if it depends on values given from outside.
    Known { count: i64, is_given: bool },
    /// The count as a symbolic value.
    Unknown(Value),
}
