//! Malformed templates: the message, the underlined text and the hint.

use azimuth_arm::{Context, NoEstate, NoLoader, Parameters, Source, Target, expand};

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
    check(&output("[add(1)]"), "4:34 `add` takes 2 arguments, not 1 | add(1) | -");
    check(&output("[add(1, 'x')]"), "4:41 `add` expects an integer here, not a string | 'x' | -");
    check(
        &output("[createArray(1)[5]]"),
        "4:34 the index 5 is outside the array, which has 1 item | createArray(1)[5] | -",
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
    check("{\n  \"a\": [1, 2\n}", "3:1 expected `,` or `]` after an item | } | add a comma");
    check("{ \"a\": True }", "1:8 expected a value, found `True` | True | write it in lower case");
    check("[]", "1:1 a template is an object, not an array | [] | -");
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
        "1:59 the default of the parameter `p` does not fit: there is no type `strng`; did you mean `string`? | \"x\" | -",
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
        "1:112 expected a string, a number or a function call, found the end of the expression |  | -",
    );
}
