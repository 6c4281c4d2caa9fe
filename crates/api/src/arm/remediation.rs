//! Remediations that deployIfNotExists policies set off: queued in the commit of the change, run after it.

use azimuth_host::Write;
use azimuth_policy::Assignment;

use super::call::Call;
use super::plane::ControlPlane;

/// The write that queues a remediation of a resource.
pub(crate) fn queue(
    _call: &Call<'_>,
    _id: &str,
    _assignment: &Assignment,
    _reference: &str,
) -> Option<Write> {
    None
}

/// Runs what is queued.
pub(crate) fn run_due(_plane: &ControlPlane) {}
