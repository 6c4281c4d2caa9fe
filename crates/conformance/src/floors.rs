//! What may not get worse: the table in `docs/conformance.md`.
//!
//! A row says how many cases of a file pass, of how many, and the ids of those that do not, each a known miss. With
//! the same cases, a failure that is no known miss is a step back. Corpora with other cases than those the table
//! speaks of are held to the same share.

use crate::run::FileResult;

/// How the header of the table starts.
const HEADER: &str = "| suite file | passed | total | known misses |";

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Floor {
    /// Such as `delivery/rbac.jsonl`.
    pub file: String,
    /// Cases that have to pass.
    pub passed: usize,
    /// Cases of the file when the row was written.
    pub total: usize,
    /// Ids of the cases that are known to fail.
    pub known_misses: Vec<String>,
}

/// What the table says of a result.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Steps back; any of them fails the run.
    pub worse: Vec<String>,
    /// Steps forward that the table does not know yet.
    pub better: Vec<String>,
}

/// The rows of the table in a document, and what is wrong with them.
pub fn parse(document: &str) -> (Vec<Floor>, Vec<String>) {
    let (mut floors, mut problems) = (Vec::new(), Vec::new());
    let lines = document.lines().skip_while(|line| !line.starts_with(HEADER)).skip(2);
    for row in lines.take_while(|line| line.starts_with('|')) {
        match parse_row(row) {
            Some(floor) if floor.passed + floor.known_misses.len() == floor.total => floors.push(floor),
            Some(floor) => problems.push(format!(
                "the row of `{}` does not add up: {} passed and {} known misses are not {}",
                floor.file,
                floor.passed,
                floor.known_misses.len(),
                floor.total
            )),
            None => {
                problems.push(format!("expected `| file | passed | total | known misses |`, found `{row}`"));
            }
        }
    }
    (floors, problems)
}

fn parse_row(row: &str) -> Option<Floor> {
    let row = row.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = row.splitn(4, '|').map(str::trim);
    let file = cells.next()?.trim_matches('`').to_owned();
    let passed = cells.next()?.parse().ok()?;
    let total = cells.next()?.parse().ok()?;
    // Ids stand in backticks, what is between them is prose.
    let known_misses = cells.next()?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some(Floor { file, passed, total, known_misses })
}

/// The row that would describe a result.
pub fn row(file: &str, result: &FileResult) -> String {
    let misses: Vec<String> = result.failures.iter().map(|failure| format!("`{}`", failure.id)).collect();
    let misses = if misses.is_empty() { "–".to_owned() } else { misses.join(", ") };
    format!("| `{file}` | {} | {} | {misses} |", result.passed(), result.total)
}

/// Compares the result of a whole file with its row.
pub fn judge(file: &str, floor: Option<&Floor>, result: &FileResult) -> Judgement {
    let mut judgement = Judgement::default();
    let Some(floor) = floor else {
        judgement
            .worse
            .push(format!("{file} has no floor; add to docs/conformance.md: {}", row(file, result)));
        return judgement;
    };
    let (passed, total) = (result.passed(), result.total);
    if total != floor.total {
        if passed * floor.total < floor.passed * total {
            judgement.worse.push(format!(
                "{file}: {passed} of {total} is a smaller share than the floor, {} of {}",
                floor.passed, floor.total
            ));
        }
        return judgement;
    }
    for failure in &result.failures {
        if !floor.known_misses.contains(&failure.id) {
            judgement.worse.push(format!("{file}: `{}` fails and is no known miss", failure.id));
        }
    }
    if passed < floor.passed {
        judgement.worse.push(format!("{file}: passed {passed}, below the floor of {}", floor.passed));
    }
    if passed > floor.passed {
        judgement.better.push(format!("raise the floor in docs/conformance.md: {}", row(file, result)));
    }
    judgement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Failure;

    fn result(total: usize, failing: &[&str]) -> FileResult {
        let failure = |id: &&str| Failure { id: (*id).to_owned(), why: String::new() };
        FileResult { total, failures: failing.iter().map(failure).collect() }
    }

    /// Judges against a floor of 8 of 10 with the known misses `x` and `y`.
    #[track_caller]
    fn check(result: &FileResult, worse: usize, better: usize) {
        let (floors, problems) = parse(&format!(
            "text\n\n{HEADER}\n|---|--:|--:|---|\n| `s/f.jsonl` | 8 | 10 | `x`: why, `y` |\n"
        ));
        assert_eq!(problems, [""; 0]);
        let judgement = judge("s/f.jsonl", floors.first(), result);
        assert_eq!((judgement.worse.len(), judgement.better.len()), (worse, better), "{judgement:?}");
    }

    #[test]
    fn known_misses_may_fail_and_nothing_else() {
        check(&result(10, &["x", "y"]), 0, 0);
        check(&result(10, &["x", "new"]), 1, 0);
        check(&result(10, &["x", "y", "new"]), 2, 0);
    }

    #[test]
    fn a_case_won_asks_for_a_higher_floor() {
        check(&result(10, &["x"]), 0, 1);
    }

    #[test]
    fn other_cases_are_held_to_the_same_share() {
        check(&result(100, &["a"; 20]), 0, 0);
        check(&result(100, &["a"; 21]), 1, 0);
    }

    #[test]
    fn a_file_without_a_floor_is_told_its_row() {
        let judgement = judge("s/g.jsonl", None, &result(3, &["z"]));
        assert_eq!(
            judgement.worse,
            ["s/g.jsonl has no floor; add to docs/conformance.md: | `s/g.jsonl` | 2 | 3 | `z` |"]
        );
    }

    #[test]
    fn rows_that_do_not_add_up_are_refused() {
        let (floors, problems) =
            parse(&format!("{HEADER}\n|---|---|---|---|\n| `a` | 1 | 3 | `x` |\n| b | many | 3 | – |\n"));
        assert_eq!(floors, []);
        assert_eq!(problems.len(), 2);
    }
}
