//! `azimuth policy`: Azure Policy over an estate.

pub(super) mod aliases;
mod fix;
mod impact;
mod lint;
mod page;
mod remediate;
mod scan;
mod source;
mod test;
mod why;

pub(super) use impact::record;

use crate::args::PolicyCommand;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(command: PolicyCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Scan(args) => scan::run(&args, ui),
        PolicyCommand::Impact(args) => impact::run(&args, ui),
        PolicyCommand::Test(args) => test::run(&args, ui),
        PolicyCommand::Lint(args) => lint::run(&args, ui),
        PolicyCommand::Fix(args) => fix::run(&args, ui),
        PolicyCommand::Remediate(args) => remediate::run(&args, ui),
    }
}

/// Which of the known names a wrong one may have meant: those that share the most with it, or the first few.
fn near<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let wrong = azimuth_ids::fold(wrong).into_owned();
    let mut names: Vec<(usize, &str)> =
        known.map(|name| (distance(&wrong, &azimuth_ids::fold(name)), name)).collect();
    names.sort();
    names.dedup();
    let shown: Vec<&str> = names.iter().take(5).map(|(_, name)| *name).collect();
    if shown.is_empty() {
        "there is none".to_owned()
    } else {
        format!("the nearest are: {}", shown.join(", "))
    }
}

/// How many letters differ (Levenshtein), of at most 64 of each.
pub(in crate::command) fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) =
        (left.chars().take(64).collect(), right.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.iter().enumerate() {
            let cost = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(
            near("baselin", ["guardrails", "baseline", "baseline"].into_iter()),
            "the nearest are: baseline, guardrails"
        );
    }
}
