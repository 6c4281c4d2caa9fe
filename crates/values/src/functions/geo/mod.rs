//! Places and shapes on the Earth: the functions whose names begin with `geo_`.
//!
//! Kusto takes the Earth for a sphere and edges for geodesics, as the S2 library does, whose cells it shares; H3 and
//! geohash are its other grids. Longitude stands before latitude, shapes are GeoJSON, distances are metres.
//!
//! - [`sphere`]: points, edges, rings; [`shape`]: lines and polygons as GeoJSON; [`wkt`]: as text.
//! - [`geohash`], [`h3`], [`s2`]: the grids; [`cover`]: the cells of a shape.
//! - [`points`], [`lines`], [`polygons`]: measures. [`densify`], [`simplify`]: points added and removed.
//! - [`overlay`]: all edges of several shapes, cut where they meet; [`combine`] finds unions and intersections in it,
//!   [`buffer`] the outline of what lies near a shape.

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
