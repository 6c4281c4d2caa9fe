//! The counters of an account, and what an attempt comes to.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::setting::{LONGEST, Rules};

/// Bad passwords whose repeats do not count.
const TRACKED: usize = 3;
/// A counter without failures for so long starts anew. Azimuth's definition, as Entra's is not disclosed.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// The error code of a locked account, and of a sign-in that protection refuses.
const LOCKED: u32 = 50_053;
const BAD_CREDENTIALS: u32 = 50_126;

/// Where an attempt comes from. Familiar is a network (autonomous system and country) from which the user has signed in
/// during the last 30 days; Entra does not disclose its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// Seen before with the right password.
    Familiar,
    /// Not seen before.
    Unfamiliar,
}

/// By what a bad password is known again: a salted hash, kept in memory for as long as the counter.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordTag([u8; 16]);

impl PasswordTag {
    /// The tag of a password; the salt should be random, one per account, and kept nowhere else.
    pub fn new(salt: &[u8], password: &str) -> Self {
        let digest = Sha256::new().chain_update(salt).chain_update([0]).chain_update(password).finalize();
        let mut tag = [0; 16];
        tag.copy_from_slice(&digest[..16]);
        Self(tag)
    }
}

impl fmt::Debug for PasswordTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordTag(…)")
    }
}

/// What somebody tries.
#[derive(Clone, Copy, Debug)]
pub enum Attempt {
    /// The password is right.
    Right,
    /// The password is wrong.
    Wrong(PasswordTag),
    /// Built-in protection takes the source for malicious: refused whatever the password is.
    Malicious,
}

/// What an attempt comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first factor is satisfied.
    Success,
    /// The password is wrong; `locked_for` says for how long the account is locked from now on.
    Failed {
        /// `None` if the account is still open.
        locked_for: Option<SignedDuration>,
    },
    /// The account is locked; the password was not looked at.
    Locked {
        /// How long it still is.
        remaining: SignedDuration,
    },
    /// Refused by built-in protection.
    BlockedByProtection,
}

impl Outcome {
    /// The word for reports: `success`, `failed`, `locked` or `blockedByProtection`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed { .. } => "failed",
            Self::Locked { .. } => "locked",
            Self::BlockedByProtection => "blockedByProtection",
        }
    }

    /// The error code of the sign-in log; 0 for success.
    pub fn error_code(self) -> u32 {
        match self {
            Self::Success => 0,
            Self::Failed { .. } => BAD_CREDENTIALS,
            Self::Locked { .. } | Self::BlockedByProtection => LOCKED,
        }
    }
}

/// The lockout state of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    familiar: Counter,
    unfamiliar: Counter,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counter {
    failures: u32,
    locks: u32,
    locked_until: Option<Timestamp>,
    last_failure: Option<Timestamp>,
    /// The last bad passwords, the newest first.
    tracked: [Option<PasswordTag>; TRACKED],
}

impl Lockout {
    /// Decides about an attempt and counts it.
    ///
    /// While the account is locked nothing is counted. The failure that reaches the threshold locks; after the lock every
    /// further one locks again, for twice as long up to five hours (documented: *longer*), until a success.
    pub fn attempt(
        &mut self,
        rules: &Rules,
        now: Timestamp,
        location: Location,
        attempt: Attempt,
    ) -> Outcome {
        let counter = self.counter(location);
        match attempt {
            Attempt::Malicious => Outcome::BlockedByProtection,
            Attempt::Right | Attempt::Wrong(_) if counter.remaining(now).is_some() => {
                Outcome::Locked { remaining: counter.remaining(now).unwrap_or_default() }
            }
            Attempt::Right => {
                *counter = Counter::default();
                Outcome::Success
            }
            Attempt::Wrong(tag) => Outcome::Failed { locked_for: counter.fail(rules, now, tag) },
        }
    }

    /// An attempt that was counted as wrong before the password was looked at turned out right: counting starts anew.
    ///
    /// Who counts first and looks afterwards cannot be outnumbered by attempts side by side.
    pub fn turned_out_right(&mut self, location: Location) {
        *self.counter(location) = Counter::default();
    }

    /// How long the account is still locked for this location; `None` if it is open.
    pub fn remaining(&self, now: Timestamp, location: Location) -> Option<SignedDuration> {
        match location {
            Location::Familiar => self.familiar.remaining(now),
            Location::Unfamiliar => self.unfamiliar.remaining(now),
        }
    }

    /// The user has reset a forgotten password: the remaining duration is zero, counters stay.
    ///
    /// Changing a known password ("I know my password") does not end a lock, so there is no operation for it.
    pub fn forgotten_password_reset(&mut self) {
        self.familiar.locked_until = None;
        self.unfamiliar.locked_until = None;
    }

    /// An administrator has reset the password: the account is unlocked and counting starts anew.
    pub fn administrator_reset(&mut self) {
        *self = Self::default();
    }

    fn counter(&mut self, location: Location) -> &mut Counter {
        match location {
            Location::Familiar => &mut self.familiar,
            Location::Unfamiliar => &mut self.unfamiliar,
        }
    }
}

impl Counter {
    fn remaining(&self, now: Timestamp) -> Option<SignedDuration> {
        self.locked_until.map(|until| until.duration_since(now)).filter(SignedDuration::is_positive)
    }

    fn fail(&mut self, rules: &Rules, now: Timestamp, tag: PasswordTag) -> Option<SignedDuration> {
        let is_forgotten = |last: Timestamp| now.duration_since(last) >= FORGOTTEN_AFTER;
        if self.last_failure.is_some_and(is_forgotten) {
            *self = Self::default();
        }
        self.last_failure = Some(now);
        if rules.tracks_hashes && self.is_repeat(tag) {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < rules.threshold {
            return None;
        }
        let duration = lock_duration(rules.duration, self.locks);
        self.locks = self.locks.saturating_add(1);
        self.locked_until = now.checked_add(duration).ok();
        Some(duration)
    }

    /// Whether the tag is one of the tracked; it becomes the newest of them.
    fn is_repeat(&mut self, tag: PasswordTag) -> bool {
        let known = self.tracked.iter().position(|tracked| *tracked == Some(tag));
        self.tracked[..=known.unwrap_or(TRACKED - 1)].rotate_right(1);
        self.tracked[0] = Some(tag);
        known.is_some()
    }
}

/// The first duration doubled for every lock before.
fn lock_duration(first: SignedDuration, locks_before: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(locks_before.min(30)).unwrap_or(i32::MAX);
    first.checked_mul(factor).unwrap_or(LONGEST).min(LONGEST.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockout::Setting;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn wrong(number: i64) -> Attempt {
        Attempt::Wrong(PasswordTag::new(b"salt", &format!("bad{number}")))
    }

    fn locked() -> (Rules, Lockout) {
        let (rules, mut lockout) = (Setting::default().effective(), Lockout::default());
        for second in 0..10 {
            lockout.attempt(&rules, at(second), Location::Familiar, wrong(second));
        }
        (rules, lockout)
    }

    #[test]
    fn locks_grow_up_to_five_hours_and_start_anew_after_a_success() {
        let (rules, mut lockout) = locked();
        let mut now = 69;
        for (round, expected) in
            [120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 18_000, 18_000].iter().enumerate()
        {
            let outcome = lockout.attempt(&rules, at(now), Location::Familiar, wrong(100 + round as i64));
            assert_eq!(outcome, Outcome::Failed { locked_for: Some(SignedDuration::from_secs(*expected)) });
            now += expected;
        }
        assert_eq!(lockout.attempt(&rules, at(now), Location::Familiar, Attempt::Right), Outcome::Success);
        assert_eq!(lockout, Lockout::default());
    }

    #[test]
    fn a_day_without_failures_is_a_new_start() {
        let (rules, mut lockout) = locked();
        let outcome = lockout.attempt(&rules, at(86_409), Location::Familiar, wrong(77));
        assert_eq!(outcome, Outcome::Failed { locked_for: None });
    }

    #[test]
    fn a_forgotten_password_ends_the_lock_but_not_the_count() {
        let (rules, mut lockout) = locked();
        lockout.forgotten_password_reset();
        assert_eq!(lockout.remaining(at(12), Location::Familiar), None);
        let outcome = lockout.attempt(&rules, at(13), Location::Familiar, wrong(77));
        assert!(matches!(outcome, Outcome::Failed { locked_for: Some(_) }));
        lockout.administrator_reset();
        let outcome = lockout.attempt(&rules, at(14), Location::Familiar, wrong(78));
        assert_eq!(outcome, Outcome::Failed { locked_for: None });
    }

    #[test]
    fn only_the_last_three_bad_passwords_are_known_again() {
        let mut counter = Counter::default();
        let tag = |name: &str| PasswordTag::new(b"", name);
        let repeats = ["a", "b", "c", "a", "d", "b", "a"].map(|name| counter.is_repeat(tag(name)));
        assert_eq!(repeats, [false, false, false, true, false, false, true]);
    }
}
