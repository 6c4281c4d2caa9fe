//! Lines and polygons as GeoJSON, read and written.
//!
//! Reading checks what Kusto's reference demands: coordinates in range, rings that are closed, of distinct vertices,
//! crossing neither themselves nor each other. Rings are turned so that the polygon lies on the left of all its edges; of
//! the two areas that a ring bounds the smaller is meant.

use std::collections::HashSet;

use super::sphere::{self, Point};
use crate::json::Json;
use crate::value::Value;

/// Points that one shape may have.
const POINTS: usize = 1 << 20;

/// A line or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Each of at least two points
    pub(super) lines: Vec<Vec<Point>>,
}

/// A polygon or several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Each a shell, counterclockwise, and its holes, clockwise; rings without their repeated last point
    pub(super) polygons: Vec<Vec<Vec<Point>>>,
}

impl Lines {
    /// Reads a `LineString` or a `MultiLineString`; `None` for what is neither, or invalid.
    pub fn read(value: &Value) -> Option<Self> {
        Self::of(value.as_json()?)
    }

    pub(super) fn of(json: &Json) -> Option<Self> {
        let coordinates = json.member("coordinates")?;
        let lines = match kind(json)? {
            "LineString" => vec![line(coordinates)?],
            "MultiLineString" => items(coordinates)?.iter().map(line).collect::<Option<_>>()?,
            _ => return None,
        };
        (!lines.is_empty()).then_some(Self { lines })
    }

    /// Every edge.
    pub(super) fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.lines.iter().flat_map(|line| line.windows(2).map(|edge| (edge[0], edge[1])))
    }

    /// The point that is closest to another, and the distance between them in radians.
    pub(super) fn closest(&self, x: Point) -> (Point, f64) {
        nearest(x, self.edges())
    }

    /// Metres to a point.
    pub fn distance(&self, x: Point) -> f64 {
        self.closest(x).1 * sphere::EARTH_RADIUS
    }

    /// Its length in radians.
    pub(super) fn length(&self) -> f64 {
        self.edges().map(|(a, b)| a.angle(b)).sum()
    }

    /// As GeoJSON.
    pub(super) fn to_json(&self) -> Json {
        match self.lines.as_slice() {
            [line] => geometry("LineString", written(line)),
            lines => {
                geometry("MultiLineString", Json::Array(lines.iter().map(|line| written(line)).collect()))
            }
        }
    }
}

impl Region {
    /// Reads a `Polygon` or a `MultiPolygon`; `None` for what is neither, or invalid.
    pub fn read(value: &Value) -> Option<Self> {
        Self::of(value.as_json()?)
    }

    pub(super) fn of(json: &Json) -> Option<Self> {
        let coordinates = json.member("coordinates")?;
        let polygons = match kind(json)? {
            "Polygon" => vec![polygon(coordinates)?],
            "MultiPolygon" => items(coordinates)?.iter().map(polygon).collect::<Option<_>>()?,
            _ => return None,
        };
        (!polygons.is_empty()).then_some(Self { polygons })
    }

    /// Every ring.
    pub(super) fn rings(&self) -> impl Iterator<Item = &Vec<Point>> + '_ {
        self.polygons.iter().flatten()
    }

    /// Every edge.
    pub(super) fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.rings().flat_map(|ring| sphere::ring_edges(ring))
    }

    /// Whether it holds a point. Of points on its edges some are held and others not.
    pub fn contains(&self, x: Point) -> bool {
        self.polygons.iter().any(|rings| polygon_contains(rings, x))
    }

    /// The point of it that is closest to another, which is the point itself within; and the distance in radians.
    pub(super) fn closest(&self, x: Point) -> (Point, f64) {
        if self.contains(x) { (x, 0.0) } else { nearest(x, self.edges()) }
    }

    /// Metres to a point, 0 within.
    pub fn distance(&self, x: Point) -> f64 {
        self.closest(x).1 * sphere::EARTH_RADIUS
    }

    /// As GeoJSON; null for nothing.
    pub(super) fn to_json(&self) -> Json {
        let rings = |rings: &Vec<Vec<Point>>| Json::Array(rings.iter().map(|ring| ring_json(ring)).collect());
        match self.polygons.as_slice() {
            [] => Json::Null,
            [polygon] => geometry("Polygon", rings(polygon)),
            polygons => geometry("MultiPolygon", Json::Array(polygons.iter().map(rings).collect())),
        }
    }
}

/// Whether a shell holds a point and none of its holes do.
pub(super) fn polygon_contains(rings: &[Vec<Point>], x: Point) -> bool {
    let hole = |ring: &Vec<Point>| {
        let turned: Vec<Point> = ring.iter().rev().copied().collect();
        sphere::ring_contains(&turned, x)
    };
    rings.first().is_some_and(|shell| sphere::ring_contains(shell, x)) && !rings.iter().skip(1).any(hole)
}

fn nearest(x: Point, edges: impl Iterator<Item = (Point, Point)>) -> (Point, f64) {
    edges
        .map(|(a, b)| sphere::closest_on_edge(x, a, b))
        .fold((x, f64::INFINITY), |best, found| if found.1 < best.1 { found } else { best })
}

/// A point as GeoJSON.
pub(super) fn point_json(point: Point) -> Json {
    geometry("Point", position(point))
}

/// A geometry of that type.
pub(super) fn geometry(kind: &str, coordinates: Json) -> Json {
    Json::Object(vec![("type".into(), Json::string(kind)), ("coordinates".into(), coordinates)])
}

/// Several geometries as one.
pub(super) fn collection(geometries: Vec<Json>) -> Json {
    let kind = ("type".into(), Json::string("GeometryCollection"));
    Json::Object(vec![kind, ("geometries".into(), Json::Array(geometries))])
}

/// A pair of degrees.
pub(super) fn pair(longitude: f64, latitude: f64) -> Json {
    Json::Array(vec![Json::Real(longitude), Json::Real(latitude)])
}

pub(super) fn position(point: Point) -> Json {
    let (longitude, latitude) = point.to_degrees();
    pair(longitude, latitude)
}

fn written(line: &[Point]) -> Json {
    Json::Array(line.iter().copied().map(position).collect())
}

/// A ring with its first point repeated.
pub(super) fn ring_json(ring: &[Point]) -> Json {
    Json::Array(ring.iter().chain(ring.first()).copied().map(position).collect())
}

/// The type of a geometry.
pub(super) fn kind(json: &Json) -> Option<&str> {
    match json.member("type")? {
        Json::String(kind) => Some(kind),
        _ => None,
    }
}

pub(super) fn items(json: &Json) -> Option<&[Json]> {
    match json {
        Json::Array(items) if items.len() <= POINTS => Some(items),
        _ => None,
    }
}

/// A longitude and a latitude in degrees, unchecked.
pub(super) fn degrees(json: &Json) -> Option<(f64, f64)> {
    let position = items(json)?;
    let number = |index: usize| position.get(index).and_then(|number| number.to_value().as_real());
    Some((number(0)?, number(1)?))
}

fn point(json: &Json) -> Option<Point> {
    let (longitude, latitude) = degrees(json)?;
    Point::from_degrees(longitude, latitude)
}

fn line(json: &Json) -> Option<Vec<Point>> {
    let mut line: Vec<Point> = items(json)?.iter().map(point).collect::<Option<_>>()?;
    if line.len() < 2 {
        return None;
    }
    line.dedup();
    if line.len() == 1 {
        line.push(line[0]);
    }
    line.windows(2).all(|edge| !are_antipodal(edge[0], edge[1])).then_some(line)
}

fn are_antipodal(a: Point, b: Point) -> bool {
    a.dot(b) <= -1.0 + 1e-15
}

fn polygon(json: &Json) -> Option<Vec<Vec<Point>>> {
    let mut rings: Vec<Vec<Point>> = items(json)?.iter().map(ring).collect::<Option<_>>()?;
    if rings.is_empty() || rings.iter().map(Vec::len).sum::<usize>() > POINTS || rings_cross(&rings) {
        return None;
    }
    for hole in &mut rings[1..] {
        hole.reverse();
    }
    Some(rings)
}

/// A ring, counterclockwise.
fn ring(json: &Json) -> Option<Vec<Point>> {
    let mut ring: Vec<Point> = items(json)?.iter().map(point).collect::<Option<_>>()?;
    if ring.len() < 4 || ring.first() != ring.last() {
        return None;
    }
    ring.pop();
    let bits = |point: &Point| [point.x.to_bits(), point.y.to_bits(), point.z.to_bits()];
    let mut seen = HashSet::new();
    let distinct = ring.iter().all(|point| seen.insert(bits(point)));
    let possible = sphere::ring_edges(&ring).all(|(a, b)| !are_antipodal(a, b));
    if !distinct || !possible {
        return None;
    }
    let area = sphere::signed_area(&ring);
    if !(0.0..=std::f64::consts::TAU).contains(&area) {
        ring.reverse();
    }
    Some(ring)
}

/// Whether any two edges cross other than at a shared vertex; so they do if there are too many to tell.
fn rings_cross(rings: &[Vec<Point>]) -> bool {
    let edges: Vec<(Point, Point)> = rings.iter().flat_map(|ring| sphere::ring_edges(ring)).collect();
    let cross = |e: usize, f: usize| {
        let ((a, b), (c, d)) = (edges[e], edges[f]);
        let apart = a != c && a != d && b != c && b != d;
        let crossed = || {
            sphere::side(a, b, c) * sphere::side(a, b, d) < 0.0
                && sphere::side(c, d, a) * sphere::side(c, d, b) < 0.0
        };
        apart && crossed() && sphere::edges_meet(a, b, c, d)
    };
    sphere::any_pair(&edges, cross) != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Option<Region> {
        Region::of(&Json::parse(text).unwrap())
    }

    #[test]
    fn rings_are_turned_and_closed_again() {
        let clockwise = region(r#"{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[0,0]]]}"#).unwrap();
        assert!(sphere::signed_area(&clockwise.polygons[0][0]) > 0.0);
        let Json::Array(rings) = clockwise.to_json().member("coordinates").unwrap().clone() else {
            panic!("rings")
        };
        assert_eq!(items(&rings[0]).unwrap().len(), 4);
    }

    #[test]
    fn crossing_open_and_repeating_rings_are_invalid() {
        assert_eq!(region(r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}"#), None);
        assert_eq!(region(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#), None);
        assert_eq!(region(r#"{"type":"Polygon","coordinates":[[[0,0],[10,10],[10,10],[0,0]]]}"#), None);
        assert_eq!(region(r#"{"type":"Polygon","coordinates":[]}"#), None);
        assert_eq!(region(r#"{"type":"Polygon"}"#), None);
        assert_eq!(region(r#"{"type":"Polygon","coordinates":[[[500,0],[1,0],[1,1],[500,0]]]}"#), None);
    }

    #[test]
    fn a_hole_is_outside() {
        let square = "[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[6,3],[6,6],[3,6],[3,3]]";
        let square = region(&format!(r#"{{"type":"Polygon","coordinates":[{square}]}}"#)).unwrap();
        assert!(square.contains(Point::from_degrees(1.0, 1.0).unwrap()));
        assert!(!square.contains(Point::from_degrees(4.0, 4.0).unwrap()));
    }
}
