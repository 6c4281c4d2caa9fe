//! Numbers.

use crate::functions::{
    Accepts as A, Function, Naming, Parameter, Returns as R, Signature, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const NUMBER: Parameter = p("number", A::Number);
const REAL: &[Signature] = &[sig(&[NUMBER], R::Type(T::Real))];
const ASKED: &[Signature] = &[sig(&[p("number", A::Type(T::Real))], R::Type(T::Bool))];
const BITS: &[Signature] = &[sig(&[p("value", A::Integer)], R::Type(T::Long))];
const BITS2: &[Signature] = &[sig(&[p("value1", A::Integer), p("value2", A::Integer)], R::Type(T::Long))];
const SHIFT: &[Signature] = &[sig(&[p("value", A::Integer), p("shift", A::Integer)], R::Type(T::Long))];
const BETA: &[Signature] =
    &[sig(&[p("x", A::Number), p("alpha", A::Number), p("beta", A::Number)], R::Type(T::Real))];
const BIN: &[Signature] = &[
    sig(&[p("value", A::Number), p("roundTo", A::Number)], R::Widest),
    sig(&[p("value", A::Type(T::Timespan)), p("roundTo", A::Type(T::Timespan))], R::Type(T::Timespan)),
    sig(&[p("value", A::Type(T::Datetime)), p("roundTo", A::Type(T::Timespan))], R::Type(T::Datetime)),
];
const BIN_AT: &[Signature] = &[
    sig(&[p("value", A::Number), p("bin_size", A::Number), p("fixed_point", A::Number)], R::Widest),
    sig(
        &[
            p("value", A::Type(T::Timespan)),
            p("bin_size", A::Type(T::Timespan)),
            p("fixed_point", A::Type(T::Timespan)),
        ],
        R::Type(T::Timespan),
    ),
    sig(
        &[
            p("value", A::Type(T::Datetime)),
            p("bin_size", A::Type(T::Timespan)),
            p("fixed_point", A::Type(T::Datetime)),
        ],
        R::Type(T::Datetime),
    ),
];

/// A function whose result is called as its argument.
const fn of(name: &'static str, signatures: &'static [Signature]) -> Function {
    scalar(name, signatures).named(Naming::FirstArgument)
}

pub(super) const FUNCTIONS: &[Function] = &[
    of(
        "abs",
        &[
            sig(&[NUMBER], R::ArgumentLong(0)),
            sig(&[p("timespan", A::Type(T::Timespan))], R::Type(T::Timespan)),
        ],
    ),
    of("acos", REAL),
    of("asin", REAL),
    of("atan", REAL),
    of("atan2", &[sig(&[p("y", A::Number), p("x", A::Number)], R::Type(T::Real))]),
    scalar("beta_cdf", BETA),
    scalar("beta_inv", BETA),
    scalar("beta_pdf", BETA),
    of("bin", BIN),
    of("bin_at", BIN_AT),
    // The size of the bins is a property of the request.
    of("bin_auto", &[sig(&[p("value", A::Summable)], R::Argument(0))]),
    of("binary_and", BITS2),
    of("binary_not", BITS),
    of("binary_or", BITS2),
    of("binary_shift_left", SHIFT),
    of("binary_shift_right", SHIFT),
    of("binary_xor", BITS2),
    of("bitset_count_ones", BITS),
    // The engine gives `real` for whole numbers too.
    of("ceiling", REAL).reference(&[sig(&[NUMBER], R::Argument(0))]),
    of("cos", REAL),
    scalar("cot", REAL),
    scalar("degrees", REAL),
    of("erf", REAL),
    of("erfc", REAL),
    of("exp", REAL),
    of("exp10", REAL),
    of("exp2", REAL),
    also("floor", "bin"),
    of("gamma", REAL),
    scalar("isfinite", ASKED),
    scalar("isinf", ASKED),
    scalar("isnan", ASKED),
    of("log", REAL),
    of("log10", REAL),
    of("log2", REAL),
    of("loggamma", REAL),
    scalar("pi", &[sig(&[], R::Type(T::Real))]),
    of("pow", &[sig(&[p("base", A::Number), p("exponent", A::Number)], R::Type(T::Real))]),
    scalar("radians", REAL),
    of("rand", &[sig(&[p("number", A::Integer).optional()], R::Type(T::Real))]).volatile(),
    of("round", &[sig(&[NUMBER, p("precision", A::Integer).optional()], R::Argument(0))]),
    scalar("sign", REAL),
    of("sin", REAL),
    of("sqrt", REAL),
    of("tan", REAL),
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
