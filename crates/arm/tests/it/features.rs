//! The template language beyond single functions: scopes, loops, nesting, types, secrets.

use azimuth_arm::{
    ChangeType, Context, EstateView, Expansion, Link, LoadError, Loaded, Loader, NoEstate, NoLoader,
    Parameters, Source, Target, Value, WhatIfOptions, expand, whatif,
};
use azimuth_diag::Diagnostic;
use serde_json::{Value as Json, json};

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) fn context() -> Context {
    let mut context = Context::new(Target::resource_group(SUBSCRIPTION, "rg"));
    context.resource_group = Some(Value::from_json(&json!({ "location": "eastus" })));
    context
}

pub(crate) fn expanded_in(
    text: &str,
    parameters: &Parameters,
    context: &Context,
    estate: &dyn EstateView,
) -> Expansion {
    let source = Source::parse("main.json", text).unwrap_or_else(|diagnostic| panic!("{diagnostic}"));
    expand(&source, parameters, context, &NoLoader, estate)
}

fn expanded(template: &Json) -> Expansion {
    expanded_in(&template.to_string(), &Parameters::none(), &context(), &NoEstate)
}

/// What an expansion reports, without the notice that a text is a fragment of a template.
fn reported(expansion: &Expansion) -> Vec<&Diagnostic> {
    expansion.diagnostics.iter().filter(|diagnostic| diagnostic.code != "arm-fragment").collect()
}

fn ids(expansion: &Expansion) -> Vec<&str> {
    expansion.deployed().map(|resource| resource.id.as_str()).collect()
}

pub(crate) fn group_id(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/{rest}")
}

#[test]
fn symbolic_names_and_existing() {
    let expansion = expanded(&json!({
        "languageVersion": "2.0",
        "resources": {
            "vault": { "existing": true, "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-02-01", "name": "kv",
                       "resourceGroup": "other" },
            "site": { "type": "Microsoft.Web/sites", "apiVersion": "2022-09-01", "name": "web", "dependsOn": ["plans", "vault"],
                      "properties": { "uri": "[reference('vault').vaultUri]", "first": "[reference('plans[0]').x]" } },
            "plans": { "type": "Microsoft.Web/serverfarms", "apiVersion": "2022-09-01", "name": "[format('p{0}', copyIndex())]",
                       "copy": { "name": "plans", "count": 2 } }
        }
    }));
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    assert_eq!(
        ids(&expansion),
        [
            group_id("Microsoft.Web/sites/web"),
            group_id("Microsoft.Web/serverfarms/p0"),
            group_id("Microsoft.Web/serverfarms/p1")
        ]
    );
    let site = &expansion.resources[1];
    let needs: Vec<&str> = site.depends_on.iter().map(|id| &**id).collect();
    assert_eq!(needs, [group_id("Microsoft.Web/serverfarms/p0"), group_id("Microsoft.Web/serverfarms/p1")]);
    assert_eq!(site.body.to_json()["properties"]["uri"], "[reference('vault').vaultUri]");
    let existing = &expansion.resources[0];
    assert!(existing.existing);
    assert_eq!(
        existing.id,
        format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.KeyVault/vaults/kv")
    );
    assert_eq!(expansion.waves, [vec![2, 3], vec![1]]);
    let unresolved = expansion.unresolved();
    assert_eq!(unresolved.len(), 2);
    assert_eq!(unresolved[0].pointer, "/properties/uri");
    assert!(unresolved[0].reason.contains("vaults/kv"), "{unresolved:?}");
}

#[test]
fn nested_deployments_and_their_outputs() {
    let inner = json!({
        "parameters": { "name": { "type": "string" } },
        "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "[parameters('name')]" }],
        "outputs": { "id": { "type": "string", "value": "[resourceId('a.b/c', parameters('name'))]" } }
    });
    let expansion = expanded(&json!({
        "parameters": { "name": { "type": "string", "defaultValue": "outer" } },
        "resources": [
            { "type": "a.b/d", "apiVersion": "1", "name": "user",
              "properties": { "c": "[reference('inner').outputs.id.value]" } },
            { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "resourceGroup": "rg2",
              "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
                              "parameters": { "name": { "value": "given" } }, "template": inner } },
            { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "outer", "subscriptionId": "s2",
              "properties": { "mode": "Incremental",
                              "template": { "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "[parameters('name')]" }] } } }
        ]
    }));
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    let c = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg2/providers/a.b/c/given");
    assert_eq!(
        ids(&expansion),
        [group_id("a.b/d/user"), c.clone(), "/subscriptions/s2/providers/a.b/c/outer".to_owned()]
    );
    assert_eq!(expansion.resources[0].body.to_json()["properties"]["c"], c);
    assert_eq!(expansion.waves, [vec![1, 2], vec![0]]);
    assert_eq!(expansion.deployments.len(), 2);
    assert_eq!(expansion.deployments[0].resources, 1..2);
    assert!(expansion.deployments[0].scope.ends_with("/resourceGroups/rg2"));
}

struct Files;

impl Loader for Files {
    fn load(&self, from: &str, link: &Link) -> Result<Loaded, LoadError> {
        match link {
            Link::RelativePath(path) if path == "linked.json" => Ok(Loaded {
                file: format!("{from}/../{path}"),
                text: json!({
                    "parameters": { "n": { "type": "int" } },
                    "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "[string(parameters('n'))]" }]
                })
                .to_string(),
            }),
            _ => Err(LoadError { reason: "not here".to_owned() }),
        }
    }
}

#[test]
fn linked_templates() {
    let deployment = |name: &str, link: Json| {
        json!({ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name,
                "properties": { "mode": "Incremental", "templateLink": link, "parameters": { "n": { "value": 3 } } } })
    };
    let template = json!({ "resources": [
        deployment("here", json!({ "relativePath": "linked.json" })),
        deployment("spec", json!({ "id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Resources/templateSpecs/t/versions/1" }))
    ] });
    let source = Source::parse("main.json", &template.to_string()).expect("it parses");
    let expansion = expand(&source, &Parameters::none(), &context(), &Files, &NoEstate);
    assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
    assert_eq!(ids(&expansion), [group_id("a.b/c/3"), group_id("Microsoft.Resources/deployments/spec")]);
    assert_eq!(reported(&expansion).len(), 1, "{:?}", expansion.diagnostics);
    assert!(reported(&expansion)[0].message.contains("not here"));
    let result = whatif(&expansion, &NoEstate, &context().target, &WhatIfOptions::default());
    assert_eq!(result.changes[1].change_type, ChangeType::Unsupported);
}

#[test]
fn all_scopes() {
    let policy = json!({ "type": "Microsoft.Authorization/policyDefinitions", "apiVersion": "2021-06-01", "name": "p" });
    let in_scope = |target: Target, resource: Json| {
        let template = json!({ "resources": [resource] }).to_string();
        let expansion = expanded_in(&template, &Parameters::none(), &Context::new(target), &NoEstate);
        assert!(!expansion.has_errors(), "{:?}", expansion.diagnostics);
        expansion.resources[0].id.clone()
    };
    assert_eq!(
        in_scope(Target::Tenant, policy.clone()),
        "/providers/Microsoft.Authorization/policyDefinitions/p"
    );
    assert_eq!(
        in_scope(Target::management_group("mg"), policy.clone()),
        "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyDefinitions/p"
    );
    assert_eq!(
        in_scope(Target::subscription("s"), policy),
        "/subscriptions/s/providers/Microsoft.Authorization/policyDefinitions/p"
    );
    let group =
        json!({ "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "g" });
    assert_eq!(in_scope(Target::subscription("s"), group), "/subscriptions/s/resourceGroups/g");
    let child = json!({ "type": "Microsoft.Management/managementGroups", "apiVersion": "2021-04-01", "name": "m", "scope": "/" });
    assert_eq!(
        in_scope(Target::management_group("mg"), child),
        "/providers/Microsoft.Management/managementGroups/m"
    );
    let lock = json!({ "type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "l",
                       "scope": "Microsoft.Storage/storageAccounts/st" });
    assert_eq!(
        in_scope(Target::resource_group("s", "g"), lock),
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st/providers/Microsoft.Authorization/locks/l"
    );
}

#[test]
fn serial_loops_wait_for_the_batch_before() {
    let expansion = expanded(&json!({ "resources": [{
        "type": "a.b/c", "apiVersion": "1", "name": "[string(copyIndex())]",
        "copy": { "name": "l", "count": 5, "mode": "Serial", "batchSize": 2 }
    }] }));
    assert_eq!(expansion.waves, [vec![0, 1], vec![2, 3], vec![4]]);
}

#[test]
fn parameter_files() {
    let template = json!({
        "parameters": {
            "sku": { "type": "string", "allowedValues": ["a", "b"] },
            "secret": { "type": "secureString" },
            "literal": { "type": "string" }
        },
        "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "n",
                        "properties": { "secret": "[concat('x', parameters('secret'))]", "literal": "[parameters('literal')]" } }]
    });
    let file = "{\n  // the values\n  \"parameters\": {\n    \"sku\": { \"value\": \"c\" },\n    \"literal\": { \"value\": \"[not an expression]\" },\n    \"secret\": { \"reference\": { \"keyVault\": { \"id\": \"/kv\" }, \"secretName\": \"s\" } },\n    \"skuu\": { \"value\": 1 },\n  }\n}";
    let parameters = Parameters::parse("p.json", file).expect("it parses");
    let expansion = expanded_in(&template.to_string(), &parameters, &context(), &NoEstate);
    let shown: Vec<String> = reported(&expansion).iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(
        shown[0].starts_with("p.json:7:5 $.parameters.skuu: the template has no parameter `skuu`"),
        "{shown:?}"
    );
    assert_eq!(reported(&expansion)[0].hint.as_deref(), Some("did you mean `sku`?"));
    assert!(shown[1].starts_with("p.json:4:23"), "{shown:?}");
    assert!(shown[1].contains("`c` is not one of \"a\", \"b\""), "{shown:?}");
    let body = expansion.resources[0].body.to_json();
    assert_eq!(body["properties"]["secret"], "[concat('x', keyVaultSecret('/kv', 's'))]");
    assert_eq!(body["properties"]["literal"], "[not an expression]");
}

#[test]
fn secrets_never_show() {
    let template = json!({
        "parameters": {
            "password": { "type": "secureString", "minLength": 50 },
            "settings": { "type": "secureObject" }
        },
        "variables": { "text": "[format('p={0}', parameters('password'))]" },
        "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "n", "properties": {
            "a": "[parameters('password')]", "b": "[variables('text')]", "c": "[parameters('settings').inner.deep]",
            "d": "[createObject('k', base64(parameters('password')))]", "e": "[string(createArray(variables('text')))]",
            "f": "[concat(parameters('password'), subscription().displayName)]",
            "g": "[map(createArray(1), lambda('x', parameters('password')))]",
            "h": "[int(parameters('password'))]", "i": "[parseCidr(parameters('password'))]",
            "j": "[createObject(parameters('password'), 1)]", "k": "[parameters('settings')[parameters('password')]]",
            "[parameters('password')]": 1, "l": "[toObject(createArray(1), lambda('x', parameters('password')))]",
            "m": "[resourceId(parameters('password'), 'x', 'y')]", "n": "[fail(parameters('password'))]",
            "o": "[copyIndex(parameters('password'))]"
        } }],
        "outputs": { "o": { "type": "secureString", "value": "[parameters('password')]" },
                     "plain": { "type": "object", "value": "[parameters('settings')]" } }
    });
    let values = json!({ "password": "hunter2", "settings": { "inner": { "deep": "hunter2" } } });
    let parameters = Parameters::from_values(values.as_object().expect("an object"));
    let expansion = expanded_in(&template.to_string(), &parameters, &context(), &NoEstate);
    let result = whatif(&expansion, &NoEstate, &context().target, &WhatIfOptions::default());
    let everything = format!(
        "{expansion:?} {} {} {} {:?}",
        expansion.resources[0].body.to_json(),
        expansion.outputs_json(),
        result.to_json(),
        expansion.unresolved()
    );
    assert!(!everything.contains("hunter2"), "{everything}");
    assert!(!everything.contains("aHVudGVyMg"), "{everything}");
    assert!(expansion.has_errors(), "the password is too short");
    assert_eq!(expansion.resources[0].body.reveal()["properties"]["b"], "p=hunter2");
    let broken =
        Parameters::parse("p.json", "{ \"password\": { \"value\": hunter2 } }").expect_err("no quotes");
    assert_eq!(broken.to_string(), "p.json:1:26: expected a value");
    assert_eq!(broken.place.span, None);
}

#[test]
fn user_defined_types() {
    let template = |value: Json| {
        json!({
            "languageVersion": "2.0",
            "definitions": {
                "port": { "type": "int", "minValue": 1, "maxValue": 65535 },
                "rule": { "type": "object", "additionalProperties": false, "properties": {
                    "name": { "type": "string", "maxLength": 5 },
                    "port": { "$ref": "#/definitions/port" },
                    "note": { "type": "string", "nullable": true }
                } },
                "shape": { "type": "object", "discriminator": { "propertyName": "kind", "mapping": {
                    "circle": { "type": "object", "properties": { "kind": { "type": "string" }, "radius": { "type": "int" } } },
                    "rules": { "type": "object", "properties": { "kind": { "type": "string" },
                        "list": { "type": "array", "items": { "$ref": "#/definitions/rule" } } } }
                } } }
            },
            "parameters": { "p": { "$ref": "#/definitions/shape", "defaultValue": value } },
            "resources": {}
        })
    };
    let problem = |value: Json| {
        let expansion = expanded(&template(value));
        reported(&expansion).first().map(|d| {
            d.message.trim_start_matches("the default of the parameter `p` does not fit: ").to_owned()
        })
    };
    let rule = |rule: Json| json!({ "kind": "rules", "list": [rule] });
    assert_eq!(problem(rule(json!({ "name": "a", "port": 80 }))), None);
    assert_eq!(
        problem(json!({ "kind": "circle", "radius": "x" })).as_deref(),
        Some("`radius`: expected an integer, found a string")
    );
    assert_eq!(problem(json!({ "kind": "square" })).as_deref(), Some("`kind` is one of `circle`, `rules`"));
    assert_eq!(
        problem(rule(json!({ "name": "a", "port": 0 }))).as_deref(),
        Some("`list`: item 0: `port`: 0 is less than 1")
    );
    assert_eq!(
        problem(rule(json!({ "name": "a", "port": 1, "prot": 1 }))).as_deref(),
        Some("`list`: item 0: the property `prot` is not allowed; did you mean `port`?")
    );
    assert_eq!(
        problem(rule(json!({ "name": "abcdef", "port": 1 }))).as_deref(),
        Some("`list`: item 0: `name`: it has 6 characters, and may have 5")
    );
    assert_eq!(
        problem(rule(json!({ "name": "a" }))).as_deref(),
        Some("`list`: item 0: the property `port` is missing")
    );
}

#[test]
fn a_group_made_by_the_template_is_known_to_it() {
    let inner = json!({ "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "n", "location": "[resourceGroup().location]" }] });
    let template = json!({ "resources": [
        { "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "g", "location": "[deployment().location]" },
        { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "d", "resourceGroup": "g",
          "condition": "[equals(reference('/subscriptions/x').state, 'Enabled')]",
          "dependsOn": ["Microsoft.Resources/resourceGroups/g"],
          "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": inner } }
    ] });
    let mut context = Context::new(Target::subscription(SUBSCRIPTION));
    context.deployment_location = Some("westeurope".to_owned());
    let expansion = expanded_in(&template.to_string(), &Parameters::none(), &context, &NoEstate);
    assert!(reported(&expansion).is_empty(), "{:?}", expansion.diagnostics);
    assert_eq!(expansion.resources[1].body.to_json()["location"], "westeurope");
    assert_eq!(expansion.waves, [vec![0], vec![1]]);
    // Whether the nested deployment runs is only known later, and so whether its resources come.
    let result = whatif(&expansion, &NoEstate, &context.target, &WhatIfOptions::default());
    assert_eq!((result.changes.len(), result.potential_changes.len()), (1, 1));
}

#[test]
fn a_loop_of_unknown_length_shows_one_resource() {
    let expansion = expanded(&json!({
        "parameters": { "count": { "type": "int" } },
        "resources": [{
            "type": "a.b/c", "apiVersion": "1", "name": "[concat('n', copyIndex())]",
            "copy": { "name": "l", "count": "[parameters('count')]" },
            "properties": { "open": true, "copy": [{ "name": "disks", "count": "[parameters('count')]", "input": {} }] }
        }]
    }));
    assert_eq!(reported(&expansion).len(), 1, "{:?}", expansion.diagnostics);
    let resource = &expansion.resources[0];
    assert_eq!(resource.name, "[concat('n', copyIndex())]");
    assert!(resource.condition.is_some());
    let body = resource.body.to_json();
    assert_eq!(body["properties"]["open"], true);
    assert_eq!(body["properties"]["disks"], "[copy('disks', parameters('count'))]");
}
