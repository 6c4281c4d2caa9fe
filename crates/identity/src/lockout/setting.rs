//! The two values of smart lockout, and when a tenant may choose them.

use jiff::SignedDuration;

/// The cloud that a tenant lives in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Public,
    /// Azure for US Government.
    UsGovernment,
    /// Azure in China, operated by 21Vianet.
    China,
}

/// What a tenant has set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// `LockoutThreshold`: failures until the account is locked.
    pub threshold: Option<u32>,
    /// `LockoutDurationInSeconds` of the first lock.
    pub duration: Option<SignedDuration>,
    /// Where the tenant lives.
    pub cloud: Cloud,
    /// The tenant has Entra ID P1 or more.
    pub has_p1: bool,
    /// Passwords are verified by pass-through authentication, which knows no hashes of bad passwords.
    pub is_pass_through: bool,
}

/// The values in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures until the account is locked.
    pub threshold: u32,
    /// How long the first lock lasts.
    pub duration: SignedDuration,
    /// Repeats of a recent bad password do not count.
    pub tracks_hashes: bool,
}

const DEFAULT_THRESHOLD: u32 = 10;
const DEFAULT_THRESHOLD_US_GOVERNMENT: u32 = 3;
const DEFAULT_DURATION: SignedDuration = SignedDuration::from_secs(60);
/// The portal takes 1 to 50 failures and 5 seconds to 5 hours.
const THRESHOLDS: std::ops::RangeInclusive<u32> = 1..=50;
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(5);
const SHORTEST: SignedDuration = SignedDuration::from_secs(5);

impl Setting {
    /// The values in force: custom ones need Entra ID P1, another cloud than that of 21Vianet, and the permitted range;
    /// otherwise the default holds.
    pub fn effective(&self) -> Rules {
        let may_choose = self.has_p1 && self.cloud != Cloud::China;
        let threshold = self.threshold.filter(|chosen| may_choose && THRESHOLDS.contains(chosen));
        let duration = self.duration.filter(|chosen| may_choose && (SHORTEST..=LONGEST).contains(chosen));
        let default_threshold = match self.cloud {
            Cloud::UsGovernment => DEFAULT_THRESHOLD_US_GOVERNMENT,
            Cloud::Public | Cloud::China => DEFAULT_THRESHOLD,
        };
        Rules {
            threshold: threshold.unwrap_or(default_threshold),
            duration: duration.unwrap_or(DEFAULT_DURATION),
            tracks_hashes: !self.is_pass_through,
        }
    }
}

/// What is wrong between the cloud and a directory behind pass-through authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassThroughProblem {
    /// The directory locks first, so a guesser in the cloud locks the user out on premises.
    #[error(
        "the threshold in the cloud is not below that of the directory; make the directory's two to three times larger"
    )]
    Threshold,
    /// The cloud unlocks first, so guessing goes on against an account still locked.
    #[error("the lock in the cloud is not longer than that of the directory; lengthen it")]
    Duration,
}

/// Compares the cloud's values with the account lockout policy of Active Directory.
pub fn pass_through_problems(
    rules: &Rules,
    directory_threshold: u32,
    directory_duration: SignedDuration,
) -> Vec<PassThroughProblem> {
    let mut problems = Vec::new();
    if rules.threshold >= directory_threshold {
        problems.push(PassThroughProblem::Threshold);
    }
    if rules.duration <= directory_duration {
        problems.push(PassThroughProblem::Duration);
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(setting: Setting, threshold: u32, seconds: i64) {
        let rules = setting.effective();
        assert_eq!((rules.threshold, rules.duration.as_secs()), (threshold, seconds));
    }

    #[test]
    fn custom_values_need_a_licence_and_a_cloud_that_has_them() {
        let chosen = Setting {
            threshold: Some(5),
            duration: Some(SignedDuration::from_secs(120)),
            has_p1: true,
            ..Setting::default()
        };
        check(chosen, 5, 120);
        check(Setting { has_p1: false, ..chosen }, 10, 60);
        check(Setting { cloud: Cloud::China, ..chosen }, 10, 60);
        check(Setting { cloud: Cloud::UsGovernment, ..chosen }, 5, 120);
        check(Setting { threshold: Some(0), duration: Some(SignedDuration::from_secs(4)), ..chosen }, 10, 60);
        check(
            Setting { threshold: Some(51), duration: Some(SignedDuration::from_secs(18_001)), ..chosen },
            10,
            60,
        );
    }

    #[test]
    fn defaults_differ_by_cloud() {
        check(Setting::default(), 10, 60);
        check(Setting { cloud: Cloud::UsGovernment, ..Setting::default() }, 3, 60);
    }

    #[test]
    fn the_directory_has_to_lock_later_and_shorter() {
        let rules = Setting::default().effective();
        let seconds = SignedDuration::from_secs;
        assert_eq!(pass_through_problems(&rules, 20, seconds(30)), []);
        let both = [PassThroughProblem::Threshold, PassThroughProblem::Duration];
        assert_eq!(pass_through_problems(&rules, 10, seconds(60)), both);
    }
}
