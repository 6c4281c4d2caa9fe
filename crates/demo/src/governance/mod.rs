//! Management groups, policy objects and access at the scopes above subscriptions: planned, broken on purpose,
//! judged by the rules of decision record 0002, and written.

mod assignments;
mod catalogue;
mod expected;
mod plant;
mod register;
mod roles;
mod write;

pub(crate) use expected::expected_flaws;
pub(crate) use plant::{Governance, plan_governance};
pub(crate) use roles::subscription_role_assignments;
pub(crate) use write::write_governance;
