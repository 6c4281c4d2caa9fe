//! The generator's own random numbers: SplitMix64, so that an estate of a given size and seed stays the same for
//! ever, whatever happens to any library.
//!
//! The step is that of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): add the
//! golden-ratio increment, then mix. Streams for separate purposes are split off by a label, so that drawing more
//! numbers in one place changes nothing elsewhere.

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of a seed for one purpose and item.
    pub(crate) fn new(seed: u64, label: &str, item: u64) -> Self {
        let mut state = mix(seed.wrapping_add(GAMMA));
        for byte in label.bytes() {
            state = mix(state ^ u64::from(byte)).wrapping_add(GAMMA);
        }
        Self { state: mix(state ^ mix(item.wrapping_add(GAMMA))) }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in `0..bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // Multiply-shift: the bias is below 2^-40 for the bounds used here.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to + 1 - from)
    }

    /// True in `numerator` of `denominator` cases.
    pub(crate) fn chance(&mut self, numerator: usize, denominator: usize) -> bool {
        self.below(denominator) < numerator
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A version 4 GUID.
    pub(crate) fn guid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        )
    }

    /// `length` lower-case letters and digits, for names that must be unique in the world.
    pub(crate) fn suffix(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(ALPHABET[self.below(36)])).collect()
    }
}

/// The GUID of the `item`th thing of a kind.
pub(crate) fn guid(seed: u64, label: &str, item: usize) -> String {
    Rng::new(seed, label, item as u64).guid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_ever() {
        let mut rng = Rng::new(7, "example", 0);
        let first = [rng.next(), rng.next()];
        let mut again = Rng::new(7, "example", 0);
        assert_eq!(first, [again.next(), again.next()]);
        assert_ne!(first[0], Rng::new(7, "example", 1).next());
        assert_ne!(first[0], Rng::new(7, "other", 0).next());
        assert_ne!(first[0], Rng::new(8, "example", 0).next());
    }

    #[test]
    fn bounds_hold() {
        let mut rng = Rng::new(1, "bounds", 0);
        assert!((0..1_000).all(|_| rng.below(7) < 7));
        assert!((0..1_000).all(|_| (3..=5).contains(&rng.between(3, 5))));
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn guids_have_version_4() {
        let guid = guid(1, "user", 4);
        assert_eq!(guid.len(), 36);
        assert_eq!(guid.as_bytes()[14], b'4');
        assert!(matches!(guid.as_bytes()[19], b'8'..=b'9' | b'a'..=b'b'));
    }
}
