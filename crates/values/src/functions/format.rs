//! Moments and spans by a format, and between time zones.

use jiff::civil;
use jiff::tz::TimeZone;

use crate::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::convert;
use crate::functions::strings::written;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["format_datetime"], format_datetime),
    Function::pure(&["format_timespan"], format_timespan),
    Function::pure(&["datetime_utc_to_local"], |_, arguments| zoned(arguments, true)),
    Function::pure(&["datetime_local_to_utc"], |_, arguments| zoned(arguments, false)),
    Function::pure(&["datetime_list_timezones"], |_, _| Ok(time_zones())),
];

/// One part of a format: a letter so many times, or what stands between.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Field(char, usize),
    Text(char),
}

fn pieces(format: &str, letters: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for character in format.chars() {
        match pieces.last_mut() {
            Some(Piece::Field(known, count)) if *known == character => *count += 1,
            _ if letters.contains(character) => pieces.push(Piece::Field(character, 1)),
            _ => pieces.push(Piece::Text(character)),
        }
    }
    pieces
}

/// `format_datetime(moment, format)`; null of null.
fn format_datetime(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Value::DateTime(ticks) = convert::to_datetime(&arguments[0]) else { return Ok(Value::Null) };
    let at = calendar::civil(ticks);
    let hour = at.time / HOUR;
    let half = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    for piece in pieces(&written(&arguments[1]), "dfFhHmMstyz") {
        match piece {
            Piece::Text(character) => out.push(character),
            Piece::Field('y', count) if count <= 2 => out.push_str(&padded(i64::from(at.year % 100), count)),
            Piece::Field('y', count) => out.push_str(&padded(i64::from(at.year), count)),
            Piece::Field('M', count) => out.push_str(&padded(i64::from(at.month), count)),
            Piece::Field('d', count) => out.push_str(&padded(i64::from(at.day), count)),
            Piece::Field('H', count) => out.push_str(&padded(hour, count)),
            Piece::Field('h', count) => out.push_str(&padded(half, count)),
            Piece::Field('m', count) => out.push_str(&padded(at.time % HOUR / MINUTE, count)),
            Piece::Field('s', count) => out.push_str(&padded(at.time % MINUTE / SECOND, count)),
            Piece::Field(letter @ ('f' | 'F'), count) => fraction(&mut out, at.time % SECOND, letter, count),
            Piece::Field('t', _) => out.push_str(if hour < 12 { "AM" } else { "PM" }),
            Piece::Field(letter, count) => out.extend(std::iter::repeat_n(letter, count)),
        }
    }
    Ok(out.into())
}

/// `format_timespan(span, format)`: days as many digits as `d`s.
fn format_timespan(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Value::TimeSpan(ticks) = convert::to_timespan(&arguments[0]) else { return Ok(Value::Null) };
    let size = ticks.saturating_abs();
    let mut out = String::new();
    if ticks < 0 {
        out.push('-');
    }
    for piece in pieces(&written(&arguments[1]), "dfFhHmst") {
        match piece {
            Piece::Text(character) => out.push(character),
            Piece::Field('d', count) => out.push_str(&padded(size / DAY, count)),
            Piece::Field('h' | 'H', count) => out.push_str(&padded(size % DAY / HOUR, count)),
            Piece::Field('m', count) => out.push_str(&padded(size % HOUR / MINUTE, count)),
            Piece::Field('s', count) => out.push_str(&padded(size % MINUTE / SECOND, count)),
            Piece::Field(letter @ ('f' | 'F'), count) => fraction(&mut out, size % SECOND, letter, count),
            Piece::Field(letter, count) => out.extend(std::iter::repeat_n(letter, count)),
        }
    }
    Ok(out.into())
}

fn padded(number: i64, digits: usize) -> String {
    format!("{number:0digits$}", digits = digits.min(20))
}

/// Digits of a fraction of a second: `f` writes them all, `F` leaves zeros at the end, and the point before nothing, away.
fn fraction(out: &mut String, ticks: i64, letter: char, count: usize) {
    let digits = format!("{ticks:07}");
    let digits = &digits[..count.min(7)];
    if letter == 'f' {
        out.push_str(digits);
        return;
    }
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() && out.ends_with('.') {
        out.pop();
    }
    out.push_str(kept);
}

/// `datetime_utc_to_local(moment, zone)` and back.
fn zoned(arguments: &[Value], to_local: bool) -> Result<Value, Refusal> {
    let Value::DateTime(ticks) = convert::to_datetime(&arguments[0]) else { return Ok(Value::Null) };
    let name = written(&arguments[1]);
    let zone = TimeZone::get(&name).map_err(|_| {
        Refusal::new(format!("there is no time zone `{name}`; use names like `Europe/Paris`"))
    })?;
    let Some(offset) = offset(ticks, &zone, to_local) else { return Ok(Value::Null) };
    let moved = if to_local { ticks + offset } else { ticks - offset };
    Ok(calendar::checked(moved).map_or(Value::Null, Value::DateTime))
}

/// The names of all zones, in order.
fn time_zones() -> Value {
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    names.sort_unstable();
    names.dedup();
    Value::array(names.into_iter().map(Json::string).collect())
}

/// Ticks by which a zone is ahead of UTC at a moment, given in UTC or as its clocks show it.
fn offset(ticks: i64, zone: &TimeZone, utc: bool) -> Option<i64> {
    let at = calendar::civil(ticks);
    let clock =
        civil::date(i16::try_from(at.year).ok()?, i8::try_from(at.month).ok()?, i8::try_from(at.day).ok()?)
            .at(
                i8::try_from(at.time / HOUR).ok()?,
                i8::try_from(at.time % HOUR / MINUTE).ok()?,
                i8::try_from(at.time % MINUTE / SECOND).ok()?,
                0,
            );
    // A time that the clocks skip or show twice counts by the offset before the change.
    let moment = if utc { TimeZone::UTC.to_timestamp(clock) } else { zone.to_timestamp(clock) };
    let offset = zone.to_offset(moment.ok()?);
    Some(i64::from(offset.seconds()) * SECOND)
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Value, text};

    fn call(name: &str, arguments: &[Value]) -> String {
        text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), arguments).unwrap())
    }

    #[test]
    fn formats() {
        let at = Value::DateTime(text::read_datetime("2017-01-29T09:00:05.1230000").unwrap());
        assert_eq!(
            call("format_datetime", &[at.clone(), "yy-M-dd [H:mm:ss.FFFF] tt".into()]),
            "17-1-29 [9:00:05.123] AM"
        );
        assert_eq!(call("format_datetime", &[at, "s.fffffff".into()]), "5.1230000");
        let span = Value::TimeSpan(text::read_timespan("29.09:00:05.12345").unwrap());
        assert_eq!(call("format_timespan", &[span, "ddd.h:mm:ss [fffffff]".into()]), "029.9:00:05 [1234500]");
    }

    #[test]
    fn zones() {
        let at = |text: &str| Value::DateTime(text::read_datetime(text).unwrap());
        assert_eq!(
            call("datetime_local_to_utc", &[at("2020-02-02 20:02:20"), "US/Pacific".into()]),
            "2020-02-03T04:02:20.0000000Z"
        );
        assert_eq!(
            call("datetime_utc_to_local", &[at("2020-07-02 20:00"), "Europe/Paris".into()]),
            "2020-07-02T22:00:00.0000000Z"
        );
    }
}
