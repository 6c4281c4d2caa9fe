//! Scalar functions, a module for each subject.

mod array;
mod bag;
mod conditional;
mod context;
mod conversion;
mod datetime;
mod encode;
mod geo;
mod graph;
mod ip;
mod math;
mod parsing;
mod series;
mod sketch;
mod string;
mod units;
mod window;

use super::Function;

pub(super) const TABLES: &[&[Function]] = &[
    array::FUNCTIONS,
    bag::FUNCTIONS,
    conditional::FUNCTIONS,
    context::FUNCTIONS,
    conversion::FUNCTIONS,
    datetime::FUNCTIONS,
    encode::FUNCTIONS,
    geo::FUNCTIONS,
    graph::FUNCTIONS,
    ip::FUNCTIONS,
    math::FUNCTIONS,
    parsing::FUNCTIONS,
    series::FUNCTIONS,
    sketch::FUNCTIONS,
    string::FUNCTIONS,
    units::FUNCTIONS,
    window::FUNCTIONS,
];
