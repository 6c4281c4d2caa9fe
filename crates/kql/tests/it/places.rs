//! Other places than this database, and statements that say what may be reached.

use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::bound::{RelKind, ResultValue};
use azimuth_kql::types::{Column, ScalarType as T, Schema};

fn catalog() -> MemoryCatalog {
    let mut catalog = MemoryCatalog::new();
    let schema = |columns: &[(&str, T)]| {
        Schema::new(columns.iter().map(|(name, ty)| Column::new(*name, *ty)).collect())
    };
    catalog.add_table("Logs", schema(&[("t", T::Datetime), ("s", T::String)]));
    catalog.add_table("Audit", schema(&[("t", T::Datetime), ("n", T::Long)]));
    catalog.add_function("Recent", "()", "{ Logs | where t > ago(1d) }").unwrap();
    catalog.add_own_name("soc");
    catalog
}

/// The columns, or each diagnostic as `code: underlined text`.
#[track_caller]
fn check(query: &str, expected: &str) {
    let bound = bind(query, &catalog(), &Options::default());
    let got: Vec<String> = bound
        .diagnostics
        .iter()
        .map(|found| {
            let (start, end) = found.place.span.unwrap();
            format!("{}: {}", found.code, &query[start..end])
        })
        .collect();
    let got = if got.is_empty() { bound.schema().unwrap_or_default().to_string() } else { got.join("; ") };
    assert_eq!(got, expected, "{query}");
}

#[test]
fn other_places_are_refused_and_the_own_one_is_not() {
    check("workspace('soc').Logs", "(t:datetime, s:string)");
    check("database('SOC').Recent()", "(t:datetime, s:string)");
    check("workspace('other').Logs | count", "kql-unreachable: workspace('other').Logs");
    check("workspace('other').Recent()", "kql-unreachable: workspace('other').Recent()");
    check("cluster('c').database('soc').Logs", "kql-unreachable: cluster('c').database('soc').Logs");
    check(
        "alias database d = cluster('c').database('x'); database('d').T",
        "kql-unreachable: database('d').T",
    );
    check("alias database d = database('soc'); database('d').Logs | count", "(Count:long)");
    check("alias database d = 1; print 1", "kql-alias: 1");
}

#[test]
fn fuzzy_unions_go_without_what_is_out_of_reach() {
    let query = "union isfuzzy=true workspace('other').Logs, (Logs | project s)";
    let bound = bind(query, &catalog(), &Options::default());
    assert!(!bound.has_errors());
    assert_eq!(bound.schema().unwrap().to_string(), "(s:string)");
    assert!(bind(&query.replace("isfuzzy=true", ""), &catalog(), &Options::default()).has_errors());
}

#[test]
fn a_macro_is_the_union_of_its_places() {
    check(
        "let g = entity_group [Logs, Audit]; macro-expand g as X (let l = 1d; X | where t > ago(l))",
        "(t:datetime, s:string, n:long)",
    );
    check(
        "macro-expand entity_group [database('soc')] as X (X.Logs | extend at = X.$current_database)",
        "(t:datetime, s:string, at:string)",
    );
    let query = "macro-expand entity_group [Logs, Audit] as X (X | project t) | count";
    let bound = bind(query, &catalog(), &Options::default());
    let ResultValue::Table(rel) = &bound.results[0].value else { panic!("{bound:?}") };
    let RelKind::Count { input } = &rel.kind else { panic!("{rel:?}") };
    assert!(matches!(&input.kind, RelKind::Union { inputs, .. } if inputs.len() == 2));
    check("macro-expand g as X (X.Logs)", "kql-entity-group: g");
    check("macro-expand entity_group [1] as X (X.Logs)", "kql-entity-group: 1");
    check("macro-expand entity_group [database('a')] as X (X.Logs)", "kql-unreachable: X.Logs");
    check("let g = entity_group [Logs]; print g", "kql-entity-group: g");
}

#[test]
fn patterns_have_cases_and_paths() {
    let capital = "declare pattern p = (name:string)[state:string] { \
        ('USA').['New York'] = { print Capital = 'Albany' }; \
        ('Canada').['Alberta'] = { print Population = 1 }; };";
    check(&format!("{capital} p('USA').['New York']"), "(Capital:string)");
    check(&format!("{capital} p('USA')['New York'] | count"), "(Count:long)");
    check(&format!("{capital} p('Canada').Alberta"), "(Population:long)");
    check(&format!("{capital} p('USA').Alberta"), "kql-pattern: p('USA')");
    check(&format!("{capital} p('USA')"), "kql-pattern: p('USA')");
    check("declare pattern p; p('a')", "kql-pattern: p('a')");
    let plain = "declare pattern p = (name:string) { ('a') = { print 1 }; };";
    check(&format!("{plain} p('a')"), "(print_0:long)");
}

#[test]
fn restricted_access_leaves_what_is_listed() {
    check("restrict access to (Logs); Logs | count", "(Count:long)");
    check("restrict access to (Logs); Audit | count", "kql-restrict: Audit");
    check("restrict access to (Log*); union * | count", "(Count:long)");
    check("restrict access to (Audit); Recent", "kql-restrict: Recent");
    // A function that is listed may reach what is not.
    check("restrict access to (Recent); Recent | count", "(Count:long)");
    check("let f = () { Logs }; restrict access to (f); f | count", "(Count:long)");
    check("let f = () { print 1 }; let g = () { print 2 }; restrict access to (f); g", "kql-restrict: g");
    check("restrict access to (Logs, Audit); restrict access to (Logs); Audit", "kql-restrict: Audit");
}

#[test]
fn properties_are_known_by_name() {
    check("set notruncation; set query_now = datetime(2026-01-01); print 1", "(print_0:long)");
    check("set notruncate; print 1", "kql-unknown-option: notruncate");
}
