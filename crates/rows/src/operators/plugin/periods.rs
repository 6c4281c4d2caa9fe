//! Who did something when: rows by dimensions and ids, and the periods of a range.

use std::collections::HashMap;

use azimuth_values::{Value, arithmetic, calendar, compare};

use super::Call;
use crate::run::Failure;
use crate::table::{Row, key_of};

/// Periods that a range may have.
const MOST_PERIODS: i64 = 100_000;

/// The rows of one combination of dimensions: for each id its moments, in order.
pub(super) struct Group {
    pub(super) dimensions: Row,
    pub(super) moments: HashMap<Vec<u8>, Vec<Value>>,
}

/// Rows by the dimensions and ids that a plugin names: its first two columns, and those from a place on. Groups are in the
/// order of their first rows; rows without a moment are left out.
pub(super) fn groups(call: &Call<'_>, from: usize) -> Result<Vec<Group>, Failure> {
    grouped(call, &call.columns(from)?)
}

/// As [`groups`], by columns.
pub(super) fn grouped(call: &Call<'_>, dimensions: &[usize]) -> Result<Vec<Group>, Failure> {
    let (id, timeline) = (call.column(0)?, call.column(1)?);
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for row in call.input.rows.iter().filter(|row| !row[timeline].is_null()) {
        let key: Row = dimensions.iter().map(|&place| row[place].clone()).collect();
        let place = *places.entry(key_of(&key)).or_insert_with(|| {
            groups.push(Group { dimensions: key, moments: HashMap::new() });
            groups.len() - 1
        });
        groups[place].moments.entry(key_of(&row[id..=id])).or_default().push(row[timeline].clone());
    }
    for moments in groups.iter_mut().flat_map(|group| group.moments.values_mut()) {
        moments.sort_by(compare::total);
    }
    Ok(groups)
}

/// Whether something is true for sure.
pub(super) fn is(truth: &Value) -> bool {
    truth.as_bool() == Some(true)
}

/// Whether a value lies between two others, or is one of them.
pub(super) fn is_between(value: &Value, low: &Value, high: &Value) -> bool {
    is(&compare::ordered(value, low, std::cmp::Ordering::is_ge))
        && is(&compare::ordered(value, high, std::cmp::Ordering::is_le))
}

/// The bin of a moment, counted from the beginning of the range.
pub(super) fn bin(at: &Value, start: &Value, size: &Value) -> Value {
    match at {
        Value::DateTime(_) => {
            let steps = arithmetic::divide(&arithmetic::subtract(at, start), size)
                .as_real()
                .unwrap_or_default()
                .floor();
            arithmetic::add(start, &arithmetic::multiply(size, &Value::Long(steps as i64)))
        }
        at => arithmetic::bin(at, size),
    }
}

/// The periods of a range, by number: 0 is the one that its start lies in.
pub(super) struct Periods {
    start: Value,
    end: Value,
    step: Step,
    count: i64,
}

enum Step {
    /// A number or timespan, counted from the start of the range
    Size(Value),
    /// Weeks of the calendar, from Sunday on
    Weeks,
    /// So many months of the calendar
    Months(i64),
}

impl Periods {
    /// The periods from a value to another, both inclusive.
    ///
    /// # Errors
    /// When the step is none, or there are too many periods.
    pub(super) fn new(call: &Call<'_>, start: Value, end: Value, step: &Value) -> Result<Self, Failure> {
        let step = match step.as_str() {
            Some("week") => Step::Weeks,
            Some("month") => Step::Months(1),
            Some("year") => Step::Months(12),
            Some(_) => {
                return Err(
                    call.refused("takes `week`, `month`, `year`, a timespan or a number as its window")
                );
            }
            None if step
                .as_real()
                .or(step.as_long().map(|step| step as f64))
                .is_some_and(|step| step > 0.0) =>
            {
                Step::Size(step.clone())
            }
            None => return Err(call.refused("needs a window larger than nothing")),
        };
        let mut periods = Self { start, end, step, count: 0 };
        let last = periods.end.clone();
        periods.count = periods.unchecked(&last).map_or(0, |last| last + 1).max(0);
        if periods.count > MOST_PERIODS {
            return Err(call.refused("would make too many periods; take a larger window or a shorter range"));
        }
        Ok(periods)
    }

    /// How many there are.
    pub(super) fn count(&self) -> i64 {
        self.count
    }

    /// The period of a value; none outside of the range.
    pub(super) fn of(&self, at: &Value) -> Option<i64> {
        if is_between(at, &self.start, &self.end) { self.unchecked(at) } else { None }
    }

    /// The period of a value, which may lie before the range.
    pub(super) fn unchecked(&self, at: &Value) -> Option<i64> {
        match &self.step {
            Step::Size(size) => {
                let distance = arithmetic::subtract(at, &self.start);
                let steps = match (&distance, size) {
                    (
                        Value::TimeSpan(distance) | Value::Long(distance),
                        Value::TimeSpan(size) | Value::Long(size),
                    ) => {
                        return Some(distance.div_euclid(*size));
                    }
                    _ => arithmetic::divide(&distance, size).as_real()?,
                };
                Some(steps.floor() as i64)
            }
            Step::Weeks => Some((week(at.as_long()?) - week(self.start.as_long()?)) / (7 * calendar::DAY)),
            Step::Months(months) => {
                let number = |ticks: i64| {
                    let civil = calendar::civil(ticks);
                    i64::from(civil.year) * 12 + i64::from(civil.month) - 1
                };
                let first = number(self.start.as_long()?).div_euclid(*months);
                Some(number(at.as_long()?).div_euclid(*months) - first)
            }
        }
    }

    /// Where a period begins.
    pub(super) fn begin(&self, number: i64) -> Value {
        match &self.step {
            Step::Size(size) => {
                arithmetic::add(&self.start, &arithmetic::multiply(size, &Value::Long(number)))
            }
            Step::Weeks => {
                Value::DateTime(week(self.start.as_long().unwrap_or_default()) + number * 7 * calendar::DAY)
            }
            Step::Months(months) => {
                let civil = calendar::civil(self.start.as_long().unwrap_or_default());
                let month = if *months == 12 { 1 } else { civil.month };
                let first = calendar::midnight(civil.year, month, 1);
                first
                    .and_then(|first| calendar::add_months(first, number.checked_mul(*months)?))
                    .map_or(Value::Null, Value::DateTime)
            }
        }
    }
}

/// The Sunday that a week begins with.
fn week(ticks: i64) -> i64 {
    ticks.div_euclid(calendar::DAY) * calendar::DAY - calendar::weekday(ticks) * calendar::DAY
}
