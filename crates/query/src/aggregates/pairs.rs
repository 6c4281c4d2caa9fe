//! A set of pairs of a group and a small number: one array, one look into it for nearly every question.

/// Open addressing; at least half of the places are free.
#[derive(Default)]
pub(super) struct Pairs {
    places: Vec<u64>,
    taken: usize,
}

/// A free place: there is no such group.
const FREE: u64 = u64::MAX;
const SMALLEST: usize = 64;

impl Pairs {
    /// Whether the pair is new; it is known from now on.
    pub(super) fn insert(&mut self, group: u32, number: i32) -> bool {
        debug_assert!(group < u32::MAX, "groups are counted");
        if self.taken * 2 >= self.places.len() {
            self.grow();
        }
        let is_new = put(&mut self.places, pair(group, number));
        self.taken += usize::from(is_new);
        is_new
    }

    /// Which pairs are known at the first place that is looked at. The places are far apart: asked for all at once, memory
    /// fetches them side by side, and what is asked of them next is at hand.
    pub(super) fn known(&self, pairs: &[(u32, i32)], known: &mut [bool]) {
        let Some(mask) = self.places.len().checked_sub(1) else { return known.fill(false) };
        for (known, (group, number)) in known.iter_mut().zip(pairs) {
            let pair = pair(*group, *number);
            *known = self.places[first(pair) & mask] == pair;
        }
    }

    fn grow(&mut self) {
        let mut places = vec![FREE; (self.places.len() * 2).max(SMALLEST)];
        for pair in self.places.iter().filter(|pair| **pair != FREE) {
            put(&mut places, *pair);
        }
        self.places = places;
    }

    pub(super) fn size(&self) -> usize {
        self.places.capacity() * 8
    }
}

fn pair(group: u32, number: i32) -> u64 {
    u64::from(group) << 32 | u64::from(number.cast_unsigned())
}

/// Where a pair is looked for first, before the mask.
fn first(pair: u64) -> usize {
    let mixed = (pair ^ (pair >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) as usize >> 20
}

/// Whether the pair was not there. There is a free place, and a power of two of places.
fn put(places: &mut [u64], pair: u64) -> bool {
    let mask = places.len() - 1;
    let mut at = first(pair) & mask;
    loop {
        match places[at] {
            FREE => {
                places[at] = pair;
                return true;
            }
            known if known == pair => return false,
            _ => at = (at + 1) & mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pairs_are_told_apart() {
        let (mut pairs, mut known) = (Pairs::default(), HashSet::new());
        for step in 0..200_000_u32 {
            // Numbers and groups that differ in few bits, and every pair more than once.
            let (group, number) = (step % 300, (step / 300 % 210).cast_signed() - 100);
            for (group, number) in
                [(group, number), (group << 20, number << 20), (number as u32 & 0xFFFF, i32::MIN)]
            {
                let mut is_known = [true];
                pairs.known(&[(group, number)], &mut is_known);
                assert!(!is_known[0] || known.contains(&(group, number)));
                assert_eq!(pairs.insert(group, number), known.insert((group, number)));
            }
        }
        assert_eq!(pairs.taken, known.len());
        assert!(pairs.insert(u32::MAX - 1, -1));
    }
}
