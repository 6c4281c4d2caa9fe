//! `rolling_percentile`.

use std::collections::{BTreeMap, HashMap};

use azimuth_kql::types::{Column, Schema};
use azimuth_values::aggregates::percentile::Digest;
use azimuth_values::{arithmetic, text};

use super::Call;
use super::periods::Periods;
use crate::run::Failure;
use crate::table::{Row, Table, key_of};

/// `rolling_percentile(value, percentile, index, bin size, bins per window, dimensions …)`: for each bin with rows the
/// percentile, by nearest rank, of the values of the window that ends with it.
pub(super) fn rolling_percentile(call: &Call<'_>) -> Result<Table, Failure> {
    let (value, index, dimensions) = (call.column(0)?, call.column(2)?, call.columns(5)?);
    let (percentile, size) = (call.constant(1)?, call.constant(3)?);
    let window = call
        .whole(4)?
        .filter(|window| *window > 0)
        .ok_or_else(|| call.refused("needs a window of one bin or more"))?;
    let columns = &call.input.schema.columns;
    let name =
        format!("rolling_{window}_percentile_{}_{}", columns[value].name, text::to_string(&percentile));
    let mut schema = Schema::new(vec![columns[index].clone()]);
    schema.columns.extend(dimensions.iter().map(|&place| columns[place].clone()));
    schema.columns.push(Column::new(name, columns[value].ty));
    let moments = || call.input.rows.iter().map(|row| &row[index]).filter(|at| !at.is_null());
    let order = azimuth_values::compare::total;
    let (Some(first), Some(last)) =
        (moments().min_by(|l, r| order(l, r)), moments().max_by(|l, r| order(l, r)))
    else {
        return Ok(Table::new(schema, Vec::new()));
    };
    let periods = Periods::new(call, arithmetic::bin(first, &size), last.clone(), &size)?;
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, BTreeMap<i64, Vec<&Row>>)> = Vec::new();
    for row in &call.input.rows {
        let Some(period) = periods.of(&row[index]) else { continue };
        let key: Row = dimensions.iter().map(|&place| row[place].clone()).collect();
        let place = *places.entry(key_of(&key)).or_insert_with(|| {
            groups.push((key, BTreeMap::new()));
            groups.len() - 1
        });
        groups[place].1.entry(period).or_default().push(row);
    }
    let mut rows = Vec::new();
    for (dimensions, bins) in groups {
        for period in bins.keys() {
            let mut digest = Digest::default();
            for row in bins.range(period.saturating_sub(window - 1)..=*period).flat_map(|(_, rows)| rows) {
                digest.insert(row[value].clone(), 1);
                call.run.count(1)?;
            }
            let found = digest.at(&[percentile.as_real().unwrap_or_default()]);
            rows.push(
                std::iter::once(periods.begin(*period))
                    .chain(dimensions.iter().cloned())
                    .chain(found)
                    .collect(),
            );
        }
    }
    Ok(Table::new(schema, rows))
}
