//! JUnit XML: one suite for a template with its parameters, one case for a rule and a resource. A violation is a
//! failure; what only the deployment can decide, and what is suppressed, is skipped.

use std::collections::HashMap;
use std::io::{self, Write};

use azimuth_preflight::VerdictKind;

use super::super::outcome::{Found, Outcome, Template};
use super::shown;
use crate::report::junit::escape;

/// Template and resource → findings.
type ByCase<'o> = HashMap<(&'o str, &'o str, String), Vec<&'o Found>>;

pub(in super::super) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let failures = by_case(&outcome.findings);
    let skipped = by_case(outcome.unknown.iter().chain(&outcome.suppressed));
    let refused = outcome.refused() + outcome.unread.len();
    let tests: usize = outcome.templates.iter().map(|template| template.verdicts.len()).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="azimuth check" tests="{}" failures="{}" errors="{refused}" time="{:.3}">"#,
        tests + refused,
        outcome.findings.len(),
        outcome.elapsed.as_secs_f64()
    )?;
    for template in &outcome.templates {
        suite(out, outcome, template, &failures, &skipped)?;
    }
    if !outcome.unread.is_empty() {
        let number = outcome.unread.len();
        writeln!(out, r#"  <testsuite name="files not read" tests="{number}" errors="{number}">"#)?;
        for text in &outcome.unread {
            writeln!(
                out,
                r#"    <testcase name="can be read" classname="files"><error message="{}"/></testcase>"#,
                escape(text)
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn by_case<'o>(found: impl IntoIterator<Item = &'o Found>) -> ByCase<'o> {
    let mut cases = ByCase::new();
    for one in found {
        let resource = format!("{} {}", one.finding.resource.resource_type, one.finding.resource.name);
        cases.entry((&one.template, &one.finding.rule, resource)).or_default().push(one);
    }
    cases
}

fn suite(
    out: &mut dyn Write,
    outcome: &Outcome,
    template: &Template,
    failures: &ByCase<'_>,
    skipped: &ByCase<'_>,
) -> io::Result<()> {
    let of = |cases: &ByCase<'_>, rule: &str, resource: &str| -> Option<String> {
        let found = cases.get(&(template.file.as_str(), rule, resource.to_owned()))?;
        let is_with = |one: &&&Found| match &template.parameters {
            Some(parameters) => one.parameters.contains(parameters),
            None => one.parameters.is_empty(),
        };
        let texts: Vec<String> = found
            .iter()
            .filter(is_with)
            .map(|one| {
                let reason = one.finding.suppressed.as_ref().map(|reason| format!(" (suppressed: {reason})"));
                format!(
                    "{}: {}{}",
                    shown(&one.finding.place.spot),
                    one.finding.message,
                    reason.unwrap_or_default()
                )
            })
            .collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    };
    let mut cases = Vec::new();
    let (mut failed, mut left) = (0, 0);
    for (rule, resource, kind) in &template.verdicts {
        let failure = of(failures, rule, resource);
        let skip = of(skipped, rule, resource);
        let is_compliant = *kind == VerdictKind::Compliant;
        failed += usize::from(failure.is_some());
        left += usize::from(failure.is_none() && skip.is_some() && !is_compliant);
        cases.push((rule, resource, failure, skip.filter(|_| !is_compliant)));
    }
    let errors: Vec<_> = template.errors().collect();
    let name = match &template.parameters {
        Some(parameters) => format!("{} with {parameters}", template.file),
        None => template.file.clone(),
    };
    writeln!(
        out,
        r#"  <testsuite name="{}" tests="{}" failures="{failed}" skipped="{left}" errors="{}">"#,
        escape(&name),
        cases.len() + usize::from(!errors.is_empty()),
        usize::from(!errors.is_empty())
    )?;
    if let Some(first) = errors.first() {
        writeln!(
            out,
            r#"    <testcase name="would be accepted" classname="{}"><error message="{}"/></testcase>"#,
            escape(&template.file),
            escape(&first.to_string())
        )?;
    }
    for (rule, resource, failure, skip) in cases {
        let title = outcome.rule(rule).map_or(rule.as_str(), |rule| rule.title.as_str());
        let head = format!(
            r#"    <testcase name="{}" classname="{}""#,
            escape(&format!("{rule} {resource}")),
            escape(&template.file)
        );
        match (failure, skip) {
            (Some(text), _) => writeln!(
                out,
                r#"{head}><failure message="{}" type="{}">{}</failure></testcase>"#,
                escape(title),
                escape(rule),
                escape(&text)
            )?,
            (None, Some(text)) => {
                writeln!(out, r#"{head}><skipped message="{}"/></testcase>"#, escape(&text))?;
            }
            (None, None) => writeln!(out, "{head}/>")?,
        }
    }
    writeln!(out, "  </testsuite>")
}
