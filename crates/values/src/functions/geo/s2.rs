//! S2: the grid of squares on the six faces of a cube, named by tokens.

use s2::cell::Cell;
use s2::cellid::CellID;
use s2::r3::vector::Vector;

use super::shape::{geometry, point_json, ring_json};
use super::sphere::Point;
use super::{level, place, texts};
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_point_to_s2cell"], geo_point_to_s2cell),
    Function::pure(&["geo_s2cell_neighbors"], |_, a| Ok(cell(a).map(neighbours).unwrap_or_default())),
    Function::pure(&["geo_s2cell_to_central_point"], |_, a| {
        Ok(cell(a).map(|id| Value::dynamic(point_json(of_s2(Cell::from(id).center())))).unwrap_or_default())
    }),
    Function::pure(&["geo_s2cell_to_polygon"], |_, a| {
        Ok(cell(a)
            .map(|id| Value::dynamic(geometry("Polygon", Json::Array(vec![ring_json(&corners(id))]))))
            .unwrap_or_default())
    }),
];

/// The finest level.
pub(super) const FINEST: u8 = 30;
/// The level where none is asked for.
pub(super) const USUAL: u8 = 11;

/// The leaf cell that holds a point.
pub(super) fn leaf(point: Point) -> CellID {
    CellID::from(s2::point::Point(Vector { x: point.x, y: point.y, z: point.z }))
}

fn of_s2(point: s2::point::Point) -> Point {
    Point { x: point.0.x, y: point.0.y, z: point.0.z }
}

/// The corners of a cell, counterclockwise.
pub(super) fn corners(id: CellID) -> [Point; 4] {
    Cell::from(id).vertices().map(of_s2)
}

/// The cell of a token: up to 16 hexadecimal digits, which trailing zeros complete.
fn cell(arguments: &[Value]) -> Option<CellID> {
    let token = arguments[0].as_str()?;
    let fits = (1..=16).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = u64::from_str_radix(token, 16).ok().filter(|bits| fits && *bits != 0)?;
    let id = CellID(bits << (4 * (16 - token.len())));
    id.is_valid().then_some(id)
}

/// `geo_point_to_s2cell(longitude, latitude, level)`: the token, empty for what is invalid.
fn geo_point_to_s2cell(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let token =
        || Some(leaf(place(arguments, 0)?).parent(u64::from(level(arguments, 2, USUAL, FINEST)?)).to_token());
    Ok(Value::from(token().unwrap_or_default()))
}

/// The cells around, of the same level; at a corner of the cube there are seven.
fn neighbours(id: CellID) -> Value {
    let mut around = Vec::new();
    for beside in id.all_neighbors(id.level()) {
        if beside != id && !around.contains(&beside) {
            around.push(beside);
        }
    }
    texts(around.into_iter().map(|id| id.to_token()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_checked() {
        assert!(cell(&[Value::from("89c259")]).is_some());
        for token in ["", "a", "X", "0", "+9c259", "89c25900000000000", "f"] {
            assert_eq!(cell(&[Value::from(token)]), None, "{token}");
        }
    }

    #[test]
    fn cells_of_all_faces_have_neighbours() {
        for token in ["1", "3", "5", "7", "9", "b", "04", "0000000000000001", "bfffffffffffffff"] {
            let around = neighbours(cell(&[Value::from(token)]).unwrap());
            assert!((4..=8).contains(&around.as_array().unwrap().len()), "{token}");
        }
    }
}
