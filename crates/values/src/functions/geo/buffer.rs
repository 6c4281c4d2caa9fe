//! `geo_point_buffer`, `geo_line_buffer`, `geo_polygon_buffer`: the outline of what lies within a radius of a shape.
//!
//! A path is drawn around the shape at the distance of the radius, with arcs at its corners; what it winds around is the
//! buffer. An arc has as few points as the tolerance allows, in steps as S2 chooses them.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::combine::region;
use super::overlay::{Arrangement, Chain};
use super::shape::{Lines, Region};
use super::sphere::{self, EARTH_RADIUS, Point, along};
use super::{number, place};
use crate::function::Function;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_line_buffer"], |_, a| Ok(json(line_buffer(a)))),
    Function::pure(&["geo_point_buffer"], |_, a| Ok(json(point_buffer(a)))),
    Function::pure(&["geo_polygon_buffer"], |_, a| Ok(json(polygon_buffer(a)))),
];

/// Metres that an arc may depart from the circle where nothing else is said.
const TOLERANCE: f64 = 10.0;
/// The least tolerance as a part of the radius.
const LEAST_PART: f64 = 1e-6;
/// Points of all paths.
const POINTS: usize = 1 << 20;

fn json(region: Option<Region>) -> Value {
    region.map(|region| Value::dynamic(region.to_json())).unwrap_or_default()
}

fn point_buffer(arguments: &[Value]) -> Option<Region> {
    let centre = place(arguments, 0)?;
    Some(region(vec![Pen::new(arguments, 2)?.circle(centre)]))
}

fn line_buffer(arguments: &[Value]) -> Option<Region> {
    let lines = Lines::read(&arguments[0])?;
    let pen = Pen::new(arguments, 1)?;
    outline(lines.lines.iter().map(|line| pen.around_line(line)))
}

pub(super) fn polygon_buffer(arguments: &[Value]) -> Option<Region> {
    let area = Region::read(&arguments[0])?;
    let pen = Pen::new(arguments, 1)?;
    outline(area.rings().map(|ring| pen.around_ring(ring)))
}

/// What paths wind around.
fn outline(paths: impl Iterator<Item = Vec<Point>>) -> Option<Region> {
    let mut count = 0;
    let mut kept = Vec::new();
    for path in paths {
        count += path.len();
        if count > POINTS {
            return None;
        }
        kept.push(path);
    }
    let chains: Vec<Chain<'_>> = kept.iter().map(|points| Chain { points, is_ring: true, side: 0 }).collect();
    let arrangement = Arrangement::new(&chains)?;
    let outline = arrangement.outline(|winding| winding[0] > 0);
    let region = region(arrangement.rings(&outline));
    (!region.polygons.is_empty()).then_some(region)
}

/// What draws at a distance: all in radians.
struct Pen {
    radius: f64,
    /// The turn between two points of an arc
    turn: f64,
    /// The distance between two points along an edge
    stride: f64,
}

/// The longest step around a circle whose chord stays within the error.
fn longest_step(radius: f64, error: f64) -> f64 {
    let third = TAU / 3.0 + 1e-15;
    let least = radius - error;
    if radius < FRAC_PI_2 {
        third.min(2.0 * (least.tan() / radius.tan()).acos())
    } else if least > FRAC_PI_2 {
        third.min(2.0 * (radius.tan() / least.tan()).acos())
    } else {
        third
    }
}

impl Pen {
    /// Reads radius and tolerance, in metres. A radius of a quarter of the Earth and more cannot be drawn.
    fn new(arguments: &[Value], at: usize) -> Option<Self> {
        let radius = number(arguments, at, 0.0).filter(|radius| *radius > 0.0)? / EARTH_RADIUS;
        let tolerance =
            number(arguments, at + 1, TOLERANCE).filter(|tolerance| *tolerance > 0.0)? / EARTH_RADIUS;
        if radius >= FRAC_PI_2 - 1e-6 {
            return None;
        }
        let error = tolerance.clamp(radius * LEAST_PART, radius * (1.0 - 1e-9));
        Some(Self {
            radius,
            turn: longest_step(radius, error),
            stride: longest_step(FRAC_PI_2 - radius, error),
        })
    }

    /// A regular polygon around a point.
    fn circle(&self, centre: Point) -> Vec<Point> {
        let count = (TAU / self.turn).ceil();
        let start = orthogonal(centre);
        let across = centre.cross(start);
        (0..count as usize)
            .map(|step| along(centre, along(start, across, step as f64 * (TAU / count + 1e-15)), self.radius))
            .collect()
    }

    /// The arc around a vertex from one direction counterclockwise to another.
    fn arc(&self, vertex: Point, start: Point, end: Point, path: &mut Vec<Point>) {
        let across = vertex.cross(start).normalized();
        let span = end.dot(across).atan2(end.dot(start));
        let span = if span < -1e-9 { span + TAU } else { span };
        let mut turn = 0.0;
        loop {
            path.push(along(vertex, along(start, across, turn), self.radius));
            turn += self.turn;
            if turn >= span {
                break;
            }
        }
    }

    /// What runs along the right of an edge.
    fn beside(&self, a: Point, b: Point, path: &mut Vec<Point>) {
        let right = outward(a, b);
        let length = a.angle(b);
        let steps = (length / self.stride).ceil().max(1.0);
        path.extend((0..steps as usize).map(|step| {
            let foot = sphere::towards(a, b, step as f64 * self.stride);
            along(foot, right, self.radius)
        }));
        path.push(along(b, right, self.radius));
    }

    /// An edge, and the corner that follows it: an arc where the path turns left, the vertex itself where it turns right.
    fn corner(&self, a: Point, b: Point, c: Point, path: &mut Vec<Point>) {
        self.beside(a, b, path);
        if sphere::side(a, b, c) >= 0.0 {
            self.arc(b, outward(a, b), outward(b, c), path);
        } else {
            path.push(b);
        }
    }

    fn around_ring(&self, ring: &[Point]) -> Vec<Point> {
        let count = ring.len();
        let mut path = Vec::new();
        for index in 0..count {
            self.corner(ring[index], ring[(index + 1) % count], ring[(index + 2) % count], &mut path);
        }
        distinct(path)
    }

    fn along_right(&self, line: &[Point], path: &mut Vec<Point>) {
        for corner in line.windows(3) {
            self.corner(corner[0], corner[1], corner[2], path);
        }
        if let [.., a, b] = line {
            self.beside(*a, *b, path);
        }
    }

    fn around_line(&self, line: &[Point]) -> Vec<Point> {
        let (first, second) = (line[0], line[1]);
        if first == second {
            return self.circle(first);
        }
        let mut path = Vec::new();
        self.arc(first, -outward(first, second), outward(first, second), &mut path);
        self.along_right(line, &mut path);
        let back: Vec<Point> = line.iter().rev().copied().collect();
        self.arc(back[0], -outward(back[0], back[1]), outward(back[0], back[1]), &mut path);
        self.along_right(&back, &mut path);
        distinct(path)
    }
}

/// The tangent that points away from an edge on its right: the same at all its points.
fn outward(a: Point, b: Point) -> Point {
    -sphere::normal(a, b).normalized()
}

/// Without points that repeat the one before.
fn distinct(mut path: Vec<Point>) -> Vec<Point> {
    path.dedup_by(|a, b| a.chord(*b) <= 1e-15);
    while path.len() > 1 && path[0].chord(path[path.len() - 1]) <= 1e-15 {
        path.pop();
    }
    path
}

/// A tangent at a point, chosen as S2 does.
fn orthogonal(point: Point) -> Point {
    let sizes = [point.x.abs(), point.y.abs(), point.z.abs()];
    let mut other = Point { x: 0.012, y: 0.0053, z: 0.004_57 };
    if sizes[0] > sizes[1] && sizes[0] > sizes[2] {
        other.z = 1.0;
    } else if sizes[0] <= sizes[1] && sizes[1] > sizes[2] {
        other.x = 1.0;
    } else {
        other.y = 1.0;
    }
    point.cross(other).normalized()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn pen(radius: f64, tolerance: f64) -> Pen {
        Pen::new(&[Value::Real(radius), Value::Real(tolerance)], 0).unwrap()
    }

    #[test]
    fn a_circle_is_as_fine_as_asked() {
        let centre = Point::from_degrees(-115.0, 36.0).unwrap();
        for (radius, tolerance) in [(20_000.0, 10.0), (4.0, 0.1), (100.0, 1e9)] {
            let circle = pen(radius, tolerance).circle(centre);
            assert!(circle.len() >= 3);
            for edge in sphere::ring_edges(&circle) {
                let near = sphere::closest_on_edge(centre, edge.0, edge.1).1 * EARTH_RADIUS;
                assert!(near >= radius - tolerance - 1e-3 && near <= radius, "{near}");
            }
            assert!(sphere::signed_area(&circle) > 0.0);
        }
    }

    #[test]
    fn a_buffer_holds_the_shape_and_its_hole_shrinks() {
        let frame = "[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[6,3],[6,6],[3,6],[3,3]]";
        let json = Json::parse(&format!(r#"{{"type":"Polygon","coordinates":[{frame}]}}"#)).unwrap();
        let area = polygon_buffer(&[Value::dynamic(json), Value::Real(10_000.0)]).unwrap();
        let at = |longitude, latitude| area.contains(Point::from_degrees(longitude, latitude).unwrap());
        assert!(at(-0.05, 5.0) && at(3.05, 4.5) && at(-0.05, -0.05));
        assert!(!at(-0.1, 5.0) && !at(4.5, 4.5) && !at(-0.08, -0.08));
    }
}
