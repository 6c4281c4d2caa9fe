//! From what a case names to the JSON of a resource.

use std::sync::Arc;

use azimuth_arm::{Context, NoEstate, NoLoader, Parameters, Source, Target, Value, expand};
use azimuth_diag::{Diagnostic, Place, Severity};
use serde_json::Value as Json;

use super::yaml::Document;
use super::{Files, ResourceInput, TemplateInput};
use crate::fold::eq;

/// Where a template is deployed if nothing else is said.
const PLACEHOLDER: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example";

/// Most candidates named in a message.
const MAX_NAMED: usize = 5;

/// A resource made ready.
pub(super) struct Loaded {
    pub(super) json: Json,
    /// The API version, if a template says it.
    pub(super) api_version: Option<String>,
}

/// Reads the resource that a case names.
pub(super) fn load(
    input: &ResourceInput,
    case: &Place,
    now: jiff::Timestamp,
    files: &dyn Files,
) -> Result<Loaded, Box<Diagnostic>> {
    match input {
        ResourceInput::Inline(value) => Ok(Loaded { json: value.to_json(), api_version: None }),
        ResourceInput::File(name, place) => {
            let json = read_file(name, place, files)?;
            let is_template = json.get("$schema").and_then(Json::as_str).is_some_and(|schema| {
                let schema = schema.to_ascii_lowercase();
                schema.contains("deploymenttemplate")
            });
            if is_template {
                let fault = error(place, format!("`{name}` is a template"));
                return Err(fault.with_hint("write `template:` instead of `resource:`").into());
            }
            Ok(Loaded { json, api_version: None })
        }
        ResourceInput::Template(template) => expanded(template, now, files).map_err(|mut found| {
            if found.place == Place::default() {
                found.place = case.clone();
            }
            found
        }),
    }
}

fn error(place: &Place, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("suite-resource", message).at(place.clone())
}

/// A JSON or YAML file with one value.
fn read_file(name: &str, place: &Place, files: &dyn Files) -> Result<Json, Box<Diagnostic>> {
    let (file, text) = files.text(name).map_err(|message| error(place, message))?;
    let root = if file.ends_with(".yaml") || file.ends_with(".yml") {
        let document = Document::parse(&file, &text)?;
        Value::from_node(document.root())
    } else {
        let source = Source::parse(&file, &text)?;
        Value::from_node(source.root())
    };
    let json = root.to_json();
    if json.is_object() { Ok(json) } else { Err(error(place, format!("`{name}` holds no resource")).into()) }
}

fn expanded(
    template: &TemplateInput,
    now: jiff::Timestamp,
    files: &dyn Files,
) -> Result<Loaded, Box<Diagnostic>> {
    let place = &template.place;
    let (file, text) = files.text(&template.file).map_err(|message| error(place, message))?;
    let source: Arc<Source> = Source::parse(&file, &text)?;
    let mut parameters = Parameters::none();
    if let Some(name) = &template.parameter_file {
        let (file, text) = files.text(name).map_err(|message| error(place, message))?;
        parameters = Parameters::parse(&file, &text)?;
    }
    if let Json::Object(values) = Value::object(template.parameters.clone()).to_json() {
        parameters = parameters.overridden_by(Parameters::from_values(&values));
    }
    let scope = template.scope.as_deref().unwrap_or(PLACEHOLDER);
    let target = Target::of_id(scope).ok_or_else(|| {
        error(place, format!("`{scope}` is no scope")).with_hint("write a resource group or subscription id")
    })?;
    let context = Context { now: Some(now), ..Context::new(target) };
    let expansion = expand(&source, &parameters, &context, &NoLoader, &NoEstate);
    let failed = expansion.diagnostics.iter().find(|found| found.severity == Severity::Error);
    if let Some(found) = failed {
        return Err(found.clone().into());
    }
    let is_wanted = |resource_type: &str, name: &str| {
        template.resource_type.as_deref().is_none_or(|wanted| eq(wanted, resource_type))
            && template.name.as_deref().is_none_or(|wanted| {
                eq(wanted, name) || name.rsplit('/').next().is_some_and(|last| eq(wanted, last))
            })
    };
    let wanted: Vec<_> =
        expansion.deployed().filter(|found| is_wanted(&found.resource_type, &found.name)).collect();
    match &*wanted {
        [only] => {
            let mut json = only.body.to_json();
            let short = only.name.rsplit('/').next().unwrap_or(&only.name).to_owned();
            if let Some(members) = json.as_object_mut() {
                members.insert("name".to_owned(), short.into());
            }
            Ok(Loaded { json, api_version: Some(only.api_version.clone()) })
        }
        [] => Err(error(place, format!("`{}` makes no such resource", template.file))
            .with_hint(listed(expansion.deployed().map(|found| (&*found.resource_type, &*found.name))))
            .into()),
        several => {
            let hint = listed(several.iter().map(|found| (&*found.resource_type, &*found.name)));
            let message = format!("`{}` makes {} such resources", template.file, several.len());
            Err(error(place, message).with_hint(format!("pick one with `type` and `name`; {hint}")).into())
        }
    }
}

fn listed<'a>(resources: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let names: Vec<String> =
        resources.map(|(resource_type, name)| format!("`{resource_type}` `{name}`")).collect();
    match names.len() {
        0 => "it makes no resource at all".to_owned(),
        count if count > MAX_NAMED => {
            format!("it makes {} and {} more", names[..MAX_NAMED].join(", "), count - MAX_NAMED)
        }
        _ => format!("it makes {}", names.join(", ")),
    }
}
