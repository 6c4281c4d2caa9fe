//! The published landing zones over the generated company: read through the exports, put onto its management groups,
//! evaluated, and summed up with reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use azimuth_demo::{Flaws, MIN_SIZE};
use azimuth_estate::hierarchy::Hierarchy;
use azimuth_estate::{Entry, Snapshot};
use azimuth_exports::{Imported, merge, read};
use azimuth_policy::{
    Catalogue, CompileOptions, ComplianceState, Governance, GovernanceError, Inventory, Resource, Scan,
    Selected, Slots, Standing, Surroundings,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The text of a file of the policy corpus; without it the test says loudly that it is skipped, and with `CI` fails.
fn corpus(name: &str) -> Option<String> {
    let shared = std::env::var_os("AZIMUTH_SHARED").map(PathBuf::from);
    let beside =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("../../../shared");
    let path = shared.unwrap_or(beside).join("corpora/policy").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "the corpus `{name}` is missing");
            #[expect(clippy::print_stdout, reason = "a skipped test says so loudly")]
            {
                println!("SKIPPED: the corpus `{name}` is not at hand");
            }
            None
        }
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The company without its own policy, as exports are read.
fn company() -> (Vec<Imported>, Timestamp) {
    let mut imported = Vec::new();
    let options = azimuth_demo::Options { size: MIN_SIZE, seed: 1, flaws: Flaws::None };
    let manifest = azimuth_demo::generate(&options, &mut |file| {
        if !file.path.starts_with("policy/") {
            read(&file.path, &file.content, &mut |document| imported.push(document));
        }
        Ok::<(), Infallible>(())
    })
    .unwrap();
    (imported, manifest.time)
}

fn snapshot(imported: Vec<Imported>) -> Snapshot {
    let mut builder = Snapshot::builder();
    for document in merge(imported).documents {
        builder.push(&document.key, document.body);
    }
    builder.finish()
}

/// Which group of the company plays the part of each group of the architecture.
fn roles(hierarchy: &Hierarchy) -> BTreeMap<&'static str, String> {
    let root = hierarchy.root().unwrap().name().to_owned();
    let mut segments = hierarchy.children(&root);
    segments.retain(|group| group != "contoso-platform" && group != "contoso-sandbox");
    // In a small company not every segment has a subscription; landing zones want one.
    segments.sort_by_key(|group| hierarchy.subscriptions_under(group).is_empty());
    let (first, second) = (segments[0].clone(), segments[1].clone());
    let below = |group: &str, place: usize| hierarchy.children(group)[place].clone();
    [
        ("alz", root),
        ("platform", "contoso-platform".to_owned()),
        ("connectivity", "contoso-platform-connectivity".to_owned()),
        ("identity", "contoso-platform-identity".to_owned()),
        ("management", "contoso-platform-management".to_owned()),
        ("security", "contoso-platform-management".to_owned()),
        ("sandbox", "contoso-sandbox".to_owned()),
        ("corp", below(&first, 0)),
        ("online", below(&first, 1)),
        ("local", below(&second, 0)),
        ("decommissioned", below(&second, 1)),
        ("landingzones", first),
    ]
    .into()
}

/// The text with every management group of the architecture replaced by the one that plays its part.
fn replaced(text: &str, roles: &BTreeMap<&'static str, String>) -> String {
    roles.iter().fold(text.to_owned(), |text, (group, part)| {
        ['/', '"'].iter().fold(text, |text, end| {
            text.replace(
                &format!("/managementGroups/{group}{end}"),
                &format!("/managementGroups/{part}{end}"),
            )
        })
    })
}

/// A storage account that takes unencrypted connections.
fn account(subscription: &str) -> (String, Value) {
    let id = format!(
        "/subscriptions/{subscription}/resourceGroups/rg-http/providers/Microsoft.Storage/storageAccounts/sthttp"
    );
    let body = json!({"id": id, "name": "sthttp", "type": "Microsoft.Storage/storageAccounts", "location": "westeurope",
        "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
        "properties": {"supportsHttpsTrafficOnly": false, "minimumTlsVersion": "TLS1_2"}});
    (id, body)
}

/// A landing zone over the company, evaluated.
struct Zone {
    roles: BTreeMap<&'static str, String>,
    snapshot: Snapshot,
    governance: Governance,
    errors: Vec<GovernanceError>,
    inventory: Inventory,
    now: Timestamp,
    /// The assignments as the corpus has them.
    assignments: Vec<Value>,
    /// A subscription where landing zones are, and one of the platform.
    landing: String,
    platform: String,
}

fn zone(name: &str) -> Option<Zone> {
    let file = |part: &str| corpus(&format!("landing-zones/{name}/{part}.jsonl"));
    let (definitions, sets, assigned) =
        (file("policyDefinitions")?, file("policySetDefinitions")?, file("policyAssignments")?);
    let (built_in, built_in_sets) = (corpus("definitions.jsonl")?, corpus("initiatives.jsonl")?);
    let (mut imported, now) = company();
    let bare = snapshot(imported.clone());
    let roles = roles(bare.hierarchy());
    let landing = bare.hierarchy().subscriptions_under(&roles["landingzones"])[0].clone();
    let platform = bare.hierarchy().subscriptions_in(&roles["connectivity"])[0].clone();

    // Of the built-in ones those that are referred to, directly or by an initiative.
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let note = |wanted: &mut BTreeSet<String>, value: &Value| {
        let id = value["policyDefinitionId"].as_str().unwrap().to_lowercase();
        wanted.insert(id);
    };
    lines(&assigned).iter().for_each(|one| note(&mut wanted, &one["properties"]));
    let all_sets: Vec<Value> = lines(&sets).into_iter().chain(lines(&built_in_sets)).collect();
    let used = |value: &Value, wanted: &BTreeSet<String>| {
        wanted.contains(&value["id"].as_str().unwrap().to_lowercase())
    };
    for set in all_sets.iter().filter(|set| used(set, &wanted.clone())).cloned().collect::<Vec<_>>() {
        set["properties"]["policyDefinitions"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|one| note(&mut wanted, one));
    }
    let pick = |text: &str| {
        let kept: Vec<String> =
            lines(text).iter().filter(|one| used(one, &wanted)).map(Value::to_string).collect();
        kept.join("\n")
    };
    let (id, body) = account(&landing);
    let (other, twin) = account(&platform);
    let files = [
        ("definitions.ndjson", definitions),
        ("sets.ndjson", sets),
        ("assignments.ndjson", assigned.clone()),
        ("built-in.ndjson", pick(&built_in)),
        ("built-in-sets.ndjson", pick(&built_in_sets)),
        ("accounts.ndjson", format!("{body}\n{twin}")),
    ];
    for (path, text) in files {
        let before = imported.len();
        read(path, replaced(&text, &roles).as_bytes(), &mut |document| imported.push(document));
        let count = text.lines().filter(|line| !line.trim().is_empty()).count();
        assert_eq!(imported.len() - before, count, "{name}: {path}");
    }
    let snapshot = snapshot(imported);
    assert!(id != other && snapshot.of_type("Microsoft.Storage/storageAccounts").any(|one| one.id() == id));
    let inventory = Inventory::of_snapshot(&snapshot, 2);
    let (governance, errors) = inventory.govern(Arc::new(Catalogue::bundled()), &CompileOptions::default());
    let assignments = lines(&assigned);
    Some(Zone { roles, snapshot, governance, errors, inventory, now, assignments, landing, platform })
}

/// What an assignment comes to: resources by state, and why some are not decided.
#[derive(Debug, Default)]
struct Summary {
    states: BTreeMap<&'static str, usize>,
    reasons: BTreeMap<String, usize>,
}

/// The summary of each assignment, and the resources that do not comply with each.
fn summed_up(zone: &Zone) -> (BTreeMap<String, Summary>, BTreeSet<(String, String)>) {
    let scan = Scan::new(&zone.governance, &[], false);
    let surroundings = Surroundings::new(&zone.snapshot, zone.now);
    let mut summaries: BTreeMap<String, Summary> =
        zone.governance.assignments().iter().map(|one| (one.id.clone(), Summary::default())).collect();
    let mut broken = BTreeSet::new();
    let (mut slots, mut findings) = (Slots::default(), Vec::new());
    for entry in surroundings.subjects() {
        findings.clear();
        scan.findings(&mut slots, entry, &surroundings, &mut findings).unwrap();
        for finding in &findings {
            let assignment = &zone.governance.assignments()[scan.assignment_of(finding.policy)];
            let summary = summaries.get_mut(&assignment.id).unwrap();
            match &finding.standing {
                Standing::State(state) => *summary.states.entry(state.name()).or_default() += 1,
                Standing::Failed(why) => *summary.reasons.entry(why.clone()).or_default() += 1,
                Standing::Undecided(why) => *summary.reasons.entry(format!("{why:?}")).or_default() += 1,
            }
            if finding.standing.state() == Some(ComplianceState::NonCompliant) {
                broken.insert((assignment.name.clone(), entry.key().to_owned()));
            }
        }
    }
    (summaries, broken)
}

/// Checks what holds for every landing zone; prints the summary for whoever reads the test's output.
#[track_caller]
fn check(zone: &Zone, definitions: usize, sets: usize, assignments: usize) -> BTreeSet<(String, String)> {
    assert!(zone.inventory.problems.is_empty(), "{:#?}", zone.inventory.problems);
    let own = |kind: &str| {
        let root = format!("/managementgroups/{}/", zone.roles["alz"]).to_lowercase();
        zone.snapshot.of_type(kind).filter(|entry| entry.key().contains(&root)).count()
    };
    assert_eq!(own("Microsoft.Authorization/policyDefinitions"), definitions);
    assert_eq!(own("Microsoft.Authorization/policySetDefinitions"), sets);
    assert_eq!(zone.governance.assignments().len(), assignments);
    let missing: Vec<&GovernanceError> = zone
        .errors
        .iter()
        .filter(|error| matches!(error, GovernanceError::MissingDefinition { .. }))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");

    // Enforcement is as the files have it.
    let unenforced =
        zone.assignments.iter().filter(|one| one["properties"]["enforcementMode"] == "DoNotEnforce");
    let not_enforced = zone.governance.assignments().iter().filter(|one| !one.is_enforced());
    assert_eq!(not_enforced.count(), unenforced.count());

    let (summaries, broken) = summed_up(zone);
    let hierarchy = zone.snapshot.hierarchy();
    for assignment in zone.governance.assignments() {
        let summary = &summaries[&assignment.id];
        let group = assignment.scope.rsplit('/').next().unwrap();
        assert!(hierarchy.group(group).is_some(), "{} stands nowhere", assignment.id);
        let has_results = !summary.states.is_empty() || !summary.reasons.is_empty();
        assert!(!has_results || !hierarchy.subscriptions_under(group).is_empty(), "{}", assignment.id);
        assert!(summary.reasons.keys().all(|reason| reason.len() > 10), "{:?}", summary.reasons);
        #[expect(clippy::print_stdout, reason = "the summary is what a reader of the output came for")]
        {
            println!("{} at {group}: {:?} {:?}", assignment.name, summary.states, summary.reasons);
        }
    }
    // Nothing outside of an assignment's scope is held against it.
    for (name, key) in &broken {
        let scopes: Vec<&str> = zone
            .governance
            .assignments()
            .iter()
            .filter(|one| one.name == *name)
            .map(|one| one.scope.rsplit('/').next().unwrap())
            .collect();
        let subscription = key.split('/').nth(2).unwrap();
        let above: Vec<String> = hierarchy.ancestors_of_subscription(subscription);
        assert!(
            above.iter().any(|group| scopes.contains(&group.rsplit('/').next().unwrap())),
            "{name} {key}"
        );
    }
    broken
}

/// Storage accounts that take unencrypted connections, as their bodies say, by folded id.
fn unencrypted<'z>(zone: &'z Zone, group: &str) -> BTreeSet<String> {
    let under: BTreeSet<String> =
        zone.snapshot.hierarchy().subscriptions_under(group).iter().map(|one| one.to_lowercase()).collect();
    let accounts: Vec<Entry<'z>> = zone.snapshot.of_type("Microsoft.Storage/storageAccounts").collect();
    let wrong = accounts.iter().filter(|entry| {
        let body = entry.value();
        under.contains(entry.subscription_id().unwrap())
            && body["properties"]["supportsHttpsTrafficOnly"] == Value::Bool(false)
    });
    wrong.map(|entry| entry.key().to_owned()).collect()
}

#[test]
fn azure_landing_zone() {
    let Some(zone) = zone("alz") else { return };
    let broken = check(&zone, 149, 42, 123);
    // 404c3081-… is assigned as `Deny-Storage-http` to the landing zones: who breaks it can be read off the bodies.
    let by = |name: &str| -> BTreeSet<String> {
        broken.iter().filter(|(assignment, _)| assignment == name).map(|(_, key)| key.clone()).collect()
    };
    let expected = unencrypted(&zone, &zone.roles["landingzones"]);
    assert!(!expected.is_empty());
    assert_eq!(by("Deny-Storage-http"), expected);
    let (id, _) = account(&zone.landing);
    assert!(expected.contains(&id.to_lowercase()));

    // The reason: which comparison, where in the resource, what was seen.
    let entry =
        zone.snapshot.of_type("Microsoft.Storage/storageAccounts").find(|one| one.id() == id).unwrap();
    let policies = zone.governance.program().policies();
    let number = policies.iter().position(|policy| {
        policy.context().assignment_id.ends_with("/Deny-Storage-http")
            && policy.context().definition_id.ends_with("404c3081-a854-4457-ae30-26a93ef643f9")
    });
    let policy = azimuth_policy::PolicyId(u32::try_from(number.unwrap()).unwrap());
    let surroundings = Surroundings::new(&zone.snapshot, zone.now);
    let resource = Resource { json: entry.body(), resource_type: Some(entry.kind()), api_version: None };
    let context = surroundings.context(entry.key());
    let explained =
        zone.governance.program().explain(policy, &mut Slots::default(), &resource, context).unwrap();
    assert_eq!(explained.result, Ok(true));
    let reason = explained
        .evaluated
        .iter()
        .map(azimuth_policy::Evaluated::to_json)
        .find(|one| one["path"] == "properties.supportsHttpsTrafficOnly" && one["result"] == "True");
    let reason = reason.unwrap_or_else(|| panic!("{:#?}", explained.evaluated));
    assert_eq!(reason["expressionValue"], Value::Bool(false));
    assert_eq!(reason["expression"], "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly");

    // A request for it is refused in the landing zones, by that assignment, and not on the platform.
    let denied = |subscription: &str| -> Vec<String> {
        let (id, body) = account(subscription);
        let json = body.to_string();
        let selected = Selected {
            resource: Resource { json: &json, ..resource },
            id: &id,
            resource_type: "Microsoft.Storage/storageAccounts",
            location: Some("westeurope"),
            ancestors: surroundings.ancestors(&id.to_lowercase()),
        };
        let context = surroundings.context(&id.to_lowercase());
        let request =
            zone.governance.request(&mut Slots::default(), &selected, context, &azimuth_policy::NoRelated);
        let by = request.unwrap().denied_by;
        by.iter()
            .map(|id| policies[id.0 as usize].context().assignment_id.rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    assert!(denied(&zone.landing).contains(&"Deny-Storage-http".to_owned()));
    assert!(!denied(&zone.platform).contains(&"Deny-Storage-http".to_owned()));
}

#[test]
fn monitoring_baseline() {
    let Some(zone) = zone("amba") else { return };
    let broken = check(&zone, 143, 16, 18);
    // The company has no metric alert, so every storage account lacks those that the baseline wants.
    assert_eq!(zone.snapshot.of_type("Microsoft.Insights/metricAlerts").len(), 0);
    let under = |entry: &Entry<'_>| {
        let above = zone.snapshot.hierarchy().ancestors_of_subscription(entry.subscription_id().unwrap());
        above.iter().any(|group| group.rsplit('/').next().unwrap() == zone.roles["landingzones"])
    };
    let accounts = zone.snapshot.of_type("Microsoft.Storage/storageAccounts").filter(under);
    let accounts: BTreeSet<String> = accounts.map(|entry| entry.key().to_owned()).collect();
    let lacking = broken.iter().filter(|(name, _)| name == "Deploy-AMBA-Storage");
    assert!(!accounts.is_empty());
    assert_eq!(lacking.map(|(_, key)| key.clone()).collect::<BTreeSet<_>>(), accounts);
}
