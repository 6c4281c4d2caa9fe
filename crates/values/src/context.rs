//! What a function may ask beside its arguments.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use crate::function::Refusal;

/// The surroundings of a query: its moment, its chance, and what is worth keeping between rows.
#[derive(Debug)]
pub struct Context {
    now: i64,
    seed: Cell<u64>,
    patterns: RefCell<HashMap<Arc<str>, Regex>>,
}

/// Patterns kept compiled; a query that makes more of them from its data compiles them anew.
const KEPT_PATTERNS: usize = 256;
/// Bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 8 << 20;

impl Context {
    /// A context at a moment (ticks since 0001-01-01), with a seed for `rand` and `new_guid`.
    pub fn new(now: i64, seed: u64) -> Self {
        Self { now, seed: Cell::new(seed), patterns: RefCell::default() }
    }

    /// The moment of the query, the same for all its rows.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The next number by chance (SplitMix64): not for secrets.
    pub fn random(&self) -> u64 {
        let state = self.seed.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.seed.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A compiled regular expression, in the syntax of RE2 that `regex` shares.
    ///
    /// # Errors
    /// When the pattern is none, or would compile to more than 8 MiB.
    pub fn pattern(&self, pattern: &str) -> Result<Regex, Refusal> {
        if let Some(known) = self.patterns.borrow().get(pattern) {
            return Ok(known.clone());
        }
        let compiled = regex::RegexBuilder::new(pattern)
            .size_limit(PATTERN_SIZE)
            .build()
            .map_err(|error| Refusal::new(format!("`{pattern}` is no regular expression: {error}")))?;
        let mut kept = self.patterns.borrow_mut();
        if kept.len() >= KEPT_PATTERNS {
            kept.clear();
        }
        kept.insert(pattern.into(), compiled.clone());
        Ok(compiled)
    }
}
