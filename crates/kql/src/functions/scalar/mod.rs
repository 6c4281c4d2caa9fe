//! Scalar functions, a module for each subject.

mod conditional;
mod conversion;
mod datetime;
mod dynamic;
mod encode;
mod geo;
mod graph;
mod ip;
mod math;
mod series;
mod sketch;
mod string;
mod window;

use super::Function;

pub(super) const TABLES: &[&[Function]] = &[
    conditional::FUNCTIONS,
    conversion::FUNCTIONS,
    datetime::FUNCTIONS,
    dynamic::FUNCTIONS,
    encode::FUNCTIONS,
    geo::FUNCTIONS,
    graph::FUNCTIONS,
    ip::FUNCTIONS,
    math::FUNCTIONS,
    series::FUNCTIONS,
    sketch::FUNCTIONS,
    string::FUNCTIONS,
    window::FUNCTIONS,
];
