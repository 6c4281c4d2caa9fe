//! `azimuth lake` as its users meet it.

use crate::support::{Folder, expect};

#[test]
fn logs_are_taken_in_asked_kept_and_checked() {
    let folder = Folder::new();
    let logs = folder.file(
        "signins.ndjson",
        "{\"TimeGenerated\":\"2020-01-02T00:00:00Z\",\"UserPrincipalName\":\"ann@example.com\",\"ResultType\":\"0\"}\n\
         {\"TimeGenerated\":\"2020-02-02T00:00:00Z\",\"UserPrincipalName\":\"bob@example.com\",\"ResultType\":\"50126\"}\n\
         {\"broken\":\n",
    );
    let lake = folder.text("lake");
    let no_lake = expect(3, &["lake", "tables", "--lake", &lake]);
    assert!(no_lake.stderr.contains("is no lake"), "{}", no_lake.stderr);
    let taken =
        expect(0, &["lake", "ingest", "--lake", &lake, "--table", "SigninLogs", "--once", "x", &logs]);
    assert!(taken.stderr.contains("2 rows taken in"), "{}", taken.stderr);
    assert!(taken.stderr.contains("1 record could not be read"), "{}", taken.stderr);
    let again =
        expect(0, &["lake", "ingest", "--lake", &lake, "--table", "SigninLogs", "--once", "x", &logs]);
    assert!(again.stderr.contains("2 rows had been taken in before"), "{}", again.stderr);
    let ask = |query: &str| expect(0, &["query", "--lake", &lake, query, "-q", "-o", "csv"]).stdout;
    assert_eq!(
        ask("SigninLogs | where UserPrincipalName has 'bob' | project ResultType"),
        "ResultType\n50126\n"
    );
    assert_eq!(ask("AzimuthDeadLetters | project RawData"), "RawData\n\"{\"\"broken\"\":\"\n");
    let tables = expect(0, &["lake", "tables", "--lake", &lake]).stdout;
    assert!(tables.contains("SigninLogs") && tables.contains("for ever, Analytics"), "{tables}");
    expect(0, &["lake", "hold", "--lake", &lake, "--name", "case-7", "--to", "2020-01-31"]);
    expect(2, &["lake", "hold", "--lake", &lake]);
    expect(3, &["lake", "hold", "--lake", &lake, "--name", "other", "--release"]);
    expect(3, &["lake", "hold", "--lake", &lake, "--name", "other", "--from", "soon"]);
    expect(
        0,
        &["lake", "retain", "--lake", &lake, "--table", "SigninLogs", "--days", "30", "--plan", "basic"],
    );
    assert_eq!(ask("SigninLogs | project UserPrincipalName"), "UserPrincipalName\nann@example.com\n");
    expect(0, &["lake", "compact", "--lake", &lake]);
    let checked = expect(0, &["lake", "check", "--lake", &lake]).stdout;
    assert!(checked.contains("2 tables, 2 files"), "{checked}");
    expect(0, &["lake", "repair", "--lake", &lake]);
    expect(0, &["lake", "replay", "--lake", &lake]);
}
