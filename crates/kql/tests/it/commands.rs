//! Management commands, as far as clients send them.

use azimuth_kql::ast::{Command, StatementKind};
use azimuth_kql::parse;

fn command(text: &str) -> Command {
    let parsed = parse(text);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    match &parsed.query.statements[0].kind {
        StatementKind::Command(command) => command.clone(),
        other => panic!("{other:?}"),
    }
}

fn words(text: &str) -> Vec<String> {
    command(text).words.into_iter().map(|word| word.text).collect()
}

#[test]
fn words_and_quoted_names_come_in_order() {
    assert_eq!(words(".show databases"), ["show", "databases"]);
    assert_eq!(
        words(".show databases (['my db']) schema as json"),
        ["show", "databases", "my db", "schema", "as", "json"]
    );
    assert!(command(".show database ['table'] schema").words[2].is_quoted);
}

#[test]
fn a_query_over_or_in_a_command_is_parsed() {
    assert!(command(".show tables | where TableName == 'a' | count").query.is_some());
    assert!(command(".set T <| let x = 1; print x").query.is_some());
    assert!(command(".show version").query.is_none());
}
