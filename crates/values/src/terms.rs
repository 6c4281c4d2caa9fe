//! The operators on strings: `contains`, `has`, `startswith` and their kin.
//!
//! A *term* is a run of letters and digits; everything else delimits, `_` too. `has` asks for the needle with a border on
//! either side, but only where the needle's own edge is a letter or digit ("What is a term?" in the documentation of string
//! operators).

/// Letter case counts, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `_cs` operators
    Sensitive,
    /// The others
    Ignored,
}

/// A text without letter case, as the operators that ignore it compare.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(char::to_lowercase).collect()
    }
}

/// `=~`: equal without letter case.
pub fn equal_ignoring_case(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        left.eq_ignore_ascii_case(right)
    } else {
        fold(left) == fold(right)
    }
}

/// `contains`.
pub fn contains(text: &str, needle: &str, case: Case) -> bool {
    by_case(text, needle, case, |text, needle| {
        memchr::memmem::find(text.as_bytes(), needle.as_bytes()).is_some()
    })
}

/// `startswith`.
pub fn starts_with(text: &str, needle: &str, case: Case) -> bool {
    by_case(text, needle, case, |text, needle| text.starts_with(needle))
}

/// `endswith`.
pub fn ends_with(text: &str, needle: &str, case: Case) -> bool {
    by_case(text, needle, case, |text, needle| text.ends_with(needle))
}

/// `has`: the needle as a whole term, or as a run of them. The empty needle is everywhere.
pub fn has(text: &str, needle: &str, case: Case) -> bool {
    by_case(text, needle, case, |text, needle| find_term(text, needle, true, true))
}

/// `hasprefix`: a term begins with the needle.
pub fn has_prefix(text: &str, needle: &str, case: Case) -> bool {
    by_case(text, needle, case, |text, needle| find_term(text, needle, true, false))
}

/// `hassuffix`: a term ends with the needle.
pub fn has_suffix(text: &str, needle: &str, case: Case) -> bool {
    by_case(text, needle, case, |text, needle| find_term(text, needle, false, true))
}

/// Is the character part of a term?
pub fn is_term(character: char) -> bool {
    character.is_alphanumeric()
}

fn by_case(text: &str, needle: &str, case: Case, test: fn(&str, &str) -> bool) -> bool {
    match case {
        Case::Sensitive => test(text, needle),
        Case::Ignored => test(&fold(text), &fold(needle)),
    }
}

fn find_term(text: &str, needle: &str, border_before: bool, border_after: bool) -> bool {
    if needle.is_empty() {
        return true;
    }
    let border_before = border_before && needle.starts_with(is_term);
    let border_after = border_after && needle.ends_with(is_term);
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&text.as_bytes()[from..], needle.as_bytes()) {
        let start = from + found;
        let end = start + needle.len();
        let free_before = !border_before || !text[..start].ends_with(is_term);
        let free_after = !border_after || !text[end..].starts_with(is_term);
        if free_before && free_after {
            return true;
        }
        from = start + needle.chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_have_borders() {
        for (text, needle, found) in [
            ("North America", "america", true),
            ("North America", "amer", false),
            ("a_b", "a", true),
            ("axb", "a", false),
            ("x.exe -enc", "-enc", true),
            ("x-enc", "-enc", true),
            ("x-encode", "-enc", false),
            ("aa aaa", "aaa", true),
            ("", "", true),
            ("Ünïcode wörd", "WÖRD", true),
        ] {
            assert_eq!(has(text, needle, Case::Ignored), found, "{text} has {needle}");
        }
        assert!(has_prefix("North America", "ame", Case::Ignored));
        assert!(!has_prefix("North America", "mer", Case::Ignored));
        assert!(has_suffix("North America", "rica", Case::Ignored));
        assert!(!has("North America", "america", Case::Sensitive));
    }
}
