//! Points of a password: one for every banned term in it, one for every character besides.

use super::distance::within_one_edit;

/// Points that a password needs to be accepted.
pub const POINTS_NEEDED: usize = 5;

/// Characters of a password that are weighed; Entra takes no more than 256.
const LONGEST: usize = 256;

/// Terms shorter than this count only as they are written: nearly every password has two of three characters in it.
const SHORTEST_FUZZY: usize = 4;

/// What the points of a password are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// Terms found plus characters that no term covers.
    pub points: usize,
    /// The terms found, in normalised spelling, from left to right.
    pub terms: Vec<String>,
}

/// Weighs a normalised password against normalised terms.
///
/// Terms as they are written come first: from the left, the longest that begins at a place. In the runs between them, a
/// stretch within one edit of a term counts as that term too, so divided that the points are fewest. An exact find is
/// never stretched by fuzzy matching: the documentation accepts `ContoS0Bl@nkf9!` with five points, where `blankf`
/// would leave four.
pub(super) fn score(password: &[char], terms: &[Vec<char>]) -> Score {
    let password = &password[..password.len().min(LONGEST)];
    let mut found = Score { points: 0, terms: Vec::new() };
    let (mut at, mut run) = (0, 0);
    while at < password.len() {
        let Some(term) = longest_at(&password[at..], terms) else {
            at += 1;
            continue;
        };
        weigh_run(&password[run..at], terms, &mut found);
        found.points += 1;
        found.terms.push(term.iter().collect());
        at += term.len();
        run = at;
    }
    weigh_run(&password[run..], terms, &mut found);
    found
}

fn longest_at<'a>(rest: &[char], terms: &'a [Vec<char>]) -> Option<&'a Vec<char>> {
    terms.iter().filter(|term| rest.starts_with(term)).max_by_key(|term| term.len())
}

/// The cheapest way from one place of a run to its end.
#[derive(Clone, Copy)]
struct Rest<'a> {
    points: usize,
    /// The term that a stretch of this length counts as; `None` if the character counts for itself.
    taken: Option<(usize, &'a [char])>,
}

/// Adds the points of a stretch without exact terms: the cheapest way to divide it, worked out from its end.
fn weigh_run(run: &[char], terms: &[Vec<char>], found: &mut Score) {
    let mut best = vec![Rest { points: 0, taken: None }; run.len() + 1];
    for at in (0..run.len()).rev() {
        best[at] = Rest { points: best[at + 1].points + 1, taken: None };
        for term in terms.iter().filter(|term| term.len() >= SHORTEST_FUZZY) {
            for length in term.len() - 1..=term.len() + 1 {
                let Some(stretch) = run.get(at..at + length) else { break };
                let points = best[at + length].points + 1;
                if points < best[at].points && within_one_edit(stretch, term) {
                    best[at] = Rest { points, taken: Some((length, term)) };
                }
            }
        }
    }
    found.points += best[0].points;
    let mut at = 0;
    while at < run.len() {
        match best[at].taken {
            Some((length, term)) => {
                found.terms.push(term.iter().collect());
                at += length;
            }
            None => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, terms: &[&str], points: usize, found: &[&str]) {
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        let terms: Vec<Vec<char>> = terms.iter().map(|term| characters(term)).collect();
        let expected = Score { points, terms: found.iter().map(|&term| term.to_owned()).collect() };
        assert_eq!(score(&characters(password), &terms), expected);
    }

    #[test]
    fn terms_and_the_rest_give_a_point_each() {
        check("contosoblankl2", &["contoso", "blank"], 4, &["contoso", "blank"]);
        check("x-dragon-y", &["dragon"], 5, &["dragon"]);
        check("", &["dragon"], 0, &[]);
    }

    #[test]
    fn the_longest_term_at_a_place_counts() {
        check("passwords", &["pass", "password"], 2, &["password"]);
    }

    #[test]
    fn a_near_miss_between_exact_terms_counts_as_the_term() {
        check("contosolomdonwidgt7", &["contoso", "london", "widget"], 4, &["contoso", "london", "widget"]);
        check("wdget!2o24", &["widget"], 6, &["widget"]);
    }

    #[test]
    fn an_exact_term_is_not_stretched() {
        check("contosoblankf9!", &["contoso", "blank"], 5, &["contoso", "blank"]);
    }

    #[test]
    fn short_terms_count_only_as_written() {
        check("abxyz", &["abc"], 5, &[]);
    }
}
