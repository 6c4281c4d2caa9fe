//! Questions the other way round: who can do something, and what somebody can do.

use azimuth_ids::fold;

use crate::assignment::{DenyAssignment, RoleAssignment};
use crate::check::Asked;
use crate::condition::{Attributes, Condition, Facts, Truth};
use crate::model::AccessModel;
use crate::role::{Plane, RoleDefinition};
use crate::scope::{Chain, Scope};

/// What is asked about: an action at a scope.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The action.
    pub action: &'a str,
    /// Its plane.
    pub plane: Plane,
    /// Where.
    pub scope: &'a Scope,
}

/// A right that a principal holds by one assignment.
#[derive(Clone, Debug)]
pub struct Grant<'m> {
    /// The principal: a user, a service principal, or a group whose members are not known.
    pub principal: String,
    /// The group through which the principal holds it, if not directly.
    pub via: Option<&'m str>,
    /// The assignment, with its scope and id.
    pub assignment: &'m RoleAssignment,
    /// The role; `None` if its definition is not known.
    pub role: Option<&'m RoleDefinition>,
    /// Whether the right depends on something that is not known: a condition, a deny assignment with a condition, the
    /// definition of the role, or the management groups above.
    pub conditional: bool,
}

impl<'m> Grant<'m> {
    /// The condition of the assignment.
    pub fn condition(&self) -> Option<&'m Condition> {
        self.assignment.condition.as_ref()
    }

    /// Where the assignment holds.
    pub fn scope(&self) -> &'m Scope {
        &self.assignment.scope
    }

    /// The role's name, or the GUID of an unknown role.
    pub fn role_name(&self) -> &'m str {
        self.role.map_or_else(|| self.assignment.role_guid(), |role| &role.name)
    }
}

/// All that one principal holds.
#[derive(Clone, Debug)]
pub struct Holdings<'m> {
    /// Its role assignments, directly and through groups, in the order of their scopes.
    pub grants: Vec<Grant<'m>>,
    /// The deny assignments that name it, its groups or everyone.
    pub denies: Vec<&'m DenyAssignment>,
}

impl AccessModel<'_> {
    /// Everyone who can do something, by every assignment that lets them; denied principals are left out. In the
    /// order of principals. Members of groups are listed when the membership knows them, else the group itself is.
    pub fn who_can(&self, target: &Target<'_>) -> Vec<Grant<'_>> {
        let action = fold(target.action);
        let nothing = Attributes::unknown();
        let facts = Facts { action: target.action, attributes: &nothing };
        let asked = Asked { action: &action, plane: target.plane, facts };
        let chain = self.chain(target.scope);
        let mut found = Vec::new();
        for (assignment, reach) in self.assignments_along(&chain) {
            let role = self.role_of(assignment);
            let granted =
                role.map_or(Truth::Unknown, |role| reach.and(|| asked.granted_by(assignment, role)));
            if granted == Truth::False {
                continue;
            }
            let members = self.members(&assignment.principal_id);
            let via = members.is_some().then_some(assignment.principal_id.as_str());
            for principal in members.unwrap_or_else(|| vec![assignment.principal_id.clone()]) {
                let denied = self.denied(&asked, &chain, &principal);
                if denied != Truth::True {
                    let conditional = granted == Truth::Unknown || denied == Truth::Unknown;
                    found.push(Grant { principal, via, assignment, role, conditional });
                }
            }
        }
        found.sort_by(|left, right| {
            let key = |grant: &Grant<'_>| (fold(&grant.principal).into_owned(), grant.conditional);
            key(left).cmp(&key(right)).then_with(|| left.assignment.id.cmp(&right.assignment.id))
        });
        found
    }

    fn denied(&self, asked: &Asked<'_>, chain: &Chain, principal: &str) -> Truth {
        if self.denies.is_empty() {
            return Truth::False;
        }
        let identities = self.identities(principal);
        let mut result = Truth::False;
        for (deny, reach) in self.denies_along(chain) {
            if !deny.concerns(&identities) {
                continue;
            }
            match reach.and(|| asked.denied_by(deny)) {
                Truth::True => return Truth::True,
                Truth::Unknown => result = Truth::Unknown,
                Truth::False => {}
            }
        }
        result
    }

    /// All that a principal holds, directly and through its groups. A grant with a condition is conditional; deny
    /// assignments are listed beside, for what they take away depends on the action.
    pub fn what_can(&self, principal: &str) -> Holdings<'_> {
        let identities = self.identities(principal);
        let mut grants: Vec<Grant<'_>> = Vec::new();
        for (at, identity) in identities.iter().enumerate() {
            for assignment in self.assignments_of(identity) {
                let role = self.role_of(assignment);
                let has_condition = assignment.condition.is_some()
                    || role
                        .is_some_and(|role| role.permissions.iter().any(|entry| entry.condition.is_some()));
                grants.push(Grant {
                    principal: principal.to_owned(),
                    via: (at > 0).then_some(assignment.principal_id.as_str()),
                    assignment,
                    role,
                    conditional: has_condition || role.is_none(),
                });
            }
        }
        grants.sort_by(|left, right| {
            let scopes = left.scope().folded().cmp(right.scope().folded());
            scopes.then_with(|| left.role_name().cmp(right.role_name()))
        });
        let denies = self.denies.iter().filter(|deny| deny.concerns(&identities)).collect();
        Holdings { grants, denies }
    }
}

impl Holdings<'_> {
    /// What the grants permit, scope by scope: the actions of every permission entry with what the entry takes out.
    /// Rights at a scope hold below it too.
    pub fn actions(&self) -> Vec<ScopeActions> {
        let mut found: Vec<ScopeActions> = Vec::new();
        for grant in &self.grants {
            let is_same = found.last().is_some_and(|last| last.scope == *grant.scope());
            if !is_same {
                found.push(ScopeActions { scope: grant.scope().clone(), entries: Vec::new() });
            }
            let Some(last) = found.last_mut() else { continue };
            for entry in grant.role.iter().flat_map(|role| &role.permissions) {
                for plane in [Plane::Control, Plane::Data] {
                    let (within, without) = entry.patterns(plane);
                    let texts = |patterns: &[crate::pattern::ActionPattern]| -> Vec<String> {
                        patterns.iter().map(ToString::to_string).collect()
                    };
                    let actions = EffectiveActions {
                        plane,
                        actions: texts(within),
                        except: texts(without),
                        conditional: grant.conditional,
                    };
                    if !within.is_empty() && !last.entries.contains(&actions) {
                        last.entries.push(actions);
                    }
                }
            }
        }
        found
    }
}

/// What may be done at one scope and below.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeActions {
    /// The scope.
    pub scope: Scope,
    /// The entries that add up.
    pub entries: Vec<EffectiveActions>,
}

/// The actions of one permission entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveActions {
    /// The plane.
    pub plane: Plane,
    /// Patterns of what is permitted …
    pub actions: Vec<String>,
    /// … but for these.
    pub except: Vec<String>,
    /// Whether a condition limits it.
    pub conditional: bool,
}
