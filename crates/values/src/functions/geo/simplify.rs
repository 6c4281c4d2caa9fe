//! `geo_line_simplify`, `geo_polygon_simplify`, `geo_simplify_polygons_array`: fewer vertices.
//!
//! First vertices closer to each other than the tolerance become one: in the order of S2's cells each is kept that is not
//! within the tolerance of one kept before. Then chains of edges become one where it passes every vertex it replaces
//! within the tolerance. Shapes that are simplified together keep their common borders.

use std::collections::{BTreeMap, HashMap};

use super::combine;
use super::number;
use super::s2;
use super::shape::{Lines, Region};
use super::sphere::{self, EARTH_RADIUS, Point};
use crate::function::Function;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_line_simplify"], |_, a| {
        Ok(line_simplify(a).map(Value::dynamic).unwrap_or_default())
    }),
    Function::pure(&["geo_polygon_simplify"], |_, a| {
        Ok(polygon_simplify(a).map(Value::dynamic).unwrap_or_default())
    }),
    Function::pure(&["geo_simplify_polygons_array"], |_, a| {
        Ok(polygons_simplify(a).map(Value::dynamic).unwrap_or_default())
    }),
];

/// Metres between vertices where nothing else is said.
const TOLERANCE: f64 = 10.0;
/// Metres that may be asked for: 70 degrees.
const MOST: f64 = 7_800_000.0;

/// The tolerance in radians.
fn tolerance(arguments: &[Value]) -> Option<f64> {
    let metres = number(arguments, 1, TOLERANCE).filter(|metres| (0.0..=MOST).contains(metres))?;
    Some(metres / EARTH_RADIUS)
}

fn line_simplify(arguments: &[Value]) -> Option<Json> {
    let (lines, tolerance) = (Lines::read(&arguments[0])?, tolerance(arguments)?);
    let sites = Sites::among(lines.lines.iter().flatten().copied(), tolerance);
    let chains: Vec<Vec<usize>> = lines.lines.iter().map(|line| sites.snapped(line, false)).collect();
    let fixed = sites.fixed(&chains, false);
    let simple = chains.iter().filter(|chain| chain.len() > 1).map(|chain| sites.simplified(chain, &fixed));
    let lines: Vec<Vec<Point>> = simple.collect();
    (!lines.is_empty()).then(|| Lines { lines }.to_json())
}

fn polygon_simplify(arguments: &[Value]) -> Option<Json> {
    let (area, tolerance) = (combine::united(Region::read(&arguments[0])?)?, tolerance(arguments)?);
    simplified(&[area], tolerance)
}

fn polygons_simplify(arguments: &[Value]) -> Option<Json> {
    let tolerance = tolerance(arguments)?;
    let areas = arguments[0]
        .as_array()?
        .iter()
        .map(|json| combine::united(Region::of(json)?))
        .collect::<Option<Vec<_>>>()?;
    simplified(&areas, tolerance)
}

/// Areas, simplified together; null if nothing is left of them.
fn simplified(areas: &[Region], tolerance: f64) -> Option<Json> {
    let sites = Sites::among(areas.iter().flat_map(Region::rings).flatten().copied(), tolerance);
    let snapped =
        |area: &Region| -> Vec<Vec<usize>> { area.rings().map(|ring| sites.snapped(ring, true)).collect() };
    let areas: Vec<Vec<Vec<usize>>> = areas.iter().map(snapped).collect();
    let fixed = sites.fixed(areas.iter().flatten(), true);
    let mut polygons = Vec::new();
    for rings in &areas {
        let rings =
            rings.iter().map(|ring| sites.simplified_ring(ring, &fixed)).filter(|ring| ring.len() > 2);
        polygons.extend(combine::region(rings.collect()).polygons);
    }
    Some(Region { polygons }.to_json()).filter(|json| *json != Json::Null)
}

/// The vertices that are kept.
struct Sites {
    points: Vec<Point>,
    tolerance: f64,
    cells: HashMap<(i64, i64, i64), Vec<usize>>,
}

impl Sites {
    fn among(points: impl Iterator<Item = Point>, tolerance: f64) -> Self {
        let mut points: Vec<Point> = points.collect();
        points.sort_by_cached_key(|point| s2::leaf(*point).0);
        let mut sites = Self { points: Vec::new(), tolerance, cells: HashMap::new() };
        for point in points {
            if sites.near(point).next().is_none_or(|(_, distance)| distance > tolerance) {
                let cell = sites.cell(point);
                sites.cells.entry(cell).or_default().push(sites.points.len());
                sites.points.push(point);
            }
        }
        sites
    }

    fn cell(&self, point: Point) -> (i64, i64, i64) {
        let size = self.tolerance.max(1e-14);
        let index = |along: f64| (along / size).floor() as i64;
        (index(point.x), index(point.y), index(point.z))
    }

    /// The sites around a point, the closest first.
    fn near(&self, point: Point) -> impl Iterator<Item = (usize, f64)> + use<> {
        let (x, y, z) = self.cell(point);
        let mut found = Vec::new();
        for beside in (0..27).map(|index| (x + index % 3 - 1, y + index / 3 % 3 - 1, z + index / 9 - 1)) {
            for &site in self.cells.get(&beside).into_iter().flatten() {
                found.push((site, self.points[site].angle(point)));
            }
        }
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found.into_iter()
    }

    /// The sites that a line passes, each vertex moved to its nearest.
    fn snapped(&self, line: &[Point], is_ring: bool) -> Vec<usize> {
        let mut sites: Vec<usize> =
            line.iter().filter_map(|point| self.near(*point).next()).map(|near| near.0).collect();
        sites.dedup();
        while is_ring && sites.len() > 1 && sites.first() == sites.last() {
            sites.pop();
        }
        if is_ring { without_spikes(sites) } else { sites }
    }

    /// The sites where chains end, meet or part: no simplification passes over them.
    fn fixed<'c>(&self, chains: impl IntoIterator<Item = &'c Vec<usize>>, are_rings: bool) -> Vec<bool> {
        let mut beside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut fixed = vec![false; self.points.len()];
        for chain in chains {
            for (index, site) in chain.iter().enumerate() {
                let before = if index > 0 { index - 1 } else { chain.len() - 1 };
                let after = (index + 1) % chain.len();
                if !are_rings && (index == 0 || index + 1 == chain.len()) {
                    fixed[*site] = true;
                }
                let beside = beside.entry(*site).or_default();
                for other in [chain[before], chain[after]] {
                    if !beside.contains(&other) {
                        beside.push(other);
                    }
                }
            }
        }
        for (site, beside) in beside {
            fixed[site] |= beside.len() > 2;
        }
        fixed
    }

    /// A chain from its first site to its last with what may be left out left out.
    fn simplified(&self, chain: &[usize], fixed: &[bool]) -> Vec<Point> {
        let mut kept = vec![self.points[chain[0]]];
        let mut from = 0;
        while from + 1 < chain.len() {
            let mut to = from + 1;
            while to + 1 < chain.len() && !fixed[chain[to]] && self.may_replace(&chain[from..=to + 1]) {
                to += 1;
            }
            kept.push(self.points[chain[to]]);
            from = to;
        }
        kept
    }

    fn may_replace(&self, chain: &[usize]) -> bool {
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else { return false };
        let (a, b) = (self.points[*first], self.points[*last]);
        let mut before = 0.0;
        first != last
            && chain[1..chain.len() - 1].iter().all(|site| {
                let (foot, distance) = sphere::closest_on_edge(self.points[*site], a, b);
                let onwards = a.angle(foot) >= before;
                before = a.angle(foot);
                onwards && distance <= self.tolerance
            })
    }

    /// A ring, begun where it may not be simplified, or else at its first site.
    fn simplified_ring(&self, ring: &[usize], fixed: &[bool]) -> Vec<Point> {
        if ring.len() < 3 {
            return Vec::new();
        }
        let start = match ring.iter().position(|site| fixed[*site]) {
            Some(start) => start,
            None => (0..ring.len()).min_by_key(|index| ring[*index]).unwrap_or(0),
        };
        let mut chain: Vec<usize> = ring[start..].iter().chain(&ring[..start]).copied().collect();
        chain.push(ring[start]);
        let mut kept = self.simplified(&chain, fixed);
        kept.pop();
        // The ring begins with the first vertex that it had and still has.
        let first = ring.iter().find_map(|site| kept.iter().position(|point| *point == self.points[*site]));
        kept.rotate_left(first.unwrap_or(0));
        kept
    }
}

/// A ring without edges that are run along there and back again.
fn without_spikes(ring: Vec<usize>) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for site in ring {
        kept.push(site);
        while let [.., a, _, b] = kept[..] {
            if a != b {
                break;
            }
            kept.truncate(kept.len() - 2);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_in_common_stay_in_common() {
        let west = "[[0,0],[1,0],[1.00001,0.5],[1,1],[0,1],[0,0]]";
        let east = "[[1,0],[2,0],[2,1],[1,1],[1.00001,0.5],[1,0]]";
        let areas = [west, east]
            .map(|ring| Json::parse(&format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#)).unwrap());
        let simple = polygons_simplify(&[Value::array(areas.to_vec()), Value::Long(100)]).unwrap();
        let area = Region::of(&simple).unwrap();
        assert_eq!(area.polygons.iter().map(|rings| rings[0].len()).collect::<Vec<_>>(), [4, 4]);
    }

    #[test]
    fn what_is_smaller_than_the_tolerance_disappears() {
        let ring = Json::parse(r#"{"type":"Polygon","coordinates":[[[5,48],[0,50],[0,47],[4,47],[5,48]]]}"#)
            .unwrap();
        assert_eq!(polygon_simplify(&[Value::dynamic(ring.clone()), Value::Long(1_000_000)]), None);
        assert_eq!(polygon_simplify(&[Value::dynamic(ring), Value::Real(-0.1)]), None);
    }
}
