//! The tenant's own list of banned terms, as it may be written.

use std::collections::HashSet;

/// Terms that a list may hold.
pub const MOST_TERMS: usize = 1_000;
/// Characters that a term has at least.
pub const SHORTEST_TERM: usize = 4;
/// Characters that a term has at most.
pub const LONGEST_TERM: usize = 16;

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomListError {
    /// It has more terms than Entra takes.
    #[error(
        "the list has {count} terms, {MOST_TERMS} are allowed; keep base terms only, variants are found anyway"
    )]
    TooManyTerms {
        /// How many it has.
        count: usize,
    },
    /// A term is too short.
    #[error("`{term}` has fewer than {SHORTEST_TERM} characters; leave it out or lengthen it")]
    TooShort {
        /// The term as written.
        term: String,
    },
    /// A term is too long.
    #[error("`{term}` has more than {LONGEST_TERM} characters; shorten it to its base term")]
    TooLong {
        /// The term as written.
        term: String,
    },
}

/// Everything that is wrong with a custom list; empty if it may be saved.
///
/// Entra takes up to 1,000 terms of 4 to 16 characters each, without regard to case; a term that stands twice counts
/// once.
pub fn problems<'a>(terms: impl IntoIterator<Item = &'a str>) -> Vec<CustomListError> {
    let mut problems = Vec::new();
    let mut seen = HashSet::new();
    for term in terms {
        let term = term.trim();
        if !seen.insert(term.to_lowercase()) {
            continue;
        }
        let length = term.chars().count();
        if length < SHORTEST_TERM {
            problems.push(CustomListError::TooShort { term: term.to_owned() });
        } else if length > LONGEST_TERM {
            problems.push(CustomListError::TooLong { term: term.to_owned() });
        }
    }
    if seen.len() > MOST_TERMS {
        problems.push(CustomListError::TooManyTerms { count: seen.len() });
    }
    problems
}

/// The terms of the setting `BannedPasswordList`, in which tabs divide them.
pub fn from_setting(setting: &str) -> Vec<&str> {
    setting.split('\t').map(str::trim).filter(|term| !term.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(problems(["abcd", "äöüß", "abcdefghijklmnop"]), []);
        assert_eq!(problems(["abc"]), [CustomListError::TooShort { term: "abc".to_owned() }]);
        let long = "abcdefghijklmnopq";
        assert_eq!(problems([long]), [CustomListError::TooLong { term: long.to_owned() }]);
    }

    #[test]
    fn a_thousand_different_terms_fit() {
        let terms: Vec<String> = (0..1_001).map(|number| format!("term{number}")).collect();
        assert_eq!(problems(terms[..1_000].iter().map(String::as_str)), []);
        assert_eq!(problems(terms[..1_000].iter().map(String::as_str).chain(["TERM7"])), []);
        let many = problems(terms.iter().map(String::as_str));
        assert_eq!(many, [CustomListError::TooManyTerms { count: 1_001 }]);
    }

    #[test]
    fn tabs_divide_the_setting() {
        assert_eq!(from_setting("contoso\twidget\t"), ["contoso", "widget"]);
    }
}
