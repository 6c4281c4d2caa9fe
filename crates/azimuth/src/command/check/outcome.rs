//! Everything that a check found, over all templates and parameters.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use azimuth_diag::{Diagnostic, Place, Severity as Level};
use azimuth_preflight::{Change, Denial, Finding, Pack, RuleInfo, Severity, VerdictKind};

use super::job::{Checked, Done, Undone};
use crate::command::arm::diagnostics::covered;

/// A template that was checked.
pub(super) struct Template {
    pub(super) file: String,
    pub(super) parameters: Option<String>,
    pub(super) resources: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Rule, resource and verdict, for formats that list what passed.
    pub(super) verdicts: Vec<(String, String, VerdictKind)>,
    pub(super) denials: Vec<Denial>,
    pub(super) changes: Vec<Change>,
}

/// A finding and the templates and parameters that it was made with.
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) template: String,
    pub(super) parameters: Vec<String>,
}

/// The result of a whole check.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) templates: Vec<Template>,
    pub(super) findings: Vec<Found>,
    pub(super) unknown: Vec<Found>,
    pub(super) suppressed: Vec<Found>,
    /// Findings that the baseline lists.
    pub(super) known: usize,
    /// Rules by id.
    pub(super) rules: Vec<RuleInfo>,
    /// Files that could not be read, each with the reason.
    pub(super) unread: Vec<String>,
    /// Files that are no templates.
    pub(super) no_templates: usize,
    /// Bicep files that nothing here can compile.
    pub(super) uncompiled: usize,
    /// Texts for underlining, secrets covered.
    pub(super) texts: HashMap<String, String>,
    pub(super) elapsed: Duration,
}

impl Outcome {
    pub(super) fn of(checked: Vec<Checked>, pack: &Pack, assigned: &[RuleInfo]) -> Self {
        let mut outcome =
            Self { rules: pack.rules().iter().chain(assigned).cloned().collect(), ..Self::default() };
        let mut merged = Merged::default();
        for Checked { job, result } in checked {
            let file = job.template.display().to_string();
            match result {
                Ok(done) => {
                    let parameters = job.parameters.map(|path| path.display().to_string());
                    outcome.add(&file, parameters.as_deref(), done, pack, &mut merged);
                }
                Err(Undone::NoTemplate) => outcome.no_templates += 1,
                Err(Undone::NoCompiler) => outcome.uncompiled += 1,
                Err(Undone::Failed(reason)) => outcome.unread.push(reason),
            }
        }
        outcome.drop_refuted_notes();
        outcome
    }

    /// A suppression is of no use only if it is of none with every set of parameters; one in a parameter file is about that
    /// set alone.
    fn drop_refuted_notes(&mut self) {
        let is_note = |finding: &Diagnostic| finding.code == "check-ignore-unused";
        let mut checks: HashMap<String, usize> = HashMap::new();
        let mut unused: HashMap<String, HashMap<(Place, String), usize>> = HashMap::new();
        for template in &self.templates {
            *checks.entry(template.file.clone()).or_default() += 1;
            let notes = unused.entry(template.file.clone()).or_default();
            for finding in template.diagnostics.iter().filter(|finding| is_note(finding)) {
                *notes.entry((finding.place.clone(), finding.message.clone())).or_default() += 1;
            }
        }
        for Template { file, parameters, diagnostics, .. } in &mut self.templates {
            diagnostics.retain(|finding| {
                let is_own = parameters.is_some() && finding.place.file == *parameters;
                let told = unused[file.as_str()].get(&(finding.place.clone(), finding.message.clone()));
                !is_note(finding) || is_own || told.copied() >= checks.get(file.as_str()).copied()
            });
        }
    }

    fn add(&mut self, file: &str, parameters: Option<&str>, done: Done, pack: &Pack, merged: &mut Merged) {
        let Done { report, bicep } = done;
        let has_findings = !report.findings.is_empty()
            || !report.unknown.is_empty()
            || !report.suppressed.is_empty()
            || !report.diagnostics.is_empty();
        if has_findings {
            // Parameter files hold secrets, and nothing of them is ever shown.
            for source in report.files.iter().filter(|source| Some(source.file()) != parameters) {
                self.texts.entry(source.file().to_owned()).or_insert_with(|| covered(source));
            }
        }
        if let Some((file, source)) = bicep.and_then(|bicep| Some((bicep.file, bicep.source?))) {
            self.texts.entry(file).or_insert(source);
        }
        let verdicts = report.verdicts.iter().map(|verdict| {
            let resource = &report.resources[verdict.resource];
            let name = format!("{} {}", resource.resource_type, resource.name);
            (pack.rules()[verdict.rule].id.clone(), name, verdict.kind)
        });
        self.templates.push(Template {
            file: file.to_owned(),
            parameters: parameters.map(str::to_owned),
            resources: report.resources.len(),
            verdicts: verdicts.collect(),
            diagnostics: report.diagnostics,
            denials: report.denials,
            changes: report.changes,
        });
        for (kind, list, into) in [
            (0, report.findings, &mut self.findings),
            (1, report.unknown, &mut self.unknown),
            (2, report.suppressed, &mut self.suppressed),
        ] {
            for finding in list {
                merged.add(
                    kind,
                    Found {
                        finding,
                        template: file.to_owned(),
                        parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
                    },
                    into,
                );
            }
        }
    }

    /// Drops what an earlier report lists.
    pub(super) fn drop_known(&mut self, known: &HashSet<String>) {
        if known.is_empty() {
            return;
        }
        let before = self.findings.len() + self.unknown.len();
        self.findings.retain(|found| !known.contains(&found.finding.fingerprint));
        self.unknown.retain(|found| !known.contains(&found.finding.fingerprint));
        self.known = before - self.findings.len() - self.unknown.len();
    }

    /// How many templates the deployment service would refuse whatever the parameters.
    pub(super) fn refused(&self) -> usize {
        self.templates.iter().filter(|template| template.errors().next().is_some()).count()
    }

    /// How many files were checked; each may have been checked with several sets of parameters.
    pub(super) fn files(&self) -> usize {
        self.templates.iter().map(|template| &template.file).collect::<HashSet<_>>().len()
    }

    pub(super) fn resources(&self) -> usize {
        self.templates.iter().map(|template| template.resources).sum()
    }

    /// How many violations there are of each severity, the highest first.
    pub(super) fn by_severity(&self) -> [(Severity, usize); 3] {
        [Severity::High, Severity::Medium, Severity::Low].map(|severity| {
            (severity, self.findings.iter().filter(|found| found.finding.severity == severity).count())
        })
    }

    pub(super) fn rule(&self, id: &str) -> Option<&RuleInfo> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

impl Template {
    /// What makes the deployment service refuse the template, whatever values it is given.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|finding| finding.severity == Level::Error)
    }
}

/// Findings that several sets of parameters share are one finding.
#[derive(Default)]
struct Merged {
    /// List, fingerprint and message → position in the list.
    at: HashMap<(u8, String, String), usize>,
}

impl Merged {
    fn add(&mut self, list: u8, found: Found, into: &mut Vec<Found>) {
        // Two sets of parameters make two findings only if they say something different.
        let own = (found.template.as_str(), found.finding.fingerprint.as_str());
        let key = (list, format!("{}\0{}", own.0, own.1), found.finding.message.clone());
        match self.at.get(&key) {
            Some(at) => into[*at].parameters.extend(found.parameters),
            None => {
                self.at.insert(key, into.len());
                into.push(found);
            }
        }
    }
}
