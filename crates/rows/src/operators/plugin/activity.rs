//! `active_users_count`, `session_count`: who was there, and how often they came.

use std::collections::{BTreeMap, HashMap, HashSet};

use azimuth_values::{Value, arithmetic, compare};

use super::Call;
use super::periods::{bin, groups, is};
use crate::run::Failure;
use crate::table::{Table, key_of};

/// `active_users_count(id, timeline, start, end, lookback, period, active periods, bin, dimensions …)`: for each bin the
/// ids with a moment in it before which they were there in enough periods of the window that ends with it.
pub(super) fn active_users_count(call: &Call<'_>) -> Result<Table, Failure> {
    let given = (2..8).map(|index| call.constant(index)).collect::<Result<Vec<_>, _>>()?;
    let [start, end, lookback, period, needed, size] = given.as_slice() else { return Ok(Table::default()) };
    let needed = usize::try_from(needed.as_long().unwrap_or(1)).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    for group in groups(call, 8)? {
        let mut active: BTreeMap<Vec<u8>, (Value, HashSet<&[u8]>)> = BTreeMap::new();
        for (id, moments) in &group.moments {
            for at in moments {
                if !is(&compare::ordered(at, start, std::cmp::Ordering::is_ge))
                    || !is(&compare::ordered(at, end, std::cmp::Ordering::is_le))
                {
                    continue;
                }
                let first = arithmetic::subtract(at, lookback);
                let periods: HashSet<Vec<u8>> = moments
                    .iter()
                    .filter(|moment| {
                        is(&compare::ordered(moment, &first, std::cmp::Ordering::is_gt))
                            && is(&compare::ordered(moment, at, std::cmp::Ordering::is_le))
                    })
                    .map(|moment| key_of(&[arithmetic::bin(moment, period)]))
                    .collect();
                if periods.len() >= needed {
                    let bin = bin(at, start, size);
                    active
                        .entry(key_of(std::slice::from_ref(&bin)))
                        .or_insert_with(|| (bin, HashSet::new()))
                        .1
                        .insert(id);
                }
                call.run.count(1)?;
            }
        }
        for (bin, ids) in active.into_values() {
            let counted = [Value::Long(ids.len() as i64)];
            rows.push(std::iter::once(bin).chain(group.dimensions.iter().cloned()).chain(counted).collect());
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}

/// `session_count(id, timeline, start, end, bin, lookback, dimensions …)`: for each bin the sessions that begin in it. A
/// session begins where an id was not there for the length of the look-back window.
pub(super) fn session_count(call: &Call<'_>) -> Result<Table, Failure> {
    let given = (2..6).map(|index| call.constant(index)).collect::<Result<Vec<_>, _>>()?;
    let [start, end, size, lookback] = given.as_slice() else { return Ok(Table::default()) };
    let mut rows = Vec::new();
    for group in groups(call, 6)? {
        let mut counts: Vec<(Value, i64)> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        for moments in group.moments.values() {
            let mut last: Option<&Value> = None;
            for at in moments {
                let begins = last.is_none_or(|last| {
                    let gap = arithmetic::subtract(at, last);
                    is(&compare::ordered(&gap, lookback, std::cmp::Ordering::is_ge))
                });
                last = Some(at);
                let inside = is(&compare::ordered(at, start, std::cmp::Ordering::is_ge))
                    && is(&compare::ordered(at, end, std::cmp::Ordering::is_le));
                if inside {
                    let bin = bin(at, start, size);
                    let place = *places.entry(key_of(std::slice::from_ref(&bin))).or_insert_with(|| {
                        counts.push((bin, 0));
                        counts.len() - 1
                    });
                    counts[place].1 += i64::from(begins);
                }
                call.run.count(1)?;
            }
        }
        counts.sort_by(|(left, _), (right, _)| compare::total(left, right));
        for (bin, count) in counts {
            rows.push(
                std::iter::once(bin)
                    .chain(group.dimensions.iter().cloned())
                    .chain([Value::Long(count)])
                    .collect(),
            );
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}
