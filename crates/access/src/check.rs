//! Deciding one request: deny assignments first, then role assignments, each with its condition.
//!
//! Azure RBAC, "How Azure RBAC determines if a user has access to a resource".

use azimuth_ids::fold;

use crate::assignment::{DenyAssignment, RoleAssignment};
use crate::condition::{Attributes, Condition, Facts, Truth};
use crate::model::AccessModel;
use crate::role::{Permission, Plane, RoleDefinition};
use crate::scope::{Chain, Scope};

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
    /// The condition of a deny assignment needs attributes that are not known, or does not parse.
    Deny(&'m DenyAssignment),
    /// The condition of a role assignment does.
    Grant {
        /// The assignment.
        assignment: &'m RoleAssignment,
        /// Its role.
        role: &'m RoleDefinition,
    },
    /// The definition of the role assigned is not known.
    UnknownRole(&'m RoleAssignment),
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

        for deny in self.denies_of(&chain, &identities) {
            match asked.denied_by(deny) {
                Truth::True => {
                    return Decision {
                        verdict: Verdict::Denied,
                        reason: Reason::DenyAssignment(deny),
                        open: Vec::new(),
                    };
                }
                Truth::Unknown => open.push(Open::Deny(deny)),
                Truth::False => {}
            }
        }
        let may_be_denied = !open.is_empty();

        for assignment in identities.iter().flat_map(|identity| self.assignments_of(identity)) {
            if !chain.contains(&assignment.scope) {
                continue;
            }
            let Some(role) = self.role_of(assignment) else {
                open.push(Open::UnknownRole(assignment));
                continue;
            };
            match asked.granted_by(assignment, role) {
                Truth::True => {
                    let verdict = if may_be_denied { Verdict::Conditional } else { Verdict::Allowed };
                    return Decision { verdict, reason: Reason::RoleAssignment { assignment, role }, open };
                }
                Truth::Unknown => open.push(Open::Grant { assignment, role }),
                Truth::False => {}
            }
        }
        let may_be_granted = open.iter().any(|open| !matches!(open, Open::Deny(_)));
        let (verdict, reason) = if may_be_granted {
            (Verdict::Conditional, Reason::Open)
        } else {
            (Verdict::Denied, Reason::NoRoleAssignment)
        };
        Decision { verdict, reason, open }
    }

    /// The deny assignments that hold for these identities at the start of the chain.
    pub(crate) fn denies_of<'m>(
        &'m self,
        chain: &Chain,
        identities: &[Box<str>],
    ) -> impl Iterator<Item = &'m DenyAssignment> {
        let scopes: Vec<&DenyAssignment> = chain.iter().flat_map(|scope| self.denies_at(scope)).collect();
        scopes
            .into_iter()
            .filter(|deny| !deny.does_not_apply_to_children || chain.starts_at(&deny.scope))
            .filter(|deny| deny.concerns(identities))
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
        both(self.covered_by(&deny.permissions), || self.holds(deny.condition.as_ref()))
    }

    pub(crate) fn granted_by(&self, assignment: &RoleAssignment, role: &RoleDefinition) -> Truth {
        both(self.covered_by(&role.permissions), || self.holds(assignment.condition.as_ref()))
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

fn both(first: Truth, second: impl FnOnce() -> Truth) -> Truth {
    if first == Truth::False {
        return Truth::False;
    }
    match second() {
        Truth::True => first,
        other => other,
    }
}
