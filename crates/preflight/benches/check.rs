//! How fast is the pack ready, and how many templates does it judge a second?
//!
//! `cargo bench --profile dist -p azimuth-preflight`; the corpus is found by `AZIMUTH_SHARED` or `../shared`.

#![expect(clippy::print_stderr, reason = "a benchmark that has nothing to measure says so")]

use std::path::PathBuf;
use std::sync::Arc;

use azimuth_arm::{Context, Parameters, Source, Target};
use azimuth_preflight::{Options, Pack, check};
use divan::Bencher;

fn main() {
    divan::main();
}

fn options() -> Options<'static> {
    let target = Target::resource_group("00000000-0000-0000-0000-000000000000", "example");
    Options::new(Context::new(target), "2026-01-31T00:00:00Z".parse().expect("it is a time"))
}

/// The built-in rules read and compiled.
#[divan::bench]
fn built_in_pack() -> Pack {
    Pack::built_in()
}

/// 500 storage accounts out of a loop against all built-in rules, half of them with findings.
#[divan::bench]
fn loop_of_500_accounts(bencher: Bencher<'_, '_>) {
    let text = r#"{"resources": [{
        "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[concat('st', copyIndex())]",
        "copy": {"name": "accounts", "count": 500}, "location": "[resourceGroup().location]",
        "properties": {"supportsHttpsTrafficOnly": "[equals(mod(copyIndex(), 2), 0)]", "minimumTlsVersion": "TLS1_2"}
    }]}"#;
    let source = Source::parse("main.json", text).expect("it is JSON");
    let pack = Pack::built_in();
    bencher.bench(|| check(&source, &Parameters::none(), &options(), &pack));
}

/// Every template of the corpus once, on one core.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn corpus(bencher: Bencher<'_, '_>) {
    let templates = templates();
    if templates.is_empty() {
        eprintln!("SKIPPED: no template corpus; set AZIMUTH_SHARED");
        return;
    }
    let pack = Pack::built_in();
    bencher.counter(divan::counter::ItemsCount::new(templates.len())).bench(|| {
        templates
            .iter()
            .map(|(source, parameters)| check(source, parameters, &options(), &pack).findings.len())
            .sum::<usize>()
    });
}

fn templates() -> Vec<(Arc<Source>, Parameters)> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("../..");
    let shared = std::env::var_os("AZIMUTH_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let path = shared.join("corpora/arm/templates/templates.jsonl");
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    text.lines()
        .filter_map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).ok()?;
            let source = Source::parse("template.json", &case["template"].to_string()).ok()?;
            let mut values = case["parameters_made_up"].as_object().cloned().unwrap_or_default();
            values.extend(case["parameters_given"].as_object().cloned().unwrap_or_default());
            Some((source, Parameters::from_values(&values)))
        })
        .collect()
}
