//! Decisions in words, for people, and in Azure's own error texts.

use std::fmt::Write as _;

use crate::check::{Cause, Decision, Open, Reason, Request, Verdict};
use crate::condition::Condition;
use crate::scope::Scope;

impl Decision<'_> {
    /// Why the decision is what it is: the deciding assignment with its scope, its condition, and what stays open.
    /// The first line stands alone.
    pub fn explain(&self, request: &Request<'_>) -> String {
        let asked = format!("`{}` at `{}`", request.action, request.scope);
        let who = request.principal;
        let mut text = match (self.verdict, &self.reason) {
            (_, Reason::DenyAssignment(deny)) => format!(
                "`{who}` may not do {asked}: the deny assignment `{}` at `{}` forbids it",
                deny.name, deny.scope
            ),
            (verdict, Reason::RoleAssignment { assignment, role }) => {
                let may = if verdict == Verdict::Allowed { "may" } else { "may, unless denied," };
                let via = if assignment.principal_id.eq_ignore_ascii_case(who) {
                    String::new()
                } else {
                    format!(" through the group `{}`", assignment.principal_id)
                };
                format!("`{who}` {may} do {asked}: the role `{}` at `{}`{via}", role.name, assignment.scope)
            }
            (_, Reason::NoRoleAssignment) => {
                format!("`{who}` may not do {asked}: no role assignment at this scope or above allows it")
            }
            (_, Reason::Open) => format!("whether `{who}` may do {asked} is not decided"),
        };
        if let Reason::RoleAssignment { assignment, .. } = &self.reason
            && let Some(condition) = &assignment.condition
        {
            let _ = write!(text, "\n  its condition holds for this action: {condition}");
        }
        for open in &self.open {
            text.push_str("\n  ");
            match open {
                Open::Deny { deny, cause } => {
                    let needs = needs(*cause, &deny.scope, deny.condition.as_ref());
                    let _ = write!(text, "the deny assignment `{}` applies if {needs}", deny.name);
                }
                Open::Grant { assignment, role, cause } => {
                    let needs = needs(*cause, &assignment.scope, assignment.condition.as_ref());
                    let _ = write!(
                        text,
                        "the role `{}` at `{}` allows it if {needs}",
                        role.name, assignment.scope
                    );
                }
                Open::UnknownRole(assignment) => {
                    let _ = write!(
                        text,
                        "the role `{}` assigned at `{}` is not known; add its definition",
                        assignment.role_guid(),
                        assignment.scope
                    );
                }
            }
        }
        text
    }

    /// The `message` with which Azure refuses the request (403 `AuthorizationFailed`); `None` unless it is denied.
    pub fn azure_message(&self, request: &Request<'_>) -> Option<String> {
        if self.verdict != Verdict::Denied {
            return None;
        }
        let Request { principal, action, scope, .. } = request;
        let client = format!("The client '{principal}' with object id '{principal}' ");
        Some(match &self.reason {
            Reason::DenyAssignment(deny) => format!(
                "{client}has permission to perform action '{action}' on scope '{scope}'; however, it does not have \
                 permission because of the deny assignment with name '{}' and Id '{}' at scope '{}'.",
                deny.name, deny.id, deny.scope
            ),
            _ => format!(
                "{client}does not have authorization to perform action '{action}' over scope '{scope}' or the scope \
                 is invalid."
            ),
        })
    }
}

fn needs(cause: Cause, scope: &Scope, condition: Option<&Condition>) -> String {
    if cause == Cause::Hierarchy {
        return format!("this scope lies below `{scope}`; add the management groups to know");
    }
    let Some(condition) = condition else { return "a condition of its permissions holds".to_owned() };
    match condition.expression() {
        Ok(expression) => {
            let attributes: Vec<String> =
                expression.attributes().iter().map(|attribute| format!("`{attribute}`")).collect();
            if attributes.is_empty() {
                return format!("this holds: {condition}");
            }
            format!("this holds (it needs {}): {condition}", attributes.join(", "))
        }
        Err(error) => format!("its condition holds, which cannot be read: {error}"),
    }
}
