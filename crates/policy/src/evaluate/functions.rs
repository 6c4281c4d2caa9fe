//! Functions that only policy has, and those that policy answers differently from templates.

use azimuth_arm::{Fault, HostCall, Value};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::ip;

type Outcome = Result<Value, Fault>;

/// Functions answered here, in lower case.
const OWN: &[(&str, fn(&HostCall<'_>) -> Outcome)] = &[("adddays", add_days), ("iprangecontains", ip_range_contains)];

/// Whether `key` (lower case) is answered here rather than by the template language.
pub(crate) fn is_own(key: &str) -> bool {
    OWN.iter().any(|(name, _)| *name == key)
}

/// Calls a function of this module.
pub(crate) fn call(key: &str, call: &HostCall<'_>) -> Option<Outcome> {
    OWN.iter().find(|(name, _)| *name == key).map(|(_, run)| run(call))
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
fn add_days(call: &HostCall<'_>) -> Outcome {
    let text = call.text(0)?;
    let days = call.arguments.get(1).and_then(Value::as_int).ok_or_else(|| Fault::new("`addDays` takes a number of days").about(1))?;
    let bad = || Fault::new(format!("`{text}` is no moment like `2024-01-15T12:00:00Z`")).about(0);
    let (local, offset) = split_moment(text).ok_or_else(bad)?;
    let span = jiff::Span::new().try_days(days).map_err(|_| Fault::new("the number of days is too large").about(1))?;
    let later = local.checked_add(span).map_err(|_| Fault::new("the moment is out of range"))?;
    Ok(Value::string(write_moment(later, offset)))
}

/// Date and time as written, and the offset; UTC without one.
fn split_moment(text: &str) -> Option<(DateTime, Offset)> {
    let text = text.trim();
    if let Ok(parsed) = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%:z", text) {
        return Some((parsed.to_datetime().ok()?, parsed.offset()?));
    }
    let plain = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let local: DateTime = plain.parse().ok()?;
    Some((local, Offset::UTC))
}

fn write_moment(local: DateTime, offset: Offset) -> String {
    let mut out = local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let nanoseconds = local.subsec_nanosecond();
    if nanoseconds != 0 {
        out.push_str(&format!(".{:07}", nanoseconds / 100));
    }
    if offset == Offset::UTC {
        out.push('Z');
    } else {
        let seconds = offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        out.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
    }
    out
}

fn ip_range_contains(call: &HostCall<'_>) -> Outcome {
    let (range, target) = (call.text(0)?, call.text(1)?);
    ip::contains(range, target).map(Value::bool).map_err(Fault::new)
}
