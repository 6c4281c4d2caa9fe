//! The scalar functions, one module a family. A function is one line of its family's table and one small `fn`.

mod conditional;
pub mod convert;
mod datetime;
pub(crate) mod dynamic;
mod encode;
mod format;
pub mod geo;
pub mod ip;
mod math;
mod parsing;
pub mod regexes;
mod series;
mod sets;
mod sketch;
mod statistics;
pub(crate) mod strings;
mod surroundings;
mod units;
mod user_agent;

use crate::function::Function;

/// Every family's table.
pub(crate) const FAMILIES: &[&[Function]] = &[
    conditional::TABLE,
    convert::TABLE,
    datetime::TABLE,
    dynamic::TABLE,
    encode::TABLE,
    format::TABLE,
    geo::buffer::TABLE,
    geo::combine::TABLE,
    geo::cover::TABLE,
    geo::densify::TABLE,
    geo::geohash::TABLE,
    geo::h3::TABLE,
    geo::lines::TABLE,
    geo::points::TABLE,
    geo::polygons::TABLE,
    geo::s2::TABLE,
    geo::simplify::TABLE,
    geo::wkt::TABLE,
    statistics::TABLE,
    units::TABLE,
    parsing::TABLE,
    ip::TABLE,
    math::TABLE,
    regexes::TABLE,
    series::TABLE,
    sets::TABLE,
    sketch::TABLE,
    strings::TABLE,
    surroundings::TABLE,
];
