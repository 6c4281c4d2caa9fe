//! What is proposed: files with policy objects, a definition to be assigned, or an assignment with other values.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use azimuth_arm::Source;
use azimuth_ids::{IdRef, eq_fold, fold};
use azimuth_policy::{
    Assignment, Effect, EnforcementMode, Inventory, ObjectKind, Override, OverrideKind, Parameters,
};
use serde_json::{Value, json};

use crate::args::PolicyImpactArgs;
use crate::command::policy::near;
use crate::command::policy::source::{Scopes, scope_id};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

/// The policy objects as they would be.
pub(super) struct Proposed {
    pub(super) inventory: Inventory,
    /// Folded ids of assignments that are new or different.
    pub(super) changed: HashSet<String>,
}

pub(super) fn read(
    args: &PolicyImpactArgs,
    today: &Inventory,
    scopes: &Scopes<'_>,
    ui: Ui,
) -> Result<Proposed, Failure> {
    let mut proposed = Proposed { inventory: today.clone(), changed: HashSet::new() };
    if !args.with.is_empty() {
        proposed.take_files(args, ui)?;
    }
    if let (Some(definition), Some(scope)) = (&args.definition, &args.scope) {
        proposed.assign(definition, &scopes.known(scope, "--scope")?, args)?;
    }
    if let Some(name) = &args.assignment {
        if args.set.is_empty() && args.effect.is_none() {
            return Err(Failure::usage("`--assignment` says which assignment changes, but not how")
                .hint("add `--set effect=Deny`, `--set NAME=VALUE` or `--effect deny`"));
        }
        proposed.change(name, &args.set, scopes)?;
    }
    if let Some(written) = &args.effect {
        let effect = effect(written)?;
        for assignment in &mut proposed.inventory.assignments {
            if proposed.changed.contains(&*fold(&assignment.id)) {
                set_effect(assignment, effect);
            }
        }
    }
    Ok(proposed)
}

impl Proposed {
    /// Objects of files, over those of the estate.
    fn take_files(&mut self, args: &PolicyImpactArgs, ui: Ui) -> Result<(), Failure> {
        let read = input::read_paths(&args.with, None, ui)?;
        input::report(&read.diagnostics, ui);
        let mut touched = HashSet::new();
        let before = self.inventory.problems.len();
        for document in &read.documents {
            let kind = document.key.resource_id().map(|id| id.resource_type().folded());
            let Some(kind) = kind.as_deref().and_then(ObjectKind::of_type) else { continue };
            let id = self.inventory.put(kind, document.key.as_str(), &document.body);
            match (kind, id) {
                (ObjectKind::Assignment, Some(id)) => {
                    self.changed.insert(fold(&id).into_owned());
                }
                (_, Some(id)) => {
                    touched.insert(fold(&id).into_owned());
                }
                (_, None) => {}
            }
        }
        if let Some(problem) = self.inventory.problems.get(before) {
            return Err(Failure::input(azimuth_diag::render(problem, None).trim_end()));
        }
        // Assignments of what changed change, too.
        let initiatives: Vec<String> = self
            .inventory
            .initiatives
            .iter()
            .filter(|set| set.references.iter().any(|known| touched.contains(&*fold(&known.definition_id))))
            .filter_map(|set| set.id.as_deref().map(|id| fold(id).into_owned()))
            .collect();
        touched.extend(initiatives);
        for assignment in &self.inventory.assignments {
            if touched.contains(&*fold(&assignment.definition_id)) {
                self.changed.insert(fold(&assignment.id).into_owned());
            }
        }
        if self.changed.is_empty() && args.definition.is_none() && args.assignment.is_none() {
            return Err(Failure::input(
                "`--with` holds no assignment, and nothing in it is assigned in the estate",
            )
            .hint("add the assignment's JSON, or say `--definition ID --scope SCOPE`"));
        }
        Ok(())
    }

    /// A new assignment of a definition or initiative.
    fn assign(&mut self, written: &str, scope: &str, args: &PolicyImpactArgs) -> Result<(), Failure> {
        let id =
            if Path::new(written).is_file() { self.take_definition(written)? } else { self.known(written)? };
        let mut parameters = serde_json::Map::new();
        for pair in &args.param {
            let (name, value) = pair_of(pair, "--param")?;
            let spelled = self.parameter(&id, name)?;
            parameters.insert(spelled, json!({"value": json_or_text(value)}));
        }
        let last = id.rsplit('/').next().unwrap_or_default();
        let name = format!("proposed-{last}");
        let assignment = json!({
            "id": format!("{}/providers/Microsoft.Authorization/policyAssignments/{name}", scope.trim_end_matches('/')),
            "name": name,
            "properties": {
                "policyDefinitionId": id,
                "scope": scope,
                "notScopes": args.not_scope.iter().map(|scope| scope_id(scope)).collect::<Vec<_>>(),
                "parameters": parameters,
            },
        });
        let id = self.inventory.put(ObjectKind::Assignment, "--definition", &assignment.to_string());
        let id = id.ok_or_else(|| Failure::input("the proposed assignment cannot be read"))?;
        self.changed.insert(fold(&id).into_owned());
        Ok(())
    }

    /// The definition or initiative of a file; one without id is given one after the file.
    fn take_definition(&mut self, path: &str) -> Result<String, Failure> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{path}`"))
            .map_err(|error| Failure::new(Exit::Input, error))?;
        let source = Source::parse(path, &text)
            .map_err(|problem| Failure::input(azimuth_diag::render(&problem, None).trim_end()))?;
        let root = source.root();
        let properties = root.get("properties").unwrap_or(root);
        let (kind, segment) = if properties.get("policyDefinitions").is_some() {
            (ObjectKind::Initiative, "policySetDefinitions")
        } else {
            (ObjectKind::Definition, "policyDefinitions")
        };
        let own = root.get("id").and_then(azimuth_arm::Node::as_str).filter(|id| IdRef::parse(id).is_ok());
        let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or("definition");
        let made_up = format!("/providers/Microsoft.Authorization/{segment}/{stem}");
        let id = own.unwrap_or(&made_up).to_owned();
        let before = self.inventory.problems.len();
        if self.inventory.put(kind, &id, &text).is_none() {
            let told = self.inventory.problems.get(before);
            let text = told.map_or_else(
                || "it is no policy definition".to_owned(),
                |problem| azimuth_diag::render(problem, None),
            );
            return Err(Failure::input(format_args!("`{path}` cannot be used: {}", text.trim_end())));
        }
        Ok(id)
    }

    /// The id of a definition or initiative that the user names.
    fn known(&self, written: &str) -> Result<String, Failure> {
        let definitions = self
            .inventory
            .definitions
            .iter()
            .filter_map(|known| Some((known.id.as_deref()?, known.display_name.as_deref())));
        let initiatives = self
            .inventory
            .initiatives
            .iter()
            .filter_map(|known| Some((known.id.as_deref()?, known.display_name.as_deref())));
        let all: Vec<(&str, Option<&str>)> = definitions.chain(initiatives).collect();
        let is_it = |(id, shown): &&(&str, Option<&str>)| {
            eq_fold(id, written)
                || id.rsplit('/').next().is_some_and(|last| eq_fold(last, written))
                || shown.is_some_and(|shown| eq_fold(shown, written))
        };
        if let Some((id, _)) = all.iter().find(is_it) {
            return Ok((*id).to_owned());
        }
        let names = all.iter().map(|(id, shown)| shown.unwrap_or(id.rsplit('/').next().unwrap_or_default()));
        Err(Failure::input(format_args!(
            "`{written}` is no file, and no definition of the estate is called so"
        ))
        .hint(format!("{}; more come with --definitions FILE", near(written, names))))
    }

    fn parameters(&self, definition: &str) -> Option<&Parameters> {
        let own = self.inventory.definition(definition).map(|known| &known.parameters);
        own.or_else(|| self.inventory.initiative(definition).map(|known| &known.parameters))
    }

    /// A parameter of a definition as the definition spells it.
    fn parameter(&self, definition: &str, name: &str) -> Result<String, Failure> {
        let known = self.parameters(definition);
        let names: Vec<&str> =
            known.map(|known| known.iter().map(|parameter| &*parameter.name).collect()).unwrap_or_default();
        match names.iter().find(|known| eq_fold(known, name)) {
            Some(spelled) => Ok((*spelled).to_owned()),
            None => Err(Failure::usage(format_args!(
                "`{}` has no parameter `{name}`",
                definition.rsplit('/').next().unwrap_or_default()
            ))
            .hint(near(name, names.into_iter()))),
        }
    }

    /// An assignment of the estate with other values.
    fn change(&mut self, name: &str, values: &[String], scopes: &Scopes<'_>) -> Result<(), Failure> {
        let matching: Vec<Assignment> = self
            .inventory
            .assignments
            .iter()
            .filter(|known| eq_fold(&known.id, name) || eq_fold(&known.name, name))
            .cloned()
            .collect();
        let mut assignment = match matching.as_slice() {
            [only] => only.clone(),
            [] => {
                let known = self.inventory.assignments.iter().map(|known| known.name.as_str());
                return Err(
                    Failure::input(format_args!("no assignment is called `{name}`")).hint(near(name, known))
                );
            }
            several => {
                let ids: Vec<&str> = several.iter().take(4).map(|known| known.id.as_str()).collect();
                return Err(Failure::usage(format_args!("`{name}` names {} assignments", several.len()))
                    .hint(format!("give the id: {}", ids.join(", "))));
            }
        };
        for pair in values {
            let (name, value) = pair_of(pair, "--set")?;
            if eq_fold(name, "scope") {
                assignment.scope = scopes.known(value, "--set scope")?;
            } else if eq_fold(name, "enforcementMode") {
                assignment.enforcement = match fold(value).as_ref() {
                    "default" => EnforcementMode::Default,
                    "donotenforce" => EnforcementMode::DoNotEnforce,
                    "enroll" => EnforcementMode::Enroll,
                    _ => {
                        return Err(Failure::usage(format_args!("`{value}` is no enforcement mode"))
                            .hint("write `Default` or `DoNotEnforce`"));
                    }
                };
            } else if let Ok(spelled) = self.parameter(&assignment.definition_id, name) {
                let value = azimuth_arm::Value::from_json(&json_or_text(value));
                assignment.parameters.set(spelled.as_str().into(), value);
            } else if eq_fold(name, "effect") {
                set_effect(&mut assignment, effect(value)?);
            } else {
                self.parameter(&assignment.definition_id, name)?;
            }
        }
        self.changed.insert(fold(&assignment.id).into_owned());
        for known in &mut self.inventory.assignments {
            if eq_fold(&known.id, &assignment.id) {
                known.clone_from(&assignment);
            }
        }
        Ok(())
    }
}

fn effect(written: &str) -> Result<Effect, Failure> {
    Effect::from_name(written).ok_or_else(|| {
        Failure::usage(format_args!("there is no effect `{written}`")).hint(near(written, Effect::names()))
    })
}

/// Gives all policies of an assignment an effect, over what it overrides itself.
fn set_effect(assignment: &mut Assignment, effect: Effect) {
    let part =
        Override { kind: OverrideKind::PolicyEffect, value: effect.name().to_owned(), selectors: Vec::new() };
    assignment.overrides.insert(0, part);
}

fn pair_of<'a>(pair: &'a str, option: &str) -> Result<(&'a str, &'a str), Failure> {
    pair.split_once('=').map(|(name, value)| (name.trim(), value.trim())).ok_or_else(|| {
        Failure::usage(format_args!("`{pair}` is no value")).hint(format!("write `{option} NAME=VALUE`"))
    })
}

/// JSON if it is such, else the text itself.
fn json_or_text(written: &str) -> Value {
    serde_json::from_str(written).unwrap_or_else(|_| Value::String(written.to_owned()))
}
