//! What depends on what: nested deployments with outer scope, circles, entries that name nothing.

use azimuth_arm::{Expansion, NoEstate, Parameters};
use serde_json::{Value as Json, json};

use crate::features::{context, expanded_in, group_id};

fn expanded(resources: &Json) -> Expansion {
    let template = json!({ "resources": resources });
    expanded_in(&template.to_string(), &Parameters::none(), &context(), &NoEstate)
}

fn resource(name: &str, properties: &Json) -> Json {
    json!({ "type": "A.B/c", "apiVersion": "2020-01-01", "name": name, "properties": properties })
}

fn nested(name: &str, scope: &str, template: &Json) -> Json {
    json!({
        "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name,
        "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": scope }, "template": template }
    })
}

#[track_caller]
fn deployment_needs(expansion: &Expansion, name: &str) -> Vec<String> {
    let id = group_id(&format!("Microsoft.Resources/deployments/{name}"));
    let found = expansion.deployments.iter().find(|deployment| deployment.id == id);
    found.unwrap_or_else(|| panic!("no {name}")).depends_on.iter().map(ToString::to_string).collect()
}

#[test]
fn outer_scope_references_are_the_deployments() {
    let reads = json!({ "v": "[reference('a').z]" });
    let in_resource = json!({ "resources": [resource("in", &reads)] });
    let in_output =
        json!({ "resources": [], "outputs": { "q": { "type": "string", "value": "[reference('a').z]" } } });
    let in_both = json!({ "resources": [nested("inmost", "outer", &in_resource)] });
    let a = group_id("A.B/c/a");
    for template in [&in_resource, &in_output, &in_both] {
        // Declared before what it needs.
        let expansion = expanded(&json!([nested("n", "outer", template), resource("a", &json!({}))]));
        assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
        assert_eq!(deployment_needs(&expansion, "n"), [a.as_str()], "{template}");
        let first: Vec<&str> =
            expansion.waves[0].iter().map(|at| expansion.resources[*at].id.as_str()).collect();
        assert_eq!(first, [a.as_str()], "{template}");
    }
    // With inner scope the template around is out of sight.
    let own = json!({ "resources": [resource("own", &json!({})), resource("in", &json!({ "v": "[reference('own').z]" }))] });
    let expansion = expanded(&json!([nested("n", "inner", &own), resource("a", &json!({}))]));
    assert!(deployment_needs(&expansion, "n").is_empty());
}

#[test]
fn outer_scope_reads_outputs_of_a_sibling() {
    let gives = json!({ "resources": [resource("in1", &json!({}))], "outputs": { "o": { "type": "string", "value": "v" } } });
    let takes =
        json!({ "resources": [resource("in2", &json!({ "v": "[reference('n1').outputs.o.value]" }))] });
    let expansion = expanded(&json!([nested("n2", "outer", &takes), nested("n1", "outer", &gives)]));
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    assert_eq!(deployment_needs(&expansion, "n2"), [group_id("Microsoft.Resources/deployments/n1")]);
    let order: Vec<&str> =
        expansion.waves.iter().map(|wave| expansion.resources[wave[0]].name.as_str()).collect();
    assert_eq!(order, ["in1", "in2"]);
}

#[track_caller]
fn circle(resources: &Json) -> String {
    let expansion = expanded(resources);
    let found = expansion.diagnostics.iter().find(|diagnostic| diagnostic.code == "arm-circular-dependency");
    assert!(expansion.has_errors() && expansion.waves.is_empty());
    found.unwrap_or_else(|| panic!("no circle: {:?}", expansion.diagnostics)).message.clone()
}

#[test]
fn a_resource_that_needs_itself_is_a_circle() {
    let with = |mut resource: Json, name: &str, value: Json| {
        resource[name] = value;
        resource
    };
    let x = || resource("x", &json!({}));
    let expected = "the resources depend on each other in a circle: A.B/c/x → A.B/c/x";
    assert_eq!(circle(&json!([with(x(), "dependsOn", json!(["x"]))])), expected);
    assert_eq!(circle(&json!([with(x(), "dependsOn", json!(["[resourceId('A.B/c', 'x')]"]))])), expected);
    assert_eq!(circle(&json!([resource("x", &json!({ "v": "[reference('x').z]" }))])), expected);
    let looped = with(x(), "copy", json!({ "name": "own", "count": 1 }));
    assert_eq!(circle(&json!([with(looped, "dependsOn", json!(["own"]))])), expected);
    let template =
        json!({ "resources": [], "outputs": { "v": { "type": "string", "value": "[reference('n').z]" } } });
    assert!(circle(&json!([nested("n", "outer", &template)])).contains("deployments/n"));

    // With outer scope the resource reads the state of its own that the template around sees.
    let reads = json!({ "v": "[reference(resourceId('A.B/c', 'in'), '2020-01-01').z]" });
    let template = json!({ "resources": [resource("in", &reads)] });
    let expansion = expanded(&json!([nested("n", "outer", &template)]));
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);

    // Another resource of the same name is meant.
    let other = json!({ "type": "A.B/d", "apiVersion": "2020-01-01", "name": "x" });
    let expansion = expanded(&json!([with(x(), "dependsOn", json!(["x"])), other]));
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    assert_eq!(*expansion.resources[0].depends_on[0], *group_id("A.B/d/x"));

    // The children of a looped resource are not its loop.
    let parent = json!({
        "type": "A.B/c", "apiVersion": "2020-01-01", "name": "p", "copy": { "name": "own", "count": 1 },
        "resources": [{ "type": "d", "apiVersion": "2020-01-01", "name": "x", "dependsOn": ["own"] }]
    });
    let expansion = expanded(&json!([parent]));
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
}

/// The severity of the report that an entry of `dependsOn` names nothing; `None` without one.
fn unknown(depends_on: &Json, others: &[Json]) -> Option<bool> {
    let mut resources = others.to_vec();
    let mut x = resource("x", &json!({}));
    x["dependsOn"] = depends_on.clone();
    resources.push(x);
    let expansion = expanded(&json!(resources));
    let found = expansion.diagnostics.iter().find(|diagnostic| diagnostic.code == "arm-unknown-dependency");
    found.map(|_| expansion.has_errors())
}

#[test]
fn an_entry_that_names_nothing_is_an_error() {
    let error = Some(true);
    let warning = Some(false);
    assert_eq!(unknown(&json!(["nothing"]), &[]), error);
    assert_eq!(unknown(&json!(["a", "nothing"]), &[resource("a", &json!({}))]), error);
    assert_eq!(unknown(&json!(["[resourceId('A.B/c', 'nothing')]"]), &[]), error);
    // What depends on a given value may name something with another.
    assert_eq!(unknown(&json!(["[resourceId('A.B/c', resourceGroup().name)]"]), &[]), warning);
    assert_eq!(unknown(&json!(["a"]), &[resource("a", &json!({}))]), None);
    // What is left out by its condition, and loops of no iterations, are declared all the same.
    let mut off = resource("off", &json!({}));
    off["condition"] = false.into();
    assert_eq!(unknown(&json!(["off"]), &[off]), None);
    let mut none = resource("[concat('n', copyIndex())]", &json!({}));
    none["copy"] = json!({ "name": "none", "count": 0 });
    assert_eq!(unknown(&json!(["none"]), &[none]), None);
    // It may name what is not known yet, or the service may find it in another scope.
    let later = resource(
        "[reference('/subscriptions/s/resourceGroups/r/providers/A.B/c/y', '2020-01-01').z]",
        &json!({}),
    );
    assert_eq!(unknown(&json!(["nothing"]), &[later]), warning);
    let elsewhere = json!(["/subscriptions/s/providers/A.B/c/a"]);
    assert_eq!(unknown(&elsewhere, &[resource("a", &json!({}))]), warning);
    // An entry that is only known at run time names nothing yet.
    assert_eq!(unknown(&json!(["[reference('a').z]"]), &[resource("a", &json!({}))]), None);
}

#[test]
fn an_unknown_entry_does_not_show_a_secret() {
    let mut x = resource("x", &json!({}));
    x["dependsOn"] = json!(["[parameters('word')]"]);
    let template = json!({
        "parameters": { "word": { "type": "securestring", "defaultValue": "Hush" } },
        "resources": [x]
    });
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context(), &NoEstate);
    let found = &expansion.diagnostics[0];
    assert_eq!(
        found.message,
        "`***` is not a resource of this template; the service would refuse this with the values at hand"
    );
}
