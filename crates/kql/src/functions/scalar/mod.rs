//! Scalar functions, a module for each subject.

mod conditional;
mod conversion;
mod datetime;
mod dynamic;
mod math;
mod string;
mod window;

use super::Function;

pub(super) const TABLES: &[&[Function]] = &[
    conditional::FUNCTIONS,
    conversion::FUNCTIONS,
    datetime::FUNCTIONS,
    dynamic::FUNCTIONS,
    math::FUNCTIONS,
    string::FUNCTIONS,
    window::FUNCTIONS,
];
