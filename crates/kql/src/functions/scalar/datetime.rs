//! Points in time and spans of time.

use crate::functions::{Accepts as A, Function, Naming, Returns as R, p, scalar, sig};
use crate::types::ScalarType as T;

pub(crate) const PARTS: &[&str] = &[
    "year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond",
];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("ago", &[sig(&[p("span", A::Type(T::Timespan))], R::Type(T::Datetime))]),
    scalar(
        "datetime_diff",
        &[sig(
            &[
                p("part", A::Text).constant().one_of(PARTS),
                p("left", A::Type(T::Datetime)),
                p("right", A::Type(T::Datetime)),
            ],
            R::Type(T::Long),
        )],
    ),
    scalar("now", &[sig(&[p("offset", A::Type(T::Timespan)).optional()], R::Type(T::Datetime))]),
    scalar(
        "startofday",
        &[sig(
            &[p("date", A::Type(T::Datetime)), p("offset", A::Type(T::Long)).optional()],
            R::Type(T::Datetime),
        )],
    )
    .named(Naming::FirstArgument),
];
