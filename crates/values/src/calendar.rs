//! The proleptic Gregorian calendar in ticks of 100 ns since 0001-01-01T00:00:00Z, the origin of Kusto's `datetime`.

/// Ticks of a microsecond.
pub const MICROSECOND: i64 = 10;
/// Ticks of a millisecond.
pub const MILLISECOND: i64 = 10_000;
/// Ticks of a second.
pub const SECOND: i64 = 10_000_000;
/// Ticks of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Ticks of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Ticks of a day.
pub const DAY: i64 = 24 * HOUR;
/// Ticks of 1970-01-01.
pub const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
/// The last tick of 9999-12-31, the largest `datetime`.
pub const MAX: i64 = 3_155_378_975_999_999_999;

/// A moment taken apart, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// 1 to 9999
    pub year: i32,
    /// 1 to 12
    pub month: u32,
    /// 1 to 31
    pub day: u32,
    /// Ticks since midnight
    pub time: i64,
}

/// A datetime taken apart; `ticks` within 0..=[`MAX`].
pub fn civil(ticks: i64) -> Civil {
    let (year, month, day) = date_of(ticks.div_euclid(DAY));
    Civil { year, month, day, time: ticks.rem_euclid(DAY) }
}

/// Ticks of midnight of a date; `None` if there is no such day.
pub fn midnight(year: i32, month: u32, day: u32) -> Option<i64> {
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || day == 0
        || day > days_in_month(year, month)
    {
        return None;
    }
    Some(days_of(year, month, day) * DAY)
}

/// Ticks, if they are a datetime at all.
pub fn checked(ticks: i64) -> Option<i64> {
    (0..=MAX).contains(&ticks).then_some(ticks)
}

/// Is it a leap year?
pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, 28 to 31.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Day of the week of a datetime: Sunday is 0.
pub fn weekday(ticks: i64) -> i64 {
    // 0001-01-01 was a Monday.
    (ticks.div_euclid(DAY) + 1).rem_euclid(7)
}

/// Day of the year of a datetime, from 1.
pub fn day_of_year(ticks: i64) -> i64 {
    let day = ticks.div_euclid(DAY);
    day - days_of(civil(ticks).year, 1, 1) + 1
}

/// The same day and time some months on; the day is cut to the length of the month. `None` beyond the calendar.
pub fn add_months(ticks: i64, months: i64) -> Option<i64> {
    let at = civil(ticks);
    let count = (i64::from(at.year) * 12 + i64::from(at.month) - 1).checked_add(months)?;
    let year = i32::try_from(count.div_euclid(12)).ok()?;
    let month = u32::try_from(count.rem_euclid(12) + 1).ok()?;
    if !(1..=9999).contains(&year) {
        return None;
    }
    midnight(year, month, at.day.min(days_in_month(year, month))).map(|date| date + at.time)
}

/// Days from 0001-01-01 to a date (civil calendar from eras of 400 years).
fn days_of(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 306
}

/// The date that lies so many days after 0001-01-01.
fn date_of(days: i64) -> (i32, u32, u32) {
    let days = days + 306;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_the_epoch_and_the_end() {
        assert_eq!(midnight(1, 1, 1), Some(0));
        assert_eq!(midnight(1970, 1, 1), Some(UNIX_EPOCH));
        assert_eq!(midnight(9999, 12, 31), Some(MAX - DAY + 1));
        assert_eq!(midnight(2023, 2, 29), None);
        assert_eq!(weekday(midnight(2026, 11, 25).unwrap()), 3);
        assert_eq!(day_of_year(midnight(2024, 12, 31).unwrap()), 366);
    }

    #[test]
    fn every_day_comes_back() {
        let mut expected = (1, 1, 1);
        for day in 0..=MAX / DAY {
            let at = civil(day * DAY);
            assert_eq!((at.year, at.month, at.day), expected);
            assert_eq!(midnight(at.year, at.month, at.day), Some(day * DAY));
            expected = match expected {
                (year, 12, 31) => (year + 1, 1, 1),
                (year, month, last) if last == days_in_month(year, month) => (year, month + 1, 1),
                (year, month, day) => (year, month, day + 1),
            };
        }
    }

    #[test]
    fn months_are_added_to_the_last_day() {
        let last = midnight(2024, 1, 31).unwrap() + 5;
        assert_eq!(add_months(last, 1), midnight(2024, 2, 29).map(|ticks| ticks + 5));
        assert_eq!(add_months(last, -13), midnight(2022, 12, 31).map(|ticks| ticks + 5));
        assert_eq!(add_months(last, i64::MAX), None);
    }
}
