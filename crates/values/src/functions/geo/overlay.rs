//! The edges of several shapes laid over each other: cut where they cross or touch, each piece once, with what lies on
//! either side of it.
//!
//! The work is done in the gnomonic projection around the middle of all points, where geodesics are straight; so shapes
//! that together span a hemisphere cannot be laid over each other.

use std::f64::consts::TAU;

use super::s2;
use super::sphere::{MERGE, Point};

/// A line, or the ring of a polygon, and whose it is.
pub(super) struct Chain<'a> {
    pub(super) points: &'a [Point],
    /// Whether the last point leads back to the first, around an area on the left
    pub(super) is_ring: bool,
    /// Of the first shape or the second: 0 or 1
    pub(super) side: usize,
}

/// A part of an edge between two points where edges meet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    /// Its ends, the lesser number first
    pub(super) ends: (usize, usize),
    /// By side and direction, the lesser end to the greater and back: the first edge that runs along it
    pub(super) runs: [[Option<usize>; 2]; 2],
    /// How often the rings of each side wind around what is left of it
    pub(super) left: [i32; 2],
    /// How often they wind around what is right of it
    pub(super) right: [i32; 2],
    net: [i32; 2],
}

impl Piece {
    /// Whether an edge of that side runs along it.
    pub(super) fn is_of(&self, side: usize) -> bool {
        self.runs[side].iter().any(Option::is_some)
    }

    /// The edge of any side that runs along it first in that direction.
    pub(super) fn first_run(&self, direction: usize) -> Option<usize> {
        self.runs.iter().filter_map(|runs| runs[direction]).min()
    }
}

/// A piece as it is run along: from, to, and the number of its edge.
pub(super) type Step = (usize, usize, usize);

/// All pieces.
pub(super) struct Arrangement {
    /// The points where pieces end
    pub(super) points: Vec<Point>,
    plane: Vec<Flat>,
    pub(super) pieces: Vec<Piece>,
}

type Flat = (f64, f64);

/// Edges that are laid over each other at most.
const EDGES: usize = 400_000;
/// Pairs of edges that are compared at most.
const PAIRS: usize = 200_000_000;

struct Edge {
    from: usize,
    to: usize,
    side: usize,
    is_ring: bool,
}

impl Arrangement {
    /// Lays chains over each other; edges are numbered in their order. `None` if there are none, too many, or if they span
    /// a hemisphere.
    pub(super) fn new(chains: &[Chain<'_>]) -> Option<Self> {
        let (mut edges, mut points) = (Vec::new(), Vec::new());
        for chain in chains {
            let (first, count) = (points.len(), chain.points.len());
            points.extend_from_slice(chain.points);
            let steps = if chain.is_ring { count } else { count.saturating_sub(1) };
            edges.extend((0..steps).map(|step| Edge {
                from: first + step,
                to: first + (step + 1) % count,
                side: chain.side,
                is_ring: chain.is_ring,
            }));
        }
        if edges.is_empty() || edges.len() > EDGES {
            return None;
        }
        let projection = Projection::around(&points)?;
        let mut plane: Vec<Flat> =
            points.iter().map(|point| projection.flat(*point)).collect::<Option<_>>()?;
        renumber(&mut edges, &merged(&plane, MERGE));
        let mut cuts = cut(&edges, &mut plane, &mut points, &projection)?;
        let same = merged(&plane, 4.0 * MERGE);
        renumber(&mut edges, &same);
        for (_, point) in cuts.iter_mut().flatten() {
            *point = same[*point];
        }
        let mut arrangement = Self { points, plane, pieces: pieces(&edges, cuts) };
        arrangement.wind();
        Some(arrangement)
    }

    /// Counts how often each side winds around the two sides of every piece: a ray from its middle crosses the others.
    fn wind(&mut self) {
        let span = |piece: &Piece, turned: bool| {
            let (a, b) = (self.plane[piece.ends.0], self.plane[piece.ends.1]);
            if turned { ((a.1, a.0), (b.1, b.0)) } else { (a, b) }
        };
        let slabs = [false, true].map(|turned| {
            Slabs::new(self.pieces.iter().map(|piece| {
                let (a, b) = span(piece, turned);
                (a.0.min(b.0), a.0.max(b.0))
            }))
        });
        let wound: Vec<[[i32; 2]; 2]> = (0..self.pieces.len())
            .map(|own| {
                let piece = &self.pieces[own];
                let (a, b) = span(piece, false);
                let turned = (a.0 - b.0).abs() < (a.1 - b.1).abs();
                let (a, b) = span(piece, turned);
                let middle = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
                let mut beyond = [0, 0];
                for other in slabs[usize::from(turned)].at(middle.0).filter(|other| *other != own) {
                    let (c, d) = span(&self.pieces[other], turned);
                    let reaches = (c.0 <= middle.0) != (d.0 <= middle.0);
                    if reaches && c.1 + (d.1 - c.1) * ((middle.0 - c.0) / (d.0 - c.0)) > middle.1 {
                        let sign = if (c.0 < d.0) != turned { -1 } else { 1 };
                        let net = self.pieces[other].net;
                        beyond = [beyond[0] + sign * net[0], beyond[1] + sign * net[1]];
                    }
                }
                let beyond_is_left = (a.0 < b.0) != turned;
                let net = piece.net;
                if beyond_is_left {
                    [beyond, [beyond[0] - net[0], beyond[1] - net[1]]]
                } else {
                    [[beyond[0] + net[0], beyond[1] + net[1]], beyond]
                }
            })
            .collect();
        for (piece, [left, right]) in self.pieces.iter_mut().zip(wound) {
            (piece.left, piece.right) = (left, right);
        }
    }

    /// The outline of what a rule on winding numbers holds, as steps with it on the left.
    pub(super) fn outline(&self, holds: impl Fn([i32; 2]) -> bool) -> Vec<Step> {
        let step = |piece: &Piece| {
            let (from, to) = piece.ends;
            match (holds(piece.left), holds(piece.right)) {
                (true, false) => Some((from, to, piece.first_run(0).or(piece.first_run(1))?)),
                (false, true) => Some((to, from, piece.first_run(1).or(piece.first_run(0))?)),
                _ => None,
            }
        };
        self.pieces.iter().filter_map(step).collect()
    }

    /// The order of S2's graphs: by leaf cell, then by coordinates.
    fn rank(&self, point: usize) -> (u64, Ordered, Ordered, Ordered) {
        let point = self.points[point];
        (s2::leaf(point).0, Ordered(point.x), Ordered(point.y), Ordered(point.z))
    }

    /// Joins steps to rings by turning left as sharply as possible, so that rings which touch stay apart. Rings and their
    /// first points are in the order of the edges they came from: a ring ends with the last of its edges.
    pub(super) fn rings(&self, steps: &[Step]) -> Vec<Vec<Point>> {
        let mut steps = steps.to_vec();
        steps.sort_by_cached_key(|step| (self.rank(step.0), self.rank(step.1)));
        let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); self.points.len()];
        for (index, step) in steps.iter().enumerate() {
            leaving[step.0].push(index);
        }
        let bearing = |from: usize, to: usize| {
            let (a, b) = (self.plane[from], self.plane[to]);
            (b.1 - a.1).atan2(b.0 - a.0)
        };
        let next = |step: &Step| {
            let back = bearing(step.1, step.0);
            let turn = |index: &usize| {
                let turn = (back - bearing(step.1, steps[*index].1)).rem_euclid(TAU);
                if turn == 0.0 { TAU } else { turn }
            };
            leaving[step.1].iter().copied().min_by(|a, b| turn(a).total_cmp(&turn(b)))
        };
        let mut nexts: Vec<Option<usize>> = steps.iter().map(next).collect();
        let mut place: Vec<Option<usize>> = vec![None; self.points.len()];
        let mut rings: Vec<Vec<Step>> = Vec::new();
        for start in 0..steps.len() {
            let (mut path, mut at): (Vec<Step>, usize) = (Vec::new(), start);
            while let Some(next) = nexts[at].take() {
                let step = steps[at];
                path.push(step);
                place[step.0] = Some(path.len() - 1);
                if let Some(first) = place[step.1] {
                    let ring = path.split_off(first);
                    for step in &ring {
                        place[step.0] = None;
                    }
                    rings.push(ordered_ring(ring));
                }
                at = next;
            }
            for step in path {
                place[step.0] = None;
            }
        }
        rings.retain(|ring| ring.len() > 2);
        rings.sort_by_key(|ring| ring[0].2);
        rings.iter().map(|ring| ring.iter().map(|step| self.points[step.0]).collect()).collect()
    }

    /// Joins steps to lines that end where others begin or branch, in the order of their edges.
    pub(super) fn lines(&self, steps: &[Step]) -> Vec<Vec<Point>> {
        let mut steps = steps.to_vec();
        steps.sort_by_key(|step| step.2);
        let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); self.points.len()];
        let mut arriving = vec![0; self.points.len()];
        for (index, step) in steps.iter().enumerate() {
            leaving[step.0].push(index);
            arriving[step.1] += 1;
        }
        let is_inner = |point: usize| leaving[point].len() == 1 && arriving[point] == 1;
        let mut used = vec![false; steps.len()];
        let mut lines: Vec<(usize, Vec<Point>)> = Vec::new();
        // First what has a beginning, then what runs in a circle.
        for begins in [true, false] {
            for start in 0..steps.len() {
                if used[start] || (begins && is_inner(steps[start].0)) {
                    continue;
                }
                let mut line = vec![self.points[steps[start].0]];
                let mut at = start;
                loop {
                    used[at] = true;
                    line.push(self.points[steps[at].1]);
                    match leaving[steps[at].1].first() {
                        Some(&next) if is_inner(steps[at].1) && !used[next] => at = next,
                        _ => break,
                    }
                }
                lines.push((steps[start].2, line));
            }
        }
        lines.sort_by_key(|(edge, _)| *edge);
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// The points where both sides meet and no step passes, in the order of S2's graphs.
    pub(super) fn meeting_points(&self, passed: &[Step]) -> Vec<Point> {
        let mut met = vec![[false; 2]; self.points.len()];
        for piece in &self.pieces {
            for side in [0, 1].into_iter().filter(|side| piece.is_of(*side)) {
                met[piece.ends.0][side] = true;
                met[piece.ends.1][side] = true;
            }
        }
        for step in passed {
            met[step.0] = [false; 2];
            met[step.1] = [false; 2];
        }
        let mut found: Vec<usize> = (0..met.len()).filter(|point| met[*point] == [true; 2]).collect();
        found.sort_by_cached_key(|point| self.rank(*point));
        found.into_iter().map(|point| self.points[point]).collect()
    }
}

/// Turns a ring so that its last step is of its last edge; where that edge has several pieces apart, the order of the
/// ring decides.
fn ordered_ring(mut ring: Vec<Step>) -> Vec<Step> {
    let (mut last, mut gap) = (0, false);
    for index in 1..ring.len() {
        match ring[index].2.cmp(&ring[last].2) {
            std::cmp::Ordering::Less => gap = true,
            std::cmp::Ordering::Equal if gap => {}
            _ => (last, gap) = (index, false),
        }
    }
    let count = ring.len();
    ring.rotate_left((last + 1) % count);
    ring
}

#[derive(Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The gnomonic projection around a point.
struct Projection {
    middle: Point,
    east: Point,
    north: Point,
}

/// The cosine of how far a point may be from the middle: 84 degrees.
const REACH: f64 = 0.1;

impl Projection {
    fn around(points: &[Point]) -> Option<Self> {
        let middle = points.iter().fold(Point { x: 0.0, y: 0.0, z: 0.0 }, |sum, point| sum + *point);
        if middle.norm() < 1e-6 {
            return None;
        }
        let middle = middle.normalized();
        let pole = if middle.z.abs() < 0.9 {
            Point { x: 0.0, y: 0.0, z: 1.0 }
        } else {
            Point { x: 1.0, y: 0.0, z: 0.0 }
        };
        let east = pole.cross(middle).normalized();
        Some(Self { middle, east, north: middle.cross(east) })
    }

    fn flat(&self, point: Point) -> Option<Flat> {
        let height = point.dot(self.middle);
        let away = point - self.middle;
        (height > REACH).then(|| (away.dot(self.east) / height, away.dot(self.north) / height))
    }

    fn back(&self, flat: Flat) -> Point {
        (self.middle + self.east * flat.0 + self.north * flat.1).normalized()
    }
}

/// For every point the first one that lies in the same place.
fn merged(plane: &[Flat], within: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..plane.len()).collect();
    order.sort_by(|a, b| plane[*a].0.total_cmp(&plane[*b].0).then(a.cmp(b)));
    let mut same: Vec<usize> = (0..plane.len()).collect();
    for (position, &point) in order.iter().enumerate() {
        let near =
            order[..position].iter().rev().take_while(|other| plane[point].0 - plane[**other].0 <= within);
        for &other in near.take(64) {
            if (plane[point].1 - plane[other].1).abs() <= within {
                let (a, b) = (root(&same, point), root(&same, other));
                same[a.max(b)] = a.min(b);
            }
        }
    }
    (0..same.len()).map(|point| root(&same, point)).collect()
}

fn root(same: &[usize], mut point: usize) -> usize {
    while same[point] != point {
        point = same[point];
    }
    point
}

fn renumber(edges: &mut Vec<Edge>, same: &[usize]) {
    for edge in edges {
        (edge.from, edge.to) = (same[edge.from], same[edge.to]);
    }
}

/// For every edge the points that it is cut at, with how far along they are.
fn cut(
    edges: &[Edge],
    plane: &mut Vec<Flat>,
    points: &mut Vec<Point>,
    projection: &Projection,
) -> Option<Vec<Vec<(f64, usize)>>> {
    let ends = |edge: &Edge, plane: &[Flat]| (plane[edge.from], plane[edge.to]);
    let mut order: Vec<usize> =
        (0..edges.len()).filter(|edge| edges[*edge].from != edges[*edge].to).collect();
    let west = |edge: &usize, plane: &[Flat]| plane[edges[*edge].from].0.min(plane[edges[*edge].to].0);
    order.sort_by(|a, b| west(a, plane).total_cmp(&west(b, plane)));
    let mut cuts: Vec<Vec<(f64, usize)>> = vec![Vec::new(); edges.len()];
    let mut compared = 0_usize;
    for (position, &first) in order.iter().enumerate() {
        let e = &edges[first];
        let (a, b) = ends(e, plane);
        for &second in &order[position + 1..] {
            if west(&second, plane) > a.0.max(b.0) + MERGE {
                break;
            }
            compared += 1;
            if compared > PAIRS {
                return None;
            }
            let f = &edges[second];
            let (c, d) = ends(f, plane);
            if a.1.max(b.1) + MERGE < c.1.min(d.1) || c.1.max(d.1) + MERGE < a.1.min(b.1) {
                continue;
            }
            let mut touched = e.from == f.from || e.from == f.to || e.to == f.from || e.to == f.to;
            for (point, on, ends, index) in [
                (f.from, e, (a, b), first),
                (f.to, e, (a, b), first),
                (e.from, f, (c, d), second),
                (e.to, f, (c, d), second),
            ] {
                if point != on.from
                    && point != on.to
                    && let Some(along) = touching(plane[point], ends)
                {
                    cuts[index].push((along, point));
                    touched = true;
                }
            }
            // Lines of one shape may cross without a vertex.
            let may_cross = !touched && (e.is_ring || f.is_ring || e.side != f.side);
            if may_cross && let Some((of_e, of_f)) = crossing(a, b, c, d) {
                let flat = (a.0 + (b.0 - a.0) * of_e, a.1 + (b.1 - a.1) * of_e);
                cuts[first].push((of_e, plane.len()));
                cuts[second].push((of_f, plane.len()));
                points.push(projection.back(flat));
                plane.push(flat);
            }
        }
    }
    Some(cuts)
}

/// How far along an edge a point lies on it, if it does.
fn touching(point: Flat, (a, b): (Flat, Flat)) -> Option<f64> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (px, py) = (point.0 - a.0, point.1 - a.1);
    let square = dx * dx + dy * dy;
    let along = (px * dx + py * dy) / square;
    let off = (dx * py - dy * px).abs() / square.sqrt();
    (off <= MERGE && along > 0.0 && along < 1.0).then_some(along)
}

/// How far along two edges they cross, if they do.
fn crossing(a: Flat, b: Flat, c: Flat, d: Flat) -> Option<(f64, f64)> {
    let (e, f, g) = ((b.0 - a.0, b.1 - a.1), (d.0 - c.0, d.1 - c.1), (c.0 - a.0, c.1 - a.1));
    let cross = |p: Flat, q: Flat| p.0 * q.1 - p.1 * q.0;
    let scale = cross(e, f);
    let (of_e, of_f) = (cross(g, f) / scale, cross(g, e) / scale);
    ((0.0..=1.0).contains(&of_e) && (0.0..=1.0).contains(&of_f)).then_some((of_e, of_f))
}

/// The pieces of all edges, each once.
fn pieces(edges: &[Edge], cuts: Vec<Vec<(f64, usize)>>) -> Vec<Piece> {
    let mut runs: Vec<((usize, usize), usize, usize)> = Vec::new();
    for (number, (edge, mut cuts)) in edges.iter().zip(cuts).enumerate() {
        cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut from = edge.from;
        for to in cuts.into_iter().map(|(_, point)| point).chain([edge.to]) {
            if from != to {
                runs.push(((from.min(to), from.max(to)), usize::from(from > to), number));
            }
            from = to;
        }
    }
    runs.sort_unstable();
    let mut pieces: Vec<Piece> = Vec::new();
    for (ends, direction, number) in runs {
        if pieces.last().is_none_or(|piece| piece.ends != ends) {
            pieces.push(Piece { ends, ..Piece::default() });
        }
        if let Some(piece) = pieces.last_mut() {
            let edge = &edges[number];
            piece.runs[edge.side][direction].get_or_insert(number);
            if edge.is_ring {
                piece.net[edge.side] += if direction == 0 { 1 } else { -1 };
            }
        }
    }
    pieces
}

/// Spans by place, for the question which of them reach over a place.
struct Slabs {
    least: f64,
    width: f64,
    slabs: Vec<Vec<usize>>,
}

impl Slabs {
    fn new(spans: impl Iterator<Item = (f64, f64)>) -> Self {
        let spans: Vec<(f64, f64)> = spans.collect();
        let least = spans.iter().map(|span| span.0).fold(f64::INFINITY, f64::min);
        let most = spans.iter().map(|span| span.1).fold(f64::NEG_INFINITY, f64::max);
        let count = (spans.len() / 2).clamp(1, 4096);
        let width = ((most - least) / count as f64).max(f64::MIN_POSITIVE);
        let mut index = Self { least, width, slabs: vec![Vec::new(); count] };
        for (number, span) in spans.iter().enumerate() {
            for slab in index.slab(span.0)..=index.slab(span.1) {
                index.slabs[slab].push(number);
            }
        }
        index
    }

    fn slab(&self, place: f64) -> usize {
        (((place - self.least) / self.width) as usize).min(self.slabs.len() - 1)
    }

    fn at(&self, place: f64) -> impl Iterator<Item = usize> + '_ {
        self.slabs[self.slab(place)].iter().copied()
    }
}
