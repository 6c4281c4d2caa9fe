//! The rules that ship with the pre-deployment check, beside those of public scanners.
//!
//! A case names a check of a public scanner; our rules say in their metadata which checks they equal. What is tested is
//! what ships: the corpora's own rules are never read. What is here beside comparing are the ways in which the scanner
//! sees less than we do: it knows no parameter values, neither conditions nor loops, sees a nested resource under the type written there, and keeps
//! silent about what its own comments skip and about failures of resources whose name it cannot read.

mod equals;
mod scanner;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use azimuth_arm::{
    Context, ExpandedResource, Expansion, NoEstate, NoLoader, Parameters, Source, Target, Value as ArmValue,
    expand,
};
use azimuth_ids::eq_fold;
use azimuth_preflight::{Options, Pack, Report, VerdictKind, check};
use serde_json::{Map, Value, json};

use crate::expect;
use equals::{Equal, equals, rules, spoken_of};
use scanner::{Place, Written, declare_what_is_read, every_resource_once, made_up, name_is_read, with_texts};

/// A template checked.
struct Checked {
    source: Arc<Source>,
    expansion: Expansion,
    report: Report,
    about: Report,
}

impl Checked {
    fn of(file: &str, text: &str, values: &Map<String, Value>) -> Result<Self, String> {
        let source = Source::parse(file, text).map_err(|diagnostic| diagnostic.to_string())?;
        let group = Target::resource_group("00000000-0000-0000-0000-000000000000", "group");
        let mut context = Context::new(group);
        context.resource_group = Some(ArmValue::from_json(&json!({ "location": "westeurope", "tags": {} })));
        context.deployment_location = Some("westeurope".to_owned());
        let now: jiff::Timestamp = "2024-05-31T12:00:00Z".parse().expect("this is a time");
        context.now = Some(now);
        context.seed = Some(1);
        let parameters = Parameters::from_values(values);
        let expansion = expand(&source, &parameters, &context, &NoLoader, &NoEstate);
        let options = Options::new(context, now);
        let report = check(&source, &parameters, &options, &rules().pack);
        let about = check(&source, &parameters, &options, &rules().spoken_of);
        Ok(Self { source, expansion, report, about })
    }

    fn verdict(report: &Report, pack: &Pack, rule: &str, resource: usize) -> Option<VerdictKind> {
        let mut verdicts = report.verdicts.iter();
        let verdict = verdicts
            .find(|verdict| verdict.resource == resource && eq_fold(&pack.rules()[verdict.rule].id, rule))?;
        Some(verdict.kind)
    }

    fn said(&self, equal: &Equal, resource: usize) -> Option<VerdictKind> {
        Self::verdict(&self.report, &rules().pack, &equal.rule, resource)
    }

    /// Whether the scanner's check is about a resource: yes, no, or that hangs on values that are not known.
    fn is_spoken_of(&self, equal: &Equal, resource: usize) -> Option<VerdictKind> {
        self.is_spoken_of_by(&equal.rule, &equal.check, resource)
    }

    fn is_spoken_of_by(&self, rule: &str, check: &str, resource: usize) -> Option<VerdictKind> {
        Self::verdict(&self.about, &rules().spoken_of, &spoken_of(rule, check), resource)
    }

    /// Whether the scanner comes to a resource by way of the one that it belongs to, where it asks for such a way.
    fn is_reached(&self, equal: &Equal, resource: usize) -> bool {
        let Some(rule) = &equal.parent else { return true };
        let resources = &self.report.resources;
        (0..resources.len()).any(|above| {
            let holder = &resources[above].id;
            (is_below(&resources[resource].id, holder) || self.waits_for(resource, holder))
                && self.is_spoken_of_by(rule, &equal.check, above) == Some(VerdictKind::Violated)
        })
    }

    /// The position here of a resource of the same template with other parameter values.
    fn twin(&self, other: &Self, at: usize) -> Option<usize> {
        let (own, others) = (&self.report.resources, &other.report.resources);
        if own.len() == others.len() {
            return Some(at);
        }
        let wanted = &others[at];
        own.iter().position(|one| one.resource_type == wanted.resource_type && one.name == wanted.name)
    }

    fn expanded(&self, resource: usize) -> Option<&ExpandedResource> {
        self.expansion.deployed().filter(|resource| resource.extension.is_none()).nth(resource)
    }

    fn waits_for(&self, resource: usize, id: &str) -> bool {
        self.expanded(resource).is_some_and(|one| one.depends_on.iter().any(|needed| eq_fold(needed, id)))
    }

    /// Where a resource is written: the copies of a loop share a place.
    fn place(&self, resource: usize) -> Option<Place> {
        let origin = self.expansion.origin(self.expanded(resource)?, "")?;
        Some((origin.place.line, origin.place.column))
    }
}

/// The lines that a rule flags.
pub(super) fn analyzer(case: &Value) -> Result<(), String> {
    let text = expect::text(case, "/text")?;
    let checked = Checked::of("template.json", text, &made_up(text))?;
    let mut lines = BTreeSet::new();
    for equal in equals(expect::text(case, "/rule")?)? {
        for finding in checked.report.findings.iter().filter(|finding| finding.rule == equal.rule) {
            let at = checked.report.resources.iter().position(|resource| resource.id == finding.resource.id);
            let Some(at) = at else { continue };
            let is_spoken_of = checked.is_spoken_of(equal, at) == Some(VerdictKind::Violated);
            if !is_spoken_of || !checked.is_reached(equal, at) {
                continue;
            }
            // What a rule is about is no reason, unless there is no other.
            let is_reason = |condition: &str, expression: &str| {
                !condition.contains("policyRule.if.allOf[0]")
                    && !matches!(expression, "type" | "kind" | "name")
            };
            let reasons: Vec<u64> = finding
                .evidence
                .iter()
                .filter(|evidence| is_reason(&evidence.condition, &evidence.expression))
                .filter_map(|evidence| Some(evidence.place.as_ref()?.spot.line))
                .collect();
            if reasons.is_empty() {
                lines.insert(finding.place.spot.line);
            }
            lines.extend(reasons);
        }
    }
    let expected = expect::value(case, "/expect/failing_lines")?.as_array();
    // A line is listed once for every comparison that fails there.
    let expected: BTreeSet<u64> = expected.into_iter().flatten().filter_map(Value::as_u64).collect();
    if expected == lines {
        Ok(())
    } else {
        Err(format!("failing lines\nexpected {expected:?}\ngot      {lines:?}"))
    }
}

/// The resources that pass and fail a check.
pub(super) fn scan(case: &Value) -> Result<(), String> {
    let equals = equals(expect::text(case, "/check")?)?;
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    let templates = expect::value(case, "/templates")?.as_object();
    for (file, template) in templates.into_iter().flatten() {
        let mut template = template.clone();
        every_resource_once(&mut template);
        declare_what_is_read(&mut template);
        let none = Map::new();
        let checked = Checked::of(file, &template.to_string(), &none)?;
        let texts = Checked::of(file, &with_texts(&template).to_string(), &none)?;
        let written = Written::of(&checked.source);
        // Several of our rules may stand for one check, each for a type.
        let judged = equals.iter().flat_map(|equal| judged(&checked, &texts, equal, &written));
        for judged in by_place(&checked, judged) {
            let written = checked.place(judged.at).and_then(|place| written.get(&place));
            if written.is_some_and(|written| written.skips(&equals[0].check)) {
                continue;
            }
            if !judged.is_violated {
                passed.push(judged.name);
            } else if written.is_none_or(|written| name_is_read(&written.name, &template)) {
                failed.push(judged.name);
            }
        }
    }
    let expected = expect::value(case, "/expect")?;
    if let Some(count) = expected["passed"].as_u64() {
        let wanted = (count, expected["failed"].as_u64().unwrap_or_default());
        let got = (passed.len() as u64, failed.len() as u64);
        return match wanted == got {
            true => Ok(()),
            false => {
                Err(format!("expected {wanted:?}\ngot      {got:?}: passed {passed:?}, failed {failed:?}"))
            }
        };
    }
    same_names("pass", &expected["pass"], &passed)?;
    same_names("fail", &expected["fail"], &failed)
}

/// What our rules say about a resource.
struct Judged {
    /// Its position among those of the template.
    at: usize,
    /// `type.name`.
    name: String,
    is_violated: bool,
}

/// One verdict for every place in the template: copies of a loop, and several rules that stand for one check, are one.
fn by_place(checked: &Checked, judged: impl Iterator<Item = Judged>) -> Vec<Judged> {
    let mut all: Vec<Judged> = Vec::new();
    for judged in judged {
        let place = checked.place(judged.at);
        match all.iter_mut().find(|known| checked.place(known.at) == place) {
            Some(known) => known.is_violated |= judged.is_violated,
            None => all.push(judged),
        }
    }
    all
}

/// The resources that a check speaks about, by the rule that equals it.
/// `texts` is the same template with texts in place of the parameters that have no value, which decides what hangs on
/// them.
fn judged(
    checked: &Checked,
    texts: &Checked,
    equal: &Equal,
    written: &HashMap<Place, Written>,
) -> Vec<Judged> {
    let is_violated = |kind| matches!(kind, Some(VerdictKind::Violated | VerdictKind::Failed));
    // A rule that cannot be evaluated on a text in place of a value says nothing of the value.
    let by_text = |kind| if kind == Some(VerdictKind::Failed) { Some(VerdictKind::Unknown) } else { kind };
    let resources = &checked.report.resources;
    let mut out = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        let name = format!("{}.{}", resource.resource_type, resource.name);
        let sees = |at: usize| {
            let written = checked.place(at).and_then(|place| written.get(&place));
            equal.knows_short_types || written.is_none_or(|written| written.resource_type.contains('.'))
        };
        match &equal.subject {
            None if sees(at) => {
                let twin = texts.twin(checked, at);
                let settle =
                    |first: Option<VerdictKind>, second: &dyn Fn(usize) -> Option<VerdictKind>| match first {
                        Some(VerdictKind::Unknown) => twin.and_then(second),
                        first => first,
                    };
                let about = settle(checked.is_spoken_of(equal, at), &|twin| texts.is_spoken_of(equal, twin));
                let said = settle(checked.said(equal, at), &|twin| by_text(texts.said(equal, twin)));
                if about == Some(VerdictKind::Violated) && said != Some(VerdictKind::Unknown) {
                    out.push(Judged { at, name, is_violated: is_violated(said) });
                }
            }
            Some(subject) if eq_fold(&resource.resource_type, subject) => {
                let violated = (0..resources.len()).any(|other| {
                    let id = &resources[other].id;
                    let written = checked.place(other).and_then(|place| written.get(&place));
                    let is_inside = written.is_some_and(|written| {
                        written.within.is_some() && written.within == checked.place(at)
                    });
                    (is_inside || is_below(id, &resource.id) || checked.waits_for(at, id))
                        && is_violated(checked.said(equal, other))
                });
                out.push(Judged { at, name, is_violated: violated });
            }
            None | Some(_) => {}
        }
    }
    out
}

fn is_below(id: &str, holder: &str) -> bool {
    id.get(..holder.len()).is_some_and(|head| eq_fold(head, holder)) && id[holder.len()..].starts_with('/')
}

fn same_names(what: &str, expected: &Value, got: &[String]) -> Result<(), String> {
    let expected = expected.as_array().into_iter().flatten().filter_map(Value::as_str);
    let expected: BTreeSet<String> = expected.map(str::to_lowercase).collect();
    let got: BTreeSet<String> = got.iter().map(|name| name.to_lowercase()).collect();
    if expected == got { Ok(()) } else { Err(format!("{what}\nexpected {expected:?}\ngot      {got:?}")) }
}
