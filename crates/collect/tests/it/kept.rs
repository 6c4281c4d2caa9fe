//! A sink that keeps what it is given.

use std::collections::BTreeMap;

use azimuth_collect::{Counts, DeadLetter, Reader, Row, Sink, Source};
use serde_json::{Map, Value};

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Kept {
    pub(crate) rows: BTreeMap<String, Vec<Map<String, Value>>>,
    pub(crate) dead: Vec<(String, u64, Vec<u8>)>,
}

impl Sink for Kept {
    fn row(&mut self, table: &str, row: Row<'_>) {
        // Every row is valid JSON, whatever it was made of.
        let mut text = Vec::new();
        row.write(&mut text);
        let map = serde_json::from_slice(&text).unwrap();
        self.rows.entry(table.to_owned()).or_default().push(map);
    }

    fn dead(&mut self, letter: DeadLetter<'_>) {
        self.dead.push((letter.reason, letter.place, letter.raw.to_owned()));
    }
}

pub(crate) fn source(path: &str) -> Source {
    Source { path: Some(path.to_owned()), ..Source::new("2024-06-01T00:00:00Z".parse().unwrap()) }
}

/// Reads bytes in pieces of a size.
pub(crate) fn read_in(source: Source, bytes: &[u8], piece: usize) -> (Kept, Counts) {
    let mut kept = Kept::default();
    let mut reader = Reader::new(source);
    for piece in bytes.chunks(piece) {
        reader.push(piece, &mut kept);
    }
    let counts = reader.finish(None, &mut kept);
    assert_eq!(counts.dead as usize, kept.dead.len());
    assert_eq!(counts.rows as usize, kept.rows.values().map(Vec::len).sum::<usize>());
    assert_eq!(counts.bytes as usize, bytes.len());
    (kept, counts)
}

/// Reads bytes at once and in small pieces, which must be the same.
pub(crate) fn read(path: &str, bytes: &[u8]) -> Kept {
    let (kept, _) = read_in(source(path), bytes, usize::MAX);
    if bytes.len() < 200_000 {
        for piece in [1, 7, 1_000] {
            assert_eq!(read_in(source(path), bytes, piece).0, kept, "in pieces of {piece}");
        }
    }
    kept
}
