//! What a predicate asks of terms.

use std::collections::BTreeSet;

/// Terms that rows must have. A row for which the predicate holds meets it; others may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The text of a column has all of these terms, as whole ones (folded, none shorter than the index keeps)
    Terms {
        /// The column, as the file names it
        column: String,
        /// The terms
        terms: Vec<String>,
    },
    /// All of them hold
    All(Vec<Condition>),
    /// One of them holds
    Any(Vec<Condition>),
}

/// Blocks of rows: their numbers, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks(Vec<u32>);

impl Blocks {
    /// These blocks, in whatever order.
    pub fn new(mut blocks: Vec<u32>) -> Self {
        blocks.sort_unstable();
        blocks.dedup();
        Self(blocks)
    }

    /// Their numbers.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    fn and(&self, other: &Self) -> Self {
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        Self(few.0.iter().copied().filter(|block| many.0.binary_search(block).is_ok()).collect())
    }
}

impl Condition {
    /// The blocks where the condition may hold, from those where a column has a term; `None` if they are not known.
    pub fn blocks(&self, with_term: &dyn Fn(&str, &str) -> Option<Blocks>) -> Option<Blocks> {
        match self {
            Self::Terms { column, terms } => intersection(terms.iter().map(|term| with_term(column, term))),
            Self::All(parts) => intersection(parts.iter().map(|part| part.blocks(with_term))),
            Self::Any(parts) => {
                let mut all = BTreeSet::new();
                for part in parts {
                    all.extend(part.blocks(with_term)?.0);
                }
                Some(Blocks(all.into_iter().collect()))
            }
        }
    }
}

/// The blocks in all sets that are known.
fn intersection(sets: impl Iterator<Item = Option<Blocks>>) -> Option<Blocks> {
    sets.flatten().reduce(|known, set| known.and(&set))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_holds_everywhere() {
        let term = |column: &str, terms: &[&str]| Condition::Terms {
            column: column.to_owned(),
            terms: terms.iter().map(|&term| term.to_owned()).collect(),
        };
        let lookup = |column: &str, term: &str| match (column, term) {
            ("a", "one") => Some(Blocks::new(vec![3, 1])),
            ("a", "two") => Some(Blocks::new(vec![1, 2])),
            ("a", _) => Some(Blocks::default()),
            _ => None,
        };
        let blocks = |condition: Condition| condition.blocks(&lookup).map(|blocks| blocks.0);
        assert_eq!(blocks(term("a", &["one", "two"])), Some(vec![1]));
        assert_eq!(blocks(term("b", &["one"])), None);
        assert_eq!(
            blocks(Condition::Any(vec![term("a", &["one"]), term("a", &["two"])])),
            Some(vec![1, 2, 3])
        );
        assert_eq!(blocks(Condition::Any(vec![term("a", &["one"]), term("b", &["two"])])), None);
        assert_eq!(blocks(Condition::All(vec![term("a", &["one"]), term("b", &["two"])])), Some(vec![1, 3]));
        assert_eq!(blocks(term("a", &["none"])), Some(Vec::new()));
    }
}
