//! The terms of a text, as the index has them: runs of letters and digits of the folded text, three characters or more.
//!
//! What is a letter and what folding does is `azimuth_values::terms`' to say. Terms are taken of the folded text: folding can
//! make a letter two characters of which one is no letter.

use azimuth_values::terms::{fold, is_term};
use twox_hash::XxHash64;

/// Terms of fewer characters are not in the index ("What is a term?" in the documentation of string operators).
pub const MIN_CHARACTERS: usize = 3;

/// The hash by which the index knows a term.
pub fn hash(term: &str) -> u32 {
    // The low half; two terms of one hash cost a block that is read in vain.
    XxHash64::oneshot(0, term.as_bytes()) as u32
}

/// Visits every term of a text that the index has, in order, repeated ones too.
pub fn visit(text: &str, found: &mut dyn FnMut(&str)) {
    if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        of_folded(&fold(text), found);
    } else {
        of_folded(text, found);
    }
}

fn of_folded(text: &str, found: &mut dyn FnMut(&str)) {
    for term in text.split(|character| !is_term(character)) {
        if term.len() >= MIN_CHARACTERS && (term.is_ascii() || term.chars().count() >= MIN_CHARACTERS) {
            found(term);
        }
    }
}

/// What stands at an edge of a needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A term that begins or ends there is a whole one in the text too
    Border,
    /// In the text the term may go on
    Open,
}

/// The terms that every text has which holds the needle, given what its edges are: those that are whole in the text too, and in
/// the index.
pub fn of_needle(needle: &str, start: Edge, end: Edge) -> Vec<String> {
    let folded = fold(needle);
    let mut terms: Vec<&str> = folded.split(|character| !is_term(character)).collect();
    // An edge that is a delimiter leaves an empty part there, and nothing is lost.
    if start == Edge::Open {
        terms.remove(0);
    }
    if end == Edge::Open {
        terms.pop();
    }
    let kept = terms.into_iter().filter(|term| term.chars().count() >= MIN_CHARACTERS);
    let mut kept: Vec<String> = kept.map(str::to_owned).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        visit(text, &mut |term| found.push(term.to_owned()));
        found
    }

    #[test]
    fn terms_are_folded_and_not_short() {
        assert_eq!(terms("North-America a_bc DEF12 x.exe"), ["north", "america", "def12", "exe"]);
        assert_eq!(terms("ÜNÏcode wörd éa"), ["ünïcode", "wörd"]);
        // The dot above of a folded `İ` is no letter.
        assert_eq!(terms("İstanbul"), ["stanbul"]);
        assert!(terms("").is_empty());
    }

    #[test]
    fn needles_keep_what_is_whole() {
        use Edge::{Border, Open};
        assert_eq!(of_needle("abc-def.ghi", Border, Border), ["abc", "def", "ghi"]);
        assert_eq!(of_needle("abc-def.ghi", Open, Open), ["def"]);
        assert_eq!(of_needle("-abc.", Open, Open), ["abc"]);
        assert_eq!(of_needle("abc", Open, Open), [""; 0]);
        assert_eq!(of_needle("abc", Open, Border), [""; 0]);
        assert_eq!(of_needle("abc def", Border, Open), ["abc"]);
        assert_eq!(of_needle("", Open, Open), [""; 0]);
    }
}
