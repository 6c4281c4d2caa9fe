//! Every function of the language has something that executes it, or a reason why not.

use azimuth_kql::functions::{Use, all, lookup};
use azimuth_rows::{Support, support};

const USES: [Use; 3] = [Use::Scalar, Use::Aggregate, Use::Plugin];

/// Functions that are refused, of the whole catalogue: each asks somebody else. The list may only shrink.
const REFUSED: &[&str] = &[
    "ai_chat_completion",
    "ai_chat_completion_prompt",
    "ai_embed_text",
    "ai_embeddings",
    "azure_digital_twins_query_request",
    "cosmosdb_sql_request",
    "csharp",
    "execute_query",
    "execute_show_command",
    "http_request",
    "http_request_post",
    "mysql_request",
    "postgresql_request",
    "python",
    "r",
    "rowstore_ordinal_range",
    "sql_request",
];

/// What the binder answers itself: places of tables, and questions about columns.
const BINDERS: &[&str] =
    &["app", "cluster", "column_ifexists", "columnifexists", "database", "table", "workspace"];

#[test]
fn the_whole_catalogue_is_executed() {
    let (mut missing, mut refused, mut runs) = (Vec::new(), Vec::new(), 0);
    for usage in USES {
        for function in all(usage) {
            match support(lookup(usage, function.name).unwrap()) {
                Support::Runs => runs += 1,
                Support::Refused(_) => refused.push(function.name),
                Support::Missing => missing.push(function.name),
            }
        }
    }
    missing.sort_unstable();
    refused.sort_unstable();
    eprintln!("{runs} names of the catalogue run, {} are refused by name", refused.len());
    assert_eq!(missing, [] as [&str; 0], "nothing executes these");
    assert_eq!(refused, REFUSED);
}

#[test]
fn what_people_use_is_executed() {
    let Some(path) = crate::shared("corpora/kql/usage-frequency.json") else { return };
    let usage: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut count = 0;
    for (part, usages) in
        [("functions", USES.as_slice()), ("aggregates", &[Use::Aggregate]), ("plugins", &[Use::Plugin])]
    {
        for name in usage[part].as_object().unwrap().keys() {
            if BINDERS.contains(&name.as_str()) {
                continue;
            }
            let found = usages.iter().find_map(|usage| lookup(*usage, name));
            let function = found.unwrap_or_else(|| panic!("the catalogue has no `{name}`"));
            assert_eq!(support(function), Support::Runs, "`{name}`");
            count += 1;
        }
    }
    assert!(count > 150, "{count} names only");
}
