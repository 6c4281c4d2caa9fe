//! Formatting the queries of the corpora changes their layout and nothing else.

use azimuth_kql::bind::Options;
use azimuth_kql::format::{FormatOptions, format};
use azimuth_kql::{bind, parse};
use proptest::prelude::*;

use crate::binding::catalog;
use crate::corpus::cases;

/// The tree without the places in it.
fn tree(text: &str) -> String {
    let printed = format!("{:?}", parse(text).query);
    let mut out = String::with_capacity(printed.len());
    for (at, part) in printed.split("Span { start: ").enumerate() {
        out.push_str(if at == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) });
    }
    out
}

pub(crate) fn check(text: &str, options: &FormatOptions) -> Result<bool, String> {
    let Ok(once) = format(text, options) else { return Ok(false) };
    if tree(text) != tree(&once) {
        return Err(format!("another tree:\n{once}"));
    }
    let comments = |text: &str| text.matches("//").count();
    if comments(text) != comments(&once) {
        return Err(format!("comments lost:\n{once}"));
    }
    match format(&once, options) {
        Ok(twice) if twice == once => Ok(true),
        Ok(twice) => Err(format!("changes again:\n{once}\n----\n{twice}")),
        Err(found) => Err(format!("does not parse again: {}\n{once}", found[0])),
    }
}

#[test]
fn queries_of_the_corpora_keep_their_meaning() {
    let catalog = catalog(true);
    let (mut formatted, mut refused, mut failures) = (0usize, 0usize, Vec::new());
    for file in ["docs-cases.jsonl", "engine-facts.jsonl", "real-queries.jsonl", "sentinel-rules.jsonl"] {
        for case in &cases(file) {
            let text = case["query"].as_str().unwrap();
            for width in [40, 100] {
                let options = FormatOptions { width, ..FormatOptions::default() };
                match check(text, &options) {
                    Ok(true) => formatted += 1,
                    Ok(false) => refused += 1,
                    Err(error) => failures.push(format!("{}: {error}", case["id"])),
                }
            }
            if let Ok(laid_out) = format(text, &FormatOptions::default()) {
                let schema = |text: &str| bind(text, &catalog, &Options::default()).schema();
                if schema(text) != schema(&laid_out) {
                    failures.push(format!("{}: another schema", case["id"]));
                }
            }
        }
    }
    eprintln!("formatted {formatted}, left with syntax errors {refused}, wrong {}", failures.len());
    if let Some(wanted) = std::env::var_os("KQL_SHOW") {
        for file in ["real-queries.jsonl", "sentinel-rules.jsonl"] {
            for case in cases(file).iter().filter(|case| case["id"].as_str() == wanted.to_str()) {
                eprintln!("{}", format(case["query"].as_str().unwrap(), &FormatOptions::default()).unwrap());
            }
        }
    }
    failures.truncate(5);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn names_of_several_tokens_stay_one() {
    for text in [
        "union a$b.c",
        "union a$b*, database('d').x$y",
        "T | project-away a*b$c",
        "union ['a b'].c",
        "print-expand",
    ] {
        assert_eq!(check(text, &FormatOptions::default()), Ok(true), "{text}");
    }
}

proptest! {
    #[test]
    fn words_in_any_order_are_formatted_or_refused(
        words in crate::hostile::words(), width in 1usize..80, indent in 0usize..9
    ) {
        let checked = check(&words, &FormatOptions { width, indent });
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "\\PC*") {
        let _ = format(&text, &FormatOptions::default());
    }
}
