//! Proofs against the decision engine: what a proof excludes is never allowed, what it finds always is.

use std::sync::Arc;

use azimuth_identity::{
    Claim, ClientApp, Device, Directory, Flow, Identity, InsiderRisk, Network, Outcome, Platform, PolicySet,
    Risk, SignIn, Target, TargetType, Verdict, decide, prove, prove_by_sat, replays,
};
use serde_json::{Value, json};

use crate::corpus::{cases, folder};

/// How many random sign-ins are tried against each proof.
const SAMPLES: usize = 150;

/// A small generator of numbers, the same ones every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn one<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len())]
    }
}

fn devices() -> Vec<Option<Device>> {
    let mut found = vec![None];
    for trust in ["Workplace", "AzureAD", "ServerAD"] {
        for compliant in [false, true] {
            for owner in ["Personal", "Company"] {
                found.push(Some(Device::from_json(&json!({
                    "trustType": trust, "isCompliant": compliant, "isManaged": compliant, "deviceOwnership": owner,
                    "operatingSystem": "Windows", "profileType": "RegisteredDevice", "extensionAttribute1": "SAW",
                }))));
            }
        }
    }
    found
}

fn sample(set: &PolicySet, claim: &Claim, devices: &[Option<Device>], numbers: &mut Numbers) -> SignIn {
    let class = &claim.class;
    let directory = set.directory();
    let users: Vec<&String> = directory
        .users
        .iter()
        .map(|user| &user.id)
        .filter(|id| class.include_users.as_ref().is_none_or(|listed| listed.contains(&id.to_lowercase())))
        .collect();
    let apps: Vec<String> = directory.applications.iter().map(|app| app.app_id.clone()).collect();
    let target = match class.target_types.as_deref() {
        Some([TargetType::UserAction]) => Target::UserAction("urn:user:registersecurityinfo".to_owned()),
        _ => Target::Applications(vec![numbers.one(class.app_ids.as_ref().unwrap_or(&apps)).clone()]),
    };
    let allowed: Vec<&Option<Device>> = devices
        .iter()
        .filter(|device| {
            let is_managed =
                device.as_ref().is_some_and(|device| device.is_compliant() || device.is_hybrid_joined());
            class.device.is_none() || !is_managed
        })
        .collect();
    let addresses = ["192.0.2.1", "198.51.100.7", "198.18.0.1", "203.0.113.9", "2001:db8:1::1", "2a00::1"];
    let countries = [None, Some("US"), Some("NL"), Some("AQ"), Some("ZZ"), Some("NO")];
    SignIn {
        identity: Identity::User((*numbers.one(&users)).clone()),
        target,
        client: *numbers.one(class.clients.as_deref().unwrap_or(ClientApp::ALL)),
        platform: *numbers.one(class.platforms.as_deref().unwrap_or(Platform::RECOGNISED)),
        device: (*numbers.one(&allowed)).clone(),
        private_browsing: numbers.below(5) == 0,
        network: Network {
            address: numbers.one(&addresses).parse().ok(),
            country: numbers.one(&countries).map(str::to_owned),
            gps_country: numbers.one(&countries).map(str::to_owned),
            is_compliant: numbers.below(2) == 0,
            is_inside_corporate: numbers.below(2) == 0,
        },
        sign_in_risk: *numbers.one(class.sign_in_risks.as_deref().unwrap_or(Risk::ALL)),
        user_risk: *numbers.one(class.user_risks.as_deref().unwrap_or(Risk::ALL)),
        service_principal_risk: Risk::None,
        insider_risk: *numbers.one(class.insider_risks.as_deref().unwrap_or(InsiderRisk::ALL)),
        flow: *numbers.one(class.flows.as_deref().unwrap_or(Flow::ALL)),
        original_flow: *numbers.one(Flow::ALL),
        session: claim.session.clone(),
    }
}

#[test]
fn every_claim_of_the_corpus_by_folding_and_by_sat_replayed_and_sampled() {
    let Some(folder) = folder("identity") else { return };
    let devices = devices();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut proofs, mut samples) = (0, 0);
    for case in cases(&folder.join("coverage-claims.jsonl")) {
        let directory = Arc::new(Directory::from_json(&case["directory"]));
        let policies = case["policies"].as_array().expect("policies");
        let set = PolicySet::from_json(policies, directory).expect("few policies");
        for document in case["claims"].as_array().expect("claims") {
            let claim = Claim::from_json(document).expect("a claim");
            let name = format!("{} {}", case["id"], claim.id);
            let folded = prove(&set, &claim);
            check(&set, &folded, document, &name);
            let solved = prove_by_sat(&set, &claim);
            assert_eq!(folded.wire(), solved.wire(), "{name}");
            check(&set, &solved, document, &name);
            if folded == Verdict::Proven {
                proofs += 1;
                for _ in 0..SAMPLES {
                    let sign_in = sample(&set, &claim, &devices, &mut numbers);
                    let outcome = decide(&set, &sign_in).outcome;
                    assert_ne!(outcome, Outcome::Allow, "{name} is proven, yet: {}", sign_in.to_json());
                    samples += 1;
                }
            }
        }
    }
    assert!(proofs > 20 && samples == proofs * SAMPLES, "{proofs} proofs");
}

fn check(set: &PolicySet, verdict: &Verdict, document: &Value, name: &str) {
    let expected = &document["expect"];
    let got = (
        verdict != &Verdict::Vacuous && !matches!(verdict, Verdict::Refuted(_)),
        verdict == &Verdict::Vacuous,
    );
    let holds = expected["holds"] == json!(true);
    let vacuous = expected["vacuous"] == json!(true);
    assert_eq!(got, (holds && !vacuous, vacuous), "{name}: {}", verdict.to_json());
    if let Verdict::Refuted(found) = verdict {
        assert!(replays(set, found), "{name}: {}", found.sign_in.to_json());
        assert!(found.people_count >= 1 && !found.people.is_empty(), "{name}");
        let sign_in = found.sign_in.to_json();
        for (member, wanted) in expected["counterexampleHas"].as_object().into_iter().flatten() {
            assert_eq!(&sign_in[member], wanted, "{name}");
        }
    }
}
