//! The search for the smallest set of changes.
//!
//! A violated policy has evidence: the comparisons that decided. As long as none of them turns, the policy stays violated, so
//! every set of changes that helps contains one that touches something the evidence looks at. The search therefore tries
//! only changes that touch the evidence, one after the other, deepening by one change at a time: the first depth at which
//! the engine finds nothing to object to is the least number of changes (of those thought of).

use hashbrown::HashSet;
use serde_json::Value as Json;

use super::candidates::{Domains, Proposal, Subject, leaf_at, proposals};
use super::edit::{Edit, Segment};
use crate::compile::{PolicyId, Program};
use crate::definition::Condition;
use crate::reason::Evaluated;

/// A policy that a resource violates.
#[derive(Clone, Debug)]
pub(crate) struct Violated {
    pub(crate) policy: PolicyId,
    /// JSON paths of the comparisons that decided; more do no harm.
    pub(crate) evidence: Vec<String>,
}

/// The comparisons that an explanation rests on. Where one failed, the explanation does not say which others were passed
/// over, and any may help.
pub(crate) fn evidence(condition: &Condition, is_failed: bool, evaluated: &[Evaluated]) -> Vec<String> {
    if !is_failed {
        return evaluated.iter().map(|evaluated| evaluated.path.clone()).collect();
    }
    let mut all = Vec::new();
    condition.for_each_leaf(&mut |leaf| all.push(leaf.path.clone()));
    all
}

/// What is violated by a resource.
pub(crate) type Judge<'a> = dyn FnMut(&Json) -> Result<Vec<Violated>, String> + 'a;

/// A set of changes that helps.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    pub(crate) edits: Vec<Edit>,
    pub(crate) cost: u32,
    pub(crate) after: Json,
}

/// How far to search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most changes taken together.
    pub(crate) edits: usize,
    /// Most resources judged.
    pub(crate) judged: usize,
    /// Most sets of changes returned.
    pub(crate) solutions: usize,
}

/// What the search ended with.
#[derive(Debug)]
pub(crate) struct Found {
    /// The smallest sets, the least far-fetched first.
    pub(crate) solutions: Vec<Solution>,
    /// Whether everything within the bounds was looked at.
    pub(crate) is_exhausted: bool,
}

struct Search<'a, 'j> {
    program: &'a Program,
    subject: &'a Subject<'a>,
    domains: Domains,
    known: HashSet<PolicyId>,
    judge: &'j mut Judge<'j>,
    left: usize,
    solutions: Vec<Solution>,
    /// Resources seen at the current depth with the changes that were left.
    seen: HashSet<(String, usize)>,
}

/// The smallest sets of changes after which nothing is violated.
///
/// # Errors
/// If the resource cannot be read.
pub(crate) fn search<'j>(
    program: &Program,
    subject: &Subject<'_>,
    resource: &Json,
    bounds: Bounds,
    judge: &'j mut Judge<'j>,
) -> Result<Found, String> {
    let first = judge(resource)?;
    let mut search = Search {
        program,
        subject,
        domains: Domains::default(),
        known: HashSet::new(),
        judge,
        left: bounds.judged,
        solutions: Vec::new(),
        seen: HashSet::new(),
    };
    let mut is_exhausted = true;
    for depth in 1..=bounds.edits {
        search.seen.clear();
        let has_more = search.deepen(resource, &first, depth, &mut Vec::new(), 0)?;
        if !search.solutions.is_empty() {
            break;
        }
        if search.left == 0 {
            is_exhausted = false;
            break;
        }
        if !has_more {
            break;
        }
        if depth == bounds.edits {
            is_exhausted = false;
        }
    }
    let mut solutions = search.solutions;
    solutions.sort_by_key(|solution| solution.cost);
    solutions.truncate(bounds.solutions);
    Ok(Found { solutions, is_exhausted })
}

impl Search<'_, '_> {
    /// Tries sets with `depth` more changes; whether a deeper search could find more.
    fn deepen(
        &mut self,
        resource: &Json,
        violated: &[Violated],
        depth: usize,
        edits: &mut Vec<Edit>,
        cost: u32,
    ) -> Result<bool, String> {
        let Some(first) = violated.first() else { return Ok(false) };
        if depth == 0 {
            return Ok(true);
        }
        let mut has_more = false;
        for Proposal { edit, cost: more } in self.proposals(resource, first) {
            if self.left == 0 {
                return Ok(true);
            }
            if edits.iter().any(|known| overlaps(known, &edit)) {
                continue;
            }
            let Some(changed) = edit.apply(resource) else { continue };
            if !self.seen.insert((changed.to_string(), depth)) {
                continue;
            }
            self.left -= 1;
            let Ok(after) = (self.judge)(&changed) else { continue };
            edits.push(edit);
            if after.is_empty() {
                self.solutions.push(Solution { edits: edits.clone(), cost: cost + more, after: changed });
            } else {
                has_more |= self.deepen(&changed, &after, depth - 1, edits, cost + more)?;
            }
            edits.pop();
        }
        Ok(has_more)
    }

    fn proposals(&mut self, resource: &Json, violated: &Violated) -> Vec<Proposal> {
        let policy = self.program.policy(violated.policy);
        if self.known.insert(violated.policy) {
            self.domains.add(policy);
        }
        let condition = &policy.definition().rule.condition;
        let mut out: Vec<Proposal> = Vec::new();
        for path in &violated.evidence {
            let Some(leaf) = leaf_at(condition, path) else { continue };
            for proposal in proposals(leaf, policy, &self.domains, resource, self.subject) {
                match out.iter_mut().find(|known| {
                    known.edit.place == proposal.edit.place && known.edit.change == proposal.edit.change
                }) {
                    Some(known) => known.cost = known.cost.min(proposal.cost),
                    None => out.push(proposal),
                }
            }
        }
        out.sort_by_key(|proposal| proposal.cost);
        out
    }
}

/// Whether one place is at or below the other: a change there would undo the earlier one. Items of one array are apart.
fn overlaps(left: &Edit, right: &Edit) -> bool {
    use super::edit::Change;
    let is_append = |edit: &Edit| matches!(edit.change, Change::Append(_));
    match (is_append(left), is_append(right)) {
        (true, true) => return false,
        (true, false) => return left.place.starts_with(&right.place),
        (false, true) => return right.place.starts_with(&left.place),
        (false, false) => {}
    }
    let is_item =
        |edit: &Edit| edit.change == Change::Remove && matches!(edit.place.last(), Some(Segment::Index(_)));
    if is_item(left) && is_item(right) {
        return false;
    }
    let shorter = left.place.len().min(right.place.len());
    left.place[..shorter] == right.place[..shorter] && !is_item(left)
}
