//! The access model: definitions and assignments, indexed once for many questions.

use std::collections::HashMap;

use azimuth_ids::fold;

use crate::assignment::{DenyAssignment, RoleAssignment};
use crate::builtin::built_in_role;
use crate::condition::Truth;
use crate::lock::Lock;
use crate::role::{Plane, RoleDefinition};
use crate::scope::{Chain, Scope, Scopes};

/// Who belongs to which groups. Ids may come in any case.
///
/// Implemented by every closure from a principal to its groups; such a model names groups, not their members, when
/// asked who can do something.
pub trait Membership {
    /// The groups of a principal, through nested groups too.
    fn groups_of(&self, principal: &str) -> Vec<String>;

    /// The users and service principals in a group, through nested groups too; `None` if the group's members are
    /// not known.
    fn members_of(&self, _group: &str) -> Option<Vec<String>> {
        None
    }
}

impl<F: Fn(&str) -> Vec<String>> Membership for F {
    fn groups_of(&self, principal: &str) -> Vec<String> {
        self(principal)
    }
}

/// What an access model is made of.
#[derive(Clone, Debug, Default)]
pub struct AccessDocuments {
    /// Role definitions; built-in roles that are missing are added from Azure's published ones.
    pub roles: Vec<RoleDefinition>,
    /// Role assignments.
    pub assignments: Vec<RoleAssignment>,
    /// Deny assignments.
    pub denies: Vec<DenyAssignment>,
    /// Resource locks.
    pub locks: Vec<Lock>,
}

/// All access of an estate. Ask it with [`AccessModel::check`], [`AccessModel::who_can`] and
/// [`AccessModel::what_can`].
pub struct AccessModel<'a> {
    roles: HashMap<Box<str>, RoleDefinition>,
    pub(crate) assignments: Vec<RoleAssignment>,
    pub(crate) denies: Vec<DenyAssignment>,
    locks: Vec<Lock>,
    by_principal: HashMap<Box<str>, Vec<u32>>,
    by_scope: HashMap<Box<str>, Vec<u32>>,
    denies_by_scope: HashMap<Box<str>, Vec<u32>>,
    /// The assignments at management groups, which matter everywhere while the hierarchy is not known.
    at_groups: Vec<u32>,
    scopes: Box<dyn Scopes + Send + Sync + 'a>,
    membership: Box<dyn Membership + Send + Sync + 'a>,
}

impl<'a> AccessModel<'a> {
    /// Indexes the documents. Of two definitions or assignments with one id the later counts.
    pub fn new(
        documents: AccessDocuments,
        scopes: impl Scopes + Send + Sync + 'a,
        membership: impl Membership + Send + Sync + 'a,
    ) -> Self {
        let assignments = unique(documents.assignments, |assignment| &assignment.id);
        let denies = unique(documents.denies, |deny| &deny.id);
        Self {
            roles: documents.roles.into_iter().map(|role| (role.key.clone(), role)).collect(),
            by_principal: index(&assignments, |assignment| &assignment.principal),
            by_scope: index(&assignments, |assignment| assignment.scope.folded()),
            denies_by_scope: index(&denies, |deny| deny.scope.folded()),
            at_groups: (0_u32..)
                .zip(&assignments)
                .filter_map(|(at, assignment)| assignment.scope.is_management_group().then_some(at))
                .collect(),
            assignments,
            denies,
            locks: unique(documents.locks, |lock| &lock.id),
            scopes: Box::new(scopes),
            membership: Box::new(membership),
        }
    }

    /// The role of a GUID or of an id that ends with it: the estate's own definition, else Azure's published one.
    pub fn role(&self, id: &str) -> Option<&RoleDefinition> {
        self.roles.get(&*fold(crate::scope::last_segment(id))).or_else(|| built_in_role(id))
    }

    /// The role that an assignment assigns.
    pub fn role_of(&self, assignment: &RoleAssignment) -> Option<&RoleDefinition> {
        self.roles.get(&assignment.role).or_else(|| built_in_role(&assignment.role))
    }

    /// The number of role assignments.
    pub fn len(&self) -> usize {
        self.assignments.len()
    }

    /// Whether there is no role assignment.
    pub fn is_empty(&self) -> bool {
        self.assignments.is_empty()
    }

    /// The locks that stand in the way of an action at a scope, the strictest first.
    pub fn blocking_locks(&self, plane: Plane, action: &str, scope: &Scope) -> Vec<&Lock> {
        let mut found: Vec<&Lock> =
            self.locks.iter().filter(|lock| lock.blocks(plane, action, scope)).collect();
        found.sort_by(|left, right| right.level.cmp(&left.level).then_with(|| left.id.cmp(&right.id)));
        found
    }

    pub(crate) fn chain(&self, scope: &Scope) -> Chain {
        Chain::of(scope, &*self.scopes)
    }

    /// The principal and all its groups, case-folded, each once; the principal first.
    pub(crate) fn identities(&self, principal: &str) -> Vec<Box<str>> {
        let mut identities: Vec<Box<str>> = vec![fold(principal).into()];
        for group in self.membership.groups_of(principal) {
            let group: Box<str> = fold(&group).into();
            if !identities.contains(&group) {
                identities.push(group);
            }
        }
        identities
    }

    pub(crate) fn members(&self, group: &str) -> Option<Vec<String>> {
        self.membership.members_of(group)
    }

    pub(crate) fn assignments_of(&self, identity: &str) -> impl Iterator<Item = &RoleAssignment> {
        pick(&self.assignments, self.by_principal.get(identity))
    }

    /// The assignments that hold, or may hold, at the start of a chain.
    pub(crate) fn assignments_along(&self, chain: &Chain) -> impl Iterator<Item = (&RoleAssignment, Truth)> {
        let along = chain.iter().flat_map(|scope| pick(&self.assignments, self.by_scope.get(scope)));
        let unknown = if chain.is_known() { None } else { Some(&self.at_groups) };
        let maybe = pick(&self.assignments, unknown)
            .filter(|assignment| chain.passes(&assignment.scope) == Truth::Unknown);
        let along: Vec<(&RoleAssignment, Truth)> = along
            .map(|assignment| (assignment, Truth::True))
            .chain(maybe.map(|assignment| (assignment, Truth::Unknown)))
            .collect();
        along.into_iter()
    }

    /// The deny assignments that hold, or may hold, at the start of a chain, the certain ones first.
    pub(crate) fn denies_along(&self, chain: &Chain) -> Vec<(&DenyAssignment, Truth)> {
        let along = chain.iter().flat_map(|scope| pick(&self.denies, self.denies_by_scope.get(scope)));
        let mut found: Vec<(&DenyAssignment, Truth)> = along
            .filter(|deny| !deny.does_not_apply_to_children || chain.starts_at(&deny.scope))
            .map(|deny| (deny, Truth::True))
            .collect();
        if !chain.is_known() {
            let maybe = self.denies.iter().filter(|deny| {
                !deny.does_not_apply_to_children && chain.passes(&deny.scope) == Truth::Unknown
            });
            found.extend(maybe.map(|deny| (deny, Truth::Unknown)));
        }
        found
    }
}

impl std::fmt::Debug for AccessModel<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessModel")
            .field("roles", &self.roles.len())
            .field("assignments", &self.assignments.len())
            .field("denies", &self.denies.len())
            .field("locks", &self.locks.len())
            .finish_non_exhaustive()
    }
}

/// The items with each id once: the last, at the place of the first.
fn unique<T>(items: Vec<T>, id: impl Fn(&T) -> &str) -> Vec<T> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        match places.entry(fold(id(&item)).into_owned()) {
            std::collections::hash_map::Entry::Occupied(place) => kept[*place.get()] = item,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(item);
            }
        }
    }
    kept
}

fn index<T>(items: &[T], key: impl Fn(&T) -> &str) -> HashMap<Box<str>, Vec<u32>> {
    let mut index: HashMap<Box<str>, Vec<u32>> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        match index.get_mut(key(item)) {
            Some(places) => places.push(at as u32),
            None => drop(index.insert(key(item).into(), vec![at as u32])),
        }
    }
    index
}

fn pick<'a, T>(items: &'a [T], places: Option<&'a Vec<u32>>) -> impl Iterator<Item = &'a T> {
    places.into_iter().flatten().map(|at| &items[*at as usize])
}
