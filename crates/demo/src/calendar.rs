//! The estate's own time: a fixed moment derived from the seed, and moments before it.

use jiff::Timestamp;

use crate::rng::Rng;

/// 2026-03-02T06:00:00Z.
const FIRST: i64 = 1_772_431_200;

/// The moment at which the estate was recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar {
    now: i64,
}

impl Calendar {
    pub(crate) fn new(seed: u64) -> Self {
        let days = Rng::new(seed, "calendar", 0).below(90) as i64;
        Self { now: FIRST + days * 86_400 }
    }

    pub(crate) fn now(self) -> Timestamp {
        at(self.now)
    }

    /// The moment of recording, as text.
    pub(crate) fn now_text(self) -> String {
        self.now().to_string()
    }

    /// A moment about so many days before the recording.
    pub(crate) fn days_ago(self, days: usize, rng: &mut Rng) -> String {
        at(self.now - days as i64 * 86_400 - rng.below(40_000) as i64).to_string()
    }

    /// A moment so many days after the recording.
    pub(crate) fn days_ahead(self, days: usize) -> String {
        at(self.now + days as i64 * 86_400).to_string()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("the calendar stays within a few years of 2026")
}
