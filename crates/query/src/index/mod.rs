//! Indexes that say, before a file is read, where in it a condition may hold.
//!
//! ```text
//! where Message has "0xdeadbeef" ─▶ Condition ─▶ FileIndex (asked for each file) ─▶ ranges of rows ─▶ Parquet reader
//! ```
//!
//! - [`Condition`]: what a predicate asks of whole terms of text columns; it may hold for more rows than the predicate, never
//!   for fewer, and the predicate is tested in any case;
//! - [`FileIndex`]: what whoever keeps the files offers;
//! - [`terms`]: what the terms of a text are; [`mod@file`]: an index of them as the bytes of a side file.
//!
//! Nothing here knows the engine: the lake writes side files as it writes data files, and reads them back.

mod condition;
pub mod file;
pub mod terms;

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;

pub use condition::{Blocks, Condition};

/// An index over the files of a table.
#[async_trait]
pub trait FileIndex: fmt::Debug + Send + Sync {
    /// Where in a file rows may be for which the condition holds; `None` if that is not known, and the whole file has to be
    /// read. An index that cannot be read is not known.
    async fn rows(&self, file: FileId<'_>, condition: &Condition) -> Option<RowRanges>;
}

/// A file as the plan names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId<'f> {
    /// Its path in the object store
    pub path: &'f str,
    /// Its length in bytes: an index that was made for another length is not its index
    pub bytes: u64,
}

/// Rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowRanges {
    /// How many rows the file has
    pub total: u64,
    /// The rows, in order and apart from each other
    pub ranges: Vec<Range<u64>>,
}

impl RowRanges {
    /// How many rows the ranges hold.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.iter().all(Range::is_empty)
    }

    /// The rows of blocks of `block_rows` rows each, the last one shorter.
    pub fn of_blocks(blocks: &Blocks, block_rows: u32, total: u64) -> Self {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for &block in blocks.as_slice() {
            let start = (u64::from(block) * u64::from(block_rows)).min(total);
            let end = (start + u64::from(block_rows)).min(total);
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ if start < end => ranges.push(start..end),
                _ => {}
            }
        }
        Self { total, ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_range() {
        let rows = RowRanges::of_blocks(&Blocks::new(vec![0, 1, 3, 9]), 10, 35);
        assert_eq!(rows.ranges, [0..20, 30..35]);
        assert_eq!(rows.len(), 25);
        assert!(RowRanges::of_blocks(&Blocks::default(), 10, 35).is_empty());
    }
}
