//! Conditions that decide nothing.

use super::Findings;
use super::sat::{Problem, Solver, Tree, text_of};
use crate::catalogue::Catalogue;
use crate::definition::{Condition, Definition, Left, Over, PolicyType};
use crate::suite::show_leaf;

/// Largest group whose members are compared pair by pair for an explanation.
const MAX_PAIRS: usize = 64;

pub(super) fn check(definition: &Definition, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    // What Microsoft attests itself has a rule that is never evaluated.
    if definition.policy_type == PolicyType::Static {
        return;
    }
    let base = format!("{}.policyRule", findings.entry.properties_path());
    let rule = &definition.rule;
    let path = format!("{base}.if");
    check_condition(definition, catalogue, &rule.condition, &path, None, true, findings);
    duplicates(&rule.condition, &path, findings);
    if let Some(existence) = &rule.details.existence {
        let path = format!("{base}.then.details.existenceCondition");
        check_condition(definition, catalogue, existence, &path, None, false, findings);
        duplicates(existence, &path, findings);
    }
}

fn check_condition(
    definition: &Definition,
    catalogue: &Catalogue,
    condition: &Condition,
    path: &str,
    scope: Option<&str>,
    is_rule: bool,
    findings: &mut Findings<'_>,
) {
    let problem = Problem::new(definition, catalogue, condition, path, scope);
    let solver = Solver::new(&problem);
    let root = &problem.tree;
    if solver.is_possible(&[root]) {
        branches(root, &mut Vec::new(), (condition, path), &solver, findings);
        constants(condition, path, &problem, &solver, findings);
    } else {
        let what = if is_rule { "the rule" } else { "the condition" };
        let code = if is_rule { "policy-never-holds" } else { "policy-dead-condition" };
        let (place, reason) = culprit(root, condition, path, &solver);
        findings.add(code, &place, format!("{what} can hold for no resource: {reason}"));
    }
    // What counts ask of members stands alone.
    each_count(condition, path, &mut |inner, over, path| {
        check_condition(definition, catalogue, inner, path, over.or(scope), false, findings);
    });
}

/// Visits the conditions of counts that stand directly in a condition, with the array and the path.
fn each_count(condition: &Condition, path: &str, visit: &mut dyn FnMut(&Condition, Option<&str>, &str)) {
    match condition {
        Condition::AllOf(parts) => {
            for (index, part) in parts.iter().enumerate() {
                each_count(part, &format!("{path}.allOf[{index}]"), visit);
            }
        }
        Condition::AnyOf(parts) => {
            for (index, part) in parts.iter().enumerate() {
                each_count(part, &format!("{path}.anyOf[{index}]"), visit);
            }
        }
        Condition::Not(inner) => each_count(inner, &format!("{path}.not"), visit),
        Condition::Leaf(leaf) => {
            if let Left::Count(count) = &leaf.left
                && let Some(inner) = &count.condition
            {
                let over = match &count.over {
                    Over::Field(name) => name.known().and_then(azimuth_arm::Value::as_str),
                    Over::Value { .. } => None,
                };
                visit(inner, over, &format!("{path}.count.where"));
            }
        }
    }
}

/// Where and why a condition cannot hold: the smallest part that cannot hold by itself, or two parts that exclude each other.
fn culprit(root: &Tree, condition: &Condition, path: &str, solver: &Solver<'_>) -> (String, String) {
    let mut tree = root;
    loop {
        let parts = match tree {
            Tree::Atom { .. } => {
                let shown = leaf_text(condition, path, tree.path());
                return (tree.path().to_owned(), format!("{shown} is never {}", !tree.is_negated()));
            }
            Tree::Any { .. } => return (tree.path().to_owned(), "no alternative is possible".to_owned()),
            Tree::All { parts, .. } => parts,
        };
        if let Some(alone) = parts.iter().find(|part| !solver.is_possible(&[part])) {
            tree = alone;
            continue;
        }
        for (index, part) in parts.iter().enumerate().take(MAX_PAIRS) {
            let rival = parts[..index].iter().find(|other| !solver.is_possible(&[part, other]));
            if let Some(rival) = rival {
                let first = leaf_text(condition, path, rival.path());
                let second = leaf_text(condition, path, part.path());
                return (part.path().to_owned(), format!("{second} excludes {first}"));
            }
        }
        return (tree.path().to_owned(), "its parts exclude each other".to_owned());
    }
}

/// The comparison at a path in words; groups by what they are.
fn leaf_text(condition: &Condition, base: &str, path: &str) -> String {
    let mut current = condition;
    let mut rest = path.strip_prefix(base).unwrap_or_default();
    loop {
        let (parts, after) = match current {
            Condition::Leaf(leaf) => return format!("`{}`", show_leaf(leaf)),
            Condition::Not(inner) => match rest.strip_prefix(".not") {
                Some(after) => {
                    current = inner;
                    rest = after;
                    continue;
                }
                None => return "the `not`".to_owned(),
            },
            Condition::AllOf(parts) => (parts, rest.strip_prefix(".allOf[")),
            Condition::AnyOf(parts) => (parts, rest.strip_prefix(".anyOf[")),
        };
        let next = after.and_then(|after| {
            let (index, after) = after.split_once(']')?;
            Some((parts.get(index.parse::<usize>().ok()?)?, after))
        });
        match (next, current) {
            (Some((part, after)), _) => {
                current = part;
                rest = after;
            }
            (None, Condition::AllOf(_)) => return "the `allOf`".to_owned(),
            (None, _) => return "the `anyOf`".to_owned(),
        }
    }
}

/// Reports alternatives that are impossible where they stand.
fn branches<'t>(
    tree: &'t Tree,
    around: &mut Vec<&'t Tree>,
    (condition, path): (&Condition, &str),
    solver: &Solver<'_>,
    findings: &mut Findings<'_>,
) {
    match tree {
        Tree::Atom { .. } => {}
        Tree::All { parts, .. } => {
            for (index, part) in parts.iter().enumerate() {
                let depth = around.len();
                around.extend(parts[..index].iter().chain(&parts[index + 1..]));
                branches(part, around, (condition, path), solver, findings);
                around.truncate(depth);
            }
        }
        Tree::Any { parts, .. } => {
            for part in parts {
                around.push(part);
                let is_possible = solver.is_possible(around);
                around.pop();
                if is_possible {
                    branches(part, around, (condition, path), solver, findings);
                    continue;
                }
                let message = if part.is_negated() {
                    "always holds where it matters, so it decides nothing"
                } else {
                    "can never hold where it matters, so it decides nothing"
                };
                let shown = leaf_text(condition, path, part.path());
                let rival = around.iter().rev().find(|other| !solver.is_possible(&[part, other]));
                let reason = if !solver.is_possible(&[part]) {
                    match part {
                        Tree::Atom { .. } => String::new(),
                        _ => format!(": {}", culprit(part, condition, path, solver).1),
                    }
                } else if let Some(rival) = rival {
                    format!("; see {}", leaf_text(condition, path, rival.path()))
                } else {
                    "; conditions around it exclude it".to_owned()
                };
                findings.add("policy-dead-condition", part.path(), format!("{shown} {message}{reason}"));
            }
        }
    }
}

/// Reports comparisons with one outcome only.
fn constants(
    condition: &Condition,
    path: &str,
    problem: &Problem,
    solver: &Solver<'_>,
    findings: &mut Findings<'_>,
) {
    let mut stack = vec![&problem.tree];
    while let Some(tree) = stack.pop() {
        match tree {
            Tree::Atom { atom, path: at, .. } => {
                let outcome = match (solver.may_be(*atom, true), solver.may_be(*atom, false)) {
                    (true, true) => continue,
                    (true, false) | (false, true) => "has the same outcome for every resource",
                    (false, false) => "fails for every resource",
                };
                let shown = leaf_text(condition, path, at);
                // Of this object alone: others have conditions at the same path.
                let place = findings.entry.place_of(at);
                let is_told = findings.out.iter().any(|found| found.place == place);
                if !is_told {
                    findings.add("policy-constant-condition", at, format!("{shown} {outcome}"));
                }
            }
            Tree::All { parts, .. } | Tree::Any { parts, .. } => stack.extend(parts),
        }
    }
}

/// Reports parts of one group that are word for word the same.
fn duplicates(condition: &Condition, path: &str, findings: &mut Findings<'_>) {
    let (name, parts) = match condition {
        Condition::AllOf(parts) => ("allOf", parts.as_slice()),
        Condition::AnyOf(parts) => ("anyOf", parts.as_slice()),
        Condition::Not(inner) => return duplicates(inner, &format!("{path}.not"), findings),
        Condition::Leaf(leaf) => {
            if let Left::Count(count) = &leaf.left
                && let Some(inner) = &count.condition
            {
                duplicates(inner, &format!("{path}.count.where"), findings);
            }
            return;
        }
    };
    let mut known = hashbrown::HashMap::new();
    for (index, part) in parts.iter().enumerate() {
        let at = format!("{path}.{name}[{index}]");
        if let Some(first) = known.get(&text_of(part)) {
            let line = findings.entry.place_of(&format!("{path}.{name}[{first}]")).line.unwrap_or(0);
            findings.add(
                "policy-duplicate-condition",
                &at,
                format!("the same condition stands in line {line}"),
            );
        } else {
            known.insert(text_of(part), index);
        }
        duplicates(part, &at, findings);
    }
}
