//! `reduce`: texts that look alike, as patterns.
//!
//! A text is cut into words at the separators; texts with the same number of words meet in a pattern where enough words
//! are the same, the others becoming `*` (after Vaarandi, "A Data Clustering Algorithm for Mining Patterns From Event
//! Logs", 2003). What stays alone is `others`.

use std::collections::HashMap;

use azimuth_kql::bound::Expr;
use azimuth_values::{Value, text};

use crate::eval::{self, Env, eval};
use crate::run::{Failure, Run};
use crate::table::Row;

struct Pattern {
    words: Vec<Option<String>>,
    separators: Vec<String>,
    count: i64,
    representative: String,
}

/// `reduce by text with threshold=…, characters=…`: Pattern, Count, Representative.
pub(super) fn reduce(
    run: &Run<'_>,
    rows: &[Row],
    by: &Expr,
    properties: &[(String, Expr)],
) -> Result<Vec<Row>, Failure> {
    let property = |name: &str| {
        let found = properties.iter().find(|(known, _)| known == name);
        found.map(|(_, expr)| eval::constant(run, expr)).transpose()
    };
    let threshold = property("threshold")?.and_then(|value| value.as_real()).unwrap_or(0.1);
    let extra = property("characters")?.map(|value| text::to_string(&value)).unwrap_or_default();
    let separator = |character: char| !character.is_alphanumeric() || extra.contains(character);
    let mut counts: Vec<(String, i64)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let written = text::to_string(&eval(by, &Env::of(run, row))?);
        let place = *places.entry(written.clone()).or_insert_with(|| {
            counts.push((written, 0));
            counts.len() - 1
        });
        counts[place].1 += 1;
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    for (written, count) in counts {
        let (words, separators) = cut(&written, separator);
        let alike = patterns.iter_mut().find(|pattern| {
            let same = pattern
                .words
                .iter()
                .zip(&words)
                .filter(|(known, word)| known.as_deref() == Some(word))
                .count();
            pattern.separators == separators && same > 0 && same as f64 >= threshold * words.len() as f64
        });
        match alike {
            Some(pattern) => {
                pattern.count += count;
                for (known, word) in pattern.words.iter_mut().zip(&words) {
                    if known.as_deref() != Some(word) {
                        *known = None;
                    }
                }
            }
            None => patterns.push(Pattern {
                words: words.into_iter().map(Some).collect(),
                separators,
                count,
                representative: written,
            }),
        }
    }
    let (alone, mut together): (Vec<Pattern>, Vec<Pattern>) = patterns
        .into_iter()
        .partition(|pattern| pattern.words.iter().all(Option::is_some) && pattern.count == 1);
    together.sort_by_key(|pattern| std::cmp::Reverse(pattern.count));
    let mut out: Vec<Row> = together
        .into_iter()
        .map(|pattern| {
            vec![shown(&pattern).into(), Value::Long(pattern.count), pattern.representative.into()]
        })
        .collect();
    if !alone.is_empty() {
        out.push(vec!["others".into(), Value::Long(alone.len() as i64), "".into()]);
    }
    Ok(out)
}

fn cut(written: &str, separator: impl Fn(char) -> bool) -> (Vec<String>, Vec<String>) {
    let (mut words, mut separators) = (vec![String::new()], vec![String::new()]);
    let mut in_word = true;
    for character in written.chars() {
        if separator(character) {
            if in_word {
                separators.push(String::new());
            }
            in_word = false;
            if let Some(last) = separators.last_mut() {
                last.push(character);
            }
        } else {
            if !in_word {
                words.push(String::new());
            }
            in_word = true;
            if let Some(last) = words.last_mut() {
                last.push(character);
            }
        }
    }
    (words, separators)
}

/// Neighbouring words that differ are one `*`, and so is a separator before it.
fn shown(pattern: &Pattern) -> String {
    let mut out = String::new();
    for (index, word) in pattern.words.iter().enumerate() {
        match word {
            Some(word) => {
                if index > 0 && !out.ends_with('*') {
                    out.push_str(pattern.separators.get(index).map_or("", String::as_str));
                }
                out.push_str(word);
            }
            None if out.ends_with('*') => {}
            None => out.push('*'),
        }
    }
    out
}
