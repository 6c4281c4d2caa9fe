//! The aggregate functions by name.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::aggregates;
use crate::context::Context;
use crate::function::Refusal;
use crate::value::Value;

/// What an aggregate has seen of one group.
pub trait Accumulator: fmt::Debug + Send {
    /// Takes one row: the values of the arguments, in their order.
    ///
    /// # Errors
    /// When no row of that kind could be aggregated, or a limit of the service is passed.
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal>;

    /// What has been seen, as values that [`Accumulator::merge`] of a fresh accumulator takes: how parallel parts of a
    /// query meet.
    fn state(&self) -> Vec<Value>;

    /// Takes what another part of the query has seen.
    ///
    /// # Errors
    /// As [`Accumulator::add`].
    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal>;

    /// The value of the group; of an aggregate with several columns, the first.
    fn finish(&self) -> Value;

    /// The values of all columns: one, but for `arg_max`, `percentiles` and their kin.
    fn finish_all(&self) -> Vec<Value> {
        vec![self.finish()]
    }
}

/// How an aggregate begins. The constant arguments are known (`make_list(x, 10)`); others are null here.
pub type Begin = fn(&Context, &[Value]) -> Result<Box<dyn Accumulator>, Refusal>;

/// One aggregate function.
#[derive(Clone, Copy)]
pub struct Aggregate {
    /// Its name, and other names it goes by, in lower case
    pub names: &'static [&'static str],
    /// Makes the accumulator of a group
    pub begin: Begin,
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Aggregate").field("names", &self.names).finish_non_exhaustive()
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Aggregate>> = LazyLock::new(|| {
    let all = aggregates::FAMILIES.iter().flat_map(|family| family.iter());
    all.flat_map(|aggregate| aggregate.names.iter().map(move |name| (*name, aggregate))).collect()
});

/// The aggregate of that name, compared exactly as Kusto does.
pub fn aggregate(name: &str) -> Option<&'static Aggregate> {
    BY_NAME.get(name).copied()
}

/// Every name, in no order.
pub fn aggregate_names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let given: usize =
            aggregates::FAMILIES.iter().flat_map(|family| family.iter()).map(|a| a.names.len()).sum();
        assert_eq!(given, aggregate_names().count());
    }
}
