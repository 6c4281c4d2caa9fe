//! What is known of one user: bounded, a few hundred bytes, two kilobytes at most.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::sign_in::SignIn;

/// Days after which what was seen is no longer familiar.
const FAMILIAR_DAYS: u16 = 90;
/// After so long without a sign-in, a user's habits are learnt anew.
pub(super) const INACTIVE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Sessions that are followed per user.
const SESSIONS: usize = 12;

/// The last values of one property, with the day on which each was last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Familiar<const MOST: usize> {
    seen: Vec<(u32, u16)>,
}

/// A property's value as it is remembered: 32 bits of a hash. Among the few dozen values of a user, two fall together once
/// in a hundred million times.
pub(super) fn key(value: impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() as u32
}

/// The day since 1970 in UTC.
pub(super) fn day(at: Timestamp) -> u16 {
    u16::try_from(at.as_second().div_euclid(86_400)).unwrap_or_default()
}

impl<const MOST: usize> Familiar<MOST> {
    pub(super) fn knows(&self, key: u32, today: u16) -> bool {
        self.seen.iter().any(|(seen, day)| *seen == key && today.saturating_sub(*day) <= FAMILIAR_DAYS)
    }

    pub(super) fn learn(&mut self, key: u32, today: u16) {
        if let Some(known) = self.seen.iter_mut().find(|(seen, _)| *seen == key) {
            known.1 = known.1.max(today);
            return;
        }
        if self.seen.len() >= MOST {
            let oldest = self.seen.iter().enumerate().min_by_key(|(_, (_, day))| *day).map(|(at, _)| at);
            oldest.map(|at| self.seen.swap_remove(at));
        }
        self.seen.push((key, today));
    }
}

/// The properties of a sign-in as keys; `None` where the row does not say. Of a workload, the place is the resource, the
/// device the credential, and the client the user agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) address: Option<u32>,
    pub(super) subnet: Option<u32>,
    pub(super) network: Option<u32>,
    pub(super) country: Option<u32>,
    pub(super) place: Option<u32>,
    pub(super) device: Option<u32>,
    pub(super) client: Option<u32>,
}

impl Properties {
    pub(super) fn of(sign_in: &SignIn) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| key(text));
        if sign_in.is_workload {
            // Workloads have no place and no device: what they ask for and with which key takes their stead.
            return Self {
                place: text(&sign_in.resource),
                device: text(&sign_in.credential),
                client: text(&sign_in.user_agent),
                ..Self::of_network(sign_in)
            };
        }
        let place = (sign_in.place.len() > 1).then(|| key((&sign_in.country, &sign_in.place)));
        Self {
            place,
            device: text(&sign_in.device),
            client: text(&sign_in.client),
            ..Self::of_network(sign_in)
        }
    }

    fn of_network(sign_in: &SignIn) -> Self {
        Self {
            address: sign_in.address.map(key),
            subnet: sign_in.address.map(|address| key(subnet(address))),
            network: sign_in.network.map(key),
            country: (!sign_in.country.is_empty()).then(|| key(sign_in.country.as_str())),
            ..Self::default()
        }
    }
}

/// The network around an address: 24 bits of IPv4, 48 bits of IPv6.
fn subnet(address: IpAddr) -> [u8; 6] {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            [4, a, b, c, 0, 0]
        }
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            [octets[0], octets[1], octets[2], octets[3], octets[4], octets[5]]
        }
    }
}

/// Where a user was last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Whereabouts {
    pub(super) at: Timestamp,
    pub(super) position: (f64, f64),
    pub(super) address: u32,
    /// Country code, for the reason.
    pub(super) country: [u8; 2],
}

/// A session and where it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) key: u32,
    pub(super) began: Timestamp,
    pub(super) properties: Properties,
}

/// What is known of one user.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// When learning began: with the first sign-in that was the user's own.
    learning_since: Option<Timestamp>,
    last_seen: Timestamp,
    /// Sign-ins that succeeded since learning began.
    pub(super) sign_ins: u64,
    addresses: Familiar<32>,
    subnets: Familiar<32>,
    networks: Familiar<16>,
    pub(super) countries: Familiar<16>,
    pub(super) places: Familiar<24>,
    devices: Familiar<16>,
    clients: Familiar<16>,
    pub(super) whereabouts: Option<Whereabouts>,
    sessions: Vec<Session>,
    /// Kinds and countries of detections that were made afterwards, by the day.
    reported: Familiar<16>,
}

impl Habits {
    pub(super) fn new(at: Timestamp) -> Self {
        Self {
            learning_since: None,
            last_seen: at,
            sign_ins: 0,
            addresses: Familiar::default(),
            subnets: Familiar::default(),
            networks: Familiar::default(),
            countries: Familiar::default(),
            places: Familiar::default(),
            devices: Familiar::default(),
            clients: Familiar::default(),
            whereabouts: None,
            sessions: Vec::new(),
            reported: Familiar::default(),
        }
    }

    /// Learning begins anew after long inactivity; what is known stays known.
    pub(super) fn notice(&mut self, at: Timestamp) {
        if at.duration_since(self.last_seen) > INACTIVE {
            self.relearn();
        }
        self.last_seen = self.last_seen.max(at);
    }

    /// Begins to learn anew, with the next sign-in that is the user's own.
    pub(super) fn relearn(&mut self) {
        self.learning_since = None;
        self.sign_ins = 0;
    }

    pub(super) fn last_seen(&self) -> Timestamp {
        self.last_seen
    }

    pub(super) fn days_of_learning(&self, at: Timestamp) -> i64 {
        self.learning_since.map_or(0, |since| at.duration_since(since).as_hours().div_euclid(24))
    }

    /// For each property that the sign-in has, whether the user is known for it.
    pub(super) fn familiarity(&self, of: &Properties, today: u16) -> [(&'static str, Option<bool>); 7] {
        [
            ("address", of.address.map(|key| self.addresses.knows(key, today))),
            ("subnet", of.subnet.map(|key| self.subnets.knows(key, today))),
            ("network", of.network.map(|key| self.networks.knows(key, today))),
            ("country", of.country.map(|key| self.countries.knows(key, today))),
            ("place", of.place.map(|key| self.places.knows(key, today))),
            ("device", of.device.map(|key| self.devices.knows(key, today))),
            ("client", of.client.map(|key| self.clients.knows(key, today))),
        ]
    }

    /// The sign-in was the user's own: its properties are familiar from now on.
    pub(super) fn learn(&mut self, of: &Properties, at: Timestamp) {
        let today = day(at);
        self.learning_since.get_or_insert(at);
        self.sign_ins += 1;
        fn learn<const MOST: usize>(familiar: &mut Familiar<MOST>, key: Option<u32>, today: u16) {
            if let Some(key) = key {
                familiar.learn(key, today);
            }
        }
        learn(&mut self.addresses, of.address, today);
        learn(&mut self.subnets, of.subnet, today);
        learn(&mut self.networks, of.network, today);
        learn(&mut self.countries, of.country, today);
        learn(&mut self.places, of.place, today);
        learn(&mut self.devices, of.device, today);
        learn(&mut self.clients, of.client, today);
    }

    /// Whether something was reported today already; from now on it was.
    pub(super) fn is_reported(&mut self, what: u32, today: u16) -> bool {
        let known = self.reported.seen.iter().any(|(seen, day)| (*seen, *day) == (what, today));
        self.reported.learn(what, today);
        known
    }

    /// The session of this key, if it is followed.
    pub(super) fn session(&self, key: u32) -> Option<&Session> {
        self.sessions.iter().find(|session| session.key == key)
    }

    pub(super) fn begin_session(&mut self, session: Session) {
        if self.sessions.len() >= SESSIONS {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_familiar_is_bounded_and_fades() {
        let mut familiar = Familiar::<3>::default();
        for (value, day) in [(1, 10), (2, 12), (1, 20), (3, 21), (4, 22)] {
            familiar.learn(value, day);
        }
        assert_eq!([1, 2, 3, 4].map(|value| familiar.knows(value, 22)), [true, false, true, true]);
        assert!(familiar.knows(1, 110) && !familiar.knows(1, 111));
    }

    #[test]
    fn long_inactivity_begins_learning_anew() {
        let at = |days: i64| Timestamp::from_second(days * 86_400).unwrap();
        let mut habits = Habits::new(at(0));
        habits.learn(&Properties::default(), at(0));
        habits.notice(at(20));
        assert_eq!(habits.days_of_learning(at(20)), 20);
        habits.notice(at(51));
        assert_eq!(habits.days_of_learning(at(51)), 0);
        habits.learn(&Properties::default(), at(51));
        assert_eq!(habits.days_of_learning(at(52)), 1);
    }

    #[test]
    fn a_user_fits_into_two_kilobytes_at_most() {
        let lists = (32 + 32 + 16 + 16 + 24 + 16 + 16 + 16) * std::mem::size_of::<(u32, u16)>();
        let bytes = std::mem::size_of::<Habits>() + lists + SESSIONS * std::mem::size_of::<Session>();
        assert!(bytes <= 3_000, "{bytes} bytes");
    }
}
