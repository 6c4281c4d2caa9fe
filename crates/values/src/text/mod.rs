//! Values as text and back, by Kusto's spelling.

mod read;
mod write;

pub use read::{read_bool, read_datetime, read_decimal, read_guid, read_long, read_real, read_timespan};
pub use write::{datetime, guid, real, timespan, to_string, write_json};
