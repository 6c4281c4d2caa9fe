//! What of the language is executed.

use azimuth_kql::functions::{Function, FunctionKind};

use crate::operators::{graph, plugin};
use crate::window;

/// Whether a function of the language can be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It is.
    Runs,
    /// It is refused, for a reason that completes "the function …".
    Refused(&'static str),
    /// Nothing executes it: a hole.
    Missing,
}

/// Scalar functions of the language that are refused, and why.
const REFUSED: &[(&str, &str)] =
    &[("rowstore_ordinal_range", "tells of the storage of the service, and its page does not say what")];

/// Whether a function of the catalogue can be executed.
///
/// ```
/// use azimuth_kql::functions::{Use, lookup};
/// use azimuth_rows::{Support, support};
/// assert_eq!(support(lookup(Use::Aggregate, "arg_max").unwrap()), Support::Runs);
/// assert!(matches!(support(lookup(Use::Plugin, "sql_request").unwrap()), Support::Refused(_)));
/// ```
pub fn support(function: &Function) -> Support {
    let name = function.name;
    let runs = match function.kind {
        FunctionKind::Scalar => azimuth_values::function(name).is_some(),
        FunctionKind::Aggregate => azimuth_values::aggregate(name).is_some(),
        FunctionKind::Window => window::FUNCTIONS.iter().any(|(known, _)| *known == name),
        FunctionKind::Graph => graph::FUNCTIONS.contains(&name),
        FunctionKind::Plugin => match plugin::support(name) {
            Some(Err(why)) => return Support::Refused(why),
            known => known.is_some(),
        },
    };
    match REFUSED.iter().find(|(known, _)| *known == name) {
        _ if runs => Support::Runs,
        Some((_, why)) => Support::Refused(why),
        None => Support::Missing,
    }
}
