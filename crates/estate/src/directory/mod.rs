//! The directory: users, groups, service principals, roles, registration and sign-in policies.
//!
//! Objects stay in the Microsoft Graph shape in their documents; this module reads the members that decisions
//! need and resolves membership. Object ids are compared without regard to case and given in lower case.

mod membership;
mod roles;
mod shapes;

use hashbrown::HashMap;
use serde_json::Value;

use crate::snapshot::{Entry, Snapshot};

pub use roles::{RoleHolder, RoleState};
pub use shapes::{
    Group, PerUserMfaState, Registration, ServicePrincipal, ServicePrincipalKind, User, UserType,
};

use membership::Membership;
use shapes::{GroupShape, RegistrationShape, RequirementsShape, ServicePrincipalShape, UserShape};

/// The directory of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    users: Vec<User>,
    users_by_id: HashMap<Box<str>, u32>,
    groups: Vec<Group>,
    groups_by_id: HashMap<Box<str>, u32>,
    service_principals: Vec<ServicePrincipal>,
    service_principals_by_id: HashMap<Box<str>, u32>,
    registrations: HashMap<Box<str>, Registration>,
    per_user_mfa: HashMap<Box<str>, PerUserMfaState>,
    membership: Membership,
    roles: Vec<RoleHolder>,
    conditional_access: Vec<Value>,
    named_locations: Vec<Value>,
    security_defaults: Option<bool>,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
}

impl Directory {
    /// Reads the directory's documents. Documents without the members they need are left out.
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut directory = Self::default();
        for entry in snapshot.of_type("graph:/users") {
            if let Ok(shape) = entry.read::<UserShape<'_>>() {
                directory.users_by_id.insert(entry.name().into(), directory.users.len() as u32);
                directory.users.push(shape.user(entry.name()));
            }
        }
        for entry in snapshot.of_type("graph:/groups") {
            if let Ok(shape) = entry.read::<GroupShape<'_>>() {
                directory.groups_by_id.insert(entry.name().into(), directory.groups.len() as u32);
                directory.groups.push(shape.group(entry.name()));
            }
        }
        for entry in snapshot.of_type("graph:/serviceprincipals") {
            if let Ok(shape) = entry.read::<ServicePrincipalShape<'_>>() {
                let index = directory.service_principals.len() as u32;
                directory.service_principals_by_id.insert(entry.name().into(), index);
                directory.service_principals.push(shape.service_principal(entry.name()));
            }
        }
        for entry in snapshot.of_type("graph:/reports/authenticationmethods/userregistrationdetails") {
            if let Ok(shape) = entry.read::<RegistrationShape<'_>>() {
                directory.registrations.insert(entry.name().into(), shape.registration());
            }
        }
        for entry in snapshot.of_type("graph:/users/authentication/requirements") {
            let user = entry.key().split('/').nth(2).unwrap_or_default();
            if let Ok(RequirementsShape { state: Some(state) }) = entry.read() {
                directory.per_user_mfa.insert(user.into(), state);
            }
        }
        directory.membership = Membership::from_snapshot(snapshot);
        directory.roles = roles::from_snapshot(snapshot);
        let values = |kind: &str| snapshot.of_type(kind).map(Entry::value).collect();
        directory.conditional_access = values("graph:/identity/conditionalaccess/policies");
        directory.named_locations = values("graph:/identity/conditionalaccess/namedlocations");
        directory.security_defaults = snapshot
            .graph("policies/identitySecurityDefaultsEnforcementPolicy")
            .and_then(|entry| entry.value().get("isEnabled").and_then(Value::as_bool));
        if let Some(entry) = snapshot.of_type("graph:/organization").next() {
            directory.tenant_id = Some(entry.name().to_owned());
            directory.tenant_name =
                entry.value().get("displayName").and_then(Value::as_str).map(str::to_owned);
        }
        directory
    }

    /// All users in the order of their ids.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The user with an object id.
    pub fn user(&self, id: &str) -> Option<&User> {
        let index = self.users_by_id.get(&*azimuth_ids::fold(id))?;
        Some(&self.users[*index as usize])
    }

    /// All groups in the order of their ids.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group with an object id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        let index = self.groups_by_id.get(&*azimuth_ids::fold(id))?;
        Some(&self.groups[*index as usize])
    }

    /// All service principals, managed identities among them, in the order of their ids.
    pub fn service_principals(&self) -> &[ServicePrincipal] {
        &self.service_principals
    }

    /// The service principal with an object id.
    pub fn service_principal(&self, id: &str) -> Option<&ServicePrincipal> {
        let index = self.service_principals_by_id.get(&*azimuth_ids::fold(id))?;
        Some(&self.service_principals[*index as usize])
    }

    /// What the registration report says of a user.
    pub fn registration(&self, user: &str) -> Option<&Registration> {
        self.registrations.get(&*azimuth_ids::fold(user))
    }

    /// The number of registration details.
    pub fn registration_count(&self) -> usize {
        self.registrations.len()
    }

    /// The per-user MFA state of a user, if it was read.
    pub fn per_user_mfa(&self, user: &str) -> Option<PerUserMfaState> {
        self.per_user_mfa.get(&*azimuth_ids::fold(user)).copied()
    }

    /// The number of users whose per-user MFA state was read.
    pub fn per_user_mfa_count(&self) -> usize {
        self.per_user_mfa.len()
    }

    /// The ids of every group that a principal is in, directly or through other groups; cycles are harmless.
    pub fn groups_of(&self, principal: &str) -> Vec<&str> {
        self.membership.groups_of(&azimuth_ids::fold(principal))
    }

    /// The ids of every member of a group that is not itself a group known here, direct or nested.
    pub fn members_of(&self, group: &str) -> Vec<&str> {
        self.membership.members_of(&azimuth_ids::fold(group))
    }

    /// Who holds which directory role, active or eligible, with the scope; members of role-assignable groups
    /// are not expanded here.
    pub fn roles(&self) -> &[RoleHolder] {
        &self.roles
    }

    /// The Conditional Access policies in the Graph shape, in any state.
    pub fn conditional_access(&self) -> &[Value] {
        &self.conditional_access
    }

    /// The named locations in the Graph shape.
    pub fn named_locations(&self) -> &[Value] {
        &self.named_locations
    }

    /// Whether security defaults are on; `None` if their policy was not read.
    pub fn security_defaults(&self) -> Option<bool> {
        self.security_defaults
    }

    /// The tenant's id, from its organization object.
    pub fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// The tenant's display name, from its organization object.
    pub fn tenant_name(&self) -> Option<&str> {
        self.tenant_name.as_deref()
    }
}

#[cfg(test)]
mod tests;
