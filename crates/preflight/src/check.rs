//! A template against a pack of rules.

use std::sync::Arc;

use azimuth_arm::{ExpandedResource, Expansion, Parameters, Source, expand};
use azimuth_policy::{Context, NoRelated, Outcome, Resource, Slots};

use crate::options::Options;
use crate::pack::Pack;
use crate::place::place_of_resource;
use crate::report::{Finding, Report, ResourceName, Verdict, VerdictKind};

/// Expands a template and asks every rule about every resource that it deploys.
pub fn check(template: &Arc<Source>, parameters: &Parameters, options: &Options<'_>, pack: &Pack) -> Report {
    let expansion = expand(template, parameters, &options.context, options.loader, options.estate);
    check_expansion(&expansion, options, pack)
}

fn check_expansion(expansion: &Expansion, options: &Options<'_>, pack: &Pack) -> Report {
    let mut report = Report {
        findings: Vec::new(),
        unknown: Vec::new(),
        suppressed: Vec::new(),
        verdicts: Vec::new(),
        resources: Vec::new(),
        diagnostics: expansion.diagnostics.clone(),
        files: expansion.origins.files().to_vec(),
    };
    let mut slots = Slots::default();
    for resource in expansion.deployed() {
        let at = report.resources.len();
        report.resources.push(name_of(resource));
        let json = resource.body.reveal().to_string();
        let subject = Resource {
            json: &json,
            resource_type: Some(&resource.resource_type),
            api_version: Some(&resource.api_version),
        };
        let context =
            Context::at(options.now).with_api_version(&resource.api_version).of_resource(&resource.id);
        let mut outcomes = Vec::new();
        let read = pack.program().decide(&mut slots, &subject, &context, &NoRelated, &mut |decision| {
            outcomes.push((decision.policy, decision.outcome));
        });
        if read.is_err() {
            continue;
        }
        for (policy, outcome) in outcomes {
            let kind = match outcome {
                Outcome::NotApplicable => continue,
                Outcome::NoMatch | Outcome::Exists => VerdictKind::Compliant,
                Outcome::Match => VerdictKind::Violated,
                Outcome::Failed(_) => VerdictKind::Failed,
                _ => VerdictKind::Unknown,
            };
            let rule = policy.0 as usize;
            report.verdicts.push(Verdict { rule, resource: at, kind });
            if kind != VerdictKind::Compliant {
                let info = &pack.rules()[rule];
                let finding = Finding {
                    rule: info.id.clone(),
                    verdict: kind,
                    severity: info.severity,
                    message: info.title.clone(),
                    resource: name_of(resource),
                    deployed_if: None,
                    place: place_of_resource(expansion, resource),
                    evidence: Vec::new(),
                    fingerprint: String::new(),
                    suppressed: None,
                };
                if kind == VerdictKind::Unknown {
                    report.unknown.push(finding);
                } else {
                    report.findings.push(finding);
                }
            }
        }
    }
    report
}

fn name_of(resource: &ExpandedResource) -> ResourceName {
    ResourceName {
        id: resource.id.clone(),
        resource_type: resource.resource_type.clone(),
        name: resource.name.clone(),
        symbolic_name: resource.symbolic_name.clone(),
    }
}
