//! `timespan` of the query API: a duration until now, or two ends of which one may be a duration.
//!
//! Source: "Azure Monitor Log Analytics API request format" of the documentation: durations and moments in ISO 8601, joined by
//! a slash.

use azimuth_host::Window;
use jiff::{SignedDuration, Span, Timestamp};

/// The window of a timespan; `None` for one that is not understood.
pub(super) fn window(text: &str, now: Timestamp) -> Option<Window> {
    let text = text.trim();
    let Some((from, to)) = text.split_once('/') else {
        let from = now.checked_sub(duration(text)?).ok()?;
        return Some(Window { from, to: now });
    };
    let (from, to) = match (moment(from), moment(to)) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from.checked_add(duration(to)?).ok()?),
        (None, Some(to)) => (to.checked_sub(duration(from)?).ok()?, to),
        (None, None) => return None,
    };
    (from <= to).then_some(Window { from, to })
}

/// A duration such as `PT1H`, `P1D` and `PT86400.0S`; days are 24 hours.
fn duration(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    if !text.starts_with('P') {
        return None;
    }
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    (!duration.is_negative()).then_some(duration)
}

/// A moment; a date alone is its first one, and without a zone it is UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timespans_in_all_their_forms() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let shown = |text: &str| window(text, now).map(|window| format!("{}/{}", window.from, window.to));
        for (text, wanted) in [
            ("PT1H", "2026-01-01T23:00:00Z/2026-01-02T00:00:00Z"),
            ("PT86400.0S", "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"),
            ("P7D", "2025-12-26T00:00:00Z/2026-01-02T00:00:00Z"),
            ("2025-01-01/2025-01-02T03:00:00Z", "2025-01-01T00:00:00Z/2025-01-02T03:00:00Z"),
            ("2025-01-01T00:00:00+01:00/PT2H", "2024-12-31T23:00:00Z/2025-01-01T01:00:00Z"),
            ("P1D/2025-01-02T00:00:00Z", "2025-01-01T00:00:00Z/2025-01-02T00:00:00Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(wanted), "{text}");
        }
        for wrong in ["", "yesterday", "1h", "P1D/P2D", "-PT1H", "2025-01-02/2025-01-01", "/"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }
}
