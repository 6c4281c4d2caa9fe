//! Constants: literals of every type and how their texts are read.

mod datetime;
mod dynamic;
mod literal;
mod timespan;

pub use datetime::{parse_datetime, print_datetime};
pub use dynamic::Dynamic;
pub use literal::Literal;
pub(crate) use literal::parse_typed;
pub use timespan::{parse_timespan, print_timespan};
