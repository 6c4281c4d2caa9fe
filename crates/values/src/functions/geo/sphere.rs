//! Points on the unit sphere, and the geodesics between them.
//!
//! The formulas are those that keep their precision for short edges: differences are taken before products.

use std::ops::{Add, Mul, Neg, Sub};

/// Metres of a radian on the Earth as Kusto measures it.
pub(super) const EARTH_RADIUS: f64 = 6_371_010.0;

/// Radians under which two places are one: the error that crossings of edges are computed with.
pub(super) const MERGE: f64 = 4e-15;

/// A direction from the centre of the Earth; of unit length unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Towards longitude 0 at the equator
    pub x: f64,
    /// Towards longitude 90 at the equator
    pub y: f64,
    /// Towards the North Pole
    pub z: f64,
}

impl Point {
    /// The place at a longitude and latitude in degrees; `None` outside ±180 and ±90.
    pub fn from_degrees(longitude: f64, latitude: f64) -> Option<Self> {
        let valid = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
        valid.then(|| Self::from_radians(longitude.to_radians(), latitude.to_radians()))
    }

    /// The place at a longitude and latitude in radians.
    pub(super) fn from_radians(longitude: f64, latitude: f64) -> Self {
        let (sin_lat, cos_lat) = (latitude.sin(), latitude.cos());
        Self { x: longitude.cos() * cos_lat, y: longitude.sin() * cos_lat, z: sin_lat }
    }

    /// Longitude and latitude in degrees.
    pub fn to_degrees(self) -> (f64, f64) {
        let degrees = |radians: f64| (180.0 / std::f64::consts::PI) * radians;
        let latitude = self.z.atan2((self.x * self.x + self.y * self.y).sqrt());
        (degrees(self.y.atan2(self.x)), degrees(latitude))
    }

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Self) -> Self {
        Self {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }

    pub(super) fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The same direction with length one; what has no length stays as it is.
    pub(super) fn normalized(self) -> Self {
        let norm = self.norm();
        if norm > 0.0 { self * (1.0 / norm) } else { self }
    }

    /// The angle to another point, in radians.
    pub(super) fn angle(self, other: Self) -> f64 {
        self.cross(other).norm().atan2(self.dot(other))
    }

    /// The length of the straight line to another point.
    pub(super) fn chord(self, other: Self) -> f64 {
        (self - other).norm()
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }
}

impl Mul<f64> for Point {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        Self { x: self.x * by, y: self.y * by, z: self.z * by }
    }
}

impl Neg for Point {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

/// The normal of the great circle from `a` to `b`, on its left; not of unit length.
pub(super) fn normal(a: Point, b: Point) -> Point {
    (a + b).cross(b - a) * 0.5
}

/// How far `c` lies to the left of the geodesic from `a` to `b`: positive left, negative right; in radians for short ones.
pub(super) fn side(a: Point, b: Point, c: Point) -> f64 {
    let normal = normal(a, b);
    let norm = normal.norm();
    let nearest = if a.chord(c) < b.chord(c) { a } else { b };
    if norm > 0.0 { (c - nearest).dot(normal) / norm } else { 0.0 }
}

/// The point at an angle from `a` in the direction of `b`.
pub(super) fn towards(a: Point, b: Point, angle: f64) -> Point {
    let direction = normal(a, b).cross(a).normalized();
    along(a, direction, angle)
}

/// The point at an angle from `a` along a unit tangent.
pub(super) fn along(a: Point, tangent: Point, angle: f64) -> Point {
    (a * angle.cos() + tangent * angle.sin()).normalized()
}

/// The point at a fraction of the geodesic from `a` to `b`.
pub(super) fn interpolate(a: Point, b: Point, fraction: f64) -> Point {
    match fraction {
        0.0 => a,
        1.0 => b,
        _ => towards(a, b, fraction * a.angle(b)),
    }
}

/// The point of the geodesic from `a` to `b` that is closest to `x`, and its distance from `x` in radians.
pub(super) fn closest_on_edge(x: Point, a: Point, b: Point) -> (Point, f64) {
    let normal = normal(a, b).normalized();
    let foot = x - normal * x.dot(normal);
    if normal.norm() > 0.0 && foot.dot(normal.cross(a)) > 0.0 && foot.dot(b.cross(normal)) > 0.0 {
        return (foot.normalized(), side(a, b, x).abs().min(1.0).asin());
    }
    let nearest = if x.chord(a) <= x.chord(b) { a } else { b };
    (nearest, x.angle(nearest))
}

/// Whether two geodesics cross or touch.
pub(super) fn edges_meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let (abc, abd) = (side(a, b, c), side(a, b, d));
    let (cda, cdb) = (side(c, d, a), side(c, d, b));
    if abc * abd < 0.0 && cda * cdb < 0.0 {
        // The great circles cross at two antipodal points; both edges have to reach the same one.
        let crossing = normal(a, b).cross(normal(c, d));
        return (a + b).dot(crossing) * (c + d).dot(crossing) > 0.0;
    }
    let touches = |x, a, b| closest_on_edge(x, a, b).1 <= MERGE;
    [abc, abd, cda, cdb].iter().any(|side| side.abs() <= MERGE)
        && (touches(a, c, d) || touches(b, c, d) || touches(c, a, b) || touches(d, a, b))
}

/// The least distance between two geodesics, in radians.
pub(super) fn edge_distance(a: Point, b: Point, c: Point, d: Point) -> f64 {
    if edges_meet(a, b, c, d) {
        return 0.0;
    }
    let ends = [(a, c, d), (b, c, d), (c, a, b), (d, a, b)];
    ends.iter().map(|&(x, a, b)| closest_on_edge(x, a, b).1).fold(f64::INFINITY, f64::min)
}

/// Pairs of edges that [`any_pair`] looks at before it gives up.
const PAIRS: usize = 50_000_000;

/// Whether a condition holds for any two edges that come near each other; `None` if there are too many such pairs. The
/// condition is given the places of the two.
pub(super) fn any_pair(edges: &[(Point, Point)], condition: impl Fn(usize, usize) -> bool) -> Option<bool> {
    /// The box around a geodesic, which bulges out of that around its ends.
    struct Bounds {
        least: Point,
        most: Point,
        edge: usize,
    }
    let bounds = |(edge, (a, b)): (usize, &(Point, Point))| {
        let bulge = 0.25 * a.chord(*b).powi(2) + 1e-14;
        let slack = Point { x: bulge, y: bulge, z: bulge };
        let least = Point { x: a.x.min(b.x), y: a.y.min(b.y), z: a.z.min(b.z) } - slack;
        let most = Point { x: a.x.max(b.x), y: a.y.max(b.y), z: a.z.max(b.z) } + slack;
        Bounds { least, most, edge }
    };
    let mut all: Vec<Bounds> = edges.iter().enumerate().map(bounds).collect();
    all.sort_by(|a, b| a.least.x.total_cmp(&b.least.x));
    let mut looked_at = 0;
    for (index, e) in all.iter().enumerate() {
        for f in all[index + 1..].iter().take_while(|f| f.least.x <= e.most.x) {
            looked_at += 1;
            let overlap = f.least.y <= e.most.y
                && e.least.y <= f.most.y
                && f.least.z <= e.most.z
                && e.least.z <= f.most.z;
            if overlap && condition(e.edge, f.edge) {
                return Some(true);
            }
        }
        if looked_at > PAIRS {
            return None;
        }
    }
    Some(false)
}

/// The edges of a closed ring.
pub(super) fn ring_edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// The area on the left of a ring, in steradians; negative for one that runs clockwise around a small area.
pub(super) fn signed_area(ring: &[Point]) -> f64 {
    let Some(&origin) = ring.first() else { return 0.0 };
    let triangle = |(a, b): (Point, Point)| {
        let volume = origin.dot((a - origin).cross(b - origin));
        2.0 * volume.atan2(1.0 + origin.dot(a) + a.dot(b) + b.dot(origin))
    };
    ring.windows(2).skip(1).map(|edge| triangle((edge[0], edge[1]))).sum()
}

/// The integral of position over the area left of a ring: its direction is that of the centroid.
pub(super) fn moment(ring: &[Point]) -> Point {
    let sum = Point { x: 0.0, y: 0.0, z: 0.0 };
    ring_edges(ring).fold(sum, |sum, (a, b)| sum + normal(a, b).normalized() * (0.5 * a.angle(b)))
}

/// Whether a ring that encloses at most half of the sphere, on its left, holds a point. Of points on the ring itself
/// some are held and others not.
pub(super) fn ring_contains(ring: &[Point], x: Point) -> bool {
    // The turns of the ring as seen from the point: once around it, or around its antipode the other way.
    let pole =
        if x.x.abs() < 0.6 { Point { x: 1.0, y: 0.0, z: 0.0 } } else { Point { x: 0.0, y: 1.0, z: 0.0 } };
    let east = pole.cross(x).normalized();
    let north = x.cross(east);
    let seen = |p: Point| ((p - x).dot(east), (p - x).dot(north));
    let turn = |(a, b): (Point, Point)| {
        let ((ax, ay), (bx, by)) = (seen(a), seen(b));
        (ax * by - ay * bx).atan2(ax * bx + ay * by)
    };
    ring_edges(ring).map(turn).sum::<f64>() > std::f64::consts::PI
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Point {
        Point::from_degrees(longitude, latitude).unwrap()
    }

    #[test]
    fn degrees_are_checked_and_come_back() {
        assert_eq!(Point::from_degrees(300.0, 1.0), None);
        assert_eq!(Point::from_degrees(f64::NAN, 1.0), None);
        let (longitude, latitude) = at(-73.5, 40.25).to_degrees();
        assert!((longitude + 73.5).abs() < 1e-12 && (latitude - 40.25).abs() < 1e-12);
    }

    #[test]
    fn an_octant_is_an_eighth_of_the_sphere() {
        let octant = [at(0.0, 0.0), at(90.0, 0.0), at(0.0, 90.0)];
        assert!((signed_area(&octant) - std::f64::consts::FRAC_PI_2).abs() < 1e-14);
        assert!(ring_contains(&octant, at(45.0, 45.0)));
        assert!(!ring_contains(&octant, at(-135.0, -45.0)), "nor its antipode");
        assert!(!ring_contains(&octant, at(-45.0, 45.0)));
    }

    #[test]
    fn edges_meet_where_they_cross_or_touch_but_not_at_the_antipode() {
        assert!(edges_meet(at(-1.0, 0.0), at(1.0, 0.0), at(0.0, -1.0), at(0.0, 1.0)));
        assert!(edges_meet(at(-1.0, 0.0), at(1.0, 0.0), at(0.0, 0.0), at(0.0, 1.0)));
        assert!(!edges_meet(at(-1.0, 0.0), at(1.0, 0.0), at(180.0, -1.0), at(180.0, 1.0)));
        assert!(!edges_meet(at(-1.0, 0.0), at(1.0, 0.0), at(2.0, -1.0), at(2.0, 1.0)));
    }

    #[test]
    fn a_ring_is_seen_from_near_and_far() {
        let ring = [at(-10.0, -10.0), at(10.0, -10.0), at(10.0, 10.0), at(-10.0, 10.0)];
        assert!(ring_contains(&ring, at(9.9, 0.0)));
        assert!(!ring_contains(&ring, at(10.1, 0.0)));
        assert!(!ring_contains(&ring, at(100.0, 0.0)));
        assert!(!ring_contains(&ring, at(180.0, 0.0)));
    }
}
