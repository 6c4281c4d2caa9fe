//! How long does it take to decide a sign-in, and to prove what a large policy set guarantees?
//!
//! The tenant is generated: personas of people in groups, policies about these groups with exclusions, countries and
//! networks, as large tenants have them.

use std::sync::Arc;

use azimuth_identity::{
    Application, Claim, Class, Directory, LocationKind, NamedLocation, Policy, PolicySet, Range, Ranges,
    Session, SignIn, User, Verdict, decide, prove,
};
use divan::Bencher;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const PERSONAS: usize = 24;

fn directory(users: usize, applications: usize, locations: usize) -> Arc<Directory> {
    let users = (0..users)
        .map(|at| User {
            id: format!("user-{at}"),
            groups: vec![
                format!("persona-{}", at % PERSONAS),
                format!("site-{}", at % 97),
                if at % 1000 == 7 { "excluded".to_owned() } else { format!("team-{}", at % 4001) },
            ],
            is_mfa_registered: true,
            ..User::default()
        })
        .collect();
    let applications = (0..applications)
        .map(|at| Application { app_id: format!("app-{at}"), groups: Vec::new(), ..Application::default() })
        .collect();
    let locations = (0..locations)
        .map(|at| {
            let range = format!("10.{}.{}.0/24", at / 200, at % 200);
            NamedLocation {
                id: format!("location-{at}"),
                display_name: format!("Location {at}"),
                kind: if at % 4 == 0 {
                    let letter =
                        |number: usize| char::from(b'A' + u8::try_from(number % 26).expect("a letter"));
                    LocationKind::Countries {
                        countries: vec![format!("{}{}", letter(at / 4), letter(at / 104))],
                        include_unknown: false,
                        by_gps: false,
                    }
                } else {
                    LocationKind::Addresses {
                        ranges: Ranges::new(vec![Range::parse(&range).expect("a range")]),
                        is_trusted: at % 5 == 0,
                    }
                },
            }
        })
        .collect();
    Arc::new(Directory { users, applications, locations, ..Directory::default() })
}

fn policies(count: usize, applications: usize, locations: usize) -> Vec<Policy> {
    (0..count)
        .map(|at| {
            let persona = format!("persona-{}", at % PERSONAS);
            let mut conditions: Value = json!({
                "clientAppTypes": ["all"],
                "users": {"includeGroups": [persona], "excludeGroups": ["excluded"]},
                "applications": {"includeApplications": ["All"]},
            });
            let mut control = "mfa";
            match at / PERSONAS {
                0 => {}
                1 => {
                    conditions["clientAppTypes"] = json!(["exchangeActiveSync", "other"]);
                    control = "block";
                }
                2 => conditions["platforms"] = json!({"includePlatforms": ["windows", "macOS"]}),
                3 => {
                    conditions["locations"] = json!({
                        "includeLocations": ["All"],
                        "excludeLocations": [format!("location-{}", at % locations.max(1)), "AllTrusted"],
                    });
                }
                4 => conditions["signInRiskLevels"] = json!(["high", "medium"]),
                5 => {
                    let chosen: Vec<String> =
                        (0..20).map(|step| format!("app-{}", (at * 7 + step) % applications)).collect();
                    conditions["applications"] = json!({"includeApplications": chosen});
                    control = "compliantDevice";
                }
                _ => conditions["authenticationFlows"] = json!({"transferMethods": "deviceCodeFlow"}),
            }
            Policy::from_json(&json!({
                "id": format!("policy-{at}"), "displayName": format!("Policy {at}"), "state": "enabled",
                "conditions": conditions, "grantControls": {"operator": "OR", "builtInControls": [control]},
            }))
        })
        .collect()
}

#[divan::bench]
fn one_sign_in_by_200_policies(bencher: Bencher<'_, '_>) {
    let set = PolicySet::new(policies(200, 100, 50), directory(10_000, 100, 50)).expect("few policies");
    let sign_in = SignIn::from_json(&json!({
        "identity": {"userId": "user-5000"}, "target": {"appId": "app-7"}, "clientAppType": "browser",
        "devicePlatform": "windows", "ipAddress": "10.0.7.9", "country": "NO",
        "session": {"methods": ["password"]},
    }))
    .expect("a sign-in");
    bencher.bench(|| decide(&set, divan::black_box(&sign_in)));
}

fn password() -> Session {
    Session::from_json(&json!({"methods": ["password"]}))
}

#[divan::bench(args = [240, 500], sample_count = 5, sample_size = 1)]
fn proof_over_400_000_users_500_apps_800_locations(bencher: Bencher<'_, '_>, count: usize) {
    let set = PolicySet::new(policies(count, 500, 800), directory(400_000, 500, 800)).expect("few policies");
    let class = Class { exclude_groups: vec!["excluded".to_owned()], ..Class::default() };
    let claim = Claim { class, session: password(), ..Claim::default() };
    assert_eq!(prove(&set, &claim), Verdict::Proven);
    bencher.bench(|| prove(&set, divan::black_box(&claim)));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn counterexample_among_400_000_users_240_policies(bencher: Bencher<'_, '_>) {
    let set = PolicySet::new(policies(240, 500, 800), directory(400_000, 500, 800)).expect("few policies");
    let claim = Claim { session: password(), ..Claim::default() };
    bencher.bench(|| prove(&set, divan::black_box(&claim)));
}
