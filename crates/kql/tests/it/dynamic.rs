//! What is known of dynamic values: nothing that may be right is refused, what cannot be right is.

use azimuth_diag::Severity;
use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options, Rules};
use azimuth_kql::types::{Column, ScalarType as T, Schema};

fn catalog() -> MemoryCatalog {
    let mut catalog = MemoryCatalog::new();
    let columns = [("t", T::Datetime), ("s", T::String), ("d", T::Dynamic), ("n", T::Int)];
    let columns = columns.into_iter().map(|(name, ty)| Column::new(name, ty)).collect();
    catalog.add_table("Logs", Schema::new(columns));
    catalog
}

/// The texts that are underlined by errors.
fn refused(query: &str, rules: Rules) -> Vec<String> {
    let options = Options { rules, ..Options::default() };
    let bound = bind(query, &catalog(), &options);
    let errors = bound.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    errors.filter_map(|found| found.place.span).map(|(start, end)| query[start..end].to_owned()).collect()
}

#[test]
fn what_is_known_goes_with_columns_and_names() {
    for (query, place) in [
        // An array is no text, however far it came.
        ("Logs | extend a = split(s, ',') | where t > ago(1d) | project todynamic(a)", "a"),
        ("Logs | summarize a = make_set(s) by n | extend b = extract('x', 0, a)", "a"),
        ("let x = dynamic(['a']); Logs | extend b = todynamic(x)", "x"),
        ("let x = toscalar(Logs | summarize make_list(s)); print todynamic(x)", "x"),
        ("Logs | extend a = pack_array(s, s) | union Logs | extend b = trim('x', a)", "a"),
        ("Logs | extend b = pack_all() | extend c = todynamic(b)", "b"),
        ("Logs | extend a = array_slice(split(s, ','), 0, 1) | extend b = base64_decode_tostring(a)", "a"),
        // Neither is a text that is an element: it has to be converted.
        ("Logs | extend b = replace_string(split(s, ',')[0], 'a', 'b')", "split(s, ',')[0]"),
        ("Logs | extend b = todynamic(parse_url(s).Host)", "parse_url(s).Host"),
        // A text has no elements, a bag no numbers, an array no names.
        ("Logs | extend b = split(s, ',')[0][1]", "split(s, ',')[0][1]"),
        ("Logs | extend u = parse_url(s) | extend b = u[0]", "u[0]"),
        ("Logs | extend u = split(s, '/') | extend b = u['a']", "u['a']"),
        ("Logs | extend a = iff(n > 1, split(s, ','), dynamic('')) | extend b = a[0]", "a[0]"),
        // An array is no bag and the other way round.
        ("Logs | extend b = bag_keys(split(s, ','))", "split(s, ',')"),
        ("Logs | extend b = array_length(bag_pack('a', s))", "bag_pack('a', s)"),
        ("Logs | mv-expand p = parse_url(s) | extend b = strcat_array(p, ',')", "p"),
    ] {
        assert_eq!(refused(query, Rules::Engine), [place], "{query}");
    }
}

#[test]
fn what_may_be_right_is_allowed() {
    for query in [
        "Logs | extend b = todynamic(d), c = extract('x', 0, d), e = array_length(d), f = bag_keys(d)",
        "Logs | extend b = todynamic(d.a.b[0]['c'])",
        "Logs | extend b = tostring(split(s, ',')[0]), c = tolower(split(s, ',')[1]), e = strlen(split(s, ',')[1])",
        "Logs | extend b = parse_url(s)['Query Parameters'].x",
        "Logs | extend b = parse_url(s)['Query Parameters'][0]",
        "Logs | extend a = iff(n > 1, d, dynamic([])) | extend b = a.x, c = a[0], e = todynamic(a)",
        "Logs | extend a = iff(n > 1, dynamic({}), dynamic([])) | extend b = a.x, c = a[0]",
        "Logs | mv-expand a = split(s, ',') to typeof(string) | extend b = extract('x', 0, a)",
        "Logs | mv-expand d | extend b = d.x, c = d[0], e = todynamic(d)",
        "Logs | extend a = split(s, ',') | extend a = d | extend b = todynamic(a)",
        "Logs | parse s with a:dynamic ';' * | extend b = todynamic(a)",
        "let f = (x:dynamic) { print todynamic(x) }; f(dynamic([1]))",
        "datatable(x:dynamic)[dynamic([1])] | extend b = todynamic(x)",
        "Logs | extend b = parse_json(split(s, ','))[0], c = parse_json(bag_pack('a', s)).a",
        "Logs | extend b = parse_user_agent(s, dynamic(['browser'])), c = parse_user_agent(s, 'browser')",
        "Logs | where s in (split(s, ',')) and s has_any (dynamic(['a'])) and d has 'a' and split(s, ',') has 'b'",
        "Logs | extend b = coalesce(d, split(s, ','))",
        "Logs | extend b = array_concat(d, split(s, ',')), c = set_union(d, dynamic([1]))",
        "Logs | make-series c = count() on t step 1d by s | extend x = series_fit_line(c), y = todynamic(c)",
    ] {
        assert_eq!(refused(query, Rules::Engine), Vec::<String>::new(), "{query}");
        assert_eq!(refused(query, Rules::ReferenceBinder), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn knowledge_is_no_type() {
    let query = "Logs | project a = split(s, ','), b = parse_url(s), c = dynamic(1)";
    let schema = bind(query, &catalog(), &Options::default()).schema().unwrap();
    assert_eq!(schema.to_string(), "(a:dynamic, b:dynamic, c:dynamic)");
    let plain = ["a", "b", "c"].into_iter().map(|name| Column::new(name, T::Dynamic)).collect();
    assert_eq!(schema, Schema::new(plain));
}

#[test]
fn engine_and_reference_binder_differ_where_it_is_said() {
    let schema = |query: &str, rules: Rules| {
        let bound = bind(query, &catalog(), &Options { rules, ..Options::default() });
        assert!(bound.diagnostics.is_empty(), "{query}: {:?}", bound.diagnostics);
        bound.schema().unwrap().to_string()
    };
    for (query, engine, reference) in [
        ("print a = hourofday(now())", "(a:long)", "(a:int)"),
        ("print a = datetime_part('hour', now())", "(a:long)", "(a:int)"),
        ("print a = datetime_diff('week', now(), now())", "(a:real)", "(a:long)"),
        ("print a = ceiling(1)", "(a:real)", "(a:long)"),
        ("print a = jaccard_index(dynamic([1]), dynamic([2]))", "(a:real)", "(a:dynamic)"),
        ("Logs | project s | parse s with s ';' *", "(s:string)", "(s:string, s1:string)"),
        ("Logs | project s | parse s with n:int ';' *", "(s:string, n:int)", "(s:string, n:int)"),
        ("Logs | project n | order by n | scan with (step a: n > 1;)", "(n:int)", "(n:int, match_id:long)"),
    ] {
        assert_eq!(schema(query, Rules::Engine), engine, "{query}");
        assert_eq!(schema(query, Rules::ReferenceBinder), reference, "{query}");
    }
    assert_eq!(refused("Logs | summarize count(s)", Rules::Engine), Vec::<String>::new());
    assert_eq!(refused("Logs | summarize count(s)", Rules::ReferenceBinder), ["s"]);
}

#[test]
fn the_reference_binder_refuses_more() {
    for (query, place) in [
        ("let x = 1; let x = 2; print x", "x"),
        ("Logs | parse s with a b", "b"),
        ("Logs | parse s with 'x' a * 'y'", "*"),
        ("Logs | parse s with * * 'x' a", "*"),
        ("Logs | where s = 'x'", "'x'"),
        ("Logs | make-series c = count() default = 'a' on t step 1d", "'a'"),
    ] {
        assert_eq!(refused(query, Rules::Engine), Vec::<String>::new(), "{query}");
        assert_eq!(refused(query, Rules::ReferenceBinder), [place], "{query}");
    }
    for query in [
        "Logs | parse s with * 'x' a 'y' *",
        "Logs | parse s with 'x' a:long * 'y'",
        "Logs | where (n > 1) = true",
        "Logs | make-series c = avg(n) default = 0 on t step 1d",
    ] {
        assert_eq!(refused(query, Rules::ReferenceBinder), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn types_of_operands_of_operators() {
    for (query, place) in [
        ("Logs | sample-distinct 3 of d", "d"),
        ("Logs | partition by d (take 1)", "d"),
        ("Logs | reduce by d", "d"),
        ("range x from 'a' to 'b' step 1", "'a'"),
        ("Logs | evaluate bag_unpack(s)", "s"),
        ("let f = (x:long, T:(*)) { T }; print 1", "T:(*)"),
        ("Logs | extend c = coalesce(d, s)", "s"),
        ("Logs | where * + 1 == 2", "*"),
    ] {
        let found = refused(query, Rules::Engine);
        assert_eq!(found.first().map(String::as_str), Some(place), "{query}");
    }
    for query in
        ["Logs | where * has 'x' or * == 'y' or * has_any ('a', 'b')", "Logs | search 'x' and not('y')"]
    {
        assert_eq!(refused(query, Rules::Engine), Vec::<String>::new(), "{query}");
    }
}
