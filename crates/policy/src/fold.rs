//! Text without letter case: folding, hashing, and searching.
//!
//! Policy compares with full Unicode folding: `ß` equals `SS`, and the final sigma equals the other one. Almost all
//! text is ASCII, so every operation here has an ASCII path that neither allocates nor decodes.

/// The folded form of `text`.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Upper case first: it is what maps `ß` to `SS` and both sigmas to one letter.
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Whether two texts are equal without letter case.
pub(crate) fn eq(left: &str, right: &str) -> bool {
    if left.eq_ignore_ascii_case(right) {
        return true;
    }
    !(left.is_ascii() && right.is_ascii()) && fold(left) == fold(right)
}

const SEED: u64 = 0x51_7c_c1_b7_27_22_0a_95;

fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * 0x9e37_79b9_7f4a_7c15_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// Eight ASCII bytes in lower case at once. Bytes beyond ASCII stay as they are.
fn lower8(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7f * ONES);
    let after_z = low + (0x25 * ONES);
    let from_a = low + (0x3f * ONES);
    let upper = (from_a ^ after_z) & !word & (0x80 * ONES);
    word | (upper >> 2)
}

/// A hash under which texts that are equal without letter case are equal.
pub(crate) fn hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut state = SEED ^ (bytes.len() as u64);
    let mut high = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        high |= word;
        state = mix(state, lower8(word));
    }
    if !rest.is_empty() {
        let mut last = [0_u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        let word = u64::from_le_bytes(last);
        high |= word;
        state = mix(state, lower8(word));
    }
    if high & 0x8080_8080_8080_8080 != 0 {
        let folded = fold(text);
        // A letter beyond ASCII may fold into ASCII (the Kelvin sign does); its twin must hash alike.
        if folded.is_ascii() {
            return hash(&folded);
        }
        return folded.bytes().fold(SEED, |state, byte| mix(state, u64::from(byte)));
    }
    state
}

/// Whether `text` contains `needle`, which is folded.
pub(crate) fn contains(text: &str, needle: &str) -> bool {
    if needle.is_empty() {
        return true;
    }
    if !(text.is_ascii() && needle.is_ascii()) {
        return fold(text).contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    if text.len() < needle.len() {
        return false;
    }
    // Comparing at every place takes as long as both lengths multiplied, should somebody be after that.
    if text.len().saturating_mul(needle.len()) > 1 << 20 {
        return memchr::memmem::find(&text.to_ascii_lowercase(), needle).is_some();
    }
    let first = needle[0];
    let last = text.len() - needle.len();
    let other = first.to_ascii_uppercase();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(first, other, &text[at..=last]) {
        at += found;
        if text[at..at + needle.len()].eq_ignore_ascii_case(needle) {
            return true;
        }
        at += 1;
        if at > last {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_full() {
        for (left, right) in [("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("aZ09_[", "Az09_["), ("K", "k")]
        {
            assert!(eq(left, right), "{left} {right}");
            assert_eq!(hash(left), hash(right), "{left} {right}");
        }
        assert!(!eq("a", "b"));
        assert_ne!(hash("abcdefgh"), hash("abcdefgi"));
        assert_ne!(hash("@"), hash("`"));
        assert_ne!(hash("["), hash("{"));
    }

    #[test]
    fn substrings() {
        for (text, needle, expected) in [
            ("Hello", "ell", true),
            ("HELLO", "lo", true),
            ("hello", "xyz", false),
            ("", "", true),
            ("a", "ab", false),
            ("Straße", "strasse", true),
        ] {
            assert_eq!(contains(text, needle), expected, "{text} {needle}");
        }
    }
}
