//! Templates that the service refuses before it looks at any value.

use azimuth_arm::{
    Context, Expansion, Link, LoadError, Loaded, Loader, NoEstate, NoLoader, Parameters, Source, Target,
    expand,
};

const HEAD: &str = r#""$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0""#;

fn expanded(text: &str, loader: &dyn Loader) -> Expansion {
    let source = Source::parse("main.json", text).unwrap_or_else(|diagnostic| panic!("{diagnostic}"));
    let context = Context::new(Target::resource_group("s", "rg"));
    expand(&source, &Parameters::none(), &context, loader, &NoEstate)
}

/// Checks everything that is reported: `severity message | underlined text`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let expansion = expanded(text, &NoLoader);
    let shown: Vec<String> = expansion
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let (start, end) = diagnostic.place.span.expect("it has a span");
            assert!(diagnostic.hint.is_some(), "{diagnostic}");
            format!("{:?} {} | {}", diagnostic.severity, diagnostic.message, &text[start..end])
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

/// As [`check`], for a whole template with further members.
#[track_caller]
fn check_with(members: &str, expected: &[&str]) {
    check(&format!("{{ {HEAD}, {members} }}"), expected);
}

fn site(more: &str) -> String {
    format!(r#"{{ "type": "Microsoft.Web/sites", "apiVersion": "2022-09-01", "name": "w"{more} }}"#)
}

#[test]
fn the_head_of_a_template() {
    check(
        r#"{ "resources": [] }"#,
        &[
            "Warning the template has neither `$schema` nor `contentVersion`; the service refuses it like this | {",
        ],
    );
    check(
        r#"{ "contentVersion": "1", "resources": [] }"#,
        &["Warning the template has no `$schema`; the service refuses it like this | {"],
    );
    check(
        r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [] }"#,
        &["Error the template has no `contentVersion` | {"],
    );
    let schema =
        |schema: &str| format!(r#"{{ "$schema": "{schema}", "contentVersion": "1", "resources": [] }}"#);
    check(&schema("x"), &["Error `x` is not the schema of a template | \"x\""]);
    for known in [
        "http://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json",
        "https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#",
    ] {
        check(&schema(known), &[]);
    }
}

#[test]
fn resources_and_outputs_are_complete() {
    check_with(
        r#""resources": [ { "type": "Microsoft.Web/sites", "name": "w" } ]"#,
        &["Error the resource has no `apiVersion` | {"],
    );
    check_with(r#""apiProfile": "x", "resources": [ { "type": "Microsoft.Web/sites", "name": "w" } ]"#, &[]);
    check_with(
        r#""languageVersion": "2.0", "resources": { "w": { "import": "k8s", "type": "core/Pod@v1", "properties": {} } }"#,
        &[],
    );
    check_with(
        r#""resources": [], "outputs": { "o": { "value": 1 } }"#,
        &["Error the output `o` has no `type` | \"o\""],
    );
}

#[test]
fn loops_know_two_modes() {
    let with = |copy: &str| format!(r#""resources": [ {} ]"#, site(&format!(r#", "copy": {copy}"#)));
    check_with(
        &with(r#"{ "name": "l", "count": 1, "mode": "seriel" }"#),
        &["Error there is no loop mode `seriel` | \"seriel\""],
    );
    check_with(
        &with(r#"{ "name": "l", "count": 1, "mode": "Serial", "batchSize": 0 }"#),
        &["Error a loop runs at least one iteration at a time | 0"],
    );
    check_with(
        &with(r#"{ "name": "l", "count": 1, "mode": "serial", "batchSize": "[sub(1, 1)]" }"#),
        &["Error a loop runs at least one iteration at a time | \"[sub(1, 1)]\""],
    );
    check_with(&with(r#"{ "name": "l", "count": 1, "mode": "serial", "batchSize": 1 }"#), &[]);
}

#[test]
fn the_second_language_is_asked_for() {
    check_with(
        &format!(r#""resources": {{ "w": {} }}"#, site("")),
        &["Warning resources with symbolic names need the language version 2.0 | \"resources\""],
    );
    check_with(
        r#""resources": [], "definitions": { "t": { "type": "string" } }"#,
        &["Error `definitions` need the language version 2.0 | \"definitions\""],
    );
    check_with(
        r#""languageVersion": "2.0", "resources": {}, "definitions": { "t": { "type": "string" } }"#,
        &[],
    );
}

#[test]
fn names_are_given_once() {
    check_with(
        r#""resources": [], "variables": { "a": 1, "b": 2, "a": 3 }"#,
        &["Error `variables` has the name `a` twice | \"a\""],
    );
    check_with(
        r#""resources": [], "parameters": { "a": { "type": "int", "defaultValue": 1 }, "A": { "type": "int", "defaultValue": 2 } }"#,
        &["Error `parameters` has the name `A` twice | \"A\""],
    );
    check_with(
        &format!(r#""languageVersion": "2.0", "resources": {{ "w": {0}, "w": {0} }}"#, site("")),
        &["Error `resources` has the name `w` twice | \"w\""],
    );
    check_with(
        r#""resources": [], "resources": []"#,
        &["Error the template has the name `resources` twice | \"resources\""],
    );
}

/// Gives the same text for every link.
struct Always(String);

impl Loader for Always {
    fn load(&self, _: &str, _: &Link) -> Result<Loaded, LoadError> {
        Ok(Loaded { file: "main.json".to_owned(), text: self.0.clone() })
    }
}

#[test]
fn a_template_that_deploys_itself_is_told_so_once() {
    let text = format!(
        r#"{{ {HEAD}, "resources": [ {{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "again",
            "properties": {{ "mode": "Incremental", "templateLink": {{ "relativePath": "./main.json" }} }} }} ],
            "outputs": {{ "o": {{ "type": "string", "value": "[nothing()]" }} }} }}"#
    );
    let expansion = expanded(&text, &Always(text.clone()));
    let mut messages: Vec<&str> = expansion.diagnostics.iter().map(|d| d.message.as_str()).collect();
    messages.sort_unstable();
    assert_eq!(messages, ["`main.json` deploys itself, without end", "there is no function `nothing`"]);
}

/// Two files that link each other.
struct Pair(String);

impl Loader for Pair {
    fn load(&self, from: &str, _: &Link) -> Result<Loaded, LoadError> {
        let file = if from == "main.json" { "other.json" } else { "main.json" };
        Ok(Loaded { file: file.to_owned(), text: self.0.clone() })
    }
}

fn linking(condition: &str, depth: &str) -> String {
    format!(
        r#"{{ {HEAD}, "parameters": {{ "depth": {{ "type": "int", "defaultValue": 0 }} }},
            "resources": [ {{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "again",
            "condition": "{condition}", "properties": {{ "mode": "Incremental",
                "parameters": {{ "depth": {{ "value": "{depth}" }} }},
                "templateLink": {{ "relativePath": "elsewhere.json" }} }} }} ] }}"#
    )
}

#[test]
fn templates_that_link_each_other_end() {
    let messages = |text: String| {
        let expansion = expanded(&text, &Pair(text.clone()));
        expansion.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>()
    };
    let endless = ["`other.json` deploys itself with the same values, without end"];
    assert_eq!(messages(linking("[equals(1, 1)]", "[parameters('depth')]")), endless);
    // A value that a condition ends it by makes it a loop like any other.
    let ending = linking("[less(parameters('depth'), 5)]", "[add(parameters('depth'), 1)]");
    assert!(messages(ending).is_empty());
}

#[test]
fn a_member_of_a_resource_written_twice_is_a_warning() {
    let text = format!(
        r#"{{ {HEAD}, "resources": [ {{ "type": "A.B/c", "apiVersion": "2020-01-01", "name": "x",
            "properties": {{ "tls": "1.0", "list": [ {{ "tls": "1.1", "tls": "1.2" }} ] }} }} ] }}"#
    );
    let expansion = expanded(&text, &NoLoader);
    let [found] = &expansion.diagnostics[..] else { panic!("{:?}", expansion.diagnostics) };
    assert_eq!(found.code, "arm-duplicate-member");
    let first = text.find("\"tls\": \"1.1\"").expect("it is there");
    let line = text[..first].lines().count();
    let column = first - text[..first].rfind('\n').expect("there is a line before");
    assert_eq!(found.message, format!("`tls` is written twice; its value at {line}:{column} is lost"));
}
