//! What the rules tolerate: `xtask/tidy-exceptions.txt`, one line each with a reason. It may only shrink.
//!
//! A line that excuses nothing any more is itself a finding, and so is a `limit` that differs from the number of
//! lines: adding an exception therefore means raising the limit in the open, where a reviewer sees it.

use super::Finding;
use super::tree::Tree;

const LIST: &str = "xtask/tidy-exceptions.txt";

/// One tolerated finding: `rule | path | subject | reason`.
struct Exception<'a> {
    line: usize,
    rule: &'a str,
    path: &'a str,
    subject: &'a str,
}

/// Takes out what is excused, and adds what is wrong with the list of excuses.
pub(super) fn apply(tree: &Tree, findings: Vec<Finding>) -> Vec<Finding> {
    let text = tree.files.get(LIST).map_or("limit: 0\n", String::as_str);
    let mut complaints = Vec::new();
    let (exceptions, limit) = parse(text, &mut complaints);
    let excuses = |exception: &Exception<'_>, finding: &Finding| {
        exception.rule == finding.rule
            && exception.path == finding.path
            && exception.subject == finding.subject
    };
    for exception in &exceptions {
        if !findings.iter().any(|finding| excuses(exception, finding)) {
            complaints.push(complaint(exception.line, "excuses nothing any more: remove it"));
        }
    }
    if limit != Some(exceptions.len()) {
        let message =
            format!("`limit:` has to be {}, the number of exceptions; it may only fall", exceptions.len());
        complaints.push(complaint(0, &message));
    }
    let mut left: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| !exceptions.iter().any(|exception| excuses(exception, finding)))
        .chain(complaints)
        .collect();
    left.sort();
    left
}

fn parse<'a>(text: &'a str, complaints: &mut Vec<Finding>) -> (Vec<Exception<'a>>, Option<usize>) {
    let (mut exceptions, mut limit) = (Vec::new(), None);
    for (index, line) in text.lines().enumerate() {
        if let Some(number) = line.strip_prefix("limit:") {
            limit = number.trim().parse().ok();
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            match parts[..] {
                [rule, path, subject, reason] if !reason.is_empty() => {
                    exceptions.push(Exception { line: index + 1, rule, path, subject });
                }
                _ => complaints.push(complaint(index + 1, "expected `rule | path | subject | reason`")),
            }
        }
    }
    (exceptions, limit)
}

fn complaint(line: usize, message: &str) -> Finding {
    Finding {
        path: LIST.to_owned(),
        line,
        rule: "exceptions",
        subject: String::new(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::fixture;

    #[track_caller]
    fn check(list: &str, expected: &[&str]) {
        let finding = Finding {
            path: "crates/host/src/clock.rs".into(),
            line: 20,
            rule: "purity",
            subject: "Timestamp::now".into(),
            message: "tells the time".into(),
        };
        let tree = fixture(&format!("-- {LIST}\n{list}"));
        let left: Vec<String> = apply(&tree, vec![finding]).iter().map(ToString::to_string).collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn an_exception_excuses_its_finding() {
        check("# why\nlimit: 1\npurity | crates/host/src/clock.rs | Timestamp::now | the one clock\n", &[]);
    }

    #[test]
    fn the_list_may_only_shrink() {
        check(
            "limit: 1\npurity | crates/host/src/clock.rs | Timestamp::now | the one clock\n\
             purity | crates/gone.rs | std::fs | was needed\n",
            &[
                "xtask/tidy-exceptions.txt: exceptions: `limit:` has to be 2, the number of exceptions; it may only fall",
                "xtask/tidy-exceptions.txt:3: exceptions: excuses nothing any more: remove it",
            ],
        );
    }

    #[test]
    fn an_exception_needs_a_reason() {
        check(
            "limit: 0\npurity | crates/host/src/clock.rs | Timestamp::now |\n",
            &[
                "crates/host/src/clock.rs:20: purity: tells the time",
                "xtask/tidy-exceptions.txt:2: exceptions: expected `rule | path | subject | reason`",
            ],
        );
    }
}
