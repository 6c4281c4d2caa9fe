//! Lints: what every rule finds, that what is called dead is dead, and what they say of the published definitions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use azimuth_arm::{Object, Source};
use azimuth_policy::lint::{Workspace, lint, rules_page};
use azimuth_policy::{
    Catalogue, CompileOptions, Context, Policy, PolicyContext, Program, Resource, Slots, parse_definition,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::corpora;

fn now() -> jiff::Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("it is a moment")
}

/// Codes and JSON paths found in a document.
fn found(document: &Json, catalogue: &Catalogue) -> Vec<(&'static str, String)> {
    let source = Source::parse("t.json", &document.to_string()).expect("it was written as JSON");
    let mut workspace = Workspace::new();
    workspace.add(&source);
    lint(&workspace, catalogue, now())
        .into_iter()
        .map(|finding| (finding.code, finding.place.path.unwrap_or_default()))
        .collect()
}

/// A definition whose effect is a parameter as it should be.
fn definition(condition: &Json) -> Json {
    json!({"properties": {"mode": "All",
        "parameters": {
            "effect": {"type": "String", "allowedValues": ["Audit", "Disabled"], "defaultValue": "Audit"},
        },
        "policyRule": {"if": condition, "then": {"effect": "[parameters('effect')]"}}}})
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better with values")]
#[track_caller]
fn check(condition: Json, expected: &[(&str, &str)]) {
    let found = found(&definition(&condition), &Catalogue::bundled());
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(code, path)| (*code, path.strip_prefix("$.properties.policyRule.if").unwrap_or(path)))
        .collect();
    assert_eq!(found, expected, "{condition}");
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts";

#[test]
fn rules_that_never_hold() {
    let never = "policy-never-holds";
    let field = |name: &str| format!("{STORAGE}/{name}");
    check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"field": "type", "equals": "Microsoft.Web/sites"}]}),
        &[(never, ".allOf[1]")],
    );
    check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"field": "Microsoft.Web/sites/httpsOnly", "equals": "false"}]}),
        &[(never, ".allOf[1]")],
    );
    check(
        json!({"allOf": [{"field": "name", "greater": 5}, {"field": "name", "lessOrEquals": 3}]}),
        &[(never, ".allOf[1]")],
    );
    check(
        json!({"allOf": [{"field": "tags['x']", "exists": false}, {"not": {"field": "tags['x']", "notEquals": "a"}}]}),
        &[(never, ".allOf[1].not")],
    );
    check(
        json!({"allOf": [{"field": "kind", "in": ["a", "b"]}, {"field": "kind", "notIn": ["A", "B", "c"]}]}),
        &[(never, ".allOf[1]")],
    );
    check(json!({"count": {"field": field("networkAcls.ipRules[*]")}, "less": 0}), &[(never, "")]);
    check(
        json!({"count": {"value": ["a", "b"], "where": {"value": "[current()]", "equals": "a"}}, "greater": 2}),
        &[(never, "")],
    );
    check(
        json!({"allOf": [{"field": "location", "equals": "West Europe"}, {"field": "location", "notEquals": "westeurope"}]}),
        &[(never, ".allOf[1]")],
    );
}

#[test]
fn rules_that_live() {
    let field = |name: &str| format!("{STORAGE}/{name}");
    check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"field": field("minimumTlsVersion"), "notEquals": "TLS1_2"}]}),
        &[],
    );
    // An empty array meets both.
    check(
        json!({"allOf": [{"not": {"field": field("networkAcls.ipRules[*].value"), "notEquals": "a"}}, {"not": {"field": field("networkAcls.ipRules[*].value"), "notEquals": "b"}}]}),
        &[],
    );
    // A number and a text may be equal to the same.
    check(json!({"allOf": [{"field": "name", "equals": 443}, {"field": "name", "equals": "443"}]}), &[]);
    check(json!({"allOf": [{"field": "name", "equals": true}, {"field": "name", "equals": "True"}]}), &[]);
    check(json!({"allOf": [{"field": "name", "like": "a*"}, {"field": "name", "like": "*b"}]}), &[]);
    check(json!({"allOf": [{"field": "name", "match": "A"}, {"field": "name", "match": "a"}]}), &[]);
    // One text is later than one bound and earlier than another.
    check(
        json!({"allOf": [{"field": "tags['d']", "greater": "2024-01-01"}, {"field": "tags['d']", "less": "2025-01-01"}]}),
        &[],
    );
}

#[test]
fn branches_that_decide_nothing() {
    let dead = "policy-dead-condition";
    check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"anyOf": [{"field": "type", "equals": "a/b"}, {"field": "name", "equals": "x"}]}]}),
        &[(dead, ".allOf[1].anyOf[0]")],
    );
    check(
        json!({"allOf": [{"field": "kind", "equals": "a"}, {"not": {"allOf": [{"field": "kind", "in": ["a", "b"]}, {"field": "name", "equals": "x"}]}}]}),
        &[(dead, ".allOf[1].not.allOf[0]")],
    );
    check(
        json!({"anyOf": [{"value": "[parameters('effect')]", "equals": "Deny"}, {"field": "name", "equals": "x"}]}),
        &[(dead, ".anyOf[0]")],
    );
    check(
        json!({"anyOf": [{"field": "name", "equals": "x"}, {"field": "kind", "equals": "k"}, {"field": "NAME", "equals": "x"}]}),
        &[("policy-duplicate-condition", ".anyOf[2]")],
    );
    check(
        json!({"allOf": [{"field": "name", "equals": "x"}, {"count": {"value": ["a"]}, "greaterOrEquals": 0}]}),
        &[("policy-constant-condition", ".allOf[1]")],
    );
    check(
        json!({"count": {"field": format!("{STORAGE}/networkAcls.ipRules[*]"), "where": {"anyOf": [
            {"field": format!("{STORAGE}/networkAcls.ipRules[*].value"), "equals": "a"},
            {"allOf": [{"field": format!("{STORAGE}/networkAcls.ipRules[*].action"), "equals": "Allow"}, {"field": format!("{STORAGE}/networkAcls.ipRules[*].action"), "equals": "Deny"}]}]}}, "greater": 0}),
        &[(dead, ".count.where.anyOf[1]")],
    );
}

#[test]
fn comparisons_that_mislead() {
    check(json!({"field": "type", "equals": "Microsoft.Storage/*"}), &[("policy-wildcard-literal", "")]);
    check(json!({"field": "name", "notIn": ["a*", "b"]}), &[("policy-wildcard-literal", "")]);
    check(json!({"field": "name", "like": "a"}), &[("policy-like-without-wildcard", "")]);
    check(
        json!({"field": format!("{STORAGE}/networkAcls.ipRules[*].value"), "equals": "a"}),
        &[("policy-every-member", "")],
    );
    check(json!({"field": format!("{STORAGE}/networkAcls.ipRules[*].value"), "notEquals": "a"}), &[]);
    check(
        json!({"field": format!("{STORAGE}/minimumTlsVersoin"), "equals": "a"}),
        &[("policy-unknown-alias", "")],
    );
    check(
        json!({"field": format!("{STORAGE}/somethingOfTheirOwn"), "equals": "a"}),
        &[("policy-alias-guessed", "")],
    );
}

#[test]
fn what_one_definition_has_hides_nothing_of_another() {
    let mut workspace = Workspace::new();
    for (file, rule) in [
        ("a.json", json!({"field": "name", "like": "a"})),
        ("b.json", json!({"count": {"value": ["a"]}, "greaterOrEquals": 0})),
    ] {
        let text = json!({"properties": {"displayName": "x", "mode": "All",
            "policyRule": {"if": {"allOf": [{"field": "type", "equals": "a.b/c"}, rule]}, "then": {"effect": "audit"}}}})
        .to_string();
        workspace.add(&Source::parse(file, &text).unwrap());
    }
    let found = lint(&workspace, &Catalogue::bundled(), now());
    let has = |file: &str, code: &str| {
        found.iter().any(|finding| finding.code == code && finding.place.file.as_deref() == Some(file))
    };
    assert!(has("a.json", "policy-like-without-wildcard"), "{found:?}");
    assert!(has("b.json", "policy-constant-condition"), "{found:?}");
}

#[test]
fn parameters_and_details() {
    let catalogue = Catalogue::bundled();
    let codes = |properties: Json| -> Vec<&'static str> {
        found(&json!({"properties": properties}), &catalogue).into_iter().map(|(code, _)| code).collect()
    };
    let rule = |effect: &str| json!({"if": {"field": "name", "equals": "x"}, "then": {"effect": effect}});
    assert_eq!(codes(json!({"policyRule": rule("deny")})), ["policy-effect-fixed"]);
    assert_eq!(
        codes(
            json!({"parameters": {"e": {"type": "String", "allowedValues": ["Deny", "Refuse"]}, "x": {"type": "String"}}, "policyRule": rule("[parameters('e')]")})
        ),
        ["policy-effect-not-effect", "policy-effect-no-disabled", "policy-parameter-unused"]
    );
    assert_eq!(
        codes(json!({"parameters": {"e": {"type": "String", "allowedValues": []}}, "policyRule": {
            "if": {"field": "name", "equals": "[concat(parameters('ee'), parameters('e'))]"}, "then": {"effect": "audit"}}})),
        ["policy-parameter-impossible", "policy-parameter-missing"]
    );
    assert_eq!(
        codes(
            json!({"policyRule": {"if": {"field": "type", "equals": STORAGE}, "then": {"effect": "auditIfNotExists", "details": {
            "type": "Microsoft.Insights/diagnosticSettings", "evaluationDelay": "soon"}}}})
        ),
        ["policy-existence-missing", "policy-evaluation-delay"]
    );
    assert_eq!(
        codes(
            json!({"policyRule": {"if": {"field": "type", "equals": STORAGE}, "then": {"effect": "modify", "details": {
            "roleDefinitionIds": ["Contributor"], "operations": [{"operation": "add", "field": "tags['a']", "value": "b"}]}}}})
        ),
        ["policy-effect-fixed", "policy-role-format"]
    );
}

const GROUP: &str = "/providers/Microsoft.Management/managementGroups";

#[expect(clippy::needless_pass_by_value, reason = "cases read better with values")]
fn estate(more: Json) -> Json {
    let definition = format!("{GROUP}/top/providers/Microsoft.Authorization/policyDefinitions");
    let set = format!("{GROUP}/top/providers/Microsoft.Authorization/policySetDefinitions/set");
    let mut all = json!([
        {"id": format!("{GROUP}/low"), "type": "Microsoft.Management/managementGroups", "name": "low",
         "properties": {"details": {"parent": {"id": format!("{GROUP}/top")}}}},
        {"id": format!("{definition}/tag"), "properties": {
            "parameters": {"value": {"type": "String"}},
            "policyRule": {"if": {"field": "tags['env']", "exists": false}, "then": {"effect": "[parameters('effect')]", "details": {
                "roleDefinitionIds": ["/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"],
                "operations": [{"operation": "addOrReplace", "field": "tags['env']", "value": "[parameters('value')]"}]}}}}},
        {"id": format!("{definition}/place"), "properties": {
            "parameters": {"allowed": {"type": "Array"}, "effect": {"type": "String", "allowedValues": ["Audit", "Disabled"], "defaultValue": "Audit"}},
            "policyRule": {"if": {"field": "location", "notIn": "[parameters('allowed')]"}, "then": {"effect": "[parameters('effect')]"}}}},
        {"id": set, "properties": {
            "parameters": {"places": {"type": "Array", "defaultValue": []}},
            "policyDefinitions": [{"policyDefinitionReferenceId": "place", "policyDefinitionId": format!("{definition}/place"),
                "parameters": {"allowed": {"value": "[parameters('places')]"}}}]}},
    ]);
    // The effect of the tag policy is a parameter that always means modify.
    all[1]["properties"]["parameters"]["effect"] =
        json!({"type": "String", "allowedValues": ["Modify", "Disabled"], "defaultValue": "Modify"});
    let list = all.as_array_mut().expect("it was written as a list");
    list.extend(more.as_array().expect("more is a list").iter().cloned());
    all
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better with values")]
fn assignment(name: &str, scope: &str, of: &str, more: Json) -> Json {
    let kind = if of == "set" { "policySetDefinitions" } else { "policyDefinitions" };
    let mut out = json!({"id": format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"), "name": name,
        "properties": {"scope": scope, "policyDefinitionId": format!("{GROUP}/top/providers/Microsoft.Authorization/{kind}/{of}")}});
    for (name, value) in more.as_object().expect("more is an object") {
        if name == "identity" || name == "location" {
            out[name] = value.clone();
        } else {
            out["properties"][name] = value.clone();
        }
    }
    out
}

#[track_caller]
fn check_estate(more: Json, expected: &[&str]) {
    let found = found(&estate(more), &Catalogue::bundled());
    let codes: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, expected, "{found:#?}");
}

#[test]
fn assignments_and_exemptions() {
    let top = &format!("{GROUP}/top");
    let low = &format!("{GROUP}/low");
    let identity = json!({"identity": {"type": "SystemAssigned"}, "location": "westeurope"});
    let with = |value: &str| {
        let mut more = identity.clone();
        more["parameters"] = json!({"value": {"value": value}});
        more
    };
    check_estate(json!([assignment("a", top, "set", json!({}))]), &[]);
    check_estate(
        json!([assignment("a", top, "set", json!({})), assignment("b", low, "set", json!({}))]),
        &["assignment-shadowed"],
    );
    check_estate(
        json!([
            assignment("a", top, "set", json!({"notScopes": [low]})),
            assignment("b", low, "set", json!({}))
        ]),
        &[],
    );
    check_estate(
        json!([
            assignment("a", top, "set", json!({"enforcementMode": "DoNotEnforce"})),
            assignment("b", low, "set", json!({}))
        ]),
        &["assignment-not-enforced"],
    );
    check_estate(
        json!([assignment("a", top, "tag", with("x")), assignment("b", low, "tag", with("y"))]),
        &["assignment-modify-conflict"],
    );
    check_estate(
        json!([assignment("a", top, "tag", json!({"parameters": {"value": {"value": 1}}}))]),
        &["assignment-identity-missing", "assignment-parameter"],
    );
    check_estate(
        json!([assignment(
            "a",
            top,
            "place",
            json!({"parameters": {"allowed": {"value": []}, "effect": {"value": "Disabled"}}})
        )]),
        &["assignment-disabled"],
    );
    check_estate(
        json!([assignment(
            "a",
            top,
            "set",
            json!({
            "overrides": [{"kind": "policyEffect", "value": "Disabled", "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["plaze"]}]}],
            "nonComplianceMessages": [{"message": "m", "policyDefinitionReferenceId": "plaze"}]})
        )]),
        &["assignment-override-unmatched", "assignment-message-unmatched"],
    );
    check_estate(json!([assignment("a", top, "nothing", json!({}))]), &["assignment-definition-missing"]);
    let exemption = |scope: &str, assignment: &str, more: Json| {
        let mut out = json!({"id": format!("{scope}/providers/Microsoft.Authorization/policyExemptions/e"),
            "properties": {"policyAssignmentId": format!("{top}/providers/Microsoft.Authorization/policyAssignments/{assignment}"),
                "exemptionCategory": "Waiver", "expiresOn": "2026-12-31T00:00:00Z"}});
        for (name, value) in more.as_object().expect("more is an object") {
            out["properties"][name] = value.clone();
        }
        out
    };
    let given = assignment("a", top, "set", json!({"notScopes": ["/subscriptions/out"]}));
    check_estate(json!([given, exemption(low, "a", json!({}))]), &[]);
    check_estate(
        json!([given, exemption(low, "a", json!({"expiresOn": "2025-01-01T00:00:00Z"}))]),
        &["exemption-expired"],
    );
    check_estate(json!([given, exemption(low, "z", json!({}))]), &["exemption-assignment-missing"]);
    check_estate(
        json!([given, exemption("/subscriptions/out", "a", json!({}))]),
        &["exemption-outside-scope"],
    );
    check_estate(
        json!([
            given,
            exemption(low, "a", json!({"policyDefinitionReferenceIds": ["plaze"], "expiresOn": null}))
        ]),
        &["exemption-without-end", "exemption-reference-unknown"],
    );
}

#[test]
fn initiatives() {
    let definition = format!("{GROUP}/top/providers/Microsoft.Authorization/policyDefinitions");
    let set = |parameters: Json, references: Json| {
        json!([{"id": format!("{GROUP}/top/providers/Microsoft.Authorization/policySetDefinitions/other"),
            "properties": {"parameters": parameters, "policyDefinitions": references}}])
    };
    let place = |parameters: Json| json!({"policyDefinitionReferenceId": "r", "policyDefinitionId": format!("{definition}/place"), "parameters": parameters});
    check_estate(set(json!({}), json!([place(json!({}))])), &["initiative-parameter-required"]);
    check_estate(
        set(json!({}), json!([place(json!({"allowed": {"value": "x"}, "alowed": {"value": []}}))])),
        &["initiative-parameter-type", "initiative-parameter-unknown"],
    );
    check_estate(
        set(
            json!({"e": {"type": "String", "allowedValues": ["Audit", "Deny"]}, "unused": {"type": "String"}}),
            json!([place(json!({"allowed": {"value": []}, "effect": {"value": "[parameters('e')]"}}))]),
        ),
        &["initiative-parameter-unused", "initiative-parameter-allowed"],
    );
    check_estate(
        set(json!({}), json!([place(json!({"allowed": {"value": "[parameters('gone')]"}}))])),
        &["initiative-parameter-undefined"],
    );
    let mut grouped = place(json!({"allowed": {"value": []}}));
    grouped["groupNames"] = json!(["g"]);
    check_estate(set(json!({}), json!([grouped])), &["initiative-group-unknown"]);
    let mut twin = place(json!({"allowed": {"value": []}}));
    twin["policyDefinitionReferenceId"] = json!("r2");
    check_estate(
        set(json!({}), json!([place(json!({"allowed": {"value": []}})), twin])),
        &["initiative-duplicate-reference"],
    );
    check_estate(
        set(
            json!({}),
            json!([{"policyDefinitionReferenceId": "r", "policyDefinitionId": format!("{definition}/gone")}]),
        ),
        &["initiative-definition-missing"],
    );
}

/// `docs/policy-lint.md` is made of the rules.
#[test]
fn the_page_of_rules_is_true() {
    let path = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
        .join("../../docs/policy-lint.md");
    let page = rules_page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/policy-lint.md is stale; run `BLESS=1 cargo test -p azimuth-policy page_of_rules`"
    );
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => prop_oneof![Just("a"), Just("A"), Just("b"), Just("1"), Just("01"), Just("true"), Just(""), Just("a*"), Just("West Europe"), Just("2024-05-01"), Just("Straße")]
            .prop_map(Into::into),
        3 => (0_i64..4).prop_map(Into::into),
        1 => Just(json!(1.5)),
        1 => any::<bool>().prop_map(Into::into),
        1 => Just(Json::Null),
    ]
}

fn leaf() -> impl Strategy<Value = Json> {
    let left = prop_oneof![
        6 => prop_oneof![Just("properties.x"), Just("properties.y"), Just("tags['t']"), Just("properties.list[*]"), Just("location"), Just("name"), Just("type")]
            .prop_map(|name| ("field", json!(name))),
        2 => prop_oneof![Just("[parameters('p')]"), Just("[field('properties.x')]"), Just("a")]
            .prop_map(|text| ("value", json!(text))),
        1 => (scalar(), any::<bool>()).prop_map(|(value, negated)| {
            let name = if negated { "notEquals" } else { "equals" };
            ("count", json!({"field": "properties.list[*]", "where": {"field": "properties.list[*]", name: value}}))
        }),
        1 => scalar().prop_map(|value| ("count", json!({"value": ["a", 1], "where": {"value": "[current()]", "equals": value}}))),
    ];
    let right = prop_oneof![
        (prop_oneof![Just("equals"), Just("notEquals"), Just("contains"), Just("notContains")], scalar())
            .prop_map(|(name, value)| (name, value)),
        (prop_oneof![Just("in"), Just("notIn")], prop::collection::vec(scalar(), 0..3))
            .prop_map(|(name, values)| (name, values.into())),
        (prop_oneof![Just("greater"), Just("less"), Just("greaterOrEquals"), Just("lessOrEquals")], scalar())
            .prop_map(|(name, value)| (name, value)),
        (prop_oneof![Just("exists")], any::<bool>()).prop_map(|(name, truth)| (name, truth.into())),
        (
            prop_oneof![
                Just("like"),
                Just("notLike"),
                Just("match"),
                Just("matchInsensitively"),
                Just("notMatch")
            ],
            prop_oneof![Just("a*"), Just("a"), Just("#"), Just("*1"), Just("?")]
        )
            .prop_map(|(name, text)| (name, text.into())),
        prop_oneof![
            Just(("equals", json!("[parameters('p')]"))),
            Just(("notEquals", json!("[field('properties.y')]")))
        ],
        (prop_oneof![Just("containsKey"), Just("notContainsKey")], Just(json!("a"))),
    ];
    (left, right).prop_map(|((side, left), (operator, right))| json!({side: left, operator: right}))
}

fn condition() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| json!({"allOf": parts})),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| json!({"anyOf": parts})),
            1 => inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn resource() -> impl Strategy<Value = Json> {
    let value = || {
        prop::option::of(prop_oneof![
            6 => scalar(),
            1 => prop_oneof![Just("zz"), Just("1.0"), Just("+1"), Just("x1"), Just("2025-01-01T00:00:00Z"), Just("STRASSE"), Just("TRUE")].prop_map(Into::into),
            1 => prop::collection::vec(scalar(), 0..3).prop_map(Into::into),
            1 => scalar().prop_map(|value| json!({"a": value})),
            1 => (-5_i64..9).prop_map(|number| json!(number as f64 + 0.25)),
        ])
    };
    let list = prop::option::of(prop::collection::vec(scalar(), 0..3));
    (value(), value(), value(), list, value(), prop_oneof![Just("a"), Just("A.B/c"), Just("1")]).prop_map(
        |(x, y, tag, list, location, kind)| {
            let mut out = json!({"type": kind, "name": "a", "properties": {}});
            let mut put = |path: &[&str], value: Option<Json>| {
                let Some(value) = value else { return };
                let mut at = &mut out;
                for name in path {
                    at = &mut at[*name];
                }
                *at = value;
            };
            put(&["properties", "x"], x);
            put(&["properties", "y"], y);
            put(&["tags", "t"], tag);
            put(&["properties", "list"], list.map(Into::into));
            put(&["location"], location);
            out
        },
    )
}

/// The condition without what stands at a JSON path.
fn without(condition: &Json, path: &str) -> Json {
    let mut out = condition.clone();
    let rest = path.strip_prefix("$.properties.policyRule.if").expect("it is within the rule");
    let pointer = rest.replace(['.', '['], "/").replace(']', "");
    let pointer = pointer.trim_end_matches("/not");
    let (list, index) = pointer.rsplit_once('/').expect("it is in a list");
    let list = out.pointer_mut(list).and_then(Json::as_array_mut).expect("it is in a list");
    list.remove(index.parse().expect("lists have indexes"));
    out
}

fn decide(condition: &Json, parameter: &str, resource: &Json) -> Result<bool, ()> {
    let document = json!({"properties": {"mode": "All",
        "parameters": {"p": {"type": "String", "allowedValues": ["a", "b"]}},
        "policyRule": {"if": condition, "then": {"effect": "audit"}}}});
    let source = Source::parse("d.json", &document.to_string()).expect("it was written as JSON");
    let definition = parse_definition(&source, source.root(), "$").into_result().expect("it is sound");
    let mut given = Object::new();
    given.set("p".into(), azimuth_arm::Value::string(parameter));
    let policy = Policy::bind(Arc::new(definition), &given, PolicyContext::default()).expect("it fits");
    let program = Program::compile(Arc::new(Catalogue::plain()), vec![policy], &CompileOptions::default());
    let mut outcome = Ok(false);
    let text = resource.to_string();
    program
        .matches(&mut Slots::default(), &Resource::new(&text), &Context::at(now()), &mut |_, truth| {
            outcome = truth.map_err(|_| ());
        })
        .expect("it is an object");
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is called dead never decides: rules that never hold match nothing, and without a dead branch a rule decides the
    /// same.
    #[test]
    fn dead_is_dead(condition in condition(), resources in prop::collection::vec(resource(), 24), parameter in prop_oneof![Just("a"), Just("b")]) {
        let document = json!({"properties": {"mode": "All",
            "parameters": {"p": {"type": "String", "allowedValues": ["a", "b"]}},
            "policyRule": {"if": condition, "then": {"effect": "audit"}}}});
        let found = found(&document, &Catalogue::plain());
        for (code, path) in found {
            match code {
                "policy-never-holds" => {
                    for resource in &resources {
                        prop_assert_ne!(decide(&condition, parameter, resource), Ok(true), "{} {}", condition, resource);
                    }
                }
                "policy-dead-condition" if !path.contains("count.where") => {
                    let rest = without(&condition, &path);
                    for resource in &resources {
                        let (before, after) = (decide(&condition, parameter, resource), decide(&rest, parameter, resource));
                        let is_same = before == after || (before.is_err() && after == Ok(true)) || (after.is_err() && before == Ok(false)) || (before.is_err() && after == Ok(false));
                        prop_assert!(is_same, "{before:?} {after:?} {path} {condition} {resource}");
                    }
                }
                _ => {}
            }
        }
    }

    /// Comparisons that are said to have one outcome have one.
    #[test]
    fn constants_are_constant(leaf in leaf(), resources in prop::collection::vec(resource(), 24)) {
        let document = json!({"properties": {"mode": "All",
            "parameters": {"p": {"type": "String", "allowedValues": ["a", "b"]}},
            "policyRule": {"if": leaf, "then": {"effect": "audit"}}}});
        let found = found(&document, &Catalogue::plain());
        if found.iter().any(|(code, _)| *code == "policy-constant-condition") {
            let outcomes: Vec<_> = resources.iter().flat_map(|resource| ["a", "b"].map(|parameter| decide(&leaf, parameter, resource))).collect();
            let all: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_ok()).collect();
            prop_assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{leaf} {outcomes:?}");
        }
    }
}

/// The published definitions and initiatives together: nothing panics, and what is found is rare enough to be read.
#[test]
fn published_definitions() {
    let (Some(definitions), Some(initiatives)) =
        (corpora::read("definitions.jsonl"), corpora::read("initiatives.jsonl"))
    else {
        return;
    };
    let mut workspace = Workspace::new();
    for text in [&definitions, &initiatives] {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let source = Source::parse("published", line).expect("the lines are JSON");
            workspace.add_line(&source, index as u64);
        }
    }
    assert_eq!(workspace.entries().len(), 3_594 + 181);
    let findings = lint(&workspace, &Catalogue::bundled(), now());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.code).or_default() += 1;
        assert!(finding.place.line.is_some(), "{finding}");
    }
    // Each was looked at: two parts that name versions of images which exclude each other, a comparison of constants, and
    // no rule that is dead as a whole.
    let of = |code: &str| counts.get(code).copied().unwrap_or_default();
    assert_eq!(of("policy-never-holds"), 0, "{counts:#?}");
    assert_eq!((of("policy-dead-condition"), of("policy-constant-condition")), (4, 1), "{counts:#?}");
    assert_eq!(of("policy-unknown-alias") + of("policy-parameter-missing"), 0, "{counts:#?}");
}
