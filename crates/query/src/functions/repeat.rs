//! Texts that repeat: a column of a file holds few texts many times, and what is asked of a text is asked of each once.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBufferBuilder, StringViewArray, UInt32Array,
};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::take;
use datafusion::error::Result;

/// Slots of the table of known texts; a power of two.
const SLOTS: usize = 1024;
/// After so many rows it is judged whether texts repeat at all.
const SAMPLE: usize = 512;

/// The different texts of an array.
pub(crate) struct Repeats {
    /// A row of each
    pub(crate) rows: Vec<u32>,
    /// For every row of the array, which of `rows` has its text
    places: Vec<u32>,
}

/// The different texts of an array, where there are far fewer than rows; a text may be among them more than once. Texts are
/// told apart by where they lie, which is the same place for those that a file's dictionary holds.
pub(crate) fn repeats(texts: &StringViewArray) -> Option<Repeats> {
    if texts.len() < SAMPLE || texts.null_count() > 0 {
        return None;
    }
    let mut known = vec![(0_u128, u32::MAX); SLOTS];
    let mut rows = Vec::new();
    let mut places = Vec::with_capacity(texts.len());
    for (row, view) in texts.views().iter().enumerate() {
        if row == SAMPLE && rows.len() > SAMPLE / 2 {
            return None;
        }
        let mixed =
            ((view >> 64) as u64 ^ (*view as u64).rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let slot = &mut known[(mixed >> 54) as usize];
        if slot.0 != *view || slot.1 == u32::MAX {
            *slot = (*view, rows.len() as u32);
            rows.push(row as u32);
        }
        places.push(slot.1);
    }
    Some(Repeats { rows, places })
}

impl Repeats {
    /// The array of the different texts alone.
    pub(crate) fn texts(&self, texts: &StringViewArray) -> Result<ArrayRef> {
        Ok(take(texts, &UInt32Array::from(self.rows.clone()), None)?)
    }

    /// What came of the different texts, for every row.
    pub(crate) fn spread(self, made: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(made, &UInt32Array::from(self.places), None)?)
    }
}

/// A verdict on every text of an array; null counts as the empty text.
pub(crate) fn verdicts(texts: &StringViewArray, verdict: impl Fn(&str) -> bool) -> BooleanBuffer {
    let read = |row| if texts.is_null(row) { "" } else { texts.value(row) };
    match repeats(texts) {
        Some(repeats) => {
            let mut known = BooleanBufferBuilder::new(repeats.rows.len());
            repeats.rows.iter().for_each(|row| known.append(verdict(texts.value(*row as usize))));
            let known = known.finish();
            BooleanBuffer::collect_bool(texts.len(), |row| known.value(repeats.places[row] as usize))
        }
        None => BooleanBuffer::collect_bool(texts.len(), |row| verdict(read(row))),
    }
}

/// An array of what `make` makes of an array of texts, text by text.
pub(crate) fn mapped(
    texts: &StringViewArray,
    make: impl Fn(&StringViewArray) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    match repeats(texts) {
        Some(repeats) => {
            let different = repeats.texts(texts)?;
            let made = make(datafusion::arrow::array::AsArray::as_string_view(&different))?;
            repeats.spread(&made)
        }
        None => make(texts),
    }
}

/// Verdicts as an array.
pub(crate) fn boolean(verdicts: BooleanBuffer) -> ArrayRef {
    Arc::new(BooleanArray::new(verdicts, None))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::AsArray;

    use super::*;

    #[test]
    fn every_row_has_its_own_text() {
        let long = |number: usize| format!("a text that is not kept inline, number {number}");
        let written: Vec<String> =
            (0..5000).map(|row| if row % 3 == 0 { format!("{}", row % 40) } else { long(row % 7) }).collect();
        let mut builder = datafusion::arrow::array::StringViewBuilder::new().with_deduplicate_strings();
        written.iter().for_each(|text| builder.append_value(text));
        let texts = builder.finish();
        let found = repeats(&texts).unwrap();
        assert!(found.rows.len() < 100, "{}", found.rows.len());
        let different = found.texts(&texts).unwrap();
        let spread = found.spread(&different).unwrap();
        assert!(spread.as_string_view().iter().flatten().eq(written.iter().map(String::as_str)));
        let verdicts = verdicts(&texts, |text| text.ends_with('3'));
        assert!((0..5000).all(|row| verdicts.value(row) == written[row].ends_with('3')));
        let unlike: StringViewArray = (0..5000).map(|row| Some(row.to_string())).collect();
        assert!(repeats(&unlike).is_none());
    }
}
