//! `kind = map` of `scatterchart` and `piechart`: points, bubbles and pies at places of the earth.
//!
//! Reference: "Geospatial visualizations": columns are [longitude, latitude] in that order or a GeoJSON point; for a
//! scatter a further column names the series, for a pie a column is the colour and a column of numbers the size.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::Built;
use super::gather::MOST_SERIES;
use crate::error::ChartError;
use crate::model::{Drawing, Key, Map, Place};
use crate::number;
use crate::request::{Request, Visualisation};
use crate::roles::{named, named_all};
use crate::table::{ColumnType, LARGEST, Table, Value};
use crate::text::clean;

/// Most places drawn.
const MOST_PLACES: usize = 5_000;

/// Which columns say where.
enum Where {
    Degrees { longitude: usize, latitude: usize },
    GeoJson(usize),
}

pub(super) fn build(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let place = place_columns(request, table)?;
    let taken = match place {
        Where::Degrees { longitude, latitude } => vec![longitude, latitude],
        Where::GeoJson(column) => vec![column],
    };
    let is_pie = request.visualisation == Visualisation::Pie;
    let free = |kinds: &[ColumnType]| {
        (0..table.columns.len()).find(|index| !taken.contains(index) && kinds.contains(&table.kind(*index)))
    };
    let mut series = named_all(table, "series", &request.series)?;
    if series.is_empty() {
        series.extend(free(&[ColumnType::Text, ColumnType::Bool]));
    }
    let size = if is_pie { free(&[ColumnType::Number]) } else { None };

    let mut notes = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut places: Vec<Place> = Vec::new();
    let mut at: HashMap<(u64, u64), usize> = HashMap::new();
    let (mut unplaced, mut surplus) = (0_usize, 0_usize);
    for row in &table.rows {
        let Some((longitude, latitude)) = degrees(&place, table, row) else {
            unplaced += 1;
            continue;
        };
        let size = match size {
            Some(column) => table.value(row, column).number().unwrap_or(0.0).max(0.0),
            None => 1.0,
        };
        let names = series.iter().map(|column| clean(&table.value(row, *column).label()));
        let name = names.collect::<Vec<_>>().join(" · ");
        let key = *known.entry(name.clone()).or_insert_with(|| {
            keys.push(Key { name, is_rest: false });
            keys.len() - 1
        });
        // Pies gather what is at one place; points stay points.
        let next = places.len();
        let index =
            if is_pie { *at.entry((longitude.to_bits(), latitude.to_bits())).or_insert(next) } else { next };
        if index >= MOST_PLACES {
            surplus += 1;
            continue;
        }
        if index == next {
            places.push(Place { longitude, latitude, parts: Vec::new() });
        }
        let parts = &mut places[index].parts;
        match parts.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum = (*sum + size).min(LARGEST),
            None => parts.push((key, size)),
        }
    }
    if unplaced > 0 {
        let rows = if unplaced == 1 { "row has" } else { "rows have" };
        notes.push(format!("{} {rows} no place on the map", number::count(unplaced)));
    }
    if surplus > 0 {
        let places = number::count(MOST_PLACES);
        notes.push(format!("{} more than the {places} places that are drawn", number::count(surplus)));
    }
    if places.is_empty() {
        let reason = if table.rows.is_empty() { "no rows" } else { "no places to draw" };
        return Ok(Built::empty(reason, notes));
    }
    merge_keys(&mut keys, &mut places, &mut notes);
    let largest = size.map(|_| places.iter().map(Place::size).fold(0.0, f64::max));
    let largest = largest.filter(|largest| *largest > 0.0);
    Ok(Built { drawing: Drawing::Map(Map { points: places, largest }), keys, notes })
}

/// `xcolumn` and `ycolumns`, else the first dynamic column of points, else the first two columns of numbers.
fn place_columns(request: &Request, table: &Table) -> Result<Where, ChartError> {
    let y = named_all(table, "ycolumns", &request.y_columns)?;
    if let Some(x) = &request.x_column {
        let longitude = named(table, "xcolumn", x)?;
        if table.kind(longitude) == ColumnType::Dynamic {
            return Ok(Where::GeoJson(longitude));
        }
        if let [latitude, ..] = y[..] {
            return Ok(Where::Degrees { longitude, latitude });
        }
    }
    let is_point = |column: &usize| {
        table.kind(*column) == ColumnType::Dynamic
            && table.rows.iter().take(20).any(|row| geojson(table.value(row, *column)).is_some())
    };
    let columns = 0..table.columns.len();
    let numbers: Vec<usize> =
        columns.clone().filter(|index| table.kind(*index) == ColumnType::Number).take(2).collect();
    if let Some(column) = columns.clone().find(is_point) {
        return Ok(Where::GeoJson(column));
    }
    if let [longitude, latitude] = numbers[..] {
        return Ok(Where::Degrees { longitude, latitude });
    }
    let dynamic = columns.clone().find(|index| table.kind(*index) == ColumnType::Dynamic);
    dynamic.map(Where::GeoJson).ok_or_else(|| ChartError::Needs {
        chart: request.visualisation.name(),
        needs:
            "for `kind = map` two columns of numbers, longitude and latitude, or a column of GeoJSON points"
                .to_owned(),
        has: table.inventory(),
    })
}

fn degrees(place: &Where, table: &Table, row: &[Value]) -> Option<(f64, f64)> {
    let (longitude, latitude) = match place {
        Where::Degrees { longitude, latitude } => {
            (table.value(row, *longitude).number()?, table.value(row, *latitude).number()?)
        }
        Where::GeoJson(column) => geojson(table.value(row, *column))?,
    };
    let is_on_earth = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
    is_on_earth.then_some((longitude, latitude))
}

/// A GeoJSON point, or the point of a feature.
fn geojson(value: &Value) -> Option<(f64, f64)> {
    let Value::Dynamic(text) = value else { return None };
    let json: Json = serde_json::from_str(text).ok()?;
    let point = json.get("geometry").unwrap_or(&json);
    if point.get("type")?.as_str()? != "Point" {
        return None;
    }
    let coordinates = point.get("coordinates")?;
    Some((coordinates.get(0)?.as_f64()?, coordinates.get(1)?.as_f64()?))
}

/// Keeps the names that occur most, the rest becomes "other".
fn merge_keys(keys: &mut Vec<Key>, places: &mut [Place], notes: &mut Vec<String>) {
    if keys.len() <= MOST_SERIES {
        return;
    }
    let mut totals = vec![0.0_f64; keys.len()];
    for (key, size) in places.iter().flat_map(|place| &place.parts) {
        totals[*key] += size;
    }
    let mut ranked: Vec<usize> = (0..keys.len()).collect();
    ranked.sort_by(|left, right| totals[*right].total_cmp(&totals[*left]));
    let (kept, rest) = ranked.split_at(MOST_SERIES - 1);
    let mut target = vec![MOST_SERIES - 1; keys.len()];
    kept.iter().enumerate().for_each(|(index, key)| target[*key] = index);
    notes.push(format!(
        "{} of {} series told apart, the rest is in \"other\"",
        kept.len(),
        number::count(keys.len())
    ));
    let mut merged: Vec<Key> = kept.iter().map(|key| keys[*key].clone()).collect();
    merged.push(Key { name: format!("other ({})", number::count(rest.len())), is_rest: true });
    for part in places.iter_mut().flat_map(|place| &mut place.parts) {
        part.0 = target[part.0];
    }
    *keys = merged;
}
