//! Foreign input of any kind: no panic, bounded time and memory.

use azimuth_arm::{
    Budget, Context, Expansion, Fault, Host, HostCall, Limits, NoEstate, NoLoader, Parameters, Source,
    Target, Value, evaluate, expand, is_expression, parse_expression,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

struct NoHost;

impl Host for NoHost {
    fn call(&self, _: &HostCall<'_>) -> Option<Result<Value, Fault>> {
        None
    }
}

fn run(text: &str) -> Expansion {
    let context = Context::new(Target::resource_group("00000000-0000-0000-0000-000000000000", "rg"));
    match Source::parse("t.json", text) {
        Ok(source) => expand(&source, &Parameters::none(), &context, &NoLoader, &NoEstate),
        Err(_) => expand(
            &Source::parse("t.json", "{}").expect("an empty object parses"),
            &Parameters::none(),
            &context,
            &NoLoader,
            &NoEstate,
        ),
    }
}

fn errors(template: &Json) -> Vec<String> {
    run(&template.to_string())
        .diagnostics
        .iter()
        .filter(|d| d.code != "arm-fragment")
        .map(|d| format!("{}: {}", d.code, d.message))
        .collect()
}

#[track_caller]
fn check_error(template: &Json, part: &str) {
    let errors = errors(template);
    assert!(errors.iter().any(|error| error.contains(part)), "{errors:?}");
}

#[test]
fn deep_nesting_is_refused_kindly() {
    // Calls within calls.
    let deep = format!("[{}1{}]", "createArray(".repeat(90), ")".repeat(90));
    run(&json!({ "outputs": { "o": { "type": "array", "value": deep } } }).to_string());
    // Variables that read variables.
    let mut variables = serde_json::Map::new();
    variables.insert("v0".to_owned(), json!("x"));
    for at in 1..300 {
        variables.insert(format!("v{at}"), json!(format!("[concat(variables('v{}'), 'y')]", at - 1)));
    }
    check_error(
        &json!({ "variables": variables, "outputs": { "o": { "type": "string", "value": "[variables('v299')]" } } }),
        "arm-limit: evaluation is nested deeper",
    );
    // The functions with the largest frames, as deep as the limit allows.
    for (open, close) in [
        ("if(true(), ", ", 1)"),
        ("coalesce(null(), ", ")"),
        ("map(createArray(1), lambda('x', ", "))"),
        ("reduce(createArray(1), 0, lambda('x', 'y', ", "))"),
        ("sort(createArray(1, 2), lambda('x', 'y', equals(1, ", ")))"),
        ("toObject(createArray('a'), lambda('x', string(", ")))"),
        ("createArray(1)[length(", ")]"),
    ] {
        let mut variables = serde_json::Map::new();
        variables.insert("v0".to_owned(), json!("x"));
        for at in 1..20 {
            let before = format!("variables('v{}')", at - 1);
            let expression = format!("[{}{before}{}]", open.repeat(24), close.repeat(24));
            variables.insert(format!("v{at}"), json!({ "a": [expression] }));
        }
        let outputs = json!({ "o": { "type": "object", "value": "[variables('v19')]" } });
        let errors = errors(&json!({ "variables": variables, "outputs": outputs }));
        assert!(!errors.is_empty(), "{open}");
    }
    // Objects within objects.
    let text = format!(
        "{{\"variables\":{{\"a\":{}1{}}},\"outputs\":{{\"o\":{{\"type\":\"object\",\"value\":\"[variables('a')]\"}}}}}}",
        "{\"a\":".repeat(190),
        "}".repeat(190)
    );
    run(&text);
    // Deployments within deployments.
    let mut template = json!({ "resources": [] });
    for _ in 0..40 {
        template = json!({ "resources": [{
            "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "n",
            "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": template }
        }] });
    }
    check_error(&template, "arm-limit: deployments are nested deeper");
}

#[test]
fn deployments_that_ask_each_other_stay_within_the_stack() {
    let mut template = json!({ "resources": [], "outputs": { "o": { "type": "string", "value": "end" } } });
    for _ in 0..15 {
        let read = format!("[{}reference('n').outputs.o.value{}]", "concat('a', ".repeat(12), ")".repeat(12));
        let mut properties = json!({ "v": read });
        for _ in 0..4 {
            properties = json!({ "p": [properties] });
        }
        template = json!({
            "variables": { "v": read },
            "resources": [
                { "type": "a.b/c", "apiVersion": "1", "name": "x", "properties": properties },
                { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "n",
                  "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": template } }
            ],
            "outputs": { "o": { "type": "string", "value": read } }
        });
    }
    let expansion = run(&template.to_string());
    assert!(
        expansion.diagnostics.iter().all(|d| matches!(d.code, "arm-limit" | "arm-fragment")),
        "{:?}",
        expansion.diagnostics
    );
    assert_eq!(expansion.resources.len(), 15);
}

#[test]
fn growth_is_bounded() {
    // A text that doubles.
    let mut variables = serde_json::Map::new();
    variables.insert("v0".to_owned(), json!("0123456789"));
    for at in 1..60 {
        let before = at - 1;
        variables.insert(
            format!("v{at}"),
            json!(format!("[concat(variables('v{before}'), variables('v{before}'))]")),
        );
    }
    let output = json!({ "o": { "type": "string", "value": "[variables('v59')]" } });
    check_error(&json!({ "variables": variables, "outputs": output }), "arm-limit: a value grows");
    // Arrays that share their halves: small in memory, endless when written.
    let mut arrays = serde_json::Map::new();
    arrays.insert("v0".to_owned(), json!("0123456789"));
    for at in 1..60 {
        let before = at - 1;
        arrays.insert(
            format!("v{at}"),
            json!(format!("[createArray(variables('v{before}'), variables('v{before}'))]")),
        );
    }
    check_error(
        &json!({ "variables": arrays, "outputs": { "o": { "type": "array", "value": "[variables('v59')]" } } }),
        "arm-limit: a value grows",
    );
    // An expression that must stay unresolved, and doubles.
    let mut symbolic = serde_json::Map::new();
    symbolic.insert("v0".to_owned(), json!("[subscription().displayName]"));
    for at in 1..60 {
        let before = at - 1;
        symbolic.insert(
            format!("v{at}"),
            json!(format!("[concat(variables('v{before}'), variables('v{before}'))]")),
        );
    }
    check_error(
        &json!({ "variables": symbolic, "outputs": { "o": { "type": "string", "value": "[variables('v59')]" } } }),
        "arm-limit: an expression that must stay unresolved",
    );
    // Padding, ranges, and work that multiplies.
    check_error(
        &json!({ "outputs": { "o": { "type": "string", "value": "[padLeft('a', 2000000000)]" } } }),
        "arm-limit",
    );
    let nested = "[map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', map(range(0, 10000), lambda('c', 1))))))]";
    check_error(&json!({ "outputs": { "o": { "type": "array", "value": nested } } }), "arm-limit");
    let reduced =
        "[reduce(range(0, 10000), createArray(), lambda('a', 'b', createArray(lambdaVariables('a'))))]";
    check_error(
        &json!({ "outputs": { "o": { "type": "array", "value": reduced } } }),
        "arm-limit: a value is nested deeper",
    );
}

#[test]
fn loops_are_bounded() {
    let resource = |count: Json| json!({ "type": "a.b/c", "apiVersion": "1", "name": "[string(copyIndex())]", "copy": { "name": "l", "count": count } });
    check_error(
        &json!({ "resources": [resource(json!(1_000_000_000_000_i64))] }),
        "arm-limit: the loop runs",
    );
    check_error(&json!({ "resources": [resource(json!(-1))] }), "not negative");
    check_error(
        &json!({ "resources": [resource(json!(800)), resource(json!(800))] }),
        "arm-limit: the template has",
    );
    // Loops within loops within loops.
    let inner = json!({ "copy": [{ "name": "c", "count": 800, "input": "x" }] });
    let middle = json!({ "copy": [{ "name": "b", "count": 800, "input": inner }] });
    let outer = json!({ "copy": [{ "name": "a", "count": 800, "input": middle }] });
    let template =
        json!({ "resources": [{ "type": "a.b/c", "apiVersion": "1", "name": "n", "properties": outer }] });
    check_error(&template, "arm-limit: the template expands to more than");
    // Copied deployments that hold copied deployments.
    let mut template = json!({ "resources": [] });
    for _ in 0..5 {
        template = json!({ "resources": [{
            "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "[concat('n', copyIndex())]",
            "copy": { "name": "l", "count": 100 },
            "properties": { "mode": "Incremental", "template": template }
        }] });
    }
    check_error(&template, "arm-limit: there are more than");
}

#[test]
fn circles_are_found() {
    check_error(
        &json!({
            "variables": { "a": "[variables('b')]", "b": "[variables('a')]" },
            "outputs": { "o": { "type": "string", "value": "[variables('a')]" } }
        }),
        "arm-cycle: the variable `a` depends on itself",
    );
    check_error(
        &json!({ "parameters": { "p": { "type": "string", "defaultValue": "[parameters('p')]" } } }),
        "arm-cycle",
    );
    check_error(
        &json!({
            "functions": [{ "namespace": "n", "members": { "f": { "parameters": [], "output": { "type": "string", "value": "[n.f()]" } } } }],
            "outputs": { "o": { "type": "string", "value": "[n.f()]" } }
        }),
        "arm-limit: evaluation is nested deeper",
    );
    check_error(
        &json!({ "resources": [
            { "type": "a.b/c", "apiVersion": "1", "name": "x", "dependsOn": ["y"] },
            { "type": "a.b/c", "apiVersion": "1", "name": "y", "dependsOn": ["x"] }
        ] }),
        "arm-circular-dependency: the resources depend on each other in a circle: a.b/c/x → a.b/c/y → a.b/c/x",
    );
}

/// Mostly well-formed expressions.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("-7".to_owned()),
        Just("'a''b'".to_owned()),
        Just("parameters('p')".to_owned()),
        Just("variables('v')".to_owned()),
        Just("null()".to_owned()),
        "'[a-z{}:,0-9]{0,8}'",
        "[ -~]{0,6}",
    ];
    let names = prop::sample::select(vec![
        "concat",
        "format",
        "add",
        "div",
        "union",
        "split",
        "substring",
        "createObject",
        "createArray",
        "json",
        "items",
        "padLeft",
        "range",
        "take",
        "skip",
        "if",
        "coalesce",
        "reference",
        "resourceId",
        "tryGet",
        "cidrSubnet",
        "parseCidr",
        "dateTimeAdd",
        "base64ToString",
        "uri",
        "map",
        "filter",
        "sort",
        "toObject",
        "lambda",
        "lambdaVariables",
        "indexOf",
        "string",
        "int",
        "guid",
        "uniqueString",
        "copyIndex",
        "listKeys",
    ]);
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            (names.clone(), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", "))),
            (inner.clone(), "[a-z]{1,3}").prop_map(|(base, name)| format!("{base}.{name}")),
            (inner.clone(), inner).prop_map(|(base, index)| format!("{base}[{index}]")),
        ]
    })
}

/// Arbitrary JSON with the words of templates in it.
fn document() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        "[ -~é😀]{0,12}".prop_map(Json::from),
        expression().prop_map(|text| Json::from(format!("[{text}]"))),
    ];
    let keys = prop::sample::select(vec![
        "resources",
        "type",
        "name",
        "properties",
        "copy",
        "count",
        "input",
        "parameters",
        "variables",
        "outputs",
        "value",
        "defaultValue",
        "condition",
        "dependsOn",
        "template",
        "templateLink",
        "functions",
        "members",
        "scope",
        "existing",
        "mode",
        "languageVersion",
        "definitions",
        "$ref",
        "items",
        "discriminator",
        "metadata",
        "expressionEvaluationOptions",
        "resourceGroup",
        "subscriptionId",
        "allowedValues",
        "nullable",
        "output",
    ]);
    leaf.prop_recursive(6, 80, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|members| {
                Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses_or_says_why(text in "\\PC{0,60}") {
        let bracketed = format!("[{text}]");
        let _ = Source::parse("t.json", &text);
        if is_expression(&bracketed)
            && let Err(error) = parse_expression(&bracketed)
        {
            prop_assert!(error.span.end as usize <= bracketed.len());
            prop_assert!(bracketed.is_char_boundary(error.span.start as usize));
        }
    }

    #[test]
    fn expressions_evaluate_or_say_why(text in expression()) {
        let bracketed = format!("[{text}]");
        if let Ok(parsed) = parse_expression(&bracketed) {
            let printed = format!("[{parsed}]");
            let again = parse_expression(&printed);
            prop_assert!(again.is_ok(), "{} printed as {}", bracketed, printed);
            prop_assert_eq!(format!("[{}]", again.expect("just checked")), printed);
            let _ = evaluate(&parsed, &NoHost, &Budget::new(&Limits::default()));
        }
    }

    #[test]
    fn any_template_expands(template in document()) {
        let expansion = run(&template.to_string());
        for resource in &expansion.resources {
            let _ = expansion.origin_map(resource);
        }
        let _ = expansion.unresolved();
    }

    #[test]
    fn any_resources_expand(resources in prop::collection::vec(document(), 0..4), value in document()) {
        let resources: Vec<Json> = resources
            .into_iter()
            .map(|mut resource| {
                if let Json::Object(members) = &mut resource {
                    members.entry("type").or_insert_with(|| json!("a.b/c"));
                    members.entry("name").or_insert_with(|| json!("n"));
                }
                resource
            })
            .collect();
        let template = json!({
            "parameters": { "p": { "type": "object", "defaultValue": value.clone() } },
            "variables": { "v": value },
            "resources": resources
        });
        let _ = run(&template.to_string());
    }
}
