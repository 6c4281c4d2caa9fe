//! Geohash: cells of a grid of longitude and latitude, named by the bits of both in turn.

use super::{level, place, shape, texts};
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_geohash_neighbors"], |_, a| {
        Ok(cell(a).map(|cell| texts(cell.neighbours())).unwrap_or_default())
    }),
    Function::pure(&["geo_geohash_to_central_point"], |_, a| {
        Ok(Value::dynamic(cell(a).map(Cell::centre).unwrap_or_default()))
    }),
    Function::pure(&["geo_geohash_to_polygon"], |_, a| {
        Ok(Value::dynamic(cell(a).map(Cell::outline).unwrap_or_default()))
    }),
    Function::pure(&["geo_point_to_geohash"], geo_point_to_geohash),
];

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
/// The longest name: 45 bits each of longitude and latitude.
const LONGEST: u8 = 18;

/// A cell: so many bits of longitude and latitude, and its place in the grid of those.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    length: u8,
    column: u64,
    row: u64,
}

impl Cell {
    fn bits(length: u8) -> (u32, u32) {
        let bits = u32::from(length) * 5;
        (bits.div_ceil(2), bits / 2)
    }

    fn parse(name: &str) -> Option<Self> {
        let length = u8::try_from(name.len()).ok().filter(|length| (1..=LONGEST).contains(length))?;
        let (mut column, mut row, mut of_longitude) = (0, 0, true);
        for byte in name.bytes() {
            let digit = DIGITS.iter().position(|digit| *digit == byte)?;
            for bit in (0..5).rev().map(|place| (digit as u64 >> place) & 1) {
                let half = if of_longitude { &mut column } else { &mut row };
                *half = (*half << 1) | bit;
                of_longitude = !of_longitude;
            }
        }
        Some(Self { length, column, row })
    }

    fn name(self) -> String {
        let (mut columns, mut rows) = Self::bits(self.length);
        let digit = |place: usize| {
            let mut digit = 0;
            for bit in 0..5 {
                let (left, half) = if (place * 5 + bit).is_multiple_of(2) {
                    (&mut columns, self.column)
                } else {
                    (&mut rows, self.row)
                };
                *left -= 1;
                digit = (digit << 1) | ((half >> *left) & 1);
            }
            char::from(DIGITS[digit as usize])
        };
        (0..usize::from(self.length)).map(digit).collect()
    }

    /// West, south, and the width and height, in degrees.
    fn bounds(self) -> (f64, f64, f64, f64) {
        let (columns, rows) = Self::bits(self.length);
        let (width, height) = (360.0 / (1_u64 << columns) as f64, 180.0 / (1_u64 << rows) as f64);
        (self.column as f64 * width - 180.0, self.row as f64 * height - 90.0, width, height)
    }

    fn centre(self) -> Json {
        let (west, south, width, height) = self.bounds();
        shape::geometry("Point", shape::pair(west + width / 2.0, south + height / 2.0))
    }

    fn outline(self) -> Json {
        let (west, south, width, height) = self.bounds();
        let (east, north) = (west + width, south + height);
        let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
        let ring = corners.iter().map(|&(longitude, latitude)| shape::pair(longitude, latitude)).collect();
        shape::geometry("Polygon", Json::Array(vec![Json::Array(ring)]))
    }

    /// The cells around, from the west counterclockwise; there are none beyond the poles.
    fn neighbours(self) -> Vec<String> {
        let (columns, rows) = Self::bits(self.length);
        let steps = [(-1, 0), (-1, -1), (0, -1), (1, -1), (1, 1), (1, 0), (0, 1), (-1, 1)];
        let beside = |&(east, north): &(i64, i64)| {
            let row = self.row.checked_add_signed(north).filter(|row| *row < 1 << rows)?;
            let column = self.column.wrapping_add_signed(east) & ((1 << columns) - 1);
            Some(Self { column, row, ..self }.name())
        };
        steps.iter().filter_map(beside).collect()
    }
}

fn cell(arguments: &[Value]) -> Option<Cell> {
    Cell::parse(arguments[0].as_str()?)
}

/// `geo_point_to_geohash(longitude, latitude, accuracy)`: the name, of five characters unless told otherwise.
fn geo_point_to_geohash(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let name = || {
        place(arguments, 0)?;
        let length = level(arguments, 2, 5, LONGEST).filter(|length| *length > 0)?;
        let (columns, rows) = Cell::bits(length);
        let index = |degrees: f64, least: f64, bits: u32| {
            let cells = (1_u64 << bits) as f64;
            ((degrees - least) / (-2.0 * least) * cells).clamp(0.0, cells - 1.0) as u64
        };
        let column = index(arguments[0].as_real()?, -180.0, columns);
        Some(Cell { length, column, row: index(arguments[1].as_real()?, -90.0, rows) }.name())
    };
    Ok(Value::from(name().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_and_written() {
        for name in ["s", "sunny", "dr5ru", "zzzzzzzzzzzzzzzzzz", "0123456789bcdefghj"] {
            assert_eq!(Cell::parse(name).unwrap().name(), name);
        }
        for name in ["", "a", "Sunny", "s0000000000000000000"] {
            assert_eq!(Cell::parse(name), None);
        }
    }

    #[test]
    fn the_date_line_is_no_end_and_the_pole_is() {
        assert_eq!(Cell::parse("z").unwrap().neighbours().len(), 5);
        assert!(Cell::parse("xbp").unwrap().neighbours().contains(&"800".to_owned()));
    }
}
