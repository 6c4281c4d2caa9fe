//! What is known of the whole organisation: bounded tables of addresses, browsers, places, countries and issuers.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::habits::{Familiar, INACTIVE, day, key};
use super::sign_in::{Outcome, SignIn};

/// Entries of each half of a table; a table never holds more than twice as many.
const HALF: usize = 16_384;
/// How long an entry of a table is counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Members of a small set that are told apart.
const MOST_MEMBERS: usize = 32;
/// Earlier sign-ins with the right password that are kept per address for when it turns out to spray.
const MOST_KEPT: usize = 4;

/// A table of two halves: when the younger is full, the older is forgotten.
#[derive(Clone, Debug)]
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash, V: Default> Recent<K, V> {
    fn entry(&mut self, key: K) -> &mut V {
        if !self.young.contains_key(&key) && self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        match self.young.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let value = old.remove(entry.key()).unwrap_or_default();
                entry.insert(value)
            }
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }
}

/// A set that stops counting at [`MOST_MEMBERS`].
#[derive(Clone, Debug, Default)]
pub(super) struct SmallSet(Vec<u32>);

impl SmallSet {
    pub(super) fn insert(&mut self, member: u32) {
        if self.0.len() < MOST_MEMBERS && !self.0.contains(&member) {
            self.0.push(member);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What an address did within the window.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressUse {
    since: Timestamp,
    /// Attempts with wrong credentials.
    pub(super) failures: u32,
    /// Attempts with the right password.
    pub(super) successes: u32,
    /// Users with wrong credentials.
    pub(super) failed: SmallSet,
    /// Users with the right password.
    pub(super) passed: SmallSet,
    /// Sign-ins with the right password that followed failures of other users.
    pub(super) kept: Vec<SignIn>,
}

/// Who used a browser within the window.
#[derive(Clone, Debug, Default)]
pub(super) struct BrowserUse {
    since: Timestamp,
    pub(super) tenants: SmallSet,
    pub(super) countries: SmallSet,
}

/// Where the organisation is at home.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaceUse {
    users: SmallSet,
}

/// What is known of the organisation.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    /// When learning began, and the latest sign-in that was learnt from.
    seen: Option<(Timestamp, Timestamp)>,
    countries: Familiar<256>,
    issuers: Familiar<64>,
    addresses: Recent<IpAddr, AddressUse>,
    browsers: Recent<u32, BrowserUse>,
    places: Recent<u32, PlaceUse>,
}

impl Tenant {
    /// Counts what anybody may see of a sign-in, before detections look.
    pub(super) fn notice(&mut self, sign_in: &SignIn) {
        if let Some(address) = sign_in.address {
            self.addresses.entry(address).count(sign_in);
        }
        if !sign_in.user_agent.is_empty() {
            self.browsers.entry(key(&sign_in.user_agent)).count(sign_in);
        }
    }

    /// The sign-in was the user's own: its place, country and issuer are the organisation's from now on.
    pub(super) fn learn(&mut self, sign_in: &SignIn, place: Option<u32>) {
        let today = day(sign_in.at);
        self.seen = Some(match self.seen {
            Some((since, latest)) if sign_in.at.duration_since(latest) <= INACTIVE => {
                (since.min(sign_in.at), latest.max(sign_in.at))
            }
            _ => (sign_in.at, sign_in.at),
        });
        if !sign_in.country.is_empty() {
            self.countries.learn(key(&sign_in.country), today);
        }
        if !sign_in.issuer.is_empty() {
            self.issuers.learn(key(&sign_in.issuer), today);
        }
        if let Some(place) = place {
            self.places.entry(place).users.insert(key(&sign_in.user_id));
        }
    }

    /// Whole days since learning began: with the first sign-in that was learnt from, or the first after a long gap.
    pub(super) fn days_of_learning(&self, at: Timestamp) -> i64 {
        let seen = self.seen.filter(|(_, latest)| at.duration_since(*latest) <= INACTIVE);
        seen.map_or(0, |(since, _)| at.duration_since(since).as_hours().div_euclid(24))
    }

    pub(super) fn knows_country(&self, country: &str, today: u16) -> bool {
        self.countries.knows(key(country), today)
    }

    pub(super) fn knows_issuer(&self, issuer: &str, today: u16) -> bool {
        self.issuers.knows(key(issuer), today)
    }

    /// Whether several users sign in from the place regularly.
    pub(super) fn is_shared_place(&self, place: u32) -> bool {
        self.places.get(&place).is_some_and(|used| used.users.len() >= 3)
    }

    pub(super) fn address(&self, address: IpAddr) -> Option<&AddressUse> {
        self.addresses.get(&address)
    }

    /// Hands out the sign-ins that were kept for an address.
    pub(super) fn take_kept(&mut self, address: IpAddr) -> Vec<SignIn> {
        std::mem::take(&mut self.addresses.entry(address).kept)
    }

    pub(super) fn browser(&self, user_agent: &str) -> Option<&BrowserUse> {
        self.browsers.get(&key(user_agent))
    }
}

impl AddressUse {
    fn count(&mut self, sign_in: &SignIn) {
        if sign_in.at.duration_since(self.since) > WINDOW {
            *self = Self { since: sign_in.at, ..Self::default() };
        }
        let user = key(&sign_in.user_id);
        match sign_in.outcome {
            Outcome::BadCredentials => {
                self.failures = self.failures.saturating_add(1);
                self.failed.insert(user);
            }
            Outcome::Success | Outcome::PasswordRight => {
                self.successes = self.successes.saturating_add(1);
                self.passed.insert(user);
                if self.failed.len() >= 2 && self.kept.len() < MOST_KEPT {
                    self.kept.push(sign_in.clone());
                }
            }
            Outcome::Other => {}
        }
    }
}

impl BrowserUse {
    fn count(&mut self, sign_in: &SignIn) {
        if sign_in.at.duration_since(self.since) > WINDOW {
            *self = Self { since: sign_in.at, ..Self::default() };
        }
        if !sign_in.home_tenant.is_empty() {
            self.tenants.insert(key(&sign_in.home_tenant));
        }
        if !sign_in.country.is_empty() {
            self.countries.insert(key(&sign_in.country));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_the_recent_and_no_more_than_two_halves() {
        let mut table = Recent::<usize, u32>::default();
        for number in 0..HALF * 5 / 2 {
            *table.entry(number) += 1;
            *table.entry(0) += 1;
        }
        assert!(table.young.len() + table.old.len() <= 2 * HALF);
        assert_eq!(table.get(&0).copied(), Some((HALF * 5 / 2) as u32 + 1), "used all the time");
        assert_eq!(table.get(&1), None, "forgotten");
    }

    #[test]
    fn an_address_starts_anew_after_a_day() {
        let mut used = AddressUse::default();
        let mut sign_in = SignIn { outcome: Outcome::BadCredentials, ..SignIn::default() };
        for hour in [0_i64, 1, 24, 26] {
            sign_in.at = Timestamp::from_second(1_700_000_000 + hour * 3_600).unwrap();
            used.count(&sign_in);
        }
        assert_eq!(used.failures, 1);
    }
}
