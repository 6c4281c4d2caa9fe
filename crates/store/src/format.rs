//! The stored format: what the file declares itself to be, its tables, and how values are written.

use azimuth_host::Sequence;
use jiff::Timestamp;
use rusqlite::Connection;

/// `azmS`: stands at byte 68 of the file so that `file` and we can tell a store from other databases.
pub(crate) const APPLICATION_ID: i32 = 0x617a_6d53;

/// The newest format that this program writes and reads. Every older one has a fixture in `tests/fixtures`.
pub(crate) const FORMAT_VERSION: i64 = 1;

/// Bytes a page. Bodies of about 2 KiB fit several to a page without overflow chains.
pub(crate) const PAGE_BYTES: u32 = 16_384;

/// What the file holds, as `sqlite_schema` lists it: name and statement. The crate documentation explains it.
pub(crate) const SCHEMA: [(&str, &str); 6] = [
    (
        "commits",
        "CREATE TABLE commits (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, time INTEGER NOT NULL, \
         actor TEXT NOT NULL) STRICT",
    ),
    ("commits_by_time", "CREATE INDEX commits_by_time ON commits (time, last)"),
    (
        "documents",
        "CREATE TABLE documents (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, current INTEGER NOT NULL, \
         deleted INTEGER NOT NULL, key TEXT NOT NULL) STRICT",
    ),
    ("documents_by_hash", "CREATE INDEX documents_by_hash ON documents (hash)"),
    (
        "versions",
        "CREATE TABLE versions (sequence INTEGER PRIMARY KEY, document INTEGER NOT NULL, previous INTEGER, \
         body TEXT) STRICT",
    ),
    ("versions_by_document", "CREATE INDEX versions_by_document ON versions (document, sequence)"),
];

/// Makes the tables in an empty file. The caller holds the write lock.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    for (_, statement) in SCHEMA {
        connection.execute(statement, ())?;
    }
    connection.pragma_update(None, "user_version", FORMAT_VERSION)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Whether the file's tables and indexes are exactly ours: no column less, no trigger or view more.
pub(crate) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let mut rows = statement.query(())?;
    for (name, sql) in SCHEMA {
        let Some(row) = rows.next()? else { return Ok(false) };
        let same = row.get_ref(0)?.as_str() == Ok(name) && row.get_ref(1)?.as_str() == Ok(sql);
        if !same {
            return Ok(false);
        }
    }
    Ok(rows.next()?.is_none())
}

/// The hash under which a key is looked up: FNV-1a, 64 bits, as a signed number. Part of the format.
///
/// Keys with equal hashes are told apart by their text, so a collision costs a comparison and nothing else.
/// An index of the texts themselves would be eight times as large and most of an import's time.
pub(crate) fn key_hash(key: &str) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash.cast_signed()
}

/// A time as nanoseconds since 1970; the years before 1677 and after 2262 are cut off at the ends.
pub(crate) fn time_to_sql(time: Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// The time that [`time_to_sql`] wrote.
pub(crate) fn time_from_sql(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds))
        .expect("64 bits of nanoseconds are within jiff's range")
}

/// A position as SQLite counts them; positions beyond its range are beyond every change too.
pub(crate) fn sequence_to_sql(sequence: Sequence) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_part_of_the_format() {
        assert_eq!(key_hash(""), -3_750_763_034_362_895_579);
        assert_eq!(key_hash("a"), -5_808_556_873_153_909_620);
        assert_eq!(key_hash("foobar"), -8_821_353_812_377_114_648);
    }

    #[test]
    fn times_keep_their_nanoseconds_and_stay_in_range() {
        let time: Timestamp = "2025-03-01T12:00:00.123456789Z".parse().unwrap();
        assert_eq!(time_from_sql(time_to_sql(time)), time);
        assert_eq!(time_to_sql(Timestamp::MIN), i64::MIN);
        assert_eq!(time_to_sql(Timestamp::MAX), i64::MAX);
        assert!(time_from_sql(i64::MAX) > time);
    }
}
