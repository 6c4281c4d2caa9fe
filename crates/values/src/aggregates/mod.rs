//! The aggregate functions, one module a family.

mod count;
pub mod distinct;
mod extreme;
mod list;
pub mod percentile;
mod sum;

use crate::aggregate::Aggregate;

/// Every family's table.
pub(crate) const FAMILIES: &[&[Aggregate]] =
    &[count::TABLE, distinct::TABLE, extreme::TABLE, list::TABLE, percentile::TABLE, sum::TABLE];
