//! Plugins that compare periods: who came, who was new, who came back.
//!
//! Ids and rows are counted exactly. Rates are shares of the ids of an earlier period.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use azimuth_kql::bound::PluginArgument;
use azimuth_values::{Value, arithmetic, compare};

use super::Call;
use super::periods::{Group, Periods, grouped, groups, is};
use crate::run::Failure;
use crate::table::{Row, Table, key_of};

/// For each period with rows: how many, and the ids.
type Activity<'g> = BTreeMap<i64, (i64, HashSet<&'g [u8]>)>;

fn activity<'g>(call: &Call<'_>, group: &'g Group, periods: &Periods) -> Result<Activity<'g>, Failure> {
    let mut activity = Activity::new();
    for (id, moments) in &group.moments {
        for period in moments.iter().filter_map(|at| periods.of(at)) {
            let known = activity.entry(period).or_default();
            known.0 += 1;
            known.1.insert(id);
            call.run.count(1)?;
        }
    }
    Ok(activity)
}

fn row(at: Value, group: &Group, values: impl IntoIterator<Item = Value>) -> Row {
    std::iter::once(at).chain(group.dimensions.iter().cloned()).chain(values).collect()
}

fn count(number: usize) -> Value {
    Value::Long(number as i64)
}

/// `activity_counts_metrics(id, timeline, start, end, window, dimensions …)`: for each period its rows, its ids, those that no
/// earlier period had, and the ids of all periods so far.
pub(super) fn activity_counts_metrics(call: &Call<'_>) -> Result<Table, Failure> {
    let periods = Periods::new(call, call.constant(2)?, call.constant(3)?, &call.constant(4)?)?;
    let mut rows = Vec::new();
    for group in groups(call, 5)? {
        let mut seen = HashSet::new();
        for (period, (total, ids)) in activity(call, &group, &periods)? {
            let before = seen.len();
            seen.extend(ids.iter().copied());
            let values =
                [Value::Long(total), count(ids.len()), count(seen.len() - before), count(seen.len())];
            rows.push(row(periods.begin(period), &group, values));
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}

/// The first and the last moment of the rows, for plugins whose range may be left out.
fn extent(call: &Call<'_>) -> Result<(Value, Value), Failure> {
    let timeline = call.column(1)?;
    let moments = || call.input.rows.iter().map(|row| &row[timeline]).filter(|at| !at.is_null());
    let first = moments().min_by(|left, right| compare::total(left, right)).cloned();
    let last = moments().max_by(|left, right| compare::total(left, right)).cloned();
    Ok((first.unwrap_or_default(), last.unwrap_or_default()))
}

/// The constants that stand after the first two arguments, before dimensions.
fn constants(call: &Call<'_>) -> Result<Vec<Value>, Failure> {
    (2..call.count())
        .take_while(|index| call.input_column(*index).is_none())
        .map(|index| call.constant(index))
        .collect()
}

/// `activity_engagement(id, timeline, start, end, inner window, outer window, dimensions …)`: for each inner period with rows
/// its ids, the ids of the outer window that ends with it, and the share of the former. Without a range it is all rows.
pub(super) fn activity_engagement(call: &Call<'_>) -> Result<Table, Failure> {
    let given = constants(call)?;
    let (start, end, inner, outer) = match given.as_slice() {
        [start, end, inner, outer, ..] => (start.clone(), end.clone(), inner, outer),
        [inner, outer] => {
            let (first, last) = extent(call)?;
            (arithmetic::bin(&first, inner), last, inner, outer)
        }
        _ => return Err(call.refused("needs an inner and an outer window")),
    };
    let periods = Periods::new(call, start, end, inner)?;
    let mut rows = Vec::new();
    for group in groups(call, 2 + given.len())? {
        for (period, (_, ids)) in activity(call, &group, &periods)? {
            let begin = periods.begin(period);
            let end = arithmetic::add(&begin, inner);
            let first = arithmetic::subtract(&end, outer);
            let is_within = |at: &Value| {
                is(&compare::ordered(at, &first, std::cmp::Ordering::is_ge))
                    && is(&compare::ordered(at, &end, std::cmp::Ordering::is_lt))
            };
            let within = group.moments.values().filter(|moments| moments.iter().any(is_within)).count();
            call.run.count(group.moments.len())?;
            let ratio = ids.len() as f64 / within as f64;
            rows.push(row(begin, &group, [count(ids.len()), count(within), Value::Real(ratio)]));
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}

/// `activity_metrics(id, timeline, start, end, window, dimensions …)`: for each period with rows its ids, those that the period
/// before did not have, and which share of that one's ids came back or not. Where the period before had none, all came back.
pub(super) fn activity_metrics(call: &Call<'_>) -> Result<Table, Failure> {
    let given = constants(call)?;
    let (start, end, window) = match given.as_slice() {
        [start, end, window, ..] => (start.clone(), end.clone(), window.clone()),
        others => {
            let window = others.first().cloned().unwrap_or(Value::TimeSpan(azimuth_values::calendar::DAY));
            let (first, last) = extent(call)?;
            let start = if window.as_str().is_some() { first } else { arithmetic::bin(&first, &window) };
            (start, last, window)
        }
    };
    let periods = Periods::new(call, start, end, &window)?;
    let mut rows = Vec::new();
    for group in groups(call, 2 + given.len())? {
        let activity = activity(call, &group, &periods)?;
        for (period, (_, ids)) in &activity {
            let before = activity.get(&(period - 1)).map(|(_, ids)| ids);
            let kept = before.map_or(0, |before| before.intersection(ids).count());
            let retention = before.map_or(1.0, |before| kept as f64 / before.len() as f64);
            let rates = [Value::Real(retention), Value::Real(1.0 - retention)];
            let values = [count(ids.len()), count(ids.len() - kept)].into_iter().chain(rates);
            rows.push(row(periods.begin(*period), &group, values));
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}

/// `new_activity_metrics(id, timeline, start, end, window, cohort, dimensions …, earlier ids)`: for each period and each one
/// from it on, how many of the ids that were new in the first came in the second. New is an id that neither an earlier period
/// nor the table of earlier ids has.
pub(super) fn new_activity_metrics(call: &Call<'_>) -> Result<Table, Failure> {
    let periods = Periods::new(call, call.constant(2)?, call.constant(3)?, &call.constant(4)?)?;
    let (mut dimensions, mut cohort, mut earlier) = (Vec::new(), None, HashSet::new());
    for index in 5..call.count() {
        match (&call.evaluate.arguments[index], call.input_column(index)) {
            (PluginArgument::Table(rel), _) => {
                let table = call.run.table(rel, call.given)?;
                let name = &call.input.schema.columns[call.column(0)?].name;
                let place = table.column(name).unwrap_or(0);
                earlier = table.rows.iter().filter_map(|row| row.get(place..=place)).map(key_of).collect();
            }
            (_, Some(column)) => dimensions.push(column),
            _ => cohort = periods.of(&call.constant(index)?),
        }
    }
    if periods.count() > MOST_COHORTS {
        return Err(call.refused("would compare too many periods with each other; take a larger window"));
    }
    let mut rows = Vec::new();
    for group in grouped(call, &dimensions)? {
        let mut activity = activity(call, &group, &periods)?;
        for (_, ids) in activity.values_mut() {
            ids.retain(|id| !earlier.contains(*id));
        }
        let nobody = HashSet::new();
        let ids_of = |period: i64| activity.get(&period).map_or(&nobody, |(_, ids)| ids);
        let mut seen: HashSet<&[u8]> = HashSet::new();
        for from in 0..periods.count() {
            let new: HashSet<&[u8]> = ids_of(from).difference(&seen).copied().collect();
            if cohort.is_none_or(|cohort| cohort == from) {
                for to in from..periods.count() {
                    let ids = ids_of(to);
                    // Of the period itself what is new in it counts, of later ones what neither it nor an earlier one had.
                    let unseen = ids
                        .iter()
                        .filter(|id| !seen.contains(*id) && (from == to || !new.contains(*id)))
                        .count();
                    let kept = new.intersection(ids).count();
                    let rate = |part: usize| Value::Real(part as f64 / new.len() as f64);
                    let lost = new.len() - kept;
                    let values = [count(unseen), count(kept), count(lost), rate(kept), rate(lost)];
                    let begins = [periods.begin(from), periods.begin(to)].into_iter();
                    rows.push(begins.chain(group.dimensions.iter().cloned()).chain(values).collect());
                    call.run.count(1)?;
                }
            }
            seen.extend(new);
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}

/// Periods that are compared each with each.
const MOST_COHORTS: i64 = 3_000;

/// `sliding_window_counts(id, timeline, start, end, look-back, bin, dimensions …)`: for each bin the rows and the ids of the
/// window that ends with it; bins whose window is empty are left out.
pub(super) fn sliding_window_counts(call: &Call<'_>) -> Result<Table, Failure> {
    let (start, lookback) = (call.constant(2)?, call.constant(4)?);
    let periods = Periods::new(call, start, call.constant(3)?, &call.constant(5)?)?;
    let begins: Vec<Value> = (0..periods.count()).map(|period| periods.begin(period)).collect();
    let mut rows = Vec::new();
    for group in groups(call, 6)? {
        let mut windows: BTreeMap<usize, (i64, BTreeSet<&[u8]>)> = BTreeMap::new();
        for (id, moments) in &group.moments {
            for own in moments.iter().filter_map(|at| periods.unchecked(at)) {
                let until = arithmetic::add(&periods.begin(own), &lookback);
                let first = usize::try_from(own).unwrap_or(0);
                for (place, begin) in begins.iter().enumerate().skip(first) {
                    if !is(&compare::ordered(begin, &until, std::cmp::Ordering::is_lt)) {
                        break;
                    }
                    let window = windows.entry(place).or_default();
                    window.0 += 1;
                    window.1.insert(id);
                    call.run.count(1)?;
                }
            }
        }
        for (place, (total, ids)) in windows {
            rows.push(row(begins[place].clone(), &group, [Value::Long(total), count(ids.len())]));
        }
    }
    Ok(Table::new(call.schema.clone(), rows))
}
