//! Deciding one request: deny assignments first, then role assignments, each with its condition.
//!
//! Azure RBAC, "How Azure RBAC determines if a user has access to a resource".

use azimuth_ids::fold;

use crate::assignment::{DenyAssignment, RoleAssignment};
use crate::condition::{Attributes, Condition, Facts, Truth};
use crate::model::AccessModel;
use crate::role::{Permission, Plane, RoleDefinition};
use crate::scope::Scope;

/// Who wants to do what where.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The caller.
    pub principal: &'a str,
    /// The action, such as `Microsoft.Compute/virtualMachines/delete`.
    pub action: &'a str,
    /// The plane that the action belongs to.
    pub plane: Plane,
    /// Where.
    pub scope: &'a Scope,
    /// What is known of the request beside; conditions on anything else stay undecided.
    pub attributes: &'a Attributes,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It is refused.
    Denied,
    /// It depends on something that is not known; see [`Decision::open`].
    Conditional,
    /// It is allowed.
    Allowed,
}

/// The answer with what decided it.
#[derive(Clone, Debug)]
pub struct Decision<'m> {
    /// The answer.
    pub verdict: Verdict,
    /// What decided it.
    pub reason: Reason<'m>,
    /// What else might have a say but cannot be evaluated, whatever the verdict.
    pub open: Vec<Open<'m>>,
}

/// What decided a request.
#[derive(Clone, Copy, Debug)]
pub enum Reason<'m> {
    /// A deny assignment forbids it.
    DenyAssignment(&'m DenyAssignment),
    /// A role assignment allows it.
    RoleAssignment {
        /// The assignment.
        assignment: &'m RoleAssignment,
        /// Its role.
        role: &'m RoleDefinition,
    },
    /// No role assignment allows it.
    NoRoleAssignment,
    /// What could allow or forbid it cannot be evaluated.
    Open,
}

/// Something that may decide a request but cannot be evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Open<'m> {
    /// A deny assignment.
    Deny {
        /// The deny assignment.
        deny: &'m DenyAssignment,
        /// Why it is open.
        cause: Cause,
    },
    /// A role assignment.
    Grant {
        /// The assignment.
        assignment: &'m RoleAssignment,
        /// Its role.
        role: &'m RoleDefinition,
        /// Why it is open.
        cause: Cause,
    },
    /// The definition of the role assigned is not known.
    UnknownRole(&'m RoleAssignment),
}

/// Why something cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its condition needs attributes that are not known, or does not parse.
    Condition,
    /// It is assigned at a management group, and those above the scope are not known.
    Hierarchy,
}

impl Cause {
    fn of(reach: Truth) -> Self {
        if reach == Truth::True { Self::Condition } else { Self::Hierarchy }
    }
}

impl Reason<'_> {
    /// One word for the reason, stable for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::DenyAssignment(_) => "denyAssignment",
            Self::RoleAssignment { .. } => "roleAssignment",
            Self::NoRoleAssignment => "noRoleAssignment",
            Self::Open => "notDecided",
        }
    }

    /// The name of the deny assignment or role that decided.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::DenyAssignment(deny) => Some(&deny.name),
            Self::RoleAssignment { role, .. } => Some(&role.name),
            Self::NoRoleAssignment | Self::Open => None,
        }
    }
}

impl AccessModel<'_> {
    /// Decides a request. Resource locks are apart: see [`AccessModel::blocking_locks`].
    pub fn check(&self, request: &Request<'_>) -> Decision<'_> {
        let action = fold(request.action);
        let asked = Asked {
            action: &action,
            plane: request.plane,
            facts: Facts { action: request.action, attributes: request.attributes },
        };
        let chain = self.chain(request.scope);
        let identities = self.identities(request.principal);
        let mut open = Vec::new();

        for (deny, reach) in self.denies_along(&chain) {
            if !deny.concerns(&identities) {
                continue;
            }
            match reach.and(|| asked.denied_by(deny)) {
                Truth::True => {
                    return Decision {
                        verdict: Verdict::Denied,
                        reason: Reason::DenyAssignment(deny),
                        open: Vec::new(),
                    };
                }
                Truth::Unknown => open.push(Open::Deny { deny, cause: Cause::of(reach) }),
                Truth::False => {}
            }
        }
        let may_be_denied = !open.is_empty();

        for assignment in identities.iter().flat_map(|identity| self.assignments_of(identity)) {
            let reach = chain.passes(&assignment.scope);
            if reach == Truth::False {
                continue;
            }
            let Some(role) = self.role_of(assignment) else {
                open.push(Open::UnknownRole(assignment));
                continue;
            };
            match reach.and(|| asked.granted_by(assignment, role)) {
                Truth::True => {
                    let verdict = if may_be_denied { Verdict::Conditional } else { Verdict::Allowed };
                    return Decision { verdict, reason: Reason::RoleAssignment { assignment, role }, open };
                }
                Truth::Unknown => open.push(Open::Grant { assignment, role, cause: Cause::of(reach) }),
                Truth::False => {}
            }
        }
        let may_be_granted = open.iter().any(|open| !matches!(open, Open::Deny { .. }));
        let (verdict, reason) = if may_be_granted {
            (Verdict::Conditional, Reason::Open)
        } else {
            (Verdict::Denied, Reason::NoRoleAssignment)
        };
        Decision { verdict, reason, open }
    }
}

/// An action and what is known about the request for it.
pub(crate) struct Asked<'a> {
    /// Case-folded.
    pub(crate) action: &'a str,
    pub(crate) plane: Plane,
    pub(crate) facts: Facts<'a>,
}

impl Asked<'_> {
    pub(crate) fn denied_by(&self, deny: &DenyAssignment) -> Truth {
        self.covered_by(&deny.permissions).and(|| self.holds(deny.condition.as_ref()))
    }

    pub(crate) fn granted_by(&self, assignment: &RoleAssignment, role: &RoleDefinition) -> Truth {
        self.covered_by(&role.permissions).and(|| self.holds(assignment.condition.as_ref()))
    }

    /// Whether one entry covers the action and its own condition holds.
    fn covered_by(&self, permissions: &[Permission]) -> Truth {
        let mut result = Truth::False;
        for entry in permissions.iter().filter(|entry| entry.covers_folded(self.plane, self.action)) {
            match self.holds(entry.condition.as_ref()) {
                Truth::True => return Truth::True,
                Truth::Unknown => result = Truth::Unknown,
                Truth::False => {}
            }
        }
        result
    }

    fn holds(&self, condition: Option<&Condition>) -> Truth {
        condition.map_or(Truth::True, |condition| condition.evaluate(&self.facts))
    }
}
