//! Every published definition parses, passes its checks and compiles.

use std::sync::Arc;

use azimuth_arm::{Object, Source};
use azimuth_policy::{
    Catalogue, CompileOptions, Definition, Policy, PolicyContext, Program, check_compiles, parse_definition,
};

use crate::corpora;

/// The definitions of a file, one a line; definitions that are written wrongly are listed.
pub(crate) fn definitions(text: &str) -> (Vec<Arc<Definition>>, Vec<String>) {
    let mut sound = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match Source::parse("line", line) {
            Ok(source) => {
                let root = source.root();
                let node = root.get("content").unwrap_or(root);
                if node
                    .get("properties")
                    .is_some_and(|properties| properties.get("policyDefinitions").is_some())
                {
                    continue;
                }
                match parse_definition(&source, node, "$").into_result() {
                    Ok(definition) => sound.push(Arc::new(definition)),
                    Err(found) => faults.push(format!("line {}: {}", index + 1, found[0])),
                }
            }
            Err(error) => faults.push(format!("line {}: {error}", index + 1)),
        }
    }
    (sound, faults)
}

#[track_caller]
fn check(file: &str, count: usize) {
    let Some(text) = corpora::read(file) else { return };
    let (sound, faults) = definitions(&text);
    assert!(faults.is_empty(), "{file}: {faults:#?}");
    assert_eq!(sound.len(), count, "{file}");
    let catalogue = Arc::new(Catalogue::bundled());
    let mut refused = Vec::new();
    for definition in &sound {
        for finding in check_compiles(definition, &catalogue) {
            refused.push(format!("{:?}: {finding}", definition.display_name));
        }
    }
    assert!(refused.is_empty(), "{file}: {refused:#?}");
    let policies: Vec<Policy> = sound
        .iter()
        .map(|definition| {
            Policy::bind_unchecked(definition.clone(), &Object::new(), PolicyContext::default())
        })
        .collect();
    let program = Program::compile(catalogue, policies, &CompileOptions::default());
    assert_eq!(program.policies().len(), count);
}

#[test]
fn built_in_definitions() {
    check("definitions.jsonl", 3594);
}

#[test]
fn community_definitions() {
    check("custom-definitions.jsonl", 332);
}

#[test]
fn teaching_patterns() {
    check("patterns.jsonl", 14);
}

#[test]
fn the_published_catalogue_serves_the_built_ins() {
    let (Some(text), Some(published)) =
        (corpora::read("definitions.jsonl"), corpora::read("alias-catalogue.jsonl"))
    else {
        return;
    };
    let mut catalogue = Catalogue::empty();
    assert_eq!(catalogue.add_published(&published).expect("the list is sound"), 65_399);
    let (sound, _) = definitions(&text);
    let policies = sound
        .iter()
        .map(|definition| {
            Policy::bind_unchecked(definition.clone(), &Object::new(), PolicyContext::default())
        })
        .collect();
    let program = Program::compile(Arc::new(catalogue), policies, &CompileOptions::default());
    assert!(program.type_count() > 250, "{} types", program.type_count());
    assert!(program.policies_of_type("microsoft.storage/STORAGEACCOUNTS") > 60);
}
