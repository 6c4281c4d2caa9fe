//! Which case file is answered by which runner, which waits for an engine, and which is data.
//!
//! One module per suite, named like its folder. Registering a runner is one line in the suite's list, see the
//! [crate docs](crate).

mod arm;
mod arm_rules;
mod delivery;
mod identity;
mod kql;
mod network;
mod policy;
mod posture;
mod soc;
mod storage;

use serde_json::Value;

/// Runs one case: fine, or a text that says what was expected and what came.
pub type Runner = fn(case: &Value) -> Result<(), String>;

/// The files of one folder of the corpora.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// The name of the folder.
    pub name: &'static str,
    /// What is known of its files; the first entry that fits counts.
    pub files: &'static [Entry],
}

/// What is known of one file, or of a folder if the name ends with `/`.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Relative to the suite, such as `rbac.jsonl` or `landing-zones/`.
    pub name: &'static str,
    /// What happens to its lines.
    pub role: Role,
}

/// What happens to the lines of a file.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// An engine answers them.
    Answered(Runner),
    /// They are cases of an engine that does not exist yet; the text names its field.
    Waiting(&'static str),
    /// They are no cases; the text says what they are.
    Data(&'static str),
}

/// A file that an engine answers.
pub const fn answered(name: &'static str, runner: Runner) -> Entry {
    Entry { name, role: Role::Answered(runner) }
}

/// A file of cases whose engine does not exist yet.
pub const fn waiting(name: &'static str, area: &'static str) -> Entry {
    Entry { name, role: Role::Waiting(area) }
}

/// A file or folder that holds facts to read, not cases to pass.
pub const fn data(name: &'static str, reason: &'static str) -> Entry {
    Entry { name, role: Role::Data(reason) }
}

const SUITES: &[Suite] = &[
    arm::SUITE,
    delivery::SUITE,
    identity::SUITE,
    kql::SUITE,
    network::SUITE,
    policy::SUITE,
    posture::SUITE,
    soc::SUITE,
    storage::SUITE,
];

/// What is to be done with a file of a suite. A file that nobody registered waits for somebody to do so.
pub fn role(suite: &str, file: &str) -> Role {
    let entries = SUITES.iter().find(|known| known.name == suite).map_or(&[][..], |known| known.files);
    role_among(entries, file)
}

fn role_among(entries: &[Entry], file: &str) -> Role {
    let fits = |entry: &&Entry| {
        if entry.name.ends_with('/') { file.starts_with(entry.name) } else { is_same_kind(entry.name, file) }
    };
    let exact = entries.iter().find(|entry| entry.name == file);
    let entry = exact.or_else(|| entries.iter().find(fits));
    entry.map_or(Role::Waiting("not registered in crates/conformance/src/suites"), |entry| entry.role)
}

/// `rbac-more.jsonl` holds cases of the format of `rbac.jsonl`.
fn is_same_kind(known: &str, file: &str) -> bool {
    let stem = |name: &str| name.trim_end_matches(".jsonl").to_owned();
    stem(file).strip_prefix(&stem(known)).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(|character: char| !character.is_alphanumeric() && character != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: &[Entry] = &[
        data("zones/", "an estate"),
        answered("rbac.jsonl", |_| Ok(())),
        waiting("deployments.jsonl", "deployments"),
    ];

    #[track_caller]
    fn check(file: &str, expected: &str) {
        let word = match role_among(ENTRIES, file) {
            Role::Answered(_) => "answered",
            Role::Waiting(area) => area,
            Role::Data(reason) => reason,
        };
        assert_eq!(word, expected);
    }

    #[test]
    fn files_find_their_entry() {
        check("rbac.jsonl", "answered");
        check("rbac-more.jsonl", "answered");
        check("deployments.jsonl", "deployments");
        check("zones/alz/groups.jsonl", "an estate");
        check("rbac_other.jsonl", "not registered in crates/conformance/src/suites");
    }
}
