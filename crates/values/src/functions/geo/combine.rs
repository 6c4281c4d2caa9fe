//! Unions and intersections.

use super::overlay::{Arrangement, Chain, Piece, Step};
use super::shape::{self, Lines, Region, collection, point_json};
use super::sphere::{self, Point};
use crate::function::Function;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["geo_intersection_2lines"], |_, a| Ok(json(lines_intersection(a)))),
    Function::pure(&["geo_intersection_2polygons"], |_, a| Ok(json(polygons_intersection(a)))),
    Function::pure(&["geo_intersection_line_with_polygon"], |_, a| Ok(json(mixed_intersection(a)))),
    Function::pure(&["geo_intersects_2lines"], |_, a| Ok(lines_meet(a).into())),
    Function::pure(&["geo_intersects_2polygons"], |_, a| Ok(polygons_meet(a).into())),
    Function::pure(&["geo_intersects_line_with_polygon"], |_, a| Ok(mixed_meet(a).into())),
    Function::pure(&["geo_union_lines_array"], |_, a| Ok(json(lines_union(a)))),
    Function::pure(&["geo_union_polygons_array"], |_, a| Ok(json(polygons_union(a)))),
];

fn json(json: Option<Json>) -> Value {
    json.map(Value::dynamic).unwrap_or_default()
}

impl Lines {
    fn chains(&self, side: usize) -> impl Iterator<Item = Chain<'_>> {
        self.lines.iter().map(move |points| Chain { points, is_ring: false, side })
    }
}

impl Region {
    fn chains(&self, side: usize) -> impl Iterator<Item = Chain<'_>> {
        self.rings().map(move |points| Chain { points, is_ring: true, side })
    }
}

/// The polygons that rings bound, in the order of their shells.
pub(super) fn region(rings: Vec<Vec<Point>>) -> Region {
    let (shells, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| {
        let area = sphere::signed_area(ring);
        area > 0.0 && area <= std::f64::consts::TAU + 1e-9
    });
    let mut polygons: Vec<Vec<Vec<Point>>> = shells.into_iter().map(|shell| vec![shell]).collect();
    for hole in holes {
        // A hole may touch its shell in a vertex, but not in the middle of an edge. The smallest shell around it has it.
        let middle = sphere::interpolate(hole[0], hole[1], 0.5);
        let around = polygons.iter_mut().filter(|rings| sphere::ring_contains(&rings[0], middle));
        let smallest =
            around.min_by(|a, b| sphere::signed_area(&a[0]).total_cmp(&sphere::signed_area(&b[0])));
        if let Some(rings) = smallest {
            rings.push(hole);
        }
    }
    Region { polygons }
}

/// Whether an edge of one shape crosses or touches one of another; `None` if there are too many to tell.
fn any_meet(
    left: impl Iterator<Item = (Point, Point)>,
    right: impl Iterator<Item = (Point, Point)>,
) -> Option<bool> {
    let mut edges: Vec<(Point, Point)> = left.collect();
    let lefts = edges.len();
    edges.extend(right);
    sphere::any_pair(&edges, |e, f| {
        let ((a, b), (c, d)) = (edges[e], edges[f]);
        (e < lefts) != (f < lefts) && sphere::edges_meet(a, b, c, d)
    })
}

fn are_apart(a: &Region, b: &Region) -> bool {
    let begins_in = |inner: &Region, outer: &Region| {
        inner.polygons.iter().any(|rings| rings[0].first().is_some_and(|point| outer.contains(*point)))
    };
    any_meet(a.edges(), b.edges()) == Some(false) && !begins_in(a, b) && !begins_in(b, a)
}

/// The union of two regions; `None` if it cannot be computed.
fn union(a: &Region, b: &Region) -> Option<Region> {
    let chains: Vec<Chain<'_>> = a.chains(0).chain(b.chains(1)).collect();
    match Arrangement::new(&chains) {
        Some(arrangement) => {
            let outline = arrangement.outline(|winding| winding[0] > 0 || winding[1] > 0);
            Some(region(arrangement.rings(&outline)))
        }
        None if are_apart(a, b) => {
            Some(Region { polygons: a.polygons.iter().chain(&b.polygons).cloned().collect() })
        }
        None => None,
    }
}

/// The union of many regions, the two of the fewest vertices first, as S2 does it.
pub(super) fn union_of(regions: Vec<Region>) -> Option<Region> {
    let size = |region: &Region| region.rings().map(Vec::len).sum::<usize>();
    let mut queue: std::collections::BTreeMap<(usize, usize), Region> =
        regions.into_iter().enumerate().map(|(index, region)| ((size(&region), index), region)).collect();
    let mut next = queue.len();
    loop {
        let ((a_size, _), a) = queue.pop_first()?;
        let Some(((b_size, _), b)) = queue.pop_first() else { return Some(a) };
        queue.insert((a_size + b_size, next), union(&a, &b)?);
        next += 1;
    }
}

/// The polygons of a region as their union.
pub(super) fn united(region: Region) -> Option<Region> {
    match region.polygons.len() {
        1 => Some(region),
        _ => {
            union_of(region.polygons.into_iter().map(|polygon| Region { polygons: vec![polygon] }).collect())
        }
    }
}

fn polygons_union(arguments: &[Value]) -> Option<Json> {
    let regions =
        arguments[0].as_array()?.iter().map(|json| united(Region::of(json)?)).collect::<Option<Vec<_>>>()?;
    Some(union_of(regions)?.to_json())
}

fn lines_union(arguments: &[Value]) -> Option<Json> {
    let all: Vec<Lines> = arguments[0].as_array()?.iter().map(Lines::of).collect::<Option<_>>()?;
    let chains: Vec<Chain<'_>> = all.iter().flat_map(|lines| lines.chains(0)).collect();
    let arrangement = Arrangement::new(&chains)?;
    let lines = arrangement.lines(&runs(&arrangement, |_| true));
    (!lines.is_empty()).then(|| Lines { lines }.to_json())
}

/// The pieces that a condition chooses, in the direction of the first shape's edges.
fn runs(arrangement: &Arrangement, chosen: impl Fn(&Piece) -> bool) -> Vec<Step> {
    let run = |piece: &Piece| {
        let (from, to) = piece.ends;
        match (piece.runs[0], piece.runs[1]) {
            ([Some(edge), back], _) if back.is_none_or(|back| edge <= back) => Some((from, to, edge)),
            ([_, Some(edge)], _) => Some((to, from, edge)),
            (_, [Some(edge), _]) => Some((from, to, edge)),
            (_, [_, Some(edge)]) => Some((to, from, edge)),
            _ => None,
        }
    };
    arrangement.pieces.iter().filter(|piece| chosen(piece)).filter_map(run).collect()
}

/// What is common, as the plainest geometry that says it.
fn common(points: &[Point], lines: Vec<Vec<Point>>, area: &Region) -> Json {
    let mut geometries = Vec::new();
    match points {
        [] => {}
        [point] => geometries.push(point_json(*point)),
        points => {
            let positions = points.iter().copied().map(shape::position).collect();
            geometries.push(shape::geometry("MultiPoint", Json::Array(positions)));
        }
    }
    if !lines.is_empty() {
        geometries.push(Lines { lines }.to_json());
    }
    if !area.polygons.is_empty() {
        geometries.push(area.to_json());
    }
    if geometries.len() == 1 { geometries.swap_remove(0) } else { collection(geometries) }
}

fn nothing() -> Json {
    collection(Vec::new())
}

fn lines_intersection(arguments: &[Value]) -> Option<Json> {
    let (a, b) = (Lines::read(&arguments[0])?, Lines::read(&arguments[1])?);
    let chains: Vec<Chain<'_>> = a.chains(0).chain(b.chains(1)).collect();
    let Some(arrangement) = Arrangement::new(&chains) else {
        return (lines_meet(arguments) == Some(false)).then(nothing);
    };
    let shared = runs(&arrangement, |piece| piece.is_of(0) && piece.is_of(1));
    Some(common(&arrangement.meeting_points(&shared), arrangement.lines(&shared), &Region::default()))
}

fn polygons_intersection(arguments: &[Value]) -> Option<Json> {
    let (a, b) = (united(Region::read(&arguments[0])?)?, united(Region::read(&arguments[1])?)?);
    let chains: Vec<Chain<'_>> = a.chains(0).chain(b.chains(1)).collect();
    let Some(arrangement) = Arrangement::new(&chains) else {
        return are_apart(&a, &b).then(nothing);
    };
    let both = |winding: [i32; 2]| winding[0] > 0 && winding[1] > 0;
    let mut passed = arrangement.outline(both);
    let area = region(arrangement.rings(&passed));
    // Where the two only touch there is no area, but a line or a point.
    let touching = runs(&arrangement, |piece| {
        piece.is_of(0) && piece.is_of(1) && !both(piece.left) && !both(piece.right)
    });
    passed.extend_from_slice(&touching);
    Some(common(&arrangement.meeting_points(&passed), arrangement.lines(&touching), &area))
}

fn mixed_intersection(arguments: &[Value]) -> Option<Json> {
    let (line, area) = (Lines::read(&arguments[0])?, united(Region::read(&arguments[1])?)?);
    let chains: Vec<Chain<'_>> = line.chains(0).chain(area.chains(1)).collect();
    let Some(arrangement) = Arrangement::new(&chains) else {
        return (mixed_meet(arguments) == Some(false)).then(nothing);
    };
    let within = runs(&arrangement, |piece| {
        piece.is_of(0) && (piece.is_of(1) || piece.left[1] > 0 || piece.right[1] > 0)
    });
    Some(common(&arrangement.meeting_points(&within), arrangement.lines(&within), &Region::default()))
}

fn lines_meet(arguments: &[Value]) -> Option<bool> {
    let (a, b) = (Lines::read(&arguments[0])?, Lines::read(&arguments[1])?);
    any_meet(a.edges(), b.edges())
}

fn polygons_meet(arguments: &[Value]) -> Option<bool> {
    let (a, b) = (Region::read(&arguments[0])?, Region::read(&arguments[1])?);
    Some(!are_apart(&a, &b))
}

fn mixed_meet(arguments: &[Value]) -> Option<bool> {
    let (line, area) = (Lines::read(&arguments[0])?, Region::read(&arguments[1])?);
    let inside = line.lines.iter().any(|line| line.first().is_some_and(|point| area.contains(*point)));
    Some(inside || any_meet(line.edges(), area.edges())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: i32, south: i32, size: i32) -> String {
        let (east, north) = (west + size, south + size);
        format!("[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]")
    }

    fn polygon(rings: &[String]) -> Value {
        let text = format!(r#"{{"type":"Polygon","coordinates":[{}]}}"#, rings.join(","));
        Value::dynamic(Json::parse(&text).unwrap())
    }

    #[test]
    fn what_touches_in_an_edge_has_a_line_in_common_and_one_outline() {
        let (a, b) = (polygon(&[square(0, 0, 1)]), polygon(&[square(1, 0, 1)]));
        let shared = polygons_intersection(&[a.clone(), b.clone()]).unwrap();
        assert_eq!(shape::kind(&shared), Some("LineString"));
        let both = polygons_union(&[Value::array(vec![a.to_json(), b.to_json()])]).unwrap();
        let area = Region::of(&both).unwrap();
        assert_eq!((area.polygons.len(), area.polygons[0][0].len()), (1, 6));
    }

    #[test]
    fn a_frame_has_a_hole_which_another_fills() {
        let frame = polygon(&[square(0, 0, 9), square(3, 3, 3)]);
        let (inner, middle) = (polygon(&[square(4, 4, 1)]), polygon(&[square(3, 3, 3)]));
        assert_eq!(polygons_meet(&[frame.clone(), inner.clone()]), Some(false));
        assert_eq!(polygons_intersection(&[frame.clone(), inner]), Some(nothing()));
        let filled = polygons_union(&[Value::array(vec![frame.to_json(), middle.to_json()])]).unwrap();
        assert_eq!(Region::of(&filled).unwrap().polygons[0].len(), 1);
        let apart =
            polygons_union(&[Value::array(vec![frame.to_json(), polygon(&[square(4, 4, 1)]).to_json()])])
                .unwrap();
        assert_eq!(Region::of(&apart).unwrap().polygons.len(), 2);
    }

    #[test]
    fn a_line_is_cut_to_what_lies_within() {
        let line = Json::parse(r#"{"type":"LineString","coordinates":[[-1,1],[10,1]]}"#).unwrap();
        let frame = polygon(&[square(0, 0, 9), square(3, 0, 3)]);
        let cut = mixed_intersection(&[Value::dynamic(line), frame]);
        assert_eq!(cut.as_ref().and_then(shape::kind), Some("MultiLineString"));
    }
}
