//! Functions of the rows around a row.

use crate::functions::{Accepts as A, Function, Returns as R, p, sig, window};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    window(
        "prev",
        &[sig(
            &[p("value", A::Any), p("offset", A::Type(T::Long)).optional(), p("default", A::Any).optional()],
            R::Argument(0),
        )],
    ),
    window(
        "row_number",
        &[sig(
            &[p("start", A::Type(T::Long)).optional(), p("restart", A::Type(T::Bool)).optional()],
            R::Type(T::Long),
        )],
    ),
];
