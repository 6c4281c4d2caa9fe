//! Points in time and spans of time.

use crate::functions::{
    Accepts as A, Function, FunctionKind, Naming, Parameter, Returns as R, Signature, alias, p, scalar, sig,
};
use crate::types::ScalarType as T;

const PARTS: &[&str] = &[
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
];

const DATE: Parameter = p("date", A::Type(T::Datetime));
const ZONE: Parameter = p("zone", A::Text);
const BOUNDARY: &[Signature] =
    &[sig(&[DATE, p("offset", A::Type(T::Long)).optional()], R::Type(T::Datetime))];
const PART: &[Signature] = &[sig(&[DATE], R::Type(T::Int))];
const LONG_PART: &[Signature] = &[sig(&[DATE], R::Type(T::Long))];
const UNIX: &[Signature] = &[sig(&[p("value", A::Number)], R::Type(T::Datetime))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "around",
        &[sig(
            &[p("value", A::Summable), p("centre", A::Summable), p("delta", A::Summable)],
            R::Type(T::Bool),
        )],
    ),
    scalar("ago", &[sig(&[p("span", A::Type(T::Timespan))], R::Type(T::Datetime))]),
    scalar(
        "datetime_add",
        &[sig(
            &[p("part", A::Text).constant().one_of(PARTS), p("amount", A::Type(T::Long)), DATE],
            R::Type(T::Datetime),
        )],
    ),
    scalar(
        "datetime_diff",
        &[sig(
            &[p("part", A::Text).constant().one_of(PARTS), DATE, p("other", A::Type(T::Datetime))],
            R::ForWord(0, "week", T::Real, T::Long),
        )],
    ),
    scalar("datetime_list_timezones", &[sig(&[], R::Type(T::Dynamic))]),
    scalar("datetime_local_to_utc", &[sig(&[DATE, ZONE], R::Type(T::Datetime))]),
    scalar(
        "datetime_part",
        &[sig(
            &[
                p("part", A::Text).constant().one_of(&[
                    "year",
                    "quarter",
                    "month",
                    "week_of_year",
                    "day",
                    "dayofyear",
                    "hour",
                    "minute",
                    "second",
                    "millisecond",
                    "microsecond",
                    "nanosecond",
                ]),
                DATE,
            ],
            R::ForWord(0, "week_of_year", T::Int, T::Long),
        )],
    ),
    scalar("datetime_utc_to_local", &[sig(&[DATE, ZONE], R::Type(T::Datetime))]),
    scalar("dayofmonth", PART),
    scalar("dayofweek", &[sig(&[DATE], R::Type(T::Timespan))]),
    scalar("dayofyear", PART),
    scalar("endofday", BOUNDARY),
    scalar("endofmonth", BOUNDARY),
    scalar("endofweek", BOUNDARY),
    scalar("endofyear", BOUNDARY),
    scalar("format_datetime", &[sig(&[DATE, p("format", A::Text)], R::Type(T::String))])
        .named(Naming::FirstArgument),
    scalar(
        "format_timespan",
        &[sig(&[p("span", A::Type(T::Timespan)), p("format", A::Text)], R::Type(T::String))],
    )
    .named(Naming::FirstArgument),
    scalar("getmonth", LONG_PART),
    scalar("getyear", LONG_PART),
    scalar("hourofday", LONG_PART),
    scalar(
        "make_datetime",
        &[sig(
            &[
                p("year", A::Type(T::Long)),
                p("month", A::Type(T::Long)),
                p("day", A::Type(T::Long)),
                p("hour", A::Type(T::Long)).optional(),
                p("minute", A::Type(T::Long)).optional(),
                p("second", A::Type(T::Real)).optional(),
            ],
            R::Type(T::Datetime),
        )],
    ),
    scalar(
        "make_timespan",
        &[
            sig(&[p("hour", A::Type(T::Long)), p("minute", A::Type(T::Long))], R::Type(T::Timespan)),
            sig(
                &[p("hour", A::Type(T::Long)), p("minute", A::Type(T::Long)), p("second", A::Type(T::Real))],
                R::Type(T::Timespan),
            ),
            sig(
                &[
                    p("day", A::Type(T::Long)),
                    p("hour", A::Type(T::Long)),
                    p("minute", A::Type(T::Long)),
                    p("second", A::Type(T::Real)),
                ],
                R::Type(T::Timespan),
            ),
        ],
    ),
    scalar("monthofyear", LONG_PART),
    scalar("now", &[sig(&[p("offset", A::Type(T::Timespan)).optional()], R::Type(T::Datetime))]),
    scalar("startofday", BOUNDARY).named(Naming::FirstArgument),
    scalar("startofmonth", BOUNDARY),
    scalar("startofweek", BOUNDARY),
    scalar("startofyear", BOUNDARY),
    scalar("unixtime_microseconds_todatetime", UNIX),
    scalar("unixtime_milliseconds_todatetime", UNIX),
    scalar("unixtime_nanoseconds_todatetime", UNIX),
    scalar("unixtime_seconds_todatetime", UNIX),
    scalar("week_of_year", LONG_PART),
    alias("weekofyear", FunctionKind::Scalar, "week_of_year"),
];
