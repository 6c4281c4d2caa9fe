//! How long does a sign-in take the detector of risk, with 50,000 users known?
//!
//! Every user has twenty sign-ins behind them, from 400 addresses in eight cities. `habitual` is one more of the kind,
//! `stranger` one from a place, network and client never seen, `sprayed` wrong passwords for one account after the other
//! from one address. `row` also reads the sign-in from its JSON row.

use azimuth_identity::risk::{Detector, Lists, Outcome, SignIn};
use divan::Bencher;
use jiff::Timestamp;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const USERS: usize = 50_000;
const SIGN_INS: usize = 20;

fn habitual(user: usize, number: usize) -> SignIn {
    let city = user % 8;
    SignIn {
        id: format!("{user}-{number}"),
        correlation_id: format!("c{user}-{number}"),
        at: Timestamp::from_second(1_767_225_600 + (number * 86_400 + user) as i64).expect("it is in range"),
        user_id: format!("00000000-0000-0000-0000-{user:012}"),
        user_name: format!("user{user}@contoso.com"),
        address: Some([192, 0, 2 + (user % 2) as u8, (user % 200) as u8].into()),
        network: Some(64_500 + city as u32),
        country: ["NO", "DE", "US", "BE", "FR", "GB", "SE", "DK"][city].to_owned(),
        place: format!("state/city{city}"),
        position: Some((50.0 + city as f64, 10.0 + city as f64)),
        client: "windows edge".to_owned(),
        user_agent: "Mozilla/5.0 Edg/130".to_owned(),
        session: format!("s{user}-{}", number / 4),
        outcome: Outcome::Success,
        ..SignIn::default()
    }
}

fn used() -> Detector {
    let mut detector = Detector::new(Lists::default());
    for number in 0..SIGN_INS {
        for user in 0..USERS {
            detector.observe(&habitual(user, number));
        }
    }
    detector
}

fn run(bencher: Bencher<'_, '_>, sign_in: impl Fn(usize) -> SignIn) {
    let mut detector = used();
    let mut at = 0;
    let next = || {
        at += 1;
        sign_in(at)
    };
    bencher.with_inputs(next).bench_local_refs(|sign_in| detector.observe(sign_in));
}

#[divan::bench]
fn observe_habitual(bencher: Bencher<'_, '_>) {
    run(bencher, |at| habitual(at * 7 % USERS, SIGN_INS + at / USERS));
}

#[divan::bench]
fn observe_stranger(bencher: Bencher<'_, '_>) {
    run(bencher, |at| SignIn {
        address: Some([203, 0, (at / 250 % 250) as u8, (at % 250) as u8].into()),
        network: Some(65_000),
        country: "AU".to_owned(),
        place: "state/sydney".to_owned(),
        position: Some((-33.87, 151.21)),
        client: "linux firefox".to_owned(),
        ..habitual(at * 7 % USERS, SIGN_INS + at / USERS)
    });
}

#[divan::bench]
fn observe_sprayed(bencher: Bencher<'_, '_>) {
    run(bencher, |at| SignIn {
        address: Some([203, 0, 113, 7].into()),
        outcome: Outcome::BadCredentials,
        ..habitual(at * 7 % USERS, SIGN_INS + at / USERS)
    });
}

#[divan::bench]
fn read_row(bencher: Bencher<'_, '_>) {
    let row = row();
    bencher.bench_local(|| SignIn::from_row(&row));
}

/// A row as the table has it, with the JSON texts that are parsed again.
fn row() -> Value {
    json!({
        "CreatedDateTime": "2026-01-15T09:12:13Z", "Id": "r", "CorrelationId": "c", "UserId": "u",
        "UserPrincipalName": "user@contoso.com", "UserDisplayName": "User", "IPAddress": "192.0.2.10",
        "AutonomousSystemNumber": 64_500, "Location": "NO", "ResultType": "0", "ClientAppUsed": "Browser",
        "AuthenticationRequirement": "singleFactorAuthentication", "UserAgent": "Mozilla/5.0 Edg/130",
        "DeviceDetail": {"operatingSystem": "Windows 10", "browser": "Edge 130.0.0", "deviceId": ""},
        "LocationDetails": {"city": "Oslo", "state": "Oslo", "countryOrRegion": "NO",
            "geoCoordinates": {"latitude": 59.9, "longitude": 10.7}},
        "Status": {"errorCode": 0}, "RiskEventTypes_V2": "[]", "RiskLevelDuringSignIn": "none",
        "AuthenticationDetails": "[{\"authenticationMethod\":\"Password\",\"succeeded\":true,\
            \"authenticationStepResultDetail\":\"Correct password\"}]",
    })
}
