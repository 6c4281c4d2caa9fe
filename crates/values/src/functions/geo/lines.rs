//! Measures of lines, and places on them.

use super::shape::{Lines, point_json};
use super::sphere::{self, EARTH_RADIUS, Point};
use super::{number, place, spheroid};
use crate::function::Function;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_closest_point_on_line"], |_, a| Ok(found(closest(a)))),
    Function::pure(&["geo_distance_point_to_line"], |_, a| Ok(distance(a).into())),
    Function::pure(&["geo_line_centroid"], |_, a| Ok(found(centroid(a)))),
    Function::pure(&["geo_line_interpolate_point"], |_, a| Ok(found(interpolate_point(a)))),
    Function::pure(&["geo_line_length"], |_, a| {
        Ok(Lines::read(&a[0]).map(|lines| lines.length() * EARTH_RADIUS).into())
    }),
    Function::pure(&["geo_line_locate_point"], |_, a| Ok(locate_point(a).into())),
];

/// A point that was found, as GeoJSON.
pub(super) fn found(point: Option<Point>) -> Value {
    point.map(|point| Value::dynamic(point_json(point))).unwrap_or_default()
}

fn closest(arguments: &[Value]) -> Option<Point> {
    Some(Lines::read(&arguments[2])?.closest(place(arguments, 0)?).0)
}

fn distance(arguments: &[Value]) -> Option<f64> {
    Some(Lines::read(&arguments[2])?.distance(place(arguments, 0)?))
}

fn centroid(arguments: &[Value]) -> Option<Point> {
    let lines = Lines::read(&arguments[0])?;
    // The integral of position over an arc points to its middle and is as long as its chord.
    let sum = lines
        .edges()
        .fold(Point { x: 0.0, y: 0.0, z: 0.0 }, |sum, (a, b)| sum + (a + b).normalized() * a.chord(b));
    if sum.norm() > 0.0 { Some(sum.normalized()) } else { lines.edges().next().map(|edge| edge.0) }
}

/// The only line, for functions that take no `MultiLineString`.
fn single(value: &Value) -> Option<Vec<Point>> {
    let mut lines = Lines::read(value)?.lines;
    lines.pop().filter(|_| lines.is_empty())
}

/// `geo_line_interpolate_point(line, fraction)`.
fn interpolate_point(arguments: &[Value]) -> Option<Point> {
    let line = single(&arguments[0])?;
    let fraction = number(arguments, 1, 0.0).filter(|fraction| (0.0..=1.0).contains(fraction))?;
    let lengths: Vec<f64> = line.windows(2).map(|edge| edge[0].angle(edge[1])).collect();
    let mut left = fraction * lengths.iter().sum::<f64>();
    for (edge, length) in line.windows(2).zip(&lengths) {
        if left < *length {
            return Some(sphere::towards(edge[0], edge[1], left));
        }
        left -= length;
    }
    line.last().copied()
}

/// `geo_line_locate_point(line, longitude, latitude, use_spheroid)`: the fraction of the line up to its point closest to
/// another; lengths may be those on the spheroid of WGS 84.
fn locate_point(arguments: &[Value]) -> Option<f64> {
    let line = single(&arguments[0])?;
    let x = place(arguments, 1)?;
    let on_spheroid = arguments.get(3).and_then(Value::as_bool) == Some(true);
    let length = |a: Point, b| if on_spheroid { spheroid::distance(a, b) } else { a.angle(b) };
    let (mut before, mut best) = (0.0, (f64::INFINITY, 0.0));
    for edge in line.windows(2) {
        let (foot, distance) = sphere::closest_on_edge(x, edge[0], edge[1]);
        if distance < best.0 {
            best = (distance, before + length(edge[0], foot));
        }
        before += length(edge[0], edge[1]);
    }
    Some(if before > 0.0 { (best.1 / before).min(1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn line(text: &str) -> Value {
        Value::dynamic(Json::parse(text).unwrap())
    }

    #[test]
    fn a_fraction_leads_to_a_point_and_back() {
        let line = line(r#"{"type":"LineString","coordinates":[[0,0],[10,0],[10,10]]}"#);
        let point = interpolate_point(&[line.clone(), Value::Real(0.75)]).unwrap();
        let (longitude, latitude) = point.to_degrees();
        assert!((longitude - 10.0).abs() < 1e-9 && (latitude - 5.0).abs() < 1e-9);
        let fraction = locate_point(&[line.clone(), Value::Real(11.0), Value::Real(5.0)]).unwrap();
        assert!((fraction - 0.75).abs() < 1e-2);
        let on_spheroid =
            locate_point(&[line.clone(), Value::Real(11.0), Value::Real(5.0), Value::Bool(true)]).unwrap();
        assert!(on_spheroid != fraction && (on_spheroid - fraction).abs() < 1e-2);
        assert_eq!(interpolate_point(&[line, Value::Real(1.5)]), None);
    }
}
