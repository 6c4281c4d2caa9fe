//! Nothing that a template holds makes a check panic or run away.

use azimuth_arm::{Parameters, Source};
use azimuth_preflight::{Options, Pack, check};

use crate::support::{context, now, run};

fn survives(text: &str, pack: &Pack) {
    let Ok(source) = Source::parse("t.json", text) else { return };
    let options = Options::new(context(), now());
    let report = check(&source, &Parameters::none(), &options, pack);
    for finding in report.findings.iter().chain(&report.unknown) {
        assert!(finding.place.spot.line >= 1 && !finding.fingerprint.is_empty());
    }
}

#[test]
fn strange_shapes() {
    let pack = Pack::built_in();
    for text in [
        "null",
        "[]",
        "{}",
        r#"{"resources": 7}"#,
        r#"{"resources": [1, null, "x", []]}"#,
        r#"{"resources": [{"type": "Microsoft.Storage/storageAccounts"}]}"#,
        r#"{"resources": [{"type": 1, "name": {}, "apiVersion": [], "properties": "x"}]}"#,
        r#"{"resources": [{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "é", "name": "é/é", "properties": []}]}"#,
        r#"{"resources": [{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "1", "name": "[", "properties": {"supportsHttpsTrafficOnly": {"a": [null]}}}]}"#,
        "{\"resources\": [ // azimuth:ignore\n// azimuth:ignore é\n/* azimuth:ignore X */]}",
    ] {
        survives(text, &pack);
    }
}

#[test]
fn templates_cut_anywhere_and_with_any_value_replaced() {
    let pack = Pack::built_in();
    let text = r#"{"parameters": {"p": {"type": "bool", "defaultValue": false}}, "resources": [
        {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[concat('s', copyIndex())]",
         "copy": {"name": "c", "count": 2}, "properties": {"supportsHttpsTrafficOnly": "[parameters('p')]"}}]}"#;
    let close = ["", "}", "]}", "\"}]}", "}}]}"];
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        for tail in close {
            survives(&format!("{}{tail}", &text[..end]), &pack);
        }
    }
    for (from, to) in [("2", "-1"), ("2", "100000"), ("false", "null"), ("'p'", "'q'"), ("copyIndex()", "1")]
    {
        survives(&text.replace(from, to), &pack);
    }
}

#[test]
fn deep_values_and_long_arrays_are_bounded() {
    let pack = Pack::built_in();
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let long = format!("[{}]", vec!["{\"name\": \"[reference('x').y]\"}"; 3_000].join(","));
    for value in [deep, long] {
        let text = format!(
            r#"{{"resources": [{{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2023-01-01", "name": "n",
                "properties": {{"securityRules": {value}}}}}]}}"#
        );
        run(&text, "", &pack);
    }
}
