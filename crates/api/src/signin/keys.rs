//! The keys that sign tokens: made here, sealed at rest, published before they sign, kept until their last token is over.

use std::sync::{Arc, RwLock};

use azimuth_host::{Documents, Etag};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::rsa::PublicKeyComponents;
use ring::signature::RsaKeyPair;
use rsa::PrivateKey;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chance::{self, Chance};
use super::secrets::Seal;
use super::state::{State, StateError, kind};

/// A key signs for this long, counted from when it begins to.
const SIGNS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A new key is published this long before it signs, so that who keeps key sets for a day knows it in time.
const PUBLISHED_BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// A key is published this long after it signed last: longer than any token lives.
const KEPT_AFTER: SignedDuration = SignedDuration::from_hours(48);
const BITS: usize = 2048;
const RING: &str = "ring";
const PURPOSE: &str = "signing key";
const ACTOR: &str = "azimuth sign-in";

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredKey {
    kid: String,
    signs_from: Timestamp,
    sealed: String,
}

/// Keys, oldest first.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Ring {
    keys: Vec<StoredKey>,
}

/// One key, ready to sign.
pub(super) struct SigningKey {
    pub(super) kid: String,
    signs_from: Timestamp,
    pub(super) pair: RsaKeyPair,
    pub(super) public: PublicKeyComponents<Vec<u8>>,
}

/// All keys that are published, oldest first. Never empty.
pub(super) struct KeySet {
    keys: Vec<SigningKey>,
    etag: Etag,
}

impl KeySet {
    /// The key that signs now: the newest that was published long enough, or the oldest of all.
    pub(super) fn signing(&self, now: Timestamp) -> &SigningKey {
        let known = self.keys.iter().rev().find(|key| key.signs_from <= now);
        known.or(self.keys.first()).expect("a key set is never empty")
    }

    /// The key of this id.
    pub(super) fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The JSON Web Key Set (RFC 7517).
    pub(super) fn jwks(&self, issuer: &str) -> Value {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| {
                json!({
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.kid, "x5t": key.kid, "issuer": issuer,
                    "n": URL_SAFE_NO_PAD.encode(&key.public.n), "e": URL_SAFE_NO_PAD.encode(&key.public.e),
                })
            })
            .collect();
        json!({ "keys": keys })
    }
}

/// The key ring with what was read of it last.
#[derive(Default)]
pub(super) struct Keys(RwLock<Option<Arc<KeySet>>>);

impl Keys {
    /// The keys as the documents have them; the first is made if there is none, a new one when the newest grows old, and old
    /// ones go when no token of theirs can be valid.
    pub(super) fn current(
        &self,
        documents: &dyn Documents,
        seal: &Seal,
        chance: &dyn Chance,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, KeysError> {
        let state = State::new(documents);
        let kept = state.read::<Ring>(kind::KEYS, RING)?;
        if kept.as_ref().is_none_or(|kept| is_due(&kept.value, now)) {
            // A key takes a while to make: it is made once, outside the retries.
            let fresh = new_key(seal, chance, if kept.is_none() { now } else { now + PUBLISHED_BEFORE });
            state.update(ACTOR, kind::KEYS, RING, |ring: Option<Ring>| {
                let mut ring = ring.unwrap_or_default();
                if !ring.keys.is_empty() && !is_due(&ring, now) {
                    return (None, ());
                }
                ring.keys.push(fresh.clone());
                retire(&mut ring, now);
                (Some(ring), ())
            })?;
        }
        let kept = state.read::<Ring>(kind::KEYS, RING)?.ok_or(KeysError::Sealed)?;
        let cached = self.0.read().expect("no holder of this lock panics").clone();
        if let Some(cached) = cached.filter(|cached| cached.etag == kept.etag) {
            return Ok(cached);
        }
        let keys: Option<Vec<_>> = kept.value.keys.iter().map(|key| open(key, seal)).collect();
        let keys = keys.filter(|keys| !keys.is_empty()).ok_or(KeysError::Sealed)?;
        let set = Arc::new(KeySet { keys, etag: kept.etag });
        *self.0.write().expect("no holder of this lock panics") = Some(Arc::clone(&set));
        Ok(set)
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The state cannot be read or written
    #[error(transparent)]
    State(#[from] StateError),
    /// The keys were sealed by another seal
    #[error("the signing keys do not open: start with the seal key that they were made with")]
    Sealed,
}

fn is_due(ring: &Ring, now: Timestamp) -> bool {
    ring.keys.last().is_none_or(|newest| now >= newest.signs_from + SIGNS - PUBLISHED_BEFORE)
}

fn retire(ring: &mut Ring, now: Timestamp) {
    let starts: Vec<Timestamp> = ring.keys.iter().map(|key| key.signs_from).collect();
    let mut index = 0;
    ring.keys.retain(|_| {
        index += 1;
        // A key signs until its successor begins to.
        starts.get(index).is_none_or(|successor| now < *successor + KEPT_AFTER)
    });
}

fn open(stored: &StoredKey, seal: &Seal) -> Option<SigningKey> {
    let pair = RsaKeyPair::from_pkcs8(&seal.open(&stored.sealed, PURPOSE)?).ok()?;
    let public = PublicKeyComponents::from(pair.public());
    Some(SigningKey { kid: stored.kid.clone(), signs_from: stored.signs_from, pair, public })
}

fn new_key(seal: &Seal, chance: &dyn Chance, signs_from: Timestamp) -> StoredKey {
    let key = PrivateKey::new(&mut Bytes(chance), BITS).expect("2048 bits are a size that keys may have");
    let der = key.to_pkcs8_der().expect("a key that was made can be written");
    let kid = URL_SAFE_NO_PAD.encode(chance::bytes::<20>(chance));
    StoredKey { kid, signs_from, sealed: seal.close(der.as_bytes(), PURPOSE, chance) }
}

/// Our source of chance as the key generator takes it.
struct Bytes<'a>(&'a dyn Chance);

impl TryRng for Bytes<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(chance::bytes(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(chance::bytes(self.0)))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Bytes<'_> {}

#[cfg(test)]
mod tests {
    use azimuth_host::{ManualClock, MemoryDocuments};

    use super::*;
    use crate::signin::chance::SystemChance;
    use crate::signin::jws::{Unverified, sign};

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).expect("in range")
    }

    #[test]
    fn keys_are_published_before_they_sign_and_go_afterwards() {
        let documents = MemoryDocuments::new(Arc::new(ManualClock::new(day(0))));
        let (seal, chance) = (Seal::new(&[1; 32]), SystemChance::default());
        let keys = Keys::default();
        let at = |now| keys.current(&documents, &seal, &chance, now).expect("keys");

        let first = at(day(0));
        let old = first.signing(day(0)).kid.clone();
        assert_eq!(at(day(50)).keys.len(), 1);
        let both = at(day(89));
        assert_eq!(both.keys.len(), 2, "the second is published a day before it signs");
        assert_eq!(both.signing(day(89)).kid, old);
        let new = both.signing(day(90)).kid.clone();
        assert_ne!(new, old);
        let token = sign(&json!({"a": 1}), &old, &both.find(&old).expect("kept").pair);
        let public = &both.find(&old).expect("kept").public;
        assert!(Unverified::parse(&token).and_then(|token| token.verify(&public.n, &public.e)).is_some());
        let third = at(day(180));
        assert!(third.find(&old).is_none(), "the first is gone when the third comes");
        assert!(third.find(&new).is_some());
        let other = Keys::default().current(&documents, &Seal::new(&[2; 32]), &chance, day(180));
        assert!(matches!(other, Err(KeysError::Sealed)));
    }
}
