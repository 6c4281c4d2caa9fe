//! JSON Web Signatures in their compact form, of RSA keys only (RFC 7515, RFC 7518).
//!
//! The algorithm is never chosen by a token: whoever verifies says which key it takes, and a key here is an RSA public key,
//! for RS256 (assertions of applications: PS256 too) and nothing else. So `none`, and an HMAC keyed with the public key's text, have no way in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rustls_pki_types::CertificateDer;
use serde_json::{Map, Value, json};

/// The longest token that is looked at, in bytes.
pub(super) const LONGEST: usize = 16 * 1024;

/// A token taken apart; nothing of it is believed yet.
pub(super) struct Unverified<'a> {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart; nothing if it is no compact JWS of two JSON objects.
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A text of the header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// The claims, if the token is signed by the key of a certificate: with RS256, or PS256 as newer clients do.
    pub(super) fn verify_by_certificate(self, der: &[u8]) -> Option<Map<String, Value>> {
        let algorithm = match self.header("alg")? {
            "RS256" => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
            "PS256" => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            _ => return None,
        };
        if self.header.contains_key("crit") {
            return None;
        }
        let der = CertificateDer::from(der);
        let certificate = webpki::EndEntityCert::try_from(&der).ok()?;
        certificate.verify_signature(algorithm, self.signed.as_bytes(), &self.signature).ok()?;
        Some(self.claims)
    }

    /// The claims, if the token says RS256 and the signature is of this RSA key (modulus and exponent, big-endian).
    pub(super) fn verify(self, modulus: &[u8], exponent: &[u8]) -> Option<Map<String, Value>> {
        // `crit` names extensions that must be understood; there are none here (RFC 7515, 4.1.11).
        if self.header("alg") != Some("RS256") || self.header.contains_key("crit") {
            return None;
        }
        RsaPublicKeyComponents { n: modulus, e: exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature)
            .ok()?;
        Some(self.claims)
    }
}

/// Signs claims.
pub(super) fn sign(claims: &Value, kid: &str, key: &RsaKeyPair) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid, "x5t": kid});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .expect("the buffer has the modulus's length");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_none() {
        let long = format!("{}.e30.x", "a".repeat(LONGEST));
        for text in ["", ".", "..", "a.b.c", "e30.e30", "W10.e30.AA", "e30.W10.AA", long.as_str()] {
            assert!(Unverified::parse(text).is_none(), "{text:.40}");
        }
        assert!(
            Unverified::parse("e30.e30.").is_some_and(|token| token.verify(&[1; 256], &[1, 0, 1]).is_none())
        );
    }
}
