//! Numbers.

use crate::functions::{
    Accepts as A, Function, FunctionKind, Naming, Returns as R, Signature, alias, p, scalar, sig,
};
use crate::types::ScalarType as T;

const REAL: &[Signature] = &[sig(&[p("value", A::Number)], R::Type(T::Real))];
const REAL2: &[Signature] = &[sig(&[p("left", A::Number), p("right", A::Number)], R::Type(T::Real))];
const ASKED: &[Signature] = &[sig(&[p("value", A::Number)], R::Type(T::Bool))];
const LONG2: &[Signature] = &[sig(&[p("left", A::Number), p("right", A::Number)], R::Type(T::Long))];
const BETA: &[Signature] =
    &[sig(&[p("x", A::Number), p("alpha", A::Number), p("beta", A::Number)], R::Type(T::Real))];
const CONVERT: &[Signature] = &[sig(
    &[p("value", A::Number), p("from", A::Text).constant(), p("to", A::Text).constant()],
    R::Type(T::Real),
)];
const BIN: &[Signature] = &[
    sig(&[p("value", A::Number), p("size", A::Number)], R::Widest),
    sig(&[p("value", A::Type(T::Timespan)), p("size", A::Type(T::Timespan))], R::Type(T::Timespan)),
    sig(&[p("value", A::Type(T::Datetime)), p("size", A::Type(T::Timespan))], R::Type(T::Datetime)),
];

const SAME: &[Signature] = &[
    sig(&[p("value", A::Number)], R::Argument(0)),
    sig(&[p("value", A::Type(T::Timespan))], R::Type(T::Timespan)),
];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("abs", SAME).named(Naming::FirstArgument),
    scalar("acos", REAL).named(Naming::FirstArgument),
    scalar("asin", REAL).named(Naming::FirstArgument),
    scalar("atan", REAL).named(Naming::FirstArgument),
    scalar("atan2", REAL2).named(Naming::FirstArgument),
    scalar("beta_cdf", BETA),
    scalar("beta_inv", BETA),
    scalar("beta_pdf", BETA),
    scalar("bin", BIN).named(Naming::FirstArgument),
    scalar(
        "bin_at",
        &[
            sig(&[p("value", A::Number), p("size", A::Number), p("fixed", A::Number)], R::Widest),
            sig(
                &[
                    p("value", A::Type(T::Datetime)),
                    p("size", A::Type(T::Timespan)),
                    p("fixed", A::Type(T::Datetime)),
                ],
                R::Type(T::Datetime),
            ),
            sig(
                &[
                    p("value", A::Type(T::Timespan)),
                    p("size", A::Type(T::Timespan)),
                    p("fixed", A::Type(T::Timespan)),
                ],
                R::Type(T::Timespan),
            ),
        ],
    )
    .named(Naming::FirstArgument),
    scalar("bin_auto", &[sig(&[p("value", A::Any)], R::Argument(0))]).named(Naming::FirstArgument),
    scalar("binary_and", LONG2).named(Naming::FirstArgument),
    scalar("binary_not", &[sig(&[p("value", A::Number)], R::Type(T::Long))]).named(Naming::FirstArgument),
    scalar("binary_or", LONG2).named(Naming::FirstArgument),
    scalar("binary_shift_left", LONG2).named(Naming::FirstArgument),
    scalar("binary_shift_right", LONG2).named(Naming::FirstArgument),
    scalar("binary_xor", LONG2).named(Naming::FirstArgument),
    scalar("bitset_count_ones", &[sig(&[p("value", A::Number)], R::Type(T::Long))])
        .named(Naming::FirstArgument),
    scalar("ceiling", &[sig(&[p("value", A::Number)], R::Type(T::Real))]).named(Naming::FirstArgument),
    scalar("convert_angle", CONVERT),
    scalar("convert_energy", CONVERT),
    scalar("convert_force", CONVERT),
    scalar("convert_length", CONVERT),
    scalar("convert_mass", CONVERT),
    scalar("convert_speed", CONVERT),
    scalar("convert_temperature", CONVERT),
    scalar("convert_volume", CONVERT),
    scalar("cos", REAL).named(Naming::FirstArgument),
    scalar("cot", REAL),
    scalar("degrees", REAL),
    scalar("erf", REAL).named(Naming::FirstArgument),
    scalar("erfc", REAL).named(Naming::FirstArgument),
    scalar("exp", REAL).named(Naming::FirstArgument),
    scalar("exp10", REAL).named(Naming::FirstArgument),
    scalar("exp2", REAL).named(Naming::FirstArgument),
    alias("floor", FunctionKind::Scalar, "bin"),
    scalar("gamma", REAL).named(Naming::FirstArgument),
    scalar("isfinite", ASKED),
    scalar("isinf", ASKED),
    scalar("isnan", ASKED),
    scalar("log", REAL).named(Naming::FirstArgument),
    scalar("log10", REAL).named(Naming::FirstArgument),
    scalar("log2", REAL).named(Naming::FirstArgument),
    scalar("loggamma", REAL).named(Naming::FirstArgument),
    scalar("pi", &[sig(&[], R::Type(T::Real))]),
    scalar("pow", REAL2).named(Naming::FirstArgument),
    scalar("radians", REAL),
    scalar("rand", &[sig(&[p("range", A::Number).optional()], R::Type(T::Real))])
        .named(Naming::FirstArgument)
        .volatile(),
    scalar("round", &[sig(&[p("value", A::Number), p("digits", A::Integer).optional()], R::Argument(0))])
        .named(Naming::FirstArgument),
    scalar("sign", &[sig(&[p("value", A::Number)], R::Argument(0))]),
    scalar("sin", REAL).named(Naming::FirstArgument),
    scalar("sqrt", REAL).named(Naming::FirstArgument),
    scalar("tan", REAL).named(Naming::FirstArgument),
    scalar(
        "welch_test",
        &[sig(
            &[
                p("mean1", A::Number),
                p("variance1", A::Number),
                p("count1", A::Number),
                p("mean2", A::Number),
                p("variance2", A::Number),
                p("count2", A::Number),
            ],
            R::Type(T::Real),
        )],
    ),
];
