//! Points in time and spans of time.

use crate::functions::{
    Accepts as A, Function, Naming, Parameter, Returns as R, Signature, also, p, scalar, sig,
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
const PARTS_OF_DATE: &[&str] = &[
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
];

const DATE: Parameter = p("date", A::Type(T::Datetime));
const PART: Parameter = p("part", A::Text).constant().one_of(PARTS);
const ZONE: Parameter = p("timezone", A::Text);
const FORMAT: Parameter = p("format", A::Text).constant();
const INTEGER: Parameter = p("value", A::Integer);
const BOUNDARY: &[Signature] =
    &[sig(&[DATE, p("offset", A::Type(T::Long)).optional()], R::Type(T::Datetime))];
/// The week of the year and the day counts are `int`, the other parts `long`: so the engine has it. The reference
/// binder says `int` for all.
const INT_PART: &[Signature] = &[sig(&[DATE], R::Type(T::Int))];
const LONG_PART: &[Signature] = &[sig(&[DATE], R::Type(T::Long))];
const NAMED_PART: Parameter = p("part", A::Text).constant().one_of(PARTS_OF_DATE);
const START: Parameter = p("datetime1", A::Type(T::Datetime));
const END: Parameter = p("datetime2", A::Type(T::Datetime));
const UNIX: &[Signature] = &[sig(&[p("number", A::Number)], R::Type(T::Datetime))];
const TO_ZONE: &[Signature] = &[sig(&[DATE, ZONE], R::Type(T::Datetime))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("ago", &[sig(&[p("timespan", A::Type(T::Timespan))], R::Type(T::Datetime))]),
    scalar(
        "around",
        &[sig(&[p("value", A::Any), p("center", A::Any), p("delta", A::Any)], R::Type(T::Bool))],
    ),
    also("datepart", "datetime_part"),
    scalar("datetime_add", &[sig(&[PART, INTEGER, DATE], R::Type(T::Datetime))]),
    scalar(
        "datetime_diff",
        // The engine counts parts of weeks.
        &[sig(&[PART, START, END], R::ForWord(0, "week", T::Real, T::Long))],
    )
    .reference(&[sig(&[PART, START, END], R::Type(T::Long))]),
    scalar("datetime_list_timezones", &[sig(&[], R::Array)]),
    scalar("datetime_local_to_utc", TO_ZONE),
    scalar("datetime_part", &[sig(&[NAMED_PART, DATE], R::ForWord(0, "week_of_year", T::Int, T::Long))])
        .reference(&[sig(&[NAMED_PART, DATE], R::Type(T::Int))]),
    scalar("datetime_utc_to_local", TO_ZONE),
    scalar("dayofmonth", INT_PART),
    scalar("dayofweek", &[sig(&[DATE], R::Type(T::Timespan))]),
    scalar("dayofyear", INT_PART),
    scalar("endofday", BOUNDARY),
    scalar("endofmonth", BOUNDARY),
    scalar("endofweek", BOUNDARY),
    scalar("endofyear", BOUNDARY),
    scalar("format_datetime", &[sig(&[DATE, FORMAT], R::Type(T::String))]).named(Naming::FirstArgument),
    scalar("format_timespan", &[sig(&[p("timespan", A::Type(T::Timespan)), FORMAT], R::Type(T::String))])
        .named(Naming::FirstArgument),
    scalar("getmonth", LONG_PART).reference(INT_PART),
    scalar("getyear", LONG_PART).reference(INT_PART),
    scalar("hourofday", LONG_PART).reference(INT_PART),
    scalar(
        "make_datetime",
        &[
            sig(
                &[
                    p("year", A::Number),
                    p("month", A::Number),
                    p("day", A::Number),
                    p("hour", A::Number).optional(),
                    p("minute", A::Number).optional(),
                    p("second", A::Number).optional(),
                ],
                R::Type(T::Datetime),
            ),
            sig(&[p("value", A::Any)], R::Type(T::Datetime)),
        ],
    )
    .named(Naming::OnlyArgument),
    scalar(
        "make_timespan",
        &[
            sig(
                &[p("hours", A::Integer), p("minutes", A::Integer), p("seconds", A::Number).optional()],
                R::Type(T::Timespan),
            ),
            sig(
                &[
                    p("days", A::Integer),
                    p("hours", A::Integer),
                    p("minutes", A::Integer),
                    p("seconds", A::Number),
                ],
                R::Type(T::Timespan),
            ),
            sig(&[p("value", A::Any)], R::Type(T::Timespan)),
        ],
    )
    .named(Naming::OnlyArgument),
    scalar("monthofyear", LONG_PART).reference(INT_PART),
    scalar("now", &[sig(&[p("offset", A::Type(T::Timespan)).optional()], R::Type(T::Datetime))]),
    scalar("startofday", BOUNDARY).named(Naming::FirstArgument),
    scalar("startofmonth", BOUNDARY),
    scalar("startofweek", BOUNDARY),
    scalar("startofyear", BOUNDARY),
    scalar("unixtime_microseconds_todatetime", UNIX),
    scalar("unixtime_milliseconds_todatetime", UNIX),
    scalar("unixtime_nanoseconds_todatetime", UNIX),
    scalar("unixtime_seconds_todatetime", UNIX),
    scalar("week_of_year", INT_PART),
    also("weekofyear", "week_of_year"),
];
