//! Date functions.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::date_format::format_date;
use super::{Arguments, Function, duration};
use crate::expression::Fault;
use crate::value::Value;

type Outcome = Result<Value, Fault>;

/// The format of `utcNow()` without argument.
pub(crate) const DEFAULT_UTC_NOW: &str = "yyyyMMddTHHmmssZ";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("dateTimeAdd", 2, Some(3), date_time_add),
    Function::pure("dateTimeFromEpoch", 1, Some(1), date_time_from_epoch),
    Function::pure("dateTimeToEpoch", 1, Some(1), date_time_to_epoch),
];

/// A moment in a .NET format, or `None` if `specifier` is none.
pub(crate) fn format_timestamp(moment: Timestamp, specifier: &str) -> Option<String> {
    format_date(Offset::UTC.to_datetime(moment), Offset::UTC, specifier)
}

/// A date and time as read, with its offset and the format it was written in.
struct Moment {
    at: DateTime,
    offset: Offset,
    format: &'static str,
}

fn read(arguments: &Arguments<'_>, index: usize) -> Result<Moment, Fault> {
    let text = arguments.text(index)?;
    parse(text.trim()).ok_or_else(|| {
        Fault::new("the text is not a date and time")
            .with_hint("write it like `2024-05-31T12:00:00Z`")
            .about(index)
    })
}

fn parse(text: &str) -> Option<Moment> {
    let (date, format, rest) = parse_date(text)?;
    let (separator, rest) = match rest.chars().next() {
        None => return Some(Moment { at: date.to_datetime(Time::midnight()), offset: Offset::UTC, format }),
        Some(separator @ ('T' | 't' | ' ')) => (separator, rest[1..].trim_start()),
        Some(_) => return None,
    };
    let (time, digits, has_meridiem, rest) = parse_time(rest)?;
    let offset = parse_offset(rest.trim_start())?;
    let at = date.to_datetime(time);
    let format = match (format, separator, digits) {
        ("yyyyMMdd", _, _) => DEFAULT_UTC_NOW,
        ("MM/dd/yyyy", _, _) if has_meridiem => "M/d/yyyy h:mm:ss tt",
        ("MM/dd/yyyy", _, _) => "MM/dd/yyyy HH:mm:ss",
        (_, ' ', 0) if rest.is_empty() => "yyyy-MM-dd HH:mm:ss",
        (_, ' ', _) => "u",
        (_, _, 0) if rest.is_empty() => "s",
        (_, _, 0) => "yyyy-MM-ddTHH:mm:ssK",
        _ => "yyyy-MM-ddTHH:mm:ss.FFFFFFFK",
    };
    Some(Moment { at, offset, format })
}

/// A date at the start of `text`, its format, and what follows.
fn parse_date(text: &str) -> Option<(Date, &'static str, &str)> {
    let number = |part: &str| part.parse::<i16>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
    let end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let (year, month, day, format) = if let Some((month, later)) = head.split_once('/') {
        let (day, year) = later.split_once('/')?;
        (year, month, day, "MM/dd/yyyy")
    } else if let Some((year, later)) = head.split_once('-') {
        let (month, day) = later.split_once('-')?;
        (year, month, day, "yyyy-MM-dd")
    } else if head.len() == 8 && head.is_ascii() {
        (&head[..4], &head[4..6], &head[6..], "yyyyMMdd")
    } else {
        return None;
    };
    let date = Date::new(number(year)?, number(month)?.try_into().ok()?, number(day)?.try_into().ok()?);
    Some((date.ok()?, format, rest))
}

/// A time at the start of `text`, its number of decimals, whether it says AM or PM, and what follows.
fn parse_time(text: &str) -> Option<(Time, usize, bool, &str)> {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let (clock, fraction) = head.split_once(['.', ',']).unwrap_or((head, ""));
    let parts: Vec<&str> = if clock.contains(':') {
        clock.split(':').collect()
    } else {
        let mut at = 0;
        let mut parts = Vec::new();
        while let Some(part) = clock.get(at..at + 2) {
            parts.push(part);
            at += 2;
        }
        parts
    };
    let number = |index: usize| parts.get(index).map_or(Some(0), |part| part.parse::<i8>().ok());
    let (mut hour, minute, second) = (number(0).filter(|_| !parts.is_empty())?, number(1)?, number(2)?);
    let marker = rest.trim_start();
    let meridiem = marker.get(..2).map(str::to_ascii_uppercase);
    let (has_meridiem, rest) = match meridiem.as_deref() {
        Some("AM") => {
            hour %= 12;
            (true, &marker[2..])
        }
        Some("PM") => {
            hour = hour % 12 + 12;
            (true, &marker[2..])
        }
        _ => (false, rest),
    };
    let nanoseconds = format!("{fraction:0<9.9}").parse().ok()?;
    Some((Time::new(hour, minute, second, nanoseconds).ok()?, fraction.len(), has_meridiem, rest))
}

fn parse_offset(text: &str) -> Option<Offset> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("gmt") {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4).map_or(Some(0), |minutes| minutes.parse().ok())?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn date_time_add(arguments: &Arguments<'_>) -> Outcome {
    let base = read(arguments, 0)?;
    let duration = duration::parse(arguments.text(1)?).ok_or_else(|| {
        Fault::new("the text is not an ISO 8601 duration")
            .with_hint("write it like `P1DT2H` or `-P3Y`")
            .about(1)
    })?;
    let sum = add(base.at, duration)
        .ok_or_else(|| Fault::new("the date lies outside the years 1 to 9999").about(1))?;
    let format = if arguments.len() > 2 { arguments.text(2)? } else { base.format };
    let text = format_date(sum, base.offset, format)
        .ok_or_else(|| Fault::new(format!("`{format}` is not a date format")).about(2))?;
    arguments.budget.allow_bytes(text.len() as u64)?;
    Ok(Value::string(text))
}

fn add(at: DateTime, duration: duration::Duration) -> Option<DateTime> {
    let months = i64::from(at.year()) * 12 + i64::from(at.month()) - 1 + duration.months;
    let (year, month) = (i16::try_from(months.div_euclid(12)).ok()?, months.rem_euclid(12) as i8 + 1);
    let first = Date::new(year, month, 1).ok()?;
    let day = at.day().min(first.days_in_month());
    let moved = Date::new(year, month, day).ok()?.to_datetime(at.time());
    let start = Offset::UTC.to_timestamp(moved).ok()?;
    let sum = start.as_nanosecond().checked_add(duration.nanoseconds)?;
    let out = Offset::UTC.to_datetime(Timestamp::from_nanosecond(sum).ok()?);
    (1..=9999).contains(&out.year()).then_some(out)
}

fn date_time_from_epoch(arguments: &Arguments<'_>) -> Outcome {
    let moment = Timestamp::from_second(arguments.int(0)?)
        .map_err(|_| Fault::new("the number is outside the years 1 to 9999").about(0))?;
    Ok(Value::string(format_timestamp(moment, "yyyy-MM-ddTHH:mm:ssZ").unwrap_or_default()))
}

fn date_time_to_epoch(arguments: &Arguments<'_>) -> Outcome {
    let moment = read(arguments, 0)?;
    let seconds = moment
        .offset
        .to_timestamp(moment.at)
        .map_err(|_| Fault::new("the date is outside the years 1 to 9999").about(0))?
        .as_second();
    Ok(Value::int(seconds))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn adding() {
        check("dateTimeAdd('2020-04-07 14:53:14Z', '-P3Y')", r#""2017-04-07 14:53:14Z""#);
        check("dateTimeAdd('2020-04-07 14:53:14Z', 'P9D')", r#""2020-04-16 14:53:14Z""#);
        check("dateTimeAdd('20200407T145314Z', 'PT1H')", r#""20200407T155314Z""#);
        check("dateTimeAdd('2020-01-31T00:00:00Z', 'P1M', 'yyyy-MM-dd')", r#""2020-02-29""#);
        check("dateTimeAdd('4/7/2020 2:53:14 PM', 'PT1H')", r#""4/7/2020 3:53:14 PM""#);
        check("dateTimeAdd('2020-04-07T14:53:14.5Z', 'PT0.5S')", r#""2020-04-07T14:53:15Z""#);
        check(
            "dateTimeAdd('2024-01-01T00:00:00Z', 'PT0S', 'yyyy-MM-ddTHH:mm:ss.FFFZ')",
            r#""2024-01-01T00:00:00Z""#,
        );
        check("dateTimeAdd('today', 'PT1H')", "error: the text is not a date and time");
        check("dateTimeAdd('2020-04-07', 'soon')", "error: the text is not an ISO 8601 duration");
        check("dateTimeAdd('9999-12-31', 'P1Y')", "error: the date lies outside the years 1 to 9999");
    }

    #[test]
    fn epochs() {
        check("dateTimeFromEpoch(1683040573)", r#""2023-05-02T15:16:13Z""#);
        check("dateTimeToEpoch('2023-05-02T15:16:13Z')", "1683040573");
        check("dateTimeToEpoch('2023-05-02T17:16:13+02:00')", "1683040573");
        check("dateTimeToEpoch('20230502T151613Z')", "1683040573");
    }
}
