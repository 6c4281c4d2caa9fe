//! What is detected, and what is not.

use azimuth_identity::risk::{
    AddressList, Lists, Outcome, RiskEventType as Kind, RiskLevel, SignIn, Source, Timing,
};

use super::{at_the_desk, from_sydney, kinds, used_to};

#[track_caller]
fn check(days: i64, sign_in: &SignIn, expected: &[Kind]) {
    let detections = used_to(days, Lists::default()).observe(sign_in);
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(kinds(&detections), expected, "{detections:#?}");
}

#[test]
fn a_stranger_far_away_is_found_once_habits_are_known() {
    let expected =
        [Kind::UnfamiliarFeatures, Kind::UnlikelyTravel, Kind::McasImpossibleTravel, Kind::NewCountry];
    check(20, &from_sydney(19 * 24 + 2), &expected);
}

#[test]
fn each_detection_learns_for_as_long_as_documented() {
    check(3, &from_sydney(2 * 24 + 2), &[]);
    // Five days and one sign-in a day: unfamiliar properties are known, travel is not.
    check(6, &from_sydney(5 * 24 + 2), &[Kind::UnfamiliarFeatures]);
    check(
        8,
        &from_sydney(7 * 24 + 2),
        &[Kind::UnfamiliarFeatures, Kind::McasImpossibleTravel, Kind::NewCountry],
    );
    // Ten sign-ins end the learning of atypical travel before fourteen days do.
    let mut detector = used_to(1, Lists::default());
    for hour in 1..10 {
        detector.observe(&at_the_desk(hour));
    }
    assert_eq!(kinds(&detector.observe(&from_sydney(11))), [Kind::UnlikelyTravel]);
}

#[test]
fn time_enough_to_travel_is_no_journey() {
    check(20, &from_sydney(19 * 24 + 23), &[Kind::UnfamiliarFeatures, Kind::NewCountry]);
    let near = SignIn {
        position: Some((60.39, 5.32)),
        place: "Vestland/Bergen".to_owned(),
        ..at_the_desk(19 * 24 + 1)
    };
    check(20, &near, &[]);
}

#[test]
fn the_organisations_own_exits_are_trusted() {
    let lists = Lists { trusted: AddressList::parse("203.0.113.0/24").unwrap(), ..Lists::default() };
    assert_eq!(used_to(20, lists).observe(&from_sydney(19 * 24 + 2)), []);
}

#[test]
fn places_that_colleagues_use_end_no_journey() {
    let mut detector = used_to(20, Lists::default());
    for user in ["ben", "carl", "dora"] {
        let colleague = SignIn { user_id: user.to_owned(), has_mfa: true, ..from_sydney(19 * 24) };
        detector.observe(&colleague);
    }
    assert_eq!(kinds(&detector.observe(&from_sydney(19 * 24 + 2))), [Kind::UnfamiliarFeatures]);
}

#[test]
fn a_risky_sign_in_becomes_a_habit_only_with_a_second_factor() {
    let (first, second) = (from_sydney(19 * 24 + 23), from_sydney(19 * 24 + 24));
    let mut detector = used_to(20, Lists::default());
    detector.observe(&first);
    assert!(kinds(&detector.observe(&second)).contains(&Kind::UnfamiliarFeatures));
    let mut detector = used_to(20, Lists::default());
    detector.observe(&SignIn { has_mfa: true, ..first });
    assert_eq!(detector.observe(&second), []);
}

#[test]
fn levels_follow_how_much_is_new() {
    #[track_caller]
    fn level(sign_in: &SignIn, expected: Option<RiskLevel>) {
        let detections = used_to(6, Lists::default()).observe(sign_in);
        let found = detections.iter().find(|detection| detection.kind == Kind::UnfamiliarFeatures);
        assert_eq!(found.map(|detection| detection.level), expected, "{found:?}");
    }
    let hour = 5 * 24 + 20;
    level(&from_sydney(hour), Some(RiskLevel::High));
    level(&SignIn { client: "windows edge".to_owned(), ..from_sydney(hour) }, Some(RiskLevel::Medium));
    let other_network =
        SignIn { address: Some("198.51.100.1".parse().unwrap()), network: Some(64_502), ..at_the_desk(hour) };
    level(&other_network, Some(RiskLevel::Low));
    level(&SignIn { outcome: Outcome::BadCredentials, ..from_sydney(hour) }, None);
}

#[test]
fn long_inactivity_begins_learning_anew() {
    let mut detector = used_to(20, Lists::default());
    let back = at_the_desk(60 * 24);
    assert_eq!(detector.observe(&back), []);
    let detections = detector.observe(&from_sydney(60 * 24 + 20));
    assert!(!kinds(&detections).contains(&Kind::UnfamiliarFeatures), "{detections:?}");
}

#[test]
fn a_password_spray_is_found_while_it_runs_and_afterwards() {
    let mut detector = used_to(1, Lists::default());
    let attempt = |number: i64, outcome| SignIn {
        id: format!("spray-{number}"),
        user_id: format!("user-{number}"),
        outcome,
        ..from_sydney(30)
    };
    let mut found = Vec::new();
    for number in 0..12 {
        // The fifth account's password is among those tried, long before the pattern shows.
        let outcome = if number == 5 { Outcome::PasswordRight } else { Outcome::BadCredentials };
        found.extend(detector.observe(&attempt(number, outcome)));
    }
    assert_eq!(kinds(&found), [Kind::PasswordSpray]);
    assert_eq!((found[0].user_id.as_str(), found[0].timing), ("user-5", Timing::Offline));
    assert_eq!((found[0].level, found[0].sign_in_id.as_str()), (RiskLevel::Medium, "spray-5"));
    let now = detector.observe(&attempt(20, Outcome::Success));
    assert_eq!(kinds(&now), [Kind::PasswordSpray]);
    assert_eq!((now[0].level, now[0].timing), (RiskLevel::High, Timing::Realtime));
    assert_eq!(detector.observe(&attempt(21, Outcome::BadCredentials)), [], "the password has to be right");
}

#[test]
fn an_office_where_many_mistype_does_not_spray() {
    let mut detector = used_to(1, Lists::default());
    for number in 0..30 {
        for (attempt, outcome) in [(0, Outcome::BadCredentials), (1, Outcome::Success)] {
            let sign_in = SignIn {
                id: format!("{number}-{attempt}"),
                user_id: format!("user-{number}"),
                outcome,
                ..at_the_desk(30)
            };
            let detections = detector.observe(&sign_in);
            assert_eq!(detections, [], "user {number}");
        }
    }
}

#[test]
fn an_address_that_fails_nearly_always_is_malicious() {
    let mut detector = used_to(1, Lists::default());
    for number in 0..60 {
        let guess = SignIn { id: format!("g{number}"), outcome: Outcome::BadCredentials, ..from_sydney(30) };
        detector.observe(&guess);
    }
    assert_eq!(kinds(&detector.observe(&from_sydney(31))), [Kind::MaliciousIpAddress]);
}

#[test]
fn lists_of_the_user_are_asked() {
    #[track_caller]
    fn check(lists: Lists, expected: Kind, level: RiskLevel) {
        let detections = used_to(1, lists).observe(&from_sydney(30));
        assert_eq!((kinds(&detections), detections[0].level), (vec![expected], level));
    }
    let list = || AddressList::parse("203.0.113.7").unwrap();
    check(Lists { anonymous: list(), ..Lists::default() }, Kind::AnonymizedIpAddress, RiskLevel::Medium);
    check(Lists { malicious: list(), ..Lists::default() }, Kind::MaliciousIpAddress, RiskLevel::High);
    check(Lists { threat_actors: list(), ..Lists::default() }, Kind::NationStateIp, RiskLevel::High);
}

#[test]
fn a_session_in_other_hands_is_an_anomalous_token() {
    let stolen = SignIn { session: "desk".to_owned(), ..from_sydney(25) };
    let detections = used_to(1, Lists::default()).observe(&stolen);
    assert_eq!((kinds(&detections), detections[0].level), (vec![Kind::AnomalousToken], RiskLevel::High));
    let same_client = SignIn { client: "windows edge".to_owned(), ..stolen };
    let detections = used_to(1, Lists::default()).observe(&same_client);
    assert_eq!((kinds(&detections), detections[0].level), (vec![Kind::AnomalousToken], RiskLevel::Medium));
    let update = SignIn { client: "windows firefox".to_owned(), ..at_the_desk(25) };
    assert_eq!(used_to(1, Lists::default()).observe(&update), []);
}

#[test]
fn a_new_issuer_of_tokens_is_found_after_a_week() {
    let federated = |hour| SignIn { issuer: "http://sts.evil.example".to_owned(), ..at_the_desk(hour) };
    assert_eq!(used_to(2, Lists::default()).observe(&federated(25)), []);
    let detections = used_to(9, Lists::default()).observe(&federated(8 * 24 + 1));
    assert_eq!(kinds(&detections), [Kind::TokenIssuerAnomaly]);
}

#[test]
fn one_browser_across_tenants_and_countries_is_suspicious() {
    let mut detector = used_to(1, Lists::default());
    let guest = |tenant: &str, country: &str| SignIn {
        user_id: tenant.to_owned(),
        home_tenant: tenant.to_owned(),
        country: country.to_owned(),
        ..from_sydney(25)
    };
    assert_eq!(detector.observe(&guest("a", "AU")), []);
    assert_eq!(detector.observe(&guest("b", "DE")), []);
    let detections = detector.observe(&guest("c", "US"));
    assert_eq!((kinds(&detections), detections[0].level), (vec![Kind::SuspiciousBrowser], RiskLevel::Low));
}

#[test]
fn what_users_report_and_what_was_recorded_is_taken_over() {
    let reported = SignIn { is_reported: true, outcome: Outcome::PasswordRight, ..at_the_desk(25) };
    let detections = used_to(1, Lists::default()).observe(&reported);
    assert_eq!(kinds(&detections), [Kind::UserReportedSuspiciousActivity]);
    let passwordless = SignIn { is_passwordless: true, ..reported };
    assert_eq!(used_to(1, Lists::default()).observe(&passwordless), []);
    let recorded = vec![(Kind::AttackerInTheMiddle, RiskLevel::High)];
    let detections = used_to(1, Lists::default()).observe(&SignIn { recorded, ..at_the_desk(25) });
    assert_eq!(
        (detections[0].kind, detections[0].source),
        (Kind::AttackerInTheMiddle, Source::IdentityProtection)
    );
}

#[test]
fn users_beyond_the_limit_are_forgotten_oldest_first() {
    let mut detector = azimuth_identity::risk::Detector::new(Lists::default()).with_most_users(100);
    for number in 0..1_000 {
        detector.observe(&SignIn { user_id: format!("user-{number}"), ..at_the_desk(number) });
        assert!(detector.users() <= 100);
    }
    assert!(detector.users() > 80);
}

#[test]
fn what_is_found_afterwards_is_news_once_a_day() {
    let mut detector = used_to(20, Lists::default());
    detector.observe(&from_sydney(20 * 24));
    assert_eq!(kinds(&detector.observe(&from_sydney(20 * 24 + 1))), [Kind::UnfamiliarFeatures]);
    assert!(kinds(&detector.observe(&from_sydney(21 * 24))).contains(&Kind::NewCountry));
}

#[test]
fn a_workload_that_signs_in_unlike_itself_is_suspicious() {
    let workload = |hour| SignIn {
        is_workload: true,
        user_id: "backup-app".to_owned(),
        credential: "key-1".to_owned(),
        resource: "vault".to_owned(),
        user_agent: String::new(),
        ..at_the_desk(hour)
    };
    let stolen = |hour| SignIn {
        credential: "key-2".to_owned(),
        resource: "graph".to_owned(),
        user_agent: "curl".to_owned(),
        is_workload: true,
        user_id: "backup-app".to_owned(),
        ..from_sydney(hour)
    };
    let mut detector = azimuth_identity::risk::Detector::new(Lists::default());
    detector.observe(&workload(0));
    assert_eq!(detector.observe(&stolen(24)), [], "the baseline takes two days");
    let mut detector = azimuth_identity::risk::Detector::new(Lists::default());
    for hour in [0, 24, 48] {
        assert_eq!(detector.observe(&workload(hour)), []);
    }
    let moved = SignIn { address: Some("192.0.2.99".parse().unwrap()), ..workload(49) };
    assert_eq!(detector.observe(&moved), [], "a new address by itself");
    let detections = detector.observe(&stolen(50));
    assert_eq!((kinds(&detections), detections[0].level), (vec![Kind::SuspiciousSignins], RiskLevel::High));
}
