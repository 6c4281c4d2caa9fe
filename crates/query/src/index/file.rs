//! An index of terms as a side file of a data file: for every text column the hashes of its terms, sorted, and the blocks of
//! rows where each occurs.
//!
//! ```text
//! "AZTERMS1" │ xxh64 of the rest │ bytes of the data file │ rows │ rows of a block │ columns
//! for each column: length of name, name, terms, bytes of postings
//! for each column: hashes (u32, sorted) │ ends of postings (u32) │ postings: blocks as varints of differences
//! ```
//! All numbers are little-endian. A file that is cut, changed or of another version is refused, never misread.

use std::collections::HashSet;
use std::fmt;

use twox_hash::XxHash64;

use super::terms;
use super::{Blocks, Condition, RowRanges};

/// The first bytes of an index; the digit is the version.
const MAGIC: &[u8; 8] = b"AZTERMS1";
/// Rows of a block, where nothing else is asked for: few enough that reading one is quick, many enough that the index is a
/// seventh of its data file.
pub const BLOCK_ROWS: u32 = 8192;
/// Columns of an index; no table has more.
const MAX_COLUMNS: usize = 10_000;

/// Gathers the terms of a data file while it is written.
#[derive(Debug)]
pub struct Builder {
    block_rows: u32,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// A hash and a block, as one number that sorts by hash
    pairs: Vec<u64>,
    block: u32,
    /// The hashes of the block under way
    seen: HashSet<u32>,
}

impl Builder {
    /// An index over text columns, in blocks of so many rows (one at least).
    pub fn new(columns: impl IntoIterator<Item = String>, block_rows: u32) -> Self {
        let column = |name| Column { name, pairs: Vec::new(), block: 0, seen: HashSet::new() };
        Self { block_rows: block_rows.max(1), columns: columns.into_iter().map(column).collect() }
    }

    /// Adds the text of a row, counted over the whole file; rows of a column come in order.
    pub fn add(&mut self, column: usize, row: u64, text: &str) {
        let Some(column) = self.columns.get_mut(column) else { return };
        let block = u32::try_from(row / u64::from(self.block_rows)).unwrap_or(u32::MAX);
        if block != column.block {
            column.seen.clear();
            column.block = block;
        }
        let Column { pairs, seen, .. } = column;
        terms::visit(text, &mut |term| {
            let hash = terms::hash(term);
            if seen.insert(hash) {
                pairs.push(u64::from(hash) << 32 | u64::from(block));
            }
        });
    }

    /// The bytes of the index of a data file of so many rows and bytes.
    pub fn finish(self, rows: u64, data_bytes: u64) -> Vec<u8> {
        let mut head = Vec::new();
        head.extend(data_bytes.to_le_bytes());
        head.extend(rows.to_le_bytes());
        head.extend(self.block_rows.to_le_bytes());
        head.extend((self.columns.len() as u32).to_le_bytes());
        let mut body = Vec::new();
        for mut column in self.columns {
            column.pairs.sort_unstable();
            column.pairs.dedup();
            let (mut hashes, mut ends, mut postings) = (Vec::new(), Vec::new(), Vec::new());
            for run in column.pairs.chunk_by(|left, right| left >> 32 == right >> 32) {
                hashes.extend(((run[0] >> 32) as u32).to_le_bytes());
                let mut before = 0;
                for pair in run {
                    let block = *pair as u32;
                    varint(&mut postings, block - before);
                    before = block;
                }
                ends.extend((postings.len() as u32).to_le_bytes());
            }
            head.extend((column.name.len() as u32).to_le_bytes());
            head.extend(column.name.as_bytes());
            head.extend(((hashes.len() / 4) as u32).to_le_bytes());
            head.extend((postings.len() as u32).to_le_bytes());
            body.extend(hashes);
            body.extend(ends);
            body.extend(postings);
        }
        let mut out = MAGIC.to_vec();
        head.extend(body);
        out.extend(XxHash64::oneshot(0, &head).to_le_bytes());
        out.extend(head);
        out
    }
}

fn varint(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Why bytes are no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadIndex {
    /// Not an index of terms, or one of another version
    Format,
    /// An index that was cut or changed
    Damaged,
}

impl fmt::Display for BadIndex {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Format => "not an index of terms that this version reads; write it again",
            Self::Damaged => "the index of terms is damaged; write it again",
        })
    }
}

impl std::error::Error for BadIndex {}

/// An index that was read.
#[derive(Clone, Debug)]
pub struct TermIndex {
    bytes: Vec<u8>,
    data_bytes: u64,
    rows: u64,
    block_rows: u32,
    columns: Vec<Section>,
}

/// Where a column lies in the bytes.
#[derive(Clone, Debug)]
struct Section {
    name: String,
    terms: usize,
    hashes: usize,
    ends: usize,
    postings: usize,
    end: usize,
}

impl TermIndex {
    /// Reads what [`Builder::finish`] made.
    ///
    /// # Errors
    /// See [`BadIndex`].
    pub fn read(bytes: Vec<u8>) -> Result<Self, BadIndex> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BadIndex::Format)?;
        let (sum, content) = rest.split_first_chunk::<8>().ok_or(BadIndex::Damaged)?;
        if XxHash64::oneshot(0, content) != u64::from_le_bytes(*sum) {
            return Err(BadIndex::Damaged);
        }
        Self::sections(bytes).ok_or(BadIndex::Damaged)
    }

    fn sections(bytes: Vec<u8>) -> Option<Self> {
        let mut at = MAGIC.len() + 8;
        let data_bytes = u64::from_le_bytes(take(&bytes, &mut at)?);
        let rows = u64::from_le_bytes(take(&bytes, &mut at)?);
        let block_rows = number(&bytes, &mut at)?;
        let count = number(&bytes, &mut at)? as usize;
        if block_rows == 0 || count > MAX_COLUMNS {
            return None;
        }
        let mut heads = Vec::new();
        for _ in 0..count {
            let length = number(&bytes, &mut at)? as usize;
            let name = std::str::from_utf8(bytes.get(at..at.checked_add(length)?)?).ok()?.to_owned();
            at += length;
            heads.push((name, number(&bytes, &mut at)? as usize, number(&bytes, &mut at)? as usize));
        }
        let mut columns = Vec::new();
        for (name, terms, postings_bytes) in heads {
            let hashes = at;
            let ends = hashes.checked_add(terms.checked_mul(4)?)?;
            let postings = ends.checked_add(terms.checked_mul(4)?)?;
            let end = postings.checked_add(postings_bytes)?;
            bytes.get(hashes..end)?;
            columns.push(Section { name, terms, hashes, ends, postings, end });
            at = end;
        }
        (at == bytes.len()).then_some(Self { bytes, data_bytes, rows, block_rows, columns })
    }

    /// The length of the data file that the index was made for.
    pub fn data_bytes(&self) -> u64 {
        self.data_bytes
    }

    /// The rows of the data file.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The blocks where a column has a term (folded); `None` if the column is not in the index.
    pub fn blocks(&self, column: &str, term: &str) -> Option<Blocks> {
        let section = self.columns.iter().find(|section| section.name == column)?;
        let wanted = terms::hash(term);
        let (mut low, mut high) = (0, section.terms);
        while low < high {
            let middle = low.midpoint(high);
            match self.at(section.hashes, middle).cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(self.postings(section, middle)),
            }
        }
        Some(Blocks::default())
    }

    /// Where rows may be that meet a condition; `None` if the index does not say.
    pub fn matches(&self, condition: &Condition) -> Option<RowRanges> {
        let blocks = condition.blocks(&|column, term| self.blocks(column, term))?;
        Some(RowRanges::of_blocks(&blocks, self.block_rows, self.rows))
    }

    fn at(&self, start: usize, place: usize) -> u32 {
        number(&self.bytes, &mut (start + place * 4)).unwrap_or_default()
    }

    fn postings(&self, section: &Section, place: usize) -> Blocks {
        let start = if place == 0 { 0 } else { self.at(section.ends, place - 1) as usize };
        let end = self.at(section.ends, place) as usize;
        let postings = &self.bytes[section.postings..section.end];
        let (mut blocks, mut block, mut part, mut shift) = (Vec::new(), 0_u32, 0_u32, 0);
        for byte in postings.get(start..end).unwrap_or_default() {
            part |= u32::from(byte & 0x7F).checked_shl(shift).unwrap_or_default();
            shift += 7;
            if byte & 0x80 == 0 {
                block = block.wrapping_add(part);
                blocks.push(block);
                (part, shift) = (0, 0);
            }
        }
        Blocks::new(blocks)
    }
}

fn take<const N: usize>(bytes: &[u8], at: &mut usize) -> Option<[u8; N]> {
    let found = bytes.get(*at..at.checked_add(N)?)?.try_into().ok()?;
    *at += N;
    Some(found)
}

fn number(bytes: &[u8], at: &mut usize) -> Option<u32> {
    take(bytes, at).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> Vec<u8> {
        let mut builder = Builder::new(["Message".to_owned(), "Host".to_owned()], 2);
        for (row, (message, host)) in
            [("alpha beta", "web1"), ("beta", "web2"), ("gamma", "web1"), ("", ""), ("Alpha", "db9")]
                .into_iter()
                .enumerate()
        {
            builder.add(0, row as u64, message);
            builder.add(1, row as u64, host);
        }
        builder.finish(5, 1234)
    }

    #[test]
    fn terms_are_found_in_their_blocks() {
        let index = TermIndex::read(built()).unwrap();
        assert_eq!((index.rows(), index.data_bytes()), (5, 1234));
        let blocks = |column, term| index.blocks(column, term).map(|blocks| blocks.as_slice().to_vec());
        assert_eq!(blocks("Message", "alpha"), Some(vec![0, 2]));
        assert_eq!(blocks("Message", "beta"), Some(vec![0]));
        assert_eq!(blocks("Message", "delta"), Some(Vec::new()));
        assert_eq!(blocks("Host", "web1"), Some(vec![0, 1]));
        assert_eq!(blocks("Other", "web1"), None);
        let condition = Condition::Terms { column: "Message".to_owned(), terms: vec!["alpha".to_owned()] };
        assert_eq!(index.matches(&condition).unwrap().ranges, [0..2, 4..5]);
    }

    #[test]
    fn damage_is_seen() {
        let good = built();
        assert_eq!(TermIndex::read(b"PAR1".to_vec()).err(), Some(BadIndex::Format));
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert!(TermIndex::read(bad).is_err(), "byte {place}");
            assert!(TermIndex::read(good[..place].to_vec()).is_err(), "cut at {place}");
        }
    }

    /// A sum that fits does not make the lengths true.
    #[test]
    fn lengths_are_checked() {
        let good = built();
        for place in MAGIC.len() + 8..good.len() {
            for value in [0, 0x7F, 0xFF] {
                let mut bad = good.clone();
                bad[place] = value;
                let sum = XxHash64::oneshot(0, &bad[16..]).to_le_bytes();
                bad[8..16].copy_from_slice(&sum);
                if let Ok(index) = TermIndex::read(bad) {
                    for term in ["alpha", "beta", "gamma", "web1", "none"] {
                        let _ = index.blocks("Message", term);
                        let _ = index.blocks("Host", term);
                    }
                }
            }
        }
    }
}
