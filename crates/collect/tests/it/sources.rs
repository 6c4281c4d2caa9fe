//! What sources write, in all the ways in which records are put together.

use serde_json::{Value, json};

use crate::kept::{read, read_in, source};

fn tables(path: &str, text: &str) -> Vec<(String, usize)> {
    let kept = read(path, text.as_bytes());
    assert_eq!(kept.dead, []);
    kept.rows.into_iter().map(|(table, rows)| (table, rows.len())).collect()
}

fn one(table: &str, count: usize) -> Vec<(String, usize)> {
    vec![(table.to_owned(), count)]
}

#[test]
fn objects_are_found_however_they_are_put_together() {
    for text in [
        "{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":3}",
        "[{\"a\":1},{\"a\":2},\n{\"a\":3}]",
        "{\"records\":[{\"a\":1},{\"a\":2},{\"a\":3}]}",
        "{\"records\":[{\"a\":1}]}\n{\"records\":[{\"a\":2},{\"a\":3}]}\n",
        "{\n\"@odata.context\":\"x\",\n\"value\": [\n{\"a\":1},\n{\"a\":2},\n{\"a\":3}\n],\n\"@odata.nextLink\":\"y\"\n}\n",
        "{\n \"a\":1\n}\n{\n \"a\":2\n}\n{\n \"a\":3\n}",
        "\u{feff}[\"{\\\"a\\\":1}\",{\"a\":2},{\"a\":3}]",
        "[{\"records\":[{\"a\":1},{\"a\":2}]},{\"a\":3}]",
    ] {
        assert_eq!(tables("own.json", text), one("own_CL", 3), "{text}");
    }
    let kept = read("own.json", b"{\"value\":[{\"b\":1}],\"name\":\"not a wrapper\"}");
    assert_eq!(kept.rows["own_CL"][0]["value"], json!([{"b": 1}]));
}

#[test]
fn separated_values() {
    let text = "TimeGenerated [UTC],UserPrincipalName,Status\r\n\"2/3/2024, 4:05:06.789 AM\",a@x,\"{\"\"errorCode\"\":0}\"\r\n";
    let kept = read("SigninLogs.csv", text.as_bytes());
    let row = Value::from(kept.rows["SigninLogs"][0].clone());
    let wanted = json!({
        "TimeGenerated": "2024-02-03T04:05:06.7890000Z", "UserPrincipalName": "a@x", "Status": {"errorCode": 0},
        "Type": "SigninLogs"
    });
    assert_eq!(row, wanted);
    assert_eq!(tables("x.tsv", "a\tb\n1\t\"two\nlines\"\n3\t4\n"), one("x_CL", 2));
}

#[test]
fn lines_of_devices() {
    let text = "<34>1 2003-10-11T22:14:15.003Z host su - ID47 - failed\n<13>Oct 11 22:14:15 fw CEF:0|V|P|1|c|n|3|src=1.1.1.1\n";
    assert_eq!(tables("", text), [("CommonSecurityLog".into(), 1), ("Syslog".into(), 1)]);
    assert_eq!(tables("", "Oct 11 22:14:15 fw CEF:0|V|P|1|c|n|3|src=1.1.1.1\n"), one("CommonSecurityLog", 1));
    assert_eq!(
        tables("", "May  1 22:14:15 host sshd[1]: x\nMay  1 22:14:16 host sshd[1]: y\n"),
        one("Syslog", 2)
    );
    let kept = read("app.log", b"one line\nanother\n");
    assert_eq!(kept.rows["app_CL"][1]["RawData"], "another");
}

#[test]
fn events_of_windows() {
    let event = |id: u32| {
        format!(
            "<Event xmlns='x'><System><EventID>{id}</EventID><Channel>Security</Channel></System><EventData><Data Name='a'>b</Data></EventData></Event>"
        )
    };
    let text = format!("<?xml version='1.0'?>\n<Events>{}\n{}</Events>\n", event(4624), event(4625));
    assert_eq!(tables("", &text), one("SecurityEvent", 2));
    let damaged = format!("{}<Event><System></Event>{}<Event><System>", event(1), event(2));
    let kept = read("", damaged.as_bytes());
    assert_eq!((kept.rows["SecurityEvent"].len(), kept.dead.len()), (2, 2));
}

#[test]
fn a_named_table_takes_members_as_columns() {
    let mut named = source("x.json");
    named.table = Some("Own_CL".into());
    let (kept, _) = read_in(
        named,
        b"{\"category\":\"AuditEvent\",\"time\":\"2024-01-01T00:00:00Z\",\"properties\":{}}",
        4,
    );
    let row = &kept.rows["Own_CL"][0];
    assert_eq!(
        (&row["category"], &row["TimeGenerated"]),
        (&"AuditEvent".into(), &"2024-01-01T00:00:00.0000000Z".into())
    );
}

#[test]
fn a_path_tells_the_resource_of_an_export() {
    let path = "insights-logs-auditevent/resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V/y=2024/\
                m=01/d=02/h=03/m=00/PT1H.json";
    let text = "{\"time\":\"2024-01-02T03:04:05Z\",\"category\":\"AuditEvent\",\"operationName\":\"SecretGet\",\"properties\":{}}\n";
    let kept = read(path, text.as_bytes());
    let row = &kept.rows["AZKVAuditLogs"][0];
    assert_eq!(row["_ResourceId"], "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v");
}
