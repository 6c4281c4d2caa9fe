//! Dependency order.

use std::collections::BTreeSet;

use thiserror::Error;

/// A circle of dependencies; the deployment service refuses such templates before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the resources depend on each other in a circle")]
pub struct Cycle {
    /// The members of the circle, each depending on the next and the last on the first.
    pub members: Vec<usize>,
}

/// Groups nodes into waves: each node as early as its dependencies allow. `dependencies[n]` lists what `n` needs;
/// entries out of range are ignored.
///
/// # Errors
/// [`Cycle`] if the dependencies go in a circle.
pub fn waves(dependencies: &[Vec<usize>]) -> Result<Vec<Vec<usize>>, Cycle> {
    let levels = levels(dependencies, |_| 1)?;
    Ok(grouped(&levels, |_| true))
}

/// What cannot be deployed once `failed` has failed: itself and everything that depends on it, in order of number.
/// Independent nodes go on.
pub fn blocked_by(dependencies: &[Vec<usize>], failed: usize) -> BTreeSet<usize> {
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); dependencies.len()];
    for (node, needs) in dependencies.iter().enumerate() {
        for need in needs.iter().filter(|need| **need < dependencies.len()) {
            dependents[*need].push(node);
        }
    }
    let mut blocked = BTreeSet::new();
    let mut open = vec![failed];
    while let Some(node) = open.pop() {
        if node < dependencies.len() && blocked.insert(node) {
            open.extend(&dependents[node]);
        }
    }
    blocked
}

/// Nodes by level, those that `counts` only.
pub(super) fn grouped(levels: &[usize], counts: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = Vec::new();
    for (node, level) in levels.iter().enumerate().filter(|(node, _)| counts(*node)) {
        if out.len() <= *level {
            out.resize(*level + 1, Vec::new());
        }
        out[*level].push(node);
    }
    out.retain(|wave| !wave.is_empty());
    out
}

/// The level of each node: the weight of the heaviest chain of dependencies before it.
pub(super) fn levels(
    dependencies: &[Vec<usize>],
    weight: impl Fn(usize) -> usize,
) -> Result<Vec<usize>, Cycle> {
    let count = dependencies.len();
    let mut waiting: Vec<usize> = vec![0; count];
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (node, needs) in dependencies.iter().enumerate() {
        for need in needs.iter().filter(|need| **need < count) {
            waiting[node] += 1;
            dependents[*need].push(node);
        }
    }
    let mut levels = vec![0; count];
    let mut ready: Vec<usize> = (0..count).filter(|node| waiting[*node] == 0).collect();
    let mut done = 0;
    while let Some(node) = ready.pop() {
        done += 1;
        for dependent in &dependents[node] {
            levels[*dependent] = levels[*dependent].max(levels[node] + weight(node));
            waiting[*dependent] -= 1;
            if waiting[*dependent] == 0 {
                ready.push(*dependent);
            }
        }
    }
    if done == count { Ok(levels) } else { Err(find_cycle(dependencies, &waiting)) }
}

/// A circle among the nodes that still wait: follow any unmet dependency until a node comes again.
fn find_cycle(dependencies: &[Vec<usize>], waiting: &[usize]) -> Cycle {
    let mut path: Vec<usize> = Vec::new();
    let mut node = waiting.iter().position(|count| *count > 0);
    while let Some(current) = node {
        if let Some(start) = path.iter().position(|seen| *seen == current) {
            return Cycle { members: path.split_off(start) };
        }
        path.push(current);
        node = dependencies[current]
            .iter()
            .copied()
            .find(|need| waiting.get(*need).is_some_and(|count| *count > 0));
    }
    Cycle { members: path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_and_failures() {
        let dependencies = vec![vec![], vec![0], vec![], vec![2], vec![1, 2]];
        assert_eq!(waves(&dependencies).unwrap(), [vec![0, 2], vec![1, 3], vec![4]]);
        assert_eq!(blocked_by(&dependencies, 0).into_iter().collect::<Vec<_>>(), [0, 1, 4]);
        assert_eq!(blocked_by(&dependencies, 99).len(), 0);
    }

    #[test]
    fn circles_are_named() {
        let dependencies = vec![vec![], vec![2], vec![3, 0], vec![1]];
        let cycle = waves(&dependencies).unwrap_err();
        assert_eq!(cycle.members, [1, 2, 3]);
        assert!(waves(&[vec![0]]).is_err());
    }
}
