//! Time as an argument.

use std::sync::{Arc, Mutex};

use jiff::{Span, Timestamp};

/// Tells the time. Implementations must never go backwards by more than the outside clock does.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Another clock, but never before a moment: for what goes on from there.
pub struct NotBefore {
    clock: Arc<dyn Clock>,
    moment: Timestamp,
}

impl NotBefore {
    /// `clock`, but not before `moment`.
    pub fn new(clock: Arc<dyn Clock>, moment: Timestamp) -> Self {
        Self { clock, moment }
    }
}

impl Clock for NotBefore {
    fn now(&self) -> Timestamp {
        self.clock.now().max(self.moment)
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock by `span`, forwards or backwards.
    ///
    /// # Panics
    /// If the result leaves the years −9999 to 9999.
    pub fn advance(&self, span: Span) {
        let mut now = self.0.lock().expect("no holder of this lock panics");
        *now = now.checked_add(span).expect("test clocks stay in range");
    }

    /// Sets the clock.
    pub fn set(&self, to: Timestamp) {
        *self.0.lock().expect("no holder of this lock panics") = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no holder of this lock panics")
    }
}
