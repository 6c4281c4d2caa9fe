//! Queries of people, damaged: no service of the language panics on them, loses a byte or points outside of the text.
//!
//! `KQL_FUZZ=200` takes two hundred mutants of each query, not one of every thirtieth, and says which took longest.

use std::time::{Duration, Instant};

use azimuth_kql::bind::{Catalog, Options, Rules};
use azimuth_kql::complete::complete;
use azimuth_kql::format::FormatOptions;
use azimuth_kql::hover::hover;
use azimuth_kql::lint::lint;
use azimuth_kql::syntax::lex;
use azimuth_kql::{bind, parse};

use crate::binding::catalog;
use crate::corpus::cases;

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// What breaks quotes, brackets, names and the reading of characters.
const ODD: &[&str] = &[
    "'",
    "\"",
    "```",
    "@'",
    "h\"",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "((((((((",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\u{1f3f4}\u{200d}\u{2620}",
    "e\u{301}",
    "ǆ",
    "\u{2028}",
    "\r",
    "//",
    "#",
    ";",
    "|",
    "||",
    ",",
    ",,",
    "..",
    ".",
    ":",
    "==",
    "=~",
    "!",
    "-",
    "--",
    "1e",
    "0x",
    "1d2h",
    "9999999999999999999999",
    "datetime(",
    "dynamic({",
    "typeof(",
    "$left",
    "$right.",
    "*",
    "_",
    "<|",
    "=>",
    "-->",
    "-[",
    "let",
    "materialize(",
    "toscalar(",
    "nulls first",
];

/// One wound.
fn mutated(text: &str, other: &str, numbers: &mut Numbers) -> String {
    let tokens = lex(text);
    let spans: Vec<&str> = tokens.iter().map(|token| token.span.text(text)).collect();
    let at = numbers.below(spans.len());
    let joined = |parts: &[&str]| parts.concat();
    let cut = |text: &str, at: usize| {
        (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    match numbers.below(9) {
        // A token less, twice, elsewhere, or of another query.
        0 => joined(&[&spans[..at], spans.get(at + 1..).unwrap_or_default()].concat()),
        1 => joined(
            &[&spans[..at], &spans[at.min(spans.len())..][..1.min(spans.len() - at)], &spans[at..]].concat(),
        ),
        2 => {
            let mut spans = spans.clone();
            let to = numbers.below(spans.len());
            if !spans.is_empty() {
                spans.swap(at, to);
            }
            joined(&spans)
        }
        3 => {
            let theirs: Vec<&str> = lex(other).iter().map(|token| token.span.text(other)).collect();
            let from = numbers.below(theirs.len());
            let taken = theirs.iter().skip(from).take(1 + numbers.below(12)).copied();
            spans[..at].iter().copied().chain(taken).chain(spans[at..].iter().copied()).collect()
        }
        // Something odd between tokens or inside one.
        4 => joined(&[&spans[..at], &[numbers.of(ODD)], &spans[at..]].concat()),
        5 => {
            let place = cut(text, numbers.below(text.len() + 1));
            format!("{}{}{}", &text[..place], numbers.of(ODD), &text[place..])
        }
        // A byte changed.
        6 => {
            let mut bytes = text.as_bytes().to_vec();
            if !bytes.is_empty() {
                let place = numbers.below(bytes.len());
                bytes[place] ^= 1 << numbers.below(8);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        }
        // The rest is missing, or comes again.
        7 => text[..cut(text, numbers.below(text.len() + 1))].to_owned(),
        _ => {
            let place = cut(text, numbers.below(text.len() + 1));
            format!("{text}{}", &text[place..])
        }
    }
}

fn survive(text: &str, catalog: &dyn Catalog, numbers: &mut Numbers) {
    let tokens: String = lex(text).iter().map(|token| token.span.text(text)).collect();
    assert_eq!(tokens, text, "tokens are not the text");
    for rules in [Rules::Engine, Rules::ReferenceBinder] {
        let bound = bind(text, catalog, &Options { rules, ..Options::default() });
        for found in &bound.diagnostics {
            let (start, end) = found.place.span.unwrap();
            assert!(start <= end && text.get(start..end).is_some(), "{found} is outside of\n{text}");
        }
    }
    if let Err(error) = crate::formatting::check(text, &FormatOptions::default()) {
        panic!("{error}\n---- of\n{text}");
    }
    for finding in lint(text, catalog) {
        assert!(finding.diagnostic.place.span.is_none_or(|(start, end)| text.get(start..end).is_some()));
    }
    let place = numbers.below(text.len() + 2);
    for item in complete(text, place, catalog) {
        assert!(text.get(item.replace.range()).is_some(), "{} at {place} of\n{text}", item.label);
    }
    if let Some(found) = hover(text, place, catalog) {
        assert!(text.get(found.span.range()).is_some(), "{} at {place} of\n{text}", found.code);
    }
}

#[test]
fn damaged_queries_are_survived() {
    let rounds = std::env::var("KQL_FUZZ").ok().and_then(|rounds| rounds.parse::<usize>().ok());
    let (rounds, step) = rounds.map_or((1, 30), |rounds| (rounds, 1));
    let catalog = catalog(true);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut longest = (Duration::ZERO, String::new());
    let mut count = 0usize;
    for file in ["real-queries.jsonl", "docs-cases.jsonl", "sentinel-rules.jsonl", "engine-facts.jsonl"] {
        let cases = cases(file);
        let texts: Vec<&str> = cases.iter().filter_map(|case| case["query"].as_str()).collect();
        for text in texts.iter().step_by(step) {
            for _ in 0..rounds {
                let mut mutant = (*text).to_owned();
                for _ in 0..=numbers.below(3) {
                    mutant = mutated(&mutant, numbers.of(&texts), &mut numbers);
                }
                let begin = Instant::now();
                survive(&mutant, &catalog, &mut numbers);
                count += 1;
                if begin.elapsed() > longest.0 {
                    longest = (begin.elapsed(), mutant);
                }
            }
        }
    }
    if step == 1 {
        eprintln!("{count} mutants; the longest took {:?}:\n{}", longest.0, longest.1);
    }
}

/// A megabyte of one thing.
#[test]
fn huge_texts_are_survived() {
    let catalog = catalog(false);
    let mut numbers = Numbers(7);
    for part in [
        "a",
        "'",
        "\"x\" ",
        "(",
        "[",
        "{",
        "1,",
        "a.b",
        "| where x == 1 ",
        "let a = 1; ",
        "print 1; ",
        "// x\n",
        "\u{1f4a5}",
        "dynamic([",
        "a and ",
        "not(",
        "- ",
        "union (",
        "f(",
        "$left.",
        "\n",
        " ",
    ] {
        let text = part.repeat(1_000_000 / part.len());
        let tokens: usize = parse(&text).tokens.iter().map(|token| token.span.text(&text).len()).sum();
        assert_eq!(tokens, text.len());
        let bound = bind(&text, &catalog, &Options::default());
        assert!(bound.diagnostics.len() <= 1_000, "{part}: {}", bound.diagnostics.len());
        let place = numbers.below(text.len());
        let _ = (complete(&text, place, &catalog).len(), hover(&text, place, &catalog).is_some());
    }
}
