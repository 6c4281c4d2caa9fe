//! Strips: `barchart`, `columnchart`, and `pivotchart` with its default choice.

use std::collections::HashMap;

use super::Built;
use super::gather::{self, Gathered, Surplus};
use super::plot::{bounds, note_unplaced, ranged, wanted_log};
use crate::error::ChartError;
use crate::model::{Bar, Bars, Drawing};
use crate::number;
use crate::request::{Kind, Request, Visualisation};
use crate::roles::roles;
use crate::scale::{Axis, Quantity};
use crate::table::Table;
use crate::text::clean;
use crate::time;

/// Most strips that lie under each other.
const MOST_ROWS: usize = 60;
/// Most strips that stand beside each other.
const MOST_COLUMNS: usize = 120;
/// Most slots of a time axis.
const MOST_SLOTS: i64 = 750;

/// Strips in the order of the rows; at times, in the order of time, with empty slots where the step says that there
/// could be a strip. Rows that share a place and a series are added up.
pub(super) fn build(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let roles = roles(request, table)?;
    let mut notes = Vec::new();
    let horizontal = request.visualisation == Visualisation::Bar;
    let stacking = match (request.visualisation, request.kind) {
        (_, Kind::Stacked100) => Some(true),
        (_, Kind::Stacked) | (Visualisation::Pivot, Kind::Default) => Some(false),
        _ => None,
    };
    if request.visualisation == Visualisation::Pivot {
        notes.push(
            "a pivot chart is a choice of rows and columns; drawn as columns with the first of each"
                .to_owned(),
        );
    }
    let mut gathered = gather::gather(&roles, table, true, &mut notes);
    // Strips of a series have places of their own, so what is left over may be added up, unless strips stand alone.
    let surplus = if stacking.is_some() { Surplus::Add } else { Surplus::Drop };
    gather::limit_series(&mut gathered, surplus, &mut notes);
    gathered.series.iter_mut().for_each(gather::add_up);
    let most = if horizontal { MOST_ROWS } else { MOST_COLUMNS };
    let slot = slots(&mut gathered, horizontal, most, &mut notes);
    if request.accumulate {
        gathered.series.iter_mut().for_each(gather::accumulate);
    }
    if gathered.series.iter().flat_map(|series| &series.points).all(|point| point.y.is_none()) {
        let reason = if table.rows.is_empty() { "no rows" } else { "no values to draw" };
        return Ok(Built::empty(reason, notes));
    }
    let log = wanted_log(request.y_log, "yaxis", stacking.is_some(), &gathered.y, &mut notes);
    if request.x_log {
        notes.push("`xaxis = log` is ignored: strips stand at equal distances".to_owned());
    }

    let mut bars = strips(&gathered, stacking);
    if log {
        let before = bars.len();
        bars.retain(|bar| bar.value > 0.0);
        note_unplaced("yaxis", before - bars.len(), &mut notes);
    }
    let ends = bounds(bars.iter().flat_map(|bar| [bar.low, bar.high])).unwrap_or((0.0, 1.0));
    let (min, max) = if log {
        bounds(bars.iter().map(|bar| bar.value)).map_or((1.0, 10.0), |(min, max)| (min * 0.5, max))
    } else {
        (ends.0.min(0.0), ends.1.max(0.0))
    };
    let quantity = if stacking == Some(true) { Quantity::Share } else { gathered.y.clone() };
    let title = match (&request.y_title, &gathered.y_titles[..]) {
        (Some(title), _) => clean(title),
        (None, [title]) => title.clone(),
        (None, _) => String::new(),
    };
    let y = ranged(request, &title, &quantity, log, (min, max));
    let x_title = request.x_title.as_deref().map_or_else(|| gathered.x_title.clone(), clean);
    let (first, last) = match &gathered.x {
        Quantity::Category(names) => (0.0, names.len() as f64 - 1.0),
        _ => bounds(bars.iter().map(|bar| bar.x)).unwrap_or((0.0, 0.0)),
    };
    let x = Axis::new(&x_title, gathered.x.clone(), false, first - slot / 2.0, last + slot / 2.0);
    let keys: Vec<_> = gathered.series.into_iter().map(|series| series.key).collect();
    let grouped = stacking.is_none() && keys.len() > 1;
    Ok(Built { drawing: Drawing::Bars(Bars { horizontal, x, slot, grouped, y, bars }), keys, notes })
}

/// The width of a slot. Where there are more categories than strips fit, the first ones stay; where there are more
/// times, or they are horizontal, they become categories.
fn slots(gathered: &mut Gathered, horizontal: bool, most: usize, notes: &mut Vec<String>) -> f64 {
    if let Quantity::Datetime { origin } = gathered.x {
        let mut places: Vec<i64> =
            gathered.series.iter().flat_map(|series| &series.points).map(|point| point.x as i64).collect();
        places.sort_unstable();
        places.dedup();
        let step = places.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(time::HOUR).max(1);
        let range = places.last().copied().unwrap_or(0);
        let is_regular = places.iter().all(|place| place % step == 0);
        if !horizontal && places.len() > 1 && range / step < MOST_SLOTS && (is_regular || range / step < 400)
        {
            return step as f64;
        }
        let names = places.iter().map(|place| time::datetime_text(origin + place)).collect();
        let index: HashMap<i64, usize> =
            places.iter().enumerate().map(|(index, place)| (*place, index)).collect();
        for point in gathered.series.iter_mut().flat_map(|series| &mut series.points) {
            point.x = index[&(point.x as i64)] as f64;
        }
        gathered.x = Quantity::Category(names);
    }
    if let Quantity::Category(names) = &mut gathered.x
        && names.len() > most
    {
        notes.push(format!(
            "the first {most} of {} values of `{}` drawn; use `top` or `take` to choose",
            number::count(names.len()),
            gathered.x_title
        ));
        names.truncate(most);
        for series in &mut gathered.series {
            series.points.retain(|point| point.x < most as f64);
        }
    }
    1.0
}

fn strips(gathered: &Gathered, stacking: Option<bool>) -> Vec<Bar> {
    let place = |x: f64| x.to_bits();
    let mut totals: HashMap<u64, f64> = HashMap::new();
    if stacking == Some(true) {
        for point in gathered.series.iter().flat_map(|series| &series.points) {
            *totals.entry(place(point.x)).or_default() += point.y.unwrap_or(0.0).abs();
        }
    }
    let mut tops: HashMap<u64, (f64, f64)> = HashMap::new();
    let mut bars = Vec::new();
    for (key, series) in gathered.series.iter().enumerate() {
        for point in &series.points {
            let Some(value) = point.y else { continue };
            let (low, high) = match stacking {
                None => (0.0, value),
                Some(_) => {
                    let length = match totals.get(&place(point.x)) {
                        Some(total) if *total > 0.0 => value / total,
                        Some(_) => 0.0,
                        None => value,
                    };
                    let (positive, negative) = tops.entry(place(point.x)).or_default();
                    let top = if length < 0.0 { negative } else { positive };
                    let low = *top;
                    *top += length;
                    (low, *top)
                }
            };
            bars.push(Bar { x: point.x, key, low, high, value });
        }
    }
    bars
}
