//! Kusto's times: ticks of 100 ns since 0001-01-01 as dates, ticks of an axis at round times, and their texts.
//!
//! Everything is UTC, as in Kusto, and works over the whole range 0001 to 9999; ticks outside of it are taken as the
//! nearest end.

use jiff::civil::{Date, DateTime, date};

pub(crate) const SECOND: i64 = 10_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// The last tick of 9999.
pub(crate) const LAST: i64 = 3_155_378_975_999_999_999;

/// 1970-01-01.
const UNIX_EPOCH: i64 = 719_162 * DAY;

const EPOCH: Date = date(1, 1, 1);
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The day of a tick.
fn day_of(ticks: i64) -> Date {
    let days = ticks.clamp(0, LAST) / DAY;
    EPOCH.checked_add(jiff::Span::new().days(days)).unwrap_or(Date::MAX)
}

/// The first tick of a day.
fn start_of(day: Date) -> i64 {
    day.since((jiff::Unit::Day, EPOCH)).map_or(0, |span| i64::from(span.get_days()) * DAY)
}

/// The first tick of a month; years outside of 1..=9999 have none.
fn start_of_month(year: i64, month: i64) -> Option<i64> {
    let year = i16::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    Date::new(year, i8::try_from(month).ok()?, 1).ok().map(start_of)
}

/// `2024-01-31 10:00:00`, with a fraction if there is one, without a time at midnight.
pub(crate) fn datetime_text(ticks: i64) -> String {
    let ticks = ticks.clamp(0, LAST);
    let day = day_of(ticks);
    if ticks % DAY == 0 { day.to_string() } else { format!("{day} {}", clock(ticks % DAY, true)) }
}

/// `[-][d.]hh:mm:ss[.fffffff]`, as Kusto writes a timespan.
pub(crate) fn timespan_text(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let ticks = i64::try_from(ticks.unsigned_abs()).unwrap_or(i64::MAX);
    let days = if ticks >= DAY { format!("{}.", ticks / DAY) } else { String::new() };
    format!("{sign}{days}{}", clock(ticks % DAY, true))
}

/// A timespan in few characters and one or two units: `1d 2h`, `90s`, `15ms`.
pub(crate) fn timespan_short(ticks: f64) -> String {
    const UNITS: [(f64, &str); 6] = [
        (DAY as f64, "d"),
        (HOUR as f64, "h"),
        (MINUTE as f64, "min"),
        (SECOND as f64, "s"),
        (10_000.0, "ms"),
        (10.0, "µs"),
    ];
    if ticks == 0.0 {
        return "0".to_owned();
    }
    let size = ticks.abs();
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| size >= *unit).unwrap_or((0.01, "ns"));
    let value = ticks / unit;
    if value.abs() >= 10_000.0 {
        return format!("{}{name}", crate::number::short(value));
    }
    let text = format!("{value:.1}");
    format!("{}{name}", text.strip_suffix(".0").unwrap_or(&text))
}

/// `hh:mm`, with seconds if there are any or they are wanted, and their fraction if there is one.
fn clock(ticks: i64, seconds: bool) -> String {
    let (hour, minute, second) = (ticks / HOUR, ticks / MINUTE % 60, ticks / SECOND % 60);
    let fraction = ticks % SECOND;
    if fraction != 0 {
        let fraction = format!("{fraction:07}");
        return format!("{hour:02}:{minute:02}:{second:02}.{}", fraction.trim_end_matches('0'));
    }
    if seconds || second != 0 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}")
    }
}

/// Steps between ticks of a time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ticks(i64),
    Months(i64),
}

/// The smallest round step that gives no more than `most` ticks over `range`.
fn step(range: i64, most: i64) -> Step {
    const FIXED: &[i64] = &[
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        15 * SECOND,
        30 * SECOND,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        7 * DAY,
    ];
    const MONTHLY: &[i64] =
        &[1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000, 24_000, 60_000];
    let fits = |step: i64| range / step < most.max(1);
    let mut power = 1;
    while power < SECOND {
        if let Some(step) = [power, 2 * power, 5 * power].into_iter().find(|step| fits(*step)) {
            return Step::Ticks(step);
        }
        power *= 10;
    }
    if let Some(step) = FIXED.iter().find(|step| fits(**step)) {
        return Step::Ticks(*step);
    }
    let months = MONTHLY.iter().find(|months| fits(**months * 30 * DAY));
    Step::Months(months.copied().unwrap_or(60_000))
}

/// Ticks of an axis from `min` to `max`: at round times, no more than about `most`, each with its label. A label
/// names the largest unit that changes there: `14:00`, at midnight `3 Jan`, at the new year `2024`.
pub(crate) fn datetime_ticks(min: i64, max: i64, most: usize) -> Vec<(i64, String)> {
    let (min, max) = (min.clamp(0, LAST), max.clamp(0, LAST));
    if max < min {
        return Vec::new();
    }
    let most = i64::try_from(most.clamp(1, 100)).unwrap_or(100);
    match step(max - min, most) {
        Step::Ticks(step) => {
            // Weeks start on Monday, and 0001-01-01 was one.
            let first = (min + step - 1) / step;
            let ticks = (first..).map(|index| index * step).take_while(|tick| *tick <= max);
            ticks.take(200).map(|tick| (tick, tick_label(tick, step))).collect()
        }
        Step::Months(step) => {
            let first = day_of(min);
            let months = i64::from(first.year()) * 12 + i64::from(first.month()) - 1;
            let mut ticks = Vec::new();
            let mut index = months / step * step;
            while ticks.len() < 200 && index <= 9999 * 12 + 11 {
                let (year, month) = (index / 12, index % 12);
                index += step;
                // Round years start with year 0, which is not one.
                let Some(tick) = start_of_month(year, month + 1) else { continue };
                if tick > max {
                    break;
                }
                if tick >= min {
                    let label = if month == 0 { year.to_string() } else { MONTHS[month as usize].to_owned() };
                    ticks.push((tick, label));
                }
            }
            ticks
        }
    }
}

fn tick_label(tick: i64, step: i64) -> String {
    if tick % DAY != 0 {
        return clock(tick % DAY, step < MINUTE);
    }
    let day = day_of(tick);
    if day.day() == 1 && day.month() == 1 && step >= DAY {
        return day.year().to_string();
    }
    day_and_month(day)
}

fn day_and_month(day: Date) -> String {
    format!("{} {}", day.day(), MONTHS[usize::from(day.month().unsigned_abs()) - 1])
}

/// What a time axis covers, for its caption: `3 Jan 2024`, `3 Jan – 5 Feb 2024`, `Dec 2023 – Feb 2025`.
pub(crate) fn range_caption(min: i64, max: i64) -> String {
    let (from, to) = (day_of(min), day_of(max.saturating_sub(1).max(min)));
    let full = |day: Date| format!("{} {}", day_and_month(day), day.year());
    if from == to {
        full(from)
    } else if from.year() == to.year() {
        format!("{} – {}", day_and_month(from), full(to))
    } else {
        format!("{} – {}", full(from), full(to))
    }
}

/// Ticks of an axis of timespans: steps of 1, 2, 5 … in the unit that fits.
pub(crate) fn timespan_step(range: f64, most: usize) -> f64 {
    const UNITS: [f64; 13] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0];
    let most = most.clamp(1, 100) as f64;
    let second = SECOND as f64;
    if range / most <= second || !range.is_finite() {
        return crate::scale::round_step(range, most as usize);
    }
    let small = UNITS.into_iter().map(|step| step * second);
    let hours = [2.0, 3.0, 6.0, 12.0, 24.0].into_iter().map(|hours| hours * HOUR as f64);
    small
        .chain(hours)
        .find(|step| range / step <= most)
        .unwrap_or_else(|| crate::scale::round_step(range / DAY as f64, most as usize).max(1.0) * DAY as f64)
}

/// Ticks of a datetime as JSON holds it: ISO 8601, with or without fraction and zone.
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    if !(10..=40).contains(&text.len()) || !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        let ticks = i64::try_from(instant.as_nanosecond() / 100).ok()?.checked_add(UNIX_EPOCH)?;
        return (0..=LAST).contains(&ticks).then_some(ticks);
    }
    // Without a zone it is UTC, and so are the last hours of 9999, which are beyond jiff's instants.
    let civil: DateTime = text.trim_end_matches(['Z', 'z']).parse().ok()?;
    if !(1..=9999).contains(&civil.year()) {
        return None;
    }
    let clock = i64::from(civil.hour()) * HOUR
        + i64::from(civil.minute()) * MINUTE
        + i64::from(civil.second()) * SECOND
        + i64::from(civil.subsec_nanosecond()) / 100;
    Some(start_of(civil.date()) + clock)
}

/// Ticks of a timespan as JSON holds it: `[-][d.]hh:mm:ss[.fffffff]`.
pub(crate) fn parse_timespan(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let digits = |text: &str| -> Option<i64> {
        let is_number = !text.is_empty() && text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse().ok() } else { None }
    };
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fraction = digits(&format!("{fraction:0<7}")).filter(|_| fraction.len() <= 7)?;
    let total = digits(days)?.checked_mul(DAY)?.checked_add(
        digits(hours)? * HOUR + digits(minutes)? * MINUTE + digits(seconds)? * SECOND + fraction,
    )?;
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str) -> i64 {
        parse_datetime(text).unwrap()
    }

    fn labels(from: &str, to: &str, most: usize) -> Vec<String> {
        datetime_ticks(ticks(from), ticks(to), most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn texts_are_kustos() {
        assert_eq!(datetime_text(0), "0001-01-01");
        assert_eq!(datetime_text(LAST), "9999-12-31 23:59:59.9999999");
        assert_eq!(datetime_text(ticks("2024-02-29T10:00:00Z")), "2024-02-29 10:00:00");
        assert_eq!(datetime_text(i64::MIN), "0001-01-01");
        assert_eq!(timespan_text(DAY + 2 * HOUR + 5), "1.02:00:00.0000005");
        assert_eq!(timespan_text(i64::MIN), "-10675199.02:48:05.4775807");
        assert_eq!(timespan_short(90.0 * MINUTE as f64), "1.5h");
    }

    #[test]
    fn texts_are_read_back() {
        for text in ["2024-02-29T10:00:00.1234567Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"] {
            let read = ticks(text);
            assert_eq!(ticks(&datetime_text(read)), read);
        }
        assert_eq!(parse_datetime("2024-01-01T02:00:00+02:00"), Some(ticks("2024-01-01")));
        assert_eq!(parse_datetime("yesterday at noon"), None);
        for span in [0, 1, -HOUR, 3 * DAY + 5 * SECOND + 1_000] {
            assert_eq!(parse_timespan(&timespan_text(span)), Some(span));
        }
        assert_eq!(parse_timespan("12:00"), None);
    }

    #[test]
    fn ticks_stand_at_round_times() {
        assert_eq!(
            labels("2024-01-02T20:30:00Z", "2024-01-03T04:00:00Z", 9),
            ["21:00", "22:00", "23:00", "3 Jan", "01:00", "02:00", "03:00", "04:00"]
        );
        assert_eq!(labels("2023-10-15", "2024-03-20", 8), ["Nov", "Dec", "2024", "Feb", "Mar"]);
        assert_eq!(labels("2024-01-01", "2024-01-22", 5), ["2024", "8 Jan", "15 Jan", "22 Jan"]);
        assert_eq!(
            labels("2024-01-01T10:00:00Z", "2024-01-01T10:00:00.0005Z", 3),
            ["10:00:00", "10:00:00.0002", "10:00:00.0004"]
        );
    }

    #[test]
    fn the_whole_calendar_has_ticks() {
        let ticks = datetime_ticks(0, LAST, 8);
        assert!((4..=11).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks.iter().any(|(_, label)| label == "2000"), "{ticks:?}");
    }

    #[test]
    fn captions_say_the_year_once() {
        assert_eq!(range_caption(ticks("2024-01-03"), ticks("2024-01-04")), "3 Jan 2024");
        assert_eq!(range_caption(ticks("2024-01-03"), ticks("2024-02-06")), "3 Jan – 5 Feb 2024");
        assert_eq!(range_caption(ticks("2023-12-03"), ticks("2024-02-06")), "3 Dec 2023 – 5 Feb 2024");
    }
}
