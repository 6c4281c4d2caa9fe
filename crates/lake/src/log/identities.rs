//! Identities of the latest batches: one that is sent again is acknowledged, and no row is kept twice.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// What was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) rows: u64,
    pub(crate) dead_lettered: u64,
}

/// The window of identities that are remembered, the oldest first.
#[derive(Debug)]
pub(crate) struct Identities {
    known: HashMap<(String, String), Counted>,
    order: VecDeque<(String, String)>,
    most: usize,
}

impl Identities {
    /// Remembers so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), order: VecDeque::new(), most }
    }

    /// What was acknowledged for a batch of a table, if it was.
    pub(crate) fn find(&self, table: &str, identity: &str) -> Option<Counted> {
        self.known.get(&(table.to_owned(), identity.to_owned())).copied()
    }

    pub(crate) fn insert(&mut self, table: &str, identity: &str, counted: Counted) {
        let key = (table.to_owned(), identity.to_owned());
        if self.known.insert(key.clone(), counted).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// All of them as JSON, to be carried over when the log that has them goes.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let all: Vec<(&str, &str, Counted)> = self
            .order
            .iter()
            .filter_map(|key| Some((key.0.as_str(), key.1.as_str(), *self.known.get(key)?)))
            .collect();
        serde_json::to_vec(&all).expect("texts and numbers are JSON")
    }

    /// Takes over what [`Self::to_json`] wrote; other bytes say nothing.
    pub(crate) fn absorb(&mut self, json: &[u8]) {
        let all: Vec<(String, String, Counted)> = serde_json::from_slice(json).unwrap_or_default();
        for (table, identity, counted) in all {
            self.insert(&table, &identity, counted);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut window = Identities::new(2);
        let counted = Counted { rows: 3, dead_lettered: 1 };
        for identity in ["a", "b", "a", "c"] {
            window.insert("T", identity, counted);
        }
        assert_eq!(window.find("T", "a"), None);
        assert_eq!(window.find("T", "c"), Some(counted));
        assert_eq!(window.find("U", "c"), None);
        let mut other = Identities::new(10);
        other.absorb(&window.to_json());
        assert_eq!(other.find("T", "b"), Some(counted));
        other.absorb(b"nonsense");
    }
}
