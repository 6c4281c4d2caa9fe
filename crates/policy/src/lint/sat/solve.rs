//! Searching for a choice of classes that satisfies formulas together.

use super::formula::Tree;
use super::problem::Problem;

/// Steps of all searches over one condition together; afterwards everything is taken to be possible.
const MAX_STEPS: usize = 60_000;

/// Answers questions about a [`Problem`].
#[derive(Debug)]
pub(crate) struct Solver<'a> {
    problem: &'a Problem,
    steps: std::cell::Cell<usize>,
}

#[derive(Clone)]
struct State {
    /// By subject: the classes that are left.
    left: Vec<Vec<bool>>,
    /// By atom.
    decided: Vec<Option<bool>>,
}

impl<'a> Solver<'a> {
    pub(crate) fn new(problem: &'a Problem) -> Self {
        Self { problem, steps: std::cell::Cell::new(0) }
    }

    /// Whether all of these may hold together. A `no` is certain.
    pub(crate) fn is_possible(&self, formulas: &[&Tree]) -> bool {
        let state = State {
            left: self.problem.subjects.iter().map(|subject| vec![true; subject.classes.len()]).collect(),
            decided: vec![None; self.problem.atoms.len()],
        };
        self.search(formulas.to_vec(), Vec::new(), state)
    }

    /// Whether an atom alone may have a truth.
    pub(crate) fn may_be(&self, atom: usize, truth: bool) -> bool {
        let tree = Tree::Atom { atom, truth, path: String::new() };
        self.is_possible(&[&tree])
    }

    fn search<'t>(&self, mut todo: Vec<&'t Tree>, mut choices: Vec<&'t [Tree]>, mut state: State) -> bool {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > MAX_STEPS {
            return true;
        }
        while let Some(formula) = todo.pop() {
            match formula {
                Tree::Atom { atom, truth, .. } => {
                    if !self.assume(&mut state, *atom, *truth) {
                        return false;
                    }
                }
                Tree::All { parts, .. } => todo.extend(parts),
                Tree::Any { parts, .. } => choices.push(parts),
            }
        }
        // A choice of which a part holds already needs no choosing; one with a single possible part is no choice.
        let mut best: Option<(usize, Vec<&Tree>)> = None;
        let mut index = 0;
        while index < choices.len() {
            let mut is_met = false;
            let mut open = Vec::new();
            for part in choices[index] {
                match part {
                    Tree::Atom { atom, truth, .. } => match self.standing(&state, *atom) {
                        Some(known) if known == *truth => is_met = true,
                        Some(_) => {}
                        None => open.push(part),
                    },
                    _ => open.push(part),
                }
            }
            if is_met {
                choices.swap_remove(index);
                continue;
            }
            if open.is_empty() {
                return false;
            }
            if best.as_ref().is_none_or(|(_, known)| open.len() < known.len()) {
                best = Some((index, open));
            }
            index += 1;
        }
        let Some((index, open)) = best else { return self.types_agree(&state) };
        choices.swap_remove(index);
        open.into_iter().any(|part| self.search(vec![part], choices.clone(), state.clone()))
    }

    /// Takes an atom to have a truth; `false` if it cannot.
    fn assume(&self, state: &mut State, atom: usize, truth: bool) -> bool {
        match state.decided[atom] {
            Some(known) => return known == truth,
            None => state.decided[atom] = Some(truth),
        }
        let Some(subject) = self.problem.atoms[atom].subject else { return true };
        let truths = &self.problem.atoms[atom].truths;
        let mut is_left = false;
        for (left, known) in state.left[subject].iter_mut().zip(truths) {
            *left &= known.allows(truth);
            is_left |= *left;
        }
        is_left
    }

    /// The truth that an atom must have, if it must.
    fn standing(&self, state: &State, atom: usize) -> Option<bool> {
        if let Some(known) = state.decided[atom] {
            return Some(known);
        }
        let subject = self.problem.atoms[atom].subject?;
        let truths = self.problem.atoms[atom].truths.iter();
        let (mut may_hold, mut may_fail, mut may_break) = (false, false, false);
        for (truth, _) in truths.zip(&state.left[subject]).filter(|(_, left)| **left) {
            may_hold |= truth.allows(true);
            may_fail |= truth.allows(false);
            may_break |= *truth == super::class::Truth::Fails;
        }
        match (may_hold, may_fail) {
            // One that may break cannot be counted on to hold; that it never holds is certain.
            (true, false) if !may_break => Some(true),
            (false, _) => Some(false),
            _ => None,
        }
    }

    /// Whether some type is left under which every alias of another type may be absent.
    fn types_agree(&self, state: &State) -> bool {
        let Some(type_subject) = self.problem.type_subject else { return true };
        let types = state.left[type_subject].iter().enumerate().filter(|(_, left)| **left);
        types.into_iter().any(|(class, _)| {
            self.problem.subjects.iter().zip(&state.left).all(|(subject, left)| {
                let is_foreign = subject.foreign.get(class).copied().unwrap_or(false);
                !is_foreign || subject.absent.is_none_or(|absent| left[absent])
            })
        })
    }
}
