//! Queries bent out of shape: whatever becomes of a recorded query by changing a few of its words, the row engine answers or
//! refuses, within its limits, and never panics.

use azimuth_kql::bind::MemoryCatalog;
use azimuth_rows::Limits;
use azimuth_values::Context;

use crate::{NOW, Nothing, shared};

/// Mutants of each query.
const MUTANTS: usize = 4;

struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// Words, numbers, texts in quotes, blanks and single signs.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            first if is_word(first) => rest.find(|character| !is_word(character)).unwrap_or(rest.len()),
            first if first.is_whitespace() => {
                rest.find(|character: char| !character.is_whitespace()).unwrap_or(rest.len())
            }
            first => first.len_utf8(),
        };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

const EXTREMES: [&str; 12] = [
    "9223372036854775807",
    "-1",
    "0",
    "1e308",
    "long(null)",
    "''",
    "dynamic(null)",
    "dynamic([[],{}])",
    "1tick",
    "datetime(9999-12-31)",
    "real(nan)",
    "timespan(null)",
];

fn mutant(words: &[&str], others: &[&str], chance: &mut Chance) -> String {
    let mut mutant: Vec<&str> = words.to_vec();
    for _ in 0..=chance.next(3) {
        let place = chance.next(mutant.len());
        let is_blank = mutant.get(place).is_none_or(|word| word.trim().is_empty());
        match chance.next(5) {
            _ if is_blank => {}
            0 => drop(mutant.remove(place)),
            1 => mutant.insert(place, mutant[place]),
            2 => mutant[place] = others[chance.next(others.len())],
            3 => {
                let other = chance.next(mutant.len());
                mutant.swap(place, other);
            }
            // Numbers and texts go to their extremes.
            _ if mutant[place]
                .starts_with(|first: char| first.is_ascii_digit() || matches!(first, '\'' | '"')) =>
            {
                mutant[place] = EXTREMES[chance.next(EXTREMES.len())];
            }
            _ => {}
        }
    }
    mutant.concat()
}

fn run() {
    let files = ["corpora/kql/docs-cases.jsonl", "corpora/kql/engine-facts.jsonl"];
    let mut queries: Vec<String> = Vec::new();
    for file in files {
        let Some(path) = shared(file) else { return };
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let query = case["query"].as_str().unwrap();
            if case["self_contained"] != false && query.len() < 2_000 {
                queries.push(query.to_owned());
            }
        }
    }
    let all: Vec<&str> =
        queries.iter().flat_map(|query| words(query)).filter(|word| !word.trim().is_empty()).collect();
    let seeds = std::env::var("SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(1);
    let (mut count, mut answered) = (0, 0);
    for seed in 0..seeds {
        let mut chance = Chance(seed);
        for query in &queries {
            let known = words(query);
            for _ in 0..MUTANTS {
                let text = mutant(&known, &all, &mut chance);
                let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let context = Context::new(NOW, 7);
                    let limits = Limits { rows: 20_000 };
                    azimuth_rows::query(&text, &MemoryCatalog::default(), &Nothing, &context, limits).is_ok()
                }));
                count += 1;
                answered += usize::from(asked.unwrap_or_else(|_| panic!("panics:\n{text}")));
            }
        }
    }
    eprintln!("{count} bent queries, {answered} answered");
    assert!(answered * 10 > count, "only {answered} of {count} still mean something");
}

#[test]
fn bent_queries_never_panic() {
    // Builds of tests do not save on frames.
    std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
}
