//! Functions of the rows around a row.

use crate::functions::{Accepts as A, Function, Returns as R, Signature, p, sig, window};
use crate::types::ScalarType as T;

const NEIGHBOUR: &[Signature] = &[sig(
    &[p("value", A::Any), p("offset", A::Type(T::Long)).optional(), p("default", A::Any).optional()],
    R::Argument(0),
)];
const RANK: &[Signature] =
    &[sig(&[p("term", A::Any), p("restart", A::Type(T::Bool)).optional()], R::Type(T::Long))];

pub(super) const FUNCTIONS: &[Function] = &[
    window("next", NEIGHBOUR),
    window("prev", NEIGHBOUR),
    window(
        "row_cumsum",
        &[sig(&[p("term", A::Summable), p("restart", A::Type(T::Bool)).optional()], R::ArgumentLong(0))],
    ),
    window(
        "row_number",
        &[sig(
            &[p("start", A::Type(T::Long)).optional(), p("restart", A::Type(T::Bool)).optional()],
            R::Type(T::Long),
        )],
    ),
    window("row_rank", RANK),
    window("row_rank_dense", RANK),
    window("row_rank_min", RANK),
    window(
        "row_window_session",
        &[sig(
            &[
                p("time", A::Type(T::Datetime)),
                p("longest", A::Type(T::Timespan)),
                p("gap", A::Type(T::Timespan)),
                p("restart", A::Type(T::Bool)).optional(),
            ],
            R::Type(T::Datetime),
        )],
    ),
];
