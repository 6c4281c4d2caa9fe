//! "Did you mean …?"

/// Longest name for which a suggestion is sought.
const MAX_LENGTH: usize = 64;

/// The candidate nearest to `name`, if near enough to be a slip of the finger.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.chars().take(MAX_LENGTH + 1).flat_map(char::to_lowercase).collect();
    if wanted.is_empty() || wanted.len() > MAX_LENGTH {
        return None;
    }
    let allowed = (wanted.len() / 3).clamp(1, 3);
    candidates
        .take(2000)
        .filter_map(|candidate| {
            let distance = distance(&wanted, candidate, allowed)?;
            Some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance (a swap of neighbours counts one) up to `most`.
fn distance(wanted: &[char], candidate: &str, most: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().take(MAX_LENGTH + 1).flat_map(char::to_lowercase).collect();
    if other.len().abs_diff(wanted.len()) > most {
        return None;
    }
    let width = other.len() + 1;
    let mut rows: Vec<Vec<usize>> = vec![(0..width).collect()];
    for (i, a) in wanted.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && wanted[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    Some(rows[wanted.len()][other.len()]).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_far() {
        let names = ["concat", "contains", "resourceId", "uniqueString"];
        let nearest = |name| did_you_mean(name, names.into_iter());
        assert_eq!(nearest("conact"), Some("concat"));
        assert_eq!(nearest("resorceid"), Some("resourceId"));
        assert_eq!(nearest("banana"), None);
        assert_eq!(nearest(""), None);
    }
}
