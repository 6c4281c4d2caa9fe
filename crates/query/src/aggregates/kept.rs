//! One row of columns for each group, kept by reference: rows stay in the arrays they came in until too few of those are in
//! use.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::compute::{interleave, take};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

use super::emitted;

/// Arrays for each column, and a row in them for each group.
pub(super) struct Kept {
    /// Chunks of rows, an array for each column; the first chunk is the row of groups that have none
    chunks: Vec<Vec<ArrayRef>>,
    /// For each group its chunk and the row in it
    places: Vec<(u32, u32)>,
    /// Rows in all chunks
    rows: usize,
    /// Bytes of all chunks
    bytes: usize,
    /// Groups whose row is one of the batch at hand
    touched: Vec<u32>,
}

/// Chunks and unused rows that are worth no copying.
const MIN_CHUNKS: usize = 64;
const MIN_ROWS: usize = 65_536;
/// The chunk of rows of the batch at hand.
const AT_HAND: u32 = u32::MAX;

impl Kept {
    /// No groups; `nothing` holds, for each column, the one cell of groups without a row.
    pub(super) fn new(nothing: Vec<ArrayRef>) -> Self {
        Self { chunks: vec![nothing], places: Vec::new(), rows: 0, bytes: 0, touched: Vec::new() }
    }

    pub(super) fn grow(&mut self, groups: usize) {
        self.places.resize(groups.max(self.places.len()), (0, 0));
    }

    /// Takes the row of the batch at hand for a group.
    pub(super) fn set(&mut self, group: usize, row: usize) {
        let place = &mut self.places[group];
        if place.0 != AT_HAND {
            self.touched.push(group as u32);
        }
        *place = (AT_HAND, row as u32);
    }

    /// Ends the batch at hand: copies of its columns the rows that were taken.
    pub(super) fn keep(&mut self, columns: &[ArrayRef]) -> Result<()> {
        if self.touched.is_empty() {
            return Ok(());
        }
        let rows: UInt32Array = self.touched.iter().map(|group| self.places[*group as usize].1).collect();
        let chunk = columns.iter().map(|column| Ok(compact(&take(column, &rows, None)?)));
        let chunk = chunk.collect::<Result<Vec<_>>>()?;
        for (row, group) in self.touched.drain(..).enumerate() {
            self.places[group as usize] = (self.chunks.len() as u32, row as u32);
        }
        self.add(chunk, rows.len());
        let (groups, chunks) = (self.places.len(), self.chunks.len());
        if self.rows > 2 * groups + MIN_ROWS || chunks > MIN_CHUNKS + groups / 256 {
            let all = self.gathered(0..groups)?;
            self.replace(all);
        }
        Ok(())
    }

    fn add(&mut self, chunk: Vec<ArrayRef>, rows: usize) {
        self.bytes += chunk.iter().map(Array::get_array_memory_size).sum::<usize>();
        self.rows += rows;
        self.chunks.push(chunk);
    }

    /// Has one chunk with the rows of all groups in the place of all others.
    fn replace(&mut self, all: Vec<ArrayRef>) {
        self.chunks.truncate(1);
        (self.bytes, self.rows) = (0, 0);
        for (group, place) in self.places.iter_mut().enumerate() {
            if place.0 > 0 {
                *place = (1, group as u32);
            }
        }
        self.add(all, self.places.len());
    }

    fn gathered(&self, groups: std::ops::Range<usize>) -> Result<Vec<ArrayRef>> {
        let indices: Vec<(usize, usize)> =
            self.places[groups].iter().map(|(chunk, row)| (*chunk as usize, *row as usize)).collect();
        let column = |place: usize| {
            let arrays: Vec<&dyn Array> = self.chunks.iter().map(|chunk| &*chunk[place]).collect();
            Ok(compact(&interleave(&arrays, &indices)?))
        };
        (0..self.chunks[0].len()).map(column).collect()
    }

    /// The rows of the first groups; the others move up.
    pub(super) fn taken(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let count = emitted(emit, self.places.len());
        let taken = self.gathered(0..count)?;
        self.places.drain(..count);
        if self.places.is_empty() {
            self.chunks.truncate(1);
            (self.bytes, self.rows) = (0, 0);
        }
        Ok(taken)
    }

    pub(super) fn size(&self) -> usize {
        self.bytes + self.places.capacity() * 8 + self.touched.capacity() * 4
    }
}

/// The array without the buffers of texts that others had in it.
fn compact(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => {
            let texts = array.as_string_view();
            let held: usize = texts.data_buffers().iter().map(datafusion::arrow::buffer::Buffer::len).sum();
            if held > 2 * texts.total_buffer_bytes_used() + 4096 {
                Arc::new(texts.gc())
            } else {
                array.clone()
            }
        }
        _ => array.clone(),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, StringViewArray};

    use super::*;

    #[test]
    fn rows_survive_compaction() {
        let mut kept = Kept::new(vec![Arc::new(StringViewArray::from(vec![None::<&str>]))]);
        kept.grow(3);
        let text = |batch: i64, row: i64| {
            format!("row {row} of batch {batch}, which is long enough to lie in a buffer")
        };
        for batch in 0..200 {
            let texts: StringViewArray = (0..10).map(|row| Some(text(batch, row))).collect();
            if batch < 150 {
                kept.set(0, 1);
                kept.set(0, 7);
            }
            kept.set(2, 3);
            kept.keep(&[Arc::new(texts)]).unwrap();
        }
        assert!(kept.chunks.len() < 100);
        let first = kept.taken(EmitTo::First(1)).unwrap();
        assert_eq!(first[0].as_string_view().value(0), text(149, 7));
        let rest = kept.taken(EmitTo::All).unwrap();
        assert!(rest[0].is_null(0));
        assert_eq!(rest[0].as_string_view().value(1), text(199, 3));
        assert_eq!(kept.size() / 1024, 0);
        kept.grow(1);
        kept.keep(&[Arc::new(Int64Array::from(vec![1]))]).unwrap();
    }
}
