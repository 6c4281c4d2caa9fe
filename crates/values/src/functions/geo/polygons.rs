//! Measures of polygons, and places in them.

use super::combine;
use super::lines::found;
use super::place;
use super::shape::Region;
use super::sphere::{self, EARTH_RADIUS, Point};
use crate::function::Function;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_closest_point_on_polygon"], |_, a| Ok(found(closest(a)))),
    Function::pure(&["geo_distance_point_to_polygon"], |_, a| Ok(distance(a).into())),
    Function::pure(&["geo_point_in_polygon"], |_, a| Ok(contains(a).into())),
    Function::pure(&["geo_polygon_area"], |_, a| Ok(area(a).into())),
    Function::pure(&["geo_polygon_centroid"], |_, a| Ok(found(centroid(a)))),
    Function::pure(&["geo_polygon_perimeter"], |_, a| Ok(perimeter(a).into())),
];

fn closest(arguments: &[Value]) -> Option<Point> {
    Some(Region::read(&arguments[2])?.closest(place(arguments, 0)?).0)
}

fn distance(arguments: &[Value]) -> Option<f64> {
    Some(Region::read(&arguments[2])?.distance(place(arguments, 0)?))
}

fn contains(arguments: &[Value]) -> Option<bool> {
    Some(Region::read(&arguments[2])?.contains(place(arguments, 0)?))
}

/// Several polygons as their union, for what counts every place once.
fn united(value: &Value) -> Option<Region> {
    combine::united(Region::read(value)?)
}

fn area(arguments: &[Value]) -> Option<f64> {
    let area: f64 = united(&arguments[0])?.rings().map(|ring| sphere::signed_area(ring)).sum();
    Some(area * EARTH_RADIUS * EARTH_RADIUS)
}

fn perimeter(arguments: &[Value]) -> Option<f64> {
    let length: f64 = united(&arguments[0])?.edges().map(|(a, b)| a.angle(b)).sum();
    Some(length * EARTH_RADIUS)
}

fn centroid(arguments: &[Value]) -> Option<Point> {
    let nowhere = Point { x: 0.0, y: 0.0, z: 0.0 };
    let moment = united(&arguments[0])?.rings().fold(nowhere, |sum, ring| sum + sphere::moment(ring));
    (moment.norm() > 0.0).then(|| moment.normalized())
}
