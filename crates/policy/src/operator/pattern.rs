//! `like` and `match`.

use crate::fold::{contains, fold};

/// A pattern of `like`: pieces of text with anything between them.
#[derive(Clone, Debug)]
pub(crate) struct Like {
    /// Folded.
    pieces: Box<[Box<str>]>,
    /// Whether all pieces are ASCII.
    is_ascii: bool,
    /// Whether `?` stands somewhere, for one character; undocumented, but published tests have it.
    has_single: bool,
}

impl Like {
    pub(crate) fn new(pattern: &str) -> Self {
        let folded = fold(pattern);
        Self {
            pieces: folded.split('*').map(Into::into).collect(),
            is_ascii: folded.is_ascii(),
            has_single: pattern.contains('?'),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.has_single {
            return self.matches_characters(&fold(text));
        }
        if !self.is_ascii || !text.is_ascii() {
            return self.matches_folded(&fold(text));
        }
        let bytes = text.as_bytes();
        match &*self.pieces {
            [only] => text.eq_ignore_ascii_case(only),
            [first, last] => {
                bytes.len() >= first.len() + last.len()
                    && bytes[..first.len()].eq_ignore_ascii_case(first.as_bytes())
                    && bytes[bytes.len() - last.len()..].eq_ignore_ascii_case(last.as_bytes())
            }
            [first, middle, last] if first.is_empty() && last.is_empty() => contains(text, middle),
            _ => self.matches_folded(&text.to_ascii_lowercase()),
        }
    }

    /// Greedy matching with one point to return to: at most the product of the two lengths.
    fn matches_characters(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.pieces.join("*").chars().collect();
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut position) = (0, 0);
        let mut retry = None;
        while position < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    retry = Some((at, position));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || *wanted == text[position] => {
                    at += 1;
                    position += 1;
                }
                _ => {
                    let Some((star, from)) = retry else { return false };
                    retry = Some((star, from + 1));
                    at = star + 1;
                    position = from + 1;
                }
            }
        }
        pattern[at..].iter().all(|rest| *rest == '*')
    }

    fn matches_folded(&self, text: &str) -> bool {
        let Some((first, others)) = self.pieces.split_first() else { return false };
        let Some(mut rest) = text.strip_prefix(&**first) else { return false };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        for piece in middle {
            let Some(at) = rest.find(&**piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(&**last)
    }
}

/// A pattern of `match`: `#` is a digit, `?` a letter, `.` any character.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    pattern: Box<[char]>,
    is_insensitive: bool,
}

impl Match {
    pub(crate) fn new(pattern: &str, is_insensitive: bool) -> Self {
        Self { pattern: pattern.chars().collect(), is_insensitive }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut characters = text.chars();
        let all = self.pattern.iter().all(|wanted| {
            characters.next().is_some_and(|found| match wanted {
                '#' => found.is_ascii_digit(),
                '?' => found.is_alphabetic(),
                '.' => true,
                _ if *wanted == found => true,
                _ => self.is_insensitive && found.to_uppercase().eq(wanted.to_uppercase()),
            })
        });
        all && characters.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_has_stars() {
        for (pattern, text, expected) in [
            ("web*", "WEB-01", true),
            ("*-prod", "db-prod", true),
            ("a*z", "az", true),
            ("ab*ba", "aba", false),
            ("*mid*", "a MID b", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("plain", "Plain", true),
            ("*", "", true),
            ("vm-?", "VM-1", true),
            ("vm-?*x", "vm-12x", true),
            ("vm-?", "vm-", false),
            ("STRASSE*", "straße 1", true),
        ] {
            assert_eq!(Like::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn match_has_classes() {
        for (pattern, text, insensitive, expected) in [
            ("contoso-##", "contoso-42", false, true),
            ("contoso-##", "Contoso-42", false, false),
            ("contoso-##", "Contoso-42", true, true),
            ("??", "a1", false, false),
            (".", "é", false, true),
            ("#", "12", false, false),
        ] {
            assert_eq!(Match::new(pattern, insensitive).matches(text), expected, "{pattern} {text}");
        }
    }
}
