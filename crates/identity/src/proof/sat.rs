//! The search by a SAT solver, for policies whose minimal sets are too many.
//!
//! One variable for each value of each condition, exactly one per condition; and for each policy, some chosen value
//! that it does not take.

use batsat::{BasicSolver, Lit, SolverInterface, lbool};

use super::dimensions::{Choice, Dimensions};
use crate::mask::Mask;

/// A choice that leaves no policy; `None` if there is none.
pub(crate) fn solve(dimensions: &Dimensions<'_>) -> Option<Choice> {
    let rest = dimensions.rest();
    dimensions.subjects.iter().enumerate().find_map(|(subject, subjects)| {
        let people = subjects.people.iter().map(|(_, mask)| *mask).collect();
        let fronts = subjects.fronts.iter().map(|(_, mask)| *mask).collect();
        let chosen = choose(&[&[fronts, people][..], &rest[..]].concat())?;
        let [front, person, ref rest @ ..] = chosen[..] else { return None };
        Some(Choice { subject, front, person, rest: rest.try_into().ok()? })
    })
}

/// One position per condition such that no policy is in all of the chosen sets.
fn choose(conditions: &[Vec<Mask>]) -> Option<Vec<usize>> {
    let mut solver = BasicSolver::default();
    let chosen: Vec<Vec<Lit>> = conditions
        .iter()
        .map(|masks| masks.iter().map(|_| Lit::new(solver.new_var_default(), true)).collect())
        .collect();
    for values in &chosen {
        exactly_one(&mut solver, values);
    }
    let policies = conditions.first()?.iter().fold(Mask::EMPTY, |all, mask| all | *mask);
    for policy in policies.iter() {
        let mut clause: Vec<Lit> = conditions
            .iter()
            .zip(&chosen)
            .flat_map(|(masks, lits)| masks.iter().zip(lits))
            .filter(|(mask, _)| !mask.contains(policy))
            .map(|(_, lit)| *lit)
            .collect();
        solver.add_clause_reuse(&mut clause);
    }
    if solver.solve_limited(&[]) != lbool::TRUE {
        return None;
    }
    let value = |lits: &Vec<Lit>| lits.iter().position(|lit| solver.value_lit(*lit) == lbool::TRUE);
    chosen.iter().map(value).collect()
}

/// One of the literals and no other, with a counter of as many helpers.
fn exactly_one(solver: &mut BasicSolver, values: &[Lit]) {
    solver.add_clause_reuse(&mut values.to_vec());
    let mut before: Option<Lit> = None;
    for value in values {
        let so_far = Lit::new(solver.new_var_default(), true);
        solver.add_clause_reuse(&mut vec![!*value, so_far]);
        if let Some(before) = before {
            solver.add_clause_reuse(&mut vec![!before, so_far]);
            solver.add_clause_reuse(&mut vec![!before, !*value]);
        }
        before = Some(so_far);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_that_meets_nothing_in_common() {
        let mask = |members: &[usize]| {
            let mut mask = Mask::EMPTY;
            members.iter().for_each(|at| mask.insert(*at));
            mask
        };
        let found =
            choose(&[vec![mask(&[1, 2])], vec![mask(&[1]), mask(&[2, 3])], vec![mask(&[2]), mask(&[1, 2])]]);
        assert_eq!(found, Some(vec![0, 0, 0]));
        assert_eq!(choose(&[vec![mask(&[1, 2])], vec![mask(&[1]), mask(&[2])], vec![mask(&[1, 2])]]), None);
    }
}
