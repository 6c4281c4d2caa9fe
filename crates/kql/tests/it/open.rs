//! Columns that only the data tell: the second binding knows them.

use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::bound::{ExprKind, Rel, RelKind, ResultValue};
use azimuth_kql::syntax::Span;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_kql::values::Literal;

fn result(query: &str, options: &Options) -> std::sync::Arc<Rel> {
    let bound = bind(query, &MemoryCatalog::new(), options);
    assert!(!bound.has_errors(), "{:?}", bound.diagnostics);
    match bound.results.last().map(|result| &result.value) {
        Some(ResultValue::Table(rel)) => rel.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_known_schema_closes_an_open_one() {
    let query = "print d = dynamic({'a': 1}) | evaluate bag_unpack(d) | project a";
    let open = result(query, &Options::default());
    let RelKind::Project { input, columns } = &open.kind else { panic!("{open:?}") };
    assert!(input.schema.is_open);
    assert!(matches!(&columns[0].kind, ExprKind::OpenColumn(name) if name == "a"));

    let start = query.find("evaluate").unwrap();
    let span = Span::new(start as u32, (start + "evaluate bag_unpack(d)".len()) as u32);
    assert_eq!(input.span, span);
    let mut options = Options::default();
    options.known.insert(span, Schema::new(vec![Column::new("a", ScalarType::Long)]));
    let closed = result(query, &options);
    assert_eq!(closed.schema, Schema::new(vec![Column::new("a", ScalarType::Long)]));
}

#[test]
fn query_parameters_take_their_values() {
    let query = "declare query_parameters(n:long = 5); print n + 1";
    let bound = bind(query, &MemoryCatalog::new(), &Options::default());
    assert_eq!(bound.parameters[0].default, Some(Literal::Long(Some(5))));
    let mut options = Options::default();
    options.parameters.insert("n".into(), Literal::Long(Some(7)));
    let rel = result(query, &options);
    let RelKind::Print { columns } = &rel.kind else { panic!("{rel:?}") };
    let ExprKind::Binary { left, .. } = &columns[0].kind else { panic!("{columns:?}") };
    assert_eq!(left.as_literal(), Some(&Literal::Long(Some(7))));
}
