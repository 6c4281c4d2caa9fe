//! `geo_line_to_s2cells`, `geo_polygon_to_s2cells`, `geo_polygon_to_h3cells`: the cells of a shape.

use std::collections::HashSet;

use h3o::CellIndex;
use s2::cellid::CellID;

use super::shape::{Lines, Region};
use super::sphere::{self, EARTH_RADIUS, MERGE, Point};
use super::{buffer, h3, level, number, s2 as grid, texts};
use crate::function::Function;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_line_to_s2cells"], |_, a| Ok(line_to_s2cells(a).unwrap_or_default())),
    Function::pure(&["geo_polygon_to_h3cells"], |_, a| Ok(polygon_to_h3cells(a).unwrap_or_default())),
    Function::pure(&["geo_polygon_to_s2cells"], |_, a| Ok(polygon_to_s2cells(a).unwrap_or_default())),
];

/// S2 cells of one shape.
const S2_CELLS: usize = 65_536;
/// H3 cells of one shape.
const H3_CELLS: usize = 61_680;

fn line_to_s2cells(arguments: &[Value]) -> Option<Value> {
    let lines = Lines::read(&arguments[0])?;
    covering(arguments, &lines.edges().collect::<Vec<_>>(), &Region::default())
}

fn polygon_to_s2cells(arguments: &[Value]) -> Option<Value> {
    let area = Region::read(&arguments[0])?;
    covering(arguments, &area.edges().collect::<Vec<_>>(), &area)
}

/// A cell, and the edges that come near it.
struct Candidate {
    id: CellID,
    near: Vec<(Point, Point)>,
}

/// All cells of a level within a radius of some edges or of an area.
fn covering(arguments: &[Value], edges: &[(Point, Point)], area: &Region) -> Option<Value> {
    let level = level(arguments, 1, grid::USUAL, grid::FINEST)?;
    let radius = number(arguments, 2, 0.0).filter(|radius| *radius >= 0.0)? / EARTH_RADIUS + MERGE;
    let candidate = |id: CellID, edges: &[(Point, Point)]| {
        let near = near_cell(id, edges, radius);
        (!near.is_empty() || area.contains(grid::corners(id)[0])).then_some(Candidate { id, near })
    };
    let mut cells: Vec<Candidate> =
        (0..6).filter_map(|face| candidate(CellID::from_face(face), edges)).collect();
    for _ in 0..level {
        let parents = std::mem::take(&mut cells);
        for parent in parents {
            cells.extend(parent.id.children().into_iter().filter_map(|child| candidate(child, &parent.near)));
            if cells.len() > S2_CELLS {
                return None;
            }
        }
    }
    Some(texts(cells.into_iter().map(|cell| cell.id.to_token())))
}

/// The edges that come within a radius of a cell.
fn near_cell(id: CellID, edges: &[(Point, Point)], radius: f64) -> Vec<(Point, Point)> {
    let corners = grid::corners(id);
    let middle =
        corners.iter().fold(Point { x: 0.0, y: 0.0, z: 0.0 }, |sum, corner| sum + *corner).normalized();
    let reach = corners.iter().map(|corner| corner.angle(middle)).fold(0.0, f64::max);
    let is_near = |(a, b): &(Point, Point)| {
        sphere::closest_on_edge(middle, *a, *b).1 <= reach + radius
            && (sphere::ring_contains(&corners, *a)
                || sphere::ring_edges(&corners).any(|(c, d)| sphere::edge_distance(*a, *b, c, d) <= radius))
    };
    edges.iter().filter(|edge| is_near(edge)).copied().collect()
}

/// `geo_polygon_to_h3cells(polygon, resolution, radius)`: the cells whose centres lie in the polygon, as it is on the map.
fn polygon_to_h3cells(arguments: &[Value]) -> Option<Value> {
    let resolution = level(arguments, 1, h3::USUAL, h3::FINEST)?;
    let radius = number(arguments, 2, 0.0).filter(|radius| *radius >= 0.0)?;
    let area = if radius > 0.0 {
        buffer::polygon_buffer(&[arguments[0].clone(), Value::Real(radius)])?
    } else {
        Region::read(&arguments[0])?
    };
    let polygons: Vec<Vec<Vec<(f64, f64)>>> =
        area.polygons.iter().map(|rings| rings.iter().map(|ring| on_map(ring)).collect()).collect();
    let holds = |cell: CellIndex| {
        let centre = h3::central_degrees(cell);
        polygons.iter().any(|rings| rings.iter().filter(|ring| map_contains(ring, centre)).count() % 2 == 1)
    };
    // From the cells along the edges inwards: what lies inside is connected with them.
    let mut reached: HashSet<CellIndex> = HashSet::new();
    for ring in polygons.iter().flatten() {
        let ends = ring.iter().zip(ring.iter().cycle().skip(1));
        for (a, b) in ends {
            trace(*a, *b, resolution, &mut reached)?;
        }
    }
    let mut inside: HashSet<CellIndex> = HashSet::new();
    let mut next: Vec<CellIndex> = reached.iter().copied().collect();
    while let Some(cell) = next.pop() {
        let is_start = reached.contains(&cell);
        let is_inside = holds(cell);
        if is_inside && !inside.insert(cell) && !is_start {
            continue;
        }
        if inside.len() > H3_CELLS {
            return None;
        }
        if is_start || is_inside {
            let disk: Vec<CellIndex> = cell.grid_disk(1);
            next.extend(
                disk.into_iter()
                    .filter(|other| !inside.contains(other) && !reached.contains(other) && holds(*other)),
            );
        }
    }
    let mut cells: Vec<CellIndex> = inside.into_iter().collect();
    cells.sort_unstable();
    Some(texts(cells.into_iter().map(|cell| cell.to_string())))
}

/// The cells along an edge.
fn trace(a: (f64, f64), b: (f64, f64), resolution: u8, reached: &mut HashSet<CellIndex>) -> Option<()> {
    // Cells of a resolution differ in size, but none is smaller than this part of a degree across.
    let least = 8.0 / 7.0_f64.sqrt().powi(i32::from(resolution));
    let steps = ((b.0 - a.0).hypot(b.1 - a.1) / (least / 2.0)).ceil().max(1.0);
    if steps > 20.0 * H3_CELLS as f64 {
        return None;
    }
    for step in 0..=steps as usize {
        let part = step as f64 / steps;
        let longitude = a.0 + (b.0 - a.0) * part;
        let longitude = longitude - 360.0 * (longitude / 360.0).round();
        reached.insert(h3::cell_at(longitude, a.1 + (b.1 - a.1) * part, resolution)?);
        if reached.len() > 4 * H3_CELLS {
            return None;
        }
    }
    Some(())
}

/// A ring in degrees, its longitudes without a break at the date line.
fn on_map(ring: &[Point]) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> = ring.iter().map(|point| point.to_degrees()).collect();
    for index in 1..places.len() {
        let turns = ((places[index].0 - places[index - 1].0) / 360.0).round();
        places[index].0 -= 360.0 * turns;
    }
    places
}

/// Whether a ring of straight edges on the map holds a place, at its longitude or a turn from it.
fn map_contains(ring: &[(f64, f64)], place: (f64, f64)) -> bool {
    [-360.0, 0.0, 360.0].iter().any(|turn| {
        let (x, y) = (place.0 + turn, place.1);
        let edges = ring.iter().zip(ring.iter().cycle().skip(1));
        let crossed = |(a, b): &(&(f64, f64), &(f64, f64))| {
            (a.1 > y) != (b.1 > y) && x < a.0 + (b.0 - a.0) * ((y - a.1) / (b.1 - a.1))
        };
        edges.filter(crossed).count() % 2 == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn cells(function: fn(&[Value]) -> Option<Value>, text: &str, level: i64) -> Option<usize> {
        let shape = Value::dynamic(Json::parse(text).unwrap());
        function(&[shape, Value::Long(level)]).and_then(|cells| cells.as_array().map(<[Json]>::len))
    }

    #[test]
    fn a_covering_has_the_level_asked_for_and_a_limit() {
        let triangle = r#"{"type":"Polygon","coordinates":[[[0,0],[0,50],[100,50],[0,0]]]}"#;
        assert_eq!(cells(polygon_to_s2cells, triangle, 5), Some(286));
        assert_eq!(cells(polygon_to_s2cells, triangle, 30), None);
        assert_eq!(cells(polygon_to_h3cells, triangle, 15), None);
        let street = r#"{"type":"LineString","coordinates":[[-0.0871,51.5096],[-0.0883,51.5061]]}"#;
        assert_eq!(cells(line_to_s2cells, street, 14), Some(2));
    }
}
