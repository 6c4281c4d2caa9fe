//! Assignments, alone and together.

use std::sync::Arc;

use azimuth_arm::Value;
use azimuth_diag::Diagnostic;

use super::initiatives::is_custom;
use super::{Entry, Findings, Workspace};
use crate::compile::{Policy, PolicyContext};
use crate::definition::{Effect, Parameters};
use crate::effect::{ConflictEffect, ConflictOutcome, resolve_conflict};
use crate::evaluate::constant_template;
use crate::fold::{eq, fold};
use crate::governance::{
    Assignment, OverrideKind, SelectorKind, check_assignment, effect_after_overrides, is_within, may_assign,
};
use crate::template::Template;

/// Most assignments compared with one another.
const MAX_TOGETHER: usize = 4_000;
/// Most pairs of operations on one field that are looked at.
const MAX_PAIRS: usize = 2_000;

pub(super) fn check(assignment: &Assignment, workspace: &Workspace, findings: &mut Findings<'_>) {
    let base = findings.entry.properties_path();
    let ancestors = workspace.ancestors(&assignment.scope);
    // Where the files do not say what stands above the scope, a definition's management group may well do.
    let is_stored_above = assignment.definition_id.to_ascii_lowercase().contains("/managementgroups/")
        && ancestors.is_empty()
        && !may_assign(&assignment.definition_id, &assignment.scope, &ancestors);
    for problem in check_assignment(assignment, &ancestors) {
        if is_stored_above && problem.contains("where it is stored") {
            continue;
        }
        findings.add("assignment-problem", &base, problem);
    }
    if !assignment.is_enforced() {
        let message = "the assignment is evaluated and enforces nothing";
        findings.add("assignment-not-enforced", &format!("{base}.enforcementMode"), message);
    }
    let policies = policies_of(assignment, workspace);
    let definition_path = format!("{base}.policyDefinitionId");
    let parameters: Option<&Parameters> = workspace
        .initiative(&assignment.definition_id)
        .map(|(_, initiative)| &initiative.parameters)
        .or_else(|| {
            workspace.definition(&assignment.definition_id).map(|(_, definition)| &definition.parameters)
        });
    let Some(parameters) = parameters else {
        if is_custom(&assignment.definition_id) {
            let message = format!("`{}` is not among the files", assignment.definition_id);
            findings.add("assignment-definition-missing", &definition_path, message);
        }
        return;
    };
    if let Err(errors) = parameters.bind(&assignment.parameters) {
        for error in errors {
            findings.add("assignment-parameter", &format!("{base}.parameters"), error.to_string());
        }
    }
    identity(assignment, &policies, &base, findings);
    if !policies.is_empty() && policies.iter().all(|bound| bound.effect == Some(Effect::Disabled)) {
        findings.add("assignment-disabled", &base, "every policy of the assignment is switched off");
    }
    references(assignment, workspace, &base, findings);
}

/// A policy of an assignment with its effect after overrides.
struct BoundPolicy {
    policy: Policy,
    effect: Option<Effect>,
}

/// The policies that an assignment amounts to, as far as their definitions are known.
fn policies_of(assignment: &Assignment, workspace: &Workspace) -> Vec<BoundPolicy> {
    let with_effect = |policy: Policy, reference_id: &str| {
        let effect = policy
            .effect()
            .map(|effect| effect_after_overrides(&assignment.overrides, reference_id, None, effect));
        BoundPolicy { policy, effect }
    };
    if let Some((_, initiative)) = workspace.initiative(&assignment.definition_id) {
        let values = initiative.parameters.bind_unchecked(&assignment.parameters);
        let bound = initiative.references.iter().filter_map(|reference| {
            let (_, definition) = workspace.definition(&reference.definition_id)?;
            let context = PolicyContext::default();
            let policy = reference.policy(Arc::clone(definition), &values, context).ok()?;
            Some(with_effect(policy, &reference.reference_id))
        });
        return bound.collect();
    }
    let Some((_, definition)) = workspace.definition(&assignment.definition_id) else { return Vec::new() };
    let policy =
        Policy::bind_unchecked(Arc::clone(definition), &assignment.parameters, PolicyContext::default());
    vec![with_effect(policy, "")]
}

fn identity(assignment: &Assignment, policies: &[BoundPolicy], base: &str, findings: &mut Findings<'_>) {
    let has_identity =
        assignment.identity_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("None"));
    let needs = policies.iter().find(|bound| bound.effect.is_some_and(Effect::is_remediable));
    if let (false, Some(bound)) = (has_identity, needs) {
        let effect = bound.effect.map_or("", Effect::name);
        findings.add(
            "assignment-identity-missing",
            base,
            format!("a policy with the effect {effect} needs an identity"),
        );
    }
}

/// References that overrides and messages name.
fn references(assignment: &Assignment, workspace: &Workspace, base: &str, findings: &mut Findings<'_>) {
    let initiative = workspace.initiative(&assignment.definition_id).map(|(_, initiative)| initiative);
    let is_known = |id: &str| {
        initiative.is_some_and(|set| set.references.iter().any(|reference| eq(&reference.reference_id, id)))
    };
    for (index, part) in assignment.overrides.iter().enumerate() {
        let at = format!("{base}.overrides[{index}]");
        for selector in &part.selectors {
            if selector.kind != SelectorKind::PolicyDefinitionReferenceId {
                continue;
            }
            for id in selector.allowed.iter().flatten().filter(|id| !is_known(id)) {
                findings.add(
                    "assignment-override-unmatched",
                    &at,
                    format!("the initiative has no reference `{id}`"),
                );
            }
        }
        if part.kind == OverrideKind::PolicyEffect
            && initiative.is_none()
            && part.selectors.iter().any(|part| part.kind == SelectorKind::PolicyDefinitionReferenceId)
        {
            let message = "a single definition has no references to select";
            findings.add("assignment-override-unmatched", &at, message);
        }
    }
    for (index, message) in assignment.messages.iter().enumerate() {
        if let Some(id) = message.reference_id.as_deref().filter(|id| !is_known(id)) {
            let at = format!("{base}.nonComplianceMessages[{index}]");
            findings.add(
                "assignment-message-unmatched",
                &at,
                format!("the initiative has no reference `{id}`"),
            );
        }
    }
}

/// What only several assignments together show.
pub(super) fn check_together(workspace: &Workspace, out: &mut Vec<Diagnostic>) {
    let all: Vec<(&Entry, &Arc<Assignment>)> = workspace.assignments().take(MAX_TOGETHER).collect();
    let ancestors: Vec<Vec<String>> =
        all.iter().map(|(_, assignment)| workspace.ancestors(&assignment.scope)).collect();
    let policies: Vec<Vec<BoundPolicy>> =
        all.iter().map(|(_, assignment)| policies_of(assignment, workspace)).collect();
    for (index, (entry, assignment)) in all.iter().enumerate() {
        let above = all.iter().enumerate().find(|(other, (_, rival))| {
            *other != index
                && is_within(&assignment.scope, &rival.scope, &ancestors[index])
                && shadows(rival, assignment, &ancestors[index])
                // Of two twins the later one is told.
                && (!eq(&rival.scope, &assignment.scope) || *other < index)
        });
        if let Some((_, (_, rival))) = above {
            let path = entry.properties_path();
            let message = format!("`{}` does the same at `{}`", rival.name, rival.scope);
            Findings { entry, out: &mut *out }.add("assignment-shadowed", &path, message);
        }
    }
    conflicts(&all, &ancestors, &policies, out);
}

/// Whether all that `lower` does is done by `upper`, which is at its scope or above.
fn shadows(upper: &Assignment, lower: &Assignment, ancestors: &[String]) -> bool {
    let values = |assignment: &Assignment| {
        let mut values: Vec<(String, String)> =
            assignment.parameters.iter().map(|(name, value)| (fold(name), value.to_string())).collect();
        values.sort();
        values
    };
    let is_whole = upper.resource_selectors.is_empty()
        && upper.overrides.is_empty()
        && !upper.not_scopes.iter().any(|scope| {
            is_within(&lower.scope, scope, ancestors) || is_within(scope, &lower.scope, ancestors)
        });
    is_whole
        && eq(&upper.definition_id, &lower.definition_id)
        && upper.definition_version == lower.definition_version
        && values(upper) == values(lower)
        && lower.overrides.is_empty()
        && (upper.is_enforced() || !lower.is_enforced())
}

/// An operation of modify with constant field and value.
struct Setting {
    assignment: usize,
    field: String,
    value: Value,
    conflict: ConflictEffect,
    condition: String,
}

fn conflicts(
    all: &[(&Entry, &Arc<Assignment>)],
    ancestors: &[Vec<String>],
    policies: &[Vec<BoundPolicy>],
    out: &mut Vec<Diagnostic>,
) {
    let mut settings: Vec<Setting> = Vec::new();
    for (index, bound) in policies.iter().enumerate() {
        for policy in bound.iter().filter(|policy| policy.effect == Some(Effect::Modify)) {
            settings.extend(settings_of(index, &policy.policy));
        }
    }
    settings.sort_by(|a, b| (&a.field, a.assignment).cmp(&(&b.field, b.assignment)));
    let mut looked_at = 0;
    let mut told: Vec<(usize, usize, &str)> = Vec::new();
    for (index, own) in settings.iter().enumerate() {
        for other in settings[index + 1..].iter().take_while(|other| other.field == own.field) {
            looked_at += 1;
            if looked_at > MAX_PAIRS {
                return;
            }
            let (a, b) = (own.assignment, other.assignment);
            let overlap = is_within(&all[a].1.scope, &all[b].1.scope, &ancestors[a])
                || is_within(&all[b].1.scope, &all[a].1.scope, &ancestors[b]);
            // The same rule with other values contradicts itself on every resource; rules of different conditions may
            // never meet, which nobody can tell.
            let is_same_rule = own.condition == other.condition;
            if a == b
                || own.value == other.value
                || !overlap
                || !is_same_rule
                || told.contains(&(a, b, &own.field))
            {
                continue;
            }
            told.push((a, b, &own.field));
            let outcome = match resolve_conflict(&[own.conflict, other.conflict], false) {
                ConflictOutcome::Denied => "every request that both touch is denied",
                ConflictOutcome::Operations(_) => "only the one with the conflict effect deny acts",
                ConflictOutcome::NoOperations | ConflictOutcome::State(_) => "neither acts",
            };
            let (entry, assignment) = all[b];
            let message = format!(
                "`{}` sets `{}` to {}, and `{}` to {}: {outcome}",
                assignment.name, other.field, other.value, all[a].1.name, own.value
            );
            let path = entry.properties_path();
            Findings { entry, out: &mut *out }.add("assignment-modify-conflict", &path, message);
        }
    }
}

fn settings_of(assignment: usize, policy: &Policy) -> Vec<Setting> {
    let definition = policy.definition();
    let details = &definition.rule.details;
    let conflict = details
        .get("conflictEffect")
        .and_then(|template| constant_template(template, policy))
        .and_then(|value| ConflictEffect::from_name(value.as_str()?))
        .unwrap_or_default();
    let operations: Vec<Template> = match details.get("operations") {
        Some(Template::Array(items)) => items.clone(),
        Some(Template::Known(value)) => {
            value.as_array().unwrap_or_default().iter().cloned().map(Template::Known).collect()
        }
        _ => Vec::new(),
    };
    let condition = super::sat::text_of(&definition.rule.condition);
    let settings = operations.iter().filter_map(|operation| {
        let member = |name: &str| match operation {
            Template::Object(members) => members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .and_then(|(_, template)| constant_template(template, policy)),
            Template::Known(value) => value.get(name),
            Template::Expression(_) | Template::Array(_) => None,
        };
        let replaces = member("operation")?.as_str()?.eq_ignore_ascii_case("addOrReplace");
        let field = fold(member("field")?.as_str()?.trim());
        let value = member("value")?;
        replaces.then(|| Setting { assignment, field, value, conflict, condition: condition.clone() })
    });
    settings.collect()
}
