//! Who mentions whom: the relations of the estate (interface → subnet → network, setting → workspace …).

use std::thread;

use super::{Inner, scan};

/// The edges in both directions, each as one array with offsets.
#[derive(Debug)]
pub(super) struct References {
    out: Edges,
    into: Edges,
}

#[derive(Debug, Default)]
struct Edges {
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

impl Edges {
    fn of(&self, row: u32) -> &[u32] {
        let row = row as usize;
        &self.targets[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

impl References {
    pub(super) fn build(inner: &Inner) -> Self {
        let rows = inner.rows.len();
        let threads = inner.threads.clamp(1, 64);
        let share = rows.div_ceil(threads).max(1);
        let parts: Vec<(Vec<u32>, Vec<u32>)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let range = (worker * share).min(rows)..((worker + 1) * share).min(rows);
                    scope.spawn(move || outgoing(inner, range))
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("scanning text does not panic")).collect()
        });
        let mut out = Edges { offsets: Vec::with_capacity(rows + 1), targets: Vec::new() };
        out.offsets.push(0);
        for (counts, mut targets) in parts {
            for count in counts {
                let last = out.offsets.last().copied().unwrap_or_default();
                out.offsets.push(last + count);
            }
            out.targets.append(&mut targets);
        }
        let into = reverse(&out, rows);
        Self { out, into }
    }

    pub(super) fn out(&self, row: u32) -> &[u32] {
        self.out.of(row)
    }

    pub(super) fn into(&self, row: u32) -> &[u32] {
        self.into.of(row)
    }

    pub(super) fn memory(&self) -> usize {
        let words = |edges: &Edges| edges.offsets.capacity() + edges.targets.capacity();
        (words(&self.out) + words(&self.into)) * 4
    }
}

/// The number of edges of each row of the range, and their targets one after the other.
fn outgoing(inner: &Inner, range: std::ops::Range<usize>) -> (Vec<u32>, Vec<u32>) {
    let mut counts = Vec::with_capacity(range.len());
    let mut targets: Vec<u32> = Vec::with_capacity(range.len() * 2);
    let mut folded = String::new();
    for row in range {
        let start = targets.len();
        for id in scan::mentions(&inner.rows[row].body) {
            folded.clear();
            folded.push_str(id);
            if folded.is_ascii() {
                folded.make_ascii_lowercase();
            } else {
                folded = folded.to_lowercase();
            }
            if *folded == *inner.rows[row].key {
                continue;
            }
            if let Some(target) = inner.nearest(&folded)
                && target as usize != row
                && !is_scope_of(&inner.rows[target as usize].key, &folded)
                && !targets[start..].contains(&target)
            {
                targets.push(target);
            }
        }
        counts.push((targets.len() - start) as u32);
    }
    targets.shrink_to_fit();
    (counts, targets)
}

/// Whether `found` is only a scope around the mentioned resource (its group, subscription …): a dangling
/// mention is no reference to the resource group it would lie in.
fn is_scope_of(found: &str, mentioned: &str) -> bool {
    mentioned.len() > found.len() && !found.contains("/providers/")
        || mentioned.len() > found.len() && mentioned[found.len()..].contains("/providers/")
}

fn reverse(out: &Edges, rows: usize) -> Edges {
    let mut offsets = vec![0_u32; rows + 1];
    for target in &out.targets {
        offsets[*target as usize + 1] += 1;
    }
    for row in 0..rows {
        offsets[row + 1] += offsets[row];
    }
    let mut next = offsets.clone();
    let mut targets = vec![0_u32; out.targets.len()];
    for row in 0..rows as u32 {
        for target in out.of(row) {
            let slot = &mut next[*target as usize];
            targets[*slot as usize] = row;
            *slot += 1;
        }
    }
    Edges { offsets, targets }
}
