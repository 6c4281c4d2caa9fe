//! Places and shapes on the Earth: the functions whose names begin with `geo_`.
//!
//! Kusto takes the Earth for a sphere and edges for geodesics, as the S2 library does, whose cells it shares; H3 and
//! geohash are its other grids. Longitude stands before latitude, shapes are GeoJSON, distances are metres.
//!
//! - `sphere`: points, edges, rings; `shape`: lines and polygons as GeoJSON; `wkt`: as text.
//! - `geohash`, `h3`, `s2`: the grids; `cover`: the cells of a shape.
//! - `spheroid`: lengths where the sphere is not exact enough.
//! - `points`, `lines`, `polygons`: measures. `densify`, `simplify`: points added and removed.
//! - `overlay`: all edges of several shapes, cut where they meet; `combine` finds unions and intersections in it,
//!   `buffer` the outline of what lies near a shape.

pub(super) mod buffer;
pub(super) mod combine;
pub(super) mod cover;
pub(super) mod densify;
pub(super) mod geohash;
pub(super) mod h3;
pub(super) mod lines;
mod overlay;
pub(super) mod points;
pub(super) mod polygons;
pub(super) mod s2;
mod shape;
pub(super) mod simplify;
mod sphere;
mod spheroid;
pub(super) mod wkt;

pub use shape::{Lines, Region};
pub use sphere::Point;

use crate::json::Json;
use crate::value::Value;

/// The place in two arguments, longitude first; `None` outside their ranges.
fn place(arguments: &[Value], at: usize) -> Option<Point> {
    Point::from_degrees(arguments.get(at)?.as_real()?, arguments.get(at + 1)?.as_real()?)
}

/// An optional number: the default if it was not given, `None` if it is none.
fn number(arguments: &[Value], at: usize, default: f64) -> Option<f64> {
    arguments.get(at).map_or(Some(default), Value::as_real).filter(|number| number.is_finite())
}

/// An optional whole number within a range: the default if it was not given.
fn level(arguments: &[Value], at: usize, default: u8, most: u8) -> Option<u8> {
    let level = arguments.get(at).map_or(Some(i64::from(default)), Value::as_long)?;
    u8::try_from(level).ok().filter(|level| *level <= most)
}

/// The texts as an array.
fn texts(texts: impl IntoIterator<Item = String>) -> Value {
    Value::array(texts.into_iter().map(Json::string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;

    /// Shapes at the ends of the Earth, and of sense.
    const SHAPES: &[&str] = &[
        r#"{"type":"Polygon","coordinates":[[[0,0],[90,0],[0,90],[0,0]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[-180,-90],[0,-90],[90,-90],[-180,-90]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[120,0],[-120,0],[0,0]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[179,0],[-179,0],[-179,1],[179,1],[179,0]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[1e-13,0],[1e-13,1e-13],[0,0]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[2,0],[0,0]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]],[[0,0],[9,0],[9,9],[0,0]]]}"#,
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[9,0],[9,9],[0,0]]],[[[0,0],[9,0],[9,9],[0,0]]]]}"#,
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[9,0],[9,9],[0,0]]],[[[170,-10],[179,-10],[170,0],[170,-10]]]]}"#,
        r#"{"type":"LineString","coordinates":[[0,0],[180,0]]}"#,
        r#"{"type":"LineString","coordinates":[[0,0],[0,0]]}"#,
        r#"{"type":"LineString","coordinates":[[0,0],[9,9],[0,0],[9,9]]}"#,
        r#"{"type":"LineString","coordinates":[[0,90],[50,90],[0,-89]]}"#,
        r#"{"type":"MultiLineString","coordinates":[[[0,0],[120,0]],[[-120,5],[0,5],[60,-5]]]}"#,
        r#"{"type":"Polygon","coordinates":[[1,2,3]]}"#,
        r#"{"type":"Point","coordinates":[1,2]}"#,
        r#"{"type":7,"coordinates":{}}"#,
        r#"[]"#,
    ];

    #[test]
    fn every_function_takes_every_shape() {
        let context = Context::new(0, 0);
        let shape = |text: &&str| Value::dynamic(Json::parse(text).unwrap());
        let mut values: Vec<Value> = SHAPES.iter().map(shape).collect();
        values.push(Value::array(SHAPES[..9].iter().map(|text| Json::parse(text).unwrap()).collect()));
        values.push(Value::array(SHAPES[9..13].iter().map(|text| Json::parse(text).unwrap()).collect()));
        let numbers = [0.0, 90.0, -180.0, 1e-9, 3.0, 1e7, f64::NAN].map(Value::Real);
        let functions = crate::function::names().filter(|name| name.starts_with("geo_"));
        for function in functions.filter_map(crate::function::function) {
            for first in &values {
                for second in values.iter().chain(&numbers) {
                    // A refusal is as good an answer as null: what counts is that there is one.
                    let all = [
                        first.clone(),
                        second.clone(),
                        first.clone(),
                        numbers[4].clone(),
                        second.clone(),
                        Value::Null,
                    ];
                    let _ = (function.call)(&context, &all);
                    let all = [
                        numbers[4].clone(),
                        second.clone(),
                        first.clone(),
                        second.clone(),
                        first.clone(),
                        Value::Null,
                    ];
                    let _ = (function.call)(&context, &all);
                    if function.names[0].contains("line") || function.names[0].contains("polygon") {
                        let _ =
                            (function.call)(&context, &[first.clone(), second.clone(), numbers[4].clone()]);
                    }
                }
            }
        }
    }
}
