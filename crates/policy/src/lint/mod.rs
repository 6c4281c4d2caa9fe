//! Finding what is wrong with policy objects before anybody assigns them.
//!
//! A [`Workspace`] holds the objects of any number of files; [`lint`] looks at each and at how they fit together. Every
//! finding carries the code of a [`Rule`] (or of the reader), a place with line and column, and a hint. What is called
//! dead is proved to be dead: see `sat`.

mod assignments;
mod conditions;
mod dead;
mod details;
mod exemptions;
mod initiatives;
mod parameters;
mod rules;
mod sat;
mod workspace;

use azimuth_diag::{Diagnostic, Severity};
use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::check::check_definition;

pub use rules::{RULES, Rule, rule_of, rules_page, severity_name};
pub use workspace::{Entry, Object as PolicyObject, Workspace};

/// What a linter collects.
pub(crate) struct Findings<'a> {
    entry: &'a Entry,
    out: &'a mut Vec<Diagnostic>,
}

impl Findings<'_> {
    /// A finding at a JSON path.
    pub(crate) fn add(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.hinted(code, path, message, None);
    }

    /// A finding with a hint of its own instead of the rule's.
    pub(crate) fn hinted(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let rule = rule_of(code).expect("findings carry codes of rules");
        let diagnostic = match rule.severity {
            Severity::Error => Diagnostic::error(code, message),
            Severity::Warning => Diagnostic::warning(code, message),
            Severity::Note => Diagnostic::note(code, message),
        };
        let diagnostic = diagnostic.with_hint(hint.unwrap_or_else(|| rule.hint()));
        self.out.push(diagnostic.at(self.entry.place_of(path)));
    }

    /// A finding about the name of a member.
    pub(crate) fn named(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.add(code, path, message);
        let place = self.entry.place_of_name(path);
        if let Some(last) = self.out.last_mut() {
            last.place = place;
        }
    }
}

/// Everything that is wrong, or odd, about the objects of a workspace at a moment: what reading them found, and what the
/// rules find. In the order of files and lines.
pub fn lint(workspace: &Workspace, catalogue: &Catalogue, now: Timestamp) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> = workspace.diagnostics().to_vec();
    for entry in workspace.entries() {
        match &entry.object {
            PolicyObject::Definition(definition) => {
                let refused = check_definition(definition, catalogue);
                out.extend(refused.into_iter().map(|finding| entry.placed(finding)));
                let mut findings = Findings { entry, out: &mut out };
                dead::check(definition, catalogue, &mut findings);
                conditions::check(definition, catalogue, &mut findings);
                parameters::check(definition, &mut findings);
                details::check(definition, catalogue, &mut findings);
            }
            PolicyObject::Initiative(initiative) => {
                initiatives::check(initiative, workspace, &mut Findings { entry, out: &mut out });
            }
            PolicyObject::Assignment(assignment) => {
                assignments::check(assignment, workspace, &mut Findings { entry, out: &mut out });
            }
            PolicyObject::Exemption(exemption) => {
                exemptions::check(exemption, workspace, now, &mut Findings { entry, out: &mut out });
            }
        }
    }
    assignments::check_together(workspace, &mut out);
    // A parameter that is missing is told once for each place, whoever noticed first.
    let mut known = hashbrown::HashSet::new();
    out.retain(|finding| known.insert((finding.place.clone(), finding.message.clone())));
    out.sort_by(|a, b| {
        let key = |found: &Diagnostic| {
            (found.place.file.clone(), found.place.line, found.place.column, found.severity)
        };
        key(a).cmp(&key(b))
    });
    out
}
