//! Patterns of words that tell two sets of texts apart.

use std::collections::{BTreeMap, HashSet};

/// Words that a pattern is built of, at most, of those that stand between white space.
const MOST_TOKENS: usize = 20;
/// Words of a text that are looked at.
const LOOKED_AT: usize = 400;
/// Candidates kept from one length to the next.
const MOST_CANDIDATES: usize = 2_000;
/// Patterns given.
const MOST: usize = 100;

/// A pattern: words in a row, `None` where any word may stand; how many texts of each set have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words
    pub tokens: Vec<Option<u32>>,
    /// Texts that have it, by set
    pub counts: [u64; 2],
}

/// What a search for words asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Words that are no wildcards, at least
    pub least: usize,
    /// Words, wildcards included, at most
    pub most: usize,
    /// By how much the shares of the two sets differ, from 0 to 1
    pub threshold: f64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { least: 1, most: MOST_TOKENS, threshold: 0.05 }
    }
}

/// One candidate: the words, and where they stand (text, first word).
type Candidate = (Vec<Option<u32>>, Vec<(u32, u32)>);

/// Patterns of consecutive words whose shares of the two sets of texts differ enough, the largest difference first; of those
/// with the same texts, the one with the most words. A text is its words as numbers, and the set that it is of.
pub fn contrast(texts: &[(Vec<u32>, usize)], wanted: Wanted) -> Vec<Words> {
    let totals = [0, 1].map(|set| texts.iter().filter(|(_, of)| *of == set).count() as f64);
    let share = |counts: [u64; 2]| {
        [0, 1].map(|set| if totals[set] > 0.0 { counts[set] as f64 / totals[set] } else { 0.0 })
    };
    let is_enough = |counts: [u64; 2]| share(counts).into_iter().any(|share| share >= wanted.threshold);
    let difference = |counts: [u64; 2]| (share(counts)[0] - share(counts)[1]).abs();
    let counts = |places: &[(u32, u32)]| {
        let mut counts = [0; 2];
        // Places are in the order of texts.
        let mut last = None;
        for (text, _) in places {
            if last != Some(*text) {
                last = Some(*text);
                counts[usize::from(texts[*text as usize].1 != 0)] += 1;
            }
        }
        counts
    };
    let mut level: Vec<Candidate> = vec![(Vec::new(), starts(texts))];
    let mut found: Vec<Words> = Vec::new();
    for _ in 0..wanted.most.min(MOST_TOKENS) {
        let mut next: Vec<Candidate> = Vec::new();
        for (tokens, places) in &level {
            // Any word may follow, unless it would begin the pattern.
            let more: Vec<(u32, u32)> = places
                .iter()
                .copied()
                .filter(|(text, at)| word(texts, *text, *at, tokens.len()).is_some())
                .collect();
            let mut by_word: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
            for (text, at) in &more {
                if let Some(word) = word(texts, *text, *at, tokens.len()) {
                    by_word.entry(word).or_default().push((*text, *at));
                }
            }
            let words = by_word.into_iter().map(|(word, places)| (Some(word), places));
            let any = (!tokens.is_empty()).then_some((None, more));
            for (word, places) in words.chain(any) {
                if is_enough(counts(&places)) {
                    let tokens: Vec<Option<u32>> = tokens.iter().copied().chain([word]).collect();
                    next.push((tokens, places));
                }
            }
        }
        // The most telling go on; those with many words before those with wildcards.
        let key = |(tokens, places): &Candidate| {
            (tokens.iter().flatten().count(), counts(places).iter().sum::<u64>())
        };
        next.sort_by_key(|candidate| std::cmp::Reverse(key(candidate)));
        next.truncate(MOST_CANDIDATES);
        for (tokens, places) in &next {
            let counts = counts(places);
            let ends_with_word = tokens.last().is_some_and(Option::is_some);
            if ends_with_word
                && tokens.iter().flatten().count() >= wanted.least
                && difference(counts) >= wanted.threshold
            {
                found.push(Words { tokens: tokens.clone(), counts });
            }
        }
        level = next;
    }
    found.sort_by(|left, right| {
        let words = |words: &Words| words.tokens.iter().flatten().count();
        let telling = difference(right.counts).total_cmp(&difference(left.counts));
        telling.then(words(right).cmp(&words(left))).then(left.tokens.len().cmp(&right.tokens.len()))
    });
    distinct(found)
}

/// Every word of every text.
fn starts(texts: &[(Vec<u32>, usize)]) -> Vec<(u32, u32)> {
    let all = texts.iter().enumerate().take(u32::MAX as usize);
    all.flat_map(|(text, (words, _))| (0..words.len().min(LOOKED_AT)).map(move |at| (text as u32, at as u32)))
        .collect()
}

fn word(texts: &[(Vec<u32>, usize)], text: u32, at: u32, offset: usize) -> Option<u32> {
    texts[text as usize].0.get(at as usize + offset).copied()
}

/// Without patterns that are a piece of a better one, or the other way about.
fn distinct(found: Vec<Words>) -> Vec<Words> {
    let mut kept: Vec<Words> = Vec::new();
    let mut seen: HashSet<Vec<Option<u32>>> = HashSet::new();
    for words in found {
        if kept.len() >= MOST {
            break;
        }
        let overlaps =
            |known: &Words| is_piece(&known.tokens, &words.tokens) || is_piece(&words.tokens, &known.tokens);
        if seen.insert(words.tokens.clone()) && !kept.iter().any(overlaps) {
            kept.push(words);
        }
    }
    kept
}

/// Whether the words of `piece` stand in `whole` in this order and distance.
fn is_piece(piece: &[Option<u32>], whole: &[Option<u32>]) -> bool {
    let fits = |window: &[Option<u32>]| {
        piece.iter().zip(window).all(|(mine, theirs)| mine.is_none() || mine == theirs)
    };
    piece.is_empty() || whole.windows(piece.len()).any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_one_set_has() {
        // "disk is full on x", "disk is full on y" against "all is well".
        let texts = [
            (vec![1, 2, 3, 4, 10], 0),
            (vec![1, 2, 3, 4, 11], 0),
            (vec![1, 2, 3, 4, 12], 0),
            (vec![7, 2, 8], 1),
            (vec![7, 2, 8], 1),
        ];
        let found = contrast(&texts, Wanted { threshold: 0.5, ..Wanted::default() });
        let told: Vec<_> = found.iter().map(|words| (words.tokens.clone(), words.counts)).collect();
        assert_eq!(
            told,
            [(vec![Some(1), Some(2), Some(3), Some(4)], [3, 0]), (vec![Some(7), Some(2), Some(8)], [0, 2])]
        );
    }

    #[test]
    fn gaps_are_wildcards() {
        let texts = [(vec![1, 20, 3], 0), (vec![1, 21, 3], 0), (vec![5, 1], 1), (vec![3, 6], 1)];
        let found = contrast(&texts, Wanted { least: 2, threshold: 0.6, ..Wanted::default() });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].tokens, [Some(1), None, Some(3)]);
        assert!(contrast(&[], Wanted::default()).is_empty());
    }
}
