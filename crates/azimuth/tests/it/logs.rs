//! `azimuth logs convert`.

use std::io::Write;

use serde_json::Value;

use crate::support::{Folder, expect};

const AUDIT: &str = r#"{"time":"2024-01-02T03:04:05Z","category":"AuditEvent","operationName":"SecretGet","properties":{"httpStatusCode":200}}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text.as_bytes()).expect("memory takes it");
    out.finish().expect("memory takes it")
}

#[test]
fn a_folder_becomes_a_file_for_each_table() {
    let folder = Folder::new();
    let export = "in/resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V/y=2024/m=01/d=02/h=03/m=00/PT1H.json";
    folder.file(export, format!("{AUDIT}\n{AUDIT}\nnot json\n"));
    folder.file("in/messages.log.gz", gzip("<34>1 2003-10-11T22:14:15.003Z host su - - - failed\n"));
    let out = folder.text("out");
    let run = expect(0, &["logs", "convert", &folder.text("in"), "--out", &out, "--output", "json"]);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["tables"], serde_json::json!({"AZKVAuditLogs": 2, "Syslog": 1}));
    assert_eq!(
        (&summary["files"], &summary["rows"], &summary["deadLetters"]),
        (&2.into(), &3.into(), &1.into())
    );
    let rows = std::fs::read_to_string(folder.path("out/AZKVAuditLogs.ndjson")).unwrap();
    let row: Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    assert_eq!(row["HttpStatusCode"], 200);
    assert_eq!(row["_ResourceId"], "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v");
    let dead = std::fs::read_to_string(folder.path("out/dead-letters.ndjson")).unwrap();
    let dead: Value = serde_json::from_str(dead.trim()).unwrap();
    assert_eq!((&dead["raw"], &dead["place"]), (&"not json".into(), &3.into()));
    let answer = expect(
        0,
        &[
            "query",
            "--table",
            &folder.text("out/Syslog.ndjson"),
            "Syslog | project ProcessName",
            "--output",
            "csv",
        ],
    );
    assert!(answer.stdout.contains("su"), "{}", answer.stdout);
}

#[test]
fn a_truncated_archive_gives_what_is_left_and_says_so() {
    let folder = Folder::new();
    let whole = gzip(&format!("{AUDIT}\n").repeat(5_000));
    let path = folder.file("x.json.gz", &whole[..whole.len() - 20]);
    let run = expect(0, &["logs", "convert", &path]);
    assert!(
        run.stdout.contains("1 dead letters") && run.stdout.contains("the compressed stream is damaged"),
        "{}",
        run.stdout
    );
    assert!(expect(3, &["logs", "convert", "--strict", &path]).stderr.contains("could not be read"));
    expect(2, &["logs", "convert", "--table", "../x", &path]);
    expect(2, &["logs", "convert", "--zone", "Nowhere", &path]);
}
