//! Secrets at rest: passwords and client secrets as argon2id hashes, random tokens as digests, what must be read again sealed.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{digest, hmac};

use super::chance::{self, Chance};

/// What one argon2id hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB
    pub memory_kib: u32,
    /// Passes over it
    pub passes: u32,
}

impl Default for HashCost {
    /// 19 MiB and two passes, as the OWASP password storage cheat sheet advises for argon2id.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// The longest password that is looked at, in bytes: 256 characters of four bytes.
pub(super) const LONGEST_PASSWORD: usize = 1024;

fn argon2(cost: HashCost) -> Argon2<'static> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).expect("the cost is in argon2's range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The argon2id hash of a secret with a salt of its own, as a PHC string.
pub(super) fn hash(secret: &str, cost: HashCost, chance: &dyn Chance) -> String {
    let salt = chance::bytes::<16>(chance);
    let hash: PasswordHash = argon2(cost)
        .hash_password_with_salt(secret.as_bytes(), &salt)
        .expect("salt and cost are in argon2's range");
    hash.to_string()
}

/// Whether a secret is the one that was hashed. Work depends on the hash's own cost, not on the answer.
pub(super) fn verify(secret: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let fits =
        Argon2::default().verify_password(&secret.as_bytes()[..secret.len().min(LONGEST_PASSWORD)], &hash);
    fits.is_ok() && secret.len() <= LONGEST_PASSWORD
}

/// The SHA-256 digest of a random token, in hexadecimal: under this name it is kept. Only for secrets of 128 random bits or
/// more, which cannot be guessed from it.
pub(super) fn fingerprint(token: &str) -> String {
    hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

/// The SHA-256 digest of a text in base64url, as PKCE (RFC 7636, 4.6) writes it.
pub(super) fn challenge(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Whether two texts are equal, in a time that tells nothing about where they differ.
pub(super) fn equal(left: &str, right: &str) -> bool {
    // Tags of a random key hide even the lengths from the comparison.
    let key = hmac::Key::new(hmac::HMAC_SHA256, digest::digest(&digest::SHA256, right.as_bytes()).as_ref());
    hmac::verify(&key, left.as_bytes(), hmac::sign(&key, right.as_bytes()).as_ref()).is_ok()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key under which secrets are sealed. It is kept apart from the documents, so that a copy of these signs nobody in.
pub struct Seal {
    sealing: LessSafeKey,
    marking: hmac::Key,
}

impl Seal {
    /// A seal of 32 secret bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        // Two keys from one, so that no key serves two algorithms.
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let sealing = hmac::sign(&root, b"azimuth signin sealing 1");
        let marking = hmac::sign(&root, b"azimuth signin marking 1");
        let sealing = UnboundKey::new(&AES_256_GCM, sealing.as_ref()).expect("32 bytes are a key of AES-256");
        Self {
            sealing: LessSafeKey::new(sealing),
            marking: hmac::Key::new(hmac::HMAC_SHA256, marking.as_ref()),
        }
    }

    /// Seals a secret; it opens only for the same `purpose`.
    pub(super) fn close(&self, secret: &[u8], purpose: &str, chance: &dyn Chance) -> String {
        let nonce = chance::bytes::<NONCE_LEN>(chance);
        let mut sealed = secret.to_vec();
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut sealed,
            )
            .expect("secrets are shorter than AES-GCM's limit");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed; nothing if it was altered, or sealed by another key or for another purpose.
    pub(super) fn open(&self, sealed: &str, purpose: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let opened = self.sealing.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut rest).ok()?;
        Some(opened.to_vec())
    }

    /// A keyed digest, in hexadecimal: tells whether two secrets are equal and nothing else about them.
    pub(super) fn mark(&self, text: &str) -> String {
        hex(hmac::sign(&self.marking, text.as_bytes()).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signin::chance::SystemChance;

    #[test]
    fn hashes_fit_their_secret_alone() {
        let cost = HashCost { memory_kib: 64, passes: 1 };
        let hashed = hash("correct horse", cost, &SystemChance::default());
        assert!(hashed.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hashed}");
        assert!(verify("correct horse", &hashed));
        assert!(!verify("correct horse ", &hashed));
        assert!(!verify("", &hashed));
        assert!(!verify("correct horse", "no hash"));
        assert_ne!(hashed, hash("correct horse", cost, &SystemChance::default()), "each has its own salt");
    }

    #[test]
    fn seals_open_for_their_purpose_only() {
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.close(b"secret", "totp", &SystemChance::default());
        assert_eq!(seal.open(&sealed, "totp").as_deref(), Some(b"secret".as_slice()));
        assert_eq!(seal.open(&sealed, "key"), None);
        assert_eq!(Seal::new(&[8; 32]).open(&sealed, "totp"), None);
        assert_eq!(seal.open(&sealed[1..], "totp"), None);
        assert_eq!(seal.open("", "totp"), None);
    }

    #[test]
    fn equality_and_challenges() {
        assert!(equal("abc", "abc") && !equal("abc", "abd") && !equal("", "abc"));
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
