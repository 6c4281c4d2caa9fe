//! Texts of conditions: escapes and `StringLike` patterns.

use std::borrow::Cow;

/// The value of a text literal: `\'` is a quote and `\\` a backslash; other backslashes stand for themselves.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(next @ ('\'' | '\\'))) => {
                value.push(*next);
                characters.next();
            }
            _ => value.push(character),
        }
    }
    Cow::Owned(value)
}

#[derive(Clone, Copy, PartialEq)]
enum Piece {
    AnyMany,
    AnyOne,
    Is(char),
}

/// Whether `text` fits the pattern: `*` any characters, `?` exactly one, a backslash takes the meaning from the
/// character after it.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let pieces = pieces(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut piece, mut at) = (0, 0);
    // Where to go on when the last `*` takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pieces.get(piece) {
            Some(Piece::AnyMany) => {
                retry = Some((piece, at));
                piece += 1;
            }
            Some(Piece::AnyOne) => (piece, at) = (piece + 1, at + 1),
            Some(Piece::Is(wanted)) if *wanted == text[at] => (piece, at) = (piece + 1, at + 1),
            _ => match &mut retry {
                Some((star, taken)) => {
                    *taken += 1;
                    (piece, at) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::AnyMany)
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let piece = match character {
            '*' if pieces.last() == Some(&Piece::AnyMany) => continue,
            '*' => Piece::AnyMany,
            '?' => Piece::AnyOne,
            '\\' => Piece::Is(characters.next().unwrap_or('\\')),
            other => Piece::Is(other),
        };
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases = [
            ("a*c?", "abcd", true),
            ("A*C?", "abcd", false),
            ("*", "", true),
            ("a?c", "ac", false),
            ("a*b*c", "abc", true),
            ("*.txt", "x.txt.txt", true),
            (r"a\*c", "abc", false),
            (r"a\*c", "a*c", true),
            (r"\?", "?", true),
            ("é?", "éü", true),
            ("", "", true),
            ("?", "", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"it\'s"), "it's");
        assert_eq!(unescape(r"a\\b\*c"), r"a\b\*c");
    }
}
