//! The subscriptions that a question of Resource Graph is limited to.

use azimuth_diag::Diagnostic;
use azimuth_kql::syntax::{TokenKind, lex};

use crate::command::query::estate::table_names;

/// The query with every table of the estate that it names cut down to these subscriptions. What is put before it takes one
/// line, which [`moved_back`] takes out of diagnostics.
pub(super) fn limited(text: &str, subscriptions: &[String]) -> String {
    let quoted: Vec<String> = subscriptions
        .iter()
        .map(|id| format!("'{}'", id.replace('\\', "\\\\").replace('\'', "\\'").replace(['\r', '\n'], " ")))
        .collect();
    let list = quoted.join(", ");
    let mut before = String::new();
    for name in table_names().filter(|name| is_named(text, name)) {
        before.push_str(&format!("let {name} = {name} | where subscriptionId in~ ({list}); "));
    }
    format!("{before}\n{text}")
}

fn is_named(text: &str, name: &str) -> bool {
    lex(text).into_iter().any(|token| {
        token.kind == TokenKind::Ident
            && text.get(token.span.start as usize..token.span.end as usize) == Some(name)
    })
}

/// Diagnostics of a limited query as those of the query itself.
pub(super) fn moved_back(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for found in &mut diagnostics {
        found.place.line = found.place.line.map(|line| line.saturating_sub(1).max(1));
        found.place.span = None;
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_that_are_named_are_limited() {
        let text = limited("Resources | where name == 'resourcecontainers'", &["a'b".to_owned()]);
        assert_eq!(
            text,
            "let Resources = Resources | where subscriptionId in~ ('a\\'b'); \nResources | where name == 'resourcecontainers'"
        );
    }
}
