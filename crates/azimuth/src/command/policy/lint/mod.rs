//! `azimuth policy lint`: what is wrong with policy objects before anybody assigns them.

pub(super) mod files;
mod report;

use azimuth_arm::Source;
use azimuth_diag::Severity;
use azimuth_policy::lint::{RULES, lint, rule_of, severity_name};

use self::files::Read;
use super::aliases;
use crate::args::{InputArgs, LintFailOn, LintFormat, PolicyLintArgs};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

pub(crate) fn run(args: &PolicyLintArgs, ui: Ui) -> Result<Exit, Failure> {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    if args.rules {
        let rows: Vec<Vec<String>> = RULES
            .iter()
            .map(|rule| {
                vec![rule.code.to_owned(), severity_name(rule.severity).to_owned(), rule.title.to_owned()]
            })
            .collect();
        output::to(args.out.as_deref(), |out| output::table(out, &["CODE", "SEVERITY", "FINDING"], &rows))?;
        return Ok(Exit::Done);
    }
    for code in &args.allow {
        if rule_of(code).is_none() && !code.starts_with("policy-") {
            return Err(no_rule(code));
        }
    }
    let now = args.now.as_deref().map(input::parse_time).transpose()?.unwrap_or_else(jiff::Timestamp::now);
    let catalogue = aliases::catalogue(&args.aliases)?;
    let read = match &args.store {
        Some(_) => from_store(args, ui)?,
        None => files::read(&args.paths)?,
    };
    if read.workspace.entries().is_empty()
        && read.workspace.diagnostics().is_empty()
        && read.diagnostics.is_empty()
    {
        return Err(Failure::input(format_args!("no policy object found in {} files", read.files)).hint(
            "definitions, initiatives, assignments and exemptions are read as Azure exports them, for example by `az policy definition list`",
        ));
    }
    let mut findings = read.diagnostics.clone();
    findings.extend(lint(&read.workspace, &catalogue, now));
    findings.retain(|found| !args.allow.iter().any(|code| code.eq_ignore_ascii_case(found.code)));
    output::to(args.out.as_deref(), |out| match args.format {
        LintFormat::Terminal => report::terminal(out, &findings, &read),
        LintFormat::Json => report::json(out, &findings),
        LintFormat::Sarif => report::sarif(out, &findings),
        LintFormat::Junit => report::junit(out, &findings, &read),
    })?;
    let worst = match args.fail_on {
        LintFailOn::Never => return Ok(Exit::Done),
        LintFailOn::Error => Severity::Error,
        LintFailOn::Warning => Severity::Warning,
        LintFailOn::Note => Severity::Note,
    };
    let is_met = findings.iter().any(|found| found.severity <= worst);
    Ok(if is_met { Exit::ConditionMet } else { Exit::Done })
}

/// The policy objects of a store, each under its id.
fn from_store(args: &PolicyLintArgs, ui: Ui) -> Result<Read, Failure> {
    let wanted = InputArgs { store: args.store.clone(), as_of: args.now.clone(), ..InputArgs::default() };
    let estate = input::load(&wanted, ui)?;
    let mut read = Read::default();
    for kind in [
        "Microsoft.Management/managementGroups",
        "Microsoft.Authorization/policyDefinitions",
        "Microsoft.Authorization/policySetDefinitions",
        "Microsoft.Authorization/policyAssignments",
        "Microsoft.Authorization/policyExemptions",
    ] {
        for entry in estate.snapshot.of_type(kind) {
            read.files += 1;
            let body: serde_json::Value = serde_json::from_str(entry.body()).unwrap_or_default();
            match Source::parse(&entry.id(), &format!("{body:#}")) {
                Ok(source) => drop(read.workspace.add(&source)),
                Err(found) => read.diagnostics.push(*found),
            }
        }
    }
    Ok(read)
}

fn explain(code: &str) -> Result<Exit, Failure> {
    let rule = rule_of(code).ok_or_else(|| no_rule(code))?;
    output::to(None, |out| {
        writeln!(out, "{} ({}, {})", rule.code, severity_name(rule.severity), rule.subject)?;
        writeln!(out, "\n{}\n\n{}\n\n{}", rule.title, rule.why, rule.fix)
    })?;
    Ok(Exit::Done)
}

fn no_rule(code: &str) -> Failure {
    let near = super::near(code, RULES.iter().map(|rule| rule.code));
    Failure::usage(format_args!("there is no rule `{code}`"))
        .hint(format!("{near}; `--rules` lists them all"))
}
