//! `azimuth identity`: what its users see.

use serde_json::{Value, json};

use crate::support::{Folder, expect};

fn policies(clients: &[&str]) -> String {
    json!({"value": [{
        "id": "p", "displayName": "MFA for everybody", "state": "enabled",
        "conditions": {
            "clientAppTypes": clients, "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }]})
    .to_string()
}

fn directory() -> String {
    json!({"users": [{"id": "alice", "userType": "Member"}], "applications": [{"appId": "app"}]}).to_string()
}

#[test]
fn a_hole_is_shown_closed_and_compared() {
    let folder = Folder::new();
    let browser = folder.file("browser.json", policies(&["browser"]));
    let all = folder.file("all.json", policies(&["all"]));
    let people = folder.file("directory.json", directory());
    let with = |policies: &str| {
        ["--policies".to_owned(), policies.to_owned(), "--directory".to_owned(), people.clone()]
    };
    let run = |code: i32, first: &[&str], policies: &str| {
        let set = with(policies);
        let arguments: Vec<&str> = first.iter().copied().chain(set.iter().map(String::as_str)).collect();
        expect(code, &arguments).stdout
    };
    let shown = run(1, &["identity", "prove", "--fail-on-refuted"], &browser);
    assert!(shown.contains("refuted   nobody gets in with a password alone"), "{shown}");
    assert!(shown.contains("alice to app with mobileAppsAndDesktopClients"), "{shown}");
    assert!(shown.contains("MFA for everybody: apply it to every client"), "{shown}");

    let changes = run(0, &["identity", "compare", &all, "--output", "json"], &browser);
    let changes: Value = serde_json::from_str(&changes).expect("JSON");
    assert_eq!(changes["changes"][0]["change"], "stopped");
    assert!(run(0, &["identity", "compare", &all], &all).contains("no sign-in has another outcome"));

    let sign_in = json!({
        "identity": {"userId": "alice"}, "target": {"appId": "app"}, "session": {"methods": ["password"]},
    });
    let sign_in = folder.file("sign-in.json", sign_in.to_string());
    assert!(run(0, &["identity", "whatif", &sign_in], &all).starts_with("challenge\n  needs mfa\n"));
    assert!(run(0, &["identity", "options"], &all).contains("conditionalAccess  in force, 1 people"));
}

#[test]
fn what_cannot_be_read_is_named_with_a_hint() {
    let folder = Folder::new();
    let people = folder.file("directory.json", directory());
    let wrong = folder.file("wrong.json", "{}");
    let run = expect(3, &["identity", "prove", "--policies", &wrong, "--directory", &people]);
    assert!(run.stderr.contains("holds no list of policies"), "{}", run.stderr);
    assert!(run.stderr.contains("hint:"), "{}", run.stderr);
}
