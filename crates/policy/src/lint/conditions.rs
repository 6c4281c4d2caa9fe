//! Comparisons that do something else than they seem to.

use azimuth_arm::Value;

use super::Findings;
use crate::catalogue::{Catalogue, Source};
use crate::compile::{Types, types_of};
use crate::definition::{Condition, Definition, Leaf, Left, Mode, Operator, Over};
use crate::fold::fold;
use crate::suggest::did_you_mean;

/// Fields whose values never contain a star.
const WITHOUT_STAR: &[&str] = &["type", "location", "kind", "name", "fullname", "id"];

pub(super) fn check(definition: &Definition, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let rule = &definition.rule;
    let is_component = matches!(definition.mode, Mode::Provider(_));
    for condition in std::iter::once(&rule.condition).chain(&rule.details.existence) {
        condition.for_each_leaf(&mut |leaf| {
            patterns(leaf, findings);
            if !is_component {
                aliases(leaf, catalogue, findings);
            }
        });
        every_member(condition, false, findings);
    }
    if definition.mode == Mode::Indexed {
        mode(definition, catalogue, findings);
    }
}

fn known_text(template: &crate::template::Template) -> Option<&str> {
    template.known().and_then(Value::as_str)
}

fn patterns(leaf: &Leaf, findings: &mut Findings<'_>) {
    let texts: Vec<&str> = match leaf.right.known() {
        Some(value) => match value.as_array() {
            Some(items) => items.iter().filter_map(Value::as_str).collect(),
            None => value.as_str().into_iter().collect(),
        },
        None => Vec::new(),
    };
    match leaf.operator.positive().0 {
        Operator::Equals | Operator::In => {
            let Left::Field(name) = &leaf.left else { return };
            let Some(name) = known_text(name) else { return };
            let is_plain = WITHOUT_STAR.contains(&&*name.trim().to_ascii_lowercase());
            if let Some(text) = texts.iter().find(|text| is_plain && text.contains('*')) {
                let message = format!("`{}` compares the `*` of `{text}` literally", leaf.operator);
                findings.add("policy-wildcard-literal", &leaf.path, message);
            }
        }
        Operator::Like => {
            if let Some(text) = texts.iter().find(|text| !text.contains(['*', '?'])) {
                let message = format!("`{}` with `{text}` has no `*`", leaf.operator);
                findings.add("policy-like-without-wildcard", &leaf.path, message);
            }
        }
        _ => {}
    }
}

fn aliases(leaf: &Leaf, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let name = match &leaf.left {
        Left::Field(name) => name,
        Left::Count(count) => match &count.over {
            Over::Field(name) => name,
            Over::Value { .. } => return,
        },
        Left::Value(_) => return,
    };
    let Some(name) = known_text(name) else { return };
    // What the catalogue knows to be refused is told by the check of the definition.
    if !name.contains('/') || catalogue.knows(name) || catalogue.refuses(name) {
        return;
    }
    let folded = fold(name.trim());
    let Some(owner) = owner(&folded, catalogue) else { return };
    let known: Vec<&str> = catalogue.aliases_of(&owner).map(|alias| &*alias.name).collect();
    if known.is_empty() {
        return;
    }
    // Where a longer alias goes through it, the catalogue is merely terse.
    let is_prefix = known
        .iter()
        .any(|known| fold(known).strip_prefix(&folded).is_some_and(|rest| rest.starts_with(['.', '['])));
    if is_prefix {
        return;
    }
    if let Some(near) = did_you_mean(name, known.into_iter()) {
        findings.hinted(
            "policy-unknown-alias",
            &leaf.path,
            format!("`{name}` is not in the catalogue"),
            Some(format!("did you mean `{near}`?")),
        );
        return;
    }
    if let Some(place) =
        catalogue.place(name, &owner, None).filter(|place| place.source == Source::RuleOfThumb)
    {
        let message = format!("`{name}` is not in the catalogue and taken for `{}`", place.path);
        findings.add("policy-alias-guessed", &leaf.path, message);
    }
}

/// The longest known type that a folded alias begins with.
fn owner(folded: &str, catalogue: &Catalogue) -> Option<String> {
    let ends: Vec<usize> = folded.match_indices('/').map(|(at, _)| at).collect();
    let known =
        ends.into_iter().rev().map(|at| &folded[..at]).find(|name| catalogue.resource_type(name).is_some());
    known.map(str::to_owned)
}

/// Positive comparisons on `[*]`, outside of counts, that are not turned around by `not`.
fn every_member(condition: &Condition, is_negated: bool, findings: &mut Findings<'_>) {
    match condition {
        Condition::AllOf(parts) | Condition::AnyOf(parts) => {
            parts.iter().for_each(|part| every_member(part, is_negated, findings));
        }
        Condition::Not(inner) => every_member(inner, !is_negated, findings),
        Condition::Leaf(leaf) => {
            let Left::Field(name) = &leaf.left else { return };
            let (operator, is_opposite) = leaf.operator.positive();
            let looks_for_one = !is_opposite && operator != Operator::Exists;
            if let Some(name) = known_text(name).filter(|name| name.contains("[*]"))
                && looks_for_one
                && !is_negated
            {
                let message = format!(
                    "`{}` is asked of every member of `{name}`, and holds when there is none",
                    leaf.operator
                );
                findings.add("policy-every-member", &leaf.path, message);
            }
        }
    }
}

fn mode(definition: &Definition, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let known = |template: &crate::template::Template| template.known().cloned();
    let Types::Only(types) = types_of(&definition.rule.condition, &known) else { return };
    let is_unindexed =
        |name: &str| catalogue.resource_type(name).is_some_and(|facts| facts.is_indexed == Some(false));
    if !types.is_empty() && types.iter().all(|name| is_unindexed(name)) {
        let path = format!("{}.mode", findings.entry.properties_path());
        let message = "the mode Indexed leaves out every type that the rule names";
        findings.add("policy-mode-indexed", &path, message);
    }
}
