//! Counting: per policy, assignment, scope and type.

use hashbrown::HashMap;

use super::{Finding, Scan, Standing, Undecided, group_key};
use crate::compile::PolicyId;
use crate::governance::{ComplianceState, compliance_percent, roll_up};

/// Resources by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    states: [u64; 8],
    /// Resources of which at least one policy could not be decided.
    pub undecided: u64,
}

impl Counts {
    /// All states in the order in which people want to see them.
    pub const STATES: [ComplianceState; 8] = [
        ComplianceState::NonCompliant,
        ComplianceState::Error,
        ComplianceState::Conflict,
        ComplianceState::Compliant,
        ComplianceState::Exempt,
        ComplianceState::Unknown,
        ComplianceState::NotStarted,
        ComplianceState::NotEvaluable,
    ];

    /// How many resources have a state.
    pub fn of(&self, state: ComplianceState) -> u64 {
        self.states[place(state)]
    }

    /// Resources with a state.
    pub fn total(&self) -> u64 {
        self.states.iter().sum()
    }

    /// The share of resources that are compliant, exempt or unknown, in per cent, as the service computes it; undecided
    /// ones are not in it. `None` without resources.
    pub fn percent(&self) -> Option<f64> {
        compliance_percent(Self::STATES.iter().map(|state| (*state, self.of(*state))))
    }

    fn add(&mut self, state: Option<ComplianceState>, is_undecided: bool) {
        if let Some(state) = state {
            self.states[place(state)] += 1;
        }
        self.undecided += u64::from(is_undecided);
    }

    /// Adds other resources.
    pub fn merge(&mut self, other: &Self) {
        for (own, more) in self.states.iter_mut().zip(other.states) {
            *own += more;
        }
        self.undecided += other.undecided;
    }
}

fn place(state: ComplianceState) -> usize {
    Counts::STATES.iter().position(|known| *known == state).expect("every state is listed")
}

/// What was counted for a policy of an assignment.
#[derive(Clone, Debug, Default)]
pub struct PolicyTally {
    /// Resources by state.
    pub counts: Counts,
    /// Numbers of the first resources that do not comply, fail or are in conflict, in order.
    pub examples: Vec<u32>,
    /// Why resources are undecided, and how many.
    pub undecided: HashMap<Undecided, u64>,
    /// A failure, if there was one.
    pub failure: Option<String>,
}

/// What was counted for an assignment: each resource once, with the worst of its states.
#[derive(Clone, Debug, Default)]
pub struct AssignmentTally {
    /// Resources by state.
    pub counts: Counts,
}

/// Everything counted in a scan.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By policy number.
    pub policies: Vec<PolicyTally>,
    /// By assignment number.
    pub assignments: Vec<AssignmentTally>,
    /// By folded id of resource group or, outside of one, subscription: each resource once, over all assignments.
    pub scopes: HashMap<String, Counts>,
    /// By folded resource type: each resource once, over all assignments.
    pub types: HashMap<String, Counts>,
    /// Each resource once, over all assignments.
    pub all: Counts,
    /// Resources looked at.
    pub resources: u64,
    /// Single results: pairs of resource and policy.
    pub results: u64,
    /// Resources that are no JSON objects.
    pub unreadable: u64,
    /// Numbers of assignments that the resource at hand has results for.
    touched: Vec<(u32, Option<ComplianceState>, bool)>,
    example_limit: usize,
}

impl Tally {
    /// Nothing counted yet; `examples` are kept for each policy.
    pub fn new(scan: &Scan<'_>, examples: usize) -> Self {
        Self {
            policies: vec![PolicyTally::default(); scan.governance().program().policies().len()],
            assignments: vec![AssignmentTally::default(); scan.governance().assignments().len()],
            example_limit: examples,
            ..Self::default()
        }
    }

    /// Counts the findings of one resource, the `index`th.
    pub fn add(&mut self, scan: &Scan<'_>, index: u32, key: &str, kind: &str, findings: &[Finding]) {
        self.resources += 1;
        self.results += findings.len() as u64;
        self.touched.clear();
        for finding in findings {
            let state = finding.standing.state();
            let is_undecided = state.is_none();
            self.add_policy(finding.policy, index, finding, state);
            let assignment = scan.assignment_of(finding.policy) as u32;
            match self.touched.iter_mut().find(|(known, _, _)| *known == assignment) {
                Some((_, worst, doubt)) => {
                    *worst = roll_up(worst.iter().copied().chain(state));
                    *doubt |= is_undecided;
                }
                None => self.touched.push((assignment, state, is_undecided)),
            }
        }
        let mut overall = None;
        let mut is_undecided = false;
        for (assignment, worst, doubt) in self.touched.drain(..) {
            self.assignments[assignment as usize].counts.add(worst, doubt);
            overall = roll_up(overall.into_iter().chain(worst));
            is_undecided |= doubt;
        }
        if findings.is_empty() {
            return;
        }
        self.all.add(overall, is_undecided);
        let scope = group_key(key).or_else(|| super::subscription_key(key)).unwrap_or(key);
        entry(&mut self.scopes, scope).add(overall, is_undecided);
        entry(&mut self.types, kind).add(overall, is_undecided);
    }

    fn add_policy(
        &mut self,
        policy: PolicyId,
        index: u32,
        finding: &Finding,
        state: Option<ComplianceState>,
    ) {
        let tally = &mut self.policies[policy.0 as usize];
        tally.counts.add(state, state.is_none());
        let is_example = matches!(
            state,
            Some(ComplianceState::NonCompliant | ComplianceState::Error | ComplianceState::Conflict)
        );
        if is_example && tally.examples.len() < self.example_limit {
            tally.examples.push(index);
        }
        match &finding.standing {
            Standing::Undecided(why) => *tally.undecided.entry(why.clone()).or_default() += 1,
            Standing::Failed(why) if tally.failure.is_none() => tally.failure = Some(why.clone()),
            Standing::Failed(_) | Standing::State(_) => {}
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Self) {
        for (own, more) in self.policies.iter_mut().zip(other.policies) {
            own.counts.merge(&more.counts);
            own.examples.extend(more.examples);
            own.examples.sort_unstable();
            own.examples.truncate(self.example_limit);
            own.failure = own.failure.take().or(more.failure);
            for (why, count) in more.undecided {
                *own.undecided.entry(why).or_default() += count;
            }
        }
        for (own, more) in self.assignments.iter_mut().zip(&other.assignments) {
            own.counts.merge(&more.counts);
        }
        for (scope, counts) in &other.scopes {
            entry(&mut self.scopes, scope).merge(counts);
        }
        for (kind, counts) in &other.types {
            entry(&mut self.types, kind).merge(counts);
        }
        self.all.merge(&other.all);
        self.resources += other.resources;
        self.results += other.results;
        self.unreadable += other.unreadable;
    }
}

fn entry<'a>(map: &'a mut HashMap<String, Counts>, key: &str) -> &'a mut Counts {
    map.entry_ref(key).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_over_resources_with_a_state() {
        let mut counts = Counts::default();
        assert_eq!(counts.percent(), None);
        counts.add(Some(ComplianceState::Compliant), false);
        counts.add(Some(ComplianceState::Exempt), true);
        counts.add(Some(ComplianceState::Error), false);
        counts.add(Some(ComplianceState::NonCompliant), false);
        counts.add(None, true);
        assert_eq!((counts.total(), counts.undecided, counts.percent()), (4, 2, Some(50.0)));
    }
}
