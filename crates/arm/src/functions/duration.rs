//! Durations of ISO 8601.

/// A duration in calendar months and exact seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Duration {
    pub(super) months: i64,
    pub(super) nanoseconds: i128,
}

/// Parses `P1Y2M3W4DT5H6M7.8S`, with a sign before it if wanted.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.strip_prefix(['P', 'p'])?;
    let (date, time) = match rest.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let mut out = Duration::default();
    let mut seen = 0;
    let mut left = date;
    while !left.is_empty() {
        let (whole, fraction, unit, after) = component(left)?;
        if fraction != 0 {
            return None;
        }
        match unit {
            'Y' => out.months = out.months.checked_add(whole.checked_mul(12)?)?,
            'M' => out.months = out.months.checked_add(whole)?,
            'W' => out.nanoseconds += i128::from(whole) * 7 * 86_400 * 1_000_000_000,
            'D' => out.nanoseconds += i128::from(whole) * 86_400 * 1_000_000_000,
            _ => return None,
        }
        seen += 1;
        left = after;
    }
    if let Some(time) = time {
        left = time;
        if left.is_empty() {
            return None;
        }
        while !left.is_empty() {
            let (whole, fraction, unit, after) = component(left)?;
            let seconds = match unit {
                'H' => 3600,
                'M' => 60,
                'S' => 1,
                _ => return None,
            };
            out.nanoseconds += (i128::from(whole) * 1_000_000_000 + i128::from(fraction)) * seconds;
            seen += 1;
            left = after;
        }
    }
    if seen == 0 {
        return None;
    }
    Some(Duration { months: out.months * sign, nanoseconds: out.nanoseconds * i128::from(sign) })
}

/// The next number with its unit: whole part, billionths, unit, what follows.
fn component(text: &str) -> Option<(i64, i64, char, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
    let (number, rest) = text.split_at(end);
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let whole: i64 = whole.parse().ok()?;
    let fraction = format!("{fraction:0<9.9}").parse().ok()?;
    let unit = rest.chars().next()?;
    Some((whole, fraction, unit.to_ascii_uppercase(), &rest[unit.len_utf8()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("PT1H"), Some(Duration { months: 0, nanoseconds: 3_600_000_000_000 }));
        assert_eq!(parse("-P3Y"), Some(Duration { months: -36, nanoseconds: 0 }));
        assert_eq!(parse("P9DT0.5S").unwrap().nanoseconds, 9 * 86_400_000_000_000 + 500_000_000);
        for bad in ["", "P", "PT", "P1", "1D", "P1H", "PT1D", "P1.5D", "P99999999999999999999D", "P😀"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
