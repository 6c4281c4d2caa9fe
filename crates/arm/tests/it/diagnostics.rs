//! Malformed templates: the message, the underlined text and the hint.

use azimuth_arm::{Context, NoEstate, NoLoader, Parameters, Source, Target, expand};
use azimuth_diag::Severity;

/// Checks the first diagnostic that is not about lacking a head: `line:column message | underlined text | hint`.
#[track_caller]
fn check(text: &str, expected: &str) {
    let context = Context::new(Target::resource_group("s", "rg"));
    let diagnostic = match Source::parse("t.json", text) {
        Ok(source) => {
            let expansion = expand(&source, &Parameters::none(), &context, &NoLoader, &NoEstate);
            expansion
                .diagnostics
                .into_iter()
                .find(|found| found.code != "arm-fragment")
                .expect("something is wrong")
        }
        Err(diagnostic) => *diagnostic,
    };
    let (start, end) = diagnostic.place.span.expect("it has a span");
    let shown = format!(
        "{}:{} {} | {} | {}",
        diagnostic.place.line.unwrap_or_default(),
        diagnostic.place.column.unwrap_or_default(),
        diagnostic.message,
        &text[start..end],
        diagnostic.hint.as_deref().unwrap_or("-")
    );
    assert_eq!(shown, expected);
}

/// A template whose only output has the expression.
fn output(expression: &str) -> String {
    format!(
        "{{\n  \"parameters\": {{ \"location\": {{ \"type\": \"string\", \"defaultValue\": \"x\" }} }},\n  \"variables\": {{ \"prefix\": {{ \"short\": 1 }} }},\n  \"outputs\": {{ \"o\": {{ \"value\": \"{expression}\" }} }}\n}}"
    )
}

#[test]
fn misspelt_names() {
    check(
        &output("[conact('a', 'b')]"),
        "4:34 there is no function `conact` | conact | did you mean `concat`?",
    );
    check(
        &output("[concat('a', parameters('locaton'))]"),
        "4:57 the template has no parameter `locaton` | 'locaton' | did you mean `location`?",
    );
    check(
        &output("[variables('prefx')]"),
        "4:44 the template has no variable `prefx` | 'prefx' | did you mean `prefix`?",
    );
    check(
        &output("[variables('prefix').shrt]"),
        "4:34 the object has no property `shrt` | variables('prefix').shrt | did you mean `short`?",
    );
}

#[test]
fn wrong_arguments() {
    check(
        &output("[add(1)]"),
        "4:34 `add` takes 2 arguments, not 1 | add(1) | add what is missing; the arguments of `add`: https://aka.ms/arm-functions",
    );
    check(
        &output("[add(1, 'x')]"),
        "4:41 `add` expects an integer here, not a string | 'x' | convert it with `int(…)`",
    );
    check(
        &output("[createArray(1)[5]]"),
        "4:34 the index 5 is outside the array, which has 1 item | createArray(1)[5] | write `[0]`: positions count from 0",
    );
    check(
        &output("[newGuid()]"),
        "4:34 `newGuid` is only available in the default of a parameter | newGuid() | declare a parameter with this default and read that",
    );
    check(
        &output("[copyIndex()]"),
        "4:34 there is no loop around this expression | copyIndex() | `copyIndex` only works within a `copy`",
    );
}

#[test]
fn syntax_within_escaped_strings() {
    check(
        &output("[concat('\\u00e9\\n', \\\"x\\\")]"),
        "4:53 unexpected character `\"` | \\\" | strings inside expressions take single quotes",
    );
    check(
        &output("[concat('a', 'b']"),
        "4:49 expected `,` or `)` in the arguments, found the end of the expression |  | add the missing `)`",
    );
    check(
        &output("[parameters(location)]"),
        "4:45 expected `(` after `location`, found `)` | location | write `parameters('location')`, `variables('location')`, or `'location'` for text",
    );
}

#[test]
fn broken_json() {
    check(
        "{\n  \"a\": [1, 2\n}",
        "3:1 expected `,` or `]` after an item | } | close the array with `]` first",
    );
    check("{ \"a\": True }", "1:8 expected a value, found `True` | True | write it in lower case");
    check(
        "[]",
        "1:1 a template is an object, not an array | [] | write `{\"$schema\": …, \"contentVersion\": …, \"resources\": […]}`",
    );
}

#[test]
fn structure() {
    check(
        r#"{ "resources": [ { "type": "Microsoft.Web/sites/slots", "apiVersion": "1", "name": "x" } ] }"#,
        "1:84 the name `x` has 1 segment, and the type `Microsoft.Web/sites/slots` needs 2 | \"x\" | a child is named `parent/child`, one segment for each segment of its type",
    );
    check(
        r#"{ "resources": [ { "type": "a.b/c", "apiVersion": "1", "name": "x", "copy": { "name": "l", "count": 2 } } ] }"#,
        "1:64 the template deploys `/subscriptions/s/resourceGroups/rg/providers/a.b/c/x` twice | \"x\" | give each resource a name of its own; in loops use `copyIndex()`",
    );
    check(
        r#"{ "parameters": { "p": { "type": "string" } } }"#,
        "1:19 the parameter `p` has no value | \"p\" | give it a value in the parameter file, or a `defaultValue`",
    );
    check(
        r#"{ "parameters": { "p": { "type": "strng", "defaultValue": "x" } } }"#,
        "1:59 the default of the parameter `p` does not fit: there is no type `strng`; did you mean `string`? | \"x\" | give a value that the declaration allows, or change the declaration",
    );
}

/// Whatever is wrong, an error has a place, a part of the text and a hint, and strict warnings have so too.
#[test]
fn no_error_goes_without_place_or_hint() {
    const RESOURCE: &str = r#""type": "a.b/c", "apiVersion": "1", "name": "n""#;
    let expressions = [
        "[frobnicate('a')]",
        "[toLower('a', 'b')]",
        "[toLower(1)]",
        "[max()]",
        "[base64ToString('%%')]",
        "[cidrSubnet('10.0.0.0/24', 20, 0)]",
        "[cidrHost('10.0.0.0/30', 99)]",
        "[format('{0} {2}', 'a')]",
        "[int('x')]",
        "[json('{a')]",
        "[map(createArray(1), 'x')]",
        "[map(createArray(1), lambda('x', 'y', 'z', 1))]",
        "[variables('a')]",
        "[parameters('a')]",
        "[createArray(1, 2)[-1]]",
        "[createArray()['a']]",
        "[createObject('a', 1)[0]]",
        "[createObject('a')]",
        "['a'[0]]",
        "[if('yes', 1, 2)]",
        "[div(1, 0)]",
        "[concat('a',)]",
        "[concat('a,'b')]",
        "[resourceGroup()..name]",
        "[1 + 2]",
        "[]",
        "[resourceId('a.b/c', 'x', 'y')]",
        "[resourceId('nonsense', 'x')]",
        "[resourceId('a.b/c')]",
        "[join(createArray(createArray()), ',')]",
        "[replace('a', '', 'b')]",
        "[substring('abc', -1)]",
        "[dateTimeAdd('2020-01-01', 'P99999Y')]",
        "[fail('no')]",
        "[range(0, -1)]",
        "[uri('a', 'b')]",
        "[bool('perhaps')]",
    ];
    let templates = [
        r#"{"resources": "x"}"#.to_owned(),
        r#"{"resources": ["x"]}"#.to_owned(),
        r#"{"resources": [{"name": "n", "apiVersion": "1"}]}"#.to_owned(),
        r#"{"parameters": ["p"]}"#.to_owned(),
        r#"{"parameters": {"p": {"type": "strng"}}}"#.to_owned(),
        r#"{"parameters": {"p": {"type": "int", "defaultValue": "a"}}}"#.to_owned(),
        r#"{"parameters": {"p": {"type": "string", "defaultValue": "[parameters('p')]"}}}"#.to_owned(),
        r#"{"outputs": {"o": {"type": "int", "value": "a"}}}"#.to_owned(),
        r#"{"outputs": {"o": {"type": "int"}}}"#.to_owned(),
        r#"{"variables": {"v": "[variables('v')]"}, "outputs": {"o": {"type": "int", "value": "[variables('v')]"}}}"#
            .to_owned(),
        format!(r#"{{"resources": [{{{RESOURCE}, "condition": "maybe"}}]}}"#),
        format!(r#"{{"resources": [{{{RESOURCE}, "copy": {{"name": "l", "count": -1}}}}]}}"#),
        format!(r#"{{"resources": [{{{RESOURCE}, "copy": {{"name": "l", "count": 900}}}}]}}"#),
        format!(r#"{{"resources": [{{{RESOURCE}, "copy": {{"name": "l", "count": "x"}}}}]}}"#),
        format!(r#"{{"resources": [{{{RESOURCE}, "copy": {{"name": "l"}}}}]}}"#),
        format!(r#"{{"resources": [{{{RESOURCE}, "properties": {{"copy": [{{"name": "l", "count": 1}}]}}}}]}}"#),
        r#"{"resources": [{"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n", "properties": {}}]}"#
            .to_owned(),
        r#"{"languageVersion": "3.0", "resources": []}"#.to_owned(),
        String::new(),
        "{} x".to_owned(),
        r#"{"a" 1}"#.to_owned(),
        r#"{"a": [1}}"#.to_owned(),
        r#"{"a": {"b": 1]}"#.to_owned(),
        r#"{"a": -}"#.to_owned(),
        r#"{"a": yes}"#.to_owned(),
        r#"{, }"#.to_owned(),
    ];
    let context = Context::new(Target::resource_group("s", "rg"));
    for text in expressions.map(output).iter().chain(&templates) {
        let found = match Source::parse("t.json", text) {
            Ok(source) => expand(&source, &Parameters::none(), &context, &NoLoader, &NoEstate).diagnostics,
            Err(diagnostic) => vec![*diagnostic],
        };
        let errors: Vec<_> = found.iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(!errors.is_empty(), "{text}\n{found:?}");
        for error in errors {
            let place = &error.place;
            assert!(
                place.line.is_some() && place.column.is_some() && place.span.is_some(),
                "{text}\n{error:?}"
            );
            assert!(error.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{text}\n{error:?}");
        }
    }
}

#[test]
fn what_would_pass_for_something_else() {
    check(
        r#"{ "parameters": { "p": { "type": "strng" } } }"#,
        "1:34 the parameter `p`: there is no type `strng`; did you mean `string`? | \"strng\" | write a type such as `string`, or refer to one under `definitions`",
    );
    check(
        r##"{ "languageVersion": "2.0", "parameters": { "p": { "$ref": "#/definitions/none" } } }"##,
        "1:60 the parameter `p`: its type refers to a definition that does not exist | \"#/definitions/none\" | write a type such as `string`, or refer to one under `definitions`",
    );
    check(
        r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "parameters": { "p": { "defaultValue": 1 } } }"#,
        "1:142 the parameter `p` has no `type` | \"p\" | write `\"type\": \"string\"`, or what it is",
    );
    check(
        r#"{ "variables": { "copy": [ { "name": "v", "count": 1 } ] } }"#,
        "1:28 the loop has no `input` | { \"name\": \"v\", \"count\": 1 } | write `{\"name\": …, \"count\": …, \"input\": …}`",
    );
    check(
        r#"{ "resources": [ { "type": "a.b/c", "apiVersion": "1", "name": "[string(copyIndex())]", "copy": { "count": 1 } } ] }"#,
        "1:97 the loop has no `name` | { \"count\": 1 } | add `\"name\"`: `copyIndex` and `dependsOn` use it",
    );
    check(
        r#"{ "languageVersion": "3.0", "resources": {} }"#,
        "1:22 there is no language version `3.0` | \"3.0\" | write `\"2.0\"`, or leave it out for 1.0",
    );
    let nested = |options: &str| {
        format!(
            r#"{{ "resources": [ {{ "type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n", "properties": {{ {options}, "template": {{ "resources": [] }} }} }} ] }}"#
        )
    };
    check(
        &nested(r#""expressionEvaluationOptions": { "scope": "innr" }"#),
        "1:153 expressions are evaluated in no scope `innr` | \"innr\" | write `inner` or `outer`",
    );
    check(
        &nested(r#""mode": "Completee""#),
        "1:119 there is no deployment mode `Completee` | \"Completee\" | set `mode` to `Incremental`",
    );
    check(
        r#"{ "variables": { "v": 1 }, "resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n", "properties": { "expressionEvaluationOptions": { "scope": "inner" }, "template": { "resources": [], "outputs": { "o": { "type": "int", "value": "[variables('v')]" } } } } } ] }"#,
        "1:276 the template has no variable `v` | 'v' | a template deployed by another does not see its names: pass the value as a parameter, or declare the variable",
    );
}

#[test]
fn what_nothing_evaluates_is_checked_too() {
    check(
        r#"{ "variables": { "unread": [ { "a": "[concat('x', lenght('y'))]" } ] } }"#,
        "1:51 there is no function `lenght` | lenght | did you mean `length`?",
    );
    check(
        r#"{ "resources": [ { "condition": false, "type": "a.b/c", "apiVersion": "1", "name": "n", "properties": "[concat(]" } ] }"#,
        "1:112 expected a string, a number or a function call, found the end of the expression |  | an expression is a call such as `[concat('a', parameters('b'))]`; text that is none begins with `[[`",
    );
}
