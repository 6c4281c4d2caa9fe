//! `uniqueString` and `guid`, bit for bit as the service computes them.

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::Value;

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] =
    &[Function::pure("uniqueString", 1, None, unique_string), Function::pure("guid", 1, None, guid)];

/// The namespace of the name-based GUIDs that `guid` yields.
const GUID_NAMESPACE: [u8; 16] =
    [0x11, 0xfb, 0x06, 0xfb, 0x71, 0x2d, 0x4d, 0xdd, 0x98, 0xc7, 0xe7, 0x1b, 0xbd, 0x58, 0x88, 0x30];

/// The arguments joined by `-`.
fn joined(arguments: &Arguments<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    for index in 0..arguments.len() {
        if index > 0 {
            out.push('-');
        }
        out.push_str(&arguments.as_text(index)?);
        arguments.budget.allow_bytes(out.len() as u64)?;
    }
    Ok(out)
}

fn unique_string(arguments: &Arguments<'_>) -> Outcome {
    let hash = lanes_hash(joined(arguments)?.as_bytes());
    let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::with_capacity(13);
    for index in 0..13 {
        // Five bits at a time from the top; the last character holds the four that are left.
        let bits = if index < 12 { (hash >> (59 - 5 * index)) & 31 } else { (hash << 1) & 31 };
        out.push(char::from(alphabet[bits as usize]));
    }
    Ok(Value::string(out))
}

/// A 64-bit hash in two lanes of 32 bits, seeded with zero.
fn lanes_hash(bytes: &[u8]) -> u64 {
    const C1: u32 = 0x239b_961b;
    const C2: u32 = 0xab0e_9789;
    let (mut h1, mut h2) = (0_u32, 0_u32);
    let word = |bytes: &[u8]| {
        let mut padded = [0; 4];
        padded[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(padded)
    };
    let mix1 = |k: u32| k.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let mix2 = |k: u32| k.wrapping_mul(C2).rotate_left(17).wrapping_mul(C1);
    let blocks = bytes.chunks_exact(8);
    let tail = blocks.remainder();
    for block in blocks {
        h1 = (h1 ^ mix1(word(&block[..4]))).rotate_left(19).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x561c_cd1b);
        h2 = (h2 ^ mix2(word(&block[4..]))).rotate_left(13).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x0bca_a747);
    }
    if !tail.is_empty() {
        h1 ^= mix1(word(&tail[..tail.len().min(4)]));
    }
    if tail.len() > 4 {
        h2 ^= mix2(word(&tail[4..]));
    }
    let finish = |mut h: u32| {
        h ^= h >> 16;
        h = h.wrapping_mul(0x85eb_ca6b);
        h ^= h >> 13;
        h = h.wrapping_mul(0xc2b2_ae35);
        h ^ (h >> 16)
    };
    let length = bytes.len() as u32;
    h1 = (h1 ^ length).wrapping_add(h2 ^ length);
    h2 = (h2 ^ length).wrapping_add(h1);
    h1 = finish(h1);
    h2 = finish(h2);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    u64::from(h2) << 32 | u64::from(h1)
}

fn guid(arguments: &Arguments<'_>) -> Outcome {
    Ok(Value::string(name_based_guid(&joined(arguments)?)))
}

/// The GUID that `guid(name)` yields.
fn name_based_guid(name: &str) -> String {
    let mut message = GUID_NAMESPACE.to_vec();
    message.extend_from_slice(name.as_bytes());
    guid_text(&sha1(&message), 5)
}

/// A GUID of version 4 drawn from `seed` and `name`; stands for `newGuid()` where the caller gives chance as data.
pub(crate) fn seeded_guid(seed: u128, name: &str) -> String {
    let mut message = seed.to_be_bytes().to_vec();
    message.extend_from_slice(name.as_bytes());
    guid_text(&sha1(&message), 4)
}

fn guid_text(digest: &[u8; 20], version: u8) -> String {
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

/// SHA-1 (RFC 3174), which name-based GUIDs of version 5 are made of; nothing here relies on it for security.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for at in 16..80 {
            words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at {
                0..=19 => ((b & c) | (!b & d), 0x5a82_7999),
                20..=39 => (b ^ c ^ d, 0x6ed9_eba1),
                40..=59 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a
                .rotate_left(5)
                .wrapping_add(mixed)
                .wrapping_add(e)
                .wrapping_add(constant)
                .wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut out = [0; 20];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::check;

    #[test]
    fn sha1_of_the_published_vectors() {
        let hex = |text: &str| sha1(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
    }

    #[test]
    fn hashes_of_published_values() {
        check("uniqueString('fubar')", r#""cj2xpqsiwjfne""#);
        check("uniqueString('fu', 'bar')", r#""q5wxoscxs5j6k""#);
        check(
            "uniqueString('a', createArray())",
            "error: `uniqueString` expects a string here, not an array",
        );
        let seeded = seeded_guid(7, "x");
        assert_eq!(seeded.len(), 36);
        assert_eq!(&seeded[14..15], "4");
        assert_ne!(seeded, seeded_guid(8, "x"));
    }
}
