//! Columns and variables that nothing reads, and work that is done twice.

use std::collections::HashMap;

use super::{Fix, Lint};
use crate::ast::{Call, Expr, ExprKind, NamedExpr, Operator, OperatorKind as O, Pipeline, StatementKind};
use crate::syntax::{Span, TokenKind, unquote};
use crate::walk::{self, Visit};

/// Parsers whose result is worth a column once it is used this often.
const PARSERS: &[&str] =
    &["parse_json", "parse_url", "parse_user_agent", "parse_xml", "parsejson", "todynamic"];
const REPEATED: usize = 3;

/// The whole query: its `let` statements.
pub(super) fn check(lint: &mut Lint<'_>) {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for token in lint.tokens {
        let text = token.span.text(lint.text);
        match token.kind {
            TokenKind::Ident => *uses.entry(text.to_owned()).or_default() += 1,
            TokenKind::String => *uses.entry(unquote(text)).or_default() += 1,
            _ => {}
        }
    }
    // Patterns of table names may mean a `let`.
    let has_wildcards = has_wildcards(lint);
    for statement in &lint.query.statements {
        let StatementKind::Let { name, .. } = &statement.kind else { continue };
        // Once is where it is declared.
        if has_wildcards || uses.get(&name.text).is_some_and(|count| *count > 1) {
            continue;
        }
        let end = lint
            .tokens
            .iter()
            .find(|token| token.kind == TokenKind::Semicolon && token.span.start >= statement.span.end)
            .map_or(statement.span.end, |semicolon| semicolon.span.end);
        // With the blanks after it, up to the end of the line.
        let rest = lint.text.get(end as usize..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let line_end = usize::from(rest[blanks..].starts_with('\n'));
        let span = Span::new(statement.span.start, end + u32::try_from(blanks + line_end).unwrap_or(0));
        let message = format!("nothing refers to `{}`", name.text);
        lint.report(
            "kql-lint-unused-let",
            name.span,
            message,
            "leave the statement out",
            Fix::same(span, ""),
        );
    }
}

/// Whether tables are named by patterns.
fn has_wildcards(lint: &Lint<'_>) -> bool {
    let mut found = Found(false);
    walk::query(&mut found, lint.query);
    found.0
}

struct Found(bool);

impl Visit for Found {
    fn expr(&mut self, expr: &Expr) {
        self.0 |= matches!(expr.kind, ExprKind::Wildcard(_));
    }
}

/// One pipeline.
pub(super) fn check_pipeline(lint: &mut Lint<'_>, pipeline: &Pipeline) {
    for (at, operator) in pipeline.operators.iter().enumerate() {
        let O::Extend { columns } = &operator.kind else { continue };
        for column in columns {
            if let [name] = column.names.as_slice()
                && !reads_itself(&name.text, column)
            {
                follow(lint, &name.text, name.span, &pipeline.operators[at + 1..]);
            }
        }
    }
    repeated_parse(lint, pipeline);
}

/// `extend x = f(x)` changes a column that is there.
fn reads_itself(name: &str, column: &NamedExpr) -> bool {
    super::names(&column.value).iter().any(|used| used == name)
}

/// What becomes of a column in the operators after it was made.
fn follow(lint: &mut Lint<'_>, name: &str, span: Span, after: &[Operator]) {
    for operator in after {
        if takes_all_columns(operator) {
            return;
        }
        match &operator.kind {
            O::Extend { columns } => {
                if columns.iter().any(|column| lint.mentions(column.value.span, name)) {
                    return;
                }
                let is_replaced =
                    columns.iter().any(|column| column.names.iter().any(|other| other.text == name));
                if is_replaced {
                    let message = format!("`{name}` is replaced before anything reads it");
                    let hint = "leave the first one out, or give it another name";
                    lint.report("kql-lint-overwritten-column", span, message, hint, None);
                    return;
                }
            }
            O::Where { .. }
            | O::Sort { .. }
            | O::Take { .. }
            | O::Top { .. }
            | O::MvExpand { .. }
            | O::Parse { .. }
            | O::ParseKv { .. }
            | O::ProjectAway { .. }
            | O::ProjectRename { .. }
            | O::ProjectReorder { .. } => {
                if lint.mentions(operator.span, name) || has_stars(lint, operator) {
                    return;
                }
            }
            O::Project { .. } | O::Summarize { .. } | O::Distinct { .. } | O::Count { .. } => {
                if !lint.mentions(operator.span, name) && !has_stars(lint, operator) {
                    let message = format!("nothing reads `{name}`, and it does not reach the result");
                    lint.report("kql-lint-unused-column", span, message, "leave it out", None);
                }
                return;
            }
            _ => return,
        }
    }
}

fn has_stars(lint: &Lint<'_>, operator: &Operator) -> bool {
    lint.grammar(operator.span).any(|token| token.kind == TokenKind::Star)
}

/// Whether an operator reads columns that it does not name.
fn takes_all_columns(operator: &Operator) -> bool {
    struct Packs(bool);
    impl Visit for Packs {
        fn call(&mut self, call: &Call) {
            self.0 |= matches!(call.name.text.as_str(), "pack_all" | "column_ifexists" | "columnifexists");
        }
    }
    let mut packs = Packs(false);
    walk::operator(&mut packs, operator);
    packs.0
}

/// The same text parsed over and over.
fn repeated_parse(lint: &mut Lint<'_>, pipeline: &Pipeline) {
    struct Parses<'l, 'a> {
        lint: &'l Lint<'a>,
        found: HashMap<String, Vec<Span>>,
    }
    impl Visit for Parses<'_, '_> {
        fn call(&mut self, call: &Call) {
            if let [argument] = call.arguments.as_slice()
                && PARSERS.contains(&call.name.text.as_str())
                && !matches!(argument.value.kind, ExprKind::Literal(_))
            {
                self.found.entry(self.lint.key(call.span)).or_default().push(call.span);
            }
        }
    }
    let mut parses = Parses { lint, found: HashMap::new() };
    for operator in &pipeline.operators {
        // Pipelines inside are looked at on their own.
        if matches!(
            operator.kind,
            O::Extend { .. } | O::Project { .. } | O::Where { .. } | O::Summarize { .. }
        ) {
            walk::operator(&mut parses, operator);
        }
    }
    let mut found: Vec<_> = parses.found.into_iter().filter(|(_, spans)| spans.len() >= REPEATED).collect();
    found.sort();
    for (key, spans) in found {
        let message =
            format!("`{}` is computed {} times", key.replace(" ( ", "(").replace(" )", ")"), spans.len());
        let hint = "compute it once with `extend`";
        lint.report("kql-lint-repeated-parse", spans[1], message, hint, None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, fixed};

    #[test]
    fn variables_are_used() {
        assert_eq!(fixed("let a = 1;\nlet b = 2;\nprint b"), "let b = 2;\nprint b");
        for text in [
            "let a = 1; print a",
            "let f = () { Hosts }; f() | count",
            "let T1 = view () { Hosts }; union T* | count",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn columns_are_read_before_they_are_replaced() {
        assert_eq!(
            codes("Hosts | extend x = 1, y = 2 | where y == 2 | extend x = 3"),
            ["overwritten-column"]
        );
        for text in [
            "Hosts | extend x = 1 | extend x = x + 1",
            "Hosts | extend x = 1 | where x == 1 | extend x = 2",
            "Hosts | extend x = 1 | extend y = column_ifexists('x', 0) | extend x = 2",
            "Hosts | extend Account = tolower(Account) | extend Account = 'a'",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn columns_reach_something() {
        assert_eq!(codes("Hosts | extend x = 1 | summarize count() by Account"), ["unused-column"]);
        for text in [
            "Hosts | extend x = 1 | summarize arg_max(Count, *) by Account",
            "Hosts | extend x = 1 | project Account, x",
            "Hosts | extend x = 1 | extend all_ = pack_all() | project all_",
            "Hosts | extend x = 1 | evaluate narrow() | project Column",
            "Hosts | extend x = 1",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn parsing_twice_is_not_yet_often() {
        assert!(codes("Hosts | project a = parse_json(Status).a, b = parse_json(Status).b").is_empty());
    }
}
