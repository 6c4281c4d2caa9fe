//! `azimuth policy test`, `lint` and `fix` as their users meet them.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Folder, Run, azimuth, expect, shared};

fn docs(name: &str) -> String {
    let path = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
        .join("../../docs")
        .join(name);
    std::fs::read_to_string(path).expect("the page is there")
}

/// The first block of a language in the page.
fn block(language: &str) -> String {
    let page = docs("policy-commands.md");
    let start = page.find(&format!("```{language}\n")).expect("the page has such a block");
    let body = &page[start + language.len() + 4..];
    body[..body.find("```").expect("blocks end")].to_owned()
}

/// The definition and suite that the page shows.
fn example() -> (Folder, String) {
    let work = Folder::new();
    work.file("tls.json", block("json"));
    let suite = work.file("tls.test.yaml", block("yaml"));
    (work, suite)
}

fn parsed(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

#[test]
fn the_example_of_the_page_passes_and_covers_everything() {
    let (work, suite) = example();
    let run = expect(0, &["policy", "test", &suite, "--coverage-min", "100"]);
    assert!(run.stdout.contains("5 passed, 0 failed, 100.0 % of conditions covered"), "{}", run.stdout);
    let run = expect(0, &["policy", "test", &work.text(""), "-f", "json"]);
    let result = parsed(&run);
    assert_eq!(result["coverage"][0]["conditions"][2]["line"], 12, "{result:#}");
    let run = expect(0, &["policy", "test", &suite, "-f", "lcov"]);
    assert!(run.stdout.contains("DA:12,") && run.stdout.contains("BRH:6"), "{}", run.stdout);
}

#[test]
fn a_failing_case_shows_both_sides_and_the_trace() {
    let (work, _) = example();
    let text = block("yaml").replace("expect: compliant", "expect: { effect: deny, reason: tags }");
    let suite = work.file("wrong.test.yaml", text);
    let run = expect(1, &["policy", "test", &suite]);
    for part in
        ["FAIL new TLS passes", "expected  deny", "got       none", "decided by", "is \"TLS1_2\", notEquals"]
    {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
    let run = expect(1, &["policy", "test", &suite, "-f", "junit"]);
    assert!(
        run.stdout.contains("failures=\"1\"") && run.stdout.contains("effect: expected deny, got none"),
        "{}",
        run.stdout
    );
    let run = expect(0, &["policy", "test", &suite, "--filter", "sites"]);
    assert!(run.stdout.contains("1 passed, 0 failed"), "{}", run.stdout);
    let run = expect(1, &["policy", "test", &suite, "--filter", "sites", "--coverage-min", "60"]);
    assert!(run.stderr.contains("less than the 60 %"), "{}", run.stderr);
}

#[test]
fn wrong_suites_are_told_with_line_and_hint() {
    let work = Folder::new();
    let suite = work
        .file("a.test.yaml", "definition: d.json\ncases:\n  - name: x\n    resorce: {}\n    expect: deny\n");
    let run = expect(3, &["policy", "test", &suite]);
    assert!(
        run.stderr.contains("a.test.yaml:4:5") && run.stderr.contains("did you mean `resource`?"),
        "{}",
        run.stderr
    );
    let suite = work.file("b.test.yaml", "definition: [\n");
    let run = expect(3, &["policy", "test", &suite]);
    assert!(run.stderr.contains("this is no YAML"), "{}", run.stderr);
    let suite =
        work.file("c.test.yaml", "definition: gone.json\ncases: [{resource: {type: a/b}, expect: none}]\n");
    let run = expect(1, &["policy", "test", &suite]);
    assert!(run.stdout.contains("gone.json") && run.stdout.contains("c.test.yaml:1:13"), "{}", run.stdout);
    let empty = work.path("empty");
    std::fs::create_dir(&empty).expect("a folder can be made");
    let run = expect(3, &["policy", "test", empty.to_str().expect("paths are UTF-8")]);
    assert!(run.stderr.contains("--init"), "{}", run.stderr);
    expect(2, &["policy", "test"]);
    expect(2, &["policy", "test", &suite, "--coverage-min", "101"]);
}

#[test]
fn a_started_suite_passes() {
    let (work, _) = example();
    let suite = work.text("started.test.yaml");
    expect(0, &["policy", "test", "--init", &work.text("tls.json"), "--out", &suite]);
    let run = expect(0, &["policy", "test", &suite, "--coverage-min", "100"]);
    assert!(run.stdout.contains("3 passed"), "{}", run.stdout);
}

/// The schema names exactly the members that the reader knows.
#[test]
fn the_schema_is_what_is_read() {
    let schema: Value =
        serde_json::from_str(&docs("schemas/policy-test.schema.json")).expect("the schema is JSON");
    let names = |pointer: &str| -> Vec<String> {
        let members =
            schema.pointer(pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("{pointer}"));
        let mut names: Vec<String> = members.keys().cloned().collect();
        names.sort();
        names
    };
    let work = Folder::new();
    let head = "definition: d.json\ncases:\n- resource: {}\n";
    for (text, pointer) in [
        (format!("qqqqqq: 1\n{head}  expect: deny\n"), "/properties"),
        (format!("{head}  expect: deny\n  qqqqqq: 1\n"), "/$defs/case/properties"),
        (format!("{head}  expect: deny\n  context: {{qqqqqq: 1}}\n"), "/$defs/context/properties"),
        (
            "definition: d.json\ncases:\n- template: {file: x, qqqqqq: 1}\n  expect: deny\n".to_owned(),
            "/$defs/template/oneOf/1/properties",
        ),
        (format!("{head}  expect: {{qqqqqq: 1}}\n"), "/$defs/expect/oneOf/1/properties"),
        (format!("{head}  expect: {{reason: {{qqqqqq: 1}}}}\n"), "/$defs/reason/oneOf/1/properties"),
        (
            format!("{head}  expect: {{operations: [{{field: a, qqqqqq: 1}}]}}\n"),
            "/$defs/expect/oneOf/1/properties/operations/items/properties",
        ),
    ] {
        let suite = work.file("x.test.yaml", text);
        let run = expect(3, &["policy", "test", &suite]);
        let hint =
            run.stderr.split("hint: it has ").nth(1).unwrap_or_else(|| panic!("{pointer}\n{}", run.stderr));
        let mut known: Vec<String> =
            hint.lines().next().unwrap_or_default().split(", ").map(str::to_owned).collect();
        known.sort();
        assert_eq!(known, names(pointer), "{pointer}");
    }
}

const DEAD: &str = r#"{
  "properties": {
    "mode": "All",
    "policyRule": {
      "if": {
        "allOf": [
          { "field": "type", "equals": "Microsoft.Storage/storageAccounts" },
          { "field": "type", "equals": "Microsoft.Web/sites" }
        ]
      },
      "then": { "effect": "audit" }
    }
  }
}"#;

#[test]
fn lint_points_at_the_line() {
    let work = Folder::new();
    let file = work.file("d.json", DEAD);
    let run = expect(1, &["policy", "lint", &file]);
    assert!(
        run.stdout.contains("error[policy-never-holds]") && run.stdout.contains("d.json:8:11"),
        "{}",
        run.stdout
    );
    expect(0, &["policy", "lint", &file, "--fail-on", "never"]);
    let run = expect(0, &["policy", "lint", &file, "--allow", "policy-never-holds"]);
    assert!(run.stdout.contains("nothing found"), "{}", run.stdout);
    let found = parsed(&expect(1, &["policy", "lint", &file, "-f", "json"]));
    assert_eq!(found[0]["place"]["line"], 8);
    let log = parsed(&expect(1, &["policy", "lint", &file, "-f", "sarif"]));
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 8);
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "policy-never-holds");
    let run = expect(1, &["policy", "lint", &file, "-f", "junit"]);
    assert!(run.stdout.contains("<failure type=\"error\""), "{}", run.stdout);
}

#[test]
fn lint_talks_about_its_rules_and_about_bad_input() {
    let run = expect(0, &["policy", "lint", "--rules"]);
    assert!(run.stdout.contains("assignment-shadowed"), "{}", run.stdout);
    let run = expect(0, &["policy", "lint", "--explain", "POLICY-dead-condition"]);
    assert!(run.stdout.contains("policy-dead-condition (warning, definition)"), "{}", run.stdout);
    let run = expect(2, &["policy", "lint", "--explain", "policy-ded-condition"]);
    assert!(run.stderr.contains("policy-dead-condition"), "{}", run.stderr);
    let work = Folder::new();
    let broken = work.file("broken.json", "{\"properties\": {");
    let run = expect(1, &["policy", "lint", &broken]);
    assert!(run.stdout.contains("arm-json") && run.stdout.contains("broken.json:1"), "{}", run.stdout);
    let other = work.file("other.json", "{\"a\": 1}");
    let run = expect(3, &["policy", "lint", &other]);
    assert!(run.stderr.contains("no policy object found"), "{}", run.stderr);
    expect(3, &["policy", "lint", &work.text("gone")]);
    expect(2, &["policy", "lint"]);
}

/// The landing zones are in order, but for what their authors chose.
#[test]
fn lint_of_the_landing_zones() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("corpora/policy/landing-zones/alz");
    let folder = folder.to_str().expect("paths are UTF-8");
    let run = azimuth(&["policy", "lint", folder, "--fail-on", "never", "-f", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found = parsed(&run);
    let found = found.as_array().expect("findings are a list");
    let count = |code: &str| found.iter().filter(|finding| finding["code"] == code).count();
    assert_eq!(count("policy-never-holds") + count("policy-dead-condition"), 0, "{found:#?}");
    assert_eq!(count("assignment-modify-conflict") + count("initiative-parameter-required"), 0, "{found:#?}");
    assert!(count("assignment-not-enforced") > 0);
}

fn account() -> Value {
    json!({"id": "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/one",
        "name": "one", "type": "Microsoft.Storage/storageAccounts", "location": "westeurope",
        "properties": {"minimumTlsVersion": "TLS1_0"}})
}

#[test]
fn fix_shows_changes_patch_and_command() {
    let (work, _) = example();
    let (resource, definition) = (work.file("one.json", account().to_string()), work.text("tls.json"));
    let run = expect(0, &["policy", "fix", &resource, "--definition", &definition]);
    for part in [
        "1 change makes it comply, confirmed by the engine",
        "set properties.minimumTlsVersion to \"TLS1_2\"",
        "-    \"minimumTlsVersion\": \"TLS1_0\"",
        "+    \"minimumTlsVersion\": \"TLS1_2\"",
        r#"[{"op":"replace","path":"/properties/minimumTlsVersion","value":"TLS1_2"}]"#,
        "--set properties.minimumTlsVersion=TLS1_2",
    ] {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
    let result = parsed(&expect(0, &["policy", "fix", &resource, "--definition", &definition, "-o", "json"]));
    let after = work.file("after.json", result["fixes"][0]["after"].to_string());
    let run = expect(0, &["policy", "fix", &after, "--definition", &definition]);
    assert!(run.stdout.contains("nothing to fix"), "{}", run.stdout);
}

#[test]
fn fix_says_why_not() {
    let work = Folder::new();
    let resource = work.file("one.json", account().to_string());
    let place = work.file(
        "place.json",
        r#"{"properties": {"displayName": "Place", "mode": "All", "policyRule": {"if": {"field": "location", "notIn": ["northeurope"]}, "then": {"effect": "deny"}}}}"#,
    );
    let run = expect(1, &["policy", "fix", &resource, "--definition", &place]);
    assert!(run.stdout.contains("which only a new resource has otherwise"), "{}", run.stdout);
    let run = expect(2, &["policy", "fix", &resource]);
    assert!(run.stderr.contains("--definition"), "{}", run.stderr);
    let run = expect(2, &["policy", "fix", &resource, "--definition", &place, "--policy", "Plaec"]);
    assert!(run.stderr.contains("Place"), "{}", run.stderr);
    let run = expect(2, &["policy", "fix", &resource, "--definition", &place, "-p", "x=1"]);
    assert!(run.stderr.contains("no definition has a parameter `x`"), "{}", run.stderr);
    let list = work.file("list.json", "[]");
    let run = expect(3, &["policy", "fix", &list, "--definition", &place]);
    assert!(run.stderr.contains("no single resource"), "{}", run.stderr);
}

#[test]
fn fix_against_an_estate() {
    let work = Folder::new();
    let scope = "/subscriptions/11111111-1111-1111-1111-111111111111";
    let definition: Value = serde_json::from_str(&block("json")).expect("the page's definition is JSON");
    let id = format!("{scope}/providers/Microsoft.Authorization/policyDefinitions/tls");
    let estate = json!([
        account(),
        {"id": id, "name": "tls", "type": "Microsoft.Authorization/policyDefinitions", "properties": definition["properties"]},
        {"id": format!("{scope}/providers/Microsoft.Authorization/policyAssignments/a"), "name": "a",
         "type": "Microsoft.Authorization/policyAssignments",
         "properties": {"scope": scope, "policyDefinitionId": id}},
    ]);
    let file = work.file("estate.json", estate.to_string());
    let resource = account();
    let resource = resource["id"].as_str().expect("it has an id");
    let run = expect(0, &["policy", "fix", resource, "--estate", &file]);
    assert!(run.stdout.contains("set properties.minimumTlsVersion to \"TLS1_2\""), "{}", run.stdout);
    let store = work.text("estate.db");
    expect(0, &["import", &file, "--store", &store]);
    let run = expect(0, &["policy", "fix", resource, "--store", &store]);
    assert!(run.stdout.contains("set properties.minimumTlsVersion to \"TLS1_2\""), "{}", run.stdout);
    let run = expect(0, &["policy", "lint", "--store", &store]);
    assert!(run.stdout.contains("2 policy objects"), "{}", run.stdout);
    let run = expect(2, &["policy", "fix", &format!("{resource}2"), "--estate", &file]);
    assert!(run.stderr.contains("neither a file nor a resource"), "{}", run.stderr);
}
