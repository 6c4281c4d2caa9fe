//! Moments: `utcNow`, `addDays`, `dateTimeAdd`.

use azimuth_arm::{Fault, HostCall, Value};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use super::{Outcome, argument};
use crate::evaluate::host::built_in;

/// A moment as written: local time and offset.
#[derive(Clone, Copy)]
struct Moment {
    local: DateTime,
    offset: Offset,
}

/// `utcNow()` in the round-trip form `yyyy-MM-ddTHH:mm:ss.fffffffZ`.
pub(crate) fn utc_now(now: Timestamp, call: &HostCall<'_>) -> Outcome {
    if !call.arguments.is_empty() {
        return Err(Fault::new("`utcNow` takes no format in a policy rule"));
    }
    let moment = Offset::UTC.to_datetime(now);
    let fraction = moment.subsec_nanosecond() / 100;
    Ok(Value::string(format!("{}.{fraction:07}Z", moment.strftime("%Y-%m-%dT%H:%M:%S"))))
}

/// `addDays(moment, days)`: the moment as written, so many days later.
pub(super) fn add_days(call: &HostCall<'_>) -> Outcome {
    let days = call.arguments.get(1).and_then(Value::as_int);
    let days = days.ok_or_else(|| Fault::new("`addDays` takes a number of days").about(1))?;
    let span =
        Span::new().try_days(days).map_err(|_| Fault::new("the number of days is too large").about(1))?;
    let moment = moment_argument(call)?;
    Ok(Value::string(later(moment, span)?.write()))
}

/// `dateTimeAdd(moment, duration, format?)`; a year is 365 days and a month 30, as the service's durations are.
pub(super) fn date_time_add(call: &HostCall<'_>) -> Outcome {
    let moment = moment_argument(call)?;
    let text = call.text(1)?;
    let seconds = duration_seconds(text)
        .ok_or_else(|| Fault::new(format!("`{text}` is no duration like `P1DT2H`")).about(1))?;
    let span =
        Span::new().try_seconds(seconds).map_err(|_| Fault::new("the duration is too long").about(1))?;
    let moved = later(moment, span)?.write();
    if call.arguments.len() < 3 {
        return Ok(Value::string(moved));
    }
    built_in("dateTimeAdd", &[Value::string(moved), Value::string("PT0S"), argument(call, 2)?.clone()])
}

fn later(moment: Moment, span: Span) -> Result<Moment, Fault> {
    let local = moment.local.checked_add(span).map_err(|_| Fault::new("the moment is out of range"))?;
    Ok(Moment { local, ..moment })
}

fn moment_argument(call: &HostCall<'_>) -> Result<Moment, Fault> {
    let text = call.text(0)?;
    Moment::parse(text)
        .ok_or_else(|| Fault::new(format!("`{text}` is no moment like `2024-01-15T12:00:00Z`")).about(0))
}

impl Moment {
    /// ISO 8601 with `T` or a space; without offset it is UTC.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, offset) = split_offset(text)?;
        Some(Self { local: local.parse().ok()?, offset })
    }

    fn write(self) -> String {
        let mut out = self.local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let nanoseconds = self.local.subsec_nanosecond();
        if nanoseconds % 1_000_000 != 0 {
            out.push_str(&format!(".{:07}", nanoseconds / 100));
        } else if nanoseconds != 0 {
            out.push_str(&format!(".{:03}", nanoseconds / 1_000_000));
        }
        let seconds = self.offset.seconds();
        if seconds == 0 {
            out.push('Z');
        } else {
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.abs() / 60;
            out.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
        }
        out
    }
}

fn split_offset(text: &str) -> Option<(&str, Offset)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, Offset::UTC));
    }
    let Some(at) = text.get(10..)?.rfind(['+', '-']).map(|at| at + 10) else {
        return Some((text, Offset::UTC));
    };
    let (hours, minutes) = text.get(at + 1..)?.split_once(':')?;
    let minutes = hours.parse::<i32>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    Some((text.get(..at)?, Offset::from_seconds(sign * minutes.checked_mul(60)?).ok()?))
}

/// The seconds of `P1Y2M3W4DT5H6M7S`, perhaps negative.
fn duration_seconds(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut rest = rest.strip_prefix('P')?;
    let mut is_time = false;
    let mut total = 0_i64;
    let mut has_part = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            is_time = true;
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let seconds = match (unit, is_time) {
            ('Y', false) => 365 * 86_400,
            ('M', false) => 30 * 86_400,
            ('W', false) => 7 * 86_400,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(seconds)?)?;
        has_part = true;
        rest = &rest[end + unit.len_utf8()..];
    }
    has_part.then_some(sign * total)
}

#[cfg(test)]
mod tests {
    use azimuth_arm::Value;

    use crate::evaluate::call_function;

    #[test]
    fn moments_keep_their_form() {
        for (text, duration, expected) in [
            ("2024-01-01T00:00:00Z", "P1Y", "2024-12-31T00:00:00Z"),
            ("2020-04-07 14:55:59", "P3D", "2020-04-10T14:55:59Z"),
            ("2024-01-15 12:00:00.123+05:30", "P0D", "2024-01-15T12:00:00.123+05:30"),
            ("2024-01-15T12:00:00Z", "-P1DT1H", "2024-01-14T11:00:00Z"),
        ] {
            let value = call_function("dateTimeAdd", &[Value::string(text), Value::string(duration)]);
            assert_eq!(value.unwrap().as_str(), Some(expected), "{text} {duration}");
        }
        assert!(call_function("dateTimeAdd", &[Value::string("2024-01-15"), Value::string("1D")]).is_err());
    }
}
