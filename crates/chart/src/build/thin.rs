//! Fewer points where a picture cannot show them all, without losing an extreme.
//!
//! The x axis is divided into as many buckets as a picture has columns. Of a line, each bucket keeps its first, last,
//! least and greatest point, which draws the same pixels as all of them do (the M4 aggregation of Jugel et al.,
//! "M4: a visualization-oriented time series data aggregation", 2014). Stacks keep whole places, those with the least
//! and the greatest total. Points of a scatter keep one for each cell of a fine grid.

use std::collections::HashSet;

use crate::model::{Line, Mark, Plot, Point};
use crate::number;
use crate::scale::Axis;

/// Buckets along x.
const BUCKETS: usize = 400;
/// Cells along each side of the grid of a scatter.
const CELLS: f64 = 400.0;
/// Most points of a scatter.
const MOST_DOTS: usize = 6_000;

pub(super) fn thin(plot: &mut Plot, notes: &mut Vec<String>) {
    let count = |plot: &Plot| -> usize {
        plot.panels.iter().flat_map(|panel| &panel.lines).map(|line| line.points.len()).sum()
    };
    let before = count(plot);
    let (mark, stacked) = (plot.mark, plot.stacked);
    for panel in &mut plot.panels {
        match mark {
            Mark::Point => {
                let ys = &panel.ys;
                let share = MOST_DOTS / panel.lines.len().max(1);
                for line in &mut panel.lines {
                    dots(&mut line.points, &plot.x, &ys[line.axis], share);
                }
            }
            Mark::Line | Mark::Area if stacked => stack(&mut panel.lines, &plot.x),
            Mark::Line | Mark::Area => {
                for line in &mut panel.lines {
                    extremes(&mut line.points, &plot.x);
                }
            }
        }
        for line in &mut panel.lines {
            if line.anomalies.len() > BUCKETS {
                extremes(&mut line.anomalies, &plot.x);
            }
        }
    }
    let after = count(plot);
    if after < before {
        notes.push(format!(
            "{} of {} points drawn, the extremes among them",
            number::count(after),
            number::count(before)
        ));
    }
}

fn bucket(x: &Axis, point: &Point) -> usize {
    x.place(point.x).map_or(0, |place| (place.clamp(0.0, 1.0) * (BUCKETS as f64 - 0.001)) as usize)
}

/// First, least, greatest and last of each bucket, and one gap if there is one.
fn extremes(points: &mut Vec<Point>, x: &Axis) {
    if points.len() <= 4 * BUCKETS {
        return;
    }
    let mut kept: Vec<Point> = Vec::new();
    for chunk in points.chunk_by(|left, right| bucket(x, left) == bucket(x, right)) {
        let mut wanted = vec![0, chunk.len() - 1];
        let mut with_value = chunk.iter().enumerate().filter_map(|(index, point)| Some((index, point.y?)));
        if let Some(first) = with_value.next() {
            let (mut least, mut greatest) = (first, first);
            for point in with_value {
                least = if point.1 < least.1 { point } else { least };
                greatest = if point.1 > greatest.1 { point } else { greatest };
            }
            wanted.extend([least.0, greatest.0]);
        }
        wanted.extend(chunk.iter().position(|point| point.y.is_none()));
        wanted.sort_unstable();
        wanted.dedup();
        kept.extend(wanted.into_iter().map(|index| chunk[index]));
    }
    *points = kept;
}

/// The places with the least and the greatest top of each bucket; all lines of a stack have the same places.
fn stack(lines: &mut [Line], x: &Axis) {
    let Some(top) = lines.last().map(|line| line.points.clone()) else { return };
    if top.len() <= 2 * BUCKETS {
        return;
    }
    let mut wanted: Vec<usize> = vec![0, top.len() - 1];
    let mut start = 0;
    for chunk in top.chunk_by(|left, right| bucket(x, left) == bucket(x, right)) {
        let by_top = |left: &usize, right: &usize| {
            chunk[*left].y.unwrap_or(0.0).total_cmp(&chunk[*right].y.unwrap_or(0.0))
        };
        wanted.extend((0..chunk.len()).min_by(by_top).map(|index| start + index));
        wanted.extend((0..chunk.len()).max_by(by_top).map(|index| start + index));
        start += chunk.len();
    }
    wanted.sort_unstable();
    wanted.dedup();
    for line in lines {
        line.points = wanted.iter().filter_map(|index| line.points.get(*index).copied()).collect();
    }
}

/// One point for each cell, the extremes of y in any case.
fn dots(points: &mut Vec<Point>, x: &Axis, y: &Axis, most: usize) {
    points.retain(|point| point.y.is_some());
    if points.len() <= most.min(1_000) {
        return;
    }
    let by_y = |left: &Point, right: &Point| left.value.total_cmp(&right.value);
    let ends: Vec<Point> = [points.iter().copied().min_by(by_y), points.iter().copied().max_by(by_y)]
        .into_iter()
        .flatten()
        .collect();
    let mut taken = HashSet::new();
    points.retain(|point| {
        let cell = |place: Option<f64>| (place.unwrap_or(-1.0) * CELLS) as i64;
        taken.insert((cell(x.place(point.x)), cell(point.y.and_then(|value| y.place(value)))))
    });
    let stride = points.len().div_ceil(most.max(1)).max(1);
    *points = points.iter().copied().step_by(stride).collect();
    for end in ends {
        if !points.contains(&end) {
            points.push(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::Quantity;

    #[test]
    fn a_thinned_line_keeps_its_extremes_and_its_ends() {
        let axis = Axis::new("", Quantity::Number, false, 0.0, 99_999.0);
        let mut points: Vec<Point> = (0..100_000)
            .map(|index| {
                let y = if index == 54_321 { 1_000.0 } else { f64::from(index % 7) };
                Point { x: f64::from(index), y: Some(y), low: 0.0, value: y }
            })
            .collect();
        let (first, last) = (points[0], points[99_999]);
        extremes(&mut points, &axis);
        assert!(points.len() <= 4 * BUCKETS, "{}", points.len());
        assert_eq!((points[0], *points.last().unwrap()), (first, last));
        assert!(points.iter().any(|point| point.y == Some(1_000.0) && point.x == 54_321.0));
        assert!(points.is_sorted_by(|left, right| left.x <= right.x));
    }
}
