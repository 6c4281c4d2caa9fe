//! Passwords known from breaches, looked up in local files of the format of *Have I Been Pwned*.
//!
//! Two kinds of file exist, both text with one hash a line:
//!
//! - **ordered**: `SHA-1 in 40 hex digits:times seen`, ascending; tens of gigabytes, searched by halving;
//! - **range**: what the range service answers for the five digits that name the file, `the other 35 digits:times seen`.
//!
//! Nothing is sent anywhere. The caller opens the file; this module only reads from it.

use std::fmt;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use sha1::{Digest, Sha1};

/// Bytes that a line may have; the longest real one has 40 digits, a colon and a count.
const LONGEST_LINE: u64 = 128;
/// Hex digits of a SHA-1 hash.
const HASH_DIGITS: usize = 40;
/// Hex digits that name a range file.
const PREFIX_DIGITS: usize = 5;
/// Below this many bytes, an ordered file is read line by line rather than halved.
const LINEAR_BYTES: u64 = 4_096;

/// The hash under which a password is listed. It does not show itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct BreachHash(String);

impl BreachHash {
    /// The hash of a password, as the lists have it: SHA-1 of its UTF-8 bytes.
    pub fn of(password: &str) -> Self {
        let digest = Sha1::digest(password.as_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02X}")).collect())
    }

    /// The five digits that name the range file to look into; with nothing else of the hash in it.
    pub fn prefix(&self) -> &str {
        &self.0[..PREFIX_DIGITS]
    }
}

impl fmt::Debug for BreachHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BreachHash({}…)", self.prefix())
    }
}

/// Why a list could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum BreachListError {
    /// The reader failed.
    #[error("failed to read the list of breached passwords")]
    Read(#[from] io::Error),
    /// A line is none of the format.
    #[error(
        "byte {offset} of the list does not begin a line `HASH:COUNT` with {digits} hex digits; is it a list ordered by hash?"
    )]
    Line {
        /// Where the line begins.
        offset: u64,
        /// How many digits the hash should have.
        digits: usize,
    },
}

/// How often the range file of the hash's prefix holds it; `None` if it does not.
///
/// # Errors
/// If the reader fails, or a line before the hash is of another format.
pub fn times_in_range(range: impl BufRead, hash: &BreachHash) -> Result<Option<u64>, BreachListError> {
    times_in_lines(range, &hash.0[PREFIX_DIGITS..], 0, u64::MAX)
}

/// How often an ordered file holds the hash; `None` if it does not. Halves the file: some 40 reads for 40 GB.
///
/// # Errors
/// If the reader fails, or a line that is looked at is of another format.
pub fn times_in_ordered(
    mut ordered: impl BufRead + Seek,
    hash: &BreachHash,
) -> Result<Option<u64>, BreachListError> {
    // INVARIANT: the line of the hash, if there is one, begins at `low` or later and before `high`;
    // `low` is the beginning of a line.
    let (mut low, mut high) = (0, ordered.seek(SeekFrom::End(0))?);
    while high - low > LINEAR_BYTES {
        let middle = low + (high - low) / 2;
        ordered.seek(SeekFrom::Start(middle))?;
        let begin = middle + line(&mut ordered)?.len() as u64;
        let text = if begin < high { line(&mut ordered)? } else { Vec::new() };
        if text.is_empty() {
            high = middle + 1;
            continue;
        }
        let (found, count) = parsed(&text, HASH_DIGITS, begin)?;
        match found.as_str().cmp(&hash.0) {
            std::cmp::Ordering::Less => low = begin + text.len() as u64,
            std::cmp::Ordering::Equal => return Ok(Some(count)),
            std::cmp::Ordering::Greater => high = begin,
        }
    }
    ordered.seek(SeekFrom::Start(low))?;
    times_in_lines(ordered, &hash.0, low, high)
}

fn times_in_lines(
    mut lines: impl BufRead,
    digits: &str,
    begin: u64,
    end: u64,
) -> Result<Option<u64>, BreachListError> {
    let mut offset = begin;
    while offset < end {
        let text = line(&mut lines)?;
        if text.is_empty() {
            break;
        }
        let (found, count) = parsed(&text, digits.len(), offset)?;
        if found == digits {
            return Ok(Some(count));
        }
        offset += text.len() as u64;
    }
    Ok(None)
}

/// The next line with its end, or as much of it as a line may have; empty at the end.
fn line(reader: &mut impl BufRead) -> Result<Vec<u8>, BreachListError> {
    let mut text = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut text)?;
    Ok(text)
}

fn parsed(text: &[u8], digits: usize, offset: u64) -> Result<(String, u64), BreachListError> {
    let wrong = || BreachListError::Line { offset, digits };
    let text = std::str::from_utf8(text).map_err(|_| wrong())?;
    let (hash, count) = text.trim_end().trim_start_matches('\u{feff}').split_once(':').ok_or_else(wrong)?;
    if hash.len() != digits || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok((hash.to_ascii_uppercase(), count.parse().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// An ordered list of some thousand hashes; the count is the number in the password.
    fn ordered(end_of_line: &str) -> String {
        let hashes = (1..=3_000).map(|number| (BreachHash::of(&format!("password{number}")).0, number));
        let mut lines: Vec<_> =
            hashes.map(|(hash, number)| format!("{hash}:{number}{end_of_line}")).collect();
        lines.sort();
        lines.concat()
    }

    #[test]
    fn the_hash_is_sha1_in_upper_case() {
        // FIPS 180: the digest of "abc".
        assert_eq!(BreachHash::of("abc").0, "A9993E364706816ABA3E25717850C26C9CD0D89D");
        assert_eq!(BreachHash::of("abc").prefix(), "A9993");
        assert_eq!(format!("{:?}", BreachHash::of("abc")), "BreachHash(A9993…)");
    }

    #[test]
    fn every_line_of_an_ordered_list_is_found_and_nothing_else() {
        for end_of_line in ["\n", "\r\n"] {
            let list = ordered(end_of_line);
            for number in 1..=3_000 {
                let times =
                    times_in_ordered(Cursor::new(&list), &BreachHash::of(&format!("password{number}")));
                assert_eq!(times.unwrap(), Some(number));
            }
            for number in 3_001..3_500 {
                let times =
                    times_in_ordered(Cursor::new(&list), &BreachHash::of(&format!("password{number}")));
                assert_eq!(times.unwrap(), None);
            }
        }
    }

    #[test]
    fn a_range_file_holds_the_rest_of_the_hash() {
        let range = "0000000000000000000000000000000000A:3\r\ne364706816aba3e25717850c26c9cd0d89d:77\r\n";
        let hash = BreachHash::of("abc");
        assert_eq!(times_in_range(range.as_bytes(), &hash).unwrap(), Some(77));
        assert_eq!(times_in_range(&b""[..], &hash).unwrap(), None);
    }

    #[test]
    fn other_files_are_refused() {
        let hash = BreachHash::of("abc");
        for list in ["password,1\n", "E364706816ABA3E25717850C26C9CD0D89D:many\n", "\n", "\u{e9}"] {
            let error = times_in_range(list.as_bytes(), &hash).unwrap_err();
            assert!(matches!(error, BreachListError::Line { offset: 0, digits: 35 }), "{error}");
        }
        let endless = vec![b'A'; 100_000];
        assert!(times_in_ordered(Cursor::new(&endless), &hash).is_err());
    }
}
