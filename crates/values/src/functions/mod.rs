//! The scalar functions, one module a family. A function is one line of its family's table and one small `fn`.

mod conditional;
pub mod convert;
mod datetime;
pub(crate) mod dynamic;
mod encode;
pub mod ip;
mod math;
pub mod regexes;
mod sets;
mod sketch;
pub(crate) mod strings;

use crate::function::Function;

/// Every family's table.
pub(crate) const FAMILIES: &[&[Function]] = &[
    conditional::TABLE,
    convert::TABLE,
    datetime::TABLE,
    dynamic::TABLE,
    encode::TABLE,
    ip::TABLE,
    math::TABLE,
    regexes::TABLE,
    sets::TABLE,
    sketch::TABLE,
    strings::TABLE,
];
