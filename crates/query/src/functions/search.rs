//! A needle in all texts of an array at once.
//!
//! Texts of a page lie one behind the other in its buffer. Looking through them as one piece costs the same for every byte
//! but nothing for every row, and most rows have nothing in them; a hit is then given to the row that it lies in.

use datafusion::arrow::array::{Array, ByteView, StringViewArray};
use memchr::memmem::Finder;

/// Bytes between two texts that are looked through in vain rather than begin another piece.
const GAP: usize = 64;
/// Texts that make a piece; fewer are looked at one by one.
const PIECE: usize = 8;
/// Bytes after which a piece ends: what is folded stays in the cache, and one strange text spoils one piece only.
const ENOUGH: usize = 16 << 10;
/// Texts up to this length lie in their views.
const INLINE: u32 = 12;

/// What is looked for.
pub(super) struct Wanted<'w> {
    pub(super) finder: &'w Finder<'static>,
    pub(super) length: usize,
    /// Letters match whatever their case: the needle is folded, and texts are, as far as they are ASCII
    pub(super) is_folded: bool,
}

/// Which rows have the needle: `counts` judges a place within a text, `alone` a text that has to be looked at by itself.
pub(super) fn rows(
    texts: &StringViewArray,
    wanted: &Wanted<'_>,
    counts: impl Fn(&[u8], usize) -> bool,
    alone: impl Fn(&str) -> bool,
) -> Vec<bool> {
    let views: Vec<ByteView> = texts.views().iter().map(|view| ByteView::from(*view)).collect();
    let buffers = texts.data_buffers();
    let mut found = vec![false; views.len()];
    let read = |row| if texts.is_null(row) { "" } else { texts.value(row) };
    let end_of = |view: &ByteView| view.offset as usize + view.length as usize;
    let mut folded = Vec::with_capacity(2 * ENOUGH);
    let mut first = 0;
    while let Some(view) = views.get(first) {
        if view.length <= INLINE {
            found[first] = alone(read(first));
            first += 1;
            continue;
        }
        let (start, mut end, mut last) = (view.offset as usize, end_of(view), first + 1);
        while let Some(next) = views.get(last) {
            if next.length > INLINE {
                let is_near = next.buffer_index == view.buffer_index
                    && next.offset as usize >= end
                    && next.offset as usize - end <= GAP
                    && end - start <= ENOUGH;
                if !is_near {
                    break;
                }
                end = end_of(next);
            }
            last += 1;
        }
        let bytes = &buffers[view.buffer_index as usize][start..end];
        if last - first < PIECE || (wanted.is_folded && !bytes.is_ascii()) {
            (first..last).for_each(|row| found[row] = alone(read(row)));
            first = last;
            continue;
        }
        // Hits come in the order of the rows.
        let mut row = first;
        let mut hit = |place: usize| -> usize {
            let place = start + place;
            while row < last && (views[row].length <= INLINE || end_of(&views[row]) <= place) {
                row += 1;
            }
            let Some(view) = views[..last].get(row) else { return end - start };
            let (from, to) = (view.offset as usize, end_of(view));
            let is_within = place >= from && place + wanted.length <= to;
            if is_within && counts(&bytes[from - start..to - start], place - from) {
                found[row] = true;
                to - start
            } else {
                place + 1 - start
            }
        };
        let searched = if wanted.is_folded {
            folded.clear();
            folded.extend_from_slice(bytes);
            folded.make_ascii_lowercase();
            folded.as_slice()
        } else {
            bytes
        };
        let mut at = 0;
        while let Some(place) = searched.get(at..).and_then(|rest| wanted.finder.find(rest)) {
            at = hit(at + place);
        }
        for row in first..last {
            if views[row].length <= INLINE {
                found[row] = alone(read(row));
            }
        }
        first = last;
    }
    found
}
