//! Functions of the rows around a row.

use crate::functions::{Accepts as A, Function, Parameter, Returns as R, Signature, p, sig, window};
use crate::types::ScalarType as T;

const RESTART: Parameter = p("restart", A::Type(T::Bool)).optional();
const NEIGHBOUR: &[Signature] = &[sig(
    &[p("value", A::Any), p("offset", A::Type(T::Long)).optional(), p("default_value", A::Any).optional()],
    R::Argument(0),
)];
const RANK: &[Signature] = &[sig(&[p("term", A::NotDynamic), RESTART], R::Type(T::Long))];

pub(super) const FUNCTIONS: &[Function] = &[
    window("next", NEIGHBOUR),
    window("prev", NEIGHBOUR),
    window("row_cumsum", &[sig(&[p("term", A::Summable), RESTART], R::ArgumentLong(0))])
        .reference(&[sig(&[p("term", A::Summable), RESTART], R::Argument(0))]),
    window(
        "row_number",
        &[sig(&[p("startingIndex", A::Type(T::Long)).optional(), RESTART], R::Type(T::Long))],
    ),
    window("row_rank", RANK),
    window("row_rank_dense", RANK),
    window("row_rank_min", RANK),
    window(
        "row_window_session",
        &[sig(
            &[
                p("expr", A::Type(T::Datetime)),
                p("maxDistanceFromFirst", A::Type(T::Timespan)),
                p("maxDistanceBetweenNeighbors", A::Type(T::Timespan)),
                RESTART,
            ],
            R::Type(T::Datetime),
        )],
    ),
];
