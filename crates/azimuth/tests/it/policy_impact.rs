//! `azimuth policy impact`: consequences worked out by hand, now and over a history of three commits.

use serde_json::{Value, json};

use crate::policy_scan::small_estate;
use crate::support::{Folder, Run, azimuth, expect};

const HTTPS: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policyDefinitions/https";

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

/// `kind resource` of each listed consequence, sorted.
fn consequences(part: &Value) -> Vec<String> {
    let mut all: Vec<String> = part["consequences"]
        .as_array()
        .expect("there is a list")
        .iter()
        .map(|found| {
            let name = found["resourceId"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
            format!("{} {name}", found["consequence"].as_str().unwrap_or_default())
        })
        .collect();
    all.sort();
    all
}

fn account(name: &str, https: bool, tags: &Value) -> Value {
    json!([{
        "id": format!("/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/web/providers/Microsoft.Storage/storageAccounts/{name}"),
        "name": name, "type": "Microsoft.Storage/storageAccounts", "location": "westeurope", "tags": tags,
        "properties": {"supportsHttpsTrafficOnly": https},
    }])
}

#[test]
fn a_stricter_effect_tells_what_it_would_deny() {
    let work = Folder::new();
    let estate = small_estate(&work);
    // Today the assignment audits: nothing is newly marked, but writes are denied then.
    let run = expect(
        0,
        &[
            "policy",
            "impact",
            &estate,
            "--assignment",
            "https",
            "--set",
            "effect=Deny",
            "--format",
            "json",
            "--fail-on",
            "denied",
        ],
    );
    let report = report(&run);
    assert_eq!(consequences(&report["present"]), ["denied bad", "denied unset"]);
    assert_eq!(report["history"], Value::Null);
    let told = expect(0, &["policy", "impact", &estate, "--assignment", "https", "--effect", "deny"]);
    assert!(told.stdout.contains("there is none without a store"), "{}", told.stdout);
}

#[test]
fn the_history_is_replayed_as_it_was() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let store = work.text("estate.db");
    let import = |actor: &str, file: &str| {
        expect(0, &["import", file, "--store", &store, "--actor", actor]);
    };
    import("setup", &estate);
    // Ada mends one account; Bob makes one that is wrong, and then puts it right.
    import("ada", &work.file("1.json", account("bad", true, &json!({"team": "a"})).to_string()));
    import("bob", &work.file("2.json", account("late", false, &json!({})).to_string()));
    import("bob", &work.file("3.json", account("late", true, &json!({})).to_string()));
    let deny = |extra: &[&str]| -> Value {
        let mut arguments = vec![
            "policy",
            "impact",
            "--store",
            &store,
            "--assignment",
            "https",
            "--effect",
            "deny",
            "--format",
            "json",
        ];
        arguments.extend(extra);
        report(&azimuth(&arguments))
    };
    let all = deny(&[]);
    assert_eq!(consequences(&all["present"]), ["denied unset"]);
    assert_eq!(consequences(&all["history"]), ["denied bad", "denied late", "denied unset"]);
    let denied = |who: &str| all["history"]["byActor"][who]["denied"].clone();
    assert_eq!((denied("setup"), denied("ada"), denied("bob")), (json!(2), Value::Null, json!(1)));
    assert_eq!(all["history"]["totals"]["denied"], json!(3));
    let bobs = deny(&["--actor", "bob"]);
    assert_eq!(
        (consequences(&bobs["history"]), bobs["history"]["writes"].clone()),
        (vec!["denied late".to_owned()], json!(2))
    );
    let future = deny(&["--since", "2999-01-01"]);
    assert_eq!(future["history"]["writes"], json!(0));
    expect(
        1,
        &[
            "policy",
            "impact",
            "--store",
            &store,
            "--assignment",
            "https",
            "--effect",
            "deny",
            "--fail-on",
            "denied",
        ],
    );
    expect(
        0,
        &[
            "policy",
            "impact",
            "--store",
            &store,
            "--assignment",
            "https",
            "--effect",
            "deny",
            "--actor",
            "ada",
            "--fail-on",
            "denied",
        ],
    );
    let page = expect(
        0,
        &[
            "policy",
            "impact",
            "--store",
            &store,
            "--assignment",
            "https",
            "--effect",
            "deny",
            "--format",
            "html",
        ],
    );
    assert!(page.stdout.contains("By day") && page.stdout.contains("By actor"), "{}", page.stdout);
}

#[test]
fn a_changing_policy_tells_the_properties() {
    let work = Folder::new();
    let store = work.text("estate.db");
    expect(0, &["import", &small_estate(&work), "--store", &store, "--actor", "setup"]);
    expect(
        0,
        &[
            "import",
            &work.file("1.json", account("late", true, &json!({})).to_string()),
            "--store",
            &store,
            "--actor",
            "bob",
        ],
    );
    let rule = json!({
        "mode": "Indexed", "displayName": "A team",
        "parameters": {"team": {"type": "String"}},
        "policyRule": {
            "if": {"allOf": [{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, {"field": "tags['team']", "exists": false}]},
            "then": {"effect": "modify", "details": {
                "roleDefinitionIds": ["/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"],
                "operations": [{"operation": "add", "field": "tags['team']", "value": "[parameters('team')]"}]}},
        },
    });
    let file = work.file("team.json", rule.to_string());
    let run = expect(
        0,
        &[
            "policy",
            "impact",
            "--store",
            &store,
            "--definition",
            &file,
            "--scope",
            "contoso",
            "--param",
            "team=ops",
            "--format",
            "json",
        ],
    );
    let report = report(&run);
    assert_eq!(consequences(&report["present"]), ["marked late"]);
    assert_eq!(consequences(&report["history"]), ["changed late"]);
    let change = &report["history"]["consequences"][0];
    assert_eq!(
        (change["actor"].as_str(), change["policies"][0]["displayName"].as_str()),
        (Some("bob"), Some("A team"))
    );
    assert_eq!(change["changes"], json!([{"path": "$.tags.team", "before": null, "after": "ops"}]));
}

#[test]
fn deletions_are_blocked_by_deny_action() {
    let work = Folder::new();
    let store = work.text("estate.db");
    let estate = small_estate(&work);
    expect(0, &["import", &estate, "--store", &store, "--actor", "setup"]);
    let text = std::fs::read_to_string(&estate).expect("the estate can be read");
    let documents: Vec<Value> = serde_json::from_str(&text).expect("it is JSON");
    let rest: Vec<Value> = documents.into_iter().filter(|document| document["name"] != "unset").collect();
    expect(
        0,
        &[
            "import",
            &work.file("rest.json", json!(rest).to_string()),
            "--store",
            &store,
            "--replace",
            "--actor",
            "cleaner",
        ],
    );
    let rule = json!({"mode": "All", "policyRule": {
        "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": "denyAction", "details": {"actionNames": ["delete"]}},
    }});
    let file = work.file("keep.json", rule.to_string());
    let run = expect(
        0,
        &[
            "policy",
            "impact",
            "--store",
            &store,
            "--definition",
            &file,
            "--scope",
            "contoso",
            "--format",
            "json",
        ],
    );
    let report = report(&run);
    assert_eq!(consequences(&report["history"]), ["blocked unset"]);
    assert_eq!(report["history"]["consequences"][0]["actor"], json!("cleaner"));
}

#[test]
fn files_replace_what_the_estate_has() {
    let work = Folder::new();
    let estate = small_estate(&work);
    // The definition with another effect: its assignment changes with it.
    let changed = json!([{
        "id": HTTPS, "name": "https", "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {"displayName": "Policy https", "mode": "All", "policyRule": {
            "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, "then": {"effect": "audit"}}},
    }]);
    let file = work.file("changed.json", changed.to_string());
    let run = expect(0, &["policy", "impact", &estate, "--with", &file, "--format", "json"]);
    let report = report(&run);
    // `bad` and `unset` fail today as well, `exempt` stays exempt.
    assert_eq!(consequences(&report["present"]), ["marked good"]);
    // The assignment without resources changes too, and does nothing.
    assert_eq!(report["assignments"].as_array().map(Vec::len), Some(2));
    let csv = expect(0, &["policy", "impact", &estate, "--with", &file, "--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 2, "{csv}");
}

#[test]
fn wrong_proposals_are_told_with_what_to_do() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let broken =
        work.file("broken.json", r#"{"mode": "All", "policyRule": {"if": {}, "then": {"effect": "deny"}}}"#);
    let needy = work.file(
        "needy.json",
        r#"{"mode":"All","parameters":{"x":{"type":"String"}},"policyRule":{"if":{"field":"name","equals":"[parameters('x')]"},"then":{"effect":"audit"}}}"#,
    );
    let base = ["policy", "impact", &estate];
    for (code, rest, wanted) in [
        (2, vec![], "--definition <FILE|ID>"),
        (2, vec!["--definition", HTTPS], "--scope <SCOPE>"),
        (2, vec!["--definition", HTTPS, "--scope", "nowhere"], "a management group: contoso"),
        (3, vec!["--definition", "htps", "--scope", "contoso"], "the nearest are: Policy https"),
        (2, vec!["--definition", HTTPS, "--scope", "contoso", "--param", "x=1"], "has no parameter `x`"),
        (3, vec!["--definition", &broken, "--scope", "contoso"], "cannot be used"),
        (3, vec!["--definition", &needy, "--scope", "contoso"], "--param NAME=VALUE"),
        (2, vec!["--assignment", "https"], "but not how"),
        (3, vec!["--assignment", "htps", "--set", "effect=Deny"], "the nearest are: https"),
        (2, vec!["--assignment", "https", "--set", "effect=Denny"], "the nearest are: deny"),
        (2, vec!["--assignment", "https", "--effect", "deny", "--since", "2026-01-01"], "azimuth import"),
    ] {
        let arguments: Vec<&str> = base.iter().copied().chain(rest).collect();
        let run = azimuth(&arguments);
        assert_eq!(run.code, code, "{arguments:?}\n{}", run.stderr);
        assert!(run.stderr.contains(wanted), "{arguments:?} wants {wanted}\n{}", run.stderr);
    }
}

/// The verdict of MG-5 over a folder of exports, with its report.
fn planned_first(estate: &str) -> (String, Value) {
    let run = azimuth(&["assess", estate, "--control", "MG-5", "--format", "json"]);
    let result = report(&run)["results"][0].clone();
    (result["verdict"].as_str().unwrap_or_default().to_owned(), result)
}

#[test]
fn a_run_on_record_decides_whether_a_change_was_planned() {
    let work = Folder::new();
    let estate = work.text("estate");
    expect(0, &["demo-estate", "--size", "300", "--seed", "3", "--clean", "--out", &estate]);
    assert_eq!(planned_first(&estate).0, "proven");
    let record = format!("{estate}/policy/impact-runs.json");
    let declared = std::fs::read_to_string(&record).expect("the demo declares its runs");
    let runs = |text: &str| -> Vec<Value> {
        let declaration: Value = serde_json::from_str(text).expect("it is JSON");
        declaration["body"]["impactRuns"].as_array().expect("a list of runs").clone()
    };

    // The trial at the root is tried, put on record, and only then enforced.
    let tried = ["policy", "impact", &estate, "--assignment", "allowed-regions-trial"];
    let change = ["--set", "enforcementMode=Default", "--record", &record];
    let told = expect(0, &[tried.as_slice(), &change].concat());
    assert!(told.stderr.contains("1 impact run put on record"), "{}", told.stderr);
    let recorded = std::fs::read_to_string(&record).expect("the record is there");
    let (before, after) = (runs(&declared), runs(&recorded));
    assert_eq!((&after[..before.len()], after.len()), (before.as_slice(), before.len() + 1));
    let own = &after[before.len()];
    assert!(own["assignment"].as_str().is_some_and(|id| id.ends_with("/allowed-regions-trial")), "{own}");
    assert!(own["resources"].as_u64().is_some_and(|resources| resources >= 300), "{own}");
    let file = format!("{estate}/policy/assignments-0001.json");
    let mut page: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("it can be read"))
        .expect("the page is JSON");
    for assignment in page["value"].as_array_mut().expect("a list") {
        if assignment["name"] == "allowed-regions-trial" {
            assignment["properties"]["enforcementMode"] = json!("Default");
            assignment["properties"]["metadata"]["updatedOn"] = json!("2999-01-01T00:00:00Z");
        }
    }
    std::fs::write(&file, page.to_string()).expect("it can be written");
    let (verdict, result) = planned_first(&estate);
    assert_eq!(verdict, "proven", "{result:#}");

    // Without the run the same change is one that nobody tried.
    std::fs::write(&record, declared).expect("it can be written");
    let (verdict, result) = planned_first(&estate);
    assert_eq!(
        (verdict.as_str(), result["counterexamples"][0]["seen"].as_str()),
        ("violated", Some("2999-01-01T00:00:00Z"))
    );

    // What is no record stays as it is.
    let other = work.file("other.json", "{}");
    let refused = ["--set", "enforcementMode=Default", "--record", &other];
    let told = expect(3, &[tried.as_slice(), &refused].concat());
    assert!(told.stderr.contains("holds something else than impact runs"), "{}", told.stderr);
    assert_eq!(std::fs::read_to_string(&other).expect("it is still there"), "{}");
}
