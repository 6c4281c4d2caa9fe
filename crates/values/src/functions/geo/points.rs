//! Between points: distances and directions; and `geo_info_from_ip_address`.

use std::f64::consts::TAU;

use super::place;
use super::sphere::{EARTH_RADIUS, Point};
use crate::function::Function;
use crate::functions::ip;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_angle"], |_, arguments| Ok(angle(arguments).into())),
    Function::pure(&["geo_azimuth"], |_, arguments| Ok(azimuth(arguments).into())),
    Function::pure(&["geo_distance_2points"], |_, arguments| Ok(distance(arguments).into())),
    Function::pure(&["geo_info_from_ip_address"], |_, arguments| Ok(info_from_ip_address(arguments))),
    Function::pure(&["geo_point_in_circle"], |_, arguments| Ok(in_circle(arguments).into())),
];

fn distance(arguments: &[Value]) -> Option<f64> {
    Some(place(arguments, 0)?.angle(place(arguments, 2)?) * EARTH_RADIUS)
}

/// `geo_point_in_circle(longitude, latitude, centre longitude, centre latitude, radius)`.
fn in_circle(arguments: &[Value]) -> Option<bool> {
    let radius = arguments[4].as_real().filter(|radius| *radius >= 0.0)?;
    Some(distance(arguments)? <= radius)
}

/// The clockwise angle at `from` between north and the way to `to`, in [0, 2π); `None` where there is no way or more than
/// one.
fn bearing(from: Point, to: Point) -> Option<f64> {
    let pole = Point { x: 0.0, y: 0.0, z: 1.0 };
    let (east, north) = (pole.cross(from), from.cross(pole.cross(from)));
    let way = to - from;
    let apart = from.chord(to) > 1e-15 && from.chord(-to) > 1e-15;
    apart.then(|| way.dot(east).atan2(way.dot(north)).rem_euclid(TAU))
}

fn azimuth(arguments: &[Value]) -> Option<f64> {
    bearing(place(arguments, 0)?, place(arguments, 2)?)
}

/// `geo_angle(…)`: how far clockwise the line from the second point to the third is from that from the second to the first.
fn angle(arguments: &[Value]) -> Option<f64> {
    let (first, second, third) = (place(arguments, 0)?, place(arguments, 2)?, place(arguments, 4)?);
    Some((bearing(second, third)? - bearing(second, first)?).rem_euclid(TAU))
}

/// There is no database of addresses: nothing is known of a valid one, and an invalid one gives null.
fn info_from_ip_address(arguments: &[Value]) -> Value {
    let valid =
        arguments[0].as_str().is_some_and(|text| ip::net4(text).is_some() || ip::net6(text).is_some());
    if valid { Value::dynamic(Json::Object(Vec::new())) } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reals(numbers: &[f64]) -> Vec<Value> {
        numbers.iter().copied().map(Value::Real).collect()
    }

    #[test]
    fn directions_are_clockwise_from_north() {
        let east = azimuth(&reals(&[0.0, 0.0, 1.0, 0.0])).unwrap();
        let west = azimuth(&reals(&[0.0, 0.0, -1.0, 0.0])).unwrap();
        assert!((east - TAU / 4.0).abs() < 1e-12 && (west - TAU * 0.75).abs() < 1e-12);
        assert_eq!(azimuth(&reals(&[5.0, 10.0, 5.0, 10.0])), None);
        assert_eq!(azimuth(&reals(&[5.0, 10.0, -175.0, -10.0])), None, "every way leads to the antipode");
    }

    #[test]
    fn a_degree_is_a_hundred_and_eleven_kilometres() {
        let metres = distance(&reals(&[0.0, 0.0, 0.0, 1.0])).unwrap();
        assert!((metres - 111_195.1).abs() < 0.1, "{metres}");
        assert_eq!(distance(&reals(&[300.0, 1.0, 1.0, 1.0])), None);
    }
}
