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
        let compile = |pattern: &str| regex::RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build();
        let compiled = compile(pattern)
            .or_else(|error| compile(&literal_braces(pattern)).map_err(|_| error))
            .map_err(|error| Refusal::new(format!("`{pattern}` is no regular expression: {error}")))?;
        let mut kept = self.patterns.borrow_mut();
        if kept.len() >= KEPT_PATTERNS {
            kept.clear();
        }
        kept.insert(pattern.into(), compiled.clone());
        Ok(compiled)
    }
}

/// RE2 takes a brace that begins no repetition for itself; `regex` refuses it. This escapes such braces.
fn literal_braces(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(next) = rest.chars().next() {
        let length = next.len_utf8();
        match next {
            '\\' => {
                let escaped = rest[length..].chars().next().map_or(0, char::len_utf8);
                // `\p{…}` and `\x{…}` have braces of their own.
                let named =
                    rest[length..].starts_with(['p', 'P', 'x']) && rest[length + escaped..].starts_with('{');
                let end =
                    if named { rest.find('}').map_or(rest.len(), |end| end + 1) } else { length + escaped };
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '{' if !in_class => match repetition(rest) {
                Some(end) => {
                    out.push_str(&rest[..end]);
                    rest = &rest[end..];
                    continue;
                }
                None => out.push('\\'),
            },
            '}' if !in_class => out.push('\\'),
            _ => {}
        }
        out.push(next);
        rest = &rest[length..];
    }
    out
}

/// Where the repetition ends that a brace begins: `{2}`, `{2,}`, `{2,3}`.
fn repetition(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let (least, most) = text[1..end].split_once(',').unwrap_or((&text[1..end], ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_repeat_nothing_are_texts() {
        let context = Context::new(0, 0);
        let is_match = |pattern: &str, text: &str| context.pattern(pattern).unwrap().is_match(text);
        assert!(is_match(r"^a{x}$", "a{x}"));
        assert!(is_match(r"^(\\{|%7B)b{2}[{}]\p{L}}$", r"\{bb{é}"));
        assert!(context.pattern("(").is_err());
    }
}
