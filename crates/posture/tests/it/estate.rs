//! Small estates from JSON documents.

use azimuth_estate::Snapshot;
use azimuth_ids::DocumentKey;
use serde_json::Value;

/// Short names that documents of cases may use in their texts.
const NAMES: [(&str, &str); 7] = [
    ("{root}", "/providers/Microsoft.Management/managementGroups/contoso"),
    ("{mg}", "/providers/Microsoft.Management/managementGroups"),
    ("{net}", "{rg}/providers/Microsoft.Network"),
    ("{vm}", "{rg}/providers/Microsoft.Compute/virtualMachines/vm1"),
    ("{rg}", "{sub}/resourceGroups/App"),
    ("{sub2}", "/subscriptions/00000000-0000-0000-0000-000000000002"),
    ("{sub}", "/subscriptions/00000000-0000-0000-0000-000000000001"),
];

/// Replaces the short names in a text.
pub(crate) fn spell_out(text: &str) -> String {
    NAMES.iter().fold(text.to_owned(), |text, (short, long)| text.replace(short, long))
}

/// A snapshot of documents: bodies with an `id` that begins with a slash, or `{"key": …, "body": …}`.
/// `complete` is `"all"` or a list of `[type, scope]`.
pub(crate) fn snapshot(documents: &[Value], complete: &Value) -> Snapshot {
    let mut builder = Snapshot::builder();
    for document in documents {
        let (key, body) = match (document.get("key"), document.get("id")) {
            (Some(key), _) => (key, &document["body"]),
            (None, Some(id)) => (id, document),
            (None, None) => panic!("a document needs `id` or `key`: {document}"),
        };
        let key = DocumentKey::parse(key.as_str().unwrap()).unwrap();
        builder.push(&key, body.to_string());
    }
    let evidence = |builder: &mut azimuth_estate::SnapshotBuilder, kind: &str, scope: &str| {
        let body = serde_json::json!({"kind": "Evidence", "type": kind, "scope": scope});
        let key = azimuth_estate::evidence::evidence_key(kind, scope).unwrap();
        builder.push(&key, body.to_string());
    };
    match complete {
        Value::String(all) if all == "all" => evidence(&mut builder, "all", "*"),
        Value::Array(lists) => {
            for list in lists {
                evidence(&mut builder, list[0].as_str().unwrap(), list[1].as_str().unwrap());
            }
        }
        other => assert!(other.is_null(), "`complete` is `all` or a list: {other}"),
    }
    builder.finish()
}
