//! Secrets that are not tokens of a directory.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::caller::{Authenticate, Caller, CallerKind, Refused};

/// The keys that requests to a workspace are signed with.
pub trait WorkspaceKeys: Send + Sync {
    /// The valid keys of a workspace by its customer id, as bytes; none for a workspace that is not there.
    fn of(&self, workspace: &str) -> Vec<Vec<u8>>;
}

/// No workspace has a key: every signature is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

impl WorkspaceKeys for NoKeys {
    fn of(&self, _workspace: &str) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

/// A single token for development: whoever holds it is one application that may do everything. Off unless somebody sets it.
pub struct StaticToken {
    digest: hmac::digest::CtOutput<Hmac<Sha256>>,
    caller: Caller,
}

impl StaticToken {
    /// Accepts `token` for every audience, as an application of `tenant`.
    pub fn new(token: &str, tenant: &str) -> Self {
        let caller = Caller {
            tenant: tenant.to_owned(),
            object: "00000000-0000-0000-0000-000000000001".to_owned(),
            kind: CallerKind::ServicePrincipal,
            name: "development token".to_owned(),
            application: "00000000-0000-0000-0000-000000000001".to_owned(),
            methods: Vec::new(),
        };
        Self { digest: digest(token), caller }
    }
}

impl Authenticate for StaticToken {
    fn caller(&self, bearer: &str, _audiences: &[&str]) -> Result<Caller, Refused> {
        // Digests of one length are compared in constant time, so that the time tells nothing of the token.
        if digest(bearer) == self.digest {
            Ok(self.caller.clone())
        } else {
            Err(Refused::Invalid("it is not the development token"))
        }
    }
}

fn digest(token: &str) -> hmac::digest::CtOutput<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"development token").expect("keys may have any length");
    mac.update(token.as_bytes());
    mac.finalize()
}

/// Whether a text is signed by one of the keys: `signature` is the HMAC-SHA-256 of it.
pub(super) fn is_signed(text: &[u8], signature: &[u8], keys: &[Vec<u8>]) -> bool {
    keys.iter().any(|key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys may have any length");
        mac.update(text);
        mac.verify_slice(signature).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_taken() {
        let authenticate = StaticToken::new("secret", "t");
        assert_eq!(authenticate.caller("secret", &[]).unwrap().tenant, "t");
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(authenticate.caller(wrong, &[]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_of_the_keys_may_have_signed() {
        let keys = [b"one".to_vec(), b"two".to_vec()];
        let mut mac = Hmac::<Sha256>::new_from_slice(b"two").unwrap();
        mac.update(b"text");
        let signature = mac.finalize().into_bytes();
        assert!(is_signed(b"text", &signature, &keys));
        assert!(!is_signed(b"text!", &signature, &keys));
        assert!(!is_signed(b"text", &signature, &keys[..1]));
    }
}
