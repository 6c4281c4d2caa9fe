//! `azimuth arm expand`: the concrete resources that a template stands for.

use std::io::{self, Write};
use std::sync::Arc;

use azimuth_arm::{ExpandedResource, Expansion, Mode, Origin, Via};
use azimuth_ids::{IdKind, IdRef, eq_fold};
use serde_json::{Value, json};

use super::diagnostics;
use super::prepare::{How, Prepared, note_refusals, prepare, refuse_errors};
use crate::args::{ArmExpandArgs, ListFormat};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::ui::{self, Ui};

/// Longest cell of a table, in characters, when somebody looks.
const MAX_CELL: usize = 72;

pub(super) fn run(args: &ArmExpandArgs, ui: Ui) -> Result<Exit, Failure> {
    let how = How { mode: Mode::Incremental, must_be_real: false, is_strict: args.strict };
    let prepared = prepare(&args.template, how, ui)?;
    diagnostics::show_all(&prepared.expansion, prepared.bicep.as_ref(), ui);
    note_refusals(&prepared, ui);
    output::to(None, |out| match args.output {
        ListFormat::Json => output::json(out, &to_json(&prepared, args.origins)),
        ListFormat::Table => table(out, &prepared, args.origins),
    })?;
    refuse_errors(&prepared)?;
    Ok(Exit::Done)
}

fn to_json(prepared: &Prepared, with_origins: bool) -> Value {
    let expansion = &prepared.expansion;
    let resources: Vec<Value> =
        expansion.resources.iter().map(|resource| resource_json(prepared, resource, with_origins)).collect();
    let skipped: Vec<Value> = expansion
        .skipped
        .iter()
        .map(|resource| json!({ "id": resource.id, "type": resource.resource_type, "name": resource.name }))
        .collect();
    let ids = |positions: &[usize]| -> Vec<&str> {
        positions.iter().map(|at| expansion.resources[*at].id.as_str()).collect()
    };
    let deployments: Vec<Value> = expansion
        .deployments
        .iter()
        .map(|deployment| {
            json!({
                "id": deployment.id, "scope": deployment.scope, "dependsOn": texts(&deployment.depends_on),
                "resources": ids(&deployment.resources.clone().collect::<Vec<_>>()),
            })
        })
        .collect();
    json!({
        "schemaVersion": 1,
        "template": prepared.file,
        "deployment": { "name": prepared.deployment_name, "scope": prepared.target.id().to_json() },
        "resources": resources,
        "skipped": skipped,
        "deployments": deployments,
        "waves": expansion.waves.iter().map(|wave| ids(wave)).collect::<Vec<_>>(),
        "outputs": expansion.outputs_json(),
        "unresolved": expansion.unresolved(),
        "diagnostics": expansion.diagnostics,
        "refusals": expansion.refusals,
    })
}

fn resource_json(prepared: &Prepared, resource: &ExpandedResource, with_origins: bool) -> Value {
    let mut out = json!({
        "id": resource.id, "type": resource.resource_type, "name": resource.name,
        "apiVersion": resource.api_version, "scope": resource.scope, "existing": resource.existing,
        "dependsOn": texts(&resource.depends_on), "body": resource.body.to_json(),
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out[name] = value;
        }
    };
    set("symbolicName", resource.symbolic_name.as_deref().map(Value::from));
    set("condition", resource.condition.as_ref().map(azimuth_arm::Value::to_json));
    set("extension", resource.extension.as_deref().map(Value::from));
    if let (Some(bicep), Some(name)) = (&prepared.bicep, &resource.symbolic_name)
        && let Some(place) = bicep.declaration(&format!("$.resources.{name}"))
    {
        set("declared", Some(json!({ "file": place.file, "line": place.line, "column": place.column })));
    }
    if with_origins {
        set("origins", Some(json!(prepared.expansion.origin_map(resource))));
    }
    out
}

fn texts(ids: &[Arc<str>]) -> Vec<&str> {
    ids.iter().map(|id| &**id).collect()
}

fn table(out: &mut dyn Write, prepared: &Prepared, with_origins: bool) -> io::Result<()> {
    let expansion = &prepared.expansion;
    let target = prepared.target.id();
    let target = IdRef::parse(target.as_str().unwrap_or_default());
    let own = target.as_ref().ok().and_then(|id| id.subscription_id());
    let rows: Vec<Vec<String>> = expansion
        .resources
        .iter()
        .map(|resource| {
            vec![
                resource.resource_type.clone(),
                cell(&resource.name),
                cell(&short_scope(&resource.scope, own)),
                resource.api_version.clone(),
                cell(&marks(resource)),
            ]
        })
        .collect();
    output::table(out, &["TYPE", "NAME", "SCOPE", "API-VERSION", "MARKS"], &rows)?;
    for resource in &expansion.skipped {
        let name = output::safe(&resource.name);
        writeln!(out, "left out, its condition is false: {} {name}", resource.resource_type)?;
    }
    if !expansion.outputs.is_empty() {
        let rows: Vec<Vec<String>> = expansion
            .outputs
            .iter()
            .map(|output| {
                vec![output.name.clone(), output.type_name.clone(), cell(&output.value.to_string())]
            })
            .collect();
        writeln!(out)?;
        output::table(out, &["OUTPUT", "TYPE", "VALUE"], &rows)?;
    }
    let unresolved = expansion.unresolved();
    if !unresolved.is_empty() {
        let rows: Vec<Vec<String>> = unresolved
            .iter()
            .filter(|part| part.pointer != "/id" || part.resource_id.is_none())
            .map(|part| {
                let of = part.resource_id.as_deref().map_or("outputs", |id| shown_id(expansion, id));
                vec![cell(&format!("{of} {}", part.pointer)), cell(&part.expression), cell(&part.reason)]
            })
            .collect();
        writeln!(out)?;
        output::table(out, &["NOT KNOWN YET", "EXPRESSION", "WHY"], &rows)?;
    }
    if with_origins {
        write_origins(out, expansion)?;
    }
    Ok(())
}

fn write_origins(out: &mut dyn Write, expansion: &Expansion) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    for resource in &expansion.resources {
        let name = output::safe(&resource.name);
        writeln!(out, "\n{bold}{} {name}{bold:#}", resource.resource_type)?;
        for (pointer, origin) in expansion.origin_map(resource) {
            let pointer = if pointer.is_empty() { "(whole)" } else { &pointer };
            writeln!(out, "  {}  {}", output::safe(pointer), output::safe(&chain(&origin)))?;
        }
    }
    Ok(())
}

/// A place and how the value came from there.
fn chain(origin: &Origin) -> String {
    let mut text = origin.place.to_string();
    for step in &origin.via {
        let at = |place: &Option<azimuth_arm::FilePlace>| {
            place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default()
        };
        text.push_str(&match step {
            Via::Copy { name, index: Some(index) } => format!(", loop {name}[{index}]"),
            Via::Copy { name, index: None } => format!(", loop {name}"),
            Via::Deployment { name, place } => format!(", deployment {name} at {place}"),
            Via::Parameter { name, place } => format!(", parameter {name}{}", at(place)),
            Via::Variable { name, place } => format!(", variable {name}{}", at(place)),
            Via::Reference { id } => format!(", state of {id}"),
            Via::Expression { place } => format!(", expression at {place}"),
        });
    }
    text
}

fn marks(resource: &ExpandedResource) -> String {
    let mut marks = Vec::new();
    if resource.existing {
        marks.push("existing".to_owned());
    }
    if let Some(condition) = &resource.condition {
        marks.push(format!("if {}", condition.to_json().as_str().unwrap_or("unknown")));
    }
    if let Some(extension) = &resource.extension {
        marks.push(format!("extension {extension}"));
    }
    if !resource.existing && resource.body.has_symbolic() {
        marks.push("partly unknown".to_owned());
    }
    marks.join(", ")
}

/// A scope as people call it; the subscription of a resource group only if it is not the one deployed to.
fn short_scope(scope: &str, own_subscription: Option<&str>) -> String {
    let Ok(id) = IdRef::parse(scope) else { return scope.to_owned() };
    match id.kind() {
        IdKind::Tenant => "tenant".to_owned(),
        IdKind::ManagementGroup => format!("management group {}", id.name()),
        IdKind::Subscription => format!("subscription {}", id.name()),
        IdKind::ResourceGroup => match id.subscription_id() {
            Some(other) if own_subscription.is_none_or(|own| !eq_fold(own, other)) => {
                format!("group {} of {other}", id.name())
            }
            _ => format!("group {}", id.name()),
        },
        _ => after_providers(scope).to_owned(),
    }
}

/// An id without its scope; the type alone if the id is an expression.
fn shown_id<'a>(expansion: &'a Expansion, id: &'a str) -> &'a str {
    let resource = expansion.resources.iter().find(|resource| resource.id == id);
    match resource.filter(|resource| !resource.is_id_resolved) {
        Some(resource) => &resource.resource_type,
        None => after_providers(id),
    }
}

fn after_providers(id: &str) -> &str {
    id.rsplit_once("/providers/").map_or(id, |(_, rest)| rest)
}

/// Text cut for eyes; whole when nobody looks.
fn cell(text: &str) -> String {
    match ui::width() {
        Some(_) if text.chars().count() > MAX_CELL => text.chars().take(MAX_CELL - 1).chain(['…']).collect(),
        _ => text.to_owned(),
    }
}
