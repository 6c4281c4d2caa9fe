//! Packed documents: gzip and zip, told by their first bytes.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder};

/// Members of an archive that are read.
const MOST_MEMBERS: usize = 1_000;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Error {
    TooLarge,
    Damaged,
}

/// The documents in the bytes of one: itself, or the members of an archive whose names fit the pattern (`*` for anything).
pub(super) fn unpack(bytes: Vec<u8>, members: Option<&str>, most: usize) -> Result<Vec<Vec<u8>>, Error> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(vec![inflated(MultiGzDecoder::new(bytes.as_slice()), most)?]);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return archive(&bytes, members, most);
    }
    Ok(vec![bytes])
}

fn inflated(reader: impl Read, most: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut out).map_err(|_| Error::Damaged)?;
    if out.len() > most { Err(Error::TooLarge) } else { Ok(out) }
}

/// The members of a zip archive, by its directory at the end (PKWARE's application note 6.3, sections 4.3.12 and 4.3.16).
fn archive(bytes: &[u8], members: Option<&str>, most: usize) -> Result<Vec<Vec<u8>>, Error> {
    // The directory's end is the last thing, before a comment of at most 65,535 bytes.
    let from = bytes.len().saturating_sub(22 + 65_535);
    let tail = &bytes[from..];
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or(Error::Damaged)? + from;
    let count = number(bytes, end + 10, 2)?;
    let mut at = number(bytes, end + 16, 4)?;
    let (mut found, mut left) = (Vec::new(), most);
    for _ in 0..count.min(MOST_MEMBERS) {
        if slice(bytes, at, 4)? != b"PK\x01\x02" {
            return Err(Error::Damaged);
        }
        let (method, packed) = (number(bytes, at + 10, 2)?, number(bytes, at + 20, 4)?);
        let lengths = [28, 30, 32].map(|offset| number(bytes, at + offset, 2));
        let [name, extra, comment] = lengths;
        let (name, extra, comment) = (name?, extra?, comment?);
        let local = number(bytes, at + 42, 4)?;
        let name_of = String::from_utf8_lossy(slice(bytes, at + 46, name)?).into_owned();
        at += 46 + name + extra + comment;
        let is_wanted = members.is_none_or(|pattern| fits(&name_of, pattern));
        if name_of.ends_with('/') || !is_wanted {
            continue;
        }
        // The lengths of the local header are its own.
        let data = local + 30 + number(bytes, local + 26, 2)? + number(bytes, local + 28, 2)?;
        let data = slice(bytes, data, packed)?;
        let member = match method {
            0 if data.len() <= left => data.to_vec(),
            0 => return Err(Error::TooLarge),
            8 => inflated(DeflateDecoder::new(data), left)?,
            _ => return Err(Error::Damaged),
        };
        left -= member.len();
        found.push(member);
    }
    Ok(found)
}

fn slice(bytes: &[u8], from: usize, length: usize) -> Result<&[u8], Error> {
    from.checked_add(length).and_then(|to| bytes.get(from..to)).ok_or(Error::Damaged)
}

fn number(bytes: &[u8], from: usize, length: usize) -> Result<usize, Error> {
    Ok(slice(bytes, from, length)?.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        last = Some(part);
    }
    // Without a star all of it, and after the last one the end of it.
    last.map_or(rest.is_empty(), |last| last.is_empty() || name.ends_with(last))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// An archive of one member, deflated, and one that is stored.
    fn zip() -> Vec<u8> {
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        deflated.write_all(b"one").unwrap();
        let members = [("a.csv", 8_u16, deflated.finish().unwrap()), ("b.txt", 0, b"two".to_vec())];
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, method, data) in members {
            let local = out.len() as u32;
            out.extend(b"PK\x03\x04\x14\0\0\0");
            out.extend(method.to_le_bytes());
            out.extend([0; 8]);
            out.extend((data.len() as u32).to_le_bytes());
            out.extend(3_u32.to_le_bytes());
            out.extend((name.len() as u16).to_le_bytes());
            out.extend([0; 2]);
            out.extend(name.as_bytes());
            out.extend(&data);
            directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0");
            directory.extend(method.to_le_bytes());
            directory.extend([0; 8]);
            directory.extend((data.len() as u32).to_le_bytes());
            directory.extend(3_u32.to_le_bytes());
            directory.extend((name.len() as u16).to_le_bytes());
            directory.extend([0; 12]);
            directory.extend(local.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let at = out.len() as u32;
        out.extend(&directory);
        out.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        assert_eq!(unpack(b"plain".to_vec(), None, 10), Ok(vec![b"plain".to_vec()]));
        assert_eq!(unpack(gzip(b"packed"), None, 10), Ok(vec![b"packed".to_vec()]));
        assert_eq!(unpack(zip(), None, 10), Ok(vec![b"one".to_vec(), b"two".to_vec()]));
        assert_eq!(unpack(zip(), Some("*.csv"), 10), Ok(vec![b"one".to_vec()]));
    }

    #[test]
    fn bombs_and_damage() {
        assert_eq!(unpack(gzip(&[0; 100_000]), None, 1_000), Err(Error::TooLarge));
        let whole = zip();
        for length in 4..whole.len() {
            let _ = unpack(whole[..length].to_vec(), None, 10);
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let _ = unpack(damaged, None, 10);
        }
    }

    #[test]
    fn patterns() {
        assert!(fits("a.csv", "*.csv") && fits("a.csv", "a*") && fits("x", "*") && fits("x", "x"));
        assert!(!fits("a.csv", "*.txt") && !fits("xy", "x") && !fits("a.csv.bak", "*.csv"));
    }
}
