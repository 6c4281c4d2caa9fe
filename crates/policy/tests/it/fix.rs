//! Fixes: known answers, and the laws that every answer is confirmed by the engine and none is smaller.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_policy::fix::{Change, Edit, FixOptions, FixReport, Segment, fix, violations};
use azimuth_policy::{
    Assignment, Catalogue, CompileOptions, Context, Definition, Governance, NoRelated, Related, RelatedQuery,
    Resource, Selected, parse_assignment, parse_definition,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn definition(rule: &Json) -> Definition {
    let document = json!({
        "id": "/providers/Microsoft.Authorization/policyDefinitions/d",
        "properties": {"mode": "All", "policyRule": rule},
    });
    let source = Source::parse("d.json", &document.to_string()).expect("it was written as JSON");
    parse_definition(&source, source.root(), "$").into_result().expect("the rule is sound")
}

fn governance(rule: &Json, catalogue: Catalogue) -> Governance {
    let assignment = json!({"id": "/providers/Microsoft.Authorization/policyAssignments/a",
        "properties": {"scope": "/", "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/d"}});
    let source = Source::parse("a.json", &assignment.to_string()).expect("it was written as JSON");
    let assignment: Assignment =
        parse_assignment(&source, source.root(), "$").into_result().expect("it is sound");
    let (governance, errors) = Governance::new(
        Arc::new(catalogue),
        &[Arc::new(definition(rule))],
        Vec::new(),
        vec![assignment],
        Vec::new(),
        &CompileOptions::default(),
    );
    assert!(errors.is_empty(), "{errors:?}");
    governance
}

fn context() -> Context {
    Context::at("2026-01-01T00:00:00Z".parse().expect("it is a moment"))
}

fn selected<'a>(json: &'a str, resource: &'a Json) -> Selected<'a> {
    Selected {
        resource: Resource::new(json),
        id: resource["id"].as_str().unwrap_or("/subscriptions/s/resourceGroups/g"),
        resource_type: resource["type"].as_str().unwrap_or_default(),
        location: resource["location"].as_str(),
        ancestors: &[],
    }
}

fn run(governance: &Governance, resource: &Json, related: &dyn Related) -> FixReport {
    let text = resource.to_string();
    fix(governance, &selected(&text, resource), &context(), related, &FixOptions::default())
        .expect("it is an object")
}

fn is_violated(governance: &Governance, resource: &Json) -> bool {
    let text = resource.to_string();
    !violations(governance, &selected(&text, resource), &context(), &NoRelated)
        .expect("it is an object")
        .is_empty()
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better with values")]
#[track_caller]
fn check(condition: Json, resource: Json, expected: &[&str]) -> FixReport {
    let rule = json!({"if": condition, "then": {"effect": "deny"}});
    let governance = governance(&rule, Catalogue::bundled());
    let report = run(&governance, &resource, &NoRelated);
    let first = report.fixes.first().map(|fix| fix.edits.iter().map(Edit::describe).collect::<Vec<_>>());
    assert_eq!(first.unwrap_or_default(), expected, "{report:#?}");
    for fix in &report.fixes {
        assert!(!is_violated(&governance, &fix.after));
        assert_eq!(patched(&resource, &fix.patch), fix.after, "{}", fix.patch);
    }
    report
}

/// Applies a JSON patch, written anew.
fn patched(resource: &Json, patch: &Json) -> Json {
    let mut out = resource.clone();
    for operation in patch.as_array().expect("a patch is a list") {
        let path = operation["path"].as_str().expect("it has a path");
        let (outer, last) = path.rsplit_once('/').expect("paths begin with a slash");
        let last = last.replace("~1", "/").replace("~0", "~");
        let target = out.pointer_mut(outer).expect("the parent is there");
        match (operation["op"].as_str(), target) {
            (Some("add"), Json::Array(items)) if last == "-" => items.push(operation["value"].clone()),
            (Some("remove"), Json::Array(items)) => {
                drop(items.remove(last.parse::<usize>().expect("an index")));
            }
            (Some("replace"), Json::Array(items)) => {
                items[last.parse::<usize>().expect("an index")] = operation["value"].clone();
            }
            (Some("remove"), Json::Object(members)) => assert!(members.shift_remove(&last).is_some()),
            (Some("replace"), Json::Object(members)) => {
                assert!(members.insert(last, operation["value"].clone()).is_some());
            }
            (Some("add"), Json::Object(members)) => {
                assert!(members.insert(last, operation["value"].clone()).is_none());
            }
            other => panic!("{other:?}"),
        }
    }
    out
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts";

#[test]
fn known_answers() {
    let field = |name: &str| format!("{STORAGE}/{name}");
    let report = check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"field": field("minimumTlsVersion"), "notEquals": "TLS1_2"}]}),
        json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a", "type": STORAGE, "name": "a", "properties": {"minimumTlsVersion": "TLS1_0"}}),
        &["set properties.minimumTlsVersion to \"TLS1_2\""],
    );
    assert_eq!(
        report.fixes[0].az.as_deref(),
        Some(
            "az resource update --ids '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a' --set properties.minimumTlsVersion=TLS1_2"
        )
    );
    assert_eq!(report.fixes[0].fragment["properties"], json!({"minimumTlsVersion": "TLS1_2"}));
    check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"anyOf": [
            {"field": field("supportsHttpsTrafficOnly"), "notEquals": "true"},
            {"field": field("networkAcls.defaultAction"), "equals": "Allow"}]}]}),
        json!({"type": STORAGE, "name": "a", "properties": {"networkAcls": {"defaultAction": "Allow"}}}),
        &[
            "set properties.supportsHttpsTrafficOnly to true",
            "set properties.networkAcls.defaultAction to \"Deny\"",
        ],
    );
    check(
        json!({"field": "tags['env']", "notIn": ["dev", "prod"]}),
        json!({"type": STORAGE, "name": "a"}),
        &["set tags.env to \"dev\""],
    );
    check(
        json!({"allOf": [{"field": "type", "equals": STORAGE}, {"count": {
            "field": field("networkAcls.ipRules[*]"),
            "where": {"field": field("networkAcls.ipRules[*].value"), "equals": "0.0.0.0/0"}}, "greater": 0}]}),
        json!({"type": STORAGE, "properties": {"networkAcls": {"ipRules": [{"value": "1.1.1.1"}, {"value": "0.0.0.0/0"}]}}}),
        &["remove properties.networkAcls.ipRules[1].value"],
    );
    check(
        json!({"field": "tags['x']", "exists": true}),
        json!({"type": STORAGE, "tags": {"x": 1}}),
        &["remove tags.x"],
    );
}

#[test]
fn what_cannot_be_fixed_says_why() {
    let report = check(
        json!({"field": "location", "notIn": ["westeurope"]}),
        json!({"type": STORAGE, "name": "a", "location": "eastus"}),
        &[],
    );
    assert!(report.needs_new_resource);
    assert!(report.obstacles[0].contains("`location` decides"), "{:?}", report.obstacles);
    let report = check(
        json!({"value": "[length(field('name'))]", "greater": 3}),
        json!({"type": STORAGE, "name": "long name"}),
        &[],
    );
    assert!(!report.needs_new_resource);
    assert!(report.obstacles[0].contains("cannot be turned around"), "{:?}", report.obstacles);
    let report = check(json!({"field": "type", "equals": STORAGE}), json!({"type": STORAGE}), &[]);
    assert!(report.obstacles[0].contains("`type` decides"), "{:?}", report.obstacles);
}

/// No related resources at all.
struct Nothing;

impl Related for Nothing {
    fn related(&self, _: &Resource<'_>, _: &RelatedQuery) -> Option<Vec<String>> {
        Some(Vec::new())
    }
}

#[test]
fn missing_related_resources_are_made() {
    let details = json!({"type": "Microsoft.Insights/diagnosticSettings", "roleDefinitionIds": ["/r"],
        "existenceCondition": {"field": "Microsoft.Insights/diagnosticSettings/workspaceId", "exists": "true"},
        "deployment": {"properties": {"mode": "incremental",
            "parameters": {"name": {"value": "[field('name')]"}},
            "template": {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0", "parameters": {"name": {"type": "string"}},
                "resources": [{"type": "Microsoft.Insights/diagnosticSettings", "apiVersion": "2021-05-01-preview",
                    "name": "[concat(parameters('name'), '-logs')]", "properties": {"workspaceId": "/w"}}]}}}});
    let condition = json!({"field": "type", "equals": STORAGE});
    let resource = json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
        "type": STORAGE, "name": "a"});
    let rule = json!({"if": condition, "then": {"effect": "deployIfNotExists", "details": details}});
    let report = run(&governance(&rule, Catalogue::bundled()), &resource, &Nothing);
    let [found] = &*report.related else { panic!("{report:#?}") };
    assert!(found.is_verified && found.is_own, "{found:#?}");
    assert_eq!(found.parameters["name"]["value"], "a");
    let rule = json!({"if": condition, "then": {"effect": "auditIfNotExists", "details": {
        "type": "Microsoft.Insights/diagnosticSettings",
        "existenceCondition": {"field": "Microsoft.Insights/diagnosticSettings/workspaceId", "equals": "/w"}}}});
    let report = run(&governance(&rule, Catalogue::bundled()), &resource, &Nothing);
    let [found] = &*report.related else { panic!("{report:#?}") };
    assert!(found.is_verified && !found.is_own, "{found:#?}");
    assert_eq!(found.template["resources"][0]["properties"]["workspaceId"], "/w");
    assert!(report.fixes.is_empty() && report.obstacles.is_empty());
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        prop_oneof![Just("a"), Just("b"), Just("ab")].prop_map(Into::into),
        (0_i64..4).prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
    ]
}

fn leaf() -> impl Strategy<Value = Json> {
    let field = prop_oneof![
        Just("properties.x"),
        Just("properties.y"),
        Just("tags['t']"),
        Just("properties.list[*].v"),
    ];
    let operator = prop_oneof![
        (prop_oneof![Just("equals"), Just("notEquals")], scalar()).prop_map(|(name, value)| (name, value)),
        (prop_oneof![Just("in"), Just("notIn")], prop::collection::vec(scalar(), 1..3))
            .prop_map(|(name, value)| (name, Json::from(value))),
        any::<bool>().prop_map(|truth| ("exists", truth.into())),
        (0_i64..3).prop_map(|bound| ("greater", bound.into())),
        Just(("like", "a*".into())),
    ];
    let plain = (field, operator).prop_map(|(field, (name, value))| json!({"field": field, name: value}));
    let count = (scalar(), 0_i64..2).prop_map(|(value, bound)| {
        json!({"count": {"field": "properties.list[*]", "where": {"field": "properties.list[*].v", "equals": value}}, "greater": bound})
    });
    prop_oneof![4 => plain, 1 => count]
}

fn condition() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"allOf": parts})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"anyOf": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn resource() -> impl Strategy<Value = Json> {
    let member = || prop::option::of(scalar());
    let list = prop::option::of(prop::collection::vec(scalar().prop_map(|v| json!({"v": v})), 0..3));
    (member(), member(), member(), list).prop_map(|(x, y, tag, list)| {
        let mut out = json!({"type": "A.B/c", "name": "n", "properties": {}});
        if let Some(x) = x {
            out["properties"]["x"] = x;
        }
        if let Some(y) = y {
            out["properties"]["y"] = y;
        }
        if let Some(tag) = tag {
            out["tags"] = json!({"t": tag});
        }
        if let Some(list) = list {
            out["properties"]["list"] = list.into();
        }
        out
    })
}

/// Every single change to a small resource that could make sense: the values of the generators above, everywhere.
fn neighbours(resource: &Json) -> Vec<Json> {
    let mut values: Vec<Json> = (0..5).map(Json::from).collect();
    values.extend([json!("a"), json!("b"), json!("ab"), json!(true), json!(false)]);
    let key = |name: &str| Segment::Key(name.to_owned());
    let mut places = vec![
        vec![key("properties"), key("x")],
        vec![key("properties"), key("y")],
        vec![key("tags"), key("t")],
    ];
    let count = resource["properties"]["list"].as_array().map_or(0, Vec::len);
    let list = vec![key("properties"), key("list")];
    let mut changes: Vec<(Vec<Segment>, Change)> = vec![(list.clone(), Change::Remove)];
    for at in 0..count {
        let mut item = list.clone();
        item.push(Segment::Index(at));
        changes.push((item.clone(), Change::Remove));
        item.push(key("v"));
        places.push(item);
    }
    for place in places {
        changes.push((place.clone(), Change::Remove));
        changes.extend(values.iter().map(|value| (place.clone(), Change::Set(value.clone()))));
    }
    changes.extend(values.iter().map(|value| (list.clone(), Change::Append(json!({"v": value})))));
    let changes = changes.into_iter();
    changes
        .filter_map(|(place, change)| Edit { place, change, field: String::new() }.apply(resource))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_fix_is_confirmed(condition in condition(), resource in resource()) {
        let rule = json!({"if": condition, "then": {"effect": "deny"}});
        let governance = governance(&rule, Catalogue::plain());
        let report = run(&governance, &resource, &NoRelated);
        prop_assert_eq!(report.violations.is_empty(), !is_violated(&governance, &resource));
        for fix in &report.fixes {
            prop_assert!(!is_violated(&governance, &fix.after));
            prop_assert_eq!(&patched(&resource, &fix.patch), &fix.after);
            for part in ["type", "name", "id", "location"] {
                prop_assert_eq!(&resource[part], &fix.after[part]);
            }
        }
    }

    /// Brute force finds no smaller answer than the search, and none where the search has none.
    #[test]
    fn no_fix_is_smaller(condition in condition(), resource in resource()) {
        let rule = json!({"if": condition, "then": {"effect": "deny"}});
        let governance = governance(&rule, Catalogue::plain());
        let report = run(&governance, &resource, &NoRelated);
        prop_assume!(!report.violations.is_empty());
        let least = report.fixes.first().map_or(usize::MAX, |fix| fix.edits.len());
        let first = neighbours(&resource);
        if least > 1 {
            let found = first.iter().find(|changed| !is_violated(&governance, changed));
            prop_assert!(found.is_none(), "one change is enough: {found:?}; {condition} {report:#?}");
        }
        if least > 2 && first.len() < 60 {
            for changed in &first {
                let found = neighbours(changed).into_iter().find(|changed| !is_violated(&governance, changed));
                prop_assert!(found.is_none(), "two changes are enough: {found:?}; {condition} {report:#?}");
            }
        }
    }
}
