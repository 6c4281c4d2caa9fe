//! Text as values: what `tolong`, `todatetime` and the other conversions take.

use rust_decimal::Decimal;

use crate::calendar::{self, DAY, HOUR, MINUTE, SECOND};

/// `tobool` of a text: `true` and `false` in any case, or a whole number, which is true unless zero.
pub fn read_bool(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    text.parse::<i64>().ok().map(|number| number != 0)
}

/// `tolong` of a text: a whole number, decimal or hexadecimal with `0x`. A fraction makes it null.
pub fn read_long(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(digits, 16).ok().map(u64::cast_signed);
    }
    text.parse().ok()
}

/// `toreal` of a text.
pub fn read_real(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "nan" => return Some(f64::NAN),
        "inf" | "+inf" | "infinity" => return Some(f64::INFINITY),
        "-inf" | "-infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    text.parse().ok()
}

/// `todecimal` of a text.
pub fn read_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// `toguid` of a text: 32 hexadecimal digits, with the usual hyphens or without, in braces or parentheses or without.
pub fn read_guid(text: &str) -> Option<u128> {
    let text = text.trim();
    let text = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .or_else(|| text.strip_prefix('(').and_then(|text| text.strip_suffix(')')))
        .unwrap_or(text);
    if !text.is_ascii() {
        return None;
    }
    let digits: String = match text.len() {
        32 => text.to_owned(),
        36 if [8, 13, 18, 23].iter().all(|&at| text.as_bytes()[at] == b'-') => {
            text.char_indices().filter(|(at, _)| ![8, 13, 18, 23].contains(at)).map(|(_, c)| c).collect()
        }
        _ => return None,
    };
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok()
}

/// `totimespan` of a text: `[-][d.]hh:mm[:ss[.fffffff]]`, or a number with a unit as literals have it (`1d`, `2.5h`).
pub fn read_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let ticks = if text.contains(':') { clock(text)? } else { with_unit(text)? };
    Some(if negative { ticks.checked_neg()? } else { ticks })
}

fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (first, minutes, seconds) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = first.split_once('.').map_or(("0", first), |(days, hours)| (days, hours));
    let (whole, fraction) = seconds.unwrap_or("0").split_once('.').unwrap_or((seconds.unwrap_or("0"), ""));
    let (days, hours, minutes, whole) = (digits(days)?, digits(hours)?, digits(minutes)?, digits(whole)?);
    if hours > 23 || minutes > 59 || whole > 59 {
        return None;
    }
    days.checked_mul(DAY)?
        .checked_add(hours * HOUR + minutes * MINUTE + whole * SECOND + self::fraction(fraction)?)
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Ticks of a fraction of a second; digits beyond the seventh are cut.
fn fraction(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    if !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let kept = &text[..text.len().min(7)];
    Some(kept.parse::<i64>().ok()? * 10_i64.pow(7 - u32::try_from(kept.len()).ok()?))
}

fn with_unit(text: &str) -> Option<i64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit.trim() {
        "d" | "day" | "days" => DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "m" | "min" | "minute" | "minutes" => MINUTE,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => calendar::MILLISECOND,
        "us" | "micro" | "micros" | "microsecond" | "microseconds" => calendar::MICROSECOND,
        "tick" | "ticks" => 1,
        // A bare number is a count of days, as .NET reads it.
        "" => DAY,
        _ => return None,
    };
    if let Some(whole) = digits(number) {
        return whole.checked_mul(unit);
    }
    let ticks = number.parse::<f64>().ok()? * unit as f64;
    (ticks.abs() < 9.2e18).then_some(ticks as i64)
}

/// `todatetime` of a text: ISO 8601 with or without time and offset, and the other forms that the documentation lists
/// (RFC 822 and 850 dates, `month/day/year` with `/`, `-` or `.`, `yyyyMMdd`, month names). Without an offset it is UTC.
pub fn read_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 64 || !text.is_ascii() {
        return None;
    }
    datetime::read(&datetime::close(text))
}

mod datetime {
    use std::borrow::Cow;

    use super::{DAY, HOUR, MINUTE, SECOND, calendar, digits, fraction};

    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];

    /// Without the spaces around the marks between the numbers of a date: `2017 - 08 - 01`.
    pub(super) fn close(text: &str) -> Cow<'_, str> {
        let (mut closed, mut rest) = (String::new(), text);
        for _ in 0..2 {
            let (number, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
            let Some(mark) = after.trim_start().chars().next().filter(|mark| matches!(mark, '-' | '/'))
            else {
                break;
            };
            closed.push_str(number);
            closed.push(mark);
            rest = after.trim_start()[1..].trim_start();
        }
        if closed.len() + rest.len() == text.len() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(closed + rest)
    }

    pub(super) fn read(text: &str) -> Option<i64> {
        let (date, rest) = date(text)?;
        let rest = rest.trim_start_matches([' ', ',']);
        let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest);
        let (time, offset) = time(rest)?;
        calendar::checked(date.checked_add(time)?.checked_sub(offset)?)
    }

    /// The date at the beginning, as ticks, and what follows it.
    fn date(text: &str) -> Option<(i64, &str)> {
        let bytes = text.as_bytes();
        if bytes[0].is_ascii_digit() {
            let run = text.bytes().take_while(u8::is_ascii_digit).count();
            if run == 8 {
                let midnight = calendar::midnight(
                    text[..4].parse().ok()?,
                    text[4..6].parse().ok()?,
                    text[6..8].parse().ok()?,
                )?;
                return Some((midnight, &text[8..]));
            }
            let separator = *bytes.get(run)?;
            if matches!(separator, b'-' | b'/' | b'.') {
                return numeric(text, run, char::from(separator));
            }
        }
        named(text)
    }

    /// `2022-12-02`, `2022-12`, `12/02/2022`.
    fn numeric(text: &str, run: usize, separator: char) -> Option<(i64, &str)> {
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == separator)).unwrap_or(text.len());
        let written = &text[..end];
        let parts: Vec<&str> = written.split(separator).collect();
        let number = |part: &str| digits(part).and_then(|number| u32::try_from(number).ok());
        let (year, month, day) = match (run, parts.as_slice()) {
            (4, [year, month]) => (number(year)?, number(month)?, 1),
            (4, [year, month, day]) => (number(year)?, number(month)?, number(day)?),
            (1 | 2, [month, day, year]) if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
            // `02-Dec-2022` and the like.
            _ => return named(text),
        };
        Some((calendar::midnight(i32::try_from(year).ok()?, month, day)?, &text[end..]))
    }

    /// `Fri, 02 Dec 2022`, `Dec 2, 2022`, `02-Dec-22`, `Friday, 02-Dec-22`.
    fn named(text: &str) -> Option<(i64, &str)> {
        let mut words = Vec::new();
        let mut rest = text;
        let (mut month, mut day, mut year) = (None, None, None);
        for _ in 0..5 {
            rest = rest.trim_start_matches([' ', ',', '-', '/']);
            let letters = rest.starts_with(|c: char| c.is_ascii_alphabetic());
            let end = rest.find(|c: char| c.is_ascii_alphabetic() != letters || !c.is_ascii_alphanumeric());
            let end = end.unwrap_or(rest.len());
            let word = &rest[..end];
            if word.is_empty() {
                break;
            }
            if letters {
                let lower = word.to_ascii_lowercase();
                match MONTHS.iter().position(|name| lower.len() >= 3 && name.starts_with(&lower)) {
                    Some(found) => month = u32::try_from(found + 1).ok(),
                    None if is_weekday(&lower) && words.is_empty() => {}
                    None => break,
                }
            } else if rest[end..].starts_with(':') {
                break;
            } else if day.is_none() && word.len() <= 2 {
                day = digits(word).and_then(|day| u32::try_from(day).ok());
            } else if year.is_none() {
                year = match word.len() {
                    4 => word.parse::<i32>().ok(),
                    2 => word
                        .parse::<i32>()
                        .ok()
                        .map(|short| if short < 50 { 2000 + short } else { 1900 + short }),
                    _ => return None,
                };
            } else {
                break;
            }
            words.push(word);
            rest = &rest[end..];
        }
        Some((calendar::midnight(year?, month?, day?)?, rest))
    }

    fn is_weekday(word: &str) -> bool {
        word.len() >= 3
            && ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
                .iter()
                .any(|name| name.starts_with(word))
    }

    /// Ticks of the time of day and of the offset.
    fn time(text: &str) -> Option<(i64, i64)> {
        let text = text.trim();
        if text.is_empty() {
            return Some((0, 0));
        }
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(text.len());
        let (clock, zone) = text.split_at(end);
        let mut zone = zone.trim();
        let mut parts = clock.split(':');
        let hours = parts.next().filter(|hours| !hours.is_empty());
        let (mut hours, minutes) = match hours {
            Some(hours) => (digits(hours)?, digits(parts.next()?)?),
            None => (0, 0),
        };
        let seconds = parts.next().unwrap_or("0");
        if parts.next().is_some() {
            return None;
        }
        let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
        for (name, afternoon) in [("AM", false), ("PM", true)] {
            if zone.len() >= 2 && zone[..2].eq_ignore_ascii_case(name) {
                if !(1..=12).contains(&hours) {
                    return None;
                }
                hours = hours % 12 + if afternoon { 12 } else { 0 };
                zone = zone[2..].trim_start();
            }
        }
        let whole = digits(whole)?;
        if hours > 24 || minutes > 59 || whole > 59 || (hours == 24 && (minutes > 0 || whole > 0)) {
            return None;
        }
        let ticks = if hours == 24 { DAY } else { hours * HOUR }
            + minutes * MINUTE
            + whole * SECOND
            + fraction(part)?;
        Some((ticks, offset(zone)?))
    }

    fn offset(zone: &str) -> Option<i64> {
        if zone.is_empty() || ["z", "gmt", "utc", "ut"].iter().any(|name| zone.eq_ignore_ascii_case(name)) {
            return Some(0);
        }
        let sign = match zone.as_bytes()[0] {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let written = &zone[1..];
        let (hours, minutes) = match written.split_once(':') {
            Some((hours, minutes)) => (digits(hours)?, digits(minutes)?),
            None if written.len() == 4 => (digits(&written[..2])?, digits(&written[2..])?),
            None => (digits(written)?, 0),
        };
        (hours <= 14 && minutes <= 59).then_some(sign * (hours * HOUR + minutes * MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn datetimes() {
        for (written, read) in [
            ("2022-12-02", "2022-12-02T00:00:00.0000000Z"),
            ("12-02-2022 13:45:56", "2022-12-02T13:45:56.0000000Z"),
            ("12.02.2022", "2022-12-02T00:00:00.0000000Z"),
            ("Dec 2, 2022", "2022-12-02T00:00:00.0000000Z"),
            ("Fri, 02 Dec 2022 13:45:56 GMT", "2022-12-02T13:45:56.0000000Z"),
            ("20221202", "2022-12-02T00:00:00.0000000Z"),
            ("2022-12-02T13:45:56+02:00", "2022-12-02T11:45:56.0000000Z"),
            ("2022-12-02 1:45 PM", "2022-12-02T13:45:00.0000000Z"),
            ("2014-05-25T08:20:03.123456789Z", "2014-05-25T08:20:03.1234567Z"),
            ("2014-11", "2014-11-01T00:00:00.0000000Z"),
            ("2017 - 08 - 01", "2017-08-01T00:00:00.0000000Z"),
            ("2017- 08 -01 10:00 -05:00", "2017-08-01T15:00:00.0000000Z"),
        ] {
            assert_eq!(read_datetime(written).map(text::datetime).as_deref(), Some(read), "{written}");
        }
        for wrong in
            ["", "x", "2022-13-01", "2022-02-30", "25:00", "2022-12-02T99:00", "12", "2022-12-02 junk"]
        {
            assert_eq!(read_datetime(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn timespans_and_guids() {
        assert_eq!(read_timespan(" -1.02:03:04"), Some(-937_840_000_000));
        assert_eq!(read_timespan("00:00:00.00000009"), Some(0));
        assert_eq!(read_timespan("1.5h"), Some(HOUR + 30 * MINUTE));
        assert_eq!(read_timespan("abc"), None);
        assert_eq!(
            read_guid("{74be27de-1e4e-49d9-b579-fe0b331d3642}").map(text::guid).as_deref(),
            Some("74be27de-1e4e-49d9-b579-fe0b331d3642")
        );
        assert_eq!(read_bool("0002"), Some(true));
        assert_eq!(read_bool("0.0"), None);
        assert_eq!(read_long("1.5"), None);
        assert_eq!(read_long("0xff"), Some(255));
    }
}
