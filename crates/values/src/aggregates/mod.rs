//! The aggregate functions, one module a family.

mod count;

use crate::aggregate::Aggregate;

/// Every family's table.
pub(crate) const FAMILIES: &[&[Aggregate]] = &[count::TABLE];
