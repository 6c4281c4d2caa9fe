//! `azimuth arm`: templates as people write them, broken ones included, against an estate of files.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Folder, Run, azimuth, expect, shared};

const SUB: &str = "11111111-1111-1111-1111-111111111111";
const SCHEMA: &str = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
const SECRET: &str = "hunter2-Pa55";

/// Two storage accounts by a loop, a secret, an output that only the running account knows.
const LOOP: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "prefix": { "type": "string", "defaultValue": "st" },
    "count": { "type": "int", "defaultValue": 2 },
    "password": { "type": "secureString" }
  },
  "resources": [
    {
      "type": "Microsoft.Storage/storageAccounts",
      "apiVersion": "2023-01-01",
      "name": "[concat(parameters('prefix'), copyIndex(1))]",
      "location": "[resourceGroup().location]",
      "copy": { "name": "accounts", "count": "[parameters('count')]" },
      "sku": { "name": "Standard_LRS" },
      "kind": "StorageV2",
      "properties": { "minimumTlsVersion": "TLS1_2", "key": "[parameters('password')]" }
    }
  ],
  "outputs": {
    "blob": { "type": "string", "value": "[reference('st1').primaryEndpoints.blob]" },
    "password": { "type": "secureString", "value": "[parameters('password')]" }
  }
}"#;

fn parsed(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

fn group(name: &str) -> String {
    format!("/subscriptions/{SUB}/resourceGroups/{name}")
}

#[test]
fn loops_expand_with_parameter_files_and_arguments() {
    let work = Folder::new();
    let template = work.file("main.json", LOOP);
    let first = work.file(
        "a.parameters.json",
        r#"{"parameters": {"count": {"value": 3}, "prefix": {"value": "early"}}}"#,
    );
    let second = work.file("b.parameters.json", r#"{"parameters": {"prefix": {"value": "late"}}}"#);
    let password = format!("password={SECRET}");
    let arguments = [
        "arm",
        "expand",
        &template,
        &first,
        &second,
        "-p",
        &password,
        "--subscription",
        SUB,
        "-g",
        "web",
        "-l",
        "westeurope",
        "-o",
        "json",
        "--origins",
    ];
    let run = expect(0, &arguments);
    let result = parsed(&run);
    let resources = result["resources"].as_array().unwrap();
    let names: Vec<&str> = resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["late1", "late2", "late3"]);
    assert_eq!(
        resources[0]["id"],
        format!("{}/providers/Microsoft.Storage/storageAccounts/late1", group("web"))
    );
    assert_eq!(resources[0]["body"]["location"], "westeurope");
    assert_eq!(resources[0]["body"]["properties"]["key"], "***");
    let name = &resources[2]["origins"]["/name"];
    assert_eq!((&name["file"], &name["line"], &name["column"]), (&json!(template), &json!(13), &json!(15)));
    assert_eq!(name["via"][0], json!({"kind": "copy", "name": "accounts", "index": 2}));
    assert_eq!(name["via"][1]["place"]["file"], second);
    assert_eq!(result["unresolved"][0]["pointer"], "/blob");
    assert_eq!(result["waves"].as_array().unwrap().len(), 1);
    assert_eq!(result["outputs"]["password"]["value"], "***");
    assert_eq!(result["schemaVersion"], 1);

    let table = expect(0, &arguments[..13]);
    assert!(table.stdout.contains("late2  group web"), "{}", table.stdout);
    assert!(table.stdout.contains("NOT KNOWN YET"), "{}", table.stdout);
}

#[test]
fn secrets_appear_in_no_output() {
    let work = Folder::new();
    // A default that is a secret, on the line of an error.
    let text = format!(
        r#"{{"$schema": "{SCHEMA}", "contentVersion": "1.0.0.0", "parameters": {{"p": {{"type": "securestring", "defaultValue": "{SECRET}"}}}}, "resources": [], "outputs": {{"o": {{"type": "string", "value": "[nothing(parameters('p'))]"}}}}}}"#
    );
    let broken = work.file("broken.json", text);
    let template = work.file("main.json", LOOP);
    let values = work.file("p.json", format!(r#"{{"parameters": {{"password": {{"value": "{SECRET}"}}}}}}"#));
    let damaged =
        work.file("damaged.json", format!(r#"{{"parameters": {{"password": {{"value": {SECRET}}}}}}}"#));
    let wrong =
        work.file("wrong.json", format!(r#"{{"parameters": {{"pasword": {{"value": "{SECRET}"}}}}}}"#));
    let estate = estate(&work);
    let argument = format!("password={SECRET}");
    let by_file = format!("password=@{}", work.file("secret.txt", format!("{SECRET}\n")));
    let mut runs = vec![
        expect(3, &["arm", "expand", &broken]),
        expect(3, &["arm", "expand", &template, &damaged]),
        expect(3, &["arm", "expand", &template, &wrong]),
        expect(2, &["arm", "expand", &template, "-p", SECRET]),
    ];
    for given in [&["-p", &argument], &["-p", &by_file]] as [&[&str]; 2] {
        for output in ["table", "json"] {
            let mut arguments = vec!["arm", "expand", &template, "--origins", "-o", output];
            arguments.extend(given);
            runs.push(expect(0, &arguments));
            arguments[1] = "whatif";
            arguments[3] = "--all";
            arguments.extend(["--estate", &estate, "-g", "web"]);
            runs.push(expect(0, &arguments));
        }
    }
    runs.push(expect(0, &["arm", "expand", &template, &values, "--origins"]));
    for run in runs {
        assert!(
            !run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"),
            "{}\n{}",
            run.stdout,
            run.stderr
        );
    }
}

#[test]
fn malformed_templates_are_underlined_with_a_hint() {
    let work = Folder::new();
    let unknown = work.file("unknown.json", LOOP.replace("concat(", "conkat("));
    let run = expect(3, &["arm", "expand", &unknown, "-p", "password=x"]);
    let line = r#"      "name": "[conkat(parameters('prefix'), copyIndex(1))]","#;
    let marks = format!("   | {}^^^^^^", " ".repeat(line.find("conkat").unwrap()));
    for part in [
        "error[arm-unknown-function]: there is no function `conkat`",
        &format!("--> {unknown}:13:17"),
        &format!("13 | {line}\n{marks}\n"),
        "hint: did you mean `concat`?",
    ] {
        assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
    }
    assert_eq!(
        parsed(&expect(3, &["arm", "expand", &unknown, "-p", "password=x", "-o", "json"]))["diagnostics"][0]
            ["code"],
        "arm-unknown-function"
    );

    let comma = work.file("comma.json", LOOP.replace(r#""kind": "StorageV2","#, r#""kind": "StorageV2""#));
    let run = expect(3, &["arm", "expand", &comma]);
    assert!(run.stderr.contains(&format!("--> {comma}:18:7")), "{}", run.stderr);
    assert!(run.stderr.contains("       ^\n  hint: add a comma"), "{}", run.stderr);
    assert!(run.stdout.is_empty());

    let open = work.file("open.json", LOOP.replace("copyIndex(1))]", "copyIndex(1)]"));
    let run = expect(3, &["arm", "expand", &open, "-p", "password=x", "-q"]);
    assert!(run.stderr.contains("error[arm-") && run.stderr.contains('^'), "{}", run.stderr);

    let missing = expect(3, &["arm", "expand", &work.file("main.json", LOOP)]);
    assert!(missing.stderr.contains("`password`"), "{}", missing.stderr);
    let parameters = work.file("p.json", r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {}}"#);
    assert!(expect(2, &["arm", "expand", &parameters]).stderr.contains("the template comes first"));
    assert!(expect(3, &["arm", "expand", &work.file("list.json", "{}")]).stderr.contains("no `resources`"));
    assert!(expect(3, &["arm", "expand", &work.text("absent.json")]).stderr.contains("cannot read"));
    assert!(expect(2, &["arm", "expand", &unknown, "-p", "count=many"]).stderr.contains("is no int"));
}

#[test]
fn values_that_the_service_would_refuse_are_errors_if_strict() {
    let work = Folder::new();
    let text = LOOP.replace("concat(parameters('prefix'), ", "concat(split(parameters('prefix'), '-')[1], ");
    let template = work.file("main.json", &text);
    let arguments = ["arm", "expand", &template, "-p", "password=x"];
    let run = expect(0, &arguments);
    for part in [
        "warning[arm-index]: the index 1 is outside the array, which has 1 item; the service would refuse this",
        "`--strict` makes that an error",
    ] {
        assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
    }
    assert!(run.stdout.contains("[concat(createArray('st')[1], 1)]"), "{}", run.stdout);
    let json = parsed(&expect(0, &[&arguments[..], &["-o", "json"]].concat()));
    assert!(json["refusals"].as_u64().is_some_and(|count| count > 0), "{}", json["refusals"]);
    let strict = expect(3, &[&arguments[..], &["--strict"]].concat());
    assert!(strict.stderr.contains("error[arm-index]"), "{}", strict.stderr);
    assert!(strict.stderr.contains("the deployment service would refuse it"), "{}", strict.stderr);
}

#[test]
fn nested_and_linked_templates_expand_from_files_alone() {
    let work = Folder::new();
    let inner = |name: &str| {
        json!({
            "$schema": SCHEMA, "contentVersion": "1.0.0.0",
            "parameters": { "size": { "type": "int", "defaultValue": 1 } },
            "resources": [{
                "type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2023-05-01", "name": name,
                "location": "westeurope", "properties": { "idleTimeoutInMinutes": "[parameters('size')]" }
            }]
        })
    };
    let deployment = |name: &str, properties: Value| {
        json!({
            "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name, "properties": properties
        })
    };
    work.file("parts/relative.json", inner("by-path").to_string());
    work.file("elsewhere/t/mapped.json", inner("by-uri").to_string());
    let broken = work.file("parts/broken.json", "{\n  \"resources\": [\n  }\n");
    let template = json!({
        "$schema": SCHEMA, "contentVersion": "1.0.0.0",
        "resources": [
            deployment("n", json!({ "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": inner("inline") })),
            deployment("r", json!({
                "mode": "Incremental", "templateLink": { "relativePath": "parts/relative.json" },
                "parameters": { "size": { "value": 7 } }
            })),
            deployment("u", json!({
                "mode": "Incremental", "templateLink": { "uri": "https://host.example/t/mapped.json?sig=s3cr3t" }
            })),
        ]
    });
    let text = serde_json::to_string_pretty(&template).unwrap();
    let template = work.file("main.json", &text);
    let mapping = format!("https://host.example/={}", work.text("elsewhere"));
    let result =
        parsed(&expect(0, &["arm", "expand", &template, "--link", &mapping, "-o", "json", "--origins"]));
    let resources = result["resources"].as_array().unwrap();
    let names: Vec<&str> = resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["inline", "by-path", "by-uri"]);
    let size = &resources[1]["origins"]["/properties/idleTimeoutInMinutes"];
    assert!(size["file"].as_str().unwrap().ends_with("relative.json"), "{size}");
    assert_eq!(size["via"][0]["kind"], "deployment");
    assert_eq!(size["via"][1]["name"], "size");
    assert_eq!(resources[1]["body"]["properties"]["idleTimeoutInMinutes"], 7);

    let unmapped = expect(0, &["arm", "expand", &template]);
    assert!(
        unmapped.stderr.contains(
            "nothing is fetched; say where it lies with `--link https://host.example/t/mapped.json=PATH`"
        ),
        "{}",
        unmapped.stderr
    );
    assert!(
        !unmapped.stderr.contains("s3cr3t") || unmapped.stderr.contains("\"uri\""),
        "{}",
        unmapped.stderr
    );

    let bad = work.file("bad.json", text.replace("parts/relative.json", "parts/broken.json"));
    let run = expect(3, &["arm", "expand", &bad, "--link", &mapping]);
    assert!(run.stderr.contains(&format!("{broken}:3:3")), "{}", run.stderr);
}

#[test]
fn relative_links_stay_in_the_folder_of_the_template() {
    let work = Folder::new();
    let part = json!({
        "$schema": SCHEMA, "contentVersion": "1.0.0.0",
        "resources": [{ "type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2023-05-01", "name": "outside" }]
    });
    work.file("common/part.json", part.to_string());
    let template = json!({
        "$schema": SCHEMA, "contentVersion": "1.0.0.0",
        "resources": [{
            "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "out",
            "properties": { "mode": "Incremental", "templateLink": { "relativePath": "../common/part.json" } }
        }]
    });
    let template = work.file("app/main.json", template.to_string());
    let refused = expect(0, &["arm", "expand", &template]);
    assert!(refused.stderr.contains("with `--link ../common/part.json=PATH`"), "{}", refused.stderr);
    assert!(!refused.stdout.contains("outside"), "{}", refused.stdout);
    let link = format!("../common/={}", work.text("common"));
    let allowed = expect(0, &["arm", "expand", &template, "--link", &link]);
    assert!(allowed.stdout.contains("outside"), "{}", allowed.stdout);
}

/// An estate with one subscription and one group, whose lists are not known to be complete.
fn estate(work: &Folder) -> String {
    let storage = |name: &str, tls: &str| {
        json!({
            "id": format!("{}/providers/Microsoft.Storage/storageAccounts/{name}", group("web")),
            "type": "Microsoft.Storage/storageAccounts", "name": name, "location": "westeurope",
            "sku": { "name": "Standard_LRS", "tier": "Standard" }, "kind": "StorageV2",
            "properties": {
                "minimumTlsVersion": tls, "accessTier": "Hot", "provisioningState": "Succeeded",
                "primaryEndpoints": { "blob": format!("https://{name}.blob.core.windows.net/") }
            }
        })
    };
    let mut first = storage("st1", "TLS1_2");
    first["properties"]["key"] = json!(SECRET);
    let mut other = storage("other", "TLS1_2");
    other["properties"]["largeFileSharesState"] = json!("Enabled");
    let documents = json!({ "value": [
        { "id": format!("/subscriptions/{SUB}"), "subscriptionId": SUB, "displayName": "Shop", "tenantId": SUB, "state": "Enabled" },
        { "id": group("web"), "type": "Microsoft.Resources/resourceGroups", "name": "web", "location": "westeurope", "properties": {} },
        storage("stsame", "TLS1_2"), storage("stold", "TLS1_0"), other, first, storage("forgotten", "TLS1_2"),
    ]});
    work.file("estate/resources.json", documents.to_string());
    work.text("estate")
}

/// A template that changes `stold`, keeps `stsame`, makes `stnew`, and cannot be sure about `other`.
fn changing() -> String {
    let storage = |name: &str, extra: Value| {
        let mut properties = json!({ "minimumTlsVersion": "TLS1_2" });
        for (name, value) in extra.as_object().into_iter().flatten() {
            properties[name] = value.clone();
        }
        json!({
            "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": name,
            "location": "[resourceGroup().location]", "sku": { "name": "Standard_LRS" }, "kind": "StorageV2",
            "properties": properties
        })
    };
    let template = json!({
        "$schema": SCHEMA, "contentVersion": "1.0.0.0",
        "resources": [
            storage("stsame", json!({})), storage("stold", json!({})), storage("stnew", json!({})),
            storage("other", json!({ "note": "[reference(resourceId('Microsoft.Web/sites', 'absent'), '2023-01-01').state]" })),
        ],
        "outputs": { "blob": { "type": "string", "value": "[reference(resourceId('Microsoft.Storage/storageAccounts', 'stsame'), '2023-01-01').primaryEndpoints.blob]" } }
    });
    format!("{template:#}")
}

#[test]
fn what_if_lists_changes_and_how_sure_they_are() {
    let work = Folder::new();
    let estate = estate(&work);
    let template = work.file("main.json", changing());
    let base = ["arm", "whatif", &template, "--estate", &estate, "-g", "web"];
    let json_of = |more: &[&str]| parsed(&expect(0, &[&base[..], more, &["-o", "json"]].concat()));

    let result = json_of(&[]);
    assert_eq!(result["status"], "Succeeded");
    let changes = result["properties"]["changes"].as_array().unwrap();
    let kind_of = |changes: &[Value], name: &str| -> String {
        let found = changes.iter().find(|change| change["resourceId"].as_str().unwrap().ends_with(name));
        found.unwrap_or_else(|| panic!("{name} is missing"))["changeType"].as_str().unwrap().to_owned()
    };
    for (name, kind) in [
        ("/stsame", "NoChange"),
        ("/stold", "Modify"),
        ("/stnew", "Create"),
        ("/other", "Modify"),
        ("/forgotten", "Ignore"),
    ] {
        assert_eq!(kind_of(changes, name), kind, "{name}");
    }
    let delta = |name: &str, path: &str| -> Value {
        let change =
            changes.iter().find(|change| change["resourceId"].as_str().unwrap().ends_with(name)).unwrap();
        change["delta"].as_array().unwrap().iter().find(|delta| delta["path"] == path).unwrap().clone()
    };
    let tls = delta("/stold", "properties.minimumTlsVersion");
    assert_eq!((&tls["before"], &tls["after"]), (&json!("TLS1_0"), &json!("TLS1_2")));
    assert_eq!((&tls["propertyChangeType"], &tls["certainty"]), (&json!("Modify"), &json!("certain")));
    assert_eq!(delta("/stold", "properties.accessTier")["certainty"], "default-noise");
    assert_eq!(delta("/other", "properties.note")["certainty"], "unknown");
    assert_eq!(delta("/other", "properties.largeFileSharesState")["certainty"], "unknown");

    let complete = json_of(&["--mode", "complete"]);
    assert_eq!(kind_of(complete["properties"]["changes"].as_array().unwrap(), "/forgotten"), "Delete");

    let shown = expect(0, &base).stdout;
    for line in [
        "  ~ Microsoft.Storage/storageAccounts/stold",
        "      ~ properties.minimumTlsVersion: \"TLS1_0\" => \"TLS1_2\"\n",
        "  + Microsoft.Storage/storageAccounts/stnew",
        "      + location: \"westeurope\"",
        "  * Microsoft.Storage/storageAccounts/forgotten",
        "(not certain: read from the running resource",
        "Resources: + 1 to create, ~ 2 to modify, = 1 no change, * 2 to ignore",
        "Properties: 1 certain, 2 not certain,",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("/stsame") && !shown.contains("accessTier"), "{shown}");
    let all = expect(0, &[&base[..], &["--all"]].concat()).stdout;
    assert!(
        all.contains("= Microsoft.Storage/storageAccounts/stsame") && all.contains("accessTier"),
        "{all}"
    );
    let coloured = azimuth(&[&base[..], &["--color", "always"]].concat()).stdout;
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let run = expect(0, &base);
    assert!(run.stderr.contains("(1 to create)"), "{}", run.stderr);

    expect(2, &["arm", "whatif", &template]);
    expect(2, &["arm", "whatif", &template, "--estate", &estate]);
    let broken = work.file("broken.json", changing().replace("resourceGroup().location", "nowhere()"));
    let refused = expect(3, &["arm", "whatif", &broken, "--estate", &estate, "-g", "web"]);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("`nowhere`"), "{}", refused.stderr);
}

#[test]
fn what_if_reads_a_store_as_of_a_moment_and_answers_references() {
    let work = Folder::new();
    let estate = estate(&work);
    let store = work.text("estate.db");
    expect(0, &["import", &estate, "--store", &store]);
    let template = work.file("main.json", changing());
    let run = expect(0, &["arm", "whatif", &template, "--store", &store, "-g", "WEB", "-o", "json"]);
    assert_eq!(parsed(&run)["properties"]["changes"].as_array().unwrap().len(), 6);
    let early = ["arm", "whatif", &template, "--store", &store, "-g", "web", "--as-of", "2001-01-01"];
    assert!(expect(3, &early).stderr.contains("holds no document as of that time"));
    let run = expect(0, &["arm", "expand", &template, "--store", &store, "-g", "web", "-o", "json"]);
    assert_eq!(parsed(&run)["outputs"]["blob"]["value"], "https://stsame.blob.core.windows.net/");
    assert!(run.stderr.contains("the only subscription of the estate"), "{}", run.stderr);
}

#[test]
fn an_estate_deployed_onto_itself_changes_nothing() {
    const KEPT: [&str; 9] =
        ["type", "name", "location", "tags", "sku", "kind", "identity", "zones", "properties"];
    let work = Folder::new();
    let estate = work.text("demo");
    expect(0, &["demo-estate", "--size", "300", "--seed", "5", "--out", &estate]);
    let export = expect(0, &["export", &estate, "-q"]).stdout;
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in export.lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        let segments: Vec<&str> = document["id"].as_str().unwrap_or_default().split('/').collect();
        let is_top = segments.len() == 9 && document["properties"].is_object();
        if !is_top || document["id"].as_str().unwrap().starts_with("/providers") {
            continue;
        }
        let mut resource = json!({ "apiVersion": "2023-01-01" });
        for name in KEPT {
            if !matches!(&document[name], Value::Null) && document[name] != "" {
                resource[name] = document[name].clone();
            }
        }
        groups.entry(segments[..5].join("/")).or_default().push(resource);
    }
    let mut compared = 0;
    for (id, resources) in groups.iter().take(12) {
        let template = work.file(
            "same.json",
            json!({ "$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources }).to_string(),
        );
        let segments: Vec<&str> = id.split('/').collect();
        let run = expect(
            0,
            &[
                "arm",
                "whatif",
                &template,
                "--estate",
                &estate,
                "--subscription",
                segments[2],
                "-g",
                segments[4],
                "-o",
                "json",
            ],
        );
        for change in parsed(&run)["properties"]["changes"].as_array().unwrap() {
            if change["changeType"] != "Ignore" {
                assert_eq!(change["changeType"], "NoChange", "{change:#}");
                compared += 1;
            }
        }
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn heads_of_resources_give_no_certain_properties() {
    let work = Folder::new();
    let head = json!([{
        "id": format!("{}/providers/Microsoft.Storage/storageAccounts/stsame", group("web")),
        "type": "Microsoft.Storage/storageAccounts", "name": "stsame", "location": "westeurope",
        "resourceGroup": "web", "sku": { "name": "Standard_LRS" }, "kind": "StorageV2", "tags": null
    }]);
    let listed = work.file("list.json", head.to_string());
    let template = work.file("main.json", changing());
    let run = expect(
        0,
        &["arm", "whatif", &template, "--estate", &listed, "--subscription", SUB, "-g", "web", "-o", "json"],
    );
    let result = parsed(&run);
    let delta = result["properties"]["changes"][0]["delta"].as_array().unwrap();
    let tls = delta.iter().find(|delta| delta["path"] == "properties.minimumTlsVersion").unwrap();
    assert_eq!(tls["certainty"], "unknown");
    assert!(tls["reason"].as_str().unwrap().contains("without its properties"), "{tls}");
}

#[test]
fn the_scope_follows_the_schema() {
    let work = Folder::new();
    let at = |level: &str| {
        let template = json!({
            "$schema": format!("https://schema.management.azure.com/schemas/2019-08-01/{level}#"),
            "contentVersion": "1.0.0.0",
            "resources": [{
                "type": "Microsoft.Authorization/policyDefinitions", "apiVersion": "2021-06-01", "name": "p", "properties": {}
            }]
        });
        work.file(&format!("{level}.json"), template.to_string())
    };
    let scope = |file: &str, more: &[&str]| {
        let run = expect(0, &[&["arm", "expand", file, "-o", "json"], more].concat());
        parsed(&run)["deployment"]["scope"].as_str().unwrap().to_owned()
    };
    let subscription = at("subscriptionDeploymentTemplate.json");
    let management = at("managementGroupDeploymentTemplate.json");
    assert_eq!(scope(&subscription, &["--subscription", SUB]), format!("/subscriptions/{SUB}"));
    assert_eq!(
        scope(&management, &["--management-group", "platform"]),
        "/providers/Microsoft.Management/managementGroups/platform"
    );
    assert_eq!(scope(&at("tenantDeploymentTemplate.json"), &[]), "/");
    expect(2, &["arm", "expand", &subscription, "-g", "web"]);
    expect(2, &["arm", "expand", &subscription, "--subscription", "a/b"]);
    let run = expect(0, &["arm", "expand", &subscription]);
    assert!(run.stderr.contains("placeholder `00000000-"), "{}", run.stderr);
}

#[cfg(unix)]
mod bicep {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    /// Runs the command with a PATH that holds only what the test put into `bin`.
    fn run(work: &Folder, code: i32, arguments: &[&str]) -> Run {
        std::fs::create_dir_all(work.path("bin")).expect("folders can be made");
        let output = Command::new(env!("CARGO_BIN_EXE_azimuth"))
            .args(arguments)
            .env_clear()
            .env("NO_COLOR", "1")
            .env("HOME", work.text("home"))
            .env("PATH", work.text("bin"))
            .output()
            .expect("the command starts");
        let run = Run {
            code: output.status.code().expect("it ends by itself"),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        };
        assert_eq!(run.code, code, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    fn program(work: &Folder, name: &str, script: &str) {
        let path = work.file(name, format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it is our file");
    }

    const BICEP: &str = "param name string\n\nresource st 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: name\n}\n";

    fn compiled() -> Value {
        json!({
            "$schema": SCHEMA, "contentVersion": "1.0.0.0", "languageVersion": "2.0", "contentVersion": "1.0.0.0",
            "parameters": { "name": { "type": "string" } },
            "resources": { "st": {
                "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[parameters('name')]",
                "location": "westeurope"
            } }
        })
    }

    #[test]
    fn bicep_is_compiled_by_the_users_compiler() {
        let work = Folder::new();
        let main = work.file("main.bicep", BICEP);
        let values = work.file("main.bicepparam", "using './main.bicep'\nparam name = 'stone'\n");
        work.file("compiled.json", serde_json::to_string_pretty(&compiled()).unwrap());
        let both = json!({
            "templateJson": compiled().to_string(),
            "parametersJson": json!({ "parameters": { "name": { "value": "stone" } } }).to_string()
        });
        work.file("both.json", both.to_string());
        let script = format!(
            "[ \"$3\" = --stdout ] || exit 9\necho 'main.bicep(1,7) : Warning no-unused-params' >&2\ncase $1 in build) exec /bin/cat '{}';; build-params) exec /bin/cat '{}';; esac\nexit 8",
            work.text("compiled.json"),
            work.text("both.json")
        );
        program(&work, "bin/bicep", &script);
        let given = run(&work, 0, &["arm", "expand", &main, "-p", "name=sttwo", "-o", "json"]);
        let result = parsed(&given);
        assert_eq!(result["resources"][0]["name"], "sttwo");
        assert_eq!(result["resources"][0]["declared"], json!({ "file": main, "line": 3, "column": 10 }));
        assert!(given.stderr.contains("Warning no-unused-params"), "{}", given.stderr);
        for arguments in
            [&["arm", "expand", &main, &values, "-o", "json"][..], &["arm", "expand", &values, "-o", "json"]]
        {
            assert_eq!(parsed(&run(&work, 0, arguments))["resources"][0]["name"], "stone");
        }
        // An error of the compiled template leads back to the declaration.
        let wrong = serde_json::to_string_pretty(&compiled()).unwrap().replace("westeurope", "[nowhere()]");
        work.file("compiled.json", wrong);
        let failed = run(&work, 3, &["arm", "expand", &main, "-p", "name=sttwo"]);
        for part in [
            "main.bicep (compiled):",
            "^^^^^^^",
            &format!("from `st`, declared at {main}:3:10"),
            "Bicep makes",
        ] {
            assert!(failed.stderr.contains(part), "{part}\n{}", failed.stderr);
        }
    }

    #[test]
    fn a_missing_failing_or_hanging_compiler_is_told_plainly() {
        let work = Folder::new();
        let main = work.file("main.bicep", BICEP);
        let missing = run(&work, 3, &["arm", "expand", &main]);
        assert!(
            missing.stderr.contains("no Bicep compiler is installed")
                && missing.stderr.contains("az bicep install"),
            "{}",
            missing.stderr
        );
        let absent = run(&work, 3, &["arm", "expand", &work.text("absent.bicep")]);
        assert!(absent.stderr.contains("cannot read"), "{}", absent.stderr);

        program(
            &work,
            "bin/az",
            "echo \"ERROR: $1 $2 $3 main.bicep(3,1) : Error BCP018: Expected\" >&2\nexit 1",
        );
        let failing = run(&work, 3, &["arm", "expand", &main]);
        assert!(
            failing.stderr.contains("ERROR: bicep build --file main.bicep(3,1) : Error BCP018"),
            "{}",
            failing.stderr
        );

        program(&work, "home/.azure/bin/bicep", "echo no json");
        let garbage = run(&work, 3, &["arm", "expand", &main]);
        assert!(garbage.stderr.contains("error[arm-json]"), "{}", garbage.stderr);

        program(&work, "bin/bicep", "/bin/sleep 30 & wait");
        let hanging = run(&work, 4, &["arm", "expand", &main, "--bicep-timeout", "1"]);
        assert!(hanging.stderr.contains("within 1 seconds"), "{}", hanging.stderr);
    }
}

#[test]
fn real_templates_expand_without_panic() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("corpora/arm/templates/templates.jsonl")).unwrap();
    let cases: Vec<Value> =
        text.lines().step_by(10).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() >= 59);
    let work = Folder::new();
    let mut resources = 0;
    let mut refused = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let mut values = serde_json::Map::new();
        for given in ["parameters_made_up", "parameters_given"] {
            for (name, value) in case[given].as_object().into_iter().flatten() {
                values.insert(name.clone(), json!({ "value": value }));
            }
        }
        let template =
            work.file(&format!("{number}.json"), serde_json::to_string_pretty(&case["template"]).unwrap());
        let parameters =
            work.file(&format!("{number}.parameters.json"), json!({ "parameters": values }).to_string());
        let run = azimuth(&[
            "arm",
            "expand",
            &template,
            &parameters,
            "-l",
            "westeurope",
            "-o",
            "json",
            "--origins",
        ]);
        assert!(matches!(run.code, 0 | 3), "{}: {}\n{}", case["id"], run.code, run.stderr);
        if !run.stdout.is_empty() {
            resources += parsed(&run)["resources"].as_array().unwrap().len();
        }
        if run.code == 3 {
            refused.push(format!("{}\n{}", case["id"], run.stderr));
        }
    }
    assert!(resources > 150, "{resources}");
    assert!(refused.len() <= 6, "{} of {}:\n{}", refused.len(), cases.len(), refused.join("\n"));
}
