//! The built-in functions and their signatures.
//!
//! A function is data: a [`Function`] in a table of one of the modules below, found by `lookup`. Nothing else has
//! to know it: the binder checks arguments, derives the type and the name of the result from the table, and whoever
//! executes finds the function by [`Function::name`].
//!
//! # Adding a function
//!
//! 1. Find the module of its subject, and its place in the table (sorted by name).
//! 2. Write its signatures: `sig` with parameters (`p`, then `.optional()`, `.repeated(n)`, `.constant()` …) and
//!    what it [`Returns`]. Several signatures are tried in order; the first that the arguments fit counts.
//! 3. Say how a column that holds it is called when nobody names it ([`Naming`]; the default is `Column1`).
//! 4. Other spellings are `alias`es of their own (`also` for scalar functions).
//!
//! Source of the facts: the function pages of the Kusto reference.

mod aggregates;
mod plugins;
mod scalar;
mod signature;

pub use signature::*;

use std::collections::HashMap;
use std::sync::LazyLock;

/// The function called `name` (case counts) of that kind of use; `None` if there is none.
///
/// [`Use::Scalar`] finds scalar and window functions, [`Use::Aggregate`] aggregates, [`Use::Plugin`] plugins.
pub fn lookup(usage: Use, name: &str) -> Option<&'static Function> {
    let function = *INDEX.get(&(usage, name))?;
    match function.alias_of {
        Some(target) => INDEX.get(&(usage, target)).copied(),
        None => Some(function),
    }
}

/// All functions of that kind of use, aliases included, in no particular order.
pub fn all(usage: Use) -> impl Iterator<Item = &'static Function> {
    tables().iter().flat_map(|table| table.iter()).filter(move |function| function.usage() == usage)
}

fn tables() -> &'static [&'static [Function]] {
    static TABLES: LazyLock<Vec<&'static [Function]>> =
        LazyLock::new(|| [scalar::TABLES, aggregates::TABLES, plugins::TABLES].concat());
    &TABLES
}

static INDEX: LazyLock<HashMap<(Use, &'static str), &'static Function>> = LazyLock::new(|| {
    let functions = tables().iter().flat_map(|table| table.iter());
    functions.map(|function| ((function.usage(), function.name), function)).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_alias_leads_somewhere() {
        let count = tables().iter().map(|table| table.len()).sum::<usize>();
        assert_eq!(count, INDEX.len(), "a function stands in the tables twice");
        for usage in [Use::Scalar, Use::Aggregate, Use::Plugin] {
            for function in all(usage) {
                assert!(lookup(usage, function.name).is_some(), "`{}` leads nowhere", function.name);
            }
        }
    }

    #[test]
    fn tables_are_sorted() {
        for table in tables() {
            let pair = table.windows(2).find(|pair| pair[0].name >= pair[1].name);
            assert!(
                pair.is_none(),
                "`{}` and `{}` are out of order",
                pair.unwrap()[0].name,
                pair.unwrap()[1].name
            );
        }
    }

    #[test]
    fn parameters_that_may_be_left_out_come_last() {
        for function in tables().iter().flat_map(|table| table.iter()) {
            for signature in function.signatures {
                let needed = signature.parameters.iter().rposition(|parameter| parameter.least > 0);
                let optional = signature.parameters.iter().position(|parameter| parameter.least == 0);
                assert!(
                    optional.is_none() || needed.is_none() || optional > needed,
                    "`{}` asks for an argument after one that may be left out",
                    function.name
                );
            }
        }
    }

    #[test]
    fn parameters_that_repeat_stand_side_by_side() {
        for function in tables().iter().flat_map(|table| table.iter()) {
            for signature in function.signatures {
                let open = |parameter: &Parameter| parameter.most == usize::MAX;
                let groups = signature.parameters.chunk_by(|left, right| open(left) == open(right));
                let count = groups.filter(|group| open(&group[0])).count();
                assert!(count <= 1, "`{}` has parameters that repeat in several places", function.name);
            }
        }
    }
}
