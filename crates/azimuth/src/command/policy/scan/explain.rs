//! Every policy of one resource, with the comparisons that decided.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use azimuth_estate::{Entry, Snapshot};
use azimuth_policy::{ComplianceState, Finding, Scan, Slots, Standing, Surroundings, effect_name};
use serde_json::{Value, json};

use super::names::Names;
use super::rows::{reason_code, state_word};
use super::{find, is_of};
use crate::args::{PolicyFailOn, PolicyFormat, PolicyScanArgs};
use crate::command::output::{self, safe};
use crate::command::policy::why::{self, Why};
use crate::exit::{Exit, Failure};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn run(
    resource: &str,
    scan: &Scan<'_>,
    surroundings: &Surroundings<'_>,
    snapshot: &Snapshot,
    names: &Names,
    wanted: Option<&[bool]>,
    args: &PolicyScanArgs,
) -> Result<Exit, Failure> {
    if !matches!(args.format, PolicyFormat::Terminal | PolicyFormat::Json) {
        return Err(Failure::usage("`--explain` writes for the terminal or JSON")
            .hint("leave out --format, or say --format json"));
    }
    let entry = find(resource, snapshot)?;
    let mut slots = Slots::default();
    let mut findings = Vec::new();
    scan.findings(&mut slots, entry, surroundings, &mut findings)
        .map_err(|error| Failure::input(format_args!("`{}` cannot be read: {error}", entry.id())))?;
    findings.retain(|finding| wanted.is_none_or(|wanted| wanted[finding.policy.0 as usize]));
    findings.retain(|finding| {
        args.state.is_empty() || args.state.iter().any(|filter| is_of(*filter, &finding.standing))
    });
    findings.sort_by_key(|finding| rank(&finding.standing));
    let explained: Vec<(Finding, Why)> = findings
        .into_iter()
        .map(|finding| {
            let why = why::why(scan, surroundings, entry, finding.policy, &mut slots);
            (finding, why)
        })
        .collect();
    // What complies is only listed, unless it was asked for by name.
    let is_full = wanted.is_some();
    output::to(args.out.as_deref(), |out| match args.format {
        PolicyFormat::Json => output::json(out, &to_json(scan, entry, &explained, names)),
        _ => text(out, scan, entry, &explained, names, is_full),
    })?;
    let is_bad = |standing: &Standing| rank(standing) == 0;
    let is_met = match args.fail_on {
        PolicyFailOn::Never => false,
        PolicyFailOn::Noncompliant => explained.iter().any(|(finding, _)| is_bad(&finding.standing)),
        PolicyFailOn::Undecided => explained
            .iter()
            .any(|(finding, _)| is_bad(&finding.standing) || finding.standing.state().is_none()),
    };
    Ok(if is_met { Exit::ConditionMet } else { Exit::Done })
}

fn rank(standing: &Standing) -> u8 {
    match standing.state() {
        Some(ComplianceState::NonCompliant | ComplianceState::Error | ComplianceState::Conflict) => 0,
        None => 1,
        Some(ComplianceState::Unknown | ComplianceState::NotStarted | ComplianceState::NotEvaluable) => 2,
        Some(ComplianceState::Exempt) => 3,
        Some(ComplianceState::Compliant) => 4,
    }
}

fn text(
    out: &mut dyn Write,
    scan: &Scan<'_>,
    entry: Entry<'_>,
    explained: &[(Finding, Why)],
    names: &Names,
    is_full: bool,
) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#}", safe(&entry.id()))?;
    if explained.is_empty() {
        return writeln!(out, "no assigned policy that was asked for is about it");
    }
    for (finding, why) in explained {
        let policy = names.policy(finding.policy);
        let assignment = &names.assignments[policy.assignment];
        let color = match rank(&finding.standing) {
            0 => AnsiColor::Red.on_default().bold(),
            1 | 2 => AnsiColor::Yellow.on_default(),
            3 => DIM,
            _ => AnsiColor::Green.on_default(),
        };
        writeln!(
            out,
            "\n{color}{:<12}{color:#} {} {DIM}({}){DIM:#}",
            state_word(&finding.standing),
            safe(&policy.title),
            effect_name(finding.effect)
        )?;
        let reference = if policy.reference_id.is_empty() {
            String::new()
        } else {
            format!(" · {}", policy.reference_id)
        };
        writeln!(out, "  {DIM}{} at {}{reference}{DIM:#}", safe(&assignment.name), safe(&assignment.scope))?;
        match &finding.standing {
            Standing::Undecided(reason) => writeln!(out, "  {}", safe(&reason_code(reason)))?,
            Standing::Failed(reason) => writeln!(out, "  the evaluation fails: {}", safe(reason))?,
            Standing::State(_) => {}
        }
        for component in scan.governance().components(finding.policy, entry.key()) {
            let name = format!("{} ({})", component.name, component.component_type);
            writeln!(out, "  component {}: {}", safe(&name), component.state.name())?;
        }
        if rank(&finding.standing) > 1 && !is_full {
            continue;
        }
        comparisons(out, why)?;
        if rank(&finding.standing) == 0
            && let Some(message) = &policy.message
        {
            writeln!(out, "  {DIM}message{DIM:#}  {}", safe(message))?;
        }
    }
    Ok(())
}

fn comparisons(out: &mut dyn Write, why: &Why) -> io::Result<()> {
    for found in &why.comparisons {
        let mark = if found.result { "holds" } else { "fails" };
        writeln!(
            out,
            "  {mark}  {} {} {}",
            safe(&found.expression),
            found.operator.name(),
            safe(&found.wanted.to_json().to_string())
        )?;
        writeln!(out, "         {DIM}seen{DIM:#} {}", safe(&found.seen.to_json().to_string()))?;
        if let Some(path) = &found.resource_path {
            writeln!(out, "         {DIM}at{DIM:#}   {}", safe(path))?;
        }
        writeln!(out, "         {DIM}rule{DIM:#} {}  {}", safe(&found.path), why::sentence(found))?;
        if let Some(fault) = &found.fault {
            writeln!(out, "         {DIM}fault{DIM:#} {}", safe(&fault.message))?;
        }
    }
    if why.related.is_some()
        && let Some(line) = why.lines().first()
    {
        writeln!(out, "  looks for a related resource: {}", safe(line))?;
    }
    Ok(())
}

fn to_json(scan: &Scan<'_>, entry: Entry<'_>, explained: &[(Finding, Why)], names: &Names) -> Value {
    let policies: Vec<Value> = explained
        .iter()
        .map(|(finding, why)| {
            let policy = names.policy(finding.policy);
            let assignment = &names.assignments[policy.assignment];
            let comparisons: Vec<Value> = why
                .comparisons
                .iter()
                .map(|found| {
                    let mut value = found.to_json();
                    value["rulePath"] = found.path.as_str().into();
                    value["reason"] = why::sentence(found).into();
                    value
                })
                .collect();
            let related = why.related.as_ref().map(|query| json!({"type": query.resource_type, "name": query.name}));
            let undecided = match &finding.standing {
                Standing::Undecided(reason) => Some(reason_code(reason)),
                Standing::Failed(reason) => Some(reason.clone()),
                Standing::State(_) => None,
            };
            let components = scan.governance().components(finding.policy, entry.key()).iter();
            let components: Vec<Value> = components
                .map(|component| json!({
                    "id": component.id, "type": component.component_type, "name": component.name,
                    "complianceState": component.state.name(),
                }))
                .collect();
            json!({
                "components": components,
                "complianceState": state_word(&finding.standing),
                "complianceReasonCode": undecided,
                "policyAssignmentId": assignment.id,
                "policyDefinitionId": policy.definition_id,
                "policyDefinitionReferenceId": policy.reference_id,
                "policyDefinitionAction": effect_name(finding.effect).to_lowercase(),
                "displayName": policy.title,
                "message": policy.message,
                "policyEvaluationDetails": {"evaluatedExpressions": comparisons, "ifNotExistsDetails": related},
            })
        })
        .collect();
    json!({"resourceId": entry.id(), "policies": policies})
}
