//! Moments: microseconds since 1970, and days.

use jiff::Timestamp;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// The microseconds since 1970 that a text in ISO 8601 tells; without a zone it is UTC. What is finer than a microsecond is cut.
pub(crate) fn micros(text: &str) -> Option<i64> {
    of_utc(text.as_bytes()).or_else(|| azimuth_collect::fit::moment(text).map(Timestamp::as_microsecond))
}

/// The form that nearly all exporters write: `2024-01-02T03:04:05[.digits]Z`; `None` for others.
fn of_utc(bytes: &[u8]) -> Option<i64> {
    let (fixed, rest) = bytes.split_first_chunk::<19>()?;
    let digits = |range: std::ops::Range<usize>| {
        fixed[range].iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(place, byte)| fixed[*place] != *byte) {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    if hour > 23
        || minute > 59
        || second > 59
        || !(1..=12).contains(&month)
        || !(1..=days_of(year, month)).contains(&day)
    {
        return None;
    }
    let fraction = rest.strip_suffix(b"Z")?;
    let mut micros = 0;
    if let Some(digits) = fraction.strip_prefix(b".") {
        if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        for place in 0..6 {
            micros = micros * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0'));
        }
    } else if !fraction.is_empty() {
        return None;
    }
    let seconds = (days_since_1970(year, month, day) * 24 + hour) * 3_600 + minute * 60 + second;
    Some(seconds * 1_000_000 + micros)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the odd day is the last of one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let day_of_year = (153 * months + 2) / 5 + day - 1;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year;
    // From 0000-03-01 to 1970-01-01.
    days - 719_468
}

/// The day of a moment, counted from 1970.
pub(crate) fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY)).unwrap_or(if micros < 0 { i32::MIN } else { i32::MAX })
}

/// A day as Delta writes it: `2024-01-02`.
pub(crate) fn day_text(day: i32) -> String {
    let time = Timestamp::from_second(i64::from(day) * 86_400).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

/// Reads what [`day_text`] wrote.
pub(crate) fn read_day(text: &str) -> Option<i32> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let time = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    i32::try_from(time.as_second().div_euclid(86_400)).ok()
}

/// A moment as statistics of Delta have it: `2024-01-02T03:04:05.000006Z`.
pub(crate) fn text(micros: i64) -> String {
    let time = Timestamp::from_microsecond(micros).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_reader_agrees_with_the_full_one() {
        for year in [1, 1899, 1900, 1969, 1970, 1972, 2000, 2023, 2024, 2100, 9998] {
            for month in 1..=12 {
                for day in [1, 28, 29, 30, 31, 32] {
                    let text = format!("{year:04}-{month:02}-{day:02}T23:59:58.1234567Z");
                    let full = text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
                    // Before 1970 the one cuts towards zero and the other down.
                    let quick = of_utc(text.as_bytes());
                    assert!(
                        quick == full || (year < 1970 && quick.zip(full).is_some_and(|(a, b)| b - a <= 1)),
                        "{text}"
                    );
                }
            }
        }
        assert_eq!(micros("2024-01-02T03:04:05Z"), Some(1_704_164_645_000_000));
        assert_eq!(micros("2024-01-02T04:04:05.5+01:00"), Some(1_704_164_645_500_000));
        assert_eq!(micros("2024-01-02 03:04:05"), Some(1_704_164_645_000_000));
        for bad in ["", "noon", "2024-13-01T00:00:00Z", "2024-01-01T25:00:00Z", "2024-02-30T00:00:00Z"] {
            assert_eq!(micros(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_come_back() {
        for day in [-400_000, -1, 0, 1, 19_724] {
            assert_eq!(read_day(&day_text(day)), Some(day));
        }
        assert_eq!(day_text(day_of(-1)), "1969-12-31");
    }
}
