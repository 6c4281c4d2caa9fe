//! Did you mean …?

/// The candidate nearest to `word`, if one is near enough to be meant: letter case does not count, and at most a
/// third of the letters differ.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = word.chars().count();
    // Of short words only the letter case may differ: everything is near to them.
    let limit = if length < 3 { 0 } else { (length / 3).clamp(1, 4) };
    if length > 100 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(word.len()) > limit || candidate == word {
            continue;
        }
        let distance = distance(&lower, &candidate.to_lowercase());
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut least = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                least = least.min(before_last[column - 1] + 1);
            }
            current.push(least);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn typing_errors_are_seen_through() {
        let names = ["TimeGenerated", "UserPrincipalName", "where"];
        assert_eq!(closest("timegenerated", names), Some("TimeGenerated"));
        assert_eq!(closest("UserPrincipleName", names), Some("UserPrincipalName"));
        assert_eq!(closest("wehre", names), Some("where"));
        assert_eq!(closest("zzz", names), None);
    }
}
