//! Whether two words differ by one edit at most.

/// True if one insertion, deletion or substitution at most makes `a` of `b`.
///
/// Both are compared from either end: what the common beginning and the common end leave over may be one character
/// on each side. That is linear and usually over after the first characters.
pub(super) fn within_one_edit(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let beginning = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let rest = short.len() - beginning;
    let end = short.iter().rev().zip(long.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    short.len() - beginning - end <= 1 && long.len() - beginning - end <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: bool) {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        assert_eq!(within_one_edit(&a, &b), expected);
        assert_eq!(within_one_edit(&b, &a), expected, "the other way round");
    }

    #[test]
    fn one_edit_is_near() {
        check("abcdef", "abcdef", true);
        check("abcdef", "abcdeg", true);
        check("abcdef", "abcdefg", true);
        check("abcdef", "abcde", true);
        check("abcdef", "bcdef", true);
        check("aa", "a", true);
        check("", "a", true);
    }

    #[test]
    fn two_edits_are_not() {
        check("abcdef", "abdcef", false);
        check("abcdef", "abcd", false);
        check("blank", "blzxk", false);
        check("wdget!", "widget", false);
        check("", "ab", false);
    }
}
