//! No text makes the parser or the binder panic, run away or lose a byte.

use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_kql::{bind, parse};
use proptest::prelude::*;

fn catalog() -> MemoryCatalog {
    let mut catalog = MemoryCatalog::new();
    let columns = [("a", ScalarType::Long), ("b", ScalarType::String), ("d", ScalarType::Dynamic)];
    catalog.add_table("T", Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec()));
    catalog
}

fn check(text: &str) {
    let parsed = parse(text);
    let joined: String = parsed.tokens.iter().map(|token| token.span.text(text)).collect();
    assert_eq!(joined, text);
    let bound = bind(text, &catalog(), &Options::default());
    for diagnostic in &bound.diagnostics {
        let (start, end) = diagnostic.place.span.unwrap();
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end) && start <= end, "{diagnostic}");
    }
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for (open, close) in
        [("(", ")"), ("f(", ")"), ("a[", "]"), ("(T | where ", ")"), ("toscalar(print ", ")"), ("-", "")]
    {
        let text = format!("print {}1{}", open.repeat(20_000), close.repeat(20_000));
        check(&text);
    }
    check(&format!("print x = {}1", "1 + ".repeat(50_000)));
    check(&format!("print x = d{}", ".a".repeat(50_000)));
    check(&format!("T | where {}", "a == 1 or ".repeat(50_000) + "a == 2"));
    check(&format!("T {}", "| where a > 1 ".repeat(20_000)));
    check(&format!("print dynamic({})", "[".repeat(20_000)));
}

#[test]
fn scripts_with_many_names_are_taken() {
    let lets: String = (0..3_000).map(|number| format!("let x{number} = {number};")).collect();
    let text = format!("{lets} print x2999");
    assert!(bind(&text, &catalog(), &Options::default()).diagnostics.is_empty());
}

#[test]
fn functions_that_double_do_not_explode() {
    let mut text = "let f0 = (x:long) { x + 1 };".to_owned();
    for number in 1..60 {
        text.push_str(&format!("let f{number} = (x:long) {{ f{0}(x) + f{0}(x) }};", number - 1));
    }
    let bound = bind(&format!("{text} print f59(1)"), &catalog(), &Options::default());
    assert!(bound.diagnostics.iter().any(|diagnostic| diagnostic.code == "kql-limit"));
    let mut text = "let f = (x:long) { let s0 = x + 1;".to_owned();
    for number in 1..60 {
        text.push_str(&format!("let s{number} = s{0} + s{0};", number - 1));
    }
    let bound = bind(&format!("{text} s59 }}; T | project f(a)"), &catalog(), &Options::default());
    assert!(bound.diagnostics.is_empty(), "{:?}", bound.diagnostics);
}

#[test]
fn a_function_does_not_reach_itself() {
    let bound = bind("let f = (x:long) { f(x) }; print f(1)", &catalog(), &Options::default());
    assert!(bound.has_errors());
}

/// Words of the language in any order: mostly wrong, but near enough to reach every rule.
pub(crate) fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "T",
        "a",
        "b",
        "d",
        "|",
        "where",
        "extend",
        "project",
        "summarize",
        "by",
        "count()",
        "join",
        "kind=inner",
        "on",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        "let",
        "x",
        "=",
        "==",
        "1",
        "1d",
        "'t'",
        "\"",
        "and",
        "or",
        "not(",
        "in",
        "!in",
        "between",
        "..",
        "has",
        "mv-expand",
        "mv-apply",
        "parse",
        "with",
        "*",
        "union",
        "print",
        "datatable(a:long)[",
        "dynamic({",
        ":",
        "evaluate",
        "bag_unpack(d)",
        "make-series",
        "from",
        "to",
        "step",
        "range",
        "top",
        "sort",
        "asc",
        "toscalar(",
        "materialize(",
        "$left.a",
        "$right.b",
        "make-graph",
        "-->",
        "graph-match",
        "-[e]->",
        "scan",
        "step",
        "=>",
        "partition",
        "fork",
        "search",
        "find",
        "datetime(2020",
        "#",
        "//",
        "\n",
        "é",
        ".show",
        "<|",
        "-",
        "+",
        "!",
        "~",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_words_are_survived(text in words()) {
        check(&text);
    }
}

#[test]
fn a_query_cut_off_anywhere_is_survived() {
    let text = "let f = (x:long, y:string='a') { T | where a == x and b has y }; \
        f(1) | join kind=leftouter (T | mv-expand d to typeof(long)) on $left.a == $right.a \
        | summarize arg_max(a, *), c = dcount(b) by bin(a, 10) | parse b with 'x' z:long * \
        | extend j = dynamic({'k': [1, 2]}).k[0] | evaluate bag_unpack(d) : (a:long) | render timechart with (title='é')";
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        check(&text[..end]);
    }
}
