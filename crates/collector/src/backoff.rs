//! How long to wait before asking again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// When and how often to ask again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Requests in all for one page, the first included.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// No wait of ours is longer.
    pub longest_wait: Duration,
    /// A service that asks for a longer wait is not waited for; the call fails.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            longest_retry_after: Duration::from_secs(15 * 60),
        }
    }
}

impl RetryPolicy {
    /// The wait after failure number `failure` (from 1) when the service named none: between half and the whole
    /// of `first_wait · 2^(failure − 1)`, at most `longest_wait`. `random` is any number.
    pub fn wait(&self, failure: u32, random: u64) -> Duration {
        let factor = 1_u32 << failure.saturating_sub(1).min(16);
        let whole = self.first_wait.saturating_mul(factor).min(self.longest_wait);
        let half = whole / 2;
        let share = (random >> 32) as f64 / f64::from(u32::MAX);
        half + half.mul_f64(share)
    }
}

/// The wait that a `Retry-After` header asks for: seconds or an HTTP date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

/// A step of the splitmix64 generator, enough to keep clients from asking in step.
pub(crate) fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_within_bounds() {
        let policy = RetryPolicy::default();
        let mut state = 7;
        for failure in 1..=40 {
            let wait = policy.wait(failure, next_random(&mut state));
            let whole = Duration::from_secs(1 << (failure - 1).min(16)).min(policy.longest_wait);
            assert!(wait >= whole / 2 && wait <= whole, "{failure}: {wait:?}");
        }
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now: Timestamp = "2025-03-04T05:06:07Z".parse().unwrap();
        assert_eq!(retry_after(" 17 ", now), Some(Duration::from_secs(17)));
        assert_eq!(retry_after("Tue, 04 Mar 2025 05:06:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Tue, 04 Mar 2025 05:06:00 GMT", now), Some(Duration::ZERO));
        for odd in ["", "soon", "-5", "1.5"] {
            assert_eq!(retry_after(odd, now), None, "{odd}");
        }
    }
}
