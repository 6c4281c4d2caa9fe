//! Damaged and hostile definitions and resources: nothing panics, and what would take for ever ends with a limit named.

use std::sync::Arc;

use azimuth_arm::{Object, Source};
use azimuth_policy::{
    Catalogue, CompileOptions, Context, Definition, Outcome, Policy, PolicyContext, PolicyId, Program,
    Resource, Slots, check_definition, parse_definition,
};
use serde_json::{Value, json};

use crate::corpora;
use crate::estate::moment;

/// Mutated definitions in one run.
const RUNS: usize = 400;

/// Small numbers without a source of chance: the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // xorshift64, enough to choose places and kinds of damage.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// A resource of a type that many definitions name, with arrays, tags and texts of all kinds.
fn resource(resource_type: &str) -> Value {
    json!({
        "id": format!("/subscriptions/s/resourceGroups/g/providers/{resource_type}/x"), "name": "x", "type": resource_type,
        "location": "West Europe", "kind": "Storage", "sku": {"name": "Standard_LRS"}, "zones": ["1", "2"],
        "tags": {"a'b": "c", "env": "", "Straße": null}, "identity": {"type": "SystemAssigned"},
        "properties": {"minimumTlsVersion": "TLS1_2", "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "1.2.3.4"}]},
            "securityRules": [{"name": "r", "properties": {"destinationPortRange": "22", "access": "Allow"}}],
            "subnets": [{"name": "s", "properties": {}}], "siteConfig": null, "x": [[1], {"y": [true]}]},
    })
}

/// Something that nobody expects.
fn odd(dice: &mut Dice) -> Value {
    match dice.below(16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!([]),
        5 => json!({}),
        6 => json!("[field('type')]"),
        7 => json!("[parameters('nothing')]"),
        8 => json!("[concat('a', field('tags[''x'']'), current())]"),
        9 => json!("[["),
        10 => json!("[a(b(c(d(e("),
        11 => json!("*".repeat(50)),
        12 => json!("#".repeat(5_000)),
        13 => json!("Microsoft.Storage/storageAccounts/a[*].b[*].c[*]"),
        14 => {
            json!({"count": {"value": [1, 2, [3]], "name": "n", "where": {"value": "[current('n')]", "less": "x"}}, "greater": 0})
        }
        _ => json!([{"allOf": [{"not": {"anyOf": []}}]}]),
    }
}

/// Replaces, doubles, nests or removes one value somewhere inside.
fn damage(value: &mut Value, dice: &mut Dice) {
    let is_deeper = dice.below(5) > 0;
    match value {
        Value::Object(members) if is_deeper && !members.is_empty() => {
            let at = dice.below(members.len());
            if dice.below(12) == 0 {
                let name = members.keys().nth(at).cloned().unwrap_or_default();
                members.remove(&name);
            } else if let Some(member) = members.values_mut().nth(at) {
                damage(member, dice);
            }
        }
        Value::Array(items) if is_deeper && !items.is_empty() => {
            let at = dice.below(items.len());
            if dice.below(12) == 0 {
                let item = items[at].clone();
                items.push(item);
            } else {
                damage(&mut items[at], dice);
            }
        }
        Value::String(text) if dice.below(2) == 0 => {
            let mut end = dice.below(text.len() + 1);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        other => {
            let old = other.take();
            *other = match dice.below(4) {
                0 => json!([old]),
                1 => json!({"not": old}),
                _ => odd(dice),
            };
        }
    }
}

fn parsed(text: &str) -> Option<Definition> {
    let source = Source::parse("fuzz", text).ok()?;
    parse_definition(&source, source.root(), "$").value
}

fn program(definition: Definition, catalogue: &Arc<Catalogue>) -> Program {
    let policy = Policy::bind_unchecked(Arc::new(definition), &Object::new(), PolicyContext::default());
    Program::compile(catalogue.clone(), vec![policy], &CompileOptions::default())
}

/// Everything there is to do with a definition and a resource.
fn exercise(program: &Program, text: &str, context: &Context) -> Option<Outcome> {
    let resource = Resource::new(text);
    let mut slots = Slots::default();
    let mut outcome = None;
    let related = &Itself;
    let _ = program.decide(&mut slots, &resource, context, related, &mut |decision| {
        outcome = Some(decision.outcome);
    });
    let _ = program.verdict(PolicyId(0), &mut slots, &resource, context, related);
    let _ = program.explain(PolicyId(0), &mut slots, &resource, context);
    let _ = program.mutation(PolicyId(0), &mut slots, &resource, context);
    outcome
}

/// Every resource is related to itself.
struct Itself;

impl azimuth_policy::Related for Itself {
    fn related(&self, resource: &Resource<'_>, _: &azimuth_policy::RelatedQuery) -> Option<Vec<String>> {
        Some(vec![resource.json.to_owned()])
    }
}

#[test]
fn damaged_definitions_and_resources_never_panic() {
    let Some(text) = corpora::read("definitions.jsonl") else { return };
    let lines: Vec<&str> = text.lines().collect();
    let catalogue = Arc::new(Catalogue::bundled());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let context = moment().of_resource("/subscriptions/s/resourceGroups/g/providers/a/b/c");
    let (mut read, mut decided) = (0, 0);
    for run in 0..RUNS {
        let line = lines[(run * 5_003) % lines.len()];
        if run % 4 == 0 {
            // Cut or garbled text.
            let mut bytes = line.as_bytes().to_vec();
            let (from, length) = (dice.below(bytes.len()), dice.below(40));
            let to = bytes.len().min(from + length);
            if dice.below(2) == 0 {
                bytes.truncate(from);
            } else {
                drop(bytes.drain(from..to));
            }
            let text = String::from_utf8_lossy(&bytes);
            read += usize::from(parsed(&text).is_some());
            continue;
        }
        let mut document: Value = serde_json::from_str(line).expect("the corpus is JSON");
        let part = if dice.below(4) == 0 { "then" } else { "if" };
        for _ in 0..=dice.below(2) {
            damage(&mut document["properties"]["policyRule"][part], &mut dice);
        }
        let source = Source::parse("fuzz", &document.to_string()).expect("JSON");
        let Some(definition) = parse_definition(&source, source.root(), "$").value else { continue };
        read += 1;
        let _ = check_definition(&definition, &catalogue);
        let program = program(definition, &catalogue);
        for kind in
            ["Microsoft.Storage/storageAccounts", "Microsoft.Network/virtualNetworks", "Microsoft.Web/sites"]
        {
            let mut resource = resource(kind);
            if run % 2 == 0 {
                damage(&mut resource, &mut dice);
            }
            decided += usize::from(exercise(&program, &resource.to_string(), &context).is_some());
        }
    }
    assert!(read > RUNS / 8, "only {read} of {RUNS} could be read");
    assert!(decided > RUNS / 20, "only {decided} decisions");
}

/// The outcome of a rule over a resource, and the message if it failed.
#[track_caller]
fn failure(condition: &Value, parameters: &Value, resource: &Value) -> String {
    let document = json!({"properties": {"mode": "All", "parameters": parameters,
        "policyRule": {"if": condition, "then": {"effect": "audit"}}}});
    let definition = parsed(&document.to_string()).expect("the definition is read");
    let program = program(definition, &Arc::new(Catalogue::plain()));
    let text = resource.to_string();
    let mut outcome = None;
    program
        .decide(&mut Slots::default(), &Resource::new(&text), &moment(), &Itself, &mut |decision| {
            outcome = Some(decision.outcome);
        })
        .expect("the resource is an object");
    match outcome {
        Some(Outcome::Failed(fault)) => fault.message.into(),
        outcome => panic!("expected a failure, got {outcome:?}"),
    }
}

fn numbers(count: usize) -> Value {
    (0..count).collect::<Vec<_>>().into()
}

#[test]
fn counts_within_counts_end_with_a_limit() {
    let values = json!({"p": {"type": "Array", "defaultValue": numbers(2_000)}});
    let over = |name: &str, inner: Value| json!({"count": {"value": "[parameters('p')]", "name": name, "where": inner}, "greater": 1_000_000});
    let innermost = json!({"value": "[add(current('a'), current('c'))]", "equals": "[field('name')]"});
    let nested = over("a", over("b", over("c", innermost)));
    let resource =
        json!({"type": "A.B/c", "name": "x", "properties": {"a": numbers(3_000), "b": numbers(3_000)}});
    let found = failure(&nested, &values, &resource);
    assert!(found.contains("steps"), "{found}");
    let inner = json!({"count": {"field": "properties.b[*]", "where": {"field": "properties.b[*]", "less": 0}}, "greater": 0});
    let fields = json!({"count": {"field": "properties.a[*]", "where": inner}, "greater": 0});
    let found = failure(&fields, &json!({}), &resource);
    assert_eq!(found, "the policy takes more than 2000000 steps over the resource");
    // A collection in each of many members.
    let collection = json!({"count": {"field": "properties.a[*]", "where": {"field": "properties.b[*]", "less": 5_000}}, "greater": 9_000});
    let found = failure(&collection, &json!({}), &resource);
    assert_eq!(found, "the policy takes more than 2000000 steps over the resource");
}

#[test]
fn long_lists_end_with_a_limit() {
    let objects = |count: usize, from: usize| -> Value {
        (from..from + count).map(|n| json!({"n": n})).collect::<Vec<_>>().into()
    };
    let lists = json!({"p": {"type": "Array", "defaultValue": objects(5_000, 0)}});
    let resource = json!({"type": "A.B/c", "name": "x", "properties": {"a": objects(3_000, 9_000), "b": objects(1, 9_000)}});
    for condition in [
        json!({"field": "properties.a[*]", "notIn": "[parameters('p')]"}),
        json!({"count": {"field": "properties.a[*]", "where": {"field": "properties.a[*]", "in": "[parameters('p')]"}}, "greater": 0}),
        json!({"count": {"field": "properties.a[*]", "where": {"value": "[current('properties.a[*]')]", "in": "[parameters('p')]"}}, "greater": 0}),
        // Texts, in a list that is known no sooner than the resource.
        json!({"count": {"field": "properties.a[*]", "where": {"field": "name", "in": "[take(parameters('p'), add(length(field('name')), 4000))]"}}, "greater": 0}),
    ] {
        let found = failure(&condition, &lists, &resource);
        assert!(found.contains("steps"), "{found}: {condition}");
    }
    // A few comparisons with a long list are no matter.
    let definition = json!({"properties": {"mode": "All", "parameters": lists, "policyRule": {
        "if": {"field": "properties.b[*]", "notIn": "[parameters('p')]"}, "then": {"effect": "audit"}}}});
    let program = program(
        parsed(&definition.to_string()).expect("the definition is read"),
        &Arc::new(Catalogue::plain()),
    );
    let mut outcomes = Vec::new();
    program
        .decide(
            &mut Slots::default(),
            &Resource::new(&resource.to_string()),
            &moment(),
            &Itself,
            &mut |decision| {
                outcomes.push(decision.outcome);
            },
        )
        .expect("the resource is an object");
    assert_eq!(outcomes, [Outcome::Match]);
}

#[test]
fn expressions_end_with_a_limit() {
    let resource = json!({"type": "A.B/c", "name": "x".repeat(100_000), "properties": {}});
    for (expression, expected) in [
        ("[padLeft('x', 2000000000)]", "text"),
        ("[range(0, 2000000000)]", ""),
        (
            "[concat(field('name'), field('name'), field('name'), field('name'), field('name'), field('name'))]",
            "",
        ),
        ("[replace(field('name'), 'x', field('name'))]", ""),
    ] {
        let found = failure(&json!({"value": expression, "equals": "y"}), &json!({}), &resource);
        assert!(!found.is_empty() && found.len() < 400, "{expression}: {found}");
        let _ = expected;
    }
}

#[test]
fn nesting_ends_with_a_limit() {
    for depth in [200, 5_000, 200_000] {
        let condition = format!(
            "{}{{\"field\":\"name\",\"equals\":\"x\"}}{}",
            "{\"not\":".repeat(depth),
            "}".repeat(depth)
        );
        let text =
            format!(r#"{{"properties":{{"policyRule":{{"if":{condition},"then":{{"effect":"audit"}}}}}}}}"#);
        let messages: Vec<String> = match Source::parse("fuzz", &text) {
            Ok(source) => {
                let parsed = parse_definition(&source, source.root(), "$");
                parsed.diagnostics.iter().map(ToString::to_string).collect()
            }
            Err(error) => vec![error.to_string()],
        };
        assert!(messages.iter().any(|message| message.contains("nested deeper")), "{depth}: {messages:?}");
    }
    let calls = format!("[{}1{}]", "string(".repeat(10_000), ")".repeat(10_000));
    let document = json!({"properties": {"policyRule": {"if": {"value": calls, "equals": "1"}, "then": {"effect": "audit"}}}});
    let source = Source::parse("fuzz", &document.to_string()).expect("JSON");
    assert!(!parse_definition(&source, source.root(), "$").diagnostics.is_empty());
    let definition = parsed(
        r#"{"properties":{"mode":"All","policyRule":{"if":{"field":"tags.a","exists":true},"then":{"effect":"audit"}}}}"#,
    );
    let program = program(definition.expect("sound"), &Arc::new(Catalogue::plain()));
    let deep = format!(r#"{{"type":"A.B/c","tags":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    // What no policy asks about is passed over, however deep.
    assert!(exercise(&program, &deep, &moment()).is_some());
}

#[test]
fn long_patterns_and_lists_are_only_long() {
    let long = "ab#?.*".repeat(5_000);
    let resource = json!({"type": "A.B/c", "name": long, "properties": {"x": numbers(4_000)}});
    for condition in [
        json!({"field": "name", "match": long}),
        json!({"field": "name", "matchInsensitively": long}),
        json!({"field": "name", "contains": &long[1..]}),
        json!({"field": "name", "like": format!("{}*{}", &long[..20_000].replace('*', "x"), "a".repeat(20_000))}),
        json!({"field": "properties.x[*]", "in": numbers(4_000)}),
        json!({"field": "properties.x[*]", "notContains": long}),
        json!({"anyOf": (0..1_000).map(|n| json!({"field": "name", "equals": n.to_string()})).collect::<Vec<_>>()}),
    ] {
        let document = json!({"properties": {"mode": "All", "policyRule": {"if": condition, "then": {"effect": "audit"}}}});
        let Some(definition) = parsed(&document.to_string()) else { continue };
        let is_large = document.to_string().len() > 100_000;
        let findings = check_definition(&definition, &Catalogue::plain());
        assert!(!condition.is_null() && (!is_large || findings.len() < 10), "{findings:?}");
        let program = program(definition, &Arc::new(Catalogue::plain()));
        assert!(exercise(&program, &resource.to_string(), &moment()).is_some());
    }
    let many: Vec<Value> = (0..4_097).map(|n| json!({"field": "name", "equals": n.to_string()})).collect();
    let document = json!({"properties": {"mode": "All", "policyRule": {"if": {"anyOf": many}, "then": {"effect": "audit"}}}});
    let definition = parsed(&document.to_string()).expect("it can be read");
    let findings = check_definition(&definition, &Catalogue::plain());
    assert!(findings.iter().any(|finding| finding.to_string().contains("4096")), "{findings:?}");
}
