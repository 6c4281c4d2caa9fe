//! A set of policies as bits, one per policy of a compiled set.
//!
//! Conditional Access is a conjunction over independent conditions. Everything the crate asks of a policy set comes
//! down to the sets of policies that each fact of a sign-in satisfies, and to the intersection of these sets.

use std::ops::{BitAnd, BitOr, BitOrAssign, Not};

const WORDS: usize = 8;

/// How many policies a compiled set may hold. A tenant may hold 240.
pub const MOST_POLICIES: usize = WORDS * 64;

/// A set of policies of one compiled set. Policies are named by their position in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Mask([u64; WORDS]);

impl Mask {
    /// The set without any policy.
    pub(crate) const EMPTY: Mask = Mask([0; WORDS]);

    /// Adds the policy at a position below [`MOST_POLICIES`].
    pub(crate) fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    /// True if the policy at this position is in the set.
    pub(crate) fn contains(self, at: usize) -> bool {
        at < MOST_POLICIES && self.0[at / 64] & (1 << (at % 64)) != 0
    }

    /// True if no policy is in the set.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == [0; WORDS]
    }

    /// True if every policy of this set is in the other as well.
    pub(crate) fn is_subset(self, other: Mask) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// The number of policies in the set.
    pub(crate) fn len(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The positions of the policies in the set, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| word * 64 + bit)
        })
    }
}

impl BitAnd for Mask {
    type Output = Mask;

    fn bitand(mut self, other: Mask) -> Mask {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine &= theirs);
        self
    }
}

impl BitOr for Mask {
    type Output = Mask;

    fn bitor(mut self, other: Mask) -> Mask {
        self |= other;
        self
    }
}

impl BitOrAssign for Mask {
    fn bitor_assign(&mut self, other: Mask) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }
}

impl Not for Mask {
    type Output = Mask;

    fn not(mut self) -> Mask {
        self.0.iter_mut().for_each(|word| *word = !*word);
        self
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_policies() {
        let mut odd = Mask::EMPTY;
        [1, 63, 65, 511].into_iter().for_each(|at| odd.insert(at));
        assert_eq!(odd.iter().collect::<Vec<_>>(), [1, 63, 65, 511]);
        assert_eq!(odd.len(), 4);
        let mut low = Mask::EMPTY;
        (0..64).for_each(|at| low.insert(at));
        assert!((odd & low).is_subset(odd) && !odd.is_subset(low));
        assert!(!odd.contains(MOST_POLICIES) && odd.contains(511));
        assert!((odd & !odd).is_empty());
    }
}
