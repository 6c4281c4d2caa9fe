//! `azimuth query` as its users meet it.

use azimuth_query::{Columns, Config, Engine, Format};

use crate::support::{Folder, expect};

const LOGS: &str = concat!(
    "{\"At\":\"2024-01-01T10:00:00Z\",\"User\":\"ann\",\"Bytes\":5,\"D\":{\"a\":{\"b\":\"x\"}}}\n",
    "{\"At\":\"2024-01-01T11:00:00Z\",\"User\":\"bob\",\"Bytes\":7,\"D\":[1,2]}\n",
    "{\"At\":\"2024-01-02T11:00:00Z\",\"User\":\"ann, the first\",\"Bytes\":null,\"late\":true}\n",
);

fn logs(folder: &Folder) -> String {
    folder.file("Logs.ndjson", LOGS)
}

#[test]
fn every_format_says_the_same() {
    let folder = Folder::new();
    let path = logs(&folder);
    let query = "Logs | sort by At asc | project User, Bytes, D";
    let of = |format: &str| expect(0, &["query", query, "--table", &path, "-q", "-o", format]).stdout;
    assert_eq!(
        of("ndjson"),
        "{\"User\":\"ann\",\"Bytes\":5,\"D\":{\"a\":{\"b\":\"x\"}}}\n\
         {\"User\":\"bob\",\"Bytes\":7,\"D\":[1,2]}\n\
         {\"User\":\"ann, the first\",\"Bytes\":null,\"D\":null}\n"
    );
    let rows: serde_json::Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!(rows[1]["D"], serde_json::json!([1, 2]));
    assert_eq!(
        of("csv"),
        "User,Bytes,D\nann,5,\"{\"\"a\"\":{\"\"b\"\":\"\"x\"\"}}\"\nbob,7,\"[1,2]\"\n\"ann, the first\",,\n"
    );
    assert!(of("tsv").contains("ann, the first\t\t\n"));
    assert!(of("markdown").starts_with("| User | Bytes | D |\n|---|---:|---|\n"));
    assert!(of("table").starts_with("User            Bytes  D"), "{}", of("table"));
}

#[test]
fn a_parquet_file_is_read_back() {
    let folder = Folder::new();
    let (path, out) = (logs(&folder), folder.text("out.parquet"));
    expect(0, &["query", "Logs", "--table", &path, "-o", "parquet", "--out", &out]);
    let back = expect(
        0,
        &[
            "query",
            "T | sort by At asc | project At, Bytes, b = todynamic(D).a.b | take 1",
            "-t",
            &format!("T={out}"),
            "-o",
            "ndjson",
            "-q",
        ],
    );
    assert_eq!(back.stdout, "{\"At\":\"2024-01-01T10:00:00.0000000Z\",\"Bytes\":5,\"b\":\"x\"}\n");
    // And by the engine alone, whoever wrote it.
    let mut engine = Engine::new(Config::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let schema =
        runtime.block_on(engine.register_files("T", &[out.into()], Format::Parquet, Columns::OfFiles));
    assert_eq!(schema.unwrap().columns.len(), 5);
    expect(2, &["query", "Logs", "--table", &path, "-o", "parquet"]);
}

#[test]
fn several_results_are_told_apart() {
    let query = "print a = 1; range x from 1 to 2 step 1";
    let json = expect(0, &["query", query, "-o", "json", "-q"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["result_2"], serde_json::json!([{"x": 1}, {"x": 2}]));
    let lines = expect(0, &["query", query, "-o", "ndjson", "-q"]).stdout;
    assert_eq!(lines.lines().next(), Some("{\"result\":\"result_1\",\"row\":{\"a\":1}}"));
}

#[test]
fn errors_show_their_place_and_what_to_do() {
    let folder = Folder::new();
    let path = logs(&folder);
    let run = expect(3, &["query", "Logs | where Usr == 'a'", "--table", &path]);
    assert!(run.stderr.contains("did you mean `User`?") && run.stderr.contains("1:14"), "{}", run.stderr);
    let bad = folder.file("Bad.ndjson", "{\"a\":1}\n{\"a\":\n");
    let run = expect(3, &["query", "Bad", "--table", &bad]);
    assert!(run.stderr.contains("Bad.ndjson:2:"), "{}", run.stderr);
    let run = expect(3, &["query", "range x from 1 to 100 step 1", "--max-rows", "10", "-o", "ndjson"]);
    assert!(run.stderr.contains("--max-rows"), "{}", run.stderr);
    let run = expect(3, &["query", "Logs", "--table", &folder.text("nothing*.ndjson")]);
    assert!(run.stderr.contains("names no file"), "{}", run.stderr);
    let out = folder.text("part.csv");
    expect(3, &["query", "range x from 1 to 100 step 1", "--max-rows", "10", "-o", "csv", "--out", &out]);
    assert!(!folder.path("part.csv").exists(), "a file that is not whole must not appear");
}

#[test]
fn public_tables_have_their_columns() {
    let folder = Folder::new();
    let path = folder.file("SigninLogs.ndjson", "{\"TimeGenerated\":\"2024-01-01T10:00:00Z\",\"ResultType\":0,\"LocationDetails\":\"{\\\"city\\\":\\\"Bern\\\"}\",\"Own\":1}\n");
    let query = "SigninLogs | project TimeGenerated, ResultType, c = tostring(LocationDetails.city), isempty(UserPrincipalName), Own";
    let run = expect(0, &["query", query, "-t", &path, "-o", "csv", "-q"]);
    assert_eq!(run.stdout.lines().nth(1), Some("2024-01-01T10:00:00.0000000Z,0,Bern,True,1"));
    let run = expect(
        0,
        &[
            "query",
            "T | project a",
            "-t",
            &format!("T={path}"),
            "--schema",
            "T=(a:string)",
            "-o",
            "csv",
            "-q",
        ],
    );
    assert_eq!(run.stdout, "a\n\"\"\n");
}

#[test]
fn the_estate_is_there_as_of_any_time() {
    let folder = Folder::new();
    let (estate, store) = (folder.text("estate"), folder.text("estate.db"));
    expect(0, &["demo-estate", "--size", "300", "--seed", "5", "--out", &estate, "-q"]);
    let query = "Resources | where type =~ 'Microsoft.Storage/storageAccounts' | count";
    let of_files = expect(0, &["query", query, "--estate", &estate, "-o", "csv", "-q"]).stdout;
    assert_ne!(of_files, "Count\n0\n");
    expect(0, &["import", &estate, "--store", &store, "-q"]);
    assert_eq!(expect(0, &["query", query, "--store", &store, "-o", "csv", "-q"]).stdout, of_files);
    expect(3, &["query", query, "--store", &store, "--as-of", "2020-01-01", "-o", "csv", "-q"]);
    // Every document once, whatever its table is called.
    let all = expect(
        0,
        &[
            "query",
            "union * | summarize n = count(), d = dcount(id, 4) | project same = n - d < n / 20",
            "--estate",
            &estate,
            "-o",
            "csv",
            "-q",
        ],
    );
    assert_eq!(all.stdout, "same\nTrue\n");
}

#[test]
fn watchlists_functions_parameters_and_documents() {
    let folder = Folder::new();
    let list = folder.file("vips.csv", "User,Why\nann,vip\nbob,\"on, leave\"\n");
    folder.file(
        "functions/Double.kql",
        ".create-or-alter function with (folder='x') Double(n:long) { print d = n * 2 }",
    );
    folder.file("functions/One.kql", "print one = 1");
    let functions = folder.text("functions");
    let watchlist = format!("vips={list}");
    let run = expect(
        0,
        &[
            "query",
            "_GetWatchlist('vips', dynamic(['bob'])) | project SearchKey, Why",
            "--watchlist",
            &watchlist,
            "-o",
            "csv",
            "-q",
        ],
    );
    assert_eq!(run.stdout, "SearchKey,Why\nbob,\"on, leave\"\n");
    let run = expect(3, &["query", "_GetWatchlist('other')", "--watchlist", &watchlist]);
    assert!(run.stderr.contains("there are `vips`"), "{}", run.stderr);
    let run = expect(
        0,
        &["query", "Double(21) | extend one = toscalar(One)", "--functions", &functions, "-o", "csv", "-q"],
    );
    assert_eq!(run.stdout, "d,one\n42,1\n");
    let declared = "declare query_parameters(at:datetime, who:string = 'x'); print at + 1h, who";
    let run = expect(
        0,
        &[
            "query",
            declared,
            "--parameter",
            "at=datetime(2024-01-01)",
            "--parameter",
            "who=007",
            "-o",
            "csv",
            "-q",
        ],
    );
    assert!(run.stdout.ends_with("2024-01-01T01:00:00.0000000Z,007\n"), "{}", run.stdout);
    let outside =
        format!("externaldata(User:string, Why:string)['{list}'] with(ignoreFirstRecord=true) | count");
    let run = expect(3, &["query", &outside]);
    assert!(run.stderr.contains("not allowed"), "{}", run.stderr);
    assert_eq!(
        expect(0, &["query", &outside, "--allow-externaldata", "-o", "csv", "-q"]).stdout,
        "Count\n2\n"
    );
    let fetched = expect(
        3,
        &["query", "externaldata(a:string)['https://example.com/x.csv?sig=secret']", "--allow-externaldata"],
    );
    assert!(
        fetched.stderr.contains("not fetched") && !fetched.stderr.contains("secret"),
        "{}",
        fetched.stderr
    );
    for (address, told) in [
        ("http://127.0.0.1:1/x.csv", "is not fetched"),
        ("https://127.0.0.1:1/x.csv?sig=secret", "cannot connect"),
        ("https://127.0.0.1:1/x.csv;c2VjcmV0", "an account key"),
        ("https://127.0.0.1:1/x.csv;managed_identity=secret", "managed_identity"),
    ] {
        let query = format!("externaldata(a:string)['{address}']");
        let run = expect(3, &["query", &query, "--allow-externaldata=https"]);
        assert!(run.stderr.contains(told) && !run.stderr.contains("secret"), "{}", run.stderr);
    }
}

#[test]
fn charts_and_plans() {
    let folder = Folder::new();
    let (path, chart) = (logs(&folder), folder.text("chart.svg"));
    let query = "Logs | summarize n = count() by User | render barchart";
    expect(0, &["query", query, "-t", &path, "--chart", &chart, "-q"]);
    assert!(std::fs::read_to_string(&chart).unwrap().starts_with("<svg"));
    let run = expect(2, &["query", query, "-t", &path, "--chart", &folder.text("chart.png")]);
    assert!(run.stderr.contains(".svg"), "{}", run.stderr);
    assert!(expect(0, &["query", query, "-t", &path, "--explain"]).stdout.contains("summarize"));
    let told = expect(0, &["query", query, "-t", &path, "--analyse", "-o", "json"]).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["totals"]["rows"], 3);
    assert_eq!(
        expect(0, &["query", "print x=1|extend y=2", "--pretty"]).stdout,
        "print x = 1\n| extend y = 2\n"
    );
    let lint = expect(1, &["query", "Logs | where tolower(User) == 'ann'", "-t", &path, "--lint"]);
    assert!(lint.stderr.contains("kql-lint"), "{}", lint.stderr);
}
