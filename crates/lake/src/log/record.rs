//! A record of the log as bytes.
//!
//! ```text
//! length (u32) │ crc32c of the rest (u32) │ sequence (u64) │ kind (u8) │ received (i64, µs since 1970)
//!   │ length of table (u16) │ table │ length of identity (u16) │ identity │ payload
//! ```
//! All numbers are little-endian; the length counts what stands behind the checksum.

/// Bytes before the part that the checksum covers.
const HEAD: usize = 8;
/// The fixed part behind the checksum.
const FIXED: usize = 8 + 1 + 8 + 2 + 2;
/// A longer record is none.
const MAX_RECORD: usize = 512 << 20;

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows of a table: NDJSON as it was received
    Rows,
    /// Columns that a table has from here on: JSON
    Columns,
    /// Identities of batches whose rows are no longer in the log: JSON
    Identities,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Rows => 1,
            Self::Columns => 2,
            Self::Identities => 3,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Rows, Self::Columns, Self::Identities].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record<P> {
    pub(crate) sequence: u64,
    pub(crate) kind: Kind,
    /// Microseconds since 1970
    pub(crate) received: i64,
    pub(crate) table: String,
    /// Empty where the batch has none
    pub(crate) identity: String,
    pub(crate) payload: P,
}

/// Longest name of a table and longest identity, in bytes.
pub(crate) const MAX_NAME: usize = u16::MAX as usize;

impl<P: AsRef<[u8]>> Record<P> {
    /// Appends the bytes of the record. Names are no longer than [`MAX_NAME`].
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let payload = self.payload.as_ref();
        let length = FIXED + self.table.len() + self.identity.len() + payload.len();
        out.reserve(HEAD + length);
        out.extend((length as u32).to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.sequence.to_le_bytes());
        out.push(self.kind.byte());
        out.extend(self.received.to_le_bytes());
        for name in [&self.table, &self.identity] {
            out.extend((name.len() as u16).to_le_bytes());
            out.extend(name.as_bytes());
        }
        out.extend(payload);
        let sum = crc32c::crc32c(&out[start + HEAD..]);
        out[start + 4..start + HEAD].copy_from_slice(&sum.to_le_bytes());
    }
}

/// The record at the beginning of the bytes, and how many of them it takes; `None` if there is no whole one.
pub(crate) fn read(bytes: &[u8]) -> Option<(Record<&[u8]>, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if !(FIXED..=MAX_RECORD).contains(&length) {
        return None;
    }
    let body = rest.get(..length)?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (sequence, body) = body.split_first_chunk::<8>()?;
    let (kind, body) = body.split_first()?;
    let (received, body) = body.split_first_chunk::<8>()?;
    let (table, body) = name(body)?;
    let (identity, payload) = name(body)?;
    let record = Record {
        sequence: u64::from_le_bytes(*sequence),
        kind: Kind::of(*kind)?,
        received: i64::from_le_bytes(*received),
        table,
        identity,
        payload,
    };
    Some((record, HEAD + length))
}

fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((std::str::from_utf8(name).ok()?.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record<Vec<u8>> {
        Record {
            sequence: 7,
            kind: Kind::Rows,
            received: -5,
            table: "Täble".to_owned(),
            identity: "one".to_owned(),
            payload: b"{\"a\":1}\n".to_vec(),
        }
    }

    #[test]
    fn records_come_back() {
        let mut bytes = vec![];
        record().write(&mut bytes);
        let end = bytes.len();
        bytes.extend(b"more");
        let (found, taken) = read(&bytes).unwrap();
        assert_eq!(taken, end);
        assert_eq!((found.sequence, found.received, found.kind), (7, -5, Kind::Rows));
        assert_eq!((found.table.as_str(), found.identity.as_str()), ("Täble", "one"));
        assert_eq!(found.payload, record().payload);
    }

    #[test]
    fn every_damage_is_seen() {
        let mut good = vec![];
        record().write(&mut good);
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x20;
            assert!(read(&bad).is_none(), "byte {place}");
            assert!(read(&good[..place]).is_none(), "cut at {place}");
        }
    }
}
