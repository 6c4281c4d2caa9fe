//! Runner of `deployments.jsonl`: what-if, modes, validation, order.

use azimuth_arm::{
    ChangeType, Context, Expansion, MemoryEstate, Mode, NoLoader, Parameters, ResultFormat, Source, Target,
    WhatIf, WhatIfOptions, blocked_by, expand, waves, whatif,
};
use serde_json::{Value, json};

use crate::expect;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const GROUP: &str = "my-resource-group";
const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// What a deployment would change, keep, refuse, or run together.
pub(super) fn deployments(case: &Value) -> Result<(), String> {
    match expect::text(case, "/kind")? {
        "what-if" => what_if(case),
        "deployment-mode" => mode(case),
        "deployment-validate" => validate(case),
        "deployment-order" => order(case),
        other => Err(format!("no runner for the kind `{other}`")),
    }
}

fn target() -> Target {
    Target::resource_group(SUBSCRIPTION, GROUP)
}

fn expanded(resources: &Value, estate: &MemoryEstate) -> Result<Expansion, String> {
    let template = json!({ "resources": resources }).to_string();
    let source = Source::parse("template.json", &template).map_err(|diagnostic| diagnostic.to_string())?;
    Ok(expand(&source, &Parameters::none(), &Context::new(target()), &NoLoader, estate))
}

fn refused(expansion: &Expansion) -> Result<(), String> {
    if expansion.has_errors() { Err(format!("{:?}", expansion.diagnostics)) } else { Ok(()) }
}

fn compared(resources: &Value, stored: Vec<Value>, options: &WhatIfOptions) -> Result<WhatIf, String> {
    let estate = MemoryEstate::new(stored);
    let expansion = expanded(resources, &estate)?;
    refused(&expansion)?;
    Ok(whatif(&expansion, &estate, &target(), options))
}

fn deployment_mode(input: &Value) -> Mode {
    if input["mode"] == "Complete" { Mode::Complete } else { Mode::Incremental }
}

fn what_if(case: &Value) -> Result<(), String> {
    let input = expect::value(case, "/input")?;
    let resources = items(&input["template"]).map(|resource| {
        let mut resource = resource.clone();
        if let Some(members) = resource.as_object_mut() {
            members.remove("id");
        }
        resource
    });
    let is_short = input["resultFormat"] == "ResourceIdOnly";
    let options = WhatIfOptions {
        mode: deployment_mode(input),
        result_format: if is_short {
            ResultFormat::ResourceIdOnly
        } else {
            ResultFormat::FullResourcePayloads
        },
        ..WhatIfOptions::default()
    };
    let stored = items(&input["current"]).cloned().collect();
    let result = compared(&resources.collect(), stored, &options)?.to_json();
    let expected = comparable(expect::value(case, "/expect/changes")?);
    let got = comparable(&result["properties"]["changes"]);
    if expect::same_set(&expected, &got) { Ok(()) } else { expect::equal("changes", &expected, &got) }
}

/// Changes with what the corpus compares: ids, kinds, deltas as a sorted list, arrays without their children.
fn comparable(changes: &Value) -> Value {
    let delta = |delta: &Value| {
        let is_array = delta["propertyChangeType"] == "Array";
        let shown = |name: &str| if is_array { Value::Null } else { delta[name].clone() };
        json!([delta["path"], delta["propertyChangeType"], shown("before"), shown("after")])
    };
    items(changes)
        .map(|change| {
            let mut deltas: Vec<Value> = items(&change["delta"]).map(delta).collect();
            deltas.sort_by_key(ToString::to_string);
            json!([change["resourceId"], change["changeType"], deltas])
        })
        .collect()
}

fn mode(case: &Value) -> Result<(), String> {
    let input = expect::value(case, "/input")?;
    let id = |name: &str| format!("{}/providers/{TYPE}/{name}", target().id().as_str().unwrap_or_default());
    let stored = items(&input["resourceGroup"]).filter_map(Value::as_str);
    let stored = stored.map(|name| json!({ "id": id(name), "type": TYPE, "name": name })).collect();
    let resources = items(&input["template"]).map(|entry| {
        let name = if entry.is_string() { entry } else { &entry["name"] };
        let condition = entry.get("condition").cloned().unwrap_or(Value::Bool(true));
        json!({ "type": TYPE, "apiVersion": "2023-01-31", "name": name, "condition": condition })
    });
    let options = WhatIfOptions {
        mode: deployment_mode(input),
        is_locked: input["resourceGroupLocked"] == true,
        api_version: input["apiVersion"].as_str().map(str::to_owned),
        ..WhatIfOptions::default()
    };
    let result = compared(&resources.collect(), stored, &options)?;
    let (mut kept, mut deleted) = (Vec::new(), Vec::new());
    for change in &result.changes {
        let name = Value::from(change.resource_id.rsplit('/').next().unwrap_or_default());
        if change.change_type == ChangeType::Delete { deleted.push(name) } else { kept.push(name) }
    }
    let expected = expect::value(case, "/expect/result")?;
    if !expect::same_set(expected, &Value::from(kept.clone())) {
        expect::equal("result", expected, &Value::from(kept))?;
    }
    match case.pointer("/expect/deleted") {
        Some(expected) => expect::equal("deleted", expected, &Value::from(deleted)),
        None => Ok(()),
    }
}

fn validate(case: &Value) -> Result<(), String> {
    let nested_mode = expect::text(case, "/input/nestedMode")?;
    let resources = json!([{
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "nested",
        "properties": { "mode": nested_mode, "template": { "resources": [] } }
    }]);
    let expansion = expanded(&resources, &MemoryEstate::default())?;
    let expected = expect::value(case, "/expect/valid")?;
    expect::equal("valid", expected, &Value::from(!expansion.has_errors()))
}

fn order(case: &Value) -> Result<(), String> {
    let graph = expect::value(case, "/input/dependsOn")?.as_object().ok_or("`dependsOn` is no object")?;
    let names: Vec<&str> = graph.keys().map(String::as_str).collect();
    let position = |name: &Value| names.iter().position(|known| *name == **known);
    let dependencies: Vec<Vec<usize>> =
        graph.values().map(|needs| items(needs).filter_map(position).collect()).collect();
    let named = |nodes: &mut dyn Iterator<Item = usize>| -> Value {
        nodes.map(|node| Value::from(names[node])).collect()
    };
    let expected = expect::value(case, "/expect")?;
    match waves(&dependencies) {
        Ok(waves) => {
            let waves = waves.iter().map(|wave| named(&mut wave.iter().copied())).collect();
            expect::equal("waves", &expected["waves"], &waves)?;
        }
        Err(_) => expect::equal("error", &expected["error"], &"CircularDependency".into())?,
    }
    match case.pointer("/input/fails").and_then(position) {
        Some(failed) => {
            let blocked = named(&mut blocked_by(&dependencies, failed).into_iter());
            expect::equal("not deployed", &expected["notDeployed"], &blocked)
        }
        None => Ok(()),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
