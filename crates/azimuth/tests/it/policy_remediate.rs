//! `azimuth policy remediate`: a small estate whose run can be worked out by hand, the demo estate and the landing zones;
//! what is written is handed to `azimuth arm expand` and `whatif`.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Folder, Run, azimuth, expect, shared};

const SUBSCRIPTION: &str = "11111111-1111-4111-8111-111111111111";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const MONITORING: &str = "749f88d5-cbae-40b8-bcfc-e573ddc772fa";

fn id(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}{rest}")
}

fn object(kind: &str, name: &str, properties: &Value) -> Value {
    let kind = format!("Microsoft.Authorization/{kind}");
    json!({"id": id(&format!("/providers/{kind}/{name}")), "name": name, "type": kind, "properties": properties})
}

fn definition(name: &str, effect: &str, details: &Value) -> Value {
    let condition = if effect == "modify" {
        json!({"allOf": [{"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                         {"field": "tags['team']", "exists": false}]})
    } else {
        json!({"field": "type", "equals": "Microsoft.Storage/storageAccounts"})
    };
    let then = match details {
        Value::Null => json!({"effect": effect}),
        details => json!({"effect": effect, "details": details}),
    };
    let rule = json!({"if": condition, "then": then});
    object(
        "policyDefinitions",
        name,
        &json!({"displayName": format!("Policy {name}"), "policyType": "Custom", "mode": "Indexed", "policyRule": rule}),
    )
}

fn assigned(name: &str, principal: Option<&str>) -> Value {
    let definition = id(&format!("/providers/Microsoft.Authorization/policyDefinitions/{name}"));
    let mut value =
        object("policyAssignments", name, &json!({"policyDefinitionId": definition, "scope": id("")}));
    value["location"] = json!("westeurope");
    value["identity"] = match principal {
        Some(principal) => json!({"type": "SystemAssigned", "principalId": principal}),
        None => json!({"type": "None"}),
    };
    value
}

fn account(name: &str, tags: &Value) -> Value {
    json!({
        "id": id(&format!("/resourceGroups/rg-Web/providers/Microsoft.Storage/storageAccounts/{name}")),
        "name": name, "type": "Microsoft.Storage/storageAccounts", "location": "westeurope", "tags": tags,
        "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {},
    })
}

/// Two accounts, of which one has a tag and diagnostics; a policy that deploys diagnostics, one that sets the tag.
fn small_estate(work: &Folder) -> String {
    let logging = json!({
        "type": "Microsoft.Insights/diagnosticSettings",
        "roleDefinitionIds": [format!("/providers/Microsoft.Authorization/roleDefinitions/{MONITORING}")],
        "deployment": {"properties": {"mode": "incremental",
            "template": {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {"account": {"type": "string"}},
                "resources": [{
                    "type": "Microsoft.Storage/storageAccounts/providers/diagnosticSettings",
                    "apiVersion": "2021-05-01-preview",
                    "name": "[concat(parameters('account'), '/Microsoft.Insights/audit')]",
                    "properties": {"logs": []}}]},
            "parameters": {"account": {"value": "[field('name')]"}}}}
    });
    let tagging = json!({
        "roleDefinitionIds": [format!("/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}")],
        "operations": [{"operation": "addOrReplace", "field": "tags['team']", "value": "platform"}],
    });
    let roles = id(&format!("/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"));
    let documents = json!([
        {"id": id(""), "subscriptionId": SUBSCRIPTION, "displayName": "One", "state": "Enabled"},
        {"id": id("/resourceGroups/rg-Web"), "name": "rg-Web", "type": "Microsoft.Resources/resourceGroups",
         "location": "westeurope", "properties": {"provisioningState": "Succeeded"}},
        account("good", &json!({"team": "a"})), account("bad", &json!({"cost": "1"})),
        {"id": id("/resourceGroups/rg-Web/providers/Microsoft.Storage/storageAccounts/good/providers/Microsoft.Insights/diagnosticSettings/all"),
         "name": "all", "type": "Microsoft.Insights/diagnosticSettings", "properties": {"logs": []}},
        definition("logging", "deployIfNotExists", &logging), definition("tagging", "modify", &tagging),
        definition("watching", "audit", &Value::Null),
        assigned("logging", Some("aaaaaaaa-0000-4000-8000-000000000001")),
        assigned("tagging", Some("aaaaaaaa-0000-4000-8000-000000000002")),
        assigned("watching", None),
        object("roleAssignments", "bbbbbbbb-0000-4000-8000-000000000001", &json!({"roleDefinitionId": roles,
            "principalId": "aaaaaaaa-0000-4000-8000-000000000002", "principalType": "ServicePrincipal", "scope": id("")})),
    ]);
    work.file("estate/all.json", documents.to_string())
}

const COMPLETE: [&str; 2] = ["--assume-complete", "Microsoft.Insights/diagnosticSettings"];

fn parsed(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("files of a run are JSON")
}

#[test]
fn a_run_is_that_worked_out_by_hand() {
    let work = Folder::new();
    let (estate, out) = (small_estate(&work), work.text("run"));
    let mut arguments = vec!["policy", "remediate", &estate, "--out", &out, "-f", "json"];
    arguments.extend(COMPLETE);
    let manifest = parsed(&expect(0, &arguments));
    assert_eq!(manifest, read(&work.path("run/remediation.json")));
    assert_eq!(manifest["summary"], json!({"policies": 2, "steps": 2, "failing": 0}));
    let [logging, tagging] = [&manifest["runs"][0], &manifest["runs"][1]];

    let step = &logging["steps"][0];
    let account = id("/resourceGroups/rg-Web/providers/Microsoft.Storage/storageAccounts/bad");
    assert_eq!(step["resourceId"], json!(account));
    assert_eq!(step["scope"], json!(id("/resourceGroups/rg-Web")));
    assert_eq!(
        step["resources"][0]["id"],
        json!(format!("{account}/providers/Microsoft.Insights/diagnosticSettings/audit"))
    );
    assert_eq!(
        step["command"],
        json!(format!(
            "az deployment group create --name PolicyDeployment_0 --subscription {SUBSCRIPTION} --resource-group rg-Web --mode Incremental --template-file 01-logging/template.json --parameters @01-logging/0001-bad.parameters.json"
        ))
    );
    assert_eq!(
        read(&work.path("run/01-logging/0001-bad.parameters.json"))["parameters"],
        json!({"account": {"value": "bad"}})
    );
    // The identity holds nothing: the role is missing, and so are the actions.
    assert_eq!(logging["roles"][0]["isHeld"], json!(false));
    assert_eq!(logging["lacks"][0]["kind"], json!("role"));
    let command = logging["lacks"][0]["command"].as_str().expect("a role can be given");
    assert!(
        command.ends_with(&format!("--role {MONITORING} --scope /subscriptions/{SUBSCRIPTION}")),
        "{command}"
    );

    let step = &tagging["steps"][0];
    assert_eq!(tagging["lacks"], json!([]));
    assert_eq!(tagging["roles"][0]["isHeld"], json!(true));
    assert_eq!(step["changes"], json!([{"path": "$.tags.team", "before": null, "after": "platform"}]));
    assert_eq!(step["method"], json!("PATCH"));
    assert_eq!(
        step["url"],
        json!(format!("{account}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01"))
    );
    assert_eq!(
        read(&work.path("run/02-tagging/0001-bad.body.json")),
        json!({"operation": "Merge", "properties": {"tags": {"team": "platform"}}})
    );
    assert_eq!(expand_all(&work.path("run"), &manifest, &estate), 1);
}

/// Hands every deployment of a run to `arm expand` and `arm whatif`; they come to the resources that the manifest names.
fn expand_all(folder: &Path, manifest: &Value, estate: &str) -> usize {
    let runs = manifest["runs"].as_array().expect("there are runs");
    let steps = runs.iter().flat_map(|run| run["steps"].as_array().expect("there are steps"));
    let mut expanded = 0;
    for step in steps.filter(|step| step["action"] == "deploy") {
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        let file = |name: &str| folder.join(text(name)).to_str().expect("paths are UTF-8").to_owned();
        let (template, parameters) = (file("templateFile"), file("parametersFile"));
        let scope: Vec<&str> = text("scope").split('/').collect();
        let now = manifest["asOf"].as_str().expect("a run has a moment");
        let mut target = vec!["--estate", estate, "--now", now, "--deployment-name", text("deploymentName")];
        target.extend(["--subscription", scope[2]]);
        match scope.get(4) {
            Some(group) => target.extend(["--resource-group", *group]),
            None => target.extend(["--location", text("location")]),
        }
        for verb in ["expand", "whatif"] {
            let mut arguments = vec!["arm", verb, &template, &parameters, "-o", "json"];
            arguments.extend(&target);
            let shown = parsed(&expect(0, &arguments));
            if verb == "expand" {
                let all = shown["resources"].as_array().expect("there are resources").iter();
                let mut ids: Vec<&Value> = all
                    .filter(|resource| resource["existing"] != json!(true))
                    .map(|resource| &resource["id"])
                    .collect();
                let named = step["resources"].as_array().expect("they are named").iter();
                let mut wanted: Vec<&Value> = named.map(|resource| &resource["id"]).collect();
                ids.sort_by_key(ToString::to_string);
                wanted.sort_by_key(ToString::to_string);
                assert_eq!(ids, wanted, "{template} {parameters}");
            }
        }
        expanded += 1;
    }
    expanded
}

#[test]
fn runs_are_narrowed_and_shown() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let of = |code: i32, more: &[&str]| {
        let mut arguments = vec!["policy", "remediate", &estate];
        arguments.extend(COMPLETE);
        arguments.extend(more);
        expect(code, &arguments)
    };
    let shown = of(0, &[]).stdout;
    for part in [
        "2 resources to remediate under 2 policies",
        "roles: Monitoring Contributor missing",
        "the identity does not hold the role `Monitoring Contributor`",
        "$.tags.team: absent → \"platform\"",
        "az rest --method patch",
        "next: --out DIR",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let only = parsed(&of(0, &["--policy", "Policy tagging", "-f", "json"]));
    assert_eq!(only["runs"].as_array().map(Vec::len), Some(1));
    // Without a folder the contents are in the answer.
    assert_eq!(only["files"]["01-tagging/0001-bad.body.json"]["operation"], json!("Merge"));
    let none = parsed(&of(0, &["--resource", "good", "-f", "json", "--fail-on", "any"]));
    assert_eq!(none["summary"]["steps"], json!(0));
    of(1, &["--fail-on", "lack"]);
    of(0, &["--fail-on", "lack", "--assignment", "tagging"]);
    of(1, &["--fail-on", "any", "--assignment", "tagging"]);
    let undecided = expect(0, &["policy", "remediate", &estate, "--assignment", "logging"]);
    assert!(undecided.stdout.contains("1 resource undecided: the list of"), "{}", undecided.stdout);
}

#[test]
fn wrong_questions_are_told_with_what_to_do() {
    let work = Folder::new();
    let estate = small_estate(&work);
    let out = work.text("run");
    expect(0, &["policy", "remediate", &estate, "--out", &out]);
    for (code, more, wanted) in [
        (3, vec!["--assignment", "watching"], "deployIfNotExists or modify"),
        (2, vec!["--assignment", "loging"], "the nearest are: logging"),
        (2, vec!["--policy", "nothing"], "no assigned policy is called"),
        (3, vec!["--resource", "nobody"], "no resource is called `nobody`"),
        (2, vec!["--scope", "nowhere"], "nothing of the estate lies at the scope"),
        (2, vec!["--out", &out], "already holds a run"),
        (2, vec!["--resource-count", "0"], "resource-count"),
    ] {
        let run = azimuth(&[vec!["policy", "remediate", &estate], more.clone()].concat());
        assert_eq!(run.code, code, "{more:?}\n{}", run.stderr);
        assert!(run.stderr.contains(wanted), "{more:?}\n{}", run.stderr);
    }
}

#[test]
fn the_demo_estate_is_remediated_by_identities_that_may() {
    let work = Folder::new();
    let demo = work.text("demo");
    expect(0, &["demo-estate", "--size", "600", "--seed", "5", "--out", &demo]);
    // Everything there has its tags; a neighbour of something that a modifying assignment looks at has none.
    let scan =
        parsed(&expect(0, &["policy", "scan", &demo, "-f", "json", "--assignment", "inherit-cost-centre"]));
    let rows = scan["value"].as_array().expect("there are results").iter();
    let mut ids =
        rows.filter(|row| row["complianceState"] == "Compliant").filter_map(|row| row["resourceId"].as_str());
    let group = ids.find_map(|id| id.split_once("/providers/")).expect("one lies in a group").0;
    let mut bare = account("bare", &Value::Null);
    bare["id"] = json!(format!("{group}/providers/Microsoft.Storage/storageAccounts/bare"));
    let extra = work.file("extra.json", bare.to_string());
    let run = expect(0, &["policy", "remediate", &demo, &extra, "-f", "json", "--as-of", "2026-06-01"]);
    let manifest = parsed(&run);
    assert!(manifest["summary"]["steps"].as_u64() > Some(0), "{manifest:#}");
    for run in manifest["runs"].as_array().expect("there are runs") {
        assert_eq!(run["effect"], json!("modify"));
        assert_eq!(run["lacks"], json!([]), "{run:#}");
        for step in run["steps"].as_array().expect("there are steps") {
            let body = step["bodyFile"].as_str().expect("a change has a body");
            assert!(manifest["files"][body].is_object(), "{step:#}");
            assert_ne!(step["changes"], json!([]));
        }
    }
}

#[test]
fn landing_zones_are_remediated_over_the_demo_estate() {
    let Some(shared) = shared() else { return };
    let work = Folder::new();
    let demo = work.text("demo");
    expect(0, &["demo-estate", "--size", "300", "--seed", "3", "--out", &demo]);
    let file =
        |name: &str| shared.join("corpora/policy").join(name).to_str().expect("paths are UTF-8").to_owned();
    for (zone, least) in [("alz", 20), ("amba", 5)] {
        let (folder, out) = (file(&format!("landing-zones/{zone}")), work.text(zone));
        let (definitions, initiatives) = (file("definitions.jsonl"), file("initiatives.jsonl"));
        let arguments = [
            "policy",
            "remediate",
            &demo,
            &folder,
            "--definitions",
            &definitions,
            "--definitions",
            &initiatives,
            "--assign-at",
            "contoso-platform",
            "--assume-complete",
            "all",
            "--resource-count",
            "1",
            "--as-of",
            "2026-06-01",
            "--out",
            &out,
            "-f",
            "json",
        ];
        let manifest = parsed(&expect(0, &arguments));
        assert_eq!(manifest["summary"]["failing"], json!(0), "{zone}");
        let expanded = expand_all(&work.path(zone), &manifest, &demo);
        assert!(expanded >= least, "{zone}: {expanded} deployments");
    }
}
