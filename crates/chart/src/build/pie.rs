//! `piechart`: parts of a whole.

use super::Built;
use super::gather::{self, MOST_SERIES};
use crate::error::ChartError;
use crate::model::{Drawing, Key, Pie, Slice};
use crate::number;
use crate::request::Request;
use crate::roles::roles;
use crate::scale::Quantity;
use crate::table::{LARGEST, Table};

/// Slices by the first column, of the size of the first column of numbers; rows of one name are added up. The
/// largest ones are shown, in falling order, and "other".
pub(super) fn build(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let mut roles = roles(request, table)?;
    let mut notes = Vec::new();
    if roles.ys.len() > 1 {
        let more = roles.ys.len() - 1;
        let columns = if more == 1 { "column of numbers is" } else { "columns of numbers are" };
        notes.push(format!("{more} more {columns} not in the pie; name one with `ycolumns`"));
        roles.ys.truncate(1);
    }
    // A name made of all columns that are left would split the slices; only what is asked for does.
    if request.series.is_empty() {
        roles.series.clear();
    }
    let gathered = gather::gather(&roles, table, true, &mut notes);
    let mut slices: Vec<(String, f64)> = Vec::new();
    let mut negative = 0_usize;
    for series in &gathered.series {
        let mut places = std::collections::HashMap::new();
        for point in &series.points {
            let Some(value) = point.y else { continue };
            if value < 0.0 {
                negative += 1;
                continue;
            }
            let index = *places.entry(point.x.to_bits()).or_insert_with(|| {
                let name = gathered.x.exact(point.x);
                let name =
                    if request.series.is_empty() { name } else { format!("{name} · {}", series.key.name) };
                slices.push((name, 0.0));
                slices.len() - 1
            });
            slices[index].1 = (slices[index].1 + value).min(LARGEST);
        }
    }
    if negative > 0 {
        let values = if negative == 1 { "value is" } else { "values are" };
        notes.push(format!("{} negative {values} not in the pie", number::count(negative)));
    }
    slices.retain(|(_, value)| *value > 0.0);
    let total: f64 = slices.iter().map(|(_, value)| value).sum();
    if slices.is_empty() {
        let reason = if table.rows.is_empty() { "no rows" } else { "no values above zero" };
        return Ok(Built::empty(reason, notes));
    }
    slices.sort_by(|left, right| right.1.total_cmp(&left.1));
    let mut keys: Vec<Key> = Vec::new();
    let rest = if slices.len() > MOST_SERIES { slices.split_off(MOST_SERIES - 1) } else { Vec::new() };
    keys.extend(slices.iter().map(|(name, _)| Key { name: name.clone(), is_rest: false }));
    if !rest.is_empty() {
        let name = format!("other ({})", number::count(rest.len()));
        notes.push(format!(
            "{} of {} slices told apart, the rest is in \"other\"",
            slices.len(),
            number::count(slices.len() + rest.len())
        ));
        keys.push(Key { name: name.clone(), is_rest: true });
        slices.push((name, rest.iter().map(|(_, value)| value).sum::<f64>().min(LARGEST)));
    }
    let unit = if gathered.y == Quantity::Timespan { Quantity::Timespan } else { Quantity::Number };
    let slices = slices.into_iter().enumerate().map(|(key, (name, value))| Slice {
        name,
        key,
        value: unit.exact(value),
        share: value / total,
    });
    Ok(Built {
        drawing: Drawing::Pie(Pie { slices: slices.collect(), total: unit.short(total) }),
        keys,
        notes,
    })
}
