//! Comparing text the way Azure does: without regard to case.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// The case-folded form of `text`: lower case, borrowed when nothing changes.
///
/// Names may hold letters beyond ASCII (resource groups do), so the full Unicode mapping is used when needed.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// Whether two texts are equal without regard to case.
pub fn eq_fold(left: &str, right: &str) -> bool {
    // Most pairs differ at once, and no folding makes two ASCII letters the same that are not.
    if let (Some(a), Some(b)) = (left.as_bytes().first(), right.as_bytes().first())
        && (a | b).is_ascii()
        && !a.eq_ignore_ascii_case(b)
    {
        return false;
    }
    if left.eq_ignore_ascii_case(right) {
        return true;
    }
    !(left.is_ascii() && right.is_ascii()) && fold(left) == fold(right)
}

/// Feeds the case-folded form of `text` to `state`, so that texts equal under [`eq_fold`] hash alike.
pub fn fold_hash<H: Hasher>(text: &str, state: &mut H) {
    if text.is_ascii() {
        for chunk in text.as_bytes().chunks(32) {
            let mut lower = [0_u8; 32];
            let lower = &mut lower[..chunk.len()];
            lower.copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            state.write(lower);
        }
        state.write_u8(0xff);
    } else {
        let folded = fold(text);
        if folded.is_ascii() {
            // `K` (the Kelvin sign) folds to `k`: such a text must hash like its ASCII twin.
            fold_hash(&folded, state);
        } else {
            folded.hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_equal_when_their_folded_forms_are() {
        // The Kelvin sign folds to `k`, so that a text beyond ASCII may equal one within it.
        let texts = [
            "",
            "a",
            "A",
            "ab",
            "AB",
            "b",
            "[",
            "{",
            "é",
            "É",
            "k",
            "K",
            "\u{212a}",
            "\u{212a}ey",
            "key",
            "ÀB",
            "àb",
        ];
        for left in texts {
            for right in texts {
                assert_eq!(eq_fold(left, right), fold(left) == fold(right), "`{left}` and `{right}`");
            }
        }
    }
}
