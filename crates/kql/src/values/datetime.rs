//! Datetimes: ticks of 100 ns from 0001-01-01, years 1 to 9999.

const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Ticks of a text: ISO 8601 (any part from the year on), RFC 822 and 850 dates, `1/31/2014 5:00 PM`. A zone or
/// offset is turned into UTC. Source: "The datetime data type" of the reference.
pub fn parse_datetime(text: &str) -> Option<i64> {
    if let Some(ticks) = numbers(text) {
        return Some(ticks);
    }
    let words = close(&words(text.trim())?);
    let (date, rest) = date(&words)?;
    let (time, offset) = time(rest)?;
    let ticks =
        days(date.0, date.1, date.2)?.checked_mul(TICKS_PER_DAY)?.checked_add(time)?.checked_sub(offset)?;
    (0..3_652_059 * TICKS_PER_DAY).contains(&ticks).then_some(ticks)
}

/// `2025, 6, 14`: year, month, day, hours, minutes and seconds as numbers; of the parts behind the month, any number.
fn numbers(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let digits =
        |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
    if !(2..=6).contains(&parts.len()) || !parts.iter().all(digits) || parts[0].len() != 4 {
        return None;
    }
    let part = |at: usize, without: i64| parts.get(at).map_or(Some(without), |part| part.parse().ok());
    let (hours, minutes, seconds) = (part(3, 0)?, part(4, 0)?, part(5, 0)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let time = ((hours * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND;
    Some(days(part(0, 1)?, part(1, 1)?, part(2, 1)?)? * TICKS_PER_DAY + time)
}

/// `2020-01-31T10:11:12.1234567Z`, as Kusto prints it; `None` outside of the years 1 to 9999.
pub fn print_datetime(ticks: i64) -> Option<String> {
    if !(0..3_652_059 * TICKS_PER_DAY).contains(&ticks) {
        return None;
    }
    let (year, month, day) = civil(ticks / TICKS_PER_DAY);
    let rest = ticks % TICKS_PER_DAY;
    let seconds = rest / TICKS_PER_SECOND;
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:07}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        rest % TICKS_PER_SECOND
    ))
}

/// Days from 0001-01-01 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=lengths[month as usize - 1]).contains(&day)
    {
        return None;
    }
    let before = year - 1;
    let months: i64 = lengths[..month as usize - 1].iter().sum();
    Some(before * 365 + before / 4 - before / 100 + before / 400 + months + day - 1)
}

/// Year, month and day of a day count.
fn civil(count: i64) -> (i64, i64, i64) {
    let mut year = count * 400 / 146_097 + 1;
    while days(year, 1, 1).is_none_or(|first| first > count) {
        year -= 1;
    }
    while days(year + 1, 1, 1).is_some_and(|first| first <= count) {
        year += 1;
    }
    let month =
        (1..=12).rev().find(|month| days(year, *month, 1).is_some_and(|first| first <= count)).unwrap_or(1);
    (year, month, count - days(year, month, 1).unwrap_or(count) + 1)
}

/// Numbers (with their count of digits), letters and separators.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word<'a> {
    Number(&'a str),
    Letters(&'a str),
    Mark(u8),
}

fn words(text: &str) -> Option<Vec<Word<'_>>> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = |accept: fn(&u8) -> bool| at + bytes[at..].iter().take_while(|byte| accept(byte)).count();
        let end = match bytes[at] {
            b'0'..=b'9' => run(u8::is_ascii_digit),
            byte if byte.is_ascii_alphabetic() => run(u8::is_ascii_alphabetic),
            _ => at + 1,
        };
        match bytes[at] {
            b'0'..=b'9' => words.push(Word::Number(&text[at..end])),
            byte if byte.is_ascii_alphabetic() => words.push(Word::Letters(&text[at..end])),
            b' ' | b'\t' | b',' => {
                if words.last() != Some(&Word::Mark(b' ')) {
                    words.push(Word::Mark(b' '));
                }
            }
            byte if byte.is_ascii() => words.push(Word::Mark(byte)),
            _ => return None,
        }
        at = end;
    }
    (words.len() <= 32).then_some(words)
}

/// Without the spaces around the marks between the numbers of a date: `2017 - 08 - 01`.
fn close<'t>(words: &[Word<'t>]) -> Vec<Word<'t>> {
    use Word::{Mark, Number};
    let mut out = Vec::with_capacity(words.len());
    let mut rest = words;
    for _ in 0..2 {
        rest = match rest {
            [number @ Number(_), Mark(b' '), mark @ Mark(b'-' | b'/'), Mark(b' '), rest @ ..]
            | [number @ Number(_), Mark(b' '), mark @ Mark(b'-' | b'/'), rest @ ..]
            | [number @ Number(_), mark @ Mark(b'-' | b'/'), Mark(b' '), rest @ ..]
            | [number @ Number(_), mark @ Mark(b'-' | b'/'), rest @ ..] => {
                out.extend([*number, *mark]);
                rest
            }
            _ => break,
        };
    }
    out.extend_from_slice(rest);
    out
}

fn number(text: &str) -> Option<i64> {
    (text.len() <= 9).then(|| text.parse().ok()).flatten()
}

fn month(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    MONTHS.iter().position(|name| lower.len() >= 3 && lower.starts_with(name)).map(|at| at as i64 + 1)
}

/// Two-digit years are of 1950 to 2049, as .NET reads them.
fn year(text: &str) -> Option<i64> {
    let value = number(text)?;
    Some(match text.len() {
        1 | 2 if value < 50 => value + 2000,
        1 | 2 => value + 1900,
        _ => value,
    })
}

type Date = (i64, i64, i64);

fn date<'a, 'w>(words: &'w [Word<'a>]) -> Option<(Date, &'w [Word<'a>])> {
    use Word::{Letters, Mark, Number};
    Some(match words {
        // A weekday in front: `Sat, 8 Nov 2014 …`.
        [Letters(day), Mark(b' '), rest @ ..] if month(day).is_none() => return date(rest),
        [Number(y), Mark(b'-'), Number(m), Mark(b'-'), Number(d), rest @ ..] if y.len() == 4 => {
            ((number(y)?, number(m)?, number(d)?), rest)
        }
        [Number(y), Mark(b'/'), Number(m), Mark(b'/'), Number(d), rest @ ..] if y.len() == 4 => {
            ((number(y)?, number(m)?, number(d)?), rest)
        }
        [Number(m), Mark(b'/' | b'-'), Number(d), Mark(b'/' | b'-'), Number(y), rest @ ..] => {
            ((year(y)?, number(m)?, number(d)?), rest)
        }
        [Number(d), Mark(b' ' | b'-'), Letters(m), Mark(b' ' | b'-'), Number(y), rest @ ..] => {
            ((year(y)?, month(m)?, number(d)?), rest)
        }
        [Letters(m), Mark(b' '), Number(d), Mark(b' '), Number(y), rest @ ..] => {
            ((year(y)?, month(m)?, number(d)?), rest)
        }
        [Number(y), Mark(b' '), Number(m), Mark(b' '), Number(d)] if y.len() == 4 => {
            ((number(y)?, number(m)?, number(d)?), &[])
        }
        [Number(y), Mark(b'-'), Number(m), rest @ ..] if y.len() == 4 => ((number(y)?, number(m)?, 1), rest),
        [Number(all), rest @ ..] if all.len() == 8 => {
            ((number(&all[..4])?, number(&all[4..6])?, number(&all[6..])?), rest)
        }
        [Number(y), rest @ ..] if y.len() == 4 => ((number(y)?, 1, 1), rest),
        _ => return None,
    })
}

/// Ticks of the time of day, and of the offset from UTC.
fn time(words: &[Word<'_>]) -> Option<(i64, i64)> {
    use Word::{Letters, Mark, Number};
    let words = match words {
        [] => return Some((0, 0)),
        [Mark(b' '), rest @ ..] => rest,
        [Letters("T" | "t"), rest @ ..] => rest,
        [Letters("Z" | "z")] => return Some((0, 0)),
        _ => return None,
    };
    let (mut hour, minute, rest) = match words {
        [Number(h), Mark(b':'), Number(m), rest @ ..] => (number(h)?, number(m)?, rest),
        [Number(h), rest @ ..] if h.len() <= 2 => (number(h)?, 0, rest),
        [] => return Some((0, 0)),
        _ => return None,
    };
    let (second, rest) = match rest {
        [Mark(b':'), Number(s), rest @ ..] => (number(s)?, rest),
        _ => (0, rest),
    };
    let (fraction, rest) = match rest {
        [Mark(b'.'), Number(digits), rest @ ..] => {
            let padded: String = digits.chars().chain("0000000".chars()).take(7).collect();
            (number(&padded)?, rest)
        }
        _ => (0, rest),
    };
    let rest = match rest {
        [Mark(b' '), rest @ ..] => rest,
        _ => rest,
    };
    let rest = match rest {
        [Letters(half), rest @ ..] if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") => {
            hour = hour % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 };
            match rest {
                [Mark(b' '), rest @ ..] => rest,
                _ => rest,
            }
        }
        _ => rest,
    };
    let offset = offset(rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(((hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction, offset * 60 * TICKS_PER_SECOND))
}

/// Minutes east of UTC.
fn offset(words: &[Word<'_>]) -> Option<i64> {
    use Word::{Letters, Mark, Number};
    match words {
        [] => Some(0),
        [Letters(zone)] if matches!(zone.to_ascii_uppercase().as_str(), "Z" | "UTC" | "GMT" | "UT") => {
            Some(0)
        }
        [Mark(sign @ (b'+' | b'-')), rest @ ..] => {
            let minutes = match rest {
                [Number(h), Mark(b':'), Number(m)] => number(h)? * 60 + number(m)?,
                [Number(all)] if all.len() == 4 => number(&all[..2])? * 60 + number(&all[2..])?,
                [Number(h)] if h.len() <= 2 => number(h)? * 60,
                _ => return None,
            };
            (minutes <= 14 * 60).then_some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, printed: Option<&str>) {
        assert_eq!(parse_datetime(text).and_then(print_datetime).as_deref(), printed);
    }

    #[test]
    fn the_documented_formats_are_read() {
        check("2014-05-25T08:20:03.123456Z", Some("2014-05-25T08:20:03.1234560Z"));
        check("2009-06-15T13:45:30.0000000-07:00", Some("2009-06-15T20:45:30.0000000Z"));
        check("2014-11-08 15:55", Some("2014-11-08T15:55:00.0000000Z"));
        check("2014-11-08", Some("2014-11-08T00:00:00.0000000Z"));
        check("2014", Some("2014-01-01T00:00:00.0000000Z"));
        check("Sat, 8 Nov 14 15:05:02 GMT", Some("2014-11-08T15:05:02.0000000Z"));
        check("8 Nov 2014 15:05:02", Some("2014-11-08T15:05:02.0000000Z"));
        check("Saturday, 08-Nov-14 15:05:02 UTC", Some("2014-11-08T15:05:02.0000000Z"));
        check("1/31/2014 5:00 PM", Some("2014-01-31T17:00:00.0000000Z"));
        check("2017 - 08 - 01", Some("2017-08-01T00:00:00.0000000Z"));
        check("2017- 08 -01 10:00 -05:00", Some("2017-08-01T15:00:00.0000000Z"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "x", "2014-13-01", "2014-02-30", "25:00", "2014-01-01T25:00", "٢٠١٤"] {
            check(text, None);
        }
    }

    #[test]
    fn the_calendar_has_ends() {
        check("0001-01-01", Some("0001-01-01T00:00:00.0000000Z"));
        check("9999-12-31T23:59:59.9999999", Some("9999-12-31T23:59:59.9999999Z"));
        check("9999-12-31T23:59:59-10:00", None);
    }
}
