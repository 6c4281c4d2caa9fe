//! Laws: foreign text never panics, decisions are repeatable, and the trace agrees with the decision.

use std::sync::Arc;

use azimuth_arm::{Object, Source};
use azimuth_policy::{
    Catalogue, CompileOptions, Context, NoRelated, Policy, PolicyContext, PolicyId, Program, Resource, Slots,
    parse_definition,
};
use proptest::prelude::*;

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-5_i64..500).prop_map(Into::into),
        prop_oneof![
            Just("eastus"),
            Just("443"),
            Just("true"),
            Just("Straße"),
            Just("[parameters('p')]"),
            Just("[field('name')]"),
            Just("2024-01-01T00:00:00Z"),
            Just(""),
        ]
        .prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((member(), inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// A resource: an object whose members conditions ask for.
pub(crate) fn resource() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![Just("eastus"), Just("443"), Just("true"), Just("a/b"), Just("East US")];
    let scalar = prop_oneof![
        text.prop_map(Into::into),
        (0_i64..500).prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
        Just(serde_json::Value::Null)
    ];
    let item = prop_oneof![
        scalar.clone(),
        scalar.clone().prop_map(|x| serde_json::json!({"x": x})),
        Just(serde_json::json!({}))
    ];
    let items = prop::option::of(prop::collection::vec(item, 0..4));
    (scalar.clone(), prop::option::of(scalar.clone()), prop::option::of(scalar), items).prop_map(
        |(name, tag, x, items)| {
            let mut resource =
                serde_json::json!({"name": name, "location": "eastus", "tags": {}, "properties": {}});
            if let Some(tag) = tag {
                resource["tags"]["X"] = tag;
            }
            if let Some(x) = x {
                resource["properties"]["x"] = x;
            }
            if let Some(items) = items {
                resource["properties"]["items"] = items.into();
            }
            resource
        },
    )
}

fn member() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("name"),
        Just("type"),
        Just("location"),
        Just("tags"),
        Just("properties"),
        Just("items"),
        Just("x"),
        Just("X"),
    ]
    .prop_map(str::to_owned)
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("name"),
        Just("location"),
        Just("tags['x']"),
        Just("tags"),
        Just("properties.x"),
        Just("properties.items[*]"),
        Just("properties.items[*].x"),
        Just("items[0].name"),
        Just("fullName"),
    ]
    .prop_map(str::to_owned)
}

pub(crate) fn condition() -> impl Strategy<Value = serde_json::Value> {
    let operator = prop_oneof![
        Just("equals"),
        Just("notEquals"),
        Just("like"),
        Just("contains"),
        Just("notIn"),
        Just("in"),
        Just("greater"),
        Just("lessOrEquals"),
        Just("exists"),
        Just("containsKey"),
        Just("match"),
    ];
    let leaf = (field(), operator, json())
        .prop_map(|(field, operator, value)| serde_json::json!({"field": field, operator: value}));
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| serde_json::json!({"allOf": parts})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| serde_json::json!({"anyOf": parts})),
            inner.clone().prop_map(|inner| serde_json::json!({"not": inner})),
            inner.prop_map(|inner| {
                serde_json::json!({"count": {"field": "properties.items[*]", "where": inner}, "greater": 0})
            }),
        ]
    })
}

pub(crate) fn program(condition: &serde_json::Value) -> Option<Program> {
    let definition =
        serde_json::json!({"mode": "All", "policyRule": {"if": condition, "then": {"effect": "audit"}}});
    let source = Source::parse("law", &definition.to_string()).ok()?;
    let definition = parse_definition(&source, source.root(), "$").value?;
    let policy = Policy::bind_unchecked(Arc::new(definition), &Object::new(), PolicyContext::default());
    Some(Program::compile(Arc::new(Catalogue::plain()), vec![policy], &CompileOptions::default()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn traces_agree_with_decisions(condition in condition(), resource in json()) {
        let Some(program) = program(&condition) else { return Ok(()) };
        let text = resource.to_string();
        let resource = Resource::new(&text);
        let context = Context::at(jiff::Timestamp::UNIX_EPOCH);
        let mut slots = Slots::default();
        let mut decided = None;
        let outcome = program.matches(&mut slots, &resource, &context, &mut |_, holds| decided = Some(holds));
        prop_assert_eq!(outcome.is_ok(), resource.json.starts_with('{'));
        if let Some(decided) = decided {
            let explained = program.explain(PolicyId(0), &mut slots, &resource, &context).unwrap();
            // A decision may be reached without looking at what fails; it never contradicts the trace.
            if let (Ok(decided), Ok(explained)) = (&decided, &explained.result) {
                prop_assert_eq!(decided, explained);
            }
            let again = program.verdict(PolicyId(0), &mut slots, &resource, &context, &NoRelated).unwrap();
            let is_match = again.effect.is_some();
            prop_assert_eq!(is_match, decided == Ok(true));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*", cut in 0_usize..200) {
        let Some(program) = program(&serde_json::json!({"field": "properties.items[*].x", "equals": "a\u{df}"})) else {
            return Ok(());
        };
        let context = Context::at(jiff::Timestamp::UNIX_EPOCH);
        let mut slots = Slots::default();
        let whole = format!("{{\"type\":\"A.B/c\",\"properties\":{{\"items\":[{{\"x\":\"\\u00df{}\"}}]}},\"n\":1e5}}", text.replace(['"', '\\'], ""));
        let mut end = cut.min(whole.len());
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        for text in [text.as_str(), &whole, &whole[..end]] {
            let _ = program.matches(&mut slots, &Resource::new(text), &context, &mut |_, _| {});
            if let Ok(source) = Source::parse("law", text) {
                let _ = parse_definition(&source, source.root(), "$");
            }
        }
    }
}

#[test]
fn what_surrounds_a_resource_means_the_same_in_decision_and_trace() {
    let group = |members: serde_json::Value| {
        let mut context = Context::at(jiff::Timestamp::UNIX_EPOCH);
        context.resource_group = azimuth_arm::Value::from_json(&members);
        context
    };
    let bare = serde_json::json!({"name": "web"});
    let whole = serde_json::json!({"name": "web", "location": "West Europe", "tags": {"team": "a"}, "managedBy": "b"});
    // Operator, member of the group, what is decided without it, and with it.
    for (operator, member, without, with) in [
        ("notEquals", "location", None, Some(false)),
        ("equals", "location", None, Some(true)),
        ("notEquals", "tags['team']", Some(true), Some(true)),
        ("notEquals", "managedBy", Some(true), Some(true)),
        ("equals", "managedBy", Some(false), Some(false)),
    ] {
        let condition =
            serde_json::json!({"field": "location", operator: format!("[resourceGroup().{member}]")});
        let program = program(&condition).unwrap();
        let resource = Resource::new(r#"{"type":"A.B/c","location":"westeurope"}"#);
        for (members, expected) in [(&bare, without), (&whole, with)] {
            let context = group(members.clone());
            let mut slots = Slots::default();
            let mut decided = None;
            program.matches(&mut slots, &resource, &context, &mut |_, holds| decided = Some(holds)).unwrap();
            let decided = decided.unwrap();
            let explained = program.explain(PolicyId(0), &mut slots, &resource, &context).unwrap();
            assert_eq!(decided, explained.result, "{condition} in {members}");
            assert_eq!(decided.ok(), expected, "{condition} in {members}");
        }
    }
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<Program>();
    shared::<Context>();
    shared::<Catalogue>();
    shared::<azimuth_policy::Governance>();
    moved::<Slots>();
}
