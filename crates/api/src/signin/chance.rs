//! Chance as an argument: tokens, salts, ids and keys take their random bytes from here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

/// A source of random bytes that nobody can foresee.
pub trait Chance: Send + Sync {
    /// Fills a buffer.
    ///
    /// # Panics
    /// Where the machine has no randomness to give: nothing safe can be done without.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's source.
#[derive(Clone, Debug)]
pub struct SystemChance(SystemRandom);

impl Default for SystemChance {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the operating system has a source of randomness");
    }
}

/// `N` random bytes.
pub(super) fn bytes<const N: usize>(chance: &dyn Chance) -> [u8; N] {
    let mut bytes = [0; N];
    chance.fill(&mut bytes);
    bytes
}

/// A token of 256 random bits, in base64url.
pub(super) fn token(chance: &dyn Chance) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(chance))
}

/// A random UUID (version 4, RFC 9562).
pub(super) fn uuid(chance: &dyn Chance) -> String {
    let mut id = bytes::<16>(chance);
    id[6] = (id[6] & 0x0f) | 0x40;
    id[8] = (id[8] & 0x3f) | 0x80;
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `length` letters of an alphabet, each as likely as any other.
pub(super) fn letters(chance: &dyn Chance, alphabet: &[u8], length: usize) -> String {
    // Bytes beyond the last full round of the alphabet would favour its first letters.
    let limit = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let [byte] = bytes::<1>(chance);
        if usize::from(byte) < limit {
            text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_version_four() {
        let id = uuid(&SystemChance::default());
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
        assert_ne!(token(&SystemChance::default()), token(&SystemChance::default()));
    }

    #[test]
    fn letters_come_from_the_alphabet() {
        let text = letters(&SystemChance::default(), b"BCDFGHJKLMNPQRSTVWXZ", 9);
        assert_eq!(text.len(), 9);
        assert!(text.bytes().all(|letter| b"BCDFGHJKLMNPQRSTVWXZ".contains(&letter)));
    }
}
