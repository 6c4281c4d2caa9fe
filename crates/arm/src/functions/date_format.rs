//! Dates in .NET's standard and custom formats, invariant culture.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::Offset;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The moment as `specifier` wants it, or `None` if that is no format.
pub(super) fn format_date(at: DateTime, offset: Offset, specifier: &str) -> Option<String> {
    let mut characters = specifier.chars();
    let pattern = match (characters.next(), characters.next()) {
        (None, _) => "MM/dd/yyyy HH:mm:ss",
        (Some(letter), None) => standard(letter)?,
        _ => specifier,
    };
    // `u` and `R` show the moment in UTC whatever the offset.
    let at = if matches!(specifier, "u" | "r" | "R" | "U") { utc(at, offset) } else { at };
    Some(custom(at, offset, pattern))
}

fn utc(at: DateTime, offset: Offset) -> DateTime {
    offset.to_timestamp(at).map_or(at, |moment| Offset::UTC.to_datetime(moment))
}

fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-ddTHH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

fn day_name(at: DateTime) -> &'static str {
    match at.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn custom(at: DateTime, offset: Offset, pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let run = rest.chars().take_while(|next| *next == c).count();
        match c {
            '\'' | '"' => {
                let body = &rest[1..];
                let end = body.find(c).unwrap_or(body.len());
                out.push_str(&body[..end]);
                rest = body.get(end + 1..).unwrap_or_default();
                continue;
            }
            '\\' => {
                let mut after = rest[1..].chars();
                out.extend(after.next());
                rest = after.as_str();
                continue;
            }
            '%' => {
                rest = &rest[1..];
                continue;
            }
            _ => {}
        }
        let width = run.min(8);
        match field(at, offset, c, width) {
            Some(text) => {
                // A period before an optional fraction goes with the fraction.
                if c == 'F'
                    && text.is_empty()
                    && out.ends_with('.')
                    && pattern_before(pattern, rest).ends_with('.')
                {
                    out.pop();
                }
                out.push_str(&text);
                rest = &rest[run..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// What of `pattern` comes before `rest`, its tail.
fn pattern_before<'p>(pattern: &'p str, rest: &str) -> &'p str {
    &pattern[..pattern.len() - rest.len()]
}

fn field(at: DateTime, offset: Offset, letter: char, width: usize) -> Option<String> {
    let padded = |number: i64| format!("{number:0>width$}", width = width.min(2));
    let hour12 = i64::from((at.hour() + 11) % 12 + 1);
    Some(match letter {
        'y' => match width {
            1 => (at.year() % 100).to_string(),
            2 => format!("{:02}", at.year() % 100),
            _ => format!("{:0>width$}", at.year()),
        },
        'M' => match width {
            1 | 2 => padded(i64::from(at.month())),
            3 => MONTHS[usize::from(at.month() as u8 - 1)][..3].to_owned(),
            _ => MONTHS[usize::from(at.month() as u8 - 1)].to_owned(),
        },
        'd' => match width {
            1 | 2 => padded(i64::from(at.day())),
            3 => day_name(at)[..3].to_owned(),
            _ => day_name(at).to_owned(),
        },
        'H' => padded(i64::from(at.hour())),
        'h' => padded(hour12),
        'm' => padded(i64::from(at.minute())),
        's' => padded(i64::from(at.second())),
        'f' | 'F' => {
            let digits = format!("{:09}", at.subsec_nanosecond());
            let shown = &digits[..width.min(7)];
            if letter == 'F' { shown.trim_end_matches('0').to_owned() } else { shown.to_owned() }
        }
        't' => {
            let name = if at.hour() < 12 { "AM" } else { "PM" };
            name[..width.min(2)].to_owned()
        }
        'K' if offset == Offset::UTC => "Z".to_owned(),
        'K' => offset_text(offset, 3),
        'z' => offset_text(offset, width),
        'g' => "A.D.".to_owned(),
        _ => return None,
    })
}

fn offset_text(offset: Offset, width: usize) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match width {
        1 => format!("{sign}{hours}"),
        2 => format!("{sign}{hours:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(specifier: &str, expected: &str) {
        let at = jiff::civil::date(2019, 3, 5).at(17, 53, 18, 120_000_000);
        assert_eq!(format_date(at, Offset::UTC, specifier).as_deref(), Some(expected), "{specifier}");
    }

    #[test]
    fn an_empty_fraction_takes_its_period_along() {
        let at = jiff::civil::date(2024, 1, 1).at(0, 0, 0, 0);
        for (specifier, expected) in [
            ("yyyy-MM-ddTHH:mm:ss.FFFZ", "2024-01-01T00:00:00Z"),
            ("yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "2024-01-01T00:00:00Z"),
            ("s.fff", "0.000"),
            ("'.'FF", "."),
            ("s FFF", "0 "),
        ] {
            assert_eq!(format_date(at, Offset::UTC, specifier).as_deref(), Some(expected), "{specifier}");
        }
    }

    #[test]
    fn formats() {
        check("yyyyMMddTHHmmssZ", "20190305T175318Z");
        check("d", "03/05/2019");
        check("M d", "3 5");
        check("D", "Tuesday, 05 March 2019");
        check("o", "2019-03-05T17:53:18.1200000Z");
        check("R", "Tue, 05 Mar 2019 17:53:18 GMT");
        check("u", "2019-03-05 17:53:18Z");
        check("h:mm tt", "5:53 PM");
        check("yyyy-MM-ddTHH:mm:ss.FFF", "2019-03-05T17:53:18.12");
        check("'day' %d", "day 5");
        check("zzz", "+00:00");
        assert_eq!(format_date(DateTime::default(), Offset::UTC, "x"), None);
    }
}
