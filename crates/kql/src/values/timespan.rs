//! Timespans: ticks of 100 ns.

use crate::syntax::TIMESPAN_UNITS;

const DAY: i128 = 864_000_000_000;
const HOUR: i128 = 36_000_000_000;
const MINUTE: i128 = 600_000_000;
const SECOND: i128 = 10_000_000;

/// Ticks of a text such as `1.5d`, `-2h`, `1.02:03:04.5`, `3` (days). Source: "timespan literals" of the reference.
pub fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, body) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest.trim_start()),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let ticks = if body.contains(':') { clock(body)? } else { with_unit(body)? };
    i64::try_from(ticks * sign).ok()
}

/// `1.5d`, or days without a unit.
fn with_unit(text: &str) -> Option<i128> {
    let digits = text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..digits].trim(), text[digits..].trim());
    let unit = unit.to_ascii_lowercase();
    let ticks = if unit.is_empty() {
        DAY as f64
    } else {
        TIMESPAN_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ticks)| *ticks)?
    };
    if !number.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if let Ok(whole) = number.parse::<i64>() {
        return Some(if ticks < 1.0 { i128::from(whole) / 100 } else { i128::from(whole) * ticks as i128 });
    }
    let value: f64 = number.parse().ok()?;
    let product = (value * ticks).round();
    (product.abs() < 1e19).then_some(product as i128)
}

/// `[d.]hh:mm[:ss[.fffffff]]`
fn clock(text: &str) -> Option<i128> {
    let mut parts: Vec<&str> = text.split(':').collect();
    let mut days: i128 = 0;
    if let Some((before, after)) = parts[0].split_once('.') {
        days = whole(before)?;
        parts[0] = after;
    } else if parts.len() == 4 {
        days = whole(parts.remove(0))?;
    }
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (whole(hours)?, whole(minutes)?, 0),
        [hours, minutes, seconds] => (whole(hours)?, whole(minutes)?, fraction(seconds)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60 && seconds < MINUTE)
        .then(|| days * DAY + hours * HOUR + minutes * MINUTE + seconds)
}

fn whole(text: &str) -> Option<i128> {
    let is_short = !text.is_empty() && text.len() <= 9;
    (is_short && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Ticks of `ss.fffffff`; digits after the seventh are dropped.
fn fraction(text: &str) -> Option<i128> {
    let (seconds, digits) = text.split_once('.').unwrap_or((text, ""));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded: String = digits.chars().chain("0000000".chars()).take(7).collect();
    Some(whole(seconds)? * SECOND + padded.parse::<i128>().ok()?)
}

/// `[-][d.]hh:mm:ss[.fffffff]`, as Kusto prints it.
pub fn print_timespan(ticks: i64) -> String {
    let (sign, ticks) = (if ticks < 0 { "-" } else { "" }, i128::from(ticks).abs());
    let (days, rest) = (ticks / DAY, ticks % DAY);
    let mut out = sign.to_owned();
    if days > 0 {
        out.push_str(&format!("{days}."));
    }
    out.push_str(&format!("{:02}:{:02}:{:02}", rest / HOUR, rest / MINUTE % 60, rest / SECOND % 60));
    if rest % SECOND != 0 {
        out.push_str(&format!(".{:07}", rest % SECOND));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, printed: Option<&str>) {
        assert_eq!(parse_timespan(text).map(print_timespan).as_deref(), printed);
    }

    #[test]
    fn texts_become_ticks_and_texts_again() {
        check("1d", Some("1.00:00:00"));
        check("1.5h", Some("01:30:00"));
        check("-2.03:04:05.6", Some("-2.03:04:05.6000000"));
        check("10", Some("10.00:00:00"));
        check("00:01", Some("00:01:00"));
        check("25:00:00", None);
        check("x", None);
    }
}
