//! One door for all tests.

use azimuth_arm::{Context, Parameters, Source, Target};
use azimuth_preflight::{Finding, Options, Pack, PackBuilder, Report, check};

/// The moment of every test.
pub(crate) fn now() -> jiff::Timestamp {
    "2026-01-31T00:00:00Z".parse().unwrap()
}

pub(crate) fn context() -> Context {
    Context::new(Target::resource_group("00000000-0000-0000-0000-000000000000", "web"))
}

/// A pack of rules, each given as its id and its condition; the effect is audit.
pub(crate) fn pack(rules: &[(&str, &str)]) -> Pack {
    pack_with(azimuth_policy::Catalogue::bundled(), rules)
}

/// As [`pack`], with other aliases.
pub(crate) fn pack_with(catalogue: azimuth_policy::Catalogue, rules: &[(&str, &str)]) -> Pack {
    let mut builder = PackBuilder::new().with_catalogue(std::sync::Arc::new(catalogue));
    for (id, condition) in rules {
        builder.add(
            &format!("{id}.json"),
            &format!(
                r#"{{"name": "{id}", "properties": {{"displayName": "{id} title", "mode": "All",
                    "policyRule": {{"if": {condition}, "then": {{"effect": "audit"}}}}}}}}"#
            ),
        );
    }
    finish(builder)
}

pub(crate) fn finish(builder: PackBuilder) -> Pack {
    let (pack, diagnostics) = builder.finish();
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    pack
}

pub(crate) fn run(template: &str, parameters: &str, pack: &Pack) -> Report {
    run_with(template, parameters, pack, &Options::new(context(), now()))
}

pub(crate) fn run_with(template: &str, parameters: &str, pack: &Pack, options: &Options<'_>) -> Report {
    let source = Source::parse("main.json", template).unwrap();
    let parameters = match parameters {
        "" => Parameters::none(),
        text => Parameters::parse("main.parameters.json", text).unwrap(),
    };
    check(&source, &parameters, options, pack)
}

/// A finding on one line: rule, place, message.
pub(crate) fn shown(finding: &Finding) -> String {
    let spot = &finding.place.spot;
    format!("{} {}:{}:{} {}", finding.rule, spot.file, spot.line, spot.column, finding.message)
}

pub(crate) fn all(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(shown).collect()
}
