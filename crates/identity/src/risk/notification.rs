//! Mails about users at risk.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::level::RiskLevel;

/// Users who become risky within so long are named in one mail.
const MERGED_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// A recalculation of a user's risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange<'a> {
    /// When it was calculated.
    pub at: Timestamp,
    /// The user.
    pub user: &'a str,
    /// The level that came out.
    pub level: RiskLevel,
    /// When the activity took place of which the risk was detected.
    pub activity: Timestamp,
}

/// The mails that a sequence of recalculations brings, each as the users it names, in order of time.
///
/// A mail is sent when a user's level reaches the threshold, and again whenever a *newer* detection keeps it there; an
/// older sign-in that turns out risky later sends nothing. Five seconds of changes share one mail.
pub fn mails<'a>(threshold: RiskLevel, changes: &[LevelChange<'a>]) -> Vec<Vec<&'a str>> {
    let mut changes: Vec<_> = changes.iter().collect();
    changes.sort_by_key(|change| change.at);
    let mut told: HashMap<&str, Timestamp> = HashMap::new();
    let mut mails: Vec<(Timestamp, Vec<&str>)> = Vec::new();
    for change in changes {
        if change.level < threshold || change.level == RiskLevel::None {
            told.remove(change.user);
            continue;
        }
        if told.get(change.user).is_some_and(|newest| change.activity <= *newest) {
            continue;
        }
        told.insert(change.user, change.activity);
        match mails.last_mut() {
            Some((first, users)) if change.at.duration_since(*first) <= MERGED_WITHIN => {
                if !users.contains(&change.user) {
                    users.push(change.user);
                }
            }
            _ => mails.push((change.at, vec![change.user])),
        }
    }
    mails.into_iter().map(|(_, users)| users).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(changes: &[(i64, &str, RiskLevel, i64)], expected: &[&[&str]]) {
        let at = |second| Timestamp::from_second(second).unwrap();
        let change = |&(when, user, level, activity): &(i64, _, _, _)| LevelChange {
            at: at(when),
            user,
            level,
            activity: at(activity),
        };
        let changes: Vec<_> = changes.iter().map(change).collect();
        assert_eq!(mails(RiskLevel::High, &changes), expected);
    }

    #[test]
    fn reaching_the_threshold_sends_and_staying_by_a_newer_detection_sends_again() {
        use RiskLevel::{High, Low, Medium};
        check(&[(0, "a", Medium, 0)], &[]);
        check(&[(0, "a", High, 0), (60, "a", High, 60)], &[&["a"], &["a"]]);
        check(&[(0, "a", High, 0), (60, "a", High, -60)], &[&["a"]]);
        check(&[(0, "a", High, 0), (60, "a", Low, 0), (90, "a", High, -60)], &[&["a"], &["a"]]);
    }

    #[test]
    fn five_seconds_share_a_mail() {
        use RiskLevel::High;
        check(&[(3, "b", High, 3), (0, "a", High, 0), (5, "a", High, 5)], &[&["a", "b"]]);
        check(&[(0, "a", High, 0), (6, "b", High, 6)], &[&["a"], &["b"]]);
    }
}
