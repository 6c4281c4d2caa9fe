//! Random policies over random resources, this engine beside `regorus`. Every difference has to fall under a judgement that
//! rests on the documentation; the test prints how many fell under which, and fails on any other.

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

/// A policy, a resource, and what both engines say.
struct Pair {
    condition: serde_json::Value,
    resource: serde_json::Value,
    own: Result<bool, String>,
    /// `None`: the peer refuses the policy or fails.
    peer: Option<bool>,
}

/// A kind of difference, and what the documentation says about it.
struct Judgement {
    about: &'static str,
    documentation: &'static str,
    is_right: &'static str,
    applies: fn(&Pair) -> bool,
}

const JUDGEMENTS: &[Judgement] = &[
    Judgement {
        about: "an evaluation that fails: this engine says so, the peer says no match",
        documentation: "policy rule, avoiding template failures: a failed evaluation is an implicit deny",
        is_right: "this engine",
        applies: |pair| pair.own.is_err(),
    },
    Judgement {
        about: "`in` or `notIn` with null in the list, over an array that is not there",
        documentation: "author policies for array properties: an absent array is an empty collection, not null",
        is_right: "this engine",
        applies: |pair| {
            let text = pair.condition.to_string();
            let lists_null = text.contains("[null") || text.contains(",null");
            let asks = text.contains("notIn") || text.contains("\"in\"");
            lists_null && asks && pair.resource["properties"].get("items").is_none()
        },
    },
];

#[test]
fn differences_are_judged_by_the_documentation() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let context = Context::at(jiff::Timestamp::UNIX_EPOCH);
    let mut slots = Slots::default();
    let (mut compared, mut agreed, mut refused) = (0, 0, 0);
    let mut judged = vec![0; JUDGEMENTS.len()];
    let mut differences = Vec::new();
    for _ in 0..PAIRS {
        let condition = condition().new_tree(&mut runner).expect("a condition").current();
        let resource = resource().new_tree(&mut runner).expect("a resource").current();
        let Some(program) = program(&condition) else { continue };
        let text = resource.to_string();
        let mut decided = None;
        let visit = &mut |_, holds: Result<bool, azimuth_policy::Fault>| {
            decided = Some(holds.map_err(|fault| fault.message.into()));
        };
        program
            .matches(&mut slots, &Resource::new(&text), &context, visit)
            .expect("the resource is an object");
        let Some(own) = decided else { continue };
        let peer = peer(&condition, &resource);
        let pair = Pair { condition, resource, own, peer };
        compared += 1;
        let Some(theirs) = pair.peer else {
            refused += 1;
            continue;
        };
        if pair.own == Ok(theirs) {
            agreed += 1;
            continue;
        }
        match JUDGEMENTS.iter().position(|judgement| (judgement.applies)(&pair)) {
            Some(at) => judged[at] += 1,
            None => differences.push(format!(
                "own {:?}, peer {theirs}: {} over {}",
                pair.own, pair.condition, pair.resource
            )),
        }
    }
    #[expect(clippy::print_stdout, reason = "the list is what the test is for")]
    {
        println!("{compared} pairs: {agreed} agree, {refused} that the peer refuses");
        for (judgement, count) in JUDGEMENTS.iter().zip(&judged) {
            let Judgement { about, documentation, is_right, .. } = judgement;
            println!("{count} differ: {about}; {is_right} is right ({documentation})");
        }
    }
    assert!(agreed > PAIRS / 4, "only {agreed} of {compared} pairs agree");
    let shown: Vec<&String> = differences.iter().take(12).collect();
    assert!(differences.is_empty(), "{} of {compared} differ: {shown:#?}", differences.len());
}
