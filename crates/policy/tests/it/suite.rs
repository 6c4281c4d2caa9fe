//! Suites: what passes, what fails and how that is shown; starters pass their own suite.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_policy::lint::Workspace;
use azimuth_policy::suite::{Files, Library, PointKind, SuiteReport, parse_suite, run_suite, starter};
use azimuth_policy::{Catalogue, Definition, Mode, PolicyType};

use crate::{built_ins, corpora};

/// Files in memory.
#[derive(Default)]
struct Memory(BTreeMap<&'static str, String>);

impl Files for Memory {
    fn text(&self, name: &str) -> Result<(String, String), String> {
        let text = self.0.get(name).cloned().ok_or_else(|| format!("there is no file `{name}`"))?;
        Ok((name.to_owned(), text))
    }
}

const TLS: &str = r#"{
  "name": "tls",
  "properties": {
    "displayName": "Old TLS is refused",
    "mode": "All",
    "parameters": {
      "effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Deny"},
      "wanted": {"type": "String", "allowedValues": ["TLS1_1", "TLS1_2"], "defaultValue": "TLS1_2"}
    },
    "policyRule": {
      "if": {
        "allOf": [
          {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
          {"anyOf": [
            {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "exists": "false"},
            {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "[parameters('wanted')]"}
          ]},
          {"count": {
            "field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]",
            "where": {"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value", "equals": "10.0.0.1"}
          }, "equals": 0}
        ]
      },
      "then": {"effect": "[parameters('effect')]"}
    }
  }
}"#;

fn run(files: &Memory, suite: &str) -> SuiteReport {
    let suite = parse_suite("s.test.yaml", suite).into_result().expect("the suite is sound");
    let catalogue = Arc::new(Catalogue::bundled());
    let known = Workspace::new();
    let now = "2026-01-01T00:00:00Z".parse().expect("it is a moment");
    run_suite(&suite, &Library { known: &known, catalogue: &catalogue, now }, files, &|_| true)
}

fn with(name: &'static str, text: &str) -> Memory {
    let mut files = Memory::default();
    files.0.insert(name, text.to_owned());
    files
}

const SUITE: &str = r#"
definition: tls.json
message: use TLS 1.2
cases:
  - name: old
    resource: &old
      type: Microsoft.Storage/storageAccounts
      name: one
      properties: {minimumTlsVersion: TLS1_0}
    expect:
      effect: deny
      compliance: nonCompliant
      denied: true
      message: use TLS 1.2
      reason:
        - {path: properties.minimumTlsVersion, seen: tls1_0, operator: notEquals, wanted: TLS1_2}
        - minimumTlsVersion
  - name: new
    resource:
      type: Microsoft.Storage/storageAccounts
      properties: {minimumTlsVersion: TLS1_2}
    expect: compliant
  - name: other type
    resource: {type: Microsoft.Web/sites}
    expect: notApplicable
  - name: switched off
    parameters: {effect: Disabled}
    resource: *old
    expect: disabled
  - name: a rule
    resource:
      type: Microsoft.Storage/storageAccounts
      properties: {networkAcls: {ipRules: [{value: 10.0.0.2}, {value: 10.0.0.1}]}}
    expect: none
"#;

#[test]
fn a_suite_passes_and_covers() {
    let report = run(&with("tls.json", TLS), SUITE);
    assert!(report.is_passed(), "{report:#?}");
    assert_eq!(report.name, "Old TLS is refused");
    let coverage = report.coverage.unwrap();
    let kinds: Vec<PointKind> = coverage.points.iter().map(|point| point.kind).collect();
    use PointKind::{AllOf, AnyOf, Count, Leaf};
    assert_eq!(kinds, [AllOf, Leaf, AnyOf, Leaf, Leaf, Count, Leaf]);
    let lines: Vec<Option<u64>> = coverage.points.iter().map(|point| point.place.line).collect();
    let expected = [11, 13, 14, 15, 16, 18, 20].map(Some);
    assert_eq!(lines, expected);
    assert!((coverage.percent() - 100.0).abs() < 1e-9, "{:#?}", coverage.points);
}

#[test]
fn failures_show_expected_and_got() {
    let suite = "definition: tls.json\ncases:\n- name: wrong\n  resource: {type: Microsoft.Storage/storageAccounts, properties: {minimumTlsVersion: TLS1_0}}\n  \
                 expect: {effect: audit, compliance: compliant, denied: false, message: nothing, reason: {path: tags}}\n";
    let report = run(&with("tls.json", TLS), suite);
    let shown: Vec<String> = report.cases[0]
        .mismatches
        .iter()
        .map(|found| {
            format!("{}: {} / {}", found.what, found.expected, found.got.lines().next().unwrap_or_default())
        })
        .collect();
    assert_eq!(shown.len(), 5, "{shown:#?}");
    assert_eq!(shown[0], "effect: audit / deny");
    assert_eq!(shown[1], "compliance: Compliant / NonCompliant");
    assert!(shown[2].starts_with("reason: path tags / type is "), "{}", shown[2]);
    assert_eq!(shown[3], "request: allowed / denied");
    assert!(report.cases[0].trace.iter().any(|line| line.contains("TLS1_0")), "{:?}", report.cases[0].trace);
}

#[test]
fn modify_is_checked_by_operations_and_result() {
    let tag = r#"{"properties": {"mode": "Indexed", "policyRule": {
        "if": {"field": "tags['env']", "exists": false},
        "then": {"effect": "modify", "details": {"roleDefinitionIds": ["/x"], "operations": [
            {"operation": "addOrReplace", "field": "tags['env']", "value": "[resourceGroup().tags.env]"}]}}}}}"#;
    let suite = r#"
definition: tag.json
context: {resourceGroup: {tags: {env: prod}}}
cases:
  - name: added
    resource: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a, type: Microsoft.Web/sites, name: a, location: westeurope, tags: {x: y}}
    expect:
      effect: modify
      operations: [{operation: addOrReplace, field: "tags['env']", value: prod}]
      after: {tags: {env: prod, x: y, gone: null}}
  - name: kept
    resource: {type: Microsoft.Web/sites, tags: {env: dev}}
    expect: {effect: none, after: {tags: {env: dev}}}
  - name: differs
    resource: {type: Microsoft.Web/sites, name: a, location: westeurope}
    expect: {after: {tags: {env: dev}}}
"#;
    let report = run(&with("tag.json", tag), suite);
    assert!(report.cases[0].is_passed() && report.cases[1].is_passed(), "{report:#?}");
    let found = &report.cases[2].mismatches[0];
    assert_eq!((&*found.what, &*found.expected, &*found.got), ("after.tags.env", "\"dev\"", "\"prod\""));
}

#[test]
fn related_resources_are_given_or_missed() {
    let settings = r#"{"properties": {"mode": "All", "policyRule": {
        "if": {"field": "type", "equals": "Microsoft.KeyVault/vaults"},
        "then": {"effect": "auditIfNotExists", "details": {"type": "Microsoft.Insights/diagnosticSettings",
            "existenceCondition": {"allOf": [
              {"field": "Microsoft.Insights/diagnosticSettings/logs.enabled", "equals": "true"}]}}}}}}"#;
    let suite = r#"
definition: d.json
cases:
  - name: unknown
    resource: {type: Microsoft.KeyVault/vaults}
    expect: auditIfNotExists
  - name: none
    resource: {type: Microsoft.KeyVault/vaults}
    related: []
    expect: auditIfNotExists
  - name: there
    resource: {type: Microsoft.KeyVault/vaults}
    related:
      - {type: Microsoft.Insights/diagnosticSettings, properties: {logs: [{enabled: false}]}}
      - {type: Microsoft.Insights/diagnosticSettings, properties: {logs: [{enabled: true}]}}
    expect: {effect: none, compliance: compliant}
"#;
    let report = run(&with("d.json", settings), suite);
    assert!(report.cases[1].is_passed() && report.cases[2].is_passed(), "{report:#?}");
    let unknown = &report.cases[0].mismatches;
    assert!(unknown.iter().any(|found| found.what == "related"), "{unknown:#?}");
    let coverage = report.coverage.unwrap();
    let inner = coverage.points.iter().find(|point| point.label.contains("logs.enabled")).unwrap();
    assert_eq!((inner.seen_true, inner.seen_false), (1, 1));
}

#[test]
fn templates_are_expanded() {
    let template = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "parameters": {"tls": {"type": "string"}},
        "resources": [
          {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[concat('st', 'one')]",
           "location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
           "properties": {"minimumTlsVersion": "[parameters('tls')]"}},
          {"type": "Microsoft.Web/sites", "apiVersion": "2023-01-01", "name": "site", "location": "westeurope", "properties": {}}]}"#;
    let suite = r#"
definition: tls.json
cases:
  - name: picked
    template: {file: main.json, parameters: {tls: TLS1_0}, type: microsoft.storage/storageaccounts}
    expect: deny
  - name: many
    template: {file: main.json, parameters: {tls: TLS1_0}}
    expect: deny
  - name: none
    template: {file: main.json, parameters: {tls: TLS1_0}, name: nothing}
    expect: deny
  - name: no file
    template: other.json
    expect: deny
"#;
    let mut files = with("tls.json", TLS);
    files.0.insert("main.json", template.to_owned());
    let report = run(&files, suite);
    assert!(report.cases[0].is_passed(), "{report:#?}");
    let errors: Vec<&str> =
        report.cases[1..].iter().map(|case| &*case.error.as_ref().unwrap().message).collect();
    assert_eq!(
        errors,
        [
            "`main.json` makes 2 such resources",
            "`main.json` makes no such resource",
            "there is no file `other.json`"
        ]
    );
}

#[test]
fn parameters_that_do_not_fit_are_told() {
    let suite = "definition: tls.json\ncases:\n- name: a\n  parameters: {wantd: TLS1_2}\n  resource: {type: x/y}\n  expect: none\n";
    let report = run(&with("tls.json", TLS), suite);
    let error = report.cases[0].error.as_ref().unwrap();
    assert!(error.message.contains("no parameter `wantd`"), "{error}");
    assert_eq!(error.place.line, Some(3));
}

#[test]
fn initiatives_are_tested_by_reference() {
    let document = r#"[
        {"id": "/providers/Microsoft.Authorization/policyDefinitions/a", "properties": {"mode": "All", "policyRule": {
          "if": {"field": "location", "notIn": ["westeurope"]}, "then": {"effect": "deny"}}}},
        {"id": "/providers/Microsoft.Authorization/policyDefinitions/b", "properties": {"mode": "All", "policyRule": {
          "if": {"field": "tags['x']", "exists": false}, "then": {"effect": "audit"}}}},
        {"id": "/providers/Microsoft.Authorization/policySetDefinitions/s", "properties": {"policyDefinitions": [
          {"policyDefinitionReferenceId": "place", "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/a"},
          {"policyDefinitionReferenceId": "tag", "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/b"}]}}]"#;
    let suite = r#"
initiative: /providers/Microsoft.Authorization/policySetDefinitions/s
cases:
  - name: both
    resource: {type: Microsoft.Web/sites, name: a, location: eastus}
    expect: {effect: deny, denied: true, references: {place: deny, tag: audit}}
  - name: misnamed
    resource: {type: Microsoft.Web/sites, name: a, location: eastus}
    expect: {references: {plce: deny}}
"#;
    let source = Source::parse("all.json", document).unwrap();
    let mut known = Workspace::new();
    assert_eq!(known.add(&source), 3);
    let suite = parse_suite("s.test.yaml", suite).into_result().unwrap();
    let catalogue = Arc::new(Catalogue::bundled());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let library = Library { known: &known, catalogue: &catalogue, now };
    let report = run_suite(&suite, &library, &Memory::default(), &|_| true);
    assert!(report.cases[0].is_passed(), "{report:#?}");
    assert_eq!(report.cases[1].mismatches[0].got, "the initiative has place, tag");
}

#[test]
fn an_unknown_definition_is_told_with_its_place() {
    let report = run(
        &Memory::default(),
        "name: x\ndefinition: tlss.json\ncases: [{resource: {type: a/b}, expect: none}]",
    );
    let error = report.error.unwrap();
    assert_eq!((&*error.message, error.place.line), ("there is no file `tlss.json`", Some(2)));
}

/// Every suite that `--init` would write for a built-in definition is sound and passes.
#[test]
fn starters_pass_their_own_suite() {
    let Some(text) = corpora::read("definitions.jsonl") else { return };
    let (definitions, _) = built_ins::definitions(&text);
    let catalogue = Arc::new(Catalogue::bundled());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let (mut cases, mut matching, mut covered, mut failed) = (0, 0, 0.0, Vec::new());
    // Those that Microsoft attests match nothing, and components are not looked at here.
    let is_evaluated = |definition: &&Arc<Definition>| {
        definition.policy_type != PolicyType::Static && !matches!(definition.mode, Mode::Provider(_))
    };
    let chosen: Vec<_> = definitions.iter().filter(is_evaluated).step_by(17).collect();
    for definition in &chosen {
        let written = starter(definition, &catalogue, "d.json", now);
        let line = text
            .lines()
            .find(|line| line.contains(definition.id.as_deref().unwrap_or_default()))
            .unwrap_or_default();
        let parsed = parse_suite("s.test.yaml", &written);
        let Some(suite) = parsed.value else { panic!("{:#?}\n{written}", parsed.diagnostics) };
        let known = Workspace::new();
        let library = Library { known: &known, catalogue: &catalogue, now };
        let report = run_suite(&suite, &library, &with("d.json", line), &|_| true);
        if !report.is_passed() {
            failed.push(format!("{:?}\n{written}\n{:#?}", definition.display_name, report));
        }
        cases += report.cases.len();
        matching += usize::from(suite.cases.iter().any(|case| case.name == "it matches"));
        covered += report.coverage.map_or(0.0, |coverage| coverage.percent());
    }
    assert!(failed.is_empty(), "{} of {}\n{}", failed.len(), chosen.len(), failed[0]);
    let share = matching as f64 / chosen.len() as f64;
    let mean = covered / chosen.len() as f64;
    assert!(
        mean > 60.0,
        "{} definitions, {cases} cases, {share:.2} with a match, {mean:.1} % covered",
        chosen.len()
    );
    assert!(share > 0.9, "only {share} have a resource that matches");
}
