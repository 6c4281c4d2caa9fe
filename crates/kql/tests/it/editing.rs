//! Completion, hover and lint: over real queries, and over texts that are none.

use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::complete::{CompletionKind, complete};
use azimuth_kql::format::{FormatOptions, format};
use azimuth_kql::hover::hover;
use azimuth_kql::lint::{apply_equivalent_fixes, lint};
use azimuth_kql::syntax::{TokenKind, lex};
use azimuth_kql::types::{Column, ScalarType, Schema};
use proptest::prelude::*;

use crate::binding::catalog;
use crate::corpus::cases;

fn small() -> MemoryCatalog {
    let mut catalog = MemoryCatalog::new();
    let columns = [("a", ScalarType::Long), ("b", ScalarType::String), ("d", ScalarType::Dynamic)];
    catalog.add_table("T", Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec()));
    catalog
}

fn check(text: &str, offset: usize) {
    let catalog = small();
    for item in complete(text, offset, &catalog) {
        let span = item.replace.range();
        assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
    }
    lint(text, &catalog);
    if let Some(found) = hover(text, offset, &catalog) {
        assert!(text.get(found.span.range()).is_some() && !found.code.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn words_in_any_order_at_any_place(words in crate::hostile::words(), offset in 0usize..300) {
        check(&words, offset);
    }

    #[test]
    fn any_text_at_any_place(text in "\\PC*", offset in 0usize..200) {
        check(&text, offset);
    }
}

/// A query cut off anywhere offers the words that follow: the operator after a pipe, the column in an expression.
#[test]
fn what_people_wrote_next_was_offered() {
    let catalog = catalog(true);
    let (mut operators, mut names, mut columns) = ((0usize, 0usize), (0usize, 0usize), (0usize, 0usize));
    for case in cases("real-queries.jsonl").iter().filter(|case| case["ok"] == true).step_by(40) {
        let text = case["query"].as_str().unwrap();
        let tokens: Vec<_> = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        for pair in tokens.windows(2).filter(|pair| pair[1].kind == TokenKind::Ident) {
            let word = pair[1].span.text(text);
            let start = pair[1].span.start as usize;
            // Names that are declared here, and constants.
            let is_new = text[pair[1].span.end as usize..].trim_start().starts_with(['=', ':'])
                || ["true", "false"].contains(&word);
            let offers = || complete(&text[..start], start, &catalog);
            if pair[0].kind == TokenKind::Pipe {
                operators.1 += 1;
                let is_there =
                    offers().iter().any(|item| item.label.split('-').next() == word.split('-').next());
                operators.0 += usize::from(is_there || matches!(word, "order" | "limit" | "filter"));
            } else if pair[0].kind == TokenKind::Comma && !is_new {
                names.1 += 1;
                let is_there = offers().iter().any(|item| item.label == word);
                if !is_there && std::env::var_os("KQL_FAILURES").is_some() {
                    eprintln!("  {}: {} ^ {word}", case["id"], &text[start.saturating_sub(80)..start]);
                }
                names.0 += usize::from(is_there);
            } else if ["where", "by"].contains(&pair[0].span.text(text)) && !is_new {
                let offers = offers();
                if offers.iter().any(|item| item.kind == CompletionKind::Column) {
                    columns.1 += 1;
                    columns.0 += usize::from(offers.iter().any(|item| item.label == word));
                }
            }
        }
    }
    eprintln!("offered: operators {operators:?}, after commas {names:?}, columns {columns:?}");
    assert_eq!(operators.0, operators.1);
    assert!(names.0 * 100 >= names.1 * 98);
    assert!(columns.0 * 100 >= columns.1 * 95);
}

/// Hovers over the columns of the last operator agree with the binder.
#[test]
fn hovers_have_the_types_of_the_binder() {
    let catalog = catalog(true);
    let mut seen = 0usize;
    for case in cases("real-queries.jsonl").iter().filter(|case| case["ok"] == true).step_by(25) {
        let text = case["query"].as_str().unwrap();
        let Some(schema) = bind(text, &catalog, &Options::default()).schema() else { continue };
        let text = format!("{}\n| project-away ", text.trim_end().trim_end_matches(';'));
        for column in schema
            .columns
            .iter()
            .filter(|column| !column.name.contains(|c: char| !c.is_alphanumeric() && c != '_'))
            .take(5)
        {
            let text = format!("{text}{}", column.name);
            let Some(found) = hover(&text, text.len() - 1, &catalog) else {
                // The query ends with something that no operator may follow, or with a comment.
                continue;
            };
            seen += 1;
            assert_eq!(found.code, format!("{}: {}", column.name, column.ty), "{}", case["id"]);
        }
    }
    eprintln!("hovers compared: {seen}");
}

/// What the lint finds in real queries, and what its fixes make of them.
#[test]
fn fixes_that_keep_the_answer_keep_the_columns() {
    let catalog = catalog(true);
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    let (mut queries, mut changed) = (0usize, 0usize);
    for file in ["real-queries.jsonl", "sentinel-rules.jsonl"] {
        for case in cases(file).iter().filter(|case| case["ok"] == true) {
            let text = case["query"].as_str().unwrap();
            let findings = lint(text, &catalog);
            queries += 1;
            for found in &findings {
                *counts.entry(found.diagnostic.code).or_default() += 1;
                if std::env::var("KQL_LINT").is_ok_and(|code| found.diagnostic.code.ends_with(&code)) {
                    let (start, end) = found.diagnostic.place.span.unwrap();
                    let fix = found.fix.as_ref().map(|fix| fix.replacement.as_str());
                    eprintln!("{}: {} [{}] {fix:?}", case["id"], found.diagnostic.message, &text[start..end]);
                }
            }
            let better = apply_equivalent_fixes(text, &findings);
            if better != text {
                changed += 1;
                let before = bind(text, &catalog, &Options::default());
                let after = bind(&better, &catalog, &Options::default());
                assert!(!after.has_errors(), "{}: {:?}\n{better}", case["id"], after.diagnostics);
                assert_eq!(before.schema(), after.schema(), "{}\n{better}", case["id"]);
            }
        }
    }
    eprintln!("{queries} queries, {changed} changed by fixes, findings {counts:#?}");
}

#[test]
fn the_page_of_the_lint_is_up_to_date() {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/kql-lint.md");
    let page = azimuth_kql::lint::reference_page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/kql-lint.md is stale; run `BLESS=1 cargo test -p azimuth-kql`");
}

#[test]
fn deep_and_long_texts_end() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("f(", "1", ")"),
        ("toscalar(T | where a > ", "1", ")"),
        ("a[", "0", "]"),
        ("not(a == ", "1", ")"),
    ] {
        for depth in [40, 140, 2_000] {
            let text = format!("print {}{inner}{}", open.repeat(depth), close.repeat(depth));
            check(&text, text.len() / 2);
            let _ = format(&text, &FormatOptions::default());
        }
    }
    let chain = format!("T | where b == 'x' {}", "or b == 'x' ".repeat(3_000));
    let lets: String = (0..2_000).map(|number| format!("let x{number} = {number};")).collect();
    let steps = format!("T {}", "| extend c = 1 ".repeat(900));
    let empties = format!("T {}", "| where b != '' ".repeat(900));
    for text in [chain, lets + "print x1", steps, empties] {
        check(&text, text.len() - 1);
        assert!(format(&text, &FormatOptions::default()).is_ok());
    }
}
