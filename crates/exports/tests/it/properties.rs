//! Laws on generated input.

use azimuth_exports::{canonical, export_ndjson, merge, read, read_parallel};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::read_all;

/// JSON texts: valid, with odd spellings of white space, strings and numbers.
fn json() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-zé\u{1f600}/ ]{0,6}",
        Just("\\u0041\\n".to_owned()),
        Just("\\ud83d\\ude00".to_owned())
    ];
    let scalar = prop_oneof![
        text.clone().prop_map(|text| format!("\"{text}\"")),
        prop_oneof![Just("0"), Just("-0.0"), Just("1.50"), Just("1E5"), Just("12345678901234567890")]
            .prop_map(str::to_owned),
        prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(str::to_owned),
    ];
    scalar.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[ {}]", items.join(" ,\t"))),
            vec(("[a-z]{1,3}", inner), 0..5).prop_map(|members| {
                let mut seen = std::collections::BTreeSet::new();
                let members: Vec<String> = members
                    .into_iter()
                    .filter(|(key, _)| seen.insert(key.clone()))
                    .map(|(key, value)| format!("\"{key}\" : {value}"))
                    .collect();
                format!("{{{}\n}}", members.join(","))
            }),
        ]
    })
}

fn resource() -> impl Strategy<Value = String> {
    ("[a-zA-Z0-9._-]{1,12}", json(), prop::option::of(json())).prop_map(|(name, inner, extra)| {
        let extra = extra.map_or(String::new(), |extra| format!(",\"extra\":{extra}"));
        format!(
            "{{\"id\":\"/subscriptions/s/resourceGroups/{name}\",\"properties\":{{\"x\":{inner}}}{extra}}}"
        )
    })
}

/// Words of the formats, strung together at random.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        " ",
        "\"value\"",
        "\"data\"",
        "\"id\"",
        "\"properties\"",
        "\"azimuth\"",
        "\"recorded-response/1\"",
        "\"evidence/1\"",
        "\"document/1\"",
        "\"@odata.context\"",
        "\"#users\"",
        "\"members\"",
        "\"children\"",
        "\"type\"",
        "\"/subscriptions\"",
        "\"/subscriptions/s\"",
        "\"complete\"",
        "\"body\"",
        "\"url\"",
        "\"https://graph.microsoft.com/v1.0/users\"",
        "\"https://management.azure.com/subscriptions\"",
        "\"status\"",
        "200",
        "\"final\"",
        "true",
        "null",
        "\"columns\"",
        "\"rows\"",
        "\"responses\"",
        "\"$schema\"",
        "\"count\"",
        "\"/providers/Microsoft.Management/managementGroups/m\"",
        "\"name\"",
        "\"tenantId\"",
        "\"resourceGroup\"",
        "\"g\"",
        "id,name,type\n",
        "WARNING: x\n",
        "\"values\"",
        "\"cloud\"",
        "\"changeNumber\"",
        "\"key\"",
        "\"graph:/users/u\"",
    ]);
    vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..300)) {
        read_all("noise", &bytes);
    }

    #[test]
    fn any_words_are_survived(text in words()) {
        let (documents, report) = read_all("words", text.as_bytes());
        prop_assert!(report.records >= report.rejected);
        let merged = merge(documents);
        let lines: Vec<String> = export_ndjson(&merged.documents).collect();
        let (again, report) = read_all("export", lines.join("\n").as_bytes());
        prop_assert_eq!(report.rejected, 0, "{:?}\n{:?}", lines, report.diagnostics);
        prop_assert_eq!(export_ndjson(&merge(again).documents).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn validity_agrees_with_another_parser(text in json(), cut in 0_usize..200) {
        prop_assert!(canonical(&text).is_ok());
        let ours: serde_json::Value = serde_json::from_str(&canonical(&text).unwrap()).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(ours, theirs);
        let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        let part = &text[..cut];
        prop_assert_eq!(canonical(part).is_ok(), serde_json::from_str::<serde_json::Value>(part).is_ok(), "{}", part);
    }

    #[test]
    fn the_canonical_form_is_its_own(text in json()) {
        let form = canonical(&text).unwrap();
        prop_assert_eq!(canonical(&form).unwrap(), form);
    }

    #[test]
    fn every_resource_arrives_in_every_wrapping(resources in vec(resource(), 1..6)) {
        let expected: Vec<String> = resources.iter().map(|text| canonical(text).unwrap()).collect();
        let lines: Vec<String> = resources.iter().map(|text| text.replace(['\n', '\t'], " ")).collect();
        let list = resources.join(",");
        let wrappings = [
            lines.join("\n"),
            lines.join("\r\n"),
            resources.join("\n"),
            format!("[{list}]"),
            format!("{{\"value\":[{list}]}}"),
            format!("{{\"count\":1,\"data\":[{list}],\"skip_token\":null}}"),
            format!("[{{\"value\":[{list}]}}]"),
            format!("{{\"azimuth\":\"recorded-response/1\",\"url\":\"https://management.azure.com/subscriptions/s/resourceGroups\",\"status\":200,\"body\":{{\"value\":[{list}]}}}}"),
            format!("\u{feff}[{list}]"),
        ];
        for text in wrappings {
            let (documents, report) = read_all("a.json", text.as_bytes());
            prop_assert_eq!(report.rejected, 0, "{:?} {}", report.diagnostics, text);
            let bodies: Vec<String> = documents.iter().map(|document| canonical(&document.body).unwrap()).collect();
            prop_assert_eq!(&bodies, &expected, "{}", text);
        }
        let units: Vec<u8> = [0xFF, 0xFE].into_iter().chain(format!("[{list}]").encode_utf16().flat_map(u16::to_le_bytes)).collect();
        prop_assert_eq!(read_all("a.json", &units).0.len(), expected.len());
    }

    #[test]
    fn threads_change_nothing(resources in vec(resource(), 1..6), threads in 0_usize..4) {
        let text = resources.join("\n");
        let mut documents = Vec::new();
        let report = read("a", text.as_bytes(), &mut |document| documents.push(document));
        prop_assert_eq!(read_parallel("a", text.as_bytes(), threads), (documents, report));
    }
}
