//! Initiatives, and the landing zones as a whole: every assignment binds, compiles and decides.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_policy::{
    Assignment, Catalogue, CompileOptions, Context, Definition, Governance, GovernanceError, Initiative,
    NoRelated, Resource, Selected, Slots, parse_assignment, parse_initiative,
};

use crate::built_ins::definitions;
use crate::corpora;

fn initiatives(text: &str) -> Vec<Initiative> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let source = Source::parse("line", line).expect("the line is JSON");
            parse_initiative(&source, source.root(), "$").into_result().expect("the initiative is sound")
        })
        .collect()
}

fn assignments(text: &str) -> Vec<Assignment> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let source = Source::parse("line", line).expect("the line is JSON");
            parse_assignment(&source, source.root(), "$").into_result().expect("the assignment is sound")
        })
        .collect()
}

#[test]
fn built_in_initiatives() {
    let Some(text) = corpora::read("initiatives.jsonl") else { return };
    let sets = initiatives(&text);
    assert_eq!(sets.len(), 181);
    assert_eq!(sets.iter().map(|set| set.references.len()).sum::<usize>(), 15_815);
    // Values that initiatives hand on by default can all be computed.
    for set in &sets {
        let values = set.parameters.bind_unchecked(&azimuth_arm::Object::new());
        let has_all = set.parameters.iter().all(|parameter| parameter.default.is_some());
        for reference in &set.references {
            let handed_on = reference.values(&values);
            assert!(
                !has_all || handed_on.is_ok(),
                "{:?} {}: {handed_on:?}",
                set.display_name,
                reference.reference_id
            );
        }
    }
}

#[track_caller]
fn check_zone(
    zone: &str,
    (definition_count, set_count, assignment_count): (usize, usize, usize),
    older_versions: usize,
) {
    let read = |name: &str| corpora::read(&format!("landing-zones/{zone}/{name}.jsonl"));
    let (Some(own), Some(sets), Some(assigned), Some(built_in), Some(built_in_sets)) = (
        read("policyDefinitions"),
        read("policySetDefinitions"),
        read("policyAssignments"),
        corpora::read("definitions.jsonl"),
        corpora::read("initiatives.jsonl"),
    ) else {
        return;
    };
    let (mut all, faults): (Vec<Arc<Definition>>, _) = definitions(&own);
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(all.len(), definition_count);
    all.extend(definitions(&built_in).0);
    let mut all_sets = initiatives(&sets);
    assert_eq!(all_sets.len(), set_count);
    all_sets.extend(initiatives(&built_in_sets));
    let assignments = assignments(&assigned);
    assert_eq!(assignments.len(), assignment_count);
    let scopes: Vec<String> = assignments.iter().map(|assignment| assignment.scope.clone()).collect();
    let (governance, errors) = Governance::new(
        Arc::new(Catalogue::bundled()),
        &all,
        all_sets,
        assignments,
        Vec::new(),
        &CompileOptions::default(),
    );
    // Versions that assignments and initiatives pin while the corpus has a newer major one only.
    let is_version = |error: &&GovernanceError| matches!(error, GovernanceError::Version { .. });
    assert_eq!(errors.iter().filter(is_version).count(), older_versions);
    let missing: Vec<String> = errors
        .iter()
        .filter(|error| !matches!(error, GovernanceError::Parameters { .. }) && !is_version(error))
        .map(ToString::to_string)
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let id = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web/providers/Microsoft.Storage/storageAccounts/st1";
    let json = format!(
        r#"{{"id":"{id}","name":"st1","type":"Microsoft.Storage/storageAccounts","location":"westeurope","properties":{{"supportsHttpsTrafficOnly":false}}}}"#
    );
    let selected = Selected {
        resource: Resource::new(&json),
        id,
        resource_type: "Microsoft.Storage/storageAccounts",
        location: Some("westeurope"),
        ancestors: &scopes,
    };
    let context = Context::at(jiff::Timestamp::UNIX_EPOCH).of_resource(id);
    let mut count = 0;
    let mut slots = Slots::default();
    governance
        .states(&mut slots, &selected, &context, &NoRelated, &mut |_| count += 1)
        .expect("the resource is sound");
    assert!(zone != "alz" || count > 10, "{count} decisions");
}

#[test]
fn azure_landing_zone() {
    check_zone("alz", (149, 42, 123), 17);
}

#[test]
fn monitoring_baseline() {
    check_zone("amba", (143, 16, 18), 0);
}
