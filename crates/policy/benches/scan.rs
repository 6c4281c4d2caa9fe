//! All built-in definitions over the demo estate of 100,000 resources on two threads, and one changed resource again.
//!
//! `AZIMUTH_SHARED` names the folder of the shared corpora; without them nothing is measured. A run takes seconds, so that the
//! harness is our own: every run is printed. `AZIMUTH_BENCH_RUNS` (5), `AZIMUTH_BENCH_RESOURCES` (100000) and
//! `AZIMUTH_BENCH_THREADS` (2) change what is done.

#![expect(clippy::print_stdout, reason = "a benchmark talks to whoever runs it")]

mod parameters;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use azimuth_arm::Source;
use azimuth_estate::{Entry, Snapshot};
use azimuth_policy::{
    Catalogue, CompileOptions, Definition, Governance, RelatedResources, Resource, Scan, Selected, Slots,
    Surroundings, SurveyOptions, parse_assignment, parse_definition, parse_initiative, survey,
};
use serde_json::{Value, json};

/// The root management group of the demo estate's hierarchy stands above everything; the assignment is to the tenant.
const SCOPE: &str = "/";

fn main() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let Some(text) = corpus("definitions.jsonl") else {
        println!("SKIPPED: the shared corpora are not at hand; set AZIMUTH_SHARED");
        return;
    };
    let size = number("AZIMUTH_BENCH_RESOURCES", 100_000);
    let threads = number("AZIMUTH_BENCH_THREADS", 2);
    let start = Instant::now();
    let governance = governance(&text);
    println!(
        "{} policies compiled in {:.2} s; peak {}",
        governance.program().policies().len(),
        start.elapsed().as_secs_f64(),
        peak()
    );
    let snapshot = estate(size);
    let now = "2025-01-01T00:00:00Z".parse().expect("a moment");
    let surroundings = Surroundings::new(&snapshot, now);
    let subjects = surroundings.subjects();
    let selected: Vec<Selected<'_>> = subjects.iter().map(|entry| select(entry, &surroundings)).collect();
    let mut types: Vec<&str> = subjects.iter().map(|entry| entry.kind()).collect();
    types.sort_unstable();
    types.dedup();
    println!(
        "{size} resources, {} documents of {} types below subscriptions; peak {}",
        selected.len(),
        types.len(),
        peak()
    );
    for run in 1..=number("AZIMUTH_BENCH_RUNS", 5) {
        scan(run, &governance, &subjects, &surroundings, threads);
    }
    one_at_a_time(&governance, &selected, &surroundings);
}

fn corpus(name: &str) -> Option<String> {
    let shared = std::env::var_os("AZIMUTH_SHARED").map(PathBuf::from);
    let beside =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("../../../shared");
    std::fs::read_to_string(shared.unwrap_or(beside).join("corpora/policy").join(name)).ok()
}

/// One assignment of an initiative of all built-in definitions, parameters without default filled in.
fn governance(text: &str) -> Governance {
    let definitions: Vec<Arc<Definition>> = text
        .lines()
        .filter_map(|line| {
            let source = Source::parse("line", line).ok()?;
            parse_definition(&source, source.root(), "$").value.map(Arc::new)
        })
        .collect();
    let reference = |(number, definition): (usize, &Arc<Definition>)| {
        let values = parameters::parameter_values(definition);
        let parameters: serde_json::Map<String, Value> = values
            .iter()
            .map(|(name, value)| {
                let value: Value = serde_json::from_str(&value.to_string()).unwrap_or(Value::Null);
                (name.to_string(), json!({"value": value}))
            })
            .collect();
        json!({"policyDefinitionId": definition.id, "policyDefinitionReferenceId": format!("r{number}"), "parameters": parameters})
    };
    let references: Vec<Value> = definitions.iter().enumerate().map(reference).collect();
    let set_id = "/providers/Microsoft.Authorization/policySetDefinitions/all";
    let set = json!({"id": set_id, "properties": {"policyDefinitions": references}}).to_string();
    let set = Source::parse("set", &set).expect("JSON");
    let set = parse_initiative(&set, set.root(), "$").value.expect("an initiative");
    let assignment = json!({"id": format!("{SCOPE}providers/Microsoft.Authorization/policyAssignments/all"),
        "properties": {"scope": SCOPE, "policyDefinitionId": set_id}});
    let assignment = Source::parse("assignment", &assignment.to_string()).expect("JSON");
    let assignment = parse_assignment(&assignment, assignment.root(), "$").value.expect("an assignment");
    let options = CompileOptions::default();
    let (governance, _) = Governance::new(
        Arc::new(Catalogue::bundled()),
        &definitions,
        vec![set],
        vec![assignment],
        Vec::new(),
        &options,
    );
    governance
}

fn estate(size: usize) -> Snapshot {
    let mut documents = Vec::new();
    let options = azimuth_demo::Options { size, seed: 7, flaws: azimuth_demo::Flaws::Planted };
    azimuth_demo::generate(&options, &mut |file| {
        azimuth_exports::read(&file.path, &file.content, &mut |document| documents.push(document));
        Ok::<(), std::convert::Infallible>(())
    })
    .expect("nothing is written");
    let mut builder = Snapshot::builder();
    for document in azimuth_exports::merge(documents).documents {
        if document.key.as_str().starts_with('/') {
            builder.push(&document.key, document.body);
        }
    }
    builder.finish()
}

fn select<'a>(entry: &Entry<'a>, surroundings: &'a Surroundings<'a>) -> Selected<'a> {
    Selected {
        resource: Resource { json: entry.body(), resource_type: Some(entry.kind()), api_version: None },
        id: entry.key(),
        resource_type: entry.kind(),
        location: None,
        ancestors: surroundings.ancestors(entry.key()),
    }
}

fn scan(
    run: usize,
    governance: &Governance,
    subjects: &[Entry<'_>],
    surroundings: &Surroundings<'_>,
    threads: usize,
) {
    let scan = Scan::new(governance, &[], false);
    let options = SurveyOptions { threads, examples: 3, wanted: &|_| true };
    let (start, before) = (Instant::now(), processor_time());
    let nothing = &mut |_: &[u8], _| Ok::<(), std::convert::Infallible>(());
    let Ok(tally) = survey(&scan, surroundings, subjects, &options, &|_, _, _, _| {}, nothing);
    let taken = start.elapsed();
    println!(
        "run {run}: {:.2} s on {threads} threads ({:.2} s of processor time), {:.0} resources/s; {} results, {:?}; peak {}",
        taken.as_secs_f64(),
        processor_time() - before,
        subjects.len() as f64 / taken.as_secs_f64(),
        tally.results,
        tally.all,
        peak()
    );
}

/// One resource after the other on one thread, each on the clock: what a change costs.
fn one_at_a_time(governance: &Governance, selected: &[Selected<'_>], surroundings: &Surroundings<'_>) {
    let mut slots = Slots::default();
    let mut times: Vec<(Duration, &str)> = selected
        .iter()
        .step_by(7)
        .map(|selected| {
            let start = Instant::now();
            let related = RelatedResources::new(surroundings, selected.id, selected.resource_type);
            let context = surroundings.context(selected.id);
            let mut count = 0;
            let outcome = governance.states(&mut slots, selected, context, &related, &mut |_| count += 1);
            std::hint::black_box((outcome.is_ok(), count));
            (start.elapsed(), selected.resource_type)
        })
        .collect();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].0.as_secs_f64() * 1e6;
    println!(
        "one changed resource against all assignments ({} of them): median {:.0} µs, 99 % {:.0} µs, 99.9 % {:.0} µs, longest {:.0} µs",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    let mut by_type: Vec<(&str, f64, u32)> = Vec::new();
    for (time, kind) in &times {
        match by_type.iter_mut().find(|(known, ..)| known == kind) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + time.as_secs_f64(), *count + 1),
            None => by_type.push((kind, time.as_secs_f64(), 1)),
        }
    }
    by_type.sort_by(|a, b| (b.1 / f64::from(b.2)).total_cmp(&(a.1 / f64::from(a.2))));
    for (kind, sum, count) in by_type.iter().take(6) {
        println!("  {kind}: {:.0} µs on average of {count}", sum * 1e6 / f64::from(*count));
    }
}

/// The processor time that the process has taken, in seconds, where the system tells: a busy machine stretches the clock only.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ')).into_iter().flatten();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// The most memory that the process has had, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "memory unknown".to_owned(), |text| text.trim().to_owned())
}
