//! Action patterns: `Microsoft.Network/*/read`.
//!
//! `*` stands for any characters, also `/` and none at all; everything else is compared without regard to case
//! (Azure RBAC, "Understand role definitions", wildcard permissions).

use std::fmt;

use azimuth_ids::fold;

/// A pattern of actions, compiled once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionPattern {
    text: Box<str>,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// `*`
    Any,
    /// No wildcard.
    Exact(Box<str>),
    /// `head*tail`, by far the most common form.
    Ends { head: Box<str>, tail: Box<str> },
    /// Several wildcards: the parts between them.
    Parts(Vec<Box<str>>),
}

impl ActionPattern {
    /// Compiles a pattern; every text is one.
    pub fn new(text: &str) -> Self {
        let folded = fold(text);
        let parts: Vec<&str> = folded.split('*').collect();
        let shape = match parts.as_slice() {
            ["", ""] => Shape::Any,
            [exact] => Shape::Exact((*exact).into()),
            [head, tail] => Shape::Ends { head: (*head).into(), tail: (*tail).into() },
            _ => Shape::Parts(parts.into_iter().map(Into::into).collect()),
        };
        Self { text: text.into(), shape }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether an action in any spelling fits the pattern.
    pub fn matches(&self, action: &str) -> bool {
        self.matches_folded(&fold(action))
    }

    /// Whether an action that is already case-folded fits the pattern.
    pub(crate) fn matches_folded(&self, action: &str) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::Exact(exact) => **exact == *action,
            Shape::Ends { head, tail } => {
                action.len() >= head.len() + tail.len()
                    && action.starts_with(&**head)
                    && action.ends_with(&**tail)
            }
            Shape::Parts(parts) => matches_parts(parts, action),
        }
    }
}

/// The first and last part are anchored; each part between takes its leftmost place, which leaves the most room
/// for those after it.
fn matches_parts(parts: &[Box<str>], action: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = action.strip_prefix(&**first) else { return false };
    for part in middle {
        let Some(at) = rest.find(&**part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(&**last)
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether any pattern fits a case-folded action.
pub(crate) fn any_matches(patterns: &[ActionPattern], folded: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches_folded(folded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_span_segments_and_ignore_case() {
        let cases = [
            ("*", "", true),
            ("*/read", "Microsoft.X/y/z/READ", true),
            ("*/read", "Microsoft.X/y/readx", false),
            ("Microsoft.Compute/*", "Microsoft.ComputeX/a/read", false),
            ("Microsoft.Network/*/read", "Microsoft.Network/read", false),
            ("Microsoft.Network/*/read", "microsoft.network/a/b/read", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("a*b*a", "aba", true),
            ("**", "x", true),
            ("a**b", "ab", true),
            ("", "", true),
            ("", "x", false),
        ];
        for (pattern, action, expected) in cases {
            assert_eq!(ActionPattern::new(pattern).matches(action), expected, "{pattern} {action}");
        }
    }
}
