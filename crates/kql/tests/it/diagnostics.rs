//! What is said about a wrong query: the code, the text that is underlined, the hint.

use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::types::{Column, ScalarType, Schema};

fn catalog() -> MemoryCatalog {
    let mut catalog = MemoryCatalog::new();
    let columns = [
        ("TimeGenerated", ScalarType::Datetime),
        ("UserPrincipalName", ScalarType::String),
        ("Count", ScalarType::Long),
        ("Details", ScalarType::Dynamic),
    ];
    catalog.add_table("SigninLogs", Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec()));
    catalog
        .add_function("Recent", "(span:timespan=1d)", "{ SigninLogs | where TimeGenerated > ago(span) }")
        .unwrap();
    catalog
}

/// Every diagnostic as `code: underlined text (hint)`.
#[track_caller]
fn check(query: &str, expected: &[&str]) {
    let bound = bind(query, &catalog(), &Options::default());
    let got: Vec<String> = bound
        .diagnostics
        .iter()
        .map(|found| {
            let (start, end) = found.place.span.unwrap();
            let hint = found.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}: {}{hint}", found.code, &query[start..end])
        })
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn names_that_are_mistyped_are_guessed() {
    check("SigninLog | take 1", &["kql-unknown-table: SigninLog (did you mean `SigninLogs`?)"]);
    check(
        "SigninLogs | where UserPrincipleName == 'a'",
        &["kql-unknown-name: UserPrincipleName (did you mean `UserPrincipalName`?)"],
    );
    check(
        "SigninLogs | extend x = to_lower('a')",
        &["kql-unknown-function: to_lower (did you mean `tolower`?)"],
    );
    check("SigninLogs | sumarize count()", &["kql-syntax-operator: sumarize (did you mean `summarize`?)"]);
    check(
        "SigninLogs | join kind=iner (SigninLogs) on Count",
        &["kql-join-kind: iner (did you mean `inner`?)"],
    );
}

#[test]
fn one_query_may_have_several() {
    check(
        "SigninLogs | where a == 1 | extend x = ago(Count) | project b",
        &[
            "kql-unknown-name: a",
            "kql-argument-type: Count (`totimespan()` converts it)",
            "kql-unknown-name: b",
        ],
    );
    check(
        "SigninLogs | where Count > | take | project",
        &["kql-syntax-expected: |", "kql-syntax-expected: |"],
    );
}

#[test]
fn types_that_do_not_go_together() {
    check(
        "SigninLogs | where TimeGenerated > '2020-01-01'",
        &["kql-operand-types: > (convert the text first, for instance with `todatetime()` or `tolong()`)"],
    );
    check("SigninLogs | where Count", &["kql-bool-expected: Count"]);
    check("SigninLogs | where Count has 'a'", &["kql-operand-types: has (`tostring()` makes it a text)"]);
    check(
        "SigninLogs | summarize count() by Details",
        &["kql-dynamic-key: Details (`tostring()` makes it a text)"],
    );
    check(
        "SigninLogs | extend x = UserPrincipalName.first",
        &["kql-member: first (`parse_json()` reads a text as JSON)"],
    );
}

#[test]
fn errors_in_stored_functions_stand_at_the_call() {
    let mut catalog = catalog();
    catalog.add_function("Broken", "()", "{ SigninLogs | where nothing == 1 }").unwrap();
    let query = "Broken() | take 1";
    let bound = bind(query, &catalog, &Options::default());
    let (start, end) = bound.diagnostics[0].place.span.unwrap();
    assert_eq!(&query[start..end], "Broken()");
}

#[test]
fn functions_of_the_query_are_read_where_they_are_declared() {
    check("let f = (a:long) { SigninLogs | where b == a }; print 1", &["kql-unknown-name: b"]);
    check(
        "let f = (a:long) { a + 1 }; print f(), f(1, 2)",
        &["kql-argument-count: f()", "kql-argument-count: f(1, 2)"],
    );
    check("Recent | take 1; Recent(2h) | take 1", &[]);
}

#[test]
fn rows_of_another_table_are_out_of_reach() {
    check(
        "let f = (x:long) { toscalar(SigninLogs | where Count == x | count) }; SigninLogs | extend y = f(Count)",
        &["kql-correlated: x"],
    );
}
