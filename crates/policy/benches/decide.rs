//! Deciding all built-in definitions over mixed resources, side by side with `regorus` on the same pairs.
//!
//! `AZIMUTH_SHARED` names the folder of the shared corpora; without them nothing is measured.
//!
//! - `decide`: conditions of the policies of a resource's type, the resource being read already (items: decisions);
//! - `read`: JSON text to slots (items: resources); for the peer: its normalisation of parsed JSON;
//! - `end_to_end`: JSON text through all built-ins (items: resources).

mod parameters;
mod resources;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use azimuth_arm::Source;
use azimuth_policy::{
    Catalogue, CompileOptions, Context, Policy, PolicyContext, PolicyId, Program, Resource, Slots,
    parse_definition,
};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    if corpus("definitions.jsonl").is_none() {
        #[expect(clippy::print_stderr, reason = "a benchmark talks to whoever runs it")]
        {
            eprintln!("SKIPPED: the shared corpora are not at hand; set AZIMUTH_SHARED");
        }
        return;
    }
    divan::main();
}

fn corpus(name: &str) -> Option<String> {
    let shared = std::env::var_os("AZIMUTH_SHARED").map(PathBuf::from);
    let beside =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("../../../shared");
    std::fs::read_to_string(shared.unwrap_or(beside).join("corpora/policy").join(name)).ok()
}

struct Setup {
    program: Program,
    context: Context,
    /// Type and JSON.
    resources: Vec<(&'static str, String)>,
    /// The policies of each resource's type.
    pairs: Vec<Vec<PolicyId>>,
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
    let text = corpus("definitions.jsonl").unwrap_or_default();
    let policies: Vec<Policy> = text
        .lines()
        .filter_map(|line| {
            let source = Source::parse("line", line).ok()?;
            let definition = parse_definition(&source, source.root(), "$").value?;
            let values = parameters::parameter_values(&definition);
            Some(Policy::bind_unchecked(Arc::new(definition), &values, PolicyContext::default()))
        })
        .collect();
    let program = Program::compile(Arc::new(Catalogue::bundled()), policies, &CompileOptions::default());
    let id = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web";
    let mut context = Context::at(jiff::Timestamp::UNIX_EPOCH).of_resource(id);
    let json = |text: &str| azimuth_arm::Value::from_json(&serde_json::from_str(text).expect("sound"));
    context.request = json(resources::REQUEST);
    context.resource_group = json(resources::GROUP);
    context.subscription = json(resources::SUBSCRIPTION);
    let resources = resources::mixed(200);
    let mut slots = Slots::default();
    let pairs = resources
        .iter()
        .map(|(_, json)| {
            let mut policies = Vec::new();
            let visit = &mut |policy, _| policies.push(policy);
            program
                .matches(&mut slots, &Resource::new(json), &context, visit)
                .expect("the resources are sound");
            policies
        })
        .collect();
    Setup { program, context, resources, pairs }
});

fn pair_count() -> usize {
    SETUP.pairs.iter().map(Vec::len).sum()
}

#[divan::bench(sample_count = 20)]
fn decide(bencher: Bencher<'_, '_>) {
    const TIMES: usize = 20;
    let setup = &*SETUP;
    let mut slots = Slots::default();
    bencher.counter(ItemsCount::new(pair_count() * TIMES)).bench_local(|| {
        let mut matched = 0;
        for (_, json) in &setup.resources {
            let resource = Resource::new(json);
            matched += setup
                .program
                .matches_repeatedly(&mut slots, &resource, &setup.context, TIMES)
                .expect("the resources are sound");
        }
        matched
    });
}

#[divan::bench(sample_count = 50)]
fn read(bencher: Bencher<'_, '_>) {
    let setup = &*SETUP;
    let mut slots = Slots::default();
    bencher.counter(ItemsCount::new(setup.resources.len())).bench_local(|| {
        for (_, json) in &setup.resources {
            setup
                .program
                .matches_repeatedly(&mut slots, &Resource::new(json), &setup.context, 0)
                .expect("the resources are sound");
        }
    });
}

#[divan::bench(sample_count = 50)]
fn end_to_end(bencher: Bencher<'_, '_>) {
    let setup = &*SETUP;
    let mut slots = Slots::default();
    bencher.counter(ItemsCount::new(setup.resources.len())).bench_local(|| {
        let mut matched = 0_u64;
        for (_, json) in &setup.resources {
            let visit = &mut |_, holds| matched += u64::from(holds == Ok(true));
            setup
                .program
                .matches(&mut slots, &Resource::new(json), &setup.context, visit)
                .expect("the resources are sound");
        }
        matched
    });
}

/// The peer on the same definitions and resources.
mod peer {
    use super::{Bencher, ItemsCount, LazyLock, SETUP, corpus};
    use regorus::languages::azure_policy::aliases::{AliasRegistry, normalizer};
    use regorus::languages::azure_policy::{compiler, parser};
    use regorus::rvm::RegoVM;
    use regorus::{Rc, Source, Value};
    use std::cell::RefCell;

    struct Peer {
        registry: Rc<AliasRegistry>,
        programs: Vec<Option<Rc<regorus::rvm::program::Program>>>,
    }

    static PEER: LazyLock<Peer> = LazyLock::new(|| {
        let mut registry = AliasRegistry::new();
        registry.load_from_json(&super::resources::provider_aliases()).expect("the aliases are sound");
        let registry = Rc::new(registry);
        let text = corpus("definitions.jsonl").unwrap_or_default();
        let programs = text
            .lines()
            .map(|line| {
                let source = Source::from_contents("line".to_owned(), line.to_owned()).ok()?;
                let definition =
                    parser::parse_policy_definition_with_max_col(&source, Some(std::num::NonZeroU32::MAX))
                        .ok()?;
                compiler::compile_policy_definition_with_aliases_opts(&definition, registry.clone(), true)
                    .ok()
            })
            .collect();
        Peer { registry, programs }
    });

    fn parsed() -> Vec<Value> {
        SETUP.resources.iter().map(|(_, json)| Value::from_json_str(json).expect("sound")).collect()
    }

    #[divan::bench(sample_count = 5)]
    fn decide(bencher: Bencher<'_, '_>) {
        let peer = &*PEER;
        let parameters: Vec<Value> = SETUP
            .program
            .policies()
            .iter()
            .map(|policy| {
                let value = azimuth_arm::Value::object(policy.parameters().clone());
                Value::from_json_str(&value.to_string()).expect("sound")
            })
            .collect();
        // One input for every pair, made beforehand.
        let inputs: Vec<Vec<Value>> = parsed()
            .iter()
            .zip(&SETUP.pairs)
            .map(|(resource, policies)| {
                let normalized = normalizer::normalize(resource, Some(&peer.registry), None);
                let envelope = |policy: &azimuth_policy::PolicyId| {
                    let parameters = parameters[policy.0 as usize].clone();
                    normalizer::build_input_envelope(normalized.clone(), None, Some(parameters))
                };
                policies.iter().map(envelope).collect()
            })
            .collect();
        let context = format!(
            r#"{{"resourceGroup":{},"subscription":{},"requestContext":{}}}"#,
            super::resources::GROUP,
            super::resources::SUBSCRIPTION,
            super::resources::REQUEST
        );
        let context = Value::from_json_str(&context).expect("sound");
        let machines: Vec<Option<RefCell<RegoVM>>> = peer
            .programs
            .iter()
            .map(|program| {
                let mut machine = RegoVM::new();
                machine.load_program(program.clone()?);
                machine.set_context(context.clone());
                Some(RefCell::new(machine))
            })
            .collect();
        let known: usize =
            SETUP.pairs.iter().flatten().filter(|policy| machines[policy.0 as usize].is_some()).count();
        bencher.counter(ItemsCount::new(known)).bench_local(|| {
            let mut matched = 0_u64;
            for (input, policies) in inputs.iter().zip(&SETUP.pairs) {
                for (policy, input) in policies.iter().zip(input) {
                    let Some(machine) = &machines[policy.0 as usize] else { continue };
                    let mut machine = machine.borrow_mut();
                    machine.set_input(input.clone());
                    matched += u64::from(machine.execute_entry_point_by_name("main").is_ok());
                }
            }
            matched
        });
    }

    #[divan::bench(sample_count = 20)]
    fn normalise(bencher: Bencher<'_, '_>) {
        let peer = &*PEER;
        let inputs = parsed();
        bencher.counter(ItemsCount::new(inputs.len())).bench_local(|| {
            for input in &inputs {
                divan::black_box(normalizer::normalize(input, Some(&peer.registry), None));
            }
        });
    }
}
