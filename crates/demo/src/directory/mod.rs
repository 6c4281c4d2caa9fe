//! The directory: people, groups, roles and the policies of sign-in, in the shapes of Microsoft Graph.

mod groups;
mod people;
mod roles;
mod sign_in;

use crate::flaws::Planter;
use crate::output::{Emit, Stopped};
use crate::plan::Plan;

/// Number of accounts for emergencies: the first ones.
pub(crate) const EMERGENCY_ACCOUNTS: usize = 2;
/// The accounts below this number are administrators.
pub(crate) const ADMINISTRATORS: usize = 12;

/// Writes the whole directory but the service principals of resources.
pub(crate) fn write_directory(
    plan: &Plan,
    planter: &mut Planter,
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    let stance = sign_in::Stance::choose(plan, planter.planting());
    sign_in::write(plan, stance, planter, emit)?;
    people::write(plan, stance, planter, emit)?;
    groups::write(plan, emit)?;
    roles::write(plan, emit)
}

/// The service principals of pipelines and daemons, one of which roles of Azure refer to.
pub(crate) fn automation_principals(plan: &Plan) -> Vec<serde_json::Value> {
    roles::automation_principals(plan)
}
