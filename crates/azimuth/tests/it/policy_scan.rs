//! `azimuth policy scan`: a small estate whose compliance can be worked out by hand, and the landing zones over the demo
//! estate.

use serde_json::{Value, json};

use crate::support::{Folder, Run, azimuth, expect, shared};

const SUBSCRIPTION: &str = "11111111-1111-4111-8111-111111111111";
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";

fn id(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}{rest}")
}

fn account(name: &str, https: &Value) -> Value {
    json!({
        "id": id(&format!("/resourceGroups/web/providers/Microsoft.Storage/storageAccounts/{name}")),
        "name": name, "type": "Microsoft.Storage/storageAccounts", "location": "westeurope", "tags": {"team": "a"},
        "properties": {"supportsHttpsTrafficOnly": https},
    })
}

fn definition(name: &str, rule: &Value) -> Value {
    json!({
        "id": format!("{GROUP}/providers/Microsoft.Authorization/policyDefinitions/{name}"), "name": name,
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {"displayName": format!("Policy {name}"), "policyType": "Custom", "mode": "All",
            "parameters": {}, "policyRule": rule},
    })
}

fn assignment(scope: &str, name: &str, definition: &str) -> Value {
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"), "name": name,
        "type": "Microsoft.Authorization/policyAssignments",
        "properties": {"displayName": format!("Assignment {name}"), "scope": scope,
            "policyDefinitionId": format!("{GROUP}/providers/Microsoft.Authorization/policyDefinitions/{definition}")},
    })
}

fn https_rule(effect: &str) -> Value {
    json!({
        "if": {"allOf": [
            {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            {"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "notEquals": true},
        ]},
        "then": {"effect": effect},
    })
}

/// Four accounts: one complies, one does not, one has no setting, one is exempt; diagnostics without evidence.
pub(crate) fn small_estate(work: &Folder) -> String {
    let diagnostics = json!({
        "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": "auditIfNotExists", "details": {"type": "Microsoft.Insights/diagnosticSettings"}},
    });
    let documents = json!([
        {"id": GROUP, "name": "contoso", "type": "Microsoft.Management/managementGroups",
         "properties": {"displayName": "Contoso", "details": {"parent": null}}},
        {"id": format!("{GROUP}/subscriptions/{SUBSCRIPTION}"), "name": SUBSCRIPTION,
         "type": "Microsoft.Management/managementGroups/subscriptions", "properties": {"parent": {"id": GROUP}}},
        {"id": id(""), "subscriptionId": SUBSCRIPTION, "displayName": "One", "state": "Enabled"},
        {"id": id("/resourceGroups/web"), "name": "web", "type": "Microsoft.Resources/resourceGroups",
         "location": "westeurope", "properties": {"provisioningState": "Succeeded"}},
        account("good", &json!(true)), account("bad", &json!(false)), account("unset", &json!(null)),
        account("exempt", &json!(false)),
        {"id": id("/resourceGroups/web/providers/Microsoft.Storage/storageAccounts/good/providers/Microsoft.Insights/diagnosticSettings/all"),
         "name": "all", "type": "Microsoft.Insights/diagnosticSettings", "properties": {"logs": []}},
        definition("https", &https_rule("audit")),
        definition("diagnostics", &diagnostics),
        assignment(GROUP, "https", "https"),
        assignment(&id(""), "diagnostics", "diagnostics"),
        assignment(GROUP, "lost", "nowhere"),
        assignment("/providers/Microsoft.Management/managementGroups/elsewhere", "far", "https"),
        {"id": id("/resourceGroups/web/providers/Microsoft.Storage/storageAccounts/exempt/providers/Microsoft.Authorization/policyExemptions/waived"),
         "name": "waived", "type": "Microsoft.Authorization/policyExemptions",
         "properties": {"policyAssignmentId": format!("{GROUP}/providers/Microsoft.Authorization/policyAssignments/https"),
            "exemptionCategory": "Waiver"}},
    ]);
    work.file("estate/all.json", documents.to_string())
}

fn rows(run: &Run) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    let mut rows: Vec<(String, String, String)> = report["value"]
        .as_array()
        .expect("there are records")
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let resource = text("resourceId").rsplit('/').next().unwrap_or_default().to_owned();
            (text("policyAssignmentName"), resource, text("complianceState"))
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn states_are_those_worked_out_by_hand() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let run = expect(0, &["policy", "scan", &estate, "--format", "json", "--reasons"]);
    let row = |assignment: &str, resource: &str, state: &str| {
        (assignment.to_owned(), resource.to_owned(), state.to_owned())
    };
    assert_eq!(
        rows(&run),
        [
            row("diagnostics", "bad", "Undecided"),
            row("diagnostics", "exempt", "Undecided"),
            row("diagnostics", "good", "Compliant"),
            row("diagnostics", "unset", "Undecided"),
            row("https", "bad", "NonCompliant"),
            row("https", "exempt", "Exempt"),
            row("https", "good", "Compliant"),
            row("https", "unset", "NonCompliant"),
        ]
    );
    let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    let summary = &report["summary"];
    // One compliant, one exempt, two not: half.
    assert_eq!(summary["compliance"]["percent"], json!(50.0));
    assert_eq!(summary["compliance"]["states"], json!({"NonCompliant": 2, "Compliant": 1, "Exempt": 1}));
    assert_eq!(summary["compliance"]["undecided"], json!(3));
    assert_eq!(
        summary["missingDefinitions"][0]["id"],
        json!(format!("{GROUP}/providers/Microsoft.Authorization/policyDefinitions/nowhere"))
    );
    assert_eq!(
        summary["scopesWithoutResources"],
        json!({"/providers/Microsoft.Management/managementGroups/elsewhere": 1})
    );
    let evaluated = report["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row["complianceState"] == "NonCompliant")
        .flat_map(|row| {
            row["policyEvaluationDetails"]["evaluatedExpressions"].as_array().cloned().unwrap_or_default()
        })
        .filter(|found| found["expression"] == "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly");
    let seen: Vec<Value> = evaluated.map(|found| found["expressionValue"].clone()).collect();
    assert_eq!(seen, [json!(false), json!(null)]);
}

#[test]
fn what_is_stated_complete_decides() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let arguments = [
        "policy",
        "scan",
        &estate,
        "--format",
        "json",
        "--assignment",
        "diagnostics",
        "--state",
        "noncompliant",
        "--assume-complete",
        "Microsoft.Insights/diagnosticSettings",
        "--fail-on",
        "noncompliant",
    ];
    let run = expect(1, &arguments);
    let resources: Vec<String> = rows(&run).into_iter().map(|(_, resource, _)| resource).collect();
    assert_eq!(resources, ["bad", "exempt", "unset"]);
}

#[test]
fn assignments_can_be_put_elsewhere() {
    let work = Folder::new();
    let estate = small_estate(&work);
    for option in [["--map-scope", "elsewhere=contoso"], ["--assign-at", "contoso"]] {
        let mut arguments = vec!["policy", "scan", &estate, "--format", "json", "--assignment", "far"];
        arguments.extend(option);
        let run = expect(0, &arguments);
        // The exemption is of the other assignment.
        let states: Vec<String> =
            rows(&run).into_iter().map(|(_, resource, state)| format!("{resource} {state}")).collect();
        assert_eq!(
            states,
            ["bad NonCompliant", "exempt NonCompliant", "good Compliant", "unset NonCompliant"]
        );
    }
}

#[test]
fn one_resource_is_explained() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let run = expect(0, &["policy", "scan", &estate, "--explain", "bad", "--policy", "https"]);
    for wanted in [
        "NonCompliant",
        "holds  Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly notEquals true",
        "seen false",
        "at   properties.supportsHttpsTrafficOnly",
        "Current value must be equal to the target value.",
    ] {
        assert!(run.stdout.contains(wanted), "{wanted}\n{}", run.stdout);
    }
}

#[test]
fn every_format_is_well_formed() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let of = |format: &str| expect(0, &["policy", "scan", &estate, "--format", format]).stdout;
    let sarif: Value = serde_json::from_str(&of("sarif")).expect("SARIF is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("there are results");
    assert_eq!(results.len(), 2);
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
    assert!(results.iter().all(|result| result["ruleId"] == "https/https"));
    assert_eq!(of("csv").lines().count(), 9);
    assert!(of("junit").contains(r#"<failure type="noncompliant" message="2 resources do not comply">"#));
    assert!(of("markdown").contains("**50.0 %** of 4 resources comply"));
    let page = of("html");
    assert!(
        page.starts_with("<!doctype html>")
            && page.trim_end().ends_with("</html>")
            && !page.contains("<script")
    );
    assert!(of("terminal").contains("50.0 % of 4 resources comply"));
}

#[test]
fn wrong_input_is_told_with_what_to_do() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let bare = work.file("bare.json", json!([account("only", &json!(true))]).to_string());
    for (code, arguments, wanted) in [
        (3, vec!["policy", "scan", &bare], "the estate holds no policy assignment"),
        (2, vec!["policy", "scan", &estate, "--assignment", "http"], "the nearest are: https"),
        (2, vec!["policy", "scan", &estate, "--policy", "Policy htps"], "the nearest are: Policy https"),
        (2, vec!["policy", "scan", &estate, "--scope", "nowhere"], "a management group: contoso"),
        (2, vec!["policy", "scan", &estate, "--map-scope", "nowhere"], "is no pair of scopes"),
        (2, vec!["policy", "scan", &estate, "--map-scope", "nowhere=contoso"], "nothing is assigned at"),
        (3, vec!["policy", "scan", &estate, "--explain", "nobody"], "no resource is called `nobody`"),
        (
            2,
            vec!["policy", "scan", &estate, "--explain", "bad", "--format", "html"],
            "for the terminal or JSON",
        ),
    ] {
        let run = azimuth(&arguments);
        assert_eq!(run.code, code, "{arguments:?}\n{}", run.stderr);
        assert!(run.stderr.contains(wanted), "{arguments:?}\n{}", run.stderr);
    }
}

/// A vault under a policy of a provider mode, and what the provider reported of its keys, in both documented shapes.
#[test]
fn components_are_shown_apart() {
    let work = Folder::new();
    let vault = id("/resourceGroups/web/providers/Microsoft.KeyVault/vaults/kv");
    let rule = json!({
        "if": {"allOf": [
            {"field": "type", "equals": "Microsoft.KeyVault.Data/vaults/keys"},
            {"field": "Microsoft.KeyVault.Data/vaults/keys/attributes.expiresOn", "exists": false},
        ]},
        "then": {"effect": "audit"},
    });
    let mut keys = definition("keys", &rule);
    keys["properties"]["mode"] = json!("Microsoft.KeyVault.Data");
    let group = "/providers/Microsoft.Management/managementGroups/contoso";
    let estate = work.file(
        "estate/all.json",
        json!([
            {"id": GROUP, "name": "contoso", "type": "Microsoft.Management/managementGroups",
             "properties": {"displayName": "Contoso", "details": {"parent": null}}},
            {"id": format!("{GROUP}/subscriptions/{SUBSCRIPTION}"), "name": SUBSCRIPTION,
             "type": "Microsoft.Management/managementGroups/subscriptions", "properties": {"parent": {"id": GROUP}}},
            {"id": id(""), "subscriptionId": SUBSCRIPTION, "displayName": "One", "state": "Enabled"},
            {"id": vault, "name": "kv", "type": "Microsoft.KeyVault/vaults", "location": "westeurope", "properties": {}},
            account("good", &json!(true)), keys, definition("https", &https_rule("audit")),
            assignment(group, "keys", "keys"), assignment(group, "https", "https"),
        ])
        .to_string(),
    );
    let of = |name: &str| {
        json!({"policyAssignmentId": format!("{group}/providers/microsoft.authorization/policyassignments/{name}"),
               "policyDefinitionId": format!("{group}/providers/microsoft.authorization/policydefinitions/{name}"),
               "resourceId": vault.to_lowercase()})
    };
    let mut states = of("keys");
    states["complianceState"] = json!("NonCompliant");
    states["components"] = json!([
        {"id": "https://kv.vault.azure.net/keys/old", "type": "Microsoft.KeyVault.Data/vaults/keys", "name": "old",
         "timestamp": "2026-01-01T00:00:00Z", "complianceState": "NonCompliant"},
        {"id": "https://kv.vault.azure.net/keys/new", "type": "Microsoft.KeyVault.Data/vaults/keys", "name": "new",
         "timestamp": "2026-01-01T00:00:00Z", "complianceState": "Compliant"},
    ]);
    let states = work.file("states.json", json!([states]).to_string());
    let row = |mut row: Value, name: &str| {
        row["componentId"] = json!(format!("https://kv.vault.azure.net/keys/{name}"));
        row["componentType"] = json!("Microsoft.KeyVault.Data/vaults/keys");
        row["componentName"] = json!(name);
        row["complianceState"] = json!("Compliant");
        row
    };
    let page = json!({
        "@odata.context": "https://management.azure.com/subscriptions/x/providers/Microsoft.PolicyInsights/componentPolicyStates/$metadata#latest",
        "@odata.count": 2, "value": [row(of("keys"), "third"), row(of("elsewhere"), "fourth")],
    });
    let page = work.file("page.json", page.to_string());
    let arguments = ["policy", "scan", &estate, "--component-states", &states, "--component-states", &page];
    let run = expect(0, &[arguments.as_slice(), &["--format", "json"]].concat());
    let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    // The resources are what they are without: the vault undecided, the account compliant.
    let without = expect(0, &["policy", "scan", &estate, "--format", "json"]);
    assert_eq!(rows(&run), rows(&without));
    let without: Value = serde_json::from_str(&without.stdout).expect("the report is JSON");
    assert_eq!(report["summary"]["compliance"], without["summary"]["compliance"]);
    assert_eq!(without["components"], json!([]));
    assert_eq!(report["components"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["components"][0]["componentName"], json!("old"));
    let summary = &report["summary"]["components"];
    assert_eq!((&summary["components"], &summary["elsewhere"]), (&json!(3), &json!(1)));
    assert_eq!(summary["policies"][0]["states"], json!({"Compliant": 2, "NonCompliant": 1}));
    assert_eq!(summary["policies"][0]["resources"], json!({"NonCompliant": 1}));
    let shown = expect(0, &arguments).stdout;
    for part in [
        "Components",
        "66.7 %         1        3  Policy keys",
        "old (Microsoft.KeyVault.Data/vaults/keys)",
        "1 further component state",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let explained = expect(0, &[arguments.as_slice(), &["--explain", "kv"]].concat()).stdout;
    assert!(
        explained.contains("component old (Microsoft.KeyVault.Data/vaults/keys): NonCompliant"),
        "{explained}"
    );
    let other = expect(3, &["policy", "scan", &estate, "--component-states", &estate]);
    assert!(other.stderr.contains("holds no state of a component"), "{}", other.stderr);
}

#[test]
fn landing_zones_are_decided_over_the_demo_estate() {
    let Some(shared) = shared() else { return };
    let work = Folder::new();
    let demo = work.text("demo");
    expect(0, &["demo-estate", "--size", "300", "--seed", "3", "--out", &demo]);
    let file =
        |name: &str| shared.join("corpora/policy").join(name).to_str().expect("paths are UTF-8").to_owned();
    for (zone, assignments) in [("alz", 123), ("amba", 18)] {
        let zone = file(&format!("landing-zones/{zone}"));
        let run = expect(
            0,
            &[
                "policy",
                "scan",
                &demo,
                &zone,
                "--definitions",
                &file("definitions.jsonl"),
                "--definitions",
                &file("initiatives.jsonl"),
                "--assign-at",
                "contoso-platform",
                "--format",
                "json",
                "--state",
                "error",
                "--as-of",
                "2026-06-01",
            ],
        );
        let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
        let summary = &report["summary"];
        let of_zone: Vec<&Value> = summary["assignments"]
            .as_array()
            .expect("there are assignments")
            .iter()
            .filter(|known| {
                let id = known["policyAssignmentId"].as_str().unwrap_or_default();
                !id.contains("contoso")
                    && known["scope"].as_str().is_some_and(|scope| scope.ends_with("contoso-platform"))
            })
            .collect();
        assert!(
            of_zone.len() > 5 && of_zone.len() <= assignments,
            "{zone}: {} assignments decide",
            of_zone.len()
        );
        // Nothing is a mere verdict: what fails says why.
        for policy in summary["policies"].as_array().expect("there are policies") {
            let failing = policy["states"]["NonCompliant"].as_u64().unwrap_or(0);
            if failing > 0 {
                let reasons = policy["examples"][0]["reasons"].as_array().map_or(0, Vec::len);
                assert!(reasons > 0, "{zone}: {policy}");
            }
        }
    }
}
