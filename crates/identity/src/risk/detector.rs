//! Sign-ins in, detections out, one at a time.

use std::collections::HashMap;

use jiff::Timestamp;

use super::addresses::Lists;
use super::catalogue::{Timing, UserFacts};
use super::detect::{Context, is_spray, look, spray};
use super::detection::{Detection, Finding, Source};
use super::habits::{Habits, Properties, Session, Whereabouts, day, key};
use super::level::RiskLevel;
use super::sign_in::{Outcome, SignIn};
use super::tenant::Tenant;

/// Users whose habits are kept, unless another number is asked for. Who has not signed in for longest is forgotten.
const MOST_USERS: usize = 1_000_000;

/// Computes detections from a stream of sign-ins, in the order of their time.
///
/// State is bounded: three kilobytes per user at most, and fixed tables for the organisation. A sign-in that is found
/// risky at medium or more does not become a habit unless a second factor stood behind it.
#[derive(Debug)]
pub struct Detector {
    lists: Lists,
    most_users: usize,
    users: HashMap<u64, Habits>,
    tenant: Tenant,
}

impl Detector {
    /// A detector that has learnt nothing yet.
    pub fn new(lists: Lists) -> Self {
        Self { lists, most_users: MOST_USERS, users: HashMap::new(), tenant: Tenant::default() }
    }

    /// Keeps the habits of no more users than this, one at least.
    pub fn with_most_users(mut self, most: usize) -> Self {
        self.most_users = most.max(1);
        self
    }

    /// How many users are known.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Looks at a sign-in and learns from it. What comes back concerns this sign-in, and earlier ones that only now turn
    /// out risky (a password spray is known by its later attempts).
    pub fn observe(&mut self, sign_in: &SignIn) -> Vec<Detection> {
        if !sign_in.is_workload {
            self.tenant.notice(sign_in);
        }
        let properties = Properties::of(sign_in);
        let today = day(sign_in.at);
        let user = user_key(&sign_in.user_id);
        if !self.users.contains_key(&user) {
            self.make_room();
        }
        let habits = self.users.entry(user).or_insert_with(|| Habits::new(sign_in.at));
        habits.notice(sign_in.at);
        let is_trusted = sign_in.address.is_some_and(|address| self.lists.trusted.contains(address));
        let context = Context {
            sign_in,
            properties: &properties,
            habits,
            tenant: &self.tenant,
            lists: &self.lists,
            facts: UserFacts {
                days_since_first_sign_in: habits.days_of_learning(sign_in.at),
                sign_ins: habits.sign_ins,
                is_password_valid: sign_in.outcome.is_password_right(),
            },
            today,
            is_trusted,
        };
        let mut findings = look(&context);
        let worst = findings.iter().map(|finding| finding.level).max().unwrap_or_default();
        let is_own = sign_in.outcome == Outcome::Success && (worst < RiskLevel::Medium || sign_in.has_mfa);
        if is_own {
            learn(habits, sign_in, &properties);
            if !sign_in.is_workload {
                self.tenant.learn(sign_in, properties.place);
            }
        }
        follow_session(habits, sign_in, properties);
        // What is found during a sign-in belongs to it; what is found afterwards is news once a day and country.
        findings.retain(|finding| {
            let is_own = finding.source == Source::Azimuth && finding.timing == Timing::Offline;
            !is_own || !habits.is_reported(key((finding.kind, &sign_in.country)), today)
        });
        let detect = |finding: Finding| Detection::new(sign_in, finding, sign_in.at);
        let mut detections: Vec<Detection> = findings.into_iter().map(detect).collect();
        self.detect_earlier(sign_in, &mut detections);
        detections
    }

    /// An administrator has confirmed the user safe: habits are learnt anew.
    pub fn relearn(&mut self, user_id: &str) {
        if let Some(habits) = self.users.get_mut(&user_key(&user_id.to_ascii_lowercase())) {
            habits.relearn();
        }
    }

    /// Sign-ins that were right before their address turned out to spray.
    fn detect_earlier(&mut self, sign_in: &SignIn, detections: &mut Vec<Detection>) {
        let Some(address) = sign_in.address else { return };
        let Some(used) = self.tenant.address(address).filter(|used| is_spray(used) && !used.kept.is_empty())
        else {
            return;
        };
        let used = used.clone();
        for earlier in self.tenant.take_kept(address).iter().filter(|earlier| earlier.id != sign_in.id) {
            let finding = spray(&used, earlier.outcome, Timing::Offline);
            detections.push(Detection::new(earlier, finding, sign_in.at));
        }
    }

    /// Forgets an eighth of the users, those who have not signed in for longest, when there is no room for another.
    fn make_room(&mut self) {
        if self.users.len() < self.most_users {
            return;
        }
        let mut seen: Vec<Timestamp> = self.users.values().map(Habits::last_seen).collect();
        let eighth = (seen.len() / 8).min(seen.len() - 1);
        let (_, limit, _) = seen.select_nth_unstable(eighth);
        let limit = *limit;
        self.users.retain(|_, habits| habits.last_seen() > limit);
    }
}

fn user_key(user_id: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    user_id.hash(&mut hasher);
    hasher.finish()
}

fn learn(habits: &mut Habits, sign_in: &SignIn, properties: &Properties) {
    habits.learn(properties, sign_in.at);
    let address = properties.address.unwrap_or_default();
    if let Some(position) = sign_in.position {
        let mut country = [b'?'; 2];
        for (to, from) in country.iter_mut().zip(sign_in.country.bytes()) {
            *to = from;
        }
        habits.whereabouts = Some(Whereabouts { at: sign_in.at, position, address, country });
    }
}

fn follow_session(habits: &mut Habits, sign_in: &SignIn, properties: Properties) {
    if sign_in.session.is_empty() || sign_in.outcome != Outcome::Success {
        return;
    }
    let key = key(&sign_in.session);
    if habits.session(key).is_none() {
        habits.begin_session(Session { key, began: sign_in.at, properties });
    }
}
