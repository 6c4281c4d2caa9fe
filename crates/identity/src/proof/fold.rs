//! The search by folding conditions into minimal sets of policies.

use std::collections::HashSet;

use super::dimensions::{Choice, Dimensions};
use crate::mask::Mask;

/// How many minimal sets are kept at most; beyond, the SAT solver is faster.
const MOST_MINIMAL: usize = 3_000;
/// How many sets may come out of one combination before the minimal ones are chosen.
const MOST_COMBINED: usize = 400_000;

/// A set of policies and the values it comes from: person, target, place, three risks.
type Entry = (Mask, [u32; 6]);

/// A choice that leaves no policy, none if there is none. The outer `None` says that the limits were exceeded.
pub(crate) fn solve(dimensions: &Dimensions<'_>) -> Option<Option<Choice>> {
    let rest = dimensions.rest();
    for (subject, subjects) in dimensions.subjects.iter().enumerate() {
        let relevant = subjects.fronts.iter().fold(Mask::EMPTY, |all, (_, mask)| all | *mask);
        let fronts = subjects.fronts.iter().enumerate();
        let fronts = minimal(fronts.map(|(at, (_, mask))| (*mask, position(at))).collect())?;
        let mut folded: Vec<Entry> = vec![(relevant, [0; 6])];
        let people = subjects.people.iter().map(|(_, mask)| *mask).collect();
        let mut conditions: Vec<(usize, Vec<Mask>)> = rest.iter().cloned().enumerate().collect();
        conditions.iter_mut().for_each(|(at, _)| *at += 1);
        conditions.push((0, people));
        // Small conditions first, so that the minimal sets stay few for long.
        conditions.sort_by_key(|(_, masks)| masks.len());
        for (condition, masks) in conditions {
            folded = combine(&folded, condition, &masks, relevant)?;
        }
        for (front, [at, ..]) in &fronts {
            if let Some((_, chosen)) = folded.iter().find(|(mask, _)| (*mask & *front).is_empty()) {
                let [person, rest @ ..] = chosen.map(|at| at as usize);
                return Some(Some(Choice { subject, front: *at as usize, person, rest }));
            }
        }
    }
    Some(None)
}

fn position(at: usize) -> [u32; 6] {
    [u32::try_from(at).unwrap_or(u32::MAX), 0, 0, 0, 0, 0]
}

fn combine(folded: &[Entry], condition: usize, masks: &[Mask], relevant: Mask) -> Option<Vec<Entry>> {
    let values = masks.iter().enumerate().map(|(at, mask)| (*mask & relevant, position(at))).collect();
    let values = minimal(values)?;
    if folded.len() * values.len() > MOST_COMBINED {
        return None;
    }
    let mut found = Vec::with_capacity(folded.len() * values.len());
    for (so_far, chosen) in folded {
        for (mask, [at, ..]) in &values {
            let mut chosen = *chosen;
            chosen[condition] = *at;
            found.push((*so_far & *mask, chosen));
        }
    }
    minimal(found)
}

/// The entries whose set has no smaller one among them; the first of equal ones.
fn minimal(mut entries: Vec<Entry>) -> Option<Vec<Entry>> {
    let mut seen = HashSet::new();
    entries.retain(|(mask, _)| seen.insert(*mask));
    entries.sort_by_key(|(mask, _)| mask.len());
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries {
        if !kept.iter().any(|(smaller, _)| smaller.is_subset(entry.0)) {
            kept.push(entry);
            if kept.len() > MOST_MINIMAL {
                return None;
            }
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minimal_sets_are_kept() {
        let mask = |members: &[usize]| {
            let mut mask = Mask::EMPTY;
            members.iter().for_each(|at| mask.insert(*at));
            mask
        };
        let entries =
            vec![(mask(&[1, 2]), position(0)), (mask(&[2]), position(1)), (mask(&[1, 3]), position(2))];
        let kept = minimal(entries).expect("few");
        assert_eq!(kept.iter().map(|(_, [at, ..])| *at).collect::<Vec<_>>(), [1, 2]);
    }
}
