//! A template against rules.

use std::cell::RefCell;
use std::sync::Arc;

use azimuth_arm::{ExpandedResource, Expansion, Parameters, Source, Value, expand};
use azimuth_diag::{Diagnostic, Severity};
use azimuth_policy::{
    Context, Effect, Outcome, Policy, PolicyId, Selected, Slots, is_within, request_disallowed,
};
use serde_json::Value as Json;

use crate::assigned::Assigned;
use crate::conclude::{Case, Conclusion, conclude};
use crate::finding::{Fingerprints, finding, is_violation, name_of};
use crate::judge::Subjected;
use crate::options::Options;
use crate::pack::{Pack, is_built_in, matches};
use crate::place::place_of_resource;
use crate::related::{Asked, Sibling, Surroundings};
use crate::report::{Change, Denial, Finding, Report, Verdict, VerdictKind};
use crate::ruleset::Ruleset;
use crate::suppress::Suppressions;

/// Most findings of one template; a template that has more has said enough.
const MAX_FINDINGS: usize = 50_000;
/// Deepest nesting compared for what a policy changed.
const MAX_DEPTH: usize = 64;

/// Expands a template and asks every rule about every resource that it deploys.
pub fn check(template: &Arc<Source>, parameters: &Parameters, options: &Options<'_>, pack: &Pack) -> Report {
    let expansion = expand(template, parameters, &options.context, options.loader, options.estate);
    let mut report = Report {
        findings: Vec::new(),
        unknown: Vec::new(),
        suppressed: Vec::new(),
        denials: Vec::new(),
        changes: Vec::new(),
        verdicts: Vec::new(),
        resources: Vec::new(),
        diagnostics: expansion.diagnostics.iter().cloned().map(without_demand).collect(),
        files: expansion.origins.files().to_vec(),
    };
    let siblings: Vec<Sibling<'_>> = expansion
        .deployed()
        .filter(|resource| resource.extension.is_none())
        .map(|resource| Sibling { resource, json: resource.body.reveal().to_string() })
        .collect();
    let mut run = Run {
        expansion: &expansion,
        options,
        siblings: &siblings,
        slots: Slots::default(),
        fingerprints: Fingerprints::default(),
        findings: Vec::new(),
    };
    for (at, sibling) in siblings.iter().enumerate() {
        report.resources.push(name_of(sibling.resource));
        run.by_pack(at, sibling, pack, &mut report.verdicts);
        if let Some(assigned) = options.assigned {
            run.by_assignments(sibling, assigned, &mut report);
        }
    }
    let mut findings = run.findings;
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            (finding.place.spot.file.clone(), finding.place.spot.line, finding.place.spot.column)
        };
        key(a).cmp(&key(b)).then(b.severity.cmp(&a.severity)).then(a.rule.cmp(&b.rule))
    });
    let mut suppressions = Suppressions::read(&report.files, &mut report.diagnostics);
    for mut finding in findings {
        let mut spots = vec![&finding.place.spot];
        spots.extend(finding.place.value_from.as_ref());
        finding.suppressed = suppressions.reason(&finding.rule, &spots);
        if finding.suppressed.is_some() {
            report.suppressed.push(finding);
        } else if is_violation(finding.verdict) {
            report.findings.push(finding);
        } else {
            report.unknown.push(finding);
        }
    }
    let assigned = options.assigned.map(Assigned::rules).unwrap_or_default();
    let is_asked = |pattern: &str| pack.rules().iter().chain(assigned).any(|rule| matches(pattern, &rule.id));
    suppressions.unused(&is_asked, &is_built_in, &mut report.diagnostics);
    report
}

struct Run<'a> {
    expansion: &'a Expansion,
    options: &'a Options<'a>,
    siblings: &'a [Sibling<'a>],
    slots: Slots,
    fingerprints: Fingerprints,
    findings: Vec<Finding>,
}

/// What one policy said.
struct Said {
    policy: PolicyId,
    effect: Option<Effect>,
    outcome: Outcome,
    asked: Option<Asked>,
    /// The assignment that puts the policy in force, and whether it is enforced.
    assignment: Option<(String, bool)>,
}

impl<'a> Run<'a> {
    fn surroundings(&self, resource: &'a ExpandedResource) -> Surroundings<'a> {
        Surroundings {
            siblings: self.siblings,
            existing: self.options.existing,
            subject: resource,
            asked: RefCell::default(),
        }
    }

    /// What rules may ask about the surroundings of a resource.
    fn context(&self, resource: &ExpandedResource) -> Context {
        let mut context = Context::at(self.options.now).of_resource(&resource.id);
        if let Some(facts) = self.options.facts {
            let known = facts(&resource.id);
            for (own, known) in [
                (&mut context.resource_group, known.resource_group),
                (&mut context.subscription, known.subscription),
            ] {
                if !known.is_null() {
                    *own = known;
                }
            }
        }
        let deployment = &self.options.context;
        let target = deployment.target.id();
        for (own, known) in [
            (&mut context.resource_group, &deployment.resource_group),
            (&mut context.subscription, &deployment.subscription),
        ] {
            let id = own.get("id");
            let is_of_target = id
                .as_ref()
                .and_then(Value::as_str)
                .is_some_and(|id| target.as_str().is_some_and(|target| is_within(target, id, &[])));
            if let (true, Some(known)) = (is_of_target, known.as_ref().and_then(Value::as_object)) {
                let mut members = known.clone();
                for (name, value) in own.as_object().into_iter().flat_map(azimuth_arm::Object::iter) {
                    members.set(name.clone(), value.clone());
                }
                *own = Value::object(members);
            }
        }
        if resource.api_version.is_empty() {
            context
        } else {
            context.with_api_version(&resource.api_version)
        }
    }

    fn by_pack(&mut self, at: usize, sibling: &'a Sibling<'a>, pack: &Pack, verdicts: &mut Vec<Verdict>) {
        let context = self.context(sibling.resource);
        let subject = subjected(sibling, &context, &pack.set);
        let surroundings = self.surroundings(sibling.resource);
        let mut said = Vec::new();
        let read = pack.program.decide(
            &mut self.slots,
            &subject.resource(),
            &context,
            &surroundings,
            &mut |decision| {
                let asked = surroundings.asked.take();
                if decision.outcome != Outcome::NotApplicable {
                    said.push(Said {
                        policy: decision.policy,
                        effect: decision.effect,
                        outcome: decision.outcome,
                        asked,
                        assignment: None,
                    });
                }
            },
        );
        // Bodies are JSON objects of our own making; one that is nested too deep for the policy engine is left out.
        if read.is_err() {
            return;
        }
        for said in said {
            let rule = said.policy.0 as usize;
            if let Some(kind) = self.settle(sibling, &subject, &pack.set, pack.program.policies(), said) {
                verdicts.push(Verdict { rule, resource: at, kind });
            }
        }
    }

    /// Makes a verdict of what a policy said, and a finding of the verdict if it is not compliance.
    fn settle(
        &mut self,
        sibling: &Sibling<'_>,
        subject: &Subjected<'_>,
        set: &Ruleset,
        policies: &[Policy],
        said: Said,
    ) -> Option<VerdictKind> {
        let case = Case {
            set,
            policies,
            policy: said.policy,
            effect: said.effect,
            subject,
            siblings: self.siblings,
            asked: said.asked,
        };
        let conclusion: Conclusion<'_> = conclude(&case, &said.outcome, &mut self.slots)?;
        let kind = conclusion.kind;
        if kind != VerdictKind::Compliant && self.findings.len() < MAX_FINDINGS {
            let rule = set.rule(said.policy);
            let mut finding =
                finding(self.expansion, sibling.resource, rule, conclusion, &mut self.fingerprints);
            if let Some((assignment, is_enforced)) = said.assignment {
                finding.assignment = Some(assignment);
                finding.effect = said.effect.map(|effect| effect.name().to_owned());
                if !is_enforced {
                    finding.message.push_str(" (the assignment is not enforced)");
                }
            }
            self.findings.push(finding);
        }
        Some(kind)
    }

    fn by_assignments(&mut self, sibling: &'a Sibling<'a>, assigned: &Assigned, report: &mut Report) {
        let resource = sibling.resource;
        let context = self.context(resource);
        let subject = subjected(sibling, &context, &assigned.set);
        let surroundings = self.surroundings(resource);
        let location = resource.body.get("location");
        let selected = Selected {
            resource: subject.resource(),
            id: &resource.id,
            resource_type: &resource.resource_type,
            location: location.as_ref().and_then(Value::as_str),
            ancestors: self.options.ancestors,
        };
        let governance = &assigned.governance;
        let mut said = Vec::new();
        let read = governance.states(&mut self.slots, &selected, &context, &surroundings, &mut |state| {
            let asked = surroundings.asked.take();
            let is_exempt = state.state == Some(azimuth_policy::ComplianceState::Exempt);
            // What append and modify do is told as a change.
            let is_change = matches!(state.effect, Some(Effect::Append | Effect::Modify));
            if state.outcome != Outcome::NotApplicable && !is_exempt && !is_change {
                said.push(Said {
                    policy: state.policy,
                    effect: state.effect,
                    outcome: state.outcome.clone(),
                    asked,
                    assignment: Some((state.assignment.id.clone(), state.assignment.is_enforced())),
                });
            }
        });
        if read.is_err() {
            return;
        }
        let policies = governance.program().policies();
        let mut violated = Vec::new();
        for said in said {
            let policy = said.policy;
            if self.settle(sibling, &subject, &assigned.set, policies, said).is_some_and(is_violation) {
                violated.push(policy);
            }
        }
        let Ok(request) = governance.request(&mut self.slots, &selected, &context, &surroundings) else {
            return;
        };
        let rules = |ids: &[PolicyId]| ids.iter().map(|id| assigned.set.rule(*id).id.clone()).collect();
        if !request.changed_by.is_empty() {
            report.changes.push(Change {
                resource: name_of(resource),
                rules: rules(&request.changed_by),
                properties: difference(&resource.body.to_json(), &request.json),
                place: place_of_resource(self.expansion, resource),
            });
        }
        // What hangs on values that are not known is told as unknown, not as a refusal.
        let certain: Vec<PolicyId> =
            request.denied_by.iter().copied().filter(|policy| violated.contains(policy)).collect();
        if !certain.is_empty() {
            // The answer quotes values; secrets stay covered in it.
            let open = resource.body.to_json().to_string();
            let violations: Vec<_> = certain
                .iter()
                .map(|policy| {
                    let resource = azimuth_policy::Resource { json: &open, ..subject.resource() };
                    let explained =
                        governance.program().explain(*policy, &mut self.slots, &resource, &context);
                    let evaluated = explained.map(|explained| explained.evaluated).unwrap_or_default();
                    governance.violation(*policy, &evaluated)
                })
                .collect();
            let last = resource.name.rsplit('/').next().unwrap_or_default();
            report.denials.push(Denial {
                resource: name_of(resource),
                rules: rules(&certain),
                body: request_disallowed(last, &violations),
            });
        }
    }
}

/// A parameter without a value makes verdicts unknown; it is no fault of the template, which can be given one later.
fn without_demand(mut diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.code == "arm-missing-parameter" {
        diagnostic.severity = Severity::Warning;
    }
    diagnostic
}

fn subjected<'s>(sibling: &'s Sibling<'_>, context: &'s Context, set: &'s Ruleset) -> Subjected<'s> {
    Subjected {
        body: &sibling.resource.body,
        json: &sibling.json,
        resource_type: &sibling.resource.resource_type,
        api_version: &sibling.resource.api_version,
        context,
        catalogue: &set.catalogue,
    }
}

/// What differs between a body and what policies made of it. Values that were there before are shown as the first has
/// them, with secrets covered.
fn difference(before: &Json, after: &str) -> Vec<(String, Json, Json)> {
    let after: Json = serde_json::from_str(after).unwrap_or(Json::Null);
    let mut out = Vec::new();
    compare(before, &after, &mut String::new(), 0, &mut out);
    out
}

fn compare(
    before: &Json,
    after: &Json,
    pointer: &mut String,
    depth: usize,
    out: &mut Vec<(String, Json, Json)>,
) {
    if before == after || before.as_str() == Some(azimuth_arm::REDACTED) {
        return;
    }
    let (Json::Object(old), Json::Object(new)) = (before, after) else {
        out.push((pointer.clone(), before.clone(), after.clone()));
        return;
    };
    if depth > MAX_DEPTH {
        return;
    }
    let length = pointer.len();
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    for name in names {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let value =
            |members: &serde_json::Map<String, Json>| members.get(name).cloned().unwrap_or(Json::Null);
        compare(&value(old), &value(new), pointer, depth + 1, out);
        pointer.truncate(length);
    }
}
