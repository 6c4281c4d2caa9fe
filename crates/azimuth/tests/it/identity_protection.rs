//! `azimuth identity`: passwords, risk and coverage, as its users meet them.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Folder, Run, expect};

/// Runs a command with text on standard input.
fn with_input(arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_azimuth"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(input.as_bytes()).expect("the command reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Run {
        code: output.status.code().expect("it ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

const CHECK: [&str; 4] = ["identity", "password", "check", "--format=json"];

#[test]
fn passwords_are_judged_and_never_shown() {
    let work = Folder::new();
    let custom = work.file("custom.txt", "Contoso\nwidget\n");
    let arguments =
        [&CHECK[..], &["--custom-list", &custom, "--given-name", "Anna", "--fail-on", "refused"]].concat();
    let input = "C0ntos0Widget12\r\nQuiet-harbour7-Lamps\nxyAnna77!kQ\nshort";
    let run = with_input(&arguments, input);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let verdicts: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    let results: Vec<_> =
        verdicts.as_array().unwrap().iter().map(|verdict| verdict["result"].clone()).collect();
    assert_eq!(results, ["refused", "accepted", "refused", "refused"]);
    assert_eq!(verdicts[0]["points"], 4);
    for password in input.lines() {
        assert!(!run.stdout.contains(password) && !run.stderr.contains(password));
    }
    assert_eq!(with_input(&CHECK, "").code, 3);
}

#[test]
fn breached_passwords_are_found_in_both_kinds_of_files() {
    let work = Folder::new();
    // SHA-1 of "abc", after FIPS 180.
    let ordered = work.file("ordered.txt", "A9993E364706816ABA3E25717850C26C9CD0D89D:77\n");
    work.file("ranges/A9993.txt", "E364706816ABA3E25717850C26C9CD0D89D:78\r\n");
    for (path, times) in [(ordered, 77), (work.text("ranges"), 78)] {
        let run = with_input(&[&CHECK[..], &["--breached", &path]].concat(), "abc\n");
        assert_eq!(run.code, 0, "{}", run.stderr);
        let verdicts: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
        assert_eq!(verdicts[0]["timesBreached"], times);
    }
    let run = with_input(&[&CHECK[..], &["--breached", &work.text("ranges")]].concat(), "other\n");
    assert_eq!(run.code, 3, "a range file is missing: {}", run.stdout);
}

#[test]
fn custom_lists_are_checked() {
    let work = Folder::new();
    expect(0, &["identity", "password", "custom-list", &work.file("good.txt", "contoso\twidget\n")]);
    let run = expect(3, &["identity", "password", "custom-list", &work.file("bad.txt", "abc\ncontoso\n")]);
    assert!(run.stdout.contains("`abc` has fewer than 4 characters"), "{}", run.stdout);
}

fn sign_in(day: i64, hour: i64, is_stranger: bool) -> Value {
    let (country, city, address, latitude, longitude, browser) = if is_stranger {
        ("AU", "Sydney", "203.0.113.7", -33.87, 151.21, "Firefox 128.0")
    } else {
        ("NO", "Oslo", "192.0.2.10", 59.91, 10.75, "Edge 130.0.0")
    };
    json!({
        "Type": "SigninLogs", "Id": format!("r{day}-{hour}"), "CorrelationId": "c", "UserId": "anna",
        "TimeGenerated": format!("2026-01-{day:02}T{hour:02}:00:00Z"), "UserPrincipalName": "anna@contoso.com",
        "IPAddress": address, "Location": country, "ResultType": "0",
        "AuthenticationRequirement": "singleFactorAuthentication",
        "LocationDetails": {"city": city, "state": city, "geoCoordinates": {"latitude": latitude, "longitude": longitude}},
        "DeviceDetail": {"operatingSystem": "Windows 10", "browser": browser},
    })
}

fn logs(work: &Folder) -> String {
    let mut rows: Vec<Value> = (1..=20).map(|day| sign_in(day, 8, false)).collect();
    rows.push(sign_in(20, 10, true));
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    work.file("logs/SigninLogs.ndjson", lines.join("\n"));
    work.text("logs")
}

fn values(run: &Run) -> Vec<Value> {
    let page: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    page["value"].as_array().expect("it is a list").clone()
}

#[test]
fn a_stranger_makes_a_user_risky_until_somebody_decides() {
    let work = Folder::new();
    let (logs, actions) = (logs(&work), work.text("decisions.ndjson"));
    let risk = |arguments: &[&str]| {
        [&["identity", "risk"], arguments].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |code, arguments: &[&str]| {
        let arguments = risk(arguments);
        expect(code, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let users = values(&run(0, &["users", &logs, "-f", "json"]));
    assert_eq!(users.len(), 1);
    assert_eq!((&users[0]["riskLevel"], &users[0]["riskState"]), (&json!("high"), &json!("atRisk")));

    let detections =
        run(0, &["detections", &logs, "--type", "unlikelyTravel,newCountry", "-f", "csv"]).stdout;
    assert_eq!(detections.lines().count(), 3, "{detections}");
    assert!(detections.contains("km from NO to AU"), "{detections}");
    let hidden = values(&run(0, &["detections", &logs, "--license", "p1", "-f", "json"]));
    assert!(hidden.iter().all(|detection| detection["riskEventType"] == "generic"));
    assert!(run(0, &["sign-ins", &logs]).stdout.contains("203.0.113.7"));

    run(
        0,
        &[
            "act",
            "dismiss",
            "--user",
            "anna",
            "--actions",
            &actions,
            "--by",
            "operator",
            "--at",
            "2026-01-20T12:00:00Z",
        ],
    );
    let open = run(0, &["users", &logs, "--actions", &actions, "--state", "atRisk", "-f", "json"]);
    assert_eq!(values(&open).len(), 0);
    let history =
        values(&run(0, &["history", "anna@contoso.com", &logs, "--actions", &actions, "-f", "json"]));
    let last = history.last().unwrap();
    assert_eq!((&last["riskState"], &last["initiatedBy"]), (&json!("dismissed"), &json!("operator")));
    let before =
        run(0, &["users", &logs, "--actions", &actions, "--as-of", "2026-01-20T11:00:00Z", "-f", "json"]);
    assert_eq!(values(&before)[0]["riskState"], "atRisk");

    let trusted = work.file("trusted.txt", "203.0.113.0/24\n");
    assert_eq!(values(&run(0, &["users", &logs, "--trusted", &trusted, "-f", "json"])).len(), 0);
    assert!(run(0, &["summary", &logs]).stdout.contains("unfamiliarFeatures"));
    run(2, &["users", &logs, "--level", "extreme"]);
    run(3, &["history", "ben", &logs]);
}

#[test]
fn the_catalogue_says_what_is_not_computed() {
    let catalogue = expect(0, &["identity", "risk", "catalogue"]).stdout;
    assert!(catalogue.contains("attackerinTheMiddle") && catalogue.contains("no, it takes"), "{catalogue}");
}

#[test]
fn coverage_joins_registration_and_sign_ins() {
    let work = Folder::new();
    let logs = logs(&work);
    let users = json!({"value": [
        {"id": "anna", "userPrincipalName": "anna@contoso.com", "isAdmin": true, "isMfaRegistered": true,
            "isMfaCapable": true, "methodsRegistered": ["softwareOneTimePasscode"]},
        {"id": "ben", "userPrincipalName": "ben@contoso.com", "isAdmin": true, "methodsRegistered": []},
    ]});
    let users = work.file("registration.json", users.to_string());
    let run = expect(0, &["identity", "mfa", &users, "--sign-ins", &logs, "-f", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    assert_eq!((&report["all"]["mfaCapable"], &report["all"]["passwordOnly"]), (&json!(1), &json!(1)));
    assert_eq!(report["adminsWithoutMfa"], json!(["ben@contoso.com"]));
    assert_eq!(report["capableButNeverChallenged"], json!(["anna@contoso.com"]));
    assert!(expect(0, &["identity", "mfa", &users]).stdout.contains("administrators who cannot"));
}
