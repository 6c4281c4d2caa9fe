//! `geo_line_densify`, `geo_polygon_densify`: edges that are straight on the map, as chains of geodesics.
//!
//! GeoJSON's own edges are straight in longitude and latitude. An edge is halved until the geodesic departs from it by
//! less than the tolerance.

use super::shape::{self, Region, geometry, items, position};
use super::sphere::{self, EARTH_RADIUS, Point};
use crate::function::Function;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_line_densify"], |_, arguments| {
        Ok(line(arguments).map(Value::dynamic).unwrap_or_default())
    }),
    Function::pure(&["geo_polygon_densify"], |_, arguments| {
        Ok(polygon(arguments).map(Value::dynamic).unwrap_or_default())
    }),
];

/// Metres that may be asked for.
const TOLERANCE: std::ops::RangeInclusive<f64> = 0.1..=10_000.0;
/// Where the two curves are compared: at this fraction from either end the difference tells most about its maximum.
const COMPARED_AT: f64 = 0.312_156_910_822_483_12;
/// The difference there as a part of the maximum, at worst.
const COMPARED_PART: f64 = 0.838_299_925_698_885_1;
/// Points of a densified shape.
const POINTS: usize = 1 << 20;

struct Densify {
    tolerance: f64,
    left: usize,
}

/// A place on the map, in degrees. Longitudes may lie beyond ±180: the map goes on there, so that lines can cross the date
/// line.
type Place = (f64, f64);

/// A longitude by whole turns within ±180.
fn turned(longitude: f64) -> f64 {
    longitude - 360.0 * (longitude / 360.0).round()
}

fn on_sphere(place: Place) -> Point {
    Point::from_radians(turned(place.0).to_radians(), place.1.to_radians())
}

fn between(fraction: f64, a: Place, b: Place) -> Place {
    ((1.0 - fraction) * a.0 + fraction * b.0, (1.0 - fraction) * a.1 + fraction * b.1)
}

impl Densify {
    fn new(arguments: &[Value]) -> Option<Self> {
        let tolerance = super::number(arguments, 1, 10.0).filter(|metres| TOLERANCE.contains(metres))?;
        Some(Self { tolerance: COMPARED_PART * tolerance / EARTH_RADIUS, left: POINTS })
    }

    /// The points of a line; `None` for an invalid one or too many.
    fn chain(&mut self, json: &Json) -> Option<Vec<Place>> {
        let mut chain: Vec<Place> = Vec::new();
        for item in items(json)? {
            let (longitude, latitude) = shape::degrees(item)?;
            if !longitude.is_finite() || longitude.abs() > 1e6 || !(-90.0..=90.0).contains(&latitude) {
                return None;
            }
            match chain.last().copied() {
                None => chain.push((longitude, latitude)),
                Some(last) => self.edge(last, (longitude, latitude), &mut chain)?,
            }
        }
        (chain.len() >= 2).then_some(chain)
    }

    fn edge(&mut self, a: Place, b: Place, chain: &mut Vec<Place>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let (from, to) = (on_sphere(a), on_sphere(b));
        let error =
            |fraction| sphere::interpolate(from, to, fraction).angle(on_sphere(between(fraction, a, b)));
        let long = from.dot(to) < -1e-14;
        if !long && error(COMPARED_AT).max(error(1.0 - COMPARED_AT)) <= self.tolerance {
            chain.push(b);
            return Some(());
        }
        let middle = between(0.5, a, b);
        self.edge(a, middle, chain)?;
        self.edge(middle, b, chain)
    }
}

/// The chain as it is written: in one piece, or cut where it crosses the meridian of 180 degrees.
fn pieces(chain: &[Place], keep: bool) -> Vec<Json> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Json> = Vec::new();
    let mut before: Option<Point> = None;
    for place in chain {
        let point = on_sphere(*place);
        if let Some(last) = before
            && !keep
            && crosses_antimeridian(last, point)
        {
            let side = 180.0_f64.copysign(last.y);
            let latitude = latitude_at_antimeridian(last, point);
            piece.push(shape::pair(side, latitude));
            pieces.push(Json::Array(std::mem::take(&mut piece)));
            piece.push(shape::pair(-side, latitude));
        }
        piece.push(position(point));
        before = Some(point);
    }
    pieces.push(Json::Array(piece));
    pieces
}

fn crosses_antimeridian(a: Point, b: Point) -> bool {
    let ((from, _), (to, _)) = (a.to_degrees(), b.to_degrees());
    (from - to).abs() > 180.0 && from.abs() < 180.0 && to.abs() < 180.0
}

fn latitude_at_antimeridian(a: Point, b: Point) -> f64 {
    let part = a.y / (a.y - b.y);
    let (x, z) = (a.x + (b.x - a.x) * part, a.z + (b.z - a.z) * part);
    z.atan2(-x).to_degrees()
}

fn keeps_crossing(arguments: &[Value]) -> bool {
    arguments.get(2).and_then(Value::as_bool).unwrap_or(false)
}

fn line(arguments: &[Value]) -> Option<Json> {
    let mut densify = Densify::new(arguments)?;
    let keep = keeps_crossing(arguments);
    let json = arguments[0].as_json()?;
    let coordinates = json.member("coordinates")?;
    let lines = match shape::kind(json)? {
        "LineString" => vec![densify.chain(coordinates)?],
        "MultiLineString" => {
            items(coordinates)?.iter().map(|line| densify.chain(line)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let mut pieces: Vec<Json> = lines.iter().flat_map(|line| pieces(line, keep)).collect();
    match pieces.len() {
        0 => None,
        1 => pieces.pop().map(|line| geometry("LineString", line)),
        _ => Some(geometry("MultiLineString", Json::Array(pieces))),
    }
}

/// Coordinates with every longitude within ±180, however deep they lie.
fn within_degrees(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), within_degrees(value))).collect())
        }
        Json::Array(items) => match shape::degrees(json) {
            Some((longitude, latitude)) => shape::pair(turned(longitude), latitude),
            None => Json::Array(items.iter().map(within_degrees).collect()),
        },
        other => other.clone(),
    }
}

fn polygon(arguments: &[Value]) -> Option<Json> {
    let mut densify = Densify::new(arguments)?;
    let json = arguments[0].as_json()?;
    Region::of(&within_degrees(json))?;
    let coordinates = json.member("coordinates")?;
    let mut rings = |polygon: &Json| -> Option<Json> {
        let ring = |ring: &Json| {
            let chain = densify.chain(ring)?;
            Some(Json::Array(chain.iter().map(|place| position(on_sphere(*place))).collect()))
        };
        Some(Json::Array(items(polygon)?.iter().map(ring).collect::<Option<_>>()?))
    };
    let kind = shape::kind(json)?;
    let coordinates = match kind {
        "Polygon" => rings(coordinates)?,
        _ => Json::Array(items(coordinates)?.iter().map(rings).collect::<Option<_>>()?),
    };
    Some(geometry(kind, coordinates))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn densified(text: &str, tolerance: f64) -> Option<usize> {
        let value = Value::dynamic(Json::parse(text).unwrap());
        line(&[value, Value::Real(tolerance)])?.member("coordinates").and_then(items).map(<[Json]>::len)
    }

    #[test]
    fn long_edges_bend_and_meridians_do_not() {
        assert_eq!(densified(r#"{"type":"LineString","coordinates":[[50,50],[51,51]]}"#, 10.0), Some(9));
        assert_eq!(densified(r#"{"type":"LineString","coordinates":[[0,10],[0,60]]}"#, 0.1), Some(2));
        assert_eq!(densified(r#"{"type":"LineString","coordinates":[[1,1],[2,2]]}"#, 0.0), None);
        assert_eq!(densified(r#"{"type":"LineString","coordinates":[[1,95],[2,2]]}"#, 1.0), None);
    }

    #[test]
    fn a_line_over_the_date_line_is_cut() {
        let crossing = r#"{"type":"LineString","coordinates":[[179,0],[181,0]]}"#;
        let value = Value::dynamic(Json::parse(crossing).unwrap());
        let cut = line(&[value.clone(), Value::Real(10.0)]).unwrap();
        assert_eq!(shape::kind(&cut), Some("MultiLineString"));
        let whole = line(&[value, Value::Real(10.0), Value::Bool(true)]).unwrap();
        assert_eq!(shape::kind(&whole), Some("LineString"));
    }
}
