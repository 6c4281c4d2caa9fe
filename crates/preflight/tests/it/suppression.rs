//! Findings that the template asks not to show.

use crate::support::{pack, run};

const HTTPS: (&str, &str) = (
    "HTTPS-1",
    r#"{"allOf": [{"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        {"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "equals": false}]}"#,
);

#[test]
fn comments_and_metadata_hide_findings_that_are_counted() {
    let pack = pack(&[HTTPS]);
    let resource = |comment: &str, member: &str| {
        format!(
            "{{\"resources\": [{{\"type\": \"Microsoft.Storage/storageAccounts\", \"apiVersion\": \"2023-01-01\", \"name\": \"st\", {member}\n\"properties\": {{\n{comment}\n\"supportsHttpsTrafficOnly\": false}}}}]}}"
        )
    };
    for (comment, member, hidden, warned) in [
        ("// azimuth:ignore HTTPS-1 legacy device", "", 1, 0),
        ("// azimuth:ignore https-* legacy device", "", 1, 0),
        ("/* azimuth:ignore HTTPS-1 legacy device */", "", 1, 0),
        ("// azimuth:ignore HTTPS-1", "", 0, 1),
        ("// azimuth:ignore OTHER why", "", 0, 1),
        ("", r#""metadata": {"azimuth": {"ignore": [{"rule": "HTTPS-1", "reason": "legacy"}]}},"#, 1, 0),
        ("", "", 0, 0),
    ] {
        let report = run(&resource(comment, member), "", &pack);
        assert_eq!(report.suppressed.len(), hidden, "{comment} {member}");
        assert_eq!(report.findings.len(), 1 - hidden, "{comment} {member}");
        let notes = report.diagnostics.iter().filter(|finding| finding.code.starts_with("check-ignore"));
        assert_eq!(notes.count(), warned, "{comment} {member}");
    }
}
