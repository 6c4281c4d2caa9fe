//! Base terms that ship, for tenants without a list of their own.

/// Weak base terms, one after another; see the head of `data/base-terms.txt` for what they are.
///
/// Microsoft does not publish its global list. This one stands in for it and may be replaced.
pub fn base_terms() -> impl Iterator<Item = &'static str> {
    let lines = include_str!("../../data/base-terms.txt").lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn terms_are_normalised_long_enough_and_stand_once() {
        let mut seen = HashSet::new();
        for term in base_terms() {
            assert_eq!(super::super::normalised(term), term);
            assert!(term.chars().count() >= 4, "`{term}` is too short for fuzzy matching");
            assert!(seen.insert(term), "`{term}` stands twice");
        }
        assert!(seen.len() >= 150, "only {} terms", seen.len());
    }
}
