//! What initiatives hand to their definitions.

use azimuth_arm::{ExpressionKind, Value};
use hashbrown::{HashMap, HashSet};

use super::parameters::is_deprecated;
use super::{Findings, Workspace};
use crate::definition::{Definition, ParameterError};
use crate::fold::{eq, fold};
use crate::governance::{Initiative, Reference};
use crate::suggest::did_you_mean;
use crate::suite::show_template_text;
use crate::template::{Template, for_each_call};

pub(super) fn check(initiative: &Initiative, workspace: &Workspace, findings: &mut Findings<'_>) {
    let base = findings.entry.properties_path();
    let mut used: HashSet<String> = HashSet::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, reference) in initiative.references.iter().enumerate() {
        let path = format!("{base}.policyDefinitions[{index}]");
        for (name, template) in &reference.parameters {
            for parameter in parameter_names(template) {
                used.insert(fold(&parameter));
                if initiative.parameters.get(&parameter).is_none() {
                    let near = did_you_mean(
                        &parameter,
                        initiative.parameters.iter().map(|known| known.name.as_str()),
                    );
                    findings.hinted(
                        "initiative-parameter-undefined",
                        &format!("{path}.parameters.{name}"),
                        format!("the initiative has no parameter `{parameter}`"),
                        near.map(|near| format!("did you mean `{near}`?")),
                    );
                }
            }
        }
        for (at, group) in reference.group_names.iter().enumerate() {
            if !initiative.groups.iter().any(|known| eq(&known.name, group)) {
                let message = format!("the group `{group}` is not declared");
                findings.add("initiative-group-unknown", &format!("{path}.groupNames[{at}]"), message);
            }
        }
        match known.get(&same(reference)) {
            Some(first) => {
                let line = findings.entry.place_of(&format!("{base}.policyDefinitions[{first}]")).line;
                let message =
                    format!("the same definition with the same values stands in line {}", line.unwrap_or(0));
                findings.add("initiative-duplicate-reference", &path, message);
            }
            None => drop(known.insert(same(reference), index)),
        }
        match workspace.definition(&reference.definition_id) {
            Some((_, definition)) => reference_values(initiative, reference, definition, &path, findings),
            None if is_custom(&reference.definition_id) => {
                let message = format!("`{}` is not among the files", reference.definition_id);
                findings.add("initiative-definition-missing", &path, message);
            }
            None => {}
        }
    }
    for parameter in initiative.parameters.iter() {
        if !used.contains(&fold(&parameter.name)) && !is_deprecated(parameter) {
            findings.named(
                "initiative-parameter-unused",
                &format!("{base}.parameters.{}", parameter.name),
                format!("the parameter `{}` is handed to nothing", parameter.name),
            );
        }
    }
}

/// Whether an id is that of a definition that somebody wrote: built-in ones are seldom among the files.
pub(super) fn is_custom(id: &str) -> bool {
    let folded = fold(id);
    folded.find("/providers/microsoft.authorization/").is_some_and(|at| at > 0)
}

fn same(reference: &Reference) -> String {
    let mut parameters: Vec<String> = reference
        .parameters
        .iter()
        .map(|(name, template)| format!("{}={}", fold(name), show_template_text(template)))
        .collect();
    parameters.sort();
    format!("{} {}", fold(&reference.definition_id), parameters.join(" "))
}

fn parameter_names(template: &Template) -> Vec<String> {
    let mut names = Vec::new();
    template.for_each_expression(&mut |expression| {
        for_each_call(expression, &mut |call| {
            if let ("parameters", Some(ExpressionKind::Literal(name))) =
                (&*call.key, call.arguments.first().map(|argument| &argument.kind))
            {
                names.extend(name.as_str().map(str::to_owned));
            }
        });
    });
    names
}

/// The parameter that is handed on as it is.
fn passed<'a>(template: &Template, initiative: &'a Initiative) -> Option<&'a crate::definition::Parameter> {
    let Template::Expression(expression) = template else { return None };
    let ExpressionKind::Call(call) = &expression.kind else { return None };
    match call.arguments.first().map(|argument| &argument.kind) {
        Some(ExpressionKind::Literal(name)) if &*call.key == "parameters" => {
            initiative.parameters.get(name.as_str()?)
        }
        _ => None,
    }
}

fn reference_values(
    initiative: &Initiative,
    reference: &Reference,
    definition: &Definition,
    path: &str,
    findings: &mut Findings<'_>,
) {
    for (name, template) in &reference.parameters {
        let at = format!("{path}.parameters.{name}");
        let Some(parameter) = definition.parameters.get(name) else {
            let near = did_you_mean(name, definition.parameters.iter().map(|known| known.name.as_str()));
            findings.hinted(
                "initiative-parameter-unknown",
                &at,
                format!("the definition has no parameter `{name}`"),
                near.map(|near| format!("did you mean `{near}`?")),
            );
            continue;
        };
        if let Some(value) = template.known() {
            if let Err(error) = parameter.check(value) {
                findings.add("initiative-parameter-type", &at, error.to_string());
            }
            continue;
        }
        let Some(outer) = passed(template, initiative) else { continue };
        if outer.kind != parameter.kind {
            let error = ParameterError::Type {
                name: parameter.name.clone(),
                wanted: parameter.kind.name(),
                found: outer.kind.name(),
            };
            findings.add("initiative-parameter-type", &at, error.to_string());
            continue;
        }
        let default = outer.default.as_ref().filter(|_| outer.allowed.is_none());
        let refused: Vec<String> = outer
            .allowed
            .iter()
            .flatten()
            .chain(default)
            .filter(|value| parameter.check(value).is_err())
            .map(Value::to_string)
            .collect();
        if !refused.is_empty() {
            let message = format!(
                "the parameter `{}` of the initiative allows {}, which the definition refuses",
                outer.name,
                refused.join(", ")
            );
            findings.add("initiative-parameter-allowed", &at, message);
        }
    }
    for parameter in definition.parameters.iter() {
        let is_given = reference.parameters.iter().any(|(name, _)| eq(name, &parameter.name));
        if parameter.default.is_none() && !is_given {
            let message = format!("the parameter `{}` of the definition gets no value", parameter.name);
            findings.add("initiative-parameter-required", path, message);
        }
    }
}
