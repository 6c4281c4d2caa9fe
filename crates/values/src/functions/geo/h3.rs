//! H3: the hexagonal grid.

use h3o::{CellIndex, LatLng, Resolution};

use super::shape::{self, geometry, pair};
use super::{level, place, texts};
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_h3cell_children"], |_, a| Ok(children(a).unwrap_or_default())),
    Function::pure(&["geo_h3cell_level"], |_, a| {
        Ok(cell(a).map(|cell| Value::Int(i32::from(u8::from(cell.resolution())))).unwrap_or_default())
    }),
    Function::pure(&["geo_h3cell_neighbors"], |_, a| Ok(cell(a).map(neighbours).unwrap_or_default())),
    Function::pure(&["geo_h3cell_parent"], |_, a| Ok(Value::from(parent(a).unwrap_or_default()))),
    Function::pure(&["geo_h3cell_rings"], |_, a| Ok(rings(a).unwrap_or_default())),
    Function::pure(&["geo_h3cell_to_central_point"], |_, a| {
        Ok(cell(a).map(|cell| Value::dynamic(centre(cell))).unwrap_or_default())
    }),
    Function::pure(&["geo_h3cell_to_polygon"], |_, a| {
        Ok(cell(a).map(|cell| Value::dynamic(outline(cell))).unwrap_or_default())
    }),
    Function::pure(&["geo_point_to_h3cell"], geo_point_to_h3cell),
];

/// The finest resolution.
pub(super) const FINEST: u8 = 15;
/// The resolution where none is asked for.
pub(super) const USUAL: u8 = 6;
/// How many generations a cell's descendants may be away.
const GENERATIONS: u8 = 5;
/// The rings that may be asked for.
const RINGS: u8 = 142;

fn cell(arguments: &[Value]) -> Option<CellIndex> {
    arguments[0].as_str()?.parse().ok()
}

/// The cell that holds a place.
pub(super) fn cell_at(longitude: f64, latitude: f64, resolution: u8) -> Option<CellIndex> {
    Some(LatLng::new(latitude, longitude).ok()?.to_cell(Resolution::try_from(resolution).ok()?))
}

/// `geo_point_to_h3cell(longitude, latitude, resolution)`: the token, empty for what is invalid.
fn geo_point_to_h3cell(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let token = || {
        place(arguments, 0)?;
        let resolution = level(arguments, 2, USUAL, FINEST)?;
        Some(cell_at(arguments[0].as_real()?, arguments[1].as_real()?, resolution)?.to_string())
    };
    Ok(Value::from(token().unwrap_or_default()))
}

/// `geo_h3cell_children(cell, resolution)`: of the next resolution unless told otherwise.
fn children(arguments: &[Value]) -> Option<Value> {
    let cell = cell(arguments)?;
    let own = u8::from(cell.resolution());
    let wanted = level(arguments, 1, own + 1, FINEST)?;
    let allowed = wanted >= own && wanted - own <= GENERATIONS;
    let resolution = Resolution::try_from(wanted).ok().filter(|_| allowed)?;
    Some(texts(cell.children(resolution).map(|child| child.to_string())))
}

/// `geo_h3cell_parent(cell, resolution)`: of the resolution before unless told otherwise.
fn parent(arguments: &[Value]) -> Option<String> {
    let cell = cell(arguments)?;
    let wanted = match arguments.get(1) {
        Some(_) => level(arguments, 1, 0, FINEST)?,
        None => u8::from(cell.resolution()).checked_sub(1)?,
    };
    Some(cell.parent(Resolution::try_from(wanted).ok()?)?.to_string())
}

fn neighbours(cell: CellIndex) -> Value {
    let disk: Vec<CellIndex> = cell.grid_disk(1);
    texts(disk.into_iter().filter(|other| *other != cell).map(|cell| cell.to_string()))
}

/// `geo_h3cell_rings(cell, distance)`: an array for every ring, the first of the cell alone.
fn rings(arguments: &[Value]) -> Option<Value> {
    let cell = cell(arguments)?;
    let distance = level(arguments, 1, 0, RINGS)?;
    let mut rings = vec![Vec::new(); usize::from(distance) + 1];
    let disk: Vec<(CellIndex, u32)> = cell.grid_disk_distances(u32::from(distance));
    for (cell, ring) in disk {
        rings[ring as usize].push(Json::string(cell.to_string()));
    }
    Some(Value::array(rings.into_iter().map(Json::Array).collect()))
}

fn centre(cell: CellIndex) -> Json {
    let (longitude, latitude) = central_degrees(cell);
    geometry("Point", pair(longitude, latitude))
}

/// Longitude and latitude of a cell's centre.
pub(super) fn central_degrees(cell: CellIndex) -> (f64, f64) {
    let centre = LatLng::from(cell);
    (centre.lng(), centre.lat())
}

fn outline(cell: CellIndex) -> Json {
    let corners: Vec<Json> = cell.boundary().iter().map(|corner| pair(corner.lng(), corner.lat())).collect();
    let ring = corners.iter().chain(corners.first()).cloned().collect();
    shape::geometry("Polygon", Json::Array(vec![Json::Array(ring)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_a_parent_and_children_within_the_resolutions() {
        let coarsest = Value::from("8001fffffffffff");
        assert_eq!(parent(std::slice::from_ref(&coarsest)), None);
        assert_eq!(children(std::slice::from_ref(&coarsest)).unwrap().as_array().unwrap().len(), 7);
        assert_eq!(children(&[coarsest, Value::Long(6)]), None, "six generations are too many");
        assert_eq!(cell(&[Value::from("123")]), None);
    }
}
