//! Quantities in other units, and sizes for people to read. A unit that does not exist gives null.

use crate::functions::{Accepts as A, Function, Naming, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const CONVERT: &[Signature] =
    &[sig(&[p("value", A::Number), p("from", A::Text), p("to", A::Text)], R::Type(T::Real))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("convert_angle", CONVERT),
    scalar("convert_energy", CONVERT),
    scalar("convert_force", CONVERT),
    scalar("convert_length", CONVERT),
    scalar("convert_mass", CONVERT),
    scalar("convert_speed", CONVERT),
    scalar("convert_temperature", CONVERT),
    scalar("convert_volume", CONVERT),
    scalar(
        "format_bytes",
        &[sig(
            &[
                p("size", A::Number),
                p("precision", A::Number).constant().optional(),
                p("units", A::Text).constant().optional(),
            ],
            R::Type(T::String),
        )],
    )
    .named(Naming::FirstArgument),
];
