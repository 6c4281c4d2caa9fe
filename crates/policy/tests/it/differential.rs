//! Random policies over random resources, this engine beside `regorus`.
//!
//! The peer turns a failing evaluation into "no match", which the service does not; such pairs are left out. Everything
//! else has to agree, but for the differences that [`is_judged`] names.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use regorus::languages::azure_policy::{compiler, parser};
use regorus::rvm::RegoVM;
use regorus::{Source, Value};

use azimuth_policy::{Context, Resource, Slots};

use crate::laws::{condition, program, resource};

/// Pairs to compare.
const PAIRS: usize = 3_000;

/// Names of members in lower case, as the peer wants its input.
fn lower(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_lowercase(), lower(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        serde_json::Value::Array(items) => items.iter().map(lower).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

fn peer(condition: &serde_json::Value, resource: &serde_json::Value) -> Option<bool> {
    let rule = serde_json::json!({"if": condition, "then": {"effect": "audit"}});
    let source = Source::from_contents("law".to_owned(), rule.to_string()).ok()?;
    let rule = parser::parse_policy_rule(&source).ok()?;
    let program = compiler::compile_policy_rule(&rule).ok()?;
    let mut machine = RegoVM::new();
    machine.load_program(program);
    let input = serde_json::json!({"resource": lower(resource), "parameters": {}});
    machine.set_input(Value::from_json_str(&input.to_string()).ok()?);
    machine.set_context(Value::from_json_str("{}").ok()?);
    let outcome = machine.execute_entry_point_by_name("main").ok()?;
    Some(outcome != Value::Undefined)
}

/// Differences where the documentation is on this engine's side: an absent array is an empty collection, for which
/// `notIn` holds; the peer takes it for null when null is in the list.
fn is_judged(condition: &serde_json::Value, resource: &serde_json::Value) -> bool {
    let text = condition.to_string();
    let lists_null = text.contains("[null") || text.contains(",null");
    let asks_notin = text.contains("notIn") || text.contains("\"in\"");
    lists_null && asks_notin && resource["properties"].get("items").is_none()
}

#[test]
fn agrees_with_the_peer() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let context = Context::at(jiff::Timestamp::UNIX_EPOCH);
    let mut slots = Slots::default();
    let mut compared = 0;
    let mut differences = Vec::new();
    for _ in 0..PAIRS {
        let condition = condition().new_tree(&mut runner).expect("a condition").current();
        let resource = resource().new_tree(&mut runner).expect("a resource").current();
        let Some(program) = program(&condition) else { continue };
        let text = resource.to_string();
        let mut decided = None;
        let visit = &mut |_, holds| decided = Some(holds);
        program
            .matches(&mut slots, &Resource::new(&text), &context, visit)
            .expect("the resource is an object");
        let (Some(Ok(own)), Some(theirs)) = (decided, peer(&condition, &resource)) else { continue };
        compared += 1;
        if own != theirs && !is_judged(&condition, &resource) {
            differences.push(format!("own {own}, peer {theirs}: {condition} over {resource}"));
        }
    }
    assert!(compared > PAIRS / 4, "only {compared} pairs could be compared");
    let shown: Vec<&String> = differences.iter().take(12).collect();
    assert!(differences.is_empty(), "{} of {compared} differ: {shown:#?}", differences.len());
}
