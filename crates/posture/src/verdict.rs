//! What a control ends in, and the notebook in which a decision collects it.

use std::collections::BTreeMap;

use azimuth_ids::fold;
use hashbrown::HashSet;
use serde::Serialize;
use serde_json::Value;

/// The end of a control.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    /// The practice holds for everything it speaks of.
    Proven {
        /// What was looked at.
        checked: Vec<Checked>,
    },
    /// The practice is broken.
    Violated {
        /// Each object that breaks it, at least one.
        counterexamples: Vec<Counterexample>,
        /// What was looked at.
        checked: Vec<Checked>,
        /// What could not be decided beside that.
        missing: Vec<MissingEvidence>,
    },
    /// The estate does not say.
    Unknown {
        /// What is missing, at least one.
        missing: Vec<MissingEvidence>,
        /// What was looked at.
        checked: Vec<Checked>,
    },
    /// There is nothing that the practice speaks of.
    NotApplicable {
        /// Why.
        why: String,
    },
}

impl Verdict {
    /// The name of the verdict as the JSON shows it.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Proven { .. } => "proven",
            Verdict::Violated { .. } => "violated",
            Verdict::Unknown { .. } => "unknown",
            Verdict::NotApplicable { .. } => "notApplicable",
        }
    }

    /// The counterexamples; empty unless violated.
    pub fn counterexamples(&self) -> &[Counterexample] {
        match self {
            Verdict::Violated { counterexamples, .. } => counterexamples,
            _ => &[],
        }
    }

    /// The evidence that is missing.
    pub fn missing(&self) -> &[MissingEvidence] {
        match self {
            Verdict::Violated { missing, .. } | Verdict::Unknown { missing, .. } => missing,
            _ => &[],
        }
    }

    /// What was looked at.
    pub fn checked(&self) -> &[Checked] {
        match self {
            Verdict::Proven { checked }
            | Verdict::Violated { checked, .. }
            | Verdict::Unknown { checked, .. } => checked,
            Verdict::NotApplicable { .. } => &[],
        }
    }
}

/// A kind of object that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What it is, in the plural.
    pub what: String,
    /// How many there were.
    pub objects: usize,
}

/// One object that breaks a practice.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Counterexample {
    /// The object's id as people write it.
    pub object: String,
    /// The property: a JSON path in the ARM or Graph shape, or the name of the list that lacks a member.
    pub path: String,
    /// The value seen; null when it is absent.
    pub seen: Value,
    /// The value wanted.
    pub wanted: String,
    /// What else one must know to believe it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A command that mends this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Counterexample {
    /// What identifies it from one assessment to the next: the object without regard to case, and the path.
    pub fn place(&self) -> (String, String) {
        (fold(&self.object).into_owned(), self.path.clone())
    }
}

/// Something that the estate does not hold and a decision needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingEvidence {
    /// What it is.
    pub what: String,
    /// Where it is missing, if in one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The command that brings it; what stands behind `#` is another way.
    pub command: String,
    /// How many objects wait for it; 1 for a list.
    pub objects: usize,
}

/// Collects what a decision finds; [`Findings::verdict`] applies the order of decision record 0002.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    counterexamples: Vec<Counterexample>,
    seen: HashSet<(String, String)>,
    checked: Vec<Checked>,
    missing: BTreeMap<(String, Option<String>, String), usize>,
}

impl Findings {
    /// Notes a counterexample; the first for an object and path stays.
    pub(crate) fn violate(&mut self, counterexample: Counterexample) {
        let key = (fold(&counterexample.object).into_owned(), counterexample.path.clone());
        if self.seen.insert(key) {
            self.counterexamples.push(counterexample);
        }
    }

    /// Adds to the count of a kind of object.
    pub(crate) fn check(&mut self, what: &str, objects: usize) {
        match self.checked.iter_mut().find(|checked| checked.what == what) {
            Some(checked) => checked.objects += objects,
            None => self.checked.push(Checked { what: what.to_owned(), objects }),
        }
    }

    /// Notes missing evidence that `objects` wait for.
    pub(crate) fn miss(
        &mut self,
        what: impl Into<String>,
        scope: Option<&str>,
        command: impl Into<String>,
        objects: usize,
    ) {
        let key = (what.into(), scope.map(str::to_owned), command.into());
        *self.missing.entry(key).or_default() += objects;
    }

    /// Notes a list that is missing, however many decisions ask for it.
    pub(crate) fn miss_once(
        &mut self,
        what: impl Into<String>,
        scope: Option<&str>,
        command: impl Into<String>,
    ) {
        let key = (what.into(), scope.map(str::to_owned), command.into());
        self.missing.entry(key).or_insert(1);
    }

    /// Whether anything is missing or broken so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.counterexamples.is_empty() && self.missing.is_empty()
    }

    /// Violated if there is a counterexample, else unknown if evidence is missing, else not applicable if nothing
    /// was checked, else proven.
    pub(crate) fn verdict(self, nothing: &str) -> Verdict {
        let checked: Vec<Checked> = self.checked.into_iter().filter(|checked| checked.objects > 0).collect();
        let missing: Vec<MissingEvidence> = self
            .missing
            .into_iter()
            .map(|((what, scope, command), objects)| MissingEvidence { what, scope, command, objects })
            .collect();
        if !self.counterexamples.is_empty() {
            Verdict::Violated { counterexamples: self.counterexamples, checked, missing }
        } else if !missing.is_empty() {
            Verdict::Unknown { missing, checked }
        } else if checked.is_empty() {
            Verdict::NotApplicable { why: nothing.to_owned() }
        } else {
            Verdict::Proven { checked }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> Counterexample {
        Counterexample { object: "/A".into(), path: "$".into(), ..Counterexample::default() }
    }

    #[test]
    fn a_counterexample_outweighs_missing_evidence() {
        let mut findings = Findings::default();
        findings.check("things", 2);
        findings.miss("more things", None, "az thing list", 1);
        findings.violate(broken());
        let verdict = findings.verdict("no things");
        assert_eq!(verdict.name(), "violated");
        assert_eq!(verdict.missing().len(), 1);
    }

    #[test]
    fn one_object_and_path_give_one_counterexample() {
        let mut findings = Findings::default();
        findings.violate(broken());
        findings.violate(Counterexample { object: "/a".into(), ..broken() });
        findings.violate(Counterexample { path: "$.b".into(), ..broken() });
        assert_eq!(findings.verdict("").counterexamples().len(), 2);
    }

    #[test]
    fn nothing_checked_is_not_applicable() {
        let mut findings = Findings::default();
        findings.check("things", 0);
        assert_eq!(findings.verdict("no things"), Verdict::NotApplicable { why: "no things".into() });
    }

    #[test]
    fn missing_evidence_of_one_kind_is_added_up() {
        let mut findings = Findings::default();
        findings.miss("x", Some("/a"), "c", 1);
        findings.miss("x", Some("/a"), "c", 2);
        findings.miss_once("list", Some("/"), "c");
        findings.miss_once("list", Some("/"), "c");
        findings.check("things", 3);
        let verdict = findings.verdict("");
        assert_eq!(verdict.name(), "unknown");
        let objects: Vec<usize> = verdict.missing().iter().map(|missing| missing.objects).collect();
        assert_eq!(objects, [1, 3]);
    }
}
